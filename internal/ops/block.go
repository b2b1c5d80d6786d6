package ops

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/imagebed"
)

// Block has content of an MD5 served to nobody, of all accounts that have it now, or served
// again, and answers how many contents that were. Links of images that show it answer as
// those that are not there; a copy task does not publish it. Who uploads it later, and did
// not have it, is not kept from that.
func Block(ctx context.Context, d *db.DB, md5 string, blocked bool) (n int, err error) {
	var holders []int64
	err = d.Read(ctx, "ops: block", func(tx *db.Tx) error {
		holders, err = blob.Holders(ctx, tx, md5, !blocked)
		return err
	})
	action := auditlog.ContentBlock
	if !blocked {
		action = auditlog.ContentUnblock
	}
	for _, acc := range holders {
		var some int
		err := d.Write(ctx, "ops: block", func(tx *db.Tx) error {
			if _, err := account.Lock(ctx, tx, account.ID(acc)); err != nil {
				return err
			}
			if some, err = blob.SetBlocked(ctx, tx, acc, md5, blocked); err != nil {
				return err
			}
			imagebed.ContentChanged(tx)
			return auditlog.Note(ctx, tx, acc, action, md5)
		})
		if err != nil {
			return n, err
		}
		n += some
	}
	return n, err
}

// EachBlocked calls fn for what is blocked, account by account.
func EachBlocked(ctx context.Context, d *db.DB, accounts []account.ID, fn func(acc account.ID, c blob.BlockedContent) error) error {
	for _, acc := range accounts {
		var list []blob.BlockedContent
		err := d.Read(ctx, "ops: list blocked", func(tx *db.Tx) (err error) {
			list, err = blob.ListBlocked(ctx, tx, int64(acc))
			return err
		})
		if err != nil {
			return err
		}
		for _, c := range list {
			if err := fn(acc, c); err != nil {
				return err
			}
		}
	}
	return nil
}
