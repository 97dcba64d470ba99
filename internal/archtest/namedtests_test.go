package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedTest finds a test, benchmark or fuzz target that a page names.
var namedTest = regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Za-z0-9_]+)(?:/[^`]*)?`")

// semantics is the page that names the tests of each row of the rules' semantics.
const semantics = "docs/scaling.md"

// TestEveryTestThatAPageNamesExists holds the tables of tests in README.md and
// docs/ to the code.
func TestEveryTestThatAPageNamesExists(t *testing.T) {
	root := repository(t)
	exist, named := testNames(t), 0
	for _, page := range pages(t, root) {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range namedTest.FindAllStringSubmatch(string(text), -1) {
			named++
			if !exist[match[1]] {
				t.Errorf("%s names %s, which does not exist", page, match[1])
			}
		}
	}
	if named == 0 {
		t.Error("no page names a test")
	}
}

// TestEveryRowOfTheSemanticsNamesItsTests wants S1 to S32 once each, with a test.
func TestEveryRowOfTheSemanticsNamesItsTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository(t), filepath.FromSlash(semantics)))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.SplitN(line, "|", 3); len(cells) == 3 {
			rows[strings.TrimSpace(cells[1])] += cells[2]
		}
	}
	for n := 1; n <= 32; n++ {
		switch row, found := rows[fmt.Sprintf("S%d", n)]; {
		case !found:
			t.Errorf("%s has no row S%d", semantics, n)
		case !namedTest.MatchString(row):
			t.Errorf("%s names no test of S%d", semantics, n)
		case strings.Count(row, "\n") != 1:
			t.Errorf("%s has S%d more than once", semantics, n)
		}
	}
}

// pages are README.md and all that docs/ holds.
func pages(t *testing.T, root string) []string {
	t.Helper()
	all := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		page, err := filepath.Rel(root, path)
		all = append(all, page)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// testNames are the functions that go test runs, of all packages of the module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	root, all := repository(t), map[string]bool{}
	for _, f := range sources(t) {
		if !f.test {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, f.path), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range parsed.Decls {
			if function, ok := declared.(*ast.FuncDecl); ok && function.Recv == nil {
				all[function.Name.Name] = true
			}
		}
	}
	return all
}
