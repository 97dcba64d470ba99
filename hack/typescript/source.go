package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// room is a package and which of its types the page knows: those of some files,
// or those that roots need.
type room struct {
	dir, module string
	files       []string
	roots       []string
}

// source is what a package declares.
type source struct {
	types []declared
	// values of string constants by the name of their type.
	values map[string][]string
	// constants without a type of their own, by file.
	constants []constant
	// imports by their name in the file: package directory.
	imports map[string]string
}

// declared is a type with its comment.
type declared struct {
	name, file, doc string
	expr            ast.Expr
}

// constant is a plain constant.
type constant struct{ name, file, doc, value string }

// parse reads a package in the order of its files and lines.
func parse(dir string) (source, error) {
	s := source{values: map[string][]string{}, imports: map[string]string{}}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return s, fmt.Errorf("listing %s: %w", dir, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(filepath.Base(path), "zz_") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return s, fmt.Errorf("parsing %s: %w", path, err)
		}
		s.file(filepath.Base(path), parsed)
	}
	return s, nil
}

func (s *source) file(name string, parsed *ast.File) {
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		local := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			local = spec.Name.Name
		}
		s.imports[local] = strings.TrimPrefix(path, "flashcrowd.io/flashcrowd/")
	}
	for _, decl := range parsed.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		switch general.Tok {
		case token.TYPE:
			s.typesOf(name, general)
		case token.CONST:
			s.constantsOf(name, general)
		}
	}
}

func (s *source) typesOf(file string, general *ast.GenDecl) {
	for _, spec := range general.Specs {
		if t, ok := spec.(*ast.TypeSpec); ok {
			s.types = append(s.types, declared{name: t.Name.Name, file: file, doc: or(t.Doc.Text(), general.Doc.Text()) + markers(t.Doc, general.Doc), expr: t.Type})
		}
	}
}

// markers are the lines of comments that generators read and Text leaves in place.
func markers(groups ...*ast.CommentGroup) string {
	var out strings.Builder
	for _, group := range groups {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			if text := strings.TrimSpace(strings.TrimPrefix(c.Text, "//")); strings.HasPrefix(text, "+kubebuilder:validation:Enum=") {
				out.WriteString("\n" + text)
			}
		}
	}
	return out.String()
}

func (s *source) constantsOf(file string, general *ast.GenDecl) {
	for _, spec := range general.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok || len(value.Values) != len(value.Names) {
			continue
		}
		for i, name := range value.Names {
			literal, ok := value.Values[i].(*ast.BasicLit)
			if !ok || !name.IsExported() {
				continue
			}
			if of, typed := value.Type.(*ast.Ident); typed {
				s.values[of.Name] = append(s.values[of.Name], quote(literal))
				continue
			}
			s.constants = append(s.constants, constant{name: name.Name, file: file, doc: or(value.Doc.Text(), value.Comment.Text()), value: quote(literal)})
		}
	}
}

// quote is a literal as TypeScript writes it.
func quote(literal *ast.BasicLit) string {
	text, err := strconv.Unquote(literal.Value)
	if literal.Kind != token.STRING || err != nil {
		return literal.Value
	}
	return strconv.Quote(text)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// wanted are the types of the room that the page knows, in source order.
func (s *source) wanted(r room) []declared {
	if len(r.files) > 0 {
		return slices.DeleteFunc(slices.Clone(s.types), func(d declared) bool { return !slices.Contains(r.files, d.file) })
	}
	known := map[string]bool{}
	queue := slices.Clone(r.roots)
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		at := slices.IndexFunc(s.types, func(d declared) bool { return d.name == name })
		if at < 0 || known[name] {
			continue
		}
		known[name] = true
		ast.Inspect(s.types[at].expr, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				queue = append(queue, id.Name)
			}
			return true
		})
	}
	return slices.DeleteFunc(slices.Clone(s.types), func(d declared) bool { return !known[d.name] })
}
