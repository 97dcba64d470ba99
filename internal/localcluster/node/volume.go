package node

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// volumes are the directories of a pod's volumes by name.
type volumes struct {
	dirs map[string]string
	// refreshAt is when a token must be renewed; zero without one.
	refreshAt time.Time
}

// makeVolumes writes the files of every volume, or writes them anew: tokens
// expire.
func (a *Agent) makeVolumes(ctx context.Context, f facts, dir string, now time.Time) (volumes, error) {
	v := volumes{dirs: map[string]string{}}
	for _, volume := range f.pod.Spec.Volumes {
		at := filepath.Join(dir, "volumes", volume.Name)
		if volume.EmptyDir != nil && f.pod.Annotations[LastingAnnotation] == volume.Name {
			if err := a.makeLasting(f.pod.Namespace, volume.Name); err != nil {
				return v, err
			}
			v.dirs[volume.Name] = LastingDir(a.o.Dir, f.pod.Namespace, volume.Name)
			continue
		}
		if err := os.MkdirAll(at, 0o777); err != nil {
			return v, fmt.Errorf("making volume %s: %w", volume.Name, err)
		}
		files, refresh, err := a.volumeFiles(ctx, f, volume, now)
		if err != nil {
			return v, fmt.Errorf("volume %s: %w", volume.Name, err)
		}
		if err := writeFiles(at, files, f.pod); err != nil {
			return v, fmt.Errorf("writing volume %s: %w", volume.Name, err)
		}
		v.dirs[volume.Name] = at
		if !refresh.IsZero() && (v.refreshAt.IsZero() || refresh.Before(v.refreshAt)) {
			v.refreshAt = refresh
		}
	}
	return v, nil
}

// LastingAnnotation of a pod names the one of its empty directories that outlives it:
// this node has no storage to claim.
const LastingAnnotation = "local.flashcrowd.io/lasting-volume"

// LastingDir is where a lasting volume is, below the node's directory.
func LastingDir(dir, namespace, name string) string {
	return filepath.Join(dir, "lasting", namespace, name)
}

// makeLasting lets any identity of a container write, for only containers that mount
// it get there.
func (a *Agent) makeLasting(namespace, name string) error {
	dir := LastingDir(a.o.Dir, namespace, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making volume %s: %w", name, err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		return fmt.Errorf("making volume %s: %w", name, err)
	}
	return nil
}

// volumeFiles are the files of a volume by path.
func (a *Agent) volumeFiles(ctx context.Context, f facts, v corev1.Volume, now time.Time) (map[string]string, time.Time, error) {
	switch {
	case v.EmptyDir != nil:
		return nil, time.Time{}, nil
	case v.ConfigMap != nil:
		files, err := a.configMapFiles(ctx, f.pod.Namespace, v.ConfigMap.Name, v.ConfigMap.Items)
		return files, time.Time{}, err
	case v.Secret != nil:
		files, err := a.secretFiles(ctx, f.pod.Namespace, v.Secret.SecretName)
		return files, time.Time{}, err
	case v.DownwardAPI != nil:
		files, err := f.files(v.DownwardAPI.Items)
		return files, time.Time{}, err
	case v.Projected != nil:
		return a.projectedFiles(ctx, f, v.Projected.Sources, now)
	default:
		return nil, time.Time{}, fmt.Errorf("this node offers emptyDir, configMap, secret, downwardAPI and projected volumes only")
	}
}

func (a *Agent) configMapFiles(ctx context.Context, namespace, name string, items []corev1.KeyToPath) (map[string]string, error) {
	cm, err := a.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return cm.Data, nil
	}
	files := map[string]string{}
	for _, item := range items {
		files[item.Path] = cm.Data[item.Key]
	}
	return files, nil
}

func (a *Agent) secretFiles(ctx context.Context, namespace, name string) (map[string]string, error) {
	secret, err := a.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for k, v := range secret.Data {
		files[k] = string(v)
	}
	return files, nil
}

func (a *Agent) projectedFiles(ctx context.Context, f facts, sources []corev1.VolumeProjection, now time.Time) (files map[string]string, refresh time.Time, err error) {
	files = map[string]string{}
	for _, s := range sources {
		switch {
		case s.ServiceAccountToken != nil:
			token, renew, err := a.token(ctx, f.pod, *s.ServiceAccountToken, now)
			if err != nil {
				return nil, refresh, err
			}
			files[s.ServiceAccountToken.Path] = token
			if refresh.IsZero() || renew.Before(refresh) {
				refresh = renew
			}
		case s.ConfigMap != nil:
			more, err := a.configMapFiles(ctx, f.pod.Namespace, s.ConfigMap.Name, s.ConfigMap.Items)
			if err != nil {
				return nil, refresh, err
			}
			maps.Copy(files, more)
		case s.DownwardAPI != nil:
			more, err := f.files(s.DownwardAPI.Items)
			if err != nil {
				return nil, refresh, err
			}
			maps.Copy(files, more)
		}
	}
	return files, refresh, nil
}

// files are those of a volume of the downward API.
func (f facts) files(items []corev1.DownwardAPIVolumeFile) (map[string]string, error) {
	files := map[string]string{}
	for _, item := range items {
		var err error
		switch {
		case item.FieldRef != nil:
			files[item.Path], err = f.field(item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			files[item.Path], err = f.resource(item.ResourceFieldRef, "")
		}
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// token asks for a token of the pod's service account, bound to the pod, and
// tells when it has lived 80 % of its life.
func (a *Agent) token(ctx context.Context, pod *corev1.Pod, s corev1.ServiceAccountTokenProjection, now time.Time) (string, time.Time, error) {
	seconds := int64(3600)
	if s.ExpirationSeconds != nil {
		seconds = *s.ExpirationSeconds
	}
	var audiences []string
	if s.Audience != "" {
		audiences = []string{s.Audience}
	}
	answer, err := a.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{
			Audiences: audiences, ExpirationSeconds: &seconds,
			BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("asking for a token: %w", err)
	}
	life := answer.Status.ExpirationTimestamp.Sub(now)
	return answer.Status.Token, now.Add(life * 8 / 10), nil
}

// writeFiles replaces each file whole; the pod's group may read them.
func writeFiles(dir string, files map[string]string, pod *corev1.Pod) error {
	group := -1
	if s := pod.Spec.SecurityContext; s != nil && s.FSGroup != nil {
		group = int(*s.FSGroup)
	}
	for name, content := range files {
		if strings.Contains(name, "..") {
			return fmt.Errorf("the path %q leaves the volume", name)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if group >= 0 {
			mode = 0o640
		}
		if err := os.WriteFile(path+".new", []byte(content), mode); err != nil {
			return err
		}
		if group >= 0 {
			_ = os.Chown(path+".new", -1, group) // without root the file stays ours, and so does the container
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	return nil
}
