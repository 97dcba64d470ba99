package stub

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"flashcrowd.io/flashcrowd/internal/fault"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestNumbersOfIDs(t *testing.T) {
	for id, want := range map[string]int32{"api-server-2": 2, "api-server-12": 12, "db": 1, "db-x": 1, "": 1} {
		if got := numberOfID(id); got != want {
			t.Errorf("number of %q is %d, want %d", id, got, want)
		}
	}
}

func TestAColdReplicaIsSlower(t *testing.T) {
	w := &graph.WarmUp{Duration: 10 * time.Second, SlowdownPercent: 150}
	var cold trouble
	second := int64(time.Second)
	for _, tt := range []struct {
		at   int64
		want time.Duration
	}{{100 * second, 5 * time.Millisecond}, {109 * second, 5 * time.Millisecond}, {110 * second, 2 * time.Millisecond}} {
		if got := cold.stretch(2*time.Millisecond, tt.at, w); got != tt.want {
			t.Errorf("at %d s a request takes %s, want %s", tt.at/second, got, tt.want)
		}
	}
	if got := (&trouble{}).stretch(time.Millisecond, second, nil); got != time.Millisecond {
		t.Errorf("without a warm-up it takes %s", got)
	}
}

// planned is a plan that began so long ago.
func planned(ago time.Duration, faults ...fault.Fault) *wire.Plan {
	return &wire.Plan{UID: "run", Start: time.Now().Add(-ago), Duration: time.Hour, Faults: faults}
}

func TestCrashesComeOnceAndNotFromThePast(t *testing.T) {
	now := time.Now().UnixNano()
	later := func(d time.Duration) int64 { return now + int64(d) }
	var tr trouble
	plan := planned(20*time.Second, fault.Fault{Kind: fault.Crash, Component: "db", At: 10 * time.Second, Every: 20 * time.Second})
	tr.follow(plan, "db-1", "db", now)
	if tr.crashes(later(5 * time.Second)) {
		t.Error("a crash from before the process began")
	}
	if next := time.Duration(tr.nextCrash() - plan.Start.UnixNano()); next != 30*time.Second {
		t.Errorf("the next crash is at %s, want 30s", next)
	}
	tr.follow(plan, "db-1", "db", later(9*time.Second)) // the same plan, told again
	if !tr.crashes(later(11 * time.Second)) {
		t.Error("no crash when it is due")
	}
	if tr.crashes(later(12 * time.Second)) {
		t.Error("the same crash twice")
	}
}

func TestTroubleReachesRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db := start(t, "api", "api-1"), start(t, "db", "db-1")
		slow := fault.Fault{Kind: fault.Slow, Component: "db", Duration: time.Hour, Latency: 40 * time.Millisecond}
		failing := fault.Fault{Kind: fault.Failing, Component: "api", Duration: time.Hour, ErrorRatePPM: 1_000_000}
		tellPlan("1", planned(time.Minute, slow), api, db)
		ready(t, api, db)
		resp, body := get(t, api)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		var arrival, finish int64
		if _, err := fmt.Sscan(resp.Header.Get(wire.HeaderArrival)+" "+resp.Header.Get(wire.HeaderFinish), &arrival, &finish); err != nil {
			t.Fatal(err)
		}
		if got := time.Duration(finish - arrival); got != 43*time.Millisecond {
			t.Errorf("logical latency %v, want 1 ms, 2 ms and the 40 ms of the fault", got)
		}
		tellPlan("2", planned(time.Minute, failing), api, db)
		deadline := time.After(20 * time.Second)
		for resp.StatusCode != http.StatusInternalServerError {
			resp, body = get(t, api)
			select {
			case <-deadline:
				t.Fatalf("still answers %d %s", resp.StatusCode, body)
			default:
			}
		}
	})
}

func TestAPlannedCrashEndsTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crashed := make(chan struct{})
		o := options("db", "db-1")
		o.Crash = func() { close(crashed) }
		n := New(o)
		serve(t, n)
		n.Apply(wire.Topology{
			Revision: "1", Architecture: shop, Instances: []wire.Instance{{ID: "db-1", Component: "db", Pod: "db-1-pod"}},
			Plan: planned(0, fault.Fault{Kind: fault.Crash, Component: "db", At: 300 * time.Millisecond}),
		})
		select {
		case <-crashed:
		case <-time.After(20 * time.Second):
			t.Fatal("it did not crash")
		}
	})
}

func TestPeersTakeMemoryUntilNoneIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := shop.Clone()
		arch.Components[1].Capacity.Memory = graph.Memory{LimitBytes: 100, BaseBytes: 10, PerPeerBytes: 40}
		api1, api2, api3, db := start(t, "api", "api-1"), start(t, "api", "api-2"), start(t, "api", "api-3"), start(t, "db", "db-1")
		tell("1", arch, api1, api2, db)
		ready(t, api1, api2, db)
		if resp, body := get(t, api1); resp.StatusCode != http.StatusOK {
			t.Fatalf("with two callers: %d %s", resp.StatusCode, body)
		}
		tell("2", arch, api1, api2, api3, db)
		ready(t, api3)
		deadline := time.After(20 * time.Second)
		for {
			resp, _ := get(t, api1)
			if resp.Header.Get(wire.HeaderReason) == wire.ReasonMemoryLimit.String() {
				return
			}
			select {
			case <-deadline:
				t.Fatal("a third caller does not exhaust the memory")
			default:
			}
		}
	})
}
