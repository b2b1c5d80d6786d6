package story

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
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

// archiveOf reads a ZIP archive: what is in its files by their names, folders with a slash.
func archiveOf(t *testing.T, got reply) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(got.body), int64(len(got.body)))
	if err != nil {
		t.Fatalf("%d, %d bytes: %v", got.status, len(got.body), err)
	}
	files := make(map[string]string)
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err := errors.Join(err, in.Close()); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if _, twice := files[f.Name]; twice || f.NonUTF8 || f.Modified.IsZero() && f.Name != leftOut {
			t.Errorf("%q: twice %t, %v", f.Name, twice, f.Modified)
		}
		files[f.Name] = string(b)
	}
	return files
}

const leftOut = "未能打包 left out.txt"

// Files and folders come as one archive with all that is in them, but for what is in the
// trash; what can't be read is told in it.
func TestArchive(t *testing.T) {
	s, u := writer(t)
	travel := u.MkFolder(0, "旅行 2024")
	deep := u.MkFolder(u.MkFolder(travel, "京都"), "day 1")
	u.MkFolder(travel, "empty")
	first := u.PutFile(travel, "a.png", png(1, 2000))
	u.PutFile(deep, "图 片.png", png(2, 300_000))
	blocked, lost := u.PutFile(deep, "blocked.png", png(3, 2000)), u.PutFile(travel, "lost.png", png(4, 2000))
	trash(t, u, u.PutFile(travel, "gone.png", png(5, 2000)), u.MkFolder(deep, "gone"))
	alike := u.PutFile(u.MkFolder(0, "other"), "a.png", png(6, 2000))
	stateOf := func(id int64, state blob.State) {
		exec(t, s, `UPDATE blob SET state = $3 WHERE account_id = $1 AND id = (SELECT blob_id FROM drive_entry WHERE account_id = $1 AND id = $2)`, u.UID, id, state)
	}
	stateOf(blocked, blob.Blocked)
	stateOf(lost, blob.Missing)
	link := func(name string, ids ...int64) string {
		link, err := u.ArchiveInfo(t.Context(), ids, name)
		if err != nil {
			t.Fatal(err)
		}
		return link
	}
	all := link("", travel, first, alike, travel)
	got := get(t, "GET", all)
	want := map[string]string{
		"旅行 2024/": "", "旅行 2024/京都/": "", "旅行 2024/京都/day 1/": "", "旅行 2024/empty/": "",
		"旅行 2024/a.png": string(png(1, 2000)), "旅行 2024/京都/day 1/图 片.png": string(png(2, 300_000)),
		"a.png": string(png(1, 2000)), "a(1).png": string(png(6, 2000)),
		leftOut: "旅行 2024/lost.png\t内容不在存储中 its content is not in the store\r\n旅行 2024/京都/day 1/blocked.png\t已被管理员屏蔽 is blocked by the operator\r\n",
	}
	if diff := cmp.Diff(want, archiveOf(t, got)); diff != "" {
		t.Errorf("wanted -, there +:\n%s", diff)
	}
	named := func(link string) string {
		got := get(t, "HEAD", link)
		_, options, err := mime.ParseMediaType(got.header.Get("Content-Disposition"))
		if got.status != 200 || len(got.body) > 0 || got.header.Get("Content-Type") != "application/zip" || got.header.Get("X-Content-Type-Options") != "nosniff" || err != nil {
			t.Errorf("HEAD: %d, %d bytes, %v %v", got.status, len(got.body), got.header, err)
		}
		return options["filename"]
	}
	for at, name := range map[string]string{
		all: "旅行 2024.zip", link("照片 & more.zip", first): "照片 & more.zip", link("照片", first): "照片.zip", all[:strings.LastIndex(all, "/")+1]: "archive.zip",
	} {
		if is := named(at); is != name {
			t.Errorf("%s: %q", at, is)
		}
	}

	// What is signed is which entries of whose.
	other := s.User("other")
	for what, forged := range map[string]string{
		"another entry":   strings.Replace(all, fmt.Sprintf("/%d-", travel), fmt.Sprintf("/%d-", other.MkFolder(0, "x")), 1),
		"one of them":     strings.Replace(all, fmt.Sprintf("/%d-%d", travel, first), fmt.Sprintf("/%d", first), 1),
		"another account": strings.Replace(all, fmt.Sprintf("/z/%d/", u.UID), fmt.Sprintf("/z/%d/", other.UID), 1),
		"no ids":          strings.Replace(all, fmt.Sprintf("/%d-%d-%d/", travel, first, alike), "/-/", 1),
		"a file's":        strings.Replace(downloadURL(t, u, first), "/d/", "/z/", 1),
	} {
		if got := get(t, "GET", forged); got.status != 403 || forged == all {
			t.Errorf("%s: %d", what, got.status)
		}
	}

	// What has gone since is not in it; where all has, there is no archive.
	few := link("", first, alike)
	trash(t, u, first)
	if got := archiveOf(t, get(t, "GET", few)); len(got) != 1 || got["a.png"] != string(png(6, 2000)) {
		t.Errorf("%d files", len(got))
	}
	trash(t, u, alike)
	if got := get(t, "GET", few); got.status != 404 {
		t.Errorf("nothing is left: %d", got.status)
	}
	_, err := u.ArchiveInfo(t.Context(), []int64{first, alike}, "")
	refusedFor(t, err, fault.NotFound)
	many := u.MkFolder(0, "many")
	exec(t, s, `
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
		INSERT INTO drive_entry (account_id, id, parent_id, name, class, size, etag, trashed, children, total, created_at, updated_at)
		SELECT $1, 1000000000 + i, $2, 'f' || i, 0, 0, '', 0, 0, 0, 0, 0 FROM n`, u.UID, many)
	_, err = u.ArchiveInfo(t.Context(), []int64{many}, "")
	refusedFor(t, err, fault.TooManyEntries)
	long := strings.Repeat("图", entryname.Max)
	if is := named(link("", u.PutFile(0, long, png(7, 2000)))); is != long[:len("图")*(entryname.Max-4)]+".zip" {
		t.Errorf("a long name: %q", is)
	}
	folder := u.MkFolder(0, "x")
	exec(t, s, `UPDATE drive_entry SET name = $3 WHERE account_id = $1 AND id = $2`, u.UID, folder, entryname.Offline)
	ours := link("", folder)
	if is := archiveOf(t, get(t, "GET", ours)); named(ours) != "来自_离线下载.zip" || len(is) != 1 || is["来自_离线下载/"] != "" {
		t.Errorf("a name that has a colon: %q, %v", named(ours), is)
	}
	s.Run("user", "reset", u.Name, "--data", s.Data)
	if got := get(t, "GET", all); got.status != 403 {
		t.Errorf("reset: %d", got.status)
	}
}

// An archive that is being read ends when its URL does.
func TestArchiveEndsWithItsAccount(t *testing.T) {
	s, u := writer(t)
	const size = 8 << 20 // two are more than lines and buffers hold
	for what, u := range map[string]*harness.User{"disable": u, "reset": s.User("other")} {
		var ids []int64
		for n := range uint64(3) {
			ids = append(ids, u.PutFile(0, fmt.Sprint(n), png(n, size)))
		}
		link, err := u.ArchiveInfo(t.Context(), ids, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		_, first := io.ReadFull(got.Body, make([]byte, 1000))
		s.Run("user", what, u.Name, "--data", s.Data)
		n, rest := io.Copy(io.Discard, got.Body)
		if err := got.Body.Close(); err != nil || first != nil || rest == nil || n > 2*size+1000 {
			t.Errorf("%s: %v, then %d bytes more and %v", what, first, n, rest)
		}
		if got := get(t, "GET", link); got.status != 403 {
			t.Errorf("%s: %d", what, got.status)
		}
	}
}
