package dashboard

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/websocket"

	"flashcrowd.io/flashcrowd/dashboard/access"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// maxMessage bounds what a client says at once, a token included.
const maxMessage = 4 << 10

// pace is how long things of one feed may take.
type pace struct {
	// message is how long a client may take to say one, pongs or not: a read limit
	// never trips on empty fragments.
	message time.Duration
	write   time.Duration
	// ping is how often a client is asked whether it is there, and pong how long it
	// may be silent.
	ping, pong time.Duration
	// introduction is how long a client without a cookie or a header has to show a token.
	introduction time.Duration
	// recheck is how often the right to read is asked about again.
	recheck time.Duration
}

func usualPace() pace {
	return pace{message: 5 * time.Second, write: 5 * time.Second, ping: 10 * time.Second, pong: 30 * time.Second, introduction: 5 * time.Second, recheck: 30 * time.Second}
}

// closing is why a feed ends, by its close code.
type closing struct {
	code   int
	reason string
}

func (c closing) Error() string { return c.reason }

// feed serves one run over a WebSocket: sequenced to those who ask for it, and
// the plain messages to anybody else.
func (s *Server) feed(w http.ResponseWriter, r *http.Request) {
	token, byCookie := s.token(r)
	if fromPage := r.Header.Get("Origin") != ""; (fromPage || byCookie) && !s.ownOrigin(r) {
		writeProblem(w, huma.Error403Forbidden("pages of "+r.Header.Get("Origin")+" may not read feeds: allow them with --allowed-origins"))
		return
	}
	form := feed.Plain
	if slices.Contains(websocket.Subprotocols(r), wire.FeedSubprotocol) {
		form = feed.Sequenced
	}
	waits := token == "" && form == feed.Sequenced && !hasCookie(r)
	var caller access.Caller
	var err error
	if !waits {
		caller, err = s.o.Authority.Authenticate(r.Context(), token)
	}
	if err != nil && form == feed.Plain {
		writeProblem(w, err)
		return
	}
	if !s.sockets.enter(caller.Name) {
		writeProblem(w, huma.Error429TooManyRequests("too many feeds are open"))
		return
	}
	conn, failed := s.upgrader().Upgrade(w, r, nil)
	if failed != nil {
		s.sockets.leave(caller.Name)
		return // the upgrader has answered
	}
	c := &conversation{server: s, conn: conn, caller: caller, id: r.URL.Query().Get("simulationId"), form: form, heard: make(chan any), ended: make(chan struct{})}
	defer func() { s.sockets.leave(c.caller.Name) }()
	c.run(r.Context(), err, waits)
}

func hasCookie(r *http.Request) bool {
	_, err := r.Cookie(cookieName)
	return err == nil
}

// upgrader compresses nothing: a few bytes could become a flood. Origins were
// checked before.
func (s *Server) upgrader() *websocket.Upgrader {
	return &websocket.Upgrader{
		HandshakeTimeout: s.pace.write, Subprotocols: []string{wire.FeedSubprotocol}, ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10,
		CheckOrigin: func(*http.Request) bool { return true },
	}
}

// conversation is one client. Its reader only listens; everything is written by
// the goroutine that runs it.
type conversation struct {
	server *Server
	conn   *websocket.Conn
	caller access.Caller
	id     string
	form   feed.Form
	// heard are the client's messages; ended is closed when the writer stops.
	heard chan any
	ended chan struct{}
}

// run talks until either side ends. failure is that of the credential; waits
// says that the client still has to show one.
func (c *conversation) run(ctx context.Context, failure error, waits bool) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	listened := make(chan struct{})
	go func() { defer close(listened); defer cancel(); c.listen() }()
	err := failure
	if err == nil {
		err = c.talk(ctx, waits)
	}
	close(c.ended)
	c.bid(err)
	_ = c.conn.Close()
	cancel()
	<-listened
}

// bid tells the client why it ends, as far as it still listens.
func (c *conversation) bid(err error) {
	end := closing{code: websocket.CloseTryAgainLater, reason: "the control plane is unreachable"}
	if errors.Is(err, access.ErrUnauthenticated) {
		end = closing{code: wire.CloseUnauthorized, reason: access.ErrUnauthenticated.Error()}
	}
	if errors.Is(err, runs.ErrNotFound) {
		end = closing{code: wire.CloseNotFound, reason: "there is no such run"}
	}
	errors.As(err, &end)
	_ = c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(end.code, end.reason), time.Now().Add(time.Second))
}

// talk authenticates if that is still to be done, and sends the feed.
func (c *conversation) talk(ctx context.Context, waits bool) error {
	var resume *wire.FeedResume
	if waits {
		first, err := c.introduced(ctx)
		if err != nil {
			return err
		}
		resume = &first
	}
	run, err := c.server.lookUp(ctx, c.id)
	if err != nil {
		return err
	}
	if err := c.allowed(ctx, run); err != nil {
		return err
	}
	reader := run.Feed.Reader(c.form)
	if c.form == feed.Sequenced {
		hello, err := reader.Hello(c.server.o.Now())
		if err != nil {
			return err
		}
		if err := c.write(hello); err != nil {
			return err
		}
	}
	if resume != nil {
		reader.Resume(*resume)
	}
	return c.tell(ctx, run, reader)
}

// introduced waits for a message with a token.
func (c *conversation) introduced(ctx context.Context) (wire.FeedResume, error) {
	deadline := time.NewTimer(c.server.pace.introduction)
	defer deadline.Stop()
	select {
	case <-ctx.Done():
		return wire.FeedResume{}, ctx.Err()
	case <-deadline.C:
		return wire.FeedResume{}, access.ErrUnauthenticated
	case message := <-c.heard:
		resume, ok := message.(wire.FeedResume)
		if !ok {
			return resume, access.ErrUnauthenticated
		}
		caller, err := c.server.o.Authority.Authenticate(ctx, resume.Token)
		if err != nil {
			return resume, err
		}
		if !c.server.sockets.move(c.caller.Name, caller.Name) {
			return resume, closing{code: wire.CloseTooMany, reason: "too many feeds are open"}
		}
		c.caller = caller
		return resume, nil
	}
}

// allowed asks whether the caller may still read the run.
func (c *conversation) allowed(ctx context.Context, run *runs.Run) error {
	authority := c.server.o.Authority
	if _, err := authority.Authenticate(ctx, c.caller.Token); err != nil {
		return err
	}
	verdict, err := authority.Allowed(ctx, c.caller, access.Question{Verb: "get", Resource: simulations, Namespace: run.Simulation().Namespace})
	if err == nil && !verdict.Allowed {
		return closing{code: wire.CloseForbidden, reason: bounded(verdict.Reason)}
	}
	return err
}

// bounded is a reason that fits into a close frame.
func bounded(reason string) string { return reason[:min(len(reason), 120)] }

// tell sends what the reader lacks whenever there is something.
func (c *conversation) tell(ctx context.Context, run *runs.Run, reader *feed.Reader) error {
	ping, recheck := time.NewTicker(c.server.pace.ping), time.NewTicker(c.server.pace.recheck)
	defer ping.Stop()
	defer recheck.Stop()
	for {
		changed := run.Feed.Changed()
		again, err := c.send(reader)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return closing{code: websocket.CloseNormalClosure, reason: "the client left"}
		case <-changed:
		case <-again:
		case message := <-c.heard:
			if err := c.obey(message, reader); err != nil {
				return err
			}
		case <-ping.C:
			if err := c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.server.pace.write)); err != nil {
				return closing{code: wire.CloseTooSlow, reason: "a ping could not be sent"}
			}
		case <-recheck.C:
			if err := c.recheck(ctx, run); err != nil {
				return err
			}
		}
	}
}

// recheck ends the feed of who may no longer read it; while nobody can be asked
// it goes on.
func (c *conversation) recheck(ctx context.Context, run *runs.Run) error {
	err := c.allowed(ctx, run)
	var end closing
	if errors.As(err, &end) || errors.Is(err, access.ErrUnauthenticated) {
		return err
	}
	return nil
}

// send writes one batch. The channel tells when to look again although nothing
// has changed.
func (c *conversation) send(reader *feed.Reader) (again <-chan time.Time, err error) {
	batch, err := reader.Take(c.server.o.Now())
	if err != nil {
		return nil, err
	}
	if batch.Lost {
		return nil, closing{code: wire.CloseTooSlow, reason: "messages were lost: connect again"}
	}
	for _, frame := range batch.Frames {
		if err := c.write(frame); err != nil {
			return nil, err
		}
	}
	if batch.End != nil {
		return nil, closing{code: batch.End.Code, reason: bounded(batch.End.Reason)}
	}
	if batch.Again > 0 {
		again = time.After(batch.Again)
	}
	return again, nil
}

func (c *conversation) write(frame []byte) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.server.pace.write)); err != nil {
		return closing{code: wire.CloseTooSlow, reason: "the connection is gone"}
	}
	if err := c.conn.WriteMessage(websocket.TextMessage, frame); err != nil {
		return closing{code: wire.CloseTooSlow, reason: "a write took too long: come back and resume"}
	}
	return nil
}

// obey does what the client says.
func (c *conversation) obey(message any, reader *feed.Reader) error {
	switch m := message.(type) {
	case wire.FeedResume:
		reader.Resume(m)
	case wire.FeedSubscribe:
		reader.Choose(m)
	case error:
		return closing{code: wire.CloseProtocol, reason: bounded(m.Error())}
	}
	return nil
}
