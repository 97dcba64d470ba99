package stub

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// maxBurners bounds the threads that burn; more virtual cores share them.
const maxBurners = 8

// maxBacklog bounds the service times that wait to be burnt: a machine that
// cannot keep up burns all the time, and that is what its meters show.
const maxBacklog = 10_000

// burner spends real CPU time for service times, so that meters of the machine
// and autoscalers that read them see the load that the station computes.
type burner struct {
	work    chan time.Duration
	started int
}

// burn leaves a service time to be burnt, where the component asks for it.
func (n *Node) burn(demand time.Duration) {
	if n.settings.component.BurnCPU {
		n.burner.add(n, int(n.settings.component.Capacity.Cores), demand)
	}
}

// add leaves a service time to be burnt by one of so many cores.
func (b *burner) add(n *Node, cores int, demand time.Duration) {
	if b.work == nil {
		b.work = make(chan time.Duration, maxBacklog)
	}
	for ; b.started < min(cores, maxBurners); b.started++ {
		n.running.Go(func() { burn(b.work, n.input.closed()) })
	}
	select {
	case b.work <- demand:
	default:
	}
}

// burn spends each service time as CPU time of its own thread until done is closed.
func burn(work <-chan time.Duration, done <-chan struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case <-done:
			return
		case demand := <-work:
			for end := threadTime() + demand; threadTime() < end; { //nolint:revive // spinning is the work
			}
		}
	}
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
