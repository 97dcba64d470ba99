package stub

import (
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

func cached(entries int64, replicas ...string) graph.Architecture {
	arch := graph.Architecture{
		Components: []graph.Component{
			{Name: "api", Type: graph.APIServer, Replicas: 1, Capacity: constant(time.Millisecond)},
			{Name: "db", Type: graph.Database, Replicas: 1, Capacity: constant(2 * time.Millisecond)},
			{Name: "cache", Type: graph.Cache, Replicas: int32(max(1, len(replicas))), Capacity: constant(200 * time.Microsecond), Cache: &graph.Caching{Entries: entries, Policy: graph.LRU}},
		},
		Connections: []graph.Connection{
			{From: "api", To: "cache", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100},
			{From: "api", To: "db", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100},
		},
	}
	for i := range arch.Components {
		arch.Components[i].Capacity.Cores = 64
	}
	return arch
}

func TestAHitSparesTheDatabaseAndAWriteTakesItOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db, cache := start(t, "api", "api-1"), start(t, "db", "db-1"), start(t, "cache", "cache-1")
		tell("1", cached(100), api, db, cache)
		ready(t, api, db, cache)
		warm(t, api, cache)
		hitsAndMisses(t, api, cache, 42)
	})
}

// hitsAndMisses reads a key twice, writes it, and reads it twice again.
func hitsAndMisses(t *testing.T, api, cache *replica, key uint64) {
	t.Helper()
	const apart = int64(200 * ms) // far enough for each to see what the one before did
	lookups := func(outcome string) float64 {
		return metric(t, cache, wire.ComponentCacheLookups+`{outcome="`+outcome+`"}`)
	}
	hits, misses, entries := lookups("hit"), lookups("miss"), metric(t, cache, wire.ComponentCacheEntries)
	begin, answers := ask(t, api, requests(5, 1, func(k int, f *wire.Frame) {
		f.Key, f.Time = key, int64(k)*apart
		if k == 2 {
			f.Class = wire.ClassWrite
		}
	}))
	wantNoneLate(t, answers)
	const us = time.Microsecond
	for k, want := range []time.Duration{
		1000*us + 200*us + 2000*us + 200*us, // api, miss, database, set
		1000*us + 200*us,                    // api, hit
		1000*us + 2000*us + 200*us,          // api, database, delete
		1000*us + 200*us + 2000*us + 200*us,
		1000*us + 200*us,
	} {
		if got := time.Duration(answers[k].Time - begin - int64(k)*apart); got != want || answers[k].Miss {
			t.Errorf("request %d took %v, miss %v, want %v", k, got, answers[k].Miss, want)
		}
	}
	if h, m, e := lookups("hit")-hits, lookups("miss")-misses, metric(t, cache, wire.ComponentCacheEntries)-entries; h != 2 || m != 2 || e != 1 {
		t.Errorf("%v hits, %v misses and %v entries more, want 2, 2 and 1", h, m, e)
	}
}

// warm asks until the API server reaches the cache: it does without one at first.
func warm(t *testing.T, api *replica, caches ...*replica) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		get(t, api)
		reached := 0.0
		for _, c := range caches {
			reached += metric(t, c, wire.ComponentCacheLookups+`{outcome="miss"}`)
		}
		if reached > 0 {
			return
		}
		select {
		case <-deadline:
			t.Fatal("the cache is never asked")
		default:
		}
	}
}

func TestCacheAsideHoldsAtAHighRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db, cache := start(t, "api", "api-1"), start(t, "db", "db-1"), start(t, "cache", "cache-1")
		tell("1", cached(1000), api, db, cache)
		ready(t, api, db, cache)
		warm(t, api, cache)
		const n, keys = 20_000, 4000
		count := func() (hits, misses, reads float64) {
			lookups := wire.ComponentCacheLookups + `{outcome="`
			return metric(t, cache, lookups+`hit"}`), metric(t, cache, lookups+`miss"}`), metric(t, db, wire.ComponentArrivals+`{class="Read"}`)
		}
		hits0, misses0, reads0 := count()
		_, answers := ask(t, api, requests(n, 5000, func(k int, f *wire.Frame) { f.Key = uniformKey(k, keys) }))
		wantNoneLate(t, answers)
		hits, misses, reads := count()
		hits, misses, reads = hits-hits0, misses-misses0, reads-reads0
		if hits+misses != n || misses != reads {
			t.Errorf("%v hits and %v misses of %d requests, and %v reads of the database", hits, misses, n, reads)
		}
		// After it has filled, an LRU under uniform keys has its share of them.
		if ratio, want := hits/(n-1000), 1000.0/keys; math.Abs(ratio-want) > 0.02 {
			t.Errorf("hit ratio %v, want about %v", ratio, want)
		}
	})
}

// TestACacheThatFailsFailsNoRequest takes a cache away, and gives it no room.
func TestACacheThatFailsFailsNoRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db, cache := start(t, "api", "api-1"), start(t, "db", "db-1"), start(t, "cache", "cache-1")
		full := cached(100)
		full.Components[2].ErrorRatePPM = 500_000
		tell("1", full, api, db, cache)
		ready(t, api, db, cache)
		warm(t, api, cache)
		check := func(when string) {
			_, answers := ask(t, api, requests(400, 1000, func(k int, f *wire.Frame) {
				f.Key = uint64(k % 10)
				if k%4 == 0 {
					f.Class = wire.ClassWrite
				}
			}))
			for k, a := range answers {
				if a.Outcome != wire.Answered {
					t.Fatalf("%s: request %d failed by %q", when, k, a.Reason)
				}
			}
		}
		check("half of what the cache is asked fails")
		if failed := metric(t, api, wire.ComponentCalls+`{outcome="failed",target="cache"}`); failed == 0 {
			t.Error("the cache never failed")
		}
		tell("2", full, api, db) // no instance of it is left
		check("the cache has gone")
	})
}

func TestKeysStayWhereTheyAreWhenAShardJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := cached(100_000)
		api, db := start(t, "api", "api-1"), start(t, "db", "db-1")
		one, two, three := start(t, "cache", "cache-1"), start(t, "cache", "cache-2"), start(t, "cache", "cache-3")
		tell("1", arch, api, db, one, two)
		ready(t, api, db, one, two)
		warm(t, api, one, two)
		const n = 3000
		all := func() {
			_, answers := ask(t, api, requests(n, 3000, func(k int, f *wire.Frame) { f.Key = uint64(k + 1) }))
			wantNoneLate(t, answers)
		}
		hits := func() (sum float64) {
			for _, r := range []*replica{one, two, three} {
				sum += metric(t, r, wire.ComponentCacheLookups+`{outcome="hit"}`)
			}
			return sum
		}
		all()
		before := hits()
		all()
		if got := hits() - before; got != n {
			t.Errorf("%v of %d keys are found again", got, n)
		}
		for _, r := range []*replica{one, two} {
			if share := metric(t, r, wire.ComponentCacheEntries) / n; share < 0.45 || share > 0.55 {
				t.Errorf("%s keeps %v of the keys, want half", r.instance.ID, share)
			}
		}
		arch.Components[2].Replicas = 3
		tell("2", arch, api, db, one, two, three)
		ready(t, three)
		deadline := time.After(20 * time.Second)
		for metric(t, three, wire.ComponentArrivals+`{class="Read"}`) == 0 {
			select {
			case <-deadline:
				t.Fatal("the new shard is never asked")
			default:
				ask(t, api, requests(30, 1000, func(k int, f *wire.Frame) { f.Key = uint64(1_000_000 + k) }))
			}
		}
		before = hits()
		all()
		if found := (hits() - before) / n; found < 0.60 || found > 0.73 {
			t.Errorf("%v of the keys are found again when the third shard has joined, want two thirds", found)
		}
	})
}

func TestStaticContentIsKeptApartFromData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := cached(100)
		arch.Connections[0].Classes = []graph.Class{graph.Read, graph.Static}
		api, db, cache := start(t, "api", "api-1"), start(t, "db", "db-1"), start(t, "cache", "cache-1")
		tell("1", arch, api, db, cache)
		ready(t, api, db, cache)
		warm(t, api, cache)
		before := metric(t, cache, wire.ComponentCacheEntries)
		ask(t, api, requests(4, 10, func(k int, f *wire.Frame) {
			f.Key = 7
			if k%2 == 1 {
				f.Class = wire.ClassStatic
			}
		}))
		if got := metric(t, cache, wire.ComponentCacheEntries) - before; got != 2 {
			t.Errorf("%v entries for one number in two classes, want 2", got)
		}
	})
}

func TestACacheSpeaksHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := start(t, "cache", "cache-1")
		tell("1", cached(100), cache)
		ready(t, cache)
		for _, step := range []struct {
			method string
			status int
		}{{http.MethodGet, 404}, {http.MethodPut, 200}, {http.MethodGet, 200}, {http.MethodDelete, 200}, {http.MethodGet, 404}} {
			request, err := http.NewRequest(step.method, "http://"+cache.address+"/session/1", nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := visitor().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if missed := response.Header.Get(wire.HeaderMiss) != ""; response.StatusCode != step.status || missed != (step.status == 404) {
				t.Errorf("%s answers %d, miss %v, want %d", step.method, response.StatusCode, missed, step.status)
			}
		}
	})
}

func TestCacheAsideOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := cached(100)
		arch.Transport = graph.TransportHTTP
		api, db, cache := start(t, "api", "api-1"), start(t, "db", "db-1"), start(t, "cache", "cache-1")
		tell("1", arch, api, db, cache)
		ready(t, api, db, cache)
		warm(t, api, cache)
		before := metric(t, db, wire.ComponentArrivals+`{class="Read"}`)
		// What is set after a miss follows on an answer: it comes as late as replicas
		// hold back.
		ask(t, api, requests(5, 1, func(_ int, f *wire.Frame) { f.Key = 5 }))
		if got := metric(t, db, wire.ComponentArrivals+`{class="Read"}`) - before; got != 1 {
			t.Errorf("%v reads of the database for five of one key, want 1", got)
		}
	})
}
