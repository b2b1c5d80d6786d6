package upload

import (
	"context"
	"sync"

	"tuchuang/internal/account"
)

// Who of this process may write which slice is kept in memory: one writer a slice, the
// newest one winning, and none beside the completion. What has come is kept in the
// database. A folder on disk has no other process; of a store that several share, the
// database has what they must agree on: which bytes of a slice count (its Part), and
// what of them is hashed.

const bufSize = 64 << 10

var bufs = sync.Pool{New: func() any { return new([bufSize]byte) }}

// wholeUpload stands for all slices of an upload.
const wholeUpload int64 = 0

type sessionKey struct {
	acc account.ID
	id  string
}

type sessions struct {
	mu sync.Mutex
	m  map[sessionKey]*session
}

// session is an upload that somebody works on.
type session struct {
	users int // under sessions.mu

	mu     sync.Mutex
	active map[int64]*writer

	// hashing is held while the prefix is hashed, and while a slice that has come
	// is made one that has not: so what is hashed can't change meanwhile.
	hashing sync.Mutex
}

type writer struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// enter takes the place of a slice's writer, ending and awaiting the one who has
// it; wholeUpload ends and awaits all. The context it gives ends when somebody
// else takes the place. leave must be called.
func (ss *sessions) enter(ctx context.Context, acc account.ID, id string, no int64) (context.Context, *session, func()) {
	key := sessionKey{acc, id}
	ss.mu.Lock()
	s := ss.m[key]
	if s == nil {
		s = &session{active: make(map[int64]*writer)}
		ss.m[key] = s
	}
	s.users++
	ss.mu.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	me := &writer{cancel, make(chan struct{})}
	for {
		s.mu.Lock()
		var wait *writer
		for other, w := range s.active {
			if other == no || other == wholeUpload || no == wholeUpload {
				wait = w
				if other != wholeUpload {
					w.cancel() // a completion is never broken off
				}
			}
		}
		if wait == nil {
			s.active[no] = me
			s.mu.Unlock()
			break
		}
		s.mu.Unlock()
		<-wait.done
	}
	return ctx, s, func() {
		cancel()
		s.mu.Lock()
		delete(s.active, no)
		s.mu.Unlock()
		close(me.done)
		ss.mu.Lock()
		defer ss.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(ss.m, key)
		}
	}
}
