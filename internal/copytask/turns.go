package copytask

import (
	"context"
	"sync"

	"tuchuang/internal/account"
)

// turns lets heavy work be done one at a time for each account, and only so much at a
// time in all: who asks ten times at once waits for himself, not others for him.
type turns struct {
	all chan struct{}

	mu sync.Mutex
	of map[account.ID]*turn
}

// turn is that of an account, while anybody of it works or waits.
type turn struct {
	free chan struct{}
	who  int
}

func newTurns(n int) *turns {
	return &turns{all: make(chan struct{}, n), of: make(map[account.ID]*turn)}
}

// take waits for the turn of an account, which ends with done; the context's error where
// that ends first.
func (t *turns) take(ctx context.Context, acc account.ID) (done func(), err error) {
	mine := t.join(acc)
	select {
	case mine.free <- struct{}{}:
	case <-ctx.Done():
		t.leave(acc)
		return nil, ctx.Err()
	}
	select {
	case t.all <- struct{}{}:
	case <-ctx.Done():
		<-mine.free
		t.leave(acc)
		return nil, ctx.Err()
	}
	return func() {
		<-t.all
		<-mine.free
		t.leave(acc)
	}, nil
}

func (t *turns) join(acc account.ID) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.of[acc]
	if mine == nil {
		mine = &turn{free: make(chan struct{}, 1)}
		t.of[acc] = mine
	}
	mine.who++
	return mine
}

func (t *turns) leave(acc account.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine := t.of[acc]; mine.who == 1 {
		delete(t.of, acc)
	} else {
		mine.who--
	}
}
