package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/fault"
)

// unspoken are faults that never come to a request, and have no words here.
var unspoken = []fault.Code{fault.LeaseLost, fault.ForeignForm, fault.AddressBlocked, fault.Exists, fault.InUse, fault.BadConfig, fault.BadData}

// Every code of the vocabulary has its words on the wire, in both languages, with
// as many places as arguments.
func TestEveryFaultHasAnAnswer(t *testing.T) {
	silent := make(map[fault.Code]bool)
	for _, c := range unspoken {
		silent[c] = true
	}
	for name, c := range vocabulary(t) {
		a, ok := answers[c]
		if ok == silent[c] {
			t.Errorf("%s: spoken of %v, silent %v", name, ok, silent[c])
		}
		if !ok {
			continue
		}
		if a.code == 0 || a.status == 0 || a.chinese == "" || a.english == "" || a.english == a.chinese && a.code != 401 {
			t.Errorf("%s: %+v", name, a)
		}
		if z, e := strings.Count(a.chinese, "%v"), strings.Count(a.english, "%v"); e > z {
			t.Errorf("%s: %d places in Chinese, %d in English", name, z, e)
		}
	}
}

// vocabulary reads the constants of the fault room.
func vocabulary(t *testing.T) map[string]fault.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := make(map[string]fault.Code)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
			if value, ok := spec.Values[0].(*ast.BasicLit); ok {
				text, err := strconv.Unquote(value.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes[spec.Names[0].Name] = fault.Code(text)
			}
		}
		return true
	})
	if len(codes) < 40 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	return codes
}

// The texts that clients match on.
func TestAnswersThatClientsMatch(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code int
		text string
	}{
		{fault.New(fault.FolderTaken, "x", "name"), 1, "该目录下已经有同名文件夹,无法进行创建"},
		{fault.New(fault.BedFolderTaken, "x", "name"), 1, "目录名不能重名,该目录下已经有同名文件夹,无法进行创建"},
		{fault.New(fault.NameTaken, "x", "name"), 1, "文件名不能重名"},
		{fault.New(fault.BadName, "x"), 1, `文件名要小于256个字符且不能包含以下任何字符："\/:*?|><`},
		{fault.New(fault.TokenExpired, "x"), 401, "token is expired"},
		{fault.New(fault.NoToken, "x"), 401, "access Token Invalid"},
		{fault.New(fault.NotFound, "x", int64(7)), 5066, "文件不存在，检查传入fileId是否正确"},
		{fault.New(fault.UploadMissing, "x"), 1, "预上传ID不能为空"},
		{fault.New(fault.TooManyTasks, "x", 3), 1, "图床复制任务数量已达上限(3),请等待任务完成后再试"},
		{fault.Wrap(fault.New(fault.BadSlice, "x", int64(7)), "around"), 1, "分片7的序号或大小不正确"},
		{fault.New(fault.Verifying, "x"), 20103, "文件正在校验中,请间隔1秒后再试"},
		{fault.New(fault.TooManyIDs, "x", 100), 1, "一次最多100个"},
		{context.DeadlineExceeded, 1, "服务繁忙,请稍后再试"},
		{errors.New("a bug"), 1, "内部错误,请稍后再试"},
		{fault.New(fault.LeaseLost, "x"), 1, "内部错误,请稍后再试"},
	} {
		a, _ := answerTo(tt.err)
		if a.code != tt.code || a.chinese != tt.text || strings.Contains(a.english, "%!") {
			t.Errorf("%v: %+v, want %d %s", tt.err, a, tt.code, tt.text)
		}
	}
	if a, _ := answerTo(fault.New(fault.HashMismatch, "x")); !strings.HasPrefix(a.chinese, "文件上传失败") {
		t.Errorf("%+v", a)
	}
}

// one serves one endpoint that needs no room.
func one(log *bytes.Buffer, e endpoint) *API {
	a := &API{Options: Options{
		Node: "node", Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		ClientAddr: func(r *http.Request) string { return r.RemoteAddr },
	}}
	a.handlers = map[string]http.HandlerFunc{"/api/x": a.adapt(route{method: "POST", path: "/api/x", serve: e, need: anyone})}
	return a
}

// What goes wrong inside is logged in full under the trace id, and told to nobody
// else.
func TestAdapterKeepsCausesToItself(t *testing.T) {
	for name, call := range map[string]func(context.Context, account.ID, *http.Request) (any, error){
		"a panic": func(context.Context, account.ID, *http.Request) (any, error) { panic("secret cause") },
		"a bug":   func(context.Context, account.ID, *http.Request) (any, error) { return nil, errors.New("secret cause") },
	} {
		var log bytes.Buffer
		w := httptest.NewRecorder()
		one(&log, endpoint{in: reflect.TypeFor[none](), call: call}).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/x", http.NoBody))
		var got struct {
			Code    int
			Data    any
			TraceID string `json:"x-traceID"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Code != 1 || got.Data != nil {
			t.Errorf("%s: %d %s %v", name, w.Code, w.Body, err)
		}
		if strings.Contains(w.Body.String(), "secret cause") {
			t.Errorf("%s: it tells %s", name, w.Body)
		}
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}_node$`).MatchString(got.TraceID) ||
			!strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "secret cause") || !strings.Contains(log.String(), got.TraceID) {
			t.Errorf("%s: trace %q, log:\n%s", name, got.TraceID, &log)
		}
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("a request that is broken off was answered")
		}
	}()
	one(new(bytes.Buffer), endpoint{in: reflect.TypeFor[none](), call: func(context.Context, account.ID, *http.Request) (any, error) {
		panic(http.ErrAbortHandler)
	}}).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/api/x", http.NoBody))
}

// A request has a limit of time, unless it moves a file.
func TestAdapterLimitsTime(t *testing.T) {
	for _, long := range []bool{false, true} {
		limited := long
		a := one(new(bytes.Buffer), endpoint{in: reflect.TypeFor[none](), long: long, call: func(ctx context.Context, _ account.ID, _ *http.Request) (any, error) {
			_, limited = ctx.Deadline()
			return nil, nil
		}})
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/x", http.NoBody))
		if limited == long || !strings.Contains(w.Body.String(), `"message":"ok"`) {
			t.Errorf("long %v: limited %v, %s", long, limited, w.Body)
		}
	}
}

// A path stands in the table once, and documented methods are methods. What needs a token
// needs one scope of it, and what needs none is named here.
func TestEndpoints(t *testing.T) {
	open := []string{"/api/v1/access_token", "/api/v1/oauth2/access_token", "/api/v1/oauth2/user/authorize", "/api/v1/oauth2/app/verify"}
	// Who may share may read: it is shown to whoever has the link. So may who says who reads
	// links, and the key that links are signed with is in the answer.
	both := []string{
		"/api/v1/share/create", "/api/v1/direct-link/enable", "/api/v1/direct-link/sign",
		"/api/v1/developer/config/forbide-ip/switch", "/api/v1/developer/config/forbide-ip/update",
	}
	seen := make(map[string]bool)
	for _, e := range Endpoints() {
		if e.Method != http.MethodGet && e.Method != http.MethodPost && e.Method != http.MethodPut || e.Open != slices.Contains(open, e.Path) {
			t.Errorf("%+v", e)
		}
		// An owner may all, and what writes needs to, so that no link of another site's has a
		// browser ask for it.
		if s, ok := account.ParseScope(e.Scope); ok == e.Open || !e.Own && len(s.Words()) > 1 != slices.Contains(both, e.Path) {
			t.Errorf("%s needs %q", e.Path, e.Scope)
		}
		for _, path := range append(e.Also, e.Path) {
			if seen[path] {
				t.Errorf("%s stands there twice", path)
			}
			seen[path] = true
		}
	}
	for _, r := range unsupported() {
		if seen[r.path] || r.need == anyone {
			t.Errorf("%s stands there twice, or is open", r.path)
		}
		seen[r.path] = true
	}
}

// Every route has a summary, in both languages, and no summary is of no route.
func TestSummaries(t *testing.T) {
	routes := make(map[string]bool)
	for _, e := range Endpoints() {
		routes[e.Path] = true
		if s := summaries[e.Path]; s.area.name == "" || s.english == "" || s.chinese == "" {
			t.Errorf("%s has no summary: %+v", e.Path, s)
		}
		if e := examples()[e.Path]; len(e.Answer) == 0 && e.Text == "" {
			t.Errorf("no example: go test ./test/golden -update")
		}
	}
	for path := range summaries {
		if !routes[path] {
			t.Errorf("%s is no route", path)
		}
	}
}
