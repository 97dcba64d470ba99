package node

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestALastingVolumeOutlivesItsPod has two pods one after the other, with a volume
// that lasts and one that does not.
func TestALastingVolumeOutlivesItsPod(t *testing.T) {
	a := &Agent{o: Options{Dir: t.TempDir()}}
	empty := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "flashcrowd-system", Annotations: map[string]string{LastingAnnotation: "history"}},
		Spec:       corev1.PodSpec{Volumes: []corev1.Volume{{Name: "history", VolumeSource: empty}, {Name: "scratch", VolumeSource: empty}}},
	}
	for n, want := range []int{1, 2} {
		v, err := a.makeVolumes(t.Context(), facts{pod: pod}, t.TempDir(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for name, count := range map[string]int{"history": want, "scratch": 1} {
			dir := v.dirs[name]
			if err := os.WriteFile(filepath.Join(dir, string(rune('a'+n))), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			files, err := os.ReadDir(dir)
			if err != nil || len(files) != count {
				t.Errorf("pod %d: %s has %d files, not %d: %v", n, name, len(files), count, err)
			}
		}
		info, err := os.Stat(LastingDir(a.o.Dir, "flashcrowd-system", "history"))
		if err != nil || info.Mode().Perm() != 0o777 {
			t.Errorf("a container of another identity may not write: %v %v", info, err)
		}
	}
}
