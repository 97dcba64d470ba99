package fidelity

import (
	"math"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/station"
)

// backlog is a queue that workers cannot keep up with for a while.
type backlog struct {
	rate    float64 // messages a second
	fill    time.Duration
	workers int
	// then is the rate and the number of workers after that while.
	thenRate    float64
	thenWorkers int
	service     station.Distribution
}

// arithmetic is how long the backlog takes to drain: what has gathered, over
// what is left of the workers beside new messages.
func (b backlog) arithmetic() (depth, drain float64) {
	each := b.service.Mean().Seconds()
	depth = (b.rate - float64(b.workers)/each) * b.fill.Seconds()
	return depth, depth / (float64(b.thenWorkers)/each - b.thenRate)
}

// play is the depth at the end of the while and the time until nothing waits.
// Messages wait in the queue until a place of a worker is free and pulls them.
func (b backlog) play(t *testing.T, seed uint64) (depth, drain float64) {
	t.Helper()
	config := station.Config{Cores: b.workers, Queue: station.AtMost(0), Service: station.Service{Default: b.service}}
	workers, clients, turn := newServer(t, seed, "workers", config), poisson(seed, b.rate), station.Time(b.fill)
	places := &calendar{}
	join := func(n int, at station.Time) {
		for range n {
			places.push(call{at: at})
		}
	}
	join(b.workers, 0)
	turned := false
	for k, at := clients.arrival(); ; {
		if at > turn && clients.gap != 1e9/b.thenRate {
			clients.at, clients.gap = float64(turn), 1e9/b.thenRate
			k, at = clients.arrival()
		}
		place := places.pop()
		begin := max(at, place.at)
		if begin > turn && !turned {
			turned = true
			config.Cores = b.thenWorkers
			if err := workers.Reconfigure(turn, config); err != nil {
				t.Fatal(err)
			}
			places.push(place)
			join(b.thenWorkers-b.workers, turn)
			continue
		}
		visit := workers.serve(k, begin)
		if visit.Wait() != 0 {
			t.Fatalf("a worker lets message %d wait for %v", k, visit.Wait())
		}
		places.push(call{at: visit.Finish})
		if at < turn && begin > turn {
			depth++
		}
		if k, at = clients.arrival(); at > begin && begin > turn {
			return depth, begin.Sub(turn).Seconds()
		}
	}
}

// TestABacklogDrainsAsArithmeticSays has workers that fall behind and are then
// joined by others, or relieved, whatever the law of their service.
func TestABacklogDrainsAsArithmeticSays(t *testing.T) {
	exponential := station.Exponential(10 * time.Millisecond)
	constant := station.Constant(10 * time.Millisecond)
	skewed := must(station.LogNormal(10*time.Millisecond, 1.5))(t)
	tests := map[string]backlog{
		"as many workers again":             {rate: 1500, fill: 30 * time.Second, workers: 10, thenRate: 1500, thenWorkers: 20, service: exponential},
		"three times as many":               {rate: 400, fill: time.Minute, workers: 2, thenRate: 400, thenWorkers: 6, service: constant},
		"a crowd that goes home":            {rate: 2000, fill: 20 * time.Second, workers: 10, thenRate: 200, thenWorkers: 10, service: exponential},
		"a crowd that goes, skewed service": {rate: 1600, fill: 30 * time.Second, workers: 8, thenRate: 300, thenWorkers: 8, service: skewed},
		"more workers, skewed service":      {rate: 1000, fill: time.Minute, workers: 5, thenRate: 1000, thenWorkers: 20, service: skewed},
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var depths, drains []float64
			for i := range uint64(*replications) {
				depth, drain := b.play(t, seedOf(name)+i)
				depths, drains = append(depths, depth), append(drains, drain)
			}
			depth, drain := b.arithmetic()
			for what, x := range map[string]struct {
				samples []float64
				want    float64
			}{"depth": {depths, depth}, "seconds to drain": {drains, drain}} {
				mean, _ := meanAndError(x.samples)
				t.Logf("%s %.2f, arithmetic says %.2f: %+.2f %%", what, mean, x.want, 100*(mean/x.want-1))
				if math.Abs(mean-x.want) > 0.05*x.want {
					t.Errorf("%s %.2f, want %.2f within 5 %%", what, mean, x.want)
				}
			}
		})
	}
}
