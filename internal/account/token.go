package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

type claims struct {
	ID ID `json:"id"` // clients read the account's number here
	jwt.RegisteredClaims
}

// Login answers a new access token for a client and its end. Where a client may have so
// many alone, the oldest ends for it, else none does. Unknown clients and wrong secrets
// are both fault.BadCredentials.
func (a *Accounts) Login(ctx context.Context, clientID, clientSecret string) (token string, expires time.Time, err error) {
	given := digest(clientSecret)
	var id ID
	// Looked at first: who has no secret is not to queue where writes do.
	if err := a.db.Read(ctx, "account: login", func(tx *db.Tx) error {
		id, err = checkClient(ctx, tx, clientID, given)
		return err
	}); err != nil {
		return "", time.Time{}, err
	}
	err = a.db.Write(ctx, "account: login", func(tx *db.Tx) error {
		// A reset is before all of this or after it; and two that sign in at once do not both
		// have the last place.
		if _, err := Lock(ctx, tx, id); err != nil {
			return err
		}
		if _, err := checkClient(ctx, tx, clientID, given); err != nil {
			return err
		}
		token, expires, err = a.admit(ctx, tx, id, clientID)
		return err
	})
	return token, expires, err
}

// admit gives a client of the account a token that may all, in the place of its oldest one
// where it has as many as it may. Call it with the account locked.
func (a *Accounts) admit(ctx context.Context, tx *db.Tx, id ID, clientID string) (token string, expires time.Time, err error) {
	ctx = auditlog.ByClient(ctx, clientID)
	if err := a.kick(ctx, tx, id, clientID); err != nil {
		return "", time.Time{}, err
	}
	return a.issue(ctx, tx, id, clientID, a.tokens.Life, AllScopes, "")
}

// issue makes an access token.
func (a *Accounts) issue(ctx context.Context, tx *db.Tx, id ID, clientID string, life time.Duration, scope Scope, grant string) (token string, expires time.Time, err error) {
	jti := rand.Text()
	expires = tx.Now().Add(life).Truncate(time.Second)
	if _, err := tx.Exec(ctx, insertToken, id, jti, clientID, tx.Micros(), expires.UnixMicro(), scope, grant, auditlog.From(ctx).Address); err != nil {
		return "", time.Time{}, fault.Wrap(err, "account: issue")
	}
	if err := auditlog.Note(ctx, tx, int64(id), auditlog.SignIn, jti); err != nil {
		return "", time.Time{}, err
	}
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims{ID: id, RegisteredClaims: jwt.RegisteredClaims{
		ID: jti, ExpiresAt: jwt.NewNumericDate(expires),
	}}).SignedString(a.tokenKey)
	return token, expires, err
}

// kick ends the oldest tokens of a client, so that there is room for one more. Call it with
// the account locked.
func (a *Accounts) kick(ctx context.Context, tx *db.Tx, id ID, clientID string) error {
	if a.tokens.Live == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, kickTokens, id, clientID, tx.Micros(), a.tokens.Live-1)
	return fault.Wrap(err, "account: kick")
}

func checkClient(ctx context.Context, tx *db.Tx, clientID, given string) (id ID, err error) {
	var want string
	var state State
	found, err := tx.Get(ctx, selectClient, []any{clientID}, &id, &want, &state)
	switch {
	case err != nil:
		return 0, err
	case !equal(given, want) || !found:
		return 0, fault.New(fault.BadCredentials, "account: login")
	case state != Enabled:
		return 0, fault.New(fault.Disabled, "account: login")
	}
	return id, nil
}

// Authenticate answers the account that a token acts for: fault.NoToken for what
// is no token of ours, fault.TokenExpired for one that ended or was revoked,
// fault.Disabled where the account is.
func (a *Accounts) Authenticate(ctx context.Context, token string) (ID, error) {
	c, err := a.AuthenticateClient(ctx, token)
	return c.ID, err
}

// Caller is who acts for an account, and what he may do.
type Caller struct {
	ID     ID
	Client string // that the token was made for; "" for who gave a password
	Scope  Scope
	App    bool // the client is an app that the account has allowed it

	shown string // what he has shown, as it was: the number of the token, or the hash of the password
}

// still says whether who was seen to act for an account may now; the error is what he would
// have been told. Call it with the account locked.
func (c Caller) still(ctx context.Context, tx *db.Tx) error {
	var now string
	var expires int64
	if c.Client == "" {
		found, err := tx.Get(ctx, selectPassword, []any{c.ID}, &now)
		if err == nil && (!found || c.shown == "" || now != c.shown) {
			err = fault.New(fault.BadCredentials, "account: another password")
		}
		return err
	}
	found, err := tx.Get(ctx, selectExpiry, []any{c.ID, c.shown}, &expires)
	if err == nil && (!found || expires <= tx.Micros()) {
		err = fault.New(fault.TokenExpired, "account: a token that has ended")
	}
	return err
}

// parse reads a token that we have signed and whose time is not over.
func (a *Accounts) parse(token string) (c claims, err error) {
	_, err = jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return a.tokenKey, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(a.db.Now))
	return c, err
}

// AuthenticateClient is Authenticate that answers all of what a token says.
func (a *Accounts) AuthenticateClient(ctx context.Context, token string) (Caller, error) {
	s, known := a.signed.get(token)
	if !known {
		c, err := a.parse(token)
		switch {
		case errors.Is(err, jwt.ErrTokenExpired):
			return Caller{}, fault.Because(fault.TokenExpired, "account: authenticate", err)
		case err != nil:
			return Caller{}, fault.Because(fault.NoToken, "account: authenticate", err)
		}
		s = signed{c.ID, c.RegisteredClaims.ID}
	}
	c := Caller{ID: s.account, shown: s.jti}
	var expires, used int64
	var state State
	var grant string
	found, err := a.db.Get(ctx, "account: authenticate", selectToken, []any{s.account, s.jti}, &expires, &state, &c.Client, &c.Scope, &grant, &used)
	now := a.db.Now().UnixMicro()
	switch {
	case err != nil:
		return Caller{}, err
	case !found || expires <= now:
		return Caller{}, fault.New(fault.TokenExpired, "account: authenticate")
	case state != Enabled:
		return Caller{}, fault.New(fault.Disabled, "account: authenticate")
	}
	if !known {
		a.signed.add(token, s)
	}
	c.App = grant != ""
	if now-used >= usedEvery.Microseconds() {
		u := use{at: now}
		if !c.App {
			u.client = c.Client
		}
		a.uses.note(s, u)
	}
	return c, nil
}

// signed is what a token of ours says.
type signed struct {
	account ID
	jti     string
}

// signedTokens are tokens whose signature has been found good, so that it is not
// computed for each request. Whether a token is still one, its row says each time.
type signedTokens struct {
	mu sync.RWMutex
	m  map[string]signed
}

// maxSigned bounds them: some 400 bytes each.
const maxSigned = 4096

func (t *signedTokens) get(token string) (s signed, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s, ok = t.m[token]
	return s, ok
}

func (t *signedTokens) add(token string, s signed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil || len(t.m) >= maxSigned {
		t.m = make(map[string]signed)
	}
	t.m[strings.Clone(token)] = s // not the whole header with it
}

// SweepTokens forgets the tokens that have expired, and what apps were allowed and did
// not use in time.
func (a *Accounts) SweepTokens(ctx context.Context) error {
	return a.db.Write(ctx, "account: sweep tokens", func(tx *db.Tx) error {
		for _, q := range []string{expiredTokens, expiredGrants} {
			if _, err := tx.Exec(ctx, q, tx.Micros()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sign makes the signature of an account's URL that is to work for some time, or until
// the account gets new secrets: what names its use, the method first. See Verify.
func (a *Accounts) Sign(ctx context.Context, id ID, life time.Duration, what string) (string, error) {
	expires := a.db.Now().Add(life).Unix()
	mac, err := a.mac(ctx, id, expires, what)
	return strconv.FormatInt(expires, 10) + "-" + mac, err
}

// Verify checks a signature made by Sign for the same account and words:
// fault.BadSignature where it is forged, its time is over, or the account has been
// reset since.
func (a *Accounts) Verify(ctx context.Context, id ID, signature, what string) error {
	bad := fault.New(fault.BadSignature, "account: verify")
	end, given, _ := strings.Cut(signature, "-")
	expires, err := strconv.ParseInt(end, 10, 64)
	if err != nil || a.db.Now().Unix() >= expires {
		return bad
	}
	mac, err := a.mac(ctx, id, expires, what)
	switch {
	case err != nil:
		return err
	case !hmac.Equal([]byte(given), []byte(mac)):
		return bad
	}
	return nil
}

// mac binds a URL to what a reset of its account changes; of no account it is
// fault.BadSignature.
func (a *Accounts) mac(ctx context.Context, id ID, expires int64, what string) (string, error) {
	var password string
	found, err := a.db.Get(ctx, "account: sign", selectPassword, []any{id}, &password)
	if err == nil && !found {
		err = fault.New(fault.BadSignature, "account: sign")
	}
	if err != nil {
		return "", err
	}
	m := hmac.New(sha256.New, a.urlKey)
	m.Write([]byte(strconv.FormatInt(expires, 10) + "\n" + password + "\n" + what))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)), nil
}

// Seal signs words of no account for some time, as a form that is to come back as it was
// made. See Unseal.
func (a *Accounts) Seal(life time.Duration, what string) string {
	expires := a.db.Now().Add(life).Unix()
	return strconv.FormatInt(expires, 10) + "-" + a.seal(expires, what)
}

// Unseal says whether a signature is one of Seal for these words, and in time.
func (a *Accounts) Unseal(signature, what string) bool {
	end, given, _ := strings.Cut(signature, "-")
	expires, err := strconv.ParseInt(end, 10, 64)
	return err == nil && a.db.Now().Unix() < expires && hmac.Equal([]byte(given), []byte(a.seal(expires, what)))
}

func (a *Accounts) seal(expires int64, what string) string {
	m := hmac.New(sha256.New, a.urlKey)
	m.Write([]byte("seal\n" + strconv.FormatInt(expires, 10) + "\n" + what)) // begins as no signature of an account does
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func signingKey(ctx context.Context, tx *db.Tx, name string) ([]byte, error) {
	var key string
	found, err := tx.Get(ctx, selectKey, []any{name}, &key)
	if err != nil {
		return nil, err
	}
	if !found {
		b := make([]byte, 32)
		rand.Read(b) // never fails
		key = hex.EncodeToString(b)
		if _, err := tx.Exec(ctx, insertKey, name, key); err != nil {
			return nil, err
		}
	}
	return hex.DecodeString(key)
}
