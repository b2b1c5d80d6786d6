package main

import (
	"net/http"
	"strings"
	"testing"
)

// What is enabled on the line is read by whoever has its address, signed where that is
// wanted, until it is disabled.
func TestDirect(t *testing.T) {
	s := serve(t, "")
	s.file("图 1.txt", "what is read")
	s.mustRun("put", "图 1.txt", "--to", "/相册/a")
	if r := s.run("direct", "url", "/相册/a/图 1.txt"); r.code != exitFailed || !strings.Contains(r.errOut, "direct links") || !strings.Contains(r.errOut, "tuchuang direct enable") {
		t.Errorf("%+v", r)
	}
	out := s.mustRun("direct", "enable", "drive:/相册")
	if !strings.HasPrefix(out, "相册  http") || !strings.HasSuffix(out, "/%E7%9B%B8%E5%86%8C/\n") {
		t.Errorf("%q", out)
	}
	var links []directURLOut
	decode(t, s.mustRun("direct", "url", "/相册/a/图 1.txt", "--json"), &links)
	if len(links) != 1 || links[0].Filename != "图 1.txt" || !strings.HasSuffix(links[0].URL, "/%E7%9B%B8%E5%86%8C/a/%E5%9B%BE%201.txt") {
		t.Fatalf("%+v", links)
	}
	link := links[0].URL
	visitor := new(http.Client)
	read := func(when, at string, want int) {
		t.Helper()
		if status, body := browse(t, visitor, at); status != want || (body == "what is read") != (want == 200) {
			t.Errorf("%s: %d %q, want %d", when, status, body, want)
		}
	}
	read("enabled", link, 200)
	if got := s.mustRun("direct", "url", "/相册/a/图 1.txt"); got != link+"\n" {
		t.Errorf("%q", got)
	}
	var rows []directRow
	decode(t, s.mustRun("direct", "ls", "--json"), &rows)
	if len(rows) != 1 || rows[0].Filename != "相册" || !strings.HasPrefix(link, rows[0].URL) || rows[0].CreateAt == "" {
		t.Errorf("%+v", rows)
	}

	if got := s.mustRun("direct", "sign"); got != "links want no signature\n" {
		t.Errorf("%q", got)
	}
	on := strings.Fields(s.mustRun("direct", "sign", "--on"))
	key := on[len(on)-1]
	if len(key) < 20 || strings.Join(on[:len(on)-1], " ") != "links want a signature key" {
		t.Errorf("%q", on)
	}
	read("without a signature", link, 403)
	signed := strings.TrimSpace(s.mustRun("direct", "url", "/相册/a/图 1.txt"))
	read("signed", signed, 200)
	if again := s.mustRun("direct", "sign", "--new-key"); strings.Contains(again, key) {
		t.Errorf("the same key: %q", again)
	}
	read("with the key before", signed, 403)
	if got := s.mustRun("direct", "sign", "--off"); !strings.HasPrefix(got, "links want no signature\nkey ") {
		t.Errorf("%q", got)
	}
	read("signed no more", link, 200)

	if got := s.mustRun("direct", "block", "--on", "--add", "127.0.0.1", "--add", "2001:db8::1"); got != "links are refused to:\n127.0.0.1\n2001:db8::1\n" {
		t.Errorf("%q", got)
	}
	read("blocked", link, 403)
	if got := s.mustRun("direct", "block", "--rm", "::ffff:127.0.0.1"); got != "links are refused to:\n2001:db8::1\n" {
		t.Errorf("%q", got)
	}
	read("blocked no more", link, 200)
	if got := s.mustRun("direct", "block", "--off"); got != "nobody is refused; the list, which is off:\n2001:db8::1\n" {
		t.Errorf("%q", got)
	}

	var log []directLogRow
	for counted := int64(0); counted < 4 && t.Context().Err() == nil; { // the server writes it down soon
		log, counted = nil, 0
		decode(t, s.mustRun("direct", "log", "--json"), &log)
		for _, l := range log { // an hour may end meanwhile
			counted += l.Requests
		}
	}
	if log[0].FilePath != "/相册/a/图 1.txt" || log[0].TotalTraffic != log[0].Requests*int64(len("what is read")) || log[0].DirectLinkURL != link {
		t.Errorf("%+v", log)
	}
	if got := s.mustRun("direct", "log", "--limit", "1"); !strings.HasSuffix(got, "  /相册/a/图 1.txt\n") || !strings.Contains(got, " requests, ") {
		t.Errorf("%q", got)
	}

	s.mustRun("rm", "drive:/相册")
	if got := s.mustRun("direct", "ls"); got != "相册  in the trash: its links lead nowhere\n" {
		t.Errorf("%q", got)
	}
	read("in the trash", link, 404)
	s.mustRun("trash", "recover", "相册")
	read("back again", link, 200)
	s.mustRun("direct", "disable", "/相册")
	read("disabled", link, 404)
	if r := s.run("direct", "disable", "/相册"); r.code != exitFailed || !strings.Contains(r.errOut, "tuchuang direct ls") {
		t.Errorf("%+v", r)
	}

	// Who had the secrets may have given links: a reset tells of those that go on, or ends them.
	data := s.home + "/data"
	s.mustRun("direct", "enable", "/相册")
	told := s.run("user", "reset", "writer", "--data", data)
	if told.code != exitDone || !strings.Contains(told.errOut, "1 folders go on having direct links") || !strings.Contains(told.errOut, "  /相册\n") || strings.Contains(told.out, "相册") {
		t.Errorf("%+v", told)
	}
	read("after a reset", link, 200)
	ended := s.run("user", "reset", "writer", "--end-shares", "--data", data)
	if ended.code != exitDone || !strings.Contains(ended.errOut, "the direct links of 1 folders have ended") {
		t.Errorf("%+v", ended)
	}
	read("ended", link, 404)
	if r := s.run("user", "reset", "writer", "--data", data); r.code != exitDone || strings.Contains(r.errOut, "direct") {
		t.Errorf("%+v", r)
	}
}
