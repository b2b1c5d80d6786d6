package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// network is what a client can meet: a server of which each answer is written out.
type network struct {
	t      *testing.T
	server *httptest.Server
	mu     sync.Mutex
	paths  []string
	waited []time.Duration
	away   atomic.Int64 // how often the client said that the server is gone
}

// open starts a network that answers with handle, and a client on it whose pauses
// take no time but are noted.
func open(t *testing.T, handle func(n int, w http.ResponseWriter, r *http.Request)) (*client.Client, *network) {
	t.Helper()
	n := &network{t: t}
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		if r.URL.Path != tokenPath {
			n.paths = append(n.paths, r.URL.Path)
		}
		count := len(n.paths)
		n.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		handle(count, w, r)
	}))
	t.Cleanup(n.server.Close)
	c, err := client.New(client.Options{
		Server: n.server.URL + "/", ClientID: "id", Secret: "secret",
		Away: func(error) { n.away.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	c.WaitWith(func(ctx context.Context, d time.Duration) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.waited = append(n.waited, d)
		return ctx.Err()
	})
	return c, n
}

func (n *network) calls() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.paths)
}

const tokenPath = "/api/v1/access_token"

// tokenOr answers a token, the same each time, and leaves other calls to handle.
func tokenOr(handle func(n int, w http.ResponseWriter, r *http.Request)) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokenPath {
			answer(w, `{"accessToken":"t","expiredAt":"2030-01-02T15:04:05+08:00"}`)
			return
		}
		handle(n, w, r)
	}
}

func answer(w io.Writer, data string) {
	fmt.Fprintf(w, `{"code":0,"message":"ok","data":%s,"x-traceID":"x"}`, data)
}

func refuse(w io.Writer, code int, message string) {
	fmt.Fprintf(w, `{"code":%d,"message":%q,"data":null,"x-traceID":"trace-1"}`, code, message)
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

func TestServerAddresses(t *testing.T) {
	for _, tt := range []struct {
		address string
		ok      bool
	}{
		{"http://127.0.0.1:8123", true},
		{"https://pic.example.org/api/", true},
		{"http://[::1]:8123", true},
		{"", false},
		{"127.0.0.1:8123", false},
		{"pic.example.org", false},
		{"ftp://pic.example.org", false},
		{"http://", false},
		{"https://user:pw@pic.example.org", false},
		{"https://pic.example.org/?a=b", false},
	} {
		_, err := client.New(client.Options{Server: tt.address})
		if (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.address, err)
		}
	}
}

func TestTokenIsFetchedOnceAndSent(t *testing.T) {
	tokens := 0
	c, _ := open(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == tokenPath {
			tokens++
			body, _ := io.ReadAll(r.Body)
			if got, want := string(body), `{"clientID":"id","clientSecret":"secret"}`; got != want {
				t.Errorf("asked with %s", got)
			}
			answer(w, `{"accessToken":"t1","expiredAt":"2030-01-02T15:04:05+08:00"}`)
			return
		}
		for key, want := range map[string]string{
			"Authorization": "Bearer t1", "Platform": "open_platform", "User-Agent": "tuchuang",
		} {
			if got := r.Header.Get(key); got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
		answer(w, `{"uid":7,"spaceTempExpr":"","vipInfo":null}`)
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if u, err := c.UserInfo(t.Context()); err != nil || u.UID != 7 {
				t.Errorf("%+v, %v", u, err)
			}
		})
	}
	wg.Wait()
	if tokens != 1 {
		t.Errorf("%d tokens were asked for", tokens)
	}
	if got := c.LastToken(); got.AccessToken != "t1" || got.ExpiredAt.Year() != 2030 {
		t.Errorf("last token %+v", got)
	}
}

func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fresh string // what the server answers to the new token
		calls int
		ok    bool
	}{
		{"the new one is good", `{"code":0,"message":"ok","data":{"uid":1},"x-traceID":""}`, 2, true},
		{"the new one is refused too", `{"code":401,"message":"token is expired","data":null,"x-traceID":""}`, 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tokens := 0
			c, n := open(t, func(n int, w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == tokenPath:
					tokens++
					answer(w, fmt.Sprintf(`{"accessToken":"t%d","expiredAt":"2030-01-02T15:04:05+08:00"}`, tokens))
				case r.Header.Get("Authorization") == "Bearer t1":
					refuse(w, 401, "token is expired")
				default:
					io.WriteString(w, tt.fresh)
				}
			})
			_, err := c.UserInfo(t.Context())
			if (err == nil) != tt.ok || tokens != 2 || n.calls() != tt.calls {
				t.Errorf("%v after %d calls and %d tokens", err, n.calls(), tokens)
			}
			if !tt.ok && !client.Is(err, fault.TokenExpired) {
				t.Errorf("%v is not TokenExpired", err)
			}
		})
	}
}

func TestWrongSecretIsSaidAtOnce(t *testing.T) {
	c, n := open(t, func(_ int, w http.ResponseWriter, _ *http.Request) { refuse(w, 401, "无效的登录信息") })
	_, err := c.UserInfo(t.Context())
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Code != 401 {
		t.Errorf("got %v", err)
	}
	if n.calls() != 0 || len(n.waited) != 0 {
		t.Errorf("%d calls, waited %v", n.calls(), n.waited)
	}
}

func TestWhatIsTriedAgain(t *testing.T) {
	list := func(c *client.Client) error {
		_, err := c.ListV2(t.Context(), client.ListQuery{})
		return err
	}
	mkdir := func(c *client.Client) error {
		_, err := c.Mkdir(t.Context(), 0, "a")
		return err
	}
	lost := func(w http.ResponseWriter) { cut(w) }
	uncertain := func(w http.ResponseWriter) {
		io.WriteString(w, `{"code":1,"message":"未知","data":null,"error":{"code":"uncertain","message":"who knows"}}`)
	}
	for _, tt := range []struct {
		name  string
		call  func(*client.Client) error
		fail  func(http.ResponseWriter)
		calls int // of which the last is answered well
		ok    bool
	}{
		{"a list over a cut connection", list, lost, 3, true},
		{"a list behind a proxy without server", list, func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway); io.WriteString(w, "<html>") }, 3, true},
		{"a list that was too frequent", list, func(w http.ResponseWriter) { refuse(w, 429, "全站请求过于频繁") }, 3, true},
		{"a list whose answer breaks off", list, func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "999")
			io.WriteString(w, `{"code":0,`)
		}, 3, true},
		{"a list while the server drains", list, func(w http.ResponseWriter) {
			io.WriteString(w, `{"code":1,"message":"稍后","data":null,"error":{"code":"unavailable","message":"later"}}`)
		}, 3, true},
		{"mkdir over a cut connection", mkdir, lost, 1, false},
		{"a list that may have been made", list, uncertain, 3, true},
		{"mkdir that may have been done", mkdir, uncertain, 1, false},
		{"mkdir that was too frequent", mkdir, func(w http.ResponseWriter) { refuse(w, 429, "全站请求过于频繁") }, 3, true},
		{"a refused list", list, func(w http.ResponseWriter) { refuse(w, 1, "参数错误") }, 1, false},
		{"a page that is no API", list, func(w http.ResponseWriter) { io.WriteString(w, "<html>hello</html>") }, 1, false},
		{"a redirect", list, func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(http.StatusMovedPermanently)
		}, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, n := open(t, tokenOr(func(n int, w http.ResponseWriter, _ *http.Request) {
				if n < 3 {
					tt.fail(w)
					return
				}
				answer(w, `{"dirID":5,"lastFileId":-1,"fileList":[]}`)
			}))
			err := tt.call(c)
			if (err == nil) != tt.ok || n.calls() != tt.calls {
				t.Errorf("%v after %d calls, want %d", err, n.calls(), tt.calls)
			}
		})
	}
}

func TestPausesGrowAndEnd(t *testing.T) {
	c, n := open(t, tokenOr(func(_ int, w http.ResponseWriter, _ *http.Request) { cut(w) }))
	if _, err := c.UserInfo(t.Context()); !client.Broken(err) {
		t.Fatalf("got %v", err)
	}
	var sum time.Duration
	for i, d := range n.waited {
		sum += d
		if d > 3*time.Second || i > 1 && d < n.waited[i-2]/4 {
			t.Errorf("pause %d of %v", i, n.waited)
		}
	}
	if sum > 30*time.Second || sum < 20*time.Second {
		t.Errorf("waited %v in all: %v", sum, n.waited)
	}
	if n.away.Load() != 1 {
		t.Errorf("said %d times that the server is gone", n.away.Load())
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	c, n := open(t, tokenOr(func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.Header().Set("Retry-After", "7")
			refuse(w, 429, "慢一点")
			return
		}
		answer(w, `{"uid":1}`)
	}))
	if _, err := c.UserInfo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(n.waited) != 1 || n.waited[0] != 7*time.Second {
		t.Errorf("waited %v", n.waited)
	}
}

// A server nobody ever reached is a wrong address rather than one that restarts.
func TestAServerThatNeverAnsweredIsGivenUpSoon(t *testing.T) {
	c, n := open(t, tokenOr(nil))
	n.server.Close()
	_, err := c.UserInfo(t.Context())
	if !client.Broken(err) {
		t.Fatalf("got %v", err)
	}
	var sum time.Duration
	for _, d := range n.waited {
		sum += d
	}
	if sum > 2*time.Second {
		t.Errorf("waited %v", sum)
	}
}

func TestCancelEndsACall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, n := open(t, tokenOr(func(_ int, w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	if _, err := c.UserInfo(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(n.waited) != 0 {
		t.Errorf("waited %v after the end", n.waited)
	}
}

func TestErrorsOfThisAndOfOtherServers(t *testing.T) {
	for _, tt := range []struct {
		answer string
		want   client.Error
	}{
		{
			`{"code":1,"message":"名字已被占用","data":null,"x-traceID":"abc","error":{"code":"name_taken","message":"The name is taken."}}`,
			client.Error{Code: 1, Message: "名字已被占用", English: "The name is taken.", Reason: "name_taken", TraceID: "abc", HTTP: 200},
		},
		{
			`{"code":5066,"message":"文件不存在，检查传入fileId是否正确","data":null,"x-traceID":""}`,
			client.Error{Code: 5066, Message: "文件不存在，检查传入fileId是否正确", Reason: "not_found", HTTP: 200},
		},
		{
			`{"code":1,"message":"该目录下已经有同名文件夹,无法进行创建","data":null,"x-traceID":""}`,
			client.Error{Code: 1, Message: "该目录下已经有同名文件夹,无法进行创建", Reason: "folder_taken", HTTP: 200},
		},
		{
			`{"code":1,"message":"目录名不能重名,该目录下已经有同名文件夹,无法进行创建","data":null,"x-traceID":""}`,
			client.Error{Code: 1, Message: "目录名不能重名,该目录下已经有同名文件夹,无法进行创建", Reason: "bed_folder_taken", HTTP: 200},
		},
		{
			`{"code":1,"message":"something else","data":null,"x-traceID":""}`,
			client.Error{Code: 1, Message: "something else", HTTP: 200},
		},
	} {
		c, _ := open(t, tokenOr(func(_ int, w http.ResponseWriter, _ *http.Request) { io.WriteString(w, tt.answer) }))
		_, err := c.UserInfo(t.Context())
		e, ok := errors.AsType[*client.Error](err)
		if !ok {
			t.Errorf("%s: got %v", tt.answer, err)
			continue
		}
		if diff := cmp.Diff(tt.want, *e); diff != "" {
			t.Errorf("%s: %s", tt.answer, diff)
		}
	}
}

func TestListsGoOnToTheirEnd(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pages map[string]string // by cursor
		want  []string
	}{
		{"three pages, without what is in the trash", map[string]string{
			"":  `{"lastFileId":2,"fileList":[{"fileId":1,"filename":"a"},{"fileId":2,"filename":"b","trashed":1}]}`,
			"2": `{"lastFileId":3,"fileList":[{"fileId":3,"filename":"c","type":1}]}`,
			"3": `{"lastFileId":-1,"fileList":[]}`,
		}, []string{"a", "c"}},
		{"a server that says 0 for the end", map[string]string{
			"": `{"lastFileId":0,"fileList":[{"fileId":1,"filename":"a"}]}`,
		}, []string{"a"}},
		{"a server that repeats its cursor", map[string]string{
			"":  `{"lastFileId":1,"fileList":[{"fileId":1,"filename":"a"}]}`,
			"1": `{"lastFileId":1,"fileList":[]}`,
		}, []string{"a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := open(t, tokenOr(func(_ int, w http.ResponseWriter, r *http.Request) {
				answer(w, tt.pages[r.URL.Query().Get("lastFileId")])
			}))
			var got []string
			for f, err := range c.ListAll(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, f.Filename)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestShapesThatDiffer(t *testing.T) {
	c, _ := open(t, tokenOr(func(_ int, w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "list_upload_parts"):
			answer(w, `{"parts":[{"partNumber":"1","size":5,"etag":"x"},{"partNumber":2,"size":6,"etag":""}]}`)
		case strings.HasSuffix(r.URL.Path, "infos"):
			answer(w, `{"list":[{"fileId":9007199254740993,"filename":"a"}]}`)
		case strings.HasSuffix(r.URL.Path, "process"):
			answer(w, `{"status":2,"failMsg":""}`)
		case strings.HasSuffix(r.URL.Path, "fail"):
			answer(w, `{"total":0,"list":null}`)
		}
	}))
	parts, err := c.Parts(t.Context(), "p")
	if diff := cmp.Diff([]client.Part{{Number: 1, Size: 5, Etag: "x"}, {Number: 2, Size: 6}}, parts); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if infos, err := c.Infos(t.Context(), []int64{1}); err != nil || len(infos) != 1 || infos[0].FileID != 9007199254740993 {
		t.Errorf("infos %+v, %v", infos, err)
	}
	if s, err := c.CopyProcess(t.Context(), "x"); err != nil || s.Total != nil || !s.Ended() {
		t.Errorf("state %+v, %v", s, err)
	}
	if failures, err := c.CopyFailAll(t.Context(), "x"); err != nil || len(failures) != 0 {
		t.Errorf("failures %v, %v", failures, err)
	}
}
