// Package auditlog keeps what must be answerable for later: sign-ins, what was done
// to accounts, deletions. It promises that an entry stands exactly when what it
// tells of does, since both are written in one transaction, that entries are only
// added and at last swept, and that no secret is in them. It knows no other room.
package auditlog

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Action is what was done.
type Action string

// The actions. A new one is added here.
const (
	SignIn      Action = "sign_in"      // an access token was made; what: its number
	UserAdd     Action = "user_add"     // what: the account's name
	UserReset   Action = "user_reset"   // its clients and tokens ended; what: its name
	UserState   Action = "user_state"   // what: its name and the new state
	UserLimits  Action = "user_limits"  // what: its name, and how much it may keep
	PasswordSet Action = "password_set" // by its owner, whose other sessions ended; what: its name
	ClientAdd   Action = "client_add"   // what: the client's id and name
	ClientEnd   Action = "client_end"   // with its tokens; what: the client's id
	TokenEnd    Action = "token_end"    // by its owner; what: its client and its number
	AppSet      Action = "app_set"      // the account's client is an app, or is none any more; what: its name
	AppAllow    Action = "app_allow"    // an app may act for the account; what: its client and for what
	AppEnd      Action = "app_end"      // it no longer may; what: its client and why
	DriveDelete Action = "drive_delete" // for good; what: the entries
	BedDelete   Action = "bed_delete"   // for good; what: the images and folders
	ShareMake   Action = "share_make"   // what: the share
	ShareEnd    Action = "share_end"    // before its time, or of one that had none; what: the shares

	DirectEnable  Action = "direct_enable"  // all below a folder has links; what: the folder
	DirectDisable Action = "direct_disable" // what: the folders
	DirectSign    Action = "direct_sign"    // what: whether links want a signature now, and that there is another key

	ContentBlock   Action = "content_block"   // by the operator; what: its MD5
	ContentUnblock Action = "content_unblock" // as well
)

// Actor is who asked for it.
type Actor struct {
	Client  string // the client that the access token was made for; "" for a command on the server
	Address string // where the request came from; Local for a command on the server
	Trace   string // the number that the caller saw; "" for a command
}

// Local is the address of commands on the server.
const Local = "local"

type actorKey struct{}

// With says in a context who asks.
func With(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// ByClient says which client asks, where it was not known before.
func ByClient(ctx context.Context, client string) context.Context {
	a := From(ctx)
	a.Client = client
	return With(ctx, a)
}

// From is who asks, as With has said.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

const (
	columns   = `account_id, at, id, client, action, what, address, trace`
	insert    = `INSERT INTO audit_log (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	ofAccount = `
		SELECT ` + columns + ` FROM audit_log
		WHERE account_id = $1 AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4`
	ofAll = `
		SELECT ` + columns + ` FROM audit_log
		WHERE (at, account_id, id) > ($1, $2, $3) ORDER BY at, account_id, id LIMIT $4`
	deleteOld = `
		DELETE FROM audit_log WHERE (account_id, at, id) IN (
			SELECT account_id, at, id FROM audit_log WHERE at < $1 ORDER BY at LIMIT $2)`
)

// Note writes an entry in the transaction of what it tells. Of what, so much is kept
// as an operator wants to read.
func Note(ctx context.Context, tx *db.Tx, account int64, action Action, what string) error {
	a := From(ctx)
	_, err := tx.Exec(ctx, insert, account, tx.Micros(), rand.Text()[:13], a.Client, action, what, a.Address, a.Trace)
	return fault.Wrap(err, "auditlog: note")
}

// mostListed is how many things an entry names.
const mostListed = 20

// Things words what was done to several things: the first of them by id and name.
type Things struct {
	n int
	b strings.Builder
}

// Add adds a thing.
func (t *Things) Add(id, name string) {
	if t.n++; t.n > mostListed {
		return
	}
	if t.n > 1 {
		t.b.WriteString(", ")
	}
	t.b.WriteString(id + " " + strconv.Quote(name))
}

func (t *Things) String() string {
	if t.n > mostListed {
		return t.b.String() + " and " + strconv.Itoa(t.n-mostListed) + " more"
	}
	return t.b.String()
}

// Entry is an entry as it was written.
type Entry struct {
	Account int64
	At      time.Time
	Actor
	Action Action
	What   string

	id string
}

// Read calls fn for the entries since a time, the oldest first, of one account or,
// with 0, of all. It ends with fn's first error.
func Read(ctx context.Context, d *db.DB, account int64, since time.Time, fn func(Entry) error) error {
	const page = 500
	last := Entry{At: since.Add(-time.Microsecond), id: "~"} // behind every id
	if account == 0 {
		last.Account = 1<<63 - 1
	}
	for {
		var list []Entry
		err := d.WorkerRead(ctx, "auditlog: read", func(tx *db.Tx) (err error) {
			if account != 0 {
				list, err = db.Collect(ctx, tx, scan, ofAccount, account, last.At.UnixMicro(), last.id, page)
				return err
			}
			list, err = db.Collect(ctx, tx, scan, ofAll, last.At.UnixMicro(), last.Account, last.id, page)
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := fn(e); err != nil {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
		last = list[len(list)-1]
	}
}

func scan(row db.Row) (e Entry, err error) {
	var at int64
	err = row.Scan(&e.Account, &at, &e.id, &e.Client, &e.Action, &e.What, &e.Address, &e.Trace)
	e.At = time.UnixMicro(at)
	return e, err
}

// Sweep removes some of the entries that are older than what is kept; more says that
// there may be others.
func Sweep(ctx context.Context, d *db.DB, keep time.Duration, rows int) (more bool, err error) {
	err = d.Write(ctx, "auditlog: sweep", func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, deleteOld, tx.Now().Add(-keep).UnixMicro(), rows)
		more = n == int64(rows)
		return err
	})
	return more, err
}
