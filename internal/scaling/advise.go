package scaling

import (
	"fmt"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// advise tells each finding once while it lasts.
func (t *tick) advise() {
	for _, p := range t.pairs {
		name := key(p.rule.Name, p.subject.Name)
		if p.truth == False {
			delete(t.state.Told, name)
		}
		if !p.advice || !p.asks() {
			continue
		}
		message := adviceText(p)
		p.did = message
		t.held[key(p.subject.Name, "advice:"+p.rule.Name)] = message
		if _, told := t.state.Told[name]; told {
			continue
		}
		t.state.Told[name] = t.Now
		t.out.Findings = append(t.out.Findings, Finding{Key: name, Time: t.Now, Component: p.subject.Name, Rule: p.rule.Name, Message: message})
		if o := t.objects[objectKey(p.subject.Name, objectMode(p.mode))]; o != nil && o.result == None {
			o.result, o.rule, o.reason = Advice, p.rule.Name, message
		}
	}
}

// adviceText has the numbers that led to the advice.
func adviceText(p *pair) string {
	switch p.rule.Then {
	case graph.AddReadReplica:
		return fmt.Sprintf("%s: consider sharding %s: %s and %s; read replicas would not help", headline(p), p.subject.Name, comparisonText(p), p.detail)
	case graph.SuggestSharding:
		return fmt.Sprintf("%s: consider sharding %s: %s", headline(p), p.subject.Name, comparedText(p))
	}
	return headline(p) + ": " + orElse(p.detail, comparisonText(p))
}
