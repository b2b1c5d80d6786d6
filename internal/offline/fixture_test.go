package offline

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/fetch"
	"tuchuang/internal/queue"
	"tuchuang/test/owner"
)

// rooms are the room, on a real folder, and whom it acts for.
type rooms struct {
	*owner.Owner
	store   blob.Store
	tasks   *Downloads
	workers *queue.Workers
	tellers *queue.Workers
}

const slice = 1 << 10 // bytes, in these tests

// each runs a test in rooms of their own on every engine.
func each(t *testing.T, fn func(r *rooms)) {
	t.Helper()
	owner.Each(t, func(o *owner.Owner) { fn(newRooms(o, owner.Disk(o.T, o.TempDir()))) })
}

func newRooms(o *owner.Owner, store blob.Store) *rooms {
	r := &rooms{Owner: o, store: store}
	r.tasks, r.workers, r.tellers = r.process()
	return r
}

// process is what a process has in memory.
func (r *rooms) process() (*Downloads, *queue.Workers, *queue.Workers) {
	c := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Now: r.DB.Now})
	tasks, workers, tellers := New(r.DB, r.store, r.Drive, r.Bed, c, slog.New(slog.DiscardHandler))
	tasks.sliceSize = slice
	return tasks, workers, tellers
}

// serve is a server of a stranger.
func (r *rooms) serve(h http.HandlerFunc) (url string) {
	s := httptest.NewServer(h)
	r.Cleanup(s.Close)
	return s.URL
}

// gives answers with content, as a server that knows ranges does.
func gives(content []byte, etag string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", etag)
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// breaks ends the connection of an answer after so many bytes of what another one gives.
type breaks struct {
	http.ResponseWriter
	after int
}

func (b *breaks) Write(p []byte) (int, error) {
	if len(p) <= b.after {
		b.after -= len(p)
		return b.ResponseWriter.Write(p)
	}
	if _, err := b.ResponseWriter.Write(p[:b.after]); err != nil {
		return 0, err
	}
	if err := http.NewResponseController(b.ResponseWriter).Flush(); err != nil {
		return 0, err
	}
	panic(http.ErrAbortHandler)
}

// bytesOf is content of some size; each seed is another.
func bytesOf(seed byte, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i>>8)*31 + byte(i)*7 + seed
	}
	return b
}

// pictureOf is content that begins as a PNG.
func pictureOf(seed byte, size int) []byte {
	b := bytesOf(seed, size)
	copy(b, "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06\x00\x00\x00")
	return b
}

func (r *rooms) create(q Request) Seq {
	r.Helper()
	if q.Dest == 0 {
		q.Dest = ToDrive
	}
	seq, err := r.tasks.Create(r.Context(), r.Acc, q)
	r.Must(err)
	return seq
}

func (r *rooms) status(to Dest, seq Seq) Status {
	r.Helper()
	s, err := r.tasks.Status(r.Context(), r.Acc, to, seq)
	r.Must(err)
	return s
}

// run has one attempt made.
func (r *rooms) run() {
	r.Helper()
	if ran, err := r.workers.RunOnce(r.Context()); err != nil || !ran {
		r.Fatalf("no task ran: %v", err)
	}
}

// rests wants that no task can be claimed now.
func (r *rooms) rests(w *queue.Workers) {
	r.Helper()
	if ran, err := w.RunOnce(r.Context()); err != nil || ran {
		r.Fatalf("a task ran, %v", err)
	}
}

// fetch fetches a URL to the end of its task.
func (r *rooms) fetch(q Request) Status {
	r.Helper()
	if q.Dest == 0 {
		q.Dest = ToDrive
	}
	seq := r.create(q)
	for range 3 * maxTries {
		if s := r.status(q.Dest, seq); !s.State.Unfinished() {
			return s
		}
		r.run()
		r.Pass(time.Hour)
	}
	r.Fatal("the task has no end")
	return Status{}
}

// holds wants a task's file or image to have some content.
func (r *rooms) holds(s Status, want []byte) {
	r.Helper()
	if s.State != queue.Done || s.Percent() != 100 || s.FailCode != "" || s.Bytes != int64(len(want)) || s.Total != s.Bytes {
		r.Fatalf("%+v", s)
	}
	table := "drive_entry"
	if s.Dest == ToBed {
		table = "image"
	}
	var key blob.Key
	var name string
	found, err := r.DB.Get(r.Context(), "test", `SELECT account_id, blob_id, name FROM `+table+` WHERE CAST(id AS TEXT) = $1`, []any{s.ResultID}, &key.Account, &key.ID, &name)
	r.Must(err)
	if !found || name != s.Name {
		r.Fatalf("%v, %q, want %q", found, name, s.Name)
	}
	object, err := r.store.Open(r.Context(), key)
	r.Must(err)
	got, err := io.ReadAll(object)
	r.Must(errors.Join(err, object.Close()))
	if !bytes.Equal(got, want) {
		r.Errorf("%d bytes, want %d others", len(got), len(want))
	}
}

// nothingLeft wants that of tasks that have ended nothing remains but what they made.
func (r *rooms) nothingLeft() {
	r.Helper()
	for what, query := range map[string]string{
		"pending content": `SELECT count(*) FROM blob WHERE state = 0`, "doomed content": `SELECT count(*) FROM doomed`,
		"slices": `SELECT count(*) FROM offline_slice`, "reserved bytes": `SELECT CAST(sum(reserved) AS BIGINT) FROM account`,
		"begun": `SELECT count(*) FROM offline_task WHERE blob_id <> 0 OR reserved <> 0 OR got <> 0`,
		"miscounted bytes": `SELECT CAST(sum(used) AS BIGINT) - (SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM drive_entry)
			- (SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM image) FROM account`,
	} {
		if n := r.Number(query); n != 0 {
			r.Errorf("%d %s", n, what)
		}
	}
	r.Must(r.store.List(r.Context(), func(e blob.Entry) error {
		if e.Staged || r.Number(`SELECT count(*) FROM blob WHERE account_id = $1 AND id = $2`, e.Key.Account, e.Key.ID) != 1 {
			r.Errorf("the store has %+v", e)
		}
		return nil
	}))
}
