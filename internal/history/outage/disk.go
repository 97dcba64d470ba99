package outage

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Disk is a small file system of a test's own.
type Disk struct{ dir string }

// Mount makes one with so much room, such as 1m, for the time of a test. Where nobody
// may mount anything the test is skipped.
func Mount(t testing.TB, size string) Disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount a disk that is full or cannot be written")
	}
	d := Disk{dir: t.TempDir()}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "flashcrowd", d.dir).CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody mount a disk: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", d.dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return d
}

// Remount changes an option, such as ro, which the kernel refuses while a file is
// open for writing.
func (d Disk) Remount(t testing.TB, option string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,"+option, d.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// Fill leaves no room on the disk until what it returns is called.
func (d Disk) Fill(t testing.TB) (free func()) {
	t.Helper()
	file, err := os.CreateTemp(d.dir, "filler-")
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("filling a disk: %v", err)
	}
	return func() {
		if err := errors.Join(file.Close(), os.Remove(file.Name())); err != nil {
			t.Error(err)
		}
	}
}

// File is where a history's file is.
func (d Disk) File() string { return filepath.Join(d.dir, "history.db") }
