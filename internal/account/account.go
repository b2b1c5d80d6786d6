// Package account says who may act and how much they may keep: accounts, client
// secrets, access tokens, signing keys and the quota's one counter. It promises
// that secrets are kept as hashes only and that used and reserved bytes change in
// the transaction of what they count. It knows nothing of what accounts keep.
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/often"
)

// ID is an account's number, uid on the wire.
type ID int64

// State says whether an account may act and whether its links are served.
type State int

// The states as they are stored.
const (
	Enabled     State = 1
	Disabled    State = 2 // may not act; its links go on
	Unpublished State = 3 // may not act, and its links are not served
)

func (s State) String() string {
	return map[State]string{Enabled: "enabled", Disabled: "disabled", Unpublished: "unpublished"}[s]
}

// StateChanged is the topic that tells of an account whose state was set, see
// db.OnTell.
const StateChanged = "account.state"

// NoQuota is the quota of an account without a limit.
const NoQuota int64 = -1

// NoLimit is how many entries an account without a limit may have; one has DefaultEntries
// where the operator says nothing else, since those without bytes count to no quota.
const (
	NoLimit        int64 = 0
	DefaultEntries int64 = 20_000_000
)

// TokenLife is how long an access token is valid where the operator says nothing else.
const TokenLife = 30 * 24 * time.Hour

// Account is one account as it was when it was read.
type Account struct {
	ID         ID
	Name       string
	Operator   bool
	State      State
	Quota      int64 // bytes, or NoQuota
	Used       int64 // bytes of drive files and images
	Reserved   int64 // bytes of open uploads
	Entries    int64 // files and folders of the drive, in the trash or not
	MaxEntries int64 // as many as there may be, or NoLimit
	CreatedAt  time.Time
}

// Secrets are what a new or reset account is told once.
type Secrets struct {
	ID           ID
	ClientID     string
	ClientSecret string
	Password     string
	Link         string // of the first start, what signs in once, see MakeLink
}

// Accounts is the room's door to the database. Its methods may be called at the
// same time.
type Accounts struct {
	db       *db.DB
	tokenKey []byte
	urlKey   []byte
	signed   signedTokens
	tokens   TokenRules
	uses     uses
	tries    often.Tries // of passwords
}

// TokenRules are what the operator says of access tokens.
type TokenRules struct {
	Life time.Duration // more than the seven days that clients get a new one ahead
	Live int           // how many a client has at most; 0 for any number
}

// SetTokens has other rules than TokenLife and any number of tokens. Call it before
// anybody signs in.
func (a *Accounts) SetTokens(r TokenRules) { a.tokens = r }

// Open reads the signing keys, making them at the first start.
func Open(ctx context.Context, d *db.DB) (*Accounts, error) {
	a := &Accounts{db: d, tokens: TokenRules{Life: TokenLife}}
	err := d.Write(ctx, "account: signing keys", func(tx *db.Tx) (err error) {
		if a.tokenKey, err = signingKey(ctx, tx, "token"); err != nil {
			return err
		}
		a.urlKey, err = signingKey(ctx, tx, "url")
		return err
	})
	return a, err
}

// Add makes an account and its first client, and answers their secrets. The
// caller makes the roots of what the account keeps in the same transaction.
// A taken name is fault.Exists.
func Add(ctx context.Context, tx *db.Tx, name string, quota int64, operator bool, p Password) (Secrets, error) {
	name, err := cleanName(name)
	if err != nil {
		return Secrets{}, err
	}
	taken, err := tx.Get(ctx, byName, []any{name}, new(int64))
	if err != nil {
		return Secrets{}, fault.Wrap(err, "account: add")
	}
	if taken {
		return Secrets{}, fault.New(fault.Exists, "account: add", name)
	}
	s := Secrets{Password: p.text}
	if _, err := tx.Get(ctx, insertAccount, []any{name, operator, Enabled, quota, p.hash, tx.Micros()}, &s.ID); err != nil {
		return Secrets{}, fault.Wrap(err, "account: add")
	}
	if err := auditlog.Note(ctx, tx, int64(s.ID), auditlog.UserAdd, name); err != nil {
		return Secrets{}, err
	}
	return s, addClient(ctx, tx, &s)
}

// Reset gives an account new secrets; its old clients, tokens and signed URLs end, and
// with the client its app: what the account allowed to apps, and what others allowed to
// its own.
func (a *Accounts) Reset(ctx context.Context, name string) (s Secrets, err error) {
	p, err := NewPassword(ctx)
	if err != nil {
		return Secrets{}, err
	}
	s.Password = p.text
	err = a.db.Write(ctx, "account: reset", func(tx *db.Tx) error {
		if s.ID, err = find(ctx, tx, name); err != nil {
			return err
		}
		if _, err := Lock(ctx, tx, s.ID); err != nil {
			return err
		}
		if err := endApp(ctx, tx, s.ID); err != nil {
			return err
		}
		for _, q := range []string{deleteTokens, deleteGrants, deleteClients} {
			if _, err := tx.Exec(ctx, q, s.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, resetAccount, s.ID, p.hash); err != nil {
			return err
		}
		if err := auditlog.Note(ctx, tx, int64(s.ID), auditlog.UserReset, name); err != nil {
			return err
		}
		return addClient(ctx, tx, &s)
	})
	return s, err
}

// SetState enables or disables an account. What is disabled keeps its data; its
// tokens answer fault.Disabled until it is enabled again.
func (a *Accounts) SetState(ctx context.Context, name string, s State) (id ID, err error) {
	err = a.db.Write(ctx, "account: set state", func(tx *db.Tx) error {
		if err := MayOperate(ctx, tx); err != nil {
			return err
		}
		if id, err = find(ctx, tx, name); err != nil {
			return err
		}
		tx.Tell(StateChanged, strconv.FormatInt(int64(id), 10))
		if _, err = tx.Exec(ctx, setState, id, s); err != nil {
			return err
		}
		return auditlog.Note(ctx, tx, int64(id), auditlog.UserState, name+" "+s.String())
	})
	return id, err
}

// Limits are how much an account may keep; nil for what stays as it is.
type Limits struct {
	Quota   *int64 // bytes, or NoQuota
	Entries *int64 // files and folders of the drive, or NoLimit
}

// SetLimits changes how much an account may keep. What is there already stays.
func (a *Accounts) SetLimits(ctx context.Context, name string, l Limits) (acc Account, err error) {
	err = a.db.Write(ctx, "account: set limits", func(tx *db.Tx) error {
		if err := MayOperate(ctx, tx); err != nil {
			return err
		}
		id, err := find(ctx, tx, name)
		if err != nil {
			return err
		}
		if acc, err = Lock(ctx, tx, id); err != nil {
			return err
		}
		if l.Quota != nil {
			acc.Quota = *l.Quota
		}
		if l.Entries != nil {
			acc.MaxEntries = *l.Entries
		}
		if _, err := tx.Exec(ctx, setLimits, id, acc.Quota, acc.MaxEntries); err != nil {
			return err
		}
		return auditlog.Note(ctx, tx, int64(id), auditlog.UserLimits, fmt.Sprintf("%s quota %d entries %d", name, acc.Quota, acc.MaxEntries))
	})
	return acc, err
}

// List answers every account in order of creation.
func (a *Accounts) List(ctx context.Context) (list []Account, err error) {
	err = a.db.Read(ctx, "account: list", func(tx *db.Tx) error {
		list, err = db.Collect(ctx, tx, scanAccount, selectAccounts)
		return err
	})
	return list, err
}

// After answers so many accounts, in order of their ids, after one; 0 for the first.
func (a *Accounts) After(ctx context.Context, id ID, limit int) (list []Account, err error) {
	err = a.db.Read(ctx, "account: after", func(tx *db.Tx) error {
		list, err = db.Collect(ctx, tx, scanAccount, selectAfter, id, limit)
		return err
	})
	return list, err
}

// Get answers one account.
func (a *Accounts) Get(ctx context.Context, id ID) (acc Account, err error) {
	err = a.db.Read(ctx, "account: get", func(tx *db.Tx) error {
		acc, err = Read(ctx, tx, id)
		return err
	})
	return acc, err
}

// Read answers an account as the transaction sees it.
func Read(ctx context.Context, tx *db.Tx, id ID) (Account, error) {
	return one(ctx, tx, selectAccount, id)
}

// Lock takes the account's row until the transaction ends: nobody else writes
// this account's rows meanwhile. It answers the account as it now is.
func Lock(ctx context.Context, tx *db.Tx, id ID) (Account, error) {
	return one(ctx, tx, lockAccount, id)
}

// Room says how many bytes the account may still take; a very large number where
// there is no limit. Call it with the account locked.
func (a Account) Room() int64 {
	if a.Quota < 0 {
		return 1 << 62
	}
	return max(0, a.Quota-a.Used-a.Reserved)
}

// Count changes the used and reserved bytes by what the same transaction adds or
// removes. It is fault.QuotaExceeded where the sum grows past the quota; shrinking
// always succeeds. Call it with the account locked.
func Count(ctx context.Context, tx *db.Tx, id ID, used, reserved int64) error {
	return CountEntries(ctx, tx, id, 0, used, reserved)
}

// CountEntries is Count that counts files and folders of the drive too. It is
// fault.EntriesFull where there would be more than there may be.
func CountEntries(ctx context.Context, tx *db.Tx, id ID, entries, used, reserved int64) error {
	if used == 0 && reserved == 0 && entries == 0 {
		return nil
	}
	const op = "account: count"
	n, err := tx.Exec(ctx, countKept, id, used, reserved, entries)
	if err != nil || n > 0 {
		return fault.Wrap(err, op)
	}
	if err := CanMake(ctx, tx, id, entries); err != nil {
		return err
	}
	return fault.New(fault.QuotaExceeded, op)
}

// CanMake is fault.EntriesFull where CountEntries of so many would be.
func CanMake(ctx context.Context, tx *db.Tx, id ID, entries int64) error {
	acc, err := Read(ctx, tx, id)
	if err == nil && entries > 0 && acc.MaxEntries != NoLimit && acc.Entries+entries > acc.MaxEntries {
		err = fault.New(fault.EntriesFull, "account: entries", acc.MaxEntries)
	}
	return err
}

// NextTask takes the next number in the account's sequence of tasks. Call it with
// the account locked.
func NextTask(ctx context.Context, tx *db.Tx, id ID) (seq int64, err error) {
	_, err = tx.Get(ctx, nextTask, []any{id}, &seq)
	return seq, fault.Wrap(err, "account: next task")
}

// NextBlob takes the next number in the account's sequence of stored contents.
func NextBlob(ctx context.Context, tx *db.Tx, id ID) (n int64, err error) {
	_, err = tx.Get(ctx, nextBlob, []any{id}, &n)
	return n, fault.Wrap(err, "account: next blob")
}

func find(ctx context.Context, tx *db.Tx, name string) (id ID, err error) {
	found, err := tx.Get(ctx, byName, []any{norm.NFC.String(name)}, &id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "account: find", name)
	}
	return id, err
}

func addClient(ctx context.Context, tx *db.Tx, s *Secrets) error {
	s.ClientID, s.ClientSecret = secret(32), secret(40)
	_, err := tx.Exec(ctx, insertClient, s.ClientID, s.ID, digest(s.ClientSecret), tx.Micros())
	return fault.Wrap(err, "account: add client")
}

// cleanName gives a name the form in which it is kept and compared (NFC), or
// fault.BadRequest: empty, over 64 bytes, not UTF-8, or with a space or a character
// that can't be seen, as those that turn the direction of a text.
func cleanName(name string) (string, error) {
	clean := norm.NFC.String(name)
	hidden := func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }
	if clean == "" || len(clean) > 64 || !utf8.ValidString(name) || strings.ContainsFunc(clean, hidden) {
		return "", fault.New(fault.BadRequest, "account: add", "name")
	}
	return clean, nil
}

const secretAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz"

// secret makes n random characters, 5.17 bits each.
func secret(n int) string {
	b := make([]byte, n)
	for i := range b {
		v, err := rand.Int(rand.Reader, big.NewInt(int64(len(secretAlphabet))))
		if err != nil {
			panic("account: no randomness: " + err.Error()) // crypto/rand never fails on the systems we build for
		}
		b[i] = secretAlphabet[v.Int64()]
	}
	return string(b)
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
