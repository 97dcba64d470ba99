package report

import (
	"slices"
	"strings"
	"time"
)

// Command is what somebody did to a run.
type Command struct {
	Time time.Time `json:"time"`
	// User is the name that the cluster authenticated.
	User   string        `json:"user"`
	Action CommandAction `json:"action"`
	// Changes of the spec that the command made, where they are known.
	Changes []Change `json:"changes,omitempty"`
	// Generation of the Simulation that the command made, 0 where it is not known.
	Generation int64 `json:"generation,omitempty"`
}

// Change is a field of a spec that is not what it was. Both values are empty where it
// cannot be said in a word, and one where it was not written.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// CommandAction is what a command did, in words that follow a name.
type CommandAction string

// The actions.
const (
	ActionStarted     CommandAction = "started"
	ActionStopped     CommandAction = "stopped"
	ActionPaused      CommandAction = "paused"
	ActionResumed     CommandAction = "resumed"
	ActionTraffic     CommandAction = "changed traffic"
	ActionAutoScaling CommandAction = "changed auto-scaling"
	ActionChanged     CommandAction = "changed the run"
	ActionDeleted     CommandAction = "deleted"
)

// Sentence is the command in words.
func (c Command) Sentence() string {
	sentence := c.User + ": " + string(c.Action)
	var changes []string
	for _, change := range c.Changes {
		switch {
		case change.From == "" && change.To == "":
			changes = append(changes, change.Field)
		case change.Field != "state": // which the action has told
			changes = append(changes, change.Field+" "+orNone(change.From)+" -> "+orNone(change.To))
		}
	}
	if len(changes) == 0 {
		return sentence
	}
	return sentence + " (" + strings.Join(changes, ", ") + ")"
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

// WithCommands is the report with what was noted of commands besides, each told once.
func (r Report) WithCommands(noted []Command) Report {
	all := slices.Clone(r.Commands)
	for _, c := range noted {
		if !slices.ContainsFunc(all, c.is) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b Command) int { return a.Time.Compare(b.Time) })
	r.Commands = all
	return r
}

// is reports whether two notes are of one command: a run is started once, and a
// generation is made by one command.
func (c Command) is(other Command) bool {
	switch {
	case c.Action == ActionStarted:
		return other.Action == ActionStarted
	case c.Generation != 0 && other.Generation != 0:
		return c.Generation == other.Generation
	}
	return c.User == other.User && c.Action == other.Action && c.Time.Equal(other.Time)
}
