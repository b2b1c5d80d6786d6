package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// fileRun is what a run of put and one of get have in common: many files on their way at
// once, a line for each, and a summary.
type fileRun struct {
	u     *ui
	bar   *bar
	start time.Time
	all   int // files

	mu    sync.Mutex
	ended int
	gone  error // what ended the run: the server went away, or refuses all of it
}

// eachFile goes through the files with so many workers until one has done each, ctx ends,
// or one has called end.
func eachFile[F any](ctx context.Context, r *fileRun, files []F, jobs int, one func(ctx context.Context, f F, end func(error))) {
	r.all = len(files)
	r.bar.aside(r.u.text(putFiles, 0, r.all))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	end := func(err error) {
		r.leave(err)
		cancel()
	}
	queue := make(chan F)
	var workers sync.WaitGroup
	for range min(jobs, max(len(files), 1)) {
		workers.Go(func() {
			for f := range queue {
				one(ctx, f, end)
			}
		})
	}
feed:
	for _, f := range files {
		select {
		case queue <- f:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	workers.Wait()
}

// endsAll says whether an error of a file would be the same for every other.
func endsAll(err error) bool {
	return client.Broken(err) || client.Is(err, fault.BadCredentials) || client.Is(err, fault.Disabled)
}

func (r *fileRun) leave(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone == nil {
		r.gone = err
	}
}

// tellOne counts a file that has its outcome, and says a line of it; "" is none.
func (r *fileRun) tellOne(line func() string) {
	r.mu.Lock() // until the line is out: lines come in the order of their numbers
	defer r.mu.Unlock()
	r.ended++
	r.bar.aside(r.u.text(putFiles, r.ended, r.all))
	said := line()
	if said == "" {
		return
	}
	if !r.bar.drawn() && !r.u.json {
		said = fmt.Sprintf("[%d/%d] %s", r.ended, r.all, said)
	}
	r.u.note(said)
}

// failedLine says why a file has failed, and what can be done.
func (r *fileRun) failedLine(name string, err error) string {
	what, advice := r.u.explain(err)
	line := r.u.text(putFailed, printable(name), what)
	if advice != "" {
		line += "\n  → " + advice
	}
	return line
}

// fileCounts are the figures of a summary.
type fileCounts struct {
	done, skipped, failed int
	bytes                 int64
	took                  time.Duration
}

// summary says what became of all, and what ended the run where it was not the user.
func (r *fileRun) summary(t text, c fileCounts, interrupted bool) {
	r.u.say(r.u.text(t, c.done, humanSize(c.bytes), c.skipped, c.failed,
		c.took.Round(10*time.Millisecond), humanSize(int64(float64(c.bytes)/max(c.took.Seconds(), 1e-3)))))
	if r.gone != nil && !interrupted {
		r.u.fail(r.gone)
	}
}
