package transfer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
)

const (
	cachedFacts = 1 << 14  // images whose facts are kept in memory
	smallest    = 32 << 10 // bytes of a picture that is kept whole
	cachedBytes = 16 << 20 // bytes of such pictures in all

	// The picture behind a link can be changed in place, so the bare link is asked
	// again after an hour; one that names the content never is.
	cacheBare    = "public, max-age=3600, stale-while-revalidate=86400"
	cacheForever = "public, max-age=31536000, immutable"
)

// served is all that is the same for every request of a picture, made once.
type served struct {
	key     blob.Key
	size    int64
	shownAt time.Time
	version string // of a link that names the content
	links   links

	// Header values, to be shared between requests and never changed.
	etag, contentType, length, modified, policy []string
}

var (
	nosniff       = []string{"nosniff"}
	bare          = []string{cacheBare}
	forever       = []string{cacheForever}
	ranges        = []string{"bytes"}
	anyOrigin     = []string{"*"}
	crossResource = []string{"cross-origin"}
	locked        = []string{picture.Policy("")}
	forSVG        = []string{picture.Policy(picture.SVG.Type())}
)

// build makes what is served of an image's facts.
func (t *Transfer) build(_ context.Context, f imagebed.Facts) (*served, error) {
	if !f.Published {
		return nil, fault.New(fault.NotFound, "transfer: not published")
	}
	policy := locked
	if f.Type == picture.SVG.Type() {
		policy = forSVG
	}
	etag := `"` + f.Etag + `"`
	return &served{
		key: blob.Key{Account: int64(f.Account), ID: f.BlobID}, size: f.Size, shownAt: f.ShownAt, version: etag[1:min(9, len(etag)-1)],
		etag: []string{etag}, contentType: []string{f.Type}, length: []string{strconv.FormatInt(f.Size, 10)},
		modified: []string{f.ShownAt.UTC().Format(http.TimeFormat)}, policy: policy,
	}, nil
}

// Picture serves GET and HEAD of /i/{id}.{ext}; the ending is ignored.
func (t *Transfer) Picture(w http.ResponseWriter, r *http.Request) {
	if t.Watch == nil {
		t.picture(w, r)
		return
	}
	began, result := time.Now(), brokenOff
	defer func() { t.Watch("/i", result, time.Since(began)) }()
	result = t.picture(w, r)
}

func (t *Transfer) picture(w http.ResponseWriter, r *http.Request) (result string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 wrong_method", http.StatusMethodNotAllowed)
		return string(fault.WrongMethod)
	}
	name := strings.TrimPrefix(r.URL.Path, "/i/")
	if dot := strings.IndexByte(name, '.'); dot >= 0 {
		name = name[:dot]
	}
	p, err := t.pictures.Get(r.Context(), imagebed.ID(name))
	if err != nil {
		return t.fail(w, r, err)
	}
	h := w.Header()
	h["Etag"] = p.etag
	h["Content-Type"] = p.contentType
	h["Last-Modified"] = p.modified
	h["X-Content-Type-Options"] = nosniff
	h["Content-Security-Policy"] = p.policy
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Cross-Origin-Resource-Policy"] = crossResource
	h["Cache-Control"] = bare
	if r.URL.RawQuery != "" && r.URL.Query().Get("v") == p.version {
		h["Cache-Control"] = forever
	}
	if t.linker != nil && p.mayLead() {
		return t.redirect(w, r, p)
	}
	if p.size <= smallest {
		return t.small(w, r, p)
	}
	return t.large(w, r, p)
}

// plain says that a request wants the whole picture, whatever it has.
func plain(r *http.Request) bool {
	h := r.Header
	return r.Method == http.MethodGet && len(h["Range"]) == 0 && len(h["If-None-Match"]) == 0 &&
		len(h["If-Modified-Since"]) == 0 && len(h["If-Match"]) == 0 && len(h["If-Unmodified-Since"]) == 0
}

func (t *Transfer) small(w http.ResponseWriter, r *http.Request, p *served) (result string) {
	b, from := t.bytes.get(p.key), &t.counts.memory
	if b == nil {
		from = &t.counts.store
		object, err := t.open(r.Context(), p.key, p.size)
		if err != nil {
			return t.fail(w, r, err)
		}
		b = make([]byte, p.size)
		_, err = io.ReadFull(object, b)
		t.close(object)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // cut short under our hands
			err = fault.Because(fault.ContentMissing, "transfer: read picture", err)
		}
		if err != nil {
			return t.fail(w, r, err)
		}
		t.bytes.put(p.key, b)
	}
	if !plain(r) {
		return t.part(w, r, p, strings.NewReader(string(b)), from)
	}
	w.Header()["Content-Length"] = p.length
	w.Header()["Accept-Ranges"] = ranges
	from.Add(1)
	n, err := w.Write(b)
	t.counts.bytes.Add(int64(n))
	if err != nil {
		t.Log.Debug("transfer: client gone", "err", err)
	}
	return done
}

// has says that a request is for nothing but that the asker has the picture already.
func has(r *http.Request, p *served) bool {
	return r.Method == http.MethodGet && r.Header.Get("If-None-Match") == p.etag[0] && r.Header.Get("If-Match") == ""
}

func (t *Transfer) notModified(w http.ResponseWriter) (result string) {
	delete(w.Header(), "Content-Type")
	w.WriteHeader(http.StatusNotModified)
	t.counts.unchanged.Add(1)
	return unchanged
}

func (t *Transfer) large(w http.ResponseWriter, r *http.Request, p *served) (result string) {
	if has(r, p) {
		return t.notModified(w)
	}
	object, err := t.open(r.Context(), p.key, p.size)
	if err != nil {
		return t.fail(w, r, err)
	}
	defer t.close(object)
	send := t.sender(w, r)
	if !plain(r) {
		return t.part(w, r, p, object, &t.counts.store)
	}
	t.counts.store.Add(1)
	w.Header()["Content-Length"] = p.length
	w.Header()["Accept-Ranges"] = ranges
	// The kernel copies the file by itself, all of it: it must be seen to be a file,
	// its length be known, and the head be gone (else net/http reads the start of
	// the file into the head's packet).
	var src io.Reader = object
	if f := file(object); f != nil {
		src = f
	}
	if err := send.rc.Flush(); err != nil {
		t.Log.Debug("transfer: client gone", "err", err)
		return done
	}
	n, err := send.send(src, p.size)
	t.counts.bytes.Add(n)
	t.ended(r, object)
	if err != nil {
		t.Log.Debug("transfer: client gone", "err", err)
	}
	return done
}

// part answers a request that may want less than the whole picture.
func (t *Transfer) part(w http.ResponseWriter, r *http.Request, p *served, content io.ReadSeeker, from *atomic.Int64) (result string) {
	send := t.sender(w, r)
	c := &counted{ResponseWriter: send, sent: &t.counts.bytes}
	send.serve(c, r, p.shownAt, content)
	t.ended(r, content)
	switch c.status {
	case http.StatusNotModified:
		t.counts.unchanged.Add(1)
		return unchanged
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return string(fault.BadRequest)
	}
	from.Add(1)
	return done
}

// counts are what pictures were answered, see Counts.
type counts struct{ memory, store, unchanged, redirected, bytes atomic.Int64 }

// Counts are the figures of published pictures since the start.
type Counts struct {
	FromMemory int64 // answered with content kept in memory
	FromStore  int64 // answered with content of the store
	Unchanged  int64 // answered without content: the asker has it
	Redirected int64 // sent on to the store
	Bytes      int64 // of content sent
	Unknown    int64 // times that memory did not know the facts of a picture
}

// Counts answers the figures as they are now.
func (t *Transfer) Counts() Counts {
	return Counts{
		FromMemory: t.counts.memory.Load(), FromStore: t.counts.store.Load(), Unchanged: t.counts.unchanged.Load(),
		Redirected: t.counts.redirected.Load(), Bytes: t.counts.bytes.Load(), Unknown: t.pictures.Misses(),
	}
}

// counted counts the bytes of an answer.
type counted struct {
	http.ResponseWriter
	sent   *atomic.Int64
	status int
}

func (c *counted) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

// ReadFrom leaves copying to the server's writer, which has a buffer for it.
func (c *counted) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(c.ResponseWriter, r)
	c.sent.Add(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// byteCache keeps small pictures whole, up to cachedBytes. Content never changes
// under its key, so nothing has to be forgotten.
type byteCache struct {
	mu   sync.RWMutex
	m    map[blob.Key][]byte
	size int
}

func (c *byteCache) get(k blob.Key) []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.m[k]
}

func (c *byteCache) put(k blob.Key, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = make(map[blob.Key][]byte)
	}
	if _, ok := c.m[k]; ok {
		return
	}
	for old, v := range c.m { // any: the order of a map is random
		if c.size+len(b) <= cachedBytes {
			break
		}
		delete(c.m, old)
		c.size -= len(v)
	}
	c.m[k] = b
	c.size += len(b)
}
