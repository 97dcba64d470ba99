package cache

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
)

func newCache(t testing.TB, config Config) *Cache {
	t.Helper()
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var policies = []graph.CachePolicy{graph.LRU, graph.TinyLFU}

func TestAnLRUEvictsWhatWasNotAskedForLongest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5).Draw(t, "size")
		c, err := New(Config{Policy: graph.LRU, Entries: size})
		if err != nil {
			t.Fatal(err)
		}
		var order []uint64 // the last asked for at the end
		touch := func(key uint64) {
			order = append(slices.DeleteFunc(order, func(k uint64) bool { return k == key }), key)
		}
		var evicted uint64
		for range rapid.IntRange(0, 100).Draw(t, "operations") {
			key := rapid.Uint64Range(0, 8).Draw(t, "key")
			switch rapid.IntRange(0, 2).Draw(t, "operation") {
			case 0:
				has := slices.Contains(order, key)
				if has {
					touch(key)
				}
				if c.Get(key, 0) != has {
					t.Fatalf("has %d: %v, want %v", key, !has, has)
				}
			case 1:
				touch(key)
				c.Set(key, 0)
				if len(order) > size {
					order = order[1:]
					evicted++
				}
			default:
				order = slices.DeleteFunc(order, func(k uint64) bool { return k == key })
				c.Delete(key)
			}
			if c.Len() != len(order) || c.Evictions() != evicted {
				t.Fatalf("%d entries and %d evictions, want %d and %d", c.Len(), c.Evictions(), len(order), evicted)
			}
		}
	})
}

func TestEntriesAreGoneAfterTheirTTL(t *testing.T) {
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			c := newCache(t, Config{Policy: policy, Entries: 10, TTL: time.Second})
			c.Set(1, 0)
			second := station.Time(time.Second)
			if !c.Get(1, second-1) || c.Get(1, second) || c.Get(1, second-1) {
				t.Error("want the entry until its TTL has passed, and not after")
			}
			c.Set(1, second)
			c.Set(1, second+1)
			if !c.Get(1, 2*second) {
				t.Error("an entry that was set again is gone by its first TTL")
			}
		})
	}
}

func TestAnEntryIsNotThereBeforeItsTime(t *testing.T) {
	c := newCache(t, Config{Policy: graph.LRU, Entries: 10})
	c.Set(1, 100)
	if c.Get(1, 99) || !c.Get(1, 100) {
		t.Error("want the entry from the time on that it was set for")
	}
	c.Set(1, 200)
	if !c.Get(1, 150) {
		t.Error("an entry that was there is not there until it is set again")
	}
}

func TestNoPolicyKeepsMoreThanItMay(t *testing.T) {
	for _, policy := range policies {
		t.Run(string(policy), func(t *testing.T) {
			c := newCache(t, Config{Policy: policy, Entries: 100})
			for k := range uint64(1000) {
				c.Set(k, 0)
			}
			if c.Len() != 100 || c.Evictions() != 900 {
				t.Errorf("%d entries and %d evictions, want 100 and 900", c.Len(), c.Evictions())
			}
			if err := c.Reconfigure(Config{Policy: policy, Entries: 10}); err != nil || c.Len() != 10 || c.Evictions() != 990 {
				t.Errorf("made smaller: %d entries, %d evictions, error %v, want 10 and 990", c.Len(), c.Evictions(), err)
			}
		})
	}
}

func TestAnotherPolicyBeginsEmpty(t *testing.T) {
	c := newCache(t, Config{Policy: graph.LRU, Entries: 10})
	c.Set(1, 0)
	if err := c.Reconfigure(Config{Policy: graph.LRU, Entries: 20, TTL: time.Minute}); err != nil || !c.Get(1, 0) {
		t.Errorf("a larger cache forgot its entries, error %v", err)
	}
	if err := c.Reconfigure(Config{Policy: graph.TinyLFU, Entries: 20}); err != nil || c.Get(1, 0) {
		t.Errorf("a new policy knows entries, error %v", err)
	}
	if err := c.Reconfigure(Config{Policy: graph.LRU}); err == nil {
		t.Error("a cache of no entries")
	}
}
