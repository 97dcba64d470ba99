package chaos

import (
	"context"
	"fmt"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// never is a component whose pods do not start.
const never = "never"

// kubelet says that every pod runs and is ready, and starts nothing.
type kubelet struct {
	client  client.WithWatch
	address atomic.Uint32
}

func newKubelet(c client.WithWatch) *kubelet { return &kubelet{client: c} }

// run serves the pods of all namespaces until ctx ends.
func (k *kubelet) run(ctx context.Context) {
	for ctx.Err() == nil {
		k.follow(ctx)
	}
}

// follow serves one watch to its end.
func (k *kubelet) follow(ctx context.Context) {
	pods, err := k.client.Watch(ctx, &corev1.PodList{})
	if err != nil {
		return
	}
	defer pods.Stop()
	for event := range pods.ResultChan() {
		pod, ok := event.Object.(*corev1.Pod)
		if ok && event.Type != watch.Deleted && pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodPending && pod.Labels[wire.LabelComponent] != never {
			_ = k.start(ctx, pod, metav1.Now()) // a pod that went meanwhile needs no start
		}
	}
}

// start makes a pod ready at a time, at an address that no other pod has.
func (k *kubelet) start(ctx context.Context, pod *corev1.Pod, at metav1.Time) error {
	n := k.address.Add(1)
	started := pod.DeepCopy()
	started.Status.Phase = corev1.PodRunning
	started.Status.PodIP = fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
	started.Status.PodIPs = []corev1.PodIP{{IP: started.Status.PodIP}}
	started.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: at}}
	return k.client.Status().Patch(ctx, started, client.MergeFrom(pod))
}
