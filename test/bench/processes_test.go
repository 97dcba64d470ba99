package bench

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// family is a process and all that it has started, by the name of the program.
type family map[string][]*process

// descendants are the processes below one, itself included.
func descendants(b *testing.B, ancestor int) family {
	b.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		b.Fatal(err)
	}
	children := map[int][]int{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // no process
		}
		if parent, alive := parentOf(pid); alive {
			children[parent] = append(children[parent], pid)
		}
	}
	all := family{}
	for pids := []int{ancestor}; len(pids) > 0; pids = pids[1:] {
		pids = append(pids, children[pids[0]]...)
		name := programOf(pids[0])
		all[name] = append(all[name], &process{pid: pids[0]})
	}
	return all
}

func parentOf(pid int) (parent int, alive bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false // it ended meanwhile
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	parent, err = strconv.Atoi(fields[1]) // after the state
	return parent, err == nil
}

// programOf is the name that a process was started by, which tells the parts of
// Kubernetes apart where its binary does not.
func programOf(pid int) string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(line) == 0 {
		return "gone"
	}
	name, _, _ := strings.Cut(string(line), "\x00")
	return filepath.Base(name)
}

// usage is what the processes of each program took over a time, and hold.
type usage struct {
	processes int
	cores     float64
	// megabytes of all together and of the largest, resident.
	megabytes, largest float64
}

// millicores that one process took.
func (u usage) millicores() float64 { return 1e3 * u.cores / float64(u.processes) }

// watch lets a time pass and tells what each program took in it.
func watch(b *testing.B, all family, length time.Duration) map[string]usage {
	b.Helper()
	taken := func() map[string]time.Duration {
		sums := map[string]time.Duration{}
		for name, processes := range all {
			sums[name] = cpu(b, processes...)
		}
		return sums
	}
	before, began := taken(), time.Now()
	<-time.After(length)
	after, passed := taken(), time.Since(began)
	use := map[string]usage{}
	for name, processes := range all {
		u := usage{processes: len(processes), cores: (after[name] - before[name]).Seconds() / passed.Seconds()}
		for _, p := range processes {
			size := resident(b, p)
			u.megabytes, u.largest = u.megabytes+size, max(u.largest, size)
		}
		use[name] = u
	}
	return use
}

// spent logs the CPU time that each program has taken since it began.
func spent(b *testing.B, all family) {
	b.Helper()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.Logf("  so far: %d x %s: %.1f s of CPU", len(all[name]), name, cpu(b, all[name]...).Seconds())
	}
}

// tell logs what each program took, the most first.
func tell(b *testing.B, when string, use map[string]usage) {
	b.Helper()
	names := slices.SortedFunc(maps.Keys(use), func(x, y string) int { return strings.Compare(x, y) })
	slices.SortStableFunc(names, func(x, y string) int {
		switch {
		case use[x].cores > use[y].cores:
			return -1
		case use[x].cores < use[y].cores:
			return 1
		}
		return 0
	})
	for _, name := range names {
		u := use[name]
		b.Logf("  %s: %d x %s: %.3f cores, %.0f MB, the largest %.1f MB", when, u.processes, name, u.cores, u.megabytes, u.largest)
	}
}
