package often

import (
	"context"
	"sync"
	"time"

	"tuchuang/internal/db"
)

// Rate is how often somebody may ask: so many times a second, for which the unused part
// of a while adds up.
type Rate struct{ Often, Most float64 }

// PerSecond is so many a second, of which a second's worth may come at once.
func PerSecond(n float64) Rate { return Rate{n, max(1, n)} }

// each is how long it takes until there is one more.
func (r Rate) each() time.Duration { return time.Duration(float64(time.Second) / r.Often) }

// Asker is who asks for what: an account, or where there is none an address.
type Asker struct {
	Account int64
	Address string
	Path    string
}

// Rates counts who asks what how often. Its methods may be called at the same time.
//
// A process that has the database for itself counts in memory. Several have leases of
// what an account may ask, see lease; addresses each counts for itself, since a stranger
// must not be able to fill a table.
type Rates struct {
	db    *db.DB
	alone bool

	mu      sync.Mutex
	buckets map[Asker]*bucket
	leases  map[Asker]*lease
}

// NewRates counts for one process, which has the database for itself or not.
func NewRates(d *db.DB, alone bool) *Rates {
	return &Rates{db: d, alone: alone, buckets: make(map[Asker]*bucket), leases: make(map[Asker]*lease)}
}

// Take takes one of what an asker has left; wait is how long there is nothing.
func (r *Rates) Take(ctx context.Context, who Asker, limit Rate) (wait time.Duration, err error) {
	if who.Account == 0 {
		who.Address = placeOf(who.Address, network)
	} else {
		who.Address = "" // wherever it asks from
		if !r.alone {
			return r.takeLeased(ctx, who, limit)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.db.Now()
	b := r.buckets[who]
	if b == nil {
		makeRoom(r.buckets, func(b *bucket) bool { b.fill(now); return b.left == b.Most })
		b = &bucket{limit, limit.Most, now}
		r.buckets[who] = b
	}
	return b.take(now), nil
}

// bucket has what is left, as it was at a time.
type bucket struct {
	Rate
	left float64
	at   time.Time
}

func (b *bucket) take(now time.Time) (wait time.Duration) {
	b.fill(now)
	if b.left < 1 {
		return time.Duration((1 - b.left) / b.Often * float64(time.Second))
	}
	b.left--
	return 0
}

func (b *bucket) fill(now time.Time) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(b.Most, b.left+passed*b.Often)
		b.at = now
	}
}
