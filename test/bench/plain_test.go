package bench

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// The plain chain is what one would write by hand: net/http servers that each
// call the next over a tuned net/http client, and clients in a closed loop that
// keep it busy, which is where it costs least per request.

// play is one process of the plain chain: "hop [next]" or "clients entry duration".
func play(role string, args []string) error {
	switch role {
	case "hop":
		return hop(args)
	case "clients":
		return clients(args[0], args[1])
	default:
		return fmt.Errorf("unknown role %q", role)
	}
}

func pooled() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DisableCompression: true}}
}

func hop(args []string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).Info("hop listens", "requests", l.Addr().String())
	client := pooled()
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(args) == 0 {
			_, _ = io.WriteString(w, "ok")
			return
		}
		answer, err := client.Get("http://" + args[0] + r.URL.Path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(w, answer.Body)
	}))
}

const plainClients = 64

func clients(entry, duration string) error {
	length, err := time.ParseDuration(duration)
	if err != nil {
		return err
	}
	client, began := pooled(), time.Now()
	var mu sync.Mutex
	var busy sync.WaitGroup
	answered := 0
	for range plainClients {
		busy.Go(func() {
			n := 0
			for ; time.Since(began) < length; n++ {
				answer, err := client.Get("http://" + entry + "/")
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}
			mu.Lock()
			answered += n
			mu.Unlock()
		})
	}
	busy.Wait()
	fmt.Println(answered)
	return nil
}

func self(b *testing.B, role string, args ...string) *exec.Cmd {
	b.Helper()
	path, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	command := exec.Command(path, args...)
	command.Env = append(os.Environ(), roleVariable+"="+role)
	return command
}

// measurePlain is the CPU of four hops of net/http per request, in us, and the
// requests a second that this host can do with it.
func measurePlain(b *testing.B) (each, rate float64) {
	b.Helper()
	var hops []*process
	var next []string
	for range 4 {
		p := launch(b, self(b, "hop", next...))
		defer p.stop()
		hops, next = append(hops, p), []string{p.requests}
	}
	before := cpu(b, hops...)
	out, err := self(b, "clients", next[0], duration.String()).Output()
	if err != nil {
		b.Fatal(err)
	}
	var answered float64
	if _, err := fmt.Sscan(string(out), &answered); err != nil {
		b.Fatal(err)
	}
	return float64((cpu(b, hops...) - before).Microseconds()) / answered, answered / duration.Seconds()
}

// BenchmarkCPU compares our chain with a plain one of the same shape, in turns.
func BenchmarkCPU(b *testing.B) {
	for b.Loop() {
		costs := map[float64][]float64{}
		rates := []float64{10_000, 20_000}
		var plain []float64
		for range *rounds {
			for _, rate := range rates {
				r, _ := believe(b, chain(rate), rate)
				costs[rate] = append(costs[rate], r.stubs)
			}
			each, rate := measurePlain(b)
			b.Logf("plain net/http, %d clients in a closed loop: %.1f us/request at %.0f/s", plainClients, each, rate)
			plain = append(plain, each)
		}
		for _, rate := range rates {
			b.Logf("4-hop chain at %.0f/s: %.1f us of CPU per request; plain net/http at its best %.1f us: 1/%.1f", rate, median(costs[rate]), median(plain), median(plain)/median(costs[rate]))
			b.ReportMetric(median(costs[rate]), fmt.Sprintf("us/chain@%.0f", rate))
		}
		b.ReportMetric(median(plain), "us/chain-nethttp")
		b.ReportMetric(0, "ns/op")
	}
}
