package offline

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

const (
	insertTask = `
		INSERT INTO offline_task (account_id, task_seq, dest, url, parent, path, name, found, blob_id, store_ref, got, total, shown, validator,
			hash_state, reserved, tries, fail_code, fail_status, trace_id, result_id, result_name, callback, callback_seq, callback_try)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, '', 0, -1, 0, '', '', 0, 0, '', 0, '', '', '', $8, 0, 0)`
	rowColumns = `dest, url, parent, path, name, found, blob_id, store_ref, got, farthest, total, validator, hash_state, reserved, tries, callback`
	selectRow  = `SELECT ` + rowColumns + ` FROM offline_task WHERE account_id = $1 AND task_seq = $2`

	setBegun = `
		UPDATE offline_task SET found = $3, blob_id = $4, store_ref = '', got = 0, total = $5, shown = 0, validator = $6, hash_state = '', reserved = $7
		WHERE account_id = $1 AND task_seq = $2`
	setRef   = `UPDATE offline_task SET store_ref = $3 WHERE account_id = $1 AND task_seq = $2`
	setShown = `UPDATE offline_task SET shown = $3 WHERE account_id = $1 AND task_seq = $2`
	// What comes a second time, as it could not be gone on with, brings it no further.
	setGot = `
		UPDATE offline_task SET got = $3, shown = $3, hash_state = $4, fail_code = '', fail_status = 0,
			tries = CASE WHEN farthest < $3 THEN 0 ELSE tries END, farthest = CASE WHEN farthest < $3 THEN $3 ELSE farthest END
		WHERE account_id = $1 AND task_seq = $2`
	setReserved = `UPDATE offline_task SET reserved = $3, shown = $4 WHERE account_id = $1 AND task_seq = $2`
	setTries    = `UPDATE offline_task SET tries = $3, fail_code = $4, fail_status = $5 WHERE account_id = $1 AND task_seq = $2`
	setFailed   = `
		UPDATE offline_task SET fail_code = $3, fail_status = $4, trace_id = $5, callback_seq = $6 WHERE account_id = $1 AND task_seq = $2`
	setDone = `
		UPDATE offline_task SET result_id = $3, result_name = $4, total = $5, shown = $5, callback_seq = $6, fail_code = '', fail_status = 0,
			blob_id = 0, store_ref = '', got = 0, validator = '', hash_state = '', reserved = 0, tries = 0
		WHERE account_id = $1 AND task_seq = $2`

	insertSlice  = `INSERT INTO offline_slice (account_id, task_seq, no, size, md5, part) VALUES ($1, $2, $3, $4, $5, $6)`
	selectSlices = `SELECT no, size, md5, part FROM offline_slice WHERE account_id = $1 AND task_seq = $2 ORDER BY no`
	deleteSlices = `DELETE FROM offline_slice WHERE account_id = $1 AND task_seq = $2`
	deleteTask   = `DELETE FROM offline_task WHERE account_id = $1 AND task_seq = $2`

	selectStaged = `SELECT account_id, task_seq FROM offline_task WHERE blob_id > 0`

	selectEnd = `
		SELECT o.dest, o.url, o.fail_code, o.fail_status, o.result_id, o.callback, o.callback_try
		FROM offline_task o WHERE o.account_id = $1 AND o.callback_seq = $2 AND o.callback_seq > 0`
	triedInVain = `UPDATE offline_task SET callback_try = callback_try + 1 WHERE account_id = $1 AND callback_seq = $2 AND callback_seq > 0`
	forgetCall  = `UPDATE offline_task SET callback_seq = 0 WHERE account_id = $1 AND callback_seq = $2 AND callback_seq > 0`
)

var someRows = db.List(`
	SELECT task_seq, dest, url, shown, total, tries, fail_code, fail_status, trace_id, result_id, result_name, name, found
	FROM offline_task WHERE account_id = $1 AND task_seq IN (`, 2, `)`)

// work is a claimed task in memory.
type work struct {
	*queue.Lease
	acc account.ID

	dest              Dest
	url, parent, path string
	name, found       string
	key               blob.Key // ID 0 for none
	ref               string
	got, total        int64
	farthest          int64 // that got ever was
	validator         string
	hashState         []byte
	reserved          int64
	tries             int
	callback          string
	digest            *blob.Digest // of what has come
	parts             []blob.Part
}

// load reads a claimed task as far as it has come.
func (d *Downloads) load(ctx context.Context, l *queue.Lease) (*work, error) {
	w := &work{Lease: l, acc: account.ID(l.Account), key: blob.Key{Account: l.Account}, digest: blob.NewDigest()}
	err := d.db.WorkerRead(ctx, "offline: load", func(tx *db.Tx) error { return w.read(ctx, tx) })
	if err != nil {
		return nil, err
	}
	if w.got > 0 && w.digest.UnmarshalBinary(w.hashState) != nil || w.digest.Size() != w.got {
		w.got = -1 // what has come can't be taken up: it begins anew
	}
	return w, nil
}

func (w *work) read(ctx context.Context, tx *db.Tx) error {
	found, err := tx.Get(ctx, selectRow, []any{w.acc, w.Seq}, &w.dest, &w.url, &w.parent, &w.path, &w.name, &w.found, &w.key.ID, &w.ref,
		&w.got, &w.farthest, &w.total, &w.validator, &w.hashState, &w.reserved, &w.tries, &w.callback)
	if err == nil && !found {
		err = fault.New(fault.TaskNotFound, "offline: load")
	}
	if err != nil {
		return err
	}
	w.parts, err = db.Collect(ctx, tx, func(row db.Row) (p blob.Part, err error) {
		return p, row.Scan(&p.No, &p.Size, &p.MD5, &p.Ref)
	}, selectSlices, w.acc, w.Seq)
	return err
}

// withRows adds to tasks what this room knows of them.
func withRows(ctx context.Context, tx *db.Tx, acc account.ID, tasks []queue.Task) ([]Status, error) {
	list := make([]Status, len(tasks))
	at, seqs := make(map[int64]*Status, len(tasks)), make([]int64, len(tasks))
	for n, task := range tasks {
		list[n].Task, seqs[n] = task, task.Seq
		at[task.Seq] = &list[n]
	}
	err := db.InChunks([]any{acc}, seqs, func(n int, args []any) error {
		return tx.Each(ctx, func(row db.Row) error {
			var seq int64
			var s Status
			var asked, found string
			err := row.Scan(&seq, &s.Dest, &s.URL, &s.Bytes, &s.Total, &s.Tries, &s.FailCode, &s.HTTP, &s.TraceID, &s.ResultID, &s.Name, &asked, &found)
			for _, name := range []string{asked, found} {
				if s.Name == "" {
					s.Name = name
				}
			}
			s.Task = at[seq].Task
			*at[seq] = s
			return err
		}, someRows[n], args...)
	})
	return list, fault.Wrap(err, "offline: read")
}
