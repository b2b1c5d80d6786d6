package account

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// PageClient is the client of browsers' sessions: it has no secret, and no row.
const PageClient = "page"

// Limits of an account's clients.
const (
	MaxClients    = 20
	maxClientName = 64 // characters
)

// Client is a program of an account, which signs in with a secret.
type Client struct {
	ID        string
	Name      string // what its owner calls it; may be ""
	App       string // the name of the app that it is; "" where it is none
	CreatedAt time.Time
	UsedAt    time.Time // some minutes old at most; zero where it was not used
}

// Clients lists the clients of an account, the oldest first.
func (a *Accounts) Clients(ctx context.Context, id ID) (list []Client, err error) {
	err = a.db.Read(ctx, "account: clients", func(tx *db.Tx) error {
		list, err = db.Collect(ctx, tx, func(row db.Row) (c Client, err error) {
			var created, used int64
			err = row.Scan(&c.ID, &c.Name, &c.App, &created, &used)
			c.CreatedAt, c.UsedAt = time.UnixMicro(created), timeOf(used)
			return c, err
		}, selectClients, id)
		return err
	})
	return list, err
}

// timeOf is a stored time, zero for none.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros)
}

// AddClient makes a client of the account of who asks, and answers its id and secret, which
// can't be read again. Above MaxClients it is fault.TooManyClients.
func (a *Accounts) AddClient(ctx context.Context, who Caller, name string) (clientID, clientSecret string, err error) {
	name, err = cleanClientName(name)
	if err != nil {
		return "", "", err
	}
	clientID, clientSecret = secret(32), secret(40)
	err = a.byOwner(ctx, who, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, insertNamedClient, clientID, who.ID, digest(clientSecret), name, tx.Micros(), MaxClients)
		if err == nil && n == 0 {
			err = fault.New(fault.TooManyClients, "account: add client", MaxClients)
		}
		if err != nil {
			return err
		}
		return auditlog.Note(ctx, tx, int64(who.ID), auditlog.ClientAdd, clientID+" "+name)
	})
	return clientID, clientSecret, err
}

// NameClient says what a client is called.
func (a *Accounts) NameClient(ctx context.Context, who Caller, clientID, name string) error {
	name, err := cleanClientName(name)
	if err != nil {
		return err
	}
	return a.byOwner(ctx, who, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, nameClient, who.ID, clientID, name)
		if err == nil && n == 0 {
			err = fault.New(fault.ClientNotFound, "account: name client")
		}
		return err
	})
}

// RemoveClient ends a client and its tokens; where it is an app, all that others allowed it
// too. The last one of an account stays, as fault.LastClient.
func (a *Accounts) RemoveClient(ctx context.Context, who Caller, clientID string) error {
	const op = "account: remove client"
	return a.byOwner(ctx, who, func(tx *db.Tx) error {
		var app string
		found, err := tx.Get(ctx, selectOwnClient, []any{who.ID, clientID}, &app)
		if err == nil && !found {
			err = fault.New(fault.ClientNotFound, op)
		}
		if err == nil && app != "" {
			err = endApp(ctx, tx, who.ID)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, deleteClientTokens, who.ID, clientID); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, deleteClient, who.ID, clientID)
		if err == nil && n == 0 {
			err = fault.New(fault.LastClient, op)
		}
		if err != nil {
			return err
		}
		return auditlog.Note(ctx, tx, int64(who.ID), auditlog.ClientEnd, clientID)
	})
}

// byOwner is a write with the account of who asks locked, where that one may still act.
func (a *Accounts) byOwner(ctx context.Context, who Caller, fn func(tx *db.Tx) error) error {
	const op = "account: by its owner"
	if who.App {
		return fault.New(fault.ScopeMissing, op, "account")
	}
	return a.db.Write(ctx, op, func(tx *db.Tx) error {
		acc, err := Lock(ctx, tx, who.ID)
		switch {
		case err != nil:
			return err
		case acc.State != Enabled:
			return fault.New(fault.Disabled, op)
		}
		if err := who.still(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
}

// cleanClientName is a name as it is kept, or fault.BadRequest: empty, too long or not to be
// shown on a line.
func cleanClientName(name string) (string, error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	hidden := func(r rune) bool { return !unicode.IsPrint(r) }
	if name == "" || utf8.RuneCountInString(name) > maxClientName || !utf8.ValidString(name) || strings.ContainsFunc(name, hidden) {
		return "", fault.New(fault.BadRequest, "account: client", "name")
	}
	return name, nil
}
