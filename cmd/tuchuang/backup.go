package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/config"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/fetch"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/offline"
	"tuchuang/internal/ops"
	"tuchuang/internal/upload"
)

type backupCmd struct {
	local
	To     string `arg:"" name:"dest" help:"help_backup_dest"`
	Keep   int    `name:"keep" placeholder:"N" help:"help_backup_keep"`
	Verify bool   `name:"verify" help:"help_backup_verify"`
}

// backupOut is the document of --json.
type backupOut struct {
	Snapshot      string `json:"snapshot"`
	Accounts      int64  `json:"accounts"`
	Images        int64  `json:"images"`
	Contents      int64  `json:"contents"`
	Bytes         int64  `json:"bytes"`
	Copied        int64  `json:"copied"` // of the contents in this run
	CopiedBytes   int64  `json:"copiedBytes"`
	DatabaseBytes int64  `json:"databaseBytes"`
	contentsOut
	Kept       []string `json:"kept"`    // contents that the store has lost, and the backup has
	Damaged    []string `json:"damaged"` // older snapshots that were left alone
	Removed    []string `json:"removed"` // older snapshots
	Freed      int64    `json:"freed"`   // contents that went with them
	FreedBytes int64    `json:"freedBytes"`
}

// contentsOut are contents that are not as they should be.
type contentsOut struct {
	Lost       []string        `json:"lost"` // that the store does not have, and nobody else
	Unreadable []unreadableOut `json:"unreadable"`
}

type unreadableOut struct {
	Content string `json:"content"`
	Cause   string `json:"cause"`
}

func contentsOf(lost []blob.Key, unreadable []ops.Unreadable) contentsOut {
	out := contentsOut{names(lost), []unreadableOut{}}
	for _, n := range unreadable {
		out.Unreadable = append(out.Unreadable, unreadableOut{n.Key.String(), n.Cause.Error()})
	}
	return out
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
	return c.withData(ctx, u, func(conf config.Config, d *db.DB, store blob.Store) (err error) {
		if inFolder(to, conf.Data) && ownsFolder(conf) {
			u.note(u.text(backupInside, to, conf.Data))
		}
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
	wrong := failedIf(len(out.Lost) + len(out.Kept) + len(out.Unreadable) + len(out.Damaged))
	if u.json {
		err := u.document(backupOut{
			out.Name, out.Accounts, out.Pictures, out.Contents, out.Bytes, out.Copied, out.CopyBytes, out.DatabaseBytes,
			contentsOf(out.Lost, out.Unreadable), names(out.Kept), nonNil(out.Damaged), nonNil(out.Removed), out.Freed, out.FreedBytes,
		})
		return errors.Join(err, wrong)
	}
	u.say(u.text(backupDone, out.Name, to, out.Accounts, out.Pictures, out.Contents, humanSize(out.Bytes)))
	u.say(u.text(backupCopied, out.Copied, humanSize(out.CopyBytes), humanSize(out.DatabaseBytes), took.Round(time.Millisecond)))
	if len(out.Removed) > 0 {
		u.say(u.text(backupRemoved, len(out.Removed), out.Freed, humanSize(out.FreedBytes)))
	}
	u.noteWrong(out.Lost, out.Unreadable)
	u.noteSome(contentKept, names(out.Kept))
	if len(out.Kept) > 0 {
		u.note("  → " + u.text(adviceKept))
	}
	u.noteSome(snapshotDamaged, out.Damaged)
	if len(out.Damaged) > 0 {
		u.note("  → " + u.text(adviceDamagedOne, filepath.Join(to, "snapshots")))
	}
	return wrong
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

// listed are how many of a list are told on stderr: nobody reads more.
const listed = 20

// noteSome says a sentence of each of a list, as far as anybody reads.
func (u *ui) noteSome(sentence text, list []string) {
	for _, one := range list[:min(len(list), listed)] {
		u.note(u.text(sentence, one))
	}
	if more := len(list) - listed; more > 0 {
		u.note(u.text(andMore, more))
	}
}

// noteWrong says which contents are lost, and which can't be read.
func (u *ui) noteWrong(lost []blob.Key, unreadable []ops.Unreadable) {
	told := map[blob.Key]bool{}
	var list []string
	for _, n := range unreadable {
		told[n.Key] = true
		list = append(list, u.text(contentUnreadable, n.Key, u.whatFailed(n.Cause)))
	}
	u.noteSome(asItIs, list)
	u.noteSome(contentLost, names(slices.DeleteFunc(slices.Clone(lost), func(k blob.Key) bool { return told[k] })))
	if len(lost) > 0 {
		u.note("  → " + u.text(adviceLost))
	}
}

// failedIf ends a command with 1 where something is wrong.
func failedIf(wrong int) error {
	if wrong > 0 {
		return errReported
	}
	return nil
}

// inFolder says whether a path lies in a folder, or is it.
func inFolder(path, folder string) bool {
	rest, err := filepath.Rel(folder, path)
	return err == nil && rest != ".." && !strings.HasPrefix(rest, ".."+string(filepath.Separator))
}

// withData opens database and store of an installation that is there.
func (l local) withData(ctx context.Context, u *ui, fn func(config.Config, *db.DB, blob.Store) error) error {
	return l.withDB(ctx, u, false, func(d *db.DB) error {
		conf, err := config.Load(l.flags(), os.Getenv, l.Config)
		if err != nil {
			return err
		}
		// Where the rows are elsewhere nobody has seen yet that this is the right folder.
		if blobs := dataFile(conf.Data, "blobs"); conf.DatabaseURL != "" && conf.BlobURL == "" && !exists(blobs) {
			return fault.New(fault.BadConfig, "data", fault.NoPlace, blobs)
		}
		store, err := openStore(ctx, conf)
		if err != nil {
			return err
		}
		return fn(conf, d, store)
	})
}

// settle ends the uploads of a database that goes on in another place, and has downloads
// begin anew.
func (u *ui) settle(level string) ops.Settle {
	return func(ctx context.Context, d *db.DB, store blob.Store) error {
		dr, bed, log := drive.New(d), imagebed.New(d), newLog(u, level)
		downloads, _, _ := offline.New(d, store, dr, bed, fetch.New(fetch.Options{}), log)
		if err := downloads.ForgetStaged(ctx); err != nil {
			return err
		}
		return upload.New(d, store, dr, bed, log).EndAll(ctx)
	}
}
