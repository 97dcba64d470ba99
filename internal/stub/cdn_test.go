package stub

import (
	"testing"
	"testing/synctest"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const ms = time.Millisecond

// world has clients near and far, and a CDN before the API server.
func world(t *testing.T, edgesIn ...string) (cdn, api *replica, tellAgain func(revision string, regions ...traffic.Region)) {
	t.Helper()
	arch := graph.Architecture{
		Components: []graph.Component{
			{Name: "cdn", Type: graph.CDN, Replicas: 1, Capacity: constant(ms), CDN: &graph.Edge{Entries: 100, Regions: edgesIn}},
			{Name: "api", Type: graph.APIServer, Replicas: 1, Capacity: constant(ms)},
		},
		Connections: []graph.Connection{{From: "cdn", To: "api", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}},
	}
	cdn, api = start(t, "cdn", "cdn-1"), start(t, "api", "api-1")
	tellAgain = func(revision string, regions ...traffic.Region) {
		topology := wire.Topology{
			Revision: revision, Seed: 1, Entry: "cdn", Architecture: arch, Instances: []wire.Instance{cdn.instance, api.instance},
			Plan: &wire.Plan{Traffic: traffic.Traffic{Regions: regions}},
		}
		cdn.node.Apply(topology)
		api.node.Apply(topology)
	}
	tellAgain("1", traffic.Region{Name: "near", RoundTrip: 10 * ms}, traffic.Region{Name: "far", RoundTrip: 200 * ms})
	ready(t, cdn, api)
	return cdn, api, tellAgain
}

// trip is what a request took, and how much of it on ways between regions.
type trip struct{ took, network time.Duration }

func travel(t *testing.T, cdn *replica, frames ...wire.Frame) []trip {
	t.Helper()
	apart := int64(500 * ms)
	begin, answers := ask(t, cdn, requests(len(frames), 1, func(k int, f *wire.Frame) {
		f.Class, f.Key, f.Region, f.Time = frames[k].Class, frames[k].Key, frames[k].Region, int64(k)*apart
	}))
	trips := make([]trip, len(answers))
	for k, a := range answers {
		if a.Outcome != wire.Answered || a.Late {
			t.Errorf("request %d: %s by %q, late %v", k, a.Outcome, a.Reason, a.Late)
		}
		trips[k] = trip{time.Duration(a.Time - begin - int64(k)*apart), time.Duration(a.Network)}
	}
	return trips
}

func TestAnEdgeServesWhatItHasAndFetchesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cdn, api, _ := world(t)
		got := travel(t, cdn,
			wire.Frame{Class: wire.ClassStatic, Key: 1, Region: 1}, // not there yet
			wire.Frame{Class: wire.ClassStatic, Key: 1, Region: 1}, // at the edge
			wire.Frame{Class: wire.ClassStatic, Key: 1, Region: 0}, // another edge
			wire.Frame{Class: wire.ClassRead, Key: 1, Region: 1},   // is not static
			wire.Frame{Class: wire.ClassRead, Key: 1, Region: 1},
		)
		want := []trip{{202 * ms, 200 * ms}, {ms, 0}, {12 * ms, 10 * ms}, {202 * ms, 200 * ms}, {202 * ms, 200 * ms}}
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("request %d: %+v, want %+v", k, got[k], want[k])
			}
		}
		if n := metric(t, api, wire.ComponentArrivals+`{class="Static"}`); n != 2 {
			t.Errorf("the origin saw %v static requests, want 2", n)
		}
		for series, want := range map[string]float64{
			wire.ComponentCacheLookups + `{outcome="hit"}`: 1, wire.ComponentCacheLookups + `{outcome="miss"}`: 2, wire.ComponentCacheEntries: 2,
		} {
			if got := metric(t, cdn, series); got != want {
				t.Errorf("%s %v, want %v", series, got, want)
			}
		}
	})
}

func TestRegionsWithoutAnEdgeGoToTheOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cdn, _, tellAgain := world(t, "far")
		near := wire.Frame{Class: wire.ClassStatic, Key: 1, Region: 0}
		for k, got := range travel(t, cdn, near, near) {
			if want := (trip{2 * ms, 0}); got != want { // its clients have made their way already
				t.Errorf("request %d: %+v, want %+v", k, got, want)
			}
		}
		// The regions change while the run goes on.
		tellAgain("2", traffic.Region{Name: "far", RoundTrip: 50 * ms})
		applied(t, cdn, "2")
		if got, want := travel(t, cdn, near), (trip{52 * ms, 50 * ms}); got[0] != want {
			t.Errorf("after the change: %+v, want %+v", got[0], want)
		}
	})
}

// applied waits until a replica works by a revision.
func applied(t *testing.T, r *replica, revision string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		r.node.mu.Lock()
		has := r.node.settings.revision
		r.node.mu.Unlock()
		if has == revision {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s works by revision %s, not %s", r.instance.ID, has, revision)
		case <-time.After(5 * ms):
		}
	}
}
