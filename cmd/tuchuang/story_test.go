package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
)

// served is a real server and a user of it who has logged in.
type served struct {
	*program
	url    string
	id     string
	secret string
}

// serve starts the program as a server on an empty folder, makes an account and
// logs in; the server ends with the test.
func serve(t *testing.T, quota string, flags ...string) *served {
	t.Helper()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	address := freeAddress(t)
	cmd := p.command(append([]string{"serve", "--data", data, "--listen", address, "--public-url", "http://" + address}, flags...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		said := false
		for lines := bufio.NewScanner(r); lines.Scan(); {
			fmt.Fprintln(&log, lines.Text())
			if !said && strings.Contains(lines.Text(), "http://"+address) {
				said = true
				close(ready)
			}
		}
	}()
	var end error
	go func() {
		end = cmd.Wait()
		w.Close()
	}()
	t.Cleanup(func() {
		// The context of the test has ended, which sent SIGTERM.
		<-ended
		if code := cmd.ProcessState.ExitCode(); code != exitDone {
			t.Errorf("the server ended with %d, %v:\n%s", code, end, &log)
		}
	})
	select {
	case <-ready:
	case <-ended:
		t.Fatalf("the server does not start:\n%s", &log)
	}
	args := []string{"user", "add", "writer", "--data", data, "--json"}
	if quota != "" {
		args = append(args, "--quota", quota)
	}
	added := p.run(args...)
	var account struct{ ClientID, ClientSecret string }
	if err := json.Unmarshal([]byte(added.out), &account); err != nil || account.ClientSecret == "" {
		t.Fatalf("user add: %v: %+v", err, added)
	}
	s := &served{p, "http://" + address, account.ClientID, account.ClientSecret}
	p.env = []string{secretVariable + "=" + account.ClientSecret}
	s.mustRun("login", "--server", s.url, "--client-id", s.id)
	p.env = nil // from here on the profile has to do
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// mustRun runs a line that has to succeed, and gives what it printed.
func (s *served) mustRun(args ...string) string {
	s.t.Helper()
	r := s.run(args...)
	if r.code != exitDone {
		s.t.Fatalf("%v: exit %d\n%s%s", args, r.code, r.out, r.errOut)
	}
	return r.out
}

// file writes a file below the user's folder.
func (s *served) file(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// names lists a folder as ls sees it.
func (s *served) names(path string) []string {
	s.t.Helper()
	var rows []lsRow
	decode(s.t, s.mustRun("ls", path, "--json"), &rows)
	names := []string{}
	for _, r := range rows {
		if r.Type == rowFolder {
			r.Name += "/"
		}
		names = append(names, r.Name)
	}
	return names
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
}

func fetched(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
	return string(body)
}

// A refusal and what to do about it are two sentences, not one twice; and a folder
// with nothing in it is spoken of.
func TestRefusalsSayWhatToDo(t *testing.T) {
	s := serve(t, "")
	if err := os.Mkdir(filepath.Join(s.home, "nothing"), 0o700); err != nil {
		t.Fatal(err)
	}
	if r := s.run("put", "nothing"); r.code != exitDone || !strings.Contains(r.errOut, "no files to upload in nothing") {
		t.Errorf("%+v", r)
	}
	inChinese(t, s.program, exitDone, "put", "nothing")
	s.mustRun("user", "disable", "writer", "--data", "data")
	r := s.run("ls", "drive:/")
	if r.code != exitFailed || strings.Count(r.errOut, "disabled") != 1 || !strings.Contains(r.errOut, "→ the operator can enable it") {
		t.Errorf("%+v", r)
	}
	inChinese(t, s.program, exitFailed, "ls", "drive:/")
}

func TestFromFolderToLinks(t *testing.T) {
	s := serve(t, "")
	want := map[string]string{
		"travel/a.png":             "first picture",
		"travel/2024/b](x)\"c.gif": "", // a name no server takes
		"travel/2024/c.jpg":        "third picture",
		"travel/2025/图.webp":       "fourth picture",
		"travel/notes.txt":         "no picture at all",
	}
	for name, content := range want {
		s.file(name, content)
	}
	var put putReport
	r := s.run("put", "travel", "--to", "/blog", "--json")
	decode(t, r.out, &put)
	if r.code != exitFailed || put.Uploaded != 4 || put.Failed != 1 || put.Skipped != 0 {
		t.Fatalf("put: exit %d, %+v\n%s", r.code, put, r.errOut)
	}
	if !strings.Contains(r.errOut, "rename it") {
		t.Errorf("no advice on the name:\n%s", r.errOut)
	}
	if diff := cmp.Diff([]string{"2024/", "2025/", "a.png", "notes.txt"}, s.names("drive:/blog/travel")); diff != "" {
		t.Error(diff)
	}

	var task taskReport
	decode(t, s.mustRun("copy", "--json", "drive:/blog/travel", "--to", "bed:/public/2026"), &task)
	if task.Status != client.CopyFinished || task.Copied != 3 || task.Skipped != 1 || len(task.Failures) != 0 {
		t.Fatalf("copy: %+v", task)
	}
	links := s.mustRun("links", "/public", "--format", "url")
	got := map[string]bool{}
	for link := range strings.FieldsSeq(links) {
		got[fetched(t, link)] = true
	}
	if diff := cmp.Diff(map[string]bool{"first picture": true, "third picture": true, "fourth picture": true}, got); diff != "" {
		t.Error(diff)
	}

	// Everything again: nothing is sent, nothing is new, the links stay.
	put = putReport{}
	decode(t, s.run("put", "travel", "--to", "/blog", "--json").out, &put)
	if put.Uploaded != 0 || put.Skipped != 4 {
		t.Errorf("put again: %+v", put)
	}
	if out := s.mustRun("copy", "/blog/travel", "--to", "/public/2026"); !strings.Contains(out, "0 copied, 3 replaced, 1 skipped, 0 failed") {
		t.Errorf("copy again: %s", out)
	}
	if out := s.mustRun("copy", "/blog/travel", "--to", "/public/20 26"); !strings.Contains(out, " links 'bed:/public/20 26'\n") {
		t.Errorf("it is not said how to get at the links: %s", out)
	}
	if again := s.mustRun("links", "bed:/public/2026"); again != links {
		t.Errorf("links were\n%sand are\n%s", links, again)
	}
	if out := s.mustRun("task", task.TaskID); !strings.Contains(out, "3 copied") {
		t.Errorf("task: %s", out)
	}
}

// Where pictures are published is told of files and of whole folders, out of date or not.
func TestPublished(t *testing.T) {
	s := serve(t, "")
	s.file("album/a.png", "a")
	s.file("album/b.png", "b")
	s.file("album/day/c.png", "c")
	s.file("album/notes.txt", "no picture")
	s.mustRun("put", "album")
	if out := s.mustRun("published", "drive:/album"); out != "unpublished  /album/a.png\nunpublished  /album/b.png\nunpublished  /album/day/c.png\n" {
		t.Errorf("before: %s", out)
	}
	var task taskReport
	decode(t, s.mustRun("copy", "/album/a.png", "/album/day", "--to", "/博 客", "--json"), &task)
	s.file("album/a.png", "another")
	s.mustRun("put", "album", "--overwrite")
	var rows []publishedRow
	decode(t, s.mustRun("published", "/album", "drive:/album/day/c.png", "--json"), &rows)
	var got []string
	for _, r := range rows {
		got = append(got, r.Path+" "+r.State)
		for _, l := range r.Published {
			got = append(got, "  "+l.Path+" "+l.State)
			if at, err := time.Parse(time.RFC3339, string(l.PublishedAt)); err != nil || time.Since(at).Abs() > time.Hour || l.TaskID != task.TaskID {
				t.Errorf("%+v %v", l, err)
			}
		}
	}
	want := []string{
		"/album/a.png outdated", "  /博 客/a.png outdated", "/album/b.png unpublished",
		"/album/day/c.png current", "  /博 客/day/c.png current", "/album/day/c.png current", "  /博 客/day/c.png current",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	out := s.mustRun("published", "/album/a.png")
	if want := "outdated  /album/a.png  " + rows[0].Published[0].DownloadURL + "  bed:/博 客/a.png\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
	s.file("empty/x.txt", "x")
	s.mustRun("put", "empty")
	if r := s.run("published", "/empty"); r.code != exitDone || r.out != "" || !strings.Contains(r.errOut, "(empty)") {
		t.Errorf("%+v", r)
	}
	if r := s.run("published", "/album/day", "/nothing.png"); r.code != exitFailed || !strings.HasPrefix(r.out, "current  /album/day/c.png  ") || !strings.Contains(r.errOut, "/nothing.png does not exist") {
		t.Errorf("%+v", r)
	}
}

// A task is watched by events to its end, which is told as by copy; a server that has no
// events is asked.
func TestTaskWatch(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "a")
	s.mustRun("put", "a.png")
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	toServer := httputil.NewSingleHostReverseProxy(target)
	var mu sync.Mutex
	var asked []string
	hasEvents := true
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, path.Base(r.URL.Path))
		gone := path.Base(r.URL.Path) == "events" && !hasEvents
		mu.Unlock()
		if gone {
			http.NotFound(w, r)
			return
		}
		toServer.ServeHTTP(w, r)
	}))
	defer between.Close()
	s.env = []string{secretVariable + "=" + s.secret, "TUCHUANG_SERVER=" + between.URL, "TUCHUANG_CLIENT_ID=" + s.id}
	var task taskReport
	for _, has := range []bool{true, false} {
		mu.Lock()
		hasEvents, asked = has, nil
		mu.Unlock()
		decode(t, s.mustRun("copy", "/a.png", "--json"), &task)
		out := s.mustRun("task", "watch", task.TaskID)
		if !strings.Contains(out, "task "+task.TaskID+" is done: ") || !strings.Contains(out, ", 0 failed") {
			t.Errorf("%s", out)
		}
		counts := map[string]int{}
		mu.Lock()
		for _, call := range asked {
			counts[call]++
		}
		mu.Unlock()
		if counts["events"] != 2 || (counts["process"] > 0) == has {
			t.Errorf("events %v: asked %v", has, counts)
		}
	}
	if r := s.run("task", "watch", "none"); r.code != exitFailed || !strings.Contains(r.errOut, "no such task") || strings.Contains(r.errOut, "goes on") {
		t.Errorf("%+v", r)
	}
	s.file("b.png", "b")
	s.mustRun("put", "b.png")
	decode(t, s.mustRun("copy", "/b.png", "--no-wait", "--json"), &task)
	s.run("task", "cancel", task.TaskID) // where it comes in time
	r := s.run("task", "watch", task.TaskID, "--json")
	decode(t, r.out, &task)
	if (r.code == exitDone) != (task.Status == client.CopyFinished) || (r.code == exitFailed) != (task.Status == client.CopyFailed) {
		t.Errorf("exit %d: %+v", r.code, task)
	}
}

// A report goes to standard output or into a file, whole or not at all.
func TestTaskReport(t *testing.T) {
	s := serve(t, "")
	s.file("album/猫.png", "a")
	s.mustRun("put", "album")
	var task taskReport
	decode(t, s.mustRun("copy", "/album", "--json"), &task)
	table := s.mustRun("task", "report", task.TaskID)
	if !strings.HasPrefix(table, "\ufeffseq,fileId,") || strings.Count(table, "\r\n") != 2 || !strings.Contains(table, ",/album/猫.png,") {
		t.Errorf("%q", table)
	}
	var list []client.CopyItem
	decode(t, s.mustRun("task", "report", task.TaskID, "--json"), &list)
	if len(list) != 1 || list[0].Filename != "猫.png" || list[0].Outcome != "copied" {
		t.Errorf("%+v", list)
	}
	s.file("out/report.csv", "an older one")
	if out := s.mustRun("task", "report", task.TaskID, "--out", "out/report.csv"); !strings.Contains(out, "written to out/report.csv") {
		t.Errorf("it says %q", out)
	}
	only := func(folder, name, want string) {
		t.Helper()
		list, err := os.ReadDir(filepath.Join(s.home, folder))
		if err != nil || len(list) != 1 || list[0].Name() != name {
			t.Fatalf("%v %v", list, err)
		}
		if got, err := os.ReadFile(filepath.Join(s.home, folder, name)); err != nil || string(got) != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	only("out", "report.csv", table)

	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	toServer := httputil.NewSingleHostReverseProxy(target)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Base(r.URL.Path) != "report" {
			toServer.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Disposition", "attachment")
		_, _ = io.WriteString(w, "half of it")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer between.Close()
	s.env = []string{secretVariable + "=" + s.secret}
	r := s.run("task", "report", task.TaskID, "--out", "out/report.csv", "--server", between.URL, "--client-id", s.id)
	if r.code != exitFailed || r.errOut == "" {
		t.Errorf("%+v", r)
	}
	only("out", "report.csv", table)
	s.env = nil
	if r := s.run("task", "report", "none", "--out", "out/report.csv"); r.code != exitFailed || !strings.Contains(r.errOut, "no such task") {
		t.Errorf("%+v", r)
	}
	only("out", "report.csv", table)
	if r := s.run("task", "report", task.TaskID, "--out", "out"); r.code != exitUsage || !strings.Contains(r.errOut, "out is not a regular file") {
		t.Errorf("%+v", r)
	}
	if r := s.run("task", "report", task.TaskID, "--out", "nowhere/report.csv"); r.code != exitFailed || !strings.Contains(r.errOut, "nowhere/report.csv can't be written: no such") {
		t.Errorf("%+v", r)
	}
}

func TestPutOntoOtherContent(t *testing.T) {
	for _, tt := range []struct {
		flag string
		code int
		want []string
	}{
		{"", exitFailed, []string{"a.png"}},
		{"--keep-both", exitDone, []string{"a(1).png", "a.png"}},
		{"--overwrite", exitDone, []string{"a.png"}},
	} {
		t.Run("put "+tt.flag, func(t *testing.T) {
			s := serve(t, "")
			s.file("a.png", "old")
			s.mustRun("put", "a.png")
			s.file("a.png", "newer")
			args := []string{"put", "a.png"}
			if tt.flag != "" {
				args = append(args, tt.flag)
			}
			for range 2 { // the second run changes nothing more
				r := s.run(args...)
				if r.code != tt.code {
					t.Errorf("exit %d\n%s%s", r.code, r.out, r.errOut)
				}
				if tt.code == exitFailed && !strings.Contains(r.errOut, "--overwrite") {
					t.Errorf("no way out is named:\n%s", r.errOut)
				}
				if diff := cmp.Diff(tt.want, s.names("drive:/")); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// What the server says to every file is said once.
func TestPutEndsWithARefusalOfTheAccount(t *testing.T) {
	s := serve(t, "")
	for n := range 25 {
		s.file(fmt.Sprintf("album/%d.png", n), fmt.Sprint("picture ", n))
	}
	s.env = []string{secretVariable + "=wrong"}
	if r := s.run("put", "album"); r.code != exitFailed || strings.Count(r.errOut, "→ check client id and secret") != 1 || strings.Contains(r.errOut, "failed ") {
		t.Errorf("a wrong secret: exit %d\n%s%s", r.code, r.out, r.errOut)
	}
	var once sync.Once
	halfway := transport(func(r *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if strings.HasSuffix(r.URL.Path, "/create") {
			once.Do(func() { s.mustRun("user", "disable", "writer", "--data", filepath.Join(s.home, "data")) })
		}
		return resp, err
	})
	p, said := s.putter(t.Context(), halfway, filepath.Join(s.home, "album"))
	p.uploadAll(t.Context(), 4)
	if err := p.report(false); err == nil || !strings.Contains(said.String(), "the account is disabled") {
		t.Fatalf("%v:\n%s", err, said)
	}
	for _, f := range p.files {
		if f.outcome == outcomeFailed {
			t.Errorf("%s failed by itself: %v", f.drive, f.err)
		}
	}
	if last := p.files[len(p.files)-1]; last.outcome != outcomeNone {
		t.Errorf("the last of 25 files: %q", last.outcome)
	}
}

// A file that the server's disk is too small for says nothing about the others, except
// where it is a small one.
func TestPutWithoutRoomForAFile(t *testing.T) {
	for _, tt := range []struct {
		name string
		full string // the call that finds no room
		want map[string]outcome
	}{
		{"a large one", "/v2/file/create", map[string]outcome{"a.bin": outcomeFailed, "b.png": outcomeUploaded, "c.png": outcomeUploaded}},
		{"a small one", "/v2/file/single/create", map[string]outcome{"a.bin": outcomeUploaded, "b.png": outcomeNone, "c.png": outcomeNone}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "")
			s.file("album/a.bin", strings.Repeat("large ", 3<<20))
			s.file("album/b.png", "small")
			s.file("album/c.png", "small too")
			// As the server answers it: what is left of this machine's disk is nothing to test with.
			through := transport(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, tt.full) {
					return http.DefaultTransport.RoundTrip(r)
				}
				return &http.Response{
					Request: r, StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
					Body: io.NopCloser(strings.NewReader(`{"code":1,"message":"服务器磁盘空间不足","data":null,"error":{"code":"disk_full","message":"full"}}`)),
				}, nil
			})
			p, said := s.putter(t.Context(), through, filepath.Join(s.home, "album"))
			p.uploadAll(t.Context(), 1)
			if err := p.report(false); err == nil {
				t.Error("it ended well")
			}
			for _, f := range p.files {
				if want := tt.want[filepath.Base(f.local)]; f.outcome != want {
					t.Errorf("%s: %q, want %q; %v", f.local, f.outcome, want, f.err)
				}
			}
			if strings.Count(said.String(), "made room") != 1 {
				t.Errorf("said:\n%s", said)
			}
		})
	}
}

// A file that got a number is called by it, in words and in JSON, also when it is
// there already.
func TestPutKeepingBothNamesWhatIsThere(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "old")
	s.mustRun("put", "a.png")
	for _, name := range []string{"/a(1).png", "/a(2).png"} {
		s.file("a.png", "content of "+name)
		if said := s.run("put", "a.png", "--keep-both").errOut; !strings.Contains(said, "uploaded "+name) {
			t.Errorf("it should be %s: %s", name, said)
		}
	}
	var r putReport
	decode(t, s.mustRun("put", "a.png", "--keep-both", "--json"), &r)
	if len(r.Files) != 1 || r.Files[0].Outcome != outcomeSkipped || r.Files[0].Drive != "/a(2).png" {
		t.Errorf("%+v", r)
	}
}

func TestPutOverAFolder(t *testing.T) {
	s := serve(t, "")
	s.file("x.png/a.png", "in a folder")
	s.mustRun("put", "x.png")
	s.file("y/x.png", "a file")
	if r := s.run("put", "y/x.png"); r.code != exitFailed || !strings.Contains(r.errOut, "folder of that name") {
		t.Errorf("exit %d: %s", r.code, r.errOut)
	}
}

// A run that ends half way through a large file leaves what the next one needs to
// send only the rest.
func TestPutGoesOnAfterAStop(t *testing.T) {
	s := serve(t, "")
	s.file("big.png", strings.Repeat("0123456789abcdef", (50<<20)/16)) // four slices
	local := filepath.Join(s.home, "big.png")

	first := &tap{}
	ctx, stop := context.WithCancel(t.Context())
	first.after = func(slices int) {
		if slices == 2 {
			stop()
		}
	}
	if done := s.put(ctx, first, local); done.outcome != outcomeNone {
		t.Fatalf("stopped, and yet %q", done.outcome)
	}
	// Copied to and fro it is the same file still.
	if err := os.Chtimes(local, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	second := &tap{}
	if done := s.put(t.Context(), second, local); done.outcome != outcomeUploaded {
		t.Fatalf("%q, %v", done.outcome, done.err)
	}
	if second.slices != 2 {
		t.Errorf("%d slices of four were sent after two had arrived", second.slices)
	}
	if diff := cmp.Diff([]string{"big.png"}, s.names("drive:/")); diff != "" {
		t.Error(diff)
	}
	left, err := filepath.Glob(filepath.Join(s.home, "cache", "tuchuang", "uploads", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A refusal that has nothing to do with the upload leaves it where it was. The room
// it holds would else be missing to the next run.
func TestPutGoesOnAfterARefusal(t *testing.T) {
	s := serve(t, "60M")
	s.file("big.png", strings.Repeat("0123456789abcdef", (50<<20)/16)) // four slices
	local := filepath.Join(s.home, "big.png")
	data := filepath.Join(s.home, "data")

	first := &tap{after: func(slices int) {
		if slices == 2 {
			s.mustRun("user", "disable", "writer", "--data", data)
		}
	}}
	if done := s.put(t.Context(), first, local); done.outcome == outcomeUploaded {
		t.Fatal("a disabled account may upload")
	}
	s.mustRun("user", "enable", "writer", "--data", data)
	second := &tap{}
	if done := s.put(t.Context(), second, local); done.outcome != outcomeUploaded || second.slices != 2 {
		t.Errorf("%q after %d slices, %v", done.outcome, second.slices, done.err)
	}
}

// put uploads one file with the slices one after another, through a tap.
func (s *served) put(ctx context.Context, through http.RoundTripper, local string) *putFile {
	s.t.Helper()
	p, _ := s.putter(s.t.Context(), through, local)
	p.uploadAll(ctx, 1)
	return p.files[0]
}

// putter is a run of put in this process, and what it says.
func (s *served) putter(ctx context.Context, through http.RoundTripper, local string) (*putter, *said) {
	s.t.Helper()
	c, err := client.New(client.Options{Server: s.url, ClientID: s.id, Secret: s.secret, HTTP: &http.Client{Transport: through}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	s.t.Setenv("XDG_CACHE_HOME", filepath.Join(s.home, "cache"))
	s.t.Setenv("HOME", s.home)
	var heard said
	u := &ui{out: &heard, err: &heard}
	return &putter{fileRun: fileRun{u: u}, client: c, tree: c.DriveTree(), states: u.openStates(c.Server(), s.id), files: plan(ctx, u, []string{local}, "/")}, &heard
}

// tap lets one slice through at a time and counts those that have arrived.
type tap struct {
	mu     sync.Mutex
	slices int
	after  func(slices int)
}

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/slice") {
		return http.DefaultTransport.RoundTrip(r)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		t.slices++
		if t.after != nil {
			t.after(t.slices)
		}
	}
	return resp, err
}

// A file that is written to while it is sent is not in the drive afterwards, and
// the next run brings what it has become.
func TestPutNoticesAChangingFile(t *testing.T) {
	for _, tt := range []struct {
		name string
		size int
		at   string // the call after which it has changed
		nth  int64  // of these calls
		open bool   // the rest can't be sent, and no call gives an upload up
	}{
		{"in one piece", 1 << 10, "/single/create", 1, false},
		{"between slices", 40 << 20, "/slice", 1, true},
		{"after the last slice", 40 << 20, "/slice", 3, false},
		{"after its end", 40 << 20, "/upload_complete", 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "")
			s.file("a.png", strings.Repeat("x", tt.size))
			local := filepath.Join(s.home, "a.png")
			var calls atomic.Int64
			through := transport(func(r *http.Request) (*http.Response, error) {
				resp, err := http.DefaultTransport.RoundTrip(r)
				if strings.HasSuffix(r.URL.Path, tt.at) && calls.Add(1) == tt.nth {
					s.file("a.png", "what it has become")
				}
				return resp, err
			})
			done := s.put(t.Context(), through, local)
			if done.outcome != outcomeFailed || !strings.Contains(done.err.Error(), "changed while it was read") {
				t.Errorf("%q, %v", done.outcome, done.err)
			}
			if left := s.names("drive:/"); len(left) != 0 {
				t.Errorf("it is in the drive nevertheless: %v", left)
			}
			if open, err := filepath.Glob(filepath.Join(s.home, "data", "uploads", "*.part")); err != nil || len(open) > 0 && !tt.open {
				t.Errorf("its bytes wait for the rest: %v, %v", open, err)
			}
			if again := s.put(t.Context(), http.DefaultTransport, local); again.outcome != outcomeUploaded {
				t.Errorf("the next run: %q, %v", again.outcome, again.err)
			}
		})
	}
}

// A file that is deleted while it is read is said to be gone, not changed. What had
// come whole by then stays: it is the only one left.
func TestPutNoticesADeletedFile(t *testing.T) {
	for _, tt := range []struct {
		name string
		size int
		at   string // the call before which it is deleted
		nth  int64  // of these calls
		left []string
	}{
		{"before it is looked for", 1 << 10, "/list", 1, []string{}},
		{"between slices", 40 << 20, "/slice", 2, []string{"a.png"}},
		{"while it is sent in one piece", 1 << 10, "/single/create", 1, []string{"a.png"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "")
			s.file("a.png", strings.Repeat("x", tt.size))
			local := filepath.Join(s.home, "a.png")
			var calls atomic.Int64
			through := transport(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, tt.at) && calls.Add(1) == tt.nth {
					if err := os.Remove(local); err != nil {
						t.Error(err)
					}
				}
				return http.DefaultTransport.RoundTrip(r)
			})
			done := s.put(t.Context(), through, local)
			if whole := len(tt.left) > 0; whole != (done.outcome == outcomeUploaded) ||
				!whole && (done.outcome != outcomeFailed || !strings.Contains(done.err.Error(), "it was deleted while it was read")) {
				t.Errorf("%q, %v", done.outcome, done.err)
			}
			if diff := cmp.Diff(tt.left, s.names("drive:/")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Two runs put the same at once: what the other one brought is there already.
func TestPutTwiceAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name   string
		theirs string
		want   outcome
	}{
		{"the same", "ours", outcomeSkipped},
		{"another of that name", "theirs", outcomeFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "")
			s.file("ours/album/a.png", "ours")
			s.file("theirs/album/a.png", tt.theirs)
			other := transport(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/create") {
					s.mustRun("put", "theirs/album")
				}
				return http.DefaultTransport.RoundTrip(r)
			})
			if done := s.put(t.Context(), other, filepath.Join(s.home, "ours", "album")); done.outcome != tt.want {
				t.Errorf("%q, %v", done.outcome, done.err)
			}
			if diff := cmp.Diff([]string{"a.png"}, s.names("drive:/album")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Two runs bring the same large file at once, and the second goes on with what the first
// has begun: neither fails, be the second at its end first or broken off.
func TestPutTwiceAtOnceTheSameUpload(t *testing.T) {
	for _, tt := range []struct {
		name    string
		stopped bool
	}{{"both to the end", false}, {"the second stops", true}} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "")
			s.file("big.png", strings.Repeat("0123456789abcdef", (50<<20)/16)) // four slices
			local := filepath.Join(s.home, "big.png")
			ended := make(chan struct{})
			second := func() {
				defer close(ended)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				through := &tap{after: func(slices int) {
					if tt.stopped && slices == 1 {
						stop()
					}
				}}
				if done := s.put(ctx, through, local); done.outcome == outcomeFailed || (done.outcome == outcomeNone) != tt.stopped {
					t.Errorf("the second run: %q, %v", done.outcome, done.err)
				}
			}
			var slices atomic.Int64
			var turn sync.Mutex // one slice at a time
			first := transport(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/slice") {
					return http.DefaultTransport.RoundTrip(r)
				}
				turn.Lock()
				defer turn.Unlock()
				if slices.Add(1) == 2 {
					r.Body = &between{ReadCloser: r.Body, left: 1 << 20, then: sync.OnceFunc(second)} // the last one has 2 MiB
				}
				return http.DefaultTransport.RoundTrip(r)
			})
			done := s.put(t.Context(), first, local)
			select {
			case <-ended:
			default:
				t.Fatalf("the first run ended before the second began or ended: %q, %v", done.outcome, done.err)
			}
			if done.outcome != outcomeUploaded && (tt.stopped || done.outcome != outcomeSkipped) {
				t.Errorf("the first run: %q, %v", done.outcome, done.err)
			}
			if diff := cmp.Diff([]string{"big.png"}, s.names("drive:/")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// between is a body in the middle of which something else happens.
type between struct {
	io.ReadCloser
	left int
	then func()
}

func (b *between) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.then()
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= n
	return n, err
}

// transport is what stands between the program and the server.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// Times say their zone to scripts, and are those of the place to people.
func TestTimes(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "a")
	before := time.Now().Truncate(time.Second)
	s.mustRun("put", "a.png")
	var task struct{ CreateAt, StartAt, FinishAt string }
	decode(t, s.mustRun("copy", "/a.png", "--json"), &task)
	after := time.Now()
	var drive, bed []struct{ UpdateAt string }
	decode(t, s.mustRun("ls", "drive:/", "--json"), &drive)
	decode(t, s.mustRun("ls", "bed:/", "--json"), &bed)
	for _, given := range []string{task.CreateAt, task.StartAt, task.FinishAt, drive[0].UpdateAt, bed[0].UpdateAt} {
		if at, err := time.Parse(time.RFC3339, given); err != nil || at.Before(before) || at.After(after) {
			t.Errorf("%q between %v and %v: %v", given, before, after, err)
		}
	}
	at, err := time.Parse(time.RFC3339, drive[0].UpdateAt)
	if err != nil {
		t.Fatal(err)
	}
	s.env = []string{"TZ=UTC"}
	if out := s.mustRun("ls", "drive:/"); !strings.Contains(out, at.UTC().Format(time.DateTime)) {
		t.Errorf("%v is shown as %s", at.UTC(), out)
	}
}

func TestCopyThatFails(t *testing.T) {
	s := serve(t, "60")
	s.file("p/a.png", strings.Repeat("a", 20))
	s.file("p/b.png", strings.Repeat("b", 20))
	s.mustRun("put", "p")
	r := s.run("copy", "/p") // 40 of 60 bytes are in the drive: one more fits
	if r.code != exitLimit || !strings.Contains(r.out, "no room left") || !strings.Contains(r.out, "1 copied, 0 replaced, 0 skipped, 1 failed") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.errOut)
	}
	if !strings.Contains(r.out, "failed b.png: no room left") {
		t.Errorf("the failed picture is not named:\n%s", r.out)
	}
	id := regexp.MustCompile(`task (\w+) failed`).FindStringSubmatch(r.out)
	if id == nil {
		t.Fatalf("no id in:\n%s", r.out)
	}
	for _, args := range [][]string{{"task", id[1]}, {"task", id[1], "--json"}} {
		if later := s.run(args...); later.code != exitLimit || !strings.Contains(later.out, "b.png") {
			t.Errorf("%v: exit %d\n%s%s", args, later.code, later.out, later.errOut)
		}
	}
}

// Tasks are listed, looked into, cancelled, and what has failed is tried again.
func TestTasksOneByOne(t *testing.T) {
	s := serve(t, "60")
	s.file("相 册/a.png", strings.Repeat("a", 20))
	s.file("相 册/b.png", strings.Repeat("b", 20))
	s.mustRun("put", "相 册")
	r := s.run("copy", "/相 册", "--json") // 40 of 60 bytes are in the drive: one more fits
	var task taskReport
	decode(t, r.out, &task)
	out := s.mustRun("task", "items", task.TaskID)
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 2 ||
		!strings.Contains(lines[0], "copied  /相 册/a.png  http://") || !strings.Contains(lines[1], "failed  /相 册/b.png  no room left") {
		t.Errorf("the ledger:\n%s", out)
	}
	if out := s.mustRun("task", "items", "--outcome", "Failed", task.TaskID); strings.Contains(out, "a.png") || !strings.Contains(out, "b.png") {
		t.Errorf("those that failed:\n%s", out)
	}
	if out := s.mustRun("tasks"); !strings.Contains(out, task.TaskID) || !strings.Contains(out, "1 of 2 published, 0 skipped, 1 failed") {
		t.Errorf("the tasks:\n%s", out)
	}
	if r := s.run("task", "cancel", task.TaskID); r.code != exitFailed || !strings.Contains(r.errOut, "has ended already") || strings.Contains(r.errOut, "operator") {
		t.Errorf("cancelled after its end: %+v", r)
	}
	again := s.run("task", "retry", task.TaskID, "--json") // there is no more room than before
	var second taskReport
	decode(t, again.out, &second)
	if again.code != exitLimit || second.RetryOf != task.TaskID || len(second.Failures) != 1 {
		t.Errorf("tried again: %+v", again)
	}
	var rows []taskRow
	decode(t, s.mustRun("tasks", "--json"), &rows)
	if len(rows) != 2 || rows[0].TaskID != second.TaskID || rows[1].TaskID != task.TaskID {
		t.Errorf("the tasks: %+v", rows)
	}
	decode(t, s.mustRun("tasks", "--limit", "1", "--json"), &rows)
	if len(rows) != 1 || rows[0].TaskID != second.TaskID {
		t.Errorf("the newest task: %+v", rows)
	}
	for status, n := range map[string]int{"Failed": 2, "done": 0, "waiting": 0, "running": 0, "cancelled": 0} {
		if decode(t, s.mustRun("tasks", "--json", "--status", status), &rows); len(rows) != n {
			t.Errorf("%s: %+v", status, rows)
		}
	}
	for _, args := range [][]string{{"tasks", "--status", "lost"}, {"task", "items", "--outcome", "lost", task.TaskID}} {
		if r := s.run(args...); r.code != exitUsage || !strings.Contains(r.errOut, "does not know lost") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if r := s.run("tasks", "--limit", "0"); r.code != exitUsage {
		t.Errorf("no task: %+v", r)
	}
}

// A plan says what would be and ends as its task; carried out, it does that; undone, it is
// as if it had not been.
func TestPlanCopyUndo(t *testing.T) {
	s := serve(t, "")
	s.file("相 册/a.png", "a")
	s.file("相 册/twin.png", "a")
	s.file("相 册/notes.txt", "n")
	s.mustRun("put", "相 册")
	var p client.CopyPlan
	decode(t, s.mustRun("plan", "drive:/相 册", "--to", "bed:/new/place", "--json"), &p)
	if p.Copied != 1 || p.Skipped != 2 || len(p.Items) != 3 || p.Items[1].TargetPath != "/new/place/相 册/a.png" {
		t.Errorf("planned: %+v", p)
	}
	if out := s.mustRun("ls", "bed:/"); out != "" {
		t.Errorf("a plan has made:\n%s", out)
	}
	out := s.mustRun("plan", "drive:/相 册", "--to", "bed:/new/place", "--items")
	for _, want := range []string{
		"1 would be new", "2 skipped, 0 failed", "1  not one of the nine", "/相 册/a.png → bed:/new/place/相 册/a.png", "copy --plan ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	id := out[strings.LastIndex(out, " ")+1:]
	var task taskReport
	decode(t, s.mustRun("copy", "--plan", strings.TrimSpace(id), "--json"), &task)
	if links := s.mustRun("links", "bed:/new"); strings.Count(links, "http") != 1 {
		t.Errorf("the links:\n%s", links)
	}
	if r := s.run("copy", "--plan", "nothing"); r.code != exitFailed || !strings.Contains(r.errOut, "→ make the plan again") {
		t.Errorf("no such plan: %+v", r)
	}
	if r := s.run("copy", "--plan", p.PlanID, "/相 册"); r.code != exitUsage {
		t.Errorf("a plan and paths: %+v", r)
	}
	if r := s.run("copy", "--plan", p.PlanID, "--to", "/elsewhere"); r.code != exitUsage || !strings.Contains(r.errOut, "--to") {
		t.Errorf("a plan and another place: %+v", r)
	}
	if r := s.run("copy"); r.code != exitUsage || !strings.Contains(r.errOut, "one of the two") {
		t.Errorf("neither: %+v", r)
	}
	if out := s.mustRun("task", "undo", task.TaskID, "--dry-run"); !strings.Contains(out, "1 would be removed, 0 restored, 0 kept") {
		t.Errorf("a dry run:\n%s", out)
	}
	var undone client.CopyUndone
	decode(t, s.mustRun("task", "undo", task.TaskID, "--json"), &undone)
	if out := s.mustRun("ls", "bed:/"); undone.Removed != 1 || out != "" {
		t.Errorf("undone: %+v\n%s", undone, out)
	}
	if tasks, one := s.mustRun("tasks"), s.mustRun("task", task.TaskID); !strings.Contains(tasks, "  undone  ") || !strings.Contains(one, "undone at 20") {
		t.Errorf("what is told of it:\n%s%s", tasks, one)
	}
	decode(t, s.mustRun("copy", "/相 册", "--json"), &task)
	s.mustRun("copy", "/相 册")
	if out := s.mustRun("task", "undo", task.TaskID); !strings.Contains(out, "kept a.png: another task has published it since") {
		t.Errorf("undone after another task:\n%s", out)
	}
}

// A link shows what the drive has now, on demand.
func TestRepublish(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "old")
	s.mustRun("put", "a.png")
	s.mustRun("copy", "/a.png")
	link := s.mustRun("links", "bed:/a.png")
	s.file("a.png", "new!")
	s.mustRun("put", "a.png", "--overwrite")
	if out := s.mustRun("published", "/a.png"); !strings.HasPrefix(out, "outdated") {
		t.Errorf("published:\n%s", out)
	}
	if out := s.mustRun("republish", "drive:/a.png"); !strings.Contains(out, "0 copied, 1 replaced, 0 skipped") {
		t.Errorf("re-published:\n%s", out)
	}
	if out := s.mustRun("published", "/a.png"); !strings.HasPrefix(out, "current") || s.mustRun("links", "bed:/a.png") != link {
		t.Errorf("published:\n%s", out)
	}
	for _, of := range []string{"bed:/", "bed:/a.png"} {
		var task taskReport
		decode(t, s.mustRun("republish", of, "--json"), &task)
		if out := s.mustRun("tasks", "--limit", "1"); !strings.Contains(out, "0 of 0 published, 1 skipped, 0 failed") {
			t.Errorf("%s again:\n%s", of, out)
		}
		if out := s.mustRun("task", "items", task.TaskID); !strings.Contains(out, strings.TrimSpace(link)+"  the link shows this picture already") {
			t.Errorf("%s again:\n%s", of, out)
		}
	}
	for _, args := range [][]string{{"a.png"}, {"drive:/a.png", "bed:/a.png"}, {"bed:/", "bed:/a.png"}, {""}} {
		if r := s.run(append([]string{"republish"}, args...)...); r.code != exitUsage {
			t.Errorf("%q: %+v", args, r)
		}
	}
	s.file("b.png", "b")
	s.mustRun("put", "b.png")
	s.file("album/c.png", "c")
	s.mustRun("put", "album")
	if r := s.run("republish", "drive:/a.png", "drive:/album"); r.code != exitFailed || !strings.Contains(r.errOut, "/album is a folder") {
		t.Errorf("a folder: %+v", r)
	}
	if r := s.run("republish", "drive:/b.png"); r.code != exitFailed || !strings.Contains(r.errOut, "→ tuchuang published") {
		t.Errorf("nowhere published: %+v", r)
	}
}

// What is more than a task can hold is told, and split into tasks when that is asked for.
func TestCopySplit(t *testing.T) {
	s := serve(t, "")
	const flat, deep = 120, 17
	for n := range flat {
		s.file(fmt.Sprintf("all/flat/%03d.png", n), fmt.Sprint(n))
	}
	way := "all"
	for n := range deep {
		way += fmt.Sprintf("/%d", n)
	}
	s.file(way+"/deep.png", "deep")
	s.mustRun("put", "all")
	r := s.run("copy", "/all")
	if r.code != exitLimit || !strings.Contains(r.out, "--split") {
		t.Errorf("too deep: %+v", r)
	}
	if r := s.run("plan", "/all"); r.code != exitLimit || !strings.Contains(r.out, "would fail: more than 15 levels of folders (16, the most is 15)\n") || !strings.Contains(r.out, "copy --split makes several tasks of it") {
		t.Errorf("planned: %+v", r)
	}
	var paths []string
	for n := range flat {
		paths = append(paths, fmt.Sprintf("/all/flat/%03d.png", n))
	}
	if r := s.run(append([]string{"copy"}, paths...)...); r.code != exitUsage || !strings.Contains(r.errOut, "--split") {
		t.Errorf("too many paths: %+v", r)
	}
	var p client.CopyPlan
	decode(t, s.mustRun("plan", "/all/flat/000.png", "--to", "bed:/three", "--json"), &p)
	var done splitReport
	decode(t, s.mustRun(append([]string{"copy", "--split", "--json", "--to", "bed:/one"}, paths...)...), &done)
	if done.Copied != flat || len(done.Tasks) != 2 || *done.Total != flat {
		t.Errorf("split: %+v", done.CopyState)
	}
	if out := s.mustRun("copy", "--split", "/all", "--to", "bed:/two"); !strings.Contains(out, fmt.Sprintf("%d copied, 0 replaced, 0 skipped, 0 failed", flat+1)) {
		t.Errorf("split:\n%s", out)
	}
	if out := s.mustRun("copy", "--plan", p.PlanID); !strings.Contains(out, "1 copied") {
		t.Errorf("a plan from before:\n%s", out)
	}
	links := s.mustRun("links", "bed:/two", "--template", "{name}")
	if strings.Count(links, "\n") != flat+1 {
		t.Errorf("the links:\n%s", links)
	}
	if out := s.mustRun("ls", "bed:/two/"+way); !strings.Contains(out, "deep.png") {
		t.Errorf("the deepest folder:\n%s", out)
	}
}

func TestRefusalsInWords(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "a")
	s.mustRun("put", "a.png")
	for _, tt := range []struct {
		name string
		env  string
		args []string
		says string
	}{
		{"a path that is not there", "", []string{"copy", "/nope"}, "/nope does not exist"},
		{"a file where a folder should be", "", []string{"ls", "drive:/a.png/b"}, "/a.png is not a folder"},
		{"an unknown task", "", []string{"task", "nope"}, "→ check the id"},
		{"an unknown task in Chinese", "LC_ALL=zh_CN.UTF-8", []string{"task", "nope"}, "任务不存在"},
		{"a wrong secret", secretVariable + "=wrong", []string{"ls", "drive:/"}, "→ check client id and secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.env = nil
			if tt.env != "" {
				s.env = []string{tt.env}
			}
			r := s.run(tt.args...)
			if r.code != exitFailed || !strings.Contains(r.errOut, tt.says) || r.out != "" {
				t.Errorf("exit %d\n%s%s", r.code, r.out, r.errOut)
			}
		})
	}
}

// All names of a target are looked at before the first folder of it is made.
func TestCopyIntoAnImpossibleFolder(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "a")
	s.mustRun("put", "a.png")
	for _, name := range []string{`ba"d`, strings.Repeat("n", 256)} {
		r := s.run("copy", "/a.png", "--to", "/good/"+name+"/more")
		if r.code != exitFailed || !strings.Contains(r.errOut, "/good/"+name+" can't be the name") || !strings.Contains(r.errOut, "→ rename it") {
			t.Errorf("exit %d: %s", r.code, r.errOut)
		}
	}
	if left := s.names("bed:/"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A server that knows the documented endpoints alone has no paths to publish to: the
// folders are made for it.
func TestCopyIntoANewFolderOfAnotherServer(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "a")
	s.mustRun("put", "a.png")
	s.env = s.between(func(w http.ResponseWriter, r *http.Request, toServer http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/copy/plan") {
			http.NotFound(w, r)
			return
		}
		toServer.ServeHTTP(w, r)
	})
	s.mustRun("copy", "/a.png", "--to", "/new/place")
	if there := s.names("bed:/new/place"); len(there) != 1 || there[0] != "a.png" {
		t.Errorf("published: %v", there)
	}
}

// Ctrl-C while the task is being created: its id is waited for and said.
func TestCopyInterruptedBeforeItsIDIsKnown(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "a")
	s.mustRun("put", "a.png")
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	var cmd *exec.Cmd
	toServer := httputil.NewSingleHostReverseProxy(target)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path.Base(r.URL.Path) {
		case "copy":
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		case "process":
			<-r.Context().Done() // the program has let go
			return
		}
		toServer.ServeHTTP(w, r)
	}))
	defer between.Close()
	s.env = []string{secretVariable + "=" + s.secret}
	cmd = s.command("copy", "/a.png", "--server", between.URL, "--client-id", s.id)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("%v: %s", err, &said)
	}
	id := regexp.MustCompile(`tuchuang task (\w+)`).FindStringSubmatch(said.String())
	if id == nil {
		t.Fatalf("no id was said:\n%s", &said)
	}
	s.env = nil
	var task taskReport
	decode(t, s.run("task", id[1], "--json").out, &task)
	if task.TaskID != id[1] {
		t.Errorf("%+v", task)
	}
}

func TestCopyWithoutWaiting(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "a")
	s.mustRun("put", "a.png")
	id := strings.TrimSpace(s.mustRun("copy", "--no-wait", "/a.png"))
	var task taskReport
	decode(t, s.mustRun("task", id, "--json"), &task)
	if task.TaskID != id {
		t.Errorf("%+v", task)
	}
}

// A server that takes less than the documentation says says so, and a copy is split for it.
func TestCopyWithLimitsOfTheServer(t *testing.T) {
	s := serve(t, "", "--copy-ids", "2", "--copy-images", "3", "--copy-tasks", "1")
	paths := make([]string, 5)
	for n := range paths {
		s.file(fmt.Sprintf("all/%d.png", n), fmt.Sprint(n))
		paths[n] = fmt.Sprintf("/all/%d.png", n)
	}
	s.mustRun("put", "all")
	if r := s.run("copy", "/all"); r.code != exitLimit || !strings.Contains(r.out, "more than 3 pictures, nothing was copied") {
		t.Errorf("too many pictures: %+v", r)
	}
	if r := s.run(append([]string{"copy", "--to", "/new/place"}, paths...)...); r.code != exitLimit || !strings.Contains(r.errOut, "at most 2 in one call") || strings.Contains(r.errOut, "operator") {
		t.Errorf("too many paths: %+v", r)
	}
	if left := s.names("bed:/"); len(left) != 0 {
		t.Errorf("a refused task has left %v", left)
	}
	var done splitReport
	decode(t, s.mustRun(append([]string{"copy", "--split", "--json"}, paths...)...), &done)
	if done.Copied != 5 || len(done.Tasks) != 3 {
		t.Errorf("split: %+v", done)
	}
	for n := range 4 {
		s.file(fmt.Sprintf("all/%d.png", n), fmt.Sprint("changed ", n))
	}
	s.mustRun("put", "all", "--overwrite")
	if r := s.run("republish", "bed:/"); r.code != exitLimit || !strings.Contains(r.errOut, "more than 3 images") || strings.Contains(r.errOut, "operator") {
		t.Errorf("more images than a task may have: %+v", r)
	}
	var task taskReport
	decode(t, s.run("copy", "/all", "--json").out, &task)
	if r := s.run("task", "retry", task.TaskID); r.code != exitLimit || !strings.Contains(r.out, "more than 3 pictures") {
		t.Errorf("tried again, from its beginning: %+v", r)
	}
}
