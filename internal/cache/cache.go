// Package cache is what one replica of a cache, or one edge of a CDN, keeps: real
// maps that evict as real caches do, on logical time.
//
// An LRU evicts what was not asked for longest, and is a function of what it was
// asked. A TinyLFU (Einziger, Friedman and Manes, "TinyLFU: a highly efficient
// cache admission policy", ACM ToS 13(4), 2017) keeps what is asked often; it
// estimates how often by hashes with a seed of its own, so that two runs may
// differ in a few entries.
package cache

import (
	"fmt"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/maypok86/otter/v2"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
)

// Config is how a cache keeps entries.
type Config struct {
	Policy graph.CachePolicy
	// Entries it holds at most, at least 1.
	Entries int
	// TTL after which an entry is gone, counted from when it was last set; 0 is never.
	TTL time.Duration
}

// Cache is a set of keys. It is not safe for concurrent use.
type Cache struct {
	config    Config
	entries   entries
	evictions uint64
}

// entry is there from a time on; its TTL counts from when it was last set.
type entry struct{ from, set station.Time }

// entries is a bounded map.
type entries interface {
	get(key uint64) (entry, bool)
	set(key uint64, e entry)
	remove(key uint64)
	resize(n int)
	len() int
}

// New is an empty cache.
func New(config Config) (*Cache, error) {
	c := &Cache{}
	return c, c.Reconfigure(config)
}

// Reconfigure changes size and TTL and keeps what fits; another policy begins
// empty.
func (c *Cache) Reconfigure(config Config) error {
	if config.Entries < 1 {
		return fmt.Errorf("a cache of %d entries: write 1 or more", config.Entries)
	}
	if c.entries == nil || config.Policy != c.config.Policy {
		made, err := c.make(config)
		if err != nil {
			return err
		}
		c.entries = made
	} else if config.Entries != c.config.Entries {
		c.entries.resize(config.Entries)
	}
	c.config = config
	return nil
}

func (c *Cache) make(config Config) (entries, error) {
	if config.Policy == graph.TinyLFU {
		return newFrequent(config.Entries, &c.evictions)
	}
	return newRecent(config.Entries, &c.evictions)
}

// Get reports whether the cache has a key at a time; one that was set for a later
// time is not there yet.
func (c *Cache) Get(key uint64, at station.Time) bool {
	e, ok := c.entries.get(key)
	if ok && c.expired(e, at) {
		c.entries.remove(key)
		return false
	}
	return ok && at >= e.from
}

func (c *Cache) expired(e entry, at station.Time) bool {
	return c.config.TTL > 0 && at >= e.set.Add(c.config.TTL)
}

// Set puts a key in at a time. One that is there stays so, and lives longer.
func (c *Cache) Set(key uint64, at station.Time) {
	from := at
	if e, ok := c.entries.get(key); ok && !c.expired(e, at) {
		from = min(e.from, at)
	}
	c.entries.set(key, entry{from: from, set: at})
}

// Delete takes a key out.
func (c *Cache) Delete(key uint64) { c.entries.remove(key) }

// Len is the number of entries, those included that are past their TTL and were
// not asked for since.
func (c *Cache) Len() int { return c.entries.len() }

// Evictions is how many entries had to go for others.
func (c *Cache) Evictions() uint64 { return c.evictions }

// recent keeps the keys that were asked for last.
type recent struct {
	*simplelru.LRU[uint64, entry]
	evictions *uint64
}

func newRecent(n int, evictions *uint64) (entries, error) {
	lru, err := simplelru.NewLRU[uint64, entry](n, nil)
	if err != nil {
		return nil, fmt.Errorf("making an LRU of %d entries: %w", n, err)
	}
	return &recent{LRU: lru, evictions: evictions}, nil
}

func (r *recent) get(key uint64) (entry, bool) { return r.Get(key) }

func (r *recent) set(key uint64, e entry) {
	if r.Add(key, e) {
		*r.evictions++
	}
}

func (r *recent) remove(key uint64) { r.Remove(key) }
func (r *recent) resize(n int)      { *r.evictions += uint64(r.Resize(n)) }
func (r *recent) len() int          { return r.Len() }

// frequent keeps the keys that are asked for often.
type frequent struct {
	*otter.Cache[uint64, entry]
}

func newFrequent(n int, evictions *uint64) (entries, error) {
	made, err := otter.New(&otter.Options[uint64, entry]{
		MaximumSize: n,
		Executor:    func(task func()) { task() },
		OnAtomicDeletion: func(gone otter.DeletionEvent[uint64, entry]) {
			if gone.WasEvicted() {
				*evictions++
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making a TinyLFU of %d entries: %w", n, err)
	}
	return &frequent{made}, nil
}

func (f *frequent) get(key uint64) (entry, bool) { return f.GetIfPresent(key) }
func (f *frequent) set(key uint64, e entry)      { f.Set(key, e) }
func (f *frequent) remove(key uint64)            { f.Invalidate(key) }
func (f *frequent) resize(n int)                 { f.SetMaximum(uint64(n)) }

func (f *frequent) len() int {
	f.CleanUp()
	return f.EstimatedSize()
}
