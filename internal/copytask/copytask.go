// Package copytask publishes chosen files and folders of the drive into the image
// bed as durable tasks: plan what will happen, make it happen in batches, settle.
// It promises exactly one outcome for every picture, whenever the process is
// killed, and never moves a byte of content. It knows nothing of HTTP.
package copytask

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// ID names a task, 32 lower-case letters and digits.
type ID string

// Limits that are no setting.
const (
	MaxFolders = 100_000 // folders that a task walks
	maxNoted   = 1000    // skips that are written down
	maxCounted = 100_000 // skips that are counted
	batchItems = 200     // a batch takes whole target folders until it has so many
	// or until so many folders are to be looked for, those above its own included:
	// a task of narrow, deep chains has fifteen folders for each picture.
	batchFolders = 1000
)

// Tasks is the room's door to the database. Its methods may be called at the same
// time.
type Tasks struct {
	db     *db.DB
	bed    *imagebed.Bed
	log    *slog.Logger
	limits Limits
	batch  bound
	watch  Watch
	turns  *turns // of plans that are made
}

// bound is what ends a batch, see batchItems.
type bound struct{ items, folders int }

// New makes the room's door and the workers that do its tasks.
func New(d *db.DB, bed *imagebed.Bed, log *slog.Logger) (*Tasks, *queue.Workers) {
	t := &Tasks{db: d, bed: bed, log: log, limits: Documented(), batch: bound{batchItems, batchFolders}, turns: newTurns(plansAtOnce)}
	return t, queue.NewWorkers(d, queue.Copy, t, log)
}

// Create writes a task down and wakes a worker; when it has returned, the task
// survives a crash. The target is a folder as imagebed.FolderIn takes it, or one below
// it, which is made like those of the pictures where it is missing.
//
// fault.TooManyIDs, fault.BadRequest for no ids, fault.NotFound where one of the
// ids is missing, in the trash or another account's, fault.ParentNotFound or
// fault.NotFolder for the target, fault.TooManyTasks where as many as may be are
// unfinished, fault.BadName for a name below the target.
func (t *Tasks) Create(ctx context.Context, acc account.ID, ids []drive.ID, target imagebed.ID, below ...string) (ID, error) {
	if err := t.checkAsked(ids, below); err != nil {
		return "", err
	}
	ids = dedupe(ids)
	id := newID()
	err := t.db.Write(ctx, "copytask: create", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		if err := t.mayBegin(ctx, tx, acc); err != nil {
			return err
		}
		folder, sources, err := t.asked(ctx, tx, acc, ids, target)
		if err != nil {
			return err
		}
		_, err = add(ctx, tx, acc, id, folder, below, sources, "")
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// checkAsked looks at what a request names, and cleans the names below the target.
func (t *Tasks) checkAsked(ids []drive.ID, below []string) error {
	if len(below) > imagebed.MaxDepth {
		return fault.New(fault.TooDeep, "copytask: create", imagebed.MaxDepth)
	}
	if err := cleanNames(below); err != nil {
		return err
	}
	switch {
	case len(ids) == 0:
		return fault.New(fault.BadRequest, "copytask: create", "fileIDs")
	case len(ids) > t.limits.IDs:
		return fault.New(fault.TooManyIDs, "copytask: create", t.limits.IDs)
	}
	return nil
}

func cleanNames(names []string) (err error) {
	for n := range names {
		if names[n], err = entryname.Clean(names[n]); err != nil {
			return err
		}
	}
	return nil
}

// asked finds what a request names.
func (t *Tasks) asked(ctx context.Context, tx *db.Tx, acc account.ID, ids []drive.ID, target imagebed.ID) (imagebed.ID, []source, error) {
	found, err := drive.Lookup(ctx, tx, acc, ids)
	if err != nil {
		return "", nil, err
	}
	sources := make([]source, len(ids))
	for n, id := range ids {
		e, ok := found[id]
		if !ok || e.Trashed != drive.Live {
			return "", nil, fault.New(fault.NotFound, "copytask: create", int64(id))
		}
		sources[n] = source{e.ID, t.limits.class(e), e.Name, e.Parent}
	}
	folder, err := imagebed.FolderIn(ctx, tx, acc, target)
	return folder, sources, err
}

// mayBegin is fault.TooManyTasks where an account has as many unfinished ones as it may.
func (t *Tasks) mayBegin(ctx context.Context, tx *db.Tx, acc account.ID) error {
	n, err := queue.Unfinished(ctx, tx, queue.Copy, int64(acc))
	if err == nil && n >= t.limits.Tasks {
		err = fault.New(fault.TooManyTasks, "copytask: create", t.limits.Tasks)
	}
	return err
}

// add writes a task down at the end of the account's queue and answers its number.
func add(ctx context.Context, tx *db.Tx, acc account.ID, id ID, target imagebed.ID, below []string, sources []source, retryOf ID) (seq int64, err error) {
	if seq, err = account.NextTask(ctx, tx, acc); err != nil {
		return 0, err
	}
	if err := queue.Add(ctx, tx, queue.Copy, int64(acc), seq, string(id)); err != nil {
		return 0, err
	}
	return seq, insertTask(ctx, tx, acc, seq, target, below, sources, retryOf)
}

// Counts are the figures of a task.
type Counts struct {
	Total    int   // eligible pictures
	Copied   int   // new in the bed
	Replaced int   // the same picture was there: its link stays
	Skipped  int   // duplicates in the task, and files that are no eligible pictures
	Failed   int   // eligible pictures that could not be published
	Bytes    int64 // of the pictures copied and replaced
}

// Status is where a task stands.
type Status struct {
	queue.Task
	Counts
	FailCode FailCode // "" unless State is Failed or Cancelled
	TraceID  string   // with FailCode Broken: where to look in the log
	RetryOf  ID       // the task whose failed pictures are tried again; "" for none
	undone   int64    // see UndoneAt
}

// UndoneAt answers when the task was last undone, as far as it could be; zero for never.
func (s Status) UndoneAt() time.Time {
	if s.undone == 0 {
		return time.Time{}
	}
	return time.UnixMicro(s.undone)
}

// Status answers where a task stands; fault.TaskNotFound where the account has
// none of that id.
func (t *Tasks) Status(ctx context.Context, acc account.ID, id ID) (s Status, err error) {
	err = t.db.Read(ctx, "copytask: status", func(tx *db.Tx) error {
		s, err = readStatus(ctx, tx, acc, id)
		return err
	})
	return s, err
}

// Failure is an eligible picture that was not published.
type Failure struct {
	DriveID drive.ID
	Name    string
	Reason  Reason
}

// Failures answers a page of a task's failures, page counting from 1, and how
// many there are in all.
func (t *Tasks) Failures(ctx context.Context, acc account.ID, id ID, page, limit int) (list []Failure, total int, err error) {
	err = t.db.Read(ctx, "copytask: failures", func(tx *db.Tx) error {
		s, err := readStatus(ctx, tx, acc, id)
		if err != nil {
			return err
		}
		total = s.Failed
		first := int64(min(page-1, total)) * int64(limit) // a page past the end stays past it
		list, err = db.Collect(ctx, tx, scanFailure, selectFailures, acc, s.Seq, first, first+int64(limit))
		return err
	})
	return list, total, err
}

// Run brings a claimed task to its end. See queue.Handler.
func (t *Tasks) Run(ctx context.Context, l *queue.Lease) error {
	w, err := t.load(ctx, l)
	if err != nil {
		return err
	}
	if !w.planned {
		ended, err := t.plan(ctx, w)
		if err != nil || ended {
			return err
		}
	}
	return t.publish(ctx, w)
}

// Abandon ends a task whose attempts keep dying without progress. See
// queue.Handler.
func (t *Tasks) Abandon(ctx context.Context, l *queue.Lease) error {
	trace := rand.Text()
	t.log.Error("copytask: given up after attempts without progress",
		"account", l.Account, "task", l.ID, "attempts", l.Idle-1, "trace", trace)
	return t.db.Write(ctx, "copytask: abandon", func(tx *db.Tx) error {
		if err := l.Fence(ctx, tx); err != nil {
			return err
		}
		if err := t.failOpenItems(ctx, tx, l.Account, l.Seq, Internal); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, setFailCode, l.Account, l.Seq, Broken, trace); err != nil {
			return err
		}
		t.watch.ended(tx, queue.Failed, Broken)
		return l.Finish(ctx, tx, queue.Failed)
	})
}

const idAlphabet = "0123456789abcdefghijklmnopqrstuv"

func newID() ID {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	for i := range b {
		b[i] = idAlphabet[b[i]%32]
	}
	return ID(b)
}

// dedupe keeps the first of equal ids, in order.
func dedupe[T comparable](ids []T) []T {
	seen := make(map[T]bool, len(ids))
	return slices.DeleteFunc(slices.Clone(ids), func(id T) bool {
		was := seen[id]
		seen[id] = true
		return was
	})
}
