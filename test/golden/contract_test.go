package golden

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
