package topology

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// File delivers the topology in a JSON file and each new version of it, for
// stubs and generators that run without a manager.
type File struct {
	path     string
	poll     time.Duration
	log      *slog.Logger
	lastSeen atomic.Int64
}

var _ Source = (*File)(nil)

// NewFile reads path, and again when its size or time changes.
func NewFile(path string, log *slog.Logger) *File {
	return &File{path: path, poll: 100 * time.Millisecond, log: log}
}

// LastSeen is when the file was last read whole.
func (f *File) LastSeen() time.Time {
	if ns := f.lastSeen.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

// Run delivers the file until ctx ends. A file that is missing at the start is
// an error; one that is broken later is logged and the last good one stays.
func (f *File) Run(ctx context.Context, apply func(wire.Topology)) error {
	seen, err := f.deliver(apply)
	if err != nil {
		return err
	}
	tick := time.NewTicker(f.poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		info, err := os.Stat(f.path)
		if err != nil || sameVersion(seen, info) {
			continue
		}
		next, err := f.deliver(apply)
		if err != nil {
			f.log.Error("topology file kept at its last version", "error", err)
			continue
		}
		seen = next
	}
}

func sameVersion(a, b os.FileInfo) bool {
	return a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

func (f *File) deliver(apply func(wire.Topology)) (os.FileInfo, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, fmt.Errorf("reading the topology file: %w", err)
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("reading the topology file: %w", err)
	}
	var t wire.Topology
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("decoding %s: %w", f.path, err)
	}
	if t.Revision == "" {
		if t.Revision, err = Digest(t); err != nil {
			return nil, err
		}
	}
	f.lastSeen.Store(time.Now().UnixNano())
	apply(t)
	return info, nil
}
