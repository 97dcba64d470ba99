package export

import (
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"flashcrowd.io/flashcrowd/internal/report"
)

// objects are the documents of a text, comments aside.
func objects(t rapid.TB, text string) []string {
	t.Helper()
	parts := strings.Split(text, "\n---\n")
	return parts[1:] // the first holds comments only
}

func kindOf(t rapid.TB, text string) string {
	t.Helper()
	var head struct {
		Kind string `json:"kind"`
	}
	if err := yaml.Unmarshal([]byte(text), &head); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return head.Kind
}

// anyReport draws reports beyond what the goldens tell.
func anyReport() *rapid.Generator[report.Report] {
	return rapid.Custom(func(t *rapid.T) report.Report {
		r := shop()
		if rapid.Bool().Draw(t, "queue") {
			r = jobs()
		}
		count := rapid.Int32Range(0, 64)
		for i := range r.Components {
			c := &r.Components[i]
			c.Replicas, c.Baseline = max(1, count.Draw(t, "replicas")), count.Draw(t, "baseline")
			c.Cores, c.MemoryLimitBytes = rapid.Int32Range(0, 256).Draw(t, "cores"), rapid.Int64Range(0, 1<<40).Draw(t, "memory")
		}
		for i := range r.Decisions {
			d := &r.Decisions[i]
			d.From, d.To = count.Draw(t, "from"), count.Draw(t, "to")
			d.Reason = rapid.StringN(0, 40, -1).Draw(t, "reason")
			for j := range d.Signals {
				d.Signals[j].Threshold = rapid.Float64Range(0, 1e6).Draw(t, "threshold")
			}
		}
		seconds := rapid.Int32Range(1, 40_000)
		r.Scaling.WindowSeconds, r.Scaling.StabilizationSeconds, r.Scaling.NoScaleIn = seconds.Draw(t, "window"), seconds.Draw(t, "stabilization"), rapid.Bool().Draw(t, "noScaleIn")
		for i := range r.Scaling.Rules {
			rule := &r.Scaling.Rules[i]
			rule.MinReplicas, rule.MaxReplicas, rule.Step, rule.HoldSeconds = count.Draw(t, "min"), count.Draw(t, "max"), count.Draw(t, "step"), seconds.Draw(t, "hold")
		}
		return r
	})
}

// TestHorizontalsKeepTheBoundsOfTheirAPI holds any export to the fields that the
// API knows and to the bounds that its server checks.
func TestHorizontalsKeepTheBoundsOfTheirAPI(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out strings.Builder
		if err := Write(&out, anyReport().Draw(t, "report"), HPA); err != nil {
			t.Fatal(err)
		}
		var deployments []string
		for _, text := range objects(t, out.String()) {
			switch kind := kindOf(t, text); kind {
			case "Deployment":
				deployments = append(deployments, checkDeployment(t, text))
			case "HorizontalPodAutoscaler":
				checkHorizontal(t, text, deployments)
			default:
				t.Fatalf("an unexpected %s", kind)
			}
		}
	})
}

func checkDeployment(t *rapid.T, text string) string {
	var d appsv1.Deployment
	if err := yaml.UnmarshalStrict([]byte(text), &d); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for key, value := range d.Spec.Selector.MatchLabels {
		if d.Spec.Template.Labels[key] != value {
			t.Fatalf("the selector misses the pods of\n%s", text)
		}
	}
	for name, limit := range d.Spec.Template.Spec.Containers[0].Resources.Limits {
		if request := d.Spec.Template.Spec.Containers[0].Resources.Requests[name]; request.Cmp(limit) > 0 {
			t.Fatalf("more is asked for than allowed in\n%s", text)
		}
	}
	return d.Name
}

func checkHorizontal(t *rapid.T, text string, deployments []string) {
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := yaml.UnmarshalStrict([]byte(text), &h); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	s := h.Spec
	if !slices.Contains(deployments, s.ScaleTargetRef.Name) || len(s.Metrics) == 0 || *s.MinReplicas < 1 || s.MaxReplicas < *s.MinReplicas {
		t.Fatalf("target, metrics or bounds are wrong in\n%s", text)
	}
	for _, m := range s.Metrics {
		if m.Resource != nil && *m.Resource.Target.AverageUtilization < 1 || m.External != nil && m.External.Target.AverageValue.Sign() <= 0 {
			t.Fatalf("a target is not positive in\n%s", text)
		}
	}
	for _, rules := range []*autoscalingv2.HPAScalingRules{s.Behavior.ScaleUp, s.Behavior.ScaleDown} {
		if w := rules.StabilizationWindowSeconds; w != nil && (*w < 0 || *w > 3600) {
			t.Fatalf("a stabilization window is out of bounds in\n%s", text)
		}
		for _, p := range rules.Policies {
			if p.Value <= 0 || p.PeriodSeconds <= 0 || p.PeriodSeconds > 1800 {
				t.Fatalf("a policy is out of bounds in\n%s", text)
			}
		}
	}
}

// kedaSchema is that of KEDA's own definition of ScaledObject.
func kedaSchema(t *testing.T) (validation.SchemaValidator, *schema.Structural) {
	t.Helper()
	text, err := os.ReadFile("testdata/keda/keda.sh_scaledobjects.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil); err != nil {
		t.Fatal(err)
	}
	validator, _, err := validation.NewSchemaValidator(&props)
	if err != nil {
		t.Fatal(err)
	}
	structural, err := schema.NewStructural(&props)
	if err != nil {
		t.Fatal(err)
	}
	return validator, structural
}

// faultsOf are what KEDA's definition finds wrong with an object, fields that it
// does not know included.
func faultsOf(t rapid.TB, validator validation.SchemaValidator, structural *schema.Structural, text string) []string {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var faults []string
	for _, err := range validation.ValidateCustomResource(nil, object, validator) {
		faults = append(faults, err.Error())
	}
	for _, path := range pruning.PruneWithOptions(object, structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		faults = append(faults, "unknown field "+path)
	}
	return faults
}

func TestScaledObjectsKeepToTheSchemaOfKEDA(t *testing.T) {
	validator, structural := kedaSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		var out strings.Builder
		if err := Write(&out, anyReport().Draw(t, "report"), KEDA); err != nil {
			t.Fatal(err)
		}
		for _, text := range objects(t, out.String()) {
			switch kind := kindOf(t, text); kind {
			case "Deployment":
				checkDeployment(t, text)
			case "ScaledObject":
				if faults := faultsOf(t, validator, structural, text); len(faults) > 0 {
					t.Fatalf("%s in\n%s", strings.Join(faults, "; "), text)
				}
			default:
				t.Fatalf("an unexpected %s", kind)
			}
		}
	})
}

// TestTheSchemaOfKEDAFindsFaults guards the test above against a schema that takes everything.
func TestTheSchemaOfKEDAFindsFaults(t *testing.T) {
	validator, structural := kedaSchema(t)
	good := objects(t, written(t, jobs(), KEDA))[2]
	for name, bad := range map[string]string{
		"a field that is unknown":  strings.Replace(good, "minReplicaCount:", "minReplicas:", 1),
		"a text for a number":      strings.Replace(good, "maxReplicaCount: 20", "maxReplicaCount: many", 1),
		"a trigger without a type": strings.Replace(good, "      type: prometheus\n", "", 1),
	} {
		if bad == good || len(faultsOf(t, validator, structural, bad)) == 0 {
			t.Errorf("%s: no fault found in\n%s", name, bad)
		}
	}
}
