package fidelity

import (
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/station"
)

// policy picks the replica that takes request k at a time.
type policy func(servers []*server, draws station.Stream, k uint64, at station.Time) *server

func roundRobin(servers []*server, _ station.Stream, k uint64, _ station.Time) *server {
	return servers[k%uint64(len(servers))]
}

func pick(servers []*server, u float64) *server { return servers[int(u*float64(len(servers)))] }

func atRandom(servers []*server, draws station.Stream, k uint64, _ station.Time) *server {
	return pick(servers, draws.Uniform(k))
}

func shorterOfTwo(servers []*server, draws station.Stream, k uint64, at station.Time) *server {
	a, b := pick(servers, draws.UniformAt(k, 0)), pick(servers, draws.UniformAt(k, 1))
	if b.Observe(at).InSystem < a.Observe(at).InSystem {
		return b
	}
	return a
}

// balanced spreads Poisson arrivals over single-core replicas.
func balanced(t *testing.T, in inputs, seed uint64, choose policy) metrics {
	t.Helper()
	servers := make([]*server, in.Replicas)
	for i := range servers {
		servers[i] = exponentialServer(t, seed, "replica", 1, in.Mu)
	}
	clients, draws := poisson(seed, in.LamTotal), station.NewStream(seed, "balancer", station.ForRoute)
	var wait, sojourn tally
	var waited float64
	// Many replicas take as many times longer to become stationary.
	total := *arrivals * max(1, in.Replicas/40)
	first := uint64(max(warmUp*float64(total), 500*float64(in.Replicas)))
	for range total {
		k, at := clients.arrival()
		v := choose(servers, draws, k, at).serve(k, at)
		if k < first {
			continue
		}
		wait.add(v.Wait())
		sojourn.add(v.Sojourn())
		waited += count(v.Wait() > 0)
	}
	return metrics{"W": sojourn.mean(), "Wq": wait.mean(), "ET": sojourn.mean(), "sigma": waited / float64(len(wait.values))}
}

// webGraph is load balancer, API servers, cache and database in a row; reads
// that hit the cache and answers of the database leave.
func webGraph(t *testing.T, in inputs, seed uint64) metrics {
	t.Helper()
	lb := exponentialServer(t, seed, "lb", 1, in.LBMu)
	api := exponentialServer(t, seed, "api", in.APIC, in.APIMu)
	cache := exponentialServer(t, seed, "cache", 1, in.CacheMu)
	db := exponentialServer(t, seed, "db", in.DBC, in.DBMu)
	reads := station.NewStream(seed, "clients", station.ForClass)
	hits := station.NewStream(seed, "cache", station.ForCall)

	clients, calls := poisson(seed, in.Lam), &calendar{}
	var apiTime, dbTime, response tally
	begun := make([]station.Time, *arrivals)
	enter := func() {
		if int(clients.next) < len(begun) {
			k, at := clients.arrival()
			begun[k] = at
			calls.push(call{at: at, request: k, to: lb})
		}
	}
	enter()
	for calls.len() > 0 {
		c := calls.pop()
		v := c.to.serve(c.request, c.at)
		next := (*server)(nil)
		switch c.to {
		case lb:
			enter()
			next = api
		case api:
			apiTime.add(v.Sojourn())
			next = db
			if reads.Uniform(c.request) < in.Read {
				next = cache
			}
		case cache:
			if hits.Uniform(c.request) >= in.Hit {
				next = db
			}
		case db:
			dbTime.add(v.Sojourn())
		}
		if next == nil {
			response.add(v.Finish.Sub(begun[c.request]))
			continue
		}
		calls.push(call{at: v.Finish, request: c.request, to: next})
	}
	length := clients.at / 1e9
	utilization := func(s *server) float64 { return s.Snapshot().Since(station.Snapshot{}).Utilization }
	return metrics{
		"db_rate": float64(len(dbTime.values)) / length, "api_util": utilization(api), "db_util": utilization(db),
		"api_W": apiTime.mean(), "db_W": dbTime.mean(), "R_mean": response.mean(),
		"L_total": float64(len(begun)) / length * response.mean(),
	}
}

// retryFeedback sends every request back to the same station with a chance.
func retryFeedback(t *testing.T, in inputs, seed uint64) metrics {
	t.Helper()
	s := exponentialServer(t, seed, "station", in.C, in.Mu)
	retries := station.NewStream(seed, "clients", station.ForCall)
	clients, calls := poisson(seed, in.Lam), &calendar{}
	begun := make([]station.Time, 0, *arrivals)
	var response tally
	enter := func() {
		if len(begun) < *arrivals {
			k, at := clients.arrival()
			begun = append(begun, at)
			calls.push(call{at: at, request: k, to: s, fresh: true})
		}
	}
	enter()
	var visits uint64
	for calls.len() > 0 {
		c := calls.pop()
		if c.fresh {
			enter()
		}
		v := s.serve(visits, c.at)
		again := retries.Uniform(visits) < in.PRetry
		visits++
		if again {
			calls.push(call{at: v.Finish, request: c.request, to: s})
			continue
		}
		response.add(v.Finish.Sub(begun[c.request]))
	}
	w := s.Snapshot().Since(station.Snapshot{})
	return metrics{
		"lam_eff": float64(w.Arrived) / w.Length.Seconds(), "util": w.Utilization,
		"visits": float64(visits) / float64(len(begun)), "R_mean": response.mean(), "L": w.InSystem,
	}
}

// readReplicas sends writes to the primary and reads to replicas at random.
func readReplicas(t *testing.T, in inputs, seed uint64) metrics {
	t.Helper()
	primary := exponentialServer(t, seed, "primary", 1, in.Mu)
	replicas := make([]*server, in.Replicas)
	for i := range replicas {
		replicas[i] = exponentialServer(t, seed, "replica", 1, in.Mu)
	}
	classes := station.NewStream(seed, "clients", station.ForClass)
	routes := station.NewStream(seed, "balancer", station.ForRoute)
	clients := poisson(seed, in.Reads+in.Writes)
	var reads, writes, all tally
	for range *arrivals {
		k, at := clients.arrival()
		to, times := primary, &writes
		if classes.Uniform(k) < in.Reads/(in.Reads+in.Writes) {
			to, times = pick(replicas, routes.Uniform(k)), &reads
		}
		v := to.serve(k, at)
		times.add(v.Sojourn())
		all.add(v.Sojourn())
	}
	replicaUse := 0.0
	for _, r := range replicas {
		replicaUse += r.Snapshot().Since(station.Snapshot{}).Utilization / float64(len(replicas))
	}
	return metrics{
		"replica_util": replicaUse, "read_W": reads.mean(),
		"primary_util": primary.Snapshot().Since(station.Snapshot{}).Utilization,
		"write_W":      writes.mean(), "R_mean": all.mean(),
	}
}

// closedLoop has N users who think and then wait for their answer.
func closedLoop(t *testing.T, in inputs, seed uint64) metrics {
	t.Helper()
	s := exponentialServer(t, seed, "station", 1, 1/in.S)
	thoughts := station.NewStream(seed, "users", station.ForArrival)
	think := station.Exponential(seconds(in.Z))
	calls := &calendar{}
	for user := range in.N {
		calls.push(call{at: station.Time(think.Sample(thoughts.UniformAt(uint64(user), 1)))})
	}
	var response tally
	var begin station.Snapshot
	for k := range *arrivals {
		c := calls.pop()
		v := s.serve(uint64(k), c.at)
		if k < int(warmUp*float64(*arrivals)) {
			begin = s.Snapshot()
		} else {
			response.add(v.Sojourn())
		}
		calls.push(call{at: v.Finish.Add(think.Sample(thoughts.Uniform(uint64(k))))})
	}
	w := s.Snapshot().Since(begin)
	return metrics{"X": float64(w.Completed) / w.Length.Seconds(), "R": response.mean(), "util": w.Utilization, "Q": w.InSystem}
}

// forkJoin sends every request to n stations at once and waits for all.
func forkJoin(t *testing.T, in inputs, seed uint64) metrics {
	t.Helper()
	left, right := exponentialServer(t, seed, "left", 1, in.Mu), exponentialServer(t, seed, "right", 1, in.Mu)
	clients := poisson(seed, in.Lam)
	var response tally
	for range *arrivals {
		k, at := clients.arrival()
		response.add(max(left.serve(k, at).Sojourn(), right.serve(k, at).Sojourn()))
	}
	return metrics{"R_mean": response.mean()}
}

// fillAndDrain overloads workers from empty for a minute and then doubles them.
func fillAndDrain(t *testing.T, in inputs, seed uint64) metrics {
	t.Helper()
	s := exponentialServer(t, seed, "workers", in.Workers, in.Mu)
	clients, m := poisson(seed, in.Lam), metrics{}
	capacity := float64(in.Workers) * in.Mu
	double := station.Time(time.Minute)
	once := func(metric string, at station.Time) {
		if _, seen := m[metric]; !seen {
			m[metric] = time.Duration(at).Seconds()
		}
	}
	for m["drain_s_after_60s_with_20_workers_at_1500"] == 0 {
		k, at := clients.arrival()
		if _, doubled := m["depth_60s"]; at >= double && !doubled {
			m["depth_60s"] = float64(s.Observe(double).Waiting)
			config := s.Config()
			config.Cores *= 2
			if err := s.Reconfigure(double, config); err != nil {
				t.Fatal(err)
			}
		}
		s.serve(k, at)
		switch depth := s.Snapshot().Waiting; {
		case depth == 0 && at > double:
			m["drain_s_after_60s_with_20_workers_at_1500"] = at.Sub(double).Seconds()
		case depth >= 1000:
			once("t_depth_1000", at)
			if float64(depth)/capacity >= 5 {
				once("t_lag_5s", at)
			}
		}
	}
	return m
}
