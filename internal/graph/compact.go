package graph

import "maps"

// Compact is the shortest log this package knows that folds over base to the
// same architecture (origins of what was merged aside): decisions that do not
// apply are dropped, and runs of size changes of one component become one,
// with the words of the last, or none if the size came back.
func Compact(base Architecture, log []Decision) []Decision {
	_, skipped := FoldReport(base, log)
	drop := map[int]bool{}
	maps.Copy(drop, skippedIndexes(base, log, len(skipped)))
	var kept []Decision
	last := map[string]int{} // where in kept the component was last resized
	for i, d := range log {
		if drop[i] || d.Action == SuggestSharding {
			continue
		}
		name, resized := d.resizes(base, kept)
		at, before := last[name]
		if resized && before {
			d.From, d.Action, d.Component, d.Added = kept[at].From, merged(kept[at].From, d.To), name, nil
			kept[at] = d
			continue
		}
		if resized {
			last[name] = len(kept)
		}
		kept = append(kept, d)
	}
	return withoutReturns(kept)
}

// skippedIndexes marks the entries that do not apply, by position: IDs need not be unique in a damaged log.
func skippedIndexes(base Architecture, log []Decision, capacity int) map[int]bool {
	marked := make(map[int]bool, capacity)
	live := base.Clone()
	for i, d := range log {
		if live.apply(d) != "" {
			marked[i] = true
		}
	}
	return marked
}

// resizes is the component whose size alone a decision changes, if it does no more.
func (d Decision) resizes(base Architecture, before []Decision) (string, bool) {
	switch d.Action {
	case AddReplica, RemoveReplica:
		return d.Component, true
	case AddReadReplica, AddWorkers:
		live := Fold(base, before)
		if d.Added != nil {
			return d.Added.Name, live.index(d.Added.Name) >= 0
		}
		if workers := live.CalleesOfType(d.Component, Worker); len(workers) > 0 {
			return workers[0].Name, true
		}
	}
	return "", false
}

func merged(from, to int32) Action {
	if to < from {
		return RemoveReplica
	}
	return AddReplica
}

func withoutReturns(log []Decision) []Decision {
	var kept []Decision
	for _, d := range log {
		if (d.Action == AddReplica || d.Action == RemoveReplica) && d.From == d.To {
			continue
		}
		kept = append(kept, d)
	}
	return kept
}
