package story

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/client"
	"tuchuang/internal/copytask"
	"tuchuang/internal/db"
	"tuchuang/internal/imagebed"
	"tuchuang/test/harness"
)

const eventsPath = "/api/v1/oss/source/copy/events"

// heard is a stream of events.
type heard struct {
	t     *testing.T
	lines *bufio.Scanner
	body  io.Closer
	id    string // of the last event
}

// listen opens a stream; after is the id of the last event of another one.
func listen(t *testing.T, u *harness.User, task, after string) *heard {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.Server.URL+eventsPath+"?taskID="+url.QueryEscape(task), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+u.Token)
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/event-stream") ||
		res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%s %v", res.Status, res.Header)
	}
	return &heard{t: t, lines: bufio.NewScanner(res.Body), body: res.Body}
}

// next waits for an event; ok is false at the end of the stream.
func (h *heard) next() (task client.CopyTask, ok bool) {
	h.t.Helper()
	kind := ""
	for h.lines.Scan() {
		name, value, _ := strings.Cut(h.lines.Text(), ": ")
		switch name {
		case "id":
			h.id = value
		case "event":
			kind = value
		case "data":
			if err := json.Unmarshal([]byte(value), &task); err != nil || kind != "task" || h.id == "" {
				h.t.Fatalf("%v in %q of kind %q, id %q", err, value, kind, h.id)
			}
			ok = true
		case "":
			if ok {
				return task, true
			}
		}
	}
	if err := h.lines.Err(); err != nil {
		h.t.Errorf("the stream broke: %v", err)
	}
	return client.CopyTask{}, false
}

func (h *heard) must() client.CopyTask {
	h.t.Helper()
	task, ok := h.next()
	if !ok {
		h.t.Fatal("the stream has ended")
	}
	return task
}

func (h *heard) ends() {
	h.t.Helper()
	if task, ok := h.next(); ok {
		h.t.Fatalf("the stream goes on: %+v", task)
	}
}

// Listeners to a task get what is there at once, then what it comes to, in order, and no
// oftener than it changes, and the end, with which their stream ends.
func TestEventsOfATask(t *testing.T) {
	_, u := writer(t)
	album := u.MkFolder(0, "album")
	const pictures, folders = 1000, 5 // a batch takes whole folders of some 200
	for n := range folders {
		putMany(t, u, u.MkFolder(album, string(rune('a'+n))), n*pictures/folders, (n+1)*pictures/folders)
	}
	release := occupy(t, u)
	task := u.StartCopy("", album)
	var all []*heard
	for range 3 {
		h := listen(t, u, task, "")
		if first := h.must(); first.Status != client.CopyWaiting || first.TaskID != task || *first.Total != 0 || first.CreateAt == "" {
			t.Errorf("at first: %+v", first)
		}
		all = append(all, h)
	}
	release()
	for _, h := range all {
		published := int64(0)
		changes := 0
		var last client.CopyTask
		for {
			now, ok := h.next()
			if !ok {
				break
			}
			if done := now.Copied + now.Replaced + now.Failed; done < published || last.Ended() {
				t.Errorf("after %+v came %+v", last, now)
			} else {
				published = done
			}
			last = now
			changes++
		}
		state, err := u.CopyProcess(t.Context(), task)
		if err != nil || last.Status != client.CopyFinished || last.Copied != pictures || last.FinishAt == "" || last.FinishAt != state.FinishAt {
			t.Errorf("at last %+v, the task %+v %v", last, state, err)
		}
		if most := 2 + folders; changes > most { // claimed, planned, each batch
			t.Errorf("%d events of %d changes", changes, most)
		}
	}
	// Who comes later gets the end alone, whatever he had before.
	for _, after := range []string{"", "1", "nonsense", "-5", "1." + task + "x", "x." + task} {
		h := listen(t, u, task, after)
		if now := h.must(); now.Status != client.CopyFinished || now.Copied != pictures {
			t.Errorf("%+v", now)
		}
		h.ends()
	}
	// Who was told of the end, and comes back as an EventSource does, is told to stay away.
	for what, want := range map[string]int{"?taskID=" + task: http.StatusNoContent, "?taskID=none": http.StatusOK, "": http.StatusOK} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.Server.URL+eventsPath+what, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+u.Token)
		r.Header.Set("Last-Event-ID", all[0].id)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != want {
			t.Errorf("%q: %s", what, res.Status)
		}
		cancel()
		res.Body.Close()
	}
	told := func(now client.CopyTask) error { return errors.New("told of " + now.TaskID) }
	if last, err := u.CopyEvents(t.Context(), task, all[0].id, told); last != all[0].id || err != nil {
		t.Errorf("after the end: %q %v", last, err)
	}
}

// A stream of the account tells of all its tasks. Who comes back with the id of the last
// event is told of what has ended meanwhile; who comes the first time, of what goes on.
func TestEventsOfAnAccount(t *testing.T) {
	s, u := writer(t)
	file := u.PutFile(0, "a.png", content(1))
	zero := u.StartCopy("", file)
	u.Await(zero)
	release := occupy(t, u)
	one := u.StartCopy("", file)
	h := listen(t, u, "", "")
	h.must() // what the account is busy with
	if now := h.must(); now.TaskID != one || now.Status != client.CopyWaiting {
		t.Errorf("%+v", now)
	}
	two := u.StartCopy("", file) // comes while the stream is open
	if now := h.must(); now.TaskID != two || now.Status != client.CopyWaiting {
		t.Errorf("%+v", now)
	}
	if err := u.CopyCancel(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	if now := h.must(); now.TaskID != two || now.FailCode != "cancelled" {
		t.Errorf("%+v", now)
	}
	h.body.Close()
	release()
	u.Await(one)

	other := s.User("other")
	foreign := listen(t, other, "", h.id)
	theirs := other.StartCopy("", other.PutFile(0, "b.png", content(2)))

	h = listen(t, u, "", h.id)
	ended := make(map[string]string)
	for len(ended) < 3 { // the first one ended a moment before the stream, and is told too
		now := h.must()
		if !now.Ended() || ended[now.TaskID] != "" {
			t.Errorf("%+v after %v", now, ended)
		}
		ended[now.TaskID] = "ended " + now.FailCode
	}
	if want := map[string]string{zero: "ended ", one: "ended ", two: "ended cancelled"}; !maps.Equal(ended, want) {
		t.Errorf("ended: %v, want %v", ended, want)
	}
	three := u.StartCopy("", file)
	for now := h.must(); !now.Ended(); now = h.must() {
		if now.TaskID != three { // all that was before is told
			t.Errorf("%+v", now)
		}
	}
	h = listen(t, u, "", "") // for the first time: nothing goes on
	four := u.StartCopy("", file)
	if now := h.must(); now.TaskID != four {
		t.Errorf("%+v", now)
	}
	for now := foreign.must(); !now.Ended(); now = foreign.must() {
		if now.TaskID != theirs {
			t.Errorf("another account is told of %+v", now)
		}
	}
}

// What another process does to a task is told too.
func TestEventsOfAnotherProcess(t *testing.T) {
	s, u := alone(t)
	occupy(t, u)
	task := u.StartCopy("", u.PutFile(0, "a.png", content(1)))
	one, all := listen(t, u, task, ""), listen(t, u, "", "")
	one.must()
	all.must() // what the account is busy with
	all.must()
	inDB(t, s, func(d *db.DB) {
		tasks, _ := copytask.New(d, imagebed.New(d), slog.New(slog.DiscardHandler))
		if err := tasks.Cancel(t.Context(), account.ID(u.UID), copytask.ID(task)); err != nil {
			t.Fatal(err)
		}
	})
	for _, h := range []*heard{one, all} {
		if now := h.must(); now.TaskID != task || now.FailCode != "cancelled" {
			t.Errorf("%+v", now)
		}
	}
	one.ends()
}

// When the server is to end its streams do, whole, and it is not kept waiting; who comes
// back to the next one goes on.
func TestEventsEndWithTheServer(t *testing.T) {
	s, u := alone(t)
	file := u.PutFile(0, "a.png", content(1))
	occupy(t, u)
	task := u.StartCopy("", file)
	var open []*heard
	for n := range 10 {
		h := listen(t, u, []string{"", task}[n%2], "")
		h.must()
		open = append(open, h)
	}
	s.Stop()
	for _, h := range open {
		for _, ok := h.next(); ok; _, ok = h.next() {
			continue
		}
	}
	if strings.Contains(s.Log(), "broken off") {
		t.Errorf("the server waited for its streams:\n%s", s.Log())
	}
	s.Start()
	u.SignIn()
	if err := u.CopyCancel(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	if now := listen(t, u, task, open[0].id).must(); now.FailCode != "cancelled" {
		t.Errorf("%+v", now)
	}
}

// An account has a thousand streams, and the next one is refused; those that end make room.
func TestEventsAreBounded(t *testing.T) {
	_, u := alone(t)
	occupy(t, u)
	task := u.StartCopy("", u.PutFile(0, "a.png", content(1)))
	var open []*heard
	for range 1000 {
		open = append(open, listen(t, u, task, ""))
	}
	refused := u.Server.Get(eventsPath+"?taskID="+task, u.Token)
	if refused.Code != 1 || refused.Error == nil || refused.Error.Code != "too_many_streams" || !strings.Contains(refused.Message, "1000") {
		t.Errorf("%+v %+v", refused, refused.Error)
	}
	if err := u.CopyCancel(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, h := range open {
		now := h.must()
		for ok := true; ok; { // until its end
			var next client.CopyTask
			if next, ok = h.next(); ok {
				now = next
			}
		}
		told = append(told, now.FailCode)
	}
	if slices.ContainsFunc(told, func(code string) bool { return code != "cancelled" }) {
		t.Errorf("told %v", told)
	}
	listen(t, u, task, "").must()
}

// The client follows a task over restarts of the server.
func TestEventsAreFollowed(t *testing.T) {
	s, u := alone(t)
	occupy(t, u)
	task := u.StartCopy("", u.PutFile(0, "a.png", content(1)))
	s.Stop()
	s.Args = []string{"--listen", strings.TrimPrefix(s.URL, "http://")}
	s.Start()
	c, err := client.New(client.Options{Server: s.URL, ClientID: u.ClientID, Secret: u.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan client.CopyState, 100)
	type end struct {
		state client.CopyState
		err   error
	}
	ended := make(chan end, 1)
	go func() {
		state, err := c.Follow(t.Context(), task, func(s client.CopyState) { told <- s })
		ended <- end{state, err}
	}()
	if first := <-told; first.Status != client.CopyWaiting {
		t.Errorf("%+v", first)
	}
	s.Kill()
	s.Start()
	u.SignIn()
	if err := u.CopyCancel(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	if e := <-ended; e.err != nil || e.state.FailCode != "cancelled" {
		t.Errorf("%+v", e)
	}
	if _, err := c.Follow(t.Context(), strings.Repeat("0", 32), func(client.CopyState) {}); !client.Is(err, "task_not_found") {
		t.Errorf("no such task: %v", err)
	}
	if _, err := c.CopyEvents(t.Context(), task, "", func(client.CopyTask) error { return errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}
