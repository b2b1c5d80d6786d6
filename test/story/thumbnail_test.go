package story

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	imagepng "image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/db"
	"tuchuang/internal/picture/picturetest"
	"tuchuang/test/harness"
)

const (
	ofFile  = "/api/v1/file/thumbnail"
	ofImage = "/api/v1/oss/file/thumbnail"

	thumbYear = "private, max-age=31536000, immutable"
	thumbNow  = "private, max-age=300"
)

// photo is a JPEG whose left half is red.
func photo(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{30, 60, 200, 255}
			if x < w/2 {
				c = color.RGBA{200, 20, 20, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Thumbnails come as bytes with the headers of pictures, and may be kept as long as their
// address says.
func TestThumbnails(t *testing.T) {
	s, u := writer(t)
	content := photo(t, 1000, 800)
	file := u.PutFile(0, "photo.jpg", content)
	img := mustBed(t, u, "", "photo.jpg", content, 0)
	etag := harness.MD5(content)
	auth := []string{"Authorization", "Bearer " + u.Token}
	for path, id := range map[string]string{ofFile: strconv.FormatInt(file, 10), ofImage: img.FileID} {
		url := s.URL + path + "?fileID=" + id
		for asked, want := range map[string]image.Point{
			"": {320, 256}, "&size=1": {128, 102}, "&size=128": {128, 102}, "&size=129": {320, 256}, "&size=1280": {1000, 800}, "&size=9999": {1000, 800},
		} {
			got := get(t, "GET", url+asked, auth...)
			m, err := jpeg.Decode(bytes.NewReader(got.body))
			if got.status != 200 || err != nil || m.Bounds().Size() != want {
				t.Errorf("%s%s: %d, %v", path, asked, got.status, err)
				continue
			}
			if r, _, b, _ := m.At(want.X/4, want.Y/2).RGBA(); r < 2*b {
				t.Errorf("%s%s: its left is not red", path, asked)
			}
		}
		whole := get(t, "GET", url, auth...)
		for name, want := range map[string]string{
			"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": lockedDown, "Cache-Control": thumbNow,
			"X-Thumbnail": "ok", "Content-Length": strconv.Itoa(len(whole.body)), "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := whole.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		tag := whole.header.Get("Etag")
		if !strings.HasPrefix(tag, `"`+etag+"-320-") {
			t.Errorf("%s: etag %q", path, tag)
		}
		if got := get(t, "GET", url+"&size=128", auth...).header.Get("Etag"); got == tag {
			t.Errorf("%s: another size has the same etag", path)
		}
		for v, want := range map[string]string{etag[:8]: thumbYear, etag: thumbNow, etag[:7]: thumbNow, "00000000": thumbNow} {
			if got := get(t, "GET", url+"&v="+v, auth...).header.Get("Cache-Control"); got != want {
				t.Errorf("%s&v=%s: %q", path, v, got)
			}
		}
		head := get(t, "HEAD", url, auth...)
		if head.status != 200 || len(head.body) > 0 || head.header.Get("Content-Length") != strconv.Itoa(len(whole.body)) || head.header.Get("Etag") != tag {
			t.Errorf("%s: HEAD %d %v", path, head.status, head.header)
		}
		known := get(t, "GET", url, append(auth, "If-None-Match", tag)...)
		if known.status != 304 || len(known.body) > 0 || known.header.Get("Cache-Control") != thumbNow {
			t.Errorf("%s: %d %v", path, known.status, known.header)
		}
		// Without a token, with another's, and for no file it is the envelope.
		other := s.User("other" + id)
		for name, a := range map[string]harness.Answer{
			"no token": s.Get(path+"?fileID="+id, ""), "another's": s.Get(path+"?fileID="+id, other.Token), "no size": s.Get(path+"?size=x&fileID="+id, u.Token),
			"no id": s.Get(path, u.Token),
		} {
			if want := map[string]int{"no token": 401, "another's": 5066}[name]; a.Code == 0 || want != 0 && a.Code != want {
				t.Errorf("%s, %s: %d %s", path, name, a.Code, a.Message)
			}
		}
		if got := get(t, "HEAD", url); got.status != 200 || got.header.Get("X-Thumbnail") != "" {
			t.Errorf("%s: HEAD without a token %d %v", path, got.status, got.header)
		}
	}
	if got := get(t, "HEAD", s.URL+"/api/v1/user/info", auth...); got.status != 405 {
		t.Errorf("HEAD of what answers no picture: %d", got.status)
	}
}

// What can't be drawn is a drawing, which says why not; the version of the picture is that
// of the drawing too.
func TestThumbnailsInstead(t *testing.T) {
	s, u := writer(t)
	auth := []string{"Authorization", "Bearer " + u.Token}
	whole := photo(t, 400, 300)
	for name, test := range map[string]struct {
		content []byte
		kind    string
		says    string
	}{
		"cut.jpg":   {whole[:len(whole)/2], "damaged", ""},
		"bomb.png":  {pngOf(60_000, 60_000), "too-large", ">PNG<"},
		"new.heic":  {[]byte("\x00\x00\x00\x10ftypheic\x00\x00\x00\x00"), "unsupported", ">HEIC<"},
		"clean.svg": {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect width="1" height="1"/></svg>`), "ok", "<rect"},
	} {
		id := u.PutFile(0, name, test.content)
		url := fmt.Sprintf("%s%s?fileID=%d", s.URL, ofFile, id)
		for range 2 {
			got := get(t, "GET", url+"&v="+harness.MD5(test.content)[:8], auth...)
			h := got.header
			if got.status != 200 || h.Get("X-Thumbnail") != test.kind || h.Get("Content-Type") != "image/svg+xml" || h.Get("Content-Security-Policy") != svgPolicy ||
				h.Get("Cache-Control") != thumbYear || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(string(got.body), test.says) ||
				strings.Contains(string(got.body), "script") || !strings.HasPrefix(string(got.body), "<svg ") {
				t.Errorf("%s: %d %v\n%s", name, got.status, h, got.body)
			}
		}
	}
	if a := s.Get(fmt.Sprintf("%s?fileID=%d", ofFile, u.PutFile(0, "notes.txt", []byte("notes"))), u.Token); a.Code != 1 || a.Message != "文件不是图片,没有缩略图" {
		t.Errorf("a text: %d %s", a.Code, a.Message)
	}
}

// Thumbnails are kept in the data folder, also over a kill; damaged ones are made anew, and
// a server without them makes others.
func TestThumbnailsAreKept(t *testing.T) {
	s, u := alone(t)
	file := u.PutFile(0, "photo.jpg", photo(t, 400, 300))
	want, err := u.Thumbnail(t.Context(), file, 128)
	if err != nil {
		t.Fatal(err)
	}
	kept := func() []string {
		t.Helper()
		list, err := filepath.Glob(filepath.Join(s.Data, "thumbnails", "*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, damage := range []func(){
		func() {},
		func() {
			if err := os.Truncate(kept()[0], 100); err != nil {
				t.Fatal(err)
			}
		},
		func() {
			if err := os.RemoveAll(filepath.Join(s.Data, "thumbnails")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		if n := len(kept()); n != 1 {
			t.Fatalf("%d are kept", n)
		}
		s.Kill()
		damage()
		s.Start()
		u.SignIn()
		if got, err := u.Thumbnail(t.Context(), file, 128); err != nil || !bytes.Equal(got.Bytes, want.Bytes) || got.Kind != "ok" {
			t.Fatalf("%s, %v", got.Kind, err)
		}
	}
	s.Kill()
	if err := os.RemoveAll(filepath.Join(s.Data, "thumbnails")); err != nil {
		t.Fatal(err)
	}
	s.Args = []string{"--thumbnails-size", "0"}
	s.Start()
	u.SignIn()
	if got, err := u.Thumbnail(t.Context(), file, 128); err != nil || !bytes.Equal(got.Bytes, want.Bytes) || len(kept()) != 0 {
		t.Errorf("%s, %v, %d are kept", got.Kind, err, len(kept()))
	}
}

// pngOf is a PNG that says it has so many pixels, and has none.
func pngOf(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, w), h)
	b = append(b, 8, 6, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[12:]))
}

// hostile are so many pictures made to do harm: such as have far more pixels than bytes,
// such as are just small enough to be decoded, cut ones, and ones that are something else
// as well.
func hostile(t *testing.T, n int) (list [][]byte, names []string) {
	t.Helper()
	add := func(name string, content []byte) {
		list, names = append(list, content), append(names, fmt.Sprintf("%d-%s", len(list), name))
	}
	var large bytes.Buffer
	// 100 MB of pixels in some kilobytes.
	if err := imagepng.Encode(&large, image.NewNRGBA(image.Rect(0, 0, 5000, 5000))); err != nil {
		t.Fatal(err)
	}
	for i := range n / 80 {
		add("large.png", append(bytes.Clone(large.Bytes()), byte(i)))
	}
	samples := picturetest.All(t)
	for i := 0; len(list) < n; i++ {
		s := samples[i%len(samples)]
		mark := fmt.Appendf(nil, "%d", i)
		switch i % 5 {
		case 0:
			add("bomb.png", append(pngOf(uint32(20_000+i), 20_000), mark...))
		case 1:
			b := append([]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\xff\xff\xff\xff\x00\x08"), mark...)
			add("bomb.gif", b)
		case 2:
			add(s.Name, append(bytes.Clone(s.Bytes[:len(s.Bytes)*(i%7+1)/9]), mark...))
		case 3:
			add(s.Name, append(append(bytes.Clone(s.Bytes), "<script>alert(1)</script>PK\x03\x04"...), mark...))
		case 4:
			add("uses.svg", []byte(`<svg><g id="a">`+strings.Repeat(`<use href="#b"/>`, 500)+`</g><g id="b">`+strings.Repeat(`<use href="#c"/>`, 500+i)+`</g><g id="c"><rect/><rect/></g><use href="#a"/></svg>`))
		}
	}
	return list, names
}

// floodMost is what the server may hold at most while all of them are asked for: its own
// 150 MiB, and what decoders may take.
const floodMost = (150 + 128) << 20

// A thousand hostile pictures at once keep nobody else from being answered, and the server
// within its memory.
func TestThumbnailsFlood(t *testing.T) {
	s, u := alone(t)
	n := 1000
	if harness.Engine() == db.PostgreSQL { // of which decoders know nothing
		n = 100
	}
	list, names := hostile(t, n)
	ids := make([]int64, len(list))
	var g errgroup.Group
	g.SetLimit(8)
	folder := u.MkFolder(0, "hostile")
	for i := range list {
		g.Go(func() error {
			ids[i] = u.PutFile(folder, names[i], list[i])
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	other := s.User("other")
	good := other.PutFile(0, "photo.jpg", photo(t, 600, 400))
	over := make(chan struct{})
	var beside errgroup.Group
	answered := 0
	beside.Go(func() error {
		for {
			if _, err := other.UserInfo(t.Context()); err != nil {
				return err
			}
			if _, err := other.Detail(t.Context(), good); err != nil {
				return err
			}
			answered++
			select {
			case <-over:
				return nil
			default:
			}
		}
	})
	var flood errgroup.Group
	flood.SetLimit(100)
	kinds := make([]string, len(ids))
	for i, id := range ids {
		flood.Go(func() error {
			th, err := u.Thumbnail(t.Context(), id, 320)
			for err == nil && th.Kind == "busy" { // it comes when others have gone
				th, err = u.Thumbnail(t.Context(), id, 320)
			}
			kinds[i] = th.Kind
			if err == nil && (th.Kind == "" || bytes.Contains(th.Bytes, []byte("<script")) || bytes.Contains(th.Bytes, []byte("PK\x03\x04"))) {
				err = fmt.Errorf("%s: %q of %d bytes", names[i], th.Kind, len(th.Bytes))
			}
			return err
		})
	}
	if err := flood.Wait(); err != nil {
		t.Error(err)
	}
	close(over)
	if err := beside.Wait(); err != nil {
		t.Errorf("beside: %v", err)
	}
	seen := make(map[string]int)
	for _, k := range kinds {
		seen[k]++
	}
	if seen["ok"] < n/10 || seen["damaged"] < n/10 || seen["too-large"] < 3*n/10 || answered < n/50 {
		t.Errorf("%v; beside, %d were answered", seen, answered)
	}
	// Afterwards it is as before.
	if th, err := other.Thumbnail(t.Context(), good, 128); err != nil || th.Kind != "ok" {
		t.Errorf("%s, %v", th.Kind, err)
	}
	if got := peakMemory(t, s); got > floodMost {
		t.Errorf("it held %d MiB", got>>20)
	} else {
		t.Logf("%v; beside, %d were answered; it held %d MiB", seen, answered, got>>20)
	}
}
