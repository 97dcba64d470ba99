package dashboard

import (
	"context"
	"net/http"
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// register adds every operation of REST; each group has a file of its own.
func (s *Server) register(mux *http.ServeMux) {
	api := humago.New(mux, s.describe())
	s.registerSession(api)
	s.registerRuns(api)
	s.registerHistory(api)
	s.registerCompare(api)
	s.registerReports(api)
	s.registerCommands(api)
	s.registerMeasurements(api)
	s.registerGraphs(api)
	s.registerScenarios(api)
}

// describe is the frame of the OpenAPI document. Links to schemas, which huma
// would write into every answer, are left out.
func (s *Server) describe() huma.Config {
	config := huma.DefaultConfig("Flashcrowd", s.o.Version)
	config.Info.Description = "Rehearse a system architecture against traffic. Feeds of runs are described by /api/asyncapi.json."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath, config.CreateHooks = "/api/openapi", "", "", nil
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "a token of the cluster"},
		"session": {Type: "apiKey", In: "cookie", Name: cookieName},
	}
	config.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	return config
}

// schemaName tells types of the same name in two packages apart.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	room := path.Base(t.PkgPath())
	if t.PkgPath() == "" || room == "wire" || room == "v2" {
		return name
	}
	return strings.ToUpper(room[:1]) + room[1:] + name
}

// RunPath is the path of operations on one run. It is exported for huma, which
// reads embedded fields of exported types only.
type RunPath struct {
	ID string `path:"id" maxLength:"320" doc:"the run: its UID, or namespace/name with the slash written %2F"`
}

// answer is the body of an operation.
type answer[T any] struct{ Body T }

// withBody is a request that says something of a run.
type withBody[T any] struct {
	RunPath
	Body T
}

// told wraps the value of an operation, and puts its error in words.
func told[T any](value T, err error) (*answer[T], error) {
	if err != nil {
		return nil, problem(err)
	}
	return &answer[T]{Body: value}, nil
}

// operation describes one operation.
func operation(method, path, id, summary string) huma.Operation {
	return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, Errors: []int{401, 403, 404, 409, 422, 503}}
}

// get adds an operation that reads.
func get[I, O any](api huma.API, path, id, summary string, read func(context.Context, *I) (O, error)) {
	huma.Register(api, operation(http.MethodGet, path, id, summary), func(ctx context.Context, in *I) (*answer[O], error) {
		return told(read(ctx, in))
	})
}

// command adds an operation that writes.
func command[I, O any](api huma.API, method, path, id, summary string, do func(context.Context, *I) (O, error)) {
	huma.Register(api, operation(method, path, id, summary), func(ctx context.Context, in *I) (*answer[O], error) {
		return told(do(ctx, in))
	})
}

// remove adds an operation that deletes, and answers nothing more.
func remove[I any](api huma.API, path, id, summary string, do func(context.Context, *I) error) {
	huma.Register(api, operation(http.MethodDelete, path, id, summary), func(ctx context.Context, in *I) (*struct{}, error) {
		if err := do(ctx, in); err != nil {
			return nil, problem(err)
		}
		return &struct{}{}, nil
	})
}
