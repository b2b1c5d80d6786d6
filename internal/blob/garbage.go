package blob

import (
	"context"
	"errors"
	"slices"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// Content goes in three steps, each of which a crash may cut off:
//
//   - Released notes, in the transaction that takes a reference away, that it was
//     perhaps the last; a reference that comes later does not look here.
//   - Doom, once a time of grace is over, looks whether it was, and lets the row go
//     with a note of the key, in one transaction.
//   - SweepDoomed removes what is noted from the store, however late and often.

const (
	insertDoomed = `INSERT INTO doomed (account_id, blob_id, created_at) VALUES ($1, $2, $3)`
	deleteDoomed = `DELETE FROM doomed WHERE account_id = $1 AND blob_id = $2`
	// Nothing is removed while somebody holds it off. Both are asked in one statement:
	// what a later hold is to keep was doomed after it, and is not among these.
	selectDoomed = `
		SELECT account_id, blob_id FROM doomed
		WHERE (account_id, blob_id) > ($1, $2) AND NOT EXISTS (SELECT 1 FROM blob_hold WHERE held_until > $4)
		ORDER BY account_id, blob_id LIMIT $3`
	selectReleased = `SELECT account_id, blob_id FROM unreferenced WHERE since <= $1 ORDER BY since LIMIT $2`
)

var (
	noteReleased = db.MultiRow(`INSERT INTO unreferenced (account_id, blob_id, since) VALUES`, 1, []string{"", "", ""}, `
		ON CONFLICT (account_id, blob_id) DO UPDATE SET since = excluded.since`)
	stillReleased  = db.List(`SELECT blob_id FROM unreferenced WHERE account_id = $1 AND since <= $2 AND blob_id IN (`, 3, `)`)
	forgetReleased = db.List(`DELETE FROM unreferenced WHERE account_id = $1 AND blob_id IN (`, 2, `)`)
	deleteRows     = db.List(`DELETE FROM blob WHERE account_id = $1 AND state IN (1, 3, 4) AND id IN (`, 2, `) RETURNING id`)
	insertDoomeds  = db.Insert(`INSERT INTO doomed (account_id, blob_id, created_at) VALUES`, 3)
	deleteDoomeds  = db.MultiRow(`DELETE FROM doomed WHERE (account_id, blob_id) IN (VALUES`, 1, []string{"BIGINT", "BIGINT"}, `)`)
)

// Released notes that references to contents of an account went, in the transaction
// in which they did: whoever takes a reference away calls it, whether or not there
// are others. A 0 among the ids is none. Call it with the account locked.
func Released(ctx context.Context, tx *db.Tx, account int64, ids []int64) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return id == 0 })
	slices.Sort(ids) // keys are always taken in one order
	ids = slices.Compact(ids)
	now := tx.Micros()
	_, err := tx.ExecRows(ctx, noteReleased, nil, len(ids), func(i int) []any { return []any{account, ids[i], now} })
	return fault.Wrap(err, "blob: note what was released")
}

// Unreferenced answers up to limit contents, by account, that lost a reference at that
// time or before, those of the longest time first; some may be referred to all the
// same.
func Unreferenced(ctx context.Context, tx *db.Tx, before time.Time, limit int) (map[int64][]int64, error) {
	keys, err := db.Collect(ctx, tx, scanKey, selectReleased, before.UnixMicro(), limit)
	out := make(map[int64][]int64)
	for _, k := range keys {
		out[k.Account] = append(out[k.Account], k.ID)
	}
	return out, fault.Wrap(err, "blob: unreferenced")
}

// Doom lets those of the contents go that lost their last reference at that time or
// before: their rows go, and their keys are noted for SweepDoomed. Each of referred
// answers those that it refers to. What is blocked keeps its row, so that the same
// content stays blocked when it is uploaded again. Call it with the account locked,
// which new references take too; the foreign keys would refuse what was missed.
func Doom(ctx context.Context, tx *db.Tx, account int64, ids []int64, before time.Time,
	referred ...func(ctx context.Context, tx *db.Tx, ids []int64) ([]int64, error),
) (doomed int, err error) {
	const op = "blob: doom"
	ids = slices.Sorted(slices.Values(ids))
	ids, err = db.CollectIn(ctx, tx, scanID, stillReleased, []any{account, before.UnixMicro()}, ids)
	if err != nil || len(ids) == 0 {
		return 0, fault.Wrap(err, op)
	}
	_, err = tx.ExecRows(ctx, forgetReleased, []any{account}, len(ids), func(i int) []any { return []any{ids[i]} })
	if err != nil {
		return 0, fault.Wrap(err, op)
	}
	for _, by := range referred {
		kept, err := by(ctx, tx, ids)
		if err != nil {
			return 0, fault.Wrap(err, op)
		}
		ids = slices.DeleteFunc(ids, func(id int64) bool { return slices.Contains(kept, id) })
	}
	gone, err := db.CollectIn(ctx, tx, scanID, deleteRows, []any{account}, ids)
	if err != nil {
		return 0, fault.Wrap(err, op)
	}
	killpoint.Here("blob.doom.rows")
	now := tx.Micros()
	_, err = tx.ExecRows(ctx, insertDoomeds, nil, len(gone), func(i int) []any { return []any{account, gone[i], now} })
	return len(gone), fault.Wrap(err, op)
}

func scanID(row db.Row) (id int64, err error) { return id, row.Scan(&id) }

// Bury removes doomed content from the store. It may run late and twice.
func Bury(ctx context.Context, d *db.DB, s Store, key Key) error {
	killpoint.Here("blob.bury")
	if err := s.Remove(ctx, key); err != nil {
		return err
	}
	killpoint.Here("blob.buried")
	return d.Write(ctx, "blob: bury", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, deleteDoomed, key.Account, key.ID)
		return err
	})
}

// SweepDoomed removes what was doomed from the store, unless somebody holds it off.
// What can't be removed now is left for the next time, and all of it where the store is
// not noted as the database's own.
func SweepDoomed(ctx context.Context, d *db.DB, s Store) error {
	var errs []error
	first := true
	for last := (Key{}); ; {
		var keys []Key
		err := d.Read(ctx, "blob: doomed", func(tx *db.Tx) error {
			now, err := tx.Clock(ctx)
			if err == nil {
				keys, err = db.Collect(ctx, tx, scanKey, selectDoomed, last.Account, last.ID, 500, now)
			}
			return err
		})
		if err != nil || len(keys) == 0 {
			return errors.Join(append(errs, err)...)
		}
		if first {
			if err := mayRemove(ctx, d, s); err != nil {
				return err
			}
			first = false
		}
		last = keys[len(keys)-1]
		removed := make([]Key, 0, len(keys))
		for _, k := range keys {
			killpoint.Here("blob.bury")
			if err := s.Remove(ctx, k); err != nil {
				errs = append(errs, err)
				continue
			}
			removed = append(removed, k)
		}
		killpoint.Here("blob.buried")
		err = d.Write(ctx, "blob: bury", func(tx *db.Tx) error {
			_, err := tx.ExecRows(ctx, deleteDoomeds, nil, len(removed), func(i int) []any { return []any{removed[i].Account, removed[i].ID} })
			return err
		})
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
	}
}

func scanKey(row db.Row) (k Key, err error) { return k, row.Scan(&k.Account, &k.ID) }
