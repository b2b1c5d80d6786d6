package copytask

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// fewItems are enough for a batch where what counts is that there are two.
const fewItems = 20

// twoWorkers are two processes on one database, whose clock is one.
func twoWorkers(t *testing.T, e db.Engine) (one, two *rooms) {
	t.Helper()
	place, ahead := dbtest.Place(t, e), new(time.Duration)
	open := func() *rooms {
		d := dbtest.Again(t, place, func() time.Time { return time.Now().Add(*ahead) })
		r := &rooms{TB: t, ctx: t.Context(), db: d, drive: drive.New(d), bed: imagebed.New(d), ahead: ahead}
		r.tasks, r.workers = New(d, r.bed, slog.New(slog.DiscardHandler))
		r.tasks.batch.items = fewItems
		return r
	}
	one = open().account("writer", account.NoQuota)
	two = open()
	two.acc = one.acc
	return one, two
}

// everything is every row that a task may change.
func (r *rooms) everything() (rows []string) {
	r.Helper()
	r.read(func(tx *db.Tx) error {
		for _, table := range []string{
			"account", "task", "queue_turn", "copy_task", "copy_folder", "copy_dir", "copy_item", "publication", "bed_folder", "image",
		} {
			list, err := db.Collect(r.ctx, tx, func(row db.Row) (string, error) {
				values, at := make([]any, len(row.Columns())), make([]any, len(row.Columns()))
				for i := range values {
					at[i] = &values[i]
				}
				err := row.Scan(at...)
				return fmt.Sprint(table, values), err
			}, "SELECT * FROM "+table)
			if err != nil {
				return err
			}
			rows = append(rows, list...)
		}
		return nil
	})
	slices.Sort(rows)
	return rows
}

// A worker that is held past its lease, wherever it stands, and let go when
// another has its task, is told so and changes nothing.
func TestAWorkerThatLostItsLeaseChangesNothing(t *testing.T) {
	// Where it is held, and what it does when it is let go.
	held := []struct {
		at    string
		until func(one *rooms) (goOn func() error)
	}{
		{"claimed", func(one *rooms) func() error {
			w := one.claim()
			return func() error { return one.tasks.Run(one.ctx, w.Lease) }
		}},
		{"loaded, before the plan", func(one *rooms) func() error {
			w := one.claim()
			return func() error {
				_, err := one.tasks.plan(one.ctx, w)
				return err
			}
		}},
		{"planned, before the first batch", func(one *rooms) func() error {
			w := one.planned()
			return func() error { return one.tasks.publish(one.ctx, w) }
		}},
		{"planned, before a run from the start", func(one *rooms) func() error {
			w := one.planned()
			return func() error { return one.tasks.Run(one.ctx, w.Lease) }
		}},
		{"between two batches", func(one *rooms) func() error {
			w := one.planned()
			one.batches(w, 1)
			done := make(map[int]bool)
			for _, i := range cut(w, one.tasks.batch)[0] {
				done[i.seq] = true
			}
			w.open = slices.DeleteFunc(w.open, func(i item) bool { return done[i.seq] })
			return func() error { return one.tasks.publish(one.ctx, w) }
		}},
		{"before it fails over a limit", func(one *rooms) func() error {
			w := one.claim()
			return func() error { return one.tasks.fail(one.ctx, w, LimitImages) }
		}},
		{"before it gives the task up", func(one *rooms) func() error {
			w := one.claim()
			return func() error { return one.tasks.Abandon(one.ctx, w.Lease) }
		}},
		{"before it renews its lease", func(one *rooms) func() error {
			w := one.claim()
			return func() error {
				return one.db.Write(one.ctx, "test", func(tx *db.Tx) error { return w.Fence(one.ctx, tx) })
			}
		}},
		{"before it ends the task", func(one *rooms) func() error {
			w := one.claim()
			return func() error {
				return one.db.Write(one.ctx, "test", func(tx *db.Tx) error { return w.Finish(one.ctx, tx, queue.Done) })
			}
		}},
	}
	// How far the other one has come meanwhile.
	other := []struct {
		does string
		do   func(two *rooms)
	}{
		{"has claimed", func(two *rooms) { two.claim() }},
		{"has planned", func(two *rooms) {
			if w := two.claim(); !w.planned {
				if _, err := two.tasks.plan(two.ctx, w); err != nil {
					two.Fatal(err)
				}
			}
		}},
		{"has ended it", func(two *rooms) { two.run() }},
	}
	for _, e := range dbtest.Engines {
		for _, h := range held {
			for _, o := range other {
				t.Run(fmt.Sprintf("%s/held %s/the other %s", e, h.at, o.does), func(t *testing.T) {
					one, two := twoWorkers(t, e)
					task := one.create("", one.twoBatches())
					goOn := h.until(one)
					*one.ahead += queue.LeaseLength + time.Second
					o.do(two)
					before := one.everything()
					if err := goOn(); !fault.Is(err, fault.LeaseLost) {
						t.Errorf("let go it got %v, want the lease lost", err)
					}
					if after := one.everything(); !slices.Equal(before, after) {
						t.Errorf("let go it changed\n%v\nto\n%v", before, after)
					}
					// The other brings it to the one end it has.
					*one.ahead += queue.LeaseLength + time.Second
					if two.status(task).State.Unfinished() {
						two.run()
					}
					counted(t, two.status(task), Counts{Total: 2 * fewItems, Copied: 2 * fewItems})
				})
			}
		}
	}
}

// twoBatches makes a folder whose copy takes two batches.
func (r *rooms) twoBatches() drive.ID {
	r.Helper()
	album := r.mkdir(drive.Root, "album")
	for f := range 2 {
		at := r.mkdir(album, fmt.Sprintf("%d", f))
		r.write(func(tx *db.Tx) error {
			if _, err := account.Lock(r.ctx, tx, r.acc); err != nil {
				return err
			}
			for n := range fewItems {
				blobID, err := r.store(tx, n)
				if err != nil {
					return err
				}
				err = drive.Put(r.ctx, tx, r.acc, drive.File{
					ID: drive.ID(1_000_000 + f*fewItems + n), Parent: at, Name: fmt.Sprintf("%d.png", n), BlobID: blobID, Size: size(n), Etag: etag(n),
				}, 0)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return album
}

// However many ask at once, three tasks of an account are unfinished and no more.
func TestNoMoreTasksThanAllowedHoweverManyAskAtOnce(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		file := r.put(drive.Root, "a.png", 1)
		const asking = 50
		answers := make(chan error, asking)
		for range asking {
			go func() {
				_, err := r.tasks.Create(r.ctx, r.acc, []drive.ID{file}, "")
				answers <- err
			}()
		}
		made := 0
		for range asking {
			switch err := <-answers; {
			case err == nil:
				made++
			case !fault.Is(err, fault.TooManyTasks):
				t.Error(err)
			}
		}
		if made != MaxTasks {
			t.Errorf("%d tasks were made, want %d", made, MaxTasks)
		}
	})
}
