package account

import (
	"sync"
	"time"
)

// How many wrong passwords there may be in a while: for a name from one address, from one
// address for any names, and for a name from anywhere. Others can thus keep somebody from
// signing in only by coming from many places.
const (
	attemptsFor  = 15 * time.Minute
	mostOfPair   = 10
	mostOfPlace  = 50
	mostOfName   = 200
	mostAttempts = 100_000 // names and addresses that are counted at a moment
)

// attempts counts them, in this process alone.
type attempts struct {
	mu sync.Mutex
	m  map[attempt]*counted
}

// attempt is what is counted for: a name, an address, or both.
type attempt struct{ name, address string }

type counted struct {
	n     int
	until time.Time
}

func (a attempt) most() int {
	switch {
	case a.name == "":
		return mostOfPlace
	case a.address == "":
		return mostOfName
	}
	return mostOfPair
}

func kinds(name, address string) [3]attempt {
	return [3]attempt{{name, address}, {"", address}, {name, ""}}
}

// begin counts an attempt before it is known to be wrong, so that many at once are no
// more than many; false where there were too many.
func (a *attempts) begin(now time.Time, name, address string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range kinds(name, address) {
		if c := a.m[k]; c != nil && now.Before(c.until) && c.n >= k.most() {
			return false
		}
	}
	if len(a.m) >= mostAttempts {
		a.forget(now)
	}
	for _, k := range kinds(name, address) {
		c := a.m[k]
		if c == nil || !now.Before(c.until) {
			c = &counted{until: now.Add(attemptsFor)}
			if a.m == nil {
				a.m = make(map[attempt]*counted)
			}
			a.m[k] = c
		}
		c.n++
	}
	return true
}

// forget makes room: of what is over, else, under an attack from everywhere, of all.
func (a *attempts) forget(now time.Time) {
	for k, c := range a.m {
		if !now.Before(c.until) {
			delete(a.m, k)
		}
	}
	if len(a.m) >= mostAttempts {
		clear(a.m)
	}
}

// good takes back what begin counted.
func (a *attempts) good(name, address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range kinds(name, address) {
		if c := a.m[k]; c != nil {
			c.n--
		}
	}
}
