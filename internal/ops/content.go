package ops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Progress is told how far something is: counts of contents and of their bytes. It
// may be called by several goroutines.
type Progress func(done, total, bytes, totalBytes int64)

// copyWorkers are how many contents are copied at a time.
const copyWorkers = 4

// put stores whole content under a key; it is durable when put has returned nil.
func put(ctx context.Context, s blob.Store, key blob.Key, from io.Reader) error {
	w, err := s.Create(ctx, key)
	if err != nil {
		return err
	}
	if _, err = io.Copy(w, from); err == nil {
		err = w.Commit(ctx)
	}
	return errors.Join(err, w.Close())
}

// copyChecked copies content and says whether it is what its row says.
func copyChecked(to io.Writer, from io.Reader, want blob.Stored) (same bool, err error) {
	var sum summer
	_, err = io.Copy(io.MultiWriter(to, &sum), from)
	return sum.is(want), err
}

// summer takes the SHA-256 and the size of what is written to it.
type summer struct {
	sum  hash.Hash
	size int64
}

func (s *summer) Write(p []byte) (int, error) {
	s.add(p)
	return len(p), nil
}

func (s *summer) add(p []byte) {
	if s.sum == nil {
		s.sum = sha256.New()
	}
	s.sum.Write(p) // hashes never fail
	s.size += int64(len(p))
}

func (s *summer) is(want blob.Stored) bool {
	s.add(nil)
	return s.size == want.Size && hex.EncodeToString(s.sum.Sum(nil)) == want.SHA256
}

// eachContent has fn called for every content that next gives, by a few goroutines,
// and ends with the first error.
func eachContent(ctx context.Context, next func(ctx context.Context, give func(blob.Stored) error) error,
	fn func(context.Context, blob.Stored) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan blob.Stored, copyWorkers)
	var all sync.WaitGroup
	for range copyWorkers {
		all.Go(func() {
			for s := range todo {
				if ctx.Err() != nil {
					continue
				}
				if err := fault.Guard("ops: content", func() error { return fn(ctx, s) }); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := next(ctx, func(s blob.Stored) error {
		select {
		case todo <- s:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(todo)
	all.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// tally counts what is done and tells it. What is lost is done, and is none of what is had.
type tally struct {
	mu                    sync.Mutex
	tell                  Progress
	total, bytes          int64 // in all
	n, nBytes             int64
	contents, contentSize int64 // that are had
	lost, kept, back      []blob.Key
	unreadable            []Unreadable
}

// Unreadable is content that is in a store and can't be read there.
type Unreadable struct {
	Key   blob.Key
	Cause error
}

// fate is what has become of a content.
type fate int

const (
	had    fate = iota
	lost        // neither the store nor the backup has it
	kept        // the store has lost it, and the backup has it
	revive      // the row says that it is lost, and it is not
	unseen      // it stays where it is, and can't be read there
)

func (t *tally) done(s blob.Stored, f fate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	t.nBytes += s.Size
	if f != lost && f != unseen {
		t.contents++
		t.contentSize += s.Size
	}
	switch f {
	case lost:
		t.lost = append(t.lost, s.Key)
	case kept:
		t.kept = append(t.kept, s.Key)
	case revive:
		t.back = append(t.back, s.Key)
	case had, unseen:
	}
	if t.tell != nil {
		t.tell(t.n, t.total, t.nBytes, t.bytes)
	}
}

func (t *tally) cantRead(s blob.Stored, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unreadable = append(t.unreadable, Unreadable{s.Key, cause})
}

func sortedUnreadable(list []Unreadable) []Unreadable {
	slices.SortFunc(list, func(a, b Unreadable) int { return compareKeys(a.Key, b.Key) })
	return list
}

// eachNamed calls fn for every content that should be in the store, and for every one
// that something refers to though it is known to be lost: a backup may have it.
func eachNamed(ctx context.Context, tx *db.Tx, fn func(blob.Stored) error) error {
	for after, more := (blob.Key{}), true; more; {
		var list []blob.Stored
		var err error
		if list, after, more, err = namedAfter(ctx, tx, after, rowBatch); err != nil {
			return err
		}
		for _, s := range list {
			if err := fn(s); err != nil {
				return err
			}
		}
	}
	return nil
}

const refersTo = `
	SELECT 1 FROM drive_entry WHERE account_id = $1 AND blob_id = $2 UNION ALL SELECT 1 FROM image WHERE account_id = $1 AND blob_id = $2`

// namedAfter answers what eachNamed gives, of up to n contents after a key; last is the one
// to go on after.
func namedAfter(ctx context.Context, tx *db.Tx, after blob.Key, n int) (list []blob.Stored, last blob.Key, more bool, err error) {
	all, err := blob.NamedAfter(ctx, tx, after, n)
	if err != nil || len(all) == 0 {
		return nil, after, false, err
	}
	for _, s := range all {
		wanted := !s.Lost
		if s.Lost {
			if wanted, err = tx.Get(ctx, refersTo, []any{s.Key.Account, s.Key.ID}, new(int)); err != nil {
				return nil, after, false, err
			}
		}
		if wanted {
			list = append(list, s)
		}
	}
	return list, all[len(all)-1].Key, len(all) == n, nil
}

// probed are how many contents are looked for at each end, to see whether a store is the
// right one.
const probed = 20

// ofThis refuses a store that lacks all that inVain looks for.
func ofThis(ctx context.Context, tx *db.Tx, s blob.Store) error {
	n, err := inVain(ctx, tx, s)
	if err == nil && n > 0 {
		err = fault.New(fault.BadData, "ops: look", fault.NoContent, blob.NameOf(s), n)
	}
	return err
}

// inVain looks for the first contents of a database and for the newest in a store, and
// answers how many of the first there are where it has none of all; else 0. What is known
// to be lost is not looked for, so that who says that it is the right store may go on.
func inVain(ctx context.Context, tx *db.Tx, s blob.Store) (n int, err error) {
	some, err := blob.StoredAfter(ctx, tx, blob.Key{}, probed)
	if err != nil {
		return 0, err
	}
	newest, err := blob.NewestStored(ctx, tx, probed)
	if err != nil {
		return 0, err
	}
	n = len(some)
	some = append(some, newest...)
	var cause error
	for _, c := range some {
		o, err := s.Open(ctx, c.Key)
		if err == nil {
			size := o.Size()
			if err := o.Close(); err != nil {
				return 0, err
			}
			if size == c.Size {
				return 0, nil
			}
			continue
		}
		if isAway(ctx, err) {
			return 0, at(blob.NameOf(s), err)
		}
		if _, file := errors.AsType[*fs.PathError](err); file && !fault.Is(err, fault.ContentMissing) {
			return 0, nil // it is there, and can't be read
		}
		if !fault.Is(err, fault.ContentMissing) {
			cause = err
		}
	}
	return n, at(blob.NameOf(s), cause)
}

// isAway says that an error is not of one content alone.
func isAway(ctx context.Context, err error) bool {
	return ctx.Err() != nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Canceled) || fault.Is(err, fault.DiskFull)
}

// PlaceError is an error that says which place it was met at, where two or more have a part in
// what is done.
type PlaceError struct {
	Place string
	Err   error
}

func (e *PlaceError) Error() string { return e.Place + ": " + e.Err.Error() }

// Unwrap gives the error itself.
func (e *PlaceError) Unwrap() error { return e.Err }

// at names the place of an error, unless one is named already.
func at(place string, err error) error {
	if err == nil {
		return nil
	}
	if _, named := errors.AsType[*PlaceError](err); named {
		return err
	}
	return &PlaceError{place, err}
}

// reading hands on what is read, and remembers how that failed: what is written to may
// fail as well.
type reading struct {
	from io.Reader
	err  error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// inventory is which contents a store has, and the last 31 bits of how long each is: 4
// bytes a content.
type inventory map[blob.Key]*[64]uint32

const isThere = 1 << 31

// takeInventory lists a store; nil where it can't be listed and contents have to be looked
// for one by one.
func takeInventory(ctx context.Context, s blob.Store) (inventory, error) {
	all := inventory{}
	err := s.List(ctx, func(e blob.Entry) error {
		if e.Staged {
			return nil
		}
		k := blob.Key{Account: e.Key.Account, ID: e.Key.ID >> 6}
		if all[k] == nil {
			all[k] = new([64]uint32)
		}
		all[k][e.Key.ID&63] = isThere | uint32(e.Size&(isThere-1))
		return nil
	})
	if err != nil && isAway(ctx, err) {
		return nil, at(blob.NameOf(s), err)
	}
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // a folder in it can't be read
	}
	return all, nil
}

// stillHas says whether the store has a content, as long as its row says.
func (i inventory) stillHas(ctx context.Context, store blob.Store, s blob.Stored) (bool, error) {
	if bucket := i[blob.Key{Account: s.Key.Account, ID: s.Key.ID >> 6}]; bucket != nil && bucket[s.Key.ID&63] == isThere|uint32(s.Size&(isThere-1)) {
		return true, nil
	}
	o, err := store.Open(ctx, s.Key)
	if fault.Is(err, fault.ContentMissing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	has := o.Size() == s.Size
	return has, o.Close()
}

// writeDurably has fn write a new file whose bytes are durable when it has returned
// nil; otherwise there is none.
func writeDurably(path string, fn func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return full(err)
	}
	if err = errors.Join(fn(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(full(err), os.Remove(path))
	}
	return nil
}

// writeFile is writeDurably for a file that is there as a whole or not at all.
func writeFile(path string, fn func(io.Writer) error) error {
	part := path + ".part"
	if err := writeDurably(part, fn); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return full(err)
	}
	return syncFolder(filepath.Dir(path))
}

// full gives an error of the disk its code.
func full(err error) error {
	if isDiskFull(err) {
		return fault.Because(fault.DiskFull, "ops: write", err)
	}
	return fault.Wrap(err, "ops: write")
}

// syncFolder makes the entries of a folder durable; Windows keeps a journal of them.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return fault.Wrap(err, "ops: sync")
	}
	return fault.Wrap(errors.Join(f.Sync(), f.Close()), "ops: sync")
}

// syncFile makes a file durable that somebody else has written.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fault.Wrap(err, "ops: sync")
	}
	return fault.Wrap(errors.Join(f.Sync(), f.Close()), "ops: sync")
}

// sumFile answers the SHA-256 of a file, and its size.
func sumFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
