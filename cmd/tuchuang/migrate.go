package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/config"
	"tuchuang/internal/db"
	"tuchuang/internal/ops"
)

type migrateCmd struct {
	local
	From       []string `name:"from" sep:"none" placeholder:"PLACE" help:"help_move_from"`
	To         []string `name:"to" sep:"none" placeholder:"PLACE" help:"help_move_to"`
	ToData     string   `name:"to-data" placeholder:"DIR" help:"help_to_data"`
	ToDatabase string   `name:"to-database-url" placeholder:"URL" help:"help_to_database"`
	ToBlob     string   `name:"to-blob-url" placeholder:"URL" help:"help_to_blob"`
	Unmark     bool     `name:"unmark" help:"help_unmark"`
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
	contentsOut
}

// Run moves database and contents elsewhere while servers go on answering reads, or
// lets a source that was moved be written to again.
func (c *migrateCmd) Run(ctx context.Context, u *ui) error {
	if err := c.places(u); err != nil {
		return err
	}
	return c.withData(ctx, u, func(conf config.Config, d *db.DB, store blob.Store) (err error) {
		if c.Unmark {
			return u.unmark(ctx, d)
		}
		o := ops.MigrateOptions{DB: d, Store: store, To: db.Options{URL: c.ToDatabase}, Settle: u.settle(conf.LogLevel)}
		stay, done, err := c.openTarget(ctx, &o, conf)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		began := time.Now()
		begun := false
		o.Begun = func() {
			begun = true
			u.note(u.text(migrateBegins, d.Name(), o.ToName))
		}
		b := u.byteBar(u.text(migrateProgress), 0)
		o.Progress = func(_, _, bytes, total int64) { b.set(bytes, total) }
		out, err := ops.Migrate(ctx, o)
		b.done()
		if err != nil {
			if begun {
				u.note(u.text(migrateGoesOn))
			}
			return err
		}
		return u.showMigrated(out, d.Name(), stay, o, time.Since(began))
	})
}

// places reads the places that --from and --to name, each by its form: a URL of a
// database, one of a bucket, or a folder. What --from does not name is not of the source.
func (c *migrateCmd) places(u *ui) error {
	from := map[string]**string{"data": &c.Data, "database-url": &c.DatabaseURL, "blob-url": &c.BlobURL}
	if len(c.From) > 0 {
		none := ""
		c.DatabaseURL, c.BlobURL = &none, &none
	}
	for _, place := range c.From {
		kind, err := u.kindOf(place)
		if err != nil {
			return err
		}
		*from[kind] = &place
	}
	to := map[string]*string{"data": &c.ToData, "database-url": &c.ToDatabase, "blob-url": &c.ToBlob}
	for _, place := range c.To {
		kind, err := u.kindOf(place)
		if err != nil {
			return err
		}
		*to[kind] = place
	}
	// A URL may hold a password, which has no place on a line that others can read.
	if config.HoldsPassword(c.ToDatabase) {
		return usageError{u.text(migrateOpenly), u.text(adviceOpenly)}
	}
	if c.ToDatabase == "" && len(c.To) == 0 {
		c.ToDatabase = os.Getenv("TUCHUANG_TO_DATABASE_URL")
	}
	if c.ToBlob == "" && len(c.To) == 0 {
		c.ToBlob = os.Getenv("TUCHUANG_TO_BLOB_URL")
	}
	if nowhere := c.ToData == "" && c.ToDatabase == ""; nowhere == !c.Unmark {
		return usageError{u.text(migrateNowhere), u.text(adviceNowhere)}
	}
	return nil
}

// kindOf says which setting a place is the value of. What looks like a URL and is none
// that is known is no folder; it may hold a password, so it is not repeated.
func (u *ui) kindOf(place string) (setting string, err error) {
	scheme, rest, _ := strings.Cut(place, ":")
	switch strings.ToLower(scheme) {
	case "postgres", "postgresql":
		return "database-url", nil
	case "s3":
		return "blob-url", nil
	}
	if strings.HasPrefix(rest, "//") {
		return "", usageError{u.text(migrateScheme, printable(scheme)), u.text(adviceScheme)}
	}
	return "data", nil
}

// openTarget opens where contents go and names the whole of the target; stay is where
// contents are that stay.
func (c *migrateCmd) openTarget(ctx context.Context, o *ops.MigrateOptions, conf config.Config) (stay string, done func() error, err error) {
	done = func() error { return nil }
	bucket, err := config.ParseBucket("to-blob-url", c.ToBlob)
	if err != nil {
		return "", nil, err
	}
	if c.ToDatabase != "" {
		o.ToName, err = db.NameOf(c.ToDatabase)
	}
	if err != nil {
		return "", nil, err
	}
	data := conf.Data
	if c.ToData != "" {
		if data, err = filepath.Abs(c.ToData); err != nil {
			return "", nil, folderError(err, c.ToData)
		}
	}
	ontoDisk := c.ToBlob == "" && c.ToData != "" && (conf.BlobURL != "" || data != conf.Data)
	ontoS3 := c.ToBlob != "" && (conf.BlobURL == "" || bucketName(bucket) != bucketName(conf.Bucket))
	if c.ToDatabase == "" {
		o.To.Path = dataFile(data, "tuchuang.db")
	}
	if o.To.Path != "" && data != conf.Data || ontoDisk {
		lock, err := lockFolder(data)
		if err != nil {
			return "", nil, err
		}
		done = lock.Close
	}
	switch {
	case ontoS3:
		o.ToStore, err = openBucket(ctx, bucket, data, "")
	case ontoDisk:
		o.ToStore, err = openDisk(data)
	}
	if err != nil {
		return "", nil, errors.Join(err, done())
	}
	o.ToName = strings.Join(c.names(o.ToName, data, bucket, ontoDisk, ontoS3), " + ")
	if stay = data; conf.BlobURL != "" {
		stay = bucketName(conf.Bucket)
	}
	return stay, done, nil
}

// names are the parts of a target, in the order in which they are told.
func (c *migrateCmd) names(database, data string, bucket config.Bucket, ontoDisk, ontoS3 bool) (all []string) {
	if database != "" {
		all = append(all, database)
	}
	if database == "" || ontoDisk {
		all = append(all, data)
	}
	if ontoS3 {
		all = append(all, bucketName(bucket))
	}
	return all
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

func (u *ui) showMigrated(out ops.Migrated, from, stay string, o ops.MigrateOptions, took time.Duration) error {
	wrong := failedIf(len(out.Lost) + len(out.Unreadable))
	if u.json {
		rows := map[string]int64{}
		for _, t := range out.Tables {
			rows[t.Name] = t.Rows
		}
		err := u.document(migrateOut{
			from, o.ToName, rows, out.Contents, out.Bytes, o.ToStore != nil, out.GoneOn, out.Already, contentsOf(out.Lost, out.Unreadable),
		})
		return errors.Join(err, wrong)
	}
	var rows int64
	for _, t := range out.Tables {
		rows += t.Rows
		u.say(u.text(migrateRows, t.Name, t.Rows))
	}
	moved, stayed := migrateDone, migrateStay
	if wrong != nil {
		moved, stayed = migratePart, migrateStayPart
	}
	took = took.Round(time.Millisecond)
	switch {
	case out.Already && wrong == nil:
		u.say(u.text(migrateAlready, o.ToName))
	case out.Already:
		u.say(u.text(migrateAlreadyPart, o.ToName))
	case o.ToStore != nil:
		u.say(u.text(moved, rows, out.Contents, humanSize(out.Bytes), o.ToName, took))
	default:
		u.say(u.text(stayed, rows, o.ToName, out.Contents, humanSize(out.Bytes), stay, took))
	}
	if wrong == nil {
		u.say(u.text(migrateThen, from))
		return nil
	}
	u.say(u.text(migrateKeep, len(out.Lost), len(out.Unreadable), from))
	u.noteWrong(out.Lost, out.Unreadable)
	return wrong
}
