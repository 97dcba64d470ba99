package chaos

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// flash is a crowd that comes and goes: the API server grows, gets a load
// balancer, and shrinks.
func flash(since time.Duration) float64 {
	switch {
	case since < 4*time.Second:
		return 50
	case since < 10*time.Second:
		return 150
	default:
		return 15
	}
}

const flashRun = `, intervalSeconds: 2, rules: [{name: scale-in, stabilizationSeconds: 2, cooldownSeconds: 2}]`

// rehearse plays the flash crowd with something in the way of writes.
func rehearse(t *testing.T, around func(write, func() error) error) *world {
	t.Helper()
	w := newWorld(t, flash, 16*time.Second, around)
	create(t, &v1alpha1.ComponentGraph{}, w.namespace, "shop", shop)
	create(t, &v1alpha1.Simulation{}, w.namespace, "run", rehearsal(16, flashRun))
	w.play(2 * time.Second)
	return w
}

// death kills a process at its nth write, before the API server has it or after.
func death(n int, after bool) func(write, func() error) error {
	var mu sync.Mutex
	writes := 0
	return func(_ write, do func() error) error {
		mu.Lock()
		defer mu.Unlock()
		writes++
		if writes != n {
			return do()
		}
		if after {
			if err := do(); err != nil {
				return err
			}
		}
		return errCrash
	}
}

// The process dies before and after every write of a run that grows and shrinks.
// Each successor, which knows nothing, brings the run to where one that never
// died brings it, and decides nothing twice.
func TestACrashAtAnyWriteChangesNothing(t *testing.T) {
	whole := rehearse(t, nil)
	want := whole.outcome()
	decided := actions(readSimulation(t, whole.namespace, "run"))
	for _, action := range []string{"AddReplica", "InsertLoadBalancer", "RemoveReplica"} {
		if !containsPrefix(decided, action) {
			t.Fatalf("decisions %v, want one that is %s: the run does not show what it should", decided, action)
		}
	}
	t.Logf("%d writes\n%s", len(whole.everything), want)
	for _, d := range readSimulation(t, whole.namespace, "run").Status.Decisions {
		if told := whole.told(d); told != 1 {
			t.Errorf("decision %+v was told %d times", d, told)
		}
	}
	var group errgroup.Group
	group.SetLimit(8)
	for n := 1; n <= len(whole.everything); n++ {
		for when, after := range map[string]bool{"before": false, "after": true} {
			group.Go(func() error {
				t.Run(fmt.Sprintf("%s write %d, %s", when, n, whole.everything[n-1]), func(t *testing.T) {
					w := rehearse(t, death(n, after))
					if w.restarts != 1 {
						t.Fatalf("the process died %d times", w.restarts)
					}
					if diff := cmp.Diff(want, w.outcome()); diff != "" {
						t.Errorf("outcome (-uninjured +injured):\n%s", diff)
					}
					for _, d := range readSimulation(t, w.namespace, "run").Status.Decisions {
						if told := w.told(d); told > 1 {
							t.Errorf("decision %+v was told %d times", d, told)
						}
					}
				})
				return nil
			})
		}
	}
	_ = group.Wait()
}

// mortal carries a manager's first writes out, dies at the nth as death does, and
// does nothing after.
func mortal(n int, after bool, died chan<- struct{}) func(write, func() error) error {
	end := death(n, after)
	var mu sync.Mutex
	dead := false
	return func(w write, do func() error) error {
		mu.Lock()
		defer mu.Unlock()
		if dead {
			return errCrash
		}
		err := end(w, do)
		if dead = errors.Is(err, errCrash); dead {
			close(died)
		}
		return err
	}
}

// Managers, with their queues and caches, die one after the other at their third
// write, before it or after; the run grows and ends as if none had.
func TestManagersThatDieOneAfterAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, 20*time.Second, nil)
	r.stop()
	r.load.percent.Store(150)
	create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
	create(t, &v1alpha1.Simulation{}, r.namespace, "run", rehearsal(20, ""))
	over := func() bool { return readSimulation(t, r.namespace, "run").Status.CompletionTime != nil }
	deaths := 0
	for ; deaths < 50 && !over(); deaths++ {
		died := make(chan struct{})
		r.ledger = &ledger{around: mortal(3, deaths%2 == 0, died)}
		r.restart(t)
		eventually(t, patience, "the manager dies, or its work is done", func() bool {
			select {
			case <-died:
				return true
			default:
				return over()
			}
		})
		r.stop()
	}
	t.Logf("%d managers died", deaths)
	sim := readSimulation(t, r.namespace, "run")
	if stage(sim) != v1alpha1.ReasonObjectivesMet {
		t.Errorf("the run is %s", condition(sim.Status.Conditions, v1alpha1.ConditionSucceeded))
	}
	if got, want := actions(sim), []string{"AddReplica api 1->2 by api-server", "InsertLoadBalancer api 0->1 by load-balancer"}; !slices.Equal(got, want) {
		t.Errorf("decisions %v, want %v", got, want)
	}
	r.ledger = &ledger{}
	r.restart(t)
	eventually(t, patience, "the architecture stands", func() bool { return readGraph(t, r.namespace, "shop").Status.Replicas == "4/4" })
}

func containsPrefix(list []string, prefix string) bool {
	for _, s := range list {
		if len(s) >= len(prefix) && s[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}
