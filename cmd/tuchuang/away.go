package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tuchuang/internal/fault"
)

// quietFor is how long a store that has gone is not told of as an error again.
const quietFor = time.Minute

// storeAway tells of a store that goes away and comes back, once each.
type storeAway struct {
	log *slog.Logger

	mu   sync.Mutex
	away bool
	told time.Time // when it last was an error
}

// asking are the operations for which a store is always asked: what goes well of the
// others may never have come to it.
var asking = []string{"begin", "slice", "commit", "open", "remove", "link"}

// note is told how each operation of the store has ended.
func (a *storeAway) note(operation string, err error) {
	gone := isStoreAway(err)
	if !gone && (err != nil || !slices.Contains(asking, operation)) {
		return // it says nothing
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if gone == a.away {
		return
	}
	a.away = gone
	if !gone {
		a.log.Info("serve: the store answers again")
		return
	}
	level := slog.LevelWarn
	if now := time.Now(); a.told.IsZero() || now.Sub(a.told) > quietFor {
		level, a.told = slog.LevelError, now
	}
	a.log.Log(context.Background(), level, "serve: the store does not answer", "reason", err)
}

func isStoreAway(err error) bool {
	args := fault.ArgsOf(err)
	return fault.Is(err, fault.Unavailable) && len(args) > 0 && args[0] == fault.Store
}

// calmLog has what a store that is away makes fail be a warning: it comes back by
// itself, and that it has gone is said once.
type calmLog struct{ slog.Handler }

func (c calmLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Level > slog.LevelWarn {
		r.Attrs(func(a slog.Attr) bool {
			if err, ok := a.Value.Any().(error); ok && a.Key == "err" && isStoreAway(err) {
				r.Level = slog.LevelWarn
			}
			return true
		})
		if !c.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return c.Handler.Handle(ctx, r)
}

func (c calmLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return calmLog{c.Handler.WithAttrs(attrs)}
}
func (c calmLog) WithGroup(name string) slog.Handler { return calmLog{c.Handler.WithGroup(name)} }
