package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/copytask"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

// ledger is where the tasks of a hub's accounts stand.
type ledger struct {
	mu    sync.Mutex
	tasks []copytask.Status
	looks int
	err   error
}

func (l *ledger) look(_ context.Context, _ account.ID, q copytask.Look) (list []copytask.Status, at time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looks++
	for _, s := range l.tasks {
		named := q.Open && s.State.Unfinished() || !q.Since.IsZero() && !s.State.Unfinished() && !s.FinishedAt.Before(q.Since)
		for _, id := range q.IDs {
			named = named || copytask.ID(s.ID) == id
		}
		if named {
			list = append(list, s)
		}
	}
	return list, time.Now(), l.err
}

// set says where a task stands.
func (l *ledger) set(id string, state queue.State, copied int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := copytask.Status{Task: queue.Task{ID: id, State: state}, Counts: copytask.Counts{Copied: copied}}
	if !state.Unfinished() {
		s.FinishedAt = time.Now()
	}
	for n := range l.tasks {
		if l.tasks[n].ID == id {
			l.tasks[n] = s
			return
		}
	}
	l.tasks = append(l.tasks, s)
}

// fail has looks fail, or with nil no more.
func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *ledger) looked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.looks
}

func newHub() (*hub, *ledger) {
	l := &ledger{}
	return &hub{look: l.look, log: slog.New(slog.DiscardHandler), audiences: make(map[account.ID]*audience)}, l
}

// sent is what a listener was sent.
type sent struct {
	mu    sync.Mutex
	text  strings.Builder
	at    []time.Time // of each piece
	ended bool
}

func (s *sent) Header() http.Header { return http.Header{} }
func (s *sent) WriteHeader(int)     {}
func (s *sent) Flush()              {}
func (s *sent) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, time.Now())
	return s.text.Write(p)
}

// copied are the counts that were told, "!" at the end of the stream.
func (s *sent) copied() (out string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.text.String()) {
		if _, rest, ok := strings.Cut(line, `"copied":`); ok {
			n, _, _ := strings.Cut(rest, ",")
			out += n + " "
		}
	}
	if s.ended {
		out += "!"
	}
	return out
}

// pass lets time pass, which in a test's bubble takes none.
func pass(d time.Duration) { <-time.After(d) }

// all is the text that was sent.
func (s *sent) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func good(context.Context) error { return nil }

// open serves a listener until the test lets go of it.
func open(t *testing.T, h *hub, task copytask.ID, draining <-chan struct{}, check func(context.Context) error) (*sent, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l, err := h.listen(ctx, 1, task, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	s := &sent{}
	go func() {
		defer l.leave()
		err := l.serve(ctx, newFlow(s, httptest.NewRequest(http.MethodGet, "/", http.NoBody)), draining, check)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = err == nil
	}()
	synctest.Wait()
	return s, cancel
}

func told(t *testing.T, s *sent, want string) {
	t.Helper()
	synctest.Wait()
	if got := s.copied(); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

// However often a task changes, its listeners are told ten times a second at most and all
// of them share the looks; what was between is passed over, and the last state never is.
func TestEventsKeepTheirPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, l := newHub()
		l.set("a", queue.Waiting, 0)
		var all []*sent
		for range 20 {
			s, _ := open(t, h, "a", nil, good)
			all = append(all, s)
		}
		before := l.looked()
		const seconds, perSecond = 3, 250
		for n := range seconds * perSecond {
			l.set("a", queue.Running, n+1)
			h.changedTask(1, "a")
			h.changedTask(1, "another")
			h.changedTask(2, "a")
			pass(time.Second / perSecond)
		}
		l.set("a", queue.Done, 9999)
		h.changedTask(1, "a")
		synctest.Wait()
		pass(lookAgain + eventPace)
		synctest.Wait()
		if looks := l.looked() - before; looks > seconds*10+2 || looks < seconds*9 {
			t.Errorf("%d looks in %d seconds", looks, seconds)
		}
		for _, s := range all {
			if got := s.copied(); !strings.HasPrefix(got, "0 ") || !strings.HasSuffix(got, " 9999 !") {
				t.Errorf("told %q", got)
			}
			if len(s.at) > seconds*10+3 || len(s.at) < seconds*9 {
				t.Errorf("%d pieces in %d seconds", len(s.at), seconds)
			}
			for n := 2; n < len(s.at); n++ {
				if d := s.at[n].Sub(s.at[n-1]); d < eventPace {
					t.Errorf("the next piece came after %v", d)
				}
			}
		}
		if len(h.audiences) != 0 || h.listeners != 0 {
			t.Errorf("%d audiences, %d listeners are left", len(h.audiences), h.listeners)
		}
	})
}

// What was told is not told again; a listener of the account hears of all tasks, and of
// what ended while nobody could say so.
func TestEventsTellWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, l := newHub()
		l.set("old", queue.Done, 7)
		pass(time.Hour)
		l.set("a", queue.Running, 1)
		one, _ := open(t, h, "a", nil, good)
		all, leave := open(t, h, "", nil, good)
		told(t, one, "1 ")
		told(t, all, "1 ")
		h.changedTask(1, "a")
		pass(time.Second)
		told(t, one, "1 ")
		l.set("b", queue.Waiting, 2)
		h.changedTask(1, "b")
		pass(time.Second)
		told(t, one, "1 ")
		told(t, all, "1 2 ")
		// A state that comes again is new to who was told of the one between.
		l.set("a", queue.Waiting, 3)
		late, _ := open(t, h, "a", nil, good)
		l.set("a", queue.Running, 1)
		h.changedTask(1, "a")
		pass(time.Second)
		told(t, one, "1 ")
		told(t, late, "3 1 ")
		// What another process did.
		l.set("a", queue.Done, 4)
		l.set("c", queue.Waiting, 5)
		h.missedSome()
		pass(time.Second)
		told(t, one, "1 4 !")
		told(t, all, "1 2 4 5 ")
		h.missedSome()
		pass(time.Second)
		told(t, all, "1 2 4 5 ")
		// A look that fails is made again.
		l.set("b", queue.Failed, 6)
		l.fail(fault.New(fault.Unavailable, "test"))
		h.changedTask(1, "b")
		pass(lookLater / 2)
		told(t, all, "1 2 4 5 ")
		l.fail(nil)
		pass(lookLater)
		told(t, all, "1 2 4 5 6 ")
		leave()
		synctest.Wait()
		if h.listeners != 0 {
			t.Errorf("%d listeners are left", h.listeners)
		}
	})
}

// Who comes for the first time is not told what had ended before, whatever was written by
// others since; who comes back is.
func TestEventsOfThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, l := newHub()
		l.set("a", queue.Running, 1)
		early, _ := open(t, h, "", nil, good)
		pass(10 * time.Minute)
		l.set("b", queue.Done, 2) // by another process
		pass(10 * time.Second)
		late, _ := open(t, h, "", nil, good)
		h.missedSome()
		pass(time.Second)
		told(t, early, "1 2 ")
		told(t, late, "1 ")
		l.set("a", queue.Done, 3)
		l.set("c", queue.Done, 4)
		h.missedSome()
		pass(time.Second)
		told(t, early, "1 2 3 4 ")
		told(t, late, "1 3 4 ")
	})
}

// Who waits for another's look to end gives up with its request.
func TestWaitingForALookEnds(t *testing.T) {
	h, l := newHub()
	l.set("a", queue.Running, 1)
	first, err := h.listen(t.Context(), 1, "a", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.leave()
	first.reading <- struct{}{} // a look that takes long
	defer func() { <-first.reading }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.listen(ctx, 1, "a", time.Time{}); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

// A stream shows that it lives, and ends with the token, the server and the client.
func TestEventStreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, l := newHub()
		l.set("a", queue.Running, 1)
		draining := make(chan struct{})
		checks := 0
		expiring, _ := open(t, h, "", draining, func(context.Context) error {
			switch checks++; checks {
			case 1, 2:
				return fault.New(fault.Unavailable, "test") // nobody knows
			case 3:
				return nil
			}
			return fault.New(fault.TokenExpired, "test")
		})
		other, _ := open(t, h, "a", draining, good)
		pass(3*keepEvery + time.Second)
		synctest.Wait()
		if n := strings.Count(expiring.all(), ": keep\n\n"); n != 3 {
			t.Errorf("%d signs of life", n)
		}
		told(t, expiring, "1 ")
		pass(keepEvery)
		told(t, expiring, "1 !")
		told(t, other, "1 ")
		close(draining)
		told(t, other, "1 !")
		if !strings.HasPrefix(other.all(), "retry: 1000\n\nid: ") {
			t.Errorf("it begins with %q", other.all())
		}
	})
}

// Streams are bounded for each account and for all, and those that end make room.
func TestEventStreamsAreBounded(t *testing.T) {
	h, l := newHub()
	l.set("a", queue.Running, 1)
	var all []*listener
	for n := range allListeners {
		one, err := h.listen(t.Context(), account.ID(n/accountListeners), "a", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	for name, acc := range map[string]account.ID{"1000": 1, "10000": account.ID(allListeners)} {
		if n := len(all); name == "1000" { // room for all, not for the account
			all[n-1].leave()
			all = all[:n-1]
		} else if one, err := h.listen(t.Context(), acc, "a", time.Time{}); err == nil {
			all = append(all, one)
		}
		_, err := h.listen(t.Context(), acc, "a", time.Time{})
		if !fault.Is(err, fault.TooManyStreams) || fmt.Sprint(fault.ArgsOf(err)[0]) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, one := range all {
		one.leave()
	}
	if h.listeners != 0 || len(h.audiences) != 0 {
		t.Errorf("%d listeners, %d audiences", h.listeners, len(h.audiences))
	}
	if _, err := h.listen(t.Context(), 1, "none", time.Time{}); !fault.Is(err, fault.TaskNotFound) || h.listeners != 0 {
		t.Errorf("no such task: %v, %d listeners", err, h.listeners)
	}
}
