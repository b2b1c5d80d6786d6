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
	"tuchuang/internal/ops"
)

type migrateCmd struct {
	local
	ToData     string `name:"to-data" placeholder:"DIR" help:"${help_to_data}"`
	ToDatabase string `name:"to-database-url" placeholder:"URL" help:"${help_to_database}"`
	Unmark     bool   `name:"unmark" help:"${help_unmark}"`
}

// migrateOut is the document of --json.
type migrateOut struct {
	From     string           `json:"from"`
	To       string           `json:"to"`
	Rows     map[string]int64 `json:"rows"` // by table
	Contents int64            `json:"contents"`
	Bytes    int64            `json:"bytes"`
	Copied   bool             `json:"contentsCopied"` // false: they stay where they are
	GoneOn   bool             `json:"resumed"`
	Already  bool             `json:"already"`
	Lost     []string         `json:"lost"`
}

// Run moves database and contents elsewhere while servers go on answering reads, or
// lets a source that was moved be written to again.
func (c *migrateCmd) Run(ctx context.Context, u *ui) error {
	// A URL may hold a password, which has no place on a line that others can read.
	if c.ToDatabase == "" {
		c.ToDatabase = os.Getenv("TUCHUANG_TO_DATABASE_URL")
	}
	if nowhere := c.ToData == "" && c.ToDatabase == ""; nowhere == !c.Unmark {
		return usageError{u.text(migrateNowhere), u.text(adviceNowhere)}
	}
	return c.withData(ctx, u, func(conf config.Config, d *db.DB, store blob.Store) (err error) {
		if c.Unmark {
			return u.unmark(ctx, d)
		}
		o := ops.MigrateOptions{DB: d, Store: store, To: db.Options{URL: c.ToDatabase}, Settle: u.settle(conf.LogLevel)}
		data, done, err := c.openTarget(&o, conf)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		began := time.Now()
		u.note(u.text(migrateBegins, d.Name(), o.ToName))
		b := u.byteBar(u.text(migrateProgress), 0)
		o.Progress = func(_, _, bytes, total int64) { b.set(bytes, total) }
		out, err := ops.Migrate(ctx, o)
		b.done()
		if err != nil {
			if _, _, moved, e := d.Moved(context.WithoutCancel(ctx)); e == nil && moved {
				u.note(u.text(migrateGoesOn))
			}
			return err
		}
		return u.showMigrated(out, d.Name(), data, o, time.Since(began))
	})
}

// openTarget opens the folder to move to and names the whole of the target; data is
// the folder of the contents from now on.
func (c *migrateCmd) openTarget(o *ops.MigrateOptions, conf config.Config) (data string, done func() error, err error) {
	data, done = conf.Data, func() error { return nil }
	if c.ToData != "" {
		if data, err = filepath.Abs(c.ToData); err != nil {
			return "", nil, folderError(err, c.ToData)
		}
	}
	if data != conf.Data {
		lock, err := lockFolder(data)
		if err != nil {
			return "", nil, err
		}
		done = lock.Close
		if o.ToStore, err = openDisk(data); err != nil {
			return "", nil, errors.Join(err, lock.Close())
		}
	}
	o.ToName = data
	if c.ToDatabase == "" {
		o.To.Path = dataFile(data, "tuchuang.db")
		return data, done, nil
	}
	name, err := db.NameOf(c.ToDatabase)
	if o.ToName = name; o.ToStore != nil {
		o.ToName += " + " + data
	}
	if err != nil {
		err = errors.Join(err, done())
	}
	return data, done, err
}

func (u *ui) unmark(ctx context.Context, d *db.DB) error {
	_, to, moved, err := d.Moved(ctx)
	if err != nil {
		return err
	}
	if !moved {
		u.say(u.text(unmarkNothing, d.Name()))
	} else {
		if err := d.AllowWrites(ctx); err != nil {
			return err
		}
		u.say(u.text(unmarkDone, d.Name(), to))
	}
	if u.json {
		return u.document(map[string]any{"database": d.Name(), "wasMoved": moved, "to": to})
	}
	return nil
}

func (u *ui) showMigrated(out ops.Migrated, from, data string, o ops.MigrateOptions, took time.Duration) error {
	lost := names(out.Lost)
	if u.json {
		rows := map[string]int64{}
		for _, t := range out.Tables {
			rows[t.Name] = t.Rows
		}
		err := u.document(migrateOut{from, o.ToName, rows, out.Contents, out.Bytes, o.ToStore != nil, out.GoneOn, out.Already, lost})
		return errors.Join(err, lostError(lost))
	}
	var rows int64
	for _, t := range out.Tables {
		rows += t.Rows
		u.say(u.text(migrateRows, t.Name, t.Rows))
	}
	switch {
	case out.Already:
		u.say(u.text(migrateAlready, o.ToName))
	case o.ToStore != nil:
		u.say(u.text(migrateDone, rows, out.Contents, humanSize(out.Bytes), o.ToName, took.Round(time.Millisecond)))
	default:
		u.say(u.text(migrateStay, rows, o.ToName, out.Contents, humanSize(out.Bytes), data, took.Round(time.Millisecond)))
	}
	u.say(u.text(migrateThen, from))
	u.noteLost(lost)
	return lostError(lost)
}
