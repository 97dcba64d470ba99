package history

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// archived is a run with two minutes of samples, in a store and as an archive.
func archived(t *testing.T) (*Store, Run, []byte) {
	t.Helper()
	s := opened(t, filepath.Join(t.TempDir(), "history.db"))
	run := runAt(1)
	run.Status, run.EndedAt = "Met", noon.Add(time.Hour)
	run.Objects = Objects{Simulation: json.RawMessage(`{"kind":"Simulation"}`), ComponentGraph: json.RawMessage(`{"kind":"ComponentGraph"}`)}
	for n := range 2 {
		write(t, s, minute(run, n))
	}
	var out bytes.Buffer
	if err := s.Export(t.Context(), run.ID, &out); err != nil {
		t.Fatal(err)
	}
	return s, run, out.Bytes()
}

func anybody(Run) error { return nil }

func TestAnArchiveIsTheWholeRun(t *testing.T) {
	onEach(t, func(t *testing.T, database func(*testing.T) string) {
		from, run, archive := archived(t)
		to := opened(t, database(t))
		for range 2 { // twice is once
			if got, err := to.Import(t.Context(), bytes.NewReader(archive), anybody); err != nil || got.ID != run.ID {
				t.Fatalf("imported %s: %v", got.ID, err)
			}
		}
		all := func(s *Store) []any {
			var samples []Sample
			if err := s.eachSample(t.Context(), run.ID, func(one Sample) error { samples = append(samples, one); return nil }); err != nil {
				t.Fatal(err)
			}
			return []any{must[Run](t)(s.Run(t.Context(), run.ID)), must[[]Event](t)(s.Events(t.Context(), run.ID)), samples}
		}
		if diff := cmp.Diff(all(from), all(to)); diff != "" {
			t.Errorf("the imported run (-exported +imported):\n%s", diff)
		}
		objects := must[Objects](t)(to.Objects(t.Context(), run.ID))
		var sim struct{ Kind string }
		if err := json.Unmarshal(objects.Simulation, &sim); err != nil || sim.Kind != "Simulation" {
			t.Errorf("the object is %s", objects.Simulation)
		}
	})
}

func TestAnArchiveIsTakenWholeOrNotAtAll(t *testing.T) {
	_, run, archive := archived(t)
	text := func(data []byte) string {
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return string(must[[]byte](t)(io.ReadAll(r)))
	}
	zipped := func(lines string) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := io.WriteString(w, lines); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	whole := text(archive)
	lines := strings.SplitAfter(whole, "\n")
	tests := map[string][]byte{
		"nothing":               nil,
		"not compressed":        []byte(whole),
		"cut off":               archive[:len(archive)-20],
		"without its last line": zipped(strings.Join(lines[:len(lines)-2], "")),
		"without an event":      zipped(strings.Join(append(append([]string{}, lines[:2]...), lines[3:]...), "")),
		"of another version":    zipped(strings.Replace(whole, `"version":1`, `"version":9`, 1)),
		"not JSON":              zipped(lines[0] + lines[1] + "{\n"),
		"without an id":         zipped(strings.Replace(whole, run.ID, "../../etc", 1)),
		"a line of nothing":     zipped(lines[0] + lines[1] + "{}\n"),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			s := opened(t, filepath.Join(t.TempDir(), "history.db"))
			if _, err := s.Import(t.Context(), bytes.NewReader(data), anybody); !errors.Is(err, ErrArchive) {
				t.Errorf("imported with %v", err)
			}
			if got := must[[]Run](t)(s.Runs(t.Context(), Page{Limit: 10})); len(got) != 0 {
				t.Errorf("%d runs are there", len(got))
			}
		})
	}
	refused := errors.New("not yours")
	s := opened(t, filepath.Join(t.TempDir(), "history.db"))
	if _, err := s.Import(t.Context(), bytes.NewReader(archive), func(Run) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("imported with %v", err)
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"format":"flashcrowd.io/run","version":1}` + "\n" + `{"run":{"ID":"x"}}` + "\n"))
	f.Fuzz(func(_ *testing.T, lines []byte) {
		a := newArchiveReader(bytes.NewReader(lines))
		if _, err := a.begin(); err != nil {
			return
		}
		for {
			var b Batch
			if more, err := a.next(&b, runAt(1).ID); err != nil || !more {
				return
			}
		}
	})
}

func TestARunThatGoesOnIsNotExported(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "history.db"))
	write(t, s, minute(runAt(1), 0))
	if err := s.Export(t.Context(), runAt(1).ID, io.Discard); err == nil || !strings.Contains(err.Error(), "has not ended") {
		t.Errorf("exported with %v", err)
	}
}
