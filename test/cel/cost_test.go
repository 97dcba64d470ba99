package cel

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// repeated is a kind whose every rule is paid for several times: the API server
// estimates the cost of the repetitions one by one.
func repeated(crd *unstructured.Unstructured, group string, times int) *unstructured.Unstructured {
	out := crd.DeepCopy()
	spec, _ := out.Object["spec"].(map[string]any)
	spec["group"] = group
	names, _ := spec["names"].(map[string]any)
	out.SetName(fmt.Sprint(names["plural"], ".", group))
	repeatRules(spec, times)
	return out
}

func repeatRules(at any, times int) {
	switch v := at.(type) {
	case []any:
		for _, item := range v {
			repeatRules(item, times)
		}
	case map[string]any:
		if rule, ok := v["rule"].(string); ok {
			v["rule"] = "(" + rule + ")" + strings.Repeat(" && ("+rule+")", times-1)
		}
		for _, value := range v {
			repeatRules(value, times)
		}
	}
}

// The API server bounds the estimated cost of each rule and of all rules of a
// kind together. Ours stay below half of both, so that a rule can grow.
func TestRulesCostLessThanHalfOfWhatIsAllowed(t *testing.T) {
	c := newClient(t)
	for _, kind := range []string{"componentgraphs", "simulations"} {
		t.Run(kind, func(t *testing.T) {
			crd := documents(t, filepath.Join(root(), "config", "crd", "bases", "flashcrowd.io_"+kind+".yaml"))[0]
			if err := create(t, c, repeated(crd, "twice.example.org", 2)); err != nil {
				t.Errorf("paid twice, the rules are too costly: %v", err)
			}
		})
	}
}

// The estimate that the test above relies on does refuse what costs too much.
func TestRulesThatCostTooMuchAreRefused(t *testing.T) {
	crd := documents(t, filepath.Join(root(), "config", "crd", "bases", "flashcrowd.io_componentgraphs.yaml"))[0]
	err := create(t, newClient(t), repeated(crd, "often.example.org", 100))
	if err == nil || !strings.Contains(err.Error(), "exceeds budget") {
		t.Errorf("paid 100 times, the rules must be too costly, not: %v", err)
	}
}
