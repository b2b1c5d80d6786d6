package web

import (
	"net/netip"
	"sync"
	"time"
)

// How many wrong passwords there may be for a share in a while, from one place and from
// all. Others can keep somebody out only by coming from many places.
const (
	triesFor   = 15 * time.Minute
	mostOfOne  = 10
	mostOfAll  = 200
	mostCounts = 20_000 // in memory at a moment
)

// tries counts them, in this process alone.
type tries struct {
	mu sync.Mutex
	m  map[tried]*count
}

// tried is what is counted: a share from a place, or from all where that is "".
type tried struct{ key, from string }

type count struct {
	n     int
	until time.Time
}

// begin counts a try before it is known to be wrong, so that many at once are no more
// than many; false where there were too many.
func (t *tries) begin(now time.Time, key, from string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Who is refused leaves nothing behind, or the counts of others would make room for his.
	if c := t.m[tried{key, ""}]; c != nil && now.Before(c.until) && c.n >= mostOfAll {
		return false
	}
	if c := t.m[tried{key, from}]; c != nil && now.Before(c.until) && c.n >= mostOfOne {
		return false
	}
	all := t.at(now, tried{key, ""})
	one := t.at(now, tried{key, from})
	one.n++
	all.n++
	return true
}

// good takes back what begin counted.
func (t *tries) good(key, from string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range []tried{{key, from}, {key, ""}} {
		if c := t.m[k]; c != nil {
			c.n--
		}
	}
}

// at answers a count that goes on, else a new one.
func (t *tries) at(now time.Time, k tried) *count {
	if c := t.m[k]; c != nil && now.Before(c.until) {
		return c
	}
	if len(t.m) >= mostCounts {
		t.forget(now)
	}
	if t.m == nil {
		t.m = make(map[tried]*count)
	}
	c := &count{until: now.Add(triesFor)}
	t.m[k] = c
	return c
}

// forget makes room: of what is over, else, under an attack from everywhere, of all.
func (t *tries) forget(now time.Time) {
	for k, c := range t.m {
		if !now.Before(c.until) {
			delete(t.m, k)
		}
	}
	if len(t.m) >= mostCounts {
		clear(t.m)
	}
}

// placeOf is where an address is: of IPv6 one has all of a network.
func placeOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	network, err := a.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}
