package account

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Token is an access token that an account's own client or page has, as a row tells it.
type Token struct {
	ID         string // which one it is; nobody can act with it
	Client     string // PageClient for a browser
	ClientName string
	CreatedAt  time.Time
	UsedAt     time.Time // some minutes old at most; zero where it was not used
	ExpiresAt  time.Time
	Address    string // where it was asked for; "" where that is not known
	Asking     bool   // it is the one of who asks
}

// Allowed is an app that may act for an account.
type Allowed struct {
	ClientID  string
	Name      string
	Scope     Scope
	Since     time.Time
	ExpiresAt time.Time // where it does not ask for new tokens until then
}

// firstToken is the cursor of the first page.
const firstToken = ""

// Tokens lists live tokens of the account of who asks, the newest first, and answers the
// cursor of the next page, "" at the end. The first page has "" as its cursor; one that is
// none of ours is fault.BadRequest.
func (a *Accounts) Tokens(ctx context.Context, who Caller, cursor string, limit int) (list []Token, next string, err error) {
	before, id := int64(1)<<62, ""
	if cursor != firstToken {
		at, jti, _ := strings.Cut(cursor, ".")
		if before, err = strconv.ParseInt(at, 10, 64); err != nil || jti == "" {
			return nil, "", fault.New(fault.BadRequest, "account: tokens", "cursor")
		}
		id = jti
	}
	err = a.db.Read(ctx, "account: tokens", func(tx *db.Tx) error {
		list, err = db.Collect(ctx, tx, func(row db.Row) (t Token, err error) {
			var created, used, expires int64
			err = row.Scan(&t.ID, &t.Client, &t.ClientName, &created, &used, &expires, &t.Address)
			t.CreatedAt, t.UsedAt, t.ExpiresAt = time.UnixMicro(created), timeOf(used), time.UnixMicro(expires)
			t.Asking = t.ID == who.shown
			return t, err
		}, selectTokens, who.ID, tx.Micros(), before, id, limit+1)
		return err
	})
	if err == nil && len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = strconv.FormatInt(last.CreatedAt.UnixMicro(), 10) + "." + last.ID
	}
	return list, next, err
}

// mostGrants is how many permissions are looked at of an account: one app may have several.
const mostGrants = 1000

// Allowed lists the apps that may act for an account, the newest first.
func (a *Accounts) Allowed(ctx context.Context, id ID) (list []Allowed, err error) {
	var grants []Allowed
	err = a.db.Read(ctx, "account: allowed", func(tx *db.Tx) error {
		grants, err = db.Collect(ctx, tx, func(row db.Row) (g Allowed, err error) {
			var since, expires int64
			err = row.Scan(&g.ClientID, &g.Name, &g.Scope, &since, &expires)
			g.Since, g.ExpiresAt = time.UnixMicro(since), time.UnixMicro(expires)
			return g, err
		}, selectAllowed, id, tx.Micros(), mostGrants)
		return err
	})
	for _, g := range grants {
		i := slices.IndexFunc(list, func(l Allowed) bool { return l.ClientID == g.ClientID })
		if i < 0 {
			list = append(list, g)
			continue
		}
		l := &list[i]
		l.Scope |= g.Scope
		l.Since = g.Since // the older one
		l.ExpiresAt = slices.MaxFunc([]time.Time{l.ExpiresAt, g.ExpiresAt}, time.Time.Compare)
	}
	slices.SortStableFunc(list, func(x, y Allowed) int { return cmp.Compare(y.Since.UnixMicro(), x.Since.UnixMicro()) })
	return list, err
}

// EndToken ends a token of the account of who asks; where an app has it, all of that
// permission.
func (a *Accounts) EndToken(ctx context.Context, who Caller, id string) error {
	return a.byOwner(ctx, who, func(tx *db.Tx) error {
		var client, grant string
		found, err := tx.Get(ctx, selectTokenOf, []any{who.ID, id}, &client, &grant)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.New(fault.TokenNotFound, "account: end token")
		case grant != "":
			err = endGrant(ctx, tx, who.ID, grant)
		default:
			_, err = tx.Exec(ctx, deleteToken, who.ID, id)
		}
		if err != nil {
			return err
		}
		return auditlog.Note(ctx, tx, int64(who.ID), auditlog.TokenEnd, client+" "+id)
	})
}

// EndAllowed ends all that the account of who asks allowed an app.
func (a *Accounts) EndAllowed(ctx context.Context, who Caller, clientID string) error {
	return a.byOwner(ctx, who, func(tx *db.Tx) error {
		n, err := disallow(ctx, tx, who.ID, clientID)
		if err == nil && n == 0 {
			err = fault.New(fault.ClientNotFound, "account: end allowed")
		}
		return err
	})
}
