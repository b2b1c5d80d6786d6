package main

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// running is a server at any free port.
type running struct {
	t         *testing.T
	cmd       *exec.Cmd
	url       string
	out, errs said
	gone      chan struct{} // closed when it has ended
}

// said keeps what a process says, while it speaks.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

var listensAt = regexp.MustCompile(`(?:tuchuang listens at |"listening":\{"url":")(https?://[^\s"]+)`)

// start starts a server and returns when it says that it is ready.
func (p *program) start(args ...string) *running {
	p.t.Helper()
	cmd := p.command(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	r := &running{t: p.t, cmd: cmd, gone: make(chan struct{})}
	cmd.Stderr = &r.errs
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(r.gone)
		defer close(ready)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			fmt.Fprintln(&r.out, lines.Text())
			if m := listensAt.FindStringSubmatch(lines.Text()); m != nil {
				ready <- m[1]
			}
		}
		_ = cmd.Wait() // its code is asked of the process
	}()
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill() // unless the test has stopped it
		<-r.gone
	})
	if r.url = <-ready; r.url == "" {
		p.t.Fatalf("the server ended:\n%s%s", &r.out, &r.errs)
	}
	return r
}

// signal tells the server to end, and returns when it takes no new connection.
func (r *running) signal() {
	r.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			return
		}
		c.Close()
		<-tick.C
	}
}

// stop ends the server and answers its exit code.
func (r *running) stop() int {
	r.t.Helper()
	r.signal()
	<-r.gone
	return r.cmd.ProcessState.ExitCode()
}

// account makes an account and a client of it.
func (r *running) account(p *program, data, name string) *client.Client {
	p.t.Helper()
	return r.client(p, p.addAccount(data, name))
}

// addAccount adds an account to a folder, whether a server is at it or not.
func (p *program) addAccount(data, name string) (s secretsOut) {
	p.t.Helper()
	decode(p.t, p.run("user", "add", name, "--data", data).out, &s)
	return s
}

func (r *running) client(p *program, s secretsOut) *client.Client {
	p.t.Helper()
	c, err := client.New(client.Options{Server: r.url, ClientID: s.ClientID, Secret: s.ClientSecret})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// The first start makes the operator and shows the secrets, once; they work.
func TestServerFirstStart(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data)
	secrets := regexp.MustCompile(`(?s)admin.*clientID +(\w+).*clientSecret +(\w+).*password +(\w+)`).FindStringSubmatch(r.out.String())
	if secrets == nil {
		t.Fatalf("no secrets in:\n%s", &r.out)
	}
	c, err := client.New(client.Options{Server: r.url, ClientID: secrets[1], Secret: secrets[2]})
	if err != nil {
		t.Fatal(err)
	}
	if me, err := c.UserInfo(t.Context()); err != nil || me.Nickname != "admin" {
		t.Errorf("%+v, %v", me, err)
	}
	if code := r.stop(); code != exitDone {
		t.Errorf("it ended with %d:\n%s", code, &r.errs)
	}
	for _, s := range secrets[1:] {
		if strings.Contains(r.errs.String(), s) {
			t.Error("a secret was logged")
		}
	}
	again := p.start("--data", data)
	if text := again.out.String(); strings.Contains(text, "client") && strings.Contains(text, "password") || strings.Contains(text, secrets[2]) {
		t.Errorf("the second start said:\n%s", text)
	}
	for _, name := range []string{"tuchuang.db", "blobs", "uploads", "lock"} {
		if _, err := os.Stat(filepath.Join(data, name)); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat(data); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may look into the data folder: %v %v", info.Mode(), err)
	}
	again.stop()
}

// For scripts each fact is a document on a line: the operator's secrets of the first
// start, which work, then where the server is.
func TestServerFirstStartForScripts(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	facts := func(text string) (all []startOut) {
		t.Helper()
		for line := range strings.Lines(text) {
			var f startOut
			decode(t, line, &f)
			all = append(all, f)
		}
		return all
	}
	r := p.start("--json", "--data", data, "--image-url", "http://pics.example.org")
	said := facts(r.out.String())
	if len(said) != 2 || said[0].FirstStart == nil || said[1].Listening == nil {
		t.Fatalf("it said:\n%s", &r.out)
	}
	admin := said[0].FirstStart
	if want := (listeningOut{r.url, r.url, "http://pics.example.org", data}); admin.Name != "admin" || admin.Password == "" || *said[1].Listening != want {
		t.Errorf("it said:\n%s", &r.out)
	}
	c, err := client.New(client.Options{Server: r.url, ClientID: admin.ClientID, Secret: admin.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	if me, err := c.UserInfo(t.Context()); err != nil || me.Nickname != "admin" || me.UID != int64(admin.UID) {
		t.Errorf("%+v, %v", me, err)
	}
	r.stop()
	r = p.start("--json", "--data", data)
	if said := facts(r.out.String()); len(said) != 1 || said[0].Listening == nil {
		t.Errorf("the second start said:\n%s", &r.out)
	}
	r.stop()
}

// An operator that was made before the first start is the operator, and a server
// that listens everywhere says that it can only guess how others reach it.
func TestServerFirstStartAfterAnOperator(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	if r := p.run("user", "add", "boss", "--operator", "--data", "data"); r.code != exitDone {
		t.Fatalf("%+v", r)
	}
	r := p.start("--data", "data")
	r.stop() // both of its voices have been heard out
	if strings.Contains(r.out.String(), "admin") || strings.Contains(r.errs.String(), "--public-url") {
		t.Errorf("%s%s", &r.out, &r.errs)
	}
	r = p.start("--data", "data", "--listen", "0.0.0.0:0")
	r.stop()
	if !strings.Contains(r.errs.String(), "warning: --public-url is not set") {
		t.Errorf("%s%s", &r.out, &r.errs)
	}
}

// A folder serves one server at a time.
func TestServerTwiceOnOneFolder(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data)
	for _, listen := range []string{"127.0.0.1:0", strings.TrimPrefix(r.url, "http://")} {
		second := p.run("serve", "--data", data, "--listen", listen)
		if second.code != exitFailed || !strings.Contains(second.errOut, "in use by another tuchuang serve") ||
			!strings.Contains(second.errOut, data) || !strings.Contains(second.errOut, "--data") || second.out != "" {
			t.Errorf("the second one at %s: %+v", listen, second)
		}
	}
	if got := fetched(t, r.url+"/readyz"); got != "ready\n" {
		t.Errorf("the first one: %q", got)
	}
	r.stop()
	third := p.start("--data", data)
	third.stop()
}

// SIGTERM: no new connection is taken, what runs ends, and so does the server, with 0.
func TestServerDrains(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data)
	c := r.account(p, data, "writer")
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	sum := md5.Sum(content)
	created, err := c.CreateV2(t.Context(), client.NewFile{Filename: "a.bin", Etag: hex.EncodeToString(sum[:]), Size: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	link, err := c.UploadURL(t.Context(), created.PreuploadID, 1)
	if err != nil {
		t.Fatal(err)
	}
	body, feed := io.Pipe()
	status := make(chan string, 1)
	go func() {
		req, err := http.NewRequest(http.MethodPut, link, body)
		if err != nil {
			status <- err.Error()
			return
		}
		req.ContentLength = int64(len(content))
		// The server answers 100 when the request has begun to be served.
		req.Header.Set("Expect", "100-continue")
		res, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}).Do(req)
		if err != nil {
			status <- err.Error()
			return
		}
		res.Body.Close()
		status <- res.Status
	}()
	if _, err := feed.Write(content[:1000]); err != nil {
		t.Fatal(err)
	}
	r.signal()
	if _, err := feed.Write(content[1000:]); err != nil {
		t.Fatal(err)
	}
	feed.Close()
	if got := <-status; got != "200 OK" {
		t.Errorf("the running request: %s", got)
	}
	<-r.gone
	if code := r.cmd.ProcessState.ExitCode(); code != exitDone || !strings.Contains(r.errs.String(), "stopping") {
		t.Errorf("exit %d:\n%s", code, &r.errs)
	}
	// What was taken last is there.
	r = p.start("--data", data)
	if c, err = client.New(client.Options{Server: r.url, ClientID: "x", Secret: "y", Token: c.LastToken()}); err != nil {
		t.Fatal(err)
	}
	if done, err := c.CompleteV2(t.Context(), created.PreuploadID); err != nil || !done.Completed {
		t.Errorf("%+v, %v", done, err)
	}
	r.stop()
}

// A folder that holds other things and no data, as a home, is left as it is.
func TestServerLeavesOtherFoldersAlone(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	home := filepath.Join(p.home, "home")
	if err := os.MkdirAll(filepath.Join(home, "letters"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{
		{"serve", "--listen", "127.0.0.1:0", "--data", home},
		{"demo", "--keep", home},
		{"user", "add", "writer", "--data", home},
	} {
		r := p.run(line...)
		if r.code != exitFailed || !strings.Contains(r.errOut, home+" holds other things (letters)") || !strings.Contains(r.errOut, "--keep") || r.out != "" {
			t.Errorf("%v: %+v", line, r)
		}
		inChinese(t, p, exitFailed, line...)
	}
	if left, err := os.ReadDir(home); err != nil || len(left) != 1 {
		t.Errorf("left there: %v, %v", left, err)
	}

	// A fresh mount, what a start that was broken off has left, and data among other things.
	for _, names := range [][]string{{"lost+found"}, {"blobs", "lost+found"}, {"blobs", "uploads", "notes"}} {
		data := t.TempDir()
		for _, name := range names {
			if err := os.Mkdir(filepath.Join(data, name), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		r := p.start("--data", data)
		r.stop()
	}
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data)
	r.stop()
	if err := os.WriteFile(filepath.Join(data, "notes"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r = p.start("--data", data)
	r.stop()
}

// A folder may be called anything.
func TestServerFolderNames(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for _, name := range []string{"数据 文件夹/图 床", "a?b=c&d#e%20f", "it's; --data", "+"} {
		data := filepath.Join(p.home, name)
		r := p.start("--data", data)
		c := r.account(p, data, "writer")
		if me, err := c.UserInfo(t.Context()); err != nil || me.Nickname != "writer" {
			t.Errorf("%s: %+v, %v", name, me, err)
		}
		if code := r.stop(); code != exitDone {
			t.Errorf("%s: exit %d\n%s", name, code, &r.errs)
		}
		if _, err := os.Stat(filepath.Join(data, "tuchuang.db")); err != nil {
			t.Error(err)
		}
		if left, err := filepath.Glob(filepath.Join(p.home, "tuchuang.db*")); err != nil || left != nil {
			t.Errorf("%s: wrote %v", name, left)
		}
	}
}

// A setting that makes no sense is named, and nothing is begun.
func TestServerRefusesSettings(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	file := func(name, text string) string {
		path := filepath.Join(p.home, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	aFile := file("a-file", "text")
	for _, tt := range []struct {
		name string
		args []string
		env  []string
		code int
		says []string
	}{
		{"a busy port", []string{"--data", "busy", "--listen", busy.Addr().String()}, nil, exitFailed, []string{"can't listen at " + busy.Addr().String(), "address already in use", "--listen"}},
		{"no port", []string{"--listen", "localhost"}, nil, exitUsage, []string{"listen", "host:port"}},
		{"a port that is none", []string{"--listen", "localhost:99999"}, nil, exitUsage, []string{"99999", "port"}},
		{"a port that is a word", []string{"--listen", ":http-alt"}, nil, exitUsage, []string{"http-alt", "port"}},
		{"a host that is not here", []string{"--data", "busy", "--listen", "192.0.2.1:8123"}, nil, exitFailed, []string{"192.0.2.1:8123", "address of this machine"}},
		{"a folder that is a file", []string{"--data", aFile}, nil, exitFailed, []string{aFile, "not a directory"}},
		{"a folder in a file", []string{"--data", aFile + "/data"}, nil, exitFailed, []string{aFile, "not a directory"}},
		{"a folder that can't be made", []string{"--data", "/proc/self/tuchuang"}, nil, exitFailed, []string{"/proc/self/tuchuang"}},
		{"no folder", []string{"--data", ""}, nil, exitUsage, []string{"data"}},
		{"a URL that is none", []string{"--public-url", "pan.example.org"}, nil, exitUsage, []string{"public-url", "https://host"}},
		{"a URL with a path", []string{"--image-url", "https://x.org/pics"}, nil, exitUsage, []string{"image-url", "host name of its own"}},
		{"a certificate alone", []string{"--tls-cert", aFile}, nil, exitUsage, []string{"tls-cert", "tls-key", "both"}},
		{"a certificate that is not there", []string{"--tls-cert", "none", "--tls-key", "none"}, nil, exitUsage, []string{"tls-cert", "no such file"}},
		{"a network that is none", []string{"--trusted-proxies", "10.0.0.0/99"}, nil, exitUsage, []string{"trusted-proxies", "10.0.0.0/99"}},
		{"another network that is none", []string{"--fetch-allow", "127.0.0.0/8", "--fetch-allow", "x"}, nil, exitUsage, []string{"fetch-allow", `"x"`}},
		{"a time that is none", []string{"--grace", "1 day"}, nil, exitUsage, []string{"grace", "1 day", "36h"}},
		{"a bucket that is none", []string{"--blob-url", "http://s3.example.org/pics"}, nil, exitUsage, []string{"blob-url", "s3://"}},
		{"an unknown word of a bucket", []string{"--blob-url", "s3://pics?endpiont=x"}, nil, exitUsage, []string{"blob-url", "endpiont", "endpoint"}},
		{"a redirect to no bucket", []string{"--image-redirect", "on"}, nil, exitUsage, []string{"image-redirect", "blob-url"}},
		{"a redirect to nowhere", []string{"--blob-url", "s3://pics", "--image-redirect", "pics.example.org"}, nil, exitUsage, []string{"image-redirect", "pics.example.org", "https://"}},
		{"a level that is none", []string{"--log-level", "loud"}, nil, exitUsage, []string{"log-level", "debug, info, warn, error"}},
		{"an unknown flag", []string{"--port", "1"}, nil, exitUsage, []string{"--port", "--help"}},
		{"a word too many", []string{"now"}, nil, exitUsage, []string{"now"}},
		{"a file that is not there", []string{"--config", "none.toml"}, nil, exitUsage, []string{"none.toml", "no such file"}},
		{"a file that is no TOML", []string{"--config", file("b.toml", "listen ==")}, nil, exitUsage, []string{"b.toml"}},
		{"an unknown setting", []string{"--config", file("c.toml", `port = "1"`)}, nil, exitUsage, []string{"c.toml", "port"}},
		{"a number for a text", []string{"--config", file("d.toml", "listen = 8123")}, nil, exitUsage, []string{"d.toml", "listen", "quotes"}},
		{"a bad variable", nil, []string{"TUCHUANG_LOG_LEVEL=loud"}, exitUsage, []string{"log-level", "loud"}},
		{"a file named by a variable", nil, []string{"TUCHUANG_CONFIG=gone.toml"}, exitUsage, []string{"gone.toml"}},
	} {
		q := *p
		q.env = tt.env
		got := q.run(append([]string{"serve"}, tt.args...)...)
		if got.code != tt.code || got.out != "" {
			t.Errorf("%s: exit %d, want %d; said %s%s", tt.name, got.code, tt.code, got.out, got.errOut)
		}
		for _, word := range tt.says {
			if !strings.Contains(got.errOut, word) {
				t.Errorf("%s: no %q in: %s", tt.name, word, got.errOut)
			}
		}
		inChinese(t, &q, tt.code, append([]string{"serve"}, tt.args...)...)
		for _, word := range []string{"bad_config", "bad_data", "internal", "goroutine", "%!"} {
			if strings.Contains(got.errOut, word) {
				t.Errorf("%s: it speaks to programmers: %s", tt.name, got.errOut)
			}
		}
	}
	for _, name := range []string{"data", "busy"} {
		if _, err := os.Stat(filepath.Join(p.home, name)); err == nil {
			t.Errorf("a server that was refused has made ./%s", name)
		}
	}
}

// Flags win over variables, variables over the file, the file over what is usual;
// and what is printed can be read again.
func TestServerSettings(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	conf := filepath.Join(p.home, "tuchuang.toml")
	if err := os.WriteFile(conf, []byte("# settings\nlisten = \"127.0.0.1:1\"\nimage-url = \"https://pics.example.org\"\nlog-level = \"warn\"\ntrusted-proxies = \"10.0.0.0/8, ::1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = []string{"TUCHUANG_LISTEN=127.0.0.1:2", "TUCHUANG_LOG_LEVEL=error", "TUCHUANG_CLIENT_SECRET=secret", "TUCHUANG_PUBLIC_URL="}
	settings := func(text string) map[string]string {
		t.Helper()
		got := make(map[string]string)
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
			decode(t, value, new(string))
			var v string
			decode(t, value, &v)
			got[name] = v
		}
		return got
	}
	first := p.run("--config", conf, "serve", "--print-config", "--listen", "127.0.0.1:3", "--fetch-allow", "10.1.0.0/16", "--fetch-allow", "fd00::/8,127.0.0.1")
	want := map[string]string{
		"data": filepath.Join(p.home, "data"), "listen": "127.0.0.1:3", "public-url": "http://127.0.0.1:3", "image-url": "https://pics.example.org",
		"database-url": "", "blob-url": "", "image-redirect": "off", "tls-cert": "", "tls-key": "", "trusted-proxies": "10.0.0.0/8,::1/128", "fetch-allow": "10.1.0.0/16,fd00::/8,127.0.0.1/32", "offline-workers": "4", "grace": "24h0m0s", "drain-wait": "0s", "log-level": "error",
		"audit-days": "180", "task-days": "0", "token-days": "30", "client-tokens": "0", "rate-limits": "off", "copy-ids": "100", "copy-tasks": "3", "copy-images": "1000", "copy-levels": "15", "image-size": "100M", "thumbnails-size": "1G", "metrics-listen": "", "pprof": "",
	}
	if diff := cmp.Diff(want, settings(first.out)); diff != "" || first.code != exitDone {
		t.Errorf("exit %d, %s (-want +got):\n%s", first.code, first.errOut, diff)
	}
	asJSON := map[string]string{}
	decode(t, p.run("--json", "--config", conf, "serve", "--print-config", "--listen", "127.0.0.1:3", "--fetch-allow", "10.1.0.0/16,fd00::/8,127.0.0.1").out, &asJSON)
	if diff := cmp.Diff(want, asJSON); diff != "" {
		t.Errorf("--json (-want +got):\n%s", diff)
	}
	if strings.Contains(first.out, "secret") {
		t.Error("a secret is printed")
	}
	if err := os.WriteFile(conf, []byte(first.out), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = nil
	if again := p.run("serve", "--config", conf, "--print-config"); again.out != first.out {
		t.Errorf("read again:\n%s%swas:\n%s", again.out, again.errOut, first.out)
	}
	if _, err := os.Stat(filepath.Join(p.home, "data")); err == nil {
		t.Error("printing the settings has made ./data")
	}
	// Variables and file serve for real.
	p.env = []string{"TUCHUANG_DATA=" + filepath.Join(p.home, "by variable"), "TUCHUANG_PUBLIC_URL=http://pan.example.org/"}
	r := p.start()
	if !strings.Contains(r.out.String(), "http://pan.example.org,") {
		t.Errorf("it says:\n%s", &r.out)
	}
	c := r.account(p, filepath.Join(p.home, "by variable"), "writer")
	if domain, err := c.Domain(t.Context()); err != nil || len(domain) != 1 || domain[0] != "http://pan.example.org" {
		t.Errorf("%v, %v", domain, err)
	}
	r.stop()
}

// A folder that can't hold data is named with the reason, and nobody says that it
// was made; an empty database is none.
func TestUserFolders(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	aFile := filepath.Join(p.home, "a-file")
	if err := os.WriteFile(aFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	notDatabase := filepath.Join(p.home, "text")
	if err := os.Mkdir(notDatabase, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(notDatabase, "tuchuang.db"), bytes.Repeat([]byte("text "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for data, says := range map[string]string{
		aFile: "not a directory", aFile + "/below": "not a directory", "/proc/self/nothing": "no such file", notDatabase: "not a database of tuchuang",
	} {
		line := []string{"user", "add", "writer", "--data", data}
		r := p.run(line...)
		if r.code != exitFailed || !strings.Contains(r.errOut, data) || !strings.Contains(r.errOut, says) || strings.Contains(r.errOut, "made") || r.out != "" {
			t.Errorf("%s: %+v, want %q", data, r, says)
		}
		inChinese(t, p, exitFailed, line...)
	}
	empty := filepath.Join(p.home, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(empty, "tuchuang.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := p.run("user", "ls", "--data", empty); r.code != exitUsage || !strings.Contains(r.errOut, "no data of tuchuang") {
		t.Errorf("an empty database: %+v", r)
	}
	if r := p.run("user", "add", "writer", "--data", empty); r.code != exitDone || r.errOut != "" {
		t.Errorf("the first account in a folder that is there: %+v", r)
	}
	if r := p.run("user", "add", "writer", "--data", "new"); r.code != exitDone || !strings.Contains(r.errOut, "made a new data folder") {
		t.Errorf("the first account in a folder that is not: %+v", r)
	}
}

// Accounts are made, shown, changed and ended while the server runs; what is for
// scripts is one line of JSON.
func TestServerUserCommands(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	// Before there is anything.
	for _, args := range [][]string{{"user", "ls"}, {"user", "reset", "x"}, {"user", "disable", "x"}, {"user", "enable", "x"}} {
		if got := p.run(append(args, "--data", data)...); got.code == exitDone || !strings.Contains(got.errOut, data) || !strings.Contains(got.errOut, "--data") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a data folder was made")
	}
	type secrets struct {
		UID                              int64
		ClientID, ClientSecret, Password string
	}
	add := func(args ...string) secrets {
		t.Helper()
		got := p.run(append([]string{"user", "add", "--data", data}, args...)...)
		var s secrets
		if got.code != exitDone || strings.Count(got.out, "\n") != 1 || !strings.HasPrefix(got.out, `{"uid":`) {
			t.Fatalf("user add %v: %+v", args, got)
		}
		decode(t, got.out, &s)
		if s.UID == 0 || len(s.ClientID) < 20 || len(s.ClientSecret) < 32 || len(s.Password) < 12 || strings.Contains(got.errOut, s.ClientSecret) {
			t.Errorf("user add %v: %+v", args, s)
		}
		return s
	}
	first := add("before")
	r := p.start("--data", data)
	if !strings.Contains(r.out.String(), "the operator admin was made") {
		t.Errorf("no operator was made beside another account:\n%s", &r.out)
	}
	writer := add("writer", "--json", "--quota", "1.5G")
	other := add("作者", "--operator")
	if first.UID == writer.UID || writer.ClientID == other.ClientID || writer.ClientSecret == other.ClientSecret {
		t.Error("two accounts share something")
	}
	signIn := func(s secrets) error {
		c, err := client.New(client.Options{Server: r.url, ClientID: s.ClientID, Secret: s.ClientSecret})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.UserInfo(t.Context())
		return err
	}
	for _, s := range []secrets{first, writer, other} {
		if err := signIn(s); err != nil {
			t.Error(err)
		}
	}
	ls := p.run("user", "ls", "--data", data)
	for _, word := range []string{"before", "writer", "作者", "1.5 GiB", "operator", "enabled"} {
		if ls.code != exitDone || !strings.Contains(ls.out, word) {
			t.Errorf("user ls: %+v, no %q", ls, word)
		}
	}
	var rows []struct {
		UID      int64
		Name     string
		State    string
		Operator bool
		Quota    *int64
	}
	decode(t, p.run("--json", "user", "ls", "--data", data).out, &rows)
	if len(rows) != 4 || rows[1].Name != "admin" || !rows[1].Operator || rows[2].Name != "writer" || rows[2].Quota == nil ||
		*rows[2].Quota != 3<<29 || rows[0].Quota != nil || !rows[3].Operator || rows[2].UID != writer.UID {
		t.Errorf("user ls --json: %+v", rows)
	}

	if got := p.run("user", "limit", "writer", "--quota", "2G", "--entries", "7", "--data", data); got.code != exitDone || !strings.Contains(got.out, "writer: quota 2.0 GiB, 7 files") {
		t.Errorf("user limit: %+v", got)
	}
	if got := p.run("user", "limit", "writer", "--entries", "0", "--data", data); got.code != exitDone || !strings.Contains(got.out, "writer: quota 2.0 GiB, - files") {
		t.Errorf("user limit: %+v", got)
	}
	for _, args := range [][]string{{}, {"--entries", "-1"}, {"--quota", "x"}} {
		if got := p.run(append([]string{"user", "limit", "writer", "--data", data}, args...)...); got.code != exitUsage {
			t.Errorf("user limit %q: %+v", args, got)
		}
	}

	reset := p.run("user", "reset", "writer", "--data", data)
	var fresh secrets
	decode(t, reset.out, &fresh)
	if reset.code != exitDone || strings.Count(reset.out, "\n") != 1 || fresh.UID != writer.UID || fresh.ClientSecret == writer.ClientSecret {
		t.Errorf("user reset: %+v", reset)
	}
	if err := signIn(writer); err == nil {
		t.Error("the old secret works")
	}
	if err := signIn(fresh); err != nil {
		t.Error(err)
	}
	if got := p.run("user", "disable", "--data", data, "writer"); got.code != exitDone || !strings.Contains(got.out, "writer is disabled") {
		t.Errorf("user disable: %+v", got)
	}
	if err := signIn(fresh); err == nil {
		t.Error("a disabled account signs in")
	}
	if got := p.run("user", "enable", "writer", "--data", data); got.code != exitDone || signIn(fresh) != nil {
		t.Errorf("user enable: %+v", got)
	}
	var app struct {
		ClientID, Owner, Name string
		RedirectURIs          []string
	}
	decode(t, p.run("--json", "user", "app", "set", "writer", "--name", "Pics", "--redirect", "https://a.example/b?c=d", "--redirect", "com.example.a:/b", "--data", data).out, &app)
	if app.ClientID != fresh.ClientID || app.Name != "Pics" || app.Owner != "writer" || len(app.RedirectURIs) != 2 || app.RedirectURIs[0] != "https://a.example/b?c=d" {
		t.Errorf("user app set: %+v", app)
	}
	for _, tt := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"add", "writer"}, exitFailed, []string{"writer", "already"}},
		{[]string{"add", "two words"}, exitUsage, []string{"two words", "spaces"}},
		{[]string{"add", "ad\u202emin"}, exitUsage, []string{`"ad\u202emin"`, "invisible"}},
		{[]string{"add", ""}, exitUsage, []string{"name"}},
		{[]string{"add", strings.Repeat("x", 65)}, exitUsage, []string{"name"}},
		{[]string{"add", "x", "--quota", "lots"}, exitUsage, []string{"lots", "500M"}},
		{[]string{"add", "x", "--quota", "NaN"}, exitUsage, []string{"NaN", "500M"}},
		{[]string{"add", "x", "--quota", ""}, exitUsage, []string{"500M"}},
		{[]string{"add", "x", "--quota=-1"}, exitUsage, []string{"-1"}},
		{[]string{"add"}, exitUsage, []string{"name"}},
		{[]string{"add", "a", "b"}, exitUsage, []string{"b"}},
		{[]string{"reset", "nobody"}, exitFailed, []string{"no account nobody"}},
		{[]string{"disable", "nobody"}, exitFailed, []string{"no account nobody"}},
		{[]string{"enable", "nobody"}, exitFailed, []string{"no account nobody"}},
		{[]string{"app", "set", "nobody", "--name", "x", "--redirect", "https://a.example/"}, exitFailed, []string{"no account nobody"}},
		{[]string{"app", "set", "writer", "--name", "x"}, exitUsage, []string{"--redirect"}},
		{[]string{"app", "set", "writer", "--redirect", "https://a.example/"}, exitUsage, []string{"--name"}},
		{[]string{"app", "set", "writer", "--name", "x", "--redirect", "javascript:alert(1)"}, exitUsage, []string{"javascript:alert(1)", "https://"}},
		{[]string{"app", "set", "writer", "--name", "a\nb", "--redirect", "https://a.example/"}, exitUsage, []string{`"a\nb"`, "invisible"}},
		{[]string{"app", "rm", "nobody"}, exitFailed, []string{"no account nobody"}},
		{[]string{"app", "end", "nobody", "x"}, exitFailed, []string{"no account nobody"}},
	} {
		got := p.run(append([]string{"user", "--data", data}, tt.args...)...)
		if got.code != tt.code || got.out != "" || strings.Contains(got.errOut, "bad_request") || strings.Contains(got.errOut, "not_found") {
			t.Errorf("%q: %+v, want exit %d", tt.args, got, tt.code)
		}
		for _, word := range tt.says {
			if !strings.Contains(got.errOut, word) {
				t.Errorf("%q: no %q in %s", tt.args, word, got.errOut)
			}
		}
	}
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"ls"}, "Pics\twriter\t" + fresh.ClientID + "\thttps://a.example/b?c=d com.example.a:/b"},
		{[]string{"end", "作者", fresh.ClientID}, "what it allowed the app " + fresh.ClientID + " has ended, 0 in all"},
		{[]string{"rm", "writer"}, "writer has no app"},
		{[]string{"set", "writer", "--name", "x", "--redirect", "https://a.example/"}, "client_id " + fresh.ClientID},
	} {
		if got := p.run(append([]string{"user", "app", "--data", data}, tt.args...)...); got.code != exitDone || !strings.Contains(got.out, tt.says) {
			t.Errorf("user app %q: %+v", tt.args, got)
		}
	}
	r.stop()
}

// What tells others how the server is.
func TestServerHealth(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	r := p.start("--data", "data")
	if got := fetched(t, r.url+"/healthz") + fetched(t, r.url+"/readyz"); got != "ok\nready\n" {
		t.Errorf("%q", got)
	}
	if page := fetched(t, r.url+"/"); !strings.Contains(page, "图床") || !strings.Contains(page, "tuchuang") {
		t.Errorf("the page: %s", page)
	}
	r.stop()
}

// A database that stands still is said within moments, and to all who ask; when it goes
// on, so is that.
func TestServerHealthOfAFrozenDatabase(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	base, line := dbtest.OverLine(t, db.Options{URL: dbtest.Server(t)})
	p.env = []string{"TUCHUANG_DATABASE_URL=" + base.URL}
	r := p.start()
	if got := fetched(t, r.url+"/readyz"); got != "ready\n" {
		t.Fatalf("%q", got)
	}
	line.Hold()
	impatient := http.Client{Timeout: 20 * time.Second} // far less than a statement may take
	for range 3 {
		res, err := impatient.Get(r.url + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s", res.Status)
		}
	}
	line.Release()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for statusOf(t, r.url+"/readyz") != http.StatusOK {
		<-poll.C
	}
	r.stop()
}
