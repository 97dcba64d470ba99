package graph

import (
	"fmt"
	"strings"
	"time"
)

// FreeName is a name like stem that no component has: stem, stem-2, stem-3 ...
func (a Architecture) FreeName(stem string) string {
	name := stem
	for n := 2; a.index(name) >= 0; n++ {
		name = fmt.Sprintf("%s-%d", stem, n)
	}
	return name
}

// Kebab is a component type as people name components: api-server.
func Kebab(t ComponentType) string {
	switch t {
	case APIServer:
		return "api-server"
	case LoadBalancer:
		return "load-balancer"
	case MessageQueue:
		return "message-queue"
	default:
		return strings.ToLower(string(t))
	}
}

// BalancerFor is a load balancer that stands before a component and is never
// its bottleneck: a constant 50us on eight cores, 160,000 requests a second.
func BalancerFor(name string) Component {
	return Component{
		Name: name, Type: LoadBalancer, Replicas: 1,
		Capacity:     swift(8, 50*time.Microsecond),
		LoadBalancer: &Balancing{Algorithm: RoundRobin},
	}
}

// CacheFor is a cache beside a database: 200us on eight cores, 10,000 entries.
func CacheFor(name string) Component {
	return Component{
		Name: name, Type: Cache, Replicas: 1,
		Capacity: swift(8, 200*time.Microsecond),
		Cache:    &Caching{Entries: 10_000, Policy: LRU, TTL: 5 * time.Minute},
	}
}

// CDNFor is an edge before the entry: 50us on sixteen cores, 10,000 entries.
func CDNFor(name string) Component {
	return Component{
		Name: name, Type: CDN, Replicas: 1,
		Capacity: swift(16, 50*time.Microsecond),
		CDN:      &Edge{Entries: 10_000},
	}
}

// ReadReplicaOf is a database like its primary that replicates it.
func ReadReplicaOf(primary Component, name string) Component {
	replica := cloneComponent(primary)
	replica.Name, replica.Replicas, replica.Position = name, 1, nil
	role := DatabaseRole{ReplicationLag: 20 * time.Millisecond}
	if primary.Database != nil {
		role = *primary.Database
	}
	role.ReplicaOf = primary.Name
	replica.Database = &role
	return replica
}

// WorkersFor are workers of a queue, each with one core and 10ms for a message.
func WorkersFor(name string) Component {
	return Component{
		Name: name, Type: Worker, Replicas: 1,
		Capacity: Capacity{Cores: 1, ServiceTime: Distribution{Kind: Exponential, Mean: 10 * time.Millisecond}, Memory: someMemory()},
		Worker:   &Working{Concurrency: 1},
	}
}

// swift is a capacity that passes requests on without becoming the bottleneck.
func swift(cores int32, serviceTime time.Duration) Capacity {
	return Capacity{Cores: cores, ServiceTime: Distribution{Kind: Constant, Mean: serviceTime}, Memory: someMemory()}
}

func someMemory() Memory {
	return Memory{LimitBytes: 1 << 30, BaseBytes: 64 << 20, PerRequestBytes: 16 << 10}
}
