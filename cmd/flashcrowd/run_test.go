package main

import (
	"strings"
	"testing"

	"flashcrowd.io/flashcrowd/internal/report"
)

func TestReportsAreWrittenAsAsked(t *testing.T) {
	finished := report.Report{Simulation: "default/run", Graph: "default/shop", Valid: true, Verdict: report.Met,
		Components: []report.Component{{Name: "api", Type: "APIServer", Replicas: 2, Origin: "user"}}}
	for asked, want := range map[string]string{"": "Final architecture", "hpa": "kind: Deployment", "keda": "kind: Deployment"} {
		write, err := reportWriter("text", asked)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := write(&out, finished); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("export %q: error %v, wrote\n%s", asked, err, out.String())
		}
	}
}

// TestReportRefusesWhatItCannotWrite finds wrong flags before any cluster is asked.
func TestReportRefusesWhatItCannotWrite(t *testing.T) {
	for name, tt := range map[string]struct{ args, words string }{
		"an unknown export": {"report run --export vpa", "write hpa or keda"},
		"both forms":        {"report run --export hpa -o json", "[export output]"},
	} {
		t.Run(name, func(t *testing.T) {
			command := root()
			command.SetArgs(strings.Fields(tt.args))
			if err := command.Execute(); err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("error %v, want %q", err, tt.words)
			}
		})
	}
}

// TestReportsHaveTheirForms writes the same report in each.
func TestReportsHaveTheirForms(t *testing.T) {
	for form, want := range map[outputFormat]string{
		"text": "Final architecture\n", "markdown": "## Final architecture", "html": "<h2>Final architecture</h2>",
		"json": `"simulation": "default/run"`, "yaml": "simulation: default/run",
	} {
		var out strings.Builder
		r := report.Report{Simulation: "default/run", Graph: "default/shop", Valid: true, Components: []report.Component{{Name: "api"}}}
		if err := printReport(&out, form, r); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: error %v, wrote\n%s", form, err, out.String())
		}
	}
	if err := printReport(&strings.Builder{}, "pdf", report.Report{}); err == nil || !strings.Contains(err.Error(), "-o html") {
		t.Errorf("a report as pdf: error %v", err)
	}
}
