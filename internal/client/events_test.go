package client_test

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"tuchuang/internal/client"
)

// events writes a stream of states of a task, numbered from n on.
func events(w http.ResponseWriter, n int, statuses ...int) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	text := "retry: 1000\n\n: keep\n\n"
	for _, s := range statuses {
		text += fmt.Sprintf("id: %d\nevent: other\ndata: {}\n\nid: %d\nevent: task\ndata: {\"taskID\":\"t\",\ndata: \"status\":%d,\"copied\":%d}\n\n", n, n, s, n)
		n++
	}
	_, _ = io.WriteString(w, text)
	_ = http.NewResponseController(w).Flush()
}

// A task is followed by events, over ends and breaks of the stream, each time from the last
// event on; and by questions where there are no events.
func TestFollow(t *testing.T) {
	const waiting, running, done = client.CopyWaiting, client.CopyRunning, client.CopyFinished
	for _, tt := range []struct {
		name   string
		handle func(n int, w http.ResponseWriter, r *http.Request)
		asked  string // the calls, with the id of the event they go on after
		told   []int64
		fails  string
	}{
		{"in one stream", func(_ int, w http.ResponseWriter, _ *http.Request) {
			events(w, 1, waiting, running, done, running) // nothing follows the end
		}, "events", []int64{1, 2, 3}, ""},
		{"over the end of a server", func(n int, w http.ResponseWriter, _ *http.Request) {
			switch n {
			case 1:
				events(w, 1, waiting, running)
			case 2:
				events(w, 3, running)
				panic(http.ErrAbortHandler)
			case 3:
				cut(w)
			default:
				events(w, 4, running, done)
			}
		}, "events events:2 events:3 events:3", []int64{1, 2, 3, 4, 5}, ""},
		{"of an older server", func(n int, w http.ResponseWriter, r *http.Request) {
			if path.Base(r.URL.Path) == "events" {
				w.WriteHeader(http.StatusNotFound)
				refuse(w, 404, "no such endpoint")
				return
			}
			answer(w, fmt.Sprintf(`{"status":%d,"copied":%d}`, []int{waiting, running, done}[n-2], n))
		}, "events process process process", []int64{2, 3, 4}, ""},
		{"of another server", func(n int, w http.ResponseWriter, r *http.Request) {
			if path.Base(r.URL.Path) == "events" {
				w.Header().Set("Content-Type", "text/html")
				_, _ = io.WriteString(w, "<html>")
				return
			}
			answer(w, fmt.Sprintf(`{"status":%d,"copied":%d}`, done, n))
		}, "events process", []int64{2}, ""},
		{"where events are kept back", func(n int, w http.ResponseWriter, r *http.Request) {
			if path.Base(r.URL.Path) == "events" {
				events(w, 1)
				return
			}
			answer(w, fmt.Sprintf(`{"status":%d,"copied":%d}`, done, n))
		}, "events process", []int64{2}, ""},
		{"that is not there", func(_ int, w http.ResponseWriter, _ *http.Request) {
			refuse(w, 1, "no such task")
		}, "events process", nil, "no such task"},
		{"whose events make no sense", func(_ int, w http.ResponseWriter, _ *http.Request) {
			events(w, 1, running)
			_, _ = io.WriteString(w, "event: task\ndata: nonsense\n\n")
		}, "events", []int64{1}, "another shape"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex
			var asked []string
			c, n := open(t, tokenOr(func(n int, w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Encode() != "taskID=t" {
					t.Errorf("asked %s", r.URL)
				}
				mu.Lock()
				asked = append(asked, strings.TrimSuffix(path.Base(r.URL.Path)+":"+r.Header.Get("Last-Event-ID"), ":"))
				mu.Unlock()
				tt.handle(n, w, r)
			}))
			var told []int64
			state, err := c.Follow(t.Context(), "t", func(s client.CopyState) { told = append(told, s.Copied) })
			if tt.fails == "" && (err != nil || state.Status != done || state.Copied != told[len(told)-1]) || tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
				t.Errorf("%+v %v", state, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if got := strings.Join(asked, " "); got != tt.asked || !slices.Equal(told, tt.told) {
				t.Errorf("asked %q, told %v; want %q, %v", got, told, tt.asked, tt.told)
			}
			n.mu.Lock()
			defer n.mu.Unlock()
			if len(n.waited) < len(asked)-2 {
				t.Errorf("between %d calls it waited %v", len(asked), n.waited)
			}
		})
	}
}

// A server that is away is waited for as long as for any call, and not asked in another way
// for as long again.
func TestFollowGivesUp(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	c, _ := open(t, tokenOr(func(_ int, w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, path.Base(r.URL.Path))
		mu.Unlock()
		cut(w)
	}))
	if _, err := c.Follow(t.Context(), "t", func(client.CopyState) {}); !client.Broken(err) {
		t.Errorf("%v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if slices.Contains(asked, "process") || len(asked) < 3 {
		t.Errorf("asked %v", asked)
	}
}
