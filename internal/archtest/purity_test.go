package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// pure rooms have no clock, goroutine, package variable, randomness or I/O of
// their own: all are arguments.
var pure = []string{"internal/graph", "internal/traffic", "internal/station", "internal/fault", "internal/wire", "internal/scaling", "internal/report", "internal/export"}

// impure lists imports that bring the world in.
var impure = []string{"os", "net", "net/http", "math/rand", "math/rand/v2", "crypto/rand", "os/exec", "syscall", "sync", "sync/atomic", "context", "log", "log/slog"}

// clocks are the functions of package time that read or wait for the wall clock.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}

func TestPureRoomsImportNothingOfTheWorld(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || !in(f.room, pure...) {
			continue
		}
		for _, name := range f.imports {
			if slices.Contains(impure, name) {
				t.Errorf("%s imports %s: a pure room takes it as an argument", f.path, name)
			}
		}
	}
}

func TestPureRoomsHaveNoClockNoGoroutineNoVariable(t *testing.T) {
	root := repository(t)
	for _, f := range sources(t) {
		if f.test || !in(f.room, pure...) {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, filepath.Join(root, f.path), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults(parsed) {
			t.Errorf("%s:%d %s", f.path, set.Position(fault.at).Line, fault.what)
		}
	}
}

type fault struct {
	at   token.Pos
	what string
}

// faults lists what a pure file may not hold. Package variables are allowed
// when nothing can change what they mean: interface checks, error values and
// tables that only their own file fills, marked by the blank name, by an
// errors.New call or by a composite literal.
func faults(parsed *ast.File) []fault {
	var found []fault
	for _, decl := range parsed.Decls {
		if general, ok := decl.(*ast.GenDecl); ok && general.Tok == token.VAR {
			found = append(found, variables(general)...)
		}
	}
	timeName := timeImport(parsed)
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, fault{n.Pos(), "starts a goroutine"})
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && id.Name == timeName && slices.Contains(clocks, n.Sel.Name) {
				found = append(found, fault{n.Pos(), "reads the clock: time." + n.Sel.Name})
			}
		}
		return true
	})
	return found
}

func timeImport(parsed *ast.File) string {
	for _, spec := range parsed.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil && name == "time" {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return "time"
		}
	}
	return ""
}

func variables(general *ast.GenDecl) []fault {
	var found []fault
	for _, spec := range general.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, name := range value.Names {
			if name.Name == "_" || (i < len(value.Values) && constantLike(value.Values[i])) {
				continue
			}
			found = append(found, fault{name.Pos(), "has the package variable " + name.Name})
		}
	}
	return found
}

// constantLike reports whether a value is a table or an error.
func constantLike(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return true
	case *ast.CallExpr:
		called, ok := e.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		from, ok := called.X.(*ast.Ident)
		return ok && ((from.Name == "errors" && called.Sel.Name == "New") || (from.Name == "regexp" && called.Sel.Name == "MustCompile"))
	default:
		return false
	}
}

func TestFaultsAreSeen(t *testing.T) {
	const source = `package p
import clock "time"
var _ = 1
var counter int
func f() { go f(); _ = clock.Now() }`
	parsed, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(faults(parsed)); got != 3 {
		t.Errorf("%d faults found, want 3: a variable, a goroutine, a clock", got)
	}
}
