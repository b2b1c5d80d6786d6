package account_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

const (
	back  = "https://app.example.org/back?from=us"
	other = "com.example.app:/back"
)

// app is an app of an account, and an account that is to allow it.
type app struct {
	*room
	owner, user account.Secrets
}

func (r *room) app() app {
	r.Helper()
	a := app{r, r.add("maker", 0), r.add("user", 0)}
	if _, err := r.SetApp(r.ctx, "maker", "图床助手", []string{back, other}); err != nil {
		r.Fatal(err)
	}
	return a
}

func (a app) wish() account.Wish {
	return account.Wish{ClientID: a.owner.ClientID, RedirectURI: back, Scope: account.UserBase | account.FileRead}
}

// caller is who acts for the account that is to allow it.
func (a app) caller() account.Caller {
	a.Helper()
	c, err := a.AuthenticateClient(a.ctx, a.login(a.user))
	a.must(err)
	return c
}

func (a app) allow() string {
	a.Helper()
	code, err := a.Allow(a.ctx, a.caller(), a.wish())
	a.must(err)
	return code
}

func (a app) exchange(code string) (account.Granted, error) {
	return a.Exchange(a.ctx, a.owner.ClientID, a.owner.ClientSecret, code, back, "")
}

func (a app) tokens() account.Granted {
	a.Helper()
	g, err := a.exchange(a.allow())
	a.must(err)
	return g
}

func (a app) acts(token string, when string) {
	a.Helper()
	c, err := a.AuthenticateClient(a.ctx, token)
	if err != nil || c.ID != a.user.ID || c.Client != a.owner.ClientID || c.Scope != account.UserBase|account.FileRead || !c.App {
		a.Errorf("%s: %+v, %v", when, c, err)
	}
}

func (a app) ended(token, when string) {
	a.Helper()
	_, err := a.Authenticate(a.ctx, token)
	a.fails(err, fault.TokenExpired, when)
}

func (a app) refresh(token string) (account.Granted, error) { return a.Refresh(a.ctx, "", "", token) }

// A code becomes tokens once, the refresh token others once, each of which end those
// before.
func TestGrant(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		first := a.tokens()
		if first.Life != 2*time.Hour || first.Scope != account.UserBase|account.FileRead {
			t.Errorf("%+v", first)
		}
		a.acts(first.AccessToken, "the first token")
		own := r.login(a.user)
		if c, err := r.AuthenticateClient(r.ctx, own); err != nil || c.App || c.Scope != account.AllScopes {
			t.Errorf("an own token: %+v, %v", c, err)
		}
		second, err := a.refresh(first.RefreshToken)
		r.must(err)
		a.ended(first.AccessToken, "the token before a refresh")
		a.acts(second.AccessToken, "the token of a refresh")
		third, err := a.Refresh(r.ctx, a.owner.ClientID, a.owner.ClientSecret, second.RefreshToken)
		r.must(err)
		a.acts(third.AccessToken, "the token of a refresh that says of whom")
		if third.Scope != first.Scope || third.Life != first.Life {
			t.Errorf("%+v", third)
		}
		*r.now = r.now.Add(account.GrantedLife)
		a.ended(third.AccessToken, "after two hours")
		*r.now = r.now.Add(account.RefreshLife - account.GrantedLife - time.Second)
		r.must(r.SweepTokens(r.ctx))
		fourth, err := a.refresh(third.RefreshToken)
		r.must(err)
		*r.now = r.now.Add(account.RefreshLife)
		_, err = a.refresh(fourth.RefreshToken)
		r.fails(err, fault.BadGrant, "after 90 days")
		*r.now = r.now.Add(time.Second)
		r.must(r.SweepTokens(r.ctx))
		*r.now = start
		_, err = a.refresh(fourth.RefreshToken)
		r.fails(err, fault.BadGrant, "what was swept")
	})
}

func TestCodes(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		stranger := r.add("stranger", 0)
		_, err := r.SetApp(r.ctx, "stranger", "another", []string{back})
		r.must(err)
		code := a.allow()
		id, secret := a.owner.ClientID, a.owner.ClientSecret
		forged := code[:len(code)-1] + "0"
		if forged == code {
			forged = code[:len(code)-1] + "1"
		}
		for name, c := range map[string]struct {
			id, secret, code, redirect, verifier string
			want                                 fault.Code
		}{
			"another secret":        {id, stranger.ClientSecret, code, back, "", fault.BadCredentials},
			"no secret":             {id, "", code, back, "", fault.BadCredentials},
			"another app":           {stranger.ClientID, stranger.ClientSecret, code, back, "", fault.BadGrant},
			"another URI":           {id, secret, code, other, "", fault.BadGrant},
			"no URI":                {id, secret, code, "", "", fault.BadGrant},
			"a longer URI":          {id, secret, code, back + "/", "", fault.BadGrant},
			"a verifier of nothing": {id, secret, code, back, "x", fault.BadGrant},
			"forged":                {id, secret, forged, back, "", fault.BadGrant},
			"longer":                {id, secret, code + "0", back, "", fault.BadGrant},
			"another account":       {id, secret, "1" + code, back, "", fault.BadGrant},
			"none":                  {id, secret, "", back, "", fault.BadGrant},
		} {
			_, err := r.Exchange(r.ctx, c.id, c.secret, c.code, c.redirect, c.verifier)
			r.fails(err, c.want, name)
		}
		_, err = a.refresh(code)
		r.fails(err, fault.BadGrant, "a code for a refresh token")
		*r.now = r.now.Add(account.CodeLife - time.Second)
		first, err := a.exchange(code) // none of these used it up
		r.must(err)
		// A second time it is in two hands: what came from it ends.
		_, err = a.exchange(code)
		r.fails(err, fault.BadGrant, "a used code")
		a.ended(first.AccessToken, "after its code was used again")
		_, err = a.refresh(first.RefreshToken)
		r.fails(err, fault.BadGrant, "after its code was used again")
		late := a.allow()
		*r.now = r.now.Add(account.CodeLife)
		_, err = a.exchange(late)
		r.fails(err, fault.BadGrant, "after ten minutes")
	})
}

func TestRefreshTokensWorkOnce(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		kept := a.tokens() // of the same app and account, allowed another time
		first := a.tokens()
		second, err := a.refresh(first.RefreshToken)
		r.must(err)
		_, err = a.Refresh(r.ctx, a.user.ClientID, "", second.RefreshToken)
		r.fails(err, fault.BadGrant, "another client's name")
		_, err = a.Refresh(r.ctx, a.owner.ClientID, "wrong", second.RefreshToken)
		r.fails(err, fault.BadCredentials, "a wrong secret")
		_, err = a.refresh(second.RefreshToken[:len(second.RefreshToken)-1])
		r.fails(err, fault.BadGrant, "a part of it")
		a.acts(second.AccessToken, "after what is no token of it")
		_, err = a.refresh(first.RefreshToken)
		r.fails(err, fault.BadGrant, "a second time")
		a.ended(second.AccessToken, "after the first was used again")
		_, err = a.refresh(second.RefreshToken)
		r.fails(err, fault.BadGrant, "after the first was used again")
		a.acts(kept.AccessToken, "what was allowed another time")
		_, err = a.refresh(kept.RefreshToken)
		r.must(err)
	})
}

// However many come at once with one code, one gets tokens, and then none has them.
func TestCodesAreUsedOnce(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		code := a.allow()
		got := make([]account.Granted, 8)
		g, _ := errgroup.WithContext(r.ctx)
		for n := range got {
			g.Go(func() (err error) {
				if got[n], err = a.exchange(code); fault.Is(err, fault.BadGrant) {
					err = nil
				}
				return err
			})
		}
		r.must(g.Wait())
		had := slices.DeleteFunc(got, func(g account.Granted) bool { return g.AccessToken == "" })
		if len(had) != 1 {
			t.Fatalf("%d got tokens", len(had))
		}
		a.ended(had[0].AccessToken, "after others came with its code")
	})
}

func TestVerifier(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		verifier := strings.Repeat("v", 43)
		sum := sha256.Sum256([]byte(verifier))
		w := a.wish()
		w.Challenge = base64.RawURLEncoding.EncodeToString(sum[:])
		code, err := r.Allow(r.ctx, a.caller(), w)
		r.must(err)
		for _, wrong := range []string{"", "v", w.Challenge} {
			_, err := r.Exchange(r.ctx, a.owner.ClientID, a.owner.ClientSecret, code, back, wrong)
			r.fails(err, fault.BadGrant, wrong)
		}
		_, err = r.Exchange(r.ctx, a.owner.ClientID, a.owner.ClientSecret, code, back, verifier)
		r.must(err)
		w.Challenge = "short"
		_, err = r.Allow(r.ctx, a.caller(), w)
		r.fails(err, fault.BadRequest, "what is no challenge")
	})
}

// What ends an account, an app or the permission ends the tokens.
func TestGrantsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(a app) error
		want fault.Code
	}{
		"the user is reset":   {func(a app) error { _, err := a.Reset(a.ctx, "user"); return err }, fault.BadGrant},
		"the app is reset":    {func(a app) error { _, err := a.Reset(a.ctx, "maker"); return err }, fault.BadGrant},
		"the app is removed":  {func(a app) error { _, err := a.RemoveApp(a.ctx, "maker"); return err }, fault.BadGrant},
		"it is disallowed":    {func(a app) error { _, err := a.Disallow(a.ctx, "user", a.owner.ClientID); return err }, fault.BadGrant},
		"the user is stopped": {func(a app) error { _, err := a.SetState(a.ctx, "user", account.Disabled); return err }, fault.Disabled},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(r *room) {
				a := r.app()
				got, code := a.tokens(), a.allow()
				theirs, mine := r.login(r.add("third", 0)), r.login(a.owner)
				r.must(c.end(a))
				_, err := r.Authenticate(r.ctx, got.AccessToken)
				if c.want == fault.Disabled {
					r.fails(err, fault.Disabled, "the token")
				} else {
					r.fails(err, fault.TokenExpired, "the token")
				}
				_, err = a.refresh(got.RefreshToken)
				r.fails(err, c.want, "a refresh")
				if _, err = a.exchange(code); name == "the app is reset" {
					r.fails(err, fault.BadCredentials, "the code")
				} else {
					r.fails(err, c.want, "the code")
				}
				_, err = r.Authenticate(r.ctx, theirs)
				r.must(err)
				if _, err = r.Authenticate(r.ctx, mine); name != "the app is reset" {
					r.must(err)
				}
			})
		})
	}
}

// Who was seen to act for an account, and then it is reset, allows nobody anything, by
// whatever he was seen; nor does who lost his token alone.
func TestNoPermissionOutlivesAReset(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		byToken := a.caller()
		byPassword, err := r.SignIn(r.ctx, "user", a.user.Password, "192.0.2.1")
		r.must(err)
		for _, who := range []account.Caller{byToken, byPassword} {
			_, err = r.Allow(r.ctx, who, a.wish())
			r.must(err)
		}
		a.user, err = r.Reset(r.ctx, "user")
		r.must(err)
		_, err = r.Allow(r.ctx, byToken, a.wish())
		r.fails(err, fault.TokenExpired, "by a token")
		_, err = r.Allow(r.ctx, byPassword, a.wish())
		r.fails(err, fault.BadCredentials, "by a password")
		_, err = r.Allow(r.ctx, account.Caller{ID: a.user.ID}, a.wish())
		r.fails(err, fault.BadCredentials, "by nothing")
		var grants int
		_, err = r.db.Get(r.ctx, "test", `SELECT count(*) FROM oauth_grant WHERE account_id = $1`, []any{a.user.ID}, &grants)
		r.must(err)
		if grants != 0 {
			t.Errorf("%d permissions", grants)
		}
		newer := a.caller()
		a.allow()
		_, err = r.SetState(r.ctx, "user", account.Disabled)
		r.must(err)
		_, err = r.Allow(r.ctx, newer, a.wish())
		r.fails(err, fault.Disabled, "a disabled account")
	})
}

// While the owner of an app is disabled it gets nothing new.
func TestGrantsOfADisabledOwner(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		got, code := a.tokens(), a.allow()
		_, err := r.SetState(r.ctx, "maker", account.Disabled)
		r.must(err)
		_, err = r.Allow(r.ctx, a.caller(), a.wish())
		r.fails(err, fault.NoApp, "a new code")
		_, err = a.exchange(code)
		r.fails(err, fault.Disabled, "a code")
		_, err = a.refresh(got.RefreshToken)
		r.fails(err, fault.BadGrant, "a refresh")
		_, err = r.SetState(r.ctx, "maker", account.Enabled)
		r.must(err)
		_, err = a.refresh(got.RefreshToken)
		r.must(err)
		_, err = a.exchange(code)
		r.must(err)
	})
}

func TestApps(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		got, err := r.App(r.ctx, a.owner.ClientID, other)
		if err != nil || got.Name != "图床助手" || got.Owner != "maker" || got.ClientID != a.owner.ClientID {
			t.Errorf("%+v, %v", got, err)
		}
		for _, c := range [][2]string{
			{a.owner.ClientID, ""},
			{a.owner.ClientID, back + "/"},
			{a.owner.ClientID, "https://app.example.org/back"},
			{a.owner.ClientID, strings.ToUpper(back)},
			{a.owner.ClientID, back + "\n" + other},
			{a.owner.ClientID, back + "&more=1"},
			{a.user.ClientID, back},
			{a.user.ClientID, ""},
			{"", back},
			{"nobody", back},
		} {
			_, err := r.App(r.ctx, c[0], c[1])
			r.fails(err, fault.NoApp, fmt.Sprint(c))
			w := account.Wish{ClientID: c[0], RedirectURI: c[1], Scope: account.UserBase}
			_, err = r.Allow(r.ctx, a.caller(), w)
			r.fails(err, fault.NoApp, fmt.Sprint(c))
		}
		w := a.wish()
		w.Scope = 0
		_, err = r.Allow(r.ctx, a.caller(), w)
		r.fails(err, fault.BadScope, "for nothing")
		for _, uri := range []string{
			"", "app.example.org/back", "/back", "https://", "https:///back", "https://u:p@app.example.org/", "https://app.example.org/#x", "https://app.example.org/a b",
			"javascript:alert(1)", "data:text/html,x", "file:///etc", "myapp:/back", "https://app.example.org/\n", "https://app.example.org/'", "https://app.example.org/" + strings.Repeat("x", 2000),
		} {
			_, err := r.SetApp(r.ctx, "maker", "x", []string{uri})
			r.fails(err, fault.BadRequest, uri)
		}
		for _, name := range []string{"", " ", "a\nb", "a\u202eb", "\xff", strings.Repeat("x", 65)} {
			_, err := r.SetApp(r.ctx, "maker", name, []string{back})
			r.fails(err, fault.BadRequest, name)
		}
		_, err = r.SetApp(r.ctx, "maker", "x", nil)
		r.fails(err, fault.BadRequest, "no URI")
		_, err = r.SetApp(r.ctx, "nobody", "x", []string{back})
		r.fails(err, fault.NotFound, "nobody")
		list, err := r.Apps(r.ctx)
		if err != nil || len(list) != 1 || !slices.Equal(list[0].RedirectURIs, []string{back, other}) || list[0].Owner != "maker" {
			t.Errorf("%+v, %v", list, err)
		}
		_, err = r.RemoveApp(r.ctx, "maker")
		r.must(err)
		if list, err := r.Apps(r.ctx); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		_, err = r.App(r.ctx, a.owner.ClientID, "")
		r.fails(err, fault.NoApp, "what is an app no more")
	})
}

// Codes and refresh tokens can't be read out of the database, and the audit log says who
// was allowed what, without them.
func TestGrantsAreKeptAsHashes(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		code := a.allow()
		got, err := a.exchange(code)
		r.must(err)
		_, err = a.exchange(code)
		r.fails(err, fault.BadGrant, "again")
		a.tokens()
		var texts []string
		r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) (err error) {
			texts, err = db.Collect(r.ctx, tx, func(row db.Row) (s string, err error) { return s, row.Scan(&s) }, `
				SELECT code_sha256 FROM oauth_grant UNION ALL SELECT refresh_sha256 FROM oauth_grant UNION ALL SELECT id FROM oauth_grant
				UNION ALL SELECT action || ' ' || what FROM audit_log WHERE action LIKE 'app%'`)
			return err
		}))
		if len(texts) != 3+4 || len(texts[0]) != 64 || len(texts[1]) != 64 {
			t.Errorf("%q", texts)
		}
		for _, text := range texts {
			for _, secret := range []string{code, got.RefreshToken, got.AccessToken} {
				if strings.Contains(text, secret[strings.LastIndex(secret, ".")+1:]) {
					t.Errorf("%q holds a secret", text)
				}
			}
		}
		for _, want := range []string{
			string(auditlog.AppSet) + " 图床助手",
			string(auditlog.AppAllow) + " " + a.owner.ClientID + ` "图床助手" user:base,file:all:read`,
			string(auditlog.AppEnd) + " " + a.owner.ClientID + " used twice",
		} {
			if !slices.Contains(texts, want) {
				t.Errorf("no %q in %q", want, texts)
			}
		}
	})
}

func TestScopes(t *testing.T) {
	for text, want := range map[string]account.Scope{
		"user:base": account.UserBase, "user:base,file:all:read,file:all:write": account.AllScopes, "file:all:write user:base": account.UserBase | account.FileWrite,
		" file:all:read, file:all:read ": account.FileRead,
	} {
		got, ok := account.ParseScope(text)
		if !ok || got != want {
			t.Errorf("%q: %s, %t", text, got, ok)
		}
		if again, ok := account.ParseScope(got.String()); !ok || again != got {
			t.Errorf("%q is not %q", got, again)
		}
	}
	for _, text := range []string{"", ",", "user", "user:base,all", "USER:BASE"} {
		if got, ok := account.ParseScope(text); ok {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func TestSignIn(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("ren\u00e9", 0)
		for _, name := range []string{"ren\u00e9", "rene\u0301"} {
			if who, err := r.SignIn(r.ctx, name, s.Password, "here"); err != nil || who.ID != s.ID {
				t.Errorf("%d, %v", who.ID, err)
			}
		}
		for _, c := range [][2]string{
			{"rené", s.Password + "x"}, {"rené", ""}, {"rené", s.ClientSecret}, {"René", s.Password}, {"", s.Password}, {"nobody", s.Password}, {"nobody", ""},
			{"rené", strings.Repeat("x", 1000)},
		} {
			_, err := r.SignIn(r.ctx, c[0], c[1], "there")
			r.fails(err, fault.BadCredentials, fmt.Sprint(c))
		}
		_, err := r.SetState(r.ctx, "rené", account.Disabled)
		r.must(err)
		_, err = r.SignIn(r.ctx, "rené", s.Password, "here")
		r.fails(err, fault.Disabled, "a disabled account")
		_, err = r.SignIn(r.ctx, "rené", "wrong", "here")
		r.fails(err, fault.BadCredentials, "a wrong password says nothing of the account")
	})
}

// Who tries passwords has to wait, and keeps nobody else from signing in.
func TestSignInAttempts(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 0)
		for n := range 10 {
			_, err := r.SignIn(r.ctx, "writer", "wrong", "there")
			r.fails(err, fault.BadCredentials, fmt.Sprint(n))
		}
		_, err := r.SignIn(r.ctx, "writer", s.Password, "there")
		r.fails(err, fault.TooManyAttempts, "the right one after ten wrong ones")
		for range 12 { // right ones are not counted
			_, err := r.SignIn(r.ctx, "writer", s.Password, "here")
			r.must(err)
		}
		*r.now = r.now.Add(15 * time.Minute)
		_, err = r.SignIn(r.ctx, "writer", s.Password, "there")
		r.must(err)
	})
}
