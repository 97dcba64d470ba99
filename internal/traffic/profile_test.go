package traffic

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawProfile(t *rapid.T) Profile {
	segment := rapid.Custom(func(t *rapid.T) Segment {
		return Segment{
			Duration: time.Duration(rapid.IntRange(1, 600).Draw(t, "seconds")) * time.Second,
			From:     rapid.Float64Range(0, 5000).Draw(t, "from"), To: rapid.Float64Range(0, 5000).Draw(t, "to"),
		}
	})
	return Profile{Segments: rapid.SliceOfN(segment, 1, 8).Draw(t, "segments")}
}

func TestWhenIsTheInverseOfCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawProfile(t).curve()
		if c.total < 1 {
			t.Skip("no traffic")
		}
		count := rapid.Float64Range(0, c.total).Draw(t, "count")
		if got := c.count(c.when(count)); math.Abs(got-count) > 1e-6*max(1, c.total) {
			t.Fatalf("count(when(%v)) = %v", count, got)
		}
	})
}

func TestCountIsTheIntegralOfTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		end := p.curve().end
		const steps = 20_000
		sum, width := 0.0, end/steps
		for i := range steps {
			sum += p.Rate(time.Duration((float64(i)+0.5)*width*1e9)) * width
		}
		if got := p.Count(time.Duration(end * 1e9)); math.Abs(got-sum) > 0.002*max(100, got)+5000*width*float64(len(p.Segments)) {
			t.Fatalf("count %v, integral %v", got, sum)
		}
	})
}

func TestShapes(t *testing.T) {
	minute := time.Minute
	tests := map[string]struct {
		profile Profile
		rates   map[time.Duration]float64
	}{
		"constant": {Constant(50, minute), map[time.Duration]float64{0: 50, 30 * time.Second: 50, 2 * minute: 50}},
		"ramp":     {Ramp(100, 200, minute), map[time.Duration]float64{0: 100, 30 * time.Second: 150, 2 * minute: 200}},
		"spike":    {Spike(10, 100, minute), map[time.Duration]float64{10 * time.Second: 10, 30 * time.Second: 100, 55 * time.Second: 10}},
		"wave":     {Wave(0, 100, minute, 2*minute), map[time.Duration]float64{0: 0, 30 * time.Second: 100, minute: 0, 90 * time.Second: 100}},
		"stages": {Stages(10, []Stage{{Duration: minute, Rate: 20}, {Duration: minute, Rate: 50, Step: true}}), map[time.Duration]float64{
			0: 10, 30 * time.Second: 15, 61 * time.Second: 50, 5 * minute: 50,
		}},
		"replay at double speed and half rate": {Replay([]float64{60, 120}, Scaling{Interval: minute, Rate: 0.5, Speed: 2}), map[time.Duration]float64{
			0: 0.5, 30 * time.Second: 0.75, 59 * time.Second: 1,
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for at, want := range tt.rates {
				if got := tt.profile.Rate(at); math.Abs(got-want) > 0.005*max(1, want) {
					t.Errorf("rate at %v is %v, want %v", at, got, want)
				}
			}
		})
	}
}

func TestParseTrace(t *testing.T) {
	tests := map[string]struct {
		text, column string
		want         []float64
		words        string
	}{
		"the last column":     {text: "time,requests\na,1\nb,2\n", want: []float64{1, 2}},
		"a named column":      {text: "Requests,other\n3,x\n4,y\n", column: "requests", want: []float64{3, 4}},
		"no header":           {text: "5\n6\n", want: []float64{5, 6}},
		"empty":               {words: "write one row an interval"},
		"only a header":       {text: "time,requests\n", words: "no rows"},
		"an unknown column":   {text: "a,b\n1,2\n", column: "c", words: "write one of a, b"},
		"a word for a number": {text: "n\n1\nmany\n", words: "row 3"},
		"a negative count":    {text: "n\n-1\n", words: "write a count"},
		"rows of two lengths": {text: "a,b\n1\n", words: "reading the trace"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseTrace(strings.NewReader(tt.text), tt.column)
			if tt.words != "" {
				if err == nil || !strings.Contains(err.Error(), tt.words) {
					t.Errorf("error %v, want words %q", err, tt.words)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("error %v, counts (-want +got):\n%s", err, diff)
			}
		})
	}
}

func FuzzParseTrace(f *testing.F) {
	f.Add("time,requests\na,1\n", "requests")
	f.Fuzz(func(t *testing.T, text, column string) {
		counts, err := ParseTrace(strings.NewReader(text), column)
		if err == nil && len(counts) == 0 {
			t.Fatal("no counts and no error")
		}
		for _, c := range counts {
			if c < 0 || math.IsNaN(c) {
				t.Fatalf("count %v", c)
			}
		}
	})
}
