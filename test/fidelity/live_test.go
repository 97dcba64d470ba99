package fidelity

import (
	"flag"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

var (
	live     = flag.Bool("fidelity.live", true, "run the tests that drive real stub processes")
	duration = flag.Duration("fidelity.duration", 10*time.Second, "length of a live run")
)

// attempts is how often an invalid run is tried.
const attempts = 3

func needsLive(t *testing.T) {
	t.Helper()
	if testing.Short() || !*live {
		t.Skip("live tests are switched off")
	}
}

// liveCase is one station under Poisson arrivals, as users and as theory see it.
type liveCase struct {
	rate     float64
	capacity graph.Capacity
	config   station.Config
}

func liveCases(t *testing.T) map[string]liveCase {
	t.Helper()
	exponential := func(mean time.Duration) (graph.Distribution, station.Service) {
		return graph.Distribution{Kind: graph.Exponential, Mean: mean}, station.Service{Default: station.Exponential(mean)}
	}
	one := func(rate float64, cores int32, law graph.Distribution, service station.Service) liveCase {
		return liveCase{
			rate:     rate,
			capacity: graph.Capacity{Cores: cores, ServiceTime: law},
			config:   station.Config{Cores: int(cores), Service: service},
		}
	}
	law10, exp10 := exponential(10 * time.Millisecond)
	law25, exp25 := exponential(25 * time.Millisecond)
	bounded := one(120, 1, law10, exp10)
	places := int32(9)
	bounded.capacity.QueueLimit, bounded.config.Queue = &places, station.AtMost(int(places))
	impatient := one(110, 1, law10, exp10)
	impatient.capacity.QueueTimeout = 50 * time.Millisecond
	impatient.config.QueueTimeout = 50 * time.Millisecond
	return map[string]liveCase{
		"M/M/1 at 0.8": one(80, 1, law10, exp10),
		"M/M/4 at 0.9": one(144, 4, law25, exp25),
		"M/D/1 at 0.9": one(90, 1, graph.Distribution{Kind: graph.Constant, Mean: 10 * time.Millisecond},
			station.Service{Default: station.Constant(10 * time.Millisecond)}),
		"M/G/1 log-normal at 0.8": one(80, 1, graph.Distribution{Kind: graph.LogNormal, Mean: 10 * time.Millisecond, CVPercent: 150},
			station.Service{Default: must(station.LogNormal(10*time.Millisecond, 1.5))(t)}),
		"M/M/1/10 overloaded": bounded,
		"M/M/1+D overloaded":  impatient,
	}
}

// TestLiveStubsAgreeWithTheOracle drives real stub processes and compares the
// logical latencies of served requests with the exact result for the same
// arrivals and the same service draws: what remains is the error of the
// implementation alone. A run on a starved host is invalid, not failed.
func TestLiveStubsAgreeWithTheOracle(t *testing.T) {
	needsLive(t)
	for face, play := range map[string]send{"HTTP": overHTTP, "frames": overFrames} {
		for name, c := range liveCases(t) {
			t.Run(face+" "+name, func(t *testing.T) {
				t.Parallel()
				agree(t, c, play)
			})
		}
	}
}

func agree(t *testing.T, c liveCase, play send) {
	t.Helper()
	why := ""
	for range attempts {
		address := startStub(t, c.capacity, 0)
		at := schedule(c.rate)
		answers := play(t, address, at)
		if why = validity(answers); why == "" {
			compare(t, c.config, at, answers)
			return
		}
		t.Logf("invalid: %s", why)
	}
	t.Skipf("no valid run in %d attempts: %s", attempts, why)
}

// schedule is Poisson arrivals that begin shortly.
func schedule(rate float64) []station.Time {
	clients, begin := poisson(seed, rate), now().Add(200*time.Millisecond)
	var at []station.Time
	for {
		_, t := clients.arrival()
		if t > station.Time(*duration) {
			return at
		}
		at = append(at, begin.Add(time.Duration(t)))
	}
}

// compare replays the run through a station and compares mean and quantiles.
func compare(t *testing.T, config station.Config, at []station.Time, answers []answer) {
	t.Helper()
	oracle := must(station.New(at[0], config))(t)
	draws := station.NewStream(seed, component, station.ForService)
	var exact, measured tally
	differ := 0
	for k, a := range answers {
		v := oracle.Arrive(at[k], config.Service.Demand(0, draws.Uniform(uint64(k))))
		if v.Verdict == station.Served {
			exact.add(v.Sojourn())
		}
		if !a.lost && a.failed == wire.ReasonNone {
			measured.add(a.finish.Sub(at[k]))
		}
		if a.lost || (a.failed != wire.ReasonNone) != (v.Verdict != station.Served) || a.finish != v.Finish {
			differ++
		}
	}
	t.Logf("%d requests, %d served, %d differ from the oracle", len(at), len(measured.values), differ)
	if differ > 0 {
		t.Errorf("%d of %d requests differ from the oracle though the run is valid", differ, len(at))
	}
	for metric, f := range map[string]func(*tally) float64{
		"mean": (*tally).mean,
		"p50":  func(y *tally) float64 { return y.quantile(0.50) },
		"p95":  func(y *tally) float64 { return y.quantile(0.95) },
		"p99":  func(y *tally) float64 { return y.quantile(0.99) },
	} {
		want, got := f(&exact), f(&measured)
		if !(math.Abs(got-want) <= 0.01*want) {
			t.Errorf("%s is %v s, exactly %v s", metric, got, want)
		}
	}
}

// TestCapacityIsALimitHoweverManyClientsAsk has 64 clients in a closed loop ask
// a single core of 20 ms a request, without logical time of their own.
func TestCapacityIsALimitHoweverManyClientsAsk(t *testing.T) {
	needsLive(t)
	const clients, service, length = 64, 20 * time.Millisecond, 5 * time.Second
	address := startStub(t, graph.Capacity{Cores: 1, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: service}}, 0)
	pool := &http.Transport{MaxIdleConnsPerHost: clients}
	defer pool.CloseIdleConnections()
	client := &http.Client{Transport: pool, Timeout: 30 * time.Second}
	var answered, asked atomic.Int64
	var busy sync.WaitGroup
	began := time.Now()
	for range clients {
		busy.Go(func() {
			for time.Since(began) < length {
				asked.Add(1)
				response, err := client.Get("http://" + address + "/")
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close()
				if response.StatusCode == http.StatusOK && time.Since(began) < length {
					answered.Add(1)
				}
			}
		})
	}
	busy.Wait()
	rate := float64(answered.Load()) / length.Seconds()
	t.Logf("%d clients, %d asked: %.1f answers/s", clients, asked.Load(), rate)
	if most := 1 / service.Seconds(); rate > most {
		t.Errorf("%.1f answers/s from one core of %v: at most %v", rate, service, most)
	}
	if rate < 40 {
		t.Errorf("%.1f answers/s from one core of %v: it idles though clients wait", rate, service)
	}
}

// TestErrorRatesAreWhatWasAsked sends 4,000 requests to a stub of each rate.
func TestErrorRatesAreWhatWasAsked(t *testing.T) {
	needsLive(t)
	for _, percent := range []float64{0.005, 1, 15, 30, 40, 60, 75, 90} {
		t.Run(fmt.Sprint(percent), func(t *testing.T) {
			t.Parallel()
			law := graph.Distribution{Kind: graph.Constant, Mean: 10 * time.Microsecond}
			address := startStub(t, graph.Capacity{Cores: 4, ServiceTime: law}, int32(math.Round(percent*10_000)))
			at, begin := make([]station.Time, 4000), now().Add(100*time.Millisecond)
			for k := range at {
				at[k] = begin.Add(time.Duration(k) * 500 * time.Microsecond)
			}
			failed := 0
			for _, a := range overFrames(t, address, at) {
				if a.failed == wire.ReasonError {
					failed++
				} else if a.failed != wire.ReasonNone || a.lost {
					t.Fatalf("a request failed by %q (lost: %v)", a.failed, a.lost)
				}
			}
			got := 100 * float64(failed) / float64(len(at))
			t.Logf("asked %v %%, measured %v %%", percent, got)
			if math.Abs(got-percent) > 0.5 {
				t.Errorf("%v %% fail, %v %% were asked", got, percent)
			}
		})
	}
}
