package account_test

import (
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

// signedIn is an account with a browser that is signed in.
type signedIn struct {
	*room
	account.Secrets
	token string
	who   account.Caller
}

func (r *room) signedIn(name string) signedIn {
	r.Helper()
	in := signedIn{room: r, Secrets: r.add(name, 100)}
	in.token = in.session(in.Password)
	in.who = in.caller(in.token)
	return in
}

func (in signedIn) session(password string) string {
	in.Helper()
	ctx := auditlog.With(in.ctx, auditlog.Actor{Address: "192.0.2.1"})
	token, _, err := in.BeginSession(ctx, in.name(), password, "192.0.2.1")
	in.must(err)
	return token
}

func (in signedIn) name() string {
	in.Helper()
	acc, err := in.Get(in.ctx, in.ID)
	in.must(err)
	return acc.Name
}

func (r *room) caller(token string) account.Caller {
	r.Helper()
	who, err := r.AuthenticateClient(r.ctx, token)
	r.must(err)
	return who
}

func (r *room) live(token string, want bool, when string) {
	r.Helper()
	_, err := r.Authenticate(r.ctx, token)
	switch {
	case want && err != nil:
		r.Errorf("%s: %v", when, err)
	case !want:
		r.fails(err, fault.TokenExpired, when)
	}
}

// Who changes the password knows the present one; the account's other sessions end, and what
// was signed for it.
func TestChangePassword(t *testing.T) {
	each(t, func(r *room) {
		in := r.signedIn("writer")
		other := in.session(in.Password)
		program, _, err := r.Login(auditlog.With(r.ctx, auditlog.Actor{Address: "192.0.2.1"}), in.ClientID, in.ClientSecret)
		r.must(err)
		// Before browsers had a client of their own, a session was a token of the account's, and
		// nothing said where it was asked for.
		before, _, err := r.Login(r.ctx, in.ClientID, in.ClientSecret)
		r.must(err)
		signed, err := r.Sign(r.ctx, in.ID, time.Hour, "GET x")
		r.must(err)
		next := strings.Repeat("长", 128)
		change := func(present, next string) error {
			return r.ChangePassword(r.ctx, in.who, present, next, "192.0.2.1")
		}
		r.fails(change("wrong", next), fault.WrongPassword, "another one")
		for _, bad := range []string{"", "1234567", strings.Repeat("x", 129), strings.Repeat("长", 129), "12345678\xff"} {
			r.fails(change(in.Password, bad), fault.BadPassword, fmt.Sprintf("%q", bad))
		}
		r.live(other, true, "refused")
		r.must(change(in.Password, next))
		r.live(in.token, true, "who asks")
		r.live(program, true, "a client")
		r.live(other, false, "another session")
		r.live(before, false, "a session of before")
		r.fails(r.Verify(r.ctx, in.ID, signed, "GET x"), fault.BadSignature, "a signed URL")
		_, err = r.SignIn(r.ctx, "writer", in.Password, "192.0.2.1")
		r.fails(err, fault.BadCredentials, "the old one")
		in.session(next)
		r.fails(change(in.Password, "12345678"), fault.WrongPassword, "the old one, again")

		r.noted(in.ID, auditlog.PasswordSet, "writer", 1)
	})
}

// What an operator has asked for is not done once his secrets have ended, or once he is none.
func TestOperatorsThatAreNone(t *testing.T) {
	each(t, func(r *room) {
		boss := r.signedIn("boss")
		r.add("writer", 100)
		quota := int64(7)
		try := func(want fault.Code, when string) {
			t.Helper()
			ctx := account.By(r.ctx, boss.who)
			_, err := r.SetLimits(ctx, "writer", account.Limits{Quota: &quota})
			r.fails(err, want, when+": limits")
			_, err = r.SetState(ctx, "writer", account.Disabled)
			r.fails(err, want, when+": state")
			r.fails(r.db.Write(ctx, "test", func(tx *db.Tx) error { return account.MayOperate(ctx, tx) }), want, when)
		}
		try(fault.OperatorOnly, "no operator")
		r.write(func(tx *db.Tx) error {
			_, err := tx.Exec(r.ctx, `UPDATE account SET operator = 1 WHERE id = $1`, boss.ID)
			return err
		})
		ctx := account.By(r.ctx, boss.who)
		if acc, err := r.SetLimits(ctx, "writer", account.Limits{Quota: &quota}); err != nil || acc.Quota != quota {
			t.Errorf("%+v %v", acc, err)
		}
		_, err := r.Reset(r.ctx, "boss")
		r.must(err)
		try(fault.TokenExpired, "after a reset")
	})
}

// Who tries passwords so is counted as who signs in.
func TestChangePasswordTries(t *testing.T) {
	each(t, func(r *room) {
		in := r.signedIn("writer")
		for range 10 {
			r.fails(r.ChangePassword(r.ctx, in.who, "wrong", "12345678", "192.0.2.1"), fault.WrongPassword, "wrong")
		}
		r.fails(r.ChangePassword(r.ctx, in.who, in.Password, "12345678", "192.0.2.1"), fault.TooManyAttempts, "right, too late")
		_, err := r.SignIn(r.ctx, "writer", in.Password, "192.0.2.1")
		r.fails(err, fault.TooManyAttempts, "a sign-in")
	})
}

// noted counts the entries of the audit log of an account.
func (r *room) noted(id account.ID, action auditlog.Action, what string, want int) {
	r.Helper()
	n := 0
	r.must(auditlog.Read(r.ctx, r.db, int64(id), time.Time{}, func(e auditlog.Entry) error {
		if e.Action == action && e.What == what {
			n++
		}
		return nil
	}))
	if n != want {
		r.Errorf("%s %q is noted %d times, not %d", action, what, n, want)
	}
}

func TestClientsOfAnAccount(t *testing.T) {
	each(t, func(r *room) {
		in, stranger := r.signedIn("writer"), r.signedIn("stranger")
		*r.now = start.Add(time.Second)
		id, secret, err := r.AddClient(r.ctx, in.who, "  PicGo 办公室 ")
		r.must(err)
		token, _, err := r.Login(r.ctx, id, secret)
		r.must(err)
		if c := r.caller(token); c.ID != in.ID || c.Client != id || c.Scope != account.AllScopes || c.App {
			t.Errorf("%+v", c)
		}
		list, err := r.Clients(r.ctx, in.ID)
		r.must(err)
		if len(list) != 2 || list[0].ID != in.ClientID || list[0].Name != "" || list[1].ID != id || list[1].Name != "PicGo 办公室" || !list[1].UsedAt.IsZero() || !list[1].CreatedAt.Equal(start.Add(time.Second)) {
			t.Errorf("%+v", list)
		}
		r.must(r.NameClient(r.ctx, in.who, in.ClientID, "first"))
		for _, bad := range []string{"", " ", "a\nb", strings.Repeat("x", 65), "a\xff"} {
			_, _, err := r.AddClient(r.ctx, in.who, bad)
			r.fails(err, fault.BadRequest, bad)
			r.fails(r.NameClient(r.ctx, in.who, id, bad), fault.BadRequest, bad)
		}
		r.fails(r.NameClient(r.ctx, stranger.who, id, "x"), fault.ClientNotFound, "another's")
		r.fails(r.RemoveClient(r.ctx, stranger.who, id), fault.ClientNotFound, "another's")
		r.fails(r.RemoveClient(r.ctx, in.who, "nobody's"), fault.ClientNotFound, "nobody's")
		r.live(token, true, "refused")

		first, _, err := r.Login(r.ctx, in.ClientID, in.ClientSecret)
		r.must(err)
		r.must(r.RemoveClient(r.ctx, in.who, id))
		r.live(token, false, "its client has gone")
		r.live(first, true, "another client's")
		r.live(in.token, true, "the page")
		_, _, err = r.Login(r.ctx, id, secret)
		r.fails(err, fault.BadCredentials, "removed")
		r.fails(r.RemoveClient(r.ctx, in.who, in.ClientID), fault.LastClient, "the last one")
		r.live(first, true, "nothing was done")
		list, err = r.Clients(r.ctx, in.ID)
		if err != nil || len(list) != 1 || list[0].Name != "first" {
			t.Errorf("%+v %v", list, err)
		}
		r.noted(in.ID, auditlog.ClientAdd, id+" PicGo 办公室", 1)
		r.noted(in.ID, auditlog.ClientEnd, id, 1)
		r.noted(in.ID, auditlog.ClientEnd, in.ClientID, 0)
	})
}

// However many ask at once, an account has so many clients.
func TestClientsAreBounded(t *testing.T) {
	each(t, func(r *room) {
		in := r.signedIn("writer")
		var g errgroup.Group
		made := make(chan bool, 40)
		for range 40 {
			g.Go(func() error {
				_, _, err := r.AddClient(r.ctx, in.who, "x")
				made <- err == nil
				if fault.Is(err, fault.TooManyClients) {
					return nil
				}
				return err
			})
		}
		r.must(g.Wait())
		close(made)
		n := 0
		for ok := range made {
			if ok {
				n++
			}
		}
		list, err := r.Clients(r.ctx, in.ID)
		if err != nil || n != account.MaxClients-1 || len(list) != account.MaxClients {
			t.Errorf("%d were made, %d are there: %v", n, len(list), err)
		}
	})
}

// Whose token has ended, or who is an app, may nothing of this.
func TestOwnersAlone(t *testing.T) {
	each(t, func(r *room) {
		in := r.signedIn("writer")
		asks := func(who account.Caller, want fault.Code, when string) {
			r.Helper()
			_, _, err := r.AddClient(r.ctx, who, "x")
			r.fails(err, want, when)
			r.fails(r.NameClient(r.ctx, who, in.ClientID, "x"), want, when)
			r.fails(r.RemoveClient(r.ctx, who, in.ClientID), want, when)
			r.fails(r.EndToken(r.ctx, who, "x"), want, when)
			r.fails(r.EndAllowed(r.ctx, who, "x"), want, when)
			r.fails(r.ChangePassword(r.ctx, who, in.Password, "12345678", "1"), want, when)
		}
		app := in.who
		app.App = true
		asks(app, fault.ScopeMissing, "an app")
		r.must(r.EndSession(r.ctx, in.token))
		asks(in.who, fault.TokenExpired, "signed out")
		again := r.caller(in.session(in.Password))
		_, err := r.SetState(r.ctx, "writer", account.Disabled)
		r.must(err)
		asks(again, fault.Disabled, "disabled")
	})
}

func TestTokensOfAnAccount(t *testing.T) {
	each(t, func(r *room) {
		in, stranger := r.signedIn("writer"), r.signedIn("stranger")
		var tokens []string
		for range 3 {
			*r.now = r.now.Add(time.Second)
			token, _, err := r.Login(r.ctx, in.ClientID, in.ClientSecret)
			r.must(err)
			tokens = append(tokens, token)
		}
		var all []account.Token
		cursor := ""
		for {
			list, next, err := r.Tokens(r.ctx, in.who, cursor, 2)
			r.must(err)
			all = append(all, list...)
			if cursor = next; next == "" {
				break
			}
		}
		if len(all) != 4 || !all[3].Asking || all[3].Client != account.PageClient || all[3].Address != "192.0.2.1" || !all[3].CreatedAt.Equal(start) {
			t.Fatalf("%+v", all)
		}
		for _, other := range all[:3] {
			if other.Asking || other.Client != in.ClientID {
				t.Errorf("%+v", other)
			}
		}
		for _, bad := range []string{"x", "1", "1.", ".x"} {
			_, _, err := r.Tokens(r.ctx, in.who, bad, 2)
			r.fails(err, fault.BadRequest, bad)
		}
		r.fails(r.EndToken(r.ctx, stranger.who, all[0].ID), fault.TokenNotFound, "another's")
		r.live(tokens[2], true, "refused")
		r.must(r.EndToken(r.ctx, in.who, all[0].ID))
		r.live(tokens[2], false, "ended")
		r.live(tokens[1], true, "another")
		r.fails(r.EndToken(r.ctx, in.who, all[0].ID), fault.TokenNotFound, "again")
		*r.now = start.Add(account.TokenLife + time.Second)
		if list, _, err := r.Tokens(r.ctx, in.who, "", 10); err != nil || len(list) != 1 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// When a token and its client were used is known within some minutes, and is written no
// more often.
func TestUses(t *testing.T) {
	each(t, func(r *room) {
		in := r.signedIn("writer")
		token, _, err := r.Login(r.ctx, in.ClientID, in.ClientSecret)
		r.must(err)
		used := func(want time.Time, when string) {
			r.Helper()
			r.must(r.KeepUses(r.ctx))
			tokens, _, err := r.Tokens(r.ctx, in.who, "", 10)
			r.must(err)
			clients, err := r.Clients(r.ctx, in.ID)
			r.must(err)
			for _, tok := range tokens {
				if tok.Client == in.ClientID && !tok.UsedAt.Equal(want) {
					r.Errorf("%s: the token %v, want %v", when, tok.UsedAt, want)
				}
			}
			if !clients[0].UsedAt.Equal(want) {
				r.Errorf("%s: the client %v, want %v", when, clients[0].UsedAt, want)
			}
		}
		used(time.Time{}, "before")
		*r.now = start.Add(time.Second)
		r.live(token, true, "first")
		first := start.Add(time.Second)
		used(first, "first")
		*r.now = first.Add(9 * time.Minute)
		r.live(token, true, "soon")
		used(first, "soon")
		*r.now = first.Add(10 * time.Minute)
		r.live(token, true, "later")
		used(first.Add(10*time.Minute), "later")
	})
}

// The apps that an account has allowed are told by what they may, and end when it says so.
func TestAllowed(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		who := r.caller(signedIn{room: r, Secrets: a.user}.session(a.user.Password))
		if list, err := r.Allowed(r.ctx, a.user.ID); err != nil || len(list) != 0 {
			t.Fatalf("%+v %v", list, err)
		}
		code := a.allow()
		if list, err := r.Allowed(r.ctx, a.user.ID); err != nil || len(list) != 0 {
			t.Errorf("by a code alone: %+v %v", list, err)
		}
		got, err := a.exchange(code)
		r.must(err)
		list, err := r.Allowed(r.ctx, a.user.ID)
		if err != nil || len(list) != 1 || list[0].ClientID != a.owner.ClientID || list[0].Scope != a.wish().Scope || list[0].Name == "" {
			t.Errorf("%+v %v", list, err)
		}
		tokens, _, err := r.Tokens(r.ctx, who, "", 10)
		if err != nil || slices.ContainsFunc(tokens, func(k account.Token) bool { return k.Client == a.owner.ClientID }) {
			t.Errorf("an app's token is none of the account's own: %+v %v", tokens, err)
		}
		r.fails(r.EndAllowed(r.ctx, who, "nobody"), fault.ClientNotFound, "nobody")
		r.must(r.EndAllowed(r.ctx, who, a.owner.ClientID))
		r.live(got.AccessToken, false, "ended")
		_, err = r.Refresh(r.ctx, a.owner.ClientID, a.owner.ClientSecret, got.RefreshToken)
		r.fails(err, fault.BadGrant, "ended")
	})
}

// With a client that is an app goes what others allowed it, and no more than one is an app.
func TestClientsThatAreApps(t *testing.T) {
	each(t, func(r *room) {
		a := r.app()
		maker := r.caller(signedIn{room: r, Secrets: a.owner}.session(a.owner.Password))
		got, err := a.exchange(a.allow())
		r.must(err)
		_, _, err = r.AddClient(r.ctx, maker, "another")
		r.must(err)
		app, err := r.SetApp(r.ctx, "maker", "renamed", []string{back})
		if err != nil || app.ClientID != a.owner.ClientID {
			t.Errorf("%+v %v", app, err)
		}
		if apps, err := r.Apps(r.ctx); err != nil || len(apps) != 1 {
			t.Errorf("%+v %v", apps, err)
		}
		r.live(got.AccessToken, true, "before")
		r.must(r.RemoveClient(r.ctx, maker, a.owner.ClientID))
		r.live(got.AccessToken, false, "its app has gone")
	})
}

// A link signs in once, in time, and not after anybody has signed in.
func TestLinks(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("admin", 100)
		link := func() (l string) {
			r.Helper()
			r.write(func(tx *db.Tx) (err error) {
				l, err = account.MakeLink(r.ctx, tx, s.ID)
				return err
			})
			return l
		}
		by := func(l string, want fault.Code, when string) (token string) {
			r.Helper()
			token, _, err := r.BeginSessionByLink(r.ctx, l)
			if want == "" {
				r.must(err)
			} else {
				r.fails(err, want, when)
			}
			return token
		}
		one := link()
		for _, bad := range []string{"", "x", ".", one + "x", one[:len(one)-1], "zz" + one, strings.ToUpper(one)} {
			by(bad, fault.BadCredentials, bad)
		}
		token := by(one, "", "")
		if c := r.caller(token); c.ID != s.ID || c.Client != account.PageClient {
			t.Errorf("%+v", c)
		}
		by(one, fault.BadCredentials, "used")

		one = link()
		*r.now = r.now.Add(account.LinkLife)
		by(one, fault.BadCredentials, "too late")

		one = link()
		two := link()
		by(one, fault.BadCredentials, "another was made")
		in := signedIn{room: r, Secrets: s}
		in.session(s.Password)
		by(two, fault.BadCredentials, "somebody has signed in")

		one = link()
		who := r.caller(token)
		r.must(r.ChangePassword(r.ctx, who, s.Password, "12345678", "1"))
		by(one, fault.BadCredentials, "another password")
		one = link()
		_, err := r.Reset(r.ctx, "admin")
		r.must(err)
		by(one, fault.BadCredentials, "reset")

		one = link()
		_, err = r.SetState(r.ctx, "admin", account.Disabled)
		r.must(err)
		by(one, fault.Disabled, "disabled")
	})
}

// Of many that have one link, one signs in.
func TestLinksWorkOnce(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("admin", 100)
		var link string
		r.write(func(tx *db.Tx) (err error) {
			link, err = account.MakeLink(r.ctx, tx, s.ID)
			return err
		})
		var g errgroup.Group
		in := make(chan bool, 8)
		for range 8 {
			g.Go(func() error {
				_, _, err := r.BeginSessionByLink(r.ctx, link)
				in <- err == nil
				if fault.Is(err, fault.BadCredentials) {
					return nil
				}
				return err
			})
		}
		r.must(g.Wait())
		close(in)
		n := 0
		for ok := range in {
			if ok {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d have signed in", n)
		}
	})
}

func TestAccountsByPages(t *testing.T) {
	each(t, func(r *room) {
		for i := range 5 {
			r.add(fmt.Sprintf("u%d", i), 100)
		}
		var names []string
		for last := account.ID(0); ; {
			list, err := r.After(r.ctx, last, 2)
			r.must(err)
			for _, a := range list {
				names = append(names, a.Name)
				last = a.ID
			}
			if len(list) < 2 {
				break
			}
		}
		if strings.Join(names, " ") != "u0 u1 u2 u3 u4" {
			t.Error(names)
		}
	})
}
