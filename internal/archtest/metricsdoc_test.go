package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documented finds the metric that a row of the reference is about.
var documented = regexp.MustCompile("(?m)^\\| `(flashcrowd_[a-z_]+)` \\|")

// TestTheReferenceHasARowForEachMetric compares docs/metrics.md with the names
// that stubs and generators expose.
func TestTheReferenceHasARowForEachMetric(t *testing.T) {
	root := repository(t)
	reference, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, match := range documented.FindAllStringSubmatch(string(reference), -1) {
		rows = append(rows, match[1])
	}
	exposed := metricNames(t, filepath.Join(root, "internal", "wire", "metricnames.go"))
	slices.Sort(rows)
	slices.Sort(exposed)
	if !slices.Equal(rows, exposed) {
		t.Errorf("docs/metrics.md has rows for\n%s\nexposed are\n%s", strings.Join(rows, "\n"), strings.Join(exposed, "\n"))
	}
}

// metricNames are the constants of a file that name metrics.
func metricNames(t *testing.T, path string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if name, err := strconv.Unquote(literal.Value); err == nil && strings.HasPrefix(name, "flashcrowd_") {
				names = append(names, name)
			}
		}
		return true
	})
	if len(names) == 0 {
		t.Fatalf("%s names no metric", path)
	}
	return names
}
