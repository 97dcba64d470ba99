package stub

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	services = 100
	branches = 3
)

// serviceTree has a hundred API servers, each calling up to three others: one
// after the other on even levels, at once on odd ones. The last is called twice
// at once, and the one before it by half of the requests.
func serviceTree() graph.Architecture {
	var arch graph.Architecture
	for i := range services {
		capacity := constant(ms)
		capacity.Cores = 16
		arch.Components = append(arch.Components, graph.Component{Name: service(i), Type: graph.APIServer, Replicas: 1, Capacity: capacity})
		if i == 0 {
			continue
		}
		c := graph.Connection{From: service(parent(i)), To: service(i), Calls: 1, Mode: modeOf(parent(i)), ProbabilityPercent: 100}
		switch i {
		case services - 1:
			c.Calls, c.Mode = 2, graph.Parallel
		case services - 2:
			c.ProbabilityPercent = 50
		}
		arch.Connections = append(arch.Connections, c)
	}
	return arch
}

func service(i int) string { return fmt.Sprintf("service-%d", i) }
func parent(i int) int     { return (i - 1) / branches }

func modeOf(i int) graph.CallMode {
	level := 0
	for ; i > 0; i = parent(i) {
		level++
	}
	if level%2 == 0 {
		return graph.Sequential
	}
	return graph.Parallel
}

// takes is how long a service takes with all that it calls.
func takes(i int) time.Duration {
	var sum, most time.Duration
	for child := branches*i + 1; child <= branches*i+branches && child < services; child++ {
		sum, most = sum+takes(child), max(most, takes(child))
	}
	if modeOf(i) == graph.Parallel {
		sum = most
	}
	return ms + sum
}

func TestAHundredServicesCallEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := serviceTree()
		if faults := graph.Check(arch); len(faults) > 0 {
			t.Fatal(faults)
		}
		var all []*replica
		for i := range services {
			all = append(all, start(t, service(i), service(i)+"-1"))
		}
		tell("1", arch, all...)
		ready(t, all...)
		const n, rate = 200, 40.0
		begin, answers := ask(t, all[0], requests(n, rate, nil))
		want := takes(0)
		wantNoneLate(t, answers)
		for k, a := range answers {
			took := time.Duration(a.Time - begin - int64(float64(k)*1e9/rate))
			if a.Outcome != wire.Answered || took != want {
				t.Fatalf("request %d: %s by %q after %v, want %v", k, a.Outcome, a.Reason, took, want)
			}
		}
		for i, r := range all {
			got := metric(t, r, wire.ComponentArrivals+`{class="Read"}`)
			switch {
			case i == services-1 && got != 2*n, i < services-2 && got != n:
				t.Errorf("%s was called %v times by %d requests", r.instance.ID, got, n)
			case i == services-2 && math.Abs(got-n/2) > 4*math.Sqrt(n)/2:
				t.Errorf("%s was called %v times by half of %d requests", r.instance.ID, got, n)
			}
		}
	})
}

func TestAPromiseThatDoesNotMoveOnIsSaidAgain(t *testing.T) {
	edge := &deadEdge{}
	p := &peer{conn: edge}
	start := int64(time.Hour)
	for _, step := range []struct {
		what         string
		t, now, want int64
		frames       int
	}{
		{"a promise", start, start, start, 1},
		{"the same at once", start, start + 1, start, 1},
		{"the same after a while", start, start + repeatAfter + 1, start, 2},
		{"the same at once again", start, start + repeatAfter + 2, start, 2},
		{"an earlier one later", start - 1, start + 2*repeatAfter + 3, start, 3},
		{"one that moves on", start + 5, start + 2*repeatAfter + 4, start + 5, 4},
		{"one far ahead", start + 1<<40, start + 2*repeatAfter + 5, start + 1<<40, 5},
		{"nothing new to say of what is ahead", start, start + 9*repeatAfter, start + 1<<40, 5},
	} {
		p.promise(step.t, step.now)
		if len(edge.sent) != step.frames || edge.sent[len(edge.sent)-1].Time != step.want {
			t.Errorf("%s: %d frames, the last %+v, want %d and %d", step.what, len(edge.sent), edge.sent[len(edge.sent)-1], step.frames, step.want)
		}
	}
}
