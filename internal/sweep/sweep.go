// Package sweep is what runs by itself: each job at the start and then again and
// again, one at a time. It promises that a job which fails, by a panic too, is tried
// again later and keeps no other from running. The jobs are the rooms' own, but for
// Garbage, which needs to ask all who refer to content.
package sweep

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tuchuang/internal/fault"
)

// Job is one thing to sweep.
type Job struct {
	Name  string
	Every time.Duration
	Run   func(ctx context.Context) error
	Wake  <-chan struct{} // may be nil: run before the time is over
}

// Run runs the jobs until the context ends, and returns when the last has.
func Run(ctx context.Context, log *slog.Logger, jobs ...Job) {
	var all sync.WaitGroup
	for _, j := range jobs {
		all.Go(func() {
			tick := time.NewTicker(j.Every)
			defer tick.Stop()
			for {
				if err := fault.Guard("sweep", func() error { return j.Run(ctx) }); err != nil && ctx.Err() == nil {
					log.Error("sweep: "+j.Name, "err", err)
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				case <-j.Wake:
				}
			}
		})
	}
	all.Wait()
}
