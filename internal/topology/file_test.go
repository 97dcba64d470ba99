package topology

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flashcrowd.io/flashcrowd/internal/wire"
)

func write(t *testing.T, path, entry string) {
	t.Helper()
	data, err := json.Marshal(wire.Topology{Graph: "shop/web", Entry: entry})
	if err != nil {
		t.Fatal(err)
	}
	replaceFile(t, path, data)
}

// replaceFile puts a whole new file in place, as an editor or a ConfigMap does.
func replaceFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestFileDeliversEachVersionAndSurvivesABrokenOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "topology.json")
	write(t, path, "lb")
	f := NewFile(path, slog.New(slog.DiscardHandler))
	applied := make(chan wire.Topology, 4)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx, func(t wire.Topology) { applied <- t }) }()

	if got := next(t, applied); got.Entry != "lb" || got.Revision == "" {
		t.Errorf("first topology %+v, want entry lb and a revision", got)
	}
	replaceFile(t, path, []byte("{broken"))
	write(t, path, "gateway")
	if got := next(t, applied); got.Entry != "gateway" {
		t.Errorf("entry %q after the change, want gateway", got.Entry)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run ended with %v", err)
	}
}

func TestFileRefusesToStartWithoutOne(t *testing.T) {
	f := NewFile(filepath.Join(t.TempDir(), "none.json"), slog.New(slog.DiscardHandler))
	err := f.Run(t.Context(), func(wire.Topology) { t.Error("applied a topology that is not there") })
	if err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("error %v, want one that names the file", err)
	}
}
