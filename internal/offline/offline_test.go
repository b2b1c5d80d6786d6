package offline

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/fetch"
	"tuchuang/internal/queue"
	"tuchuang/test/owner"
)

// pathOf is where a file of the drive is.
func (r *rooms) pathOf(id string) (path string) {
	r.Helper()
	n, err := drive.ParseID(id)
	r.Must(err)
	r.Must(r.DB.Read(r.Context(), "test", func(tx *db.Tx) error {
		path, err = drive.Path(r.Context(), tx, r.Acc, n)
		path = strings.TrimSuffix(path, "/")
		return err
	}))
	return path
}

// Where a file goes and what it is called.
func TestPlacesAndNames(t *testing.T) {
	each(t, func(r *rooms) {
		content := bytesOf(1, 2*slice+7)
		header := ""
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path == "/redirect" {
				http.Redirect(w, q, "/there/%E5%9B%BE.bin?x", http.StatusFound)
				return
			}
			if header != "" {
				w.Header().Set("Content-Disposition", header)
			}
			gives(content, `"v"`)(w, q)
		})
		folder, err := r.Drive.Mkdir(r.Context(), r.Acc, drive.Root, "folder")
		r.Must(err)
		in := folder.String()
		for _, tt := range []struct{ path, header, parent, below, name, want string }{
			{"/a/b.bin", "", "", "", "", "/" + entryname.Offline + "/b.bin"},
			{"/a/b.bin", "", "0", "", "", "/" + entryname.Offline + "/b(1).bin"},
			{"/a/b.bin", "", in, "", "", "/folder/b.bin"},
			{"/a/b.bin", "", in, "", "c.bin", "/folder/c.bin"},
			{"/a/b.bin", `attachment; filename="d.bin"`, in, "", "", "/folder/d.bin"},
			{"/a/b.bin", `attachment; filename="d.bin"`, in, "", "c.bin", "/folder/c(1).bin"},
			{"/a/b.bin", `attachment; filename="../../e:?.bin"`, in, "", "", "/folder/e__.bin"},
			{"/a/b.bin", `attachment; filename="/"`, in, "", "", "/folder/b(1).bin"},
			{"/redirect", "", in, "", "", "/folder/图.bin"},
			{"/", "", in, "", "", "/folder/download"},
			{"/a/..%2f..%2fx%00y.bin", "", in, "", "", "/folder/xy.bin"},
			{"/" + strings.Repeat("n", 300) + ".bin", "", in, "", "", "/folder/" + strings.Repeat("n", 251) + ".bin"},
			{"/b.bin", "", "", "/new/deep/", "", "/new/deep/b.bin"},
			{"/b.bin", "", in, "new", "", "/folder/new/b.bin"},
		} {
			header = tt.header
			s := r.fetch(Request{URL: url + tt.path, Parent: tt.parent, Path: tt.below, Name: tt.name})
			r.holds(s, content)
			if got := r.pathOf(s.ResultID); got != tt.want || !strings.HasSuffix(got, "/"+s.Name) {
				t.Errorf("%+v: %s", tt, got)
			}
		}
		r.nothingLeft()
		if n := r.Number(`SELECT count(*) FROM blob`); n != 1 {
			t.Errorf("%d contents", n)
		}
	})
}

// The bed takes pictures, whatever they are called, and one of a content in a folder.
func TestIntoTheBed(t *testing.T) {
	each(t, func(r *rooms) {
		r.tasks.SetImageSize(5 * slice)
		first, second := pictureOf(1, 2*slice), pictureOf(2, slice)
		svg := []byte("<?xml version=\"1.0\"?>\n<!-- a -->\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
		var content []byte
		url := r.serve(func(w http.ResponseWriter, q *http.Request) { gives(content, `"v"`)(w, q) })
		folder, err := r.Bed.Mkdir(r.Context(), r.Acc, "", []string{"folder"})
		r.Must(err)
		in := string(folder[0])
		ids := make(map[string]string)
		for _, tt := range []struct {
			path, name string
			content    []byte
			want       string // the image's name; "" where it fails
			code       FailCode
		}{
			{"/a.png", "", first, "a.png", ""},
			{"/b.png", "", first, "b.png", ""}, // the same image
			{"/b.png", "", second, "b(1).png", ""},
			{"/photo", "", second, "photo.png", ""},
			{"/photo.php", "c.jpg", second, "c.jpg", ""},
			{"/drawing", "", svg, "drawing.svg", ""},
			{"/page.png", "", []byte("<html><svg></svg>"), "", NotAnImage},
			{"/page.svg", "", []byte("<!-- <svg> -->"), "", NotAnImage},
			{"/text.svg", "", []byte("svg"), "", NotAnImage},
			{"/none.png", "", nil, "", Empty},
			{"/large.png", "", pictureOf(3, 5*slice+1), "", TooLarge},
		} {
			content = tt.content
			s := r.fetch(Request{Dest: ToBed, URL: url + tt.path, Parent: in, Name: tt.name})
			if s.FailCode != tt.code || s.Name != tt.want && tt.code == "" {
				t.Errorf("%+v: %+v", tt.path, s)
			}
			if tt.code != "" {
				if s.State != queue.Failed || s.Percent() != 0 {
					t.Errorf("%+v: %+v", tt.path, s)
				}
				continue
			}
			r.holds(s, tt.content)
			ids[tt.want] = s.ResultID
		}
		if ids["a.png"] != ids["b.png"] || ids["c.jpg"] != ids["photo.png"] || ids["photo.png"] != ids["b(1).png"] || ids["a.png"] == ids["c.jpg"] {
			t.Errorf("%v", ids)
		}
		content = first
		r.holds(r.fetch(Request{Dest: ToBed, URL: url + "/a.png"}), first)
		if n := r.Number(`SELECT count(*) FROM image i JOIN bed_folder f ON f.account_id = i.account_id AND f.id = i.folder_id WHERE f.name = $1`, entryname.Offline); n != 1 {
			t.Errorf("%d images in the default folder", n)
		}
		r.nothingLeft()
	})
}

// requests notes what a server was asked for.
type requests struct {
	mu   sync.Mutex
	list []string
}

func (q *requests) note(r *http.Request) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, strings.TrimPrefix(r.Header.Get("Range"), "bytes="))
	return len(q.list)
}

// What has come for good is not asked for again, as long as it is the same content.
func TestGoingOnWhereItBroke(t *testing.T) {
	old, changed := bytesOf(1, 4*slice+100), bytesOf(2, 3*slice+9)
	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter, q *http.Request, n int)
		asked  []string
		want   []byte
	}{
		{"breaks twice", func(w http.ResponseWriter, q *http.Request, n int) {
			if n < 3 {
				w = &breaks{w, 3*slice/2 + n}
			}
			gives(old, `"v"`)(w, q)
		}, []string{"", "1024-", "2048-"}, old},
		{"changes meanwhile", func(w http.ResponseWriter, q *http.Request, n int) {
			if n == 1 {
				gives(old, `"v1"`)(&breaks{w, 2 * slice}, q)
				return
			}
			gives(changed, `"v2"`)(w, q)
		}, []string{"", "2048-"}, changed},
		{"knows no ranges", func(w http.ResponseWriter, _ *http.Request, n int) {
			w.Header().Set("Etag", `"v"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(old)))
			if n == 1 {
				w = &breaks{w, 3 * slice}
			}
			if _, err := w.Write(old); err != nil {
				t.Error(err)
			}
		}, []string{"", "3072-"}, old},
		{"goes on elsewhere", func(w http.ResponseWriter, q *http.Request, n int) {
			switch n {
			case 1:
				gives(old, `"v"`)(&breaks{w, 2 * slice}, q)
			case 2:
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 1-%d/%d", len(old)-1, len(old)))
				w.WriteHeader(http.StatusPartialContent)
			default:
				gives(old, `"v"`)(w, q)
			}
		}, []string{"", "2048-", ""}, old},
		{"has no validator", func(w http.ResponseWriter, q *http.Request, n int) {
			if n == 1 {
				w = &breaks{w, 2 * slice}
			}
			gives(old, "")(w, q)
		}, []string{"", ""}, old},
		{"does not say how long it is", func(w http.ResponseWriter, q *http.Request, n int) {
			q.Header.Del("Range")
			w.Header().Set("Etag", `"v"`)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			if n == 1 {
				w = &breaks{w, 2 * slice}
			}
			if _, err := w.Write(old); err != nil {
				t.Error(err)
			}
		}, []string{"", ""}, old},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(r *rooms) {
				asked := new(requests)
				url := r.serve(func(w http.ResponseWriter, q *http.Request) { tt.answer(w, q, asked.note(q)) })
				r.holds(r.fetch(Request{URL: url + "/a.bin"}), tt.want)
				if !slices.Equal(asked.list, tt.asked) {
					t.Errorf("asked for %q, want %q", asked.list, tt.asked)
				}
				r.nothingLeft()
			})
		})
	}
}

// On S3, whose parts are no files, too; and in the hands of another process.
func TestGoingOnInABucket(t *testing.T) {
	r := newRooms(owner.New(t, db.SQLite), blobtest.S3(t).Open(t))
	r.tasks.sliceSize = 5 << 20
	content := bytesOf(1, 11<<20)
	asked := new(requests)
	url := r.serve(func(w http.ResponseWriter, q *http.Request) {
		if asked.note(q) == 1 {
			w = &breaks{w, 7 << 20}
		}
		gives(content, `"v"`)(w, q)
	})
	seq := r.create(Request{URL: url})
	r.run()
	if s := r.status(ToDrive, seq); !s.Retrying() || s.Bytes < 5<<20 || s.Percent() != int(s.Bytes*100/(11<<20)) {
		t.Errorf("%+v", s)
	}
	r.Pass(time.Hour)
	r.tasks, r.workers, r.tellers = r.process()
	r.tasks.sliceSize = 5 << 20
	r.run()
	r.holds(r.status(ToDrive, seq), content)
	if !slices.Equal(asked.list, []string{"", "5242880-"}) {
		t.Errorf("%q", asked.list)
	}
	r.nothingLeft()
}

// A server that cuts always at the same place, and whose bytes can't be gone on with, is
// given up as one that gives none.
func TestTriesThatBringNoMore(t *testing.T) {
	each(t, func(r *rooms) {
		tries := 0
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			tries++
			gives(bytesOf(1, 4*slice), "")(&breaks{w, 2*slice + 10}, q)
		})
		if s := r.fetch(Request{URL: url + "/a.bin"}); s.State != queue.Failed || s.FailCode != FailCode(fetch.Network) || tries != maxTries {
			t.Errorf("%+v after %d tries", s, tries)
		}
		r.nothingLeft()
	})
}

// What may be otherwise later is tried again, later each time and not before the server
// wants it; what will be the same is not.
func TestTriesAndFailures(t *testing.T) {
	each(t, func(r *rooms) {
		tries, status, retryAfter := 0, 0, ""
		url := r.serve(func(w http.ResponseWriter, _ *http.Request) {
			tries++
			w.Header().Set("Retry-After", retryAfter)
			w.WriteHeader(status)
		})
		for _, tt := range []struct {
			status int
			code   FailCode
			tries  int
		}{
			{http.StatusNotFound, FailCode(fetch.BadStatus), 1}, {http.StatusUnauthorized, FailCode(fetch.BadStatus), 1},
			{http.StatusServiceUnavailable, FailCode(fetch.Busy), maxTries}, {http.StatusTooManyRequests, FailCode(fetch.Busy), maxTries},
		} {
			tries, status = 0, tt.status
			s := r.fetch(Request{URL: url})
			if s.State != queue.Failed || s.FailCode != tt.code || s.HTTP != tt.status || tries != tt.tries || s.Percent() != 0 {
				t.Errorf("%d: %+v after %d tries", tt.status, s, tries)
			}
			zh, en := r.tasks.Words(s)
			if !strings.Contains(zh, fmt.Sprint(tt.status)) || !strings.Contains(en, fmt.Sprint(tt.status)) {
				t.Errorf("%s, %s", zh, en)
			}
		}
		for _, tt := range []struct {
			after        string
			least, longe time.Duration
		}{{"", firstWait, 2 * firstWait}, {"120", 2 * time.Minute, 2*time.Minute + time.Second}, {"999999", politeWait, politeWait + time.Second}} {
			status, retryAfter = http.StatusTooManyRequests, tt.after
			seq := r.create(Request{URL: url})
			if s := r.status(ToDrive, seq); s.Retrying() || s.State != queue.Waiting {
				t.Errorf("%+v", s)
			}
			r.run()
			if s := r.status(ToDrive, seq); !s.Retrying() || s.FailCode != FailCode(fetch.Busy) || s.Tries != 1 {
				t.Errorf("%+v", s)
			}
			r.Pass(tt.least - 1500*time.Millisecond) // the clock moves by itself too
			if tt.after != "" {
				r.rests(r.workers)
			}
			r.Pass(tt.longe)
			status = http.StatusGone
			r.run()
			if s := r.status(ToDrive, seq); s.State != queue.Failed {
				t.Errorf("%q: %+v", tt.after, s)
			}
		}
		if s := r.fetch(Request{URL: "http://127.0.0.1:1/"}); s.FailCode != FailCode(fetch.Network) {
			t.Errorf("%+v", s)
		}
		r.nothingLeft()
	})
}

// A server that is away holds nobody's other downloads.
func TestWhatIsPutOffIsPassedBy(t *testing.T) {
	each(t, func(r *rooms) {
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path == "/away" {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			gives([]byte("here"), "")(w, q)
		})
		away, here := r.create(Request{URL: url + "/away"}), r.create(Request{URL: url + "/here"})
		r.run()
		r.run()
		r.holds(r.status(ToDrive, here), []byte("here"))
		if s := r.status(ToDrive, away); !s.Retrying() {
			t.Errorf("%+v", s)
		}
	})
}

// A redirect to an address that is closed ends the task, and nobody there was asked.
func TestRedirectedInside(t *testing.T) {
	each(t, func(r *rooms) {
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "http://169.254.169.254/", http.StatusFound)
		})
		if s := r.fetch(Request{URL: url}); s.State != queue.Failed || s.FailCode != FailCode(fetch.Refused) {
			t.Errorf("%+v", s)
		}
		r.nothingLeft()
	})
}

// The limit of files and folders holds: at once, and where it is passed meanwhile.
func TestEntriesRunOut(t *testing.T) {
	each(t, func(r *rooms) {
		accounts, err := account.Open(r.Context(), r.DB)
		r.Must(err)
		_, err = r.Drive.Mkdir(r.Context(), r.Acc, drive.Root, "one")
		r.Must(err)
		may := func(most int64) error {
			_, err := accounts.SetLimits(r.Context(), "writer", account.Limits{Entries: &most})
			return err
		}
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			if err := may(1); err != nil {
				t.Error(err)
			}
			gives(bytesOf(1, slice), `"v"`)(w, q)
		})
		if s := r.fetch(Request{URL: url + "/a"}); s.FailCode != Full {
			t.Errorf("%+v", s)
		}
		r.nothingLeft()
		_, err = r.tasks.Create(r.Context(), r.Acc, Request{URL: url + "/a", Dest: ToDrive})
		if !fault.Is(err, fault.EntriesFull) {
			t.Errorf("asked for once more: %v", err)
		}
		if s := r.fetch(Request{URL: url + "/a.png", Dest: ToBed}); s.FailCode != NotAnImage {
			t.Errorf("into the bed: %+v", s)
		}
	})
}

// The quota holds: before the first byte where the length is said, else while it comes.
func TestQuota(t *testing.T) {
	each(t, func(r *rooms) {
		r.Acc = r.Account("poor", 4*slice)
		asked := ""
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			asked = q.URL.Path
			size := 4 * slice
			if strings.Contains(q.URL.Path, "large") {
				size++
			}
			if strings.Contains(q.URL.Path, "said") {
				gives(bytesOf(1, size), `"v"`)(w, q)
				return
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			_, _ = w.Write(bytesOf(1, size)) // the other end may have gone
		})
		for _, path := range []string{"/large-said", "/large-unsaid"} {
			if s := r.fetch(Request{URL: url + path}); s.FailCode != NoQuota || asked != path {
				t.Errorf("%s: %+v", path, s)
			}
			r.nothingLeft()
		}
		for _, path := range []string{"/said", "/unsaid"} {
			s := r.fetch(Request{URL: url + path})
			r.holds(s, bytesOf(1, 4*slice))
			r.nothingLeft()
			id, err := drive.ParseID(s.ResultID)
			r.Must(err)
			r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{id}))
			_, err = r.Drive.Delete(r.Context(), r.Acc, []drive.ID{id})
			r.Must(err)
		}
	})
}

// What is sent as gzip is what was zipped.
func TestSentAsGzip(t *testing.T) {
	each(t, func(r *rooms) {
		content := bytesOf(1, 3*slice)
		url := r.serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			if _, err := z.Write(content); err != nil {
				t.Error(err)
			}
			if err := z.Close(); err != nil {
				t.Error(err)
			}
		})
		r.holds(r.fetch(Request{URL: url + "/a.txt"}), content)
		r.nothingLeft()
	})
}

// A folder that goes meanwhile ends the task.
func TestTheFolderGoes(t *testing.T) {
	each(t, func(r *rooms) {
		url := r.serve(gives(pictureOf(1, slice), `"v"`))
		folder, err := r.Drive.Mkdir(r.Context(), r.Acc, drive.Root, "folder")
		r.Must(err)
		beds, err := r.Bed.Mkdir(r.Context(), r.Acc, "", []string{"folder"})
		r.Must(err)
		one := r.create(Request{URL: url, Parent: folder.String()})
		two := r.create(Request{Dest: ToBed, URL: url, Parent: string(beds[0])})
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{folder}))
		_, err = r.Bed.Delete(r.Context(), r.Acc, beds)
		r.Must(err)
		r.run()
		r.run()
		for _, s := range []Status{r.status(ToDrive, one), r.status(ToBed, two)} {
			if s.State != queue.Failed || s.FailCode != NoTarget {
				t.Errorf("%+v", s)
			}
		}
		r.nothingLeft()
	})
}

// What a request may not ask for.
func TestRefusedRequests(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.fetch(Request{URL: r.serve(gives(nil, "")), Name: "file"}).ResultID
		for name, tt := range map[string]struct {
			q    Request
			code fault.Code
		}{
			"no URL":                    {Request{}, fault.BadRequest},
			"another scheme":            {Request{URL: "ftp://example.org/"}, fault.BadURL},
			"a closed address":          {Request{URL: "http://10.0.0.1/"}, fault.AddressRefused},
			"a closed address to tell":  {Request{URL: "http://127.0.0.1/", Callback: "http://[::1]/"}, fault.AddressRefused},
			"what is no URL to tell":    {Request{URL: "http://127.0.0.1/", Callback: "x"}, fault.BadURL},
			"a bad name":                {Request{URL: "http://127.0.0.1/", Name: "a/b"}, fault.BadName},
			"a bad name on the way":     {Request{URL: "http://127.0.0.1/", Path: "a/b?/c"}, fault.BadName},
			"too many names on the way": {Request{URL: "http://127.0.0.1/", Path: strings.Repeat("a/", 129)}, fault.TooDeep},
			"no picture's name":         {Request{Dest: ToBed, URL: "http://127.0.0.1/", Name: "a.txt"}, fault.NotAnImage},
			"no folder":                 {Request{URL: "http://127.0.0.1/", Parent: "77"}, fault.ParentNotFound},
			"a folder that is none":     {Request{URL: "http://127.0.0.1/", Parent: file}, fault.NotFolder},
			"no folder's id":            {Request{URL: "http://127.0.0.1/", Parent: "x"}, fault.BadRequest},
			"no folder of the bed":      {Request{Dest: ToBed, URL: "http://127.0.0.1/", Parent: "x"}, fault.ParentNotFound},
		} {
			if tt.q.Dest == 0 {
				tt.q.Dest = ToDrive
			}
			if _, err := r.tasks.Create(r.Context(), r.Acc, tt.q); !fault.Is(err, tt.code) {
				t.Errorf("%s: %v", name, err)
			}
		}
		mine := r.create(Request{URL: "http://127.0.0.1/"})
		other := r.Account("other", account.NoQuota)
		for _, ask := range []func() error{
			func() error { _, err := r.tasks.Status(r.Context(), other, ToDrive, mine); return err },
			func() error { _, err := r.tasks.Status(r.Context(), r.Acc, ToBed, mine); return err },
			func() error { _, err := r.tasks.Status(r.Context(), r.Acc, ToDrive, mine+1); return err },
		} {
			if err := ask(); !fault.Is(err, fault.TaskNotFound) {
				t.Error(err)
			}
		}
		r.Write(func(ctx context.Context, tx *db.Tx) error {
			for n := range int64(MaxOpen - 1) {
				if err := queue.Add(ctx, tx, queue.Offline, int64(r.Acc), 1000+n, fmt.Sprint("x", n)); err != nil {
					return err
				}
			}
			return nil
		})
		if _, err := r.tasks.Create(r.Context(), r.Acc, Request{Dest: ToDrive, URL: "http://127.0.0.1/"}); !fault.Is(err, fault.TooManyDownloads) {
			t.Error(err)
		}
		if _, err := r.tasks.Create(r.Context(), other, Request{Dest: ToDrive, URL: "http://127.0.0.1/"}); err != nil {
			t.Error(err)
		}
		// Ends that nobody could be told of yet are open too, for those that would add to them.
		r.Write(func(ctx context.Context, tx *db.Tx) error {
			for n := range int64(MaxOpen - 1) {
				if err := queue.Add(ctx, tx, queue.Callback, int64(other), 1000+n, fmt.Sprint("c", n)); err != nil {
					return err
				}
			}
			return nil
		})
		if _, err := r.tasks.Create(r.Context(), other, Request{Dest: ToDrive, URL: "http://127.0.0.1/", Callback: "http://127.0.0.1/"}); !fault.Is(err, fault.TooManyDownloads) {
			t.Error(err)
		}
		if _, err := r.tasks.Create(r.Context(), other, Request{Dest: ToDrive, URL: "http://127.0.0.1/"}); err != nil {
			t.Error(err)
		}
	})
}

// cramped is a store whose disk is full after some bytes of each content.
type cramped struct {
	blob.Store
	room int
}

func (c cramped) Room(context.Context) (int64, error) { return int64(c.room), nil }

func (c cramped) Create(ctx context.Context, key blob.Key) (blob.Writer, error) {
	w, err := c.Store.Create(ctx, key)
	return &crampedWriter{w, c.room}, err
}

type crampedWriter struct {
	blob.Writer
	room int
}

func (w *crampedWriter) Write(b []byte) (int, error) {
	if w.room -= len(b); w.room < 0 {
		return 0, fault.New(fault.DiskFull, "test")
	}
	return w.Writer.Write(b)
}

// What has a length waits for room, however long.
func TestItWaitsForRoom(t *testing.T) {
	each(t, func(r *rooms) {
		whole := r.store
		url := r.serve(gives(bytesOf(1, 9*slice), ""))
		r.store = cramped{whole, 3 * slice}
		r.tasks, r.workers, r.tellers = r.process()
		seq := r.create(Request{URL: url})
		for range 2 * maxTries {
			r.run()
			r.Pass(time.Hour)
		}
		if s := r.status(ToDrive, seq); !s.State.Unfinished() || s.Tries != 0 || s.FailCode != "" {
			t.Errorf("%+v", s)
		}
		r.store = whole
		r.tasks, r.workers, r.tellers = r.process()
		r.run()
		r.holds(r.status(ToDrive, seq), bytesOf(1, 9*slice))
	})
}

// What has no length and no room is not fetched for ever.
func TestTheDiskIsTooSmall(t *testing.T) {
	each(t, func(r *rooms) {
		r.store = cramped{r.store, 3 * slice}
		r.tasks, r.workers, r.tellers = r.process()
		asked := new(requests)
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			asked.note(q)
			if err := http.NewResponseController(w).Flush(); err != nil { // its length is not told
				t.Error(err)
			}
			if _, err := w.Write(bytesOf(1, 9*slice)); err != nil {
				t.Log(err) // it was not read to the end
			}
		})
		s := r.fetch(Request{URL: url})
		if chinese, english := r.tasks.Words(s); s.State != queue.Failed || s.FailCode != NoDisk || chinese == "" || english == "" {
			t.Errorf("%+v", s)
		}
		if n := len(asked.list); n != maxTries {
			t.Errorf("asked %d times, want %d", n, maxTries)
		}
		r.nothingLeft()
	})
}

// A worker that lost its lease changes nothing, though what it fetches comes to an end.
func TestALostLease(t *testing.T) {
	each(t, func(r *rooms) {
		content := bytesOf(1, 2*slice)
		asked, letGo, first := make(chan struct{}), make(chan struct{}), true
		release := sync.OnceFunc(func() { close(letGo) })
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			if first {
				first = false
				w.Header().Set("Content-Length", fmt.Sprint(len(content)))
				w.WriteHeader(http.StatusOK)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				close(asked)
				<-letGo
				if _, err := w.Write(content); err != nil {
					t.Error(err)
				}
				return
			}
			gives(content, `"v"`)(w, q)
		})
		r.Cleanup(release)
		seq := r.create(Request{URL: url + "/a"})
		held, err := r.workers.Claim(r.Context())
		r.Must(err)
		ended := make(chan error)
		go func() { ended <- r.tasks.Run(r.Context(), held) }()
		<-asked
		for r.Number(`SELECT count(*) FROM offline_task WHERE blob_id > 0`) == 0 {
			// it renews its lease until it waits for bytes
		}
		r.Pass(time.Minute)
		other, workers, _ := r.process()
		if other == r.tasks {
			t.Fatal("it is the same")
		}
		if ran, err := workers.RunOnce(r.Context()); err != nil || !ran {
			t.Fatal(ran, err)
		}
		r.holds(r.status(ToDrive, seq), content)
		release()
		if err := <-ended; !fault.Is(err, fault.LeaseLost) {
			t.Errorf("the one that lost it: %v", err)
		}
		if n := r.Number(`SELECT count(*) FROM drive_entry WHERE class > 0`); n != 1 {
			t.Errorf("%d files", n)
		}
		r.Must(blob.SweepDoomed(r.Context(), r.DB, r.store))
		r.Must(r.store.Remove(r.Context(), blob.Key{Account: int64(r.Acc), ID: 1})) // staged by the other one late
		r.nothingLeft()
	})
}

// Content that the account is said to have, and is not there, is there again.
func TestLostContentComesAgain(t *testing.T) {
	each(t, func(r *rooms) {
		content := bytesOf(1, slice)
		url := r.serve(gives(content, `"v"`))
		first := r.fetch(Request{URL: url + "/a"})
		r.Must(r.store.Remove(r.Context(), blob.Key{Account: int64(r.Acc), ID: 1}))
		r.holds(r.fetch(Request{URL: url + "/b"}), content)
		r.holds(first, content)
	})
}

// What is on its way goes on; a database that goes on elsewhere begins anew.
func TestWhatIsOnItsWay(t *testing.T) {
	each(t, func(r *rooms) {
		content, asked := bytesOf(1, 3*slice), new(requests)
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			if n := asked.note(q); n < 3 {
				w = &breaks{w, 3 * slice / 2}
			}
			gives(content, `"v"`)(w, q)
		})
		seq := r.create(Request{URL: url})
		r.run()
		r.Pass(time.Hour)
		r.run()
		if s := r.status(ToDrive, seq); s.Bytes != 2*slice || !slices.Equal(asked.list, []string{"", "1024-"}) {
			t.Errorf("%+v, asked for %q", s, asked.list)
		}
		r.Must(r.tasks.ForgetStaged(r.Context()))
		if n := r.Number(`SELECT CAST(sum(reserved) AS BIGINT) FROM account`); n != 0 {
			t.Errorf("%d bytes are reserved", n)
		}
		r.Must(blob.SweepDoomed(r.Context(), r.DB, r.store))
		r.Pass(time.Hour)
		r.run()
		r.holds(r.status(ToDrive, seq), content)
		if asked.list[2] != "" {
			t.Errorf("asked for %q", asked.list)
		}
		r.nothingLeft()
	})
}

// A state of the hashes that can't be read is no reason to trust what came.
func TestAHashStateThatIsDamaged(t *testing.T) {
	each(t, func(r *rooms) {
		content, asked := bytesOf(1, 3*slice), new(requests)
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			if asked.note(q) == 1 {
				w = &breaks{w, 3 * slice / 2}
			}
			gives(content, `"v"`)(w, q)
		})
		seq := r.create(Request{URL: url})
		r.run()
		r.Exec(`UPDATE offline_task SET hash_state = $1`, []byte{7})
		r.Pass(time.Hour)
		r.run()
		r.holds(r.status(ToDrive, seq), content)
		r.nothingLeft()
	})
}

// What came for good and is no more comes again: nothing is published with a hole.
func TestWhatCameIsGone(t *testing.T) {
	for name, breaksAt := range map[string]int{"before the end": 3 * slice / 2, "at the end": 3 * slice} {
		t.Run(name, func(t *testing.T) {
			each(t, func(r *rooms) {
				content, asked := bytesOf(1, 3*slice), new(requests)
				url := r.serve(func(w http.ResponseWriter, q *http.Request) {
					if asked.note(q) == 1 && breaksAt < 3*slice {
						w = &breaks{w, breaksAt}
					}
					gives(content, `"v"`)(w, q)
				})
				seq := r.create(Request{URL: url})
				stops := &stopsCommits{Store: r.tasks.store}
				r.tasks.store = stops
				r.run()
				r.tasks.store = stops.Store
				r.Must(r.store.Remove(r.Context(), blob.Key{Account: int64(r.Acc), ID: 1}))
				for range 2 {
					r.Pass(time.Hour)
					r.run()
				}
				r.holds(r.status(ToDrive, seq), content)
				r.nothingLeft()
			})
		})
	}
}

// stopsCommits is a store that is away when it is to commit.
type stopsCommits struct{ blob.Store }

func (stopsCommits) Commit(context.Context, blob.Key, string, []blob.Part) error {
	return fault.New(fault.Unavailable, "test: commit")
}

// Attempts that keep dying end the task, and give back what it holds.
func TestAbandoned(t *testing.T) {
	each(t, func(r *rooms) {
		url := r.serve(func(w http.ResponseWriter, q *http.Request) {
			gives(bytesOf(1, 9*slice), `"v"`)(&breaks{w, slice + 1}, q)
		})
		seq := r.create(Request{URL: url, Callback: url})
		r.run()
		r.Pass(time.Hour)
		l, err := r.workers.Claim(r.Context())
		r.Must(err)
		r.Must(r.tasks.Abandon(r.Context(), l))
		if s := r.status(ToDrive, seq); s.State != queue.Failed || s.FailCode != Broken || s.TraceID == "" {
			t.Errorf("%+v", s)
		}
		r.nothingLeft()
		if n := r.Number(`SELECT count(*) FROM task WHERE kind = 3 AND state = 4`); n != 1 {
			t.Errorf("%d callbacks", n)
		}
	})
}

// Who asked is told of the end, as often as it takes and no longer than a day; nobody
// waits for that, and it outlives the process.
func TestCallbacks(t *testing.T) {
	each(t, func(r *rooms) {
		var got []string
		status, mu := http.StatusInternalServerError, new(sync.Mutex)
		listener := r.serve(func(w http.ResponseWriter, q *http.Request) {
			b, err := io.ReadAll(q.Body)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, q.Method+" "+string(bytes.TrimSpace(b)))
			w.WriteHeader(status)
		})
		url := r.serve(gives(pictureOf(1, slice), `"v"`))
		bad := r.serve(http.NotFound)
		one := r.fetch(Request{URL: url + "/a.png", Callback: listener})
		r.rests(r.workers)
		tell := func() {
			t.Helper()
			if ran, err := r.tellers.RunOnce(r.Context()); err != nil || !ran {
				t.Fatal(ran, err)
			}
		}
		tell()
		r.rests(r.tellers)
		r.Pass(time.Hour)
		_, _, r.tellers = r.process()
		status = http.StatusNoContent
		tell()
		two := r.fetch(Request{Dest: ToBed, URL: url + "/a.png", Callback: listener})
		tell()
		r.fetch(Request{URL: bad, Callback: listener})
		tell()
		r.Pass(time.Hour)
		r.rests(r.tellers)
		want := []string{
			fmt.Sprintf(`POST {"url":"%s/a.png","status":0,"failReason":"","fileReason":"","fileID":%s}`, url, one.ResultID),
			fmt.Sprintf(`POST {"url":"%s/a.png","status":0,"failReason":"","fileReason":"","fileID":%s}`, url, one.ResultID),
			fmt.Sprintf(`POST {"url":"%s/a.png","status":0,"failReason":"","fileReason":"","fileID":"%s"}`, url, two.ResultID),
			fmt.Sprintf(`POST {"url":"%s","status":1,"failReason":"对方服务器返回404","fileReason":"对方服务器返回404","fileID":0}`, bad),
		}
		if !slices.Equal(got, want) {
			t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		// One that never listens.
		got, status = nil, http.StatusForbidden
		r.fetch(Request{URL: url, Callback: listener})
		var waited time.Duration
		for r.Number(`SELECT count(*) FROM task WHERE kind = 3 AND state IN (1, 4)`) > 0 {
			if ran, err := r.tellers.RunOnce(r.Context()); err != nil {
				t.Fatal(err)
			} else if !ran {
				r.Pass(time.Minute)
				waited += time.Minute
			}
		}
		if len(got) != callTries || waited < 20*time.Hour || waited > 36*time.Hour {
			t.Errorf("told %d times in %v", len(got), waited)
		}
	})
}

// Tasks that ended long ago are removed, those first of which nobody is to be told.
func TestOldTasksAreRemoved(t *testing.T) {
	each(t, func(r *rooms) {
		listener := r.serve(func(http.ResponseWriter, *http.Request) {})
		url := r.serve(gives([]byte("x"), `"v"`))
		r.fetch(Request{URL: url})
		r.fetch(Request{URL: url, Callback: listener})
		last := r.create(Request{URL: url})
		r.Pass(48 * time.Hour)
		left := func(want int64) {
			t.Helper()
			r.Must(r.tasks.SweepEnded(r.Context(), 24*time.Hour))
			if n := r.Number(`SELECT count(*) FROM task`); n != want || r.Number(`SELECT count(*) FROM offline_task`) > n {
				t.Errorf("%d tasks are left, want %d", n, want)
			}
		}
		left(3)
		if ran, err := r.tellers.RunOnce(r.Context()); err != nil || !ran {
			t.Fatal(ran, err)
		}
		left(3)
		r.Pass(48 * time.Hour)
		left(1)
		r.status(ToDrive, last)
	})
}

func TestLists(t *testing.T) {
	each(t, func(r *rooms) {
		for n := range 5 {
			r.create(Request{Dest: Dest(n%2 + 1), URL: fmt.Sprintf("http://127.0.0.1/%d", n)})
		}
		var got []string
		for before, more := Seq(0), true; more; {
			var list []Status
			var err error
			list, more, err = r.tasks.List(r.Context(), r.Acc, before, 2)
			r.Must(err)
			for _, s := range list {
				got = append(got, fmt.Sprint(s.Dest, " ", s.URL[len("http://127.0.0.1"):]))
				before = Seq(s.Seq)
			}
		}
		if want := []string{"drive /4", "bed /3", "drive /2", "bed /1", "drive /0"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}

// Every code has its words in both languages.
func TestEveryCodeHasItsWords(t *testing.T) {
	d := &Downloads{imageSize: 100 << 20}
	for _, code := range []FailCode{
		NotAnImage, Empty, TooLarge, NoTarget, TooDeep, NoQuota, Full, Broken, FailCode(fetch.Refused), FailCode(fetch.BadURL), FailCode(fetch.TooManyRedirects),
		FailCode(fetch.NoSuchHost), FailCode(fetch.BadCertificate), FailCode(fetch.BadStatus), FailCode(fetch.Busy), FailCode(fetch.BadRange),
		FailCode(fetch.BadEncoding), FailCode(fetch.Stalled), FailCode(fetch.Network),
	} {
		zh, en := d.words(code, 404, ToBed)
		if zh == "" || en == "" || strings.Contains(zh+en, "%") {
			t.Errorf("%s: %q, %q", code, zh, en)
		}
	}
	if zh, en := d.words(TooLarge, 0, ToBed); zh != "文件超过100M" || en != "the file is larger than 100M" {
		t.Errorf("%s, %s", zh, en)
	}
	if zh, _ := d.words(TooLarge, 0, ToDrive); zh != "文件超过10G" {
		t.Error(zh)
	}
}
