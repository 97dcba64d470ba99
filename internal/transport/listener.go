package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// helloTimeout bounds how long a caller may take to say what it speaks.
const helloTimeout = 5 * time.Second

// Listener splits the connections of one port by their first bytes: those that
// carry frames are handed to accept, all others come out of Accept for an HTTP
// server.
type Listener struct {
	net.Listener
	accept func(*Conn)
	reader Reader

	http    chan net.Conn
	closing chan struct{}
	once    sync.Once
	mu      sync.Mutex
	open    map[net.Conn]struct{}
	running sync.WaitGroup
}

// Listen splits the connections of l. accept is called before the first batch
// of a connection is read.
func Listen(l net.Listener, accept func(*Conn), reader Reader) *Listener {
	s := &Listener{
		Listener: l, accept: accept, reader: reader,
		http: make(chan net.Conn), closing: make(chan struct{}), open: map[net.Conn]struct{}{},
	}
	s.running.Go(s.run)
	return s
}

// Accept is the next connection that speaks HTTP.
func (s *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-s.http:
		return c, nil
	case <-s.closing:
		return nil, net.ErrClosed
	}
}

// Close stops listening, ends every connection that carries frames and is not read
// by a Poller, and waits for their goroutines.
func (s *Listener) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closing)
		err = s.Listener.Close()
		s.mu.Lock()
		for c := range s.open {
			_ = c.Close()
		}
		s.mu.Unlock()
	})
	s.running.Wait()
	return err
}

func (s *Listener) run() {
	for {
		c, err := s.Listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select { // out of descriptors, say: others may close some
			case <-s.closing:
				return
			case <-time.After(10 * time.Millisecond):
				continue
			}
		}
		s.running.Go(func() { s.sort(c) })
	}
}

// sort finds out what a connection speaks and serves it or hands it on.
func (s *Listener) sort(c net.Conn) {
	if !s.track(c) {
		_ = c.Close()
		return
	}
	defer s.forget(c)
	_ = c.SetReadDeadline(time.Now().Add(helloTimeout))
	first := make([]byte, len(wire.Preface))
	n, err := readWhile(c, first, []byte(wire.Preface))
	if err != nil {
		_ = c.Close()
		return
	}
	if n < len(first) || !bytes.Equal(first, []byte(wire.Preface)) {
		s.forget(c) // the HTTP server owns it from here
		s.handOn(&prefixed{Conn: c, prefix: first[:n]})
		return
	}
	hello, rest, err := readHello(c)
	if err != nil {
		_ = c.Close()
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	conn, err := newConn(c, hello, s.reader)
	if err != nil {
		return
	}
	s.accept(conn)
	s.reader.read(conn, rest)
}

func (s *Listener) track(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return false
	default:
		s.open[c] = struct{}{}
		return true
	}
}

func (s *Listener) forget(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

func (s *Listener) handOn(c net.Conn) {
	_ = c.SetReadDeadline(time.Time{})
	select {
	case s.http <- c:
	case <-s.closing:
		_ = c.Close()
	}
}

// readWhile reads into b until it is full or no longer begins like want.
func readWhile(r io.Reader, b, want []byte) (int, error) {
	n := 0
	for n < len(b) && bytes.HasPrefix(want, b[:n]) {
		m, err := r.Read(b[n:])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// readHello reads the first frame, and what came behind it.
func readHello(r io.Reader) (wire.Hello, []byte, error) {
	buffer := make([]byte, 0, readSize)
	for {
		f, payload, n, err := wire.DecodeFrame(buffer)
		if err != nil {
			return wire.Hello{}, nil, err
		}
		if n > 0 {
			if f.Op != wire.OpHello {
				return wire.Hello{}, nil, fmt.Errorf("%w: the first frame is no hello", wire.ErrFrame)
			}
			hello, err := wire.DecodeHello(payload)
			return hello, buffer[n:], err
		}
		m, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+m]
		if err != nil {
			return wire.Hello{}, nil, err
		}
	}
}

// prefixed gives back the bytes that were read to find out what they are.
type prefixed struct {
	net.Conn
	prefix []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.prefix) > 0 {
		n := copy(b, p.prefix)
		p.prefix = p.prefix[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}
