package feed

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/wire"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// pair is one API server before a database.
func pair() wire.Canvas {
	return wire.Canvas{
		Nodes: []wire.Node{
			{ID: "api-server", Kind: "APIServer", Replicas: 1, Ready: 1, Instances: []wire.NodeReplica{{ID: "api-server-1", Ready: true}}},
			{ID: "database", Kind: "Database", Replicas: 1, Ready: 1, Instances: []wire.NodeReplica{{ID: "database-1", Ready: true}}},
		},
		Links:   []wire.Link{{ID: "api-server>database", From: "api-server", To: "database", Route: []wire.XY{}}},
		IDs:     []string{"api-server", "database", "api-server-1", "database-1"},
		LinkIDs: []string{"api-server>database"}, Direction: wire.LeftToRight,
	}
}

func newFeed(epoch string) *Feed {
	return New(epoch, "test", time.Second, wire.FeedSnapshot{Run: wire.RunSummary{ID: "run"}, Base: pair(), Topology: pair()})
}

// client is a page: it holds what it was told and nothing else.
type client struct {
	epoch    string
	last     int64
	held     wire.FeedSnapshot
	gaps     int
	ticks    int
	finished bool
}

// hear applies one frame as a page does.
func (c *client) hear(t interface{ Fatalf(string, ...any) }, frame []byte) {
	var head struct {
		Type wire.MessageType `json:"type"`
		wire.Envelope
	}
	decode(t, frame, &head)
	if lossless := head.Type != wire.MessageSnapshot && head.Type != wire.MessageTick && head.Type != wire.MessageGap && head.Type != wire.MessageHello && head.Type != wire.MessageBye; lossless {
		if head.Seq != c.last+1 {
			t.Fatalf("%s has seq %d after %d: a silent gap", head.Type, head.Seq, c.last)
		}
		c.last = head.Seq
	}
	switch head.Type {
	case wire.MessageHello:
	case wire.MessageGap:
		c.gaps++
	case wire.MessageSnapshot:
		c.held = wire.FeedSnapshot{}
		decode(t, frame, &c.held)
		c.epoch, c.last = c.held.Epoch, head.Seq
	case wire.MessageTick:
		c.ticks++
		if head.Seq > c.last {
			t.Fatalf("a tick after seq %d while the client is at %d", head.Seq, c.last)
		}
		var m wire.FeedTick
		decode(t, frame, &m)
		if m.Order != c.held.Topology.Order {
			t.Fatalf("a tick in the order of %d while the topology is of %d", m.Order, c.held.Topology.Order)
		}
		c.held.Tick = &m
	case wire.MessageBye:
		c.finished = true
	default:
		c.apply(t, head.Type, head.Envelope, frame)
	}
	c.held.Seq = c.last
}

func (c *client) apply(t interface{ Fatalf(string, ...any) }, kind wire.MessageType, e wire.Envelope, frame []byte) {
	switch kind {
	case wire.MessageTopo:
		var m wire.FeedTopo
		decode(t, frame, &m)
		c.held.Tick = nil
		Topology(m.Change).apply(&c.held, e)
	case wire.MessageDecision:
		var m wire.FeedDecision
		decode(t, frame, &m)
		Decision(m.Decision).apply(&c.held, e)
	case wire.MessageAlert:
		var m wire.FeedAlert
		decode(t, frame, &m)
		Alert(m.Alert).apply(&c.held, e)
	case wire.MessageFinding:
		var m wire.FeedFinding
		decode(t, frame, &m)
		Finding(m.Finding).apply(&c.held, e)
	case wire.MessageControl:
		var m wire.FeedControl
		decode(t, frame, &m)
		Control(m.Control).apply(&c.held, e)
	case wire.MessagePhase:
		var m wire.FeedPhase
		decode(t, frame, &m)
		Phase(m.Phase).apply(&c.held, e)
	default:
		t.Fatalf("the server said %q, which no page knows", kind)
	}
}

func decode(t interface{ Fatalf(string, ...any) }, data []byte, into any) {
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("a frame is no JSON: %v\n%s", err, data)
	}
}

// drain takes everything there is.
func drain(t interface{ Fatalf(string, ...any) }, r *Reader, c *client, now time.Time) {
	for {
		b, err := r.Take(now)
		if err != nil {
			t.Fatalf("taking: %v", err)
		}
		for _, frame := range b.Frames {
			c.hear(t, frame)
		}
		if b.Again != time.Nanosecond {
			return
		}
	}
}

// connect is a page that comes, or comes back.
func connect(t interface{ Fatalf(string, ...any) }, f *Feed, c *client) *Reader {
	r := f.Reader(Sequenced)
	hello, err := r.Hello(noon)
	if err != nil {
		t.Fatalf("greeting: %v", err)
	}
	resume := wire.FeedResume{Epoch: c.epoch, LastSeq: c.last}
	c.hear(t, hello)
	r.Resume(resume)
	return r
}

// change is the nth thing that happens.
func change(n int) Change {
	switch n % 6 {
	case 0:
		canvas := wire.CanvasChange{Nodes: []wire.Node{{ID: "api-server", Kind: "APIServer", Replicas: int32(n)}}, IDs: []string{fmt.Sprint("api-server-", n)}, LinkIDs: []string{}}
		if n%5 == 0 {
			canvas.RemovedNodes = []string{"database"}
		}
		return Topology(canvas)
	case 1:
		return Decision{ID: fmt.Sprint("d", n%7), Stage: wire.StageApplied, From: int32(n)}
	case 2:
		return Alert{ID: fmt.Sprint("a", n%5), Message: fmt.Sprint(n)}
	case 3:
		return Finding{ID: fmt.Sprint("f", n), Message: "advice"}
	case 4:
		return Control{RequestsPerSecond: int32(n)}
	default:
		return Phase{Stage: fmt.Sprint(n)}
	}
}

// TestEveryClientEndsWhereTheServerIs plays random lives: changes, ticks, cuts,
// returns and restarts. Whatever happens, no number is skipped in silence and
// who has read everything holds what the server holds.
func TestEveryClientEndsWhereTheServerIs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f, now := newFeed("0"), noon
		f.limit = 20
		clients := make([]client, 3)
		readers := make([]*Reader, len(clients))
		happened := 0
		for step := range rapid.IntRange(1, 60).Draw(rt, "steps") {
			now = now.Add(100 * time.Millisecond)
			who := rapid.IntRange(0, len(clients)-1).Draw(rt, "client")
			switch rapid.SampledFrom([]string{"change", "change", "flood", "tick", "connect", "cut", "read", "restart"}).Draw(rt, "what") {
			case "change":
				publish(rt, f, now, change(happened))
				happened++
			case "flood":
				for range 25 {
					publish(rt, f, now, change(happened))
					happened++
				}
			case "tick":
				_ = f.Measure(now, wire.FeedTick{Order: f.Snapshot().Topology.Order, Elapsed: float64(step)})
			case "connect":
				readers[who] = connect(rt, f, &clients[who])
			case "cut":
				readers[who] = nil
			case "read":
				if readers[who] != nil {
					drain(rt, readers[who], &clients[who], now)
				}
			case "restart":
				f = newFeed(fmt.Sprint(step + 1))
				f.limit = 20
				readers = make([]*Reader, len(clients))
			}
		}
		for i := range clients {
			readers[i] = connect(rt, f, &clients[i])
			drain(rt, readers[i], &clients[i], now.Add(time.Hour))
			want, got := f.Snapshot(), clients[i].held
			want.At, got.At = 0, 0
			if a, b := canonical(rt, want), canonical(rt, got); a != b {
				rt.Fatalf("client %d holds something else than the server:\n%s", i, cmp.Diff(a, b))
			}
		}
	})
}

func publish(t interface{ Fatalf(string, ...any) }, f *Feed, now time.Time, c ...Change) {
	if err := f.Publish(now, c...); err != nil {
		t.Fatalf("publishing: %v", err)
	}
}

// canonical compares as JSON does: an empty list and none are alike.
func canonical(t interface{ Fatalf(string, ...any) }, s wire.FeedSnapshot) string {
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("encoding: %v", err)
	}
	return strings.ReplaceAll(string(data), "null", "[]")
}

func TestResumeTellsExactlyWhatIsMissing(t *testing.T) {
	f := newFeed("0")
	c := client{}
	r := connect(t, f, &c)
	drain(t, r, &c, noon)
	for n := range 10 {
		publish(t, f, noon, change(n))
	}
	drain(t, r, &c, noon)
	for n := range 7 {
		publish(t, f, noon, change(n))
	}
	back := connect(t, f, &c)
	b, err := back.Take(noon)
	if err != nil || len(b.Frames) != 7 || c.gaps != 0 {
		t.Errorf("coming back brings %d frames (%v) and %d gaps, want 7 and none", len(b.Frames), err, c.gaps)
	}
}

func TestBeingAwayForLongerThanTheRingIsSaid(t *testing.T) {
	f := newFeed("0")
	c := client{}
	r := connect(t, f, &c)
	drain(t, r, &c, noon)
	for range RingSize + 1 {
		publish(t, f, noon, Phase{Stage: "Running"})
	}
	b, err := r.Take(noon)
	if err != nil {
		t.Fatal(err)
	}
	var gap wire.FeedGap
	decode(t, b.Frames[0], &gap)
	want := wire.FeedGap{Type: wire.MessageGap, Envelope: wire.Envelope{Version: 1, Seq: RingSize + 1, At: noon.UnixMilli()}, From: 1, To: RingSize + 1, Reason: wire.GapRing}
	if diff := cmp.Diff(want, gap); diff != "" {
		t.Errorf("gap (-want +got):\n%s", diff)
	}
}

// TestAReaderThatNeverReadsCostsNothing holds the mailbox: one that does not
// take has no queue, and gets the newest tick only when it comes back.
func TestAReaderThatNeverReadsCostsNothing(t *testing.T) {
	f := newFeed("0")
	c := client{}
	r := connect(t, f, &c)
	drain(t, r, &c, noon)
	for n := range 1000 {
		if err := f.Measure(noon, wire.FeedTick{Elapsed: float64(n)}); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, r, &c, noon.Add(time.Minute))
	if c.ticks != 1 || c.held.Tick.Elapsed != 999 {
		t.Errorf("%d ticks, the last of second %v, want the newest only", c.ticks, c.held.Tick.Elapsed)
	}
}

func TestAHiddenPageGetsNoTicksAndASlowOneFewer(t *testing.T) {
	for name, test := range map[string]struct {
		hz   float64
		want int
	}{"hidden": {0, 0}, "one a second": {1, 10}, "all": {1000, 100}} {
		t.Run(name, func(t *testing.T) {
			f := newFeed("0")
			c := client{}
			r := connect(t, f, &c)
			drain(t, r, &c, noon)
			r.Choose(wire.FeedSubscribe{MaxHz: test.hz})
			for n := range 100 {
				now := noon.Add(time.Duration(n) * 100 * time.Millisecond)
				if err := f.Measure(now, wire.FeedTick{Elapsed: float64(n)}); err != nil {
					t.Fatal(err)
				}
				drain(t, r, &c, now)
			}
			if c.ticks != test.want {
				t.Errorf("%d ticks of 100, want %d", c.ticks, test.want)
			}
		})
	}
}

func TestChosenColumnsOnly(t *testing.T) {
	f := newFeed("0")
	c := client{}
	r := connect(t, f, &c)
	drain(t, r, &c, noon)
	r.Choose(wire.FeedSubscribe{MaxHz: 4, Fields: []wire.MetricColumn{wire.ColumnCPU}})
	columns := map[wire.MetricColumn][]*float64{wire.ColumnCPU: {new(float64(1))}, wire.ColumnMemory: {new(float64(2))}}
	if err := f.Measure(noon, wire.FeedTick{Columns: columns}); err != nil {
		t.Fatal(err)
	}
	drain(t, r, &c, noon)
	if len(c.held.Tick.Columns) != 1 || c.held.Tick.Columns[wire.ColumnCPU] == nil {
		t.Errorf("columns %v, want cpu only", c.held.Tick.Columns)
	}
}

// TestTwoHundredReaders reads with many at once while one never does: everyone
// else ends with everything.
func TestTwoHundredReaders(t *testing.T) {
	const readers, changes = 200, 500
	f := newFeed("0")
	stuck := client{}
	connect(t, f, &stuck)
	var wait sync.WaitGroup
	clients := make([]client, readers)
	for i := range clients {
		r := connect(t, f, &clients[i])
		wait.Go(func() {
			for !clients[i].finished {
				changed := f.Changed()
				drain(t, r, &clients[i], noon)
				if !clients[i].finished {
					<-changed
				}
			}
		})
	}
	for n := range changes {
		publish(t, f, noon, change(n))
		_ = f.Measure(noon, wire.FeedTick{Order: f.Snapshot().Topology.Order})
	}
	f.Close(noon, 1001, "the run was deleted", -1)
	wait.Wait()
	for i := range clients {
		if clients[i].last != changes || clients[i].gaps != 0 {
			t.Fatalf("reader %d ended at %d with %d gaps, want %d and none", i, clients[i].last, clients[i].gaps, changes)
		}
	}
}

func TestPlainReaders(t *testing.T) {
	f := newFeed("0")
	r := f.Reader(Plain)
	measured := map[wire.MetricColumn][]*float64{
		wire.ColumnCPU: {new(85.5), nil, new(85.5), nil}, wire.ColumnMemory: {new(72.3), nil, new(72.3), nil}, wire.ColumnRequestRate: {new(float64(1250)), nil, new(float64(1250)), nil},
		wire.ColumnLatency: {new(float64(145)), nil, new(float64(145)), nil}, wire.ColumnQueueDepth: {new(float64(0)), nil, new(float64(0)), nil}, wire.ColumnErrorRate: {new(float64(0)), nil, new(float64(0)), nil},
	}
	if err := f.Measure(noon, wire.FeedTick{Columns: measured}); err != nil {
		t.Fatal(err)
	}
	grown := pair().Nodes[0]
	grown.Replicas, grown.Instances = 2, append(grown.Instances, wire.NodeReplica{ID: "api-server-2", Position: wire.XY{X: 400, Y: 250}})
	took, err := r.Take(noon)
	if err != nil {
		t.Fatal(err)
	}
	frames := took.Frames
	publish(t, f, noon,
		Alert{ID: "a", Severity: "Warning", Message: "API Server CPU at 85%", Component: "api-server", Signal: "cpu"},
		Decision{ID: "d1", Reason: "CPU overload (85.5%)"},
		Topology{Decision: "d1", Nodes: []wire.Node{grown}, IDs: []string{"api-server", "database", "api-server-1", "api-server-2", "database-1"}},
		Phase{Stage: "Running"})
	if took, err = r.Take(noon); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, frame := range append(frames, took.Frames...) {
		got = append(got, string(frame))
	}
	want := []string{
		`{"type":"metrics_update","componentId":"api-server-1","metrics":{"cpu":85.5,"memory":72.3,"requestRate":1250,"latency":145,"queueDepth":0,"errorRate":0.0}}`,
		`{"type":"alert","severity":"warning","message":"API Server CPU at 85%","componentId":"api-server-1"}`,
		`{"type":"auto_scale","action":"add_component","component":{"type":"api-server","id":"api-server-2","position":{"x":400,"y":250}},"connections":[{"from":"api-server-2","to":"database"}],"reason":"CPU overload (85.5%)"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plain messages (-want +got):\n%s", diff)
	}
}

func TestAPlainReaderThatMissedSomethingIsLost(t *testing.T) {
	f := newFeed("0")
	r := f.Reader(Plain)
	for range RingSize + 1 {
		publish(t, f, noon, Phase{})
	}
	if b, err := r.Take(noon); err != nil || !b.Lost {
		t.Errorf("lost is %v (%v), want true", b.Lost, err)
	}
}
