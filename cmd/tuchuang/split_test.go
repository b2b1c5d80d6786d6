package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"
	"testing"

	"tuchuang/internal/client"
)

// between stands between the program and the server; each may answer a request itself.
func (s *served) between(each func(w http.ResponseWriter, r *http.Request, toServer http.Handler)) []string {
	s.t.Helper()
	target, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	toServer := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { each(w, r, toServer) }))
	s.t.Cleanup(proxy.Close)
	return []string{secretVariable + "=" + s.secret, "TUCHUANG_SERVER=" + proxy.URL, "TUCHUANG_CLIENT_ID=" + s.id}
}

// files puts so many pictures into a folder below all.
func (s *served) files(folder string, many int) {
	for n := range many {
		s.file(fmt.Sprintf("%s/%02d.png", folder, n), fmt.Sprint(folder, n))
	}
}

// The answer to a creation is lost, and every stream breaks once: it goes on.
func TestCopySplitGoesOnAfterABreak(t *testing.T) {
	s := serve(t, "", "--copy-ids", "2", "--copy-images", "2")
	s.files("all", 5)
	s.mustRun("put", "all")
	var mu sync.Mutex
	broken := map[string]bool{}
	s.env = s.between(func(w http.ResponseWriter, r *http.Request, toServer http.Handler) {
		last := path.Base(r.URL.Path)
		what := last + r.URL.Query().Get("taskID")
		mu.Lock()
		breaks := (last == "copy" || last == "events") && !broken[what]
		if breaks {
			broken[what] = true
		}
		mu.Unlock()
		if !breaks {
			toServer.ServeHTTP(w, r)
			return
		}
		if last == "copy" {
			toServer.ServeHTTP(httptest.NewRecorder(), r)
		}
		panic(http.ErrAbortHandler)
	})
	var done splitReport
	r := s.run("copy", "--split", "/all", "--json")
	decode(t, r.out, &done)
	if r.code != exitDone || done.Status != client.CopyFinished || len(done.Tasks) != 3 || done.Copied+done.Replaced != 5 || done.Replaced != 2 {
		t.Errorf("exit %d, %+v\n%s", r.code, done, r.errOut)
	}
	if len(broken) != 1+3 || !strings.Contains(r.errOut, "a task may have been created") {
		t.Errorf("broken were %v\n%s", broken, r.errOut)
	}
	if names := s.names("bed:/all"); len(names) != 5 {
		t.Errorf("in the bed: %v", names)
	}
}

// Interrupted before the first task, it says what it was at, or in a document that there is
// none.
func TestCopySplitInterruptedWhileItCuts(t *testing.T) {
	s := serve(t, "")
	s.files("all", 2)
	s.mustRun("put", "all")
	for _, json := range []bool{true, false} {
		var cmd *exec.Cmd
		s.env = s.between(func(w http.ResponseWriter, r *http.Request, toServer http.Handler) {
			if path.Base(r.URL.Path) != "plan" {
				toServer.ServeHTTP(w, r)
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil { // else nobody sees that it lets go
				t.Error(err)
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
			<-r.Context().Done()
		})
		cmd = s.command("copy", "--split", "/all", fmt.Sprintf("--json=%v", json))
		s.env = nil
		var out, said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &said
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitInterrupted {
			t.Errorf("%v: %s", err, &said)
		}
		if !json {
			if !strings.Contains(said.String(), "looking into how many tasks it takes") || out.Len() > 0 {
				t.Errorf("it says\n%s%s", &out, &said)
			}
			continue
		}
		var done splitReport
		decode(t, out.String(), &done)
		if done.Status != client.CopyRunning || done.Tasks == nil || len(done.Tasks) > 0 || done.Failures == nil {
			t.Errorf("%+v", done)
		}
	}
}

// Where it ends early, what is known is told, and which task goes on.
func TestCopySplitThatEndsEarly(t *testing.T) {
	s := serve(t, "", "--copy-ids", "2", "--copy-images", "2", "--copy-tasks", "1")
	s.files("all", 5)
	s.mustRun("put", "all")
	for _, tt := range []struct {
		name string
		code int
		stop func(cmd *exec.Cmd, w http.ResponseWriter, r *http.Request)
	}{
		{"Ctrl-C", exitInterrupted, func(cmd *exec.Cmd, _ http.ResponseWriter, r *http.Request) {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
			<-r.Context().Done() // the program has let go
		}},
		{"a refusal", exitFailed, func(_ *exec.Cmd, w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"code":1,"message":"no","data":null}`)
		}},
	} {
		for _, json := range []bool{true, false} {
			t.Run(fmt.Sprint(tt.name, json), func(t *testing.T) {
				var cmd *exec.Cmd
				var mu sync.Mutex
				first, read, known, begun := "", false, false, 0
				env := s.between(func(w http.ResponseWriter, r *http.Request, toServer http.Handler) {
					task := r.URL.Query().Get("taskID")
					mu.Lock()
					if first == "" {
						first = task
					}
					read = read || task == first && path.Base(r.URL.Path) == "fail"
					known = known || read && path.Base(r.URL.Path) == "copy" // whose end is in the report, then
					second, stop := task != "" && task != first, known
					mu.Unlock()
					switch {
					case second && !stop:
						_, _ = io.WriteString(w, `{"code":0,"message":"ok","data":{"status":4}}`)
						return
					case second:
						tt.stop(cmd, w, r)
						return
					case path.Base(r.URL.Path) != "copy":
						toServer.ServeHTTP(w, r)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					if begun == 2 { // the second may have ended already
						_, _ = io.WriteString(w, `{"code":1,"message":"no","error":{"code":"too_many_tasks","message":"no"}}`)
						return
					}
					answer := httptest.NewRecorder()
					toServer.ServeHTTP(answer, r)
					if strings.Contains(answer.Body.String(), `"code":0`) {
						begun++
					}
					_, _ = w.Write(answer.Body.Bytes())
				})
				s.env = env
				cmd = s.command("copy", "--split", "/all", fmt.Sprintf("--json=%v", json), "--to", "bed:/"+path.Base(t.Name()))
				s.env = nil
				var out, said bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &said
				if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != tt.code {
					t.Errorf("%v: %s", err, &said)
				}
				if !json {
					if !strings.Contains(out.String(), "tasks done: 1 of 3, not created: 1; 2 copied, 0 replaced, 0 skipped, 0 failed") {
						t.Errorf("it says\n%s", &out)
					}
					return
				}
				var done splitReport
				decode(t, out.String(), &done)
				if done.Status != client.CopyRunning || done.Copied != 2 || len(done.Tasks) != 2 || !done.Tasks[0].Ended() || done.Tasks[1].Ended() {
					t.Fatalf("%+v", done)
				}
				if id := done.Tasks[1].TaskID; id == "" || !strings.Contains(said.String(), "task "+id+" goes on") || id == first {
					t.Errorf("the task that goes on is %q:\n%s", id, &said)
				}
			})
		}
	}
}

// Loose files and folders make no more tasks than they must, and what holds no picture is
// spoken of.
func TestCopySplitParts(t *testing.T) {
	s := serve(t, "", "--copy-ids", "10", "--copy-images", "10")
	s.files("all", 13)
	s.files("all/one", 5)
	s.files("all/two", 5)
	s.file("texts/notes.txt", "n")
	s.mustRun("put", "all", "texts")
	var done splitReport
	decode(t, s.mustRun("copy", "--split", "/all", "--json"), &done)
	if done.Copied != 23 || len(done.Tasks) != 3 {
		t.Errorf("%+v", done)
	}
	if out := s.mustRun("copy", "--split", "/texts"); !strings.Contains(out, "tasks done: 1; 0 copied, 0 replaced, 1 skipped, 0 failed") {
		t.Errorf("no picture:\n%s", out)
	}
	done = splitReport{}
	decode(t, s.mustRun("copy", "--split", "/texts", "--json"), &done)
	if done.Status != client.CopyFinished || done.Skipped != 1 {
		t.Errorf("no picture: %+v", done)
	}
}
