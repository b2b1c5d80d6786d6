package drive

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// room is the real drive of an account on a real database.
type room struct {
	rapid.TB
	*Drive
	ctx context.Context
	acc account.ID
}

// each runs a test in a drive of its own on every engine.
func each(t *testing.T, fn func(r *room)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := &room{TB: t, Drive: New(d), ctx: t.Context()}
		fn(r.account("writer", account.NoQuota))
	})
}

// account gives the drive of another account.
func (r *room) account(name string, quota int64) *room {
	r.Helper()
	other := *r
	r.write(func(tx *db.Tx) error {
		s, err := account.Add(r.ctx, tx, name, quota, false, account.Password{})
		if err != nil {
			return err
		}
		other.acc = s.ID
		return MakeRoot(r.ctx, tx, s.ID)
	})
	return &other
}

func (r *room) write(fn func(tx *db.Tx) error) {
	r.Helper()
	r.must(r.db.Write(r.ctx, "test", fn))
}

func (r *room) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *room) fails(err error, want fault.Code, when string) {
	r.Helper()
	if !fault.Is(err, want) {
		r.Errorf("%s: %v, want %s", when, err, want)
	}
}

// answers is fails for what may go well, which is "".
func (r *room) answers(err error, want fault.Code, when string) {
	r.Helper()
	if got := fault.CodeOf(err); got != want {
		r.Errorf("%s: %q (%v), want %q", when, got, err, want)
	}
}

func (r *room) exec(query string, args ...any) {
	r.Helper()
	r.write(func(tx *db.Tx) error {
		n, err := tx.Exec(r.ctx, query, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("no row for %s", query)
		}
		return err
	})
}

func etag(content int) string { return fmt.Sprintf("%032x", content) }

func size(content int) int64 { return 10 * int64(content) }

// try makes a file that shows numbered content.
func (r *room) try(parent ID, name string, content int, dup Duplicate) (ID, error) {
	r.Helper()
	id, err := r.NewID(r.ctx)
	r.must(err)
	return id, r.db.Write(r.ctx, "test: put", func(tx *db.Tx) error {
		if _, err := account.Lock(r.ctx, tx, r.acc); err != nil {
			return err
		}
		blobID, found, err := blob.Find(r.ctx, tx, int64(r.acc), etag(content), size(content))
		if err != nil {
			return err
		}
		if !found {
			if blobID, err = account.NextBlob(r.ctx, tx, r.acc); err != nil {
				return err
			}
			key := blob.Key{Account: int64(r.acc), ID: blobID}
			if err := blob.Begin(r.ctx, tx, key); err != nil {
				return err
			}
			if _, err := blob.Finish(r.ctx, tx, key, blob.Facts{SHA256: etag(content), MD5: etag(content), Size: size(content)}); err != nil {
				return err
			}
		}
		return Put(r.ctx, tx, r.acc, File{ID: id, Parent: parent, Name: name, BlobID: blobID, Size: size(content), Etag: etag(content), Duplicate: dup}, 0)
	})
}

func (r *room) put(parent ID, name string, content int) ID {
	r.Helper()
	id, err := r.try(parent, name, content, Refuse)
	r.must(err)
	return id
}

func (r *room) mkdir(parent ID, name string) ID {
	r.Helper()
	id, err := r.Mkdir(r.ctx, r.acc, parent, name)
	r.must(err)
	return id
}

func (r *room) get(id ID) Entry {
	r.Helper()
	e, _, err := r.Get(r.ctx, r.acc, id)
	r.must(err)
	return e
}

// has compares the names of a folder: those in the trash are in brackets.
func (r *room) has(folder ID, want ...string) map[string]ID {
	r.Helper()
	p, err := r.List(r.ctx, r.acc, folder, 0, 1000)
	r.must(err)
	got, live := make(map[string]ID), int64(0)
	for _, e := range p.Entries {
		name := e.Name
		if e.Trashed != Live {
			name = "(" + name + ")"
		} else {
			live++
		}
		got[name] = e.ID
	}
	names := slices.Sorted(maps.Keys(got))
	slices.Sort(want)
	if !slices.Equal(names, want) {
		r.Errorf("the folder holds %q, want %q", names, want)
	}
	var children int64
	r.write(func(tx *db.Tx) error {
		_, err := tx.Get(r.ctx, `SELECT children FROM drive_entry WHERE account_id = $1 AND id = $2`, []any{r.acc, folder}, &children)
		return err
	})
	if children != live {
		r.Errorf("the folder counts %d children and has %d", children, live)
	}
	return got
}

func (r *room) used() int64 {
	r.Helper()
	var a account.Account
	r.write(func(tx *db.Tx) (err error) {
		a, err = account.Lock(r.ctx, tx, r.acc)
		return err
	})
	return a.Used
}

// counted is how many entries the account counts, after a look that those are there.
func (r *room) counted() (n int64) {
	r.Helper()
	var there int64
	_, err := r.db.Get(r.ctx, "test", `
		SELECT entries, (SELECT count(*) FROM drive_entry WHERE account_id = $1 AND id <> 0) FROM account WHERE id = $1`, []any{r.acc}, &n, &there)
	r.must(err)
	if n != there {
		r.Errorf("%d entries are counted, %d are there", n, there)
	}
	return n
}

// many makes so many files of 10 bytes each right in a folder, without the room.
func (r *room) many(parent ID, n int) {
	r.Helper()
	r.put(parent, "first.png", 1)
	blobID := r.get(r.has1(parent)).BlobID
	r.exec(`
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $4)
		INSERT INTO drive_entry (account_id, id, parent_id, name, class, blob_id, size, etag, trashed, children, created_at, updated_at)
		SELECT $1, 1000000000 + 1000000 * CAST($2 AS BIGINT) + i, $2, i || '.png', 1, $3, 10, $5, 0, 0, 0, 0 FROM n`, r.acc, parent, blobID, n-1, etag(1))
	r.exec(`UPDATE account SET used = used + $2, entries = entries + $3 WHERE id = $1`, r.acc, 10*(n-1), n-1)
	r.write(func(tx *db.Tx) error { return count(r.ctx, tx, r.acc, parent, int64(n-1), int64(10*(n-1))) })
}

// has1 is the one entry of a folder.
func (r *room) has1(folder ID) ID {
	r.Helper()
	p, err := r.List(r.ctx, r.acc, folder, 0, 2)
	if err != nil || len(p.Entries) != 1 {
		r.Fatalf("%+v %v", p, err)
	}
	return p.Entries[0].ID
}

// rows counts the account's entries, the root included.
func (r *room) rows() (n int) {
	r.Helper()
	r.write(func(tx *db.Tx) error {
		_, err := tx.Get(r.ctx, `SELECT count(*) FROM drive_entry WHERE account_id = $1`, []any{r.acc}, &n)
		return err
	})
	return n
}
