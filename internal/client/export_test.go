package client

import (
	"context"
	"time"
)

// WaitWith puts a clock in place of the real pauses.
func (c *Client) WaitWith(wait func(context.Context, time.Duration) error) { c.wait = wait }

// StallAfter sets how long a body may stand still.
func (c *Client) StallAfter(d time.Duration) { c.stall = d }
