package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// process is one running process of a measurement.
type process struct {
	pid               int
	requests, metrics string // addresses it listens on
	stop              func()
}

// launch starts a command that logs where it listens.
func launch(b *testing.B, command *exec.Cmd) *process {
	b.Helper()
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := command.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	listens := make(chan [2]string, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Msg, Requests, Metrics string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Metrics+line.Requests != "" {
				listens <- [2]string{line.Requests, line.Metrics}
			}
		}
	})
	stop := sync.OnceFunc(func() {
		_ = command.Process.Kill()
		reading.Wait()
		_ = command.Wait()
	})
	b.Cleanup(stop)
	select {
	case at := <-listens:
		return &process{pid: command.Process.Pid, requests: at[0], metrics: at[1], stop: stop}
	case <-time.After(2 * time.Minute):
		b.Fatalf("%s does not listen", command.Path)
		return nil
	}
}

// ours starts the stub or the generator on a topology file.
func ours(b *testing.B, name, component, instance, topology string) *process {
	b.Helper()
	dir, err := binaries()
	if err != nil {
		b.Fatal(err)
	}
	args := []string{"-topology-file", topology, "-metrics-port", "0"}
	if name == "stub" {
		args = append(args, "-port", "0")
	}
	command := exec.Command(filepath.Join(dir, name), args...)
	command.Env = append(os.Environ(), wire.EnvComponent+"="+component, wire.EnvInstance+"="+instance, wire.EnvPodIP+"=127.0.0.1")
	return launch(b, command)
}

// ready waits until the process says that it is.
func (p *process) ready(b *testing.B) {
	b.Helper()
	deadline, poll := time.After(2*time.Minute), time.NewTicker(20*time.Millisecond)
	defer poll.Stop()
	why := ""
	for {
		if answer, err := http.Get("http://" + p.metrics + "/readyz"); err == nil {
			said := make([]byte, 200)
			n, _ := answer.Body.Read(said)
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
			why = string(said[:n])
		}
		select {
		case <-deadline:
			b.Fatalf("process %d is not ready: %s", p.pid, why)
		case <-poll.C:
		}
	}
}

// clockTick is the unit of CPU time in /proc, USER_HZ.
const clockTick = 10 * time.Millisecond

// cpu is the user and system time that processes have taken.
func cpu(b *testing.B, processes ...*process) time.Duration {
	b.Helper()
	var sum time.Duration
	for _, p := range processes {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
		if err != nil {
			b.Fatal(err)
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, at := range []int{11, 12} { // utime and stime, counted from the state
			ticks, err := strconv.ParseInt(fields[at], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			sum += time.Duration(ticks) * clockTick
		}
	}
	return sum
}

// resident is the largest resident set of the processes, in MB.
func resident(b *testing.B, processes ...*process) float64 {
	b.Helper()
	largest := 0.0
	for _, p := range processes {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(string(status)) {
			if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
				kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
				if err != nil {
					b.Fatal(err)
				}
				largest = max(largest, kilobytes/1024)
			}
		}
	}
	return largest
}
