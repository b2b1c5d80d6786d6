package ops

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// MigrateOptions say what is to be moved where.
type MigrateOptions struct {
	DB       *db.DB     // the source; servers may be at it
	Store    blob.Store // its contents
	To       db.Options
	ToStore  blob.Store // nil: the contents stay where they are
	ToName   string     // where it goes, for people; the same in a run that goes on
	Settle   Settle
	Progress Progress
}

// Migrated is what a move has done, all its runs together.
type Migrated struct {
	Tables          []TableRows
	Contents, Bytes int64 // that were copied, or looked at where they stay, in this run
	Lost            []blob.Key
	GoneOn          bool // an earlier run was broken off
	Already         bool // an earlier run had done all of it
}

// TableRows is how many rows of a table there are.
type TableRows struct {
	Name string
	Rows int64
}

// The notes of a move in its target, beside db.FillingMark; they are set in the
// transactions that write what they speak of.
const (
	filledMark  = "filled"   // the moment that was moved, once all of it is there
	rowsMark    = "rows_of_" // a table: the key to go on after
	contentMark = "content"  // the key to go on after
	countedMark = "counted"  // all rows were there; now some are settled
	lostMark    = "lost"
	allDone     = "all"
)

// contentBatch is how many contents are copied before that is noted.
const contentBatch = 256

// refusePatience is how long a source may take to come to rest.
const refusePatience = time.Minute

// Migrate moves rows and contents to another place. Writes to the source are refused
// from its beginning on, and after its end too, so that nothing is written where nobody
// looks any more; reads go on. It may be broken off at any time and goes on when it is
// called again. The target must be empty, and nobody can open it before it is whole.
// When Migrate has returned nil every row is there and every content was read from its
// place and compared with its row; those that the source has lost are in the answer.
func Migrate(ctx context.Context, o MigrateOptions) (out Migrated, err error) {
	o.To.Upgrade, o.To.Filling = true, true
	to, err := db.Open(ctx, o.To)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	release, err := fillAlone(ctx, to)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, release()) }()
	m := &move{MigrateOptions: o, to: to, out: &out}
	if err := m.begin(ctx); err != nil {
		return out, err
	}
	killpoint.Here("migrate.marked")
	if !out.Already {
		if err := m.rows(ctx); err != nil {
			return out, err
		}
		if err := m.contents(ctx); err != nil {
			return out, err
		}
		if err := m.finish(ctx); err != nil {
			return out, err
		}
	}
	return out, m.count(ctx)
}

// fillAlone keeps others from filling a database. fault.FilledNow where one is at it.
func fillAlone(ctx context.Context, to *db.DB) (release func() error, err error) {
	release, ok, err := to.Alone(ctx, "tuchuang is filled")
	if err == nil && !ok {
		err = fault.New(fault.BadData, "ops: fill", fault.FilledNow, to.Name())
	}
	return release, err
}

type move struct {
	MigrateOptions
	to     *db.DB
	out    *Migrated
	id     string // of the moment that is moved
	tables []db.Table
}

// begin sees that the target is empty, or begun from this very moment, and brings the
// source to rest.
func (m *move) begin(ctx context.Context) error {
	id, where, moved, err := m.DB.Moved(ctx)
	if err != nil {
		return err
	}
	if moved && where != m.ToName {
		return fault.New(fault.BadData, "ops: migrate", fault.DataMoved, where)
	}
	if err := blob.SameOwner(ctx, m.DB, m.Store); err != nil {
		return err
	}
	filling, err := m.to.Mark(ctx, db.FillingMark)
	if err != nil {
		return err
	}
	filled, err := m.to.Mark(ctx, filledMark)
	if err != nil {
		return err
	}
	switch {
	case moved && filled == id:
		m.id, m.out.Already = id, true
		return m.load(ctx)
	case moved && filling == id:
		m.out.GoneOn = true
	case filling != "":
		return fault.New(fault.BadData, "ops: migrate", fault.DataOther, m.to.Name())
	default:
		if err := emptyTables(ctx, m.to); err != nil {
			return err
		}
		if m.ToStore != nil {
			if err := emptyStore(ctx, m.ToStore); err != nil {
				return err
			}
		}
	}
	if m.id = id; !moved {
		m.id = rand.Text()
		if err := m.refuse(ctx); err != nil {
			return err
		}
	}
	err = m.to.Write(ctx, "ops: migrate", func(tx *db.Tx) error { return tx.SetMark(ctx, db.FillingMark, m.id) })
	if err != nil {
		return err
	}
	return m.load(ctx)
}

// refuse brings the source to rest; busy writers may need a while.
func (m *move) refuse(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, refusePatience)
	defer cancel()
	for {
		err := m.DB.RefuseWrites(ctx, m.id, m.ToName)
		if err == nil || ctx.Err() != nil || !fault.Is(err, fault.Unavailable) {
			return err
		}
	}
}

func (m *move) load(ctx context.Context) error {
	return m.DB.WorkerRead(ctx, "ops: migrate", func(tx *db.Tx) (err error) {
		m.tables, err = copied(ctx, tx)
		return err
	})
}

// rows copies every table, from where an earlier run came to.
func (m *move) rows(ctx context.Context) error {
	for _, t := range m.tables {
		c, mark := newCopier(t), rowsMark+t.Name
		noted, err := m.to.Mark(ctx, mark)
		if err != nil {
			return err
		}
		after, err := keyOf(noted)
		if err != nil {
			return err
		}
		for more := noted != allDone; more; more = after != nil {
			if err := ctx.Err(); err != nil {
				return fault.Wrap(err, "ops: migrate")
			}
			var rows [][]any
			from := after
			err := m.DB.WorkerRead(ctx, "ops: migrate", func(tx *db.Tx) (err error) {
				rows, after, err = c.read(ctx, tx, from)
				return err
			})
			if err != nil {
				return err
			}
			note := allDone
			if after != nil {
				if note, err = noteOf(after); err != nil {
					return err
				}
			}
			err = m.to.Write(ctx, "ops: migrate", func(tx *db.Tx) error {
				if err := c.write(ctx, tx, rows); err != nil {
					return err
				}
				return tx.SetMark(ctx, mark, note)
			})
			if err != nil {
				return err
			}
			killpoint.Here("migrate.rows")
		}
	}
	return nil
}

// noteOf writes a key of numbers and texts; keyOf reads it.
func noteOf(key []any) (string, error) {
	b, err := json.Marshal(key)
	return string(b), fault.Wrap(err, "ops: migrate")
}

func keyOf(note string) ([]any, error) {
	if note == "" || note == allDone {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(note)))
	d.UseNumber()
	var key []any
	if err := d.Decode(&key); err != nil {
		return nil, fault.Wrap(err, "ops: migrate")
	}
	for i, v := range key {
		if n, ok := v.(json.Number); ok {
			whole, err := n.Int64()
			if err != nil {
				return nil, fault.Wrap(err, "ops: migrate")
			}
			key[i] = whole
		}
	}
	return key, nil
}

// contents copies every content and reads it back; where they stay they are only read.
func (m *move) contents(ctx context.Context) error {
	noted, err := m.to.Mark(ctx, contentMark)
	if err != nil || noted == allDone {
		return err
	}
	lost, err := m.to.Mark(ctx, lostMark)
	if err != nil {
		return err
	}
	t := &tally{tell: m.Progress}
	var at blob.Key
	if noted != "" {
		if _, err := fmt.Sscanf(noted, "%d/%d", &at.Account, &at.ID); err != nil {
			return fault.Wrap(err, "ops: migrate")
		}
	}
	for more := true; more; {
		var batch []blob.Stored
		err := m.DB.WorkerRead(ctx, "ops: migrate", func(tx *db.Tx) (err error) {
			if t.total == 0 {
				if t.total, t.bytes, err = blob.CountStored(ctx, tx); err != nil {
					return err
				}
			}
			batch, err = blob.StoredAfter(ctx, tx, at, contentBatch)
			return err
		})
		if err != nil {
			return err
		}
		if err := m.batch(ctx, batch, t); err != nil {
			return err
		}
		note := allDone
		if more = len(batch) == contentBatch; more {
			at = batch[len(batch)-1].Key
			note = at.String()
		}
		m.out.Contents -= int64(len(t.lost))
		for _, k := range sortedKeys(t.lost) {
			lost = strings.TrimSpace(lost + " " + k.String())
		}
		t.lost = nil
		err = m.to.Write(ctx, "ops: migrate", func(tx *db.Tx) error {
			if err := tx.SetMark(ctx, lostMark, lost); err != nil {
				return err
			}
			return tx.SetMark(ctx, contentMark, note)
		})
		if err != nil {
			return err
		}
		killpoint.Here("migrate.contents")
	}
	m.out.Contents, m.out.Bytes = m.out.Contents+t.n, t.nBytes
	return nil
}

func (m *move) batch(ctx context.Context, batch []blob.Stored, t *tally) error {
	return eachContent(ctx, func(_ context.Context, give func(blob.Stored) error) error {
		for _, s := range batch {
			if err := give(s); err != nil {
				return err
			}
		}
		return nil
	}, func(ctx context.Context, s blob.Stored) error {
		err := m.content(ctx, s)
		if fault.Is(err, fault.ContentMissing) {
			t.lose(s)
			err = nil
		}
		if err == nil {
			t.done(s)
		}
		return err
	})
}

// content copies one content and reads it back. Content that the source does not have
// as its row says is fault.ContentMissing.
func (m *move) content(ctx context.Context, s blob.Stored) error {
	if m.ToStore == nil {
		return same(ctx, m.Store, s)
	}
	// One that is there is of a run that was broken off, and maybe not whole.
	if err := same(ctx, m.ToStore, s); err == nil || !fault.Is(err, fault.ContentMissing) {
		return err
	}
	if err := m.ToStore.Remove(ctx, s.Key); err != nil {
		return err
	}
	from, err := m.Store.Open(ctx, s.Key)
	if err != nil {
		return err
	}
	c := &checking{from: from, want: s}
	err = put(ctx, m.ToStore, s.Key, c)
	if c.wrong.Load() {
		err = errors.Join(fault.New(fault.ContentMissing, "ops: migrate "+s.Key.String()), m.ToStore.Remove(ctx, s.Key))
	}
	if err = errors.Join(err, from.Close()); err != nil {
		return err
	}
	err = same(ctx, m.ToStore, s)
	if fault.Is(err, fault.ContentMissing) { // then it is not the source's fault
		err = fault.Because(fault.Internal, "ops: migrate "+s.Key.String(), errNotTheSame)
	}
	return err
}

// same reads content and says, by fault.ContentMissing, where it is not what its row
// says.
func same(ctx context.Context, store blob.Store, s blob.Stored) error {
	o, err := store.Open(ctx, s.Key)
	if err != nil {
		return err
	}
	var sum summer
	same, err := copyChecked(&sum, o, s)
	if err == nil && !same {
		err = fault.New(fault.ContentMissing, "ops: read "+s.Key.String())
	}
	return errors.Join(err, o.Close())
}

// finish compares what is there, settles it, and opens it to everybody.
func (m *move) finish(ctx context.Context) error {
	if err := m.compare(ctx); err != nil {
		return err
	}
	killpoint.Here("migrate.settle")
	if m.ToStore != nil {
		if err := m.Settle(ctx, m.to, m.ToStore); err != nil {
			return err
		}
	}
	if err := blob.Follow(ctx, m.DB, m.to, m.ToStore); err != nil {
		return err
	}
	lost, err := m.lost(ctx)
	if err != nil {
		return err
	}
	return m.to.Write(ctx, "ops: migrate", func(tx *db.Tx) error {
		for _, k := range lost {
			if err := blob.MarkMissing(ctx, tx, k); err != nil {
				return err
			}
		}
		for _, t := range m.tables {
			if err := tx.SetMark(ctx, rowsMark+t.Name, ""); err != nil {
				return err
			}
		}
		for name, value := range map[string]string{contentMark: "", countedMark: "", db.FillingMark: "", filledMark: m.id} {
			if err := tx.SetMark(ctx, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// compare counts the rows on both sides, before anything is settled.
func (m *move) compare(ctx context.Context) error {
	counted, err := m.to.Mark(ctx, countedMark)
	if err != nil || counted != "" {
		return err
	}
	for _, t := range m.tables {
		var have, want int64
		for d, n := range map[*db.DB]*int64{m.DB: &want, m.to: &have} {
			err := d.WorkerRead(ctx, "ops: migrate", func(tx *db.Tx) (err error) {
				*n, err = countRows(ctx, tx, t.Name)
				return err
			})
			if err != nil {
				return err
			}
		}
		if have != want {
			return fault.Because(fault.Internal, "ops: migrate", fmt.Errorf("%s has %d rows, should have %d", t.Name, have, want))
		}
	}
	return m.to.Write(ctx, "ops: migrate", func(tx *db.Tx) error { return tx.SetMark(ctx, countedMark, allDone) })
}

// count tells what is there at the end.
func (m *move) count(ctx context.Context) (err error) {
	if m.out.Lost, err = m.lost(ctx); err != nil {
		return err
	}
	return m.DB.WorkerRead(ctx, "ops: migrate", func(tx *db.Tx) error {
		for _, t := range m.tables {
			n, err := countRows(ctx, tx, t.Name)
			if err != nil {
				return err
			}
			m.out.Tables = append(m.out.Tables, TableRows{t.Name, n})
		}
		return nil
	})
}

func (m *move) lost(ctx context.Context) (keys []blob.Key, err error) {
	noted, err := m.to.Mark(ctx, lostMark)
	for _, word := range strings.Fields(noted) {
		var k blob.Key
		if _, err := fmt.Sscanf(word, "%d/%d", &k.Account, &k.ID); err != nil {
			return nil, fault.Wrap(err, "ops: migrate")
		}
		keys = append(keys, k)
	}
	return keys, err
}
