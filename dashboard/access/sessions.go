package access

import (
	"crypto/rand"
	"sync"
	"time"
)

// How long a session and a ticket hold, and how many there may be.
const (
	SessionLife = 24 * time.Hour
	TicketLife  = 10 * time.Minute
	maxHeld     = 1000
)

// Sessions are the browsers that are signed in. Tokens stay here: a browser holds
// a random name only, which means nothing to anybody else. They end with the
// process. It is safe for many callers.
type Sessions struct {
	now      func() time.Time
	mu       sync.Mutex
	sessions map[string]held
	tickets  map[string]held
}

// held is a token and how long it is kept.
type held struct {
	token string
	until time.Time
}

// NewSessions has nobody signed in.
func NewSessions(now func() time.Time) *Sessions {
	return &Sessions{now: now, sessions: map[string]held{}, tickets: map[string]held{}}
}

// Begin signs a browser in by a token; the name goes into its cookie.
func (s *Sessions) Begin(token string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(s.sessions, token, SessionLife)
}

// Token is that of a session.
func (s *Sessions) Token(name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.sessions[name]
	if !ok || s.now().After(h.until) {
		delete(s.sessions, name)
		return "", false
	}
	return h.token, true
}

// End signs a browser out.
func (s *Sessions) End(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, name)
}

// Issue makes a ticket that signs one browser in, once.
func (s *Sessions) Issue(token string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(s.tickets, token, TicketLife)
}

// Redeem begins the session of a ticket, the first time that it is shown.
func (s *Sessions) Redeem(ticket string) (session string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.tickets[ticket]
	delete(s.tickets, ticket)
	if !ok || s.now().After(h.until) {
		return "", false
	}
	return s.keep(s.sessions, h.token, SessionLife), true
}

// keep holds a token under a new name; what is over goes, and when there are too
// many the one that ends first. The lock is held.
func (s *Sessions) keep(all map[string]held, token string, life time.Duration) string {
	now, first := s.now(), ""
	for name, h := range all {
		if now.After(h.until) {
			delete(all, name)
		} else if first == "" || h.until.Before(all[first].until) {
			first = name
		}
	}
	if len(all) >= maxHeld {
		delete(all, first)
	}
	name := rand.Text()
	all[name] = held{token: token, until: now.Add(life)}
	return name
}
