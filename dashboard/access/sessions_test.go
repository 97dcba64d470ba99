package access

import (
	"testing"
	"time"
)

func TestATicketSignsInOnce(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := NewSessions(func() time.Time { return now })
	ticket := s.Issue("token")
	session, ok := s.Redeem(ticket)
	if token, known := s.Token(session); !ok || !known || token != "token" {
		t.Fatalf("session %q: %v %q %v", session, ok, token, known)
	}
	if _, again := s.Redeem(ticket); again {
		t.Error("a ticket signs in twice")
	}
	if _, ok := s.Redeem(session); ok {
		t.Error("a session is taken for a ticket")
	}
	s.End(session)
	if _, known := s.Token(session); known {
		t.Error("a session outlives its end")
	}
}

func TestTicketsAndSessionsGrowOld(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := NewSessions(func() time.Time { return now })
	ticket, session := s.Issue("token"), s.Begin("token")
	now = now.Add(TicketLife + time.Second)
	if _, ok := s.Redeem(ticket); ok {
		t.Error("an old ticket signs in")
	}
	now = now.Add(SessionLife)
	if _, ok := s.Token(session); ok {
		t.Error("an old session is known")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := NewSessions(func() time.Time { return now })
	first := s.Begin("first")
	for range maxHeld {
		now = now.Add(time.Second)
		s.Begin("another")
	}
	if _, ok := s.Token(first); ok || len(s.sessions) != maxHeld {
		t.Errorf("%d sessions, the oldest known: %v", len(s.sessions), ok)
	}
}
