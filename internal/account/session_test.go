package account_test

import (
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/fault"
)

// A session is a token: it acts for the account, and ends by itself, when it is ended,
// and with the account's secrets.
func TestSessions(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 100)
		begin := func(password string) (string, error) {
			token, _, err := r.BeginSession(r.ctx, "writer", password, "1")
			return token, err
		}
		acts := func(token string, want fault.Code, when string) {
			r.Helper()
			c, err := r.AuthenticateClient(r.ctx, token)
			if want != "" {
				r.fails(err, want, when)
			} else if err != nil || c.ID != s.ID || c.Client != account.PageClient || c.Scope != account.AllScopes || c.App {
				r.Errorf("%s: %+v %v", when, c, err)
			}
		}
		_, err := begin("wrong")
		r.fails(err, fault.BadCredentials, "a wrong password")
		first, err := begin(s.Password)
		r.must(err)
		second, err := begin(s.Password)
		r.must(err)
		acts(first, "", "the first")
		acts(second, "", "the second")

		r.must(r.EndSession(r.ctx, first))
		r.must(r.EndSession(r.ctx, first))
		r.must(r.EndSession(r.ctx, "none of ours"))
		acts(first, fault.TokenExpired, "ended")
		acts(second, "", "another")

		*r.now = start.Add(account.TokenLife + time.Second)
		acts(second, fault.TokenExpired, "its time is over")
		third, err := begin(s.Password)
		r.must(err)
		_, err = r.Reset(r.ctx, "writer")
		r.must(err)
		acts(third, fault.TokenExpired, "reset")
		_, err = begin(s.Password)
		r.fails(err, fault.BadCredentials, "the password of before a reset")
	})
}

// The page has as many tokens as a client may have, and takes none of a client's.
func TestSessionsAreKicked(t *testing.T) {
	each(t, func(r *room) {
		r.SetTokens(account.TokenRules{Life: account.TokenLife, Live: 1})
		s := r.add("writer", 100)
		program, _, err := r.Login(r.ctx, s.ClientID, s.ClientSecret)
		r.must(err)
		first, _, err := r.BeginSession(r.ctx, "writer", s.Password, "1")
		r.must(err)
		second, _, err := r.BeginSession(r.ctx, "writer", s.Password, "1")
		r.must(err)
		_, err = r.Authenticate(r.ctx, first)
		r.fails(err, fault.TokenExpired, "kicked")
		for _, token := range []string{program, second} {
			_, err = r.Authenticate(r.ctx, token)
			r.must(err)
		}
	})
}

func TestSessionsOfDisabledAccounts(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 100)
		_, err := r.SetState(r.ctx, "writer", account.Disabled)
		r.must(err)
		_, _, err = r.BeginSession(r.ctx, "writer", s.Password, "1")
		r.fails(err, fault.Disabled, "disabled")
	})
}
