package ops

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// content is a row that says there are bytes, or were.
type content struct {
	key           blob.Key
	state         blob.State
	facts         blob.Facts
	width, height int64

	found *Finding // what is wrong with it
}

const (
	listContents = `
		SELECT id, state, sha256, sha1, md5, size, type, width, height FROM blob
		WHERE account_id = $1 AND id > $2 AND state > 0 ORDER BY id LIMIT $3`
	stateOfContent = `SELECT state, type || ' ' || CAST(width AS TEXT) || ' ' || CAST(height AS TEXT) FROM blob WHERE account_id = $1 AND id = $2`
	markContent    = `UPDATE blob SET state = $3 WHERE account_id = $1 AND id = $2 AND state = $4`
	// Where the same content was uploaded again meanwhile, that is in use.
	liveAgain = `
		UPDATE blob SET state = 1 WHERE account_id = $1 AND id = $2 AND state IN (3, 4)
		AND NOT EXISTS (SELECT 1 FROM blob o WHERE o.account_id = $1 AND o.sha256 = blob.sha256 AND o.state IN (1, 2))`
	setFacts = `UPDATE blob SET type = $3, width = $4, height = $5 WHERE account_id = $1 AND id = $2`
)

// mayGoOn refuses what would make things worse: to repair rows that are kept elsewhere by
// now, and to mark the contents of a store that is not theirs.
func (f *Fsck) mayGoOn(ctx context.Context) error {
	if f.Repair || f.Adopt {
		_, to, moved, err := f.DB.Moved(ctx)
		if err == nil && moved {
			err = fault.New(fault.BadData, "ops: repair", fault.DataMoved, to)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case f.Adopt:
		return blob.Adopt(ctx, f.DB, f.Store)
	case f.Repair:
		return blob.Own(ctx, f.DB, f.Store)
	}
	if err := blob.SameOwner(ctx, f.DB, f.Store); err != nil || !f.Read {
		return err
	}
	var n int
	err := f.read(ctx, func(tx *db.Tx) (err error) {
		n, err = inVain(ctx, tx, f.Store)
		return err
	})
	if err == nil && n > 0 {
		err = fault.New(fault.BadData, "ops: fsck", fault.StoreOther, n)
	}
	return err
}

// contents compares the rows of an account's contents with the store: what is there
// and how long; with Read, every byte.
func (f *Fsck) contents(ctx context.Context, acc int64) error {
	for last := int64(0); ; {
		var page []content
		err := f.read(ctx, func(tx *db.Tx) (err error) {
			page, err = db.Collect(ctx, tx, func(row db.Row) (c content, err error) {
				c.key.Account = acc
				err = row.Scan(&c.key.ID, &c.state, &c.facts.SHA256, &c.facts.SHA1, &c.facts.MD5, &c.facts.Size, &c.facts.Type, &c.width, &c.height)
				return c, err
			}, listContents, acc, last, pageRows)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		last = page[len(page)-1].key.ID
		if err := f.compareAll(ctx, page); err != nil {
			return err
		}
		wrong := slices.DeleteFunc(page, func(c content) bool { return c.found == nil })
		if err := f.tellContents(ctx, acc, wrong); err != nil {
			return err
		}
	}
}

// opensAtOnce is how many contents are opened at once: a store may be far away.
const opensAtOnce = 8

// compareAll compares each content with its row and notes what is wrong.
func (f *Fsck) compareAll(ctx context.Context, page []content) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(opensAtOnce)
	for n := range page {
		all.Go(func() (err error) {
			c := &page[n]
			if c.found, err = f.compare(ctx, *c); c.found != nil {
				c.found.Place = place("blob", c.key.Account, strconv.FormatInt(c.key.ID, 10))
			}
			return err
		})
	}
	return all.Wait()
}

// tellContents tells of contents that are not what their rows say, and marks them. The
// bytes were read once: they never change. What is looked at again is whether the row
// still wants them.
func (f *Fsck) tellContents(ctx context.Context, acc int64, wrong []content) error {
	if len(wrong) == 0 {
		return nil
	}
	times := make(map[blob.Key]int)
	err := f.look(ctx, acc, func(tx *db.Tx) (all []Finding, err error) {
		for _, c := range wrong {
			var state blob.State
			var kind string
			there, err := tx.Get(ctx, stateOfContent, []any{acc, c.key.ID}, &state, &kind)
			if err != nil {
				return nil, err
			}
			if !there || state != c.state || kind != c.facts.Type+" "+strconv.FormatInt(c.width, 10)+" "+strconv.FormatInt(c.height, 10) {
				continue // it was let go, or mended
			}
			times[c.key]++
			all = append(all, *c.found)
		}
		return all, nil
	})
	if err != nil || !f.Read {
		return err
	}
	for _, c := range wrong {
		mark, lost := marks[c.found.Code]
		if !lost || times[c.key] < 2 {
			continue
		}
		err := f.DB.Write(ctx, "ops: mark content", func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, markContent, acc, c.key.ID, mark, blob.Live)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// marks are the states of content that can't be had; the same uploaded again takes its
// place.
var marks = map[string]blob.State{
	"content.missing": blob.Missing, "content.no_file": blob.Damaged, "content.size": blob.Damaged, "content.damaged": blob.Damaged,
}

func (f *Fsck) compare(ctx context.Context, c content) (*Finding, error) {
	lost := c.state == blob.Missing || c.state == blob.Damaged
	o, err := f.Store.Open(ctx, c.key)
	switch {
	case fault.Is(err, fault.ContentMissing):
		if lost {
			return nil, nil
		}
		if why := fault.ArgsOf(err); len(why) > 0 && why[0] == fault.NotAFile {
			return &Finding{Code: "content.no_file"}, nil
		}
		return &Finding{Code: "content.missing"}, nil
	case err != nil:
		return unreadable(err)
	}
	defer o.Close() //nolint:errcheck // it was only read
	if size := o.Size(); size != c.facts.Size {
		if lost {
			return nil, nil
		}
		return &Finding{Code: "content.size", Has: strconv.FormatInt(size, 10), Want: strconv.FormatInt(c.facts.Size, 10)}, nil
	}
	if !f.Read {
		return nil, nil
	}
	f.reading.Lock()
	defer f.reading.Unlock()
	digest := blob.NewDigest()
	if err := f.readAll(ctx, digest, o); err != nil {
		return unreadable(err)
	}
	sha256, sha1, md5 := digest.Sums()
	same := hex.EncodeToString(sha256[:]) == c.facts.SHA256 && hex.EncodeToString(sha1[:]) == c.facts.SHA1 && hex.EncodeToString(md5[:]) == c.facts.MD5
	switch {
	case !same && lost:
		return nil, nil
	case !same:
		return &Finding{Code: "content.damaged", Has: hex.EncodeToString(sha256[:]), Want: c.facts.SHA256}, nil
	case lost:
		return &Finding{Code: "content.back", fix: func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, liveAgain, c.key.Account, c.key.ID)
			return err
		}}, nil
	}
	if p := picture.Probe(o, c.facts.Size); p.Type != c.facts.Type || int64(p.Width) != c.width || int64(p.Height) != c.height {
		return &Finding{Code: "content.facts", Has: c.facts.Type, Want: p.Type, fix: func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, setFacts, c.key.Account, c.key.ID, p.Type, p.Width, p.Height)
			return err
		}}, nil
	}
	return nil, nil
}

// unreadable makes a finding of one content that can't be read, which says nothing of
// what it is. A store that does not answer is an error.
func unreadable(err error) (*Finding, error) {
	if fault.CodeOf(err) != fault.Internal {
		return nil, err
	}
	return &Finding{Code: "content.unreadable", Has: causeText(err)}, nil
}

// causeText is the last word of an error, without the path it names.
func causeText(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// readAll reads content at no more than the rate.
func (f *Fsck) readAll(ctx context.Context, to io.Writer, from io.Reader) error {
	for {
		n, err := io.CopyN(to, from, 1<<20)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Wrap(err, "ops: read content")
		}
		if f.Rate > 0 {
			if err := rest(ctx, time.Duration(float64(n)/float64(f.Rate)*float64(time.Second))); err != nil {
				return err
			}
		}
	}
}

// engine has SQLite check its file, where all is to be read.
func (f *Fsck) engine(ctx context.Context) error {
	if f.DB.Engine() != db.SQLite || !f.Read {
		return nil
	}
	return f.look(ctx, 0, func(tx *db.Tx) ([]Finding, error) {
		faults, err := tx.CheckFile(ctx)
		var found []Finding
		for _, f := range faults {
			found = append(found, Finding{Code: "database", Place: "database", Has: f})
		}
		return found, err
	})
}
