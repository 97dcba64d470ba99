package fidelity

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// answer is what a client learns about one request.
type answer struct {
	finish station.Time
	failed wire.Reason
	late   bool
	lost   bool
	lag    time.Duration // sent minus intended
}

// send plays requests at their logical times, which the wall clock paces, and
// is their answers in the same order.
type send func(t *testing.T, address string, at []station.Time) []answer

// holdBack is how long a stub waits for requests that come late.
const holdBack = 100 * time.Millisecond

func now() station.Time { return station.Time(time.Now().UnixNano()) }

// pause waits until the wall clock shows t.
func pause(t station.Time) {
	if d := t.Sub(now()); d > 0 {
		<-time.After(d)
	}
}

// overHTTP sends each request as HTTP/1.1 with its logical time in a header.
func overHTTP(t *testing.T, address string, at []station.Time) []answer {
	t.Helper()
	pool := &http.Transport{MaxIdleConnsPerHost: 1024}
	defer pool.CloseIdleConnections()
	client := &http.Client{Transport: pool, Timeout: 60 * time.Second}
	answers := make([]answer, len(at))
	var open sync.WaitGroup
	for k := range at {
		pause(at[k])
		answers[k].lag = now().Sub(at[k])
		open.Go(func() { get(client, address, k, at[k], &answers[k]) })
	}
	open.Wait()
	return answers
}

func get(client *http.Client, address string, k int, at station.Time, a *answer) {
	request, err := http.NewRequest(http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		a.lost = true
		return
	}
	request.Header.Set(wire.HeaderTime, strconv.FormatInt(int64(at), 10))
	request.Header.Set(wire.HeaderRequest, strconv.Itoa(k))
	response, err := client.Do(request)
	if err != nil {
		a.lost = true
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	finish, err := strconv.ParseInt(response.Header.Get(wire.HeaderFinish), 10, 64)
	a.finish, a.lost = station.Time(finish), err != nil
	a.late = response.Header.Get(wire.HeaderLate) != ""
	if response.StatusCode != http.StatusOK {
		a.failed = wire.ReasonError
	}
}

// overFrames sends each request as a frame on one connection and promises
// ahead to the next.
func overFrames(t *testing.T, address string, at []station.Time) []answer {
	t.Helper()
	answers := make([]answer, len(at))
	for k := range answers {
		answers[k].lost = true
	}
	var left sync.WaitGroup
	left.Add(len(at))
	ended := make(chan error, 1)
	conn, err := transport.Dial(address, wire.Hello{From: "client", Promise: int64(at[0])}, time.Second, nil, transport.Inbox(func(b transport.Batch) {
		for _, f := range b.Frames {
			if f.Op == wire.OpAnswer {
				a := &answers[f.ID]
				a.finish, a.failed, a.late, a.lost = station.Time(f.Time), f.Reason, f.Late, false
				left.Done()
			}
		}
		if b.Err != nil {
			ended <- b.Err
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	lags := sendFrames(t, conn, at)
	all := make(chan struct{})
	go func() { left.Wait(); close(all) }()
	select {
	case <-all:
		conn.Close()
	case err = <-ended:
	case <-time.After(60 * time.Second):
		err = errors.New("answers are missing")
	}
	conn.Close()
	conn.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for k := range answers {
		answers[k].lag = lags[k]
	}
	return answers
}

// sendFrames is the lag of each request. A write takes all that is due.
func sendFrames(t *testing.T, conn *transport.Conn, at []station.Time) []time.Duration {
	t.Helper()
	lags := make([]time.Duration, len(at))
	const ahead = 100 * time.Millisecond
	for k := 0; k < len(at); {
		pause(min(at[k], now().Add(ahead/4)))
		clock := now()
		for ; k < len(at) && at[k] <= clock; k++ {
			lags[k] = clock.Sub(at[k])
			conn.Send(wire.Frame{Op: wire.OpRequest, ID: uint64(k), Request: uint64(k), Time: int64(at[k])})
		}
		if k < len(at) {
			conn.Send(wire.Frame{Op: wire.OpPromise, Time: int64(min(at[k], clock.Add(ahead)))})
		} else {
			conn.Send(wire.Frame{Op: wire.OpGoodbye})
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	return lags
}

// validity says why a run must not be believed, empty when it may: the gate is
// no late arrival and a lag whose p99 is below the hold-back.
func validity(answers []answer) string {
	late := 0
	lags := make([]time.Duration, len(answers))
	for k, a := range answers {
		lags[k] = a.lag
		if a.late {
			late++
		}
	}
	slices.Sort(lags)
	if p99 := lags[len(lags)*99/100]; late > 0 || p99 >= holdBack {
		return "the host is starved: " + strconv.Itoa(late) + " late arrivals, generator lag p99 " + p99.String()
	}
	return ""
}
