package fidelity

import (
	"encoding/json"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
)

// metrics are one replication's results by the names of the reference set.
type metrics map[string]float64

// simulate runs one replication of a case.
func simulate(t *testing.T, c referenceCase, seed uint64) metrics {
	t.Helper()
	switch c.ID {
	case "rr4-mm1-rho90":
		return balanced(t, c.Inputs, seed, roundRobin)
	case "random4-mm1-rho90":
		return balanced(t, c.Inputs, seed, atRandom)
	case "p2c-lam90":
		in := c.Inputs
		in.Replicas = 400
		in.LamTotal = in.Rho * in.Mu * float64(in.Replicas)
		return balanced(t, in, seed, shorterOfTwo)
	case "jackson-web3tier":
		return webGraph(t, c.Inputs, seed)
	case "jackson-retry-feedback":
		return retryFeedback(t, c.Inputs, seed)
	case "readreplica-3":
		return readReplicas(t, c.Inputs, seed)
	case "closed-N10-Z1-S50ms", "closed-N100-Z1-S20ms":
		return closedLoop(t, c.Inputs, seed)
	case "forkjoin2-rho80":
		return forkJoin(t, c.Inputs, seed)
	case "mq-depth-fluid":
		return fillAndDrain(t, c.Inputs, seed)
	case "lru-exact-N10-C3", "lru-che-N10000-C100-a0.8", "lru-che-N10000-C1000-a1", "lru-che-N100000-C10000-a0.7":
		return cached(t, c.Inputs, graph.LRU, seed)
	case "ttl-lam0.1-T60", "ttl-zipf-cdn":
		return expiring(t, c.Inputs, seed)
	default:
		return single(t, oneStation(t, c), seed)
	}
}

// oneStation is the experiment of a case with a single station.
func oneStation(t *testing.T, c referenceCase) experiment {
	t.Helper()
	in := c.Inputs
	e := experiment{
		rate:   in.Lam,
		config: station.Config{Cores: max(in.C, 1), Service: station.Service{Default: station.Exponential(seconds(1 / in.Mu))}},
	}
	switch family := c.ID[:4]; family {
	case "md1-", "mdc-":
		e.config.Service.Default = station.Constant(seconds(1 / in.Mu))
	case "mg1-":
		e.config.Service.Default = general(t, in.Service)
	case "erlb": // insensitive to the law of service: take one that is not exponential
		e.config.Service.Default = must(station.LogNormal(seconds(1/in.Mu), 1.5))(t)
		e.config.Queue = station.AtMost(0)
	case "mm1k", "mmck":
		e.config.Queue = station.AtMost(in.K - in.C)
	case "dm1-":
		e.paced = true
	case "time":
		e.config.QueueTimeout = seconds(in.QueueTimeout)
	case "pool":
		e.config.Pool.Connections = station.AtMost(in.Pool)
	case "mmin": // as good as infinitely many servers
		e.config.Cores = 2000
		e.config.Service.Default = station.Exponential(seconds(in.ES))
	}
	return e
}

// general is the service law of an M/G/1 case.
func general(t *testing.T, raw json.RawMessage) station.Distribution {
	t.Helper()
	var law struct {
		Dist  string  `json:"dist"`
		Mean  float64 `json:"mean"`
		CV    float64 `json:"cv"`
		P     float64 `json:"p"`
		Mean1 float64 `json:"mean1"`
		Mean2 float64 `json:"mean2"`
	}
	if err := json.Unmarshal(raw, &law); err != nil {
		t.Fatal(err)
	}
	if law.Dist == "lognormal" {
		return must(station.LogNormal(seconds(law.Mean), law.CV))(t)
	}
	return must(station.HyperExponential(hyperExponential(law.P, law.Mean1, law.Mean2)))(t)
}

// hyperExponential is the mean and coefficient of variation of two exponentials.
func hyperExponential(p, mean1, mean2 float64) (time.Duration, float64) {
	mean := p*mean1 + (1-p)*mean2
	second := 2 * (p*mean1*mean1 + (1-p)*mean2*mean2)
	return seconds(mean), sqrt(second/(mean*mean) - 1)
}
