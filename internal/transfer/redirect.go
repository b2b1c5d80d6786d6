package transfer

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/fault"
)

// A redirect leads to the store by a signed link, which is made once and given until
// it has lived for a while. Whoever keeps the redirect keeps it for so long that the
// link is still good then, be the clocks as different as signatures allow.
const (
	linkLife   = time.Hour
	linkGiven  = 30 * time.Minute // from its beginning
	linkMargin = 10 * time.Minute // before its end

	// Of a proxy that many share nothing is wanted: it may answer HEAD with what it
	// keeps for GET, and a signature is for one of them.
	cacheLink = "private, max-age="

	// What the store says of the content. Under the link it never changes.
	cacheLinked = "private, max-age=3600"

	redirected = "redirected"
)

type link struct {
	url string
	end time.Time
}

// links are the last ones of a picture.
type links struct{ get, head atomic.Pointer[link] }

func (l *links) of(method string) *atomic.Pointer[link] {
	if method == http.MethodHead {
		return &l.head
	}
	return &l.get
}

// mayLead says whether the store may give a picture by itself: it can't send the headers
// that keep the script of an SVG from running.
func (p *served) mayLead() bool {
	kind := p.contentType[0]
	return strings.HasPrefix(kind, "image/") && kind != "image/svg+xml"
}

// redirect sends a request on to the store, which understands HEAD and Range.
func (t *Transfer) redirect(w http.ResponseWriter, r *http.Request, p *served) (result string) {
	if has(r, p) {
		return t.notModified(w)
	}
	kept, now := p.links.of(r.Method), time.Now()
	to := kept.Load()
	if to == nil || now.After(to.end.Add(linkGiven-linkLife)) {
		made, err := t.linker.Link(r.Context(), r.Method, p.key, blob.Headers{ContentType: p.contentType[0], CacheControl: cacheLinked}, linkLife)
		if err == nil && made.Size != p.size {
			err = wrongSize(p.key, made.Size, p.size)
		}
		if err != nil {
			return t.fail(w, r, err)
		}
		to = &link{made.URL, now.Add(linkLife)}
		kept.Store(to)
	}
	h := w.Header()
	for _, name := range []string{"Etag", "Last-Modified", "Content-Type"} { // of the content
		delete(h, name)
	}
	h.Set("Cache-Control", cacheLink+strconv.Itoa(int(to.end.Add(-linkMargin).Sub(now)/time.Second)))
	h.Set("Location", to.url)
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusTemporaryRedirect)
	t.counts.redirected.Add(1)
	return redirected
}

var errSize = errors.New("the store has another size than the row")

// wrongSize is what content is that can't be what its row says.
func wrongSize(key blob.Key, has, want int64) error {
	return fault.Because(fault.ContentMissing, "transfer: open "+key.String(), fmt.Errorf("%w: %d bytes, not %d", errSize, has, want))
}
