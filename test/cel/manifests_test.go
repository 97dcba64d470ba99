package cel

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	syaml "sigs.k8s.io/yaml"
)

const goodGraph = `
apiVersion: flashcrowd.io/v1alpha1
kind: ComponentGraph
metadata: {name: shop, namespace: default}
spec:
  components:
  - {name: lb, type: LoadBalancer}
  - {name: api, type: APIServer, capacity: {cores: 2, serviceTime: {mean: 5ms}}}
  - {name: db, type: Database}
  connections:
  - {from: lb, to: api}
  - {from: api, to: db}
`

const goodSimulation = `
apiVersion: flashcrowd.io/v1alpha1
kind: Simulation
metadata: {name: run, namespace: default}
spec:
  graphRef: {name: shop}
  durationSeconds: 60
  traffic: {requestsPerSecond: 100}
  objectives:
  - {name: p99, latency: {percentile: 99, threshold: 200ms}}
`

var cluster *rest.Config

func TestMain(m *testing.M) { os.Exit(run(m)) }

func root() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}

func run(m *testing.M) int {
	assets := filepath.Join(root(), "bin", "controlplane")
	if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil {
		panic("the control plane is not built: run make controlplane")
	}
	if err := os.Setenv("HTTP2_PING_TIMEOUT_SECONDS", "300"); err != nil { // an API server that is short of CPU time is not lost
		panic(err)
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{filepath.Join(root(), "config", "crd", "bases")}, ErrorIfCRDPathMissing: true,
		// A busy machine takes its time.
		ControlPlaneStartTimeout: 5 * time.Minute, ControlPlaneStopTimeout: 5 * time.Minute, CRDInstallOptions: envtest.CRDInstallOptions{MaxTime: 2 * time.Minute},
	}
	config, err := environment.Start()
	if err != nil {
		panic(err)
	}
	defer func() {
		if err := environment.Stop(); err != nil {
			panic(err)
		}
	}()
	cluster = config
	return m.Run()
}

func newClient(t *testing.T) client.Client {
	t.Helper()
	c, err := client.New(cluster, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := syaml.Unmarshal([]byte(text), &o.Object); err != nil {
		t.Fatal(err)
	}
	return o
}

// create tries an object without keeping it.
func create(t *testing.T, c client.Client, o *unstructured.Unstructured) error {
	t.Helper()
	return c.Create(t.Context(), o, client.DryRunAll, client.FieldValidation("Strict"))
}

// mutate sets the value at a path such as spec.components.0.type; an empty text
// removes it.
func mutate(t *testing.T, at any, path, text string) {
	t.Helper()
	key, rest, deeper := strings.Cut(path, ".")
	if list, ok := at.([]any); ok {
		index, err := strconv.Atoi(key)
		if err != nil {
			t.Fatal(err)
		}
		mutate(t, list[index], rest, text)
		return
	}
	fields, ok := at.(map[string]any)
	if !ok {
		t.Fatalf("%s leads nowhere", path)
	}
	if deeper {
		if fields[key] == nil {
			fields[key] = map[string]any{}
		}
		mutate(t, fields[key], rest, text)
		return
	}
	if text == "" {
		delete(fields, key)
		return
	}
	var value any
	if err := syaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	fields[key] = value
}

type wrong struct {
	path, value string
	words       []string
}

func check(t *testing.T, good string, tests map[string]wrong) {
	c := newClient(t)
	if err := create(t, c, object(t, good)); err != nil {
		t.Fatalf("the valid object is refused: %v", err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := object(t, good)
			mutate(t, o.Object, tt.path, tt.value)
			err := create(t, c, o)
			if err == nil {
				t.Fatalf("%s: %s is accepted", tt.path, tt.value)
			}
			for _, word := range tt.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("error %q has not the words %q", err, word)
				}
			}
		})
	}
}

func TestWrongGraphs(t *testing.T) {
	api, db := "spec.components.1.", "spec.components.2."
	check(t, goodGraph, map[string]wrong{
		"an unknown type":                {api + "type", "Blender", []string{"spec.components[1].type", "supported values", "APIServer"}},
		"no type":                        {api + "type", "", []string{"spec.components[1].type", "Required"}},
		"no name":                        {api + "name", "", []string{"name"}},
		"a name in capitals":             {api + "name", "API", []string{"lower-case letters"}},
		"a long name":                    {api + "name", strings.Repeat("a", 41), []string{"spec.components[1].name", "40"}},
		"no components":                  {"spec.components", "[]", []string{"spec.components", "at least 1"}},
		"a component twice":              {"spec.components", "[{name: a, type: APIServer}, {name: a, type: Database}]", []string{"Duplicate value"}},
		"a connection from nowhere":      {"spec.connections.0.from", "nobody", []string{"write the name of one of spec.components in 'from'"}},
		"a connection to nowhere":        {"spec.connections.0.to", "nobody", []string{"write the name of one of spec.components in 'to'"}},
		"a component that calls itself":  {"spec.connections.0.to", "lb", []string{"a component cannot call itself"}},
		"a connection twice":             {"spec.connections", "[{from: lb, to: api}, {from: lb, to: api}]", []string{"Duplicate value"}},
		"no replicas":                    {api + "replicas", "0", []string{"spec.components[1].replicas", "greater than or equal to 1"}},
		"too many replicas":              {api + "replicas", "65", []string{"less than or equal to 64"}},
		"no cores":                       {api + "capacity.cores", "0", []string{"capacity.cores"}},
		"mean and percentiles":           {api + "capacity.serviceTime", "{mean: 1ms, p50: 1ms, p90: 2ms, p99: 3ms}", []string{"write either mean, or p50, p90 and p99"}},
		"one percentile":                 {api + "capacity.serviceTime", "{p50: 1ms}", []string{"write all three of p50, p90 and p99"}},
		"neither mean nor percentiles":   {api + "capacity.serviceTime", "{distribution: Constant}", []string{"write either mean"}},
		"percentiles that decrease":      {api + "capacity.serviceTime", "{p50: 5ms, p90: 2ms, p99: 3ms}", []string{"write p50 <= p90 <= p99"}},
		"a Uniform below zero":           {api + "capacity.serviceTime", "{distribution: Uniform, mean: 1ms, cvPercent: 58}", []string{"57 or less"}},
		"a wide Erlang":                  {api + "capacity.serviceTime", "{distribution: Erlang, mean: 1ms, cvPercent: 101}", []string{"100 or less"}},
		"a narrow HyperExponential":      {api + "capacity.serviceTime", "{distribution: HyperExponential, mean: 1ms, cvPercent: 99}", []string{"100 or more"}},
		"a service time in words":        {api + "capacity.serviceTime.mean", "fast", []string{"with its unit, such as 350us"}},
		"a service time of aeons":        {api + "capacity.serviceTime.mean", "99999999999999h", []string{"with its unit"}},
		"a service time of nothing":      {api + "capacity.serviceTime.mean", "0s", []string{"between 1us and 10m"}},
		"a start of two days":            {api + "startupDelay", "48h", []string{"at most 24h"}},
		"a lag of a primary":             {db + "database", "{replicationLag: 1s}", []string{"its primary in replicaOf"}},
		"a distribution of percentiles":  {api + "capacity.serviceTime", "{distribution: Constant, p50: 1ms, p90: 2ms, p99: 3ms}", []string{"leave distribution out"}},
		"an unknown distribution":        {api + "capacity.serviceTime.distribution", "Bell", []string{"supported values"}},
		"a variation of a constant":      {api + "capacity.serviceTime", "{distribution: Constant, mean: 1ms, cvPercent: 50}", []string{"cvPercent belongs to"}},
		"a duration without unit":        {api + "capacity.serviceTime.mean", `"5"`, []string{"with its unit, such as 350us"}},
		"a service time of an hour":      {api + "capacity.serviceTime.mean", "1h", []string{"between 1us and 10m"}},
		"a queue timeout in words":       {api + "capacity.queueTimeout", "soon", []string{"write a duration with its unit"}},
		"a negative queue":               {api + "capacity.queueLimit", "-1", []string{"queueLimit"}},
		"more base memory than there is": {api + "capacity.memory", "{limitMiB: 10, baseMiB: 20}", []string{"raise limitMiB or lower baseMiB"}},
		"an error rate above all":        {api + "errorRatePartsPerMillion", "1000001", []string{"errorRatePartsPerMillion"}},
		"a balancer's block on an API":   {api + "loadBalancer", "{algorithm: RoundRobin}", []string{"loadBalancer belongs to components of type LoadBalancer"}},
		"a database's block on an API":   {api + "database", "{connectionLimit: 5}", []string{"database belongs to components of type Database"}},
		"a cache's block on a database":  {db + "cache", "{entries: 5}", []string{"cache belongs to components of type Cache"}},
		"a queue's block on a database":  {db + "queue", "{depthLimit: 5}", []string{"queue belongs to components of type MessageQueue"}},
		"a worker's block on a database": {db + "worker", "{concurrency: 5}", []string{"worker belongs to components of type Worker"}},
		"a CDN's block on a database":    {db + "cdn", "{entries: 5}", []string{"cdn belongs to components of type CDN"}},
		"an unknown algorithm":           {"spec.components.0.loadBalancer.algorithm", "Dice", []string{"supported values"}},
		"an unknown class":               {"spec.connections.0.classes", "[Dance]", []string{"supported values"}},
		"a pool of none":                 {"spec.connections.0.poolSize", "0", []string{"poolSize"}},
		"a wait for no pool":             {"spec.connections.0.poolTimeout", "1s", []string{"write a poolSize too"}},
		"a wait without end":             {"spec.connections.0.poolTimeout", "1m", []string{"write a poolTimeout between 1ms and 30s"}},
		"a timeout of none":              {"spec.connections.0.timeout", "0s", []string{"write a timeout between 1ms and 30s"}},
		"a timeout without a unit":       {"spec.connections.0.timeout", "'5'", []string{"write a duration with its unit"}},
		"retries without end":            {"spec.connections.0.retries", "{count: 11}", []string{"retries.count"}},
		"retries without a pause":        {"spec.connections.0.retries", "{backoff: 1ms}", []string{"write a backoff between 10ms and 30s"}},
		"retries that wait too long":     {"spec.connections.0.retries", "{maxBackoff: 1m}", []string{"write a maxBackoff between 10ms and 30s"}},
		"a budget of no retries":         {"spec.connections.0.retries", "{budgetPercent: 0}", []string{"retries.budgetPercent"}},
		"a budget above all":             {"spec.connections.0.retries", "{budgetPercent: 101}", []string{"retries.budgetPercent"}},
		"a warm-up that speeds up":       {"spec.components.0.warmUp", "{duration: 10s, slowdownPercent: 0}", []string{"slowdownPercent"}},
		"no calls":                       {"spec.connections.0.calls", "0", []string{"calls"}},
		"a chance above all":             {"spec.connections.0.probabilityPercent", "101", []string{"probabilityPercent"}},
		"an unknown field":               {"spec.colour", "red", []string{"unknown field", "colour"}},
		"a graph with a long name":       {"metadata.name", strings.Repeat("g", 41), []string{"at most 40 characters"}},
		"a y that YAML takes for true":   {api + "position", "{x: 1, y: 2}", []string{"unknown field", "position.true"}},
		"an unknown transport":           {"spec.transport", "Pigeon", []string{"supported values"}},
	})
}

func TestWrongSimulations(t *testing.T) {
	rules := "spec.autoScaling.rules"
	faults := "spec.faults"
	check(t, goodSimulation, map[string]wrong{
		"no graph":                      {"spec.graphRef", "", []string{"graphRef"}},
		"no duration":                   {"spec.durationSeconds", "", []string{"durationSeconds", "Required"}},
		"a duration of zero":            {"spec.durationSeconds", "0", []string{"durationSeconds"}},
		"a duration of two days":        {"spec.durationSeconds", "172800", []string{"86400"}},
		"an unknown state":              {"spec.state", "Dancing", []string{"supported values"}},
		"no rate":                       {"spec.traffic", "{arrival: Poisson}", []string{"write requestsPerSecond"}},
		"a negative rate":               {"spec.traffic.requestsPerSecond", "-1", []string{"requestsPerSecond"}},
		"a rate above the cap":          {"spec.traffic.requestsPerSecond", "200001", []string{"200000"}},
		"stages and a shape":            {"spec.traffic", "{requestsPerSecond: 1, stages: [{durationSeconds: 1, requestsPerSecond: 1}], shape: {kind: Constant}}", []string{"at most one of stages, shape and replay"}},
		"a stage without duration":      {"spec.traffic.stages", "[{requestsPerSecond: 1}]", []string{"durationSeconds", "Required"}},
		"a shape without its peak":      {"spec.traffic.shape", "{kind: Spike}", []string{"write peakRequestsPerSecond"}},
		"an unknown shape":              {"spec.traffic.shape", "{kind: Star, peakRequestsPerSecond: 5}", []string{"supported values"}},
		"a replay of nothing":           {"spec.traffic.replay", "{key: a}", []string{"configMapName"}},
		"an unknown arrival process":    {"spec.traffic.arrival", "Bursty", []string{"supported values"}},
		"a mix of 90 percent":           {"spec.traffic.mix", "{readPercent: 80, writePercent: 10}", []string{"the shares must sum to 100"}},
		"no generators":                 {"spec.traffic.generators", "0", []string{"generators"}},
		"too many generators":           {"spec.traffic.generators", "17", []string{"generators", "16"}},
		"a timeout without unit":        {"spec.traffic.timeout", `"10"`, []string{"write a duration with its unit"}},
		"a timeout of nothing":          {"spec.traffic.timeout", "0s", []string{"between 1ms and 10m"}},
		"a timeout of an hour":          {"spec.traffic.timeout", "1h", []string{"between 1ms and 10m"}},
		"an objective of no time":       {"spec.objectives.0.latency.threshold", "0ms", []string{"more than 0s"}},
		"a rule of one's own, half":     {rules, "[{name: mine, then: AddReplica}]", []string{"needs select, when and then"}},
		"a rule with two steps":         {rules, "[{name: api-server, step: 1, targetPercent: 60}]", []string{"write either step"}},
		"a rule that selects nothing":   {rules, "[{name: api-server, select: {}}]", []string{"select"}},
		"a region without round trip":   {"spec.traffic.regions", "[{name: asia}]", []string{"roundTrip"}},
		"an objective of nothing":       {"spec.objectives", "[{name: a}]", []string{"write either latency or errorRatePartsPerMillion"}},
		"an objective of two things":    {"spec.objectives", "[{name: a, errorRatePartsPerMillion: 1, latency: {percentile: 99, threshold: 1s}}]", []string{"write either latency"}},
		"a percentile of 42":            {"spec.objectives.0.latency.percentile", "42", []string{"supported values"}},
		"a rule with a bad name":        {rules, "[{name: My Rule}]", []string{"lower-case letters"}},
		"a rule with an unknown action": {rules, "[{name: a, then: Panic}]", []string{"supported values"}},
		"a rule with crossed limits":    {rules, "[{name: a, limits: {min: 5, max: 2}}]", []string{"raise max or lower min"}},
		"a step of zero":                {rules, "[{name: a, step: 0}]", []string{"step"}},
		"a rule twice":                  {rules, "[{name: a}, {name: a}]", []string{"Duplicate value"}},
		"a signal with a bad name":      {rules, "[{name: a, signals: [{name: 1x, query: up}]}]", []string{"begins with a lower-case letter"}},
		"a slow nothing":                {faults, "[{name: a, kind: Slow, atSeconds: 1, durationSeconds: 1, latency: 1s}]", []string{"write its name in component"}},
		"a slow one without latency":    {faults, "[{name: a, kind: Slow, atSeconds: 1, durationSeconds: 1, component: db}]", []string{"what a Slow component adds"}},
		"a failing one without rate":    {faults, "[{name: a, kind: Failing, atSeconds: 1, durationSeconds: 1, component: db}]", []string{"what a Failing component fails"}},
		"an outage of a component":      {faults, "[{name: a, kind: MetricsOutage, atSeconds: 1, durationSeconds: 1, component: db}]", []string{"leave component out"}},
		"a delay of nothing":            {faults, "[{name: a, kind: MetricsDelay, atSeconds: 1, durationSeconds: 1}]", []string{"how old measurements are"}},
		"a crash that lasts":            {faults, "[{name: a, kind: Crash, atSeconds: 1, durationSeconds: 1, component: db}]", []string{"a Crash happens at once"}},
		"a fault without end":           {faults, "[{name: a, kind: MetricsOutage, atSeconds: 1}]", []string{"how long the fault lasts"}},
		"a fault over itself":           {faults, "[{name: a, kind: MetricsOutage, atSeconds: 1, durationSeconds: 9, everySeconds: 5}]", []string{"must end before it begins again"}},
		"an unknown fault":              {faults, "[{name: a, kind: Fire, atSeconds: 1, durationSeconds: 9}]", []string{"supported values"}},
		"an unknown mode":               {"spec.autoScaling.mode", "Maybe", []string{"supported values"}},
		"an interval of zero":           {"spec.autoScaling.intervalSeconds", "0", []string{"intervalSeconds"}},
		"an unknown field":              {"spec.speed", "1", []string{"unknown field"}},
	})
}

func TestWhatCannotChange(t *testing.T) {
	c := newClient(t)
	tests := map[string]struct{ first, path, value, words string }{
		"the graph":     {"Running", "spec.graphRef.name", "other", "create another Simulation for another graph"},
		"the seed":      {"Running", "spec.seed", "2", "seed cannot change"},
		"a stopped run": {"Stopped", "spec.state", "Running", "a stopped run cannot go on"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := object(t, goodSimulation)
			o.SetName(strings.ReplaceAll(strings.ToLower(name), " ", "-"))
			mutate(t, o.Object, "spec.state", tt.first)
			if err := c.Create(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			mutate(t, o.Object, tt.path, tt.value)
			if err := c.Update(t.Context(), o); err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("error %v, want words %q", err, tt.words)
			}
		})
	}
}

// documents are the objects of a file.
func documents(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	var objects []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	c := newClient(t)
	var files []string
	for _, pattern := range []string{"*.yaml", "stories/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(root(), "config", "samples", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%d samples as %s, error %v", len(found), pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		for _, o := range documents(t, file) {
			o.SetNamespace("default")
			if err := create(t, c, o); err != nil {
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
		}
	}
}
