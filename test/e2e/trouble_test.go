package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	product "flashcrowd.io/flashcrowd/dashboard"
	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/history/outage"
	"flashcrowd.io/flashcrowd/internal/localcluster"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// A replica answers 100 requests a second.
const recordedGraph = `
spec:
  components:
  - {name: load-balancer, type: LoadBalancer}
  - name: api
    type: APIServer
    capacity: {cores: 1, serviceTime: {distribution: Constant, mean: 10ms}}
  connections: [{from: load-balancer, to: api}]
`

// Each step of the traffic fills 88 % of the replicas, and a rule adds another.
const (
	perReplica  = 88
	recordedRun = `
durationSeconds: 1200
traffic: {requestsPerSecond: 50, arrival: Uniform, mix: {readPercent: 60, writePercent: 40}}
autoScaling:
  windowSeconds: 5
  rules:
  - {name: api-server, cooldownSeconds: 5, step: 1}
  - {name: scale-in, disabled: true}
objectives:
- {name: p99, latency: {percentile: 99, threshold: 500ms}}
`
)

// trouble takes a history away until what it returns is called.
type trouble struct {
	name  string
	begin func() (end func())
}

// kept is a history of its own that gets into one trouble after the other.
type kept struct {
	name string
	*recorder
	page     *page
	troubles []trouble
}

// trial is one run with everything that happens to it.
type trial struct {
	t         *testing.T
	histories []*kept
	meter     *managerMetrics
	id        string
	path      string
	replicas  int32
	commands  []command
	// calm and troubled are the spells of the run in which the histories could be
	// written, and could not.
	calm, troubled spell
}

// spell is how the run went for a time.
type spell struct {
	reconciles reconciles
	took       time.Duration
	// p99 of the latency that was measured each second.
	p99 []float64
}

// TestAHistoryInTroubleDisturbsNoRun has a run grow step by step while three
// dashboards keep it. One keeps it undisturbed; from the others PostgreSQL and the
// disk of SQLite are taken away in one way after the other, and at last everybody
// loses the manager. The run is none the worse, and in the end all three know the same.
func TestAHistoryInTroubleDisturbsNoRun(t *testing.T) {
	up(t)
	server, meter := outage.StartServer(t), newManagerMetrics(t)
	for attempt := range 3 {
		x := &trial{t: t, meter: meter}
		x.histories = append(x.histories, onPostgres(t, server, fmt.Sprintf("history%d", attempt)))
		if os.Geteuid() == 0 { // others may not mount a disk
			x.histories = append(x.histories, x.onSQLite(outage.Mount(t, "16m")))
		}
		r := x.play(fmt.Sprintf("recorded-%d", attempt))
		if r.Valid {
			x.checkTraffic(r)
			return
		}
		t.Logf("the run is not valid: %s", r.InvalidReason)
	}
	t.Fatal("the run was not valid three times: this host is too busy")
}

func onPostgres(t *testing.T, server *outage.Server, database string) *kept {
	t.Helper()
	k := &kept{name: "PostgreSQL", recorder: newRecorder(t, server.Database(t, database))}
	back := func() { server.Start(t) }
	k.troubles = []trouble{
		{"stopped", func() func() { server.Stop(t); return back }},
		{"frozen", func() func() { server.Freeze(t); return func() { server.Thaw(t) } }},
		{"killed", func() func() { server.Kill(t); return back }},
	}
	return k
}

func (x *trial) onSQLite(disk outage.Disk) *kept {
	x.t.Helper()
	k := &kept{name: "SQLite", recorder: newRecorder(x.t, disk.File())}
	k.troubles = []trouble{
		{"its disk full", func() func() { return disk.Fill(x.t) }},
		{"its disk read-only when the dashboard comes back from a crash", func() func() {
			k.kill()
			disk.Remount(x.t, "ro")
			k.start()
			k.page = k.listen(x.id)
			return func() { disk.Remount(x.t, "rw") }
		}},
		{"locked by somebody", func() func() { return lock(x.t, disk.File()) }},
	}
	return k
}

// play is the run from its start to the ledgers, and its report.
func (x *trial) play(name string) report.Report {
	x.begin(name)
	for i := range x.histories[0].troubles {
		x.during(&x.calm, x.grow)
		x.suffer(i)
	}
	x.loseTheManager()
	x.command(http.MethodPost, "/api/simulation/stop", wire.StopRequest{SimulationID: x.id}, "stopped")
	x.until("the end is heard", func(v view) bool { return v.phase.Finished })
	r := decodeAs[report.Report](x.t, x.histories[0].send(http.MethodGet, x.path+"/report", nil))
	x.checkLedgers(r)
	for _, k := range x.histories {
		for _, fault := range k.page.view().faults {
			x.t.Errorf("the page beside %s heard: %s", k.name, fault)
		}
	}
	forget(x.t, r)
	return r
}

// begin starts the run and waits for its traffic.
func (x *trial) begin(name string) {
	x.t.Helper()
	c, _ := clients(x.t)
	cg := &v1alpha1.ComponentGraph{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	draft := product.RunDraft{Namespace: "default", Name: name}
	for text, into := range map[string]any{recordedGraph: cg, recordedRun: &draft.Spec} {
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			x.t.Fatal(err)
		}
	}
	draft.Spec.GraphRef.Name = name
	if err := c.Create(x.t.Context(), cg); err != nil {
		x.t.Fatal(err)
	}
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	x.t.Cleanup(func() { // what a failure leaves
		for _, o := range []client.Object{sim, cg} {
			_ = client.IgnoreNotFound(c.Delete(context.WithoutCancel(x.t.Context()), o))
		}
	})
	eventually(x.t, "a new cluster takes runs", func(ctx context.Context) bool {
		trial := &v1alpha1.Simulation{ObjectMeta: sim.ObjectMeta, Spec: draft.Spec}
		return c.Create(ctx, trial, client.DryRunAll) == nil
	})
	answer := x.command(http.MethodPost, "/api/simulations", draft, "started")
	x.id, x.replicas = decodeAs[wire.StartResponse](x.t, answer).SimulationID, 1
	x.path = "/api/simulation/" + x.id
	for _, k := range x.histories {
		eventuallySoon(x.t, k.name+"'s dashboard knows the run", func() bool { return k.knows(x.path) })
		k.page = k.listen(x.id)
	}
	x.until("traffic flows", func(v view) bool { return v.ticks >= 3 })
}

// knows reports whether a dashboard has a run.
func (r *recorder) knows(path string) bool {
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.address+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// command is given through the first dashboard, whatever state its history is in.
func (x *trial) command(method, path string, body any, action string) []byte {
	x.t.Helper()
	answer := x.histories[0].send(method, path, body)
	x.commands = append(x.commands, command{User: "system:serviceaccount:default:flashcrowd-user", Action: action})
	return answer
}

// until waits for every page to show something.
func (x *trial) until(what string, holds func(view) bool) {
	x.t.Helper()
	for _, k := range x.histories {
		eventuallySoon(x.t, what+" on the page beside "+k.name, func() bool { return holds(k.page.view()) })
	}
}

// flowing waits until every page has heard further measurements.
func (x *trial) flowing(what string) {
	x.t.Helper()
	for _, k := range x.histories {
		from := k.page.view().ticks
		eventuallySoon(x.t, fmt.Sprintf("measurements flow beside %s %s", k.name, what), func() bool { return k.page.view().ticks >= from+5 })
	}
}

// grow raises the traffic and waits until every page has heard of one more replica.
func (x *trial) grow() {
	x.t.Helper()
	rate := perReplica * x.replicas
	x.command(http.MethodPatch, x.path+"/traffic", product.TrafficPatch{RequestsPerSecond: &rate}, "changed traffic")
	before := x.replicas
	for _, k := range x.histories {
		eventuallySoon(x.t, fmt.Sprintf("the page beside %s hears of more than %d replicas", k.name, before), func() bool {
			for _, d := range k.page.logged() {
				x.replicas = max(x.replicas, d.To)
			}
			return slices.ContainsFunc(k.page.logged(), func(d wire.ScalingDecision) bool { return d.To > before })
		})
	}
	x.flowing("after the growth")
}

// during adds what happens meanwhile to a spell.
func (x *trial) during(s *spell, happens func()) {
	x.t.Helper()
	began, before, measured := time.Now(), x.meter.reconciles(), len(x.histories[0].page.view().p99)
	happens()
	s.took += time.Since(began)
	s.reconciles = s.reconciles.with(x.meter.reconciles().since(before))
	s.p99 = append(s.p99, x.histories[0].page.view().p99[measured:]...)
}

// suffer takes every history away at once, lets the run grow meanwhile, and waits
// until all that was missed is kept.
func (x *trial) suffer(i int) {
	x.t.Helper()
	var names []string
	var ends []func()
	refused := map[*kept]int{}
	for _, k := range x.histories {
		names = append(names, k.name+" "+k.troubles[i].name)
		refused[k] = k.refused()
		ends = append(ends, k.troubles[i].begin())
	}
	x.t.Log(strings.Join(names, ", "))
	x.during(&x.troubled, func() {
		x.grow()
		for _, k := range x.histories {
			eventuallySoon(x.t, fmt.Sprintf("%s %s is noticed", k.name, k.troubles[i].name), func() bool { return k.refused() > refused[k] })
		}
	})
	for _, end := range ends {
		end()
	}
	decided := len(x.histories[0].page.logged())
	for _, k := range x.histories {
		eventuallySoon(x.t, fmt.Sprintf("what was missed while %s %s is kept", k.name, k.troubles[i].name), func() bool {
			l, err := readLedger(x.t.Context(), k.history, x.id)
			return err == nil && len(l.of(history.EventDecision)) >= decided
		})
	}
}

// loseTheManager kills the manager: every page says so, goes on, and says that it is
// back; the new one decides.
func (x *trial) loseTheManager() {
	x.t.Helper()
	offered := x.histories[0].page.view().rate
	killManager(x.t)
	x.until("the silence of the manager is said", func(v view) bool {
		return !v.phase.Rules.OK && strings.Contains(v.phase.Rules.Message, "no word from the manager since") && v.phase.ControlPlane.OK
	})
	x.flowing("without a manager")
	if rate := x.histories[0].page.view().rate; rate < 0.8*offered {
		x.t.Errorf("%.0f requests a second without a manager, %.0f with it", rate, offered)
	}
	x.until("the manager is back", func(v view) bool { return v.phase.Rules.OK })
	x.grow()
}

// checkLedgers wants every history to know what the undisturbed one knows.
func (x *trial) checkLedgers(r report.Report) {
	x.t.Helper()
	undisturbed := x.ended(localcluster.Open(directory).History())
	undisturbed.whole(x.t, "the undisturbed history")
	if got := undisturbed.of(history.EventDecision); len(got) != len(r.Decisions) || len(got) < 2*len(x.histories[0].troubles)+1 {
		x.t.Errorf("%d decisions are kept, %d reported, want one for each step: %v", len(got), len(r.Decisions), got)
	}
	for _, k := range x.histories {
		l := x.ended(k.history)
		l.whole(x.t, k.name)
		l.hasAll(x.t, k.name, undisturbed)
		if len(k.page.logged()) != len(r.Decisions) {
			x.t.Errorf("the page beside %s heard of %d decisions, not %d", k.name, len(k.page.logged()), len(r.Decisions))
		}
	}
	first := x.histories[0]
	l := x.ended(first.history)
	if got := l.commands(x.t); !slices.Equal(got, x.commands) {
		x.t.Errorf("%s knows the commands\n%v, given were\n%v", first.name, got, x.commands)
	}
	if l.run.User != x.commands[0].User {
		x.t.Errorf("the run is %q's", l.run.User)
	}
	for _, k := range x.histories[1:] {
		intact(x.t, k.history)
	}
}

// ended waits until a history has the run to its end.
func (x *trial) ended(dsn string) ledger {
	x.t.Helper()
	var l ledger
	eventuallySoon(x.t, "the end of the run is in "+dsn, func() bool {
		var err error
		l, err = readLedger(x.t.Context(), dsn, x.id)
		return err == nil && !l.run.EndedAt.IsZero() && l.last() >= l.second(l.run.EndedAt)-1
	})
	return l
}

// How many times as long something may take in trouble. Whoever waited for a history
// would wait for seconds, hundreds of times what a reconcile or a request takes; the
// spells of a busy machine differ by less than this, and the 99th percentile of the
// few dozen reconciles of a spell is its longest, which one hiccup makes.
const (
	worst        = 3
	worstLongest = 10
)

// checkTraffic wants a run as good as without trouble.
func (x *trial) checkTraffic(r report.Report) {
	x.t.Helper()
	if r.Requests.Offered < 10_000 || r.Requests.Answered != r.Requests.Offered {
		x.t.Errorf("requests %+v, want all of some ten thousands answered", r.Requests)
	}
	if r.LatencyMs.P99 > 100 {
		x.t.Errorf("p99 %.1f ms over the run, want what 10 ms of service take at nine tenths of the capacity", r.LatencyMs.P99)
	}
	calm, troubled := median(x.calm.p99), median(x.troubled.p99)
	x.t.Logf("calm:     %v in %v, latency p99 %.1f ms", x.calm.reconciles, x.calm.took.Round(time.Second), calm)
	x.t.Logf("troubled: %v in %v, latency p99 %.1f ms", x.troubled.reconciles, x.troubled.took.Round(time.Second), troubled)
	if troubled > worst*calm {
		x.t.Errorf("p99 of latency %.1f ms in trouble, %.1f ms without", troubled, calm)
	}
	if got, want := x.troubled.reconciles.mean(), x.calm.reconciles.mean(); got > worst*want {
		x.t.Errorf("a reconcile takes %.1f ms in trouble, %.1f ms without", got, want)
	}
	if got, want := x.troubled.reconciles.p99(), x.calm.reconciles.p99(); got > worstLongest*want {
		x.t.Errorf("p99 of reconciles %.1f ms in trouble, %.1f ms without", got, want)
	}
	perSecond := func(s spell) float64 { return float64(s.reconciles.count) / s.took.Seconds() }
	if got, want := perSecond(x.troubled), perSecond(x.calm); got < want/worst {
		x.t.Errorf("%.1f reconciles a second in trouble, %.1f without", got, want)
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// eventuallySoon is eventually, for what needs no context.
func eventuallySoon(t *testing.T, what string, condition func() bool) {
	t.Helper()
	eventually(t, what, func(context.Context) bool { return condition() })
}
