package station

import (
	"math"
	"testing"
	"time"
)

func law(t *testing.T) func(Distribution, error) Distribution {
	return func(d Distribution, err error) Distribution {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func TestLawsHaveTheirMeanAndVariation(t *testing.T) {
	ok, mean := law(t), 10*time.Millisecond
	cases := map[string]struct {
		law Distribution
		cv  float64
	}{
		"constant":                  {Constant(mean), 0},
		"exponential":               {Exponential(mean), 1},
		"uniform":                   {ok(Uniform(5*time.Millisecond, 15*time.Millisecond)), 1 / math.Sqrt(12)},
		"log-normal narrow":         {ok(LogNormal(mean, 0.5)), 0.5},
		"log-normal wide":           {ok(LogNormal(mean, 2)), 2},
		"erlang of 1":               {ok(Erlang(mean, 1)), 1},
		"erlang of 4":               {ok(Erlang(mean, 4)), 0.5},
		"erlang of 100":             {ok(ErlangCV(mean, 0.1)), 0.1},
		"erlang of 400":             {ok(Erlang(mean, 400)), 0.05},
		"hyper-exponential":         {ok(HyperExponential(mean, 2)), 2},
		"hyper-exponential of cv 1": {ok(HyperExponential(mean, 1)), 1},
		"bimodal":                   {ok(Bimodal(5*time.Millisecond, 55*time.Millisecond, 0.1)), 1.5},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			gotMean, gotCV := moments(c.law)
			if got := c.law.Mean(); got.Round(time.Nanosecond*10) != mean {
				t.Errorf("Mean is %v, want %v", got, mean)
			}
			if math.Abs(gotMean/float64(mean)-1) > 1e-3 {
				t.Errorf("the mean of samples is %v, want %v", time.Duration(gotMean), mean)
			}
			if math.Abs(gotCV-c.cv) > 0.01*max(c.cv, 0.1) {
				t.Errorf("the coefficient of variation of samples is %v, want %v", gotCV, c.cv)
			}
		})
	}
}

// moments integrates a law over evenly spread draws.
func moments(d Distribution) (mean, cv float64) {
	const n = 1 << 19
	var sum, square float64
	for i := range n {
		x := float64(d.Sample((float64(i) + 0.5) / n))
		sum += x
		square += x * x
	}
	mean = sum / n
	return mean, math.Sqrt(max(0, square/n-mean*mean)) / mean
}

func TestSamplesNeverDecreaseWithTheDraw(t *testing.T) {
	ok := law(t)
	laws := map[string]Distribution{
		"exponential": Exponential(time.Millisecond),
		"log-normal":  ok(LogNormal(time.Millisecond, 1)),
		"erlang":      ok(Erlang(time.Millisecond, 7)),
		"bimodal":     ok(Bimodal(time.Millisecond, time.Second, 0.01)),
		"through":     ok(Through(8*time.Millisecond, 20*time.Millisecond, 500*time.Millisecond)),
	}
	for name, d := range laws {
		last := d.Sample(0)
		for i := range 10_000 {
			x := d.Sample(float64(i) / 10_000)
			if x < last || x < 0 {
				t.Fatalf("%s: %v after %v", name, x, last)
			}
			last = x
		}
		if top := d.Sample(1 - 1e-6); top < last || top > time.Minute {
			t.Errorf("%s: the greatest draw gives %v", name, top)
		}
	}
}

func TestThroughMeetsItsQuantiles(t *testing.T) {
	cases := map[string][3]time.Duration{
		"log-normal":   {10 * time.Millisecond, 36 * time.Millisecond, 102 * time.Millisecond},
		"long tail":    {10 * time.Millisecond, 12 * time.Millisecond, 500 * time.Millisecond},
		"short tail":   {time.Millisecond, 80 * time.Millisecond, 81 * time.Millisecond},
		"no variation": {time.Millisecond, time.Millisecond, time.Millisecond},
	}
	for name, q := range cases {
		t.Run(name, func(t *testing.T) {
			d := law(t)(Through(q[0], q[1], q[2]))
			for i, u := range []float64{0.5, 0.9, 0.99} {
				if got := d.Sample(u); (got - q[i]).Abs() > 1 {
					t.Errorf("p%v is %v, want %v", 100*u, got, q[i])
				}
			}
			if mean, _ := moments(d); math.Abs(mean/float64(d.Mean())-1) > 5e-3 {
				t.Errorf("Mean is %v, of samples %v", d.Mean(), time.Duration(mean))
			}
		})
	}
}

func TestThroughTheQuantilesOfALogNormalIsThatLogNormal(t *testing.T) {
	want := law(t)(LogNormal(10*time.Millisecond, 1.2))
	got := law(t)(Through(want.Sample(0.5), want.Sample(0.9), want.Sample(0.99)))
	if diff := got.Mean() - want.Mean(); diff.Abs() > 10 {
		t.Errorf("mean %v, want %v", got.Mean(), want.Mean())
	}
	for _, u := range []float64{0.01, 0.3, 0.7, 0.95, 0.999} {
		if diff := got.Sample(u) - want.Sample(u); diff.Abs() > 20 {
			t.Errorf("at %v: %v, want %v", u, got.Sample(u), want.Sample(u))
		}
	}
}

func TestLawsThatMakeNoSense(t *testing.T) {
	for name, f := range map[string]func() (Distribution, error){
		"uniform downwards":       func() (Distribution, error) { return Uniform(2, 1) },
		"log-normal of cv 0":      func() (Distribution, error) { return LogNormal(1, 0) },
		"log-normal of cv NaN":    func() (Distribution, error) { return LogNormal(1, math.NaN()) },
		"erlang without stages":   func() (Distribution, error) { return Erlang(1, 0) },
		"erlang of cv above 1":    func() (Distribution, error) { return ErlangCV(1, 1.1) },
		"hyper of cv below 1":     func() (Distribution, error) { return HyperExponential(1, 0.9) },
		"bimodal share above 1":   func() (Distribution, error) { return Bimodal(1, 2, 1.1) },
		"quantiles that decrease": func() (Distribution, error) { return Through(3, 2, 4) },
		"quantile of zero":        func() (Distribution, error) { return Through(0, 2, 4) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestClassesOverrideTheServiceTime(t *testing.T) {
	s := Service{Default: Constant(1), ByClass: []Distribution{nil, Constant(2)}}
	for class, want := range []time.Duration{1, 2, 1} {
		if got := s.Demand(uint8(class), 0.5); got != want {
			t.Errorf("class %d needs %v, want %v", class, got, want)
		}
	}
}
