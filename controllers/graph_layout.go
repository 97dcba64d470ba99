package controllers

import (
	"fmt"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// layouts remembers the picture of each graph, which a full pass takes tens of
// milliseconds to draw: only a change of the spec or an inserted component
// makes another one. What is forgotten is drawn again, and alike.
type layouts struct {
	mu sync.Mutex
	of map[types.NamespacedName]drawing
}

// drawing is a layout and what it was made of.
type drawing struct {
	source string
	layout graph.Layout
}

func newLayouts() *layouts { return &layouts{of: map[types.NamespacedName]drawing{}} }

// lay is the layout of the live architecture.
func (l *layouts) lay(s scene, a architectures) graph.Layout {
	key := types.NamespacedName{Namespace: s.graph.Namespace, Name: s.graph.Name}
	source := s.source(a.log)
	l.mu.Lock()
	known, ok := l.of[key]
	l.mu.Unlock()
	if ok && known.source == source {
		return known.layout
	}
	drawn := drawing{source: source, layout: graph.Lay(a.base, a.log)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[key] = drawn
	return drawn.layout
}

func (l *layouts) forget(key types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, key)
}

// source names what a layout depends on: the spec, and the decisions of the
// holder that can insert a component.
func (s scene) source(log []graph.Decision) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s/%d", s.graph.UID, s.graph.Generation)
	if s.holder != nil {
		fmt.Fprintf(&text, " %s", s.holder.UID)
	}
	for _, d := range log {
		if d.Added != nil {
			fmt.Fprintf(&text, " %d", d.ID)
		}
	}
	return text.String()
}
