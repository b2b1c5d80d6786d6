package often

import (
	"context"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// lease is what the database gave this process of what an account may ask, for as long as
// as much comes anew. So all processes together let pass no more than the rate, and what
// one of them may still hold when another begins: a quarter of a second's worth. What is
// not used in time is lost, but then nobody is near the limit, or another process soon
// asks for less.
type lease struct {
	turn chan struct{} // held by who looks at the rest; others wait, also for the database's answer
	seen time.Time     // under the lock of all: when it was last asked for

	at        time.Time     // when it was given, or a moment before
	had, left int64         // of requests
	dry       time.Duration // from then on, until there are as many more as were wanted
	want      int64         // how many are asked for the next time
}

// part is how many requests of a second are leased at once.
const part = 4

// leaseSeen is how long a lease that nobody asks for is kept at least: longer than it is
// good for.
const leaseSeen = time.Minute

func (r *Rates) leaseOf(who Asker, now time.Time) *lease {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.leases[who]
	if l == nil {
		makeRoom(r.leases, func(l *lease) bool { return now.Sub(l.seen) > leaseSeen })
		l = &lease{turn: make(chan struct{}, 1), want: 1}
		r.leases[who] = l
	}
	l.seen = now
	return l
}

// takeLeased is Take where other processes let the account's requests pass too.
func (r *Rates) takeLeased(ctx context.Context, who Asker, limit Rate) (wait time.Duration, err error) {
	l := r.leaseOf(who, r.db.Now())
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return 0, fault.Wrap(ctx.Err(), "often: rate")
	}
	now := r.db.Now() // before the database's: what is used is used in time
	passed := now.Sub(l.at)
	most := max(1, int64(limit.Often)/part)
	life := time.Duration(most) * limit.each()
	switch {
	case passed >= 0 && passed < life && l.left > 0:
		l.left--
		return 0, nil
	case passed >= 0 && passed < l.dry:
		return l.dry - passed, nil
	}
	if l.had > 0 { // as many as are used in the time of a lease, by how it was with the last
		before, used := l.want, l.had-l.left
		l.want = min(max(1, used*int64(life)/max(1, int64(passed))), most)
		if l.left == 0 && l.dry > 0 { // more would have been used
			l.want = max(l.want, before)
		}
	}
	given, dry, err := r.give(ctx, who, limit, l.want)
	if err != nil {
		return 0, err
	}
	l.at, l.had, l.left, l.dry = now, given, given, dry
	if given == 0 {
		return dry, nil
	}
	l.left--
	return 0, nil
}

// give has the database give some of what an account may ask; where none is left then, dry
// is how long it takes until there are as many more.
func (r *Rates) give(ctx context.Context, who Asker, limit Rate, want int64) (given int64, dry time.Duration, err error) {
	err = r.db.Write(ctx, "often: lease", func(tx *db.Tx) error {
		now, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		each := limit.each().Microseconds()
		all := int64(limit.Most) * each
		var until int64
		if _, err := tx.Get(ctx, giveSome, []any{who.Account, who.Path, now, each, all, want}, &given, &until); err != nil {
			return err
		}
		if dry = 0; until+each > now+all {
			dry = time.Duration(until+want*each-now-all) * time.Microsecond
		}
		return nil
	})
	return given, dry, err
}

// Sweep forgets the accounts that have all of their requests again.
func (r *Rates) Sweep(ctx context.Context) error {
	return r.db.Write(ctx, "often: sweep", func(tx *db.Tx) error {
		now, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, forgetFull, now)
		return err
	})
}
