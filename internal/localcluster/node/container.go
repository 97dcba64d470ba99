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
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"

	"flashcrowd.io/flashcrowd/internal/localcluster/node/shim"
)

// container is one that runs, or ran.
type container struct {
	id      string
	command *exec.Cmd
	spec    shim.Spec
	started time.Time
	exited  chan struct{}
	// hooked is closed when its postStart hook has succeeded, or there is none.
	hooked chan struct{}
	// stopping says that it was asked to end.
	stopping bool

	mu       sync.Mutex
	ended    time.Time
	exitCode int32
	reason   string
}

// imageError says that this node has no binary for an image.
type imageError struct{ image, known string }

func (e imageError) Error() string {
	return fmt.Sprintf("this node runs only images that stand for binaries of this machine: %q is none of %s", e.image, e.known)
}

// binary is what an image stands for: its repository counts, its tag does not.
func (a *Agent) binary(image string) (string, error) {
	repository, _, _ := strings.Cut(image, "@")
	if i := strings.LastIndexByte(repository, ':'); i > strings.LastIndexByte(repository, '/') {
		repository = repository[:i]
	}
	if path, ok := a.o.Images[repository]; ok {
		return path, nil
	}
	known := make([]string, 0, len(a.o.Images))
	for name := range a.o.Images {
		known = append(known, name)
	}
	return "", imageError{image: image, known: strings.Join(known, ", ")}
}

// start starts a container in a root file system of its own.
func (w *worker) start(ctx context.Context, c *corev1.Container, attempt int) (*container, error) {
	binary, err := w.agent.binary(c.Image)
	if err != nil {
		return nil, err
	}
	env, known, err := w.agent.environment(ctx, w.facts(), c)
	if err != nil {
		return nil, err
	}
	argv := make([]string, 0, len(c.Command)+len(c.Args)+1)
	for _, word := range c.Command {
		argv = append(argv, expand(word, known))
	}
	if len(argv) == 0 {
		argv = append(argv, "/bin/"+filepath.Base(binary))
	}
	for _, word := range c.Args {
		argv = append(argv, expand(word, known))
	}
	spec := w.spec(c, binary)
	spec.Argv, spec.Env, spec.WorkingDir = argv, env, c.WorkingDir
	spec.Root = filepath.Join(w.dir, "roots", c.Name)
	if err := os.MkdirAll(spec.Root, 0o755); err != nil {
		return nil, fmt.Errorf("making the root of %s: %w", c.Name, err)
	}
	return w.launch(c.Name, spec, attempt)
}

// remembered is a container of an earlier life of the node, which ended with it
// if it had not before.
func remembered(s corev1.ContainerStatus, now time.Time) *container {
	c := &container{exited: make(chan struct{}), hooked: make(chan struct{})}
	close(c.exited)
	switch {
	case s.State.Running != nil:
		c.id, c.started = s.ContainerID, s.State.Running.StartedAt.Time
		c.ended, c.exitCode, c.reason = now, killed, "Error"
	case s.State.Terminated != nil:
		t := s.State.Terminated
		c.id, c.started, c.ended, c.exitCode, c.reason = t.ContainerID, t.StartedAt.Time, t.FinishedAt.Time, t.ExitCode, t.Reason
	default:
		return nil
	}
	return c
}

// killed is the exit code of a process that SIGKILL ended.
const killed = int32(128 + syscall.SIGKILL)

// spec is the root file system and the identity of a container.
func (w *worker) spec(c *corev1.Container, binary string) shim.Spec {
	spec := shim.Spec{
		Hostname: w.current().Name,
		Dirs:     []shim.Dir{{Path: "/tmp", Mode: 0o1777}, {Path: "/etc", Mode: 0o755}, {Path: "/bin", Mode: 0o755}},
		Mounts: []shim.Mount{
			{Source: binary, Target: "/bin/" + filepath.Base(binary), ReadOnly: true},
			{Source: filepath.Join(w.dir, "resolv.conf"), Target: "/etc/resolv.conf", ReadOnly: true},
			{Source: filepath.Join(w.dir, "hosts"), Target: "/etc/hosts", ReadOnly: true},
		},
	}
	for _, dir := range []string{"/usr", "/lib", "/lib64", "/etc/ssl"} { // for binaries that are not static
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			spec.Mounts = append(spec.Mounts, shim.Mount{Source: dir, Target: dir, ReadOnly: true})
		}
	}
	for _, m := range c.VolumeMounts {
		source := filepath.Join(w.volumes.dirs[m.Name], m.SubPath)
		spec.Mounts = append(spec.Mounts, shim.Mount{Source: source, Target: m.MountPath, ReadOnly: m.ReadOnly})
	}
	spec.Identity = shim.Identity{Mapped: os.Getuid() != 0, UID: os.Getuid(), GID: os.Getgid()}
	pod := w.current().Spec.SecurityContext
	if pod != nil {
		spec.Identity.UID, spec.Identity.GID = orInt(pod.RunAsUser, spec.Identity.UID), orInt(pod.RunAsGroup, spec.Identity.GID)
		if pod.FSGroup != nil {
			spec.Identity.Groups = append(spec.Identity.Groups, int(*pod.FSGroup))
		}
	}
	if own := c.SecurityContext; own != nil {
		spec.Identity.UID, spec.Identity.GID = orInt(own.RunAsUser, spec.Identity.UID), orInt(own.RunAsGroup, spec.Identity.GID)
		spec.ReadOnlyRoot = own.ReadOnlyRootFilesystem != nil && *own.ReadOnlyRootFilesystem
		spec.Identity.NoNewPrivs = own.AllowPrivilegeEscalation != nil && !*own.AllowPrivilegeEscalation
	}
	return spec
}

func orInt(v *int64, otherwise int) int {
	if v == nil {
		return otherwise
	}
	return int(*v)
}

// launch starts the shim and waits until it has become the container.
func (w *worker) launch(name string, spec shim.Spec, attempt int) (*container, error) {
	encoded, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encoding the container: %w", err)
	}
	files, err := newPipes()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(w.logDir(), fmt.Sprintf("%s.%d.log", name, attempt))
	log, err := newLog(path)
	if err != nil {
		files.close()
		return nil, err
	}
	command, err := w.agent.shim(files, log.stream("stdout"), log.stream("stderr"))
	if err == nil {
		command.SysProcAttr = namespaces()
		err = w.agent.spawner.Start(command)
	}
	if err != nil {
		files.close()
		log.close()
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	c := &container{
		id: fmt.Sprintf("process://%d-%d", command.Process.Pid, time.Now().UnixNano()), command: command, spec: spec, started: time.Now(),
		exited: make(chan struct{}), hooked: make(chan struct{}),
	}
	w.tasks.Go(func() { c.wait(log) })
	if problem := files.hand(encoded); problem != "" {
		<-c.exited
		return nil, errors.New(problem)
	}
	w.agent.census.add(c, w.current(), name)
	w.tasks.Go(func() { <-c.exited; w.agent.census.remove(c) })
	return c, nil
}

// wait notes how the container ended.
func (c *container) wait(log *logFile) {
	err := c.command.Wait()
	c.mu.Lock()
	c.ended = time.Now()
	c.exitCode, c.reason = exit(err, c.command.ProcessState)
	c.mu.Unlock()
	log.close()
	close(c.exited)
}

// exit is the exit code of a process as the kubelet tells it.
func exit(err error, state *os.ProcessState) (int32, string) {
	if err == nil {
		return 0, "Completed"
	}
	if state == nil {
		return 128, "Error"
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int32(128 + status.Signal()), "Error"
	}
	return int32(state.ExitCode()), "Error"
}

func (c *container) done() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}

// serves reports whether it runs and its postStart hook has succeeded.
func (c *container) serves() bool {
	select {
	case <-c.hooked:
		return !c.done()
	default:
		return false
	}
}

// stop asks the container to end, and kills it after grace.
func (c *container) stop(grace time.Duration) {
	if c.done() {
		return
	}
	_ = c.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.exited:
	case <-time.After(grace):
		_ = c.command.Process.Kill()
		<-c.exited
	}
}

// namespaces of a container: with root its own mounts, processes and names;
// without, a user namespace that lets it have them.
func namespaces() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC}
	if os.Getuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	return attr
}

type pipe struct{ read, write *os.File }

type pipes struct{ spec, status pipe }

func newPipes() (pipes, error) {
	var p pipes
	var err error
	if p.spec.read, p.spec.write, err = os.Pipe(); err != nil {
		return p, fmt.Errorf("making a pipe: %w", err)
	}
	if p.status.read, p.status.write, err = os.Pipe(); err != nil {
		_ = p.spec.read.Close()
		_ = p.spec.write.Close()
		return p, fmt.Errorf("making a pipe: %w", err)
	}
	return p, nil
}

// hand gives a shim that has started its spec, and is what it says went wrong
// before it became its command, or nothing. No end is open afterwards.
func (p pipes) hand(spec []byte) (problem string) {
	defer p.close()
	_ = p.spec.read.Close()
	_ = p.status.write.Close()
	var writing sync.WaitGroup
	writing.Go(func() {
		_, _ = p.spec.write.Write(spec)
		_ = p.spec.write.Close()
	})
	said, _ := io.ReadAll(io.LimitReader(p.status.read, 4096))
	_ = p.status.read.Close()
	writing.Wait()
	return string(bytes.TrimSpace(said))
}

// close closes every end.
func (p pipes) close() {
	for _, f := range []*os.File{p.spec.read, p.spec.write, p.status.read, p.status.write} {
		_ = f.Close()
	}
}
