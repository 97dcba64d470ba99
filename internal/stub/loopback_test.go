package stub

import (
	"context"
	"net"
	"strconv"
	"sync"
	"syscall"
)

// loopback carries connections in memory: unlike those of the kernel they let
// virtual time pass while everybody waits, and only then. So no test here depends
// on how busy the machine is.
type loopback struct {
	mu        sync.Mutex
	listeners map[string]*memoryListener
	last      int
}

var memory = &loopback{listeners: map[string]*memoryListener{}}

type memoryListener struct {
	net    *loopback
	port   string
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

func (l *loopback) listen() net.Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	m := &memoryListener{net: l, port: "memory:" + strconv.Itoa(l.last), conns: make(chan net.Conn), closed: make(chan struct{})}
	m.close = sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.listeners, m.port)
		close(m.closed)
	})
	l.listeners[m.port] = m
	return m
}

// dial is a transport.Dialer.
func (l *loopback) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	m := l.listeners[address]
	l.mu.Unlock()
	refused := &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	if m == nil {
		return nil, refused
	}
	here, there := net.Pipe()
	select {
	case m.conns <- there:
		return here, nil
	case <-m.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
	}
}

func (m *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memoryListener) Close() error {
	m.close()
	return nil
}

func (m *memoryListener) Addr() net.Addr { return m }

func (m *memoryListener) Network() string { return "memory" }

func (m *memoryListener) String() string { return m.port }
