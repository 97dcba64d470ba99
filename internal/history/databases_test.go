package history

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/history/outage"
)

// TestMain is the tests, or the process that is killed while it migrates.
func TestMain(m *testing.M) {
	if dsn := os.Getenv(victimDSN); dsn != "" {
		os.Exit(writeAsVictim(dsn, os.Getenv(victimStatement)))
	}
	os.Exit(m.Run())
}

// onEach runs a test on an empty database of each kind.
func onEach(t *testing.T, test func(t *testing.T, database func(t *testing.T) string)) {
	t.Run("SQLite", func(t *testing.T) {
		test(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "history.db") })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		server := outage.StartServer(t)
		n := 0
		test(t, func(t *testing.T) string {
			n++
			return server.Database(t, "history"+strconv.Itoa(n))
		})
	})
}

func opened(t *testing.T, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// eventually waits until something succeeds.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after two minutes still: %v", err)
		}
		<-tick.C
	}
}
