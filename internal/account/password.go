package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/often"
)

// Argon2id with 19 MiB and two passes, at most two at once.
const (
	argonTime   = 2
	argonMemory = 19 << 10 // KiB
)

var argonSlots = make(chan struct{}, 2)

// Password is a new one with its hash. Making the hash takes time and memory, so it
// is made before the transaction that needs it.
type Password struct{ text, hash string }

// NewPassword makes a random password.
func NewPassword(ctx context.Context) (p Password, err error) {
	p.text = secret(16)
	p.hash, err = hashPassword(ctx, p.text)
	return p, err
}

func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	key, err := argon(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("argon2id$%d$%d$%s$%s", argonMemory, argonTime,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// noPassword has the form of a hash, and no password has it: an unknown name is to take as
// long as a wrong password.
const noPassword = "argon2id$19456$2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// isPassword says whether a hash is that of a password.
func isPassword(ctx context.Context, password, hash string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 5 || strings.Join(parts[:3], "$") != fmt.Sprintf("argon2id$%d$%d", argonMemory, argonTime) {
		return false, fault.New(fault.Internal, "account: a hash of another form")
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[3])
	if err != nil {
		return false, fault.Because(fault.Internal, "account: salt", err)
	}
	key, err := argon(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return equal(base64.RawStdEncoding.EncodeToString(key), parts[4]), nil
}

// maxPassword is how long a password may be that is looked at, in bytes.
const maxPassword = 4 * mostPassword

// How many wrong passwords there may be in a while: for a name from one address and from
// one site, from one address for any names, and for a name from anywhere.
const (
	mostOfPair  = 10
	mostOfSite  = 30
	mostOfPlace = 50
	mostOfName  = 200
)

// SignIn answers who acts for an account, by its name and password. An unknown name and a wrong
// password are both fault.BadCredentials; a disabled account is fault.Disabled to who
// knows the password. After some wrong ones for the name or from the address it is
// fault.TooManyAttempts for a while, right or wrong.
func (a *Accounts) SignIn(ctx context.Context, name, password, address string) (Caller, error) {
	wrong := fault.New(fault.BadCredentials, "account: sign in")
	clean, err := cleanName(name)
	if err != nil || len(password) > maxPassword {
		return Caller{}, wrong // of no account
	}
	tries := []often.Try{
		{Name: clean, Address: address, Most: mostOfPair}, {Name: clean, Address: address, Site: true, Most: mostOfSite},
		{Address: address, Most: mostOfPlace}, {Name: clean, Most: mostOfName},
	}
	if !a.tries.Begin(a.db.Now(), tries...) {
		return Caller{}, fault.New(fault.TooManyAttempts, "account: sign in", int(often.TriesFor/time.Minute))
	}
	var id ID
	var state State
	hash := noPassword
	found, err := a.db.Get(ctx, "account: sign in", selectSignIn, []any{clean}, &id, &hash, &state)
	right := false
	if err == nil {
		right, err = isPassword(ctx, password, hash)
	}
	switch {
	case err != nil:
		a.tries.Good(tries...) // nobody has looked at it
		return Caller{}, err
	case !right || !found:
		return Caller{}, wrong
	}
	a.tries.Good(tries...)
	if state != Enabled {
		return Caller{}, fault.New(fault.Disabled, "account: sign in")
	}
	return Caller{ID: id, Scope: AllScopes, shown: hash}, nil
}

// How long a password may be that somebody chooses, in characters.
const minPassword, mostPassword = 8, 128

// ChangePassword gives the account of who asks another password, where he knows the present
// one: fault.WrongPassword, or fault.TooManyAttempts as of SignIn. The account's other sessions
// end, and the URLs that were signed for it; its clients, and what it allowed to apps, go on.
func (a *Accounts) ChangePassword(ctx context.Context, who Caller, present, next, address string) error {
	if n := utf8.RuneCountInString(next); n < minPassword || n > mostPassword || !utf8.ValidString(next) {
		return fault.New(fault.BadPassword, "account: change password", minPassword, mostPassword)
	}
	acc, err := a.Get(ctx, who.ID)
	if err != nil {
		return err
	}
	knows, err := a.SignIn(ctx, acc.Name, present, address)
	if fault.Is(err, fault.BadCredentials) {
		err = fault.New(fault.WrongPassword, "account: change password")
	}
	if err != nil {
		return err
	}
	hash, err := hashPassword(ctx, next)
	if err != nil {
		return err
	}
	return a.byOwner(ctx, who, func(tx *db.Tx) error {
		if err := knows.still(ctx, tx); fault.Is(err, fault.BadCredentials) {
			return fault.New(fault.WrongPassword, "account: change password")
		} else if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, resetAccount, who.ID, hash); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, deleteOthers, who.ID, PageClient, who.shown); err != nil {
			return err
		}
		return auditlog.Note(ctx, tx, int64(who.ID), auditlog.PasswordSet, acc.Name)
	})
}

func argon(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case argonSlots <- struct{}{}:
		defer func() { <-argonSlots }()
		return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, 32), nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), "account: hash password")
	}
}
