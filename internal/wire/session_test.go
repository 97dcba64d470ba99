package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write golden files anew")

// session is everything that the feed can say, as one run of scenario 1 would:
// the page is developed and tested against it.
type session struct {
	seq    int64
	now    int64
	frames []any
}

const sessionStart = int64(1767225600000) // 2026-01-01T00:00:00Z

func (s *session) next(ms int64) Envelope {
	s.now += ms
	s.seq++
	return Envelope{Version: FeedVersion, Seq: s.seq, At: s.now}
}

func (s *session) lossy(ms int64) Envelope {
	s.now += ms
	return Envelope{Version: FeedVersion, Seq: s.seq, At: s.now}
}

func (s *session) say(frame any) { s.frames = append(s.frames, frame) }

func node(id, kind string, x, y int32, instances ...NodeReplica) Node {
	n := Node{ID: id, Kind: kind, Replicas: int32(len(instances)), Position: XY{x, y}, Instances: instances}
	for _, i := range instances {
		if i.Ready {
			n.Ready++
		}
	}
	return n
}

func replica(id string, ready bool, x, y int32) NodeReplica {
	return NodeReplica{ID: id, Pod: "shop-" + id, Ready: ready, Position: XY{x, y}}
}

func shop() Canvas {
	return Canvas{
		Order: 0, Direction: LeftToRight,
		Nodes: []Node{
			node("load-balancer", "LoadBalancer", 120, 200, replica("load-balancer-1", true, 120, 200)),
			node("api-server", "APIServer", 400, 200, replica("api-server-1", true, 400, 200)),
			node("database", "Database", 680, 200, replica("database-1", true, 680, 200)),
		},
		Links: []Link{
			{ID: "load-balancer>api-server", From: "load-balancer", To: "api-server", Route: []XY{}},
			{ID: "api-server>database", From: "api-server", To: "database", Route: []XY{}},
		},
		IDs:     []string{"load-balancer", "api-server", "database", "load-balancer-1", "api-server-1", "database-1"},
		LinkIDs: []string{"load-balancer>api-server", "api-server>database"},
	}
}

func sessionControl(rate int32, enabled bool) Control {
	return Control{
		State: "Running", DurationSeconds: 120, RequestsPerSecond: rate, Profile: "Stages",
		Planned: []PlannedRate{{0, 100}, {20, 100}, {50, 1000}, {120, 1000}}, Mix: TrafficMix{Read: 80, Write: 20},
		AutoScaling: AutoScaling{Enabled: enabled, Mode: "Act"},
		Objectives:  []Objective{{Name: "p99", Target: 500, Unit: "ms", Percentile: 99}, {Name: "errors", Target: 0.1, Unit: "%"}},
	}
}

func sessionPhase(stage, message string) Phase {
	ok := Health{OK: true}
	return Phase{Stage: stage, Message: message, StartedAt: new(sessionStart), ControlPlane: ok, Metrics: ok, Rules: ok}
}

func sessionRun() RunSummary {
	return RunSummary{
		ID: "6f1c1f6e-5d7b-4a6e-9a55-0a6f0d3c2b11", Namespace: "default", Name: "scenario-1", Graph: "shop", GraphID: "b1f4d6c2-8f0e-4c57-8a2b-6f1a7f4e9d20",
		Stage: "Running", Message: "traffic flows", Verdict: "Running", CreatedAt: sessionStart - 4000, StartedAt: new(sessionStart),
		DurationSeconds: 120, ElapsedSeconds: 41, Seed: 1, RequestsPerSecond: new(float64(730)), P99Ms: new(21.4), ErrorPercent: new(float64(0)),
	}
}

// tick measures api-server at a load; loads are of components, then instances.
func (s *session) tick(order int64, elapsed, rate, cpu float64, instances ...*float64) {
	columns := map[MetricColumn][]*float64{
		ColumnCPU:         append([]*float64{new(float64(4)), new(cpu), new(float64(22))}, instances...),
		ColumnRequestRate: {new(rate), new(rate), new(rate)},
		ColumnLatency:     {new(9.1), new(8.8), new(2.1)},
		ColumnQueueDepth:  {new(float64(0)), new(1.5), new(float64(0))},
		ColumnErrorRate:   {new(float64(0)), new(float64(0)), new(float64(0))},
		ColumnMemory:      {new(float64(12)), new(float64(31)), new(float64(18))},
	}
	for name, values := range columns {
		for len(values) < len(columns[ColumnCPU]) {
			values = append(values, nil)
		}
		columns[name] = values
	}
	s.say(FeedTick{
		Type: MessageTick, Envelope: s.lossy(1000), Order: order, Elapsed: elapsed, Columns: columns, LinkRates: []*float64{new(rate), new(rate)},
		Total: &Total{
			Target: new(rate), Rate: new(rate - 1.5), P50: new(7.4), P95: new(14.2), P99: new(21.4), ErrorRate: new(float64(0)), LagP99: new(0.3),
			Offered: 12890, Answered: 12880,
		},
	})
}

// grow is the decision of the session at each of its stages.
func grow(stage DecisionStage, reached ...StageReached) ScalingDecision {
	d := ScalingDecision{
		ID: "d1", Stage: stage, Stages: reached, Open: stage != StageEffect, Rule: "api-server", Action: "AddReplica", Component: "api-server", From: 1, To: 2,
		Reason: "CPU overload (85.5%)", Made: []string{"api-server-2"},
		Signals:      []DecisionSignal{{Name: "cpu", Unit: "%", Value: 85.5, Threshold: new(float64(80)), WindowSeconds: 10}},
		Alternatives: []Alternative{{Rule: "load-balancer", Result: "AlreadyThere", Message: "load-balancer: load-balancer stands before api-server"}},
	}
	if stage == StageReady || stage == StageEffect {
		d.ReadySeconds = new(1.8)
	}
	if stage == StageEffect {
		d.Effect = &DecisionEffect{Signal: "cpu", Unit: "%", Before: 85.5, After: 44.1, Verdict: "Helped"}
	}
	return d
}

func (s *session) open() {
	s.say(FeedHello{Type: MessageHello, Envelope: s.lossy(0), Epoch: "5b0f3f1c", RingFrom: 0, TickMs: 1000, Simulation: sessionRun().ID, Server: "dev"})
	s.say(FeedSnapshot{
		Type: MessageSnapshot, Envelope: s.lossy(5), Epoch: "5b0f3f1c", Run: sessionRun(), Base: shop(), Log: []CanvasChange{}, Topology: shop(), Columns: Columns(10),
		Decisions: []ScalingDecision{}, Alerts: []RunAlert{}, Findings: []RunFinding{}, Control: sessionControl(100, true), Phase: sessionPhase("Running", "traffic flows"),
	})
}

func (s *session) scale() {
	s.tick(0, 41, 730, 79.8, new(float64(4)), new(79.8), new(float64(22)))
	seen := StageReached{StageSeen, sessionStart + 42000}
	held := grow(StageSeen, seen)
	held.ID, held.Made, held.Reason = "h/api-server/api-server/1767225642000", []string{}, "api-server: cpu > 80 for 0 s of 3 s"
	s.say(FeedDecision{Type: MessageDecision, Envelope: s.next(1000), Decision: held})
	held.Open, held.Stage, held.Stages, held.Constraint = true, StageHeld, []StageReached{seen, {StageHeld, sessionStart + 43000}}, "Cooling"
	held.Ghost = &Node{ID: "api-server", Kind: "APIServer", Replicas: 2, Ready: 1, Position: XY{400, 200}, Instances: []NodeReplica{replica("api-server-2", false, 400, 310)}}
	s.say(FeedDecision{Type: MessageDecision, Envelope: s.next(1000), Decision: held})
	held.Open, held.Ghost = false, nil
	s.say(FeedDecision{Type: MessageDecision, Envelope: s.next(900), Decision: held})
	applied := StageReached{StageApplied, sessionStart + 44000}
	s.say(FeedDecision{Type: MessageDecision, Envelope: s.next(100), Decision: grow(StageApplied, applied)})
	s.tick(0, 44.5, 810, 85.5, new(float64(4)), new(85.5), new(float64(22)))
	s.grown("d1", false)
	s.say(FeedAlert{Type: MessageAlert, Envelope: s.next(100), Alert: RunAlert{ID: "a/api-server/cpu/1767225645000", At: s.now, Severity: "Warning", Component: "api-server", Signal: "cpu", Message: "API Server CPU at 85%"}})
	s.grown("d1", true)
	ready := StageReached{StageReady, s.now}
	s.say(FeedDecision{Type: MessageDecision, Envelope: s.next(0), Decision: grow(StageReady, applied, ready)})
	s.tick(s.seq-1, 47, 900, 46.2, new(float64(4)), new(float64(48)), new(44.4), new(float64(22)))
	s.say(FeedDecision{Type: MessageDecision, Envelope: s.next(10000), Decision: grow(StageEffect, applied, ready, StageReached{StageEffect, s.now + 10000})})
	s.say(FeedAlert{Type: MessageAlert, Envelope: s.next(10), Alert: RunAlert{ID: "a/api-server/cpu/1767225645000", At: sessionStart + 45000, ClearedAt: new(s.now), Severity: "Warning", Component: "api-server", Signal: "cpu", Message: "API Server CPU at 85%"}})
}

// grown tells the second replica, then that it is ready.
func (s *session) grown(decision string, ready bool) {
	after := node("api-server", "APIServer", 400, 200, replica("api-server-1", true, 400, 200), replica("api-server-2", ready, 400, 310))
	envelope := s.next(900)
	s.say(FeedTopo{Type: MessageTopo, Envelope: envelope, Change: CanvasChange{
		Seq: envelope.Seq, At: envelope.At, Decision: decision, Nodes: []Node{after}, Links: []Link{}, RemovedNodes: []string{}, RemovedLinks: []string{},
		IDs: append(shop().IDs[:5:5], "api-server-2", "database-1"), LinkIDs: shop().LinkIDs,
	}})
}

func (s *session) close() {
	s.say(FeedFinding{Type: MessageFinding, Envelope: s.next(1000), Finding: RunFinding{ID: "f/database/1767225660000", At: s.now, Component: "database", Rule: "database", Message: "writes are 20 % of the load: sharding would not help"}})
	s.say(FeedControl{Type: MessageControl, Envelope: s.next(1000), Control: sessionControl(1500, false)})
	away := sessionPhase("Running", "traffic flows")
	away.ControlPlane = Health{Message: "control plane unreachable since 00:01:02: the run goes on, and what is shown is what was last known"}
	s.say(FeedPhase{Type: MessagePhase, Envelope: s.next(1000), Phase: away})
	s.say(FeedPhase{Type: MessagePhase, Envelope: s.next(2000), Phase: sessionPhase("Running", "traffic flows")})
	s.say(FeedGap{Type: MessageGap, Envelope: s.lossy(0), From: 3, To: 9, Reason: GapRing})
	done := sessionPhase("ObjectivesMet", "every objective holds")
	done.Finished, done.EndedAt = true, new(sessionStart+120000)
	s.say(FeedPhase{Type: MessagePhase, Envelope: s.next(50000), Phase: done})
	s.say(FeedBye{Type: MessageBye, Envelope: s.lossy(10), Code: 1001, Reason: "the server restarts", RetryAfterMs: 1000})
}

func TestGoldenSession(t *testing.T) {
	s := &session{now: sessionStart + 41000}
	s.open()
	s.scale()
	s.close()
	var out bytes.Buffer
	for _, frame := range s.frames {
		line, err := json.Marshal(frame)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	path := filepath.Join("testdata", "session.jsonl")
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, out.Bytes()) {
		t.Errorf("the feed says something else than %s; write it anew with: go test ./internal/wire -run Session -update", path)
	}
}

// TestPlainMessages compares the plain messages byte for byte with the contract.
func TestPlainMessages(t *testing.T) {
	for name, message := range map[string]any{
		"metrics_update": PlainMetricsUpdate{Type: PlainMetrics, ComponentID: "api-server-1", Metrics: ComponentMetrics{CPU: 85.5, Memory: 72.3, RequestRate: 1250, Latency: 145}},
		"auto_scale": PlainScaling{
			Type: PlainAutoScale, Action: PlainAdd, Component: PlainComponent{Type: "api-server", ID: "api-server-2", Position: XY{400, 250}},
			Connections: []PlainConnection{{From: "load-balancer", To: "api-server-2"}, {From: "api-server-2", To: "database"}}, Reason: "CPU overload (85.5%)",
		},
		"alert": PlainAlarm{Type: PlainAlert, Severity: "warning", Message: "API Server CPU at 85%", ComponentID: "api-server-1"},
	} {
		want, err := os.ReadFile(filepath.Join("testdata", "plain", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.TrimSpace(want), got) {
			t.Errorf("%s\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestDecimalKeepsItsPoint(t *testing.T) {
	for value, want := range map[Decimal]string{0: "0.0", 1: "1.0", 0.25: "0.25", 99.5: "99.5"} {
		if got, err := json.Marshal(value); err != nil || string(got) != want {
			t.Errorf("%v is %s (%v), want %s", float64(value), got, err, want)
		}
	}
}
