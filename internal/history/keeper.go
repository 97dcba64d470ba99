package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
	"flashcrowd.io/flashcrowd/internal/report"
)

// Seen is a run as the API server has it, and its graph, nil if that is gone.
type Seen struct {
	Simulation     *v1alpha1.Simulation
	ComponentGraph *v1alpha1.ComponentGraph
}

// holds reports whether the run plays on its graph, or was the last to.
func (s Seen) holds() bool {
	return s.ComponentGraph != nil && s.ComponentGraph.Status.HeldBy == s.Simulation.Name
}

// next is the run as it is seen after s. Another may have taken its graph since, and
// have drawn it anew: what the run came to is told by the graph that it held.
func (s Seen) next(now Seen) Seen {
	if s.holds() && !now.holds() {
		now.ComponentGraph = s.ComponentGraph
	}
	return now
}

// Sight is who sees the cluster.
type Sight interface {
	// Seen are all runs that there are; an error says that not all are known.
	Seen(ctx context.Context) ([]Seen, error)
}

// KeeperOptions of a Keeper; zero values take the defaults.
type KeeperOptions struct {
	// Every is the time between two looks, 5 s by default.
	Every time.Duration
	// Retention of runs after their end; 0 keeps them all.
	Retention time.Duration
	Now       func() time.Time
	Log       *slog.Logger
}

// Keeper keeps what happens in a cluster. Whether it runs makes no difference to
// any run.
type Keeper struct {
	sight   Sight
	history *Late
	buffer  *Buffer
	writer  *Writer
	options KeeperOptions
	// last is every run as it was seen last, until it is told to its end.
	last map[string]Seen
	// done are the runs among those that are seen that were told to their end.
	done map[string]bool
	// recalled says that the runs that the history knows no end of were taken over.
	recalled bool
	// pruned is when runs were last forgotten.
	pruned time.Time
}

// NewKeeper keeps what is seen in a history.
func NewKeeper(sight Sight, m Measurements, history *Late, o KeeperOptions) *Keeper {
	if o.Every == 0 {
		o.Every = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	buffer := NewBuffer(history, BufferOptions{Log: o.Log})
	return &Keeper{
		sight: sight, history: history, buffer: buffer, writer: NewWriter(m, history, buffer), options: o,
		last: map[string]Seen{}, done: map[string]bool{},
	}
}

// Run keeps until ctx ends, and then writes what it still has.
func (k *Keeper) Run(ctx context.Context) {
	written := make(chan struct{})
	go func() { defer close(written); k.buffer.Run(ctx) }()
	tick := time.NewTicker(k.options.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := k.look(ctx); err != nil && ctx.Err() == nil {
			k.options.Log.Warn("the history is behind", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	<-written
}

// Did notes what somebody did to a run, at once, unless the object tells it already.
// It never waits.
func (k *Keeper) Did(sim *v1alpha1.Simulation, user string, action report.CommandAction) error {
	starter := ""
	if action == report.ActionStarted {
		starter = user
	}
	told, err := Told(sim, nil, starter)
	if err != nil {
		return err
	}
	if !tells(sim, action) {
		now := k.options.Now().UTC()
		told.Users = append(told.Users, User{Name: user, CreatedAt: now})
		told.Events = append(told.Events, commandEvent(string(sim.UID), report.Command{Time: now, User: user, Action: action}))
	}
	k.buffer.Offer(told)
	return nil
}

// tells reports whether an object tells who brought it to where it is: of its
// deletion it never does.
func tells(sim *v1alpha1.Simulation, action report.CommandAction) bool {
	commands := rehearsal.Commands(sim)
	return action != report.ActionDeleted && len(commands) > 0 && commands[len(commands)-1].Generation == sim.Generation
}

// look takes in all that is seen. What is told of runs does not wait for what is
// measured of them.
func (k *Keeper) look(ctx context.Context) error {
	seen, err := k.sight.Seen(ctx)
	if err != nil {
		return err
	}
	now := k.options.Now()
	k.notice(seen, now)
	told := map[string]Run{}
	for id, s := range k.last {
		run, err := k.writer.Tell(s.Simulation, s.ComponentGraph, "")
		if err != nil {
			return err
		}
		told[id] = run
	}
	if err := k.recall(ctx, seen, now); err != nil {
		return err
	}
	for id, run := range told {
		s := k.last[id]
		ended, err := k.writer.Measure(ctx, s.Simulation, s.ComponentGraph, run, now)
		if err != nil {
			return err
		}
		if ended {
			delete(k.last, id)
			k.writer.Forget(id)
			k.done[id] = true
		}
	}
	return k.prune(ctx, now)
}

// notice takes in what is there and ends what is not any more.
func (k *Keeper) notice(seen []Seen, now time.Time) {
	there := map[string]bool{}
	for _, s := range seen {
		id := string(s.Simulation.UID)
		there[id] = true
		if !k.done[id] {
			k.last[id] = k.last[id].next(s)
		}
	}
	for id := range k.done {
		if !there[id] {
			delete(k.done, id)
		}
	}
	for id, s := range k.last {
		if !there[id] && s.Simulation.Status.CompletionTime == nil {
			s.Simulation = deleted(s.Simulation, now)
			k.last[id] = s
		}
	}
}

// deleted is a run that ended because its object was deleted.
func deleted(sim *v1alpha1.Simulation, now time.Time) *v1alpha1.Simulation {
	sim = sim.DeepCopy()
	at := metav1.NewMicroTime(now)
	sim.Status.CompletionTime = &at
	for _, c := range []metav1.Condition{
		{Type: v1alpha1.ConditionFinished, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonStoppedEarly},
		{Type: v1alpha1.ConditionSucceeded, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonStoppedEarly, Message: "the run was deleted before its end"},
	} {
		meta.SetStatusCondition(&sim.Status.Conditions, c)
	}
	return sim
}

// patience with the database, for what happens now is not to wait for it.
const patience = 5 * time.Second

// recall takes over runs that the history knows no end of, which may have been
// deleted while nobody looked.
func (k *Keeper) recall(ctx context.Context, seen []Seen, now time.Time) error {
	if k.recalled {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := k.history.Store(ctx)
	if err != nil {
		return err
	}
	runs, err := s.Unended(ctx)
	if err != nil {
		return err
	}
	for _, run := range runs {
		objects, err := s.Objects(ctx, run.ID)
		if err != nil {
			return err
		}
		kept, err := objects.Decode()
		if err != nil {
			return err
		}
		if _, known := k.last[run.ID]; !known {
			k.last[run.ID] = kept
		}
	}
	k.recalled = true
	k.notice(seen, now)
	return nil
}

// ErrNoObjects says that only the rows of a run were kept.
var ErrNoObjects = errors.New("the history has no object of the run")

// Decode are the objects as the API has them.
func (o Objects) Decode() (Seen, error) {
	if len(o.Simulation) == 0 {
		return Seen{}, ErrNoObjects
	}
	s := Seen{Simulation: &v1alpha1.Simulation{}}
	if err := json.Unmarshal(o.Simulation, s.Simulation); err != nil {
		return Seen{}, fmt.Errorf("reading a kept run: %w", err)
	}
	if len(o.ComponentGraph) > 0 {
		s.ComponentGraph = &v1alpha1.ComponentGraph{}
		if err := json.Unmarshal(o.ComponentGraph, s.ComponentGraph); err != nil {
			return Seen{}, fmt.Errorf("reading a kept graph: %w", err)
		}
	}
	return s, nil
}

// How runs are forgotten.
const (
	pruneEvery  = time.Hour
	pruneAtOnce = 100
)

// prune forgets what is older than the retention.
func (k *Keeper) prune(ctx context.Context, now time.Time) error {
	if k.options.Retention <= 0 || now.Sub(k.pruned) < pruneEvery {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := k.history.Store(ctx)
	if err != nil {
		return err
	}
	if _, err := s.Prune(ctx, now.Add(-k.options.Retention), pruneAtOnce); err != nil {
		return err
	}
	k.pruned = now
	return nil
}
