package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"tuchuang/internal/config"
	"tuchuang/internal/fault"
	"tuchuang/internal/ops"
)

type restoreCmd struct {
	local
	From     string `arg:"" name:"source" help:"help_restore_source"`
	Snapshot string `name:"snapshot" placeholder:"NAME" help:"help_restore_snapshot"`
}

// restoreOut is the document of --json.
type restoreOut struct {
	Snapshot string   `json:"snapshot"`
	Taken    string   `json:"taken"` // RFC 3339
	Accounts int64    `json:"accounts"`
	Images   int64    `json:"images"`
	Contents int64    `json:"contents"`
	Bytes    int64    `json:"bytes"`
	Lost     []string `json:"lost"`
	Back     []string `json:"back"` // contents that were lost when the backup was made, and are there again
}

// Run fills an empty place from a backup.
func (c *restoreCmd) Run(ctx context.Context, u *ui) (err error) {
	conf, err := config.Load(c.flags(), os.Getenv, c.Config)
	if err != nil {
		return err
	}
	from, err := filepath.Abs(c.From)
	if err != nil || c.From == "" {
		return usageError{text: u.text(restoreNowhere)}
	}
	place := ops.Place{Data: conf.Data, Database: conf.DatabaseURL}
	if conf.BlobURL != "" {
		if place.Store, err = openStore(ctx, conf); err != nil {
			return err
		}
	}
	isNew := !exists(conf.Data)
	lock, err := lockFolder(conf.Data)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, lock.Close())
		if isNew && (err != nil || !ownsFolder(conf)) { // nothing is left of what was made; what is not empty stays
			for _, made := range []string{dataFile(conf.Data, "lock"), spoolOf(conf.Data), conf.Data} {
				_ = os.Remove(made)
			}
		}
	}()
	began := time.Now()
	b := u.byteBar(u.text(restoreProgress), 0)
	out, goneOn, err := ops.RestoreInto(ctx, place, ops.RestoreOptions{
		From: from, Name: c.Snapshot, Settle: u.settle(conf.LogLevel),
		Progress: func(_, _, bytes, total int64) { b.set(bytes, total) },
	})
	b.done()
	if _, some := errors.AsType[*ops.LeftError](err); some && !fault.Is(err, fault.Uncertain) {
		u.note(u.text(restoreLeft, placeName(conf)))
	}
	if err != nil {
		return err
	}
	where := placeName(conf)
	switch {
	case u.json:
		err = u.document(restoreOut{
			out.Name, out.Taken.Format(time.RFC3339), out.Accounts, out.Images, out.Contents, out.Bytes, names(out.Lost), names(out.Back),
		})
	case goneOn:
		u.say(u.text(restoreGoneOn, where))
	default:
		u.say(u.text(restoreDone, out.Name, where, out.Accounts, out.Images, out.Contents, humanSize(out.Bytes),
			time.Since(began).Round(time.Millisecond)))
		u.say(u.text(restoreUploads))
		u.noteSome(contentBack, names(out.Back))
		u.noteWrong(out.Lost, nil)
	}
	return errors.Join(err, failedIf(len(out.Lost)))
}
