package fetch

import (
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// validator is what If-Range takes: an ETag that says the bytes are equal, else the time
// of the last change where that was well before the answer: within one second there may
// be two changes, see RFC 9110, 8.8.2.2.
func validator(h http.Header) string {
	if e := h.Get("Etag"); len(e) <= maxValidator && etagForm.MatchString(e) {
		return e
	}
	if t := h.Get("Last-Modified"); len(t) <= maxValidator {
		changed, err := http.ParseTime(t)
		answered, noDate := http.ParseTime(h.Get("Date"))
		if err == nil && noDate == nil && answered.Sub(changed) >= strongAfter {
			return t
		}
	}
	return ""
}

const (
	maxValidator = 1 << 10     // bytes
	strongAfter  = time.Minute // as the clocks of one server may differ
)

// etagForm is that of RFC 9110 without bytes that are no ASCII.
var etagForm = regexp.MustCompile(`^"[!#-~]*"$`)

var rangeForm = regexp.MustCompile(`^bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})$`)

// contentRange reads where a part begins and how long the whole is. Parts that do not
// reach to the end are none that we asked for.
func contentRange(s string) (first, total int64, ok bool) {
	m := rangeForm.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, false
	}
	var n [3]int64
	for i := range n {
		n[i], _ = strconv.ParseInt(m[i+1], 10, 64) // 18 digits are a number
	}
	return n[0], n[2], n[1] == n[2]-1 && n[0] <= n[1]
}

var looseName = regexp.MustCompile(`(?i)(?:^|[;\s])filename\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)`)

// nameOf is the name in Content-Disposition, in each of the forms that servers write:
// RFC 6266 with filename* of RFC 5987, encoded words, percent signs, bare UTF-8.
func nameOf(h http.Header) string {
	s := h.Get("Content-Disposition")
	_, params, err := mime.ParseMediaType(s)
	name := params["filename"]
	if err != nil || name == "" {
		m := looseName.FindStringSubmatch(s)
		if m == nil {
			return ""
		}
		name = strings.Trim(strings.TrimSpace(m[1]), `"`)
	}
	if strings.HasPrefix(name, "=?") {
		if word, err := new(mime.WordDecoder).DecodeHeader(name); err == nil {
			name = word
		}
	}
	if !strings.Contains(s, "*=") && strings.Contains(name, "%") {
		if plain, err := url.PathUnescape(name); err == nil && utf8.ValidString(plain) {
			name = plain
		}
	}
	return name
}
