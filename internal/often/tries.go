package often

import (
	"sync"
	"time"
)

// TriesFor is how long a try counts.
const TriesFor = 15 * time.Minute

// Try is what is tried: something named, from an address, or either alone where the other
// is "". Most is how many tries of it may be wrong in a while. Whoever is to be kept from
// guessing is counted by several: who comes from one place has few, and others can lock
// somebody out only by coming from many. One line of IPv6 has many networks: with Site they
// count together, as far as they are near.
type Try struct {
	Name, Address string
	Site          bool
	Most          int
}

// Tries counts those that are wrong, in this process alone. Its methods may be called at
// the same time; the zero value has none.
type Tries struct {
	mu sync.Mutex
	m  map[Try]*tried
}

type tried struct {
	n     int
	until time.Time
}

func (t Try) key() Try {
	bits := network
	if t.Site {
		bits = site
	}
	t.Address = placeOf(t.Address, bits)
	return t
}

// Begin counts a try before it is known to be wrong, so that many at once are no more than
// many; false where there were too many of any kind. Who is refused leaves nothing behind,
// or the counts of others would make room for his.
func (t *Tries) Begin(now time.Time, kinds ...Try) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range kinds {
		if c := t.m[k.key()]; c != nil && now.Before(c.until) && c.n >= k.Most {
			return false
		}
	}
	for _, k := range kinds {
		c := t.m[k.key()]
		if c == nil || !now.Before(c.until) {
			makeRoom(t.m, func(c *tried) bool { return !now.Before(c.until) })
			if t.m == nil {
				t.m = make(map[Try]*tried)
			}
			c = &tried{until: now.Add(TriesFor)}
			t.m[k.key()] = c
		}
		c.n++
	}
	return true
}

// Good takes back what Begin counted.
func (t *Tries) Good(kinds ...Try) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range kinds {
		if c := t.m[k.key()]; c != nil && c.n > 0 {
			c.n--
		}
	}
}
