// Package spawn starts processes that cannot outlive this one, however it dies.
package spawn

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Spawner starts children from one thread that lives as long as it does: the
// kernel's parent-death signal follows the thread that forked, not the process.
type Spawner struct {
	requests chan request
	done     chan struct{}
}

type request struct {
	command *exec.Cmd
	answer  chan error
}

// New starts the thread; Close ends it, and with it every child.
func New() *Spawner {
	s := &Spawner{requests: make(chan request), done: make(chan struct{})}
	go s.loop()
	return s
}

// loop never unlocks its thread: when it returns, the runtime ends the thread
// and the kernel the children.
func (s *Spawner) loop() {
	defer close(s.done)
	runtime.LockOSThread()
	for r := range s.requests {
		r.answer <- r.command.Start()
	}
}

// Start starts a command in a process group of its own that is killed when the
// spawner's thread or process ends. The caller waits for the command.
func (s *Spawner) Start(command *exec.Cmd) error {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setpgid = true
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	r := request{command: command, answer: make(chan error, 1)}
	s.requests <- r
	return <-r.answer
}

// Close ends the thread; call it after the children ended.
func (s *Spawner) Close() {
	close(s.requests)
	<-s.done
}
