package drive

import (
	"cmp"
	"context"
	"math"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

const (
	nextUnindexed  = `SELECT id FROM drive_unindexed WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`
	namesUnindexed = `
		SELECT u.id, coalesce(e.name, '') FROM drive_unindexed u LEFT JOIN drive_entry e ON e.account_id = u.account_id AND e.id = u.id
		WHERE u.account_id = $1 AND u.id > $2 ORDER BY u.id LIMIT $3`
	// The next account that has any.
	unindexedOf = `SELECT account_id FROM drive_unindexed WHERE account_id > $1 ORDER BY account_id, id LIMIT 1`
)

var (
	deleteUnindexed = db.List(`DELETE FROM drive_unindexed WHERE account_id = $1 AND id IN (`, 2, `)`)
	selectNames     = db.List(`SELECT id, name FROM drive_entry WHERE account_id = $1 AND id IN (`, 2, `)`)
)

// indexAtOnce is how many names are put into the index in one transaction: others wait for
// it some milliseconds.
const indexAtOnce = 128

// indexRound is how many transactions an account has in a round: then it is looked which
// others have names that wait.
const indexRound = 64

// IndexNames puts all names into the index that are not in it as they are, in short
// transactions, each account in its turn. Searches are right before and after.
func (d *Drive) IndexNames(ctx context.Context) error {
	for ctx.Err() == nil {
		waiting, err := d.unindexedAccounts(ctx)
		if err != nil || len(waiting) == 0 {
			return err
		}
		err = d.indexThose(ctx, waiting)
		if slices.Contains(fault.ArgsOf(err), any(fault.DataMoved)) { // nothing is written here any more
			return nil
		}
		if err != nil {
			return err
		}
	}
	return fault.Wrap(ctx.Err(), "drive: index names")
}

// unindexedAccounts are the accounts with names that are to be put into the index.
func (d *Drive) unindexedAccounts(ctx context.Context) (list []account.ID, err error) {
	for last := account.ID(-1); ctx.Err() == nil; {
		found, err := d.db.Get(ctx, "drive: index names", unindexedOf, []any{last}, &last)
		if err != nil || !found {
			return list, err
		}
		list = append(list, last)
	}
	return nil, fault.Wrap(ctx.Err(), "drive: index names")
}

// indexThose indexes some names of accounts. It goes on behind the last one each time: what
// was taken out before may have to be passed by the database as long as somebody reads
// what was.
func (d *Drive) indexThose(ctx context.Context, waiting []account.ID) error {
	after := make(map[account.ID]ID)
	for range indexRound {
		for _, acc := range slices.Clone(waiting) {
			if err := ctx.Err(); err != nil {
				return fault.Wrap(err, "drive: index names")
			}
			var n int
			err := d.db.Write(ctx, "drive: index names", func(tx *db.Tx) (err error) {
				n, after[acc], err = indexSome(ctx, tx, acc, after[acc])
				return err
			})
			if err != nil {
				return err
			}
			if n < indexAtOnce {
				waiting = slices.DeleteFunc(waiting, func(one account.ID) bool { return one == acc })
			}
		}
	}
	return nil
}

// indexSome indexes names behind one, and says how many and which was the last.
func indexSome(ctx context.Context, tx *db.Tx, acc account.ID, after ID) (n int, last ID, err error) {
	if _, err := account.Lock(ctx, tx, acc); err != nil {
		return 0, after, err
	}
	ids, err := db.Collect(ctx, tx, scanID, nextUnindexed, acc, after, indexAtOnce)
	if err != nil || len(ids) == 0 {
		return 0, after, fault.Wrap(err, "drive: index names")
	}
	return len(ids), ids[len(ids)-1], Reindex(ctx, tx, acc, ids)
}

// Reindex puts the names of entries into the index, as they are, and takes those out that
// have gone. Call it with the account locked.
func Reindex(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) error {
	found, err := db.CollectIn(ctx, tx, scanNamed, selectNames, []any{acc}, ids)
	if err != nil {
		return fault.Wrap(err, "drive: index names")
	}
	names := make(map[ID]string, len(found))
	for _, n := range found {
		names[n.id] = n.name
	}
	list := make([]db.Worded, len(ids))
	for i, id := range ids {
		list[i].ID = int64(id)
		if name, there := names[id]; there {
			list[i].Words = wordsOf(name)
		}
	}
	if err := tx.PutWords(ctx, index, int64(acc), list); err != nil {
		return fault.Wrap(err, "drive: index names")
	}
	err = db.InChunks([]any{acc}, ids, func(n int, args []any) error {
		_, err := tx.Exec(ctx, deleteUnindexed[n], args...)
		return err
	})
	return fault.Wrap(err, "drive: index names")
}

// Indexed says whether the index has an entry under a name, or knows that it is to have it.
func Indexed(ctx context.Context, tx *db.Tx, acc account.ID, id ID, name string) (bool, error) {
	has, err := tx.HasWords(ctx, index, int64(acc), int64(id), []int64{anyName, whole(name)})
	if err != nil || has {
		return has, fault.Wrap(err, "drive: indexed")
	}
	return unindexed(ctx, tx, acc, id)
}

const isUnindexed = `SELECT 1 FROM drive_unindexed WHERE account_id = $1 AND id = $2`

func unindexed(ctx context.Context, tx *db.Tx, acc account.ID, id ID) (bool, error) {
	noted, err := tx.Get(ctx, isUnindexed, []any{acc, id}, new(int))
	return noted, fault.Wrap(err, "drive: indexed")
}

// IndexedNone answers the entries that the index has after a given one, and that are not
// there, nor known to have gone; next is the one to go on after, 0 at the end. It looks at
// some thousands.
func IndexedNone(ctx context.Context, tx *db.Tx, acc account.ID, after ID) (none []ID, next ID, err error) {
	err = tx.EachWithWords(ctx, index, int64(acc), []int64{anyName}, int64(after), func(found []int64) (bool, error) {
		if len(found) == 0 {
			next = 0
			return true, nil
		}
		list, err := db.CollectIn(ctx, tx, scanNamed, selectNames, []any{acc}, found)
		if err != nil {
			return false, err
		}
		there := make(map[int64]bool, len(list))
		for _, n := range list {
			there[int64(n.id)] = true
		}
		for _, id := range found {
			if there[id] {
				continue
			}
			if noted, err := unindexed(ctx, tx, acc, ID(id)); err != nil || noted {
				if err != nil {
					return false, err
				}
				continue
			}
			none = append(none, ID(id))
		}
		next = ID(found[len(found)-1])
		return true, nil
	})
	return none, next, fault.Wrap(err, "drive: indexed")
}

// candidates is how many names any request may look at.
const candidates = 5_000

// Search answers the account's entries whose name contains a text, whatever the case and the
// width of its letters, or is exactly it, in order of id. Where more names are to be looked
// at than a request may it waits for its turn; what does not get turn and answer in time is
// fault.Unavailable.
func (d *Drive) Search(ctx context.Context, acc account.ID, text string, exact bool, after ID, limit int) (p Page, err error) {
	const op = "drive: search"
	s := newSearched(text, exact)
	enough := false
	look := func(ctx context.Context, tx *db.Tx, most int) error {
		p = Page{}
		if enough, err = s.page(ctx, tx, acc, after, limit, most, &p); err != nil || !enough {
			return err
		}
		if p.Entries, err = visible(ctx, tx, acc, p.Entries); err != nil {
			return err
		}
		return tellBlocked(ctx, tx, acc, p.Entries)
	}
	err = d.db.Read(ctx, op, func(tx *db.Tx) error { return look(ctx, tx, candidates) })
	if err == nil && !enough {
		err = d.long(ctx, op, func(ctx context.Context, tx *db.Tx) error { return look(ctx, tx, math.MaxInt) })
	}
	return p, err
}

// page finds the next entries; enough is false where it would have to look at more names
// than it may.
func (s searched) page(ctx context.Context, tx *db.Tx, acc account.ID, after ID, limit, most int, p *Page) (enough bool, err error) {
	var all []Entry
	for _, source := range sources {
		var some []Entry
		whole, err := s.each(ctx, tx, acc, after, most, source, func(found []Entry) bool {
			some = append(some, found...)
			return len(some) > limit
		})
		if err != nil || !whole {
			return false, err
		}
		all = append(all, some...)
	}
	all = inOrder(all)
	if p.More = len(all) > limit; p.More {
		all = all[:limit]
	}
	if p.Entries = all; len(all) > 0 {
		p.Next = all[len(all)-1].ID
	}
	return true, nil
}

// inOrder sorts entries by id. One that two sources have is one.
func inOrder(list []Entry) []Entry {
	slices.SortFunc(list, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(list, func(a, b Entry) bool { return a.ID == b.ID })
}

// named is an entry that may be searched for.
type named struct {
	id   ID
	name string // "" of what has gone
}

func scanNamed(row db.Row) (n named, err error) { return n, row.Scan(&n.id, &n.name) }

// source hands on entries, in order of id, until that is enough.
type source func(ctx context.Context, tx *db.Tx, acc account.ID, s searched, after ID, fn func([]named) (enough bool, err error)) error

// What is searched for is in the index under its name, or is noted as not being there.
var sources = []source{unindexedNames, indexedNames}

func unindexedNames(ctx context.Context, tx *db.Tx, acc account.ID, _ searched, after ID, fn func([]named) (bool, error)) error {
	const rows = 1000
	for {
		list, err := db.Collect(ctx, tx, scanNamed, namesUnindexed, acc, after, rows)
		if err != nil {
			return err
		}
		if enough, err := fn(list); err != nil || enough || len(list) < rows {
			return err
		}
		after = list[rows-1].id
	}
}

func indexedNames(ctx context.Context, tx *db.Tx, acc account.ID, s searched, after ID, fn func([]named) (bool, error)) error {
	return tx.EachWithWords(ctx, index, int64(acc), s.words(), int64(after), func(ids []int64) (bool, error) {
		list, err := db.CollectIn(ctx, tx, scanNamed, selectNames, []any{acc}, ids)
		if err != nil {
			return false, err
		}
		return fn(list)
	})
}

// each hands the entries on that a source has and that are searched for, until that is
// enough. It looks at so many names; whole is false where it would be more.
func (s searched) each(ctx context.Context, tx *db.Tx, acc account.ID, after ID, most int, from source, fn func([]Entry) (enough bool)) (whole bool, err error) {
	if s.text == "" {
		return true, nil
	}
	whole = true
	err = from(ctx, tx, acc, s, after, func(list []named) (bool, error) {
		if most -= len(list); most < 0 {
			whole = false
			return true, nil
		}
		var ids []ID
		for _, n := range list {
			if s.has(n.name) {
				ids = append(ids, n.id)
			}
		}
		found, err := db.CollectIn(ctx, tx, scanEntry, selectByIDs, []any{acc}, ids)
		if err != nil {
			return false, err
		}
		return fn(slices.DeleteFunc(found, func(e Entry) bool { return e.Trashed == Detached })), nil
	})
	return whole, fault.Wrap(err, "drive: search")
}

// hit is what a page of numbers wants to know of an entry that it may not show.
type hit struct {
	id     ID
	file   int    // 1 for a file where folders come first
	name   string // where it is ordered by name
	number int64  // where it is ordered by one
}

// searchPage is ListPage for a search: all that is searched for is found and sorted, for
// the page and for how many there are.
func (d *Drive) searchPage(ctx context.Context, acc account.ID, q PageQuery) (list []Entry, total int64, err error) {
	const op = "drive: search page"
	s := newSearched(q.Search, false)
	enough := false
	look := func(ctx context.Context, tx *db.Tx, most int) error {
		hits, whole, err := s.all(ctx, tx, acc, q, most)
		if enough = whole; err != nil || !whole {
			return err
		}
		slices.SortFunc(hits, func(a, b hit) int {
			if c := cmp.Compare(a.file, b.file); c != 0 {
				return c
			}
			c := cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.number, b.number), cmp.Compare(a.id, b.id))
			if q.Desc {
				c = -c
			}
			return c
		})
		total = int64(len(hits))
		list, err = shownHits(ctx, tx, acc, hits, q)
		return err
	}
	err = d.db.Read(ctx, op, func(tx *db.Tx) error { return look(ctx, tx, candidates) })
	if err == nil && !enough {
		err = d.long(ctx, op, func(ctx context.Context, tx *db.Tx) error { return look(ctx, tx, math.MaxInt) })
	}
	return list, total, err
}

// all finds all live entries that are searched for.
func (s searched) all(ctx context.Context, tx *db.Tx, acc account.ID, q PageQuery, most int) (hits []hit, whole bool, err error) {
	for _, source := range sources {
		whole, err := s.each(ctx, tx, acc, Root, most, source, func(found []Entry) bool {
			for _, e := range found {
				if e.Trashed == Live {
					hits = append(hits, hitOf(e, q))
				}
			}
			return false
		})
		if err != nil || !whole {
			return nil, whole, err
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.id, b.id) })
	return slices.CompactFunc(hits, func(a, b hit) bool { return a.id == b.id }), true, nil
}

func hitOf(e Entry, q PageQuery) hit {
	h := hit{id: e.ID}
	if q.FoldersFirst && !e.IsFolder() {
		h.file = 1
	}
	switch q.Order {
	case ByName:
		h.name = e.Name
	case BySize:
		h.number = e.Size
	case ByCreated:
		h.number = e.CreatedAt.UnixMicro()
	case ByUpdated:
		h.number = e.UpdatedAt.UnixMicro()
	case ByID:
	}
	return h
}

// shownHits answers the entries of a page of hits that are in order.
func shownHits(ctx context.Context, tx *db.Tx, acc account.ID, hits []hit, q PageQuery) ([]Entry, error) {
	if int64(q.Page) > (int64(len(hits))+int64(q.Limit)-1)/int64(q.Limit) {
		return nil, nil
	}
	from := (q.Page - 1) * q.Limit
	hits = hits[from:min(from+q.Limit, len(hits))]
	list := make([]Entry, len(hits))
	for i, h := range hits {
		list[i].ID = h.id
	}
	list, err := visible(ctx, tx, acc, list)
	if err != nil {
		return nil, err
	}
	if err := tellBlocked(ctx, tx, acc, list); err != nil {
		return nil, err
	}
	return list, nameParents(ctx, tx, acc, list)
}
