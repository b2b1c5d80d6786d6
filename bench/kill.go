package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"tuchuang/internal/queue"
)

const (
	killProcesses = 4 // two of which are killed at a time
	killEvery     = 1500 * time.Millisecond
	killRounds    = 30
	recoverLimit  = 5 * time.Second
)

// kills measures how long a task of a killed process waits for another one, while many
// others wait too.
func (b *bench) kills(ctx context.Context) (err error) {
	if err := b.stockDrain(ctx); err != nil {
		return err
	}
	const name = "kills"
	url, err := newDatabase(ctx, b.cluster, name, drainStocked)
	if err != nil {
		return err
	}
	v := &victims{b: b, url: url}
	defer func() {
		for _, s := range v.servers {
			s.kill()
		}
		err = errors.Join(err, onServer(context.WithoutCancel(ctx), b.cluster.URL("postgres"), "DROP DATABASE "+name+" WITH (FORCE)"))
	}()
	for range killProcesses {
		if err := v.start(ctx); err != nil {
			return err
		}
	}
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	if _, err := release(ctx, c); err != nil {
		return err
	}
	rounds := max(2, killRounds*b.runs/7)
	w := &watch{c: c, seen: make(map[taskKey]running)}
	next := time.NewTimer(killEvery)
	defer next.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	var end time.Time
	for end.IsZero() || time.Now().Before(end) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
		if err := w.look(ctx); err != nil {
			return err
		}
		select {
		case <-next.C:
		default:
			continue
		}
		if len(w.kills) == rounds || w.idle {
			end = time.Now().Add(2 * recoverLimit) // for the last ones
			continue
		}
		w.kills = append(w.kills, v.kill())
		if err := errors.Join(v.start(ctx), v.start(ctx)); err != nil {
			return err
		}
		next.Reset(killEvery + rand.N(500*time.Millisecond)) //nolint:gosec // any moment
	}
	if len(w.took) == 0 {
		return fmt.Errorf("no task was at work when %d processes were killed", 2*len(w.kills))
	}
	n := len(w.took)
	b.table.seconds(fmt.Sprintf("a killed worker's task runs again, p99 of %d", n), p99(w.took),
		"median "+secs(median(w.took))+", lease "+secs(queue.LeaseLength), recoverLimit)
	return nil
}

// victims are processes that are killed.
type victims struct {
	b       *bench
	url     string
	made    int
	servers []*server
}

func (v *victims) start(ctx context.Context) error {
	v.made++
	name := fmt.Sprintf("victim_%d", v.made)
	s, err := v.b.serve(ctx, name, v.b.path(name), nil, v.url)
	if err == nil {
		v.servers = append(v.servers, s)
	}
	return err
}

// kill kills the two that have been there longest.
func (v *victims) kill() time.Time {
	at := time.Now()
	for _, s := range v.servers[:2] {
		s.kill()
	}
	v.servers = v.servers[2:]
	return at
}

// kill ends a server at once.
func (s *server) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	_ = s.cmd.Wait()                          // says that it was killed
}

type taskKey struct{ account, seq int64 }

// running is an attempt as it was seen last.
type running struct {
	attempt int64
	alive   time.Time // when its worker was heard of last
}

// watch sees which tasks run, and finds those whose worker was killed.
type watch struct {
	c     *pgx.Conn
	seen  map[taskKey]running
	kills []time.Time
	took  []time.Duration // from the kill to the next attempt
	idle  bool            // nothing is left to be done
}

func (w *watch) look(ctx context.Context) error {
	rows, err := w.c.Query(ctx, `SELECT account_id, seq, attempt, lease_until FROM task WHERE state = 1`)
	if err != nil {
		return err
	}
	now := time.Now()
	w.idle = true
	var key taskKey
	var attempt, lease int64
	_, err = pgx.ForEachRow(rows, []any{&key.account, &key.seq, &attempt, &lease}, func() error {
		w.idle = false
		before, known := w.seen[key]
		w.seen[key] = running{attempt, time.UnixMicro(lease).Add(-queue.LeaseLength)}
		if known && attempt > before.attempt {
			// The first kill after its worker was heard of was the one: the next comes only
			// after the lease would have been renewed.
			for _, k := range w.kills {
				if k.After(before.alive) {
					w.took = append(w.took, now.Sub(k))
					break
				}
			}
		}
		return nil
	})
	return err
}
