package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tiers is a graph of n components shaped as services are: an edge, balancers,
// API servers that call each other, and what they keep their data in.
func tiers(n int, seed uint64) Architecture {
	random := rand.New(rand.NewPCG(seed, 0))
	a := Architecture{Components: []Component{component("cdn", CDN, 1), component("lb", LoadBalancer, 1)}, Connections: []Connection{edge("cdn", "lb")}}
	apis := max(n/2, 1)
	for i := range apis {
		name := fmt.Sprintf("api-%d", i)
		a.Components = append(a.Components, component(name, APIServer, 1))
		if i < 4 {
			a.Connections = append(a.Connections, edge("lb", name))
		}
		for range min(i, 1+random.IntN(2)) {
			if caller := fmt.Sprintf("api-%d", random.IntN(i)); !slices.Contains(a.Callers(name), caller) {
				a.Connections = append(a.Connections, edge(caller, name))
			}
		}
	}
	stores := []ComponentType{Database, Cache, MessageQueue, Worker}
	for i := len(a.Components); i < n; i++ {
		t := stores[random.IntN(len(stores))]
		name := fmt.Sprintf("%s-%d", Kebab(t), i)
		a.Components = append(a.Components, component(name, t, 1))
		for range 1 + random.IntN(2) {
			if caller := fmt.Sprintf("api-%d", random.IntN(apis)); !slices.Contains(a.Callers(name), caller) {
				a.Connections = append(a.Connections, edge(caller, name))
			}
		}
	}
	return a
}

// growth is a log of decisions that insert components or add replicas.
func growth(a Architecture, decisions int, seed uint64) []Decision {
	random := rand.New(rand.NewPCG(seed, 1))
	var log []Decision
	for live := a.Clone(); len(log) < decisions; {
		c := live.Components[random.IntN(len(live.Components))]
		d := Decision{ID: int64(len(log) + 1), Component: c.Name, From: c.Replicas, To: c.Replicas + 1, Action: AddReplica}
		switch random.IntN(5) {
		case 0:
			d.Action, d.Added = InsertLoadBalancer, new(BalancerFor(live.FreeName(c.Name+"-lb")))
		case 1:
			d.Action, d.Added = InsertCache, new(CacheFor(live.FreeName(c.Name+"-cache")))
		case 2:
			d.Action, d.Added, d.From, d.To = AddReadReplica, new(ReadReplicaOf(c, live.FreeName(c.Name+"-replica"))), 0, 1
		case 3:
			d.Action, d.Added, d.From, d.To = AddWorkers, new(WorkersFor(live.FreeName(c.Name+"-worker"))), 0, 1
		}
		if live.apply(d) == "" {
			log = append(log, d)
		}
	}
	return log
}

// TestLayoutOfThreeTiers also holds the picture that the auto_scale message is documented with.
func TestLayoutOfThreeTiers(t *testing.T) {
	base := Architecture{
		Components:  []Component{component("load-balancer", LoadBalancer, 1), component("api-server", APIServer, 1), component("database", Database, 1)},
		Connections: []Connection{edge("load-balancer", "api-server"), edge("api-server", "database")},
	}
	layout := Lay(base, []Decision{{ID: 1, Action: AddReplica, Component: "api-server", From: 1, To: 2}})
	want := Layout{
		Direction: LeftToRight, Room: 6,
		Slots: []Slot{
			{Component: "load-balancer", Position: Point{100, 140}, Room: 1},
			{Component: "api-server", Position: Point{400, 140}, Room: 6},
			{Component: "database", Position: Point{700, 140}, Room: 1},
		},
		Paths: []Path{
			{From: "load-balancer", To: "api-server", Points: []Point{{314, 186}, {376, 186}}},
			{From: "api-server", To: "database", Points: []Point{{614, 186}, {676, 186}}},
		},
	}
	if diff := cmp.Diff(want, layout); diff != "" {
		t.Errorf("layout (-want +got):\n%s", diff)
	}
	second, ok := layout.At("api-server", 2)
	if want := (Point{400, 250}); !ok || second != want {
		t.Errorf("api-server-2 is at %v, %v; want %v", second, ok, want)
	}
	line := layout.Join(layout.Paths[0], layout.Slots[0].Position, second)
	if diff := cmp.Diff([]Point{{290, 186}, {376, 186}, {376, 296}, {400, 296}}, line); diff != "" {
		t.Errorf("the way to api-server-2 (-want +got):\n%s", diff)
	}
}

func TestNothingMovesOverlapsOrHidesAsAnArchitectureGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 10 { // ten scripts to each of the hundred checks
			base := tiers(rapid.IntRange(3, 24).Draw(t, "components"), rapid.Uint64().Draw(t, "graph"))
			log := growth(base, rapid.IntRange(1, 10).Draw(t, "decisions"), rapid.Uint64().Draw(t, "growth"))
			grown := Tidy(base)
			drawable(t, base, grown)
			for i := range log {
				live := Fold(base, log[:i+1])
				before := grown
				grown = grown.Extend(live)
				drawable(t, live, grown)
				unmoved(t, before, grown)
			}
			if diff := cmp.Diff(Lay(base, log), grown); diff != "" {
				t.Fatalf("who comes late sees another picture (-late +early):\n%s", diff)
			}
			if diff := cmp.Diff(Lay(base, Compact(base, log)), grown); diff != "" {
				t.Fatalf("the compacted log gives another picture (-compacted +whole):\n%s", diff)
			}
		}
	})
}

// drawable fails unless every component has a slot of its own and every
// connection a line to every box, past all other slots.
func drawable(t *rapid.T, a Architecture, l Layout) {
	if len(l.Slots) != len(a.Components) || len(l.Paths) != len(a.Connections) {
		t.Fatalf("%d slots and %d paths for %d components and %d connections", len(l.Slots), len(l.Paths), len(a.Components), len(a.Connections))
	}
	axes := l.Direction.axes()
	for i, s := range l.Slots {
		for _, other := range l.Slots[:i] {
			if axes.area(s).grown(5).overlaps(axes.area(other)) {
				t.Fatalf("%s and %s overlap", s.Component, other.Component)
			}
		}
	}
	boxes := map[string][]Box{}
	for _, b := range l.Boxes(a) {
		boxes[b.Component] = append(boxes[b.Component], b)
	}
	for _, p := range l.Paths {
		for _, from := range boxes[p.From] {
			for _, to := range boxes[p.To] {
				unhidden(t, l, p, l.Join(p, from.Position, to.Position))
			}
		}
	}
}

// unhidden fails when a line runs through a slot, those at its ends included.
func unhidden(t *rapid.T, l Layout, p Path, joined []Point) {
	axes := l.Direction.axes()
	for i := 1; i < len(joined); i++ {
		from, to := axes.turn(joined[i-1]), axes.turn(joined[i])
		for _, s := range l.Slots {
			if axes.area(s).crossedBy(from, to) {
				t.Fatalf("the path from %s to %s runs through %s: %v", p.From, p.To, s.Component, joined)
			}
		}
	}
}

func unmoved(t *rapid.T, before, after Layout) {
	for _, s := range before.Slots {
		now, ok := after.Slot(s.Component)
		if !ok || now != s {
			t.Fatalf("%s moved from %v to %v", s.Component, s, now)
		}
	}
	if before.Direction != after.Direction {
		t.Fatalf("the direction turned to %s", after.Direction)
	}
}

func TestPinsStayAndMoveNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := tiers(rapid.IntRange(3, 24).Draw(t, "components"), rapid.Uint64().Draw(t, "graph"))
		log := growth(base, 3, rapid.Uint64().Draw(t, "growth"))
		free := Lay(base, log)
		i := rapid.IntRange(0, len(base.Components)-1).Draw(t, "pinned")
		pin := Point{X: free.Bounds().Max.X + 300, Y: rapid.Int32Range(-3000, 3000).Draw(t, "y")}
		live := Fold(base, log)
		live.Components[i].Position = &pin
		moved := free.Extend(live)
		drawable(t, live, moved)
		for _, s := range free.Slots {
			now, _ := moved.Slot(s.Component)
			if s.Component == base.Components[i].Name {
				s.Position, s.Pinned = pin, true
			}
			if now != s {
				t.Fatalf("%s is at %v, want %v", s.Component, now, s)
			}
		}
	})
}

func TestPinsInTheUsersOwnGraph(t *testing.T) {
	base := shop()
	base.Components[1].Position = &Point{X: 5000, Y: -700}
	layout := Lay(base, nil)
	free := Lay(shop(), nil)
	for i, s := range layout.Slots {
		want := free.Slots[i]
		if s.Component == "db" {
			want.Position, want.Pinned = Point{X: 5000, Y: -700}, true
		}
		if s != want {
			t.Errorf("%s is at %v, want %v", s.Component, s, want)
		}
	}
	for i := range base.Components[:3] {
		base.Components[i].Position = &Point{X: 9000, Y: int32(i) * 1000}
	}
	worker, _ := Lay(base, nil).Slot("worker")
	if want := (Point{X: 9300, Y: 2000}); worker.Position != want {
		t.Errorf("the one component that was not placed by hand is at %v, want %v beside its queue", worker.Position, want)
	}
}

func TestBoxesFold(t *testing.T) {
	many := tiers(30, 1)
	for i := range many.Components {
		many.Components[i].Replicas = 2
	}
	many.Components[2].Replicas = 5
	tests := map[string]struct {
		live                Architecture
		wantBoxes, wantFold int
	}{
		"each replica is a box":                  {Architecture{Components: []Component{component("api", APIServer, 6), component("db", Database, 1)}}, 7, 0},
		"above six a component folds":            {Architecture{Components: []Component{component("api", APIServer, 7), component("db", Database, 1)}}, 2, 1},
		"above forty boxes the largest fold":     {Architecture{Components: eachWith(6, 6, 6, 6, 6, 6, 4, 2)}, 8 - 6 + 4 - 1 + 2 - 1 + 6, 6},
		"above forty components every one folds": {tiers(50, 1), 50, 0},
		"two of each are too many for thirty":    {many, 30, 30},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			boxes := Tidy(tt.live).Boxes(tt.live)
			folded := 0
			for _, b := range boxes {
				if b.Instance == "" {
					folded++
				}
			}
			if len(boxes) != tt.wantBoxes || folded != tt.wantFold || len(boxes) > max(MaxBoxes, len(tt.live.Components)) {
				t.Errorf("%d boxes, %d folded; want %d and %d", len(boxes), folded, tt.wantBoxes, tt.wantFold)
			}
		})
	}
}

func eachWith(replicas ...int32) []Component {
	var all []Component
	for i, n := range replicas {
		all = append(all, component(fmt.Sprintf("api-%d", i), APIServer, n))
	}
	return all
}

func TestLayoutIsTotal(t *testing.T) {
	tests := map[string]Architecture{
		"nothing":               {},
		"a cycle":               {Components: eachWith(1, 1, 1), Connections: []Connection{edge("api-0", "api-1"), edge("api-1", "api-2"), edge("api-2", "api-0")}},
		"a loop":                {Components: eachWith(1), Connections: []Connection{edge("api-0", "api-0")}},
		"dangling":              {Components: eachWith(1), Connections: []Connection{edge("api-0", "gone"), edge("gone", "api-0")}},
		"islands":               {Components: eachWith(1, 2, 3)},
		"a connection twice":    {Components: eachWith(1, 1), Connections: []Connection{edge("api-0", "api-1"), edge("api-0", "api-1")}},
		"a replica of itself":   {Components: []Component{{Name: "db", Type: Database, Database: &DatabaseRole{ReplicaOf: "db"}}}},
		"one upon another":      {Components: []Component{{Name: "a", Position: &Point{1, 2}}, {Name: "b", Position: &Point{3, 4}}}, Connections: []Connection{edge("a", "b")}},
		"a replica nobody asks": {Components: []Component{component("db", Database, 1), ReadReplicaOf(component("db", Database, 1), "db-replica")}},
	}
	for name, a := range tests {
		t.Run(name, func(t *testing.T) {
			layout := Lay(a, nil)
			if len(layout.Slots) != len(a.Components) {
				t.Errorf("%d slots for %d components", len(layout.Slots), len(a.Components))
			}
			for _, p := range layout.Paths {
				if len(p.Points) < 2 {
					t.Errorf("the path from %s to %s has %d points", p.From, p.To, len(p.Points))
				}
			}
		})
	}
}

// TestLayoutOfAGrownStorefront holds that an edge leaves a layer to the balancer
// that comes after it, so that requests go on from left to right.
func TestLayoutOfAGrownStorefront(t *testing.T) {
	base := Architecture{
		Components:  []Component{component("api-server", APIServer, 1), component("database", Database, 1)},
		Connections: []Connection{edge("api-server", "database")},
	}
	edgeFirst := []Decision{
		{ID: 1, Action: InsertCDN, Component: "api-server", Added: new(CDNFor("cdn"))},
		{ID: 2, Action: InsertCache, Component: "database", Added: new(CacheFor("cache"))},
		{ID: 3, Action: AddReplica, Component: "api-server", From: 1, To: 3},
		{ID: 4, Action: InsertLoadBalancer, Component: "api-server", Added: new(BalancerFor("load-balancer"))},
		{ID: 5, Action: AddReadReplica, Component: "database", From: 0, To: 1, Added: new(ReadReplicaOf(base.Components[1], "database-replica"))},
	}
	balancerFirst := []Decision{edgeFirst[3], {ID: 5, Action: InsertCDN, Component: "load-balancer", Added: new(CDNFor("cdn"))}}
	for _, log := range [][]Decision{edgeFirst, balancerFirst} {
		layout := Lay(base, log)
		var at []int32
		for _, name := range []string{"cdn", "load-balancer", "api-server", "database"} {
			slot, ok := layout.Slot(name)
			if !ok {
				t.Fatalf("%s has no slot after %v", name, log)
			}
			at = append(at, slot.Position.X)
			if slot.Position.Y != layout.Slots[0].Position.Y {
				t.Errorf("%s is at %v, beside the line that requests take", name, slot.Position)
			}
		}
		if diff := cmp.Diff([]int32{-500, -200, 100, 400}, at); diff != "" {
			t.Errorf("layers (-want +got):\n%s", diff)
		}
	}
}
