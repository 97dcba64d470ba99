package report

import (
	"io"
	"maps"
	"slices"
	"strings"
)

// writeMarkdown writes a page as GitHub-flavoured Markdown; pictures are left to
// formats that can show them.
func writeMarkdown(w io.Writer, d document) error {
	p := &printer{w: w}
	p.line("# %s", escaped(d.title))
	for _, line := range d.lead {
		p.line("\n%s", escaped(line))
	}
	if d.warning != "" {
		p.line("\n> **%s**", escaped(d.warning))
	}
	for _, s := range d.sections {
		if len(s.text)+len(s.rows) == 0 {
			continue
		}
		p.line("\n## %s", escaped(s.title))
		for _, line := range s.text {
			p.line("\n%s", escaped(line))
		}
		if len(s.rows) == 0 {
			continue
		}
		p.line("\n%s", cells(s.head))
		p.line("|%s", strings.Repeat(" --- |", len(s.head)))
		for _, row := range s.rows {
			p.line("%s", cells(row))
		}
	}
	return p.err
}

func cells(row []string) string {
	var b strings.Builder
	b.WriteString("|")
	for _, cell := range row {
		b.WriteString(" " + escaped(cell) + " |")
	}
	return b.String()
}

// escaped is text that Markdown shows as it is.
func escaped(text string) string {
	return strings.NewReplacer(
		"\\", "\\\\", "|", "\\|", "<", "&lt;", "&", "&amp;", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "]", "\\]", "#", "\\#", "~", "\\~",
		"\r", " ", "\n", " ",
	).Replace(text)
}

func sortedKeys[T any](all map[string]T) []string { return slices.Sorted(maps.Keys(all)) }
