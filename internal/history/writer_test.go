package history

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// always is a Prometheus that measured 50 % of one component all along, but for the
// time that it was away.
type always struct {
	err      error
	from, to time.Time
}

func (a *always) Record(_ context.Context, _ metrics.Scene, start, end time.Time, step time.Duration, _ int) (metrics.Recording, error) {
	if a.err != nil {
		return metrics.Recording{}, a.err
	}
	r := metrics.Recording{Start: start, Step: step, Length: int(end.Sub(start)/step) + 1}
	cpu := make([]float64, r.Length)
	for i := range cpu {
		cpu[i] = 50
		if at := start.Add(time.Duration(i) * step); !at.Before(a.from) && at.Before(a.to) {
			cpu[i] = math.NaN()
		}
	}
	r.Components = map[string]map[wire.MetricColumn][]float64{"api-server": {wire.ColumnCPU: cpu}}
	return r, nil
}

func samplesKept(t *testing.T, s *Store) int64 {
	t.Helper()
	means := must[[]Mean](t)(s.Means(t.Context(), string(playing().UID)))
	if len(means) == 0 {
		return 0
	}
	return means[0].Samples
}

// TestAWriterTellsWhatHappenedWhileItWasDown has a second writer go on where a first
// one ended, with nothing but the store between them.
func TestAWriterTellsWhatHappenedWhileItWasDown(t *testing.T) {
	store := opened(t, filepath.Join(t.TempDir(), "history.db"))
	b := written(t, store, BufferOptions{})
	first := NewWriter(&always{}, store, b)
	told, err := first.Observe(t.Context(), playing(), nil, "ada", noon.Add(70*time.Second))
	if err != nil || told {
		t.Fatalf("told to the end: %v, %v", told, err)
	}
	settled(t, b)
	if got := samplesKept(t, store); got != 61 { // seconds 0 to 60: the last ten may not be scraped yet
		t.Errorf("%d samples are kept, not 61", got)
	}

	second, calls := NewWriter(&always{}, store, b), 0
	for told = false; !told; calls++ {
		if told, err = second.Observe(t.Context(), finishedAt(1800), nil, "ada", noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if calls > 10 {
			t.Fatal("the run is never told to its end")
		}
	}
	settled(t, b)
	if got := samplesKept(t, store); got != 1801 {
		t.Errorf("%d samples are kept, not 1801", got)
	}
	if run := must[Run](t)(store.Run(t.Context(), string(playing().UID))); run.Status != "Met" || run.User != "ada" {
		t.Errorf("the run is %s, of %q", run.Status, run.User)
	}
}

func TestAWriterTellsDecisionsWithoutPrometheus(t *testing.T) {
	store := opened(t, filepath.Join(t.TempDir(), "history.db"))
	b := written(t, store, BufferOptions{})
	away := &always{err: errors.New("connection refused")}
	w := NewWriter(away, store, b)
	if _, err := w.Observe(t.Context(), playing(), nil, "", noon.Add(time.Minute)); !errors.Is(err, away.err) {
		t.Errorf("nobody was told that the metrics are away: %v", err)
	}
	settled(t, b)
	if got := must[[]Event](t)(store.Events(t.Context(), string(playing().UID))); len(got) != 4 {
		t.Errorf("%d events are kept, not 4", len(got))
	}
	away.err = nil
	if _, err := w.Observe(t.Context(), playing(), nil, "", noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	settled(t, b)
	if got := samplesKept(t, store); got != 51 {
		t.Errorf("%d samples are kept, not 51", got)
	}
}

// TestAWriterTellsWhatWasNeverMeasured has nothing measured for a while in the middle
// of a run, at its end, or for a moment, in whatever pieces the run is told.
func TestAWriterTellsWhatWasNeverMeasured(t *testing.T) {
	second := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	tests := map[string]struct {
		from, to int
		want     []Gap
	}{
		"in the middle": {20, 50, []Gap{{From: second(20), To: second(49), Reason: "nothing was measured"}}},
		"at the end":    {100, 1000, []Gap{{From: second(100), To: second(120), Reason: "nothing was measured"}}},
		"all of it":     {0, 1000, []Gap{{From: second(1), To: second(120), Reason: "nothing was measured"}}},
		"a moment":      {30, 38, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store := opened(t, filepath.Join(t.TempDir(), "history.db"))
			b := written(t, store, BufferOptions{})
			measured := &always{from: second(test.from), to: second(test.to)}
			w := NewWriter(measured, store, b)
			for now := 0; now <= 140; now += 7 {
				if now == 70 { // the writer is another process from here on
					settled(t, b)
					w = NewWriter(measured, store, b)
				}
				if _, err := w.Observe(t.Context(), finishedAt(120), nil, "", second(now)); err != nil {
					t.Fatal(err)
				}
			}
			settled(t, b)
			var got []Gap
			for _, e := range must[[]Event](t)(store.Events(t.Context(), string(playing().UID))) {
				if e.Type == EventGap {
					var g Gap
					if err := json.Unmarshal(e.Data, &g); err != nil {
						t.Fatal(err)
					}
					got = append(got, g)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("gaps (-want +got):\n%s", diff)
			}
		})
	}
}
