package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/config"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/ops"
	"tuchuang/internal/upload"
)

type backupCmd struct {
	local
	To     string `arg:"" name:"dest" help:"${help_backup_dest}"`
	Keep   int    `name:"keep" placeholder:"N" help:"${help_backup_keep}"`
	Verify bool   `name:"verify" help:"${help_backup_verify}"`
}

// backupOut is the document of --json.
type backupOut struct {
	Snapshot      string   `json:"snapshot"`
	Accounts      int64    `json:"accounts"`
	Images        int64    `json:"images"`
	Contents      int64    `json:"contents"`
	Bytes         int64    `json:"bytes"`
	Copied        int64    `json:"copied"` // of the contents in this run
	CopiedBytes   int64    `json:"copiedBytes"`
	DatabaseBytes int64    `json:"databaseBytes"`
	Lost          []string `json:"lost"`    // contents that the store does not have
	Removed       []string `json:"removed"` // older snapshots
	Freed         int64    `json:"freed"`   // contents that went with them
	FreedBytes    int64    `json:"freedBytes"`
}

// Run copies database and contents while a server may be at them. It fails where the
// store has lost something, though all else is in the backup.
func (c *backupCmd) Run(ctx context.Context, u *ui) error {
	if c.Keep < 0 {
		return usageError{text: u.text(backupKeep)}
	}
	to, err := filepath.Abs(c.To)
	if err != nil || c.To == "" {
		return usageError{text: u.text(backupNowhere)}
	}
	return c.withData(ctx, u, func(_ config.Config, d *db.DB, store blob.Store) (err error) {
		lock, err := lockFolder(to)
		if fault.Is(err, fault.InUse) {
			return failure{u.text(backupInUse, to), u.text(adviceLaterOn)}
		}
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lock.Close()) }()
		began := time.Now()
		b := u.byteBar(u.text(backupProgress), 0)
		out, err := ops.Backup(ctx, ops.BackupOptions{
			DB: d, Store: store, To: to, Program: version, Keep: c.Keep, Verify: c.Verify,
			Progress: func(_, _, bytes, total int64) { b.set(bytes, total) },
		})
		b.done()
		if err != nil {
			if ctx.Err() != nil {
				u.note(u.text(backupGoesOn))
			}
			return err
		}
		return u.showBackup(out, to, time.Since(began))
	})
}

func (u *ui) showBackup(out ops.Backed, to string, took time.Duration) error {
	lost := names(out.Lost)
	if u.json {
		err := u.document(backupOut{
			out.Name, out.Accounts, out.Pictures, out.Contents, out.Bytes, out.Copied, out.CopyBytes, out.DatabaseBytes,
			lost, nonNil(out.Removed), out.Freed, out.FreedBytes,
		})
		return errors.Join(err, lostError(lost))
	}
	u.say(u.text(backupDone, out.Name, to, out.Accounts, out.Pictures, out.Contents, humanSize(out.Bytes)))
	u.say(u.text(backupCopied, out.Copied, humanSize(out.CopyBytes), humanSize(out.DatabaseBytes), took.Round(time.Millisecond)))
	if len(out.Removed) > 0 {
		u.say(u.text(backupRemoved, len(out.Removed), out.Freed, humanSize(out.FreedBytes)))
	}
	u.noteLost(lost)
	return lostError(lost)
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func names(keys []blob.Key) []string {
	out := []string{}
	for _, k := range keys {
		out = append(out, k.String())
	}
	return out
}

// noteLost says which contents are lost.
func (u *ui) noteLost(lost []string) {
	for _, key := range lost {
		u.note(u.text(contentLost, key))
	}
	if len(lost) > 0 {
		u.note("  → " + u.text(adviceLost))
	}
}

func lostError(lost []string) error {
	if len(lost) > 0 {
		return errReported
	}
	return nil
}

// withData opens database and store of an installation that is there.
func (l local) withData(ctx context.Context, u *ui, fn func(config.Config, *db.DB, blob.Store) error) error {
	return l.withDB(ctx, u, false, func(d *db.DB) error {
		conf, err := config.Load(l.flags(), os.Getenv, l.Config)
		if err != nil {
			return err
		}
		store, err := openStore(ctx, conf)
		if err != nil {
			return err
		}
		return fn(conf, d, store)
	})
}

// settle ends the uploads of a database that goes on in another place.
func (u *ui) settle(level string) ops.Settle {
	return func(ctx context.Context, d *db.DB, store blob.Store) error {
		return upload.New(d, store, drive.New(d), imagebed.New(d), newLog(u, level)).EndAll(ctx)
	}
}
