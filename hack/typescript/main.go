// Command typescript writes the types of the page from the Go source that the
// server speaks by, so that nothing is told twice.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// rooms are the packages that the page knows, each a module of its own. A type
// of another package is reached through its module.
func rooms() []room {
	return []room{
		{dir: "api/v1alpha1", module: "v1alpha1", roots: []string{"ComponentGraph", "Simulation"}},
		{dir: "internal/report", module: "report", roots: []string{"Report", "Comparison"}},
		{dir: "internal/wire", module: "wire", files: []string{"feed.go", "plain.go", "rest.go"}},
		{dir: "dashboard", module: "rest", files: []string{"rest_types.go"}},
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: typescript DIRECTORY")
		os.Exit(2)
	}
	if err := write(".", os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "typescript:", err)
		os.Exit(1)
	}
}

// write renders every room of the repository at root into a directory.
func write(root, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making the directory: %w", err)
	}
	for _, r := range rooms() {
		source, err := parse(filepath.Join(root, r.dir))
		if err != nil {
			return err
		}
		text, err := render(r, source)
		if err != nil {
			return fmt.Errorf("%s: %w", r.dir, err)
		}
		if err := os.WriteFile(filepath.Join(out, r.module+".ts"), []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing the module: %w", err)
		}
	}
	return nil
}
