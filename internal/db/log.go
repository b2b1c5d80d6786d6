package db

import (
	"cmp"
	"context"
	"os"
	"sync"

	"modernc.org/sqlite"

	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// With SQLite what is written goes to a log first (WAL, https://www.sqlite.org/wal.html).

// logPages of 4 KiB is what the log may hold before it begins anew; a quarter of that is
// copied into the file at once.
const logPages = 16384

// fileLog copies the log of a database back into its file while writes go on. A log that
// never began anew would grow for ever, and by itself it does so only where a write finds all
// of it copied. So from time to time writes pause for the little that is left to copy.
type fileLog struct {
	d    *DB
	p    *pool
	c    session
	file *os.File // to be synced before a pause; nil where it is synced within
	full int64    // pages
	// How many pages it held when somebody who reads kept it from beginning anew: it grows
	// by as much again before the next try.
	kept int64
}

// lockDescriptors has SQLite's locks belong to its descriptors, where the system knows such:
// then another one of the same file can be opened and closed by us, or a library.
var lockDescriptors = sync.OnceValue(func() error {
	_, err := sqlite.OFDLocking(true)
	return err
})

func openLog(d *DB) (*fileLog, error) {
	l := &fileLog{d: d, full: int64(cmp.Or(d.logPages, logPages))}
	var err error
	if l.p, err = openSQLite(d.path, checkpointing, 1); err != nil {
		return nil, err
	}
	if l.c, err = l.p.take(context.Background()); err == nil && sqlite.OFDLockingEnabled() {
		l.file, err = os.Open(d.path)
	}
	if err != nil {
		l.close()
		return nil, fault.Wrap(err, "db: open "+d.path)
	}
	return l, nil
}

func (l *fileLog) close() {
	if l.c != nil {
		l.p.give(l.c)
	}
	if err := l.p.close(); err != nil {
		l.d.log.Error("db: close", "err", err)
	}
	if l.file != nil {
		_ = l.file.Close() // only read
	}
}

// keepShort looks at the log after each write, until dirty is closed.
func (l *fileLog) keepShort(dirty <-chan struct{}) {
	defer l.close()
	ctx := context.Background()
	for range dirty {
		is, err := checkpoint(ctx, l.c, "NOOP")
		if is.frames < l.kept { // it began anew by itself
			l.kept = 0
		}
		if err == nil && is.frames-is.copied >= l.full/4 {
			killpoint.Here("db.before_checkpoint")
			if _, err = checkpoint(ctx, l.c, "PASSIVE"); err == nil && is.frames >= l.kept+l.full {
				err = l.beginAnew(ctx, is.frames)
			}
			killpoint.Here("db.after_checkpoint")
		}
		if err != nil {
			l.d.log.Warn("db: checkpoint", "err", err)
		}
	}
}

// beginAnew has the next write begin the log anew, if nobody reads it. What takes long, to
// copy most of it and to sync the file, is done before writes pause.
func (l *fileLog) beginAnew(ctx context.Context, frames int64) error {
	is, err := checkpoint(ctx, l.c, "PASSIVE")
	if err == nil && l.file != nil {
		err = l.file.Sync()
	}
	if err != nil {
		return fault.Wrap(err, "db: before the log begins anew")
	}
	if !is.busy && is.frames-is.copied < l.full/4 {
		resume := make(chan struct{})
		defer close(resume)
		select {
		case l.d.pause <- resume:
		case <-l.d.ended:
		}
		if is, err = checkpoint(ctx, l.c, "RESTART"); err == nil && !is.busy {
			l.kept = 0
			return nil
		}
	}
	if l.kept = frames; frames >= 8*l.full {
		l.d.log.Warn("db: the log grows, somebody reads for long", "pages", frames)
	}
	return err
}
