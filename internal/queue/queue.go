// Package queue is durable work: tasks wait, are claimed under a lease, and end.
// It promises that of one account and kind one task runs at a time, in order of
// creation; that among accounts the one served longest ago is next, and before all
// of them one whose task was begun and broken off; and that a worker which lost its
// lease can change nothing any more. It knows no verb: what a task does is its
// handler's.
//
//	Add ──▶ Waiting ──claim──▶ Running ──Finish──▶ Done, Failed
//	           ▲ │                │ │
//	           │ └──────Cancel────┼─┴──▶ Cancelled
//	           └ given back, expiry
//
// Every change of state is one statement that names the state it comes from.
package queue

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Kind is a kind of task. Kinds don't block each other.
type Kind int

// The kinds.
const (
	Copy     Kind = 1
	Offline  Kind = 2 // a URL that is fetched
	Callback Kind = 3 // what is told of the end of such a task
	TreeCopy Kind = 4 // a copy inside the drive
)

// inOrder says whether a task that is put off holds those behind it. A strange server
// that is away says nothing of the next one.
func (k Kind) inOrder() bool { return k == Copy }

func (k Kind) String() string { return strconv.Itoa(int(k)) }

// State is where a task stands. The first four are the wire's own numbers.
type State int

// The states as they are stored.
const (
	Running   State = 1
	Done      State = 2
	Failed    State = 3
	Waiting   State = 4
	Cancelled State = 5
)

// Unfinished says whether a task may still change.
func (s State) Unfinished() bool { return s == Running || s == Waiting }

// MaxIdle is how many attempts in a row may die without a mark of progress.
const MaxIdle = 5

// Task is a row of the queue.
type Task struct {
	Account    int64
	Seq        int64
	ID         string
	State      State
	Attempt    int64
	Idle       int // claims since the last mark of progress, this one included
	CreatedAt  time.Time
	StartedAt  time.Time // zero before the first claim
	FinishedAt time.Time // zero before the end
}

const (
	taskColumns = `account_id, seq, id, state, attempt, idle, created_at, started_at, finished_at`

	insertTask = `
		INSERT INTO task (account_id, seq, id, kind, state, attempt, idle, lease_until, created_at, started_at, finished_at)
		VALUES ($1, $2, $3, $4, 4, 0, 0, 0, $5, 0, 0)`
	insertTurn = `
		INSERT INTO queue_turn (account_id, kind, served_at, unfinished) VALUES ($1, $2, 0, 1)
		ON CONFLICT (account_id, kind) DO UPDATE SET unfinished = queue_turn.unfinished + 1`
	ended           = `UPDATE queue_turn SET unfinished = unfinished - 1 WHERE account_id = $1 AND kind = $2`
	countUnfinished = `SELECT count(*) FROM task WHERE account_id = $1 AND kind = $2 AND state IN (1, 4)`
	selectTask      = `SELECT ` + taskColumns + ` FROM task WHERE account_id = $1 AND id = $2 AND kind = $3`

	// Only the first unfinished task of its account and kind can be claimed, so
	// that nothing is overtaken: what another process is about to claim is skipped,
	// and with it all that is behind it. Of kinds that are not in order, what is put off
	// beyond $5 is passed by.
	firstOfAll = `t.lease_until <= $2 AND NOT EXISTS (
			SELECT 1 FROM task e
			WHERE e.account_id = t.account_id AND e.kind = t.kind AND e.state IN (1, 4) AND e.seq < t.seq AND (e.state = 1 OR e.lease_until <= $5))
		AND NOT EXISTS (SELECT 1 FROM task r WHERE r.account_id = t.account_id AND r.kind = t.kind AND r.state = 1)
		ORDER BY q.served_at, q.account_id LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED`
	// A task that was begun has had its turn: it goes on before others begin, however
	// many wait.
	nextBegun = `
		SELECT t.account_id, t.seq FROM task t JOIN queue_turn q ON q.account_id = t.account_id AND q.kind = t.kind
		WHERE t.kind = $1 AND t.state = 4 AND t.attempt > 0 AND ` + firstOfAll
	nextWaiting = `
		SELECT t.account_id, t.seq FROM queue_turn q CROSS JOIN task t
		WHERE q.kind = $1 AND q.unfinished > 0 AND t.account_id = q.account_id AND t.kind = q.kind AND t.state IN (1, 4) AND t.state = 4 AND ` + firstOfAll
	claimBegun   = `WITH next (account_id, seq) AS MATERIALIZED (` + nextBegun + `)` + claimNext
	claimWaiting = `WITH next (account_id, seq) AS MATERIALIZED (` + nextWaiting + `)` + claimNext
	claimNext    = `
		UPDATE task SET state = 1, attempt = attempt + 1, idle = idle + 1, lease_until = $3,
			started_at = CASE WHEN started_at = 0 THEN $4 ELSE started_at END
		WHERE state = 4 AND (account_id, seq) IN (SELECT account_id, seq FROM next)
		RETURNING ` + taskColumns
	served = `UPDATE queue_turn SET served_at = $3 WHERE account_id = $1 AND kind = $2`

	renewLease = `UPDATE task SET lease_until = $4 WHERE account_id = $1 AND seq = $2 AND attempt = $3 AND state = 1`
	progress   = `UPDATE task SET lease_until = $4, idle = 0 WHERE account_id = $1 AND seq = $2 AND attempt = $3 AND state = 1`
	finish     = `UPDATE task SET state = $4, finished_at = $5 WHERE account_id = $1 AND seq = $2 AND attempt = $3 AND state = 1`
	giveBack   = `
		UPDATE task SET state = 4, lease_until = $4, idle = CASE WHEN idle > 0 THEN idle - 1 ELSE 0 END
		WHERE account_id = $1 AND seq = $2 AND attempt = $3 AND state = 1`
	cancel = `
		UPDATE task SET state = 5, finished_at = $4 WHERE account_id = $1 AND id = $2 AND kind = $3 AND state IN (1, 4) RETURNING ` + taskColumns
	selectTasks = `
		SELECT ` + taskColumns + ` FROM task WHERE account_id = $1 AND kind = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4`
	// Those in one state; the first condition on it is the index's.
	selectUnfinished = `
		SELECT ` + taskColumns + ` FROM task
		WHERE account_id = $1 AND kind = $2 AND seq < $3 AND state IN (1, 4) AND state = $5 ORDER BY seq DESC LIMIT $4`
	selectEnded = `
		SELECT ` + taskColumns + ` FROM task
		WHERE account_id = $1 AND kind = $2 AND seq < $3 AND state IN (2, 3, 5) AND state = $5 ORDER BY seq DESC LIMIT $4`
	// Of each account of a page when its oldest task has ended; 0 where it has not.
	oldestEnds = `
		SELECT q.account_id, coalesce((
			SELECT t.finished_at FROM task t WHERE t.account_id = q.account_id AND t.kind = q.kind ORDER BY t.seq LIMIT 1), 0)
		FROM queue_turn q WHERE q.kind = $1 AND q.account_id > $2 ORDER BY q.account_id LIMIT $3`
	selectOldest = `SELECT ` + taskColumns + ` FROM task WHERE account_id = $1 AND kind = $2 ORDER BY seq LIMIT 1`
	deleteTask   = `DELETE FROM task WHERE account_id = $1 AND seq = $2 AND kind = $3 AND state NOT IN (1, 4)`
	deleteTurn   = `
		DELETE FROM queue_turn WHERE account_id = $1 AND kind = $2
		AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = queue_turn.account_id AND t.kind = queue_turn.kind)`
	reclaim = `UPDATE task SET state = 4, lease_until = 0 WHERE state IN (1, 4) AND kind = $1` // the first condition is the index's
	// A row that is locked is being renewed, or its process stands still: its
	// transaction is ended by the server soon.
	expire = `
		WITH late (account_id, seq) AS MATERIALIZED (
			SELECT t.account_id, t.seq FROM task t WHERE t.state = 1 AND t.kind = $1 AND t.lease_until < $2
			FOR NO KEY UPDATE OF t SKIP LOCKED)
		UPDATE task SET state = 4 WHERE state = 1 AND (account_id, seq) IN (SELECT account_id, seq FROM late)`
)

// waits is the topic that tells the workers of every process that a task of a kind
// waits.
const waits = "queue.waits"

// Add puts a task at the end of its account's queue and wakes the workers, of every
// process. seq is the account's next number. Call it with the account locked.
func Add(ctx context.Context, tx *db.Tx, kind Kind, account, seq int64, id string) error {
	if _, err := tx.Exec(ctx, insertTask, account, seq, id, kind, tx.Micros()); err != nil {
		return fault.Wrap(err, "queue: add")
	}
	tx.Tell(waits, kind.String())
	tellChanged(tx, kind, account, id)
	_, err := tx.Exec(ctx, insertTurn, account, kind)
	return fault.Wrap(err, "queue: add")
}

// Unfinished counts an account's tasks that wait or run.
func Unfinished(ctx context.Context, tx *db.Tx, kind Kind, account int64) (n int, err error) {
	_, err = tx.Get(ctx, countUnfinished, []any{account, kind}, &n)
	return n, fault.Wrap(err, "queue: count unfinished")
}

// Find reads a task; fault.TaskNotFound where the account has none of that id.
func Find(ctx context.Context, tx *db.Tx, kind Kind, account int64, id string) (Task, error) {
	t, found, err := getTask(ctx, tx, selectTask, account, id, kind)
	if err == nil && !found {
		err = fault.New(fault.TaskNotFound, "queue: find")
	}
	return t, err
}

var (
	idsOf     = db.List(`SELECT seq, id FROM task WHERE account_id = $1 AND seq IN (`, 2, `)`)
	openTasks = `SELECT ` + taskColumns + ` FROM task WHERE account_id = $1 AND kind = $2 AND state IN (1, 4) ORDER BY seq`
	someTasks = db.List(`SELECT `+taskColumns+` FROM task WHERE account_id = $1 AND kind = $2 AND id IN (`, 3, `)`)
)

// IDs answers the ids of an account's tasks, of whatever kind, by their numbers.
func IDs(ctx context.Context, tx *db.Tx, account int64, seqs []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(seqs))
	err := db.InChunks([]any{account}, seqs, func(n int, args []any) error {
		return tx.Each(ctx, func(row db.Row) error {
			var seq int64
			var id string
			err := row.Scan(&seq, &id)
			out[seq] = id
			return err
		}, idsOf[n], args...)
	})
	return out, fault.Wrap(err, "queue: ids")
}

// Some answers those of an account's tasks that have one of the ids.
func Some(ctx context.Context, tx *db.Tx, kind Kind, account int64, ids []string) ([]Task, error) {
	list, err := db.CollectIn(ctx, tx, func(row db.Row) (t Task, err error) { return t, t.scan(row.Scan) }, someTasks, []any{account, kind}, ids)
	return list, fault.Wrap(err, "queue: some")
}

// Open answers an account's tasks that wait or run, in order of creation.
func Open(ctx context.Context, tx *db.Tx, kind Kind, account int64) ([]Task, error) {
	list, err := db.Collect(ctx, tx, func(row db.Row) (t Task, err error) { return t, t.scan(row.Scan) }, openTasks, account, kind)
	return list, fault.Wrap(err, "queue: open")
}

// Cancel ends a task that waits or runs; fault.TaskNotFound where the account has none of
// that id, fault.TaskEnded where it has ended otherwise. One that was cancelled before is
// answered again, and again is true. It takes the lease away: whoever holds it changes
// nothing any more, and finds out by its next fence. It waits for a transaction that the
// holder is in.
func Cancel(ctx context.Context, tx *db.Tx, kind Kind, account int64, id string) (t Task, again bool, err error) {
	t, found, err := getTask(ctx, tx, cancel, account, id, kind, tx.Micros())
	if err != nil {
		return t, false, err
	}
	if !found {
		t, err = Find(ctx, tx, kind, account, id)
		if err == nil && t.State != Cancelled {
			err = fault.New(fault.TaskEnded, "queue: cancel")
		}
		return t, true, err
	}
	tx.Tell(waits, kind.String()) // what is behind it may run
	tellChanged(tx, kind, account, id)
	_, err = tx.Exec(ctx, ended, account, kind)
	return t, false, fault.Wrap(err, "queue: cancel")
}

// List answers an account's tasks in any of some states, of none for all, the newest
// first: at most limit of those before a number; 0 for the newest.
func List(ctx context.Context, tx *db.Tx, kind Kind, account, before int64, states []State, limit int) ([]Task, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	collect := func(query string, args ...any) ([]Task, error) {
		list, err := db.Collect(ctx, tx, func(row db.Row) (t Task, err error) { return t, t.scan(row.Scan) }, query, args...)
		return list, fault.Wrap(err, "queue: list")
	}
	if len(states) == 0 {
		return collect(selectTasks, account, kind, before, limit)
	}
	var list []Task
	for _, s := range states { // a range of an index each, however few of all tasks are in it
		query := selectEnded
		if s.Unfinished() {
			query = selectUnfinished
		}
		some, err := collect(query, account, kind, before, limit, s)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b Task) int { return cmp.Compare(b.Seq, a.Seq) })
	return list[:min(limit, len(list))], nil
}

// Lease is a claimed task in the hands of one worker.
type Lease struct {
	Task
	kind       Kind
	length     time.Duration
	ended      State         // what Finish said last
	putOff     time.Duration // what PutOff said last
	progressed atomic.Bool   // by this attempt
}

// Fence is the first statement of every transaction of a worker: it renews the
// lease where the attempt is still this one, and locks the task's row. It is
// fault.LeaseLost otherwise, and the worker must stop. The attempt's number is
// compared, never the time.
func (l *Lease) Fence(ctx context.Context, tx *db.Tx) error { return l.fence(ctx, tx, renewLease) }

// FenceProgress is Fence in a transaction that brings the task on, so that the
// attempts before it no longer count as idle.
func (l *Lease) FenceProgress(ctx context.Context, tx *db.Tx) error {
	tx.AfterCommit(func() { l.progressed.Store(true) })
	tellChanged(tx, l.kind, l.Account, l.ID)
	return l.fence(ctx, tx, progress)
}

func (l *Lease) fence(ctx context.Context, tx *db.Tx, query string) error {
	now, err := tx.Clock(ctx)
	if err != nil {
		return fault.Wrap(err, "queue: fence")
	}
	return l.mine(tx.Exec(ctx, query, l.Account, l.Seq, l.Attempt, now+l.length.Microseconds()))
}

// Finish ends the task. It is fault.LeaseLost where the attempt is no longer this
// one.
func (l *Lease) Finish(ctx context.Context, tx *db.Tx, s State) error {
	l.ended = s
	if err := l.mine(tx.Exec(ctx, finish, l.Account, l.Seq, l.Attempt, s, tx.Micros())); err != nil {
		return err
	}
	tellChanged(tx, l.kind, l.Account, l.ID)
	_, err := tx.Exec(ctx, ended, l.Account, l.kind)
	return fault.Wrap(err, "queue: finish")
}

// PutOff gives the task back for an attempt after some time, an hour at most, instead of
// an end; this attempt is not counted. It is fault.LeaseLost where the attempt is no
// longer this one.
func (l *Lease) PutOff(ctx context.Context, tx *db.Tx, wait time.Duration) error {
	now, err := tx.Clock(ctx)
	if err != nil {
		return fault.Wrap(err, "queue: put off")
	}
	l.putOff = max(wait, time.Microsecond)
	tellChanged(tx, l.kind, l.Account, l.ID)
	return l.mine(tx.Exec(ctx, giveBack, l.Account, l.Seq, l.Attempt, now+l.putOff.Microseconds()))
}

func (l *Lease) mine(n int64, err error) error {
	if err == nil && n == 0 {
		err = fault.New(fault.LeaseLost, "queue: fence")
	}
	return fault.Wrap(err, "queue: task")
}

func getTask(ctx context.Context, tx *db.Tx, query string, args ...any) (t Task, found bool, err error) {
	err = t.scan(func(dest ...any) (err error) {
		found, err = tx.Get(ctx, query, args, dest...)
		return err
	})
	return t, found, fault.Wrap(err, "queue: read")
}

// scan reads a task's columns.
func (t *Task) scan(read func(dest ...any) error) error {
	var created, started, finished int64
	err := read(&t.Account, &t.Seq, &t.ID, &t.State, &t.Attempt, &t.Idle, &created, &started, &finished)
	t.CreatedAt, t.StartedAt, t.FinishedAt = moment(created), moment(started), moment(finished)
	return err
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros)
}
