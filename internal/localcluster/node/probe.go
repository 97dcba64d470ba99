package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probes of one container since its start.
type probes struct {
	startup, liveness, readiness *prober
}

// prober is one probe: how often in a row it succeeded or failed.
type prober struct {
	spec *corev1.Probe

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

// subject is a container as its probes and hooks reach it.
type subject struct {
	address string
	ports   []corev1.ContainerPort
	// exec runs a command inside it.
	exec func(ctx context.Context, command []string) error
	// background runs a function in a goroutine that the worker waits for; wake
	// has the worker look again.
	background func(func())
	wake       func()
}

func newProbes(c *corev1.Container) *probes {
	one := func(spec *corev1.Probe) *prober {
		if spec == nil {
			return nil
		}
		return &prober{spec: spec}
	}
	return &probes{startup: one(c.StartupProbe), liveness: one(c.LivenessProbe), readiness: one(c.ReadinessProbe)}
}

// step asks what is due and tells when to look again, and which probe has failed
// so that the container must be killed. Answers come later, and wake.
func (p *probes) step(ctx context.Context, of subject, started, now time.Time) (failed *prober, wait time.Duration) {
	if p.startup != nil && p.startup.state() != passes {
		wait = p.startup.ask(ctx, of, started, now)
		if p.startup.state() == fails {
			return p.startup, wait
		}
		return nil, wait
	}
	wait = idle
	if p.liveness != nil {
		wait = min(wait, p.liveness.ask(ctx, of, started, now))
		if p.liveness.state() == fails {
			return p.liveness, wait
		}
	}
	if p.readiness != nil {
		wait = min(wait, p.readiness.ask(ctx, of, started, now))
	}
	return nil, wait
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
func (p *prober) ask(ctx context.Context, of subject, started, now time.Time) time.Duration {
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
	of.background(func() {
		err := p.question(ctx, of)
		if p.answer(err == nil) {
			of.wake()
		}
	})
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
func (p *prober) question(ctx context.Context, of subject) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(max(1, p.spec.TimeoutSeconds))*time.Second)
	defer cancel()
	switch {
	case p.spec.Exec != nil:
		return of.exec(ctx, p.spec.Exec.Command)
	case p.spec.HTTPGet != nil:
		return of.getHTTP(ctx, p.spec.HTTPGet)
	case p.spec.TCPSocket != nil:
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(hostOr(p.spec.TCPSocket.Host, of.address), portOf(p.spec.TCPSocket.Port, of.ports)))
		if err != nil {
			return err
		}
		return conn.Close()
	case p.spec.GRPC != nil:
		return of.checkGRPC(ctx, p.spec.GRPC)
	default:
		return errors.New("the probe has no handler: write exec, httpGet, tcpSocket or grpc")
	}
}

// checkGRPC asks by the standard protocol of gRPC's health service.
func (s subject) checkGRPC(ctx context.Context, action *corev1.GRPCAction) error {
	conn, err := grpc.NewClient("passthrough:///"+net.JoinHostPort(s.address, strconv.Itoa(int(action.Port))), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	request := &healthpb.HealthCheckRequest{}
	if action.Service != nil {
		request.Service = *action.Service
	}
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, request, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	if answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fmt.Errorf("the service is %s", answer.GetStatus())
	}
	return nil
}

// getHTTP asks for a page; any answer below 400 is a good one.
func (s subject) getHTTP(ctx context.Context, get *corev1.HTTPGetAction) error {
	scheme := strings.ToLower(string(get.Scheme))
	if scheme == "" {
		scheme = "http"
	}
	target := scheme + "://" + net.JoinHostPort(hostOr(get.Host, s.address), portOf(get.Port, s.ports)) + "/" + strings.TrimPrefix(get.Path, "/")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	for _, h := range get.HTTPHeaders {
		if strings.EqualFold(h.Name, "Host") {
			req.Host = h.Value
		} else {
			req.Header.Add(h.Name, h.Value)
		}
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

// probeClient opens a connection for each question and trusts any certificate,
// as the kubelet does: a probe asks whether somebody answers, not who.
var probeClient = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // as above
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// hook runs a handler of a container's life cycle.
func (s subject) hook(ctx context.Context, h *corev1.LifecycleHandler) error {
	switch {
	case h.Exec != nil:
		return s.exec(ctx, h.Exec.Command)
	case h.HTTPGet != nil:
		return s.getHTTP(ctx, h.HTTPGet)
	case h.Sleep != nil:
		select {
		case <-time.After(time.Duration(h.Sleep.Seconds) * time.Second):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	default:
		return errors.New("the hook has no handler: write exec, httpGet or sleep")
	}
}

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
