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
	"tuchuang/internal/imagebed"
)

// Every transaction that changes what a task's status says tells of it, once it is there to
// be read; and no other does.
func TestChangesAreTold(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		var got []string
		known := make(map[ID]Status)
		// Whoever looks when he is told misses nothing.
		r.tasks.OnChange(func(acc account.ID, id ID) { got = append(got, fmt.Sprintf("%d %s", acc, id)) }, func() {})
		told := func(what string, ids ...ID) {
			t.Helper()
			var want []string
			for _, id := range ids {
				want = append(want, fmt.Sprintf("%d %s", r.acc, id))
			}
			slices.Sort(want)
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				t.Errorf("%s: told of %q, want %q", what, got, want)
			}
			got = nil
			list, _, err := r.tasks.List(r.ctx, r.acc, ListQuery{Limit: 10})
			r.must(err)
			for _, s := range list {
				id := ID(s.ID)
				if seen := known[id]; !slices.Contains(ids, id) && (seen.State != s.State || seen.Counts != s.Counts || seen.FailCode != s.FailCode) {
					t.Errorf("%s: of %+v nobody was told, it was %+v", what, s, seen)
				}
				known[id] = s
			}
		}
		album := r.mkdir(drive.Root, "album")
		r.put(r.mkdir(album, "a"), "1.png", 1)
		r.put(r.mkdir(album, "b"), "2.png", 2)
		told("what is no task")
		r.tasks.batch.items = 1 // a batch each
		one := r.create("", album)
		told("created", one)
		w := r.claim()
		told("claimed", one)
		_, err := r.tasks.plan(r.ctx, w)
		r.must(err)
		told("planned", one)
		r.write(func(tx *db.Tx) error { return w.Fence(r.ctx, tx) })
		told("its lease was renewed")
		r.batch(w, 0)
		told("a batch", one)
		r.batch(w, 1)
		told("the last batch", one)

		two, three := r.create("", album), r.create("", r.put(drive.Root, "gone.png", 3))
		told("two created", two, three)
		r.planned()
		told("claimed and planned", two)
		r.must(r.tasks.Cancel(r.ctx, r.acc, two))
		told("cancelled", two)
		r.must(r.tasks.Cancel(r.ctx, r.acc, two))
		told("cancelled again")
		w = r.claim()
		told("claimed", three)
		r.must(r.tasks.fail(r.ctx, w, LimitImages))
		told("failed", three)
		again, err := r.tasks.Retry(r.ctx, r.acc, two)
		r.must(err)
		told("tried again", again)
		r.run()
		told("all of it", again)
	})
}

// What one process does the others are told of.
func TestChangesAreToldToOtherProcesses(t *testing.T) {
	r := newRooms(t, db.PostgreSQL)
	there := dbtest.Again(t, r.place, nil)
	others, _ := New(there, imagebed.New(there), slog.New(slog.DiscardHandler))
	heard := make(chan ID, 10)
	others.OnChange(func(acc account.ID, id ID) {
		if acc == r.acc {
			heard <- id
		}
	}, func() {})
	task := r.create("", r.put(drive.Root, "a.png", 1))
	if got := <-heard; got != task {
		t.Errorf("heard of %s, want %s", got, task)
	}
}

// A look answers the tasks that are named, those that go on, and those that ended since.
func TestLook(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		file := r.put(drive.Root, "a.png", 1)
		other := r.account("other", account.NoQuota)
		theirs := other.create("", other.put(drive.Root, "b.png", 2))
		other.run()
		old := ID(r.copy("", file).ID)
		*r.ahead = time.Hour
		between := r.db.Now()
		*r.ahead = 2 * time.Hour
		done := ID(r.copy("", file).ID)
		cancelled := r.create("", file)
		r.must(r.tasks.Cancel(r.ctx, r.acc, cancelled))
		waits := r.create("", file)
		for name, c := range map[string]struct {
			q    Look
			want []ID
		}{
			"nothing":               {Look{}, nil},
			"named":                 {Look{IDs: []ID{waits, old, theirs, "none"}}, []ID{old, waits}},
			"that go on":            {Look{Open: true}, []ID{waits}},
			"that go on, and named": {Look{Open: true, IDs: []ID{waits, done}}, []ID{done, waits}},
			"since":                 {Look{Since: between}, []ID{done, cancelled}},
			"all":                   {Look{Open: true, Since: time.Unix(1, 0)}, []ID{old, done, cancelled, waits}},
		} {
			list, at, err := r.tasks.Look(r.ctx, r.acc, c.q)
			r.must(err)
			var got []ID
			for _, s := range list {
				got = append(got, ID(s.ID))
				if one := r.status(ID(s.ID)); one != s {
					t.Errorf("%s: %+v, alone %+v", name, s, one)
				}
			}
			if !slices.Equal(got, c.want) || at.Before(between) {
				t.Errorf("%s: %v at %v, want %v", name, got, at, c.want)
			}
		}
	})
}
