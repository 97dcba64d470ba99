package rehearsal

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

func TestExplanationsAreSpansThatCoverTheRun(t *testing.T) {
	began := metav1.NewMicroTime(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	at := func(second int) metav1.MicroTime {
		return metav1.NewMicroTime(began.Add(time.Duration(second) * time.Second))
	}
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "run"}, Spec: v1alpha1.SimulationSpec{GraphRef: v1alpha1.GraphRef{Name: "shop"}}}
	sim.Status.StartTime, sim.Status.ElapsedSeconds, sim.Status.DroppedExplanations = &began, 60, 3
	sim.Status.Explanations = []v1alpha1.Explanation{
		{Component: "api", Time: at(-1), Result: "Unknown", Rule: "api-server", Message: "cpu: not measured"},
		{Component: "db", Time: at(2), Result: "NotTrue", Message: "cache: latency 3 (> 300)"},
		{Component: "api", Time: at(10), Result: "ScaleOut", Rule: "api-server", Message: "CPU overload"},
		{Component: "api", Time: at(11), Result: "Cooling", Rule: "scale-in", Message: "too soon after the last change"},
	}
	r := Report(sim, nil)
	want := []report.Explanation{
		{Component: "api", ToSecond: 10, Result: "Unknown", Rule: "api-server", Message: "cpu: not measured"},
		{Component: "db", FromSecond: 2, ToSecond: 60, Result: "NotTrue", Message: "cache: latency 3 (> 300)"},
		{Component: "api", FromSecond: 10, ToSecond: 11, Result: "ScaleOut", Rule: "api-server", Message: "CPU overload"},
		{Component: "api", FromSecond: 11, ToSecond: 60, Result: "Cooling", Rule: "scale-in", Message: "too soon after the last change"},
	}
	if diff := cmp.Diff(want, r.Explanations); diff != "" || r.DroppedExplanations != 3 {
		t.Errorf("%d dropped, explanations (-want +got):\n%s", r.DroppedExplanations, diff)
	}
}
