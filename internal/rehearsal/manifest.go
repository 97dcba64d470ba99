package rehearsal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// Manifests are the objects of a rehearsal: one Simulation, and what it needs.
type Manifests struct {
	Simulation *unstructured.Unstructured
	// Others are applied before the simulation, in the order of the files.
	Others []*unstructured.Unstructured
}

// Load reads manifest files; "-" is standard input.
func Load(files []string, stdin io.Reader) (Manifests, error) {
	var m Manifests
	for _, file := range files {
		data, err := readFile(file, stdin)
		if err != nil {
			return m, err
		}
		if err := m.add(file, data); err != nil {
			return m, err
		}
	}
	if m.Simulation == nil {
		return m, errors.New("the files hold no Simulation: add one, or name the file that holds it")
	}
	return m, nil
}

// Parse reads the manifests of one file that is at hand already.
func Parse(file string, data []byte) (Manifests, error) {
	var m Manifests
	err := m.add(file, data)
	return m, err
}

func readFile(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		data, err := io.ReadAll(stdin)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return data, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	return data, nil
}

// add takes the objects of one file.
func (m *Manifests) add(file string, data []byte) error {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if !isSimulation(object) {
			m.Others = append(m.Others, object)
			continue
		}
		if m.Simulation != nil {
			return fmt.Errorf("%s: a second Simulation, %s: run one at a time", file, object.GetName())
		}
		m.Simulation = object
	}
}

func isSimulation(o *unstructured.Unstructured) bool {
	return o.GetKind() == "Simulation" && o.GroupVersionKind().Group == v1alpha1.GroupVersion.Group
}
