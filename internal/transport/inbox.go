package transport

import (
	"fmt"
	"net"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// netSocket leaves reading and writing to the runtime's poller.
type netSocket struct{ net.Conn }

// write writes all of b.
func (s netSocket) write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return s.Write(b)
}

func (Inbox) take(c net.Conn) (socket, error) { return netSocket{c}, nil }

// read decodes until the connection ends.
func (i Inbox) read(c *Conn, rest []byte) {
	defer close(c.done)
	conn := c.socket.(netSocket)
	buffer := make([]byte, readSize)
	filled := copy(buffer, rest)
	var frames []wire.Frame
	for {
		var used int
		var err error
		frames, used, err = decode(buffer[:filled], frames[:0])
		if err != nil {
			c.Close()
			i(Batch{Conn: c, Frames: frames, Err: err})
			return
		}
		if len(frames) > 0 {
			i(Batch{Conn: c, Frames: frames})
		}
		filled = copy(buffer, buffer[used:filled])
		n, err := conn.Read(buffer[filled:])
		filled += n
		if err != nil && n == 0 {
			c.Close()
			i(Batch{Conn: c, Err: fmt.Errorf("reading from %s: %w", c.RemoteAddr(), err)})
			return
		}
	}
}
