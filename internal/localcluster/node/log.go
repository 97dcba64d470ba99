package node

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// maxLog bounds the log of one container; the older half goes when it is full.
const maxLog = 16 << 20

// logFile writes the lines of a container with their time and stream, as
// container runtimes do: "2006-01-02T15:04:05.999999999Z07:00 stdout F line".
type logFile struct {
	mu      sync.Mutex
	file    *os.File
	size    int64
	streams []*stream
}

func newLog(path string) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("making the log directory: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	return &logFile{file: file}, nil
}

// stream is one of the outputs of a container.
type stream struct {
	log  *logFile
	name string
	rest []byte
}

func (l *logFile) stream(name string) io.Writer {
	s := &stream{log: l, name: name}
	l.streams = append(l.streams, s)
	return s
}

// Write splits what comes into lines.
func (s *stream) Write(p []byte) (int, error) {
	s.rest = append(s.rest, p...)
	for {
		i := bytes.IndexByte(s.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		s.log.line(s.name, s.rest[:i])
		s.rest = s.rest[i+1:]
	}
}

func (l *logFile) line(stream string, line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > maxLog {
		l.halve()
	}
	n, _ := fmt.Fprintf(l.file, "%s %s F %s\n", time.Now().Format(time.RFC3339Nano), stream, line)
	l.size += int64(n)
}

// halve keeps the newer half of a full log.
func (l *logFile) halve() {
	kept := make([]byte, maxLog/2)
	n, err := l.file.ReadAt(kept, l.size-maxLog/2)
	if err != nil && n == 0 {
		return
	}
	kept = kept[bytes.IndexByte(kept[:n], '\n')+1 : n]
	if l.file.Truncate(0) == nil {
		_, _ = l.file.Seek(0, io.SeekStart)
		_, _ = l.file.Write(kept)
		l.size = int64(len(kept))
	}
}

func (l *logFile) close() {
	for _, s := range l.streams {
		if len(s.rest) > 0 {
			l.line(s.name, s.rest)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.file.Close()
}
