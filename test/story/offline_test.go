package story

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/test/harness"
)

// A URL comes into the drive however clients ask for it, who asked is told, and what
// is there is the file.
func TestOfflineAsClientsAsk(t *testing.T) {
	s, u := limited(t, "--fetch-allow", "127.0.0.1")
	told := make(chan string, 10)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			told <- string(b)
			return
		}
		fmt.Fprint(w, "content of "+r.URL.Path)
	}))
	defer elsewhere.Close()
	folder := u.MkFolder(0, "folder")
	post := func(path, kind, body string) (data map[string]json.RawMessage) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+u.Token)
		r.Header.Set("Content-Type", kind)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var envelope struct {
			Code int                        `json:"code"`
			Data map[string]json.RawMessage `json:"data"`
		}
		b, err := io.ReadAll(res.Body)
		if err == nil {
			err = json.Unmarshal(b, &envelope)
		}
		if err != nil || envelope.Code != 0 {
			t.Fatalf("%s: %v", b, err)
		}
		return envelope.Data
	}
	const create = "/api/v1/offline/download"
	for _, tt := range []struct{ name, kind, body, path string }{
		{"nulls", "application/json", `{"url":"` + elsewhere.URL + `/a.txt","fileName":null,"dirID":null,"callBackUrl":null}`, "来自:离线下载/a.txt"},
		{"a folder as text", "application/json", fmt.Sprintf(`{"URL":"%s/b.txt","dirid":"%d"}`, elsewhere.URL, folder), "folder/b.txt"},
		{"a form that says it is JSON", "application/json", "url=" + url.QueryEscape(elsewhere.URL+"/c.txt") + "&savePath=%2Fsome%2Fwhere", "some/where/c.txt"},
	} {
		n, err := strconv.ParseInt(string(post(create, tt.kind, tt.body)["taskID"]), 10, 64)
		if err != nil {
			t.Fatal(tt.name, err)
		}
		done := awaitOffline(t, u.OfflineProcess, n)
		names := strings.Split(tt.path, "/")
		if done.Status != client.OfflineDone || done.Process != 100 || done.Filename != names[len(names)-1] {
			t.Fatalf("%s: %+v", tt.name, done)
		}
		at := int64(0)
		for _, name := range names {
			page, err := u.ListV2(t.Context(), client.ListQuery{Parent: at})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range page.FileList {
				if f.Filename == name {
					at, found = f.FileID, true
				}
			}
			if !found {
				t.Fatalf("%s: no %s of %s", tt.name, name, tt.path)
			}
		}
		want := []byte("content of /" + names[len(names)-1])
		holds(t, u, at, harness.MD5(want), int64(len(want)))
	}
	task, err := u.Offline(t.Context(), client.OfflineRequest{URL: elsewhere.URL + "/d.txt", Callback: elsewhere.URL + "/told"})
	if err != nil {
		t.Fatal(err)
	}
	done := awaitOffline(t, u.OfflineProcess, task)
	if got, want := <-told, `{"url":"`+elsewhere.URL+`/d.txt","status":0,"failReason":"","fileReason":"","fileID":`+done.ID()+`}`; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if p := post(create+"/process", "application/x-www-form-urlencoded", fmt.Sprint("taskID=", task)); string(p["process"]) != "100" || string(p["status"]) != "2" {
		t.Errorf("process by a form: %v", p)
	}
}
