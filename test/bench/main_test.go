package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

var (
	duration = flag.Duration("bench.duration", 10*time.Second, "length of one measurement")
	rounds   = flag.Int("bench.rounds", 3, "rounds of interleaved measurements; the median counts")
)

// roleVariable makes this binary one of the processes of the plain HTTP chain.
const roleVariable = "FLASHCROWD_BENCH_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := play(role, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	code := m.Run()
	if dir := builtDirectory; dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// builtDirectory holds the binaries once a benchmark needed them.
var builtDirectory string

// binaries builds the stub and the generator once and is their directory.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", err
	}
	builtDirectory = dir
	for _, name := range []string{"stub", "loadgen"} {
		command := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, name), "flashcrowd.io/flashcrowd/cmd/"+name)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building %s: %w\n%s", name, err, out)
		}
	}
	return dir, nil
})
