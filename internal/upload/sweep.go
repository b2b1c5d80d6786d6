package upload

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// drop ends an open upload and removes what came of it; found is false where it was not open
// any more.
func (u *Uploads) drop(ctx context.Context, acc account.ID, id string) (found bool, err error) {
	key := blob.Key{Account: int64(acc)}
	doomed := false
	err = u.db.Write(ctx, "upload: drop", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		var size int64
		if found, err = tx.Get(ctx, deleteUpload, []any{acc, id}, &key.ID, &size); err != nil || !found {
			return err
		}
		if err := account.Count(ctx, tx, acc, 0, -size); err != nil {
			return err
		}
		doomed, err = blob.Discard(ctx, tx, key)
		return err
	})
	if err != nil {
		return false, err
	}
	if doomed {
		err = blob.Bury(ctx, u.db, u.store, key)
	}
	return found, err
}

// Drop ends an upload that is open: what has come of it is gone, and its room is free.
// fault.UploadNotFound where it is not open any more, also since it has been completed.
func (u *Uploads) Drop(ctx context.Context, acc account.ID, id string) error {
	ctx, _, leave := u.sessions.enter(ctx, acc, id, wholeUpload)
	defer leave()
	r, err := u.find(ctx, acc, id)
	if err == nil && r.completed {
		err = fault.New(fault.UploadNotFound, "upload: drop")
	}
	if err != nil {
		return err
	}
	found, err := u.drop(context.WithoutCancel(ctx), acc, id) // who has asked may be gone
	switch {
	case found && err != nil:
		u.log.Warn("upload: what came of one that was dropped stays until a sweep", "account", acc, "err", err)
		return nil
	case err == nil && !found: // another process has completed it
		err = fault.New(fault.UploadNotFound, "upload: drop")
	}
	return err
}

// SweepExpired drops the uploads whose time is over and forgets the answers of
// completed ones. What can't be dropped now is left for the next time.
func (u *Uploads) SweepExpired(ctx context.Context) error {
	type named struct {
		acc account.ID
		id  string
	}
	var errs []error
	for len(errs) == 0 {
		var list []named
		err := u.db.Read(ctx, "upload: expired", func(tx *db.Tx) (err error) {
			list, err = db.Collect(ctx, tx, func(row db.Row) (n named, err error) {
				return n, row.Scan(&n.acc, &n.id)
			}, selectExpired, tx.Micros())
			return err
		})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, n := range list {
			errs = append(errs, u.dropExpired(ctx, n.acc, n.id))
		}
		errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	}
	return errors.Join(append(errs, u.db.Write(ctx, "upload: forget answers", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, deleteAnswered, tx.Micros())
		return err
	}))...)
}

// sweepExpiredOf drops the uploads of one account whose time is over.
func (u *Uploads) sweepExpiredOf(ctx context.Context, acc account.ID) (dropped int, err error) {
	var ids []string
	err = u.db.Read(ctx, "upload: expired", func(tx *db.Tx) (err error) {
		ids, err = db.Collect(ctx, tx, func(row db.Row) (id string, err error) { return id, row.Scan(&id) },
			expiredOf, acc, tx.Micros())
		return err
	})
	for _, id := range ids {
		if err = u.dropExpired(ctx, acc, id); err != nil {
			break
		}
		dropped++
	}
	return dropped, err
}

// dropExpired drops an upload when nobody writes a slice of it any more.
func (u *Uploads) dropExpired(ctx context.Context, acc account.ID, id string) error {
	ctx, _, leave := u.sessions.enter(ctx, acc, id, wholeUpload)
	defer leave()
	_, err := u.drop(ctx, acc, id)
	return err
}

// orphanAge is how old content without an upload must be to be nobody's while
// requests are served: no single request lasts so long.
const orphanAge = 7 * 24 * time.Hour

// SweepOrphans dooms what was begun in one request that has ended without telling.
// alone says that this process knows itself the only one and takes no requests
// yet: then all of it is.
func (u *Uploads) SweepOrphans(ctx context.Context, alone bool) error {
	for more := true; more; {
		err := u.db.Write(ctx, "upload: orphans", func(tx *db.Tx) error {
			before := tx.Now().Add(-orphanAge).UnixMicro()
			if alone {
				before = math.MaxInt64
			}
			keys, err := db.Collect(ctx, tx, func(row db.Row) (k blob.Key, err error) {
				return k, row.Scan(&k.Account, &k.ID)
			}, orphans, before)
			more = len(keys) > 0
			for _, k := range keys {
				if _, err := blob.Discard(ctx, tx, k); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
