package scaling

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

// TestScripts plays testdata/*.txt: blocks of commands, a line of dashes and
// the output they must give.
//
//	graph NAME:TYPE[:REPLICAS]... [FROM>TO]...  starts anew; without edges the components form a chain
//	set COMPONENT SIGNAL=VALUE...               "?" is unknown
//	ready COMPONENT N                           pins the ready replicas; "-" lets go
//	mode Act|DryRun|Suspended
//	tick [N]                                    prints what was decided, told and raised
//	why COMPONENT                               prints what each rule said at the last tick
//	size                                        prints the live architecture
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("script differs (-want +got):\n%s", diff)
			}
		})
	}
}

// play runs the commands of a script and returns it with the output they gave.
func play(t *testing.T, text string) string {
	r := newRig(t)
	var blocks []string
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		r, block = playBlock(t, r, block)
		blocks = append(blocks, block)
	}
	return strings.Join(blocks, "\n\n") + "\n"
}

// playBlock is the rig after a block's commands, and the block with the output they gave.
func playBlock(t testingT, r *rig, block string) (*rig, string) {
	commands, _, has := strings.Cut(block, "\n----")
	if !has {
		return r, block
	}
	var out strings.Builder
	for line := range strings.SplitSeq(commands, "\n") {
		if !strings.HasPrefix(line, "#") {
			r = command(t, r, &out, strings.Fields(line))
		}
	}
	return r, strings.TrimRight(commands+"\n----\n"+out.String(), "\n")
}

// goldenStories are the blocks of all scripts, cut where a graph starts anew.
func goldenStories(t *testing.T) [][]string {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var stories [][]string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
			switch last := len(stories) - 1; {
			case !strings.Contains(block, "\n----"): // a comment
			case strings.HasPrefix(block, "graph ") || strings.Contains(block, "\ngraph "):
				stories = append(stories, []string{block})
			default:
				stories[last] = append(stories[last], block)
			}
		}
	}
	if len(stories) < 10 {
		t.Fatalf("only %d stories", len(stories))
	}
	return stories
}

// TestGoldenStoriesInRandomOrders plays some of the scripts' stories at once, block
// by block in random turns: what a simulation decides does not depend on which
// others were decided before or meanwhile.
func TestGoldenStoriesInRandomOrders(t *testing.T) {
	stories := goldenStories(t)
	rapid.Check(t, func(t *rapid.T) {
		played := rapid.SliceOfNDistinct(rapid.IntRange(0, len(stories)-1), 2, 5, rapid.ID).Draw(t, "stories")
		var turns []int // a story's number for each of its blocks
		for _, i := range played {
			turns = append(turns, slices.Repeat([]int{i}, len(stories[i]))...)
		}
		turns = rapid.Permutation(turns).Draw(t, "turns")
		rigs, next := make([]*rig, len(stories)), make([]int, len(stories))
		for _, i := range turns {
			want := stories[i][next[i]]
			var got string
			if rigs[i], got = playBlock(t, rigs[i], want); got != want {
				t.Fatalf("story %d, block %d (-want +got):\n%s", i, next[i], cmp.Diff(want, got))
			}
			next[i]++
		}
	})
}

func command(t testingT, r *rig, out *strings.Builder, words []string) *rig {
	switch words[0] {
	case "graph":
		r = newRig(t)
		r.base = parseGraph(t, words[1:])
	case "set":
		for _, pair := range words[2:] {
			name, value, _ := strings.Cut(pair, "=")
			if value == "?" {
				r.lose(words[1], name)
				continue
			}
			r.set(words[1], name, number(t, value))
		}
	case "ready":
		if delete(r.pinned, words[1]); words[2] != "-" {
			r.pinned[words[1]] = int32(number(t, words[2]))
		}
	case "mode":
		r.settings.Mode = Mode(words[1])
	case "tick":
		n := 1.0
		if len(words) > 1 {
			n = number(t, words[1])
		}
		if !ticks(r, out, int(n)) {
			fmt.Fprintln(out, "quiet")
		}
	case "why":
		for _, rule := range r.record(words[1]).Rules {
			fmt.Fprintln(out, strings.TrimSpace(fmt.Sprintf("%s: %s %s %s %s", rule.Rule, rule.Truth, rule.State, rule.Suppressed, rule.Detail)))
		}
	case "size":
		printSize(r, out)
	default:
		t.Fatal("unknown command", words)
	}
	return r
}

func number(t testingT, text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func ticks(r *rig, out *strings.Builder, n int) bool {
	said := false
	for range n {
		at := r.now.Sub(epoch())
		o := r.step()
		stamp := fmt.Sprintf("+%02d:%02d", int(at/time.Minute), int(at/time.Second)%60)
		for _, d := range o.Decisions {
			fmt.Fprintf(out, "%s %s %s\n", stamp, d.Action, d.Reason)
		}
		for _, d := range o.DryRun {
			fmt.Fprintf(out, "%s would %s %s\n", stamp, d.Action, d.Reason)
		}
		for _, f := range o.Findings {
			fmt.Fprintf(out, "%s finding %s\n", stamp, f.Message)
		}
		for _, e := range o.Effects {
			fmt.Fprintf(out, "%s effect of %d: %s %s -> %s %s\n", stamp, e.Decision, e.Effect.Signal, plain(e.Effect.Before), plain(e.Effect.After), e.Effect.Verdict)
		}
		for _, a := range o.Alerts {
			word := string(a.Severity)
			if a.Cleared {
				word = "cleared " + word
			}
			fmt.Fprintf(out, "%s %s %s\n", stamp, word, a.Message)
		}
		said = said || len(o.Decisions)+len(o.DryRun)+len(o.Findings)+len(o.Alerts)+len(o.Effects) > 0
	}
	return said
}

func printSize(r *rig, out *strings.Builder) {
	live := r.live()
	for _, c := range live.Components {
		fmt.Fprintf(out, "%s %s x%d\n", c.Type, c.Name, c.Replicas)
	}
	for _, e := range live.Connections {
		fmt.Fprintf(out, "%s > %s %v\n", e.From, e.To, e.Classes)
	}
}

func parseGraph(t testingT, words []string) graph.Architecture {
	var a graph.Architecture
	for _, word := range words {
		if from, to, edge := strings.Cut(word, ">"); edge {
			a.Connections = append(a.Connections, graph.Connection{From: from, To: to, Calls: 1, ProbabilityPercent: 100})
			continue
		}
		parts := strings.Split(word, ":")
		c := graph.Component{Name: parts[0], Type: graph.ComponentType(parts[1]), Replicas: 1}
		c.Capacity.Cores = 1
		if len(parts) > 2 {
			c.Replicas = int32(number(t, parts[2]))
		}
		a.Components = append(a.Components, c)
	}
	if len(a.Connections) == 0 {
		for i := 1; i < len(a.Components); i++ {
			a.Connections = append(a.Connections, graph.Connection{From: a.Components[i-1].Name, To: a.Components[i].Name, Calls: 1, ProbabilityPercent: 100})
		}
	}
	return a
}
