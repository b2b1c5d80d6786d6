package account

import (
	"context"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// SessionCookie is the name under which a browser keeps the token of its session.
const SessionCookie = "tuchuang_session"

// BeginSession answers a browser's token, as Login does a program's, to who knows the
// account's password; its errors are those of SignIn. It is a token of PageClient, and ends
// with the account's secrets.
func (a *Accounts) BeginSession(ctx context.Context, name, password, address string) (token string, expires time.Time, err error) {
	who, err := a.SignIn(ctx, name, password, address)
	if err != nil {
		return "", time.Time{}, err
	}
	// A reset in between has ended what the old password may.
	return a.beginSession(ctx, who.ID, func(tx *db.Tx) error { return who.still(ctx, tx) })
}

// beginSession makes a session where the check says so, with the account locked. Whoever has
// signed in needs no link any more.
func (a *Accounts) beginSession(ctx context.Context, id ID, check func(tx *db.Tx) error) (token string, expires time.Time, err error) {
	err = a.db.Write(ctx, "account: begin session", func(tx *db.Tx) error {
		acc, err := Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if acc.State != Enabled {
			return fault.New(fault.Disabled, "account: begin session")
		}
		if err := check(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, endLink, id); err != nil {
			return err
		}
		token, expires, err = a.admit(ctx, tx, id, PageClient)
		return err
	})
	return token, expires, err
}

// EndSession ends a token; what is none of ours, or has ended, is no error.
func (a *Accounts) EndSession(ctx context.Context, token string) error {
	c, err := a.parse(token)
	if err != nil {
		return nil //nolint:nilerr // it opens nothing
	}
	return a.db.Write(ctx, "account: end session", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, deleteToken, c.ID, c.RegisteredClaims.ID)
		return err
	})
}
