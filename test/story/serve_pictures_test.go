package story

import (
	"bytes"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/picture/picturetest"
	"tuchuang/test/harness"
)

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// get sends a request with headers, given as name, value…; "Host" is the host.
func get(t *testing.T, method, target string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequest(method, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	res, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return reply{res.StatusCode, res.Header, b}
}

// png is a picture by its beginning, of any size.
func png(seed uint64, size int64) []byte {
	b, err := io.ReadAll(noise{seed, size}.content().Reader())
	if err != nil {
		panic(err) // noise never fails
	}
	copy(b, "\x89PNG\r\n\x1a\n")
	return b
}

// Pictures are served from memory up to 32 KiB and from the file above; both ways
// answer alike.
var sizes = map[string]int64{"a small picture": 20_000, "the largest small one": 32 << 10, "the smallest large one": 32<<10 + 1, "a large picture": 3 << 20}

const (
	lockedDown = "default-src 'none'; sandbox"
	svgPolicy  = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
	cacheBare  = "public, max-age=3600, stale-while-revalidate=86400"
	cacheLong  = "public, max-age=31536000, immutable"
)

func TestServeWholeAndParts(t *testing.T) {
	_, u := writer(t)
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			b := png(uint64(size), size)
			img := mustBed(t, u, "", strconv.FormatInt(size, 10)+".png", b, 0)
			etag := `"` + harness.MD5(b) + `"`
			whole := get(t, "GET", img.DownloadURL)
			modified := whole.header.Get("Last-Modified")
			for key, want := range map[string]string{
				"Etag": etag, "Content-Type": "image/png", "Content-Length": strconv.FormatInt(size, 10), "Accept-Ranges": "bytes",
				"X-Content-Type-Options": "nosniff", "Content-Security-Policy": lockedDown, "Cache-Control": cacheBare,
				"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Set-Cookie": "",
			} {
				if got := whole.header.Get(key); got != want {
					t.Errorf("%s: %q, want %q", key, got, want)
				}
			}
			if _, err := http.ParseTime(modified); err != nil || whole.status != 200 || !bytes.Equal(whole.body, b) {
				t.Errorf("status %d, modified %q, %d bytes", whole.status, modified, len(whole.body))
			}
			end := strconv.FormatInt(size-1, 10)
			for _, tt := range []struct {
				name    string
				method  string
				headers []string
				status  int
				body    []byte
				ranged  string
			}{
				{"HEAD", "HEAD", nil, 200, nil, ""},
				{"the beginning", "GET", []string{"Range", "bytes=0-9"}, 206, b[:10], "bytes 0-9/"},
				{"one byte", "GET", []string{"Range", "bytes=7-7"}, 206, b[7:8], "bytes 7-7/"},
				{"from a place on", "GET", []string{"Range", "bytes=19000-"}, 206, b[19000:], "bytes 19000-" + end + "/"},
				{"the end", "GET", []string{"Range", "bytes=-5"}, 206, b[size-5:], "bytes " + strconv.FormatInt(size-5, 10) + "-" + end + "/"},
				{"more than there is", "GET", []string{"Range", "bytes=0-99999999"}, 206, b, "bytes 0-" + end + "/"},
				{"HEAD of a part", "HEAD", []string{"Range", "bytes=0-9"}, 206, nil, "bytes 0-9/"},
				{"past the end", "GET", []string{"Range", "bytes=99999999-"}, 416, nil, "bytes */"},
				{"a part if it is the same", "GET", []string{"Range", "bytes=0-9", "If-Range", etag}, 206, b[:10], "bytes 0-9/"},
				{"a part if it is another", "GET", []string{"Range", "bytes=0-9", "If-Range", `"x"`}, 200, b, ""},
				{"the same", "GET", []string{"If-None-Match", etag}, 304, nil, ""},
				{"the same, by HEAD", "HEAD", []string{"If-None-Match", etag}, 304, nil, ""},
				{"the same, weakly", "GET", []string{"If-None-Match", "W/" + etag}, 304, nil, ""},
				{"one of several", "GET", []string{"If-None-Match", `"x", ` + etag + `, "y"`}, 304, nil, ""},
				{"anything", "GET", []string{"If-None-Match", "*"}, 304, nil, ""},
				{"another", "GET", []string{"If-None-Match", `"x"`}, 200, b, ""},
				{"not since", "GET", []string{"If-Modified-Since", modified}, 304, nil, ""},
				{"since long ago", "GET", []string{"If-Modified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"}, 200, b, ""},
				{"another, though not since", "GET", []string{"If-None-Match", `"x"`, "If-Modified-Since", modified}, 200, b, ""},
				{"must be the same", "GET", []string{"If-Match", etag}, 200, b, ""},
				{"must be another", "GET", []string{"If-Match", `"x"`}, 412, nil, ""},
				{"same and other", "GET", []string{"If-None-Match", etag, "If-Match", `"x"`}, 412, nil, ""},
				{"unchanged since long ago", "GET", []string{"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"}, 412, nil, ""},
			} {
				got := get(t, tt.method, img.DownloadURL, tt.headers...)
				if got.status != tt.status || tt.body != nil && !bytes.Equal(got.body, tt.body) || tt.method == "HEAD" && len(got.body) > 0 {
					t.Errorf("%s: %d with %d bytes, want %d with %d", tt.name, got.status, len(got.body), tt.status, len(tt.body))
				}
				ranged := tt.ranged
				if ranged != "" {
					ranged += strconv.FormatInt(size, 10)
				}
				if r := got.header.Get("Content-Range"); r != ranged {
					t.Errorf("%s: Content-Range %q, want %q", tt.name, r, ranged)
				}
				if got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Content-Security-Policy") != lockedDown {
					t.Errorf("%s: unguarded: %v", tt.name, got.header)
				}
				if tt.status == 304 && (got.header.Get("Etag") != etag || got.header.Get("Cache-Control") != cacheBare || len(got.body) != 0 || got.header.Get("Content-Length") != "") {
					t.Errorf("%s: %v with %d bytes", tt.name, got.header, len(got.body))
				}
			}
			several := get(t, "GET", img.DownloadURL, "Range", "bytes=0-4,10-14")
			kind, options, err := mime.ParseMediaType(several.header.Get("Content-Type"))
			if err != nil || several.status != 206 || kind != "multipart/byteranges" {
				t.Fatalf("several parts: %d %q %v", several.status, kind, err)
			}
			parts := multipart.NewReader(bytes.NewReader(several.body), options["boundary"])
			for _, want := range [][]byte{b[:5], b[10:15]} {
				p, err := parts.NextPart()
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, want) || p.Header.Get("Content-Type") != "image/png" {
					t.Errorf("a part: %q %v, %v", got, p.Header, err)
				}
			}
		})
	}
}

// Who has a picture by its date is never told that it is the same when it is another,
// however quickly they change and even where an earlier one comes back.
func TestServeChangedPictures(t *testing.T) {
	_, u := writer(t)
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			pictures := [][]byte{png(1, size), png(2, size), png(1, size)}
			seen := make([]string, 0, len(pictures))
			for _, b := range pictures {
				img := mustBed(t, u, "", strconv.FormatInt(size, 10)+".png", b, 2)
				for _, since := range seen {
					if got := get(t, "GET", img.DownloadURL, "If-Modified-Since", since); got.status != 200 || !bytes.Equal(got.body, b) {
						t.Errorf("since %s: %d with %d bytes", since, got.status, len(got.body))
					}
				}
				now := get(t, "HEAD", img.DownloadURL).header.Get("Last-Modified")
				if got := get(t, "GET", img.DownloadURL, "If-Modified-Since", now); got.status != 304 {
					t.Errorf("since %s: %d, want 304", now, got.status)
				}
				seen = append(seen, now)
			}
		})
	}
}

// The same link, however it is written, and what there is when there is nothing.
func TestServeLinks(t *testing.T) {
	s, u := writer(t)
	b := png(1, 500)
	img := mustBed(t, u, "", "a.png", b, 0)
	link := s.URL + "/i/" + img.FileID
	for _, end := range []string{"", ".png", ".PNG", ".jpg", ".html", ".tar.gz", ".", "?x=1", ".png?download=1"} {
		if got := get(t, "GET", link+end); got.status != 200 || !bytes.Equal(got.body, b) || got.header.Get("Content-Type") != "image/png" {
			t.Errorf("%s: %d %v", end, got.status, got.header)
		}
	}
	version := harness.MD5(b)[:8]
	for query, want := range map[string]string{
		"": cacheBare, "?v=" + version: cacheLong, "?v=" + harness.MD5(b): cacheBare, "?v=00000000": cacheBare, "?v=": cacheBare, "?V=" + version: cacheBare,
		"?x=1&v=" + version: cacheLong, "?v=" + strings.ToUpper(version) + "X": cacheBare,
	} {
		if got := get(t, "GET", link+query); got.status != 200 || got.header.Get("Cache-Control") != want {
			t.Errorf("%s: %d, %q, want %q", query, got.status, got.header.Get("Cache-Control"), want)
		}
	}
	folder := mkBed(t, u, "", "folder")
	last := "0"
	if img.FileID[len(img.FileID)-1] == '0' {
		last = "1"
	}
	for _, path := range []string{
		"", "x", "../../etc/passwd", "%2e%2e/x", img.FileID + "/", img.FileID + "/x.png", img.FileID[1:], img.FileID + "0", strings.ToUpper(img.FileID),
		img.FileID[:len(img.FileID)-1] + last, folder, folder + ".png", strings.Repeat("0", 30), strings.Repeat("9", 5000), "1%00", img.ParentFileID,
	} {
		got := get(t, "GET", s.URL+"/i/"+path)
		if got.status != 404 || bytes.Contains(got.body, b[:8]) || got.header.Get("X-Content-Type-Options") != "nosniff" ||
			got.header.Get("Cache-Control") != "no-store" || got.header.Get("Etag") != "" {
			t.Errorf("/i/%s: %d %v %s", path, got.status, got.header, got.body)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		if got := get(t, method, link); got.status != 405 || got.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d %v", method, got.status, got.header)
		}
	}
	// The link shows what took the picture's place, and nothing once it is deleted.
	c := png(2, 40_000)
	if again := mustBed(t, u, "", "a.png", c, client.DuplicateOverwrite); again.DownloadURL != img.DownloadURL {
		t.Errorf("the link was %s and is %s", img.DownloadURL, again.DownloadURL)
	}
	got := get(t, "GET", link+"?v="+version, "If-None-Match", `"`+harness.MD5(b)+`"`)
	if got.status != 200 || !bytes.Equal(got.body, c) || got.header.Get("Cache-Control") != cacheBare {
		t.Errorf("after a replacement: %d, %d bytes, %v", got.status, len(got.body), got.header)
	}
	if err := u.BedMove(t.Context(), []string{img.FileID}, folder); err != nil {
		t.Fatal(err)
	}
	if got := get(t, "GET", link); got.status != 200 || !bytes.Equal(got.body, c) {
		t.Errorf("after a move: %d", got.status)
	}
	if err := u.BedDelete(t.Context(), []string{folder}); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "HEAD"} {
		if got := get(t, method, link, "If-None-Match", `"`+harness.MD5(c)+`"`); got.status != 404 {
			t.Errorf("%s of a deleted picture: %d", method, got.status)
		}
	}
}

// Whatever a stranger uploads as a picture is served harmlessly: as a picture, never
// as a page.
func TestServeStrangersBytes(t *testing.T) {
	_, u := writer(t)
	page := []byte("<!doctype html><html><script>alert(1)</script></html>")
	vector := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	gif := append([]byte("GIF89a"), page...)
	jpeg := append([]byte("\xff\xd8\xff\xe0"), page...)
	for _, tt := range []struct {
		name   string
		b      []byte
		kind   string
		policy string
	}{
		{"page.png", page, "image/png", lockedDown},
		{"page.svg", page, "image/svg+xml", svgPolicy},
		{"page.html.jpg", page, "image/jpeg", lockedDown},
		{"vector.svg", vector, "image/svg+xml", svgPolicy},
		{"vector.png", vector, "image/png", lockedDown},
		{"gif.svg", gif, "image/gif", lockedDown},
		{"gif.png", gif, "image/gif", lockedDown},
		{"jpeg.bmp", jpeg, "image/jpeg", lockedDown},
		{"script.webp", []byte("alert(1)//"), "image/webp", lockedDown},
		{"pdf.tiff", []byte("%PDF-1.7"), "image/tiff", lockedDown},
		{"xml.bmp", []byte("<?xml version=\"1.0\"?>"), "image/bmp", lockedDown},
	} {
		folder := mkBed(t, u, "", tt.name)
		img := mustBed(t, u, folder, tt.name, tt.b, 0)
		got := get(t, "GET", img.DownloadURL, "Accept", "text/html")
		if got.status != 200 || got.header.Get("Content-Type") != tt.kind || got.header.Get("Content-Security-Policy") != tt.policy ||
			got.header.Get("X-Content-Type-Options") != "nosniff" || !bytes.Equal(got.body, tt.b) {
			t.Errorf("%s: %d %v", tt.name, got.status, got.header)
		}
	}
	// Real pictures are what they are, under any name of a picture.
	seen := make(map[string]bool)
	for _, p := range picturetest.All(t) {
		kind := map[string]string{".png": "image/png", ".gif": "image/gif", ".jpeg": "image/jpeg", ".webp": "image/webp", ".tiff": "image/tiff", ".bmp": "image/bmp"}
		for ext, want := range kind {
			if !strings.HasSuffix(p.Name, ext) || p.Damaged || len(p.Bytes) == 0 || seen[ext] {
				continue
			}
			seen[ext] = true
			img := mustBed(t, u, "", ext[1:]+".svg", p.Bytes, 0)
			if got := get(t, "HEAD", img.DownloadURL); got.header.Get("Content-Type") != want {
				t.Errorf("%s: %v", p.Name, got.header)
			}
		}
	}
	if len(seen) != 6 {
		t.Errorf("real pictures of %v only", seen)
	}
}

// On the pictures' own host nothing but pictures answers.
func TestServeImageHost(t *testing.T) {
	t.Parallel()
	const pan, pics = "pan.example.org", "pics.example.org"
	s := harness.Start(t, "--public-url", "https://"+pan, "--image-url", "https://"+pics)
	u := s.User("writer")
	b := png(1, 100)
	c, err := u.BedCreate(t.Context(), client.NewImage{Filename: "a.png", Etag: harness.MD5(b), Size: int64(len(b))})
	if err != nil {
		t.Fatal(err)
	}
	link, err := u.BedUploadURL(t.Context(), c.PreuploadID, 1)
	if err != nil || !strings.HasPrefix(link, "https://"+pan+"/upload/put/") {
		t.Fatalf("%s, %v", link, err)
	}
	if err := u.Put(t.Context(), strings.Replace(link, "https://"+pan, s.URL, 1), client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err != nil {
		t.Fatal(err)
	}
	done, err := u.BedComplete(t.Context(), c.PreuploadID)
	if err != nil {
		t.Fatal(err)
	}
	img, err := u.BedDetail(t.Context(), done.FileID)
	if err != nil || !strings.HasPrefix(img.DownloadURL, "https://"+pics+"/i/") {
		t.Fatalf("%+v, %v", img, err)
	}
	if domain, err := u.Domain(t.Context()); err != nil || len(domain) != 1 || domain[0] != "https://"+pan {
		t.Errorf("%v, %v", domain, err)
	}
	path := strings.TrimPrefix(img.DownloadURL, "https://"+pics)
	for _, host := range []string{pan, pics, strings.ToUpper(pics)} {
		if got := get(t, "GET", s.URL+path, "Host", host); got.status != 200 || !bytes.Equal(got.body, b) {
			t.Errorf("the picture at %s: %d", host, got.status)
		}
	}
	for path, there := range map[string]int{"/": 200, "/healthz": 200, "/readyz": 200, "/api/v1/user/info": 200, "/upload/v2/file/domain": 200, "/d/1/2/3/x": 403} {
		if got := get(t, "GET", s.URL+path, "Host", pan); got.status != there {
			t.Errorf("%s at %s: %d", path, pan, got.status)
		}
		for _, host := range []string{pics, strings.ToUpper(pics)} {
			if got := get(t, "GET", s.URL+path, "Host", host); got.status != 404 || bytes.Contains(got.body, []byte("x-traceID")) {
				t.Errorf("%s at %s: %d %s", path, host, got.status, got.body)
			}
		}
	}
}

// A disabled account's links go on unless they are ended too; the running server
// notices.
func TestServeOfDisabledAccounts(t *testing.T) {
	s, u := writer(t)
	other := s.User("other")
	img := mustBed(t, u, "", "a.png", png(1, 100), 0)
	big := mustBed(t, u, "", "b.png", png(2, 100_000), 0)
	kept := mustBed(t, other, "", "a.png", png(1, 100), 0)
	id, err := toBed(t, u, "", "never seen.png", png(3, 200), 0)
	if err != nil {
		t.Fatal(err)
	}
	status := func(link string) int {
		t.Helper()
		return get(t, "GET", link).status
	}
	s.Run("user", "disable", u.Name, "--data", s.Data)
	if status(img.DownloadURL) != 200 || status(big.DownloadURL) != 200 || status(s.URL+"/i/"+id) != 200 {
		t.Error("the links have ended")
	}
	s.Run("user", "disable", u.Name, "--unpublish", "--data", s.Data)
	eventually(t, "the links end", func() bool { return status(img.DownloadURL) == 404 && status(big.DownloadURL) == 404 })
	if status(kept.DownloadURL) != 200 {
		t.Error("another account's link has ended")
	}
	s.Run("user", "enable", u.Name, "--data", s.Data)
	eventually(t, "the links are back", func() bool { return status(img.DownloadURL) == 200 && status(big.DownloadURL) == 200 })
}

// What the operator blocks is served to nobody, whoever has it, is said to be blocked, and
// can't be copied; unblocked it is as it was.
func TestServeOfBlockedContent(t *testing.T) {
	s, u := writer(t)
	other := s.User("other")
	content := png(rand.Uint64(), 100) // nobody else has it: it is blocked for all who share the server
	file := u.PutFile(0, "a.png", content)
	img := mustBed(t, u, "", "a.png", content, 0)
	theirs := mustBed(t, other, "", "theirs.png", content, 0)
	kept := mustBed(t, u, "", "b.png", png(2, 200), 0)
	status := func(link string) int {
		t.Helper()
		return get(t, "GET", link).status
	}
	stated := func(image, drive int) {
		t.Helper()
		i, err := u.BedDetail(t.Context(), img.FileID)
		if err != nil {
			t.Fatal(err)
		}
		list, err := u.Infos(t.Context(), []int64{file})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if i.Status != image || list[0].Status != drive {
			t.Errorf("the image is in state %d, the file in %d", i.Status, list[0].Status)
		}
	}
	stated(2, 0)
	if out := string(s.Run("block", "add", theirs.DownloadURL, "--data", s.Data, "--json")); !strings.Contains(out, `"contents": 2`) {
		t.Errorf("blocked: %s", out)
	}
	eventually(t, "the links end", func() bool { return status(img.DownloadURL) == 404 && status(theirs.DownloadURL) == 404 })
	if status(kept.DownloadURL) != 200 {
		t.Error("other content is not served")
	}
	stated(101, 101)
	if state := u.Await(u.StartCopy("", file)); state.Failed != 1 {
		t.Errorf("copied: %+v", state)
	}
	if out := string(s.Run("block", "ls", "--data", s.Data)); strings.Count(out, img.Etag) != 2 {
		t.Errorf("what is blocked:\n%s", out)
	}
	s.Run("block", "rm", strings.ToUpper(img.Etag), "--data", s.Data)
	eventually(t, "the links are back", func() bool { return status(img.DownloadURL) == 200 && status(theirs.DownloadURL) == 200 })
	stated(2, 0)
}
