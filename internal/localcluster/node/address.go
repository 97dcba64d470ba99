package node

import (
	"errors"
	"net/netip"
	"sync"
)

// pool gives out addresses of a range, each to one holder, and each used one
// again as late as possible.
type pool struct {
	mu    sync.Mutex
	all   netip.Prefix
	next  netip.Addr
	taken map[netip.Addr]bool
}

// newPool keeps the first address of the range, which is its name, and the
// second, which answers DNS.
func newPool(all netip.Prefix) *pool {
	p := &pool{all: all.Masked(), taken: map[netip.Addr]bool{}}
	p.next = p.dns().Next()
	return p
}

func (p *pool) dns() netip.Addr { return p.all.Addr().Next() }

// take gives an address: the wanted one if it is free and of the range.
func (p *pool) take(wanted string) (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, err := netip.ParseAddr(wanted); err == nil && p.all.Contains(a) && !p.taken[a] && p.dns().Less(a) {
		p.taken[a] = true
		return a, nil
	}
	first := p.next
	for {
		a := p.next
		p.next = a.Next()
		if !p.all.Contains(p.next) {
			p.next = p.dns().Next()
		}
		if !p.taken[a] {
			p.taken[a] = true
			return a, nil
		}
		if p.next == first {
			return netip.Addr{}, errors.New("every address of the node is taken")
		}
	}
}

func (p *pool) release(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, a)
}
