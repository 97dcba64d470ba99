package shim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// hostDir is where the host's root waits, inside the new one, until every
// mount is bound.
const hostDir = "/.host"

var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

// buildRoot leaves the process in a root of its own: a small tmpfs with the
// given mounts, /proc of its PID namespace and a minimal /dev.
func buildRoot(spec Spec) error {
	if err := pivot(spec.Root); err != nil {
		return err
	}
	if err := populate(spec); err != nil {
		return err
	}
	if err := unix.Unmount(hostDir, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the root of the host: %w", err)
	}
	if err := os.Remove(hostDir); err != nil {
		return fmt.Errorf("leaving the root of the host: %w", err)
	}
	if spec.ReadOnlyRoot {
		if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
			return fmt.Errorf("making the root read-only: %w", err)
		}
	}
	return nil
}

// pivot changes into the new root first, so that targets of mounts can never
// lead, over a symbolic link, to a path of the host.
func pivot(root string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("mounting the root: %w", err)
	}
	if err := os.Mkdir(root+hostDir, 0o700); err != nil {
		return fmt.Errorf("mounting the root: %w", err)
	}
	if err := unix.PivotRoot(root, root+hostDir); err != nil {
		return fmt.Errorf("changing the root: %w", err)
	}
	return os.Chdir("/")
}

func populate(spec Spec) error {
	unix.Umask(0)
	for _, dir := range spec.Dirs {
		if err := os.MkdirAll(dir.Path, os.FileMode(dir.Mode)); err != nil {
			return fmt.Errorf("making %s: %w", dir.Path, err)
		}
		if err := unix.Chmod(dir.Path, dir.Mode); err != nil {
			return fmt.Errorf("making %s: %w", dir.Path, err)
		}
	}
	for _, link := range spec.Links {
		if err := os.Symlink(link.Target, link.Path); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("linking %s: %w", link.Path, err)
		}
	}
	if err := mountProc(); err != nil {
		return err
	}
	if err := makeDevices(); err != nil {
		return err
	}
	for _, m := range spec.Mounts {
		if err := bind(m); err != nil {
			return err
		}
	}
	unix.Umask(0o022)
	return nil
}

// mountProc shows the processes of the container; where the kernel does not
// let a user namespace mount it (masked /proc), the host's is bound instead.
func mountProc() error {
	if err := os.MkdirAll("/proc", 0o555); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err != nil {
		err = unix.Mount(hostDir+"/proc", "/proc", "", unix.MS_BIND|unix.MS_REC, "")
	}
	if err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	return nil
}

func makeDevices() error {
	for _, dir := range []string{"/dev", "/dev/shm"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making %s: %w", dir, err)
		}
	}
	if err := unix.Mount("tmpfs", "/dev/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=1777"); err != nil {
		return fmt.Errorf("mounting /dev/shm: %w", err)
	}
	for _, device := range devices {
		if err := bind(Mount{Source: "/dev/" + device, Target: "/dev/" + device}); err != nil {
			return err
		}
	}
	for path, target := range map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0",
		"/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, path); err != nil {
			return fmt.Errorf("linking %s: %w", path, err)
		}
	}
	return nil
}

func bind(m Mount) error {
	source := hostDir + m.Source
	info, err := os.Stat(source)
	if err != nil {
		return fmt.Errorf("mounting %s at %s: %w", m.Source, m.Target, errors.Unwrap(err))
	}
	if err := makeTarget(m.Target, info.IsDir()); err != nil {
		return fmt.Errorf("mounting %s at %s: %w", m.Source, m.Target, err)
	}
	if err := unix.Mount(source, m.Target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mounting %s at %s: %w", m.Source, m.Target, err)
	}
	if !m.ReadOnly {
		return nil
	}
	attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, m.Target, unix.AT_RECURSIVE, attr); err != nil {
		return fmt.Errorf("making %s read-only: %w", m.Target, err)
	}
	return nil
}

func makeTarget(path string, dir bool) error {
	if dir {
		return os.MkdirAll(path, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	file, err := os.OpenFile(strings.TrimSuffix(path, "/"), os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}
