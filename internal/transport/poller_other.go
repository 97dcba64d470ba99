//go:build !linux

package transport

import "net"

// Poller leaves each connection to a goroutine of its own, as an Inbox does.
type Poller struct{ inbox Inbox }

// NewPoller is a poller that gives what comes to inbox, which wakes the loop.
func NewPoller(inbox Inbox, _ func()) *Poller { return &Poller{inbox: inbox} }

// Arm asks for nothing: the loop is woken all the same.
func (*Poller) Arm() {}

// Read reads nothing: the connections' goroutines do.
func (*Poller) Read() {}

// Close leaves the connections to whoever closes them.
func (*Poller) Close() {}

func (p *Poller) take(c net.Conn) (socket, error) { return p.inbox.take(c) }

func (p *Poller) read(c *Conn, rest []byte) { p.inbox.read(c, rest) }
