package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// browse gets a page as somebody who has nothing but its address.
func browse(t *testing.T, c *http.Client, at string) (int, string) {
	t.Helper()
	res, err := c.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// What is shared on the line can be opened, with its password where there is one, and
// its files arrive.
func TestShare(t *testing.T) {
	s := serve(t, "")
	s.file("照片.txt", "what is shared")
	s.mustRun("put", "照片.txt", "--to", "/album")
	var made shareOut
	decode(t, s.mustRun("share", "drive:/album", "/album/照片.txt", "--name", "旅行", "--days", "0", "--with-password", "--json"), &made)
	if made.Name != "旅行" || made.Days != 0 || !regexp.MustCompile(`^[a-z2-7]{8}$`).MatchString(made.Password) || !strings.HasSuffix(made.URL, "/s/"+made.ShareKey) {
		t.Fatalf("%+v", made)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	visitor := &http.Client{Jar: jar}
	if status, page := browse(t, visitor, made.URL); status != 200 || !strings.Contains(page, "<form") || strings.Contains(page, "album") {
		t.Fatalf("%d %s", status, page)
	}
	res, err := visitor.PostForm(made.URL, url.Values{"password": {made.Password}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	status, page := browse(t, visitor, made.URL)
	link := regexp.MustCompile(`<a href="([^"]+)"><bdi>照片\.txt</bdi>`).FindStringSubmatch(page)
	if status != 200 || link == nil || !strings.Contains(page, "<bdi>album</bdi></a>/") {
		t.Fatalf("%d %s", status, page)
	}
	at, err := url.Parse(made.URL)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := browse(t, visitor, at.Scheme+"://"+at.Host+link[1]); status != 200 || body != "what is shared" {
		t.Errorf("%d %q", status, body)
	}

	out := strings.Fields(s.mustRun("share", "/album/照片.txt"))
	if len(out) != 1 {
		t.Fatalf("%q", out)
	}
	if status, page := browse(t, new(http.Client), out[0]); status != 200 || !strings.Contains(page, "<h1>照片.txt</h1>") {
		t.Errorf("%d %s", status, page)
	}
	if out := s.mustRun("share", "/album", "--password", "开门", "--days", "1"); !strings.HasSuffix(out, "\npassword 开门\n") {
		t.Errorf("%q", out)
	}
	var rows []shareRow
	for counted := false; !counted && t.Context().Err() == nil; { // the server writes visits down each second
		rows = nil
		decode(t, s.mustRun("share", "ls", "--json"), &rows)
		counted = len(rows) != 3 || rows[1].PreviewCount > 0 && rows[2].PreviewCount > 1 && rows[2].DownloadCount > 0
	}
	if len(rows) != 3 || rows[0].SharePwd != "开门" || rows[0].Expired != 0 || rows[2].ShareID != made.ShareID || rows[2].PreviewCount != 2 || rows[2].DownloadCount != 1 {
		t.Fatalf("%+v", rows)
	}
	lines := strings.Split(s.mustRun("share", "ls", "--limit", "2"), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], "  album  "+rows[0].URL+"  password 开门") || !strings.Contains(lines[1], "opened 1 times, 0 downloads  照片.txt  "+out[0]) {
		t.Errorf("%q", lines)
	}
	if out := s.mustRun("share", "ls"); !strings.Contains(out, "  for ever  opened 2 times, 1 downloads  旅行  ") {
		t.Errorf("%s", out)
	}
	s.mustRun("share", "rm", number(made.ShareID), number(rows[0].ShareID))
	if status, _ := browse(t, visitor, made.URL); status != 404 {
		t.Errorf("an ended share is %d", status)
	}
	if r := s.run("share", "rm", number(made.ShareID)); r.code != exitFailed || !strings.Contains(r.errOut, "no such share") || !strings.Contains(r.errOut, "tuchuang share ls") {
		t.Errorf("%+v", r)
	}
	decode(t, s.mustRun("share", "ls", "--json"), &rows)
	if len(rows) != 1 || rows[0].ShareName != "照片.txt" {
		t.Errorf("%+v", rows)
	}
	if r := s.run("share", "/nowhere"); r.code == exitDone {
		t.Errorf("%+v", r)
	}
	// Who had the secrets may have made shares: a reset tells of those that go on, or ends them.
	data := s.home + "/data"
	told := s.run("user", "reset", "writer", "--data", data)
	if told.code != exitDone || !strings.Contains(told.errOut, "1 shares go on") || !strings.Contains(told.errOut, "照片.txt") || strings.Contains(told.out, "照片.txt") {
		t.Errorf("%+v", told)
	}
	if status, _ := browse(t, visitor, rows[0].URL); status != 200 {
		t.Errorf("a share that goes on is %d", status)
	}
	ended := s.run("user", "reset", "writer", "--end-shares", "--data", data)
	if ended.code != exitDone || !strings.Contains(ended.errOut, "1 shares have ended") {
		t.Errorf("%+v", ended)
	}
	if status, _ := browse(t, visitor, rows[0].URL); status != 404 {
		t.Errorf("a share that was ended is %d", status)
	}
	if r := s.run("user", "reset", "writer", "--data", data); r.code != exitDone || strings.Contains(r.errOut, "share") {
		t.Errorf("%+v", r)
	}
}

func TestShareNamesAreCut(t *testing.T) {
	if got := firstOf(strings.Repeat("字", 40), longestShareName); got != strings.Repeat("字", 34) {
		t.Errorf("%q", got)
	}
	if got := firstOf("a", longestShareName); got != "a" {
		t.Errorf("%q", got)
	}
}
