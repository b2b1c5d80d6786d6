package story

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/api"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// says holds an answer against the refusal it must be: with HTTP status and code,
// data null, all four keys.
func says(t *testing.T, what string, a harness.Answer, status, code int, reason fault.Code, message string) {
	t.Helper()
	if a.Status != status || a.Code != code || a.Data != nil || !strings.Contains(a.Message, message) || a.Message == "" || a.TraceID == "" ||
		a.Error == nil || a.Error.Code != string(reason) || a.Error.Message == "" {
		t.Errorf("%s: %+v (%+v), want HTTP %d, code %d, %s, %q", what, a, a.Error, status, code, reason, message)
	}
}

// Without a token that is good, no endpoint does anything: HTTP 200, code 401.
func TestInputTokens(t *testing.T) {
	s, u := writer(t)
	ended := s.User("ended")
	exec(t, s, `UPDATE token SET expires_at = 1 WHERE account_id = $1`, ended.UID)
	revoked := s.User("revoked")
	s.Run("user", "reset", revoked.Name, "--data", s.Data)
	disabled := s.User("disabled")
	s.Run("user", "disable", disabled.Name, "--data", s.Data)

	parts := strings.Split(u.Token, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	other := base64.RawURLEncoding.EncodeToString(bytes.Replace(claims, fmt.Append(nil, u.UID), fmt.Append(nil, u.UID-1), 1))
	for _, e := range api.Endpoints() {
		if e.Open {
			continue
		}
		for name, token := range map[string]string{
			"no token": "", "garbage": "garbage", "three parts of nothing": "a.b.c", "unsigned": unsigned,
			"another account's claims": parts[0] + "." + other + "." + parts[2], "cut off": u.Token[:len(u.Token)-1], "longer": u.Token + "x",
		} {
			says(t, e.Path+" with "+name, s.Post(e.Path, token, body{}), 200, 401, fault.NoToken, "access Token Invalid")
		}
		says(t, e.Path+" with an expired token", s.Post(e.Path, ended.Token, body{}), 200, 401, fault.TokenExpired, "token is expired")
		says(t, e.Path+" with a revoked token", s.Post(e.Path, revoked.Token, body{}), 200, 401, fault.TokenExpired, "token is expired")
		says(t, e.Path+" of a disabled account", s.Post(e.Path, disabled.Token, body{}), 200, 1, fault.Disabled, "账号已停用")
	}
	// The header in other forms that clients send.
	for header, good := range map[string]bool{
		"Bearer " + u.Token: true, "bearer " + u.Token: true, "Bearer  " + u.Token + " ": true, u.Token: false, "Basic " + u.Token: false, "Bearer": false, "Bearer ": false,
	} {
		r, err := http.NewRequest(http.MethodGet, s.URL+"/api/v1/user/info", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("authorization", header)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if bytes.Contains(text, []byte(`"code":0`)) != good {
			t.Errorf("Authorization %q: %s", header, text)
		}
	}
}

func TestInputCredentials(t *testing.T) {
	s, u := alone(t)
	const path = "/api/v1/access_token"
	for name, b := range map[string]body{
		"a wrong secret":     {"clientID": u.ClientID, "clientSecret": "x"},
		"an unknown client":  {"clientID": "x", "clientSecret": u.ClientSecret},
		"both exchanged":     {"clientID": u.ClientSecret, "clientSecret": u.ClientID},
		"the secret's start": {"clientID": u.ClientID, "clientSecret": u.ClientSecret[:39]},
	} {
		says(t, name, s.Post(path, "", b), 200, 1, fault.BadCredentials, "clientID或clientSecret错误")
	}
	says(t, "no secret", s.Post(path, "", body{"clientID": u.ClientID}), 200, 1, fault.BadRequest, "clientSecret")
	says(t, "nothing", s.Post(path, "", body{}), 200, 1, fault.BadRequest, "clientID")
	// A token that is bad does not matter where none is asked for.
	if a := s.Post(path, "garbage", body{"clientID": u.ClientID, "clientSecret": u.ClientSecret}); a.Code != 0 {
		t.Errorf("%+v", a)
	}
	r, err := http.NewRequest(http.MethodPost, s.URL+path, strings.NewReader("clientID="+u.ClientID+"&clientSecret="+u.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); !bytes.Contains(text, []byte(`"message":"ok"`)) {
		t.Errorf("with an empty header: %s", text)
	}
	s.Run("user", "disable", "writer", "--data", s.Data)
	says(t, "a disabled account", s.Post(path, "", body{"clientID": u.ClientID, "clientSecret": u.ClientSecret}), 200, 1, fault.Disabled, "停用")
}

func TestInputMethodsAndPaths(t *testing.T) {
	s, u := writer(t)
	for _, e := range api.Endpoints() {
		for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "GE", "P", "get"} {
			if method == e.Method {
				continue
			}
			says(t, method+" "+e.Path, s.Send(method, e.Path, u.Token, "", nil), 405, 405, fault.WrongMethod, "请求方法不支持")
		}
		says(t, e.Path+"/", s.Send("POST", e.Path+"/", u.Token, "", nil), 404, 404, fault.NoSuchRoute, "接口不存在")
	}
	for _, path := range []string{"/api/", "/api/v1", "/api/v9/file/list", "/upload/", "/upload/v1/file", "/api/v1/file/%2e%2e", "/upload/put/1/2/3"} {
		says(t, path, s.Send("POST", path, u.Token, "", nil), 404, 404, fault.NoSuchRoute, "接口不存在")
	}
	res, err := http.Get(s.URL + "/nothing")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("/nothing: %s", res.Status)
	}
}

// No endpoint minds a body that makes no sense: it says so.
func TestInputBodies(t *testing.T) {
	s, u := writer(t, "--operator") // who may ask everything
	deep := strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)
	many := "a=1" + strings.Repeat("&a=1", 10_000)
	for _, e := range api.Endpoints() {
		form := takesFile(e.Path)
		for _, tt := range []struct {
			name, kind, body string
			reason           fault.Code
		}{
			{"nested a thousand deep", "application/json", deep, fault.BadBody},
			{"lists nested a thousand deep", "application/json", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), fault.BadBody},
			{"JSON cut off", "application/json", `{"name":"a`, fault.BadBody},
			{"JSON and more", "application/json", `{} {}`, fault.BadBody},
			{"a JSON list", "application/json", `[1]`, fault.BadBody},
			{"not UTF-8", "application/json", "{\"name\":\"\xff\"}", fault.BadBody},
			{"a form that can't be decoded", "application/x-www-form-urlencoded", "name=%zz", fault.BadBody},
			{"ten thousand fields", "application/x-www-form-urlencoded", many, fault.BadBody},
			{"a form cut off", "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nx", fault.BadBody},
			{"a form without a boundary", "multipart/form-data", "--B\r\n", ""},
			{"five megabytes", "application/json", `{"name":"` + strings.Repeat("x", 5<<20) + `"}`, fault.BodyTooLarge},
		} {
			if form && !strings.HasPrefix(tt.kind, "multipart/") {
				tt.reason = fault.BadBody // whatever it is, it is no form
			}
			if e.Open && len(tt.body) > 16<<10 {
				tt.reason = fault.BodyTooLarge
			}
			if tt.reason == "" && e.Path == eventsPath { // nothing stands in it, which asks for all there is, for ever
				continue
			}
			a := s.Send(e.Method, e.Path, u.Token, tt.kind, []byte(tt.body))
			if tt.reason == "" { // it is read as another form, in which nothing stands
				continue
			}
			says(t, e.Path+": "+tt.name, a, 200, 1, tt.reason, "请求体")
		}
	}
	if got := names(t, u, 0); len(got) != 0 {
		t.Errorf("the drive holds %q", got)
	}
	// The connection ends before the body does.
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /upload/v1/file/mkdir HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{\"name\":\"half\"}", u.Token)
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var a harness.Answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	a.Status = res.StatusCode
	says(t, "a body cut off", a, 200, 1, fault.BadBody, "请求体格式错误或不完整")
	if got := names(t, u, 0); len(got) != 0 {
		t.Errorf("the drive holds %q", got)
	}
}

func TestInputTooMany(t *testing.T) {
	s, u := writer(t)
	numbers, words := make([]int, 101), make([]string, 101)
	for i := range words {
		numbers[i], words[i] = 1, fmt.Sprint("x", i)
	}
	for path, b := range map[string]body{
		"/api/v1/file/infos":      {"fileIds": numbers},
		"/api/v1/file/trash":      {"fileIDs": numbers},
		"/api/v1/file/delete":     {"fileIDs": numbers},
		"/api/v1/oss/file/move":   {"fileIDs": words},
		"/api/v1/oss/file/delete": {"fileIDs": words},
		"/api/v1/oss/file/links":  {"fileIDs": words},
		"/api/v1/oss/source/copy": {"fileIDs": numbers},

		"/api/v1/oss/source/published": {"fileIDs": numbers},
		"/upload/v1/oss/file/mkdir":    {"name": words},
	} {
		says(t, path, s.Post(path, u.Token, b), 200, 1, fault.TooManyIDs, "一次最多100个")
	}
	if got := bedTree(t, u, ""); len(got) != 0 {
		t.Errorf("the bed holds %v", got)
	}
}

// A name that no entry may have is refused wherever a name is given.
func TestInputNames(t *testing.T) {
	s, u := writer(t)
	etag := harness.MD5(content(1))
	for _, name := range []string{
		`a"b`, `a\b`, "a/b", "a:b", "a*b", "a?b", "a|b", "a>b", "a<b", " ", "\t", "a\nb", "a\x7fb", ".", "..",
		strings.Repeat("图", 256), "　",
	} {
		for path, b := range map[string]body{
			"/upload/v1/file/mkdir":         {"name": name, "parentID": 0},
			"/upload/v1/file/create":        {"filename": name, "parentFileID": 0, "etag": etag, "size": 9},
			"/upload/v2/file/create":        {"filename": name, "parentFileID": 0, "etag": etag, "size": 9},
			"/upload/v2/file/single/create": {"filename": name, "parentFileID": 0, "etag": harness.MD5(content(9)), "size": len(content(9))},
			"/upload/v2/file/sha1_reuse":    {"filename": name, "parentFileID": 0, "sha1": strings.Repeat("a", 40), "size": 9},
			"/upload/v1/oss/file/mkdir":     {"name": name},
			"/upload/v1/oss/file/create":    {"filename": name, "etag": etag, "size": 9},
			"/api/v1/oss/file/name":         {"fileID": "any", "fileName": name},
		} {
			says(t, fmt.Sprintf("%s %q", path, name), send(t, u, path, b), 200, 1, fault.BadName, "文件名要小于256个字符且不能包含以下任何字符")
		}
	}
	// Everything else is a name: 255 characters, however many bytes they have.
	for i, name := range []string{strings.Repeat("图", 255), ".hidden", "...", "a b ", "🙂.png", "ａ／ｂ", "-rf", "%2e", "CON", "e\u0301"} {
		id, err := u.Mkdir(t.Context(), 0, name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		b := content(50 + i)
		u.PutFile(id, name, b)
	}
	if got := names(t, u, 0); !slices.Contains(got, "\u00e9/") {
		t.Errorf("what is written in two ways has two names: %q", got)
	}
	says(t, "the other way", s.Post("/upload/v1/file/mkdir", u.Token, body{"name": "\u00e9"}), 200, 1, fault.FolderTaken, "该目录下已经有同名文件夹,无法进行创建")
}

// A NUL is in nothing that a client can mean, and PostgreSQL takes none: whatever field
// of whatever endpoint it is in, and however that is sent, the field is named.
func TestInputNUL(t *testing.T) {
	s, u := alone(t, "--operator") // who may ask everything
	for _, e := range api.Endpoints() {
		for _, f := range e.Fields {
			for _, name := range append([]string{f.Name}, f.Aliases...) {
				what := fmt.Sprintf("%s %s", e.Path, name)
				b, pairs := body{}, url.Values{}
				for _, other := range e.Fields {
					if other.Required && other.Name != f.Name {
						b[other.Name] = "1"
						pairs.Set(other.Name, "1")
					}
				}
				for _, v := range []string{"\x00", "a\x00b", "1\x00", "1,\x00"} {
					b[name] = v
					pairs.Set(name, v)
					says(t, what, send(t, u, e.Path, b), 200, 1, fault.BadRequest, "参数错误: "+f.Name)
					if f.List {
						b[name] = []string{"1", v}
						says(t, what+" in a list", send(t, u, e.Path, b), 200, 1, fault.BadRequest, "参数错误: "+f.Name)
					}
					if !takesFile(e.Path) {
						form := s.Send("POST", e.Path, u.Token, "application/x-www-form-urlencoded", []byte(pairs.Encode()))
						says(t, what+" in a form", form, 200, 1, fault.BadRequest, "参数错误: "+f.Name)
						says(t, what+" in the query", s.Get(e.Path+"?"+pairs.Encode(), u.Token), 200, 1, fault.BadRequest, "参数错误: "+f.Name)
					}
				}
			}
		}
	}
	if log := s.Log(); strings.Contains(log, "level=ERROR") {
		t.Errorf("the log has errors:\n%s", log)
	}
}

// Numbers that are none are refused, and never taken for others.
func TestInputNumbers(t *testing.T) {
	s, u := writer(t)
	for _, n := range []any{"abc", "1.5", 1.5, "-1", -1, "9223372036854775808", "1e99", "0x10", "１", true, []int{}, body{"a": 1}, "1 2"} {
		for path, name := range map[string]string{
			"/api/v1/file/detail":    "fileID",
			"/api/v1/file/trash":     "fileIDs",
			"/upload/v1/file/mkdir":  "parentID",
			"/api/v2/file/list":      "parentFileId",
			"/upload/v1/file/create": "parentFileID",
		} {
			b := body{"name": "n", "filename": "n", "etag": harness.MD5(nil), "size": 0, name: n}
			if list, empty := n.([]int); empty && len(list) == 0 && name != "fileID" && name != "fileIDs" {
				continue // absent: the root
			}
			says(t, fmt.Sprintf("%s %v", path, n), s.Post(path, u.Token, b), 200, 1, fault.BadRequest, "参数错误: "+name)
		}
	}
	if got := names(t, u, 0); len(got) != 0 {
		t.Errorf("the drive holds %q", got)
	}
	for _, limit := range []any{0, -5, 1000, "", nil} {
		if a := s.Post("/api/v2/file/list", u.Token, body{"parentFileId": 0, "limit": limit}); a.Code != 0 {
			t.Errorf("limit %v: %+v", limit, a)
		}
	}
}
