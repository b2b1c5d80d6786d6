package db

import (
	"context"
	"errors"
	"testing"
)

// slow is a session that is made when the test says so, and as it says.
type slow struct {
	session
	begun chan struct{}
	end   chan error
	made  bool
}

func (s *slow) there() bool { return s.made }

func (s *slow) ready(ctx context.Context) error {
	if s.made {
		return nil
	}
	s.begun <- struct{}{}
	select {
	case err := <-s.end:
		s.made = err == nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slow) close() error { return nil }

type taken struct {
	c   session
	err error
}

// Connections are made one at a time: who waits for one has the first that comes back.
func TestConnectionsAreMadeOneAtATime(t *testing.T) {
	begun, end := make(chan struct{}), make(chan error)
	p, err := newPool(3, func() (session, error) { return &slow{begun: begun, end: end}, nil })
	if err != nil {
		t.Fatal(err)
	}
	take := func(ctx context.Context) <-chan taken {
		got := make(chan taken, 1)
		go func() {
			c, err := p.take(ctx)
			got <- taken{c, err}
		}()
		return got
	}
	fine := func(got <-chan taken) session {
		t.Helper()
		one := <-got
		if one.err != nil {
			t.Fatal(one.err)
		}
		return one.c
	}
	first := take(t.Context())
	<-begun
	end <- nil
	a := fine(first)

	second := take(t.Context())
	<-begun
	third := take(t.Context())
	p.give(a)
	if c := fine(third); c != a {
		t.Error("another one than came back")
	}

	// Who waits may stop waiting, and what was not made can't be had by who waited for it.
	ctx, cancel := context.WithCancel(t.Context())
	fourth := take(ctx)
	cancel()
	if got := <-fourth; !errors.Is(got.err, context.Canceled) {
		t.Errorf("%v", got.err)
	}
	refused := errors.New("refused")
	end <- refused
	if got := <-second; !errors.Is(got.err, refused) {
		t.Errorf("%v", got.err)
	}
	again := take(t.Context())
	<-begun
	end <- nil
	b := fine(again)
	last := take(t.Context())
	<-begun
	end <- nil
	for _, c := range []session{a, b, fine(last)} {
		p.give(c)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	if _, err := p.take(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("%v", err)
	}
}

// What a server says to one who asks for a connection it says to all who wait for that one;
// that somebody has no time any more is told to nobody else.
func TestARefusedConnectionIsToldToAll(t *testing.T) {
	begun, end := make(chan struct{}), make(chan error)
	p, err := newPool(2, func() (session, error) { return &slow{begun: begun, end: end}, nil })
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan taken, 2)
	one := func(ctx context.Context) {
		c, err := p.one(ctx)
		got <- taken{c, err}
	}
	ctx, cancel := context.WithCancel(t.Context())
	go one(ctx)
	<-begun
	go one(t.Context())
	cancel()
	if g := <-got; !errors.Is(g.err, context.Canceled) {
		t.Errorf("%v", g.err)
	}
	<-begun // the other makes his own
	refused := errors.New("refused")
	m := p.making
	end <- refused
	<-m.ended
	if g := <-got; !errors.Is(g.err, refused) || !errors.Is(m.err, refused) {
		t.Errorf("%v, %v", g.err, m.err)
	}
}
