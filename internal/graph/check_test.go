package graph

import (
	"strings"
	"testing"
	"time"
)

func TestCheckSaysWhatToWriteInstead(t *testing.T) {
	tests := map[string]struct {
		change func(*Architecture)
		path   string
		want   string
	}{
		"a name twice":         {func(a *Architecture) { a.Components[1].Name = "api" }, "spec.components[1].name", "write another name"},
		"a dangling end":       {func(a *Architecture) { a.Connections[0].To = "dbb" }, "spec.connections[0].to", `no component "dbb": write one of api, db`},
		"a self loop":          {func(a *Architecture) { a.Connections[0].To = "api" }, "spec.connections[0]", "calls itself"},
		"a connection twice":   {func(a *Architecture) { a.Connections[1] = a.Connections[0] }, "spec.connections[1]", "is there already"},
		"a cycle":              {func(a *Architecture) { a.Connections = append(a.Connections, edge("db", "api")) }, "spec.connections", "api -> db -> api"},
		"two entries":          {func(a *Architecture) { a.Connections = a.Connections[1:] }, "spec.connections", "nothing calls api and db"},
		"a replica of nothing": {func(a *Architecture) { a.Components[1].Database = &DatabaseRole{ReplicaOf: "main"} }, "spec.components[1].database.replicaOf", "name of a primary database"},
		"a replica of itself":  {func(a *Architecture) { a.Components[1].Database = &DatabaseRole{ReplicaOf: "db"} }, "spec.components[1].database.replicaOf", "cannot replicate itself"},
		"a replica of an API":  {func(a *Architecture) { a.Components[1].Database = &DatabaseRole{ReplicaOf: "api"} }, "spec.components[1].database.replicaOf", "api is a APIServer"},
		"a replica of a replica": {func(a *Architecture) {
			a.Components[1].Database = &DatabaseRole{ReplicaOf: "r"}
			r := component("r", Database, 1)
			r.Database = &DatabaseRole{ReplicaOf: "main"}
			a.Components = append(a.Components, r, component("main", Database, 1))
			a.Connections = append(a.Connections, edge("api", "r"), edge("api", "main"))
		}, "spec.components[1].database.replicaOf", "is a replica itself: write main"},
		"a block of another type":   {func(a *Architecture) { a.Components[0].Cache = &Caching{} }, "spec.components[0].cache", "remove this block, or write type: Cache"},
		"a worker without a queue":  {func(a *Architecture) { a.Connections = a.Connections[:2] }, "spec.components[3]", "add a connection from a MessageQueue"},
		"a queue feeds a database":  {func(a *Architecture) { a.Connections[0] = edge("queue", "db") }, "spec.connections[0]", "put a Worker between"},
		"an API pushes to a worker": {func(a *Architecture) { a.Connections[1].To = "worker"; a.Connections[2] = edge("api", "queue") }, "spec.connections[1]", "put a MessageQueue between"},
		"a queue with a timeout":    {func(a *Architecture) { a.Connections[2].Timeout = time.Second }, "spec.connections[2]", "remove timeout and retries"},
		"a queue with retries":      {func(a *Architecture) { a.Connections[2].Retries.Count = 1 }, "spec.connections[2]", "remove timeout and retries"},
		"a queue with a pool":       {func(a *Architecture) { a.Connections[2].PoolSize = 5 }, "spec.connections[2]", "remove poolSize"},
		"a balancer of two minds": {func(a *Architecture) {
			a.Components[0].Type = LoadBalancer
			a.Connections[1].Timeout = time.Second
		}, "spec.connections[1]", "write the timeout, retries and poolTimeout of its connection to db"},
		"a database that calls": {func(a *Architecture) { a.Connections[1].From = "db" }, "spec.connections[1]", "calls nothing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := shop()
			test.change(&a)
			for _, f := range Check(a) {
				if f.Path == test.path && strings.Contains(f.Message, test.want) {
					return
				}
			}
			t.Errorf("faults %v, want %s with %q", Check(a), test.path, test.want)
		})
	}
	if faults := Check(shop()); len(faults) > 0 {
		t.Errorf("a good graph has faults %v", faults)
	}
}
