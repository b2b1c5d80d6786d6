package story

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

func directURL(t *testing.T, u *harness.User, id int64) string {
	t.Helper()
	link, err := u.DirectURL(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// linked is a folder of the drive with direct links.
func linked(t *testing.T, u *harness.User, name string) int64 {
	t.Helper()
	folder := u.MkFolder(0, name)
	if got, err := u.DirectEnable(t.Context(), folder); err != nil || got != name {
		t.Fatal(got, err)
	}
	return folder
}

// A direct link works without a token, in parts, by HEAD, and shows what may be shown.
func TestDirectLinkServes(t *testing.T) {
	_, u := writer(t)
	b := png(1, 200_000)
	folder := linked(t, u, "直 链%2F")
	below := u.MkFolder(folder, "#1")
	const svgAllowed = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
	const svg = `<svg xmlns="http://www.w3.org/2000/svg"/>`
	const media = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
	for _, tt := range []struct {
		name, content, kind, disposition, policy string
	}{
		{"图 片.png", string(b), "image/png", "inline", lockedDown},
		{"it's 100% no;=&+#,'.PNG", string(b), "image/png", "inline", lockedDown},
		{"page.html", string(b), "image/png", "inline", lockedDown}, // by what it is
		{"a.svg", svg, "image/svg+xml", "inline", svgAllowed},
		{"page.htm", "<html><script>alert(1)</script>", "application/octet-stream", "attachment", lockedDown},
		{"PAGE.HTML", "<html>", "application/octet-stream", "attachment", lockedDown},
		{"page.xhtml", `<html xmlns="http://www.w3.org/1999/xhtml"/>`, "application/octet-stream", "attachment", lockedDown},
		{"data.xml", "<?xml version='1.0'?><a/>", "application/octet-stream", "attachment", lockedDown},
		{"run.js", "alert(1)", "application/octet-stream", "attachment", lockedDown},
		{"no ending", "<html>", "application/octet-stream", "attachment", lockedDown},
		{"film.MP4", "<html>", "video/mp4", "inline", media},
		{"song.mp3", "<html>", "audio/mpeg", "inline", media},
		{"text.txt", "<html>", "text/plain", "inline", media},
		{"empty.txt", "", "text/plain", "inline", media},
	} {
		link := directURL(t, u, u.PutFile(below, tt.name, []byte(tt.content)))
		got := get(t, "GET", link)
		h := got.header
		disposition, options, err := mime.ParseMediaType(h.Get("Content-Disposition"))
		if got.status != 200 || string(got.body) != tt.content || err != nil || disposition != tt.disposition || options["filename"] != tt.name {
			t.Errorf("%s: %d, %d bytes, %q %v %v", tt.name, got.status, len(got.body), disposition, options, err)
		}
		if h.Get("Content-Type") != tt.kind || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != tt.policy ||
			h.Get("Cache-Control") != "no-cache" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Last-Modified") != "" || h.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", tt.name, h)
		}
	}
	link := directURL(t, u, u.PutFile(folder, "parts.png", b))
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
		{"GET", []string{"If-Match", `"another"`}, 412, nil},
		{"GET", []string{"Range", "bytes=0-9", "If-Range", etag}, 206, b[:10]},
		{"GET", []string{"Range", "bytes=0-9", "If-Range", `"another"`}, 200, b},
		{"GET", []string{"If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}, 200, b}, // the path may lead to an older file by now
		{"GET", []string{"Authorization", "Bearer garbage"}, 200, b},
		{"POST", nil, 405, nil},
		{"PUT", nil, 405, nil},
	} {
		got := get(t, tt.method, link, tt.headers...)
		if got.status != tt.status || tt.body != nil && !bytes.Equal(got.body, tt.body) {
			t.Errorf("%s %v: %d, %d bytes", tt.method, tt.headers, got.status, len(got.body))
		}
	}
	u.PutFile(folder, "replaced", []byte("one"))
	at := directURL(t, u, u.PutFile(folder, "again", []byte("one")))
	if got := get(t, "GET", strings.TrimSuffix(at, "again")+"replaced"); string(got.body) != "one" {
		t.Errorf("%d %q", got.status, got.body)
	}
}

// What can't be read by a link is answered alike, whatever it is that can't be.
func TestDirectLinkOfNothing(t *testing.T) {
	s, u := writer(t)
	folder := linked(t, u, "a")
	link := directURL(t, u, u.PutFile(folder, "x", []byte("x")))
	u.PutFile(0, "x", []byte("not of the folder"))
	prefix := strings.TrimSuffix(link, "a/x")
	for _, end := range []string{
		"", "x", "a", "a/", "a/y", "a/x/", "a/x/x", "a/%00", "a/%ff", "b/x", "/x", strings.Repeat("a/", 500), strings.Repeat("a", 5000),
	} {
		got := get(t, "GET", prefix+end)
		if got.status != 404 || bytes.Contains(got.body, []byte("not of")) {
			t.Errorf("%q: %d %q", end, got.status, got.body)
		}
	}
	for _, end := range []string{"a/%2e%2e/x", "a%2f..%2fx", "a/../x", "../../api/v1/user/info"} {
		if got := get(t, "GET", prefix+end); got.status == 200 {
			t.Errorf("%q: %d %q", end, got.status, got.body)
		}
	}
	for _, acc := range []string{"0", "-1", "+1", "x", "9999999999", "99999999999999999999", "1000"} {
		if got := get(t, "GET", s.URL+"/dl/"+acc+"/a/x"); got.status != 404 {
			t.Errorf("account %s: %d", acc, got.status)
		}
	}
	if got := get(t, "GET", link); got.status != 200 {
		t.Errorf("it is there: %d", got.status)
	}
	s.Run("user", "disable", u.Name, "--data", s.Data)
	if got := get(t, "GET", link); got.status != 404 {
		t.Errorf("of a disabled account: %d", got.status)
	}
	s.Run("user", "enable", u.Name, "--data", s.Data)
	if got := get(t, "GET", link); got.status != 200 {
		t.Errorf("enabled again: %d", got.status)
	}
}

// What the operator has blocked, and content that is lost, is to a stranger as what never
// was: to the last byte.
func TestDirectLinkTellsNoReason(t *testing.T) {
	s, u := writer(t)
	folder := linked(t, u, "a")
	var links []string
	for n, name := range []string{"blocked.png", "missing.png", "damaged.png"} {
		links = append(links, directURL(t, u, u.PutFile(folder, name, content(n))))
	}
	links = append(links, strings.TrimSuffix(links[0], "blocked.png"))
	never := get(t, "GET", links[0]+"x")
	for _, link := range links[:3] {
		if got := get(t, "GET", link); got.status != 200 {
			t.Fatalf("%s: %d %q", link, got.status, got.body)
		}
	}
	for n := range 3 {
		exec(t, s, `UPDATE blob SET state = $3 WHERE account_id = $1 AND md5 = $2`, u.UID, harness.MD5(content(n)), n+2)
	}
	for _, link := range links {
		got := get(t, "GET", link)
		got.header.Del("Date")
		never.header.Del("Date")
		if got.status != 404 || string(got.body) != "404 not_found\n" || string(never.body) != string(got.body) || fmt.Sprint(got.header) != fmt.Sprint(never.header) {
			t.Errorf("%s: %d %q %v, what never was: %d %q %v", link, got.status, got.body, got.header, never.status, never.body, never.header)
		}
	}
}

// Links that want a signature, and addresses that are refused.
func TestDirectLinkIsGuarded(t *testing.T) {
	s, u := limited(t, "--trusted-proxies", "127.0.0.1")
	id := u.PutFile(linked(t, u, "图 a"), "x y.txt", []byte("x"))
	bare := directURL(t, u, id)
	if _, err := u.DirectSign(t.Context(), client.DirectSign{Status: 1}); err != nil {
		t.Fatal(err)
	}
	signed := directURL(t, u, id)
	_, query, found := strings.Cut(signed, "?")
	if !found || !strings.HasPrefix(signed, bare+"?auth_key=") {
		t.Fatal(signed)
	}
	for link, want := range map[string]int{
		bare: 403, signed: 200, bare + "?auth_key=": 403, bare + "?auth_key=x&" + query: 200, bare + "?a=b&" + query: 200,
		strings.Replace(signed, "x%20y", "none", 1): 403, signed + "0": 403,
	} {
		got := get(t, "GET", link)
		if got.status != want || want == 200 && got.header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%s: %d %v, want %d", link, got.status, got.header, want)
		}
	}
	if _, err := u.DirectSign(t.Context(), client.DirectSign{Status: 2}); err != nil {
		t.Fatal(err)
	}
	if err := u.DirectBlock(t.Context(), []string{"192.0.2.7", "2001:db8::7"}); err != nil {
		t.Fatal(err)
	}
	if err := u.DirectBlocking(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]int{"192.0.2.7": 403, "2001:DB8:0::7": 403, "192.0.2.8": 200, "192.0.2.7, 192.0.2.8": 200, "192.0.2.8, 192.0.2.7": 403, "192.0.2.7:5000": 403, "[2001:db8::7]:5000": 403, "192.0.2.8:192": 200, "nobody": 403} {
		got := get(t, "GET", bare, "X-Forwarded-For", from)
		if got.status != want || want == 403 && !strings.Contains(string(got.body), string(fault.AddressBlocked)) {
			t.Errorf("from %s: %d %s, want %d", from, got.status, got.body, want)
		}
	}
	many := make([]string, 2001)
	for n := range many {
		many[n] = "192.0.2.1"
	}
	says(t, "2001 addresses", s.Post("/api/v1/developer/config/forbide-ip/update", u.Token, map[string]any{"IpList": many}), 200, 1, fault.TooManyIDs, "一次最多2000个")
	if got, err := u.DirectBlocked(t.Context()); err != nil || len(got.IPList) != 2 || got.Status != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

// The log of an hour that is over is a file, for whoever has its signed URL.
func TestDirectLinkLogs(t *testing.T) {
	s, u := writer(t)
	exec(t, s, `INSERT INTO direct_traffic (account_id, hour, drive_id, name, size, requests, bytes) VALUES ($1, $2, 5, 'n', 6, 7, 8)`, u.UID, time.Now().Unix()/3600-2)
	list, err := u.DirectFiles(t.Context(), 1, 10)
	if err != nil || list.Total != 1 || len(list.List) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	f := list.List[0]
	got := get(t, "GET", f.DownloadURL)
	if got.status != 200 || string(got.body) != "fileID,fileName,fileSize,requests,totalTraffic\r\n5,n,6,7,8\r\n" || int64(len(got.body)) != f.FileSize ||
		got.header.Get("Content-Type") != "text/csv; charset=utf-8" || got.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(f.LogTimeRange, strings.TrimSuffix(f.FileName, ".csv")+"-") {
		t.Errorf("%+v %d %s %v", f, got.status, got.body, got.header)
	}
	s.Run("user", "disable", u.Name, "--data", s.Data)
	if got := get(t, "GET", f.DownloadURL); got.status != 404 {
		t.Errorf("of a disabled account: %d", got.status)
	}
	s.Run("user", "enable", u.Name, "--data", s.Data)
	if got := get(t, "GET", f.DownloadURL); got.status != 200 {
		t.Errorf("enabled again: %d", got.status)
	}
	for what, change := range map[string][2]string{
		"another account": {fmt.Sprintf("/%d/", u.UID), fmt.Sprintf("/%d/", u.UID+1)},
		"another hour":    {fmt.Sprintf("/%d/", f.ID), fmt.Sprintf("/%d/", f.ID+1)},
		"another sign":    {"/" + f.FileName, "x/" + f.FileName},
	} {
		forged := strings.Replace(f.DownloadURL, change[0], change[1], 1)
		if got := get(t, "GET", forged); got.status != 403 || forged == f.DownloadURL {
			t.Errorf("%s: %d", what, got.status)
		}
	}
}
