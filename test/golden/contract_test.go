package golden

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/api"
	"tuchuang/test/harness"
)

const documentFile = folder + "/openapi.json"

// fetch gets what a server gives to everybody.
func fetch(t *testing.T, url string) (http.Header, []byte) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, res.Status, err)
	}
	return res.Header, body
}

// The document is that of OpenAPI 3.1, and changes when somebody means it to. Its
// examples stand in the golden files of the endpoints.
func TestDocument(t *testing.T) {
	s := harness.Start(t)
	h, text := fetch(t, s.URL+"/openapi.json")
	if h.Get("Content-Type") != "application/json; charset=utf-8" || h.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("%v", h)
	}
	c, err := harness.ReadContract(text)
	if err == nil {
		err = c.Valid()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, again := fetch(t, s.URL+"/openapi.json")
	if !bytes.Equal(text, again) {
		t.Error("it is another one each time")
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(withoutExamples(v)); err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(b.String(), s.URL, "{server}")
	if *update {
		if err := os.WriteFile(documentFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-golden +answered):\n%s", diff)
	}
}

func withoutExamples(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "example")
		for _, one := range v {
			withoutExamples(one)
		}
	case []any:
		for _, one := range v {
			withoutExamples(one)
		}
	}
	return v
}

// What is asked or answered otherwise than the document says is caught.
func TestTheContractCatches(t *testing.T) {
	s := harness.Start(t)
	_, text := fetch(t, s.URL+"/openapi.json")
	c, err := harness.ReadContract(text)
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"code":0,"message":"ok","data":{"dirID":7},"x-traceID":"x"}`
	const bad = `{"code":1,"message":"参数错误: name","data":null,"x-traceID":"x","error":{"code":"bad_request","message":"x"}}`
	for _, tt := range []struct {
		name, body string
		right      bool
	}{
		{"as documented", good, true},
		{"a refusal", bad, true},
		{"a field that it lacks", strings.Replace(good, `"dirID":7`, `"dirID":7,"more":1`, 1), false},
		{"without one that it requires", strings.Replace(good, `"dirID":7`, ``, 1), false},
		{"another type", strings.Replace(good, `7`, `"7"`, 1), false},
		{"null for data", strings.Replace(good, `{"dirID":7}`, `null`, 1), false},
		{"no trace", strings.Replace(good, `,"x-traceID":"x"`, ``, 1), false},
		{"more in the envelope", strings.Replace(good, `"code":0`, `"code":0,"more":1`, 1), false},
		{"a refusal with data", strings.Replace(bad, `null`, `{"dirID":7}`, 1), false},
		{"a refusal without a word", bad[:strings.Index(bad, `,"error"`)] + "}", false},
		{"a word that nobody knows", strings.Replace(bad, `bad_request`, `worse_request`, 1), false},
		{"no envelope", `{"dirID":7}`, false},
		{"no JSON", `<html>`, false},
	} {
		r, err := http.NewRequest(http.MethodPost, s.URL+"/upload/v1/file/mkdir", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Answer(r, http.StatusOK, "application/json; charset=utf-8", []byte(tt.body)); (err == nil) != tt.right {
			t.Errorf("an answer, %s: %v", tt.name, err)
		}
	}
	for _, tt := range []struct {
		name, method, target, body string
		right                      bool
	}{
		{"as documented", "POST", "/upload/v1/file/mkdir", `{"name":"x","parentID":0}`, true},
		{"a parameter that it lacks", "POST", "/upload/v1/file/mkdir", `{"name":"x","more":0}`, false},
		{"without one that it requires", "POST", "/upload/v1/file/mkdir", `{"parentID":0}`, false},
		{"another type", "POST", "/upload/v1/file/mkdir", `{"name":7}`, false},
		{"another method", "DELETE", "/upload/v1/file/mkdir", `{"name":"x"}`, false},
		{"too many", "POST", "/api/v1/file/trash", `{"fileIDs":[1` + strings.Repeat(`,1`, 100) + `]}`, false},
		{"none", "POST", "/api/v1/file/trash", `{"fileIDs":[]}`, false},
		{"a query as documented", "GET", "/api/v1/file/detail?fileID=7", ``, true},
		{"a query with what it lacks", "GET", "/api/v1/file/detail?fileID=7&more=1", ``, false},
		{"a query without what it requires", "GET", "/api/v1/file/detail", ``, false},
		{"a word in a query for a number", "GET", "/api/v1/file/detail?fileID=x", ``, false},
		{"no such endpoint", "GET", "/api/v1/file/x", ``, false},
	} {
		r, err := http.NewRequest(tt.method, s.URL+tt.target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if tt.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		r.Header.Set("Authorization", "Bearer x")
		if err := c.Request(r, []byte(tt.body)); (err == nil) != tt.right {
			t.Errorf("a request, %s: %v", tt.name, err)
		}
	}
}

// Each endpoint has an example, and the page shows it as a line that golden requests
// go by too; nothing of the page comes from elsewhere or runs.
func TestPage(t *testing.T) {
	s := harness.Start(t)
	h, page := fetch(t, s.URL+"/docs")
	text := html.UnescapeString(string(page))
	policy := h.Get("Content-Security-Policy")
	for _, must := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, must) {
			t.Errorf("policy %q lacks %s", policy, must)
		}
	}
	_, style, _ := strings.Cut(string(page), "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	if sum := sha256.Sum256([]byte(style)); !strings.Contains(policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("policy %q is not for the style of the page", policy)
	}
	for _, never := range []string{"<script", "src=", " style=", "ZgotmplZ", "{{", "url("} {
		if strings.Contains(string(page), never) {
			t.Errorf("the page has %q", never)
		}
	}
	lines := make(map[string]string)
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(strings.TrimPrefix(line, `<pre class="line">`), "</pre>")
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		r, err := fromLine(line, []byte("x"))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		lines[r.URL.Path] = r.Method
		if r.URL.Scheme+"://"+r.URL.Host != s.URL {
			t.Errorf("%s does not go to %s", line, s.URL)
		}
	}
	for _, e := range api.Endpoints() {
		if lines[e.Path] != e.Method {
			t.Errorf("the line of %s goes by %q, not by %s", e.Path, lines[e.Path], e.Method)
		}
		if !strings.Contains(text, `<code>`+e.Path+`</code>`) {
			t.Errorf("%s is not there", e.Path)
		}
	}
	if _, home := fetch(t, s.URL+"/"); !strings.Contains(string(home), `href="/docs"`) {
		t.Error("the first page does not name it")
	}
}
