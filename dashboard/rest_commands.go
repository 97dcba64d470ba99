package dashboard

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// fieldOwner of what the dashboard writes for its users.
const fieldOwner = client.FieldOwner("flashcrowd-dashboard")

func (s *Server) registerCommands(api huma.API) {
	command(api, http.MethodPost, "/api/simulation/start", "startSimulation", "Start a run on a graph", s.start)
	command(api, http.MethodPost, "/api/simulation/stop", "stopSimulation", "Stop a run before its time", s.stop)
	command(api, http.MethodPost, "/api/simulations", "createRun", "Start a run with everything that a Simulation can say", s.create)
	command(api, http.MethodPost, "/api/simulation/{id}/pause", "pauseRun", "Pause a run: clients wait, the architecture stays", s.state(v1alpha1.StatePaused, report.ActionPaused))
	command(api, http.MethodPost, "/api/simulation/{id}/resume", "resumeRun", "Go on with a paused run", s.state(v1alpha1.StateRunning, report.ActionResumed))
	command(api, http.MethodPatch, "/api/simulation/{id}/traffic", "changeTraffic", "Change what a run offers, within a second", s.changeTraffic)
	command(api, http.MethodPatch, "/api/simulation/{id}/autoscaling", "changeAutoScaling", "Change whether and how rules act", s.changeAutoScaling)
}

type startInput struct{ Body wire.StartRequest }

func (s *Server) start(ctx context.Context, in *startInput) (wire.StartResponse, error) {
	cg, err := s.graph(ctx, "get", in.Body.CanvasID)
	if err != nil {
		return wire.StartResponse{}, err
	}
	sim := &v1alpha1.Simulation{
		ObjectMeta: metav1.ObjectMeta{Namespace: cg.Namespace, GenerateName: runName(cg.Name)},
		Spec: v1alpha1.SimulationSpec{
			GraphRef: v1alpha1.GraphRef{Name: cg.Name}, DurationSeconds: &in.Body.Duration,
			Traffic:     v1alpha1.Traffic{RequestsPerSecond: &in.Body.TrafficIntensity},
			AutoScaling: v1alpha1.AutoScaling{Enabled: &in.Body.AutoScalingEnabled},
		},
	}
	return s.launch(ctx, sim, string(cg.UID))
}

// maxRunName leaves room for what makes a name of a run its own.
const maxRunName = 34

// runName begins the names of runs on a graph; a name has 40 characters at most.
func runName(graph string) string {
	return strings.TrimRight(graph[:min(len(graph), maxRunName-1)], "-.") + "-"
}

type createInput struct{ Body RunDraft }

func (s *Server) create(ctx context.Context, in *createInput) (wire.StartResponse, error) {
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace(in.Body.Namespace), Name: in.Body.Name}, Spec: in.Body.Spec}
	if sim.Name == "" {
		sim.GenerateName = runName(in.Body.Spec.GraphRef.Name)
	}
	graphID := ""
	if cg, err := s.graph(ctx, "get", sim.Namespace+"/"+sim.Spec.GraphRef.Name); err == nil {
		graphID = string(cg.UID)
	}
	return s.launch(ctx, sim, graphID)
}

// namespace is the one named, or the session's.
func (s *Server) namespace(named string) string {
	if named == "" {
		return s.o.Namespace
	}
	return named
}

// launch creates a run as the caller.
func (s *Server) launch(ctx context.Context, sim *v1alpha1.Simulation, graphID string) (wire.StartResponse, error) {
	if err := s.permit(ctx, "create", simulations, sim.Namespace); err != nil {
		return wire.StartResponse{}, err
	}
	acting, err := s.as(callerOf(ctx))
	if err != nil {
		return wire.StartResponse{}, err
	}
	sim.Annotations = map[string]string{v1alpha1.StartedByAnnotation: callerOf(ctx).Name}
	if err := acting.Create(ctx, sim, fieldOwner, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		return wire.StartResponse{}, err
	}
	if err := s.note(ctx, sim, report.ActionStarted); err != nil {
		return wire.StartResponse{}, err
	}
	await(ctx, func() bool { _, err := s.o.Runs.Find(string(sim.UID)); return err == nil })
	return wire.StartResponse{SimulationID: string(sim.UID), Namespace: sim.Namespace, Name: sim.Name, CanvasID: graphID, Status: v1alpha1.ReasonPreparing}, nil
}

// awaitAtMost is how long an answer waits for what it has made to be seen.
const awaitAtMost = 3 * time.Second

// await waits until what was made is seen, so that who made it can ask for it at
// once. While the watch is slow it gives up: it will be seen later.
func await(ctx context.Context, seen func() bool) {
	ctx, cancel := context.WithTimeout(ctx, awaitAtMost)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !seen() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// note keeps who did what to a run, if anybody keeps it.
func (s *Server) note(ctx context.Context, sim *v1alpha1.Simulation, action report.CommandAction) error {
	if s.o.Notary == nil {
		return nil
	}
	return s.o.Notary.Did(sim, callerOf(ctx).Name, action)
}

// amend changes the spec of a run as the caller, and nothing else of it.
func (s *Server) amend(ctx context.Context, id string, action report.CommandAction, change func(*v1alpha1.SimulationSpec)) (struct{}, error) {
	run, err := s.find(ctx, "patch", id)
	if err != nil {
		return struct{}{}, err
	}
	acting, err := s.as(callerOf(ctx))
	if err != nil {
		return struct{}{}, err
	}
	var sim v1alpha1.Simulation
	if err := acting.Get(ctx, client.ObjectKeyFromObject(run.Simulation()), &sim); err != nil {
		return struct{}{}, err
	}
	before := sim.DeepCopy()
	change(&sim.Spec)
	if err := acting.Patch(ctx, &sim, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), fieldOwner); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, s.note(ctx, &sim, action)
}

type stopInput struct{ Body wire.StopRequest }

func (s *Server) stop(ctx context.Context, in *stopInput) (struct{}, error) {
	return s.amend(ctx, in.Body.SimulationID, report.ActionStopped, func(spec *v1alpha1.SimulationSpec) { spec.State = v1alpha1.StateStopped })
}

func (s *Server) state(to v1alpha1.SimulationState, action report.CommandAction) func(context.Context, *RunPath) (struct{}, error) {
	return func(ctx context.Context, in *RunPath) (struct{}, error) {
		return s.amend(ctx, in.ID, action, func(spec *v1alpha1.SimulationSpec) { spec.State = to })
	}
}

func (s *Server) changeTraffic(ctx context.Context, in *withBody[TrafficPatch]) (struct{}, error) {
	return s.amend(ctx, in.ID, report.ActionTraffic, func(spec *v1alpha1.SimulationSpec) { spec.Traffic = in.Body.apply(spec.Traffic) })
}

// apply is the traffic after a patch.
func (p TrafficPatch) apply(t v1alpha1.Traffic) v1alpha1.Traffic {
	if p.RequestsPerSecond != nil {
		t.RequestsPerSecond, t.Stages, t.Shape, t.Replay = p.RequestsPerSecond, nil, nil, nil
	}
	if p.Stages != nil {
		t.Stages, t.Shape, t.Replay = p.Stages, nil, nil
	}
	if p.Shape != nil {
		t.Shape, t.Replay = p.Shape, nil
		if p.Stages == nil {
			t.Stages = nil
		}
	}
	if p.Mix != nil {
		t.Mix = *p.Mix
	}
	return t
}

func (s *Server) changeAutoScaling(ctx context.Context, in *withBody[wire.AutoScalingPatch]) (struct{}, error) {
	return s.amend(ctx, in.ID, report.ActionAutoScaling, func(spec *v1alpha1.SimulationSpec) {
		if in.Body.Enabled != nil {
			spec.AutoScaling.Enabled = in.Body.Enabled
		}
		if in.Body.Mode != nil {
			spec.AutoScaling.Mode = v1alpha1.ScalingMode(*in.Body.Mode)
		}
	})
}
