package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pauses between the tries of a call grow from firstPause to longestPause.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 3 * time.Second
)

// A server that never answered is more likely a wrong address than one that is
// starting: it is waited for this long at most.
const firstPatience = 2 * time.Second

// pauses are the waits between the tries of one call. They end when together
// they pass the client's patience.
type pauses struct {
	c      *Client
	last   time.Duration
	waited time.Duration
}

// next waits before another try, at least for atLeast, and says whether there is
// to be one. The error is that of ctx.
func (p *pauses) next(ctx context.Context, atLeast time.Duration) (bool, error) {
	p.last = min(max(2*p.last, firstPause), longestPause)
	// Half of it at random, so that many clients of a server that was away don't
	// come back all at once.
	d := max(p.last/2+rand.N(p.last/2+1), atLeast) //nolint:gosec // a pause is no secret
	patience := p.c.patience
	if !p.c.reached.Load() {
		patience = min(patience, firstPatience)
	}
	if p.waited+d > patience {
		return false, nil
	}
	p.waited += d
	if err := p.c.wait(ctx, d); err != nil {
		return false, err
	}
	return true, nil
}
