package account

import (
	"context"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// LinkLife is how long a link that signs in once does so.
const LinkLife = time.Hour

// MakeLink answers what signs in to an account once, without its password, within LinkLife.
// An older one, any other sign-in of a browser, another password and a reset end it.
func MakeLink(ctx context.Context, tx *db.Tx, id ID) (string, error) {
	key := secret(grantKeySize)
	_, err := tx.Exec(ctx, setLink, id, digest(key), tx.Now().Add(LinkLife).UnixMicro())
	return strconv.FormatInt(int64(id), 36) + "." + key, fault.Wrap(err, "account: make link")
}

// BeginSessionByLink is BeginSession for who has a link, once. One that is unknown, over or
// used is fault.BadCredentials.
func (a *Accounts) BeginSessionByLink(ctx context.Context, link string) (token string, expires time.Time, err error) {
	wrong := fault.New(fault.BadCredentials, "account: link")
	number, key, _ := strings.Cut(link, ".")
	n, err := strconv.ParseInt(number, 36, 64)
	if err != nil || len(key) != grantKeySize {
		return "", time.Time{}, wrong
	}
	id := ID(n)
	// Looked at first: who has no link is not to queue where writes do.
	var want string
	if found, err := a.db.Get(ctx, "account: link", selectLink, []any{id}, &want); err != nil || !found || !equal(want, digest(key)) {
		if err == nil {
			err = wrong
		}
		return "", time.Time{}, err
	}
	return a.beginSession(ctx, id, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, useLink, id, digest(key), tx.Micros())
		if err == nil && n == 0 {
			err = wrong
		}
		return err
	})
}
