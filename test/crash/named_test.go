package crash

import (
	"context"
	"fmt"
	"testing"

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
	s.Start()
	do()
	if err := s.Wait(); err == nil || err.Error() != "signal: killed" {
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
