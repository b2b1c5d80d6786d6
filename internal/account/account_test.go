package account_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/errgroup"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// room is the real room on a real database, with a clock that tests set.
type room struct {
	*testing.T
	*account.Accounts
	ctx context.Context
	db  *db.DB
	now *time.Time
}

var start = time.Date(2025, 6, 1, 12, 0, 0, 500_000_000, time.UTC)

func each(t *testing.T, fn func(r *room)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			now := start
			r := &room{T: t, ctx: t.Context(), now: &now}
			r.db = dbtest.Open(t, e, func() time.Time { return now })
			r.reopen()
			fn(r)
		})
	}
}

// reopen reads the keys as another start does.
func (r *room) reopen() {
	r.Helper()
	a, err := account.Open(r.ctx, r.db)
	r.must(err)
	r.Accounts = a
}

func (r *room) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *room) fails(err error, want fault.Code, when string) {
	r.Helper()
	if !fault.Is(err, want) {
		r.Errorf("%s: %v, want %s", when, err, want)
	}
}

func (r *room) write(fn func(tx *db.Tx) error) {
	r.Helper()
	r.must(r.db.Write(r.ctx, "test", fn))
}

// passwords are made once for each name of an account: to make one is slow on purpose.
var passwords = map[string]account.Password{}

func (r *room) add(name string, quota int64) (s account.Secrets) {
	r.Helper()
	p, ok := passwords[name]
	if !ok {
		made, err := account.NewPassword(r.ctx)
		r.must(err)
		p, passwords[name] = made, made
	}
	r.write(func(tx *db.Tx) (err error) {
		s, err = account.Add(r.ctx, tx, name, quota, false, p)
		return err
	})
	return s
}

func (r *room) login(s account.Secrets) string {
	r.Helper()
	token, _, err := r.Login(r.ctx, s.ClientID, s.ClientSecret)
	r.must(err)
	return token
}

func TestAdd(t *testing.T) {
	each(t, func(r *room) {
		a, b := r.add("writer", 100), r.add("图床", account.NoQuota)
		if a.ID != 1001 || b.ID != 1002 || a.ClientID == b.ClientID || a.ClientSecret == b.ClientSecret || a.Password == b.Password {
			t.Errorf("%+v %+v", a, b)
		}
		for name, want := range map[string]fault.Code{
			"writer": fault.Exists, "": fault.BadRequest, " ": fault.BadRequest, "a b": fault.BadRequest, "a\n": fault.BadRequest, "\x7f": fault.BadRequest,
			strings.Repeat("x", 65): fault.BadRequest, "a\u202eb": fault.BadRequest, "a\u200bb": fault.BadRequest, "a\u00a0b": fault.BadRequest,
			"a\u3000b": fault.BadRequest, "\ufeffa": fault.BadRequest, "a\xff": fault.BadRequest, "a\u0085": fault.BadRequest, "a\ue000": fault.BadRequest,
		} {
			err := r.db.Write(r.ctx, "test", func(tx *db.Tx) error {
				_, err := account.Add(r.ctx, tx, name, 0, false, account.Password{})
				return err
			})
			r.fails(err, want, fmt.Sprintf("%q", name))
		}
		r.add(strings.Repeat("x", 64), 0)
		// Two ways to write é are one name.
		r.add("ren\u00e9", 0)
		err := r.db.Write(r.ctx, "test", func(tx *db.Tx) error {
			_, err := account.Add(r.ctx, tx, "rene\u0301", 0, false, account.Password{})
			return err
		})
		if !fault.Is(err, fault.Exists) {
			t.Errorf("rené written otherwise: %v", err)
		}
		if _, err := r.Reset(r.ctx, "rene\u0301"); err != nil {
			t.Errorf("rené is found by one spelling only: %v", err)
		}
		list, err := r.List(r.ctx)
		if err != nil || len(list) != 4 || list[0].Name != "writer" || list[0].Quota != 100 || list[1].Quota != account.NoQuota || !list[0].CreatedAt.Equal(start) {
			t.Errorf("%+v %v", list, err)
		}
		if got, err := r.Get(r.ctx, b.ID); err != nil || got != list[1] {
			t.Errorf("%+v %v", got, err)
		}
		_, err = r.Get(r.ctx, 5)
		r.fails(err, fault.NotFound, "no such account")
	})
}

// Secrets can't be read out of the database.
func TestSecretsAreKeptAsHashes(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 0)
		token := r.login(s)
		var texts []string
		r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) (err error) {
			texts, err = db.Collect(r.ctx, tx, func(row db.Row) (s string, err error) { return s, row.Scan(&s) }, `
				SELECT password_hash FROM account UNION ALL SELECT secret_sha256 FROM client UNION ALL SELECT id FROM token`)
			return err
		}))
		if len(texts) != 3 || !strings.HasPrefix(texts[0], "argon2id$19456$2$") {
			t.Errorf("%q", texts)
		}
		for _, text := range texts {
			for _, secret := range []string{s.Password, s.ClientSecret, token} {
				if strings.Contains(text, secret) {
					t.Errorf("%q holds a secret", text)
				}
			}
		}
	})
}

func TestLogin(t *testing.T) {
	each(t, func(r *room) {
		s, other := r.add("writer", 0), r.add("other", 0)
		token, expires, err := r.Login(r.ctx, s.ClientID, s.ClientSecret)
		if err != nil || !expires.Equal(start.Add(account.TokenLife).Truncate(time.Second)) {
			t.Fatalf("expires %s, %v", expires, err)
		}
		for _, c := range [][2]string{
			{s.ClientID, other.ClientSecret}, {s.ClientID, ""}, {s.ClientID, s.ClientSecret + "x"}, {"", s.ClientSecret}, {"", ""}, {"nobody", ""},
			{s.ClientSecret, s.ClientID}, {strings.ToUpper(s.ClientID), s.ClientSecret},
		} {
			_, _, err := r.Login(r.ctx, c[0], c[1])
			r.fails(err, fault.BadCredentials, fmt.Sprint(c))
		}
		second := r.login(s) // kicks nobody
		for _, token := range []string{token, second} {
			if id, err := r.Authenticate(r.ctx, token); err != nil || id != s.ID {
				t.Errorf("%d %v", id, err)
			}
		}
		if id, err := r.Authenticate(r.ctx, r.login(other)); err != nil || id != other.ID {
			t.Errorf("%d %v", id, err)
		}
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil || claims["id"] != float64(s.ID) || claims["exp"] != float64(expires.Unix()) {
			t.Errorf("%v %v", claims, err)
		}
	})
}

func TestTokensThatAreNone(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 0)
		good := r.login(s)
		if _, err := r.Authenticate(r.ctx, good); err != nil { // its signature is known from here on
			t.Fatal(err)
		}
		parts := strings.Split(good, ".")
		forge := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
			text, err := jwt.NewWithClaims(method, claims).SignedString(key)
			r.must(err)
			return text
		}
		later := start.Add(time.Hour).Unix()
		for name, token := range map[string]string{
			"nothing":          "",
			"garbage":          "garbage",
			"two parts":        parts[0] + "." + parts[1],
			"cut off":          good[:len(good)-2],
			"longer":           good + "A",
			"another's claims": parts[0] + ".eyJpZCI6MTAwMn0." + parts[2],
			"another key":      forge(jwt.SigningMethodHS256, []byte("guess"), jwt.MapClaims{"id": s.ID, "exp": later}),
			"no key":           forge(jwt.SigningMethodHS256, []byte{}, jwt.MapClaims{"id": s.ID, "exp": later}),
			"not signed":       forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"id": s.ID, "exp": later}),
		} {
			_, err := r.Authenticate(r.ctx, token)
			r.fails(err, fault.NoToken, name)
		}
		if _, err := r.Authenticate(r.ctx, good); err != nil {
			t.Error(err)
		}
	})
}

func TestTokensEnd(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 0)
		token := r.login(s)
		*r.now = start.Add(account.TokenLife - 2*time.Second)
		late := r.login(s)
		r.must(r.SweepTokens(r.ctx))
		r.reopen() // the keys outlive the process
		for _, token := range []string{token, late} {
			if _, err := r.Authenticate(r.ctx, token); err != nil {
				t.Error(err)
			}
		}
		*r.now = start.Add(account.TokenLife)
		_, err := r.Authenticate(r.ctx, token)
		r.fails(err, fault.TokenExpired, "30 days later")
		r.must(r.SweepTokens(r.ctx))
		*r.now = start // a swept token stays ended, whatever the clock says
		_, err = r.Authenticate(r.ctx, token)
		r.fails(err, fault.TokenExpired, "swept")
		if _, err := r.Authenticate(r.ctx, late); err != nil {
			t.Errorf("the younger token was swept too: %v", err)
		}
	})
}

// The operator says how long tokens live. One keeps the end it was made with.
func TestTokenLife(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 0)
		long := r.login(s)
		r.SetTokens(account.TokenRules{Life: 8 * 24 * time.Hour})
		short, expires, err := r.Login(r.ctx, s.ClientID, s.ClientSecret)
		if want := start.Add(8 * 24 * time.Hour).Truncate(time.Second); err != nil || !expires.Equal(want) {
			t.Fatalf("it ends %s, want %s, %v", expires, want, err)
		}
		*r.now = expires.Add(-time.Second)
		for _, token := range []string{long, short} {
			if _, err := r.Authenticate(r.ctx, token); err != nil {
				t.Error(err)
			}
		}
		*r.now = expires
		_, err = r.Authenticate(r.ctx, short)
		r.fails(err, fault.TokenExpired, "after its days")
		if _, err := r.Authenticate(r.ctx, long); err != nil {
			t.Error(err)
		}
	})
}

// Where a client may have so many tokens, the oldest ends for one more, of that client
// alone, and whatever process made it.
func TestTheOldestTokenIsKicked(t *testing.T) {
	each(t, func(r *room) {
		s, other := r.add("writer", 0), r.add("other", 0)
		rules := account.TokenRules{Life: account.TokenLife, Live: 3}
		login := func() string {
			*r.now = r.now.Add(time.Second)
			return r.login(s)
		}
		theirs := r.login(other)
		tokens := []string{login(), login(), login(), login(), login()} // made without a limit
		r.SetTokens(rules)
		tokens = append(tokens, login())
		r.reopen()
		r.SetTokens(rules)
		tokens = append(tokens, login())
		for n, token := range tokens {
			_, err := r.Authenticate(r.ctx, token)
			if n < len(tokens)-3 {
				r.fails(err, fault.TokenExpired, fmt.Sprintf("token %d", n))
			} else if err != nil {
				t.Errorf("token %d of %d: %v", n, len(tokens), err)
			}
		}
		if _, err := r.Authenticate(r.ctx, theirs); err != nil {
			t.Errorf("another's: %v", err)
		}
		// One that has ended by its time has no place.
		*r.now = start.Add(account.TokenLife + 4*time.Second) // a second later two of the three live
		last := login()
		for n, token := range tokens[5:] {
			if _, err := r.Authenticate(r.ctx, token); err != nil {
				t.Errorf("token %d: %v", n, err)
			}
		}
		if _, err := r.Authenticate(r.ctx, last); err != nil {
			t.Error(err)
		}
	})
}

// However many sign in at once, so many live.
func TestTokensAreKickedOneByOne(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 0)
		r.SetTokens(account.TokenRules{Life: account.TokenLife, Live: 2})
		tokens := make([]string, 12)
		g, ctx := errgroup.WithContext(r.ctx)
		for n := range tokens {
			g.Go(func() (err error) {
				tokens[n], _, err = r.Login(ctx, s.ClientID, s.ClientSecret)
				return err
			})
		}
		r.must(g.Wait())
		live := 0
		for _, token := range tokens {
			if _, err := r.Authenticate(r.ctx, token); err == nil {
				live++
			}
		}
		if live != 2 {
			t.Errorf("%d live", live)
		}
	})
}

func TestReset(t *testing.T) {
	each(t, func(r *room) {
		old, other := r.add("writer", 7), r.add("other", 0)
		token, theirs := r.login(old), r.login(other)
		if _, err := r.Authenticate(r.ctx, token); err != nil { // its signature is known from here on
			t.Fatal(err)
		}
		_, err := r.SetState(r.ctx, "writer", account.Disabled)
		r.must(err)
		fresh, err := r.Reset(r.ctx, "writer")
		if err != nil || fresh.ID != old.ID || fresh.ClientID == old.ClientID || fresh.ClientSecret == old.ClientSecret || fresh.Password == old.Password {
			t.Fatalf("%+v %v", fresh, err)
		}
		_, err = r.Authenticate(r.ctx, token)
		r.fails(err, fault.TokenExpired, "an old token")
		_, _, err = r.Login(r.ctx, old.ClientID, old.ClientSecret)
		r.fails(err, fault.BadCredentials, "the old secret")
		_, _, err = r.Login(r.ctx, fresh.ClientID, fresh.ClientSecret)
		r.fails(err, fault.Disabled, "the new secret of an account that stays disabled")
		_, err = r.SetState(r.ctx, "writer", account.Enabled)
		r.must(err)
		if id, err := r.Authenticate(r.ctx, r.login(fresh)); err != nil || id != old.ID {
			t.Errorf("%d %v", id, err)
		}
		if _, err := r.Authenticate(r.ctx, theirs); err != nil {
			t.Errorf("another's token: %v", err)
		}
		if a, err := r.Get(r.ctx, old.ID); err != nil || a.Quota != 7 || a.State != account.Enabled {
			t.Errorf("%+v %v", a, err)
		}
		_, err = r.Reset(r.ctx, "nobody")
		r.fails(err, fault.NotFound, "nobody")
	})
}

// A sign-in beside a reset is before it or after it: no token of the old secret is left.
func TestNoSignInOutlivesAReset(t *testing.T) {
	each(t, func(r *room) {
		for n := range 5 {
			name := fmt.Sprintf("writer%d", n)
			s := r.add(name, 0)
			tokens := make(chan string, 64)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range 8 {
						token, _, err := r.Login(r.ctx, s.ClientID, s.ClientSecret)
						if err == nil {
							tokens <- token
						} else if !fault.Is(err, fault.BadCredentials) {
							t.Error(err)
						}
					}
				})
			}
			_, err := r.Reset(r.ctx, name)
			r.must(err)
			all.Wait()
			close(tokens)
			for token := range tokens {
				_, err := r.Authenticate(r.ctx, token)
				r.fails(err, fault.TokenExpired, "a token of the old secret")
			}
		}
	})
}

func TestDisabled(t *testing.T) {
	each(t, func(r *room) {
		s := r.add("writer", 0)
		token := r.login(s)
		if _, err := r.Authenticate(r.ctx, token); err != nil { // its signature is known from here on
			t.Fatal(err)
		}
		for _, state := range []account.State{account.Disabled, account.Unpublished} {
			if id, err := r.SetState(r.ctx, "writer", state); err != nil || id != s.ID {
				t.Fatal(id, err)
			}
			_, err := r.Authenticate(r.ctx, token)
			r.fails(err, fault.Disabled, "a token")
			_, _, err = r.Login(r.ctx, s.ClientID, s.ClientSecret)
			r.fails(err, fault.Disabled, "a login")
			_, _, err = r.Login(r.ctx, s.ClientID, "wrong")
			r.fails(err, fault.BadCredentials, "a wrong secret says nothing of the account")
		}
		_, err := r.SetState(r.ctx, "writer", account.Enabled)
		r.must(err)
		if _, err := r.Authenticate(r.ctx, token); err != nil {
			t.Errorf("enabled again: %v", err)
		}
		_, err = r.SetState(r.ctx, "nobody", account.Disabled)
		r.fails(err, fault.NotFound, "nobody")
	})
}

func TestQuota(t *testing.T) {
	each(t, func(r *room) {
		s, free := r.add("writer", 100), r.add("free", account.NoQuota)
		for n, c := range []struct {
			used, reserved int64
			ok             bool
			room           int64
		}{
			{60, 0, true, 40}, {0, 30, true, 10}, {11, 0, false, 10}, {0, 11, false, 10}, {6, 5, false, 10}, {10, 0, true, 0}, {1, 0, false, 0},
			{30, -30, true, 0}, {31, -30, false, 0}, {0, 0, true, 0}, {-50, 0, true, 50},
		} {
			err := r.db.Write(r.ctx, "test", func(tx *db.Tx) error {
				if _, err := account.Lock(r.ctx, tx, s.ID); err != nil {
					return err
				}
				return account.Count(r.ctx, tx, s.ID, c.used, c.reserved)
			})
			if c.ok != (err == nil) || !c.ok && !fault.Is(err, fault.QuotaExceeded) {
				t.Errorf("step %d: %v", n, err)
			}
			if a, err := r.Get(r.ctx, s.ID); err != nil || a.Room() != c.room || a.Room() != a.Quota-a.Used-a.Reserved {
				t.Errorf("step %d: %+v leaves %d, %v", n, a, a.Room(), err)
			}
		}
		for _, less := range [][2]int64{{-51, 51}, {0, -1}} { // would be a bug of who counts
			err := r.db.Write(r.ctx, "test", func(tx *db.Tx) error { return account.Count(r.ctx, tx, s.ID, less[0], less[1]) })
			r.fails(err, fault.Internal, "fewer bytes than none")
		}
		r.write(func(tx *db.Tx) error { return account.Count(r.ctx, tx, free.ID, 1<<50, 1<<50) })
		if a, err := r.Get(r.ctx, free.ID); err != nil || a.Room() < 1<<60 {
			t.Errorf("%+v %v", a, err)
		}
		// More is used than the quota, which was made smaller: only shrinking goes on.
		r.write(func(tx *db.Tx) error {
			_, err := tx.Exec(r.ctx, `UPDATE account SET quota = 10, used = 50 WHERE id = $1`, s.ID)
			return err
		})
		for change, ok := range map[int64]bool{1: false, 0: true, -1: true} {
			err := r.db.Write(r.ctx, "test", func(tx *db.Tx) error { return account.Count(r.ctx, tx, s.ID, change, 0) })
			if ok != (err == nil) {
				t.Errorf("%d: %v", change, err)
			}
		}
		if a, err := r.Get(r.ctx, s.ID); err != nil || a.Room() != 0 {
			t.Errorf("%+v leaves %d, %v", a, a.Room(), err)
		}
	})
}

// Numbers are taken one by one, whoever takes them at the same time.
func TestSequences(t *testing.T) {
	each(t, func(r *room) {
		s, other := r.add("writer", 0), r.add("other", 0)
		const takers, each = 4, 50
		lists := make([][]int64, takers)
		g, ctx := errgroup.WithContext(r.ctx)
		for n := range takers {
			g.Go(func() error {
				for range each {
					err := r.db.Write(ctx, "test", func(tx *db.Tx) error {
						seq, err := account.NextTask(ctx, tx, s.ID)
						if err != nil {
							return err
						}
						lists[n] = append(lists[n], seq)
						_, err = account.NextBlob(ctx, tx, s.ID)
						return err
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		r.must(g.Wait())
		all := slices.Sorted(slices.Values(slices.Concat(lists...)))
		for n, seq := range all {
			if seq != int64(n+1) {
				t.Fatalf("the numbers are %v", all)
			}
		}
		r.write(func(tx *db.Tx) error {
			task, err := account.NextTask(r.ctx, tx, other.ID)
			if err != nil || task != 1 {
				t.Errorf("another account begins with %d", task)
			}
			blob, err := account.NextBlob(r.ctx, tx, s.ID)
			if blob != takers*each+1 {
				t.Errorf("the next content is %d", blob)
			}
			return err
		})
	})
}

// What was sealed comes back as it was, in time, to any process.
func TestSeals(t *testing.T) {
	each(t, func(r *room) {
		seal := r.Seal(time.Hour, "a\nb")
		r.reopen()
		end, mac, _ := strings.Cut(seal, "-")
		signature, err := r.Sign(r.ctx, r.add("writer", 0).ID, time.Hour, "a\nb")
		r.must(err)
		for name, c := range map[string][2]string{
			"other words":    {seal, "a\nc"},
			"a later end":    {end + "0-" + mac, "a\nb"},
			"cut off":        {seal[:len(seal)-1], "a\nb"},
			"nothing":        {"", "a\nb"},
			"of an account":  {signature, "a\nb"},
			"words and time": {end + "-" + mac, end + "\na\nb"},
		} {
			if r.Unseal(c[0], c[1]) {
				t.Errorf("%s is taken", name)
			}
		}
		*r.now = start.Add(time.Hour - time.Second)
		if !r.Unseal(seal, "a\nb") {
			t.Error("it is not taken")
		}
		*r.now = start.Add(time.Hour)
		if r.Unseal(seal, "a\nb") {
			t.Error("it is taken an hour later")
		}
	})
}

func TestSignatures(t *testing.T) {
	each(t, func(r *room) {
		const what = "GET /d/1001/5"
		s, other := r.add("writer", account.NoQuota), r.add("other", account.NoQuota)
		sign := func() string {
			signature, err := r.Sign(r.ctx, s.ID, time.Hour, what)
			r.must(err)
			return signature
		}
		verify := func(signature, what string) error { return r.Verify(r.ctx, s.ID, signature, what) }
		good := sign()
		second, mac, _ := strings.Cut(good, "-")
		for name, c := range map[string]struct{ signature, what string }{
			"other words":      {good, "PUT /d/1001/5"},
			"no words":         {good, ""},
			"cut off":          {good[:len(good)-1], what},
			"longer":           {good + "A", what},
			"a later end":      {second + "0-" + mac, what},
			"no end":           {"-" + mac, what},
			"no signature":     {second + "-", what},
			"no dash":          {second + mac, what},
			"nothing":          {"", what},
			"a negative end":   {"-5-" + mac, what},
			"the end in words": {second + "\n" + what + "-" + mac, what},
		} {
			r.fails(verify(c.signature, c.what), fault.BadSignature, name)
		}
		r.fails(r.Verify(r.ctx, other.ID, good, what), fault.BadSignature, "another account")
		r.fails(r.Verify(r.ctx, 9999, good, what), fault.BadSignature, "no account")
		r.must(verify(good, what))
		r.reopen()
		r.must(verify(good, what))
		*r.now = start.Add(time.Hour - time.Second)
		r.must(verify(good, what))
		*r.now = start.Add(time.Hour)
		r.fails(verify(good, what), fault.BadSignature, "an hour later")

		// A reset ends those of its account alone.
		good = sign()
		theirs, err := r.Sign(r.ctx, other.ID, time.Hour, what)
		r.must(err)
		_, err = r.Reset(r.ctx, "writer")
		r.must(err)
		r.fails(verify(good, what), fault.BadSignature, "after a reset")
		r.must(verify(sign(), what))
		r.must(r.Verify(r.ctx, other.ID, theirs, what))
	})
}
