package crash

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/client"
)

// source is a server of a stranger: what it gives is known by the path, and so is how it
// gives it. Who posts to it tells it of an end.
type source struct {
	url    string
	wentOn atomic.Int64 // answers that began where another one broke

	mu    sync.Mutex
	asked map[string]int
	told  map[string][]ending
}

// ending is what is told of a download.
type ending struct {
	URL    string          `json:"url"`
	Status int             `json:"status"`
	Reason string          `json:"failReason"`
	FileID json.RawMessage `json:"fileID"`
}

// opened is what servers are told, so that they ask there.
var opened = []string{"--fetch-allow", "127.0.0.0/8"}

func newSource(t *testing.T) *source {
	s := &source{asked: make(map[string]int), told: make(map[string][]ending)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// manners are how a URL behaves; some bring nothing.
var manners = []string{"plain", "plain", "plain", "cut", "busy", "endless", "large", "missing", "inside", "text"}

// contentAt is what a path gives.
func contentAt(path string) []byte {
	sum := sha256.Sum256([]byte(path))
	b := make([]byte, 40+int(sum[0])*12)
	if mannerOf(path) == "large" {
		b = make([]byte, sliceSize+1000)
	}
	_, _ = rand.NewChaCha8(sum).Read(b) // never fails
	if mannerOf(path) != "text" {
		copy(b, "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06\x00\x00\x00")
	}
	return b
}

func mannerOf(path string) string { return strings.Split(path, "/")[1] }

// ServeHTTP answers the path /MANNER/NAME.
func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	s.mu.Lock()
	s.asked[path]++
	first := s.asked[path] == 1
	s.mu.Unlock()
	if r.Method == http.MethodPost {
		var e ending
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(b, &e)
		}
		switch {
		case err != nil: // whoever told it was killed
			w.WriteHeader(http.StatusBadRequest)
		case first && mannerOf(path) == "deaf":
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			s.mu.Lock()
			s.told[path] = append(s.told[path], e)
			s.mu.Unlock()
		}
		return
	}
	b := contentAt(path)
	w.Header().Set("Etag", `"`+etagOf(b)+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	if r.Header.Get("Range") != "" {
		s.wentOn.Add(1)
	}
	switch manner := mannerOf(path); {
	case manner == "missing":
		w.WriteHeader(http.StatusNotFound)
	case manner == "inside":
		http.Redirect(w, r, "http://10.0.0.1/secret", http.StatusFound)
	case manner == "busy" && first:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	case (manner == "cut" || manner == "large") && first: // of a large one the first slice has come
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b[:len(b)-20]) // whoever asked may be gone
		panic(http.ErrAbortHandler)
	case manner == "endless": // nobody knows how long it is
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(b)
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
}

// fetching is a URL that a person has asked for once, whatever was answered.
type fetching struct {
	url, name string
	bed       bool
	content   []byte
	fail      string // the code of its end; "" where it is to be there
	callback  string // the path that is told of the end; "" for none
	task      int64  // 0 where no answer came
}

// fetch makes up what to ask for.
func (p *person) fetch(rng *rand.Rand, n int) *fetching {
	manner := manners[rng.IntN(len(manners))]
	f := &fetching{name: fmt.Sprintf("fetched %d.png", n), bed: rng.IntN(3) == 0}
	if manner == "large" && n >= 20*p.w.large { // they take their time
		manner = "cut"
	}
	path := fmt.Sprintf("/%s/%s-%d.png", manner, p.name, n)
	f.url = p.w.source.url + path
	switch {
	case manner == "missing":
		f.fail = "bad_status"
	case manner == "inside":
		f.fail = "address_refused"
	case manner == "text" && f.bed:
		f.fail = "not_an_image"
	default:
		f.content = contentAt(path)
	}
	switch rng.IntN(16) {
	case 0:
		f.callback = fmt.Sprintf("/deaf/%s-%d", p.name, n)
	case 1, 2, 3, 4, 5, 6, 7:
		f.callback = fmt.Sprintf("/hears/%s-%d", p.name, n)
	}
	return f
}

// The folders that everything is fetched into; the servers make that of the drive.
const (
	fetchedDrive = "fetched/here"
	fetchedBed   = "fetched"
)

// fetches has URLs fetched, a few at a time.
func (p *person) fetches(ctx context.Context, rng *rand.Rand) {
	var open []*fetching
	for n := 0; p.w.going(); n++ {
		f := p.fetch(rng, n)
		q := client.OfflineRequest{URL: f.url, Name: f.name}
		if f.callback != "" {
			q.Callback = p.w.source.url + f.callback
		}
		create := p.Offline
		if q.Path = fetchedDrive; f.bed {
			q.Folder, q.Path, create = p.fetched, "", p.BedOffline
		}
		task, err := create(ctx, q)
		verdict := p.settle("offline", err)
		if verdict == refused {
			continue
		}
		if verdict == fine {
			f.task = task
			open = append(open, f)
		}
		p.fetchings = append(p.fetchings, f) // nobody else looks before the end
		for p.w.going() && len(open) > 4 {
			open = p.unfetched(ctx, open)
			p.w.wait(2 * pollEvery)
		}
	}
}

// unfetched are those that have not come to their end.
func (p *person) unfetched(ctx context.Context, list []*fetching) (left []*fetching) {
	for _, f := range list {
		process := p.OfflineProcess
		if f.bed {
			process = p.BedOfflineProcess
		}
		s, err := process(ctx, f.task)
		if p.settle("offline process", err) != fine || !s.Ended() {
			left = append(left, f)
			continue
		}
		p.w.ended.Add(1)
		p.ends(f, s)
	}
	return left
}

// ends holds an end against what was to come.
func (p *person) ends(f *fetching, s client.OfflineState) {
	if s.FailCode != f.fail || (f.fail == "") != (s.Status == client.OfflineDone) || (f.fail == "") != (s.ID() != "") {
		p.w.problem("%s: %s, to end with %q, is %+v, file %s", p.name, f.url, f.fail, s, s.FileID)
		return
	}
	if f.fail == "" && (s.Filename != f.name || s.Bytes != int64(len(f.content))) {
		p.w.problem("%s: %s is %s with %d bytes, not %s with %d", p.name, f.url, s.Filename, s.Bytes, f.name, len(f.content))
	}
}

// allFetched holds what everybody asked for against what is there: of each URL there is at
// most one download, exactly one where that was answered; each has ended, with its one
// file or image or with none; and who wanted to know was told.
func (w *world) allFetched() {
	w.t.Helper()
	tasks, told := 0, 0
	for _, p := range w.people {
		byURL := make(map[string]client.OfflineTask)
		for last := int64(0); last >= 0; {
			page, err := p.OfflineList(w.ctx, last, 100)
			if err != nil {
				w.t.Fatal(err)
			}
			for _, task := range page.List {
				if other, twice := byURL[task.URL]; twice {
					w.t.Errorf("%s: downloads %d and %d are of one URL", p.name, other.TaskID, task.TaskID)
				}
				byURL[task.URL] = task
			}
			last = page.LastTaskID
		}
		files, images := p.whatIsFetched()
		for _, f := range p.fetchings {
			task, there := byURL[f.url]
			delete(byURL, f.url)
			if !there && f.task == 0 {
				continue // it did not come so far
			}
			if !there || f.task != 0 && task.TaskID != f.task || !task.Ended() {
				w.t.Errorf("%s: download %d of %s is %+v", p.name, f.task, f.url, task)
				continue
			}
			tasks++
			p.ends(f, task.OfflineState)
			from := files
			if f.bed {
				from = images
			}
			if got := from[task.ID()]; f.fail == "" && (got.name != f.name || got.etag != etagOf(f.content)) {
				w.t.Errorf("%s: %s made %s, which is %+v", p.name, f.url, task.ID(), got)
			}
			delete(from, task.ID())
			if f.callback != "" {
				told += w.wasTold(f, task)
			}
		}
		if len(byURL)+len(files)+len(images) > 0 {
			w.t.Errorf("%s: made by nobody: downloads %v, files %v, images %v", p.name, byURL, files, images)
		}
	}
	w.t.Logf("%d downloads ended, %d ends were told, %d went on where they broke", tasks, told, w.source.wentOn.Load())
	if tasks == 0 || told == 0 {
		w.t.Error("nobody fetched anything, or nobody was told")
	}
}

type named struct{ name, etag string }

// whatIsFetched lists the two folders by id.
func (p *person) whatIsFetched() (files, images map[string]named) {
	p.w.t.Helper()
	files, images = make(map[string]named), make(map[string]named)
	folder, err := p.DriveTree().Resolve(p.w.ctx, "/"+fetchedDrive)
	if err != nil {
		p.w.t.Fatal(err)
	}
	for f, err := range p.ListAll(p.w.ctx, folder.FileID) {
		if err != nil {
			p.w.t.Fatal(err)
		}
		files[fmt.Sprint(f.FileID)] = named{f.Filename, f.Etag}
	}
	for i, err := range p.BedListAll(p.w.ctx, p.fetched) {
		if err != nil {
			p.w.t.Fatal(err)
		}
		images[i.FileID] = named{i.Filename, i.Etag}
	}
	return files, images
}

// wasTold wants an end to have been told, as it is, and counts how often.
func (w *world) wasTold(f *fetching, task client.OfflineTask) int {
	w.t.Helper()
	w.source.mu.Lock()
	defer w.source.mu.Unlock()
	list := w.source.told[f.callback]
	if len(list) == 0 {
		w.t.Errorf("nobody was told of the end of %s", f.url)
	}
	for _, e := range list {
		failed := 0
		if f.fail != "" {
			failed = 1
		}
		if e.URL != f.url || e.Status != failed || e.Reason != task.FailMessage || string(e.FileID) != string(task.FileID) {
			w.t.Errorf("of the end of %s was told %+v, file %s, it is %+v, file %s", f.url, e, e.FileID, task, task.FileID)
		}
	}
	return len(list)
}
