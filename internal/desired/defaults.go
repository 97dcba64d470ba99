package desired

import (
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// defaultConnectionLimit is PostgreSQL's max_connections as shipped.
const defaultConnectionLimit = 100

const mebibyte = 1 << 20

// defaultCapacity is one replica of a type as people run them: a balancer that
// is never the bottleneck, a small API server, a database of four cores.
func defaultCapacity(kind graph.ComponentType) graph.Capacity {
	exponential := func(mean time.Duration) graph.Distribution {
		return graph.Distribution{Kind: graph.Exponential, Mean: mean}
	}
	memory := func(limitMiB, baseMiB, perRequestKiB int64) graph.Memory {
		return graph.Memory{LimitBytes: limitMiB * mebibyte, BaseBytes: baseMiB * mebibyte, PerRequestBytes: perRequestKiB << 10}
	}
	switch kind {
	case graph.LoadBalancer:
		return graph.Capacity{
			Cores: 8, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: 50 * time.Microsecond}, Memory: memory(1024, 64, 16),
		}
	case graph.Database:
		return graph.Capacity{Cores: 4, ServiceTime: exponential(2 * time.Millisecond), Memory: memory(4096, 1024, 1024)}
	case graph.Cache:
		return graph.Capacity{Cores: 1, ServiceTime: exponential(100 * time.Microsecond), Memory: memory(1024, 64, 1)}
	case graph.MessageQueue:
		return graph.Capacity{Cores: 2, ServiceTime: exponential(50 * time.Microsecond), Memory: memory(2048, 128, 4)}
	case graph.Worker:
		return graph.Capacity{Cores: 1, ServiceTime: exponential(20 * time.Millisecond), Memory: memory(512, 64, 256)}
	case graph.CDN:
		return graph.Capacity{
			Cores: 16, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: 50 * time.Microsecond}, Memory: memory(4096, 256, 4),
		}
	default: // APIServer
		return graph.Capacity{Cores: 1, ServiceTime: exponential(5 * time.Millisecond), Memory: memory(512, 64, 256)}
	}
}
