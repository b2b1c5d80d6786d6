// Package ops is what an operator runs: accounts, blocking, checking, backup, restore,
// moving to another database or store. It promises that each may run while servers are at the same
// database, and that one that was broken off leaves nothing that could be taken for
// whole. It knows no HTTP.
package ops

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
)

// Admin is the name of the operator that the first start makes.
const Admin = "admin"

// AddUser makes an account with an empty drive and an empty bed, and answers its
// secrets, which can't be read again. quota is in bytes, account.NoQuota for none.
// A taken name is fault.Exists.
func AddUser(ctx context.Context, d *db.DB, name string, quota int64, operator bool) (s account.Secrets, err error) {
	p, err := account.NewPassword(ctx)
	if err != nil {
		return s, err
	}
	err = d.Write(ctx, "ops: add user", func(tx *db.Tx) error {
		if err := account.MayOperate(ctx, tx); err != nil {
			return err
		}
		s, err = addUser(ctx, tx, name, quota, operator, p)
		return err
	})
	return s, err
}

// FirstStart makes the operator Admin where there is none, whatever other accounts
// there are; made is false where there is one, or where the name belongs to another.
func FirstStart(ctx context.Context, d *db.DB) (s account.Secrets, made bool, err error) {
	const op, first = "ops: first start", `SELECT 1 FROM account WHERE operator = 1 OR name = $1`
	if some, err := d.Get(ctx, op, first, []any{Admin}, new(int)); err != nil || some {
		return s, false, err
	}
	p, err := account.NewPassword(ctx)
	if err != nil {
		return s, false, err
	}
	err = d.Write(ctx, op, func(tx *db.Tx) error {
		some, err := tx.Get(ctx, first, []any{Admin}, new(int)) // another process may have come first
		if made = !some; err != nil || some {
			return err
		}
		if s, err = addUser(ctx, tx, Admin, account.NoQuota, true, p); err != nil {
			return err
		}
		s.Link, err = account.MakeLink(ctx, tx, s.ID)
		return err
	})
	return s, made, err
}

func addUser(ctx context.Context, tx *db.Tx, name string, quota int64, operator bool, p account.Password) (account.Secrets, error) {
	s, err := account.Add(ctx, tx, name, quota, operator, p)
	if err != nil {
		return s, err
	}
	if err := drive.MakeRoot(ctx, tx, s.ID); err != nil {
		return s, err
	}
	return s, imagebed.MakeRoot(ctx, tx, s.ID)
}
