package node

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// facts are what a container may ask for about its pod.
type facts struct {
	pod    *corev1.Pod
	podIP  string
	hostIP string
	// allocatable is what a container without limits may use.
	allocatable corev1.ResourceList
}

// field is the value of a field of the downward API.
func (f facts) field(path string) (string, error) {
	for prefix, values := range map[string]map[string]string{"metadata.labels": f.pod.Labels, "metadata.annotations": f.pod.Annotations} {
		if rest, ok := strings.CutPrefix(path, prefix+"['"); ok {
			return values[strings.TrimSuffix(rest, "']")], nil
		}
	}
	switch path {
	case "metadata.labels":
		return pairs(f.pod.Labels), nil
	case "metadata.annotations":
		return pairs(f.pod.Annotations), nil
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

// pairs are labels or annotations as a volume of the downward API has them.
func pairs(values map[string]string) string {
	var lines strings.Builder
	for _, key := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&lines, "%s=%q\n", key, values[key])
	}
	return lines.String()
}

// resource is the value of a resource field in units of its divisor, rounded up:
// of the named container, or of own if none is named. A limit that is not set is
// what the node has.
func (f facts) resource(ref *corev1.ResourceFieldSelector, own string) (string, error) {
	if ref.ContainerName != "" {
		own = ref.ContainerName
	}
	at := slices.IndexFunc(f.pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == own })
	containers := f.pod.Spec.Containers
	if at < 0 {
		containers = f.pod.Spec.InitContainers
		at = slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == own })
	}
	if at < 0 {
		return "", fmt.Errorf("no container is named %q", own)
	}
	kind, name, _ := strings.Cut(ref.Resource, ".")
	var quantity resource.Quantity
	switch kind {
	case "limits":
		limit, set := containers[at].Resources.Limits[corev1.ResourceName(name)]
		if quantity = limit; !set {
			quantity = f.allocatable[corev1.ResourceName(name)]
		}
	case "requests":
		quantity = containers[at].Resources.Requests[corev1.ResourceName(name)]
	default:
		return "", fmt.Errorf("the resource field %q is not offered by this node: write limits.NAME or requests.NAME", ref.Resource)
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	if name == string(corev1.ResourceCPU) {
		return ratio(quantity.MilliValue(), divisor.MilliValue()), nil
	}
	return ratio(quantity.Value(), divisor.Value()), nil
}

// ratio is a/b rounded up.
func ratio(a, b int64) string { return strconv.FormatInt((a+b-1)/b, 10) }

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
		v, err := a.envValue(ctx, f, c, e, known)
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

func (a *Agent) envValue(ctx context.Context, f facts, c *corev1.Container, e corev1.EnvVar, known map[string]string) (string, error) {
	from := e.ValueFrom
	switch {
	case from == nil:
		return expand(e.Value, known), nil
	case from.FieldRef != nil:
		return f.field(from.FieldRef.FieldPath)
	case from.ResourceFieldRef != nil:
		return f.resource(from.ResourceFieldRef, c.Name)
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
