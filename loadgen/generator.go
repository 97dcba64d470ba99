package loadgen

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	// tick is the pace of sending: due requests of a tick share their writes.
	tick = time.Millisecond
	// promiseAhead is how far the next arrival is promised ahead of the wall
	// clock; a change of traffic cannot come into effect sooner.
	promiseAhead = 150 * time.Millisecond
	// maxOpen bounds the requests without an answer; more are dropped and counted.
	maxOpen = 200_000
	// linger is how long a generator tells its numbers after the plan's end,
	// unless it is told that they were read.
	linger = 60 * time.Second
	// lost is how long after its time-out a request is still matched with its answer.
	lost = 5 * time.Second
)

// Options are what a generator works with.
type Options struct {
	// Simulation whose plan it plays, as namespace/name; empty plays any.
	Simulation string
	// Index of this generator among those that share the plan.
	Index int
	Log   *slog.Logger
	Now   func() time.Time
	// Alive asks a peer whether it lives.
	Alive func(ctx context.Context, address string) bool
}

// Generator plays a plan.
type Generator struct {
	o      Options
	meters *meters
	poller *transport.Poller
	inbox  sync.Mutex
	next   []delivery
	acts   []func()

	// What follows belongs to the loop.
	plan     *wire.Plan
	sequence *traffic.Sequence
	uid      string
	shares   *shares
	targets  map[string]*target
	usable   []*target
	turn     uint64
	ways     []way
	open     openRequests
	promised int64
	ended    time.Time
	running  sync.WaitGroup
	stopping chan struct{}
}

// delivery is one frame that came, or the end of its connection.
type delivery struct {
	conn  transport.Edge
	frame wire.Frame
	err   error
}

// New is a generator that waits for its plan.
func New(o Options) *Generator {
	return &Generator{
		o: o, meters: newMeters(), targets: map[string]*target{},
		open: openRequests{byID: map[uint64]request{}}, shares: newShares(o.Index), stopping: make(chan struct{}),
	}
}

// Apply gives the generator a topology; it takes effect in the next tick.
func (g *Generator) Apply(t wire.Topology) { g.act(func() { g.apply(t) }) }

func (g *Generator) act(f func()) {
	g.inbox.Lock()
	g.acts = append(g.acts, f)
	g.inbox.Unlock()
}

func (g *Generator) batch(b transport.Batch) {
	g.inbox.Lock()
	for _, f := range b.Frames {
		g.next = append(g.next, delivery{conn: b.Conn, frame: f})
	}
	if b.Err != nil {
		g.next = append(g.next, delivery{conn: b.Conn, err: b.Err})
	}
	g.inbox.Unlock()
}

// Run plays the plan to its end and tells its numbers until they were read, or
// until ctx ends, which stops the load at once.
func (g *Generator) Run(ctx context.Context) error {
	g.poller = transport.NewPoller(g.batch, func() {}) // each step reads
	defer g.poller.Close()
	defer func() {
		close(g.stopping)
		for _, t := range g.targets {
			t.close()
		}
		g.running.Wait()
	}()
	g.running.Go(func() { g.watchPeers(ctx) })
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for {
		if done := g.step(); done {
			return nil
		}
		timer.Reset(g.pause())
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
	}
}

// step is one tick; it reports that the generator may leave.
func (g *Generator) step() bool {
	g.poller.Read()
	g.inbox.Lock()
	frames, acts := g.next, g.acts
	g.next, g.acts = nil, nil
	g.inbox.Unlock()
	for _, f := range acts {
		f()
	}
	for _, d := range frames {
		g.receive(d)
	}
	now := g.o.Now()
	g.send(now)
	g.expire(now)
	g.promise(now)
	g.flush()
	return g.finish(now)
}

// pause is how long until the next tick: short while anything flows.
func (g *Generator) pause() time.Duration {
	if g.plan == nil || g.plan.Start.IsZero() {
		return 20 * tick
	}
	if len(g.open.byID) > 0 {
		return tick
	}
	due, ok := g.due()
	if !ok {
		return 20 * tick
	}
	return min(max(due.Sub(g.o.Now()), tick), promiseAhead/3)
}

// offering reports whether the plan offers anything now or later.
func (g *Generator) offering() bool {
	return g.plan != nil && !g.plan.Start.IsZero() && !g.plan.Stopped && !g.plan.Finished && g.plan.PausedAt.IsZero()
}

// due is the wall time of the next arrival, of whichever generator.
func (g *Generator) due() (time.Time, bool) {
	if !g.offering() || g.sequence == nil {
		return time.Time{}, false
	}
	at := g.sequence.Due()
	if at >= g.plan.Duration {
		return time.Time{}, false
	}
	return g.plan.Start.Add(g.plan.PausedFor + at), true
}

// tooLate is how old an arrival may be and still be sent by a generator that
// has just begun: what is older was somebody else's, or is gone.
const tooLate = 5 * time.Second

// send sends every request that is due and ours.
func (g *Generator) send(now time.Time) {
	for {
		due, ok := g.due()
		if !ok || due.After(now) {
			return
		}
		if now.Sub(due) > tooLate || !g.shares.owns(g.sequence.Number()) {
			g.sequence.Skip()
			continue
		}
		g.offer(g.sequence.Next(), due, now)
	}
}

// offer sends one request, or drops it.
func (g *Generator) offer(r traffic.Request, due, now time.Time) {
	class := wire.CodeOf(r.Class)
	g.meters.offered(class, now.Sub(due))
	q := request{class: class, due: due.UnixNano(), way: g.way(r.Region)}
	if len(g.open.byID) >= maxOpen {
		g.meters.ended(q, wire.Dropped, wire.ReasonOverload)
		return
	}
	t := g.pick()
	if t == nil {
		g.meters.ended(q, wire.Dropped, wire.ReasonNoEndpoint)
		return
	}
	q.target = t
	t.open++
	id := g.open.add(q)
	t.conn.Send(wire.Frame{Op: wire.OpRequest, Class: class, Region: q.way.region, ID: id, Time: q.due + q.way.roundTrip/2, Key: r.Key, Request: r.Number})
	g.meters.inFlight.Set(float64(len(g.open.byID)))
}

// way is how clients of a region reach the entry.
type way struct {
	region    uint8
	roundTrip int64
	// network observes the time that answered requests spent on ways between regions.
	network prometheus.Observer
}

// way is that of a region by its number; without regions there is none to go.
func (g *Generator) way(region int) way {
	if region < 0 || region >= len(g.ways) {
		return way{}
	}
	return g.ways[region]
}

// applyWays takes over how far the regions are; the numbers of more than frames
// can tell apart count as the last.
func (g *Generator) applyWays(t wire.Topology) {
	g.ways = g.ways[:0]
	for i, r := range g.plan.Traffic.Regions {
		client, _ := t.Way(i)
		g.ways = append(g.ways, way{region: uint8(min(i, wire.MaxRegions-1)), roundTrip: int64(client), network: g.meters.networkOf(r.Name)})
	}
}

// promise tells the entry that nothing earlier than the next arrival follows.
func (g *Generator) promise(now time.Time) {
	until := now.Add(promiseAhead)
	if due, ok := g.due(); ok && due.Before(until) {
		until = due
	}
	if t := until.UnixNano(); t > g.promised {
		g.promised = t
		for _, target := range g.targets {
			target.promise(t)
		}
	}
}

func (g *Generator) flush() {
	for _, t := range g.targets {
		if t.conn != nil && t.conn.Flush() != nil {
			g.lose(t)
		}
	}
}

// finish keeps the gauges of the plan, and reports that the generator may leave.
func (g *Generator) finish(now time.Time) bool {
	if g.plan == nil || g.plan.Start.IsZero() {
		return g.plan != nil && (g.plan.Stopped || g.plan.Finished)
	}
	elapsed := min(g.plan.Elapsed(now), g.plan.Duration)
	g.meters.elapsed.Set(elapsed.Seconds())
	over := g.plan.Stopped || g.plan.Finished || elapsed >= g.plan.Duration
	if g.offering() && !over {
		g.meters.target.Set(g.plan.Traffic.Profile.Rate(elapsed))
	} else {
		g.meters.target.Set(0)
	}
	if !over || len(g.open.byID) > 0 {
		return false
	}
	if g.ended.IsZero() {
		g.ended = now
		g.meters.finished.Set(1)
		g.o.Log.Info("plan played", "simulation", g.plan.Simulation)
	}
	return g.plan.Finished || now.Sub(g.ended) > linger
}
