package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "flashcrowd.io/flashcrowd/"

// file is one Go source file of a room.
type file struct {
	path    string // relative to the repository
	room    string // directory of the package, relative to the repository
	test    bool
	imports []string
}

// repository is the root of the checkout, two levels above this package.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return root
}

// sources lists the Go files of this module; modules of their own are other rooms' business.
func sources(t *testing.T) []file {
	t.Helper()
	root := repository(t)
	var files []file
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skip(root, path, entry.Name())
		}
		if strings.HasSuffix(path, ".go") {
			files = append(files, parse(t, root, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// skip leaves out hidden, built and foreign directories.
func skip(root, path, name string) error {
	if path == root {
		return nil
	}
	if strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || name == "bin" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

func parse(t *testing.T, root, path string) file {
	t.Helper()
	relative, err := filepath.Rel(root, path)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	f := file{path: relative, room: filepath.ToSlash(filepath.Dir(relative)), test: strings.HasSuffix(path, "_test.go")}
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		f.imports = append(f.imports, name)
	}
	return f
}

// in reports whether a package directory is one of the rooms or below one.
func in(dir string, rooms ...string) bool {
	return slices.ContainsFunc(rooms, func(room string) bool { return dir == room || strings.HasPrefix(dir, room+"/") })
}

// layers from the bottom up: a room imports only its own layer's listed
// siblings and layers below.
var layers = [][]string{
	{"api", "config", "internal/graph", "internal/traffic", "internal/station", "internal/fault", "internal/cache"},
	{"internal/scaling", "internal/wire", "internal/report"},
	{"internal/desired", "internal/export", "internal/topology", "internal/metrics", "internal/feed", "internal/history", "internal/plan", "internal/transport", "internal/stub", "loadgen", "internal/rehearsal", "internal/process"},
	{"controllers", "dashboard", "internal/localcluster"},
	{"cmd", "test", "hack", "internal/archtest"},
}

func layerOf(dir string) int {
	return slices.IndexFunc(layers, func(rooms []string) bool { return in(dir, rooms...) })
}

func TestEveryRoomHasALayer(t *testing.T) {
	for _, f := range sources(t) {
		if layerOf(f.room) < 0 {
			t.Errorf("%s is in no layer: give its room a place in layers", f.path)
		}
	}
}

func TestImportsGoDownOnly(t *testing.T) {
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		for _, name := range f.imports {
			target, ours := strings.CutPrefix(name, module)
			if ours && layerOf(target) > layerOf(f.room) {
				t.Errorf("%s imports %s, which is above it", f.path, target)
			}
		}
	}
}

// walls are imports that no layer explains, each with its reason. A prefix of
// the import path is enough.
var walls = []struct {
	rooms  []string
	banned []string
	reason string
}{
	{[]string{"api"}, []string{module + "internal", module + "controllers", module + "loadgen"}, "the kinds import nothing of ours"},
	{[]string{"controllers"}, []string{module + "dashboard"}, "the dashboard reads the two truths, never the reconcilers"},
	{[]string{"controllers", "cmd/manager", "cmd/loadgen", "cmd/stub"}, []string{module + "internal/history"}, "no run waits for its history"},
	{[]string{"dashboard"}, []string{module + "controllers"}, "the dashboard reads the two truths, never the reconcilers"},
	{
		[]string{"internal/process", "internal/stub", "internal/transport", "loadgen", "cmd/stub", "cmd/loadgen", "internal/wire", "internal/graph", "internal/traffic", "internal/station", "internal/fault", "internal/cache", "internal/scaling"},
		[]string{"k8s.io/", "sigs.k8s.io/", module + "api"},
		"a stub is small and knows no Kubernetes",
	},
	{[]string{"internal/desired"}, []string{"k8s.io/client-go/kubernetes", "sigs.k8s.io/controller-runtime"}, "desired objects are values: no client"},
	{[]string{"controllers", "internal/desired", "internal/scaling", "internal/rehearsal", "dashboard"}, []string{"github.com/prometheus/client_golang/api"}, "internal/metrics is the only room that knows PromQL"},
	{[]string{"controllers"}, []string{"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"}, "read-your-writes does not cover unstructured writes"},
}

func TestWalls(t *testing.T) {
	files := sources(t)
	for _, wall := range walls {
		for _, f := range files {
			if f.test || !in(f.room, wall.rooms...) {
				continue
			}
			for _, name := range f.imports {
				if slices.ContainsFunc(wall.banned, func(banned string) bool { return strings.HasPrefix(name, banned) }) {
					t.Errorf("%s imports %s: %s", f.path, name, wall.reason)
				}
			}
		}
	}
}
