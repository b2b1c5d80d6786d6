package offline

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/fetch"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/queue"
)

// What is told of a task's end is a task of its own, so that it survives what ends the
// process, and holds nobody.

const (
	callTries = 34 // a day: some two hours at first, then one each 50 to 60 minutes
	firstCall = 10 * time.Second
	longCall  = 40 * time.Minute // and up to half of it more
)

// tellEnd adds, in the transaction of a task's end, the task that tells of it, and
// answers its number; 0 where nobody wants to know.
func (w *work) tellEnd(ctx context.Context, tx *db.Tx) (seq int64, err error) {
	if w.callback == "" {
		return 0, nil
	}
	if seq, err = account.NextTask(ctx, tx, w.acc); err != nil {
		return 0, err
	}
	return seq, queue.Add(ctx, tx, queue.Callback, int64(w.acc), seq, "callback "+strconv.FormatInt(seq, 10))
}

// callbacks are the handler of the tasks that tell.
type callbacks struct{ *Downloads }

// told is the body of a callback. The reason has two names, of which the documentation
// uses both.
type told struct {
	URL        string `json:"url"`
	Status     int    `json:"status"` // 0 done, 1 failed
	FailReason string `json:"failReason"`
	FileReason string `json:"fileReason"`
	FileID     any    `json:"fileID"` // a number of the drive, a text of the bed
}

// Run tells of an end, or puts that off. See queue.Handler.
func (c callbacks) Run(ctx context.Context, l *queue.Lease) error {
	var dest Dest
	var from, result, to string
	var code FailCode
	var http, tries int
	err := c.db.WorkerRead(ctx, "offline: end", func(tx *db.Tx) error {
		found, err := tx.Get(ctx, selectEnd, []any{l.Account, l.Seq}, &dest, &from, &code, &http, &result, &to, &tries)
		if err == nil && !found {
			err = fault.New(fault.TaskNotFound, "offline: end")
		}
		return err
	})
	if err != nil {
		return err
	}
	reason, _ := c.words(code, http, dest)
	say := told{URL: from, FailReason: reason, FileReason: reason, FileID: result}
	if dest == ToDrive {
		say.FileID = json.RawMessage("0")
	}
	if code != "" {
		say.Status = 1
	} else if dest == ToDrive {
		say.FileID = json.RawMessage(result)
	}
	body, err := json.Marshal(say)
	if err != nil {
		return fault.Wrap(err, "offline: tell")
	}
	err = c.client.Post(ctx, to, body)
	killpoint.Here("offline.told")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f, failed := errors.AsType[*fetch.Failure](err)
	if err != nil && !failed {
		return err
	}
	// What a server answers to a stranger it may answer otherwise when it is mended; an
	// address that is closed is not opened by waiting.
	if failed && f.Reason != fetch.Refused && f.Reason != fetch.BadURL && tries+1 < callTries {
		return c.again(ctx, l, max(backOff(tries, firstCall, longCall), min(f.After, politeWait)))
	}
	state := queue.Done
	if failed {
		state = queue.Failed
		c.log.Warn("offline: nobody could be told of the end", "account", l.Account, "task", l.ID, "tries", tries+1, "err", err)
	}
	return c.end(ctx, l, state)
}

// again has it tried again later.
func (c callbacks) again(ctx context.Context, l *queue.Lease, wait time.Duration) error {
	return c.db.Write(ctx, "offline: tell later", func(tx *db.Tx) error {
		if err := l.Fence(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, triedInVain, l.Account, l.Seq); err != nil {
			return fault.Wrap(err, "offline: tell later")
		}
		return l.PutOff(ctx, tx, wait)
	})
}

func (c callbacks) end(ctx context.Context, l *queue.Lease, s queue.State) error {
	return c.db.Write(ctx, "offline: told", func(tx *db.Tx) error {
		if err := l.Fence(ctx, tx); err != nil {
			return err
		}
		return l.Finish(ctx, tx, s)
	})
}

// Abandon gives up telling. See queue.Handler.
func (c callbacks) Abandon(ctx context.Context, l *queue.Lease) error {
	c.log.Error("offline: telling of an end was given up", "account", l.Account, "task", l.ID, "attempts", l.Idle-1)
	return c.end(ctx, l, queue.Failed)
}
