package direct

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

// What is read by links is told for each file and hour. It is counted in memory and
// written down each second, so that nobody who reads waits for it, and what is kept
// is bounded: files that are too many for an hour are told of nowhere.
const (
	logHours   = 3 * 24  // that Log goes back
	keepHours  = 30 * 24 // that Files goes back
	hourFiles  = 1000    // of an account in an hour
	maxCounted = 10_000  // files that are counted for in memory
	inOne      = 500     // of them in one transaction
	hourMicros = int64(time.Hour / time.Microsecond)
)

// Hour is an hour since 1970.
type Hour int64

// HourOf is the hour of a time.
func HourOf(t time.Time) Hour { return Hour(t.UnixMicro() / hourMicros) }

// Begins is when the hour does.
func (h Hour) Begins() time.Time { return time.UnixMicro(int64(h) * hourMicros) }

// Line is what was read of a file in an hour.
type Line struct {
	Hour     Hour
	ID       drive.ID
	Name     string // when it was first read in the hour
	Size     int64
	Path     string // where it is now in the drive, as /a/b; "" where it is not there any more
	Requests int64  // that began in the hour
	Bytes    int64  // that were sent in it
}

// Asked counts an answer of a file, when it begins.
func (l *Links) Asked(acc account.ID, id drive.ID) {
	l.counts.add(counted{acc, HourOf(l.db.Now()), id}, traffic{requests: 1})
}

// Sent counts bytes of an answer, as they go.
func (l *Links) Sent(acc account.ID, id drive.ID, bytes int64) {
	l.counts.add(counted{acc, HourOf(l.db.Now()), id}, traffic{bytes: bytes})
}

// Log answers a page of what was read in the hours from one on, up to another, the newest
// first, and how many lines there are in all. Nothing is older than three days.
func (l *Links) Log(ctx context.Context, acc account.ID, from, to Hour, skip, limit int) (list []Line, total int64, err error) {
	from = max(from, HourOf(l.db.Now())-logHours)
	err = l.db.Read(ctx, "direct: log", func(tx *db.Tx) error {
		if _, err := tx.Get(ctx, countLog, []any{acc, from, to}, &total); err != nil {
			return err
		}
		if list, err = db.Collect(ctx, tx, scanLine, selectLog, acc, from, to, limit, skip); err != nil {
			return err
		}
		paths := make(map[drive.ID]string)
		for i := range list {
			path, known := paths[list[i].ID]
			if !known {
				way, err := drive.Way(ctx, tx, acc, list[i].ID)
				if err != nil && !fault.Is(err, fault.NotFound) {
					return err
				}
				path = Plain(way)
				paths[list[i].ID] = path
			}
			list[i].Path = path
		}
		return nil
	})
	return list, total, err
}

// SweepOld removes what no log tells any more, so many rows at a time; more says that
// there may be others.
func (l *Links) SweepOld(ctx context.Context, rows int) (more bool, err error) {
	err = l.db.Write(ctx, "direct: sweep", func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, deleteOld, HourOf(tx.Now())-keepHours, rows)
		more = n == int64(rows)
		return err
	})
	return more, err
}

// KeepCounts writes down what was counted since. What can't be written is kept for the
// next time; where nobody can say whether it was written it is not, so that nothing is
// counted twice.
func (l *Links) KeepCounts(ctx context.Context) error {
	taken := l.counts.take()
	keys := slices.SortedFunc(maps.Keys(taken), func(a, b counted) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.hour, b.hour), cmp.Compare(a.file, b.file))
	})
	for some := range slices.Chunk(keys, inOne) {
		err := l.db.Write(ctx, "direct: count", func(tx *db.Tx) error { return keep(ctx, tx, some, taken) })
		if err == nil || fault.Is(err, fault.Uncertain) {
			for _, k := range some {
				delete(taken, k)
			}
		}
		if err != nil {
			for k, v := range taken {
				l.counts.add(k, v)
			}
			return err
		}
	}
	return nil
}

// keep writes down what was counted for some files. Of those that have no row in their
// hour yet, as many get one as there may be.
func keep(ctx context.Context, tx *db.Tx, keys []counted, all map[counted]traffic) error {
	var fresh []counted
	for _, k := range keys {
		n, err := tx.Exec(ctx, addTraffic, k.account, k.hour, k.file, all[k].requests, all[k].bytes)
		if err != nil {
			return err
		}
		if n == 0 {
			fresh = append(fresh, k)
		}
	}
	for len(fresh) > 0 {
		first, n := fresh[0], 1
		for n < len(fresh) && fresh[n].account == first.account && fresh[n].hour == first.hour {
			n++
		}
		if err := keepFresh(ctx, tx, fresh[:n], all); err != nil {
			return err
		}
		fresh = fresh[n:]
	}
	return nil
}

// keepFresh is keep for files of one account and hour that have no row.
func keepFresh(ctx context.Context, tx *db.Tx, keys []counted, all map[counted]traffic) error {
	acc, hour, there := keys[0].account, keys[0].hour, 0
	if _, err := tx.Get(ctx, countHour, []any{acc, hour}, &there); err != nil {
		return err
	}
	keys = keys[:max(0, min(len(keys), hourFiles-there))]
	ids := make([]drive.ID, len(keys))
	for i, k := range keys {
		ids[i] = k.file
	}
	known, err := drive.Lookup(ctx, tx, acc, ids)
	if err != nil {
		return err
	}
	for _, k := range keys {
		e, found := known[k.file]
		if !found {
			continue // it was deleted for good meanwhile
		}
		if _, err := tx.Exec(ctx, insertTraffic, acc, hour, k.file, e.Name, e.Size, all[k].requests, all[k].bytes); err != nil {
			return err
		}
	}
	return nil
}

// counts are what is not written down yet.
type counts struct {
	mu sync.Mutex
	m  map[counted]traffic
}

type (
	counted struct {
		account account.ID
		hour    Hour
		file    drive.ID
	}
	traffic struct{ requests, bytes int64 }
)

func (c *counts) add(k counted, v traffic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, known := c.m[k]
	if !known && len(c.m) >= maxCounted {
		return
	}
	if c.m == nil {
		c.m = make(map[counted]traffic)
	}
	c.m[k] = traffic{was.requests + v.requests, was.bytes + v.bytes}
}

func (c *counts) take() map[counted]traffic {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.m
	c.m = nil
	return taken
}
