package node

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxPods that a node takes: each is a process of some 10 MB.
const maxPods = 500

// overcommit is how many times its CPU a node offers: stubs compute their load,
// they do not burn it.
const overcommit = 20

const (
	leaseSeconds = 20
	renewEvery   = 5 * time.Second
)

// register makes the Node, or takes over the one of an earlier run.
func (a *Agent) register(ctx context.Context) error {
	node := a.describe()
	created, err := a.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		created, err = a.client.CoreV1().Nodes().Get(ctx, a.o.Name, metav1.GetOptions{})
	}
	if err != nil {
		return fmt.Errorf("registering the node: %w", err)
	}
	created.Status = node.Status
	if _, err := a.client.CoreV1().Nodes().UpdateStatus(ctx, created, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("reporting the node: %w", err)
	}
	return nil
}

// allocatable is what the node offers to pods.
func allocatable() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewQuantity(int64(runtime.NumCPU())*overcommit, resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(memory(), resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(maxPods, resource.DecimalSI),
		corev1.ResourceEphemeralStorage: resource.MustParse("10Gi"),
	}
}

func (a *Agent) describe() *corev1.Node {
	resources := allocatable()
	now := metav1.Now()
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now}
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: a.o.Name, Labels: map[string]string{
			corev1.LabelHostname: a.o.Name, corev1.LabelOSStable: runtime.GOOS, corev1.LabelArchStable: runtime.GOARCH,
		}},
		Status: corev1.NodeStatus{
			Capacity: resources, Allocatable: resources,
			Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}, {Type: corev1.NodeHostName, Address: a.o.Name}},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(a.o.Port)}},
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: "v1.37.2-process", ContainerRuntimeVersion: "process://1", OperatingSystem: runtime.GOOS, Architecture: runtime.GOARCH,
				OSImage: "this machine", KernelVersion: firstLine("/proc/sys/kernel/osrelease"), MachineID: firstLine("/etc/machine-id"), BootID: firstLine("/proc/sys/kernel/random/boot_id"),
			},
			Conditions: []corev1.NodeCondition{
				condition(corev1.NodeReady, corev1.ConditionTrue, "AgentReady", "the node runs containers as processes"),
				condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "AgentHasMemory", "the node has memory"),
				condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "AgentHasDisk", "the node has disk"),
				condition(corev1.NodePIDPressure, corev1.ConditionFalse, "AgentHasPIDs", "the node has process ids"),
			},
		},
	}
}

func firstLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return line
}

// memory of the machine in bytes.
func memory() int64 {
	if total := kibibytes("/proc/meminfo", "MemTotal:"); total > 0 {
		return total << 10
	}
	return 1 << 30
}

// kibibytes is a line of a file like /proc/meminfo; 0 if it is not there.
func kibibytes(path, name string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64); err == nil {
				return n
			}
		}
	}
	return 0
}

// heartbeat renews the node's lease until ctx ends, and says that the node is
// ready where somebody took it for dead; a failure is tried again.
func (a *Agent) heartbeat(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		if err := a.renew(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Info("lease not renewed", "reason", err.Error())
		}
		if err := a.revive(ctx); err != nil && ctx.Err() == nil {
			a.o.Log.Info("node not reported", "reason", err.Error())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// revive reports the node again if it is not taken for ready: a machine that slept
// longer than the grace period wakes up to a node that was given up.
func (a *Agent) revive(ctx context.Context) error {
	node, err := a.client.CoreV1().Nodes().Get(ctx, a.o.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			return nil
		}
	}
	a.o.Log.Info("node was taken for dead")
	return a.register(ctx)
}

func (a *Agent) renew(ctx context.Context) error {
	leases := a.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now, seconds := metav1.NowMicro(), int32(leaseSeconds)
	lease, err := leases.Get(ctx, a.o.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = leases.Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: a.o.Name},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &a.o.Name, LeaseDurationSeconds: &seconds, RenewTime: &now},
		}, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds, lease.Spec.RenewTime = &a.o.Name, &seconds, &now
	_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}
