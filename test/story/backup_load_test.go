package story

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

// load is what users do without end, until it is stopped.
type load struct {
	t        *testing.T
	told     audit.Told // what is lasting
	pictures atomic.Int64
	stop     context.CancelFunc
	all      sync.WaitGroup
}

func startLoad(t *testing.T, first int, users ...*harness.User) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, stop: cancel}
	for n, u := range users {
		l.all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			for round := first; ctx.Err() == nil; round++ {
				if err := l.round(ctx, u, rng, round); err != nil && ctx.Err() == nil && !client.Is(err, fault.TooManyTasks) {
					t.Errorf("user %d in round %d: %v", u.UID, round, err)
					return
				}
			}
		})
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) end() {
	l.stop()
	l.all.Wait()
}

// round makes a folder of pictures, publishes it, and takes something away.
func (l *load) round(ctx context.Context, u *harness.User, rng *rand.Rand, round int) error {
	folder, err := u.Mkdir(ctx, 0, fmt.Sprintf("round %d", round))
	if err != nil {
		return err
	}
	var last int64
	for n := range 4 {
		b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06\x00\x00\x00"), fmt.Sprint(u.UID, round, n, rng.Uint64())...)
		b = append(b, make([]byte, rng.IntN(60_000))...)
		done, err := u.Single(ctx, u.Server.URL, client.NewFile{
			ParentFileID: folder, Filename: fmt.Sprintf("%d.png", n), Etag: harness.MD5(b), Size: int64(len(b)),
		}, client.Content{From: bytes.NewReader(b), Size: int64(len(b))})
		if err != nil {
			return err
		}
		if last = done.FileID; n > 0 {
			l.told.File(u.UID, last, harness.MD5(b), int64(len(b)))
		} else if err := u.Trash(ctx, []int64{last}); err != nil {
			return err
		} else if err := u.Delete(ctx, []int64{last}); err != nil {
			return err
		}
		l.pictures.Add(1)
	}
	// One that is never completed.
	if _, err := u.CreateV2(ctx, client.NewFile{ParentFileID: folder, Filename: "open.bin", Etag: harness.MD5(fmt.Append(nil, u.UID, round)), Size: 100}); err != nil && !client.Is(err, fault.TooManyUploads) {
		return err
	}
	_, err = u.Copy(ctx, []int64{folder}, "")
	return err
}

// reach waits until so many pictures have been uploaded.
func (l *load) reach(n int64) {
	l.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for l.pictures.Load() < n {
		if l.t.Failed() {
			l.t.FailNow()
		}
		<-tick.C
	}
}

// A backup is taken and restored into an empty place while users upload, publish and
// delete; what was restored is a whole installation, with all that was acknowledged
// before the backup began.
func TestBackupUnderLoad(t *testing.T) {
	s := harness.NewOn(t, db.SQLite)
	s.Start()
	users := []*harness.User{s.User("one"), s.User("two"), s.User("three")}
	before := startLoad(t, 0, users...)
	before.reach(30)
	before.end() // what it was told is to be in the backup
	l := startLoad(t, 1000, users...)
	l.reach(10)
	dest := filepath.Join(t.TempDir(), "backups")
	var first, made, restored struct {
		Snapshot         string
		Contents, Copied int64
		Lost, Removed    []string
	}
	decodeJSON(t, s.Run("backup", dest, "--data", s.Data, "--json"), &first)
	l.reach(l.pictures.Load() + 20)
	decodeJSON(t, s.Run("backup", dest, "--data", s.Data, "--keep", "1", "--json"), &made)
	r := harness.NewOn(t, db.SQLite)
	decodeJSON(t, s.Run("restore", dest, "--data", r.Data, "--json"), &restored)
	l.reach(l.pictures.Load() + 5) // it has gone on all the time
	l.end()
	if first.Contents < 30 || made.Copied >= made.Contents || len(made.Removed) != 1 ||
		restored.Snapshot != made.Snapshot || restored.Contents != made.Contents || len(made.Lost)+len(restored.Lost) > 0 {
		t.Errorf("the first backup %+v, the second %+v, restored %+v", first, made, restored)
	}

	d, err := audit.OpenDB(t.Context(), r.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	subject := audit.Subject{Data: r.Data, DB: d, Told: &before.told, Clients: map[int64]*client.Client{}}
	nothingFound(t, "as restored", subject, audit.Snapshot)
	r.Start()
	subject.URL = r.URL
	for _, u := range users {
		c, err := client.New(client.Options{Server: r.URL, ClientID: u.ClientID, Secret: u.ClientSecret})
		if err != nil {
			t.Fatal(err)
		}
		subject.Clients[u.UID] = c
	}
	awaitTasks(t, d)
	nothingFound(t, "at rest", subject, audit.AtRest)
	nothingFound(t, "served", subject, audit.Served)
}

func decodeJSON(t *testing.T, b []byte, out any) {
	t.Helper()
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
}

func nothingFound(t *testing.T, when string, s audit.Subject, look func(context.Context, audit.Subject) ([]audit.Finding, error)) {
	t.Helper()
	findings, err := look(t.Context(), s)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	for _, f := range findings {
		t.Errorf("%s: %s", when, f)
	}
}

// awaitTasks waits until every task has ended.
func awaitTasks(t *testing.T, d *db.DB) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for found := true; found; <-tick.C {
		var err error
		if found, err = d.Get(t.Context(), "test", `SELECT 1 FROM task WHERE state IN (1, 4) LIMIT 1`, nil, new(int)); err != nil {
			t.Fatal(err)
		}
	}
}
