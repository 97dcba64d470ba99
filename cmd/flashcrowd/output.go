package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// outputFormat is the value of -o: text for people, json and yaml for machines.
type outputFormat string

func (o *outputFormat) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP((*string)(o), "output", "o", "text", "text, json or yaml")
}

// registerReport adds the formats that only reports have: markdown, and html as
// one page that needs nothing else.
func (o *outputFormat) registerReport(cmd *cobra.Command) {
	cmd.Flags().StringVarP((*string)(o), "output", "o", "text", "text, markdown, html, json or yaml")
}

// print writes value as the user asked; text writes it for people.
func (o outputFormat) print(w io.Writer, value any, text func(io.Writer) error) error {
	switch o {
	case "text":
		return text(w)
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	case "yaml":
		data, err := yaml.Marshal(value)
		if err != nil {
			return fmt.Errorf("encoding as YAML: %w", err)
		}
		_, err = w.Write(data)
		return err
	default:
		return fmt.Errorf("unknown output %q: write -o text, -o json or -o yaml", string(o))
	}
}
