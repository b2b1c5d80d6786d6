package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/copytask"
	"tuchuang/internal/fault"
)

// Who listens to tasks is told by one hub. Nobody asks the database again and again: the
// queue tells what has changed, one look at the account's changed tasks is shared by all
// who listen to them, and so are the bytes of what is sent.
const (
	accountListeners = 1000
	allListeners     = 10_000
	settleFor        = 80 * time.Millisecond  // from a change to the look: more may come
	settleFirst      = 150 * time.Millisecond // after a while of quiet: a short task need not be told of twice
	quiet            = time.Second
	lookAgain        = 20 * time.Millisecond // from then on, till the next change counts
	wave             = 8                     // listeners are woken so many at a time, so that those who work get their turn too
	wavePause        = 2 * time.Millisecond
	lookLater        = time.Second // after one that failed
	keptEvents       = 1000        // that a listener remembers
	// lateCommit is how long before its commit the time may be taken that stands in a row,
	// and how far the clocks of processes may be apart.
	lateCommit = time.Minute
)

// hub knows who listens.
type hub struct {
	look func(ctx context.Context, acc account.ID, q copytask.Look) ([]copytask.Status, time.Time, error)
	log  *slog.Logger

	limits copytask.Limits // that a failed task's sentence names

	mu        sync.Mutex
	audiences map[account.ID]*audience
	listeners int
}

// event is where a task stands, as it is sent.
type event struct {
	task  copytask.ID
	data  []byte
	text  []byte
	ended bool // nothing more will happen
}

// audience is who listens to the tasks of one account. It lives as long as anybody does.
type audience struct {
	*hub
	acc     account.ID
	end     context.CancelFunc
	ended   chan struct{}
	bell    chan struct{} // rung where there is something to look at
	reading chan struct{} // taken for a look: one after the other, so that none tells what was before

	// With the hub's lock:
	all     map[*listener]bool
	changed map[copytask.ID]bool
	missed  bool      // something may have changed that nobody has named
	since   time.Time // of the last look for all
}

// listener is one stream.
type listener struct {
	*audience
	task copytask.ID   // "" for all of the account
	bell chan struct{} // rung when there is something to send

	// With the hub's lock:
	first   bool                   // it has not looked yet, and comes for the first time: what has ended by now is known and not told
	last    map[copytask.ID]*event // what was sent last or waits
	waiting []copytask.ID          // tasks whose last event was not sent yet, in order
}

// changedTask is called with each task of which something has changed.
func (h *hub) changedTask(acc account.ID, id copytask.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.audiences[acc]
	if a == nil {
		return
	}
	for l := range a.all {
		if l.wants(id) {
			a.changed[id] = true
			ring(a.bell)
			return
		}
	}
}

// missedSome is called where anything may have changed.
func (h *hub) missedSome() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.audiences {
		a.missed = true
		ring(a.bell)
	}
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// listen begins to listen to a task, or with "" to all of the account; what is there now
// waits to be sent: the task, or those that have not ended, and those that ended since a
// time. The listener has to leave. fault.TaskNotFound, fault.TooManyStreams.
func (h *hub) listen(ctx context.Context, acc account.ID, task copytask.ID, since time.Time) (*listener, error) {
	l, err := h.join(acc, task)
	if err != nil {
		return nil, err
	}
	q := copytask.Look{Open: true, Since: since}
	if task == "" && since.IsZero() {
		q.Since = l.comesFirst()
	}
	if task != "" {
		q = copytask.Look{IDs: []copytask.ID{task}}
	}
	found, _, err := l.tellOf(ctx, q, l)
	l.hasLooked()
	if err == nil && task != "" && found == 0 {
		err = fault.New(fault.TaskNotFound, "api: listen")
	}
	if err != nil {
		l.leave()
		return nil, err
	}
	return l, nil
}

func (h *hub) join(acc account.ID, task copytask.ID) (*listener, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.audiences[acc]
	switch {
	case h.listeners >= allListeners:
		return nil, fault.New(fault.TooManyStreams, "api: listen", h.listeners)
	case a != nil && len(a.all) >= accountListeners:
		return nil, fault.New(fault.TooManyStreams, "api: listen", len(a.all))
	case a == nil:
		ctx, end := context.WithCancel(context.Background())
		a = &audience{
			hub: h, acc: acc, end: end, ended: make(chan struct{}), bell: make(chan struct{}, 1), reading: make(chan struct{}, 1),
			all: make(map[*listener]bool), changed: make(map[copytask.ID]bool),
		}
		h.audiences[acc] = a
		go a.run(ctx)
	}
	l := &listener{audience: a, task: task, bell: make(chan struct{}, 1), last: make(map[copytask.ID]*event)}
	a.all[l] = true
	h.listeners++
	return l, nil
}

// leave ends listening. With the last listener of an account its looks end too: when leave
// has returned nobody reads for it.
func (l *listener) leave() {
	a := l.audience
	a.mu.Lock()
	delete(a.all, l)
	a.listeners--
	last := len(a.all) == 0
	if last {
		delete(a.audiences, a.acc)
	}
	a.mu.Unlock()
	if last {
		a.end()
		<-a.ended
	}
}

// comesFirst has what ended before the first look not told, and answers the time from
// which on a later look for all may find it.
func (l *listener) comesFirst() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first = true
	since := l.since
	if since.IsZero() {
		since = time.Now()
	}
	return since.Add(-2 * lateCommit)
}

func (l *listener) hasLooked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first = false
}

// run looks at what has changed until the audience has gone.
func (a *audience) run(ctx context.Context) {
	defer close(a.ended)
	var looked time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.bell:
		}
		settle := settleFor
		if time.Since(looked) > quiet {
			settle = settleFirst
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settle):
		}
		q, missed := a.question()
		pause := lookAgain
		_, told, err := a.tellOf(ctx, q, nil)
		a.wake(ctx, told)
		looked = time.Now()
		if err != nil && ctx.Err() == nil {
			a.log.Warn("api: look at tasks for those who listen", "account", a.acc, "err", err)
			a.again(q, missed)
			pause = lookLater
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// question is what is to be looked at, which counts as done from here on.
func (a *audience) question() (q copytask.Look, missed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ids := a.changed
	if missed = a.missed; missed {
		for l := range a.all {
			if l.task != "" {
				ids[l.task] = true
			} else {
				q.Open, q.Since = true, a.since.Add(-lateCommit)
			}
		}
	}
	q.IDs = slices.Collect(maps.Keys(ids))
	a.changed, a.missed = make(map[copytask.ID]bool), false
	return q, missed
}

// again has what could not be looked at looked at later.
func (a *audience) again(q copytask.Look, missed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range q.IDs {
		a.changed[id] = true
	}
	a.missed = a.missed || missed
	ring(a.bell)
}

// wake lets listeners send what they were told.
func (a *audience) wake(ctx context.Context, told []*listener) {
	for some := range slices.Chunk(told, wave) {
		for _, l := range some {
			ring(l.bell)
		}
		if len(told) > wave {
			select {
			case <-ctx.Done():
			case <-time.After(wavePause):
			}
		}
	}
}

// tellOf looks at tasks, and tells all listeners, or only one, what is new to them. Those
// who were told are to be woken.
func (a *audience) tellOf(ctx context.Context, q copytask.Look, only *listener) (found int, told []*listener, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	select {
	case <-ctx.Done():
		return 0, nil, fault.Because(fault.Unavailable, "api: wait for a look", ctx.Err())
	case a.reading <- struct{}{}:
	}
	defer func() { <-a.reading }()
	var list []copytask.Status
	var at time.Time
	err = fault.Guard("api: look", func() (err error) {
		list, at, err = a.look(ctx, a.acc, q)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	events := make([]*event, len(list))
	for n, s := range list {
		if events[n], err = newEvent(s, a.limits, at); err != nil {
			return 0, nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if only == nil || a.since.IsZero() {
		a.since = at
	}
	for l := range a.all {
		if only != nil && l != only {
			continue
		}
		isNew := false
		for _, e := range events {
			isNew = l.tell(e) || isNew
		}
		if isNew {
			told = append(told, l)
		}
	}
	return len(list), told, nil
}

// newEvent writes an event. Its id is the time of the look: what ended since, or a little
// before, is told to who comes back with it. Where the task has ended it is named too: who
// comes back to that task knows all of it.
func newEvent(s copytask.Status, limits copytask.Limits, at time.Time) (*event, error) {
	var b bytes.Buffer
	if err := appendJSON(&b, copyListItem{copytask.ID(s.ID), toProcess(s, limits)}); err != nil {
		return nil, fault.Because(fault.Internal, "api: event", err)
	}
	data, id, ended := b.Bytes(), strconv.FormatInt(at.UnixMicro(), 10), !s.State.Unfinished()
	if ended {
		id += "." + s.ID
	}
	return &event{copytask.ID(s.ID), data, fmt.Appendf(nil, "id: %s\nevent: task\ndata: %s\n\n", id, data), ended}, nil
}

func (l *listener) wants(id copytask.ID) bool { return l.task == "" || l.task == id }

// tell has an event sent where it is new, which it answers. One that waits is replaced by
// what came after it.
func (l *listener) tell(e *event) bool {
	if !l.wants(e.task) {
		return false
	}
	was := l.last[e.task]
	if was != nil && bytes.Equal(was.data, e.data) {
		return false
	}
	if len(l.last) >= keptEvents {
		maps.DeleteFunc(l.last, func(id copytask.ID, was *event) bool { return was.ended && !slices.Contains(l.waiting, id) })
	}
	l.last[e.task] = e
	if l.first && e.ended && was == nil {
		return false
	}
	if !slices.Contains(l.waiting, e.task) {
		l.waiting = append(l.waiting, e.task)
	}
	return true
}

// next takes the next event to be sent; nil where there is none.
func (l *listener) next() *event {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil
	}
	e := l.last[l.waiting[0]]
	l.waiting = l.waiting[1:]
	return e
}
