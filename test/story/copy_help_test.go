package story

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/account"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/queue"
	"tuchuang/test/harness"
)

const copyPath = "/api/v1/oss/source/copy"

// writer is an account on the server of all. What it does to the server itself, it does to
// one of its own: see alone.
func writer(t *testing.T, args ...string) (*harness.Server, *harness.User) {
	t.Helper()
	t.Parallel()
	s := harness.Shared(t)
	return s, s.User("writer", args...)
}

// alone is a server of one's own with one account.
func alone(t *testing.T, args ...string) (*harness.Server, *harness.User) {
	t.Helper()
	t.Parallel()
	s := harness.Start(t)
	return s, s.User("writer", args...)
}

// content is small and, for each n, other content.
func content(n int) []byte { return fmt.Appendf(nil, "content %d", n) }

// putMany uploads numbered pictures into a folder, several at a time.
func putMany(t *testing.T, u *harness.User, parent int64, from, to int) {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(16)
	for n := from; n < to; n++ {
		g.Go(func() error {
			b := content(n)
			_, err := u.Single(ctx, u.Server.URL, client.NewFile{
				ParentFileID: parent, Filename: fmt.Sprintf("%04d.png", n), Etag: harness.MD5(b), Size: int64(len(b)),
			}, client.Content{From: bytes.NewReader(b), Size: int64(len(b))})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// copyBody is a request of the documented form; with sets or, with nil, takes away
// a field.
func copyBody(ids any, with ...any) map[string]any {
	body := map[string]any{"fileIDs": ids, "toParentFileID": "", "sourceType": 1, "type": 1}
	for i := 0; i < len(with); i += 2 {
		if body[with[i].(string)] = with[i+1]; with[i+1] == absent {
			delete(body, with[i].(string))
		}
	}
	return body
}

// absent takes a field out of copyBody.
const absent = "<absent>"

// accepted sends a copy request that must create a task, and answers its id.
func accepted(t *testing.T, u *harness.User, body any) string {
	t.Helper()
	a := u.Server.Post(copyPath, u.Token, body)
	id, _ := a.Field("taskID").(string)
	if a.Status != 200 || a.Code != 0 || a.Message != "ok" || len(id) != 32 {
		t.Fatalf("%v was not accepted: %+v", body, a)
	}
	return id
}

// refused sends a copy request that must not create a task.
func refused(t *testing.T, u *harness.User, body any, code int) harness.Answer {
	t.Helper()
	before := tasksOf(t, u)
	a := u.Server.Post(copyPath, u.Token, body)
	if a.Status != 200 || a.Code != code || a.Data != nil || a.Message == "ok" || a.Message == "" {
		t.Errorf("%v: answer %+v, want a refusal with code %d", body, a, code)
	}
	if after := tasksOf(t, u); after != before {
		t.Errorf("%v: was refused, and there are %d tasks more", body, after-before)
	}
	return a
}

// done copies and waits; the task must end as done.
func done(t *testing.T, u *harness.User, to string, ids ...int64) client.CopyState {
	t.Helper()
	s := u.Await(u.StartCopy(to, ids...))
	if s.Status != client.CopyFinished || s.FailMsg != "" || s.FailCode != "" {
		t.Fatalf("the task ended as %+v", s)
	}
	return s
}

// counts compares what a task has counted.
func counts(t *testing.T, s client.CopyState, copied, replaced, skipped, failed int64) {
	t.Helper()
	if s.Copied != copied || s.Replaced != replaced || s.Skipped != skipped || s.Failed != failed {
		t.Errorf("copied %d, replaced %d, skipped %d, failed %d; want %d, %d, %d, %d",
			s.Copied, s.Replaced, s.Skipped, s.Failed, copied, replaced, skipped, failed)
	}
}

// bedTree reads everything below a folder of the bed by path; folders end with /.
func bedTree(t *testing.T, u *harness.User, top string) map[string]client.Image {
	t.Helper()
	tree := make(map[string]client.Image)
	var walk func(id, path string)
	walk = func(id, path string) {
		for img, err := range u.BedListAll(t.Context(), id) {
			if err != nil {
				t.Fatal(err)
			}
			if !img.IsFolder() {
				tree[path+img.Filename] = img
				continue
			}
			tree[path+img.Filename+"/"] = img
			walk(img.FileID, path+img.Filename+"/")
		}
	}
	walk(top, "")
	return tree
}

// hasPaths compares the paths below a folder of the bed, and answers what is there.
func hasPaths(t *testing.T, u *harness.User, top string, want ...string) map[string]client.Image {
	t.Helper()
	tree := bedTree(t, u, top)
	got := slices.Sorted(maps.Keys(tree))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the bed holds %q, want %q", got, want)
	}
	return tree
}

func mkBed(t *testing.T, u *harness.User, parent, name string) string {
	t.Helper()
	f, err := u.BedMkdir(t.Context(), parent, name)
	if err != nil {
		t.Fatal(err)
	}
	return f.DirID
}

// failures reads all failures of a task as "name: reason".
func failures(t *testing.T, u *harness.User, task string) []string {
	t.Helper()
	list, err := u.CopyFailAll(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(list))
	for i, f := range list {
		out[i] = f.Filename + ": " + f.FailReason
	}
	return out
}

func trash(t *testing.T, u *harness.User, ids ...int64) {
	t.Helper()
	if err := u.Trash(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
}

// inDB lets a test look into the server's database, and play another process.
func inDB(t *testing.T, s *harness.Server, fn func(d *db.DB)) {
	t.Helper()
	d, err := db.Open(t.Context(), s.Base)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	fn(d)
}

func write(t *testing.T, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), "story", func(tx *db.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func exec(t *testing.T, s *harness.Server, query string, args ...any) {
	t.Helper()
	inDB(t, s, func(d *db.DB) {
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			n, err := tx.Exec(ctx, query, args...)
			if err == nil && n == 0 {
				err = fmt.Errorf("no row for %s", query)
			}
			return err
		})
	})
}

// column reads one column of text or numbers.
func column[T any](t *testing.T, s *harness.Server, query string, args ...any) (list []T) {
	t.Helper()
	inDB(t, s, func(d *db.DB) {
		err := d.Read(t.Context(), "story", func(tx *db.Tx) (err error) {
			list, err = db.Collect(t.Context(), tx, func(row db.Row) (v T, err error) { return v, row.Scan(&v) }, query, args...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	return list
}

func tasksOf(t *testing.T, u *harness.User) int {
	t.Helper()
	return column[int](t, u.Server, `SELECT count(*) FROM task WHERE account_id = $1`, u.UID)[0]
}

// occupy makes the account's queue busy: a task runs, and goes on until it is
// released.
func occupy(t *testing.T, u *harness.User) (release func()) {
	t.Helper()
	name := rand.Text()
	inDB(t, u.Server, func(d *db.DB) {
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			seq, err := account.NextTask(ctx, tx, account.ID(u.UID))
			if err != nil {
				return err
			}
			if err := queue.Add(ctx, tx, queue.Copy, u.UID, seq, name); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `UPDATE task SET state = 1, attempt = 1, lease_until = $3 WHERE account_id = $1 AND id = $2`, u.UID, name, int64(1)<<62)
			return err
		})
	})
	return func() {
		t.Helper()
		exec(t, u.Server, `UPDATE task SET state = 2 WHERE account_id = $1 AND id = $2`, u.UID, name)
		exec(t, u.Server, `UPDATE queue_turn SET unfinished = unfinished - 1 WHERE account_id = $1`, u.UID)
	}
}
