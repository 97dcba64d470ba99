package dashboard

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// promised are the paths that other programs rely on.
var promised = map[string][]string{
	"/api/simulation/start":            {"post"},
	"/api/simulation/stop":             {"post"},
	"/api/simulation/{id}/metrics":     {"get"},
	"/api/simulations":                 {"get", "post"},
	"/api/simulation/{id}":             {"get", "delete"},
	"/api/simulation/{id}/traffic":     {"patch"},
	"/api/simulation/{id}/autoscaling": {"patch"},
	"/api/simulation/{id}/events":      {"get"},
	"/api/simulation/{id}/report":      {"get"},
	"/api/simulation/{id}/replay":      {"get"},
	"/api/simulation/{id}/pause":       {"post"},
	"/api/simulation/{id}/resume":      {"post"},
	"/api/simulation/{id}/archive":     {"get"},
	"/api/compare":                     {"get"},
	"/api/history":                     {"get", "post"},
	"/api/graphs":                      {"get", "post"},
	"/api/graphs/{id}":                 {"get", "put", "delete"},
	"/api/graphs/check":                {"post"},
	"/api/scenarios":                   {"get"},
	"/api/session":                     {"get"},
}

func TestTheOpenAPIDocumentIsPublicAndWhole(t *testing.T) {
	document := read[struct {
		OpenAPI    string                    `json:"openapi"`
		Paths      map[string]map[string]any `json:"paths"`
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}](t, newHouse(t).ask(http.MethodGet, "/api/openapi.json", "", nil))
	if document.OpenAPI != "3.1.0" {
		t.Errorf("version %s", document.OpenAPI)
	}
	for path, methods := range promised {
		for _, method := range methods {
			if document.Paths[path][method] == nil {
				t.Errorf("no %s %s", method, path)
			}
		}
	}
	text, err := json.Marshal(document.Components.Schemas)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `"$schema"`) {
		t.Error("answers carry links to schemas")
	}
	for _, name := range []string{"StartRequest", "ReportReport", "V1alpha1SimulationSpec", "DashboardGraph"} {
		if document.Components.Schemas[name] == nil {
			t.Errorf("no schema %s", name)
		}
	}
}

func TestEveryOperationReadsWhatItsPathNames(t *testing.T) {
	document := read[struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
		} `json:"paths"`
	}](t, newHouse(t).ask(http.MethodGet, "/api/openapi.json", "", nil))
	placeholder := regexp.MustCompile(`\{(\w+)\}`)
	for path, operations := range document.Paths {
		for method, operation := range operations {
			var got, want []string
			for _, parameter := range operation.Parameters {
				if parameter.In == "path" {
					got = append(got, parameter.Name)
				}
			}
			for _, name := range placeholder.FindAllStringSubmatch(path, -1) {
				want = append(want, name[1])
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s %s reads %q, want %q", method, path, got, want)
			}
		}
	}
}

func TestTheAsyncAPIDocumentIsPublic(t *testing.T) {
	document := read[struct {
		AsyncAPI   string `json:"asyncapi"`
		Components struct {
			Messages map[string]any `json:"messages"`
		} `json:"components"`
	}](t, newHouse(t).ask(http.MethodGet, "/api/asyncapi.json", "", nil))
	want := len(sequencedFrames()) + len(plainFrames()) + len(clientFrames())
	if document.AsyncAPI != "3.0.0" || len(document.Components.Messages) != want {
		t.Errorf("%s with %d messages, want %d", document.AsyncAPI, len(document.Components.Messages), want)
	}
}

// described holds frames against the document.
type described struct {
	registry huma.Registry
	schemas  map[string]*huma.Schema
}

func describe(frames []frame) described {
	d := described{registry: huma.NewMapRegistry("#/components/schemas/", schemaName), schemas: map[string]*huma.Schema{}}
	for _, f := range frames {
		d.schemas[f.name] = d.registry.Schema(reflect.TypeOf(f.value), true, f.name)
	}
	admitNull(d.registry)
	return d
}

func (d described) faults(t *testing.T, name string, message []byte) []error {
	t.Helper()
	var value any
	if err := json.Unmarshal(message, &value); err != nil {
		t.Fatal(err)
	}
	if d.schemas[name] == nil {
		t.Fatalf("the document knows no message %q", name)
	}
	result := huma.ValidateResult{}
	huma.Validate(d.registry, d.schemas[name], huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &result)
	return result.Errors
}

func TestRealFramesAreAsTheAsyncAPIDocumentSays(t *testing.T) {
	h := newHouse(t)
	d := describe(sequencedFrames())
	conn, _ := h.dial("default/run", map[string]string{"Authorization": "Bearer jane"}, wire.FeedSubprotocol)
	if err := conn.WriteJSON(wire.FeedResume{Type: wire.MessageResume, Epoch: "another"}); err != nil {
		t.Fatal(err)
	}
	seen := map[wire.MessageType]bool{}
	for len(seen) < 3 {
		seen[h.held(t, d, conn)] = true
	}
	h.alert("a")
	decision := feed.Decision{ID: "d1", Stage: wire.StageApplied, Stages: []wire.StageReached{}, Signals: []wire.DecisionSignal{}, Alternatives: []wire.Alternative{}, Made: []string{}}
	finding := feed.Finding{ID: "f", Message: "advice"}
	snapshot := h.run.Feed.Snapshot()
	if err := h.run.Feed.Publish(time.Now(), decision, finding, feed.Control(snapshot.Control), feed.Phase(snapshot.Phase)); err != nil {
		t.Fatal(err)
	}
	h.measure(12)
	h.run.Feed.Close(time.Now(), wire.CloseNotFound, "deleted", -1)
	for !seen[wire.MessageBye] {
		seen[h.held(t, d, conn)] = true
	}
	for _, f := range sequencedFrames() {
		if kind := wire.MessageType(f.name); !seen[kind] && kind != wire.MessageTopo {
			t.Errorf("no %s was heard", f.name)
		}
	}
}

// held hears one frame and holds it against the document.
func (h *house) held(t *testing.T, d described, conn interface {
	ReadMessage() (int, []byte, error)
},
) wire.MessageType {
	t.Helper()
	_, message, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	kind, _ := head(t, message)
	for _, fault := range d.faults(t, string(kind), message) {
		t.Errorf("%s: %v in %s", kind, fault, message)
	}
	return kind
}

func TestAWrongFrameIsSeen(t *testing.T) {
	if faults := describe(plainFrames()).faults(t, "plain_alert", []byte(`{"type":"alert","severity":1}`)); len(faults) == 0 {
		t.Error("anything is as the document says")
	}
}
