package direct

import (
	"context"
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// MaxBlocked is how many addresses an account may block.
const MaxBlocked = 2000

const (
	minKey = 8 // characters of a key
	maxKey = 128
)

// Settings are who may use an account's links.
type Settings struct {
	Key      string // what URLs are signed with; "" for none
	Signed   bool   // no URL works without a signature; there is a key then
	Blocking bool   // the blocked addresses are refused

	state account.State
}

// settings reads them; fault.NotFound for no account.
func settings(ctx context.Context, tx *db.Tx, acc account.ID) (s Settings, err error) {
	var signed, blocking int
	found, err := tx.Get(ctx, selectSetting, []any{acc}, &s.state, &s.Key, &signed, &blocking)
	s.Signed, s.Blocking = signed != 0, blocking != 0
	if err == nil && !found {
		err = fault.New(fault.NotFound, "direct: settings")
	}
	return s, err
}

// Settings answers what an account has set.
func (l *Links) Settings(ctx context.Context, acc account.ID) (s Settings, err error) {
	err = l.db.Read(ctx, "direct: settings", func(tx *db.Tx) error {
		s, err = settings(ctx, tx, acc)
		return err
	})
	return s, err
}

// Sign says whether URLs want a signature, and with which key, and answers what holds
// then; nil and "" for what stays. A first signature without a key makes one. With
// another key no URL works that was signed with the one before. A key is 8 to 128 characters
// of ASCII, without spaces; else fault.BadRequest.
func (l *Links) Sign(ctx context.Context, acc account.ID, on *bool, key string) (s Settings, err error) {
	hidden := func(r rune) bool { return r <= ' ' || r > '~' }
	if key != "" && (len(key) < minKey || len(key) > maxKey || strings.ContainsFunc(key, hidden)) {
		return s, fault.New(fault.BadRequest, "direct: sign", "privateKey")
	}
	if on == nil && key == "" {
		return l.Settings(ctx, acc)
	}
	return l.set(ctx, acc, "direct: sign", func(_ *db.Tx, s *Settings) error {
		if key != "" {
			s.Key = key
		}
		if on != nil {
			s.Signed = *on
		}
		if s.Signed && s.Key == "" {
			s.Key = rand.Text()
		}
		return nil
	})
}

// SwitchBlocking says whether the blocked addresses are refused.
func (l *Links) SwitchBlocking(ctx context.Context, acc account.ID, on bool) error {
	_, err := l.set(ctx, acc, "direct: switch", func(_ *db.Tx, s *Settings) error {
		s.Blocking = on
		return nil
	})
	return err
}

// Block puts addresses in the place of those that were blocked: fault.BadRequest for what
// is none, fault.TooManyIDs for more than MaxBlocked.
func (l *Links) Block(ctx context.Context, acc account.ID, list []string) error {
	if len(list) > MaxBlocked {
		return fault.New(fault.TooManyIDs, "direct: block", MaxBlocked)
	}
	var clean []string
	for _, text := range list {
		a, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil || a.Zone() != "" {
			return fault.New(fault.BadRequest, "direct: block", "IpList")
		}
		clean = append(clean, shortest(a))
	}
	slices.Sort(clean)
	clean = slices.Compact(clean)
	_, err := l.set(ctx, acc, "direct: block", func(tx *db.Tx, _ *Settings) error {
		if _, err := tx.Exec(ctx, deleteBlocked, acc); err != nil {
			return err
		}
		_, err := tx.ExecRows(ctx, insertBlocked, nil, len(clean), func(i int) []any { return []any{acc, clean[i]} })
		return err
	})
	return err
}

// Blocked answers the blocked addresses.
func (l *Links) Blocked(ctx context.Context, acc account.ID) (list []string, err error) {
	err = l.db.Read(ctx, "direct: blocked", func(tx *db.Tx) error {
		list, err = db.Collect(ctx, tx, func(row db.Row) (s string, err error) { return s, row.Scan(&s) }, selectAllBlocked, acc)
		return err
	})
	return list, err
}

// shortest is how an address is written and compared.
func shortest(a netip.Addr) string { return a.Unmap().WithZone("").String() }

// set changes settings under the account's lock. They are written also where they are as
// they were: a row that makes no sense reads as one that does.
func (l *Links) set(ctx context.Context, acc account.ID, op string, fn func(tx *db.Tx, s *Settings) error) (s Settings, err error) {
	err = l.db.Write(ctx, op, func(tx *db.Tx) error {
		if _, err := account.LockAsked(ctx, tx, acc); err != nil {
			return err
		}
		if s, err = settings(ctx, tx, acc); err != nil {
			return err
		}
		was := s
		if err := fn(tx, &s); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, writeSetting, acc, s.Key, asInt(s.Signed), asInt(s.Blocking)); err != nil {
			return err
		}
		return noteSigning(ctx, tx, acc, was, s)
	})
	return s, err
}

// noteSigning tells the audit log what is another about signatures; never the key.
func noteSigning(ctx context.Context, tx *db.Tx, acc account.ID, was, is Settings) error {
	if is.Signed == was.Signed && is.Key == was.Key {
		return nil
	}
	what := "off"
	if is.Signed {
		what = "on"
	}
	if is.Key != was.Key {
		what += " new_key"
	}
	return auditlog.Note(ctx, tx, int64(acc), auditlog.DirectSign, what)
}

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
