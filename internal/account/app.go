package account

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// App is a client that other accounts may allow to act for them.
type App struct {
	ClientID     string
	Owner        string // the name of the account whose client it is
	Name         string // as people are shown it
	RedirectURIs []string
}

// Limits of an app.
const (
	maxAppName  = 64 // characters
	maxRedirect = 2000
	maxURIs     = 20
)

// SetApp makes the client of an account an app, or says anew what it is. A name that
// can't be shown, or no or a bad URI, is fault.BadRequest with what is wrong.
func (a *Accounts) SetApp(ctx context.Context, owner, name string, redirects []string) (app App, err error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	hidden := func(r rune) bool { return !unicode.IsPrint(r) }
	if name == "" || utf8.RuneCountInString(name) > maxAppName || !utf8.ValidString(name) || strings.ContainsFunc(name, hidden) {
		return App{}, fault.New(fault.BadRequest, "account: set app", "name")
	}
	if len(redirects) == 0 || len(redirects) > maxURIs {
		return App{}, fault.New(fault.BadRequest, "account: set app", "redirect")
	}
	for _, r := range redirects {
		if !isRedirect(r) {
			return App{}, fault.New(fault.BadRequest, "account: set app", r)
		}
	}
	return a.setApp(ctx, owner, App{Name: name, RedirectURIs: redirects}, name)
}

// RemoveApp makes the client of an account an app no more: what others allowed it ends.
func (a *Accounts) RemoveApp(ctx context.Context, owner string) (App, error) {
	return a.setApp(ctx, owner, App{}, "")
}

func (a *Accounts) setApp(ctx context.Context, owner string, app App, what string) (App, error) {
	app.Owner = owner
	err := a.db.Write(ctx, "account: set app", func(tx *db.Tx) error {
		id, err := find(ctx, tx, owner)
		if err != nil {
			return err
		}
		if _, err := Lock(ctx, tx, id); err != nil {
			return err
		}
		if app.Name == "" {
			if err := endApp(ctx, tx, id); err != nil {
				return err
			}
		}
		if _, err := tx.Get(ctx, selectClientOf, []any{id}, &app.ClientID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, setApp, id, app.ClientID, app.Name, strings.Join(app.RedirectURIs, "\n")); err != nil {
			return err
		}
		return auditlog.Note(ctx, tx, int64(id), auditlog.AppSet, what)
	})
	return app, err
}

// endApp ends all that others allowed the app of an account.
func endApp(ctx context.Context, tx *db.Tx, id ID) error {
	if err := lockAppGrants(ctx, tx, id); err != nil {
		return err
	}
	for _, q := range []string{deleteAppTokens, deleteAppGrants} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return err
		}
	}
	return nil
}

// lockAppGrants waits for whoever is at what others allowed the app of an account: what
// comes of that goes with it.
func lockAppGrants(ctx context.Context, tx *db.Tx, id ID) error {
	_, err := db.Collect(ctx, tx, func(row db.Row) (s string, err error) { return s, row.Scan(&s) }, selectAppGrants, id)
	return fault.Wrap(err, "account: what an app was allowed")
}

// Apps lists the apps, by the account that they belong to.
func (a *Accounts) Apps(ctx context.Context) (list []App, err error) {
	err = a.db.Read(ctx, "account: apps", func(tx *db.Tx) error {
		list, err = db.Collect(ctx, tx, func(row db.Row) (app App, err error) {
			var uris string
			err = row.Scan(&app.ClientID, &app.Owner, &app.Name, &uris)
			app.RedirectURIs = strings.Split(uris, "\n")
			return app, err
		}, selectApps)
		return err
	})
	return list, err
}

// App answers an app that may be answered at a URI, which is compared to the letter. It
// is fault.NoApp where there is no such app, where its owner is disabled, or where it has
// not said that URI.
func (a *Accounts) App(ctx context.Context, clientID, redirect string) (App, error) {
	app := App{ClientID: clientID}
	var owner ID
	var state State
	var uris string
	found, err := a.db.Get(ctx, "account: app", selectApp, []any{clientID}, &owner, &app.Owner, &state, &app.Name, &uris)
	if err != nil {
		return App{}, err
	}
	app.RedirectURIs = strings.Split(uris, "\n")
	if !found || state != Enabled || !slices.Contains(app.RedirectURIs, redirect) {
		return App{}, fault.New(fault.NoApp, "account: app")
	}
	return app, nil
}

// Back is where a browser goes with the answer to an app: to a redirect URI of its own.
func Back(redirect string, answer url.Values) string {
	if strings.Contains(redirect, "?") {
		return redirect + "&" + answer.Encode()
	}
	return redirect + "?" + answer.Encode()
}

// ownScheme is one of a program on people's machines: a domain backwards, so that none of
// a browser's own is among them.
var ownScheme = regexp.MustCompile(`^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+$`)

// isRedirect says whether a browser may be sent there with a code.
func isRedirect(s string) bool {
	u, err := url.Parse(s)
	hidden := func(r rune) bool { return r <= ' ' || r >= 0x7f }
	if err != nil || len(s) > maxRedirect || strings.ContainsFunc(s, hidden) || strings.ContainsAny(s, `#"'<>\;,`) || u.User != nil {
		return false
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Host != ""
	}
	return ownScheme.MatchString(u.Scheme)
}
