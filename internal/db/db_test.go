package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

const insertKey = `INSERT INTO signing_key (name, secret) VALUES ($1, $2)`

func put(d *db.DB, name string) error {
	return d.Write(context.Background(), "test: put", func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), insertKey, name, "s")
		return err
	})
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(t.Context(), "test: count", func(tx *db.Tx) error {
		_, err := tx.Get(t.Context(), `SELECT count(*) FROM signing_key`, nil, &n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWriteIsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		boom := errors.New("boom")
		committed := 0
		err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
			tx.AfterCommit(func() { committed++ })
			if _, err := tx.Exec(t.Context(), insertKey, "a", "s"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) || count(t, d) != 0 || committed != 0 {
			t.Errorf("err %v, rows %d, hooks run %d", err, count(t, d), committed)
		}
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "ouch") {
					t.Errorf("recovered %v", r)
				}
			}()
			_ = d.Write(t.Context(), "test", func(tx *db.Tx) error {
				if _, err := tx.Exec(t.Context(), insertKey, "b", "s"); err != nil {
					return err
				}
				panic("ouch")
			})
		}()
		if n := count(t, d); n != 0 {
			t.Errorf("%d rows after a panic", n)
		}
		if err := put(d, "c"); err != nil || count(t, d) != 1 {
			t.Errorf("a write after these: %v, %d rows", err, count(t, d))
		}
	})
}

// What panics over the rows of a statement leaves its connection as good as it was:
// the same statement goes on working there, for readers and for the writer.
func TestPanicOverRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, name := range []string{"a", "b", "c"} {
			if err := put(d, name); err != nil {
				t.Fatal(err)
			}
		}
		const names = `SELECT name FROM signing_key WHERE name <> $1 ORDER BY name`
		type way func(context.Context, string, func(*db.Tx) error) error
		for what, run := range map[string]way{"a reader": d.Read, "a worker": d.WorkerRead, "the writer": d.Write} {
			look := func(each func(db.Row) error) error {
				return run(t.Context(), "test: names", func(tx *db.Tx) error { return tx.Each(t.Context(), each, names, "") })
			}
			for range 20 { // more often than there are connections
				func() {
					defer func() {
						if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "ouch") {
							t.Errorf("%s recovered %v", what, r)
						}
					}()
					err := look(func(db.Row) error { panic("ouch") })
					t.Errorf("%s: no panic, but %v", what, err)
				}()
			}
			for range 20 {
				var got []string
				err := look(func(r db.Row) error {
					got = append(got, "")
					return r.Scan(&got[len(got)-1])
				})
				if err != nil || strings.Join(got, "") != "abc" {
					t.Fatalf("%s afterwards: %q, %v", what, got, err)
				}
			}
		}
	})
}

// Many writers at once share commits; each one's failure stays its own.
func TestWritesAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const n = 400
		var wg sync.WaitGroup
		errs := make([]error, n)
		for i := range n {
			wg.Go(func() {
				errs[i] = d.Write(t.Context(), "test", func(tx *db.Tx) error {
					if _, err := tx.Exec(t.Context(), insertKey, fmt.Sprint(i), "s"); err != nil {
						return err
					}
					if i%3 == 0 {
						return fault.New(fault.NotFound, "test")
					}
					return nil
				})
			})
		}
		wg.Wait()
		good := 0
		for i, err := range errs {
			if i%3 == 0 != fault.Is(err, fault.NotFound) || i%3 != 0 && err != nil {
				t.Errorf("write %d: %v", i, err)
			}
			if err == nil {
				good++
			}
		}
		if got := count(t, d); got != good {
			t.Errorf("%d rows, %d writes said they succeeded", got, good)
		}
	})
}

// await returns when so many writes wait for their turn.
func await(d *db.DB, writes int) {
	for d.Stats().Pending != writes {
		runtime.Gosched()
	}
}

// The log of what was written is no longer than some writes at once, also where somebody
// reads what was, who keeps nobody from writing: once they are done it begins anew.
func TestLogBeginsAnew(t *testing.T) {
	place := dbtest.Place(t, db.SQLite)
	place.LogPages = 256 // 1 MiB
	d := dbtest.Again(t, place, nil)
	var written atomic.Int64
	write := func(each int) (size int64) {
		t.Helper()
		var all sync.WaitGroup
		for who := range 4 {
			all.Go(func() {
				for range each {
					err := d.Write(t.Context(), "test: fill", func(tx *db.Tx) error {
						text := strings.Repeat(fmt.Sprintf("%09d ", written.Add(1)), 10_000) // 100 kB, none as it was
						_, err := tx.Exec(t.Context(), `INSERT INTO signing_key (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET secret = $2`, fmt.Sprint("filling ", who), text)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		log, err := os.Stat(place.Path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return log.Size()
	}
	const most = 8 << 20 // some are written while it is copied
	if size := write(100); size > most {
		t.Errorf("after 40 MB the log is of %d bytes", size)
	}
	var size int64
	err := d.Read(t.Context(), "test: read", func(tx *db.Tx) error {
		if _, err := tx.Get(t.Context(), `SELECT count(*) FROM signing_key`, nil, new(int)); err != nil {
			return err
		}
		size = write(30)
		return nil
	})
	if err != nil || size <= most {
		t.Errorf("somebody reads: %v, and the log is of %d bytes", err, size)
	}
	if after := write(100); after > size+most {
		t.Errorf("nobody reads any more, and the log grows from %d to %d bytes", size, after)
	}
}

// A short write doesn't wait for one behind it that is known to take long.
func TestShortWritesDoNotWaitForLongOnes(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, nil)
	long := func(until <-chan error) error {
		return d.Write(t.Context(), "test: long", func(*db.Tx) error {
			if until == nil {
				for began := time.Now(); time.Since(began) < 10*time.Millisecond; {
				}
				return nil
			}
			return <-until
		})
	}
	if err := long(nil); err != nil {
		t.Fatal(err)
	}
	running, queued := make(chan bool), make(chan bool)
	short, first, last := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() {
		first <- d.Write(t.Context(), "test: first", func(*db.Tx) error {
			close(running)
			<-queued
			return nil
		})
	}()
	<-running
	go func() { short <- put(d, "short") }()
	await(d, 1)
	go func() { last <- long(short) }() // were they one transaction, each would wait for the other
	await(d, 2)
	close(queued)
	if err := errors.Join(<-first, <-last); err != nil {
		t.Error(err)
	}
}

func TestUniqueViolationIsTriedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		tries := 0
		err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
			tries++
			for range 2 {
				if _, err := tx.Exec(t.Context(), insertKey, fmt.Sprint("k", min(tries, 2)), "s"); err != nil {
					return err
				}
				if tries == 2 {
					return nil
				}
			}
			return nil
		})
		if err != nil || tries != 2 {
			t.Errorf("%v after %d tries", err, tries)
		}
		tries = 0
		err = d.Write(t.Context(), "test", func(tx *db.Tx) error {
			tries++
			_, err := tx.Exec(t.Context(), insertKey, "k2", "s")
			return err
		})
		if fault.CodeOf(err) != fault.Internal || tries != 5 {
			t.Errorf("a lasting violation: %v after %d tries, want internal after 5", err, tries)
		}
	})
}

func TestCancelledBeforeItBegan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := d.Write(ctx, "test", func(*db.Tx) error { return nil })
		if !fault.Is(err, fault.Canceled) {
			t.Errorf("write: %v", err)
		}
		if err := d.Read(ctx, "test", func(*db.Tx) error { return nil }); !fault.Is(err, fault.Canceled) {
			t.Errorf("read: %v", err)
		}
		if err := put(d, "after"); err != nil || count(t, d) != 1 {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestReadIsOneSnapshotAndCannotWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Read(t.Context(), "test", func(tx *db.Tx) error {
			var before, after int
			if _, err := tx.Get(t.Context(), `SELECT count(*) FROM signing_key`, nil, &before); err != nil {
				return err
			}
			if err := put(d, "meanwhile"); err != nil {
				return err
			}
			if _, err := tx.Get(t.Context(), `SELECT count(*) FROM signing_key`, nil, &after); err != nil {
				return err
			}
			if before != after {
				t.Errorf("saw %d rows, then %d", before, after)
			}
			if _, err := tx.Exec(t.Context(), insertKey, "x", "s"); err == nil {
				t.Error("a read transaction wrote")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestForeignKeysHold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO queue_turn (account_id, kind, served_at) VALUES (77, 1, 0)`)
			return err
		})
		if err == nil {
			t.Error("a row that refers to no account was taken")
		}
	})
}

// Without figures the planner walks a whole account where a folder was asked for.
func TestThePlannerIsToldOfEveryIndex(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, nil) // the other engine gathers them by itself
	var told, missing int
	err := d.Read(t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Get(t.Context(), `
			SELECT count(s.idx), count(*) - count(s.idx) FROM sqlite_schema i
			LEFT JOIN sqlite_stat1 s ON s.tbl = i.tbl_name AND s.idx = i.name
			WHERE i.type = 'index' AND i.sql IS NOT NULL`, nil, &told, &missing)
		return err
	})
	if err != nil || told == 0 || missing != 0 {
		t.Errorf("%d indexes have figures, %d have none; err %v", told, missing, err)
	}
}

func TestFolderNamesAndSecondHandle(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `图床 100% #1?a=b&c`)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tuchuang.db")
	one, err := db.Open(t.Context(), db.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	two, err := db.Open(t.Context(), db.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	noticed := make(chan struct{}, 1)
	one.OnForeignWrite(func() {
		select {
		case noticed <- struct{}{}:
		default:
		}
	})
	if err := put(two, "by another process"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-noticed:
	case <-t.Context().Done():
		t.Fatal("the write of another handle was not noticed")
	}
	if n := count(t, one); n != 1 {
		t.Errorf("%d rows seen by the first handle", n)
	}
}

func TestCloseFinishesWhatWasAccepted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tuchuang.db")
	d, err := db.Open(t.Context(), db.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	good := 0
	for i := range 50 {
		wg.Go(func() {
			switch err := put(d, fmt.Sprint(i)); {
			case err == nil:
				mu.Lock()
				good++
				mu.Unlock()
			case !fault.Is(err, fault.Unavailable):
				t.Errorf("write %d: %v", i, err)
			}
		})
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	d, err = db.Open(t.Context(), db.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n := count(t, d); n != good {
		t.Errorf("%d rows, %d writes said they succeeded", n, good)
	}
}

func TestChunks(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 63, 64, 65, 200, 1000} {
		next, runs := 0, 0
		err := db.Chunks(n, func(from, to int) error {
			if from != next || to <= from {
				t.Errorf("n %d: run [%d, %d) after %d", n, from, to, next)
			}
			next = to
			runs++
			return nil
		})
		if err != nil || next != n {
			t.Errorf("n %d: covered %d, err %v", n, next, err)
		}
	}
	if got, want := db.Rows(2, 2, "", "BIGINT", ""), "($2,CAST($3 AS BIGINT),$4),($5,CAST($6 AS BIGINT),$7)"; got != want {
		t.Errorf("Rows = %s, want %s", got, want)
	}
}

// Many rows are written by several statements at once: all are counted, and one that
// fails leaves nothing of the others, nor a connection that is of no use.
func TestExecRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		many := db.Insert(`INSERT INTO signing_key (name, secret) VALUES`, 2)
		insert := func(n int, name func(i int) string) (changed int64, err error) {
			err = d.Write(t.Context(), "test", func(tx *db.Tx) (err error) {
				changed, err = tx.ExecRows(t.Context(), many, nil, n, func(i int) []any { return []any{name(i), "s"} })
				return err
			})
			return changed, err
		}
		total := 0
		for _, n := range []int{0, 1, 3, 64, 65, 200, 333} {
			if changed, err := insert(n, func(i int) string { return fmt.Sprintf("%d of %d", i, n) }); err != nil || changed != int64(n) {
				t.Errorf("%d rows: %d changed, %v", n, changed, err)
			}
			total += n
			if _, err := insert(n+200, func(i int) string { return fmt.Sprintf("%d twice", i%(n+150)) }); err == nil {
				t.Errorf("a name twice among %d was taken", n+200)
			}
			if got := count(t, d); got != total {
				t.Errorf("%d rows, want %d", got, total)
			}
		}
	})
}

// With PostgreSQL a plan made while a table was empty is kept by its connection, also for
// the checks of foreign keys: it must not read the table whole.
func TestPlansOfEmptyTables(t *testing.T) {
	d := dbtest.Open(t, db.PostgreSQL, nil)
	for _, name := range []string{"enable_seqscan", "jit"} {
		var value string
		if _, err := d.Get(t.Context(), "test", "SHOW "+name, nil, &value); err != nil || value != "off" {
			t.Errorf("%s is %q, %v", name, value, err)
		}
	}
}

// What is no database is refused in words, and left as it is.
func TestWhatIsNoDatabase(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no database. "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	_, err := db.Open(t.Context(), db.Options{Path: filepath.Join(missing, "a.db")})
	if args := fault.ArgsOf(err); !fault.Is(err, fault.BadData) || len(args) < 2 || args[0] != fault.FolderUnusable || args[1] != missing {
		t.Errorf("in a folder that is missing: %v, %v", err, args)
	}
	for path, why := range map[string]fault.Why{text: fault.DataDamaged, dir: fault.DataUnopened} {
		d, err := db.Open(t.Context(), db.Options{Path: path})
		if err == nil {
			d.Close()
		}
		if args := fault.ArgsOf(err); !fault.Is(err, fault.BadData) || len(args) < 2 || args[0] != why || args[1] != path {
			t.Errorf("%s: %v", path, err)
		}
	}
	if b, err := os.ReadFile(text); err != nil || !bytes.HasPrefix(b, []byte("no database. ")) {
		t.Errorf("it was changed: %v", err)
	}
}

// A schema of another version is refused in words, and brought up to date only by
// who may.
func TestOtherVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tuchuang.db")
	open := func(upgrade bool) error {
		d, err := db.Open(t.Context(), db.Options{Path: path, Upgrade: upgrade})
		if err == nil {
			err = d.Close()
		}
		return err
	}
	version := func(change string) {
		t.Helper()
		d, err := db.Open(t.Context(), db.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Write(t.Context(), "test", func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), change)
			return err
		})
		if err := errors.Join(err, d.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(false); err != nil {
		t.Fatal(err)
	}
	version(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	for _, upgrade := range []bool{false, true} {
		if err := open(upgrade); !fault.Is(err, fault.BadData) || fault.ArgsOf(err)[0] != fault.DataNewer {
			t.Errorf("a newer schema, upgrade %v: %v", upgrade, err)
		}
	}
}

// A server's database without our tables gets them only from who may make them.
func TestExistingMakesNothing(t *testing.T) {
	url := dbtest.Server(t)
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	tables := func() (n int) {
		if err := c.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'goose%'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	_, err = db.Open(t.Context(), db.Options{URL: url, Existing: true})
	if args := fault.ArgsOf(err); !fault.Is(err, fault.BadData) || len(args) == 0 || args[0] != fault.NoAccounts {
		t.Errorf("opened: %v", err)
	}
	if n := tables(); n != 0 {
		t.Errorf("it made %d tables", n)
	}
	d, err := db.Open(t.Context(), db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil || tables() == 0 {
		t.Error(err, tables())
	}
	if d, err = db.Open(t.Context(), db.Options{URL: url, Existing: true}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// What is answered as one text is what is answered column by column.
func TestOneText(t *testing.T) {
	type row struct {
		N    int64
		Text string
		Yes  bool
	}
	const (
		columns = `v.n, v.s, v.n > 0`
		with    = `WITH v (n, s) AS (VALUES (CAST(-1 AS BIGINT), ''), (0, '图, "1"'), (9223372036854775807, 'a b')) SELECT `
	)
	want := []row{{-1, "", false}, {math.MaxInt64, "a b", true}}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, columns := range map[string]string{"columns": columns, "one text": db.OneText + columns + db.TextEnd} {
			err := d.Read(t.Context(), "test", func(tx *db.Tx) error {
				got, err := db.Collect(t.Context(), tx, func(r db.Row) (v row, err error) { return v, r.Scan(&v.N, &v.Text, &v.Yes) },
					with+columns+` FROM v WHERE v.n <> $1 ORDER BY v.n`, 0)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				return err
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
