package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/copytask"
	"tuchuang/internal/fault"
)

const (
	eventPace  = 100 * time.Millisecond // between two events of a stream, after the first ones
	keepEvery  = 15 * time.Second       // a sign of life, and a look whether the token is still good
	streamTop  = "retry: 1000\n\n"      // milliseconds, for clients that come back by themselves
	streamKeep = ": keep\n\n"
)

type eventsIn struct {
	TaskID copytask.ID `wire:"taskID"`
}

// copyEvents answers where a task stands, or all of the account, as events: at once, and
// whenever that has changed, until the task has ended, or for ever.
func (a *API) copyEvents() endpoint {
	return endpoint{in: reflect.TypeFor[eventsIn](), media: []string{eventMedia}, call: func(ctx context.Context, acc account.ID, r *http.Request) (any, error) {
		var in eventsIn
		p, err := wire.Parse(r, maxBody)
		if err == nil {
			err = wire.Bind(p, &in)
		}
		if err != nil {
			return nil, err
		}
		since, ended := lastEvent(r)
		l, err := a.hub.listen(ctx, acc, in.TaskID, since)
		if err != nil {
			return nil, err
		}
		if in.TaskID != "" && ended == in.TaskID {
			l.leave()
			return stream(nothingMore), nil
		}
		token := a.token(r, read)
		return stream(func(ctx context.Context, f *flow) error {
			defer l.leave()
			return l.serve(ctx, f, a.Draining, func(ctx context.Context) error {
				_, err := a.Accounts.Authenticate(ctx, token)
				return err
			})
		}), nil
	}}
}

// lastEvent is the time from which on somebody who comes back has to be told again what
// has ended, and the task whose end was told last; nothing for who comes the first time.
func lastEvent(r *http.Request) (since time.Time, ended copytask.ID) {
	at, id, _ := strings.Cut(r.Header.Get("Last-Event-ID"), ".")
	if micros, err := strconv.ParseInt(at, 10, 64); err == nil && micros > 0 {
		return time.UnixMicro(micros).Add(-lateCommit), copytask.ID(id)
	}
	return time.Time{}, ""
}

// nothingMore tells an EventSource, which comes back whenever a stream has ended, not to.
func nothingMore(_ context.Context, f *flow) error {
	f.w.WriteHeader(http.StatusNoContent)
	return nil
}

// serve sends events until there are no more, the client has gone, the server drains, or
// the token is good no more, which check says.
func (l *listener) serve(ctx context.Context, f *flow, draining <-chan struct{}, check func(context.Context) error) error {
	f.begin(eventMedia).Set("X-Accel-Buffering", "no") // nginx hands on what comes
	first := []byte(streamTop)
	over := false
	for e := l.next(); e != nil; e = l.next() {
		first = append(first, e.text...)
		over = over || e.ended && l.task != ""
	}
	if err := f.send(first); err != nil || over {
		return err
	}
	keep := time.NewTicker(keepEvery)
	defer keep.Stop()
	var pace <-chan time.Time // nil: the next event may go
	for {
		bell := l.bell
		if pace == nil {
			if e := l.next(); e != nil {
				if err := f.send(e.text); err != nil || e.ended && l.task != "" {
					return err
				}
				pace = time.After(eventPace)
			}
		}
		if pace != nil {
			bell = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-draining:
			return nil
		case <-bell:
		case <-pace:
			pace = nil
		case <-keep.C:
			switch fault.CodeOf(check(ctx)) {
			case fault.NoToken, fault.TokenExpired, fault.Disabled:
				return nil
			}
			if err := f.send([]byte(streamKeep)); err != nil {
				return err
			}
		}
	}
}
