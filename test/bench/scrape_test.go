package bench

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// scrape is what a process exposes, by name.
func scrape(b *testing.B, p *process) map[string]*dto.MetricFamily {
	b.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+p.metrics+"/metrics", nil)
	if err != nil {
		b.Fatal(err)
	}
	format := expfmt.NewFormat(expfmt.TypeProtoDelim)
	request.Header.Set("Accept", string(format)) // native histograms travel in this format only
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	return families(b, response)
}

// families are the metrics of an answer, by name.
func families(b *testing.B, response *http.Response) map[string]*dto.MetricFamily {
	b.Helper()
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header))
	all := map[string]*dto.MetricFamily{}
	for {
		family := &dto.MetricFamily{}
		switch err := decoder.Decode(family); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			b.Fatal(err)
		}
		all[family.GetName()] = family
	}
}

// sum adds up the series of a counter or gauge.
func sum(family *dto.MetricFamily) float64 {
	total := 0.0
	for _, m := range family.GetMetric() {
		total += m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return total
}

// mean of a histogram with a single series, in microseconds.
func mean(family *dto.MetricFamily) float64 {
	h := family.GetMetric()[0].GetHistogram()
	return h.GetSampleSum() / float64(h.GetSampleCount()) * 1e6
}

// quantile of a native histogram with a single series, in microseconds, between
// the bounds of its bucket geometrically.
func quantile(family *dto.MetricFamily, q float64) float64 {
	h := family.GetMetric()[0].GetHistogram()
	base := bucketBase(h.GetSchema())
	rank := q*float64(h.GetSampleCount()) - float64(h.GetZeroCount())
	index, count, delta := int32(0), int64(0), 0
	for _, span := range h.GetPositiveSpan() {
		index += span.GetOffset()
		for range span.GetLength() {
			count += h.GetPositiveDelta()[delta]
			delta++
			if rank <= float64(count) {
				return power(base, float64(index-1)+rank/float64(count)) * 1e6
			}
			rank -= float64(count)
			index++
		}
	}
	return power(base, float64(index)) * 1e6
}

func median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// merged adds up the series of a native histogram; all have one schema.
func merged(family *dto.MetricFamily) *dto.MetricFamily {
	counts := map[int32]int64{}
	all := &dto.Histogram{SampleCount: new(uint64), SampleSum: new(float64), ZeroCount: new(uint64), Schema: new(int32)}
	for _, m := range family.GetMetric() {
		h := m.GetHistogram()
		*all.SampleCount += h.GetSampleCount()
		*all.SampleSum += h.GetSampleSum()
		*all.ZeroCount += h.GetZeroCount()
		if h.GetSampleCount() > 0 {
			*all.Schema = h.GetSchema()
		}
		index, count, delta := int32(0), int64(0), 0
		for _, span := range h.GetPositiveSpan() {
			index += span.GetOffset()
			for range span.GetLength() {
				count += h.GetPositiveDelta()[delta]
				counts[index] += count
				delta, index = delta+1, index+1
			}
		}
	}
	next, last := int32(0), int64(0)
	for _, index := range slices.Sorted(maps.Keys(counts)) {
		offset, length := index-next, uint32(1)
		all.PositiveSpan = append(all.PositiveSpan, &dto.BucketSpan{Offset: &offset, Length: &length})
		all.PositiveDelta = append(all.PositiveDelta, counts[index]-last)
		next, last = index+1, counts[index]
	}
	return &dto.MetricFamily{Metric: []*dto.Metric{{Histogram: all}}}
}
