package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCommandsAreSentences(t *testing.T) {
	for want, c := range map[string]Command{
		"jane: started": {User: "jane", Action: ActionStarted, Generation: 1},
		"bob: stopped":  {User: "bob", Action: ActionStopped, Changes: []Change{{"state", "Running", "Stopped"}}},
		"bob: changed traffic (traffic.requestsPerSecond 100 -> 500, traffic.stages)": {User: "bob", Action: ActionTraffic, Changes: []Change{{"traffic.requestsPerSecond", "100", "500"}, {"traffic.stages", "", ""}}},
		"bob: changed the run (timeout none -> 1s)":                                   {User: "bob", Action: ActionChanged, Changes: []Change{{"timeout", "", "1s"}}},
	} {
		if got := c.Sentence(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestACommandIsToldOnce(t *testing.T) {
	at := func(second int) time.Time { return time.Date(2026, 1, 2, 12, 0, second, 0, time.UTC) }
	started := Command{Time: at(0), User: "jane", Action: ActionStarted, Generation: 1}
	changed := Command{Time: at(10), User: "bob", Action: ActionTraffic, Generation: 2}
	deleted := Command{Time: at(20), User: "jane", Action: ActionDeleted}
	unnoted := Command{Time: at(5), User: "bob", Action: ActionPaused}
	for name, tt := range map[string]struct{ told, noted, want []Command }{
		"nothing":                  {},
		"what the object tells":    {[]Command{started, changed}, []Command{started, changed}, []Command{started, changed}},
		"what only was noted":      {[]Command{started, changed}, []Command{deleted, unnoted}, []Command{started, unnoted, changed, deleted}},
		"noted twice":              {nil, []Command{deleted, deleted}, []Command{deleted}},
		"started, noted otherwise": {[]Command{started}, []Command{{Time: at(1), User: "jane", Action: ActionStarted}}, []Command{started}},
		"what the object forgot":   {[]Command{changed}, []Command{started}, []Command{started, changed}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Report{Commands: tt.told}.WithCommands(tt.noted).Commands
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}
