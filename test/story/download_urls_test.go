package story

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

func downloadURL(t *testing.T, u *harness.User, id int64) string {
	t.Helper()
	link, err := u.DownloadInfo(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// A signed URL works without a token, in parts, by HEAD, and names the file.
func TestDownloadWholeAndParts(t *testing.T) {
	_, u := writer(t)
	b := png(1, 200_000)
	folder := u.MkFolder(0, "相册")
	for _, tt := range []struct{ name, kind string }{
		{"图 片.png", "image/png"},
		{"it's 100% no;=&+#,'.PNG", "image/png"},
		{"page.html", "image/png"}, // by what it is
		{"no ending", "image/png"},
		{"emoji 🙂 日本語.jpg", "image/png"},
	} {
		id := u.PutFile(folder, tt.name, b)
		link := downloadURL(t, u, id)
		got := get(t, "GET", link)
		disposition, options, err := mime.ParseMediaType(got.header.Get("Content-Disposition"))
		if got.status != 200 || !bytes.Equal(got.body, b) || err != nil || disposition != "attachment" || options["filename"] != tt.name {
			t.Errorf("%s: %d, %d bytes, %q %v %v", tt.name, got.status, len(got.body), disposition, options, err)
		}
		if got.header.Get("Content-Type") != tt.kind || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Content-Security-Policy") != lockedDown {
			t.Errorf("%s: %v", tt.name, got.header)
		}
		// What follows the signature is for people alone.
		cut := link[:strings.LastIndex(link, "/")+1]
		for _, end := range []string{"", "x.exe", "a/b/c"} {
			if got := get(t, "GET", cut+end); got.status != 200 || !bytes.Equal(got.body, b) {
				t.Errorf("%s as %q: %d", tt.name, end, got.status)
			}
		}
	}
	id := u.PutFile(folder, "page.htm", []byte("<html><script>alert(1)</script>"))
	if got := get(t, "GET", downloadURL(t, u, id)); got.header.Get("Content-Type") != "application/octet-stream" || got.header.Get("Content-Disposition") == "" {
		t.Errorf("a page: %v", got.header)
	}
	link := downloadURL(t, u, u.PutFile(0, "parts.png", b))
	etag := `"` + harness.MD5(b) + `"`
	for _, tt := range []struct {
		method  string
		headers []string
		status  int
		body    []byte
	}{
		{"HEAD", nil, 200, nil},
		{"GET", []string{"Range", "bytes=100-199"}, 206, b[100:200]},
		{"GET", []string{"Range", "bytes=-1"}, 206, b[len(b)-1:]},
		{"HEAD", []string{"Range", "bytes=0-0"}, 206, nil},
		{"GET", []string{"Range", "bytes=200000-"}, 416, nil},
		{"GET", []string{"If-None-Match", etag}, 304, nil},
		{"GET", []string{"Range", "bytes=0-9", "If-Range", etag}, 206, b[:10]},
		{"GET", []string{"Authorization", "Bearer garbage", "Content-Type", "application/json"}, 200, b},
	} {
		got := get(t, tt.method, link, tt.headers...)
		if got.status != tt.status || tt.body != nil && !bytes.Equal(got.body, tt.body) {
			t.Errorf("%s %v: %d, %d bytes", tt.method, tt.headers, got.status, len(got.body))
		}
		if tt.method == "HEAD" && (len(got.body) > 0 || got.header.Get("Etag") != etag) {
			t.Errorf("HEAD: %v", got.header)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if got := get(t, method, link); got.status != 405 {
			t.Errorf("%s: %d", method, got.status)
		}
	}
}

// A URL that was forged, changed or has ended gives nothing, and neither does one
// for a slice.
func TestDownloadSignatures(t *testing.T) {
	s, u := writer(t)
	other := s.User("other")
	secret := []byte("top secret")
	id := u.PutFile(0, "a.txt", secret)
	theirs := other.PutFile(0, "b.txt", []byte("theirs"))
	link := downloadURL(t, u, id)
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(at.Path, "/") // "", d, account, file, sign, name
	with := func(n int, v string) string {
		p := append([]string(nil), parts...)
		p[n] = v
		return s.URL + strings.Join(p, "/")
	}
	expires, mac, _ := strings.Cut(parts[4], "-")
	var ended string
	inDB(t, s, func(d *db.DB) {
		a, err := account.Open(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if ended, err = a.Sign(t.Context(), account.ID(u.UID), -time.Second, "GET /d/"+parts[2]+"/"+parts[3]); err != nil {
			t.Fatal(err)
		}
	})
	upload := opened(t, u, "c.bin", noise{1, 10})
	put, err := u.UploadURL(t.Context(), upload, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, putSign, _ := strings.Cut(put, "sign=")
	for name, forged := range map[string]string{
		"another file":               with(3, fmt.Sprint(theirs)),
		"another account":            with(2, fmt.Sprint(other.UID)),
		"a later end":                with(4, "9"+expires[1:]+"-"+mac),
		"another signature":          with(4, expires+"-"+strings.Repeat("A", len(mac))),
		"half a signature":           with(4, expires+"-"+mac[:20]),
		"no signature":               with(4, "x"),
		"a signature that has ended": with(4, ended),
		"a slice's signature":        with(4, putSign),
		"a number written otherwise": with(3, "0"+parts[3]),
		"a sign before it":           with(3, "+"+parts[3]),
		"no number":                  with(3, "x"),
	} {
		got := get(t, "GET", forged)
		if got.status != 403 || bytes.Contains(got.body, secret) || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	// The same for slices: bound to upload, slice and method.
	target, err := url.Parse(put)
	if err != nil {
		t.Fatal(err)
	}
	sign := "?sign=" + putSign
	for name, forged := range map[string]string{
		"another slice":      strings.TrimSuffix(target.Path, "1") + "2" + sign,
		"another account":    strings.Replace(target.Path, fmt.Sprint(u.UID), fmt.Sprint(other.UID), 1) + sign,
		"another upload":     strings.Replace(target.Path, upload, strings.Repeat("A", 26), 1) + sign,
		"no signature":       target.Path,
		"a file's signature": target.Path + "?sign=" + parts[4],
	} {
		if got := get(t, "PUT", s.URL+forged); got.status != 403 {
			t.Errorf("PUT of %s: %d %s", name, got.status, got.body)
		}
	}
	if got := get(t, "PUT", s.URL+target.Path+sign); got.status != 400 { // an empty body is no slice
		t.Errorf("PUT of nothing: %d %s", got.status, got.body)
	}
	if err := u.Put(t.Context(), put, noise{1, 10}.content()); err != nil {
		t.Error(err)
	}
}

// What becomes of a URL when its file changes.
func TestDownloadOfChangedFiles(t *testing.T) {
	s, u := writer(t)
	b := []byte("content of a file")
	folder := u.MkFolder(0, "folder")
	id, inside := u.PutFile(0, "a.txt", b), u.PutFile(folder, "b.txt", []byte("inside"))
	link, below := downloadURL(t, u, id), downloadURL(t, u, inside)
	_, err := u.DownloadInfo(t.Context(), folder)
	refusedFor(t, err, fault.NotFile)

	// In the trash it can be looked at still, until it is deleted for good.
	trash(t, u, id, folder)
	for _, l := range []string{link, below} {
		if got := get(t, "GET", l); got.status != 200 {
			t.Errorf("in the trash: %d", got.status)
		}
	}
	if err := u.Delete(t.Context(), []int64{id, folder}); err != nil {
		t.Fatal(err)
	}
	for _, l := range []string{link, below} {
		if got := get(t, "GET", l); got.status != 404 {
			t.Errorf("deleted: %d", got.status)
		}
	}
	_, err = u.DownloadInfo(t.Context(), id)
	refusedFor(t, err, fault.NotFound)

	// A replaced file has another id: the old URL gives nothing, never other content.
	id = u.PutFile(0, "c.txt", []byte("first"))
	link = downloadURL(t, u, id)
	second := []byte("second")
	if _, err := u.Single(t.Context(), "", client.NewFile{Filename: "c.txt", Etag: harness.MD5(second), Size: 6, Duplicate: client.DuplicateOverwrite},
		client.Content{From: bytes.NewReader(second), Size: 6}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, "GET", link); got.status != http.StatusNotFound {
		t.Errorf("replaced: %d %s", got.status, got.body)
	}

	// The URLs of an account that is reset end with its other secrets.
	upload := opened(t, u, "e.bin", noise{1, 10})
	put, err := u.UploadURL(t.Context(), upload, 1)
	if err != nil {
		t.Fatal(err)
	}
	id = u.PutFile(0, "d.txt", b)
	link = downloadURL(t, u, id)
	s.Run("user", "reset", u.Name, "--data", s.Data)
	if got := get(t, "GET", link); got.status != 403 || bytes.Contains(got.body, b) {
		t.Errorf("reset: %d %s", got.status, got.body)
	}
	if got := get(t, "PUT", put); got.status != 403 {
		t.Errorf("PUT after a reset: %d %s", got.status, got.body)
	}
}

// The URLs of an account that is disabled end.
func TestDownloadFromADisabledAccount(t *testing.T) {
	s, u := writer(t)
	b := []byte("content of a file")
	link := downloadURL(t, u, u.PutFile(0, "d.txt", b))
	s.Run("user", "disable", u.Name, "--data", s.Data)
	if got := get(t, "GET", link); got.status != 403 || bytes.Contains(got.body, b) {
		t.Errorf("disabled: %d %s", got.status, got.body)
	}
}
