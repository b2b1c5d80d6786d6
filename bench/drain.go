package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"tuchuang/internal/account"
	"tuchuang/internal/copytask"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
)

const (
	drainStocked  = "drain_stock" // the database that each drain begins with a copy of
	drainAtOnce   = 2             // connections of the bare loop, workers of a process
	manyProcesses = 3
	notBefore     = 1 << 60
)

// stockDrain makes the database with accounts whose tasks all wait for the same moment,
// once a run.
func (b *bench) stockDrain(ctx context.Context) error {
	cluster, err := b.postgres()
	if err != nil || b.stocked {
		return err
	}
	began := time.Now()
	url, err := newDatabase(ctx, cluster, drainStocked, "")
	if err != nil {
		return err
	}
	s := drainStock(b.accounts)
	accounts, err := s.fill(ctx, url)
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, db.Options{URL: url})
	if err != nil {
		return err
	}
	tasks, _ := copytask.New(d, imagebed.New(d), slog.New(slog.DiscardHandler))
	_, err = together(8, func(hand int) ([]int, error) {
		for n := hand; n < len(accounts); n += 8 {
			if err := createTasks(ctx, tasks, accounts[n], s, n); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	if err := onServer(ctx, url, fmt.Sprintf("UPDATE task SET lease_until = %d", int64(notBefore)), "ANALYZE account, task, queue_turn", "CHECKPOINT"); err != nil {
		return err
	}
	progress("%d accounts with %d tasks of %d pictures, made in %.0f s", b.accounts, tasksEach, taskPictures, time.Since(began).Seconds())
	b.stocked = true
	return nil
}

func createTasks(ctx context.Context, tasks *copytask.Tasks, acc account.Secrets, s stock, n int) error {
	for folder := range s.folders {
		if _, err := tasks.Create(ctx, acc.ID, []drive.ID{drive.ID(s.folderOf(n, folder))}, ""); err != nil {
			return err
		}
	}
	return nil
}

// drains measures how quickly tasks of many accounts are done by one process and by
// several, beside a bare loop of their statements, and whose turn it was.
func (b *bench) drains(ctx context.Context) error {
	if err := b.stockDrain(ctx); err != nil {
		return err
	}
	tasks := b.accounts * tasksEach
	var fair fairness
	rates := make([][]time.Duration, 3)
	rounds := 1
	if b.runs > 3 {
		rounds = 2
	}
	for n := range rounds {
		for way, run := range []func() (time.Duration, error){
			func() (time.Duration, error) { return b.drainBare(ctx) },
			func() (time.Duration, error) { return b.drain(ctx, 1, n, nil) },
			func() (time.Duration, error) { return b.drain(ctx, manyProcesses, n, &fair) },
		} {
			took, err := run()
			if err != nil {
				return err
			}
			progress("%d tasks in %.1f s", tasks, took.Seconds())
			rates[way] = append(rates[way], took)
		}
	}
	rate := func(way int) float64 { return float64(tasks) / slices.Min(rates[way]).Seconds() }
	name := fmt.Sprintf("%d tasks of %d pictures of %d accounts", tasks, taskPictures, b.accounts)
	b.table.faster(name+", one process", rate(1), "bare loop", rate(0), 0.4)
	b.table.faster(fmt.Sprintf("the same, %d processes", manyProcesses), rate(2), "one process", rate(1), 0.9)
	b.table.never("a task run twice", fair.twice, fmt.Sprintf("of %d", fair.tasks))
	b.table.never("an account served twice while another waits", fair.overtaken, fmt.Sprintf("of %d", fair.tasks))
	b.table.told("longest wait for a turn", secs(fair.longest), "mean "+secs(fair.mean))
	return nil
}

// drain has processes do all tasks, and answers how long that took from the moment on
// that they were there.
func (b *bench) drain(ctx context.Context, processes, turn int, fair *fairness) (took time.Duration, err error) {
	name := fmt.Sprintf("drain_%d", processes)
	url, err := newDatabase(ctx, b.cluster, name, drainStocked)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, onServer(ctx, b.cluster.URL("postgres"), "DROP DATABASE "+name)) }()
	var servers []*server
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.stop())
		}
	}()
	for n := range processes {
		name := fmt.Sprintf("%s_%d_%d", name, turn, n)
		s, err := b.serve(ctx, name, b.path(name), nil, url)
		if err != nil {
			return 0, err
		}
		servers = append(servers, s)
	}
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	done, err := b.profiled(ctx, servers[0], name)
	if err != nil {
		return 0, err
	}
	if _, err := c.Exec(ctx, "CHECKPOINT"); err != nil {
		return 0, err
	}
	began, err := release(ctx, c)
	if err != nil {
		return 0, err
	}
	if err := awaitAll(ctx, c); err != nil {
		return 0, err
	}
	var ended int64
	if err := c.QueryRow(ctx, `SELECT max(finished_at) FROM task`).Scan(&ended); err != nil {
		return 0, err
	}
	if fair != nil {
		if err := fair.look(ctx, c, began); err != nil {
			return 0, err
		}
	}
	return time.UnixMicro(ended).Sub(began), errors.Join(done(), b.allCopied(ctx, c))
}

// release lets all tasks begin.
func release(ctx context.Context, c *pgx.Conn) (time.Time, error) {
	tx, err := c.Begin(ctx)
	if err != nil {
		return time.Time{}, err
	}
	_, err = tx.Exec(ctx, `UPDATE task SET lease_until = 0`)
	if err == nil {
		_, err = tx.Exec(ctx, `SELECT pg_notify('tuchuang', 'bench queue.waits 1')`)
	}
	began := time.Now()
	return began, errors.Join(err, tx.Commit(ctx))
}

// awaitAll waits until no task is unfinished.
func awaitAll(ctx context.Context, c *pgx.Conn) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.QueryRow(ctx, `SELECT 1 FROM task WHERE kind = 1 AND state IN (1, 4) LIMIT 1`).Scan(new(int))
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// allCopied holds that every task has done all it was to do.
func (b *bench) allCopied(ctx context.Context, c *pgx.Conn) error {
	var tasks, copied, images int
	err := c.QueryRow(ctx, `SELECT (SELECT count(*) FROM task WHERE state = 2), (SELECT sum(copied) FROM copy_task), (SELECT count(*) FROM image)`).
		Scan(&tasks, &copied, &images)
	if want := b.accounts * tasksEach; err == nil && (tasks != want || copied != want*taskPictures || images != copied) {
		err = fmt.Errorf("%d tasks are done, %d pictures copied, and %d are there", tasks, copied, images)
	}
	return err
}

// drainBare does all tasks by their bare statements.
func (b *bench) drainBare(ctx context.Context) (took time.Duration, err error) {
	const name = "drain_bare"
	url, err := newDatabase(ctx, b.cluster, name, drainStocked)
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, onServer(ctx, b.cluster.URL("postgres"), "CHECKPOINT", "DROP DATABASE "+name))
	}()
	var floors []*pgFloor
	for range drainAtOnce {
		f, err := openPGFloor(ctx, url)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, f.close(ctx)) }()
		floors = append(floors, f)
	}
	s := drainStock(b.accounts)
	var all []pgTask
	rows, err := floors[0].c.Query(ctx, `SELECT account_id, seq FROM task ORDER BY seq, account_id`)
	if err != nil {
		return 0, err
	}
	if all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t pgTask, err error) {
		return t, row.Scan(&t.account, &t.seq)
	}); err != nil {
		return 0, err
	}
	for i := range all {
		t := &all[i]
		t.created, t.levels, t.first = true, 1, s.folderOf(i%b.accounts, t.seq-1)
		if err := t.findRoot(ctx, floors[0]); err != nil {
			return 0, err
		}
		if t.pictures, err = floors[0].readPictures(ctx, t.account, t.first); err != nil {
			return 0, err
		}
	}
	if err := onServer(ctx, url, "CHECKPOINT"); err != nil {
		return 0, err
	}
	var next int
	var mu sync.Mutex
	take := func() (pgTask, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(all) {
			return pgTask{}, false
		}
		next++
		return all[next-1], true
	}
	began := time.Now()
	_, err = together(drainAtOnce, func(hand int) ([]int, error) {
		for t, ok := take(); ok; t, ok = take() {
			if err := floors[hand].run(ctx, t, time.Now().UnixMicro()); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return time.Since(began), errors.Join(err, b.allCopied(ctx, floors[0].c))
}

// fairness is what the tasks of a drain tell of whose turn it was.
type fairness struct {
	tasks         int
	twice         int // tasks that were begun more than once
	overtaken     int // second turns of an account, from the beginning of its first one to whose end another was waiting
	longest, mean time.Duration
}

type turn struct {
	account       int64
	begun, ended  int64
	couldHave     int64 // begun: the account had no other at it
	attempt, last int64
}

// look reads the ledger after all has ended.
func (f *fairness) look(ctx context.Context, c *pgx.Conn, released time.Time) error {
	rows, err := c.Query(ctx, `SELECT account_id, attempt, started_at, finished_at FROM task ORDER BY account_id, seq`)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t turn, err error) {
		return t, row.Scan(&t.account, &t.attempt, &t.begun, &t.ended)
	})
	if err != nil {
		return err
	}
	*f = fairness{tasks: len(all)}
	var sum time.Duration
	for i := range all {
		t := &all[i]
		t.couldHave, t.last = released.UnixMicro(), 0
		if i > 0 && all[i-1].account == t.account {
			t.couldHave, t.last = all[i-1].ended, all[i-1].begun
		}
		wait := time.Duration(t.begun-t.couldHave) * time.Microsecond
		f.longest = max(f.longest, wait)
		sum += wait
		if t.attempt != 1 {
			f.twice++
		}
	}
	f.mean = sum / time.Duration(len(all))
	for _, t := range all {
		if t.last == 0 {
			continue
		}
		if slices.ContainsFunc(all, func(o turn) bool { return o.account != t.account && o.couldHave < t.last && o.begun > t.ended }) {
			f.overtaken++
		}
	}
	return nil
}
