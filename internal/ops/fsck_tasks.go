package ops

import (
	"context"
	"strconv"

	"tuchuang/internal/db"
)

// taskWalks are the tables of tasks: ledgers against counters and publications. A task
// and its rows change in one transaction, so each statement sees them whole.
var taskWalks = []walk{
	{table: "task", key: "seq", rules: []rule{
		{code: "task.state", query: `SELECT CAST(x.seq AS TEXT), CAST(x.state AS TEXT), '' FROM task x WHERE` + ofTasks + `AND x.state NOT IN (1, 2, 3, 4, 5)`},
		{code: "task.times", query: `
			SELECT CAST(x.seq AS TEXT), CAST(x.state AS TEXT), '' FROM task x WHERE` + ofTasks + `AND (
				(x.state IN (1, 4)) <> (x.finished_at = 0) OR x.state IN (1, 2, 3) AND (x.started_at = 0 OR x.attempt = 0) OR x.idle > x.attempt)`},
		{code: "task.copy", query: `
			SELECT CAST(x.seq AS TEXT), '', '' FROM task x WHERE` + ofTasks + `AND x.kind = 1
			AND NOT EXISTS (SELECT 1 FROM copy_task c WHERE c.account_id = x.account_id AND c.task_seq = x.seq)`},
		{code: "offline.task", query: `
			SELECT CAST(x.seq AS TEXT), '', '' FROM task x WHERE` + ofTasks + `AND x.kind = 2
			AND NOT EXISTS (SELECT 1 FROM offline_task o WHERE o.account_id = x.account_id AND o.task_seq = x.seq)`},
		{code: "tree_copy.task", query: `
			SELECT CAST(x.seq AS TEXT), '', '' FROM task x WHERE` + ofTasks + `AND x.kind = 4
			AND NOT EXISTS (SELECT 1 FROM tree_copy o WHERE o.account_id = x.account_id AND o.task_seq = x.seq)`},
		{code: "offline.callback", query: `
			SELECT CAST(x.seq AS TEXT), '', '' FROM task x WHERE` + ofTasks + `AND x.kind = 3
			AND NOT EXISTS (SELECT 1 FROM offline_task o WHERE o.account_id = x.account_id AND o.callback_seq = x.seq AND o.callback_seq > 0)`},
	}},
	{table: "copy_task", key: "task_seq", rules: []rule{
		{code: "task.copy", query: `
			SELECT CAST(x.task_seq AS TEXT), '', '' FROM copy_task x WHERE` + ofRows + `
			AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = x.account_id AND t.seq = x.task_seq)`},
		{code: "task.counters", query: `
			SELECT CAST(task_seq AS TEXT), has, want FROM (` + counters + `) t WHERE has <> want`,
			fix: `
			UPDATE copy_task SET
				total = (SELECT count(*) FROM copy_item i WHERE ` + itsItems + ` AND (i.outcome <> 3 OR i.reason = 'duplicate_in_task')),
				copied = (SELECT count(*) FROM copy_item i WHERE ` + itsItems + ` AND i.outcome = 1),
				replaced = (SELECT count(*) FROM copy_item i WHERE ` + itsItems + ` AND i.outcome = 2),
				failed = (SELECT count(*) FROM copy_item i WHERE ` + itsItems + ` AND i.outcome = 4),
				bytes = (SELECT CAST(coalesce(sum(i.size), 0) AS BIGINT) FROM copy_item i WHERE ` + itsItems + ` AND i.outcome IN (1, 2))
			WHERE account_id = $1 AND task_seq = $2`},
		// Beyond the first thousand, skips are counted only.
		{code: "task.skipped", query: `
			SELECT CAST(task_seq AS TEXT), CAST(skipped AS TEXT), CAST(n AS TEXT) FROM (
				SELECT x.task_seq, x.skipped,
					(SELECT count(*) FROM copy_item i WHERE i.account_id = x.account_id AND i.task_seq = x.task_seq AND i.outcome = 3) AS n,
					(SELECT count(*) FROM copy_item i WHERE i.account_id = x.account_id AND i.task_seq = x.task_seq AND i.outcome = 3
						AND i.reason <> 'duplicate_in_task') AS noted
				FROM copy_task x WHERE` + ofRows + `) t WHERE skipped < n OR skipped > n AND noted < 1000`,
			fix: `
			UPDATE copy_task SET skipped = (SELECT count(*) FROM copy_item i WHERE ` + itsItems + ` AND i.outcome = 3)
			WHERE account_id = $1 AND task_seq = $2`},
		{code: "task.verdict", query: `
			SELECT CAST(x.task_seq AS TEXT), CAST(t.state AS TEXT) || ' ' || x.fail_code, '' FROM copy_task x
			JOIN task t ON t.account_id = x.account_id AND t.seq = x.task_seq
			WHERE` + ofRows + `AND NOT (t.state IN (1, 4) AND x.fail_code = '' OR t.state = 2 AND x.fail_code = '' AND x.planned = 1
				OR t.state = 5 AND x.fail_code = 'cancelled'
				OR t.state = 3 AND (x.fail_code IN ('limit_images', 'limit_depth', 'limit_folders') AND x.planned = 0
					OR x.fail_code IN ('target_deleted', 'quota_exceeded')
					OR x.fail_code = 'all_failed' AND x.copied + x.replaced = 0 AND x.failed > 0 OR x.fail_code = 'internal' AND x.trace_id <> ''))`},
		// Tasks are removed in order of their creation: while the first one is there, none was.
		{code: "task.retry_of", query: `
			SELECT CAST(x.task_seq AS TEXT), x.retry_of, '' FROM copy_task x WHERE` + ofRows + `AND x.retry_of <> ''
			AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = x.account_id AND t.id = x.retry_of AND t.seq < x.task_seq)
			AND EXISTS (SELECT 1 FROM task t WHERE t.account_id = x.account_id AND (t.id = x.retry_of OR t.seq = 1))`,
			fix: `UPDATE copy_task SET retry_of = '' WHERE account_id = $1 AND task_seq = $2`},
		{code: "task.sources", query: `
			SELECT CAST(x.task_seq AS TEXT), '', '' FROM copy_task x WHERE` + ofRows + `AND (
				NOT EXISTS (SELECT 1 FROM copy_source s WHERE s.account_id = x.account_id AND s.task_seq = x.task_seq)
				OR EXISTS (SELECT 1 FROM copy_source s WHERE s.account_id = x.account_id AND s.task_seq = x.task_seq AND s.class NOT IN (0, 1, 2, 3, 4)))`},
		{code: "task.folders", query: `
			SELECT CAST(x.task_seq AS TEXT), '', '' FROM copy_task x WHERE` + ofRows + `AND (
				NOT EXISTS (SELECT 1 FROM copy_folder f WHERE f.account_id = x.account_id AND f.task_seq = x.task_seq AND f.no = 0)
				OR EXISTS (SELECT 1 FROM copy_folder f WHERE f.account_id = x.account_id AND f.task_seq = x.task_seq AND f.no > 0 AND NOT EXISTS (
					SELECT 1 FROM copy_folder p WHERE p.account_id = x.account_id AND p.task_seq = x.task_seq AND p.no = f.parent_no AND p.no < f.no))
				OR EXISTS (SELECT 1 FROM copy_folder f WHERE f.account_id = x.account_id AND f.task_seq = x.task_seq AND f.made_at <> 0 AND f.folder_id = ''))`},
		{code: "task.dirs", query: `
			SELECT CAST(x.task_seq AS TEXT), '', '' FROM copy_task x WHERE` + ofRows + `AND EXISTS (
				SELECT 1 FROM copy_dir d WHERE d.account_id = x.account_id AND d.task_seq = x.task_seq AND d.folder_no >= 0 AND NOT EXISTS (
					SELECT 1 FROM copy_folder f WHERE f.account_id = x.account_id AND f.task_seq = x.task_seq AND f.no = d.folder_no))`},
		{code: "task.numbers", query: `
			SELECT CAST(x.task_seq AS TEXT), CAST(n AS TEXT), CAST(top AS TEXT) FROM (
				SELECT x.task_seq, (SELECT count(*) FROM copy_item i WHERE i.account_id = x.account_id AND i.task_seq = x.task_seq) AS n,
					(SELECT coalesce(max(i.seq), 0) FROM copy_item i WHERE i.account_id = x.account_id AND i.task_seq = x.task_seq) AS top
				FROM copy_task x WHERE` + ofRows + `) x WHERE n <> top`},
		{code: "task.failures", query: `
			SELECT CAST(x.task_seq AS TEXT), CAST(n AS TEXT), CAST(top AS TEXT) FROM (
				SELECT x.task_seq, (SELECT count(*) FROM copy_item i WHERE i.account_id = x.account_id AND i.task_seq = x.task_seq AND i.fail_no > 0) AS n,
					(SELECT coalesce(max(i.fail_no), 0) FROM copy_item i WHERE i.account_id = x.account_id AND i.task_seq = x.task_seq) AS top
				FROM copy_task x WHERE` + ofRows + `) x WHERE n <> top`},
	}},
	{table: "offline_task", key: "task_seq", rules: []rule{
		{code: "offline.task", query: `
			SELECT CAST(x.task_seq AS TEXT), '', '' FROM offline_task x WHERE` + ofRows + `
			AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = x.account_id AND t.seq = x.task_seq AND t.kind = 2)`},
		{code: "offline.verdict", query: `
			SELECT CAST(x.task_seq AS TEXT), CAST(t.state AS TEXT) || ' ' || x.fail_code || ' ' || x.result_id, '' FROM offline_task x
			JOIN task t ON t.account_id = x.account_id AND t.seq = x.task_seq
			WHERE` + ofRows + `AND NOT (x.dest IN (1, 2) AND (t.state IN (1, 4) AND x.result_id = '' AND x.callback_seq = 0
				OR t.state = 2 AND x.result_id <> '' AND x.fail_code = '' AND x.blob_id = 0 AND x.reserved = 0
				OR t.state = 3 AND x.result_id = '' AND x.fail_code <> '' AND x.blob_id = 0 AND x.reserved = 0 AND (x.fail_code <> 'internal' OR x.trace_id <> '')))`},
		// What comes begins anew then.
		{code: "offline.blob", query: `
			SELECT CAST(x.task_seq AS TEXT), 'blob ' || CAST(x.blob_id AS TEXT), '' FROM offline_task x WHERE` + ofRows + `AND x.blob_id <> 0
			AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.account_id = x.account_id AND b.id = x.blob_id AND b.state = 0)`,
			mend: beginAnew(`blob_id = 0, store_ref = '', reserved = 0, total = -1, got = 0, shown = 0, validator = '', hash_state = ''`)},
		{code: "offline.got", query: `
			SELECT id, has, want FROM (
				SELECT CAST(x.task_seq AS TEXT) AS id, CAST(x.got AS TEXT) AS has, CAST((
					SELECT coalesce(sum(s.size), 0) FROM offline_slice s WHERE s.account_id = x.account_id AND s.task_seq = x.task_seq) AS TEXT) AS want
				FROM offline_task x WHERE` + ofRows + `) s WHERE has <> want`,
			mend: beginAnew(`got = 0, shown = 0, validator = '', hash_state = ''`)},
		{code: "offline.callback", query: `
			SELECT CAST(x.task_seq AS TEXT), CAST(x.callback_seq AS TEXT), '' FROM offline_task x WHERE` + ofRows + `AND x.callback_seq <> 0
			AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = x.account_id AND t.seq = x.callback_seq AND t.kind = 3)`,
			fix: `UPDATE offline_task SET callback_seq = 0 WHERE account_id = $1 AND task_seq = $2`},
	}},
	{table: "tree_copy", key: "task_seq", rules: []rule{
		{code: "tree_copy.task", query: `
			SELECT CAST(x.task_seq AS TEXT), '', '' FROM tree_copy x WHERE` + ofRows + `
			AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = x.account_id AND t.seq = x.task_seq AND t.kind = 4)`},
		{code: "tree_copy.verdict", query: `
			SELECT CAST(x.task_seq AS TEXT), CAST(t.state AS TEXT) || ' ' || x.fail_code, '' FROM tree_copy x
			JOIN task t ON t.account_id = x.account_id AND t.seq = x.task_seq
			WHERE` + ofRows + `AND NOT (t.state IN (1, 2, 4) AND x.fail_code = ''
				OR t.state = 3 AND x.fail_code <> '' AND (x.fail_code <> 'internal' OR x.trace_id <> ''))`},
	}},
	{table: "tree_copy_work", key: "task_seq", rules: []rule{{code: "tree_copy.work", query: `
		SELECT DISTINCT CAST(x.task_seq AS TEXT), '', '' FROM tree_copy_work x WHERE` + ofRows + `
		AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = x.account_id AND t.seq = x.task_seq AND t.kind = 4 AND t.state IN (1, 4))`,
		fix: `DELETE FROM tree_copy_work WHERE account_id = $1 AND task_seq = $2`}}},
	{table: "offline_slice", key: "task_seq", rules: []rule{{code: "offline.slice", query: `
		SELECT DISTINCT CAST(x.task_seq AS TEXT), '', '' FROM offline_slice x WHERE` + ofRows + `
		AND NOT EXISTS (SELECT 1 FROM offline_task o WHERE o.account_id = x.account_id AND o.task_seq = x.task_seq AND o.blob_id > 0)`,
		fix: `DELETE FROM offline_slice WHERE account_id = $1 AND task_seq = $2`}}},
	{table: "copy_item", key: "task_seq", rules: []rule{
		{code: "task.items", query: items(`(
			x.outcome NOT IN (0, 1, 2, 3, 4) OR (x.outcome IN (1, 2)) <> (x.image_id <> '') OR (x.outcome IN (3, 4)) <> (x.reason <> '')
			OR (x.outcome = 4) <> (x.fail_no > 0) OR x.outcome IN (1, 2) AND x.onto <> '' AND x.onto <> x.image_id
			OR NOT EXISTS (SELECT 1 FROM copy_task t WHERE t.account_id = x.account_id AND t.task_seq = x.task_seq)
			OR NOT EXISTS (SELECT 1 FROM copy_dir d WHERE d.account_id = x.account_id AND d.task_seq = x.task_seq AND d.no = x.dir_no))`)},
		{code: "task.open", query: items(`x.outcome = 0 AND EXISTS (
			SELECT 1 FROM task t WHERE t.account_id = x.account_id AND t.seq = x.task_seq AND t.state NOT IN (1, 4))`)},
		{code: "publication.lacking", query: items(`x.outcome IN (1, 2) AND` + lacking),
			fix: `
			INSERT INTO publication (account_id, image_id, task_seq, item_seq, drive_id, parent_id, name, etag, published_at)
			SELECT x.account_id, x.image_id, x.task_seq, x.seq, x.drive_id, d.drive_id, x.name, x.etag, t.started_at
			FROM copy_item x JOIN copy_dir d ON d.account_id = x.account_id AND d.task_seq = x.task_seq AND d.no = x.dir_no
			JOIN task t ON t.account_id = x.account_id AND t.seq = x.task_seq
			WHERE x.account_id = $1 AND x.task_seq = $2 AND x.outcome IN (1, 2) AND` + lacking},
	}},
	{table: "copy_source", key: "task_seq", rules: orphaned("task.sources", "copy_source")},
	{table: "copy_folder", key: "task_seq", rules: orphaned("task.folders", "copy_folder")},
	{table: "copy_dir", key: "task_seq", rules: orphaned("task.dirs", "copy_dir")},
	{table: "publication", key: "image_id", text: true, rules: []rule{
		{code: "publication.image", query: `
			SELECT DISTINCT x.image_id, '', '' FROM publication x WHERE` + ofImages + `
			AND NOT EXISTS (SELECT 1 FROM image i WHERE i.account_id = x.account_id AND i.id = x.image_id)`,
			fix: `DELETE FROM publication WHERE account_id = $1 AND image_id = $2
				AND NOT EXISTS (SELECT 1 FROM image i WHERE i.account_id = $1 AND i.id = $2)`},
		// It outlives its task, but while that is there it says the same.
		{code: "publication.item", query: `
			SELECT DISTINCT x.image_id, '', '' FROM publication x WHERE` + ofImages + `
			AND EXISTS (SELECT 1 FROM copy_task t WHERE t.account_id = x.account_id AND t.task_seq = x.task_seq)
			AND NOT EXISTS (SELECT 1 FROM copy_item i WHERE i.account_id = x.account_id AND i.task_seq = x.task_seq AND i.seq = x.item_seq
				AND i.outcome IN (1, 2) AND i.image_id = x.image_id AND i.etag = x.etag AND i.drive_id = x.drive_id AND i.name = x.name)`},
	}},
}

const (
	ofTasks  = ` x.account_id = $1 AND x.seq > $2 AND x.seq <= $3 `
	ofRows   = ` x.account_id = $1 AND x.task_seq > $2 AND x.task_seq <= $3 `
	ofImages = ` x.account_id = $1 AND x.image_id > $2 AND x.image_id <= $3 `
	itsItems = `i.account_id = $1 AND i.task_seq = $2`
	lacking  = `
			EXISTS (SELECT 1 FROM image i WHERE i.account_id = x.account_id AND i.id = x.image_id)
			AND NOT EXISTS (SELECT 1 FROM publication p
				WHERE p.account_id = x.account_id AND p.image_id = x.image_id AND p.task_seq = x.task_seq AND p.item_seq = x.seq)`
	// has and want are total, copied, replaced, failed and bytes, in this order.
	counters = `
		SELECT x.task_seq,
			CAST(x.total AS TEXT) || ' ' || CAST(x.copied AS TEXT) || ' ' || CAST(x.replaced AS TEXT) || ' ' || CAST(x.failed AS TEXT) || ' ' || CAST(x.bytes AS TEXT) AS has,
			(SELECT CAST(count(CASE WHEN i.outcome <> 3 OR i.reason = 'duplicate_in_task' THEN 1 END) AS TEXT)
				|| ' ' || CAST(count(CASE WHEN i.outcome = 1 THEN 1 END) AS TEXT) || ' ' || CAST(count(CASE WHEN i.outcome = 2 THEN 1 END) AS TEXT)
				|| ' ' || CAST(count(CASE WHEN i.outcome = 4 THEN 1 END) AS TEXT)
				|| ' ' || CAST(coalesce(sum(CASE WHEN i.outcome IN (1, 2) THEN i.size END), 0) AS TEXT)
				FROM copy_item i WHERE i.account_id = x.account_id AND i.task_seq = x.task_seq) AS want
		FROM copy_task x WHERE` + ofRows
)

// beginAnew has a download forget what has come of it.
func beginAnew(set string) func(ctx context.Context, tx *db.Tx, acc int64, key string) error {
	return func(ctx context.Context, tx *db.Tx, acc int64, key string) error {
		seq, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM offline_slice WHERE account_id = $1 AND task_seq = $2`, acc, seq); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE offline_task SET `+set+` WHERE account_id = $1 AND task_seq = $2`, acc, seq)
		return err
	}
}

// items answers the tasks with items of a kind, and how many.
func items(which string) string {
	return `SELECT CAST(x.task_seq AS TEXT), CAST(count(*) AS TEXT), '0' FROM copy_item x WHERE` + ofRows + `AND ` + which + ` GROUP BY x.task_seq`
}

// orphaned finds rows of a task that is not there.
func orphaned(code, table string) []rule {
	return []rule{{code: code, query: `
		SELECT DISTINCT CAST(x.task_seq AS TEXT), '', '' FROM ` + table + ` x WHERE` + ofRows + `
		AND NOT EXISTS (SELECT 1 FROM copy_task t WHERE t.account_id = x.account_id AND t.task_seq = x.task_seq)`}}
}
