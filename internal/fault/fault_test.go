package fault

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTroubleLastsForItsTime(t *testing.T) {
	plan := Plan{
		{Name: "loss", Kind: Slow, Component: "db", At: 10 * time.Second, Duration: 5 * time.Second, Latency: 200 * time.Millisecond},
		{Name: "more", Kind: Slow, Component: "db", At: 12 * time.Second, Duration: time.Second, Latency: 50 * time.Millisecond},
		{Name: "bad", Kind: Failing, Component: "db", Instances: 1, At: 10 * time.Second, Duration: time.Second, Every: 4 * time.Second, ErrorRatePPM: 500_000},
	}
	first, second, other := Instance{"db", 1}, Instance{"db", 2}, Instance{"api", 1}
	for _, test := range []struct {
		at   time.Duration
		of   Instance
		want Trouble
	}{
		{9999 * time.Millisecond, first, Trouble{}},
		{10 * time.Second, first, Trouble{Latency: 200 * time.Millisecond, ErrorRatePPM: 500_000}},
		{10 * time.Second, second, Trouble{Latency: 200 * time.Millisecond}},
		{10 * time.Second, other, Trouble{}},
		{11 * time.Second, first, Trouble{Latency: 200 * time.Millisecond}},
		{12 * time.Second, first, Trouble{Latency: 250 * time.Millisecond}},
		{14500 * time.Millisecond, first, Trouble{Latency: 200 * time.Millisecond, ErrorRatePPM: 500_000}},
		{15 * time.Second, first, Trouble{}},
		{18 * time.Second, first, Trouble{ErrorRatePPM: 500_000}},
	} {
		if diff := cmp.Diff(test.want, plan.Trouble(test.of, test.at)); diff != "" {
			t.Errorf("%v at %s (-want +got):\n%s", test.of, test.at, diff)
		}
	}
}

func TestSightIsLostAndDelayed(t *testing.T) {
	plan := Plan{
		{Kind: MetricsOutage, At: time.Second, Duration: time.Second, Every: 3 * time.Second},
		{Kind: MetricsDelay, At: 10 * time.Second, Duration: 10 * time.Second, Delay: 15 * time.Second},
		{Kind: MetricsDelay, At: 10 * time.Second, Duration: time.Second, Delay: 30 * time.Second},
	}
	for at, want := range map[time.Duration]Sight{
		0:                       {},
		1500 * time.Millisecond: {Out: true},
		2 * time.Second:         {},
		4 * time.Second:         {Out: true},
		10 * time.Second:        {Out: true, Delay: 30 * time.Second},
		12 * time.Second:        {Delay: 15 * time.Second},
	} {
		if got := plan.Sight(at); got != want {
			t.Errorf("sight at %s is %+v, want %+v", at, got, want)
		}
	}
}

func TestACrashHappensOnceEachTime(t *testing.T) {
	plan := Plan{{Kind: Crash, Component: "worker", Instances: 1, At: 5 * time.Second, Every: 10 * time.Second}}
	worker := Instance{"worker", 1}
	if plan.Crashes(worker, 0, 4999*time.Millisecond) || !plan.Crashes(worker, 4*time.Second, 5*time.Second) || plan.Crashes(worker, 5*time.Second, 14*time.Second) {
		t.Error("the crash at 5s is not at 5s alone")
	}
	if plan.Crashes(Instance{"worker", 2}, 0, time.Minute) {
		t.Error("the second instance crashes too")
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Duration(rapid.IntRange(0, 60_000).Draw(t, "ms")) * time.Millisecond
		next, ok := plan.NextCrash(worker, at)
		if !ok || next <= at || plan.Crashes(worker, at, next-1) || !plan.Crashes(worker, at, next) {
			t.Fatalf("next crash after %s is %s %v", at, next, ok)
		}
	})
	once := Plan{{Kind: Crash, Component: "worker", At: 5 * time.Second}}
	if _, again := once.NextCrash(worker, 5*time.Second); again {
		t.Error("a crash without every happens twice")
	}
}
