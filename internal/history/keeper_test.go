package history

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

// cluster is what a keeper sees, and the time there.
type cluster struct {
	mu   sync.Mutex
	sims []*v1alpha1.Simulation
	// graph of all of them, nil if it is gone.
	graph *v1alpha1.ComponentGraph
	now   time.Time
	err   error
}

func (c *cluster) set(now time.Time, sims ...*v1alpha1.Simulation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.sims = now, sims
}

func (c *cluster) Seen(context.Context) ([]Seen, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Seen
	for _, sim := range c.sims {
		all = append(all, Seen{Simulation: sim, ComponentGraph: c.graph})
	}
	return all, c.err
}

func (c *cluster) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// keeping runs a keeper until stop, which waits for it.
func keeping(t *testing.T, c *cluster, history *Late) (k *Keeper, stop func()) {
	t.Helper()
	k = NewKeeper(c, &always{}, history, KeeperOptions{Every: 10 * time.Millisecond, Now: c.clock})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { k.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return k, stop
}

// kept waits until a run is in a history as it should be.
func kept(t *testing.T, history *Late, id types.UID, as func(Run) bool) Run {
	t.Helper()
	var run Run
	eventually(t, func() error {
		s, err := history.Store(t.Context())
		if err != nil {
			return err
		}
		if run, err = s.Run(t.Context(), string(id)); err != nil {
			return err
		}
		if !as(run) {
			return errors.New("the run is " + run.Status)
		}
		return nil
	})
	return run
}

func running(r Run) bool { return r.Status == string(report.Running) }
func stopped(r Run) bool { return r.Status == string(report.Stopped) && !r.EndedAt.IsZero() }

func TestARunThatIsDeletedEndsInTheHistory(t *testing.T) {
	minute := noon.Add(time.Minute)
	for name, seen := range map[string]bool{"while somebody looks": true, "while nobody looks": false} {
		t.Run(name, func(t *testing.T) {
			history, c := late(t, filepath.Join(t.TempDir(), "history.db")), &cluster{}
			sim := playing()
			c.set(minute, sim)
			_, stop := keeping(t, c, history)
			kept(t, history, sim.UID, running)
			if !seen {
				stop()
			}
			c.set(minute.Add(30 * time.Second))
			if !seen {
				keeping(t, c, history)
			}
			run := kept(t, history, sim.UID, stopped)
			if want := minute.Add(30 * time.Second); !run.EndedAt.Equal(want) {
				t.Errorf("the run ended at %s, not %s", run.EndedAt, want)
			}
			c.set(minute.Add(time.Minute))
			eventually(t, func() error { // what is measured of it is told to its end
				s, err := history.Store(t.Context())
				if err != nil {
					return err
				}
				if last, err := s.LastSample(t.Context(), run.ID); err != nil || !last.Equal(run.EndedAt) {
					return errors.Join(errors.New("its metrics end at "+last.String()), err)
				}
				return nil
			})
		})
	}
}

// shop is a graph of an API server with so many replicas, held by a run.
func shop(holder string, replicas int32) *v1alpha1.ComponentGraph {
	cg := &v1alpha1.ComponentGraph{}
	cg.Namespace, cg.Name, cg.Status.HeldBy = "default", "shop", holder
	cg.Spec.Components = []v1alpha1.Component{{Name: "api-server", Type: v1alpha1.APIServer, Replicas: &replicas}}
	return cg
}

// TestARunKeepsItsArchitectureWhenAnotherTakesTheGraph lets the end of a run and the
// begin of the next on its graph fall between two looks.
func TestARunKeepsItsArchitectureWhenAnotherTakesTheGraph(t *testing.T) {
	for name, test := range map[string]struct {
		seenBefore bool
		drawn      int32 // by the next run
	}{
		"that was looked at before":             {true, 1},
		"that was looked at before, drawn anew": {true, 7},
		"that is seen for the first time":       {false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			history, c := late(t, filepath.Join(t.TempDir(), "history.db")), &cluster{}
			sim := playing()
			c.graph = shop(sim.Name, 1)
			c.set(noon.Add(time.Minute), sim)
			if test.seenBefore {
				_, stop := keeping(t, c, history)
				kept(t, history, sim.UID, running)
				defer stop()
			}
			c.mu.Lock()
			c.graph, c.sims, c.now = shop("the-next", test.drawn), []*v1alpha1.Simulation{finishedAt(120)}, noon.Add(3*time.Minute)
			c.mu.Unlock()
			if !test.seenBefore {
				keeping(t, c, history)
			}
			run := kept(t, history, sim.UID, func(r Run) bool { return r.Status == string(report.Met) })
			r, err := run.Told()
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Components) != 1 || r.Components[0].Replicas != 2 || r.Capacity == nil {
				t.Errorf("components %+v and capacity %+v, want the two replicas that it came to", r.Components, r.Capacity)
			}
			if got := r.Settings["graph.components[api-server].replicas"]; got != "1" {
				t.Errorf("the user drew %q replicas, want 1 as when it ran", got)
			}
		})
	}
}

func TestAClusterThatCannotBeSeenEndsNoRun(t *testing.T) {
	history, c := late(t, filepath.Join(t.TempDir(), "history.db")), &cluster{}
	sim := playing()
	c.set(noon.Add(time.Minute), sim)
	_, stop := keeping(t, c, history)
	kept(t, history, sim.UID, running)
	stop()
	c.set(noon.Add(2 * time.Minute))
	c.err = errors.New("not read yet")
	_, stop = keeping(t, c, history)
	other := playing()
	other.UID = "0b0e0c9c-0001-4000-8000-000000000001"
	c.mu.Lock()
	c.sims, c.err = []*v1alpha1.Simulation{sim, other}, nil
	c.mu.Unlock()
	kept(t, history, other.UID, running)
	stop()
	kept(t, history, sim.UID, running)
}

// commandsOf are the commands on a run in a history, in words.
func commandsOf(t *testing.T, history *Late, run string) string {
	t.Helper()
	s, err := history.Store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	commands, err := s.Commands(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range commands {
		all = append(all, fmt.Sprintf("%.0f %s", c.Time.Sub(noon).Seconds(), c.Sentence()))
	}
	return strings.Join(all, "; ")
}

// noted is a run as an API server has it that notes who changes it.
func noted() *v1alpha1.Simulation {
	sim := playing()
	sim.CreationTimestamp = metav1.NewTime(noon.Add(-time.Second))
	sim.Generation = 3
	sim.Annotations = map[string]string{
		v1alpha1.StartedByAnnotation: "ada",
		v1alpha1.CommandsAnnotation: "2 " + noon.Add(9*time.Second).Format(time.RFC3339) + " traffic.requestsPerSecond=100>500 bob\n3 " +
			noon.Add(9*time.Second).Format(time.RFC3339) + " state=Running>Paused bob",
	}
	return sim
}

func TestTheHistoryKnowsWhoDidWhat(t *testing.T) {
	type did struct {
		user   string
		action report.CommandAction
	}
	tests := map[string]struct {
		sim  *v1alpha1.Simulation
		did  []did
		want string
	}{
		"by an object that tells":           {noted(), nil, "-1 ada: started; 9 bob: changed traffic (traffic.requestsPerSecond 100 -> 500); 9 bob: paused"},
		"by an object and whoever did it":   {noted(), []did{{"bob", report.ActionPaused}}, "-1 ada: started; 9 bob: changed traffic (traffic.requestsPerSecond 100 -> 500); 9 bob: paused"},
		"of the end, by whoever deleted it": {noted(), []did{{"eve", report.ActionDeleted}}, "-1 ada: started; 9 bob: changed traffic (traffic.requestsPerSecond 100 -> 500); 9 bob: paused; 60 eve: deleted"},
		"by whoever did it":                 {playing(), []did{{"ada", report.ActionStarted}, {"bob", report.ActionTraffic}}, "60 ada: started; 60 bob: changed traffic"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			history, c := late(t, filepath.Join(t.TempDir(), "history.db")), &cluster{}
			c.set(noon.Add(time.Minute))
			k, stop := keeping(t, c, history)
			for _, d := range tt.did {
				if err := k.Did(tt.sim, d.user, d.action); err != nil {
					t.Fatal(err)
				}
			}
			c.set(noon.Add(time.Minute), tt.sim)
			kept(t, history, tt.sim.UID, func(r Run) bool { return r.User == "ada" })
			stop()
			if got := commandsOf(t, history, string(tt.sim.UID)); got != tt.want {
				t.Errorf("commands are %s\nwant %s", got, tt.want)
			}
			c.set(noon.Add(2*time.Minute), tt.sim)
			_, stop = keeping(t, c, history) // after a restart each is still there once
			eventually(t, func() error {
				s, err := history.Store(t.Context())
				if err != nil {
					return err
				}
				if last, err := s.LastSample(t.Context(), string(tt.sim.UID)); err != nil || last.Before(noon.Add(90*time.Second)) {
					return errors.Join(errors.New("its metrics end at "+last.String()), err)
				}
				return nil
			})
			stop()
			if got := commandsOf(t, history, string(tt.sim.UID)); got != tt.want {
				t.Errorf("after a restart commands are %s\nwant %s", got, tt.want)
			}
		})
	}
}
