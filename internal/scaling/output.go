package scaling

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// output writes the records and the next state.
func (t *tick) output() Output {
	t.record()
	rules := map[string]RuleState{}
	for _, p := range t.pairs {
		p.state.Phase = t.phase(p)
		rules[key(p.rule.Name, p.subject.Name)] = p.state
	}
	t.keepSpent(rules)
	objects := map[string]ObjectState{}
	for _, o := range t.objects {
		objects[o.key] = o.state
	}
	t.state.Rules, t.state.Objects = rules, objects
	if !t.dryRuns() {
		t.state.Virtual = nil
	}
	t.state.LastTick, t.state.LastID = t.Now, t.nextID
	t.out.State = t.state
	return t.out
}

// keepSpent keeps the memory of rules whose component is there but not watched
// this tick, such as a scale-in that is back at its baseline.
func (t *tick) keepSpent(rules map[string]RuleState) {
	for name, r := range t.state.Rules {
		if _, watched := rules[name]; watched {
			continue
		}
		if _, exists := t.virtual.Component(signal(name)); exists {
			r.Held, r.Truth, r.Phase = 0, False, Inactive
			rules[name] = r
		}
	}
}

// record explains every component that a rule watches or changes.
func (t *tick) record() {
	watching := map[string][]*pair{}
	for _, p := range t.pairs {
		at := objectKey(p.subject.Name, objectMode(p.mode))
		watching[at] = append(watching[at], p)
	}
	for _, o := range t.sortedObjects() {
		if len(watching[o.key]) > 0 || len(t.pairsOf(o)) > 0 {
			t.out.Records = append(t.out.Records, t.recordOf(o, watching[o.key]))
		}
	}
}

func (t *tick) recordOf(o *object, pairs []*pair) Record {
	seen, _ := t.observation(o.name)
	r := Record{
		Tick: t.Tick, Time: t.Now, Component: o.name, Mode: o.mode, Current: seen.Replicas, Pipeline: o.pipeline,
		Result: o.result, Rule: o.rule, From: o.from, To: o.to, Reason: o.reason, InputsHash: t.digest(o),
	}
	if o.mode == DryRun {
		r.Virtual = o.current
	}
	for _, p := range pairs {
		r.Rules = append(r.Rules, t.ruleRecord(p))
		for _, m := range p.inputs {
			if !slices.ContainsFunc(r.Inputs, func(have Measurement) bool { return have.Signal == m.Signal && have.Window == m.Window }) {
				r.Inputs = append(r.Inputs, m)
			}
		}
	}
	if o.result == None {
		r.NotDone, r.Rule, r.Reason = t.whyNot(o, pairs)
	} else if o.mode == DryRun {
		r.NotDone = InDryRun
	}
	return r
}

func (t *tick) ruleRecord(p *pair) RuleRecord {
	return RuleRecord{
		Rule: p.rule.Name, Truth: p.truth, State: t.phase(p), Compared: comparedText(p), Acted: p.did != "", PendingFor: p.state.Held, Raw: p.raw,
		Suppressed: p.notDone, Detail: strings.TrimSpace(orElse(p.did, orElse(p.detail, p.problem))),
	}
}

// whyNot is the most telling reason for inaction: that of a rule that was true first.
func (t *tick) whyNot(o *object, pairs []*pair) (NotDone, string, string) {
	var best *pair
	for _, p := range append(slices.Clone(pairs), t.pairsOf(o)...) {
		if p.notDone != "" && (best == nil || weight(p) > weight(best)) {
			best = p
		}
	}
	if best == nil {
		return "", "", ""
	}
	return best.notDone, best.rule.Name, fmt.Sprintf("%s: %s", best.rule.Name, orElse(best.detail, string(best.notDone)))
}

// weight orders reasons: a true rule that grows, then what is not known, then the rest.
func weight(p *pair) int {
	switch {
	case p.truth == True && adds(p.rule.Then) && p.notDone != AlreadyThere:
		return 3
	case p.truth == Unknown:
		return 2
	case p.rule.Then == graph.RemoveReplica:
		return 1
	}
	return 0
}

// digest is a hash of what was measured of the object and of its remembered state.
func (t *tick) digest(o *object) string {
	seen, _ := t.observation(o.name)
	seen.Signals = slices.Clone(seen.Signals)
	for i, m := range seen.Signals {
		seen.Signals[i] = told(m.Signal, m.Value, m.Missing)
	}
	text, err := json.Marshal(struct {
		Observation Observation
		State       ObjectState
		Size        int32
	}{seen, o.state, o.current})
	if err != nil {
		return "unknown: " + err.Error()
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:8])
}
