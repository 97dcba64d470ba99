package shim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Main becomes the container and does not return when the process was started
// as a shim; in any other process it does nothing.
func Main() {
	if len(os.Args) == 0 || os.Args[0] != Arg0 {
		return
	}
	runtime.LockOSThread() // identity and namespaces belong to this thread, which executes the command
	err := become()
	status := os.NewFile(statusFD, "status")
	fmt.Fprint(status, err)
	os.Exit(128)
}

func become() error {
	for _, fd := range []int{specFD, lifelineFD, statusFD} {
		unix.CloseOnExec(fd)
	}
	spec, err := readSpec()
	if err != nil {
		return err
	}
	if spec.Join > 0 {
		return join(spec)
	}
	if err := buildRoot(spec); err != nil {
		return err
	}
	if spec.Hostname != "" {
		if err := unix.Sethostname([]byte(spec.Hostname)); err != nil {
			return fmt.Errorf("setting the hostname: %w", err)
		}
	}
	if err := enterWorkingDir(spec.WorkingDir); err != nil {
		return err
	}
	if err := assume(spec.Identity); err != nil {
		return err
	}
	if err := dieWithAgent(); err != nil {
		return err
	}
	path, err := lookPath(spec.Argv[0], spec.Env)
	if err != nil {
		return err
	}
	return fmt.Errorf("executing %s: %w", path, syscall.Exec(path, spec.Argv, spec.Env))
}

func readSpec() (Spec, error) {
	data, err := io.ReadAll(os.NewFile(specFD, "spec"))
	if err != nil {
		return Spec{}, fmt.Errorf("reading the container spec: %w", err)
	}
	var spec Spec
	if err := json.Unmarshal(data, &spec); err != nil {
		return Spec{}, fmt.Errorf("reading the container spec: %w", err)
	}
	if len(spec.Argv) == 0 {
		return Spec{}, errors.New("reading the container spec: no command")
	}
	return spec, nil
}

func enterWorkingDir(dir string) error {
	if dir == "" {
		dir = "/"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil && !errors.Is(err, unix.EROFS) {
		return fmt.Errorf("making working directory %s: %w", dir, err)
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("entering working directory %s: %w", dir, err)
	}
	return nil
}

// dieWithAgent renews the parent-death signal, which a change of identity
// clears, and looks at the lifeline for an agent that went in between.
func dieWithAgent() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("tying the container to its agent: %w", err)
	}
	fds := []unix.PollFd{{Fd: lifelineFD, Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("watching the agent: %w", err)
	}
	if n > 0 {
		return errors.New("the node agent is gone")
	}
	return nil
}

func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, variable := range env {
		list, ok := strings.CutPrefix(variable, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			candidate := filepath.Join(dir, name)
			if info, err := os.Stat(candidate); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
				return candidate, nil
			}
		}
	}
	return "", fmt.Errorf("looking up %q: %w", name, exec.ErrNotFound)
}
