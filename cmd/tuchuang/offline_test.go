package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"tuchuang/internal/client"
)

const aPicture = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06\x00\x00\x00"

// elsewhere is a server of a stranger.
func elsewhere(t *testing.T) (url string) {
	t.Helper()
	asked := new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/inside":
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		case "/busy":
			if asked.Add(1) == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		case "/large.bin":
			w.Header().Set("Content-Length", fmt.Sprint(11<<30))
		case "/a.png":
			fmt.Fprint(w, aPicture)
		default:
			fmt.Fprint(w, "content of "+r.URL.Path)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// fetched runs offline and answers its document, which is written at every exit.
func (s *served) fetched(code int, args ...string) (rows []offlineRow) {
	s.t.Helper()
	r := s.run(append([]string{"offline", "--json"}, args...)...)
	if r.code != code {
		s.t.Fatalf("%v: exit %d\n%s%s", args, r.code, r.out, r.errOut)
	}
	decode(s.t, r.out, &rows)
	return rows
}

func TestOffline(t *testing.T) {
	s := serve(t, "", "--fetch-allow", "127.0.0.0/8")
	from := elsewhere(t)
	// Into the folder that the server has for it, and into others, which are made.
	if rows := s.fetched(exitDone, from+"/one.txt"); len(rows) != 1 || rows[0].Status != client.OfflineDone || rows[0].To != "drive" || rows[0].URL != from+"/one.txt" || rows[0].ID() == "" {
		t.Errorf("%+v", rows)
	}
	out := s.mustRun("offline", from+"/two.txt", from+"/three.txt", "--to", "drive:/some/where")
	for _, want := range []string{"fetched two.txt (19 B) ← " + from + "/two.txt\n", "fetched three.txt (21 B) ← "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %s", want, out)
		}
	}
	s.mustRun("offline", "--name", "名 字.png", "--to", "bed:/pictures", from+"/a.png")
	s.mustRun("offline", "--to", "bed:/", from+"/a.png")
	s.has("drive:/来自:离线下载", "one.txt")
	s.has("drive:/some/where", "three.txt", "two.txt")
	s.has("bed:/pictures", "名 字.png")
	s.has("bed:/来自:离线下载", "a.png")
	s.mustRun("get", "drive:/some", "--to", "out")
	if got := s.read("out/some/where/two.txt"); got != "content of /two.txt" {
		t.Errorf("what came is %q", got)
	}

	// One that is busy is asked again, which is said; what fails holds nobody.
	r := s.run("offline", from+"/busy", from+"/missing", from+"/four.txt", "http://10.0.0.1/x", from+"/inside", "--to", "drive:/more")
	if r.code != exitSome {
		t.Errorf("exit %d", r.code)
	}
	for _, want := range []string{
		"fetched busy", "fetched four.txt", "failed " + from + "/missing: the other server answered 404\n",
		"failed http://10.0.0.1/x: the server does not ask at this address: 10.0.0.1\n", "failed " + from + "/inside: the server does not ask at this address\n",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in %s", want, r.out)
		}
	}
	if n := strings.Count(r.errOut, from+"/busy: the other server is busy: it answered 503; it is tried again\n"); n != 1 {
		t.Errorf("said %d times: %s", n, r.errOut)
	}
	s.has("drive:/more", "busy", "four.txt")
	if rows := s.fetched(exitSome, from+"/b.txt", "--to", "bed:/"); rows[0].FailCode != "not_an_image" || rows[0].Status != client.OfflineFailed {
		t.Errorf("%+v", rows)
	}
	if rows := s.fetched(exitLimit, from+"/large.bin", from+"/missing"); rows[0].FailCode != "too_large" || rows[1].FailCode != "bad_status" {
		t.Errorf("%+v", rows)
	}
	if rows := s.fetched(exitSome, "http://10.0.0.1/x", from+"/five.txt"); rows[0].TaskID != 0 || rows[0].FailCode != "address_refused" || rows[1].Status != client.OfflineDone {
		t.Errorf("%+v", rows)
	}
}

func TestOfflineLs(t *testing.T) {
	s := serve(t, "", "--fetch-allow", "127.0.0.0/8")
	from := elsewhere(t)
	var rows []offlineRow
	decode(t, s.mustRun("offline", "ls", "--json"), &rows)
	if len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
	ids := strings.Fields(s.mustRun("offline", "--no-wait", from+"/one.txt", from+"/two.txt"))
	decode(t, s.mustRun("offline", "--no-wait", "--json", from+"/three.txt"), &rows)
	if len(ids) != 2 || len(rows) != 1 || rows[0].TaskID == 0 {
		t.Fatalf("%v %+v", ids, rows)
	}
	last := rows[0].TaskID
	s.fetched(exitSome, from+"/missing", "--to", "bed:/") // one after the other: those before have ended
	var urls []string
	decode(t, s.mustRun("offline", "ls", "--json", "--limit", "3"), &rows)
	for _, row := range rows {
		urls = append(urls, strings.TrimPrefix(row.URL, from))
	}
	if !slices.Equal(urls, []string{"/missing", "/three.txt", "/two.txt"}) || rows[1].TaskID != last || rows[2].TaskID == 0 || strconv.FormatInt(rows[2].TaskID, 10) != ids[1] {
		t.Errorf("%v of %v: %+v", urls, ids, rows)
	}
	lines := strings.Split(strings.TrimSpace(s.mustRun("offline", "ls")), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[3], ids[0]+"  ") || !strings.HasSuffix(lines[3], "  done 19 B  drive  one.txt  "+from+"/one.txt") ||
		!strings.Contains(lines[0], "  failed (the other server answered 404)  bed  ") {
		t.Errorf("%q", lines)
	}
	s.env = []string{"LANG=zh_CN.UTF-8"}
	if out := s.mustRun("offline", "ls"); !strings.Contains(out, "失败（对方服务器返回404）") || !strings.Contains(out, "已完成 19 B") {
		t.Errorf("%s", out)
	}
}

// Ctrl-C while it waits: what was asked for goes on, and how to see it is said.
func TestOfflineInterrupted(t *testing.T) {
	s := serve(t, "", "--fetch-allow", "127.0.0.0/8")
	asked, letGo := make(chan struct{}), make(chan struct{})
	from := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		close(asked)
		<-letGo
		fmt.Fprint(w, "hello")
	}))
	defer from.Close()
	cmd := s.command("offline", from.URL+"/a.txt", "--to", "drive:/there")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != exitInterrupted || !strings.Contains(said.String(), "tuchuang offline ls") {
		t.Errorf("%v: %s", err, &said)
	}
	close(letGo)
	var rows []offlineRow
	for len(rows) == 0 || !rows[0].Ended() {
		decode(t, s.mustRun("offline", "ls", "--json"), &rows)
	}
	if len(rows) != 1 || rows[0].Status != client.OfflineDone || rows[0].Bytes != 5 {
		t.Errorf("%+v", rows)
	}
	s.has("drive:/there", "a.txt")
}
