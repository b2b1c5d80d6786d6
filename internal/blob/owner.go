package blob

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Every installation numbers its contents in the same way, so that the store of another
// one has something else under the same keys. Therefore a database has an id, which does
// not come along when its rows are copied, and its store a note of it.

// ownerMark is where a database notes which installation it is of.
const ownerMark = "installation"

// firstContents are how many contents are looked for in a store without a note.
const firstContents = 20

// nobody is what people read where there is no id.
const nobody = "-"

var errEnough = errors.New("enough")

// SameOwner is fault.StoreForeign where a store is another installation's. One without a
// note may be.
func SameOwner(ctx context.Context, d *db.DB, s Store) error {
	_, _, err := owners(ctx, d, s)
	return err
}

// Own is SameOwner, and makes sure of a store without a note: one that has any of the
// database's first contents, or is empty where the database names none, is noted as its
// own; every other one is fault.StoreUnmarked. An empty one where there should be
// contents may be the folder that a disk is mounted on.
func Own(ctx context.Context, d *db.DB, s Store) error {
	id, owner, err := owners(ctx, d, s)
	if err != nil || owner != "" {
		return err
	}
	fits, known, err := hasFirst(ctx, d, s)
	if err == nil && known == 0 {
		fits, err = isEmpty(ctx, s)
	}
	if err != nil {
		return err
	}
	if !fits {
		return fault.New(fault.BadData, "blob: own store", fault.StoreUnmarked, NameOf(s))
	}
	if id == "" {
		if id, err = newOwner(ctx, d); err != nil {
			return err
		}
	}
	return s.SetOwner(ctx, id)
}

// Adopt makes a store the database's own, whosesoever it was.
func Adopt(ctx context.Context, d *db.DB, s Store) error {
	id, err := newOwner(ctx, d)
	if err != nil {
		return err
	}
	return s.SetOwner(ctx, id)
}

// Follow notes in a database that was filled from another one that it is of the same
// installation, and so in its store, where that is a new one; nil where it is not.
func Follow(ctx context.Context, from, to *db.DB, s Store) error {
	id, err := from.Mark(ctx, ownerMark)
	if err != nil || id == "" {
		return err
	}
	err = to.Write(ctx, "blob: own store", func(tx *db.Tx) error { return tx.SetMark(ctx, ownerMark, id) })
	if err != nil || s == nil {
		return err
	}
	return s.SetOwner(ctx, id)
}

// CopyOwner is Follow within the transaction that fills a database whose store is noted
// already.
func CopyOwner(ctx context.Context, from *db.DB, to *db.Tx) error {
	id, err := from.Mark(ctx, ownerMark)
	if err != nil || id == "" {
		return err
	}
	return to.SetMark(ctx, ownerMark, id)
}

// owners are the database's id and the store's note, which are not at odds.
func owners(ctx context.Context, d *db.DB, s Store) (id, owner string, err error) {
	if id, err = d.Mark(ctx, ownerMark); err != nil {
		return "", "", err
	}
	if owner, err = s.Owner(ctx); err != nil || owner == "" || owner == id {
		return id, owner, err
	}
	if id == "" {
		// A database from before it had an id: what was put back, and the store stayed.
		same, _, err := hasFirst(ctx, d, s)
		if err != nil {
			return "", "", err
		}
		if same {
			err = d.Write(ctx, "blob: own store", func(tx *db.Tx) error { return tx.SetMark(ctx, ownerMark, owner) })
			return owner, owner, err
		}
	}
	return "", "", fault.New(fault.BadData, "blob: own store", fault.StoreForeign, NameOf(s), owner, cmp.Or(id, nobody))
}

// mayRemove says whether a store is the database's own at this moment: it may be another
// one by now, or an empty folder where a disk should be. A database without an id is one
// that no server was ever at.
func mayRemove(ctx context.Context, d *db.DB, s Store) error {
	id, err := d.Mark(ctx, ownerMark)
	if err != nil || id == "" {
		return err
	}
	owner, err := s.Owner(ctx)
	if err == nil && owner != id {
		err = fault.New(fault.BadData, "blob: remove", fault.StoreForeign, NameOf(s), cmp.Or(owner, nobody), id)
	}
	return err
}

// newOwner answers the database's id, and gives it one where it has none.
func newOwner(ctx context.Context, d *db.DB) (id string, err error) {
	err = d.Write(ctx, "blob: own store", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO mark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, ownerMark, rand.Text())
		if err == nil { // another process may have been quicker
			_, err = tx.Get(ctx, `SELECT value FROM mark WHERE name = $1`, []any{ownerMark}, &id)
		}
		return err
	})
	return id, err
}

func isEmpty(ctx context.Context, s Store) (bool, error) {
	err := s.List(ctx, func(Entry) error { return errEnough })
	if errors.Is(err, errEnough) {
		return false, nil
	}
	return err == nil, err
}

// hasFirst says whether a store has one of the first contents, byte for byte: that there
// is something under the key says nothing; known is how many were looked for.
func hasFirst(ctx context.Context, d *db.DB, s Store) (yes bool, known int, err error) {
	var first []Stored
	err = d.Read(ctx, "blob: own store", func(tx *db.Tx) (err error) {
		first, err = StoredAfter(ctx, tx, Key{}, firstContents)
		return err
	})
	slices.SortFunc(first, func(a, b Stored) int { return cmp.Compare(a.Size, b.Size) }) // the quickest to read
	for _, one := range first {
		if err != nil || yes {
			break
		}
		yes, err = has(ctx, s, one)
	}
	return yes, len(first), err
}

// has says whether a store has this very content. What can't be read is not.
func has(ctx context.Context, s Store, want Stored) (same bool, err error) {
	o, err := s.Open(ctx, want.Key)
	if err == nil {
		sum := sha256.New()
		if o.Size() == want.Size {
			_, err = io.Copy(sum, o)
			same = err == nil && hex.EncodeToString(sum.Sum(nil)) == want.SHA256
		}
		err = errors.Join(err, o.Close())
	}
	if code := fault.CodeOf(err); code == fault.ContentMissing || code == fault.Internal {
		return false, nil
	}
	return same, err
}

// NameOf names a store for people.
func NameOf(s Store) string {
	if named, ok := s.(fmt.Stringer); ok {
		return named.String()
	}
	return "blobs"
}
