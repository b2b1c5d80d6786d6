package copytask

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

// rows counts what the account has in the tables of tasks.
func (r *rooms) rows() map[string]int {
	r.Helper()
	out := make(map[string]int)
	r.read(func(tx *db.Tx) error {
		for _, table := range []string{"task", "copy_task", "copy_source", "copy_folder", "copy_dir", "copy_item", "copy_plan", "publication", "queue_turn"} {
			var n int
			if _, err := tx.Get(r.ctx, `SELECT count(*) FROM `+table+` WHERE account_id = $1`, []any{r.acc}, &n); err != nil {
				return err
			}
			if n > 0 {
				out[table] = n
			}
		}
		return nil
	})
	return out
}

// Tasks that ended long enough ago go, with all that is theirs but what they published.
func TestOldTasksAreRemoved(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		const keep = 48 * time.Hour
		sweep := func() { r.must(r.tasks.SweepEnded(r.ctx, keep)) }
		gone := func(ids ...ID) {
			t.Helper()
			for _, id := range ids {
				if _, err := r.tasks.Status(r.ctx, r.acc, id); !fault.Is(err, fault.TaskNotFound) {
					t.Errorf("%s: %v", id, err)
				}
			}
		}
		album := r.mkdir(drive.Root, "album")
		r.put(album, "fine.png", 1)
		r.put(album, "notes.txt", 2)
		late := r.put(album, "late.png", 3)

		first := r.create("", album)
		w := r.planned()
		r.trash(late)
		r.must(r.tasks.publish(r.ctx, w))
		r.exec(`INSERT INTO copy_plan (account_id, id, created_at, expires_at, task_id, content) VALUES ($1, 'P', 1, 2, $2, '')`, r.acc, first)
		r.exec(`INSERT INTO copy_plan (account_id, id, created_at, expires_at, task_id, content) VALUES ($1, 'Q', 1, 2, '', '')`, r.acc)
		*r.ahead += 24 * time.Hour
		second, err := r.tasks.Retry(r.ctx, r.acc, first)
		r.must(err)
		r.run()
		third := r.create("", album)
		r.must(r.tasks.Cancel(r.ctx, r.acc, third))
		whole := r.rows()

		*r.ahead += 24*time.Hour - time.Minute
		sweep()
		if diff := cmp.Diff(whole, r.rows()); diff != "" {
			t.Errorf("too early (-before +after):\n%s", diff)
		}
		*r.ahead += 2 * time.Minute
		sweep()
		gone(first)
		if s := r.status(second); s.RetryOf != first || s.State != queue.Failed {
			t.Errorf("the second is now %+v", s)
		}
		r.status(third)

		// What waits stays, and what is behind it, however old.
		other := r.account("other", -1)
		theirs := other.create("", other.put(drive.Root, "b.png", 1))
		fourth := r.create("", album)
		fifth := r.create("", album)
		r.must(r.tasks.Cancel(r.ctx, r.acc, fifth))
		*r.ahead += 30 * 24 * time.Hour
		sweep()
		gone(second, third)
		r.status(fourth)
		r.status(fifth)
		if got := other.status(theirs); got.State != queue.Waiting {
			t.Errorf("another account's is %v", got.State)
		}
		for range 2 {
			r.run()
		}
		*r.ahead += keep + time.Minute
		sweep()
		gone(fourth, fifth)
		if diff := cmp.Diff(map[string]int{"copy_plan": 1, "publication": 2}, r.rows()); diff != "" {
			t.Errorf("in the end (-want +got):\n%s", diff)
		}
		if got := other.rows(); got["task"] != 0 || got["publication"] != 1 {
			t.Errorf("of the other account: %v", got)
		}
		r.has(t, "album/", "album/fine.png")

		// And the account goes on.
		if s := r.copy("", album); s.State != queue.Done || s.Replaced != 1 || s.Seq != 6 {
			t.Errorf("the next task: %+v", s)
		}
	})
}
