package fidelity

import (
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/station"
)

// experiment is one station under Poisson or paced arrivals.
type experiment struct {
	rate   float64
	paced  bool
	config station.Config
}

// single runs one station and measures everything the reference set asks of one.
func single(t *testing.T, e experiment, seed uint64) metrics {
	t.Helper()
	clients := poisson(seed, e.rate)
	clients.paced = e.paced
	s := newServer(t, seed, "station", e.config)
	connections, pooled := e.config.Pool.Connections.Bound()
	var (
		wait, sojourn, found            tally
		begin                           station.Snapshot
		total                           time.Duration
		n, waited, exhausted, connsNear float64
	)
	first := uint64(warmUp * float64(*arrivals))
	for range *arrivals {
		k, at := clients.arrival()
		seen := s.Observe(at)
		v := s.serve(k, at)
		total += v.Sojourn()
		if k < first {
			begin = s.Snapshot()
			continue
		}
		n++
		found.add(time.Duration(seen.InSystem) * time.Second)
		waited += count(v.Wait() > 0)
		if pooled { // Poisson arrivals see time averages
			exhausted += count(seen.InSystem >= connections)
			connsNear += count(float64(seen.Connections) >= 0.8*float64(connections))
		}
		if v.Verdict == station.Served {
			wait.add(v.Wait())
			sojourn.add(v.Sojourn())
		}
	}
	end := s.Snapshot()
	w := end.Since(begin)
	checkLaws(t, s.Station, total)
	length := w.Length.Seconds()
	served := float64(len(wait.values))
	m := metrics{
		"util": w.Utilization, "Wq": wait.mean(), "W": sojourn.mean(), "L": w.InSystem, "Lq": w.Waiting,
		"p_wait": waited / n, "sigma": waited / n, "sd_Wq": wait.deviation(),
		"Wq_served": wait.mean(), "throughput": float64(w.Completed) / length,
		"p_block": float64(w.Refused) / float64(w.Arrived), "p_timeout": float64(w.TimedOut) / float64(w.Arrived),
		"R_mean": sojourn.mean(), "mean_connections": w.Connections,
		"p_pool_exhausted": exhausted / n, "p_conn_ge_80pct": connsNear / n,
		"Wq_p95": wait.quantile(0.95), "Wq_p99": wait.quantile(0.99),
		"T_p95": sojourn.quantile(0.95), "T_p99": sojourn.quantile(0.99),
		"mean": found.mean(), "sd": found.deviation(), "p99": found.quantile(0.99),
		"lamW": served / length * sojourn.mean(),
	}
	if pooled {
		m["pool_util"] = w.Connections / float64(connections)
	}
	return m
}

func count(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
