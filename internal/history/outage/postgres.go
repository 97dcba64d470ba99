package outage

import (
	"context"
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

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL of a test's own.
type Server struct {
	bin, data string
	port      int
	account   *syscall.SysProcAttr
	process   *exec.Cmd
	// ended is closed when the process has, with its outcome in err.
	ended chan struct{}
	err   error
}

// StartServer starts a server that ends with the test.
func StartServer(t testing.TB) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "flashcrowd-postgres-") // another user must get in, which a test's directory does not let
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{bin: binaries(t), data: filepath.Join(dir, "data"), port: freePort(t), account: unprivileged(t, dir)}
	s.run(t, "initdb", "--no-sync", "--auth=trust", "--username=flashcrowd", "--encoding=UTF8", "--locale=C", "--pgdata="+s.data)
	s.Start(t)
	t.Cleanup(func() {
		s.Kill(t)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return s
}

// binaries is where PostgreSQL's programs are.
func binaries(t testing.TB) string {
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
func unprivileged(t testing.TB, dir string) *syscall.SysProcAttr {
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

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx,nolintlint // listening on loopback does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *Server) command(name string, arguments ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), arguments...)
	c.Dir, c.SysProcAttr = filepath.Dir(s.data), s.account
	return c
}

func (s *Server) run(t testing.TB, name string, arguments ...string) {
	t.Helper()
	if out, err := s.command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// patience with a server that starts on a busy machine.
const patience = time.Minute

// Start starts the server until it answers: one that follows a killed one refuses as
// long as a child of that is still dying.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.launch(t)
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.ended:
			s.launch(t)
		default:
		}
		err := s.execute("postgres", "SELECT 1")
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v PostgreSQL does not answer: %v", patience, err)
		}
		<-tick.C
	}
}

func (s *Server) launch(t testing.TB) {
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
func (s *Server) processes(t testing.TB) []int {
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
func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	for _, pid := range s.processes(t) {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Error(err)
		}
	}
}

// Freeze leaves the server where it is, with its connections open.
func (s *Server) Freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

// Stop ends the server in order, but without waiting for its clients.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	if s.err != nil {
		t.Error(s.err)
	}
}

// Kill ends the server as a lost machine does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	select {
	case <-s.ended:
		return
	default:
	}
	s.signal(t, syscall.SIGKILL)
	<-s.ended
}

// Database makes an empty one, and is its DSN.
func (s *Server) Database(t testing.TB, name string) string {
	t.Helper()
	if err := s.execute("postgres", "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.dsn(name)
}

func (s *Server) dsn(database string) string {
	return fmt.Sprintf("postgres://flashcrowd@127.0.0.1:%d/%s?connect_timeout=2", s.port, database)
}

func (s *Server) execute(database, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.dsn(database))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
