package dashboard

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

func TestATrafficPatch(t *testing.T) {
	stages := []v1alpha1.Stage{{DurationSeconds: new(int32(10)), RequestsPerSecond: new(int32(5))}}
	spike := &v1alpha1.Shape{Kind: v1alpha1.ShapeSpike}
	mix := v1alpha1.Mix{ReadPercent: new(int32(100))}
	tests := map[string]struct {
		before, want v1alpha1.Traffic
		patch        TrafficPatch
	}{
		"a rate ends stages": {
			v1alpha1.Traffic{RequestsPerSecond: new(int32(1)), Stages: stages, Mix: mix}, v1alpha1.Traffic{RequestsPerSecond: new(int32(9)), Mix: mix}, TrafficPatch{RequestsPerSecond: new(int32(9))},
		},
		"a rate ends a shape": {
			v1alpha1.Traffic{RequestsPerSecond: new(int32(1)), Shape: spike}, v1alpha1.Traffic{RequestsPerSecond: new(int32(9))}, TrafficPatch{RequestsPerSecond: new(int32(9))},
		},
		"a rate ends a replay": {
			v1alpha1.Traffic{Replay: &v1alpha1.Replay{}}, v1alpha1.Traffic{RequestsPerSecond: new(int32(9))}, TrafficPatch{RequestsPerSecond: new(int32(9))},
		},
		"a rate with stages begins with it": {
			v1alpha1.Traffic{RequestsPerSecond: new(int32(1)), Shape: spike}, v1alpha1.Traffic{RequestsPerSecond: new(int32(9)), Stages: stages}, TrafficPatch{RequestsPerSecond: new(int32(9)), Stages: stages},
		},
		"a shape ends stages": {
			v1alpha1.Traffic{RequestsPerSecond: new(int32(1)), Stages: stages}, v1alpha1.Traffic{RequestsPerSecond: new(int32(1)), Shape: spike}, TrafficPatch{Shape: spike},
		},
		"a mix changes nothing else": {
			v1alpha1.Traffic{RequestsPerSecond: new(int32(1)), Stages: stages}, v1alpha1.Traffic{RequestsPerSecond: new(int32(1)), Stages: stages, Mix: mix}, TrafficPatch{Mix: &mix},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.patch.apply(tt.before)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamesOfRunsHaveRoomForWhatTheAPIServerAdds(t *testing.T) {
	for graph, want := range map[string]string{"shop": "shop-", "a-name-that-is-as-long-as-a-graphs-name": "a-name-that-is-as-long-as-a-graph-", "abcdefghijklmnopqrstuvwxyz-12345-xyz": "abcdefghijklmnopqrstuvwxyz-12345-"} {
		if got := runName(graph); got != want || len(got) > maxRunName {
			t.Errorf("%s: %s, want %s", graph, got, want)
		}
	}
}

func TestTheSpanOfAReplay(t *testing.T) {
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		query replayQuery
		last  time.Duration
		from  time.Duration
		step  time.Duration
	}{
		"a whole run, second by second": {replayQuery{}, time.Hour, 0, time.Second},
		"a long one, in 3600 samples":   {replayQuery{}, 3 * time.Hour, 0, 4 * time.Second},
		"its last minute":               {replayQuery{Range: 60}, time.Hour, 59 * time.Minute, time.Second},
		"more than there is":            {replayQuery{Range: 7200}, time.Hour, 0, time.Second},
		"every ten seconds":             {replayQuery{Step: 10}, time.Hour, 0, 10 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			from, step := tt.query.span(start, start.Add(tt.last))
			if from.Sub(start) != tt.from || step != tt.step {
				t.Errorf("from %v by %v, want %v by %v", from.Sub(start), step, tt.from, tt.step)
			}
		})
	}
}

func TestEveryScenarioCanBeShown(t *testing.T) {
	list, err := scenarios()
	if err != nil {
		t.Fatal(err)
	}
	playable := map[string]bool{}
	for _, s := range list.Items {
		playable[s.Name] = s.Playable
		if s.Title == "" || s.Description == "" || s.YAML == "" {
			t.Errorf("%s lacks words: %q %q", s.Name, s.Title, s.Description)
		}
	}
	for name, want := range map[string]bool{"scenario-1": true, "scenario-2": true, "scenario-3": true, "worldcup98": false} {
		if got, known := playable[name]; !known || got != want {
			t.Errorf("%s: known %v, playable %v", name, known, got)
		}
	}
}
