package rehearsal

import (
	"strconv"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

// Commands are what people did to a run, as far as its object tells: who started it,
// and the newest changes of its spec.
func Commands(sim *v1alpha1.Simulation) []report.Command {
	var all []report.Command
	at := sim.CreationTimestamp.Time
	if user := sim.Annotations[v1alpha1.StartedByAnnotation]; user != "" {
		all = append(all, report.Command{Time: at, User: user, Action: report.ActionStarted, Generation: 1})
	}
	for line := range strings.Lines(sim.Annotations[v1alpha1.CommandsAnnotation]) {
		c, ok := command(strings.TrimSuffix(line, "\n"))
		if !ok {
			continue // somebody wrote it where no policy forbids that
		}
		if c.Time.Before(at) { // a time that is not known
			c.Time = at
		}
		at = c.Time
		all = append(all, c)
	}
	return all
}

// command is a line of the log: a generation, a time, fields and a name.
func command(line string) (report.Command, bool) {
	parts := strings.SplitN(line, " ", 4)
	if len(parts) < 4 || parts[3] == "" {
		return report.Command{}, false
	}
	generation, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || generation < 2 {
		return report.Command{}, false
	}
	at, _ := time.Parse(time.RFC3339, parts[1]) // a zero time is one that is not known
	c := report.Command{Time: at, User: parts[3], Generation: generation, Changes: changes(parts[2])}
	c.Action = action(c.Changes)
	return c, true
}

// changes are written field=from>to, or only field, with commas between.
func changes(text string) []report.Change {
	var all []report.Change
	for one := range strings.SplitSeq(text, ",") {
		field, values, _ := strings.Cut(one, "=")
		from, to, _ := strings.Cut(values, ">")
		all = append(all, report.Change{Field: field, From: from, To: to})
	}
	return all
}

// action says in a word what changes came to; a new state counts before all else.
func action(changes []report.Change) report.CommandAction {
	traffic, scaling := true, true
	for _, c := range changes {
		if c.Field == "state" {
			return stateAction(v1alpha1.SimulationState(c.To))
		}
		traffic = traffic && strings.HasPrefix(c.Field, "traffic.")
		scaling = scaling && strings.HasPrefix(c.Field, "autoScaling.")
	}
	switch {
	case traffic:
		return report.ActionTraffic
	case scaling:
		return report.ActionAutoScaling
	default:
		return report.ActionChanged
	}
}

func stateAction(to v1alpha1.SimulationState) report.CommandAction {
	switch to {
	case v1alpha1.StateStopped:
		return report.ActionStopped
	case v1alpha1.StatePaused:
		return report.ActionPaused
	case v1alpha1.StateRunning:
		return report.ActionResumed
	default:
		return report.ActionChanged
	}
}
