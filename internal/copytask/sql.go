package copytask

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

const (
	insertCopyTask = `
		INSERT INTO copy_task (account_id, task_seq, planned, total, copied, replaced, skipped, failed, bytes, fail_code, trace_id, retry_of)
		VALUES ($1, $2, 0, 0, 0, 0, 0, 0, 0, '', '', $3)`
	statusColumns  = `total, copied, replaced, skipped, failed, bytes, fail_code, trace_id, retry_of, undone_at`
	selectCopyTask = `
		SELECT ` + statusColumns + `
		FROM copy_task WHERE account_id = $1 AND task_seq = $2`
	selectPlanned = `SELECT planned FROM copy_task WHERE account_id = $1 AND task_seq = $2`
	selectSources = `SELECT drive_id, class, name, parent_id FROM copy_source WHERE account_id = $1 AND task_seq = $2 ORDER BY ord`
	// The folders of the tasks that are not done with them.
	selectNeeded = `
		SELECT DISTINCT f.folder_id FROM task t CROSS JOIN copy_folder f
		WHERE t.account_id = $1 AND t.kind = $2 AND t.state IN (1, 4) AND f.account_id = $1 AND f.task_seq = t.seq AND f.folder_id <> ''`
	selectFolders = `SELECT no, parent_no, name, folder_id, made_at FROM copy_folder WHERE account_id = $1 AND task_seq = $2 ORDER BY no`
	selectOpen    = `
		SELECT i.seq, i.drive_id, i.name, i.blob_id, i.etag, i.size, i.onto, d.drive_id, d.folder_no
		FROM copy_item i JOIN copy_dir d ON d.account_id = i.account_id AND d.task_seq = i.task_seq AND d.no = i.dir_no
		WHERE i.account_id = $1 AND i.task_seq = $2 AND i.outcome = 0 ORDER BY i.seq`
	selectFailed = `
		SELECT i.seq, i.drive_id, i.name, i.blob_id, i.etag, i.size, i.onto, d.drive_id, d.path, d.folder_no
		FROM copy_item i JOIN copy_dir d ON d.account_id = i.account_id AND d.task_seq = i.task_seq AND d.no = i.dir_no
		WHERE i.account_id = $1 AND i.task_seq = $2 AND i.outcome = 4 ORDER BY i.seq`
	selectFailures = `
		SELECT ` + db.OneText + `drive_id, name, reason` + db.TextEnd + ` FROM copy_item
		WHERE account_id = $1 AND task_seq = $2 AND outcome = 4 AND fail_no > $3 AND fail_no <= $4 ORDER BY fail_no`

	selectItems = `
		SELECT i.seq, i.drive_id, i.name, i.etag, i.size, i.outcome, i.reason, i.image_id, i.onto, d.path, d.folder_no
		FROM copy_item i JOIN copy_dir d ON d.account_id = i.account_id AND d.task_seq = i.task_seq AND d.no = i.dir_no
		WHERE i.account_id = $1 AND i.task_seq = $2 AND i.seq > $3 AND ($4 < 0 OR i.outcome = $4) AND ($5 = '' OR i.reason = $5)
		ORDER BY i.seq LIMIT $6`

	insertPlan = `
		INSERT INTO copy_plan (account_id, id, created_at, expires_at, task_id, content) VALUES ($1, $2, $3, $4, '', $5)`
	dropPlans = `
		DELETE FROM copy_plan WHERE account_id = $1 AND id NOT IN (
			SELECT id FROM copy_plan WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT $2)`
	selectPlan     = `SELECT expires_at, task_id, content FROM copy_plan WHERE account_id = $1 AND id = $2 AND expires_at > $3`
	selectPlanTask = `SELECT task_id FROM copy_plan WHERE account_id = $1 AND id = $2 AND expires_at > $3`
	usePlan        = `UPDATE copy_plan SET task_id = $3 WHERE account_id = $1 AND id = $2`
	expiredPlans   = `DELETE FROM copy_plan WHERE expires_at <= $1`

	// The publication goes with its image.
	selectDone = `
		SELECT i.seq, i.drive_id, i.name, i.etag, i.size, i.outcome, i.image_id, i.onto, d.folder_no,
			p.published_at, p.was_blob, p.was_etag, p.was_size, p.was_updated
		FROM copy_item i
		JOIN copy_dir d ON d.account_id = i.account_id AND d.task_seq = i.task_seq AND d.no = i.dir_no
		JOIN publication p ON p.account_id = i.account_id AND p.image_id = i.image_id AND p.task_seq = i.task_seq AND p.item_seq = i.seq
		WHERE i.account_id = $1 AND i.task_seq = $2 AND i.outcome IN (1, 2) AND p.undone_at = 0 ORDER BY i.seq`

	planWritten = `
		UPDATE copy_task SET planned = 1, total = $3, skipped = $4, failed = $5 WHERE account_id = $1 AND task_seq = $2 AND planned = 0`
	selectCounts = `SELECT total, copied, replaced, failed, bytes FROM copy_task WHERE account_id = $1 AND task_seq = $2`
	setCounts    = `
		UPDATE copy_task SET copied = $3, replaced = $4, failed = $5, bytes = $6 WHERE account_id = $1 AND task_seq = $2`
	countFailed   = `UPDATE copy_task SET failed = failed + $3 WHERE account_id = $1 AND task_seq = $2`
	setTaskUndone = `UPDATE copy_task SET undone_at = $3 WHERE account_id = $1 AND task_seq = $2`
	setFailCode   = `UPDATE copy_task SET fail_code = $3, trace_id = $4 WHERE account_id = $1 AND task_seq = $2`
	hasReason     = `SELECT 1 FROM copy_item WHERE account_id = $1 AND task_seq = $2 AND outcome = 4 AND reason = $3 LIMIT 1`
	// What is still open fails, numbered on in order.
	failOpen = `
		WITH v (seq, n) AS (
			SELECT seq, row_number() OVER (ORDER BY seq) FROM copy_item WHERE account_id = $1 AND task_seq = $2 AND outcome = 0)
		UPDATE copy_item SET outcome = 4, reason = $3, fail_no = $4 + v.n
		FROM v WHERE copy_item.account_id = $1 AND copy_item.task_seq = $2 AND copy_item.seq = v.seq`
)

var (
	insertSources = db.Insert(`INSERT INTO copy_source (account_id, task_seq, ord, drive_id, class, name, parent_id) VALUES`, 7)
	insertFolders = db.Insert(`INSERT INTO copy_folder (account_id, task_seq, no, parent_no, name, folder_id, made_at) VALUES`, 7)
	insertDirs    = db.Insert(`INSERT INTO copy_dir (account_id, task_seq, no, drive_id, path, folder_no) VALUES`, 6)
	insertItems   = db.Insert(`
		INSERT INTO copy_item (account_id, task_seq, seq, dir_no, drive_id, name, blob_id, etag, size, outcome, reason, image_id, fail_no, onto)
		VALUES`, 14)
	publicationsOf = lastPublication("task_seq", "item_seq")
	// The rows to change come first, so that each is found by its key.
	setUndone = db.MultiRow(`WITH v (image_id, item_seq) AS (VALUES`, 4, []string{"TEXT", "BIGINT"}, `)
		UPDATE publication SET undone_at = $3
		FROM v WHERE publication.account_id = $1 AND publication.image_id = v.image_id AND publication.task_seq = $2
		AND publication.item_seq = v.item_seq`)
	someCounts = db.List(`
		SELECT task_seq, `+statusColumns+`
		FROM copy_task WHERE account_id = $1 AND task_seq IN (`, 2, `)`)
	someFolders          = db.List(`SELECT no, parent_no, name, folder_id FROM copy_folder WHERE account_id = $1 AND task_seq = $2 AND no IN (`, 3, `)`)
	insertRepublications = db.Insert(`
		INSERT INTO publication (account_id, image_id, task_seq, item_seq, drive_id, parent_id, name, etag, published_at,
			was_blob, was_etag, was_size, was_updated) VALUES`, 13)
	insertPublications = db.Insert(`
		INSERT INTO publication (account_id, image_id, task_seq, item_seq, drive_id, parent_id, name, etag, published_at) VALUES`, 9)
	// The rows to change come first, so that each is found by its key.
	setFolderIDs = db.MultiRow(`WITH v (no, folder_id, made_at) AS (VALUES`, 3, []string{"BIGINT", "TEXT", "BIGINT"}, `)
		UPDATE copy_folder SET folder_id = v.folder_id, made_at = v.made_at
		FROM v WHERE copy_folder.account_id = $1 AND copy_folder.task_seq = $2 AND copy_folder.no = v.no AND copy_folder.folder_id = ''`)
	setOutcomes = db.MultiRow(`
		WITH v (seq, outcome, reason, image_id, fail_no) AS (VALUES`, 3, []string{"BIGINT", "BIGINT", "TEXT", "TEXT", "BIGINT"}, `)
		UPDATE copy_item SET outcome = v.outcome, reason = v.reason, image_id = v.image_id, fail_no = v.fail_no
		FROM v WHERE copy_item.account_id = $1 AND copy_item.task_seq = $2 AND copy_item.seq = v.seq AND copy_item.outcome = 0`)
)

// lastPublication makes the texts that answer, of each of some images, its id and some
// columns of its last publication. Each is one step into the primary
// key, however often the image was published.
func lastPublication(columns ...string) db.Statements {
	names, values := "", ""
	for _, c := range columns {
		names += ", " + c
		values += `, (
				SELECT p.` + c + ` FROM publication p
				WHERE p.account_id = $1 AND p.image_id = v.image_id AND p.undone_at = 0
				ORDER BY p.task_seq DESC, p.item_seq DESC LIMIT 1)`
	}
	return db.MultiRow(`WITH v (image_id) AS (VALUES`, 2, []string{"TEXT"}, `),
		s (image_id`+names+`) AS (SELECT v.image_id`+values+` FROM v)
		SELECT image_id`+names+` FROM s WHERE `+columns[0]+` IS NOT NULL`)
}

func insertTask(ctx context.Context, tx *db.Tx, acc account.ID, seq int64, target imagebed.ID, below []string, sources []source, retryOf ID) error {
	if _, err := tx.Exec(ctx, insertCopyTask, acc, seq, retryOf); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertFolders[1], acc, seq, 0, 0, "", target, 0); err != nil {
		return err
	}
	_, err := tx.ExecRows(ctx, insertFolders, nil, len(below), func(n int) []any { return []any{acc, seq, n + 1, n, below[n], "", 0} })
	if err != nil {
		return err
	}
	_, err = tx.ExecRows(ctx, insertSources, nil, len(sources), func(i int) []any {
		s := sources[i]
		return []any{acc, seq, i, s.id, s.class, s.name, s.parent}
	})
	return err
}

func readStatus(ctx context.Context, tx *db.Tx, acc account.ID, id ID) (s Status, err error) {
	if s.Task, err = queue.Find(ctx, tx, queue.Copy, int64(acc), string(id)); err != nil {
		return s, err
	}
	_, err = tx.Get(ctx, selectCopyTask, []any{acc, s.Seq}, s.columns()...)
	return s, fault.Wrap(err, "copytask: read")
}

// columns are the places for statusColumns.
func (s *Status) columns() []any {
	return []any{&s.Total, &s.Copied, &s.Replaced, &s.Counts.Skipped, &s.Counts.Failed, &s.Bytes, &s.FailCode, &s.TraceID, &s.RetryOf, &s.undone}
}

// readSources reads what was chosen for a task, in order.
func readSources(ctx context.Context, tx *db.Tx, acc account.ID, seq int64) ([]source, error) {
	return db.Collect(ctx, tx, func(row db.Row) (s source, err error) {
		return s, row.Scan(&s.id, &s.class, &s.name, &s.parent)
	}, selectSources, acc, seq)
}

// readFolders reads the target folders of a task, by number.
func readFolders(ctx context.Context, tx *db.Tx, acc account.ID, seq int64) ([]targetFolder, error) {
	return db.Collect(ctx, tx, func(row db.Row) (f targetFolder, err error) {
		var no int
		return f, row.Scan(&no, &f.parent, &f.name, &f.id, &f.madeAt)
	}, selectFolders, acc, seq)
}

func scanFailure(row db.Row) (f Failure, err error) {
	return f, row.Scan(&f.DriveID, &f.Name, &f.Reason)
}

// failOpenItems ends what is open of a task that is given up or cancelled.
func (t *Tasks) failOpenItems(ctx context.Context, tx *db.Tx, acc, seq int64, why Reason) error {
	var failed int
	if _, err := tx.Get(ctx, `SELECT failed FROM copy_task WHERE account_id = $1 AND task_seq = $2`, []any{acc, seq}, &failed); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, failOpen, acc, seq, why, failed)
	if err != nil {
		return err
	}
	if t.watch.Items != nil && n > 0 {
		tx.AfterCommit(func() { t.watch.Items(Failed, why, int(n)) })
	}
	_, err = tx.Exec(ctx, countFailed, acc, seq, n)
	return err
}

// work is a claimed task in memory.
type work struct {
	*queue.Lease
	acc     account.ID
	planned bool
	sources []source
	folders []targetFolder // by number; 0 is the target
	open    []item         // in order
}

type source struct {
	id     drive.ID
	class  drive.Class // at creation, as the name and the folder that it is in
	name   string
	parent drive.ID
}

type targetFolder struct {
	parent int
	name   string
	id     imagebed.ID // "" until found or made
	madeAt int64       // microseconds; 0 where it was found

	shownAs string // once it was found or made by this process
}

// item is a picture of the plan, or a skip that is written down.
type item struct {
	seq     int
	driveID drive.ID
	name    string
	blobID  int64
	etag    string
	size    int64
	parent  drive.ID // the drive folder it was planned from
	folder  int      // the number of its target folder

	dir     int // while planning
	outcome Outcome
	reason  Reason
	failNo  int
	imageID imagebed.ID
	onto    imagebed.ID    // the image that is to show the picture; "" for one of the target folder
	was     imagebed.Image // that image before
	shownAs string         // once it was placed
}

// load reads a claimed task as far as it has come.
func (t *Tasks) load(ctx context.Context, l *queue.Lease) (*work, error) {
	w := &work{Lease: l, acc: account.ID(l.Account)}
	err := t.db.WorkerRead(ctx, "copytask: load", func(tx *db.Tx) (err error) {
		if _, err := tx.Get(ctx, selectPlanned, []any{w.acc, w.Seq}, &w.planned); err != nil {
			return err
		}
		if w.sources, err = readSources(ctx, tx, w.acc, w.Seq); err != nil {
			return err
		}
		w.folders, err = readFolders(ctx, tx, w.acc, w.Seq)
		if err != nil || !w.planned {
			return err
		}
		w.open, err = db.Collect(ctx, tx, func(row db.Row) (i item, err error) {
			return i, row.Scan(&i.seq, &i.driveID, &i.name, &i.blobID, &i.etag, &i.size, &i.onto, &i.parent, &i.folder)
		}, selectOpen, w.acc, w.Seq)
		return err
	})
	return w, err
}
