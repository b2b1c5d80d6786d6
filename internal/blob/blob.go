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
// fault.DiskFull from whichever call met it.
type Store interface {
	// Stage opens the staging area of key for writing at any offset, and
	// creates it if there is none; fault.Exists where the key's content is
	// committed, which never changes again. What was written stays there over restarts
	// until it is committed or removed; it is safe from a crash of the machine
	// once Staged.Sync has returned. Several may be open for one key at once,
	// as long as they write different ranges.
	Stage(ctx context.Context, key Key) (Staged, error)

	// Room says how many bytes can be staged now, by all together. Staging more
	// is fault.DiskFull, though the disk may not be: the store leaves some of it
	// to others who have to write.
	Room(ctx context.Context) (int64, error)

	// Commit makes what is staged under key durable and readable. Every Staged
	// of the key must be closed. Committed already is no error and changes
	// nothing, so Commit can be repeated after a crash; nothing there at all is
	// fault.NotFound.
	Commit(ctx context.Context, key Key) error

	// Open opens committed content for reading; fault.ContentMissing if there
	// is none.
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
}

// Staged is content that is being written. Its size is that of the furthest
// write or the last Truncate; what was never written within it reads as zeros.
type Staged interface {
	io.WriterAt
	io.ReaderAt
	io.Closer
	Sync() error               // makes what was written so far survive a crash of the machine
	Truncate(size int64) error // cuts or extends to size in bytes
}

// Object is committed content, open for reading. ReadAt may be called by
// several goroutines at once, Read and Seek may not.
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
	Size    int64     // in bytes
	ModTime time.Time // when it was last written
}
