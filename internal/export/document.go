package export

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	syaml "sigs.k8s.io/yaml"
)

// document is an object with comments on its fields.
type document struct {
	object any
	notes  []note
}

// note is a comment above the field at a path, such as spec/metrics/0/type.
type note struct{ path, text string }

// text is the document as YAML. A note on a field that is not there is an error:
// its reason would be lost.
func (d document) text() (string, error) {
	plain, err := syaml.Marshal(d.object)
	if err != nil {
		return "", err
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(plain, &tree); err != nil {
		return "", err
	}
	root := tree.Content[0]
	drop(root, "status")
	for _, n := range d.notes {
		at := find(root, strings.Split(n.path, "/"))
		if at == nil {
			return "", fmt.Errorf("no field %s to comment on", n.path)
		}
		at.HeadComment = oneLine(n.text)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&tree); err != nil {
		return "", err
	}
	return out.String(), encoder.Close()
}

// drop takes a field from a mapping.
func drop(mapping *yaml.Node, key string) {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content = slices.Delete(mapping.Content, i, i+2)
			return
		}
	}
}

// find is the node that a comment on a path belongs above, nil if there is none.
func find(node *yaml.Node, path []string) *yaml.Node {
	if node.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(node.Content) {
			return nil
		}
		if len(path) == 1 {
			return node.Content[i]
		}
		return find(node.Content[i], path[1:])
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != path[0] {
			continue
		}
		if len(path) == 1 {
			return node.Content[i]
		}
		return find(node.Content[i+1], path[1:])
	}
	return nil
}
