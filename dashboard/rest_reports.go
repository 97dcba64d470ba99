package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/negotiation"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
	"flashcrowd.io/flashcrowd/internal/report"
)

type reportQuery struct {
	RunPath
	Format string `query:"format" enum:"json,md,html,text" doc:"how the report is written; what the Accept header prefers if left out, and JSON if that names none of them"`
	Accept string `header:"Accept"`
}

// reportAnswer is a report in one of its forms.
type reportAnswer struct {
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

// reportForm is a way to write a report.
type reportForm struct {
	name, mediaType string
	write           func(io.Writer, report.Report) error
}

// reportForms are all, the preferred first.
func reportForms() []reportForm {
	return []reportForm{
		{"json", "application/json", func(w io.Writer, r report.Report) error { return json.NewEncoder(w).Encode(r) }},
		{"md", "text/markdown", report.WriteMarkdown},
		{"html", "text/html", report.WriteHTML},
		{"text", "text/plain", report.WriteText},
	}
}

// form is the one that a request asks for: by name, by what it accepts, or JSON.
func (q reportQuery) form() reportForm {
	forms := reportForms()
	var types []string
	for _, f := range forms {
		if f.name == q.Format {
			return f
		}
		types = append(types, f.mediaType)
	}
	accepted := negotiation.SelectQValue(q.Accept, types)
	for _, f := range forms {
		if f.mediaType == accepted {
			return f
		}
	}
	return forms[0]
}

// reportPolicy of a page that loads and runs nothing, whatever is written in it.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"

func (s *Server) registerReports(api huma.API) {
	o := operation(http.MethodGet, "/api/simulation/{id}/report", "getReport", "The report of a run, as flashcrowd report prints it: JSON, Markdown, one HTML page or text")
	content := map[string]*huma.MediaType{}
	for _, f := range reportForms() {
		content[f.mediaType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	content["application/json"].Schema = api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[report.Report](), true, "Report")
	o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: content}}
	huma.Register(api, o, func(ctx context.Context, in *reportQuery) (*reportAnswer, error) {
		answer, err := s.writtenReport(ctx, in)
		if err != nil {
			return nil, problem(err)
		}
		return answer, nil
	})
}

func (s *Server) writtenReport(ctx context.Context, in *reportQuery) (*reportAnswer, error) {
	r, err := s.report(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	form := in.form()
	var body bytes.Buffer
	if err := form.write(&body, r); err != nil {
		return nil, err
	}
	answer := &reportAnswer{ContentType: form.mediaType, Policy: reportPolicy, Body: body.Bytes()}
	if form.mediaType != "application/json" {
		answer.ContentType += "; charset=utf-8"
	}
	return answer, nil
}

// measuringAtMost bounds how long a report waits for what was measured: without it
// the rest is told all the same.
const measuringAtMost = 10 * time.Second

// report is that of a run with what was measured over it.
func (s *Server) report(ctx context.Context, id string) (report.Report, error) {
	run, err := s.find(ctx, "get", id)
	if err != nil {
		return report.Report{}, err
	}
	sim := run.Simulation()
	r, err := s.reportOf(ctx, sim)
	if err != nil {
		return report.Report{}, err
	}
	r = r.WithCommands(s.commands(ctx, string(sim.UID)))
	ctx, cancel := context.WithTimeout(ctx, measuringAtMost)
	defer cancel()
	return rehearsal.Measured(ctx, s.recorder(sim), sim, r), nil
}

// reportOf is the report of a run without what was measured over it: as it was kept,
// if it has ended.
func (s *Server) reportOf(ctx context.Context, sim *v1alpha1.Simulation) (report.Report, error) {
	if projection.Finished(sim) { // its graph may be another run's by now
		if kept, err := s.keptReport(ctx, string(sim.UID)); err == nil && kept.Verdict != report.Running {
			return kept, nil
		}
	}
	cg, err := s.graphOf(ctx, sim)
	if err != nil {
		return report.Report{}, err
	}
	return rehearsal.Report(sim, cg), nil
}

// graphOf a run; nil if that is gone, for a run outlives its graph.
func (s *Server) graphOf(ctx context.Context, sim *v1alpha1.Simulation) (*v1alpha1.ComponentGraph, error) {
	var cg v1alpha1.ComponentGraph
	err := s.o.Graphs.Get(ctx, types.NamespacedName{Namespace: sim.Namespace, Name: sim.Spec.GraphRef.Name}, &cg)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading the graph of the run: %w", err)
	}
	if err != nil {
		return nil, nil //nolint:nilnil // there is no graph, and that is no fault
	}
	return &cg, nil
}
