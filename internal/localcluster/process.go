package localcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"flashcrowd.io/flashcrowd/internal/localcluster/spawn"
)

// stopGrace is how long a part may take to end before it is killed.
const stopGrace = 10 * time.Second

// process is a part that runs.
type process struct {
	part
	command *exec.Cmd
	// exited is closed when the process has ended, with err set.
	exited chan struct{}
	err    error
}

// start runs a part with its output in a log file of its own.
func start(s *spawn.Spawner, p part, logs string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(logs, p.name+".log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", p.name, err)
	}
	defer log.Close()
	command := exec.Command(p.binary, p.args...)
	command.Stdout, command.Stderr = log, log
	if err := s.Start(command); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	running := &process{part: p, command: command, exited: make(chan struct{})}
	go func() {
		defer close(running.exited)
		running.err = command.Wait()
	}()
	return running, nil
}

// ready waits until the part answers its health question.
func (p *process) ready(ctx context.Context, client *http.Client) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := healthy(ctx, client, p.health)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", p.name, errors.Join(ctx.Err(), err))
		case <-p.exited:
			return fmt.Errorf("%s ended while it started: %w", p.name, p.err)
		case <-tick.C:
		}
	}
}

// healthy asks once.
func healthy(ctx context.Context, client *http.Client, target string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return fmt.Errorf("%d %s", resp.StatusCode, strings.TrimSpace(string(words)))
	}
	return nil
}

// stop asks the process to end and kills it when it does not.
func (p *process) stop(log *slog.Logger) {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopGrace):
		log.Info("part killed", "part", p.name, "after", stopGrace)
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
}
