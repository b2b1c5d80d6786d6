package db

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// pool hands out connections of one kind, the one that was used last first: what it
// has in its caches is of use again, and connections that are not needed are not
// made. They are made one at a time, which takes a server longer than most statements do:
// of many who ask at once, as at a start, most find one that another is done with.
type pool struct {
	free chan struct{} // one for each idle connection
	size int

	waits, waited atomic.Int64 // how often, and nanoseconds

	mu     sync.Mutex
	idle   []session
	making *making       // nil where none is being made
	back   chan struct{} // told of connections that come back
	closed bool
}

// making is a connection that is being made.
type making struct {
	ended chan struct{}
	err   error // for all who waited for it too
}

// newPool makes a pool of so many connections.
func newPool(size int, open func() (session, error)) (*pool, error) {
	p := &pool{free: make(chan struct{}, size), back: make(chan struct{}, size)}
	for range size {
		c, err := open()
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.size++
		p.give(c)
	}
	return p, nil
}

var errClosed = errors.New("the database is closed")

// errLost is what ready says of a connection that was there, and is not.
var errLost = errors.New("the connection was lost")

func (p *pool) take(ctx context.Context) (session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-p.free:
	default:
		if err := p.wait(ctx); err != nil {
			return nil, err
		}
	}
	c, err := p.one(ctx)
	if err != nil {
		p.free <- struct{}{}
	}
	return c, err
}

// one is a connection for who may have one.
func (p *pool) one(ctx context.Context) (session, error) {
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, errClosed
		}
		last := len(p.idle) - 1
		if n := p.lastThere(); n >= 0 {
			c := p.idle[n]
			p.idle = slices.Delete(p.idle, n, n+1)
			p.mu.Unlock()
			c, err := p.readied(ctx, c)
			if errors.Is(err, errLost) && ctx.Err() == nil {
				continue // it is one to be made now
			}
			return c, err
		}
		m := p.making
		if m == nil {
			m = &making{ended: make(chan struct{})}
			c := p.idle[last]
			p.making, p.idle = m, p.idle[:last]
			p.mu.Unlock()
			c, err := p.readied(ctx, c)
			if ctx.Err() == nil {
				m.err = err
			}
			p.mu.Lock()
			p.making = nil
			p.mu.Unlock()
			close(m.ended)
			return c, err
		}
		p.mu.Unlock()
		select {
		case <-m.ended:
			if m.err != nil {
				return nil, m.err
			}
		case <-p.back:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// lastThere is the place of the idle one that was used last, of those that are there; -1
// where none is.
func (p *pool) lastThere() int {
	for n := len(p.idle) - 1; n >= 0; n-- {
		if p.idle[n].there() {
			return n
		}
	}
	return -1
}

// readied is a connection that may be used; else it is back.
func (p *pool) readied(ctx context.Context, c session) (session, error) {
	if err := c.ready(ctx); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.keep(c)
		return nil, err
	}
	return c, nil
}

// keep takes one back. Where it was lost the others may be too: a server that has begun anew
// has dropped them all.
func (p *pool) keep(c session) {
	if !c.there() {
		for _, other := range p.idle {
			other.doubt()
		}
	}
	p.idle = append(p.idle, c)
}

func (p *pool) wait(ctx context.Context) error {
	began := time.Now()
	p.waits.Add(1)
	defer func() { p.waited.Add(int64(time.Since(began))) }()
	select {
	case <-p.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) give(c session) {
	p.mu.Lock()
	p.keep(c)
	p.mu.Unlock()
	select {
	case p.back <- struct{}{}:
	default: // who waits looks anyway
	}
	p.free <- struct{}{}
}

// close waits until every connection has come back.
func (p *pool) close() error {
	for range p.size {
		<-p.free
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	if p.size > 0 {
		p.free <- struct{}{} // who still asks is told
	}
	return errors.Join(errs...)
}
