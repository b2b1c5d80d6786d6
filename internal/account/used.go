package account

import (
	"context"
	"sync"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// usedEvery is how far behind a row may be in saying when its token was last used: a
// request shall not cost a write.
const usedEvery = 10 * time.Minute

// mostUses is how many uses are noted at a moment.
const mostUses = 10_000

// uses are tokens that were used and whose rows don't say so yet.
type uses struct {
	mu sync.Mutex
	m  map[signed]use
}

type use struct {
	client string // "" where it is another account's
	at     int64
}

func (u *uses) note(s signed, now use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.m == nil {
		u.m = make(map[signed]use)
	}
	if len(u.m) < mostUses {
		u.m[s] = now
	}
}

func (u *uses) take() map[signed]use {
	u.mu.Lock()
	defer u.mu.Unlock()
	m := u.m
	u.m = nil
	return m
}

// KeepUses writes down which tokens and clients were used. What can't be written now is
// noted again when they are used next.
func (a *Accounts) KeepUses(ctx context.Context) error {
	for s, now := range a.uses.take() {
		err := a.db.Write(ctx, "account: keep a use", func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, useToken, s.account, s.jti, now.at); err != nil || now.client == "" {
				return err
			}
			_, err := tx.Exec(ctx, useClient, s.account, now.client, now.at)
			return err
		})
		if err != nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
	}
	return nil
}
