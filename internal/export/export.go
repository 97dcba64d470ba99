// Package export writes what a run decided as manifests that do the same in
// production, with the decision that each number comes from beside it. It is pure.
package export

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"flashcrowd.io/flashcrowd/internal/report"
)

// Format is what scales in production.
type Format string

// The formats.
const (
	// HPA is a HorizontalPodAutoscaler of autoscaling/v2.
	HPA Format = "hpa"
	// KEDA is a ScaledObject of keda.sh/v1alpha1.
	KEDA Format = "keda"
)

// ParseFormat reads a format as people write it.
func ParseFormat(text string) (Format, error) {
	if f := Format(text); f == HPA || f == KEDA {
		return f, nil
	}
	return "", fmt.Errorf("unknown export %q: write hpa or keda", text)
}

// ErrNotFinished says that a run still decides.
var ErrNotFinished = errors.New("the run has not finished: its decisions can be exported when it has")

// Write writes the final size of every stateless component of a run as a
// Deployment, and what scaled it as an autoscaler. What manifests cannot say
// stands in words at the top.
func Write(w io.Writer, r report.Report, format Format) error {
	if r.Verdict == report.Running {
		return ErrNotFinished
	}
	workloads := workloadsOf(r)
	var out strings.Builder
	out.WriteString(commented(preface(r, workloads)))
	for _, one := range workloads {
		documents := []document{deployment(one)}
		if one.scales() {
			documents = append(documents, autoscaler(one, r, format))
		}
		for _, d := range documents {
			text, err := d.text()
			if err != nil {
				return fmt.Errorf("writing %s: %w", one.component.Name, err)
			}
			out.WriteString("---\n" + text)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func autoscaler(one workload, r report.Report, format Format) document {
	if format == KEDA {
		return scaledObject(one, r.Scaling)
	}
	return horizontal(one, r.Scaling)
}

// preface tells where the manifests come from and what they leave out.
func preface(r report.Report, workloads []workload) []string {
	lines := []string{
		fmt.Sprintf("What the run %s on the graph %s decided. Verdict: %s.", r.Simulation, r.Graph, r.Verdict),
		"Times and thresholds are those of the rehearsal. Images, and names of metrics, are yours to write.",
	}
	if !r.Valid {
		lines = append(lines, "Do not rely on these numbers: "+r.InvalidReason)
	}
	if words := inWords(r, workloads); len(words) > 0 {
		lines = append(lines, "", "What no Deployment or autoscaler can say:")
		for _, word := range words {
			lines = append(lines, "- "+word)
		}
	}
	if len(workloads) == 0 {
		lines = append(lines, "", "No APIServer and no Worker is left to write a Deployment for.")
	}
	return lines
}

// commented writes lines as comments; what came from elsewhere cannot end one.
func commented(lines []string) string {
	var out strings.Builder
	for _, line := range lines {
		out.WriteString(strings.TrimRight("# "+oneLine(line), " ") + "\n")
	}
	return out.String()
}

// oneLine keeps the line of a comment one line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// inWords are the decisions, findings and components that no manifest here is for, in order.
func inWords(r report.Report, workloads []workload) []string {
	var words []string
	for _, d := range r.Decisions {
		if !slices.ContainsFunc(workloads, func(one workload) bool { return one.resizedBy(d) }) {
			words = append(words, fmt.Sprintf("%s %s %s", report.Clock(d.Second), report.Sentence(d), orElse(means(d.Action), ".")))
		}
	}
	for _, f := range r.Findings {
		words = append(words, fmt.Sprintf("Advice on %s: %s", f.Component, f.Message))
	}
	for _, c := range r.Components {
		if !slices.ContainsFunc(workloads, func(one workload) bool { return one.component.Name == c.Name }) {
			words = append(words, fmt.Sprintf("%s is a %s with %s: %s", c.Name, c.Type, counted(c.Replicas), runs(c.Type)))
		}
	}
	for _, one := range workloads {
		words = append(words, one.omitted...)
	}
	return words
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func counted(n int32) string {
	if n == 1 {
		return "1 replica"
	}
	return fmt.Sprintf("%d replicas", n)
}
