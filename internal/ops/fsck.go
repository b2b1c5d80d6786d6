package ops

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Finding is one thing that is not as it should be.
type Finding struct {
	Code    string // what kind of damage; the doors have a sentence for each
	Account int64  // 0 of the installation
	Place   string // table and key, as "drive_entry 1001/100017"
	Has     string // "" where there is nothing to say
	Want    string
	Fixable bool  // --repair mends it
	Fixed   bool  // and did: it was looked for again and is gone
	Failed  error // why the repair was refused
	Note    bool  // nothing is wrong; it is not counted

	fix func(ctx context.Context, tx *db.Tx) error // nil where Fixable is false
}

// Fsck compares the database with itself and with the store.
type Fsck struct {
	DB     *db.DB
	Store  blob.Store
	Repair bool
	// Read reads all content and hashes it; what is missing or damaged is marked so.
	Read bool
	// Adopt notes in the store that it is the database's, whatever was noted there.
	Adopt  bool
	Rate   int64         // bytes of content a second; 0 without bound
	Settle time.Duration // between two looks
	Found  func(Finding) error

	reading *sync.Mutex // content is read one after the other: others want disk and cores too
}

// Counts say how a check ended.
type Counts struct{ Found, Fixed int }

// pageRows is how many rows one read goes through.
const pageRows = 1000

// Run looks at everything, in short reads with a rest after each, beside servers that
// may be running: nobody waits for it. What it finds it looks at again, a moment later
// and from another snapshot, before it tells: what is only on its way is no finding.
// With Repair what can be mended is, each in a transaction of its own under the
// account's lock, and looked at a third time.
//
// A database whose data was moved elsewhere is not repaired: fault.DataMoved, and the
// store of another installation is not looked at: fault.StoreForeign. With Repair a store
// that is noted as nobody's must be empty or have some of the first contents, byte for
// byte: else fault.StoreUnmarked. With Read alone, a store that has none of the first contents is taken for another one:
// fault.StoreOther, and nothing is marked.
func (f *Fsck) Run(ctx context.Context) (c Counts, err error) {
	told := f.Found
	run := *f
	run.reading = new(sync.Mutex)
	run.Found = func(one Finding) error {
		if !one.Note {
			c.Found++
		}
		if one.Fixed {
			c.Fixed++
		}
		return told(one)
	}
	if err := run.mayGoOn(ctx); err != nil {
		return c, err
	}
	if err := run.judge(ctx, 0, installation); err != nil {
		return c, err
	}
	if err := run.engine(ctx); err != nil {
		return c, err
	}
	// Before what refers to content is looked at: it may get its row back.
	if err := run.strangers(ctx); err != nil {
		return c, err
	}
	accounts, err := run.accounts(ctx)
	if err != nil {
		return c, err
	}
	all := slices.Concat(walks, taskWalks)
	for _, acc := range accounts {
		if err := run.judge(ctx, acc, roots); err != nil {
			return c, err
		}
		if err := run.contents(ctx, acc); err != nil {
			return c, err
		}
		some, err := run.filled(ctx, acc, all)
		if err != nil {
			return c, err
		}
		for n, w := range all {
			if !some[n] {
				continue
			}
			if err := run.walk(ctx, acc, w); err != nil {
				return c, err
			}
		}
		if err := run.leftInIndex(ctx, acc); err != nil {
			return c, err
		}
		if err := run.judge(ctx, acc, sums); err != nil {
			return c, err
		}
	}
	return c, run.others(ctx)
}

// accounts are all that any table has rows of, and tells of those that are not there.
func (f *Fsck) accounts(ctx context.Context) ([]int64, error) {
	var there []int64
	known, unknown := make(map[int64]bool), make(map[int64]bool)
	for _, t := range Tables {
		if t.Account == "" {
			continue
		}
		for last := int64(-1); ; {
			var next int64
			err := f.read(ctx, func(tx *db.Tx) error {
				_, err := tx.Get(ctx, `SELECT coalesce(min(`+t.Account+`), -1) FROM `+t.Name+` WHERE `+t.Account+` > $1`, []any{last}, &next)
				return err
			})
			if err != nil {
				return nil, err
			}
			if next < 0 {
				break
			}
			last = next
			switch {
			case t.Name == "account":
				there = append(there, next)
				known[next] = true
			case !known[next] && !unknown[next]:
				err = f.look(ctx, next, func(tx *db.Tx) ([]Finding, error) {
					known, err := tx.Get(ctx, `SELECT 1 FROM account WHERE id = $1`, []any{next}, new(int))
					if err != nil || known {
						return nil, err
					}
					return []Finding{{Code: "row.account", Place: t.Name + " " + strconv.FormatInt(next, 10)}}, nil
				})
				if err != nil {
					return nil, err
				}
				unknown[next] = true
			}
		}
	}
	return there, nil
}

// read is one short read, with a rest as long as it took.
func (f *Fsck) read(ctx context.Context, fn func(*db.Tx) error) error {
	began := time.Now()
	if err := f.DB.WorkerRead(ctx, "ops: fsck", fn); err != nil {
		return err
	}
	return rest(ctx, min(time.Since(began), time.Second))
}

func rest(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), "ops: fsck")
	}
}

// look tells what find finds twice, each time in a snapshot of its own, and mends it.
func (f *Fsck) look(ctx context.Context, acc int64, find func(*db.Tx) ([]Finding, error)) error {
	again := func(before []Finding) (both []Finding, err error) {
		if before != nil {
			if err := rest(ctx, f.Settle); err != nil {
				return nil, err
			}
		}
		var now []Finding
		err = f.read(ctx, func(tx *db.Tx) (err error) {
			now, err = find(tx)
			return err
		})
		if before == nil {
			return now, err
		}
		return slices.DeleteFunc(now, func(one Finding) bool { return !slices.ContainsFunc(before, one.same) }), err
	}
	found, err := again(nil)
	if err != nil || len(found) == 0 {
		return err
	}
	if found, err = again(found); err != nil {
		return err
	}
	left := found
	if f.Repair && slices.ContainsFunc(found, func(one Finding) bool { return one.fix != nil }) {
		for n := range found {
			if found[n].Failed, err = f.mend(ctx, acc, found[n]); err != nil {
				return err
			}
		}
		if left, err = again(found); err != nil {
			return err
		}
	}
	for _, one := range found {
		one.Account, one.Fixable = acc, one.fix != nil
		one.Fixed = f.Repair && one.Fixable && !slices.ContainsFunc(left, one.same)
		if err := f.Found(one); err != nil {
			return err
		}
	}
	return nil
}

func (f Finding) same(other Finding) bool { return f.Code == other.Code && f.Place == other.Place }

// mend carries a repair out. One that is refused leaves what it was for as it is,
// which the third look sees.
func (f *Fsck) mend(ctx context.Context, acc int64, one Finding) (refused, err error) {
	if one.fix == nil {
		return nil, nil
	}
	err = f.DB.Write(ctx, "ops: repair "+one.Code, func(tx *db.Tx) error {
		if acc != 0 {
			if _, err := account.Lock(ctx, tx, account.ID(acc)); err != nil {
				return err
			}
		}
		return one.fix(ctx, tx)
	})
	if ctx.Err() != nil {
		return nil, err
	}
	return err, nil
}

// rule is a kind of damage, as a query that answers where it is: the key, what is
// there and what should be. {now} is the time in microseconds. $1 is the account, $2 and $3 the run of keys, the first
// left out; a rule of an account or of the installation names fewer.
type rule struct {
	code  string
	query string
	// fix is a statement for one place; $1 is the account, $2 the key. mend is a fix
	// that wants more. Neither: it can't be mended.
	fix  string
	mend func(ctx context.Context, tx *db.Tx, acc int64, key string) error
}

// walk goes through a table by its key, a page at a time.
type walk struct {
	table, key string
	text       bool // the key is one
	rules      []rule
	rows       []scan
	// page judges what takes further questions.
	page func(ctx context.Context, tx *db.Tx, acc int64, from, to any) ([]Finding, error)
}

// scan judges the rows of a page in Go: what its query answers, key first.
type scan struct {
	query string
	judge func(ctx context.Context, tx *db.Tx, acc int64, row db.Row) ([]Finding, error)
}

func (f *Fsck) judge(ctx context.Context, acc int64, rules []rule) error {
	return f.look(ctx, acc, func(tx *db.Tx) (all []Finding, err error) {
		for _, r := range rules {
			var args []any
			if strings.Contains(r.query, "$1") {
				args = append(args, acc)
			}
			found, err := r.find(ctx, tx, "", acc, false, args)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
		return all, nil
	})
}

// filled says which walks find rows of an account at all: most accounts have none of most,
// and a read for each of them is what a check of thousands of accounts would spend its time
// on.
func (f *Fsck) filled(ctx context.Context, acc int64, all []walk) ([]bool, error) {
	each := make([]string, len(all))
	found, dest := make([]int, len(all)), make([]any, len(all))
	for n, w := range all {
		each[n] = `(SELECT count(*) FROM (SELECT 1 FROM ` + w.table + ` WHERE account_id = $1 LIMIT 1) t)`
		dest[n] = &found[n]
	}
	err := f.read(ctx, func(tx *db.Tx) error {
		_, err := tx.Get(ctx, `SELECT `+strings.Join(each, ", "), []any{acc}, dest...)
		return err
	})
	some := make([]bool, len(all))
	for n := range all {
		some[n] = found[n] > 0
	}
	return some, err
}

func (f *Fsck) walk(ctx context.Context, acc int64, w walk) error {
	var from any = int64(-1)
	if w.text {
		from = ""
	}
	bound := fmt.Sprintf(`SELECT max(k), count(*) FROM (SELECT %[2]s AS k FROM %[1]s WHERE account_id = $1 AND %[2]s > $2 ORDER BY %[2]s LIMIT %[3]d) s HAVING count(*) > 0`,
		w.table, w.key, pageRows)
	for n := pageRows; n == pageRows; {
		var to any
		err := f.read(ctx, func(tx *db.Tx) error {
			_, err := tx.Get(ctx, bound, []any{acc, from}, &to, &n)
			return err
		})
		if err != nil || to == nil {
			return err
		}
		err = f.look(ctx, acc, func(tx *db.Tx) (all []Finding, err error) {
			for _, r := range w.rules {
				found, err := r.find(ctx, tx, w.table, acc, w.text, []any{acc, from, to})
				if err != nil {
					return nil, err
				}
				all = append(all, found...)
			}
			for _, s := range w.rows {
				err := tx.Each(ctx, func(row db.Row) error {
					found, err := s.judge(ctx, tx, acc, row)
					all = append(all, found...)
					return err
				}, s.query, acc, from, to)
				if err != nil {
					return nil, err
				}
			}
			if w.page != nil {
				found, err := w.page(ctx, tx, acc, from, to)
				if err != nil {
					return nil, err
				}
				all = append(all, found...)
			}
			return all, nil
		})
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (r rule) find(ctx context.Context, tx *db.Tx, table string, acc int64, text bool, args []any) (all []Finding, err error) {
	err = tx.Each(ctx, func(row db.Row) error {
		var key string
		one := Finding{Code: r.code}
		if err := row.Scan(&key, &one.Has, &one.Want); err != nil {
			return err
		}
		one.Place = place(table, acc, key)
		switch {
		case r.mend != nil:
			one.fix = func(ctx context.Context, tx *db.Tx) error { return r.mend(ctx, tx, acc, key) }
		case r.fix != "":
			one.fix = func(ctx context.Context, tx *db.Tx) error { return r.apply(ctx, tx, acc, key, text) }
		}
		all = append(all, one)
		return nil
	}, atNow(tx, r.query), args...)
	return all, fault.Wrap(err, "ops: "+r.code)
}

func (r rule) apply(ctx context.Context, tx *db.Tx, acc int64, key string, text bool) error {
	var args []any
	if strings.Contains(r.fix, "$1") {
		args = append(args, acc)
	}
	if strings.Contains(r.fix, "$2") {
		var arg any = key
		if !text {
			n, err := strconv.ParseInt(key, 10, 64)
			if err != nil {
				return fault.Wrap(err, "ops: repair")
			}
			arg = n
		}
		args = append(args, arg)
	}
	_, err := tx.Exec(ctx, atNow(tx, r.fix), args...)
	return err
}

func atNow(tx *db.Tx, query string) string {
	return strings.ReplaceAll(query, "{now}", strconv.FormatInt(tx.Micros(), 10))
}

// place names a row.
func place(table string, acc int64, key string) string {
	switch {
	case table == "":
		return key
	case key == "":
		return table + " " + strconv.FormatInt(acc, 10)
	}
	return table + " " + strconv.FormatInt(acc, 10) + "/" + key
}
