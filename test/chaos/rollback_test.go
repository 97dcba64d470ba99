package chaos

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// bad are specs that the API server takes and that make no sense as a whole,
// with the words that say so.
var bad = map[string]struct{ spec, words string }{
	"a cycle": {`
spec:
  components: [{name: api, type: APIServer}, {name: second, type: APIServer}, {name: db, type: Database}]
  connections: [{from: api, to: second}, {from: second, to: api}, {from: api, to: db}]
`, "circle"},
	"a component that nothing reaches": {`
spec:
  components: [{name: api, type: APIServer}, {name: db, type: Database}, {name: lonely, type: Database}]
  connections: [{from: api, to: db}]
`, "lonely"},
	"a replica of nothing": {`
spec:
  components: [{name: api, type: APIServer}, {name: db, type: Database, database: {replicaOf: nobody}}]
  connections: [{from: api, to: db}]
`, "nobody"},
	"a database that calls": {`
spec:
  components: [{name: db, type: Database}, {name: api, type: APIServer}]
  connections: [{from: db, to: api}]
`, "db"},
}

// deploymentsOf are the generations of the Deployments of a namespace.
func deploymentsOf(t *testing.T, namespace string) map[string]int64 {
	t.Helper()
	var list appsv1.DeploymentList
	if err := admin.List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, d := range list.Items {
		found[d.Name] = d.Generation
	}
	return found
}

// A graph that is edited into nonsense says so; what runs stays, its run can be
// changed, and the good spec brings everything back by itself.
func TestABadSpecTouchesNothingAndTheGoodOneReturns(t *testing.T) {
	t.Parallel()
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, time.Hour, nil)
			r.begin(t, 3600, "")
			good := readGraph(t, r.namespace, "shop").Spec
			running := deploymentsOf(t, r.namespace)
			told, _ := r.topologies.of(r.shop())
			nonsense := parse(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", tt.spec)
			replace(t, r, nonsense.Spec)
			eventually(t, 5*time.Second, "the graph says what is wrong", func() bool {
				words := condition(readGraph(t, r.namespace, "shop").Status.Conditions, v1alpha1.ConditionAccepted)
				return strings.HasPrefix(words, "False InvalidGraph") && strings.Contains(words, tt.words)
			})
			rate := int32(250)
			change(t, readSimulation(t, r.namespace, "run"), func(sim *v1alpha1.Simulation) { sim.Spec.Traffic.RequestsPerSecond = &rate })
			eventually(t, 2*time.Second, "traffic changes all the same", func() bool {
				topology, _ := r.topologies.of(r.shop())
				return topology.Plan.Traffic.Profile.Rate(0) == 250
			})
			if now, _ := r.topologies.of(r.shop()); !cmp.Equal(told.Architecture, now.Architecture) || len(told.Instances) != len(now.Instances) {
				t.Errorf("requests take another way: %v", cmp.Diff(told.Architecture, now.Architecture))
			}
			if diff := cmp.Diff(running, deploymentsOf(t, r.namespace)); diff != "" {
				t.Errorf("what runs was touched (-before +after):\n%s", diff)
			}
			replace(t, r, good)
			eventually(t, 5*time.Second, "the graph is good again", func() bool {
				cg := readGraph(t, r.namespace, "shop")
				return strings.HasPrefix(condition(cg.Status.Conditions, v1alpha1.ConditionAccepted), "True") &&
					strings.HasPrefix(condition(cg.Status.Conditions, v1alpha1.ConditionReady), "True")
			})
			if diff := cmp.Diff(running, deploymentsOf(t, r.namespace)); diff != "" {
				t.Errorf("what runs was touched (-before +after):\n%s", diff)
			}
			if reached := readSimulation(t, r.namespace, "run"); stage(reached) != v1alpha1.ReasonRunning {
				t.Errorf("the run is %s", stage(reached))
			}
		})
	}
}

func replace(t *testing.T, r *rig, spec v1alpha1.ComponentGraphSpec) {
	t.Helper()
	cg := readGraph(t, r.namespace, "shop")
	cg.Spec = spec
	if err := admin.Update(t.Context(), cg); err != nil {
		t.Fatal(err)
	}
}

// A run can be stopped by a manager that has never seen its graph make sense.
func TestARunOnABadGraphCanBeStoppedAfterARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Hour, nil)
	r.begin(t, 3600, "")
	replace(t, r, parse(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", bad["a cycle"].spec).Spec)
	r.stop()
	r.topologies = newStream()
	r.stream = r.topologies
	r.restart(t)
	eventually(t, patience, "traffic flows on", func() bool { return r.topologies.flows(r.shop()) })
	change(t, readSimulation(t, r.namespace, "run"), func(sim *v1alpha1.Simulation) { sim.Spec.State = v1alpha1.StateStopped })
	eventually(t, 2*time.Second, "traffic stops", func() bool { return !r.topologies.flows(r.shop()) })
}

// A rule that does not compile is named and left out; the others act.
func TestABadRuleIsNamedAndTheOthersAct(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Hour, nil)
	r.begin(t, 3600, `, rules: [{name: mine, select: {types: [Database]}, when: "cpu >", then: AddReplica}]`)
	accepted := func() string {
		return condition(readSimulation(t, r.namespace, "run").Status.Conditions, v1alpha1.ConditionAutoScalingAccepted)
	}
	eventually(t, patience, "the rule is named", func() bool {
		return strings.HasPrefix(accepted(), "False InvalidRule") && strings.Contains(accepted(), "mine")
	})
	r.load.percent.Store(150)
	eventually(t, patience, "the others act", func() bool { return replicas(t, r.namespace, "shop-api") == 2 })
	change(t, readSimulation(t, r.namespace, "run"), func(sim *v1alpha1.Simulation) { sim.Spec.AutoScaling.Rules[0].When = "cpu > 99" })
	eventually(t, 5*time.Second, "the rules are accepted", func() bool { return strings.HasPrefix(accepted(), "True") })
}
