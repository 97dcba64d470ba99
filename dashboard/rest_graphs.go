package dashboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// GraphPath is the path of operations on one graph.
type GraphPath struct {
	ID string `path:"id" maxLength:"320" doc:"the graph: its UID, or namespace/name with the slash written %2F"`
}

type (
	draftInput struct{ Body GraphDraft }
	saveInput  struct {
		GraphPath
		Body GraphDraft
	}
	yamlInput struct{ Body YAMLDocument }
)

func (s *Server) registerGraphs(api huma.API) {
	get(api, "/api/graphs", "listGraphs", "All graphs that the caller may see", s.listGraphs)
	get(api, "/api/graphs/{id}", "getGraph", "One graph: its spec, its picture and its YAML", s.getGraph)
	command(api, http.MethodPost, "/api/graphs", "createGraph", "Save a new graph", s.createGraph)
	command(api, http.MethodPut, "/api/graphs/{id}", "saveGraph", "Save a graph over the version that the draft began from", s.saveGraph)
	remove(api, "/api/graphs/{id}", "deleteGraph", "Delete a graph", s.deleteGraph)
	command(api, http.MethodPost, "/api/graphs/check", "checkGraph", "The API server's opinion of a draft, which is not saved", s.checkGraph)
	command(api, http.MethodPost, "/api/graphs/yaml", "writeYAML", "A draft as YAML for kubectl", s.writeYAML)
	command(api, http.MethodPost, "/api/graphs/draft", "readYAML", "The draft that a YAML document holds", s.readYAML)
}

func (s *Server) listGraphs(ctx context.Context, _ *struct{}) (GraphList, error) {
	var all v1alpha1.ComponentGraphList
	if err := s.o.Graphs.List(ctx, &all); err != nil {
		return GraphList{}, err
	}
	var namespaces []string
	for i := range all.Items {
		namespaces = append(namespaces, all.Items[i].Namespace)
	}
	seen, err := s.seen(ctx, "list", componentGraphs, namespaces)
	if err != nil {
		return GraphList{}, err
	}
	list := GraphList{Items: []GraphSummary{}}
	for i := range all.Items {
		if cg := &all.Items[i]; seen[cg.Namespace] {
			list.Items = append(list.Items, summaryOf(cg))
		}
	}
	slices.SortFunc(list.Items, func(a, b GraphSummary) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return list, nil
}

func summaryOf(cg *v1alpha1.ComponentGraph) GraphSummary {
	row := GraphSummary{
		ID: string(cg.UID), Namespace: cg.Namespace, Name: cg.Name, Components: len(cg.Spec.Components),
		HeldBy: cg.Status.HeldBy, Accepted: true, CreatedAt: cg.CreationTimestamp.UnixMilli(),
	}
	if c := meta.FindStatusCondition(cg.Status.Conditions, v1alpha1.ConditionAccepted); c != nil {
		row.Accepted = c.Status != metav1.ConditionFalse
		if !row.Accepted {
			row.Message = c.Message
		}
	}
	return row
}

// graph is a graph by its UID or namespace/name that the caller may do something with.
func (s *Server) graph(ctx context.Context, verb, id string) (*v1alpha1.ComponentGraph, error) {
	cg, err := s.findGraph(ctx, id)
	if err != nil {
		return nil, err
	}
	return cg, s.permit(ctx, verb, componentGraphs, cg.Namespace)
}

func (s *Server) findGraph(ctx context.Context, id string) (*v1alpha1.ComponentGraph, error) {
	var all v1alpha1.ComponentGraphList
	if err := s.o.Graphs.List(ctx, &all); err != nil {
		return nil, err
	}
	for i := range all.Items {
		if cg := &all.Items[i]; string(cg.UID) == id || client.ObjectKeyFromObject(cg).String() == id {
			return cg, nil
		}
	}
	return nil, huma.Error404NotFound(fmt.Sprintf("%q is neither the UID nor the namespace/name of a ComponentGraph", id))
}

func (s *Server) getGraph(ctx context.Context, in *GraphPath) (Graph, error) {
	cg, err := s.graph(ctx, "get", in.ID)
	if err != nil {
		return Graph{}, err
	}
	return graphOf(cg)
}

// graphOf is a graph as the page takes it; its picture is the live architecture.
func graphOf(cg *v1alpha1.ComponentGraph) (Graph, error) {
	text, err := manifest(cg.Namespace, cg.Name, cg.Spec)
	if err != nil {
		return Graph{}, err
	}
	canvas := wire.Canvas{Nodes: []wire.Node{}, Links: []wire.Link{}, IDs: []string{}, LinkIDs: []string{}, Direction: wire.LeftToRight}
	if architecture, err := desired.Architecture(cg.Spec); err == nil && len(graph.Check(architecture)) == 0 {
		canvas = projection.Canvas(architecture, projection.Draw(architecture), &cg.Status)
	}
	return Graph{Summary: summaryOf(cg), ResourceVersion: cg.ResourceVersion, Spec: cg.Spec, Canvas: canvas, YAML: text}, nil
}

// manifest is a graph as kubectl takes it.
func manifest(namespace, name string, spec v1alpha1.ComponentGraphSpec) (string, error) {
	metadata := map[string]string{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": graphKind, "metadata": metadata, "spec": spec,
	})
	if err != nil {
		return "", fmt.Errorf("writing YAML: %w", err)
	}
	return string(text), nil
}

const graphKind = "ComponentGraph"

func (s *Server) createGraph(ctx context.Context, in *draftInput) (Graph, error) {
	cg := s.draft(in.Body)
	if err := s.permit(ctx, "create", componentGraphs, cg.Namespace); err != nil {
		return Graph{}, err
	}
	acting, err := s.as(callerOf(ctx))
	if err != nil {
		return Graph{}, err
	}
	if err := acting.Create(ctx, cg, fieldOwner, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		return Graph{}, err
	}
	await(ctx, func() bool { _, err := s.findGraph(ctx, string(cg.UID)); return err == nil })
	return graphOf(cg)
}

func (s *Server) draft(d GraphDraft) *v1alpha1.ComponentGraph {
	return &v1alpha1.ComponentGraph{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace(d.Namespace), Name: d.Name, ResourceVersion: d.ResourceVersion}, Spec: d.Spec}
}

// saveGraph replaces the spec. The version that the draft began from must be the
// newest, so that nobody's change is lost.
func (s *Server) saveGraph(ctx context.Context, in *saveInput) (Graph, error) {
	known, err := s.graph(ctx, "update", in.ID)
	if err != nil {
		return Graph{}, err
	}
	if in.Body.ResourceVersion == "" {
		return Graph{}, huma.Error422UnprocessableEntity("say which version the draft began from", &huma.ErrorDetail{Location: "body.resourceVersion", Message: "give back the resourceVersion that the graph was read with"})
	}
	acting, err := s.as(callerOf(ctx))
	if err != nil {
		return Graph{}, err
	}
	var cg v1alpha1.ComponentGraph
	if err := acting.Get(ctx, client.ObjectKeyFromObject(known), &cg); err != nil {
		return Graph{}, err
	}
	cg.Spec, cg.ResourceVersion = in.Body.Spec, in.Body.ResourceVersion
	if err := acting.Update(ctx, &cg, fieldOwner, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		return Graph{}, err
	}
	return graphOf(&cg)
}

func (s *Server) deleteGraph(ctx context.Context, in *GraphPath) error {
	cg, err := s.graph(ctx, "delete", in.ID)
	if err != nil {
		return err
	}
	acting, err := s.as(callerOf(ctx))
	if err != nil {
		return err
	}
	return acting.Delete(ctx, cg.DeepCopy(), client.Preconditions{UID: &cg.UID})
}

// checkGraph asks the API server without saving, and then whether the whole makes sense.
func (s *Server) checkGraph(ctx context.Context, in *draftInput) (wire.ValidationResult, error) {
	cg := s.draft(in.Body)
	acting, err := s.as(callerOf(ctx))
	if err != nil {
		return wire.ValidationResult{}, err
	}
	err = dryRun(ctx, acting, cg)
	if faults, invalid := faultsOf(err); invalid {
		return wire.ValidationResult{Faults: faults}, nil
	}
	if err != nil {
		return wire.ValidationResult{}, err
	}
	result := wire.ValidationResult{Valid: true, Faults: []wire.ValidationFault{}}
	architecture, err := desired.Architecture(cg.Spec)
	if err != nil {
		return wire.ValidationResult{Faults: []wire.ValidationFault{{Field: "spec", Message: words(err)}}}, nil
	}
	for _, fault := range graph.Check(architecture) {
		result.Valid = false
		result.Faults = append(result.Faults, wire.ValidationFault{Field: fault.Path, Message: fault.Message})
	}
	return result, nil
}

// dryRun creates or replaces a graph without keeping it.
func dryRun(ctx context.Context, acting client.Client, cg *v1alpha1.ComponentGraph) error {
	var known v1alpha1.ComponentGraph
	err := acting.Get(ctx, client.ObjectKeyFromObject(cg), &known)
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		return err
	}
	if err != nil {
		cg.ResourceVersion = ""
		return acting.Create(ctx, cg, client.DryRunAll, fieldOwner, client.FieldValidation(metav1.FieldValidationStrict))
	}
	known.Spec = cg.Spec
	if err := acting.Update(ctx, &known, client.DryRunAll, fieldOwner, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		return err
	}
	cg.Spec = known.Spec
	return nil
}

// faultsOf are the faults that the API server names; not invalid means that it is
// about something else.
func faultsOf(err error) (faults []wire.ValidationFault, invalid bool) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || (!apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err)) {
		return nil, false
	}
	if details := status.Status().Details; details != nil {
		for _, cause := range details.Causes {
			faults = append(faults, wire.ValidationFault{Field: strings.TrimPrefix(strings.TrimPrefix(location(cause.Field), "body"), "."), Message: cause.Message})
		}
	}
	if len(faults) == 0 {
		faults = []wire.ValidationFault{{Message: status.Status().Message}}
	}
	return faults, true
}

func (s *Server) writeYAML(_ context.Context, in *draftInput) (YAMLDocument, error) {
	text, err := manifest(in.Body.Namespace, in.Body.Name, in.Body.Spec)
	return YAMLDocument{YAML: text}, err
}

// readYAML reads one ComponentGraph strictly: a field that does not exist is a fault.
func (s *Server) readYAML(_ context.Context, in *yamlInput) (GraphDraft, error) {
	var cg v1alpha1.ComponentGraph
	if err := yaml.UnmarshalStrict([]byte(in.Body.YAML), &cg); err != nil {
		return GraphDraft{}, huma.Error422UnprocessableEntity("this is no ComponentGraph", &huma.ErrorDetail{Location: "body.yaml", Message: words(err)})
	}
	if cg.Kind != graphKind || cg.APIVersion != v1alpha1.GroupVersion.String() {
		return GraphDraft{}, huma.Error422UnprocessableEntity("this is no ComponentGraph", &huma.ErrorDetail{
			Location: "body.yaml", Message: "write apiVersion: " + v1alpha1.GroupVersion.String() + " and kind: " + graphKind,
		})
	}
	return GraphDraft{Namespace: cg.Namespace, Name: cg.Name, Spec: cg.Spec}, nil
}
