package dashboard

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// audience is pages that note when they hear an alert.
type audience struct {
	t     *testing.T
	group sync.WaitGroup

	mu sync.Mutex
	at map[string][]time.Time
}

// attend opens so many pages, which listen until the dashboard ends.
func attend(t *testing.T, address, token, run string, pages int) *audience {
	t.Helper()
	a := &audience{t: t, at: map[string][]time.Time{}}
	for range pages {
		w := newWatcher(address, token, run)
		if err := w.connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.until(func() bool { return w.epoch != "" }); err != nil {
			t.Fatal(err)
		}
		w.heard = a.note
		a.group.Go(func() {
			defer w.close()
			w.listen()
		})
	}
	return a
}

func (a *audience) note(kind wire.MessageType, message []byte) {
	if kind != wire.MessageAlert {
		return
	}
	m, err := unmarshalled[wire.FeedAlert](message)
	if err != nil {
		a.t.Error(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at[m.Alert.Message] = append(a.at[m.Alert.Message], time.Now())
}

// p99 is the time from before an alert is written to the API until a page has
// heard it, over some alerts and all pages.
func (a *audience) p99(r *rehearsal, pages, alerts int) time.Duration {
	a.t.Helper()
	var took []time.Duration
	for range alerts {
		before := time.Now()
		message := r.alert()
		eventually(a.t, "everybody hears "+message, func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.at[message]) == pages
		})
		for _, at := range a.at[message] {
			took = append(took, at.Sub(before))
		}
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// asSoon wants alerts to be heard under abuse about as soon as without. What was
// slower is measured again, a few times: something else may have kept the machine
// busy.
func (a *audience) asSoon(under string, without, with func() time.Duration) {
	a.t.Helper()
	var abused, quiet time.Duration
	for range 8 {
		abused, quiet = with(), without()
		a.t.Logf("p99 of an alert: %v alone, %v %s", quiet, abused, under)
		if abused <= max(250*time.Millisecond, 4*quiet) {
			return
		}
	}
	a.t.Errorf("alerts take %v %s, and %v when nobody abuses", abused, under, quiet)
}

// abusers do their worst again and again until ctx ends.
func abusers(ctx context.Context, address, token, run string) (wait func()) {
	var group sync.WaitGroup
	// The frames are masked with 0: the first bytes say ping, resume and a fragment.
	ping, fragment := []byte{0x89, 0x80, 0, 0, 0, 0}, []byte{0x00, 0x80, 0, 0, 0, 0}
	resume := append([]byte{0x81, 0x80 | 29, 0, 0, 0, 0}, `{"type":"resume","epoch":"x"}`...)
	for _, flood := range [][]byte{ping, fragment, resume, make([]byte, 1<<16)} {
		group.Go(func() {
			for ctx.Err() == nil {
				conn, err := opened(ctx, address, token, run)
				if err != nil {
					continue
				}
				for i := 0; err == nil && ctx.Err() == nil; i++ {
					_, err = conn.Write(flood)
				}
				_ = conn.Close()
			}
		})
	}
	return group.Wait
}

func opened(ctx context.Context, address, token, run string) (net.Conn, error) {
	dialer := websocket.Dialer{Subprotocols: []string{wire.FeedSubprotocol}, HandshakeTimeout: time.Minute}
	conn, _, err := dialer.DialContext(ctx, "ws://"+address+wire.FeedPath+"?simulationId="+run, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return nil, err
	}
	return conn.NetConn(), nil
}

// storm opens so many feeds at once and never reads them; those of one caller are
// bounded.
func storm(ctx context.Context, address, token, run string, feeds int) (open []net.Conn) {
	conns := make(chan net.Conn, feeds)
	var group sync.WaitGroup
	for range feeds {
		group.Go(func() {
			if conn, err := opened(ctx, address, token, run); err == nil {
				conns <- conn
			}
		})
	}
	group.Wait()
	close(conns)
	for conn := range conns {
		open = append(open, conn)
	}
	return open
}

// TestAbuseCostsOthersNothing floods a dashboard and storms it with 500 feeds of
// one caller, while 20 pages of another hear every alert as soon as before.
func TestAbuseCostsOthersNothing(t *testing.T) {
	const pages, alerts = 20, 25
	s := newStage(t)
	r, viewer, mallory := s.rehearse(), s.person("viewer", viewer), s.person("mallory", viewer)
	p := newProcess(t, cluster.acting)
	p.start()
	p.ready()
	a := attend(t, p.address, viewer, r.id(), pages)
	quiet := a.p99(r, pages, alerts)

	before := p.resident()
	feeds := storm(t.Context(), p.address, mallory, r.id(), 500)
	if len(feeds) != 300 {
		t.Errorf("one caller holds %d feeds, want 300", len(feeds))
	}
	each := (p.resident() - before) / int64(len(feeds))
	t.Logf("%d KiB for each feed", each>>10)
	if each > 64<<10 {
		t.Errorf("a feed takes %d bytes, want 64 KiB at most", each)
	}
	first, now := func() time.Duration { return quiet }, func() time.Duration { return a.p99(r, pages, alerts) }
	a.asSoon("beside 300 feeds that nobody reads", first, now)
	for _, conn := range feeds {
		_ = conn.Close()
	}
	a.asSoon("in floods", now, func() time.Duration {
		ctx, stop := context.WithCancel(t.Context())
		wait := abusers(ctx, p.address, mallory, r.id())
		defer wait()
		defer stop()
		return now()
	})

	eventually(t, "the abuse costs nothing afterwards", func() bool {
		used, began := p.busy(), time.Now()
		again := time.NewTimer(time.Second)
		<-again.C
		return (p.busy() - used).Seconds() < 0.05*time.Since(began).Seconds()
	})
	p.kill()
	a.group.Wait()
}
