package upload

import (
	"context"
	"sync"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// arriving counts the bytes of each account that no row reserves while they are on
// their way: a body is of this process alone, and so is the count.
type arriving struct {
	mu sync.Mutex
	m  map[account.ID]*onTheirWay
}

type onTheirWay struct {
	users  int
	bytes  int64
	beyond bool // one body may come though there is no room for it
}

func newArriving() *arriving { return &arriving{m: make(map[account.ID]*onTheirWay)} }

// share is what one body has taken of the account's room.
type share struct {
	of     *arriving
	acc    account.ID
	bytes  int64
	beyond bool
}

// enter begins a share. leave must be called.
func (a *arriving) enter(acc account.ID) *share {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.m[acc] == nil {
		a.m[acc] = new(onTheirWay)
	}
	a.m[acc].users++
	return &share{of: a, acc: acc}
}

// take adds n bytes, if all that is on its way is then no more than room. Where it
// would be more and beyond is wanted, the body may come all the same if no other one
// of the account does; its further bytes are not counted.
func (s *share) take(n, room int64, beyond bool) bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	all := s.of.m[s.acc]
	switch {
	case s.beyond:
	case all.bytes+n <= room:
		all.bytes += n
		s.bytes += n
	case beyond && !all.beyond:
		all.beyond, s.beyond = true, true
	default:
		return false
	}
	return true
}

func (s *share) leave() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	all := s.of.m[s.acc]
	all.bytes -= s.bytes
	if s.beyond {
		all.beyond = false
	}
	if all.users--; all.users == 0 {
		delete(s.of.m, s.acc)
	}
}

// Incoming takes the bytes of a file that comes in one request.
type Incoming struct {
	u        *Uploads
	acc      account.ID
	limit    int64 // bytes of any file
	quota    int64 // bytes, or account.NoQuota
	room     int64 // bytes that the account had left when the file began to come
	declared int64 // bytes, or -1

	share  *share
	to     blob.Writer
	digest *blob.Digest
	err    error // the first; a door may meet it as a reading error
}

// Declare says what is to come, where that is known before the first byte: what there
// is no room for is refused at once, and what there is room for keeps it while it
// comes. What is wrong with it otherwise is said in the end, when all is known.
func (in *Incoming) Declare(ctx context.Context, r Request) error {
	p, err := in.u.judge(r)
	if err != nil || in.digest.Size() > 0 {
		return nil //nolint:nilerr // see above
	}
	frees, err := in.u.nameToBeHad(ctx, in.acc, p)
	if err != nil {
		frees = 0
	}
	room, err := in.u.store.Room(ctx)
	switch {
	case err != nil:
	case !in.share.take(max(0, p.Size-frees), in.room, false):
		err = fault.New(fault.QuotaExceeded, "upload: declare")
	case p.Size > room:
		err = fault.New(fault.DiskFull, "upload: declare")
	}
	in.declared, in.err = p.Size, err
	return err
}

// Write takes the next bytes.
func (in *Incoming) Write(p []byte) (int, error) {
	if in.err == nil {
		in.err = in.fits(int64(len(p)))
	}
	if in.err != nil {
		return 0, in.err
	}
	if _, in.err = in.to.Write(p); in.err != nil {
		return 0, in.err
	}
	return in.digest.Write(p)
}

// fits judges the next n bytes. Whether a file of which nothing was declared has room
// is known in the end: it may overwrite another one. So of each account one may come
// that has none.
func (in *Incoming) fits(n int64) error {
	end := in.digest.Size() + n
	switch {
	case end > in.limit:
		return fault.New(fault.FileTooLarge, "upload: single", picture.SizeWords(in.limit))
	case in.declared >= 0 && end > in.declared:
		return fault.New(fault.HashMismatch, "upload: single")
	case in.declared >= 0:
		return nil
	case in.quota >= 0 && end > in.quota, !in.share.take(n, in.room, true):
		return fault.New(fault.QuotaExceeded, "upload: single")
	}
	return nil
}
