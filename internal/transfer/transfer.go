// Package transfer is the door for raw bytes: presigned uploads in, signed
// downloads, direct links and published pictures out. It promises that whatever a stranger
// uploaded is served harmlessly, and that published pictures are served without a
// database read or an allocation that could be done once. It speaks no JSON.
package transfer

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/direct"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
	"tuchuang/internal/upload"
)

// Options are what the door needs.
type Options struct {
	Accounts *account.Accounts
	Drive    *drive.Drive
	Bed      *imagebed.Bed
	Uploads  *upload.Uploads
	Store    blob.Store
	Links    *direct.Links
	Log      *slog.Logger

	// ClientAddr is who sent a request.
	ClientAddr func(*http.Request) string

	// Redirect sends those who want a published picture to the store, where that is a
	// blob.Linker.
	Redirect bool

	// Watch, where it is set, is told of every answer: its route, a word of ours, the
	// word of the result, and the time it took.
	Watch func(route, result string, took time.Duration)
}

// Transfer is the door.
type Transfer struct {
	Options
	pictures *imagebed.Cache[*served]
	bytes    byteCache
	counts   counts
	linker   blob.Linker // nil: pictures are streamed
}

// New makes the door.
func New(o Options) *Transfer {
	t := &Transfer{Options: o}
	if o.Redirect {
		t.linker, _ = o.Store.(blob.Linker)
	}
	t.pictures = imagebed.NewCache(o.Bed, cachedFacts, t.build)
	return t
}

// Routes hangs the door's paths into a mux; of the published pictures only
// Picture.
func (t *Transfer) Routes(mux *http.ServeMux) {
	mux.HandleFunc("PUT /upload/put/{account}/{upload}/{slice}", t.watched("/upload/put", t.put))
	mux.HandleFunc("GET "+direct.Prefix+"{account}/{path...}", t.watched("/dl", t.direct))
	mux.HandleFunc("GET /dl-log/{account}/{hour}/{sign}/{name...}", t.watched("/dl-log", t.directLog))
	mux.HandleFunc("GET /d/{account}/{file}/{sign}/{name...}", t.watched("/d", t.download))
	mux.HandleFunc("GET /z/{account}/{files}/{sign}/{name...}", t.watched("/z", t.archive))
}

// done and unchanged are the results of what went well; the others are words of
// fault's.
const (
	done      = "ok"
	unchanged = "unchanged"

	// brokenOff is the result of what does not return, see ended.
	brokenOff = string(fault.Unavailable)
)

// watched tells of what a handler answered.
func (t *Transfer) watched(route string, h func(http.ResponseWriter, *http.Request) (result string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if t.Watch == nil {
			h(w, r)
			return
		}
		began, result := time.Now(), brokenOff
		defer func() { t.Watch(route, result, time.Since(began)) }()
		result = h(w, r)
	}
}

// put takes a slice from a presigned URL. Neither a token nor any header is asked
// for; success is 200 with an empty body.
func (t *Transfer) put(w http.ResponseWriter, r *http.Request) (result string) {
	acc, ok := number(r.PathValue("account"))
	no, ok2 := number(r.PathValue("slice"))
	err := t.Accounts.Verify(r.Context(), account.ID(acc), r.URL.Query().Get("sign"), "PUT "+r.URL.Path)
	if err == nil && !(ok && ok2) {
		err = fault.New(fault.BadSignature, "transfer: put")
	}
	if err == nil {
		err = t.Uploads.Slice(r.Context(), account.ID(acc), upload.ToEither, r.PathValue("upload"), no, r.Body, "")
	}
	if err != nil {
		return t.fail(w, r, err)
	}
	return done
}

// download gives a drive file to whoever has its signed URL.
func (t *Transfer) download(w http.ResponseWriter, r *http.Request) (result string) {
	acc, ok := number(r.PathValue("account"))
	id, ok2 := number(r.PathValue("file"))
	err := t.Accounts.Verify(r.Context(), account.ID(acc), r.PathValue("sign"), "GET /d/"+r.PathValue("account")+"/"+r.PathValue("file"))
	if err == nil && !(ok && ok2) {
		err = fault.New(fault.BadSignature, "transfer: download")
	}
	if err != nil {
		return t.fail(w, r, err)
	}
	c, err := t.Drive.Content(r.Context(), account.ID(acc), drive.ID(id))
	if err != nil {
		return t.fail(w, r, err)
	}
	object, err := t.open(r.Context(), blob.Key{Account: acc, ID: c.BlobID}, c.Size)
	if err != nil {
		return t.fail(w, r, err)
	}
	defer t.close(object)
	h := w.Header()
	h.Set("Content-Type", picture.ServeType(c.Type, picture.ExtOfName(c.Name)))
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+headerText(c.Name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", picture.Policy(""))
	h.Set("Etag", `"`+c.Etag+`"`)
	h.Set("Cache-Control", "private, max-age=3600")
	send := t.sender(w, r)
	send.serve(send, r, c.UpdatedAt, object)
	t.ended(r, object)
	return done
}

// headerText escapes a name for a header's parameter (RFC 8187), where fewer
// characters may stand as they are than in a path.
func headerText(name string) string {
	return strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

func (t *Transfer) close(c io.Closer) {
	if err := c.Close(); err != nil {
		t.Log.Warn("transfer: close", "err", err)
	}
}

// retryAfter is when to ask again what can't be had now, in seconds.
const retryAfter = "3"

// statuses are the answers to faults where no envelope is expected.
var statuses = map[fault.Code]int{
	fault.NotFound:       http.StatusNotFound,
	fault.TooManyEntries: http.StatusBadRequest,
	fault.PathTooLong:    http.StatusBadRequest,
	fault.Blocked:        http.StatusNotFound,
	fault.UploadNotFound: http.StatusNotFound,
	fault.ContentMissing: http.StatusNotFound,
	fault.BadSignature:   http.StatusForbidden,
	fault.Disabled:       http.StatusForbidden,
	fault.AddressBlocked: http.StatusForbidden,
	fault.BadSlice:       http.StatusBadRequest,
	fault.BadBody:        http.StatusBadRequest,
	fault.HashMismatch:   http.StatusBadRequest,
	fault.Canceled:       http.StatusBadRequest,
	fault.DiskFull:       http.StatusInsufficientStorage,
	fault.Unavailable:    http.StatusServiceUnavailable,
}

// fail answers an error. What is ours is logged under the number that the answer
// carries. Content that is not there is logged and nothing else: it may be a disk
// that is not mounted, and a stranger's request is no reason to write.
func (t *Transfer) fail(w http.ResponseWriter, r *http.Request, err error) (result string) {
	return t.failAs(w, r, err, fault.CodeOf(err))
}

// failAs is fail for who is to see another code than what is logged and counted.
func (t *Transfer) failAs(w http.ResponseWriter, r *http.Request, err error, shown fault.Code) (result string) {
	code := fault.CodeOf(err)
	status, ok := statuses[shown]
	if !ok {
		status = http.StatusInternalServerError
	}
	h := w.Header()
	for name := range h {
		delete(h, name)
	}
	if status >= 500 || code == fault.ContentMissing {
		trace := rand.Text()
		if shown == code {
			h.Set("X-Trace-Id", trace)
		}
		// Not the path: a signed one is a secret while it lives.
		t.Log.Error("transfer: "+r.Method, "trace", trace, "err", err)
	}
	if shown == fault.Unavailable {
		h.Set("Retry-After", retryAfter)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	http.Error(w, strconv.Itoa(status)+" "+string(shown), status)
	return string(code)
}

func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0 && !strings.HasPrefix(s, "+")
}
