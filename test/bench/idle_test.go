package bench

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
)

// services10 are ten services of three replicas, each of which calls up to three
// others one after the other.
func services10() shape {
	s := shape{name: "services", mix: traffic.Mix{ReadPercent: 100}}
	for i := range 10 {
		c := single(fmt.Sprintf("service-%d", i), graph.APIServer, 0)
		c.Replicas = 3
		c.Capacity = graph.Capacity{Cores: 1, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: 100 * time.Microsecond}}
		s.components = append(s.components, c)
		if i > 0 {
			s.edges = append(s.edges, edge(fmt.Sprintf("service-%d", (i-1)/3), c.Name))
		}
	}
	return s
}

// BenchmarkIdle tells what a stub takes that is sent nothing: left alone, and
// scraped each second.
func BenchmarkIdle(b *testing.B) {
	s := services10()
	path := filepath.Join(b.TempDir(), "topology.json")
	publish(b, path, s.topology(1, nil, nil))
	var stubs []*process
	for _, i := range s.instances() {
		stubs = append(stubs, ours(b, "stub", i.Component, i.Pod, path))
	}
	publish(b, path, s.topology(2, stubs, nil))
	for _, p := range stubs {
		p.ready(b)
	}
	<-time.After(*duration / 2) // what the start has left to do
	millicores := func(each func()) float64 {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		before, began := cpu(b, stubs...), time.Now()
		for time.Since(began) < *duration {
			<-second.C
			each()
		}
		return 1000 * (cpu(b, stubs...) - before).Seconds() / time.Since(began).Seconds() / float64(len(stubs))
	}
	for b.Loop() {
		alone := millicores(func() {})
		scraped := millicores(func() {
			for _, p := range stubs {
				scrape(b, p)
			}
		})
		bar{"millicores of an idle stub", alone, 2}.tell(b)
		b.ReportMetric(alone, "idle-millicores/stub")
		b.ReportMetric(scraped, "scraped-millicores/stub")
		b.ReportMetric(resident(b, stubs...), "largest-stub-MB")
		b.ReportMetric(0, "ns/op")
	}
}
