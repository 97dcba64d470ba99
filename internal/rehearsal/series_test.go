package rehearsal

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// asked is a recorder that remembers the question.
type asked struct {
	scene  metrics.Scene
	step   time.Duration
	answer metrics.Recording
	err    error
}

func (a *asked) Record(_ context.Context, s metrics.Scene, _, _ time.Time, step time.Duration, _ int) (metrics.Recording, error) {
	a.scene, a.step = s, step
	a.answer.Step = step
	return a.answer, a.err
}

func TestMeasured(t *testing.T) {
	sim, cg := played()
	source := &asked{answer: metrics.Recording{
		Total:      map[string][]float64{"rate": {10, math.NaN()}},
		Components: map[string]map[wire.MetricColumn][]float64{"api": {wire.ColumnCPU: {160, 40}}},
	}}
	r := Measured(t.Context(), source, sim, Report(sim, cg))
	want := &report.Series{
		StepSeconds: 1, Total: map[string][]*float64{"rate": {new(10.0), nil}},
		Components: map[string]map[string][]*float64{"api": {"cpu": {new(160.0), new(40.0)}}},
	}
	if diff := cmp.Diff(want, r.Series); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if r.Unmeasured != "" || r.Capacity.Components[0].Use == nil {
		t.Errorf("unmeasured %q, capacity %+v", r.Unmeasured, r.Capacity)
	}
	if source.scene.Simulation != "run" || !source.scene.At.Equal(r.EndedAt) {
		t.Errorf("asked for %+v", source.scene)
	}
}

// TestALongRunIsAskedForInFewSteps, in whole seconds.
func TestALongRunIsAskedForInFewSteps(t *testing.T) {
	for seconds, want := range map[int]time.Duration{60: time.Second, 600: time.Second, 601: 2 * time.Second, 86_400: 145 * time.Second} {
		sim, cg := played()
		end := metav1.NewMicroTime(sim.Status.StartTime.Add(time.Duration(seconds) * time.Second))
		sim.Status.CompletionTime = &end
		source := &asked{}
		Measured(t.Context(), source, sim, Report(sim, cg))
		if source.step != want || source.scene.Window < 2*want {
			t.Errorf("%d s: steps of %s over %s, want %s", seconds, source.step, source.scene.Window, want)
		}
	}
}

func TestAReportWithoutMeasurementsSaysWhy(t *testing.T) {
	sim, cg := played()
	r := Measured(t.Context(), &asked{err: errors.New("Prometheus is away")}, sim, Report(sim, cg))
	if r.Series != nil || r.Unmeasured != "Prometheus is away" || r.Capacity == nil {
		t.Errorf("series %v, unmeasured %q, capacity %v", r.Series, r.Unmeasured, r.Capacity)
	}
	sim.Status.StartTime = nil
	if r := Measured(t.Context(), &asked{}, sim, Report(sim, cg)); r.Series != nil || r.Unmeasured != "the run never began" {
		t.Errorf("series %v, unmeasured %q", r.Series, r.Unmeasured)
	}
}
