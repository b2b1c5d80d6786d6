package copytask

import (
	"context"
	"errors"

	"tuchuang/internal/db"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/queue"
)

// errSettledTwice would mean that two attempts worked on one task: the fence makes
// it impossible, and the transaction that sees it is rolled back.
var errSettledTwice = errors.New("copytask: an item of the batch had an outcome already")

// settle ends the task in the transaction of its last batch.
func (b *batch) settle(ctx context.Context, tx *db.Tx) error {
	code, err := b.verdict(ctx, tx)
	if err != nil {
		return err
	}
	state := queue.Done
	if code != "" {
		state = queue.Failed
		if _, err := tx.Exec(ctx, setFailCode, b.acc, b.Seq, code, ""); err != nil {
			return err
		}
	}
	b.watch.ended(tx, state, code)
	killpoint.Here("copytask.settling")
	return b.Finish(ctx, tx, state)
}

// verdict says whether the task as a whole has failed: its target is gone, the
// account is full, or not one picture was published though some were to be.
func (b *batch) verdict(ctx context.Context, tx *db.Tx) (FailCode, error) {
	if b.counts.Failed == 0 {
		return "", nil
	}
	target := b.folders[0].id
	there, err := imagebed.Folders(ctx, tx, b.acc, []imagebed.ID{target})
	if err != nil {
		return "", err
	}
	for _, c := range []struct {
		reason Reason
		code   FailCode
		counts bool
	}{
		{TargetDeleted, NoTarget, !there[target]},
		{QuotaExceeded, NoQuota, true},
	} {
		if !c.counts {
			continue
		}
		if found, err := tx.Get(ctx, hasReason, []any{b.acc, b.Seq, c.reason}, new(int)); err != nil || found {
			return c.code, err
		}
	}
	if b.counts.Copied+b.counts.Replaced == 0 {
		return AllFailed, nil
	}
	return "", nil
}
