package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// How long what an app gets lives.
const (
	CodeLife     = 10 * time.Minute
	GrantedLife  = 2 * time.Hour // of an access token
	RefreshLife  = 90 * 24 * time.Hour
	grantIDSize  = 20
	grantKeySize = 40

	MaxState = 2048 // bytes of what an app wants to hear again
)

// Wish is what an app asks an account for.
type Wish struct {
	ClientID    string
	RedirectURI string
	Scope       Scope
	Challenge   string // of PKCE, by S256; "" for none
}

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// IsChallenge says whether a text is a challenge of PKCE, by S256.
func IsChallenge(s string) bool { return challengeForm.MatchString(s) }

// Allow lets an app act for the account of who asks, and answers the code with which it
// gets its tokens, once and within CodeLife. Where it can't be answered at the URI it is
// fault.NoApp. Where the password or the token holds no more by then, as after a reset, it
// is fault.BadCredentials or fault.TokenExpired.
func (a *Accounts) Allow(ctx context.Context, who Caller, w Wish) (code string, err error) {
	id := who.ID
	if w.Scope == 0 {
		return "", fault.New(fault.BadScope, "account: allow")
	}
	if w.Challenge != "" && !IsChallenge(w.Challenge) {
		return "", fault.New(fault.BadRequest, "account: allow", "code_challenge")
	}
	app, err := a.App(ctx, w.ClientID, w.RedirectURI)
	if err != nil {
		return "", err
	}
	err = a.db.Write(ctx, "account: allow", func(tx *db.Tx) error {
		acc, err := Lock(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case acc.State != Enabled:
			return fault.New(fault.Disabled, "account: allow")
		}
		if err := who.still(ctx, tx); err != nil {
			return err
		}
		if err := appActs(ctx, tx, lockApp, w.ClientID); fault.Is(err, fault.BadGrant) {
			return fault.New(fault.NoApp, "account: allow")
		} else if err != nil {
			return err
		}
		grant := secret(grantIDSize)
		code = grantText(id, grant)
		if _, err := tx.Exec(ctx, insertGrant, id, grant, w.ClientID, w.RedirectURI, w.Scope, w.Challenge, digest(code),
			tx.Micros(), tx.Now().Add(CodeLife).UnixMicro()); err != nil {
			return err
		}
		return auditlog.Note(ctx, tx, int64(id), auditlog.AppAllow, w.ClientID+" "+strconv.Quote(app.Name)+" "+w.Scope.String())
	})
	return code, err
}

// Granted is what an app gets for a code or a refresh token.
type Granted struct {
	AccessToken  string
	RefreshToken string // works once, within RefreshLife
	Life         time.Duration
	Scope        Scope
}

// Exchange answers the tokens for a code, to the app that it was made for, once. A code
// that is unknown, over, another client's, or comes with another URI or verifier is
// fault.BadGrant. One that is used a second time is in two hands: all that came from it
// ends.
func (a *Accounts) Exchange(ctx context.Context, clientID, clientSecret, code, redirect, verifier string) (Granted, error) {
	check := func(ctx context.Context, tx *db.Tx) error {
		_, err := checkClient(ctx, tx, clientID, digest(clientSecret))
		return err
	}
	return a.grant(ctx, code, check, func(g granted) verdict {
		switch {
		case !equal(g.code, digest(code)) || g.client != clientID:
			return refused
		case g.refresh != "":
			return misused
		case g.redirect != redirect || !g.verified(verifier):
			return refused
		}
		return good
	})
}

// Refresh answers new tokens for the last refresh token of an app; the old access token
// ends. The client may say who it is: what it says must be true then. Tokens that are
// unknown, over or another client's are fault.BadGrant. One that was used before is in two
// hands: all that came from it ends.
func (a *Accounts) Refresh(ctx context.Context, clientID, clientSecret, token string) (Granted, error) {
	check := func(ctx context.Context, tx *db.Tx) error {
		if clientSecret == "" {
			return nil
		}
		_, err := checkClient(ctx, tx, clientID, digest(clientSecret))
		return err
	}
	return a.grant(ctx, token, check, func(g granted) verdict {
		switch {
		case clientID != "" && g.client != clientID || g.refresh == "":
			return refused
		case !equal(g.refresh, digest(token)):
			return misused
		}
		return good
	})
}

// Disallow ends all that an account allowed an app; how many it was.
func (a *Accounts) Disallow(ctx context.Context, name, clientID string) (n int, err error) {
	err = a.db.Write(ctx, "account: disallow", func(tx *db.Tx) error {
		id, err := find(ctx, tx, name)
		if err != nil {
			return err
		}
		if _, err := Lock(ctx, tx, id); err != nil {
			return err
		}
		n, err = disallow(ctx, tx, id, clientID)
		return err
	})
	return n, err
}

// disallow is Disallow with the account locked.
func disallow(ctx context.Context, tx *db.Tx, id ID, clientID string) (n int, err error) {
	list, err := db.Collect(ctx, tx, func(row db.Row) (s string, err error) { return s, row.Scan(&s) }, selectGrantsTo, id, clientID)
	if err != nil {
		return 0, err
	}
	for _, grant := range list {
		if err := endGrant(ctx, tx, id, grant); err != nil {
			return 0, err
		}
	}
	if len(list) == 0 {
		return 0, nil
	}
	return len(list), auditlog.Note(ctx, tx, int64(id), auditlog.AppEnd, clientID)
}

// granted is a row of oauth_grant.
type granted struct {
	client, redirect, challenge, code, refresh string
	scope                                      Scope
	expires                                    int64
}

// verified says whether whoever brings the code is the one who asked for it, as far as
// that one has said how to know.
func (g granted) verified(verifier string) bool {
	if g.challenge == "" || verifier == "" {
		return g.challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	return equal(base64.RawURLEncoding.EncodeToString(sum[:]), g.challenge)
}

type verdict int

const (
	refused verdict = iota
	misused
	good
)

// grant makes the next tokens of what an account allowed, found by a code or refresh
// token, unless somebody objects.
func (a *Accounts) grant(ctx context.Context, text string, check func(context.Context, *db.Tx) error, judge func(granted) verdict) (out Granted, err error) {
	id, grant, ok := parseGrant(text)
	var g granted
	find := func(tx *db.Tx) (found bool, err error) {
		return tx.Get(ctx, selectGrant, []any{id, grant}, &g.client, &g.redirect, &g.scope, &g.challenge, &g.code, &g.refresh, &g.expires)
	}
	said := refused
	// Looked at first: who has no secret, or knows of no grant, is not to queue where writes do.
	if err := a.db.Read(ctx, "account: grant", func(tx *db.Tx) error {
		if err := check(ctx, tx); err != nil || !ok {
			return err
		}
		found, err := find(tx)
		if err == nil && found {
			said = judge(g)
		}
		return err
	}); err != nil {
		return Granted{}, err
	}
	bad := fault.New(fault.BadGrant, "account: grant")
	if said == refused {
		return Granted{}, bad
	}
	err = a.db.Write(ctx, "account: grant", func(tx *db.Tx) error {
		said = refused
		acc, err := Lock(ctx, tx, id)
		switch {
		case fault.Is(err, fault.NotFound):
			return nil
		case err != nil:
			return err
		}
		found, err := find(tx)
		if err != nil || !found {
			return err
		}
		ctx := auditlog.ByClient(ctx, g.client)
		switch said = judge(g); {
		case said == refused:
			return nil
		case said == misused:
			if err := endGrant(ctx, tx, id, grant); err != nil {
				return err
			}
			return auditlog.Note(ctx, tx, int64(id), auditlog.AppEnd, g.client+" used twice")
		case g.expires <= tx.Micros():
			said = refused
			return nil
		case acc.State != Enabled:
			return fault.New(fault.Disabled, "account: grant")
		}
		if err := check(ctx, tx); err != nil { // again, as it now is
			return err
		}
		if err := appActs(ctx, tx, selectApp, g.client); err != nil {
			return err
		}
		out, err = a.next(ctx, tx, id, grant, g)
		return err
	})
	if err == nil && said != good {
		err = bad
	}
	return out, err
}

// next makes tokens; those before them end.
func (a *Accounts) next(ctx context.Context, tx *db.Tx, id ID, grant string, g granted) (Granted, error) {
	out := Granted{RefreshToken: grantText(id, grant), Life: GrantedLife, Scope: g.scope}
	n, err := tx.Exec(ctx, setRefresh, id, grant, digest(out.RefreshToken), tx.Now().Add(RefreshLife).UnixMicro())
	if err == nil && n == 0 { // somebody has ended it meanwhile
		err = fault.New(fault.BadGrant, "account: grant")
	}
	if err != nil {
		return Granted{}, err
	}
	if _, err := tx.Exec(ctx, deleteGrantTokens, id, grant); err != nil {
		return Granted{}, err
	}
	out.AccessToken, _, err = a.issue(ctx, tx, id, g.client, GrantedLife, g.scope, grant)
	return out, err
}

func endGrant(ctx context.Context, tx *db.Tx, id ID, grant string) error {
	for _, q := range []string{deleteGrantTokens, deleteGrant} {
		if _, err := tx.Exec(ctx, q, id, grant); err != nil {
			return fault.Wrap(err, "account: end a grant")
		}
	}
	return nil
}

// appActs is fault.BadGrant where the client is an app no more, or its owner is disabled, as
// selectApp or lockApp tells.
func appActs(ctx context.Context, tx *db.Tx, query, clientID string) error {
	var owner ID
	var state State
	var name, title, uris string
	found, err := tx.Get(ctx, query, []any{clientID}, &owner, &name, &state, &title, &uris)
	if err == nil && (!found || state != Enabled) {
		err = fault.New(fault.BadGrant, "account: app")
	}
	return err
}

// grantText makes a code or refresh token: the account and what it has allowed, to be
// found by, and a secret.
func grantText(id ID, grant string) string {
	return strconv.FormatInt(int64(id), 36) + "." + grant + "." + secret(grantKeySize)
}

func parseGrant(text string) (id ID, grant string, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || len(parts[1]) != grantIDSize || len(parts[2]) != grantKeySize {
		return 0, "", false
	}
	n, err := strconv.ParseInt(parts[0], 36, 64)
	return ID(n), parts[1], err == nil
}
