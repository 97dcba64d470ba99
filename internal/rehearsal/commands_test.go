package rehearsal

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

func TestCommandsAreReadFromTheObject(t *testing.T) {
	created := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	at := func(second int) time.Time { return created.Add(time.Duration(second) * time.Second) }
	tests := map[string]struct {
		startedBy, log string
		want           []report.Command
	}{
		"nobody is known": {},
		"started":         {startedBy: "jane", want: []report.Command{{Time: created, User: "jane", Action: report.ActionStarted, Generation: 1}}},
		"changed and stopped": {
			log: "2 2026-01-02T12:00:09Z traffic.requestsPerSecond=100>500,traffic.stages bob the builder\n3 2026-01-02T12:00:20Z durationSeconds=60>90,state=Running>Stopped jane",
			want: []report.Command{
				{Time: at(9), User: "bob the builder", Action: report.ActionTraffic, Generation: 2, Changes: []report.Change{{Field: "traffic.requestsPerSecond", From: "100", To: "500"}, {Field: "traffic.stages"}}},
				{Time: at(20), User: "jane", Action: report.ActionStopped, Generation: 3, Changes: []report.Change{{Field: "durationSeconds", From: "60", To: "90"}, {Field: "state", From: "Running", To: "Stopped"}}},
			},
		},
		"times that cannot be": {
			log: "2 - state=Running>Paused jane\n3 2025-01-01T00:00:00Z state=Paused>Running jane",
			want: []report.Command{
				{Time: created, User: "jane", Action: report.ActionPaused, Generation: 2, Changes: []report.Change{{Field: "state", From: "Running", To: "Paused"}}},
				{Time: created, User: "jane", Action: report.ActionResumed, Generation: 3, Changes: []report.Change{{Field: "state", From: "Paused", To: "Running"}}},
			},
		},
		"what else changes": {
			log: "2 2026-01-02T12:00:09Z autoScaling.mode=Act>DryRun jane\n3 2026-01-02T12:00:09Z autoScaling.rules,objectives jane",
			want: []report.Command{
				{Time: at(9), User: "jane", Action: report.ActionAutoScaling, Generation: 2, Changes: []report.Change{{Field: "autoScaling.mode", From: "Act", To: "DryRun"}}},
				{Time: at(9), User: "jane", Action: report.ActionChanged, Generation: 3, Changes: []report.Change{{Field: "autoScaling.rules"}, {Field: "objectives"}}},
			},
		},
		"what no policy wrote": {log: "hello\n\nx 2026-01-02T12:00:09Z state=a>b jane\n1 2026-01-02T12:00:09Z state=a>b jane\n2 2026-01-02T12:00:09Z state=a>b "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sim := &v1alpha1.Simulation{}
			sim.CreationTimestamp = metav1.NewTime(created)
			sim.Annotations = map[string]string{v1alpha1.StartedByAnnotation: tt.startedBy, v1alpha1.CommandsAnnotation: tt.log}
			if diff := cmp.Diff(tt.want, Commands(sim)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzCommandsOfAnyText(f *testing.F) {
	f.Add("2 2026-01-02T12:00:09Z traffic.requestsPerSecond=100>500,traffic.stages bob\n3 - state=>Stopped jane")
	f.Fuzz(func(t *testing.T, log string) {
		sim := &v1alpha1.Simulation{}
		sim.Annotations = map[string]string{v1alpha1.CommandsAnnotation: log}
		before := sim.CreationTimestamp.Time
		for _, c := range Commands(sim) {
			if c.User == "" || c.Action == "" || c.Generation < 2 || len(c.Changes) == 0 || c.Time.Before(before) || strings.Contains(c.User, "\n") {
				t.Errorf("%q is read as %+v", log, c)
			}
			before = c.Time
		}
	})
}
