package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/time/rate"

	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// What a client may not say.
var (
	errUnreadable = errors.New("a message is JSON of at most 4 KiB, sent within 5 s")
	errPlain      = errors.New("a client without the subprotocol says nothing")
	errTooMuch    = errors.New("too many messages, pings or pongs: a client says at most 10 a second")
)

// Frames that a client may send: each costs an answer, at worst a snapshot.
const (
	framesPerSecond = 10
	framesAtOnce    = 40
)

// listen reads the client's messages until the connection ends. Between messages
// a client must answer pings; within one nothing extends its time.
func (c *conversation) listen() {
	c.conn.SetReadLimit(maxMessage)
	within, frames := false, rate.NewLimiter(framesPerSecond, framesAtOnce)
	c.conn.SetPongHandler(counted(frames, func(string) error {
		if within {
			return nil
		}
		return c.conn.SetReadDeadline(time.Now().Add(c.server.pace.pong))
	}))
	c.conn.SetPingHandler(counted(frames, c.conn.PingHandler()))
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(c.server.pace.pong)); err != nil {
			return
		}
		_, message, err := c.conn.NextReader()
		if err != nil {
			if errors.Is(err, errTooMuch) {
				c.pass(errTooMuch)
			}
			return
		}
		within = true
		if err := c.conn.SetReadDeadline(time.Now().Add(c.server.pace.message)); err != nil {
			return
		}
		data, err := io.ReadAll(message)
		within = false
		if err != nil {
			c.pass(errUnreadable)
			return
		}
		if !frames.Allow() {
			c.pass(errTooMuch)
			return
		}
		if !c.pass(c.understand(data)) {
			return
		}
	}
}

// counted handles a control frame, unless there were too many.
func counted(frames *rate.Limiter, handle func(string) error) func(string) error {
	return func(data string) error {
		if !frames.Allow() {
			return errTooMuch
		}
		return handle(data)
	}
}

// pass hands a message to the writer, unless that has stopped.
func (c *conversation) pass(message any) bool {
	select {
	case c.heard <- message:
		return true
	case <-c.ended:
		return false
	}
}

// understand is a message, or an error where it is none.
func (c *conversation) understand(data []byte) any {
	if c.form == feed.Plain {
		return errPlain
	}
	var kind wire.ClientMessage
	if err := json.Unmarshal(data, &kind); err != nil {
		return errUnreadable
	}
	switch kind.Type {
	case wire.MessageResume:
		var m wire.FeedResume
		if err := json.Unmarshal(data, &m); err != nil {
			return errUnreadable
		}
		return m
	case wire.MessageSub:
		var m wire.FeedSubscribe
		if err := json.Unmarshal(data, &m); err != nil {
			return errUnreadable
		}
		return m
	default:
		return fmt.Errorf("the protocol knows no message %.20q of a client", kind.Type)
	}
}
