package report

import (
	"fmt"
	"html/template"
	"io"
)

// htmlPage and htmlSection are a document as its template reads it.
type htmlPage struct {
	Title    string
	Lead     []string
	Warning  string
	Sections []htmlSection
	Colors   []int
}

type htmlSection struct {
	Title    string
	Text     []string
	Head     []string
	Rows     [][]string
	Pictures []picture
}

// writeHTML writes a page that loads nothing and runs nothing.
func writeHTML(w io.Writer, d document) error {
	page, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("the page's template: %w", err)
	}
	shown := htmlPage{Title: d.title, Lead: d.lead, Warning: d.warning}
	for color := range colors {
		shown.Colors = append(shown.Colors, color)
	}
	for _, s := range d.sections {
		shown.Sections = append(shown.Sections, htmlSection{Title: s.title, Text: s.text, Head: s.head, Rows: s.rows, Pictures: s.pictures})
	}
	if err := page.Execute(w, shown); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
