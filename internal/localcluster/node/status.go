package node

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// report writes the pod's status if it changed.
func (w *worker) report(ctx context.Context) {
	pod := w.current()
	status := w.status(pod)
	if w.written != nil && equality.Semantic.DeepEqual(*w.written, status) {
		return
	}
	patch, err := w.patch(pod, status)
	if err != nil {
		w.agent.o.Log.Error("status not encoded", "pod", pod.Name, "error", err)
		return
	}
	_, err = w.agent.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	switch {
	case err == nil:
		w.written = &status
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err):
	case ctx.Err() == nil:
		w.agent.o.Log.Info("status not written", "pod", pod.Name, "reason", err.Error())
		time.AfterFunc(time.Second, w.wake)
	}
}

// patch is what changes the pod's status, and only that of this very pod. What is
// no longer said, such as the reason of a condition that holds now, it takes away.
func (w *worker) patch(pod *corev1.Pod, status corev1.PodStatus) ([]byte, error) {
	known := pod.Status
	if w.written != nil {
		known = *w.written
	}
	before, err := json.Marshal(corev1.Pod{Status: known})
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: pod.UID}, Status: status})
	if err != nil {
		return nil, err
	}
	return strategicpatch.CreateTwoWayMergePatch(before, after, corev1.Pod{})
}

// status is what the kubelet would say of the pod.
func (w *worker) status(pod *corev1.Pod) corev1.PodStatus {
	s := corev1.PodStatus{
		HostIP: "127.0.0.1", HostIPs: []corev1.HostIP{{IP: "127.0.0.1"}},
		PodIP: w.address.String(), PodIPs: []corev1.PodIP{{IP: w.address.String()}},
		StartTime: &w.started, ObservedGeneration: pod.Generation,
	}
	initialized, ready := true, true
	for _, i := range w.inits {
		cs := w.containerStatus(i)
		s.InitContainerStatuses = append(s.InitContainerStatuses, cs)
		initialized = initialized && cs.State.Terminated != nil && cs.State.Terminated.ExitCode == 0
	}
	for _, c := range w.slots {
		cs := w.containerStatus(c)
		s.ContainerStatuses = append(s.ContainerStatuses, cs)
		ready = ready && cs.Ready
	}
	s.Phase = w.phase(s.ContainerStatuses)
	ready = ready && initialized && pod.DeletionTimestamp == nil || ready && s.Phase == corev1.PodRunning
	w.conditions(pod, &s, initialized, ready)
	return s
}

func (w *worker) containerStatus(s *slot) corev1.ContainerStatus {
	cs := corev1.ContainerStatus{Name: s.spec.Name, Image: s.spec.Image, ImageID: s.spec.Image, RestartCount: int32(s.restarts)}
	if s.last != nil {
		cs.LastTerminationState = corev1.ContainerState{Terminated: terminated(s.last)}
	}
	switch {
	case s.current == nil && s.waiting != nil:
		cs.State.Waiting = s.waiting
	case s.current == nil && w.problem != nil:
		cs.State.Waiting = w.problem
	case s.current == nil:
		cs.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	case s.current.done():
		cs.ContainerID = s.current.id
		cs.State.Terminated = terminated(s.current)
	default:
		cs.ContainerID = s.current.id
		cs.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(s.current.started)}
		started := s.current.serves() && (s.probes == nil || s.probes.startedUp())
		cs.Started = &started
		cs.Ready = started && (s.probes == nil || s.probes.ready())
	}
	return cs
}

func terminated(c *container) *corev1.ContainerStateTerminated {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &corev1.ContainerStateTerminated{
		ExitCode: c.exitCode, Reason: c.reason, ContainerID: c.id,
		StartedAt: metav1.NewTime(c.started), FinishedAt: metav1.NewTime(c.ended),
	}
}

// phase is that of the whole pod.
func (w *worker) phase(containers []corev1.ContainerStatus) corev1.PodPhase {
	ended, failed, running := 0, 0, 0
	for i, c := range containers {
		switch {
		case c.State.Terminated != nil && !w.again(w.slots[i]):
			ended++
			if c.State.Terminated.ExitCode != 0 {
				failed++
			}
		case c.State.Running != nil || c.State.Terminated != nil || c.LastTerminationState.Terminated != nil:
			running++
		}
	}
	deleted := w.current().DeletionTimestamp != nil
	switch {
	case len(containers) > 0 && ended == len(containers) && failed > 0:
		return corev1.PodFailed
	case len(containers) > 0 && ended == len(containers):
		return corev1.PodSucceeded
	case running > 0 || ended > 0 || deleted:
		return corev1.PodRunning
	default:
		return corev1.PodPending
	}
}

// conditions keeps the time of those that did not change.
func (w *worker) conditions(pod *corev1.Pod, s *corev1.PodStatus, initialized, ready bool) {
	known := pod.Status.Conditions
	if w.written != nil {
		known = w.written.Conditions
	}
	set := func(kind corev1.PodConditionType, ok bool, why string) {
		c := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: why, LastTransitionTime: metav1.Now(), ObservedGeneration: pod.Generation}
		if ok {
			c.Status, c.Reason = corev1.ConditionTrue, ""
		}
		if s.Phase == corev1.PodSucceeded && !ok {
			c.Reason = "PodCompleted"
		}
		if i := slices.IndexFunc(known, func(k corev1.PodCondition) bool { return k.Type == kind }); i >= 0 && known[i].Status == c.Status {
			c.LastTransitionTime = known[i].LastTransitionTime
		}
		s.Conditions = append(s.Conditions, c)
	}
	set(corev1.PodReadyToStartContainers, w.volumes.dirs != nil, "PodHasNoSandbox")
	set(corev1.PodInitialized, initialized, "ContainersNotInitialized")
	set(corev1.ContainersReady, ready, "ContainersNotReady")
	set(corev1.PodReady, ready, "ContainersNotReady")
	set(corev1.PodScheduled, true, "")
}
