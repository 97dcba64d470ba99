package dashboard

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// documents are the public descriptions of REST and feeds, as one reads them who
// knows neither the code nor its libraries.
type documents struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	rest     struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					} `json:"schema"`
				} `json:"content"`
			} `json:"responses"`
		} `json:"paths"`
	}
}

var described = sync.OnceValues(func() (*documents, error) {
	d := &documents{compiler: jsonschema.NewCompiler()}
	for _, name := range []string{"openapi.json", "asyncapi.json"} {
		response, err := http.Get(cluster.url + "/api/" + name)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
		if err != nil {
			return nil, err
		}
		if err := d.compiler.AddResource(name, document); err != nil {
			return nil, err
		}
		if name == "openapi.json" {
			if err := json.Unmarshal(data, &d.rest); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
})

// check holds a document against a schema.
func (d *documents) check(t *testing.T, schema string, message []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(message)))
	if err != nil {
		t.Errorf("no JSON: %v: %s", err, message)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	compiled, err := d.compiler.Compile(schema)
	if err != nil {
		t.Errorf("%s: %v", schema, err)
		return
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("not as the document says: %v\n%s", err, message)
	}
}

// answered holds an answer against the OpenAPI document.
func answered(t *testing.T, method, path string, status int, answer []byte) {
	t.Helper()
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	path, _, _ = strings.Cut(path, "?")
	for template, operations := range d.rest.Paths {
		operation, ok := operations[strings.ToLower(method)]
		if !ok || !fits(template, path) {
			continue
		}
		response, ok := operation.Responses[strconv.Itoa(status)]
		if !ok {
			response, ok = operation.Responses["default"]
		}
		if !ok {
			t.Errorf("%s %s answers %d, which the document does not know", method, template, status)
		}
		for _, content := range response.Content {
			d.check(t, "openapi.json"+content.Schema.Ref, answer)
		}
		return
	}
}

// fits reports whether a path is one of a template; fixed words go before names.
func fits(template, path string) bool {
	words, names := strings.Split(path, "/"), strings.Split(template, "/")
	if len(words) != len(names) {
		return false
	}
	for i, name := range names {
		if name != words[i] && !strings.HasPrefix(name, "{") {
			return false
		}
	}
	return true
}

// TestFramesOfARealRunAreAsTheDocumentSays listens to both forms of a feed while
// the run grows, is changed and goes.
func TestFramesOfARealRunAreAsTheDocumentSays(t *testing.T) {
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	r, editor := s.rehearse(), s.person("editor", editor)
	address := strings.TrimPrefix(cluster.url, "http://")
	page := newWatcher(address, editor, r.id())
	seen := map[wire.MessageType]int{}
	page.heard = func(kind wire.MessageType, message []byte) {
		seen[kind]++
		d.check(t, "asyncapi.json#/components/messages/"+string(kind)+"/payload", message)
	}
	eventually(t, "the run is known", func() bool { return page.connect(t.Context()) == nil && page.hear() == nil && page.hear() == nil })
	defer page.close()
	r.grow()
	r.alert()
	if err := page.until(func() bool { return len(page.topology.IDs) == 5 && len(page.alerts) == 1 }); err != nil {
		t.Fatal(err)
	}
	rate := int32(70)
	if status, answer := s.ask(editor, http.MethodPatch, "/api/simulation/"+r.id()+"/traffic", map[string]int32{"requestsPerSecond": rate}); status >= 300 {
		t.Fatalf("%d %s", status, answer)
	}
	if err := page.until(func() bool { return page.control.RequestsPerSecond == rate && seen[wire.MessageTick] > 1 }); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/events", "/report"} {
		if status, answer := s.ask(editor, http.MethodGet, "/api/simulation/"+r.id()+path, nil); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if status, answer := s.ask(editor, http.MethodDelete, "/api/simulation/"+r.id(), nil); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, answer)
	}
	page.listen()
	for _, kind := range []wire.MessageType{
		wire.MessageHello, wire.MessageSnapshot, wire.MessageTopo, wire.MessageDecision, wire.MessageAlert, wire.MessageControl, wire.MessagePhase, wire.MessageTick, wire.MessageBye,
	} {
		if seen[kind] == 0 {
			t.Errorf("no %s was heard", kind)
		}
	}
}
