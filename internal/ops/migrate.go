package ops

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
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
	Begun    func()     // is called once nothing was refused: from now on the source can only be read
	Settle   Settle
	Progress Progress
}

// Migrated is what a move has done, all its runs together.
type Migrated struct {
	Tables          []TableRows
	Contents, Bytes int64 // that were copied, or looked at where they stay, in this run
	Lost            []blob.Key
	Unreadable      []Unreadable // that the source has and this run could not read; Lost where they were to be copied
	GoneOn          bool         // an earlier run was broken off
	Already         bool         // an earlier run had done all of it
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
	backMark    = "back"        // contents whose rows say that they are lost, and that are not
	intoMark    = "filled_into" // the whole of the target, as it is called
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
// place and compared with its row; those that the source has lost or can't read are in the
// answer. A source's store that has nothing of what is looked for is fault.NoContent, and
// nothing was done.
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
	anew   bool   // what an earlier move has left in the target goes
	tables []db.Table
}

// begin sees that the target is empty, or begun from this source, and brings the source
// to rest.
func (m *move) begin(ctx context.Context) error {
	id, where, moved, err := m.DB.Moved(ctx)
	if err != nil {
		return at(m.DB.Name(), err)
	}
	if moved && where != m.ToName {
		return fault.New(fault.BadData, "ops: migrate", fault.DataMoved, where)
	}
	if err := blob.SameOwner(ctx, m.DB, m.Store); err != nil {
		return at(blob.NameOf(m.Store), err)
	}
	if m.out.Already, m.out.GoneOn, err = m.target(ctx, id, moved); err != nil {
		return err
	}
	if m.id = id; m.out.Already {
		return m.load(ctx)
	}
	if err := m.read(ctx, func(tx *db.Tx) error { return ofThis(ctx, tx, m.Store) }); err != nil {
		return err
	}
	if !moved {
		m.id = rand.Text()
		if err := m.refuse(ctx); err != nil {
			return at(m.DB.Name(), err)
		}
	}
	if m.Begun != nil {
		m.Begun()
	}
	if err := m.load(ctx); err != nil || m.out.GoneOn {
		return err
	}
	return m.write(ctx, func(tx *db.Tx) error {
		if m.anew {
			if err := m.clear(ctx, tx); err != nil {
				return err
			}
		}
		if err := tx.SetMark(ctx, intoMark, m.ToName); err != nil {
			return err
		}
		return tx.SetMark(ctx, db.FillingMark, m.id+" "+m.DB.Name())
	})
}

// target sees whether the target is filled from this moment already, or begun to be;
// otherwise it must be empty, but for what an earlier move from this source was given up at.
func (m *move) target(ctx context.Context, id string, moved bool) (already, goneOn bool, err error) {
	marks := map[string]string{}
	for _, name := range []string{db.FillingMark, filledMark, intoMark} {
		if marks[name], err = m.to.Mark(ctx, name); err != nil {
			return false, false, at(m.to.Name(), err)
		}
	}
	fillingID, from, _ := strings.Cut(marks[db.FillingMark], " ")
	if moved && marks[filledMark] == id {
		return true, false, nil
	}
	if moved && fillingID == id {
		return false, true, nil
	}
	if marks[db.FillingMark] == "" {
		if err := emptyTables(ctx, m.to); err != nil || m.ToStore == nil {
			return false, false, err
		}
		return false, false, emptyStore(ctx, m.ToStore)
	}
	if m.anew, err = m.ours(ctx, from); err != nil {
		return false, false, err
	}
	if !m.anew {
		return false, false, fault.New(fault.BadData, "ops: migrate", fault.DataOther, m.ToName, from)
	}
	switch {
	case m.ToStore == nil:
	case marks[intoMark] == m.ToName:
		err = onlyOf(ctx, m.DB, m.ToStore)
	default:
		err = emptyStore(ctx, m.ToStore)
	}
	return false, false, err
}

const foundedAt = `SELECT coalesce(min(created_at), 0) FROM account`

// ours says whether what is in a target that is not whole is from this source.
func (m *move) ours(ctx context.Context, from string) (bool, error) {
	var here, there int64
	look := func(n *int64) func(*db.Tx) error {
		return func(tx *db.Tx) error {
			_, err := tx.Get(ctx, foundedAt, nil, n)
			return err
		}
	}
	err := errors.Join(m.read(ctx, look(&here)), at(m.to.Name(), m.to.WorkerRead(ctx, "ops: migrate", look(&there))))
	return from == m.DB.Name() && (there == 0 || there == here), err
}

// clear takes away what an earlier move has left.
func (m *move) clear(ctx context.Context, tx *db.Tx) error {
	var statements, names []string
	marks := []string{contentMark, countedMark, lostMark, backMark}
	for _, t := range slices.Backward(m.tables) {
		marks = append(marks, rowsMark+t.Name)
		names = append(names, `"`+t.Name+`"`)
		if m.to.Engine() == db.SQLite {
			statements = append(statements, `DELETE FROM "`+t.Name+`"`)
		}
	}
	if m.to.Engine() == db.PostgreSQL {
		statements = append(statements, "TRUNCATE "+strings.Join(names, ", "))
	}
	for _, s := range statements {
		if _, err := tx.Exec(ctx, s); err != nil {
			return err
		}
	}
	for _, name := range marks {
		if err := tx.SetMark(ctx, name, ""); err != nil {
			return err
		}
	}
	return nil
}

// read reads from the source, write writes to the target.
func (m *move) read(ctx context.Context, fn func(*db.Tx) error) error {
	return at(m.DB.Name(), m.DB.WorkerRead(ctx, "ops: migrate", fn))
}

func (m *move) write(ctx context.Context, fn func(*db.Tx) error) error {
	return at(m.to.Name(), m.to.Write(ctx, "ops: migrate", fn))
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
	return m.read(ctx, func(tx *db.Tx) (err error) {
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
			err := m.read(ctx, func(tx *db.Tx) (err error) {
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
			err = m.write(ctx, func(tx *db.Tx) error {
				if _, err := c.write(ctx, tx, rows); err != nil {
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
	t := &tally{tell: m.Progress}
	if t.lost, err = m.keys(ctx, lostMark); err != nil {
		return err
	}
	if t.back, err = m.keys(ctx, backMark); err != nil {
		return err
	}
	var last blob.Key
	if noted != "" {
		if last, err = keyIn(noted); err != nil {
			return err
		}
	}
	for more := true; more; {
		var batch []blob.Stored
		err := m.read(ctx, func(tx *db.Tx) (err error) {
			if t.total == 0 {
				if t.total, t.bytes, err = blob.CountStored(ctx, tx); err != nil {
					return err
				}
			}
			batch, last, more, err = namedAfter(ctx, tx, last, contentBatch)
			return err
		})
		if err != nil {
			return err
		}
		if err := m.batch(ctx, batch, t); err != nil {
			return err
		}
		note := allDone
		if more {
			note = last.String()
		}
		err = m.write(ctx, func(tx *db.Tx) error {
			for name, value := range map[string]string{lostMark: keyList(t.lost), backMark: keyList(t.back), contentMark: note} {
				if err := tx.SetMark(ctx, name, value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		killpoint.Here("migrate.contents")
	}
	m.out.Contents, m.out.Bytes, m.out.Unreadable = t.contents, t.contentSize, sortedUnreadable(t.unreadable)
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
		become, err := m.content(ctx, s, t)
		if err == nil {
			t.done(s, become)
		}
		return err
	})
}

// content copies one content and reads it back. Content that the source does not have
// as its row says, or can't read, is lost.
func (m *move) content(ctx context.Context, s blob.Stored, t *tally) (fate, error) {
	become := had
	if s.Lost {
		become = revive
	}
	if m.ToStore == nil {
		seen, err := readable(ctx, m.Store, s, t)
		switch {
		case fault.Is(err, fault.ContentMissing) && !seen:
			return unseen, nil
		case fault.Is(err, fault.ContentMissing):
			return lost, nil
		}
		return become, err
	}
	// One that is there is of a run that was broken off, and maybe not whole.
	if err := same(ctx, m.ToStore, s); err == nil || !fault.Is(err, fault.ContentMissing) {
		return become, err
	}
	if err := m.ToStore.Remove(ctx, s.Key); err != nil {
		return become, at(blob.NameOf(m.ToStore), err)
	}
	from, err := openContent(ctx, m.Store, s, t)
	if fault.Is(err, fault.ContentMissing) {
		return lost, nil
	}
	if err != nil {
		return become, err
	}
	read := &reading{from: from}
	c := &checking{from: read, want: s}
	err = at(blob.NameOf(m.ToStore), put(ctx, m.ToStore, s.Key, c))
	if e := from.Close(); read.err == nil {
		err = errors.Join(err, at(blob.NameOf(m.Store), e))
	}
	switch {
	case read.err != nil:
		err = unread(ctx, m.Store, s, t, read.err)
	case c.wrong.Load():
		err = fault.New(fault.ContentMissing, "ops: migrate "+s.Key.String())
	}
	if fault.Is(err, fault.ContentMissing) {
		return lost, at(blob.NameOf(m.ToStore), m.ToStore.Remove(ctx, s.Key))
	}
	if err != nil {
		return become, err
	}
	err = same(ctx, m.ToStore, s)
	if fault.Is(err, fault.ContentMissing) { // then it is not the source's fault
		err = fault.Because(fault.Internal, "ops: migrate "+s.Key.String(), errNotTheSame)
	}
	return become, err
}

// readable is same for a content that may be one that can't be read: then it is noted, and
// seen is false.
func readable(ctx context.Context, store blob.Store, s blob.Stored, t *tally) (seen bool, err error) {
	err = same(ctx, store, s)
	if err == nil || fault.Is(err, fault.ContentMissing) {
		return true, err
	}
	return false, unread(ctx, store, s, t, err)
}

// same reads content and says, by fault.ContentMissing, where it is not what its row
// says.
func same(ctx context.Context, store blob.Store, s blob.Stored) error {
	o, err := store.Open(ctx, s.Key)
	if err != nil {
		return at(blob.NameOf(store), err)
	}
	same, err := copyChecked(io.Discard, o, s)
	if err == nil && !same {
		err = fault.New(fault.ContentMissing, "ops: read "+s.Key.String())
	}
	return at(blob.NameOf(store), errors.Join(err, o.Close()))
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
	lost, err := m.keys(ctx, lostMark)
	if err != nil {
		return err
	}
	back, err := m.keys(ctx, backMark)
	if err != nil {
		return err
	}
	return m.write(ctx, func(tx *db.Tx) error {
		for _, k := range lost {
			if err := blob.MarkMissing(ctx, tx, k); err != nil {
				return err
			}
		}
		for _, k := range back {
			if err := blob.Revive(ctx, tx, k); err != nil {
				return err
			}
		}
		for _, t := range m.tables {
			if err := tx.SetMark(ctx, rowsMark+t.Name, ""); err != nil {
				return err
			}
		}
		for name, value := range map[string]string{contentMark: "", countedMark: "", backMark: "", intoMark: "", db.FillingMark: "", filledMark: m.id} {
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
			err := at(d.Name(), d.WorkerRead(ctx, "ops: migrate", func(tx *db.Tx) (err error) {
				*n, err = countRows(ctx, tx, t.Name)
				return err
			}))
			if err != nil {
				return err
			}
		}
		if have != want {
			return fault.Because(fault.Internal, "ops: migrate", fmt.Errorf("%s has %d rows, should have %d", t.Name, have, want))
		}
	}
	return m.write(ctx, func(tx *db.Tx) error { return tx.SetMark(ctx, countedMark, allDone) })
}

// count tells what is there at the end.
func (m *move) count(ctx context.Context) (err error) {
	if m.out.Lost, err = m.keys(ctx, lostMark); err != nil {
		return err
	}
	return m.read(ctx, func(tx *db.Tx) error {
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

// keys reads a note of contents.
func (m *move) keys(ctx context.Context, mark string) (keys []blob.Key, err error) {
	noted, err := m.to.Mark(ctx, mark)
	for _, word := range strings.Fields(noted) {
		k, err := keyIn(word)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, at(m.to.Name(), err)
}

func keyIn(note string) (k blob.Key, err error) {
	_, err = fmt.Sscanf(note, "%d/%d", &k.Account, &k.ID)
	return k, fault.Wrap(err, "ops: migrate")
}

func keyList(keys []blob.Key) string {
	words := make([]string, len(keys))
	for i, k := range sortedKeys(keys) {
		words[i] = k.String()
	}
	return strings.Join(words, " ")
}
