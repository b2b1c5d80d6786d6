// Package share gives files and folders of the drive to whoever has a link: the owner
// makes shares, a visitor opens one by its key and sees what is in it. It promises that
// a visitor reaches nothing that is not below a shared entry now, and nothing of an
// account that may not act. Who has given the password is the door's business, and the
// room moves no bytes.
package share

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
)

// ID is a share's number in its account.
type ID int64

// UnmarshalText reads an id as the wire has it.
func (id *ID) UnmarshalText(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return fault.New(fault.BadRequest, "share: parse id", "shareId")
	}
	*id = ID(n)
	return nil
}

// Limits of a share.
const (
	MaxName     = 34 // characters
	MaxPassword = 64 // characters
	MaxFiles    = 100
	maxShares   = 10_000 // of an account
)

// NoLimit is the traffic of a share without a limit.
const NoLimit int64 = -1

// Share is a share as it was when it was read.
type Share struct {
	ID        ID
	Key       string
	Name      string
	Password  string // "" for none
	CreatedAt time.Time
	ExpiresAt time.Time // zero for never
	Expired   bool      // its time was over when it was read
	Switches
	Previews  int64
	Downloads int64
}

// Switches are what the owner says of traffic. They are kept, and of no effect: nothing
// is metered.
type Switches struct {
	Traffic int   // 1 neither guests nor those over their traffic, 2 guests, 3 those over it, 4 both
	Limit   int64 // bytes, or NoLimit
}

func (s Switches) check() error {
	switch {
	case s.Traffic < 1 || s.Traffic > 4:
		return fault.New(fault.BadRequest, "share: switches", "trafficSwitch")
	case s.Limit < NoLimit:
		return fault.New(fault.BadRequest, "share: switches", "trafficLimit")
	}
	return nil
}

// Opens says whether a password is the share's.
func (s Share) Opens(password string) bool {
	return subtle.ConstantTimeCompare([]byte(s.Password), []byte(password)) == 1
}

// Shares is the room's door to the database. Its methods may be called at the same time.
type Shares struct {
	db     *db.DB
	max    int // shares of an account
	counts counts
}

// New makes the room's door.
func New(d *db.DB) *Shares { return &Shares{db: d, max: maxShares} }

// Request asks for a share.
type Request struct {
	Name     string
	Password string
	Days     int // 1, 7 or 30; 0 for ever
	Files    []drive.ID
	Switches
}

// Create makes a share of live files and folders of the drive, one that is named twice
// once. One that is not there, or is the root, is fault.NotFound, and nothing is made.
func (s *Shares) Create(ctx context.Context, acc account.ID, q Request) (made Share, err error) {
	if err := q.check(); err != nil {
		return Share{}, err
	}
	err = s.db.Write(ctx, "share: create", func(tx *db.Tx) error {
		if _, err := account.LockAsked(ctx, tx, acc); err != nil {
			return err
		}
		if there, err := count(ctx, tx, acc); err != nil || there >= s.max {
			if err == nil {
				err = fault.New(fault.TooManyShares, "share: create", s.max)
			}
			return err
		}
		known, err := drive.Lookup(ctx, tx, acc, q.Files)
		if err != nil {
			return err
		}
		for _, id := range q.Files {
			if e, ok := known[id]; !ok || e.Trashed != drive.Live {
				return fault.New(fault.NotFound, "share: create", int64(id))
			}
		}
		now := time.UnixMicro(tx.Micros())
		made = Share{Key: newKey(acc), Name: q.Name, Password: q.Password, CreatedAt: now, Switches: q.Switches}
		if q.Days > 0 {
			made.ExpiresAt = now.Add(time.Duration(q.Days) * 24 * time.Hour)
		}
		if err := insert(ctx, tx, acc, &made, q.Files); err != nil {
			return err
		}
		var noted auditlog.Things
		made.note(&noted)
		return auditlog.Note(ctx, tx, int64(acc), auditlog.ShareMake, noted.String())
	})
	return made, err
}

// check looks at a request as far as the database is not needed, and cleans it.
func (q *Request) check() (err error) {
	bad := func(what string) error { return fault.New(fault.BadRequest, "share: create", what) }
	if q.Name, err = entryname.Clean(q.Name); err != nil || utf8.RuneCountInString(q.Name) > MaxName {
		return fault.Because(fault.BadShareName, "share: create", err, MaxName)
	}
	hidden := func(r rune) bool { return r < ' ' || r == 0x7f }
	if !utf8.ValidString(q.Password) || utf8.RuneCountInString(q.Password) > MaxPassword || strings.ContainsFunc(q.Password, hidden) {
		return bad("sharePwd")
	}
	if !slices.Contains([]int{0, 1, 7, 30}, q.Days) {
		return bad("shareExpire")
	}
	q.Files = slices.Clone(q.Files)
	slices.Sort(q.Files) // keys are always taken in one order
	if q.Files = slices.Compact(q.Files); len(q.Files) == 0 {
		return bad("fileIDList")
	}
	if len(q.Files) > MaxFiles {
		return fault.New(fault.TooManyIDs, "share: create", MaxFiles)
	}
	return q.Switches.check()
}

// newKey names the account, so that a share is found in its own rows, and can't be guessed.
func newKey(acc account.ID) string {
	return strconv.FormatInt(int64(acc), 10) + "-" + strings.ToLower(rand.Text()[:16]) // 5 bits each
}

var keyForm = regexp.MustCompile(`^[0-9]+-[a-z2-7]{16}$`)

// ownerOf is the account that a key names.
func ownerOf(key string) (account.ID, error) {
	acc, _, _ := strings.Cut(key, "-")
	n, err := strconv.ParseInt(acc, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != acc || !keyForm.MatchString(key) {
		return 0, fault.New(fault.ShareNotFound, "share: key")
	}
	return account.ID(n), nil
}

// List answers a page of an account's shares, the newest first, those before a number; 0
// for the newest; and whether there are more.
func (s *Shares) List(ctx context.Context, acc account.ID, before ID, limit int) (list []Share, more bool, err error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	err = s.db.Read(ctx, "share: list", func(tx *db.Tx) error {
		list, err = db.Collect(ctx, tx, scanAt(s.db.Now()), selectPage, acc, before, limit+1)
		if more = len(list) > limit; more {
			list = list[:limit]
		}
		return err
	})
	return list, more, err
}

// Change is what is to be other about the switches; nil for what stays.
type Change struct {
	Traffic *int
	Limit   *int64 // bytes, or NoLimit
}

// Update changes the switches of shares. Ids that are not there are passed over;
// fault.ShareNotFound where none is.
func (s *Shares) Update(ctx context.Context, acc account.ID, ids []ID, c Change) error {
	return s.write(ctx, acc, ids, "share: update", oneByOne(func(tx *db.Tx, sh Share) error {
		if c.Traffic != nil {
			sh.Traffic = *c.Traffic
		}
		if c.Limit != nil {
			sh.Limit = *c.Limit
		}
		if err := sh.check(); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, setSwitches, acc, sh.ID, sh.Traffic, sh.Limit)
		return err
	}))
}

// End removes shares: their pages are not there any more. Ids that are not there are
// passed over; fault.ShareNotFound where none is.
func (s *Shares) End(ctx context.Context, acc account.ID, ids []ID) error {
	return s.write(ctx, acc, ids, "share: end", func(tx *db.Tx, list []Share) error { return end(ctx, tx, acc, list) })
}

// end removes shares, and notes those that were open.
func end(ctx context.Context, tx *db.Tx, acc account.ID, list []Share) error {
	var noted auditlog.Things
	open := false
	for _, sh := range list {
		for _, q := range []string{deleteFiles, deleteShare} {
			if _, err := tx.Exec(ctx, q, acc, sh.ID); err != nil {
				return err
			}
		}
		if !sh.Expired {
			open = true
			sh.note(&noted)
		}
	}
	if !open {
		return nil
	}
	return auditlog.Note(ctx, tx, int64(acc), auditlog.ShareEnd, noted.String())
}

func (s Share) note(in *auditlog.Things) { in.Add(strconv.FormatInt(int64(s.ID), 10), s.Name) }

// someShares is how many are read or removed at once.
const someShares = 100

// Live answers the open shares of an account, the newest first: whoever had its secrets may have made some.
func (s *Shares) Live(ctx context.Context, acc account.ID) (live []Share, err error) {
	for before, more := ID(0), true; more; {
		var list []Share
		if list, more, err = s.List(ctx, acc, before, someShares); err != nil {
			return nil, err
		}
		for _, sh := range list {
			if before = sh.ID; !sh.Expired {
				live = append(live, sh)
			}
		}
	}
	return live, nil
}

// EndLive ends what Live answers, and says how many that was.
func (s *Shares) EndLive(ctx context.Context, acc account.ID) (n int, err error) {
	live, err := s.Live(ctx, acc)
	for some := range slices.Chunk(live, someShares) {
		ids := make([]ID, len(some))
		for i, sh := range some {
			ids[i] = sh.ID
		}
		if err := s.End(ctx, acc, ids); err != nil && !fault.Is(err, fault.ShareNotFound) { // ended meanwhile
			return n, err
		}
		n += len(some)
	}
	return n, err
}

// Keep is how long a share is listed after its time is over.
const Keep = 30 * 24 * time.Hour

// SweepExpired removes some of the shares whose time was over long ago; more says that there
// may be others.
func (s *Shares) SweepExpired(ctx context.Context, rows int) (more bool, err error) {
	late := make(map[account.ID][]ID)
	err = s.db.WorkerRead(ctx, "share: sweep", func(tx *db.Tx) error {
		n := 0
		err := tx.Each(ctx, func(row db.Row) error {
			var acc account.ID
			var id ID
			err := row.Scan(&acc, &id)
			late[acc] = append(late[acc], id)
			n++
			return err
		}, selectLate, tx.Now().Add(-Keep).UnixMicro(), min(rows, someShares))
		more = n == min(rows, someShares)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, acc := range slices.Sorted(maps.Keys(late)) {
		if err := s.End(ctx, acc, late[acc]); err != nil && !fault.Is(err, fault.ShareNotFound) { // ended meanwhile
			return false, err
		}
	}
	return more, nil
}

// oneByOne does something to each of some shares.
func oneByOne(fn func(tx *db.Tx, sh Share) error) func(tx *db.Tx, list []Share) error {
	return func(tx *db.Tx, list []Share) error {
		for _, sh := range list {
			if err := fn(tx, sh); err != nil {
				return err
			}
		}
		return nil
	}
}

// write does something to shares under the account's lock.
func (s *Shares) write(ctx context.Context, acc account.ID, ids []ID, op string, fn func(tx *db.Tx, list []Share) error) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return s.db.Write(ctx, op, func(tx *db.Tx) error {
		if _, err := account.LockAsked(ctx, tx, acc); err != nil {
			return err
		}
		list, err := db.CollectIn(ctx, tx, scanAt(tx.Now()), selectSome, []any{acc}, ids)
		if err == nil && len(list) == 0 {
			err = fault.New(fault.ShareNotFound, op)
		}
		if err != nil {
			return err
		}
		return fault.Wrap(fn(tx, list), op)
	})
}
