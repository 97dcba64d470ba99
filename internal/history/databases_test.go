package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
		server := startServer(t)
		n := 0
		test(t, func(t *testing.T) string {
			n++
			return server.database(t, "history"+strconv.Itoa(n))
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

// server is a PostgreSQL of the test's own.
type server struct {
	bin, data string
	port      int
	account   *syscall.SysProcAttr
	process   *exec.Cmd
	// ended is closed when the process has, with its outcome in err.
	ended chan struct{}
	err   error
}

func startServer(t *testing.T) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "flashcrowd-postgres-") //nolint:usetesting // another user must get in, which a test's directory does not let
	if err != nil {
		t.Fatal(err)
	}
	s := &server{bin: serverBinaries(t), data: filepath.Join(dir, "data"), port: freePort(t), account: unprivileged(t, dir)}
	s.run(t, "initdb", "--no-sync", "--auth=trust", "--username=flashcrowd", "--encoding=UTF8", "--locale=C", "--pgdata="+s.data)
	s.start(t)
	t.Cleanup(func() {
		s.kill(t)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return s
}

// serverBinaries is where PostgreSQL's programs are.
func serverBinaries(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		t.Fatal("this test needs PostgreSQL's server: apt-get install postgresql")
	}
	return filepath.Dir(path)
}

// unprivileged is an account that PostgreSQL starts as, for it refuses root; the
// directory becomes that account's.
func unprivileged(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		return attributes
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr, os.Chown(dir, int(uid), int(gid))); err != nil {
		t.Fatal(err)
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // listening on loopback does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *server) command(name string, arguments ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), arguments...) //nolint:noctx // the cleanup ends it
	c.Dir, c.SysProcAttr = filepath.Dir(s.data), s.account
	return c
}

func (s *server) run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if out, err := s.command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// start starts the server until it answers: one that follows a killed one refuses as
// long as a child of that is still dying.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.launch(t)
	eventually(t, func() error {
		select {
		case <-s.ended:
			s.launch(t)
		default:
		}
		_, err := s.execute(t, "postgres", "SELECT 1")
		return err
	})
}

func (s *server) launch(t *testing.T) {
	t.Helper()
	s.process = s.command("postgres", "-D", s.data, "-p", strconv.Itoa(s.port), "-h", "127.0.0.1", "-k", "", "-c", "fsync=off", "-c", "shared_buffers=16MB")
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	process, ended := s.process, make(chan struct{})
	s.ended = ended
	go func() { defer close(ended); s.err = process.Wait() }()
}

// processes are the server's and its children's.
func (s *server) processes(t *testing.T) []int {
	t.Helper()
	pid := s.process.Process.Pid
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		t.Fatal(err)
	}
	all := []int{pid}
	for field := range strings.FieldsSeq(string(text)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, child)
	}
	return all
}

// signal sends every process of the server a signal.
func (s *server) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	for _, pid := range s.processes(t) {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Error(err)
		}
	}
}

// stop ends the server in order, but without waiting for its clients.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	if s.err != nil {
		t.Error(s.err)
	}
}

// kill ends the server as a lost machine does.
func (s *server) kill(t *testing.T) {
	t.Helper()
	s.signal(t, syscall.SIGKILL)
	<-s.ended
}

func (s *server) dsn(database string) string {
	return fmt.Sprintf("postgres://flashcrowd@127.0.0.1:%d/%s?connect_timeout=2", s.port, database)
}

func (s *server) execute(t *testing.T, database, statement string) (sql.Result, error) {
	t.Helper()
	d, err := postgres(s.dsn(database))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(d.connector)
	defer db.Close()
	return db.ExecContext(context.Background(), statement)
}

// database makes an empty one.
func (s *server) database(t *testing.T, name string) string {
	t.Helper()
	if _, err := s.execute(t, "postgres", "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.dsn(name)
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
