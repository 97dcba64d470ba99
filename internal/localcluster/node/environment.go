package node

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// facts are what a container may ask for about its pod.
type facts struct {
	pod    *corev1.Pod
	podIP  string
	hostIP string
}

// field is the value of a field of the downward API.
func (f facts) field(path string) (string, error) {
	for prefix, values := range map[string]map[string]string{"metadata.labels": f.pod.Labels, "metadata.annotations": f.pod.Annotations} {
		if rest, ok := strings.CutPrefix(path, prefix+"['"); ok {
			return values[strings.TrimSuffix(rest, "']")], nil
		}
	}
	switch path {
	case "metadata.name":
		return f.pod.Name, nil
	case "metadata.namespace":
		return f.pod.Namespace, nil
	case "metadata.uid":
		return string(f.pod.UID), nil
	case "status.podIP", "status.podIPs":
		return f.podIP, nil
	case "status.hostIP", "status.hostIPs":
		return f.hostIP, nil
	case "spec.nodeName":
		return f.pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return f.pod.Spec.ServiceAccountName, nil
	}
	return "", fmt.Errorf("the field %q is not offered by this node", path)
}

// expand replaces $(NAME) by variables that are known; $$ is a dollar, and a
// name that is not known stays as it was written.
func expand(text string, known map[string]string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		if text[i+1] == '$' {
			out.WriteByte('$')
			i++
			continue
		}
		end := strings.IndexByte(text[i:], ')')
		if text[i+1] != '(' || end < 0 {
			out.WriteByte('$')
			continue
		}
		if v, ok := known[text[i+2:i+end]]; ok {
			out.WriteString(v)
		} else {
			out.WriteString(text[i : i+end+1])
		}
		i += end
	}
	return out.String()
}

// environment of a container, in order, and as a map for expanding.
func (a *Agent) environment(ctx context.Context, f facts, c *corev1.Container) ([]string, map[string]string, error) {
	known := map[string]string{"PATH": "/bin:/usr/bin", "HOME": "/", "HOSTNAME": f.pod.Name}
	if host, port, err := a.apiServer(); err == nil {
		known["KUBERNETES_SERVICE_HOST"], known["KUBERNETES_SERVICE_PORT"], known["KUBERNETES_SERVICE_PORT_HTTPS"] = host, port, port
	}
	for _, from := range c.EnvFrom {
		values, err := a.envFrom(ctx, f.pod.Namespace, from)
		if err != nil {
			return nil, nil, err
		}
		for k, v := range values {
			known[from.Prefix+k] = v
		}
	}
	for _, e := range c.Env {
		v, err := a.envValue(ctx, f, e, known)
		if err != nil {
			return nil, nil, fmt.Errorf("variable %s: %w", e.Name, err)
		}
		known[e.Name] = v
	}
	env := make([]string, 0, len(known))
	for k, v := range known {
		env = append(env, k+"="+v)
	}
	return env, known, nil
}

func (a *Agent) envValue(ctx context.Context, f facts, e corev1.EnvVar, known map[string]string) (string, error) {
	from := e.ValueFrom
	switch {
	case from == nil:
		return expand(e.Value, known), nil
	case from.FieldRef != nil:
		return f.field(from.FieldRef.FieldPath)
	case from.ConfigMapKeyRef != nil:
		cm, err := a.client.CoreV1().ConfigMaps(f.pod.Namespace).Get(ctx, from.ConfigMapKeyRef.Name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		return cm.Data[from.ConfigMapKeyRef.Key], nil
	case from.SecretKeyRef != nil:
		secret, err := a.client.CoreV1().Secrets(f.pod.Namespace).Get(ctx, from.SecretKeyRef.Name, metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		return string(secret.Data[from.SecretKeyRef.Key]), nil
	default:
		return "", fmt.Errorf("its source is not offered by this node")
	}
}

func (a *Agent) envFrom(ctx context.Context, namespace string, from corev1.EnvFromSource) (map[string]string, error) {
	out := map[string]string{}
	if from.ConfigMapRef != nil {
		cm, err := a.client.CoreV1().ConfigMaps(namespace).Get(ctx, from.ConfigMapRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		maps.Copy(out, cm.Data)
	}
	if from.SecretRef != nil {
		secret, err := a.client.CoreV1().Secrets(namespace).Get(ctx, from.SecretRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for k, v := range secret.Data {
			out[k] = string(v)
		}
	}
	return out, nil
}

// apiServer is where pods reach the API: its own address, since no proxy
// stands for Services here.
func (a *Agent) apiServer() (host, port string, err error) {
	u, err := url.Parse(a.o.Config.Host)
	if err != nil {
		return "", "", err
	}
	return net.SplitHostPort(u.Host)
}
