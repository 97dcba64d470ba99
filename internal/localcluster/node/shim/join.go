package shim

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// join runs the command of the spec inside a container that runs, and ends the
// process with its exit code. It returns only if the command could not start.
func join(spec Spec) error {
	if err := enter(spec.Join); err != nil {
		return err
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
	// No parent-death signal: os/exec takes a parent in another PID namespace for
	// dead. The command ends with its process group, or with its container.
	command := &exec.Cmd{Path: path, Args: spec.Argv, Env: spec.Env, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := command.Start(); err != nil {
		return fmt.Errorf("executing %s: %w", path, err)
	}
	_ = unix.Close(statusFD) // the agent hears that the command runs
	err = command.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status, ok := exit.Sys().(syscall.WaitStatus)
		if ok && status.Signaled() {
			os.Exit(128 + int(status.Signal()))
		}
		os.Exit(exit.ExitCode())
	}
	os.Exit(0)
	return nil
}

// enter moves this thread into the namespaces of a container by its first
// process; processes that it starts are in the container's PID namespace.
func enter(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("finding the container: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Unshare(unix.CLONE_FS); err != nil { // threads that share their root cannot change it
		return fmt.Errorf("entering the container: %w", err)
	}
	if err := unix.Setns(fd, unix.CLONE_NEWNS|unix.CLONE_NEWPID|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC); err != nil {
		return fmt.Errorf("entering the container: %w", err)
	}
	return nil
}
