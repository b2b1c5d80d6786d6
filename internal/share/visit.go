package share

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

// Open answers the share of a key, and whose it is, for a visitor: fault.ShareNotFound
// where there is none or its account may not act, fault.ShareExpired where its time is
// over. The caller has to ask for its password.
func (s *Shares) Open(ctx context.Context, key string) (sh Share, acc account.ID, err error) {
	if acc, err = ownerOf(key); err != nil {
		return Share{}, 0, err
	}
	err = s.db.Read(ctx, "share: open", func(tx *db.Tx) error {
		list, err := db.Collect(ctx, tx, scanAt(s.db.Now()), selectByKey, acc, key)
		if err == nil && len(list) == 0 {
			err = fault.New(fault.ShareNotFound, "share: open")
		}
		if err != nil {
			return err
		}
		owner, err := account.Read(ctx, tx, acc)
		if err != nil {
			return err
		}
		if owner.State != account.Enabled {
			return fault.New(fault.ShareNotFound, "share: open")
		}
		sh = list[0]
		return nil
	})
	if err == nil && sh.Expired {
		err = fault.New(fault.ShareExpired, "share: open")
	}
	return sh, acc, err
}

// Page is a part of what a visitor sees: the shared entries, or a folder below them.
type Page struct {
	Folder  drive.Entry   // zero at the top
	Way     []drive.Entry // the folders that lead to it, the shared one first
	Entries []drive.Entry // by name
	More    bool          // there are entries after the last
}

// Top answers the shared entries that are there, by name. Where nothing is any more it is
// fault.NotFound.
func (s *Shares) Top(ctx context.Context, acc account.ID, id ID) (p Page, err error) {
	err = s.db.Read(ctx, "share: top", func(tx *db.Tx) error {
		tops, err := filesOf(ctx, tx, acc, id)
		if err != nil {
			return err
		}
		p = Page{}
		known, err := drive.Lookup(ctx, tx, acc, tops)
		for _, e := range known {
			if e.Trashed == drive.Live {
				p.Entries = append(p.Entries, e)
			}
		}
		return err
	})
	if err == nil && len(p.Entries) == 0 {
		err = fault.New(fault.NotFound, "share: top")
	}
	slices.SortFunc(p.Entries, func(a, b drive.Entry) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return p, err
}

// Find answers an entry below what is shared, and the folders that lead to it:
// fault.NotFound where there is none.
func (s *Shares) Find(ctx context.Context, acc account.ID, id ID, at drive.ID) (e drive.Entry, way []drive.Entry, err error) {
	err = s.db.Read(ctx, "share: find", func(tx *db.Tx) error {
		e, way, err = find(ctx, tx, acc, id, at)
		return err
	})
	return e, way, err
}

// Browse answers what is in a folder below what is shared, by name after a given one:
// fault.NotFound where there is no such folder, fault.NotFolder for a file.
func (s *Shares) Browse(ctx context.Context, acc account.ID, id ID, folder drive.ID, after string, limit int) (p Page, err error) {
	err = s.db.Read(ctx, "share: browse", func(tx *db.Tx) error {
		p = Page{}
		if p.Folder, p.Way, err = find(ctx, tx, acc, id, folder); err != nil {
			return err
		}
		if !p.Folder.IsFolder() {
			return fault.New(fault.NotFolder, "share: browse", int64(folder))
		}
		p.Entries, err = drive.Children(ctx, tx, acc, folder, after, limit+1)
		if p.More = len(p.Entries) > limit; p.More {
			p.Entries = p.Entries[:limit]
		}
		return err
	})
	return p, err
}

func find(ctx context.Context, tx *db.Tx, acc account.ID, id ID, at drive.ID) (drive.Entry, []drive.Entry, error) {
	tops, err := filesOf(ctx, tx, acc, id)
	if err != nil {
		return drive.Entry{}, nil, err
	}
	return drive.Inside(ctx, tx, acc, tops, at)
}

// Previewed counts that a visitor has opened the page.
func (s *Shares) Previewed(acc account.ID, id ID) { s.counts.add(acc, id, visits{previews: 1}) }

// Downloaded counts a file that a visitor has asked for.
func (s *Shares) Downloaded(acc account.ID, id ID) { s.counts.add(acc, id, visits{downloads: 1}) }

// KeepCounts writes down what was counted since. Visitors don't wait for it: all those of one
// share change one row. What can't be written is kept for the next time, but where nobody can
// say whether it was: nothing is counted twice.
func (s *Shares) KeepCounts(ctx context.Context) error {
	taken := s.counts.take()
	if len(taken) == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(taken), func(a, b counted) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.share, b.share))
	})
	err := s.db.Write(ctx, "share: count", func(tx *db.Tx) error {
		for _, k := range keys {
			v := taken[k]
			if _, err := tx.Exec(ctx, countVisits, k.account, k.share, v.previews, v.downloads); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !fault.Is(err, fault.Uncertain) {
		for k, v := range taken {
			s.counts.add(k.account, k.share, v)
		}
	}
	return err
}

// maxCounted is how many shares are counted for in memory; visits of others are not
// counted until those are written down.
const maxCounted = 10_000

// counts are visits that are not written down yet.
type counts struct {
	mu sync.Mutex
	m  map[counted]visits
}

type (
	counted struct {
		account account.ID
		share   ID
	}
	visits struct{ previews, downloads int64 }
)

func (c *counts) add(acc account.ID, id ID, v visits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := counted{acc, id}
	was, known := c.m[k]
	if !known && len(c.m) >= maxCounted {
		return
	}
	if c.m == nil {
		c.m = make(map[counted]visits)
	}
	c.m[k] = visits{was.previews + v.previews, was.downloads + v.downloads}
}

func (c *counts) take() map[counted]visits {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.m
	c.m = nil
	return taken
}
