// Package treecopy copies files and folders of the drive as a durable task (云盘异步复制). It
// promises that each entry is copied once, whenever the process is killed, that what is
// copied is whole rows with their sums, and that it ends. It knows nothing of rows of the
// drive: drive does.
package treecopy

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

// Limits of what one account and one task may have.
const (
	MaxOpen = 100  // unfinished tasks
	MaxIDs  = 3000 // entries that are named
)

// Seq is a task's number on the wire.
type Seq int64

// UnmarshalText reads a number as the wire has it.
func (s *Seq) UnmarshalText(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n <= 0 {
		return fault.New(fault.BadRequest, "treecopy: parse task", "taskId")
	}
	*s = Seq(n)
	return nil
}

func (s Seq) id() string { return strconv.FormatInt(int64(s), 10) }

// FailCode says why a task has failed; "" where it has not.
type FailCode string

// The codes, as they are stored and told.
const (
	NoTarget   FailCode = "target_deleted"
	NoSource   FailCode = "source_deleted" // none of the entries was there any more
	NoQuota    FailCode = "quota_exceeded"
	TooDeep    FailCode = "limit_depth"
	Full       FailCode = "limit_entries"
	IntoItself FailCode = "into_itself" // the folder was moved into what is copied
	Broken     FailCode = "internal"
)

const (
	insertTask = `
		INSERT INTO tree_copy (account_id, task_seq, target_id, before_id, entries, bytes, fail_code, trace_id) VALUES ($1, $2, $3, $4, 0, 0, '', '')`
	selectTask = `SELECT target_id, before_id, entries, bytes, fail_code, trace_id FROM tree_copy WHERE account_id = $1 AND task_seq = $2`
	deleteTask = `DELETE FROM tree_copy WHERE account_id = $1 AND task_seq = $2`
	addCopied  = `UPDATE tree_copy SET entries = entries + $3, bytes = bytes + $4 WHERE account_id = $1 AND task_seq = $2`
	setFailed  = `UPDATE tree_copy SET fail_code = $3, trace_id = $4 WHERE account_id = $1 AND task_seq = $2`

	nextWork   = `SELECT no, from_id, into_id, after_id FROM tree_copy_work WHERE account_id = $1 AND task_seq = $2 ORDER BY no DESC LIMIT 1`
	lastWork   = `SELECT coalesce(max(no), 0) FROM tree_copy_work WHERE account_id = $1 AND task_seq = $2`
	setAfter   = `UPDATE tree_copy_work SET after_id = $4 WHERE account_id = $1 AND task_seq = $2 AND no = $3`
	deleteWork = `DELETE FROM tree_copy_work WHERE account_id = $1 AND task_seq = $2 AND no = $3`
	dropWork   = `DELETE FROM tree_copy_work WHERE account_id = $1 AND task_seq = $2`
)

var insertWork = db.Insert(`INSERT INTO tree_copy_work (account_id, task_seq, no, from_id, into_id, after_id) VALUES`, 6)

// itself is what stands for the copy of a folder where the entry itself is to be copied.
const itself = drive.ID(-1)

// Copies is the room's door to the database. Its methods may be called at the same time.
type Copies struct {
	db   *db.DB
	log  *slog.Logger
	turn time.Duration // how long a task goes on before others have their turn
}

// New makes the room's door and the workers that copy.
func New(d *db.DB, log *slog.Logger) (*Copies, *queue.Workers) {
	c := &Copies{db: d, log: log, turn: turnFor}
	return c, queue.NewWorkers(d, queue.TreeCopy, c, log)
}

// Create writes a task down and wakes a worker; when it has returned, the task survives a
// crash. An id that is named twice is copied once. Nothing is done where one of them is
// refused: the errors are those of drive.CanCopy, fault.QuotaExceeded where all of them have
// more bytes than there is room for now, fault.TooManyIDs, fault.TooManyTreeCopies.
func (c *Copies) Create(ctx context.Context, acc account.ID, ids []drive.ID, to drive.ID) (seq Seq, err error) {
	switch {
	case len(ids) == 0:
		return 0, fault.New(fault.BadRequest, "treecopy: create", "fileIds")
	case len(ids) > MaxIDs:
		return 0, fault.New(fault.TooManyIDs, "treecopy: create", MaxIDs)
	}
	var chosen []drive.ID
	seen := make(map[drive.ID]bool, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			chosen = append(chosen, id)
		}
	}
	slices.Reverse(chosen) // the last work is done first
	// Looked at first: what is refused is not to queue where writes do.
	if err := c.db.Read(ctx, "treecopy: create", func(tx *db.Tx) error {
		_, err := drive.CanCopy(ctx, tx, acc, chosen, to)
		return err
	}); err != nil {
		return 0, err
	}
	err = c.db.Write(ctx, "treecopy: create", func(tx *db.Tx) error {
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		n, err := queue.Unfinished(ctx, tx, queue.TreeCopy, int64(acc))
		if err == nil && n >= MaxOpen {
			err = fault.New(fault.TooManyTreeCopies, "treecopy: create", MaxOpen)
		}
		if err != nil {
			return err
		}
		bytes, err := drive.CanCopy(ctx, tx, acc, chosen, to)
		if err != nil {
			return err
		}
		if a.Quota != account.NoQuota && a.Used+a.Reserved+bytes > a.Quota {
			return fault.New(fault.QuotaExceeded, "treecopy: create")
		}
		before, err := drive.NextID(ctx, tx)
		if err != nil {
			return err
		}
		next, err := account.NextTask(ctx, tx, acc)
		if err != nil {
			return err
		}
		seq = Seq(next)
		if err := queue.Add(ctx, tx, queue.TreeCopy, int64(acc), next, seq.id()); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertTask, acc, seq, to, before); err != nil {
			return fault.Wrap(err, "treecopy: create")
		}
		_, err = tx.ExecRows(ctx, insertWork, nil, len(chosen), func(i int) []any { return []any{acc, seq, i + 1, chosen[i], itself, 0} })
		return fault.Wrap(err, "treecopy: create")
	})
	return seq, err
}

// Status is where a task stands.
type Status struct {
	queue.Task
	Entries  int64 // that were copied
	Bytes    int64
	FailCode FailCode
	TraceID  string // with Broken: where to look in the log
}

// Status answers where a task stands; fault.TaskNotFound where the account has none of
// that number.
func (c *Copies) Status(ctx context.Context, acc account.ID, seq Seq) (s Status, err error) {
	err = c.db.Read(ctx, "treecopy: status", func(tx *db.Tx) error {
		if s.Task, err = queue.Find(ctx, tx, queue.TreeCopy, int64(acc), seq.id()); err != nil {
			return err
		}
		found, err := tx.Get(ctx, selectTask, []any{acc, seq}, new(int64), new(int64), &s.Entries, &s.Bytes, &s.FailCode, &s.TraceID)
		if err == nil && !found {
			err = fault.New(fault.TaskNotFound, "treecopy: status")
		}
		return err
	})
	return s, err
}
