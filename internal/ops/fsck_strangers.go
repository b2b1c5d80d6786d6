package ops

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
)

// strangers finds what is stored and has no row. A key has its row before its first
// byte, and is noted as doomed until its last is gone: so what is listed once more
// after the database did not know it is nobody's, unless something names it. What is
// named is never removed: its row is made again where the bytes are those that were
// meant.
func (f *Fsck) strangers(ctx context.Context) error {
	first, err := f.unknown(ctx, nil)
	if err == nil && len(first) > 0 {
		if err := rest(ctx, f.Settle); err != nil {
			return err
		}
		first, err = f.unknown(ctx, first)
	}
	if fault.Is(err, fault.Internal) && ctx.Err() == nil && fault.Is(f.list(ctx), fault.Internal) {
		return f.Found(Finding{Code: "store.unlisted", Place: "store", Has: err.Error()})
	}
	if err != nil {
		return err
	}
	gone := make(map[blob.Key]bool)
	for page := range slices.Chunk(first, pageRows) {
		facts, err := f.factsOf(ctx, page)
		if err != nil {
			return err
		}
		err = f.look(ctx, 0, func(tx *db.Tx) (all []Finding, err error) {
			names, err := namesOf(ctx, tx, page)
			for _, e := range page {
				if err != nil {
					return nil, err
				}
				var found []Finding
				found, err = f.stranger(ctx, tx, e, names[e.Key], facts[e.Key], gone)
				all = append(all, found...)
			}
			return all, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// list says whether the store can be listed.
func (f *Fsck) list(ctx context.Context) error {
	return f.Store.List(ctx, func(blob.Entry) error { return nil })
}

// stranger judges one key of the store; those that were removed are noted in gone.
func (f *Fsck) stranger(ctx context.Context, tx *db.Tx, e blob.Entry, names []meant, facts *blob.Facts, gone map[blob.Key]bool) ([]Finding, error) {
	known, err := tx.Get(ctx, knownKey, []any{e.Key.Account, e.Key.ID}, new(int))
	if err != nil || known || gone[e.Key] {
		return nil, err
	}
	twin := int64(0)
	if facts != nil {
		if twin, _, err = blob.FindSHA256(ctx, tx, e.Key.Account, facts.SHA256); err != nil {
			return nil, err
		}
	}
	at := "store " + e.Key.String()
	if slices.ContainsFunc(names, func(m meant) bool { return m.shown || twin == 0 }) {
		found := Finding{Code: "store.needed", Place: at, Want: names[0].String()}
		switch {
		case facts == nil:
		case slices.ContainsFunc(names, func(m meant) bool { return m.is(*facts) }):
			found.fix = func(ctx context.Context, tx *db.Tx) error { return f.rowAgain(ctx, tx, e.Key, *facts) }
		default:
			found.Has = meant{etag: facts.MD5, size: facts.Size}.String()
		}
		return []Finding{found}, nil
	}
	found := Finding{Code: "store.foreign", Place: at, Has: strconv.FormatInt(e.Size, 10)}
	ours, err := tx.Get(ctx, gaveKey, []any{e.Key.Account, e.Key.ID}, new(int))
	if ours {
		found.Code = "store.stranger"
		found.fix = func(ctx context.Context, tx *db.Tx) error {
			now, err := namesOf(ctx, tx, []blob.Entry{e})
			if err == nil && len(now[e.Key]) > len(names) {
				err = fault.Because(fault.Internal, "ops: repair", errNamed)
			}
			if err == nil {
				err = f.Store.Remove(ctx, e.Key)
			}
			gone[e.Key] = err == nil
			return err
		}
	}
	return []Finding{found}, err
}

var errNamed = errors.New("something refers to it by now")

// rowAgain makes the row of content again, or lets what showed it show the same content
// that is there under another key.
func (f *Fsck) rowAgain(ctx context.Context, tx *db.Tx, key blob.Key, facts blob.Facts) error {
	acc := account.ID(key.Account)
	if _, err := account.Lock(ctx, tx, acc); err != nil {
		return err
	}
	moved := map[int64]int64{} // from one content to another
	if twin, there, err := blob.FindSHA256(ctx, tx, key.Account, facts.SHA256); err != nil {
		return err
	} else if there {
		moved[key.ID] = twin
	} else {
		if _, err := tx.Exec(ctx, `DELETE FROM doomed WHERE account_id = $1 AND blob_id = $2`, key.Account, key.ID); err != nil {
			return err
		}
		if err := blob.Begin(ctx, tx, key); err != nil {
			return err
		}
		done, err := blob.Finish(ctx, tx, key, facts)
		if err != nil {
			return err
		}
		for _, lost := range done.Instead {
			moved[lost] = key.ID
		}
		// Where a task alone names it, it goes in time as everything does.
		if err := blob.Released(ctx, tx, key.Account, []int64{key.ID}); err != nil {
			return err
		}
	}
	for from, to := range moved {
		if err := drive.MoveContent(ctx, tx, acc, from, to); err != nil {
			return err
		}
		if err := imagebed.New(f.DB).MoveContent(ctx, tx, acc, from, to); err != nil {
			return err
		}
	}
	return nil
}

// meant is what something that names a content says of it.
type meant struct {
	etag  string
	size  int64
	shown bool // by a file or an image
}

func (m meant) String() string { return m.etag + " " + strconv.FormatInt(m.size, 10) }

func (m meant) is(facts blob.Facts) bool {
	return strings.EqualFold(m.etag, facts.MD5) && m.size == facts.Size
}

// naming are the queries for what names contents, those that show them first.
var naming = []struct {
	query db.Statements
	shown bool
}{
	{db.List(`SELECT blob_id, etag, size FROM drive_entry WHERE account_id = $1 AND blob_id IN (`, 2, `)`), true},
	{db.List(`SELECT blob_id, etag, size FROM image WHERE account_id = $1 AND blob_id IN (`, 2, `)`), true},
	{db.List(`SELECT blob_id, etag, size FROM upload WHERE account_id = $1 AND state = 1 AND blob_id IN (`, 2, `)`), true},
	{db.List(`SELECT DISTINCT blob_id, etag, size FROM copy_item WHERE account_id = $1 AND blob_id IN (`, 2, `)`), false},
	{db.List(`SELECT DISTINCT was_blob, was_etag, was_size FROM publication WHERE account_id = $1 AND was_blob IN (`, 2, `)`), false},
}

// namesOf answers what is said of contents by everything that names them.
func namesOf(ctx context.Context, tx *db.Tx, page []blob.Entry) (map[blob.Key][]meant, error) {
	ids := make(map[int64][]int64)
	for _, e := range page {
		if !slices.Contains(ids[e.Key.Account], e.Key.ID) { // staged and committed
			ids[e.Key.Account] = append(ids[e.Key.Account], e.Key.ID)
		}
	}
	out := make(map[blob.Key][]meant)
	for acc, ids := range ids {
		for _, by := range naming {
			err := db.InChunks([]any{acc}, ids, func(n int, args []any) error {
				return tx.Each(ctx, func(row db.Row) error {
					key, m := blob.Key{Account: acc}, meant{shown: by.shown}
					if err := row.Scan(&key.ID, &m.etag, &m.size); err != nil {
						return err
					}
					out[key] = append(out[key], m)
					return nil
				}, by.query[n], args...)
			})
			if err != nil {
				return nil, fault.Wrap(err, "ops: names")
			}
		}
	}
	return out, nil
}

// factsOf reads those contents of a page that something names. What can't be read is
// left out.
func (f *Fsck) factsOf(ctx context.Context, page []blob.Entry) (map[blob.Key]*blob.Facts, error) {
	var names map[blob.Key][]meant
	err := f.read(ctx, func(tx *db.Tx) (err error) {
		names, err = namesOf(ctx, tx, page)
		return err
	})
	out := make(map[blob.Key]*blob.Facts)
	for key := range names {
		if err != nil {
			return nil, err
		}
		var facts *blob.Facts
		facts, err = f.facts(ctx, key)
		if code := fault.CodeOf(err); code == fault.ContentMissing || code == fault.Internal {
			err = nil
			continue
		}
		out[key] = facts
	}
	return out, err
}

func (f *Fsck) facts(ctx context.Context, key blob.Key) (facts *blob.Facts, err error) {
	o, err := f.Store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	digest := blob.NewDigest()
	if err := f.readAll(ctx, digest, o); err != nil {
		return nil, err
	}
	if digest.Size() != o.Size() {
		return nil, fault.Because(fault.Internal, "ops: read content", fmt.Errorf("%s ends early", key))
	}
	sha256, sha1, md5 := digest.Sums()
	p := picture.Probe(o, o.Size())
	return &blob.Facts{
		SHA256: hex.EncodeToString(sha256[:]), SHA1: hex.EncodeToString(sha1[:]), MD5: hex.EncodeToString(md5[:]), Size: o.Size(),
		Type: p.Type, Width: p.Width, Height: p.Height,
	}, nil
}

// gaveKey says whether this database has ever given a key out. One that it has not is
// another one's, or was written after what this one was restored from.
const gaveKey = `SELECT 1 FROM account WHERE id = $1 AND next_blob > $2`

// knownKey says whether the database knows what is stored under a key; that it is to be
// removed is no answer where a file or an image shows it.
const knownKey = `
	SELECT 1 FROM blob WHERE account_id = $1 AND id = $2 UNION ALL SELECT 1 FROM doomed WHERE account_id = $1 AND blob_id = $2
	AND NOT EXISTS (SELECT 1 FROM drive_entry WHERE account_id = $1 AND blob_id = $2)
	AND NOT EXISTS (SELECT 1 FROM image WHERE account_id = $1 AND blob_id = $2)`

// unknown lists what the store has and the database does not know; of that what was
// listed before, where that is told.
func (f *Fsck) unknown(ctx context.Context, before []blob.Entry) (found []blob.Entry, err error) {
	var page []blob.Entry
	judge := func() error {
		err := f.read(ctx, func(tx *db.Tx) error {
			for _, e := range page {
				known, err := tx.Get(ctx, knownKey, []any{e.Key.Account, e.Key.ID}, new(int))
				if err != nil {
					return err
				}
				if !known {
					found = append(found, e)
				}
			}
			return nil
		})
		page = page[:0]
		return err
	}
	same := make(map[blob.Key]bool)
	for _, e := range before {
		same[e.Key] = true
	}
	err = f.Store.List(ctx, func(e blob.Entry) error {
		if before != nil && !same[e.Key] {
			return nil
		}
		if page = append(page, e); len(page) < pageRows {
			return nil
		}
		return judge()
	})
	if err != nil {
		return nil, err
	}
	return found, judge()
}
