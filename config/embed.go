// Package config is the installation of the product, as kustomize renders it
// from this directory.
package config

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed install.yaml
var install []byte

// Install is every object of the installation as YAML documents: the kinds, the
// roles and the manager.
func Install() []byte { return install }

//go:embed samples/*.yaml
var samples embed.FS

// Sample is a ready-made rehearsal.
type Sample struct {
	// Name of its file, without the ending.
	Name string
	// Title and Description are what its leading comment says: the title is the
	// name in words.
	Title, Description string
	YAML               string
}

// Samples are the ready-made rehearsals, by name.
func Samples() ([]Sample, error) {
	files, err := fs.Glob(samples, "samples/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the samples: %w", err)
	}
	list := make([]Sample, 0, len(files))
	for _, file := range files {
		data, err := samples.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a sample: %w", err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "samples/"), ".yaml")
		words := strings.ReplaceAll(name, "-", " ")
		list = append(list, Sample{Name: name, Title: strings.ToUpper(words[:1]) + words[1:], Description: comment(string(data)), YAML: string(data)})
	}
	return list, nil
}

// comment is what the first lines of a manifest say.
func comment(manifest string) string {
	var lines []string
	for line := range strings.Lines(manifest) {
		text, isComment := strings.CutPrefix(line, "#")
		if !isComment {
			break
		}
		lines = append(lines, strings.TrimSpace(text))
	}
	return strings.Join(lines, " ")
}
