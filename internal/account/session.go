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
// account's password; its errors are those of SignIn. It counts among the tokens of the
// account's own client, and ends with them.
func (a *Accounts) BeginSession(ctx context.Context, name, password, address string) (token string, expires time.Time, err error) {
	who, err := a.SignIn(ctx, name, password, address)
	if err != nil {
		return "", time.Time{}, err
	}
	id := who.ID
	err = a.db.Write(ctx, "account: begin session", func(tx *db.Tx) error {
		acc, err := Lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if acc.State != Enabled {
			return fault.New(fault.Disabled, "account: begin session")
		}
		// A reset in between has ended what the old password may.
		if err := who.still(ctx, tx); err != nil {
			return err
		}
		var clientID string
		if found, err := tx.Get(ctx, selectClientOf, []any{id}, &clientID); err != nil || !found {
			if err == nil {
				err = fault.New(fault.BadCredentials, "account: begin session")
			}
			return err
		}
		token, expires, err = a.admit(ctx, tx, id, clientID)
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
