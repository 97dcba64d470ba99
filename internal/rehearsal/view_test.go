package rehearsal

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/internal/report"
)

func atSecond(s int) Progress {
	return Progress{
		Stage: "Running", Elapsed: time.Duration(s) * time.Second, Duration: 2 * time.Minute,
		Rate: 1234.4, P50Ms: 2.5, P99Ms: 145.2, ErrorPercent: 0.25,
		Components: []ComponentProgress{
			{Name: "load-balancer", Ready: 1, Desired: 1}, {Name: "api-server", Ready: 1, Desired: 2}, {Name: "database", Ready: 3, Desired: 3},
		},
	}
}

var grew = report.Decision{
	Second: 31, Rule: "api-server", Action: "AddReplica", Component: "api-server", From: 1, To: 2, Reason: "CPU overload (85.5%)",
}

func TestPlainViewWritesALineEveryTenSecondsAndEveryEvent(t *testing.T) {
	var out strings.Builder
	v := NewPlainView(&out)
	v.Step("starting the local cluster")
	for s := range 25 {
		v.Progress(atSecond(s))
	}
	v.Decision(grew)
	v.Notice(32, "warning api-server-1: CPU at 85%")
	v.Close()
	want := `starting the local cluster
00:00/02:00  1,234 req/s  p50 2.50 ms  p99 145 ms  errors 0.25 %  load-balancer, api-server 1/2, database x3
00:10/02:00  1,234 req/s  p50 2.50 ms  p99 145 ms  errors 0.25 %  load-balancer, api-server 1/2, database x3
00:20/02:00  1,234 req/s  p50 2.50 ms  p99 145 ms  errors 0.25 %  load-balancer, api-server 1/2, database x3
00:31  AddReplica api-server 1 -> 2 by api-server: CPU overload (85.5%)
00:32  warning api-server-1: CPU at 85%
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// screen plays the control sequences that the live view uses, as a terminal would.
func screen(stream string) string {
	lines, row := []string{""}, 0
	for len(stream) > 0 {
		switch {
		case strings.HasPrefix(stream, hideCursor), strings.HasPrefix(stream, showCursor):
			stream = stream[len(hideCursor):]
		case strings.HasPrefix(stream, eraseLine):
			lines[row], stream = "", stream[len(eraseLine):]
		case strings.HasPrefix(stream, "\x1b[1A"):
			row, stream = row-1, stream[len("\x1b[1A"):]
		case stream[0] == '\n':
			row, stream = row+1, stream[1:]
			if row == len(lines) {
				lines = append(lines, "")
			}
		default:
			lines[row] += stream[:1]
			stream = stream[1:]
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func TestLiveViewKeepsEventsAboveTheBar(t *testing.T) {
	var out strings.Builder
	v := NewLiveView(&out, func() int { return 43 })
	v.Step("starting the local cluster")
	v.Progress(atSecond(30))
	v.Decision(grew)
	v.Progress(atSecond(60))
	want := `00:31  AddReplica api-server 1 -> 2 by api-server: CPU overload (85.5%)
[====================                    ]
01:00/02:00  1,234 req/s  p50 2.50 ms  p99`
	if diff := cmp.Diff(want, screen(out.String())); diff != "" {
		t.Errorf("screen (-want +got):\n%s", diff)
	}
	v.Close()
	if got, want := screen(out.String()), "00:31  AddReplica api-server 1 -> 2 by api-server: CPU overload (85.5%)"; got != want {
		t.Errorf("screen after Close:\n%s\nwant:\n%s", got, want)
	}
}

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(v); got != want {
			t.Errorf("thousands(%v) = %q, want %q", v, got, want)
		}
	}
}
