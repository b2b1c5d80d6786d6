package db

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// slow is a session that is made when the test says so, and as it says.
type slow struct {
	session
	asked   *int       // how often one was asked to be made
	end     chan error // how that ends
	made    bool
	doubted bool
	lost    bool // which it finds out when it is doubted
}

func (s *slow) there() bool { return s.made }

func (s *slow) doubt() { s.doubted = true }

func (s *slow) ready(ctx context.Context) error {
	if s.made && s.doubted && s.lost {
		s.made = false
		return errLost
	}
	if s.made {
		return nil
	}
	*s.asked++
	select {
	case err := <-s.end:
		s.made, s.lost, s.doubted = err == nil, false, false
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slow) close() error { return nil }

// slowPool is a pool of slow sessions.
type slowPool struct {
	*pool
	t     *testing.T
	asked int
	end   chan error
}

func newSlow(t *testing.T, size int) *slowPool {
	p := &slowPool{t: t, end: make(chan error)}
	var err error
	if p.pool, err = newPool(size, func() (session, error) { return &slow{asked: &p.asked, end: p.end}, nil }); err != nil {
		t.Fatal(err)
	}
	return p
}

type taken struct {
	c   session
	err error
}

// begin asks for a connection, and returns when that waits or has ended.
func (p *slowPool) begin(ctx context.Context) <-chan taken {
	got := make(chan taken, 1)
	go func() {
		c, err := p.take(ctx)
		got <- taken{c, err}
	}()
	synctest.Wait()
	return got
}

// made is a connection that is made at once.
func (p *slowPool) made() session {
	p.t.Helper()
	got := p.begin(p.t.Context())
	p.end <- nil
	return p.has(got)
}

func (p *slowPool) has(got <-chan taken) session {
	p.t.Helper()
	synctest.Wait()
	select {
	case g := <-got:
		if g.err != nil {
			p.t.Fatal(g.err)
		}
		return g.c
	default:
		p.t.Fatal("it waits still")
		return nil
	}
}

func (p *slowPool) fails(got <-chan taken, want error) {
	p.t.Helper()
	synctest.Wait()
	select {
	case g := <-got:
		if !errors.Is(g.err, want) {
			p.t.Errorf("%v, want %v", g.err, want)
		}
	default:
		p.t.Errorf("it waits still, want %v", want)
	}
}

// Connections are made one at a time: who waits for one has the first that comes back, or
// may stop waiting.
func TestConnectionsAreMadeOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSlow(t, 3)
		a := p.made()
		second, third := p.begin(t.Context()), p.begin(t.Context())
		if p.asked != 2 {
			t.Errorf("%d were asked for, want one made and one in the making", p.asked)
		}
		p.give(a)
		if c := p.has(third); c != a {
			t.Error("another one than came back")
		}
		p.give(a)
		ctx, cancel := context.WithCancel(t.Context())
		if c := p.has(p.begin(ctx)); c != a {
			t.Error("another one than came back")
		}
		fourth := p.begin(ctx)
		cancel()
		p.fails(fourth, context.Canceled)
		p.end <- nil
		b := p.has(second)
		for _, c := range []session{a, b, p.made()} {
			p.give(c)
		}
		if err := p.close(); err != nil || p.asked != 3 {
			t.Errorf("%d were asked for, %v", p.asked, err)
		}
		p.fails(p.begin(t.Context()), errClosed)
	})
}

// What a server says to who asks for a connection it says to all who wait for that one, once;
// that he has no time any more is told to nobody else.
func TestARefusedConnectionIsToldToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSlow(t, 3)
		refused := errors.New("refused")
		ctx, cancel := context.WithCancel(t.Context())
		first, second, third := p.begin(ctx), p.begin(t.Context()), p.begin(t.Context())
		cancel()
		p.fails(first, context.Canceled)
		if p.asked != 2 {
			t.Errorf("%d were asked for, want the first and another's", p.asked)
		}
		p.end <- refused
		p.fails(second, refused)
		p.fails(third, refused)
		if p.asked != 2 {
			t.Errorf("%d were asked for: each of those who waited has asked", p.asked)
		}
	})
}

// Where one was lost the others are doubted: a server that has begun anew has dropped all,
// and nobody is given one of them.
func TestOfLostConnectionsNoneIsGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newSlow(t, 3)
		all := []session{p.made(), p.made(), p.made()}
		for _, c := range all {
			c.(*slow).lost = true
			p.give(c)
		}
		one := p.has(p.begin(t.Context())) // nobody knows yet
		one.(*slow).made = false
		p.give(one)
		next := p.begin(t.Context())
		if p.asked != 4 {
			t.Errorf("%d were asked for, want the fourth", p.asked)
		}
		p.end <- nil
		if c := p.has(next).(*slow); !c.made || c.lost {
			t.Errorf("%+v", c)
		}
	})
}
