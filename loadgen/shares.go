package loadgen

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	// heartbeat is how often the other generators are asked whether they live.
	heartbeat = time.Second
	// deadAfter is the silence after which a generator's share is taken over.
	deadAfter = 3 * time.Second
)

// shares says which arrivals this generator sends.
type shares struct {
	index int
	mu    sync.Mutex
	peers map[int]peerState
	alive []int
}

type peerState struct {
	address string
	heard   time.Time
}

func newShares(index int) *shares {
	return &shares{index: index, peers: map[int]peerState{}, alive: []int{index}}
}

// owns reports whether this generator sends an arrival.
func (s *shares) owns(number uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.alive) == 1 || traffic.Owner(number, s.alive) == s.index
}

// know takes over the generators that a topology names. One that is ready was
// heard just now.
func (s *shares) know(generators []wire.Instance, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	named := map[int]bool{}
	for _, g := range generators {
		index, ok := indexOf(g.ID)
		if !ok || index == s.index || g.Address == "" || g.State != wire.Ready {
			continue
		}
		named[index] = true
		known, had := s.peers[index]
		if !had || known.address != g.Address {
			s.peers[index] = peerState{address: g.Address, heard: now}
		}
	}
	for index := range s.peers {
		if !named[index] {
			delete(s.peers, index)
		}
	}
	s.count(now)
}

// count lists the generators that live.
func (s *shares) count(now time.Time) {
	s.alive = append(s.alive[:0], s.index)
	for index, p := range s.peers {
		if now.Sub(p.heard) < deadAfter {
			s.alive = append(s.alive, index)
		}
	}
	slices.Sort(s.alive)
}

// indexOf is the number at the end of a generator's id.
func indexOf(id string) (int, bool) {
	index, err := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
	return index, err == nil
}

func (s *shares) addresses() map[int]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[int]string{}
	for index, p := range s.peers {
		out[index] = p.address
	}
	return out
}

func (s *shares) heard(index int, address string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, known := s.peers[index]; known && p.address == address {
		s.peers[index] = peerState{address: address, heard: now}
	}
	s.count(now)
}

func (s *shares) size(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(now)
	return len(s.alive)
}

// watchPeers asks the other generators each second until ctx ends.
func (g *Generator) watchPeers(ctx context.Context) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.stopping:
			return
		case <-beat.C:
		}
		var asked sync.WaitGroup
		for index, address := range g.shares.addresses() {
			asked.Go(func() {
				if g.o.Alive(ctx, address) {
					g.shares.heard(index, address, g.o.Now())
				}
			})
		}
		asked.Wait()
		g.meters.shares.Set(1 / float64(g.shares.size(g.o.Now())))
	}
}

// AskAlive asks a generator over HTTP whether it lives.
func AskAlive(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/livez", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
