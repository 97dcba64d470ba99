package history

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// An archive is one run, gzipped: a line that says so, the run, its events, and its
// samples, each a line of JSON.
const (
	archiveFormat  = "flashcrowd.io/run"
	archiveVersion = 1
	// maxLine bounds a line of an archive, and maxArchive all of them: 10 components
	// a second for three days.
	maxLine    = 16 << 20
	maxArchive = 2 << 30
	// archiveBatch is how many samples are read and written at once.
	archiveBatch = 5_000
)

// ErrArchive says that something is not an archive that can be read.
var ErrArchive = errors.New("not an archive of a run")

// ErrUnended says that a run goes on.
var ErrUnended = errors.New("the run has not ended")

// archiveLine is one line; one of its fields is set.
type archiveLine struct {
	Format  string        `json:"format,omitempty"`
	Version int           `json:"version,omitempty"`
	Run     *Run          `json:"run,omitempty"`
	Event   *Event        `json:"event,omitempty"`
	Sample  *archiveValue `json:"sample,omitempty"`
	// Lines that the archive has besides, in its last one: one that was cut off has none.
	Lines int64 `json:"lines,omitempty"`
}

// archiveValue is a sample without what is the same in all of them.
type archiveValue struct {
	Component string     `json:"c"`
	At        time.Time  `json:"t"`
	Values    []*float64 `json:"v"`
}

// Export writes a run with all that belongs to it as an archive.
func (s *Store) Export(ctx context.Context, id string, w io.Writer) error {
	run, err := s.Run(ctx, id)
	if err != nil {
		return err
	}
	if run.EndedAt.IsZero() {
		return fmt.Errorf("%w: export %s when it has", ErrUnended, id)
	}
	if run.Objects, err = s.Objects(ctx, id); err != nil {
		return err
	}
	compressed := gzip.NewWriter(w)
	a := archiveWriter{encoder: json.NewEncoder(compressed)}
	a.put(archiveLine{Format: archiveFormat, Version: archiveVersion})
	a.put(archiveLine{Run: &run})
	events, err := s.Events(ctx, id)
	if err != nil {
		return err
	}
	for _, e := range events {
		a.put(archiveLine{Event: &e})
	}
	if err := s.eachSample(ctx, id, func(sample Sample) error {
		a.put(archiveLine{Sample: &archiveValue{Component: sample.Component, At: sample.At, Values: sample.list()}})
		return a.err
	}); err != nil {
		return err
	}
	a.put(archiveLine{Lines: a.lines})
	if err := errors.Join(a.err, compressed.Close()); err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}

// archiveWriter writes lines until one fails.
type archiveWriter struct {
	encoder *json.Encoder
	lines   int64
	err     error
}

func (a *archiveWriter) put(line archiveLine) {
	if a.err == nil {
		a.err = a.encoder.Encode(line)
		a.lines++
	}
}

// Import takes an archive in, whole or not at all, unless allow refuses the run. What
// is there already stays.
func (s *Store) Import(ctx context.Context, r io.Reader, allow func(Run) error) (Run, error) {
	compressed, err := gzip.NewReader(r)
	if err != nil {
		return Run{}, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	lines := newArchiveReader(compressed)
	run, err := lines.begin()
	if err != nil {
		return Run{}, err
	}
	if err := allow(run); err != nil {
		return Run{}, err
	}
	tx, err := s.begin(ctx)
	if err != nil {
		return Run{}, fmt.Errorf("importing the run: %w", err)
	}
	b := Batch{Runs: []Run{run}}
	if run.User != "" {
		b.Users = []User{{Name: run.User, CreatedAt: run.CreatedAt}}
	}
	for more := true; more && err == nil; {
		if more, err = lines.next(&b, run.ID); err == nil {
			err = s.write(ctx, tx, b)
		}
		b = Batch{}
	}
	if err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return Run{}, fmt.Errorf("importing the run: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return Run{}, fmt.Errorf("importing the run: %w", err)
	}
	return run, nil
}

// archiveReader reads lines.
type archiveReader struct {
	scanner *bufio.Scanner
	bounded *io.LimitedReader
	lines   int64
}

func newArchiveReader(r io.Reader) *archiveReader {
	bounded := &io.LimitedReader{R: r, N: maxArchive}
	scanner := bufio.NewScanner(bounded)
	scanner.Buffer(nil, maxLine)
	return &archiveReader{scanner: scanner, bounded: bounded}
}

func (a *archiveReader) line() (archiveLine, error) {
	if !a.scanner.Scan() {
		return archiveLine{}, fmt.Errorf("%w: it is cut off or too large: %w", ErrArchive, errors.Join(io.ErrUnexpectedEOF, a.scanner.Err()))
	}
	var line archiveLine
	if err := json.Unmarshal(a.scanner.Bytes(), &line); err != nil {
		return line, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	a.lines++
	return line, nil
}

// begin is the run that an archive is of.
func (a *archiveReader) begin() (Run, error) {
	head, err := a.line()
	if err != nil {
		return Run{}, err
	}
	if head.Format != archiveFormat || head.Version != archiveVersion {
		return Run{}, fmt.Errorf("%w: it says %q version %d, not %q version %d", ErrArchive, head.Format, head.Version, archiveFormat, archiveVersion)
	}
	second, err := a.line()
	if err != nil {
		return Run{}, err
	}
	if second.Run == nil {
		return Run{}, fmt.Errorf("%w: it has no run", ErrArchive)
	}
	return *second.Run, second.Run.sound()
}

// sound refuses a run that the keeper could not have written.
func (r Run) sound() error {
	if _, err := uuid.Parse(r.ID); err != nil {
		return fmt.Errorf("%w: the id of the run is no UUID: %w", ErrArchive, err)
	}
	if r.EndedAt.IsZero() || r.Namespace == "" || !json.Valid(r.Spec) || !json.Valid(r.Report) {
		return fmt.Errorf("%w: the run has no end, no namespace, no spec or no report", ErrArchive)
	}
	return nil
}

// next adds some lines to a batch, and reports whether there are more.
func (a *archiveReader) next(b *Batch, run string) (more bool, err error) {
	for len(b.Samples)+len(b.Events) < archiveBatch {
		line, err := a.line()
		if err != nil {
			return false, err
		}
		switch {
		case line.Event != nil:
			line.Event.Run = run
			b.Events = append(b.Events, *line.Event)
		case line.Sample != nil:
			sample := Sample{Run: run, Component: line.Sample.Component, At: line.Sample.At}
			if err := sample.set(line.Sample.Values); err != nil {
				return false, err
			}
			b.Samples = append(b.Samples, sample)
		case line.Lines == a.lines-1:
			return false, nil
		default:
			return false, fmt.Errorf("%w: line %d is neither an event nor a sample", ErrArchive, a.lines)
		}
	}
	return true, nil
}

// list are the values in the order of fields.
func (v *Values) list() []*float64 {
	var all []*float64
	for _, field := range v.fields() {
		all = append(all, *field)
	}
	return all
}

// set takes a list back; one of an older version is shorter.
func (v *Values) set(all []*float64) error {
	fields := v.fields()
	if len(all) > len(fields) {
		return fmt.Errorf("%w: a sample has %d values, and only %d are known", ErrArchive, len(all), len(fields))
	}
	for i, value := range all {
		*fields[i] = value
	}
	return nil
}
