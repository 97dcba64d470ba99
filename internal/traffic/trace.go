package traffic

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxTraceRows bounds a trace: a day in seconds.
const maxTraceRows = 86_400

// ParseTrace reads the counts of a CSV: the column with the given header, or
// the last one. A first row that holds no number is the header.
func ParseTrace(r io.Reader, column string) ([]float64, error) {
	reader := csv.NewReader(r)
	reader.TrimLeadingSpace = true
	reader.Comment = '#'
	first, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the trace is empty: write one row an interval")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the trace: %w", err)
	}
	index, header, err := traceColumn(first, column)
	if err != nil {
		return nil, err
	}
	var counts []float64
	for row, line := first, 1; err == nil; line++ {
		if line > 1 || !header {
			count, err := traceCount(row[index], line)
			if err != nil {
				return nil, err
			}
			counts = append(counts, count)
		}
		if len(counts) > maxTraceRows {
			return nil, fmt.Errorf("the trace has more than %d rows: cut it, or sum intervals", maxTraceRows)
		}
		row, err = reader.Read()
	}
	if !errors.Is(err, io.EOF) && err != nil {
		return nil, fmt.Errorf("reading the trace: %w", err)
	}
	if len(counts) == 0 {
		return nil, errors.New("the trace has a header and no rows: write one row an interval")
	}
	return counts, nil
}

// traceColumn finds the column of the counts and whether the first row is a header.
func traceColumn(first []string, column string) (index int, header bool, err error) {
	_, numberErr := strconv.ParseFloat(strings.TrimSpace(first[len(first)-1]), 64)
	if column == "" {
		return len(first) - 1, numberErr != nil, nil
	}
	for i, name := range first {
		if strings.EqualFold(strings.TrimSpace(name), column) {
			return i, true, nil
		}
	}
	return 0, false, fmt.Errorf("the trace has no column %q: write one of %s", column, strings.Join(first, ", "))
}

func traceCount(text string, line int) (float64, error) {
	count, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || count < 0 || math.IsNaN(count) || math.IsInf(count, 0) {
		return 0, fmt.Errorf("row %d of the trace: write a count of requests, not %q", line, text)
	}
	return count, nil
}

// Scaling fits a trace to a rehearsal.
type Scaling struct {
	// Interval that each row stands for.
	Interval time.Duration
	// Rate multiplies the rate, Speed the pace of time: 288 plays a day in 5 minutes.
	Rate, Speed float64
}

// Replay plays counts per interval as rates, from the middle of one interval to
// the middle of the next, so that the rate has no steps that the trace has not.
func Replay(counts []float64, s Scaling) Profile {
	rate := func(i int) float64 { return counts[i] / s.Interval.Seconds() * s.Rate }
	length := time.Duration(float64(s.Interval) / s.Speed)
	p := Profile{Segments: []Segment{{Duration: length / 2, From: rate(0), To: rate(0)}}}
	for i := 1; i < len(counts); i++ {
		p.Segments = append(p.Segments, Segment{Duration: length, From: rate(i - 1), To: rate(i)})
	}
	last := rate(len(counts) - 1)
	p.Segments = append(p.Segments, Segment{Duration: length / 2, From: last, To: last})
	return p
}
