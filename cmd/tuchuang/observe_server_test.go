package main

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/client"
)

// logs waits until the log matches, and answers the groups.
func (r *running) logs(pattern string) []string {
	r.t.Helper()
	form := regexp.MustCompile(pattern)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if m := form.FindStringSubmatch(r.errs.String()); m != nil {
			return m
		}
		select {
		case <-r.gone:
			r.t.Fatalf("it ended without %s in:\n%s", pattern, &r.errs)
		case <-tick.C:
		}
	}
}

// aside is the URL of one of the addresses for operators.
func (r *running) aside(name string) string {
	r.t.Helper()
	return r.logs(`msg="serve: ` + name + `" url=(\S+)`)[1]
}

// get answers status and body.
func get(t *testing.T, url string, headers ...string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
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

// figures are what /metrics gives, by name and labels.
func figures(t *testing.T, url string) map[string]float64 {
	t.Helper()
	status, body := get(t, url)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	all := make(map[string]float64)
	for line := range strings.Lines(body) {
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[line[:at]] = v
	}
	return all
}

// getAs asks for a URL by another name of its host.
func getAs(t *testing.T, url, host string) (status int) {
	t.Helper()
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	ask.Host = host
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

// publish puts pictures of some sizes into the drive, copies them, and answers the
// task and the links in the order of the sizes.
func (r *running) publish(c *client.Client, sizes ...int) (task string, links []string) {
	t, ctx := r.t, r.t.Context()
	t.Helper()
	folder, err := c.Mkdir(ctx, 0, "pictures")
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range sizes {
		content := strings.Repeat(strconv.Itoa(i), size)
		sum := md5.Sum([]byte(content))
		if _, err := c.Single(ctx, "", client.NewFile{
			ParentFileID: folder, Filename: fmt.Sprintf("%d.png", i), Etag: hex.EncodeToString(sum[:]), Size: int64(size),
		}, client.Content{From: strings.NewReader(content), Size: int64(size)}); err != nil {
			t.Fatal(err)
		}
	}
	if task, err = c.Copy(ctx, []int64{folder}, client.BedRoot); err != nil {
		t.Fatal(err)
	}
	r.logs(`a task ended".* task=` + task)
	var copied string
	for f, err := range c.BedListAll(ctx, client.BedRoot) {
		if err != nil {
			t.Fatal(err)
		}
		copied = f.FileID
	}
	links = make([]string, len(sizes))
	for f, err := range c.BedListAll(ctx, copied) {
		if err != nil {
			t.Fatal(err)
		}
		i, err := strconv.Atoi(strings.TrimSuffix(f.Filename, ".png"))
		if err != nil {
			t.Fatal(err)
		}
		links[i] = f.DownloadURL
	}
	return task, links
}

// What happens is counted under bounded words: no path, id or name of anybody's.
func TestServerFigures(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	// Another process's write would have the server forget pictures, within a second: so
	// the account is there before.
	p.start("--data", data).stop()
	somebody := p.addAccount(data, "somebody")
	r := p.start("--data", data, "--metrics-listen", "127.0.0.1:0")
	c := r.client(p, somebody)
	const small, large = 10_000, 200_000
	_, links := r.publish(c, small, large)
	for _, link := range links {
		for range 2 {
			if status, _ := get(t, link); status != http.StatusOK {
				t.Fatal(link, status)
			}
		}
		if status, body := get(t, link, "Range", "bytes=0-99"); status != http.StatusPartialContent || len(body) != 100 {
			t.Errorf("%s: %d, %d bytes", link, status, len(body))
		}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodHead, link, http.NoBody)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if status, _ := get(t, link, "If-None-Match", res.Header.Get("Etag")); status != http.StatusNotModified {
			t.Errorf("%s: %d", link, status)
		}
	}
	for _, path := range []string{"/i/no-such-picture.png", "/api/v1/secret-path", "/d/1/2/forged/name.png", "/api/v1/user/info"} {
		get(t, r.url+path)
	}
	f := figures(t, r.aside("metrics"))
	for name, want := range map[string]float64{
		`tuchuang_http_requests_total{result="ok",route="/i"}`:                      8,
		`tuchuang_http_requests_total{result="unchanged",route="/i"}`:               2,
		`tuchuang_http_requests_total{result="not_found",route="/i"}`:               1,
		`tuchuang_http_requests_total{result="no_such_route",route="unknown"}`:      1,
		`tuchuang_http_requests_total{result="bad_signature",route="/d"}`:           1,
		`tuchuang_http_requests_total{result="no_token",route="/api/v1/user/info"}`: 1,
		`tuchuang_http_requests_total{result="ok",route="/api/v1/access_token"}`:    1,
		`tuchuang_http_requests_total{result="ok",route="/api/v1/oss/source/copy"}`: 1,
		`tuchuang_http_request_duration_seconds_count{route="/i"}`:                  11,
		`tuchuang_tasks_total{kind="copy",reason="",state="done"}`:                  1,
		`tuchuang_task_attempts_total{kind="copy",result="finished"}`:               1,
		`tuchuang_task_duration_seconds_count{kind="copy"}`:                         1,
		`tuchuang_task_wait_seconds_count{kind="copy"}`:                             1,
		`tuchuang_task_items_total{outcome="copied",reason=""}`:                     2,
		`tuchuang_queue_tasks{kind="copy",state="waiting"}`:                         0,
		`tuchuang_queue_tasks{kind="copy",state="running"}`:                         0,
		`tuchuang_queue_oldest_waiting_seconds{kind="copy"}`:                        0,
		`tuchuang_uploads_open`: 0,
		`tuchuang_store_operations_total{operation="commit",result="ok"}`: 2,
		`tuchuang_pictures_served_total{from="memory"}`:                   3,
		`tuchuang_pictures_served_total{from="store"}`:                    5,
		`tuchuang_pictures_served_total{from="unchanged"}`:                2,
		`tuchuang_picture_bytes_total`:                                    2*small + 2*large + 200,
		`tuchuang_picture_unknown_total`:                                  3,
		`tuchuang_db_connections_in_use{pool="readers"}`:                  0,
		`tuchuang_db_writes_total{result="failed"}`:                       0,
		`tuchuang_scrape_failures_total`:                                  0,
		`tuchuang_log_lines_total{level="ERROR"}`:                         0,
	} {
		if got, there := f[name]; got != want || !there && want != 0 {
			t.Errorf("%s is %v (there: %v), want %v", name, got, there, want)
		}
	}
	for _, name := range []string{
		`tuchuang_store_room_bytes`, `tuchuang_db_writes_total{result="ok"}`, `tuchuang_db_commits_total`, `tuchuang_db_write_seconds_total`,
		`tuchuang_store_duration_seconds_sum{operation="commit"}`, `tuchuang_log_lines_total{level="INFO"}`, `go_goroutines`, `process_resident_memory_bytes`,
	} {
		if f[name] <= 0 {
			t.Errorf("%s is %v", name, f[name])
		}
	}
	for name := range f {
		for _, word := range []string{"no-such-picture", "secret-path", "forged", "somebody", "1001", "1002"} {
			if strings.Contains(name, word) {
				t.Errorf("%s tells of somebody", name)
			}
		}
	}
	if status, _ := get(t, r.url+"/metrics"); status == http.StatusOK {
		t.Error("the figures are for everybody")
	}
	if code := r.stop(); code != exitDone {
		t.Errorf("it ended with %d:\n%s", code, &r.errs)
	}
}

// A task has one line at its start and one at its end.
func TestServerLogsATask(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data)
	task, _ := r.publish(r.account(p, data, "writer"), 10)
	r.stop()
	for _, line := range []string{"a task begins", "a task ended"} {
		if n := strings.Count(r.errs.String(), line); n != 1 {
			t.Errorf("%d times %q in:\n%s", n, line, &r.errs)
		}
	}
	if !regexp.MustCompile(`a task ended" account=\d+ task=` + task + ` attempt=1 state=done took=`).MatchString(r.errs.String()) {
		t.Errorf("%s", &r.errs)
	}
}

// The profiler answers on loopback, and nowhere else.
func TestServerProfiler(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	refused := p.run("serve", "--data", data, "--listen", "127.0.0.1:0", "--pprof", "0.0.0.0:0")
	if refused.code != exitUsage || !strings.Contains(refused.errOut, "not on loopback") || exists(data) {
		t.Errorf("%+v", refused)
	}
	r := p.start("--data", data, "--pprof", "127.0.0.1:0")
	if status, body := get(t, r.aside("pprof")+"goroutine?debug=1"); status != http.StatusOK || !strings.Contains(body, "goroutine profile") {
		t.Errorf("%d %s", status, body)
	}
	// A page of another name that points here reads nothing.
	for host, want := range map[string]int{
		"localhost": http.StatusOK, "LocalHost:6060": http.StatusOK, "127.0.0.7:1": http.StatusOK, "[::1]:6060": http.StatusOK,
		"evil.example": http.StatusMisdirectedRequest, "127.0.0.1.evil.example:6060": http.StatusMisdirectedRequest, "10.0.0.1": http.StatusMisdirectedRequest,
	} {
		if status := getAs(t, r.aside("pprof")+"cmdline", host); status != want {
			t.Errorf("as %s: %d, want %d", host, status, want)
		}
	}
	if status, _ := get(t, r.url+"/debug/pprof/"); status == http.StatusOK {
		t.Error("the profiler is for everybody")
	}
	if code := r.stop(); code != exitDone {
		t.Errorf("it ended with %d:\n%s", code, &r.errs)
	}
}

// URLs that are fetched are counted by kind, and so is telling of their ends.
func TestServerFiguresOfDownloads(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data, "--metrics-listen", "127.0.0.1:0", "--fetch-allow", "127.0.0.0/8")
	c := r.account(p, data, "fetcher")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer elsewhere.Close()
	for _, path := range []string{"/there", "/missing"} {
		task, err := c.Offline(t.Context(), client.OfflineRequest{URL: elsewhere.URL + path, Callback: elsewhere.URL + "/told"})
		if err != nil {
			t.Fatal(err)
		}
		r.logs(fmt.Sprintf(`a task ended".* task=%d `, task))
		r.logs(fmt.Sprintf(`a task ended".* task="callback %d"`, task+1))
	}
	f := figures(t, r.aside("metrics"))
	for name, want := range map[string]float64{
		`tuchuang_tasks_total{kind="offline",reason="",state="done"}`:             1,
		`tuchuang_tasks_total{kind="offline",reason="bad_status",state="failed"}`: 1,
		`tuchuang_tasks_total{kind="offline",reason="internal",state="failed"}`:   0,
		`tuchuang_tasks_total{kind="callback",reason="",state="done"}`:            2,
		`tuchuang_tasks_total{kind="callback",reason="",state="failed"}`:          0,
		`tuchuang_tasks_total{kind="copy",reason="",state="done"}`:                0,
		`tuchuang_task_attempts_total{kind="offline",result="finished"}`:          2,
		`tuchuang_task_attempts_total{kind="callback",result="finished"}`:         2,
		`tuchuang_task_attempts_total{kind="callback",result="put_off"}`:          0,
		`tuchuang_task_duration_seconds_count{kind="offline"}`:                    2,
		`tuchuang_task_wait_seconds_count{kind="callback"}`:                       2,
		`tuchuang_queue_tasks{kind="offline",state="waiting"}`:                    0,
		`tuchuang_queue_tasks{kind="callback",state="running"}`:                   0,
		`tuchuang_queue_oldest_waiting_seconds{kind="offline"}`:                   0,
	} {
		if got, there := f[name]; got != want || !there {
			t.Errorf("%s is %v (there: %v), want %v", name, got, there, want)
		}
	}
	if code := r.stop(); code != exitDone {
		t.Errorf("it ended with %d:\n%s", code, &r.errs)
	}
}
