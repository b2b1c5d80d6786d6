// Package blob keeps immutable content under a key of two numbers, and the row of
// facts about it. It promises that what Commit has answered for survives a crash
// of the machine, that nothing is readable before it is committed, and that a
// removal may run late and twice. It must not know names or who refers to what.
package blob

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"tuchuang/internal/fault"
)

// Key names one piece of content: the account that owns it and the blob's id.
// Both are positive. A key is never used again for other content, so a late or
// repeated Remove can't hit what came after.
type Key struct{ Account, ID int64 }

// String gives "account/id".
func (k Key) String() string {
	return strconv.FormatInt(k.Account, 10) + "/" + strconv.FormatInt(k.ID, 10)
}

func (k Key) valid() bool { return k.Account > 0 && k.ID > 0 }

// check refuses keys that name nothing; a zero in a key is a caller's bug.
func (k Key) check(op string) error {
	if !k.valid() {
		return fault.Because(fault.Internal, op, fmt.Errorf("key %s is not of positive numbers", k))
	}
	return nil
}

// Store keeps content by key. All methods may be called at the same time, also
// for one key, unless a method says otherwise. A full disk or quota is
// fault.DiskFull from whichever call met it, a store that does not answer
// fault.Unavailable.
//
// Content comes in one go (Create), or in slices (Begin, WriteSlice, Commit): what
// the store has to be told of them again is in a ref and in Parts, which the caller
// keeps. So slices may reach different processes.
type Store interface {
	// Create begins content that comes in one go, by one caller, in place of what is
	// staged or committed under key.
	Create(ctx context.Context, key Key) (Writer, error)

	// Begin makes the place that the slices of a key go to, and answers what it is
	// called. Call it once, before the first slice; where there are none it needs
	// not be called.
	Begin(ctx context.Context, key Key) (ref string, err error)

	// WriteSlice takes a slice, and has read body to its end when it succeeds: body
	// must give exactly the slice's bytes, or fail, and its error is passed on. What
	// it has answered survives a crash of the machine and restarts, until it is
	// committed or removed. changed says that the store may hold something else than
	// before, also where it fails. Several slices may come at once. That one slice has
	// one writer at a time is seen to by the caller within a process; a store that
	// several processes share notices it at Commit.
	// Where the content is committed, it changes nothing, reads body all the same,
	// and answers fault.Exists and the Part that this would have been, unless they are
	// the bytes that came before.
	WriteSlice(ctx context.Context, s Slice, body io.Reader) (part Part, changed bool, err error)

	// Trim gives back the room of what slices wrote behind size, as far as the store
	// can.
	Trim(ctx context.Context, key Key, size int64) error

	// Staged opens what slices have written, for reading. It is nil where the store
	// shows nothing before Commit, or there is nothing.
	Staged(ctx context.Context, key Key) (Staged, error)

	// Commit makes the slices of a key durable and readable as one content; none are
	// empty content. Committed already is no error and changes nothing, so Commit
	// can be repeated after a crash; nothing there at all is fault.NotFound. A part
	// that another process has written anew is fault.SliceMissing with its number.
	Commit(ctx context.Context, key Key, ref string, parts []Part) error

	// Room says how many bytes can be staged now, by all together; Endless where
	// that is not known. Staging more
	// is fault.DiskFull, though the disk may not be: the store leaves some of it
	// to others who have to write.
	Room(ctx context.Context) (int64, error)

	// Open opens committed content for reading; fault.ContentMissing if there
	// is none, with fault.NotAFile where something else is in its place. ctx bounds
	// the reading too.
	Open(ctx context.Context, key Key) (Object, error)

	// Remove deletes what is staged and what is committed under key; nothing
	// there is no error. After a crash of the machine the content may be there
	// again, and List shows it.
	Remove(ctx context.Context, key Key) error

	// List calls fn for every staged and every committed entry, in no promised
	// order, and ends with the first error of fn, which it returns. What is
	// committed while List runs may be seen twice (staged, then committed) but
	// is not missed. Things that the store did not make are passed over.
	List(ctx context.Context, fn func(Entry) error) error

	// Owner answers what SetOwner has noted; "" for nothing.
	Owner(ctx context.Context) (id string, err error)

	// SetOwner notes beside the contents, durably, whose they are, in place of what
	// was noted before; "" takes the note back.
	SetOwner(ctx context.Context, id string) error
}

// Endless is the room of a store that knows no end.
const Endless = 1 << 62

// Writer takes content that comes in one go. It is not for several goroutines.
type Writer interface {
	io.Writer
	io.ReaderAt // of what was written so far

	// Commit makes what was written durable and readable. It may be repeated where
	// it failed.
	Commit(ctx context.Context) error

	// Close must be called. Without a Commit before it, all that came is gone.
	io.Closer
}

// Slice says where the bytes of a slice belong.
type Slice struct {
	Key          Key
	Ref          string // from Begin
	No           int64  // from 1
	Offset, Size int64  // bytes

	Declared string // the MD5 in hex that the bytes must have, else fault.HashMismatch; "" for any
	Known    string // the MD5 of what has come as this slice before; "" for nothing
	Others   bool   // slices of the key have come before: where they are no more it is fault.UploadNotFound
	// Changing is called once before what has come is changed. Bytes that came before
	// change nothing.
	Changing func() error
}

// Part is a slice that has come.
type Part struct {
	No   int64
	Size int64
	MD5  string // in hex
	Ref  string // what the store calls it
}

// Staged is what slices have written, open for reading by one caller.
type Staged interface {
	io.ReaderAt
	io.Closer
}

// Object is committed content, open for reading. ReadAt may be called by
// several goroutines at once, Read and Seek may not. Close ends a Read that still runs.
type Object interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64        // in bytes
	ModTime() time.Time // when it was last written
}

// Entry is one thing in the store, as List shows it.
type Entry struct {
	Key     Key
	Staged  bool      // false: committed
	Size    int64     // in bytes; -1 of what is staged where the store does not tell
	ModTime time.Time // when it was last written
}
