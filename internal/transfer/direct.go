package transfer

import (
	"net/http"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/direct"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// Whoever reads by a path may keep it, but asks each time whether it is still so: a link
// ends when its owner says so, and a path can come to lead to another file.
const (
	cacheAsk   = "no-cache"
	cacheMaybe = "private, no-cache" // some are refused

	// A browser that opens a film makes a page of its own around it, which is under the
	// policy too.
	mediaAllowed = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
)

// mediaTypes are what browsers play or show beside pictures, none of which runs scripts.
var mediaTypes = map[string]string{
	"mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "mov": "video/quicktime", "mkv": "video/x-matroska", "ogv": "video/ogg",
	"ts": "video/mp2t", "m3u8": "application/vnd.apple.mpegurl",
	"mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "flac": "audio/flac", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav",
	"vtt": "text/vtt", "txt": "text/plain",
}

// directType is what a file of a link is served as, whether it may be shown where it is
// opened, and under which policy. Nothing that a browser takes for a page comes out.
func directType(c direct.File) (kind, disposition, policy string) {
	ext := picture.ExtOfName(c.Name)
	kind = picture.ServeType(c.Type, ext)
	media, isMedia := mediaTypes[ext]
	switch {
	case strings.HasPrefix(kind, "image/"):
		return kind, "inline", picture.Policy(kind)
	case isMedia:
		return media, "inline", mediaAllowed
	}
	return kind, "attachment", picture.Policy("")
}

// direct gives a file below an enabled folder of the drive to whoever knows its path:
// GET /dl/{account}/{path...}.
func (t *Transfer) direct(w http.ResponseWriter, r *http.Request) (result string) {
	acc, ok := number(r.PathValue("account"))
	if !ok {
		return t.fail(w, r, fault.New(fault.NotFound, "transfer: direct"))
	}
	f, err := t.Links.Open(r.Context(), direct.Visit{
		Account: account.ID(acc), Path: r.PathValue("path"), Signed: []string{r.URL.Path, r.URL.EscapedPath()}, Keys: r.URL.Query()["auth_key"],
		Address: t.ClientAddr(r),
	})
	if err != nil {
		return t.failDirect(w, r, err)
	}
	object, err := t.open(r.Context(), blob.Key{Account: acc, ID: f.BlobID}, f.Size)
	if err != nil {
		return t.failDirect(w, r, err)
	}
	defer t.close(object)
	kind, disposition, policy := directType(f)
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition+"; filename*=UTF-8''"+headerText(f.Name))
	h["X-Content-Type-Options"] = nosniff
	h.Set("Content-Security-Policy", policy)
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Cross-Origin-Resource-Policy"] = crossResource
	h.Set("Etag", `"`+f.Etag+`"`)
	h.Set("Cache-Control", cacheMaybe)
	if f.Open {
		h.Set("Cache-Control", cacheAsk)
	}
	t.Links.Asked(account.ID(acc), f.ID)
	send := t.sender(w, r)
	send.sent = func(n int64) { t.Links.Sent(account.ID(acc), f.ID, n) }
	// Without a date: the file that has the path now may be older than the one before.
	send.serve(send, r, time.Time{}, object)
	t.ended(r, object)
	return done
}

// failDirect answers an error of a link. What can't be read is as what never was, whatever
// the reason: a stranger learns neither what is there nor what the operator has blocked.
func (t *Transfer) failDirect(w http.ResponseWriter, r *http.Request, err error) (result string) {
	shown := fault.CodeOf(err)
	switch shown {
	case fault.Disabled, fault.Blocked, fault.ContentMissing:
		shown = fault.NotFound
	}
	return t.failAs(w, r, err, shown)
}

// directLog gives what was read by an account's links in an hour to whoever has its
// signed URL: GET /dl-log/{account}/{hour}/{sign}/{name...}.
func (t *Transfer) directLog(w http.ResponseWriter, r *http.Request) (result string) {
	acc, ok := number(r.PathValue("account"))
	hour, ok2 := number(r.PathValue("hour"))
	err := t.Accounts.Verify(r.Context(), account.ID(acc), r.PathValue("sign"), "GET /dl-log/"+r.PathValue("account")+"/"+r.PathValue("hour"))
	if err == nil && !(ok && ok2) {
		err = fault.New(fault.BadSignature, "transfer: direct log")
	}
	if err != nil {
		return t.fail(w, r, err)
	}
	table, err := t.Links.File(r.Context(), account.ID(acc), direct.Hour(hour))
	if err != nil {
		return t.fail(w, r, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", "attachment")
	h["X-Content-Type-Options"] = nosniff
	h["Content-Security-Policy"] = locked
	h.Set("Cache-Control", "private, no-store")
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(table))
	return done
}
