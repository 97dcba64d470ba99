package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/config"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
	"flashcrowd.io/flashcrowd/internal/wire"
)

type scenarioName struct {
	Name string `path:"name" maxLength:"63"`
}

func (s *Server) registerScenarios(api huma.API) {
	get(api, "/api/scenarios", "listScenarios", "Ready-made rehearsals", func(context.Context, *struct{}) (wire.ScenarioList, error) { return scenarios() })
	command(api, http.MethodPost, "/api/scenarios/{name}/start", "startScenario", "Start a ready-made rehearsal", s.startScenario)
}

// scenarios are the samples that this server was built with.
func scenarios() (wire.ScenarioList, error) {
	samples, err := config.Samples()
	if err != nil {
		return wire.ScenarioList{}, err
	}
	list := wire.ScenarioList{Items: []wire.Scenario{}}
	for _, sample := range samples {
		manifests, err := rehearsal.Parse(sample.Name, []byte(sample.YAML))
		if err != nil {
			return wire.ScenarioList{}, err
		}
		list.Items = append(list.Items, wire.Scenario{
			Name: sample.Name, Title: sample.Title, Description: sample.Description, YAML: sample.YAML, Playable: playable(manifests),
		})
	}
	return list, nil
}

// playable reports whether a rehearsal needs nothing but our two kinds.
func playable(m rehearsal.Manifests) bool {
	for _, o := range m.Others {
		if o.GetKind() != graphKind {
			return false
		}
	}
	return m.Simulation != nil
}

// startScenario applies the graphs of a rehearsal and starts a run of its own. A
// graph that somebody has changed since is not changed back.
func (s *Server) startScenario(ctx context.Context, in *scenarioName) (wire.StartResponse, error) {
	list, err := scenarios()
	if err != nil {
		return wire.StartResponse{}, err
	}
	for _, scenario := range list.Items {
		if scenario.Name != in.Name {
			continue
		}
		if !scenario.Playable {
			return wire.StartResponse{}, huma.Error422UnprocessableEntity("this scenario brings a recorded trace: start it with flashcrowd run config/samples/" + in.Name + ".yaml")
		}
		return s.rehearse(ctx, scenario)
	}
	return wire.StartResponse{}, huma.Error404NotFound(fmt.Sprintf("there is no scenario %q", in.Name))
}

func (s *Server) rehearse(ctx context.Context, scenario wire.Scenario) (wire.StartResponse, error) {
	manifests, err := rehearsal.Parse(scenario.Name, []byte(scenario.YAML))
	if err != nil {
		return wire.StartResponse{}, err
	}
	acting, err := s.as(callerOf(ctx))
	if err != nil {
		return wire.StartResponse{}, err
	}
	graphID := ""
	for _, o := range manifests.Others {
		o.SetNamespace(s.namespace(o.GetNamespace()))
		if err := s.permit(ctx, "patch", componentGraphs, o.GetNamespace()); err != nil {
			return wire.StartResponse{}, err
		}
		if err := acting.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), fieldOwner); err != nil {
			return wire.StartResponse{}, err
		}
		graphID = string(o.GetUID())
	}
	var sim v1alpha1.Simulation
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(manifests.Simulation.Object, &sim); err != nil {
		return wire.StartResponse{}, errors.Join(fmt.Errorf("reading scenario %s", scenario.Name), err)
	}
	sim.ObjectMeta = metav1.ObjectMeta{Namespace: s.namespace(sim.Namespace), GenerateName: runName(sim.Name)}
	return s.launch(ctx, &sim, graphID)
}
