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
// made.
type pool struct {
	free chan struct{} // one for each idle connection
	size int

	waits, waited atomic.Int64 // how often, and nanoseconds

	mu     sync.Mutex
	idle   []session
	closed bool
}

// newPool makes a pool of so many connections.
func newPool(size int, open func() (session, error)) (*pool, error) {
	p := &pool{free: make(chan struct{}, size)}
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
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		p.free <- struct{}{} // for the next one who asks
		return nil, errClosed
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	p.mu.Unlock()
	if err := c.ready(ctx); err != nil {
		p.giveLast(c)
		return nil, err
	}
	return c, nil
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
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	p.free <- struct{}{}
}

// giveLast gives back what can't be made now: others that are there go before it.
func (p *pool) giveLast(c session) {
	p.mu.Lock()
	p.idle = slices.Insert(p.idle, 0, c)
	p.mu.Unlock()
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
