package crash

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/account"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/imagebed"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

// twoFolders puts the same 200 pictures into two folders of one: a copy task of two
// batches.
func twoFolders(t *testing.T, u *harness.User) (album int64) {
	t.Helper()
	album = u.MkFolder(0, "album")
	for _, name := range []string{"一", "二"} {
		at := u.MkFolder(album, name)
		group, ctx := errgroup.WithContext(t.Context())
		group.SetLimit(16)
		for n := range 200 {
			b := fmt.Appendf(nil, "picture %d", n)
			group.Go(func() error { return have(ctx, u.Client, at, fmt.Sprintf("%03d.png", n), b) })
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	return album
}

// onDisk opens the database of a server.
func onDisk(t *testing.T, s *harness.Server) *db.DB {
	t.Helper()
	d, err := audit.OpenDB(t.Context(), s.Data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// dies starts a server that kills itself at a point, has something done to it, and
// waits for its end.
func dies(t *testing.T, s *harness.Server, point string, do func()) {
	t.Helper()
	s.Env = []string{"TUCHUANG_KILL=" + point}
	err := s.TryStart()
	if err == nil {
		do()
		err = s.Wait()
	} // else it had something to do, and died of it before it said that it is ready
	if err == nil || !strings.HasSuffix(err.Error(), "signal: killed") {
		t.Fatalf("the server was not killed at %s: %v", point, err)
	}
	s.Env = nil
}

// clean holds what is there against every guarantee.
func clean(t *testing.T, s *harness.Server, d *db.DB, told *audit.Told, users ...*harness.User) {
	t.Helper()
	clients := make(map[int64]*client.Client)
	for _, u := range users {
		clients[u.UID] = u.Client
	}
	subject := audit.Subject{Data: s.Data, DB: d, URL: s.URL, Clients: clients, Told: told}
	for _, look := range []func(context.Context, audit.Subject) ([]audit.Finding, error){audit.AtRest, audit.Served} {
		found, err := look(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			t.Error(f)
		}
	}
}

// An image that a task has published, and that somebody moves into a folder which
// the same task comes to later, is published there as well: one image, two items.
func TestAnImageMovedBetweenTwoAttemptsIsPublishedTwice(t *testing.T) {
	s := harness.New(t)
	var u *harness.User
	var task string
	dies(t, s, "copytask.batch.committed:1", func() {
		u = s.User("mover")
		task = u.StartCopy("", twoFolders(t, u))
	})
	d := onDisk(t, s)
	bed, acc := imagebed.New(d), account.ID(u.UID)
	album := onlyFolder(t, bed, acc, "")
	first := onlyFolder(t, bed, acc, album)
	made, err := bed.Mkdir(t.Context(), acc, album, []string{"二"})
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := bed.List(t.Context(), acc, imagebed.Query{Folder: first, Limit: 10})
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	if err := bed.Move(t.Context(), acc, []imagebed.ID{list[0].ID}, made[0]); err != nil {
		t.Fatal(err)
	}
	s.Start()
	u.SignIn()
	if state := u.Await(task); state.Status != client.CopyFinished || state.Copied != 399 || state.Replaced != 1 {
		t.Fatalf("%+v", state)
	}
	clean(t, s, d, nil, u)
}

// onlyFolder answers the one folder in a folder of the bed.
func onlyFolder(t *testing.T, bed *imagebed.Bed, acc account.ID, in imagebed.ID) imagebed.ID {
	t.Helper()
	list, _, err := bed.List(t.Context(), acc, imagebed.Query{Folder: in, Limit: 10})
	if err != nil || len(list) != 1 || !list[0].IsFolder {
		t.Fatal(list, err)
	}
	return list[0].ID
}

// A task whose attempts die five times in a row without progress is given up, and
// no sooner.
func TestAttemptsThatDieFiveTimesEndTheTask(t *testing.T) {
	const deaths = 5
	s := harness.New(t)
	var u *harness.User
	var task string
	for n := range deaths {
		dies(t, s, "queue.claimed:1", func() {
			if n == 0 {
				u = s.User("unlucky")
				album := u.MkFolder(0, "album")
				u.PutFile(album, "a.png", []byte("a"))
				u.PutFile(album, "b.png", []byte("b"))
				task = createDying(t, u, album)
			}
		})
	}
	s.Start()
	u.SignIn()
	state := u.Await(task)
	if state.Status != client.CopyFailed || state.FailCode != "internal" || !strings.HasPrefix(state.FailMsg, "内部错误 (") {
		t.Errorf("%+v", state)
	}
	// The next one is none the worse for it.
	if next := u.Await(u.StartCopy("", u.PutFile(0, "c.png", []byte("c")))); next.Status != client.CopyFinished || next.Copied != 1 {
		t.Errorf("the next task: %+v", next)
	}
	clean(t, s, onDisk(t, s), nil, u)
}

// Four deaths are one too few, and progress begins the count anew: here a task dies
// four times before its plan and four times after it.
func TestProgressBeginsTheCountAnew(t *testing.T) {
	s := harness.New(t)
	var u *harness.User
	var task string
	for n, point := range []string{
		"queue.claimed:1", "copytask.plan.read:1", "copytask.plan.half:1", "copytask.plan.written:1",
		"queue.claimed:1", "copytask.batch.fenced:1", "copytask.batch.placed:1", "copytask.settling:1",
	} {
		dies(t, s, point, func() {
			if n == 0 {
				u = s.User("patient")
				task = createDying(t, u, u.PutFile(0, "a.png", []byte("a")))
			}
		})
	}
	s.Start()
	u.SignIn()
	if state := u.Await(task); state.Status != client.CopyFinished || state.Copied != 1 {
		t.Errorf("%+v", state)
	}
	clean(t, s, onDisk(t, s), nil, u)
}

// createDying creates a task on a server that dies as soon as it has it: whether or
// not the answer came, the task is there.
func createDying(t *testing.T, u *harness.User, id int64) (task string) {
	t.Helper()
	task, err := u.Copy(t.Context(), []int64{id}, "")
	if err == nil {
		return task
	}
	if !client.Broken(err) {
		t.Fatal(err)
	}
	d, err := audit.OpenDB(t.Context(), u.Server.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Read(t.Context(), "find the task", func(tx *db.Tx) error {
		_, err := tx.Get(t.Context(), `SELECT id FROM task WHERE account_id = $1`, []any{u.UID}, &task)
		return err
	})
	if err != nil || task == "" {
		t.Fatalf("no task %q: %v", task, err)
	}
	return task
}

// SIGTERM lets a running task stop between two steps, gives its lease back, and is
// not counted: the task goes on at the next start, however often that happens.
func TestADrainedTaskGoesOnAtTheNextStart(t *testing.T) {
	s := harness.New(t)
	var u *harness.User
	var task string
	dies(t, s, "queue.claimed:1", func() {
		u = s.User("drained")
		task = createDying(t, u, twoFolders(t, u))
	})
	v := newVictim(t, s.Data)
	// The signal and the task race: a step or two may be done before it is heard.
	for n := 0; n < 8 && drained(t, s, u); n++ {
		drainAt(t, v, "queue.claimed")
	}
	if drained(t, s, u) {
		drainAt(t, v, "copytask.batch.committed")
		drained(t, s, u)
	}
	s.Start()
	u.SignIn()
	if got := u.Await(task); got.Status != client.CopyFinished || got.Copied != 400 {
		t.Errorf("%+v", got)
	}
	clean(t, s, onDisk(t, s), nil, u)
}

// drainAt starts a server that stops still where it first passes a point, and has
// it drain from there.
func drainAt(t *testing.T, v *victim, point string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "points")
	l, err := v.start("TUCHUANG_POINTS="+path, "TUCHUANG_STOP="+point+":1")
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the server passes "+point, func() bool {
		b, err := os.ReadFile(path)
		return err == nil && slices.Contains(strings.Fields(string(b)), point)
	})
	l.signal(syscall.SIGTERM)
	await(t, "the server has drained", func() bool {
		l.signal(syscall.SIGCONT) // the stop may come after the first
		select {
		case <-l.ended:
			return true
		default:
			return false
		}
	})
	if l.err != nil {
		t.Fatalf("SIGTERM at %s: %v", point, l)
	}
}

// drained wants the one task of an account to have lost nothing to a drain, and
// says whether it is still to be done.
func drained(t *testing.T, s *harness.Server, u *harness.User) bool {
	t.Helper()
	d, err := audit.OpenDB(t.Context(), s.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var state, idle int
	err = d.Read(t.Context(), "look", func(tx *db.Tx) error {
		_, err := tx.Get(t.Context(), `SELECT state, idle FROM task WHERE account_id = $1`, []any{u.UID}, &state, &idle)
		return err
	})
	if err != nil || idle > 1 || state == client.CopyFailed {
		t.Fatalf("the task has state %d and %d idle attempts: %v", state, idle, err)
	}
	return state != client.CopyFinished
}

// After SIGKILL a running task runs again at once: the process that owns the folder
// waits for no lease.
func TestAKilledTaskRunsAgainAtOnce(t *testing.T) {
	s := harness.New(t)
	var u *harness.User
	var task string
	dies(t, s, "copytask.batch.committed:1", func() {
		u = s.User("killed")
		task = createDying(t, u, twoFolders(t, u))
	})
	s.Start()
	u.SignIn()
	got := u.Await(task)
	if got.Status != client.CopyFinished || got.Copied != 400 {
		t.Fatalf("%+v", got)
	}
	d := onDisk(t, s)
	var attempt, left int64 // what was left of the dead one's lease when the task had ended
	err := d.Read(t.Context(), "look", func(tx *db.Tx) error {
		_, err := tx.Get(t.Context(), `SELECT attempt, lease_until - finished_at FROM task WHERE account_id = $1`, []any{u.UID}, &attempt, &left)
		return err
	})
	if err != nil || attempt != 2 || left <= 0 {
		t.Errorf("it ended in attempt %d with %d µs of a lease left: %v", attempt, left, err)
	}
	clean(t, s, d, nil, u)
}

// What is answered was written in an order that no loss of power can spoil: the
// content is synced before it gets its name, the name before the row that shows it.
func TestAnUploadIsWrittenInOrder(t *testing.T) {
	s := harness.New(t)
	passed := journal(t, s)
	s.Start()
	u := s.User("orderly")
	for _, c := range []struct {
		what string
		do   func()
		want []string
	}{
		{"single", func() { u.PutFile(0, "a.png", []byte("a")) }, []string{
			"upload.single.begun", "upload.single.received",
			"blob.commit.before_sync", "blob.commit.after_sync", "blob.commit.after_rename", "blob.commit.after_dirsync",
			"upload.stored", "db.before_commit", "db.after_commit",
		}},
		{"slices", func() {
			if err := have(t.Context(), u.Client, 0, "b.png", []byte("bb")); err != nil {
				t.Fatal(err)
			}
		}, []string{
			"db.before_commit", "db.after_commit", // create
			"blob.slice.written", "blob.slice.synced", "db.before_commit", "db.after_commit", "upload.slice.recorded",
			"blob.commit.before_sync", "blob.commit.after_sync", "blob.commit.after_rename", "blob.commit.after_dirsync",
			"upload.stored", "db.before_commit", "db.after_commit",
		}},
		{"copy", func() { u.Await(u.StartCopy("", u.PutFile(0, "c.png", []byte("ccc")))) }, []string{
			"db.after_commit", "queue.claimed", "copytask.plan.read", "copytask.plan.half", "db.before_commit", "db.after_commit",
			"copytask.plan.written", "copytask.batch.fenced", "copytask.batch.folders", "copytask.batch.placed",
			"copytask.batch.publications", "copytask.batch.outcomes", "copytask.settling", "db.before_commit", "db.after_commit",
			"copytask.batch.committed",
		}},
	} {
		passed() // what came before
		c.do()
		inOrder(t, c.what, passed(), c.want)
	}
}

// journal has a server write down the points it passes, and answers those that were
// passed since it was asked last.
func journal(t *testing.T, s *harness.Server) func() []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "points")
	s.Env = []string{"TUCHUANG_POINTS=" + path}
	read := 0
	return func() []string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Fields(string(b))
		since := all[read:]
		read = len(all)
		return since
	}
}

// inOrder wants points to be passed one after another, others between them or not,
// and the last of a kind: none of what is synced comes after the commit that shows
// it.
func inOrder(t *testing.T, what string, passed, want []string) {
	t.Helper()
	at := 0
	for _, p := range passed {
		if at < len(want) && p == want[at] {
			at++
		}
	}
	if at < len(want) {
		t.Errorf("%s: %s is missing after %q in %q", what, want[at], want[:at], passed)
	}
	last := slices.Index(passed, "upload.stored")
	for i, p := range passed {
		if last >= 0 && i > last && strings.HasPrefix(p, "blob.commit.") {
			t.Errorf("%s: %s comes after the content was to be stored: %q", what, p, passed)
		}
	}
}

// await polls until something is so. Nothing here takes as long as its limit.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	poll, limit := time.NewTicker(2*time.Millisecond), time.NewTimer(time.Minute)
	defer poll.Stop()
	defer limit.Stop()
	for !so() {
		select {
		case <-poll.C:
		case <-limit.C:
			t.Fatal("never came: " + what)
		}
	}
}

// count asks the database for a number.
func count(t *testing.T, d *db.DB, query string) (n int64) {
	t.Helper()
	err := d.Read(t.Context(), "count", func(tx *db.Tx) error {
		_, err := tx.Get(t.Context(), query, nil, &n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
