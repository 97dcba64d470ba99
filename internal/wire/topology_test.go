package wire

import (
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
)

func TestWayOfARegion(t *testing.T) {
	const ms = time.Millisecond
	plan := &Plan{Traffic: traffic.Traffic{Regions: []traffic.Region{{Name: "eu", RoundTrip: 2 * ms}, {Name: "asia", RoundTrip: 180 * ms}}}}
	cdn := graph.Component{Name: "cdn", Type: graph.CDN, CDN: &graph.Edge{Entries: 1}}
	asian := graph.Component{Name: "cdn", Type: graph.CDN, CDN: &graph.Edge{Entries: 1, Regions: []string{"asia"}}}
	api := graph.Component{Name: "api", Type: graph.APIServer}
	for name, tt := range map[string]struct {
		entry          graph.Component
		plan           *Plan
		region         int
		client, onward time.Duration
	}{
		"no plan":                   {cdn, nil, 0, 0, 0},
		"no such region":            {cdn, plan, 2, 0, 0},
		"no region":                 {cdn, plan, -1, 0, 0},
		"no edge":                   {api, plan, 1, 180 * ms, 0},
		"an edge in every region":   {cdn, plan, 1, 5 * ms, 180 * ms},
		"an edge farther than home": {cdn, plan, 0, 2 * ms, 2 * ms},
		"an edge in this region":    {asian, plan, 1, 5 * ms, 180 * ms},
		"an edge elsewhere":         {asian, plan, 0, 2 * ms, 0},
	} {
		t.Run(name, func(t *testing.T) {
			topology := Topology{Entry: tt.entry.Name, Architecture: graph.Architecture{Components: []graph.Component{tt.entry}}, Plan: tt.plan}
			if client, onward := topology.Way(tt.region); client != tt.client || onward != tt.onward {
				t.Errorf("%v and %v onward, want %v and %v", client, onward, tt.client, tt.onward)
			}
		})
	}
}
