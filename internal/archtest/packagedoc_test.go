package archtest

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestEachPackageSaysOnceWhatItIs wants exactly one package comment in every package.
func TestEachPackageSaysOnceWhatItIs(t *testing.T) {
	root := repository(t)
	comments := map[string][]string{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, f.path), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if _, seen := comments[f.room]; !seen {
			comments[f.room] = nil
		}
		if parsed.Doc != nil && saysWhatItIs(parsed.Doc.Text()) {
			comments[f.room] = append(comments[f.room], f.path)
		}
	}
	for room, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s has %d package comments %v, want one", room, len(files), files)
		}
	}
}

// saysWhatItIs leaves out markers of generators.
func saysWhatItIs(doc string) bool {
	return strings.HasPrefix(doc, "Package ") || strings.HasPrefix(doc, "Command ") || strings.HasPrefix(doc, "The ")
}
