package scaling

import (
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// Input is all that one tick looks at.
type Input struct {
	// Now is the time of the tick on the clock of the simulation, Tick its number.
	Now  time.Time
	Tick int64
	// Simulation is the run that decides, as namespace/name.
	Simulation string
	Settings   Settings
	Program    Program
	// Base is the user's architecture and Log what was decided so far.
	Base         graph.Architecture
	Log          []graph.Decision
	Observations []Observation
	State        State
}

// Output is what one tick decided and why.
type Output struct {
	// Decisions are to be appended to the log and carried out.
	Decisions []graph.Decision
	// DryRun are decisions that were taken against virtual counts and must not be carried out.
	DryRun   []graph.Decision
	Records  []Record
	Alerts   []Alert
	Findings []Finding
	// Effects are what earlier decisions turned out to do.
	Effects []MeasuredEffect
	State   State
}

// MeasuredEffect is the effect of an earlier decision.
type MeasuredEffect struct {
	Decision int64        `json:"decision"`
	Effect   graph.Effect `json:"effect"`
}

// Step decides one tick. It is pure: equal inputs give equal outputs, byte for
// byte, and no argument is changed.
func Step(in Input) Output {
	t := newTick(in)   //  1. fold the log, copy the state, notice a gap in it
	t.observeSizes()   //  2. what settled, what a human changed
	t.measureEffects() //  3. did earlier actions help
	t.evaluate()       //  4. the truth of every rule for every component it watches
	t.advance()        //  5. how long it has been true
	t.propose()        //  6. the size or the layer that each firing rule asks for
	t.suppress()       //  7. the guards that hold a single rule back
	t.enforceLimits()  //  8. sizes outside their limits come first
	t.scaleOut()       //  9. the largest proposal for each object, nearest the bottleneck first
	t.restructure()    // 10. at most one layer
	t.scaleIn()        // 11. what every rule can spare
	t.advise()         // 12. findings
	t.alert()          // 13. thresholds crossed, once
	return t.output()  // 14. records and the next state
}
