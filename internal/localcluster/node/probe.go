package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probes of one container since its start.
type probes struct {
	startup, liveness, readiness *prober
}

// prober is one probe: how often in a row it succeeded or failed.
type prober struct {
	spec  *corev1.Probe
	ports []corev1.ContainerPort

	mu      sync.Mutex
	next    time.Time
	asking  bool
	good    bool
	inARow  int32
	verdict outcome
}

type outcome int

const (
	unknownYet outcome = iota
	passes
	fails
)

// action is what the probes ask of the worker.
type action int

const (
	leave action = iota
	kill
)

func newProbes(c *corev1.Container) *probes {
	one := func(spec *corev1.Probe) *prober {
		if spec == nil {
			return nil
		}
		return &prober{spec: spec, ports: c.Ports}
	}
	return &probes{startup: one(c.StartupProbe), liveness: one(c.LivenessProbe), readiness: one(c.ReadinessProbe)}
}

// step asks what is due and tells what to do and when to look again. Answers
// come later, and wake.
func (p *probes) step(ctx context.Context, address string, started, now time.Time, wake func()) (action, time.Duration) {
	if p.startup != nil && p.startup.state() != passes {
		wait := p.startup.ask(ctx, address, started, now, wake)
		if p.startup.state() == fails {
			return kill, wait
		}
		return leave, wait
	}
	wait := idle
	if p.liveness != nil {
		wait = min(wait, p.liveness.ask(ctx, address, started, now, wake))
		if p.liveness.state() == fails {
			return kill, wait
		}
	}
	if p.readiness != nil {
		wait = min(wait, p.readiness.ask(ctx, address, started, now, wake))
	}
	return leave, wait
}

// ready reports whether the container is ready.
func (p *probes) ready() bool {
	if p.startup != nil && p.startup.state() != passes {
		return false
	}
	return p.readiness == nil || p.readiness.state() == passes
}

// startedUp reports whether the start-up probe has passed.
func (p *probes) startedUp() bool { return p.startup == nil || p.startup.state() == passes }

func (p *prober) state() outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.verdict
}

// ask starts a question if one is due.
func (p *prober) ask(ctx context.Context, address string, started, now time.Time, wake func()) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.IsZero() {
		p.next = started.Add(time.Duration(p.spec.InitialDelaySeconds) * time.Second)
	}
	if now.Before(p.next) || p.asking {
		return max(p.next.Sub(now), 10*time.Millisecond)
	}
	period := time.Duration(max(1, p.spec.PeriodSeconds)) * time.Second
	if p.verdict == unknownYet {
		period = min(period, 100*time.Millisecond) // a local process starts in milliseconds
	}
	p.next, p.asking = now.Add(period), true
	go func() {
		err := p.question(ctx, address)
		if p.answer(err == nil) {
			wake()
		}
	}()
	return period
}

// answer counts one answer and reports whether the verdict changed.
func (p *prober) answer(good bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asking = false
	if good != p.good || p.inARow == 0 {
		p.good, p.inARow = good, 0
	}
	p.inARow++
	before := p.verdict
	switch {
	case good && p.inARow >= max(1, p.spec.SuccessThreshold):
		p.verdict = passes
	case !good && p.verdict == passes && p.inARow >= max(1, p.spec.FailureThreshold):
		p.verdict = fails
	case !good && p.verdict == unknownYet && p.inARow >= max(1, p.spec.FailureThreshold)*10:
		p.verdict = fails
	}
	return p.verdict != before
}

// question asks the container once.
func (p *prober) question(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(max(1, p.spec.TimeoutSeconds))*time.Second)
	defer cancel()
	switch {
	case p.spec.HTTPGet != nil:
		return getHTTP(ctx, p.spec.HTTPGet, address, p.ports)
	case p.spec.TCPSocket != nil:
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(hostOr(p.spec.TCPSocket.Host, address), portOf(p.spec.TCPSocket.Port, p.ports)))
		if err != nil {
			return err
		}
		return conn.Close()
	default:
		return fmt.Errorf("this node offers httpGet and tcpSocket probes only")
	}
}

func getHTTP(ctx context.Context, get *corev1.HTTPGetAction, address string, ports []corev1.ContainerPort) error {
	target := "http://" + net.JoinHostPort(hostOr(get.Host, address), portOf(get.Port, ports)) + get.Path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	resp, err := probeClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode >= 400 {
		return fmt.Errorf("the answer is %d", resp.StatusCode)
	}
	return nil
}

// probeClient opens a connection for each question, as the kubelet does.
var probeClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func hostOr(host, otherwise string) string {
	if host == "" {
		return otherwise
	}
	return host
}

func portOf(port intstr.IntOrString, ports []corev1.ContainerPort) string {
	if port.Type == intstr.Int {
		return strconv.Itoa(port.IntValue())
	}
	for _, p := range ports {
		if p.Name == port.StrVal {
			return strconv.Itoa(int(p.ContainerPort))
		}
	}
	return port.StrVal
}

// preStop runs the hook of a container that is about to be stopped.
func preStop(s *slot, address string, grace time.Duration) {
	hook := s.spec.Lifecycle
	if hook == nil || hook.PreStop == nil || s.current.done() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	switch {
	case hook.PreStop.Sleep != nil:
		select {
		case <-time.After(time.Duration(hook.PreStop.Sleep.Seconds) * time.Second):
		case <-ctx.Done():
		case <-s.current.exited:
		}
	case hook.PreStop.HTTPGet != nil:
		_ = getHTTP(ctx, hook.PreStop.HTTPGet, address, s.spec.Ports)
	}
}
