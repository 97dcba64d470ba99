package graph

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// drawing is an architecture of an API server, what it calls and how.
func drawing(connections ...Connection) Architecture {
	a := Architecture{
		Components: []Component{
			component("api", APIServer, 1), component("db", Database, 1), component("orders", Database, 1), component("replica", Database, 1),
			component("cache", Cache, 1), component("sessions", Cache, 1), component("audit", APIServer, 1), component("mail", APIServer, 1),
			component("proxy", LoadBalancer, 1),
		},
		Connections: connections,
	}
	a.Components[3].Database = &DatabaseRole{ReplicaOf: "db"}
	return a
}

func of(c Connection, classes ...Class) Connection {
	c.Classes = classes
	return c
}

func many(c Connection, calls, percent int32) Connection {
	c.Calls, c.ProbabilityPercent = calls, percent
	return c
}

func parallel(c Connection) Connection {
	c.Mode = Parallel
	return c
}

// told is an itinerary in one line: a step in brackets, ? for a call on a miss,
// and where it is not the whole the chance and what draws it.
func told(steps []Step) string {
	var text []string
	for _, s := range steps {
		var calls []string
		for _, c := range s.Calls {
			call := string(c.Verb) + " " + strings.Join(c.Targets, "|")
			if c.OnMiss {
				call += "?"
			}
			if c.ProbabilityPercent != 100 {
				call += fmt.Sprintf(" %d%% of %s", c.ProbabilityPercent, c.Draw)
			}
			calls = append(calls, call)
		}
		text = append(text, "["+strings.Join(calls, ", ")+"]")
	}
	return strings.Join(text, " ")
}

func TestItinerary(t *testing.T) {
	db, orders, replica := edge("api", "db"), edge("api", "orders"), of(edge("api", "replica"), Read)
	cache, sessions, audit, mail := edge("api", "cache"), edge("api", "sessions"), edge("api", "audit"), edge("api", "mail")
	tests := map[string]struct {
		connections []Connection
		class       Class
		want        string
	}{
		"in the order of the connections": {[]Connection{db, audit}, Write, "[Serve db] [Serve audit]"},
		"a class that may not pass":       {[]Connection{of(db, Read), audit}, Write, "[Serve audit]"},
		"calls, one after the other":      {[]Connection{many(db, 2, 100)}, Read, "[Serve db] [Serve db]"},
		"parallel neighbours at once": {
			[]Connection{parallel(many(audit, 1, 50)), parallel(many(mail, 3, 100)), db}, Write,
			"[Serve audit 50% of audit, Serve mail, Serve mail, Serve mail] [Serve db]",
		},
		"a sequential call parts parallel ones": {[]Connection{parallel(audit), db, parallel(mail)}, Read, "[Serve audit] [Serve db] [Serve mail]"},

		"reads are shared with the replica":         {[]Connection{replica, many(db, 2, 100)}, Read, "[Serve db|replica] [Serve db|replica]"},
		"writes go to the primary":                  {[]Connection{edge("api", "replica"), db}, Write, "[Serve db]"},
		"static content comes from the primary":     {[]Connection{edge("api", "replica"), db}, Static, "[Serve db]"},
		"a replica alone is read":                   {[]Connection{edge("api", "replica")}, Read, "[Serve replica]"},
		"a replica alone takes no writes":           {[]Connection{edge("api", "replica")}, Write, ""},
		"a replica alone has static content":        {[]Connection{edge("api", "replica")}, Static, "[Serve replica]"},
		"async work at the primary alone":           {[]Connection{edge("api", "replica"), db}, Async, "[Serve db]"},
		"a read asks the cache first":               {[]Connection{cache, db}, Read, "[Get cache] [Serve db?] [Set cache?]"},
		"a write takes the key out":                 {[]Connection{cache, db}, Write, "[Serve db] [Delete cache]"},
		"the order of cache and database is free":   {[]Connection{db, cache}, Read, "[Get cache] [Serve db?] [Set cache?]"},
		"static content passes the cache by":        {[]Connection{cache, db}, Static, "[Serve db]"},
		"static content that the connection names":  {[]Connection{of(cache, Read, Static), db}, Static, "[Get cache] [Serve db?] [Set cache?]"},
		"async work passes the cache by":            {[]Connection{cache, db}, Async, "[Serve db]"},
		"async work that the connection names":      {[]Connection{of(cache, Async), db}, Async, "[Serve db] [Delete cache]"},
		"a hit spares all of its databases":         {[]Connection{cache, db, audit, orders}, Read, "[Get cache] [Serve db?] [Serve audit] [Serve orders?] [Set cache?]"},
		"and the replicas of them":                  {[]Connection{cache, replica, db}, Read, "[Get cache] [Serve db|replica?] [Set cache?]"},
		"a cache stands up to the next":             {[]Connection{cache, db, sessions, orders}, Read, "[Get cache] [Serve db?] [Set cache?] [Get sessions] [Serve orders?] [Set sessions?]"},
		"the last cache stands before what is left": {[]Connection{db, cache, orders, sessions}, Read, "[Get sessions] [Serve db?] [Set sessions?] [Get cache] [Serve orders?] [Set cache?]"},
		"a database before its cache has none":      {[]Connection{db, cache, orders}, Read, "[Serve db] [Get cache] [Serve orders?] [Set cache?]"},
		"a cache that stands before nothing":        {[]Connection{audit, sessions}, Read, "[Serve audit] [Get sessions] [Set sessions?]"},
		"and what changes takes its key out":        {[]Connection{audit, sessions}, Write, "[Serve audit] [Delete sessions]"},
		"the cache before a parallel group": {
			[]Connection{cache, parallel(audit), parallel(db)}, Read, "[Get cache] [Serve audit, Serve db?] [Set cache?]",
		},
		"parallel databases with caches of their own": {
			[]Connection{cache, parallel(db), sessions, parallel(orders)}, Write, "[Serve db] [Delete cache] [Serve orders] [Delete sessions]",
		},
		"a cache is asked when the database would be": {
			[]Connection{many(cache, 3, 40), many(db, 2, 70)}, Read,
			"[Get cache 40% of db] [Serve db? 70% of db] [Serve db? 70% of db] [Set cache? 40% of db]",
		},
		"databases behind a balancer": {
			[]Connection{edge("api", "proxy"), edge("proxy", "db"), edge("proxy", "orders"), cache}, Read, "[Get cache] [Serve proxy?] [Set cache?]",
		},
		"a balancer before all sorts is not a database": {
			[]Connection{edge("api", "proxy"), edge("proxy", "db"), edge("proxy", "audit"), cache}, Read, "[Serve proxy] [Get cache] [Set cache?]",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := told(Itinerary(drawing(test.connections...), "api", test.class)); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestABalancerSendsEachRequestToOneOfAll(t *testing.T) {
	a := drawing(many(edge("proxy", "audit"), 2, 50), edge("proxy", "mail"), of(edge("proxy", "db"), Write))
	if got, want := told(Itinerary(a, "proxy", Read)), "[Serve audit|mail]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	a.Connections = a.Connections[:1]
	if got, want := told(Itinerary(a, "proxy", Read)), "[Serve audit 50% of audit] [Serve audit 50% of audit]"; got != want {
		t.Errorf("with one connection %s, want %s", got, want)
	}
}

func TestAWorkerTakesOutWhatItsWorkChanged(t *testing.T) {
	a := drawing(edge("api", "db"), edge("api", "cache"))
	a.Components[0].Type = Worker
	if got, want := told(Itinerary(a, "api", Async)), "[Serve db] [Delete cache]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAsides(t *testing.T) {
	a := drawing(edge("api", "db"), edge("api", "cache"), edge("api", "orders"), edge("api", "sessions"), of(edge("api", "replica"), Read))
	want := []Aside{{Cache: "sessions", Databases: []string{"db", "replica"}}, {Cache: "cache", Databases: []string{"orders"}}}
	if diff := cmp.Diff(want, Asides(a, "api", Read)); diff != "" {
		t.Errorf("asides (-want +got):\n%s", diff)
	}
	if got := Asides(a, "api", Static); got != nil {
		t.Errorf("static content uses %v", got)
	}
	a.Connections = append(a.Connections, edge("audit", "cache"))
	if diff := cmp.Diff([]Aside{{Cache: "cache"}}, Asides(a, "audit", Write)); diff != "" {
		t.Errorf("a cache of its own (-want +got):\n%s", diff)
	}
}

func TestCallsShareTheConnectionsOfTheirLegs(t *testing.T) {
	pooled := func(c Connection, size int32) Connection {
		c.PoolSize = size
		return c
	}
	a := drawing(pooled(edge("api", "cache"), 3), pooled(edge("api", "db"), 20), edge("api", "audit"), pooled(edge("proxy", "api"), 4), pooled(edge("proxy", "mail"), 5))
	want := map[string]map[string]int32{"api": {"cache": 3, "db": 20, "": 0}, "proxy": {"api": 9}}
	for component, pools := range want {
		got := map[string]int32{}
		for _, s := range Itinerary(a, component, Read) {
			for _, c := range s.Calls {
				got[c.Pool] = c.PoolSize
			}
		}
		if diff := cmp.Diff(pools, got); diff != "" {
			t.Errorf("pools of %s (-want +got):\n%s", component, diff)
		}
	}
}

func TestCallsHaveThePatienceOfTheirConnections(t *testing.T) {
	patient := func(c Connection) Connection {
		c.Timeout, c.Retries = time.Second, Retries{Count: 2, Backoff: 25 * time.Millisecond, MaxBackoff: time.Second}
		return c
	}
	a := drawing(patient(edge("api", "cache")), patient(edge("api", "db")), patient(edge("api", "audit")), patient(edge("proxy", "api")), patient(edge("proxy", "mail")))
	for _, component := range []string{"api", "proxy"} {
		for _, s := range Itinerary(a, component, Read) {
			for _, c := range s.Calls {
				if c.Timeout != time.Second || c.Retries.Count != 2 {
					t.Errorf("%s calls %v with the timeout %v and %+v", component, c.Targets, c.Timeout, c.Retries)
				}
			}
		}
	}
}
