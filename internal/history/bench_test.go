package history

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/report"
)

// A history that has grown for years: 10 million samples.
const (
	grownRuns       = 1000
	grownComponents = 10
	grownSamples    = 1000 // of each component
)

// grown fills a SQLite file with runs, inside the database, for that is fast.
func grown(b *testing.B) (*Store, []Run) {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "history.db")+"?_pragma=synchronous(0)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	batch := Batch{Users: []User{ada()}}
	for n := range grownRuns {
		run := runAt(n)
		run.Report = longReport(b, n)
		batch.Runs = append(batch.Runs, run)
	}
	if err := s.Write(b.Context(), batch); err != nil {
		b.Fatal(err)
	}
	const fill = `WITH RECURSIVE component(c) AS (SELECT 0 UNION ALL SELECT c + 1 FROM component WHERE c + 1 < $1),
		second(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM second WHERE n + 1 < $2)
		INSERT INTO component_metrics (id, simulation_id, component_id, timestamp, cpu_usage, memory_usage, request_rate, latency, latency_p95, error_rate, queue_depth, in_flight, connections)
		SELECT printf('%08x-0000-8000-8000-%012x', $3, c * $2 + n), $4, 'component-' || c, $5 + n * 1000000, n % 100, 50.5, 1000.5, 12.5, 40.5, 0.5, 3.5, 7.5, 20.5 FROM component, second`
	for n, run := range batch.Runs {
		if _, err := s.db.ExecContext(b.Context(), fill, grownComponents, grownSamples, n, run.ID, run.StartedAt.UnixMicro()); err != nil {
			b.Fatal(err)
		}
	}
	return s, batch.Runs
}

// longReport is one with many decisions, of some tens of runs that ask for the same.
func longReport(b *testing.B, n int) json.RawMessage {
	b.Helper()
	r := report.Report{Simulation: "default/match-day", Valid: true, Verdict: report.Met, Settings: map[string]string{}}
	for field := range 60 {
		r.Settings[fmt.Sprintf("graph.components[component-%d].capacity.cores", field)] = strconv.Itoa(n % 30)
	}
	for range 30 {
		r.Decisions = append(r.Decisions, report.Decision{Rule: "api-server", Action: "AddReplica", Component: "api-server", From: 1, To: 2, Reason: "CPU overload (85.5%) for 10s"})
	}
	data, err := json.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// BenchmarkGrownHistory holds each question of the dashboard to a second.
func BenchmarkGrownHistory(b *testing.B) {
	s, runs := grown(b)
	chart := func(ctx context.Context, run Run) (int, error) {
		samples, err := s.Samples(ctx, Chart{Run: run.ID, From: run.StartedAt, To: run.StartedAt.Add(time.Hour), Step: 5 * time.Second})
		return len(samples), err
	}
	questions := map[string]struct {
		answer int
		ask    func(ctx context.Context) (int, error)
	}{
		"list": {grownRuns, func(ctx context.Context) (int, error) {
			all, err := s.Runs(ctx, Page{Limit: grownRuns})
			return len(all), err
		}},
		"chart": {grownComponents * grownSamples / 5, func(ctx context.Context) (int, error) { return chart(ctx, runs[500]) }},
		"compare": {2*grownComponents*(grownSamples/5+1) + 2, func(ctx context.Context) (int, error) {
			total := 0
			for _, run := range []Run{runs[3], runs[997]} {
				points, err := chart(ctx, run)
				if err != nil {
					return 0, err
				}
				means, err := s.Means(ctx, run.ID)
				if err != nil {
					return 0, err
				}
				total += points + len(means)
			}
			all, err := s.Reports(ctx, "default")
			if err != nil {
				return 0, err
			}
			compared, err := report.Compare([]report.Identified{all[3], all[997]}, all)
			return total + len(compared.Runs), err
		}},
	}
	for name, q := range questions {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				began := time.Now()
				got, err := q.ask(b.Context())
				if err != nil || got != q.answer {
					b.Fatalf("the answer has %d parts, not %d: %v", got, q.answer, err)
				}
				if took := time.Since(began); took > time.Second {
					b.Errorf("took %s, more than a second", took)
				}
			}
		})
	}
}
