package fidelity

import (
	"fmt"
	"math"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// tiers are a front before a shop before a database, with connections of some patience.
func tiers(db graph.Capacity, errorRate int32, timeout time.Duration, retries graph.Retries) graph.Architecture {
	quick := graph.Capacity{Cores: 64, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: time.Millisecond}}
	edge := func(from, to string) graph.Connection {
		return graph.Connection{From: from, To: to, Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100, Timeout: timeout, Retries: retries}
	}
	return graph.Architecture{
		Components: []graph.Component{
			{Name: "front", Type: graph.APIServer, Replicas: 1, Capacity: quick},
			{Name: "shop", Type: graph.APIServer, Replicas: 1, Capacity: quick},
			{Name: "db", Type: graph.Database, Replicas: 1, Capacity: db, ErrorRatePPM: errorRate, Database: &graph.DatabaseRole{}},
		},
		Connections: []graph.Connection{edge("front", "shop"), edge("shop", "db")},
	}
}

// TestRetriesAmplifyAsTheoryHas counts what reaches a database that fails with a
// chance p behind two tiers that make each call n times more at most. Each visit of
// the shop calls it 1 + p + ... + p^n times on average, and fails with p^(n+1), with
// which the front calls the shop: retries multiply from tier to tier.
func TestRetriesAmplifyAsTheoryHas(t *testing.T) {
	needsLive(t)
	series := func(p float64, n int32) float64 {
		total := 0.0
		for k := range n + 1 {
			total += math.Pow(p, float64(k))
		}
		return total
	}
	for _, tt := range []struct {
		p float64
		n int32
	}{{0.1, 2}, {0.5, 3}, {0.8, 2}, {1, 2}} {
		t.Run(fmt.Sprintf("%v fail, %d retries", tt.p, tt.n), func(t *testing.T) {
			t.Parallel()
			quick := graph.Capacity{Cores: 64, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: time.Millisecond}}
			retries := graph.Retries{Count: tt.n, Backoff: 10 * time.Millisecond, MaxBackoff: 20 * time.Millisecond}
			_, _, stubs := launch(t, tiers(quick, int32(tt.p*1e6), 0, retries))
			at := schedule(200)
			answers := overFrames(t, stubs["front-1"].requests, at)
			failed := 0.0
			for _, a := range answers {
				if a.lost {
					t.Fatal("a request was lost")
				}
				if a.failed != wire.ReasonNone {
					failed++
				}
			}
			q, n := math.Pow(tt.p, float64(tt.n+1)), float64(len(at))
			for what, v := range map[string]struct{ got, want float64 }{
				"calls of the shop":     {stubs["shop-1"].value(t, wire.ComponentArrivals) / n, series(q, tt.n)},
				"calls of the database": {stubs["db-1"].value(t, wire.ComponentArrivals) / n, series(q, tt.n) * series(tt.p, tt.n)},
				"retries of the front":  {stubs["front-1"].value(t, wire.ComponentRetries) / n, series(q, tt.n) - 1},
				"failures":              {failed / n, math.Pow(q, float64(tt.n+1))},
			} {
				t.Logf("%s a request: %.4f, theory says %.4f", what, v.got, v.want)
				if off := max(0.05*v.want, 4*math.Sqrt(v.want/n)); math.Abs(v.got-v.want) > off {
					t.Errorf("%s a request are %.4f, want %.4f within %.4f", what, v.got, v.want, off)
				}
			}
		})
	}
}

// TestABudgetBoundsRetries has every call fail: what reaches the database is what the
// budget pays for, a share of the calls and a hundred that were saved.
func TestABudgetBoundsRetries(t *testing.T) {
	needsLive(t)
	quick := graph.Capacity{Cores: 64, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: time.Millisecond}}
	arch := tiers(quick, 1_000_000, 0, graph.Retries{Count: 3, Backoff: 10 * time.Millisecond, MaxBackoff: 20 * time.Millisecond, BudgetPercent: 20})
	arch.Connections[0].Retries = graph.Retries{}
	_, _, stubs := launch(t, arch)
	at := schedule(200)
	overFrames(t, stubs["front-1"].requests, at)
	got, want := stubs["db-1"].value(t, wire.ComponentArrivals), 1.2*float64(len(at))+100
	if math.Abs(got-want) > 0.01*want {
		t.Errorf("the database was called %v times, want %v within 1 %%", got, want)
	}
}

// TestTimeoutsAreExact holds calls of an M/M/1 database with a timeout to the exact
// result: each is given up at its time if the database takes longer, and keeps the
// database busy all the same. The share given up is exp(-(mu-lambda) T).
func TestTimeoutsAreExact(t *testing.T) {
	needsLive(t)
	const rate, timeout = 80.0, 50 * time.Millisecond
	mean := 10 * time.Millisecond
	for _, over := range []graph.Transport{graph.TransportFrames, graph.TransportHTTP} {
		t.Run(string(over), func(t *testing.T) {
			t.Parallel()
			arch := tiers(graph.Capacity{Cores: 1, ServiceTime: graph.Distribution{Kind: graph.Exponential, Mean: mean}}, 0, timeout, graph.Retries{})
			arch.Transport, arch.Connections[0].Timeout = over, 0
			why := ""
			for range attempts {
				_, _, stubs := launch(t, arch)
				at := schedule(rate)
				answers := overFrames(t, stubs["front-1"].requests, at)
				if why = validity(answers); why == "" {
					givenUp := compareWithTimeout(t, mean, timeout, at, answers)
					if counted := stubs["shop-1"].value(t, wire.ComponentTimeouts); int(counted) != givenUp {
						t.Errorf("%v timeouts counted, want %d", counted, givenUp)
					}
					t.Logf("%.3f of %d calls given up, theory says %.3f", float64(givenUp)/float64(len(at)), len(at), math.Exp(-(1/mean.Seconds()-rate)*timeout.Seconds()))
					return
				}
				t.Logf("invalid: %s", why)
			}
			t.Skipf("no valid run in %d attempts: %s", attempts, why)
		})
	}
}

// compareWithTimeout replays calls of a single core and is how many took too long.
func compareWithTimeout(t *testing.T, mean, timeout time.Duration, at []station.Time, answers []answer) int {
	t.Helper()
	const before = 2 * time.Millisecond // of the front and of the shop
	db := newServer(t, seed, "db", station.Config{Cores: 1, Service: station.Service{Default: station.Exponential(mean)}})
	givenUp, differ := 0, 0
	for k, a := range answers {
		want, reason := db.serve(uint64(k), at[k].Add(before)).Finish, wire.ReasonNone
		if limit := at[k].Add(before + timeout); want > limit {
			want, reason = limit, wire.ReasonTimeout
			givenUp++
		}
		if a.lost || a.finish != want || a.failed != reason {
			differ++
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d requests differ from the exact result though the run is valid", differ, len(at))
	}
	return givenUp
}

// TestAPoolIsAStation holds the calls of a pool of four before a database of many cores
// to an M/M/4 station: the wait for a connection is the wait for a server.
func TestAPoolIsAStation(t *testing.T) {
	needsLive(t)
	const rate, size, mean = 144.0, 4, 25 * time.Millisecond
	arch := tiers(graph.Capacity{Cores: 64, ServiceTime: graph.Distribution{Kind: graph.Exponential, Mean: mean}}, 0, 0, graph.Retries{})
	arch.Connections[1].PoolSize, arch.Connections[1].PoolTimeout = size, 30*time.Second
	why := ""
	for range attempts {
		_, _, stubs := launch(t, arch)
		at := schedule(rate)
		answers := overFrames(t, stubs["front-1"].requests, at)
		if why = validity(answers); why == "" {
			compareWithPool(t, size, mean, at, answers, stubs["shop-1"].value(t, wire.ComponentPoolWaiting))
			return
		}
		t.Logf("invalid: %s", why)
	}
	t.Skipf("no valid run in %d attempts: %s", attempts, why)
}

// compareWithPool replays calls in a station of so many cores, and compares when they
// ended and how long they waited in all, in seconds.
func compareWithPool(t *testing.T, size int, mean time.Duration, at []station.Time, answers []answer, waited float64) {
	t.Helper()
	const before = 2 * time.Millisecond // of the front and of the shop
	pool := newServer(t, seed, "db", station.Config{Cores: size, Service: station.Service{Default: station.Exponential(mean)}})
	differ, want := 0, time.Duration(0)
	for k, a := range answers {
		v := pool.serve(uint64(k), at[k].Add(before))
		want += v.Wait()
		if a.lost || a.failed != wire.ReasonNone || a.finish != v.Finish {
			differ++
		}
	}
	t.Logf("%d calls waited %.6f s for a connection, those of a station %.6f s", len(at), waited, want.Seconds())
	if differ > 0 || math.Abs(waited-want.Seconds()) > 1e-6 {
		t.Errorf("%d of %d requests differ from the exact result though the run is valid", differ, len(at))
	}
}
