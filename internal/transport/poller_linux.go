package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// Poller reads the connections of one loop, when the loop turns. A goroutine for
// each connection would wake up the process for every batch that comes in between
// two turns, and a wake-up costs as much as dozens of frames.
//
// The connections are in an epoll set of their own, which lies in a second one that
// the runtime's poller watches. The link between the two sets is open only after
// Arm, for one event. Connections that are none of the kernel's are left to
// goroutines.
//
// Read, Arm, Close and what connections offer their owner belong to the loop.
type Poller struct {
	inbox  Inbox
	wake   func()
	conns  map[int32]polled
	events [64]unix.EpollEvent
	buffer []byte
	frames []wire.Frame
	// sets are those that the loop uses, once there is a connection.
	sets *epollSets

	mu     sync.Mutex
	opened *epollSets
	come   []polled
	closed bool
}

// polled is a connection that a poller reads, and what it has of a frame that did
// not come whole.
type polled struct {
	conn   *Conn
	socket *pollSocket
	rest   []byte
}

// NewPoller is a poller that gives what comes to inbox. After Arm it calls wake, from a
// goroutine of its own, once there is something to read.
func NewPoller(inbox Inbox, wake func()) *Poller {
	return &Poller{inbox: inbox, wake: wake, conns: map[int32]polled{}, buffer: make([]byte, readSize)}
}

// epollSets are the set ready, which holds the connections, and link, which holds
// that set and which file is for the runtime.
type epollSets struct {
	ready, link int
	linked      unix.EpollEvent
	file        *os.File
	waiting     sync.WaitGroup
}

func newEpollSets() (*epollSets, error) {
	ready, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making an epoll set: %w", err)
	}
	link, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		_ = unix.Close(ready)
		return nil, fmt.Errorf("making an epoll set: %w", err)
	}
	s := &epollSets{ready: ready, link: link, linked: unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: int32(ready)}}
	if err = unix.EpollCtl(link, unix.EPOLL_CTL_ADD, ready, &s.linked); err == nil {
		err = unix.SetNonblock(link, true) // or the runtime would not watch it
	}
	s.file = os.NewFile(uintptr(link), "epoll")
	if err != nil {
		s.close()
		return nil, fmt.Errorf("linking epoll sets: %w", err)
	}
	return s, nil
}

func (s *epollSets) close() {
	_ = s.file.Close()
	s.waiting.Wait()
	_ = unix.Close(s.ready)
}

// open makes the epoll sets for the first connection.
func (p *Poller) open() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	if p.opened != nil {
		return nil
	}
	sets, err := newEpollSets()
	if err != nil {
		return err
	}
	raw, err := sets.file.SyscallConn()
	if err != nil {
		sets.close()
		return fmt.Errorf("watching an epoll set: %w", err)
	}
	sets.waiting.Go(func() { p.await(raw) })
	p.opened = sets
	return nil
}

// await calls wake for each event of the link until that is closed.
func (p *Poller) await(raw syscall.RawConn) {
	event := make([]unix.EpollEvent, 1)
	for raw.Read(func(link uintptr) bool { return happened(int(link), event) > 0 }) == nil {
		p.wake()
	}
}

// Arm asks for a wake once there is something to read, be it there already.
func (p *Poller) Arm() {
	if s := p.sets; s != nil {
		_ = unix.EpollCtl(s.link, unix.EPOLL_CTL_MOD, s.ready, &s.linked)
	}
}

// Read gives all that has come to the inbox.
func (p *Poller) Read() {
	p.mu.Lock()
	come := p.come
	p.come, p.sets = nil, p.opened
	p.mu.Unlock()
	for _, c := range come {
		p.add(c)
	}
	if p.sets == nil {
		return
	}
	for n, left := len(p.events), len(p.conns); n == len(p.events) && left > 0; left -= n {
		n = happened(p.sets.ready, p.events[:])
		for _, e := range p.events[:n] {
			p.drain(e.Fd)
		}
	}
}

// take makes a connection one that the poller reads, out of the runtime's poller.
func (p *Poller) take(c net.Conn) (socket, error) {
	inner, ok := c.(syscall.Conn)
	if !ok {
		return p.inbox.take(c)
	}
	defer c.Close()
	if err := p.open(); err != nil {
		return nil, err
	}
	raw, err := inner.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("polling %s: %w", c.RemoteAddr(), err)
	}
	own := -1
	if e := raw.Control(func(fd uintptr) { own, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("polling %s: %w", c.RemoteAddr(), err)
	}
	return &pollSocket{fd: own}, nil
}

// read hands a connection to the loop.
func (p *Poller) read(c *Conn, rest []byte) {
	s, ours := c.socket.(*pollSocket)
	if !ours {
		p.inbox.read(c, rest)
		return
	}
	came := polled{conn: c, socket: s, rest: rest}
	if !p.hand(came) {
		came.end()
		return
	}
	p.wake()
}

// hand leaves a connection for the loop, unless that has ended.
func (p *Poller) hand(c polled) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.come = append(p.come, c)
	}
	return !p.closed
}

func (p *Poller) add(c polled) {
	filled := copy(p.buffer, c.rest)
	c.rest = nil // it keeps a whole buffer
	p.conns[int32(c.socket.fd)] = c
	if err := c.socket.register(p.sets.ready); err != nil {
		p.lose(c, err)
		return
	}
	p.decode(c, filled)
}

// drain reads all that a connection has.
func (p *Poller) drain(fd int32) {
	for more := true; more; {
		c, open := p.conns[fd]
		if !open {
			return
		}
		filled := copy(p.buffer, c.rest)
		n, err := c.socket.read(p.buffer[filled:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			return
		case err != nil:
			p.lose(c, fmt.Errorf("reading from %s: %w", c.conn.RemoteAddr(), err))
			return
		}
		more = filled+n == len(p.buffer)
		p.decode(c, filled+n)
	}
}

// decode gives the frames at the buffer's beginning to the inbox.
func (p *Poller) decode(c polled, filled int) {
	frames, used, err := decode(p.buffer[:filled], p.frames[:0])
	p.frames = frames
	c.rest = append(c.rest[:0], p.buffer[used:filled]...)
	p.conns[int32(c.socket.fd)] = c
	if len(frames) > 0 {
		p.inbox(Batch{Conn: c.conn, Frames: frames})
	}
	if err != nil {
		p.lose(c, err)
	}
}

// lose ends a connection and tells the inbox why.
func (p *Poller) lose(c polled, err error) {
	delete(p.conns, int32(c.socket.fd))
	c.end()
	p.inbox(Batch{Conn: c.conn, Err: err})
}

func (c polled) end() {
	c.socket.end()
	close(c.conn.done)
}

// Close ends all connections. What has come goes to the inbox first: to close over it
// would reset a connection, and take from the other side what it has not read.
func (p *Poller) Close() {
	p.Read()
	p.mu.Lock()
	p.closed = true
	come, sets := p.come, p.opened
	p.come = nil
	p.mu.Unlock()
	for _, c := range come {
		c.end()
	}
	for _, c := range p.conns {
		c.end()
	}
	clear(p.conns)
	if sets != nil {
		sets.close()
	}
}

// pollSocket is the descriptor of a connection. It stays open until its poller, which may be
// using it, lets go of it: Close, which anyone may call, ends the connection only.
type pollSocket struct {
	fd int
	// set is the epoll set it is in, if any, and stuck since when the kernel has taken nothing more.
	set   int
	stuck time.Time

	mu    sync.Mutex
	ended bool
}

func (s *pollSocket) register(set int) error {
	if err := unix.EpollCtl(set, unix.EPOLL_CTL_ADD, s.fd, s.events()); err != nil {
		return fmt.Errorf("adding to an epoll set: %w", err)
	}
	s.set = set
	return nil
}

// events are those that the loop turns for: that the kernel takes more only if some is left.
func (s *pollSocket) events() *unix.EpollEvent {
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.fd)}
	if !s.stuck.IsZero() {
		e.Events |= unix.EPOLLOUT
	}
	return &e
}

// The system calls of a turn return at once. The runtime is not told of them: telling
// it wakes the thread that watches for those that do not, some thousand times a second.

// happened is how many events an epoll set has, which are put into events.
func happened(set int, events []unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(set), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

func (s *pollSocket) read(b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	switch {
	case errno != 0:
		return 0, errno
	case n == 0:
		return 0, io.EOF
	default:
		return int(n), nil
	}
}

// write writes what the kernel takes. What is left is written in a later turn,
// unless nothing is taken for too long.
func (s *pollSocket) write(b []byte) (int, error) {
	if s.ended { // its descriptor may be another's by now
		return 0, net.ErrClosed
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	switch {
	case errno == unix.EAGAIN:
		return 0, s.wait()
	case errno != 0:
		return 0, fmt.Errorf("writing: %w", errno)
	case int(n) < len(b):
		s.stuck = time.Time{}
		return int(n), s.wait()
	case !s.stuck.IsZero():
		s.stuck = time.Time{}
		s.watch()
	}
	return int(n), nil
}

// wait waits for the kernel to take more, for as long as a write may take.
func (s *pollSocket) wait() error {
	switch now := time.Now(); {
	case s.stuck.IsZero():
		s.stuck = now
		s.watch()
	case now.Sub(s.stuck) > writeTimeout:
		return fmt.Errorf("writing: %w", os.ErrDeadlineExceeded)
	}
	return nil
}

func (s *pollSocket) watch() {
	if s.set != 0 {
		_ = unix.EpollCtl(s.set, unix.EPOLL_CTL_MOD, s.fd, s.events())
	}
}

// Close ends the connection for both sides.
func (s *pollSocket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	return unix.Shutdown(s.fd, unix.SHUT_RDWR)
}

// end gives the descriptor back.
func (s *pollSocket) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		_ = unix.Close(s.fd)
	}
}
