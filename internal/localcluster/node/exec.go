package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"flashcrowd.io/flashcrowd/internal/localcluster/node/shim"
)

const (
	// maxOutput bounds what is kept of a command's output.
	maxOutput = 10 << 10
	// outputGrace is how long what a command has started may hold its output open.
	outputGrace = time.Second
)

// exec runs a command inside the container, as its user and with its
// environment, until ctx ends. What can be executed is what the container sees:
// the binary of its image and the programs below /usr of this machine.
func (c *container) exec(ctx context.Context, a *Agent, words []string) error {
	if os.Getuid() != 0 {
		return errors.New("this node runs commands in containers only as root: write an httpGet, tcpSocket or grpc handler")
	}
	spec := shim.Spec{Argv: words, Env: c.spec.Env, WorkingDir: c.spec.WorkingDir, Identity: c.spec.Identity, Join: c.command.Process.Pid}
	encoded, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encoding the command: %w", err)
	}
	files, err := newPipes()
	if err != nil {
		return err
	}
	var output bytes.Buffer
	command, err := a.shim(files, &output, &output)
	if err != nil {
		files.close()
		return err
	}
	command.WaitDelay = outputGrace
	if err := a.spawner.Start(command); err != nil {
		files.close()
		return fmt.Errorf("running %q: %w", words, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	defer stop()
	problem := files.hand(encoded)
	err = command.Wait()
	switch {
	case problem != "":
		return errors.New(problem)
	case ctx.Err() != nil:
		return fmt.Errorf("running %q: %w", words, ctx.Err())
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return fmt.Errorf("%q ended with %w: %s", words, err, strings.TrimSpace(string(output.Bytes()[:min(output.Len(), maxOutput)])))
	}
	return nil
}

// shim is a command that begins as the shim and reads its spec from the pipes.
func (a *Agent) shim(files pipes, stdout, stderr io.Writer) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	command := exec.Command(self)
	command.Args = []string{shim.Arg0}
	command.Env = []string{}
	command.Stdout, command.Stderr = stdout, stderr
	command.ExtraFiles = []*os.File{files.spec.read, a.lifeline(), files.status.write}
	return command, nil
}
