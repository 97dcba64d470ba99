package report

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddSettings(t *testing.T) {
	var spec any
	source := `{"durationSeconds":60,"rate":0.5,"enabled":true,"none":null,"stages":[{"seconds":5},{"seconds":1000000}],
		"components":[{"name":"api","replicas":2}],"connections":[{"from":"api","to":"db","calls":3}],"classes":["Read"]}`
	if err := json.Unmarshal([]byte(source), &spec); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	AddSettings(got, "x", spec)
	want := map[string]string{
		"x.durationSeconds": "60", "x.rate": "0.5", "x.enabled": "true", "x.stages[0].seconds": "5", "x.stages[1].seconds": "1000000",
		"x.components[api].name": "api", "x.components[api].replicas": "2",
		"x.connections[api>db].from": "api", "x.connections[api>db].to": "db", "x.connections[api>db].calls": "3", "x.classes[0]": "Read",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}
