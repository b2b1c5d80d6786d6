package copytask

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// ListQuery asks for a page of an account's tasks, the newest first.
type ListQuery struct {
	Before ID            // the task that the page before ended with; "" for the first page
	States []queue.State // none for all
	Limit  int
}

// List answers a page of tasks and whether there are more. fault.TaskNotFound where the
// account has no task Before.
func (t *Tasks) List(ctx context.Context, acc account.ID, q ListQuery) (list []Status, more bool, err error) {
	err = t.db.Read(ctx, "copytask: list", func(tx *db.Tx) error {
		before := int64(0)
		if q.Before != "" {
			last, err := queue.Find(ctx, tx, queue.Copy, int64(acc), string(q.Before))
			if err != nil {
				return err
			}
			before = last.Seq
		}
		tasks, err := queue.List(ctx, tx, queue.Copy, int64(acc), before, q.States, q.Limit+1)
		if err != nil {
			return err
		}
		if more = len(tasks) > q.Limit; more {
			tasks = tasks[:q.Limit]
		}
		list, err = withCounts(ctx, tx, acc, tasks)
		return fault.Wrap(err, "copytask: list")
	})
	return list, more, err
}

// withCounts adds the figures to tasks.
func withCounts(ctx context.Context, tx *db.Tx, acc account.ID, tasks []queue.Task) ([]Status, error) {
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
			err := row.Scan(append([]any{&seq}, s.columns()...)...)
			s.Task = at[seq].Task
			*at[seq] = s
			return err
		}, someCounts[n], args...)
	})
	return list, err
}

// Item is a line of a task's ledger: a picture, or a file that was skipped.
type Item struct {
	Seq        int // from 1, in order of the plan
	DriveID    drive.ID
	Name       string // in the drive, when it was planned
	SourcePath string // where it was then, its name included
	TargetPath string // where the image is, else where it was to go; "" where it was never to go anywhere
	Etag       string
	Size       int64
	Outcome    Outcome
	Reason     Reason
	ImageID    imagebed.ID // where it is published, or was to be re-published; "" for neither
	Ext        string      // of the link; "" where the image is there no more
}

// ItemQuery asks for a page of a ledger.
type ItemQuery struct {
	Outcome Outcome // -1 for any
	Reason  Reason  // "" for any
	After   int     // the Seq that the page before ended with
	Limit   int
}

// Items answers a page of a task's ledger and whether there is more; fault.TaskNotFound
// where the account has no task of that id. A task that was not planned yet has no lines.
// Of the skipped files that are no eligible pictures the first thousand have one.
func (t *Tasks) Items(ctx context.Context, acc account.ID, id ID, q ItemQuery) (list []Item, more bool, err error) {
	err = t.db.Read(ctx, "copytask: items", func(tx *db.Tx) error {
		task, err := queue.Find(ctx, tx, queue.Copy, int64(acc), string(id))
		if err != nil {
			return err
		}
		var in []int           // numbers of target folders
		var onto []imagebed.ID // images that are to be re-published
		list, err = db.Collect(ctx, tx, func(row db.Row) (i Item, err error) {
			var folder int
			var o imagebed.ID
			err = row.Scan(&i.Seq, &i.DriveID, &i.Name, &i.Etag, &i.Size, &i.Outcome, &i.Reason, &i.ImageID, &o, &i.SourcePath, &folder)
			if onto = append(onto, o); i.SourcePath != "" {
				i.SourcePath += i.Name
			}
			if i.Outcome == Skipped && i.Reason != DuplicateInTask {
				folder = -1 // others of its folder go there
			}
			in = append(in, folder)
			return i, err
		}, selectItems, acc, task.Seq, q.After, q.Outcome, q.Reason, q.Limit+1)
		if err != nil {
			return err
		}
		if more = len(list) > q.Limit; more {
			list, in, onto = list[:q.Limit], in[:q.Limit], onto[:q.Limit]
		}
		folders, err := targetPaths(ctx, tx, acc, task.Seq, in)
		if err != nil {
			return err
		}
		var images []imagebed.ID
		for n, i := range list {
			if id := cmp.Or(i.ImageID, onto[n]); id != "" {
				images = append(images, id)
			}
		}
		shown, err := imagebed.Published(ctx, tx, acc, images)
		if err != nil {
			return err
		}
		var above []imagebed.ID
		for _, s := range shown {
			above = append(above, s.Folder)
		}
		paths, err := imagebed.Paths(ctx, tx, acc, above)
		if err != nil {
			return err
		}
		for n := range list {
			i := &list[n]
			s, there := shown[cmp.Or(i.ImageID, onto[n])]
			switch {
			case there:
				i.TargetPath = paths[s.Folder] + s.Name
			case in[n] >= 0 && onto[n] == "":
				i.TargetPath = folders[in[n]] + i.Name
			}
			i.ImageID, i.Ext = cmp.Or(i.ImageID, onto[n]), s.Ext
		}
		return nil
	})
	return list, more, err
}

// plannedFolder is a folder of the plan of a task.
type plannedFolder struct {
	parent int
	name   string
	id     imagebed.ID // "" until found or made
}

// targetPaths finds the paths of planned folders by number: where each is now, else below
// the one above it by its planned name.
func targetPaths(ctx context.Context, tx *db.Tx, acc account.ID, seq int64, numbers []int) (map[int]string, error) {
	folders, ids, err := foldersAbove(ctx, tx, acc, seq, numbers)
	if err != nil {
		return nil, err
	}
	there, err := imagebed.Folders(ctx, tx, acc, ids)
	if err != nil {
		return nil, err
	}
	type way struct {
		from  imagebed.ID // the last that is there; "" where the target is not either
		below []string
	}
	ways := make(map[int]way) // of each number once
	var from []imagebed.ID
	for _, no := range numbers {
		if _, known := ways[no]; known || no < 0 {
			continue
		}
		w := way{below: []string{""}}
		at := no
		for ; at > 0 && !there[folders[at].id]; at = folders[at].parent {
			w.below = append(w.below, folders[at].name)
		}
		slices.Reverse(w.below)
		if id := folders[at].id; there[id] {
			w.from, from = id, append(from, id)
		}
		ways[no] = w
	}
	paths, err := imagebed.Paths(ctx, tx, acc, from)
	if err != nil {
		return nil, err
	}
	out := make(map[int]string, len(ways))
	for no, w := range ways {
		out[no] = cmp.Or(paths[w.from], "/") + strings.Join(w.below, "/")
	}
	return out, nil
}

// foldersAbove reads planned folders and those above them, level by level up to the
// target, and answers too which of the bed's folders they are.
func foldersAbove(ctx context.Context, tx *db.Tx, acc account.ID, seq int64, numbers []int) (folders map[int]plannedFolder, ids []imagebed.ID, err error) {
	folders = make(map[int]plannedFolder)
	for want := append([]int{0}, numbers...); ; {
		missing := make(map[int]bool)
		for _, no := range want {
			if _, known := folders[no]; no >= 0 && !known {
				missing[no] = true
			}
		}
		if len(missing) == 0 {
			return folders, ids, nil
		}
		want = nil
		err := db.InChunks([]any{acc, seq}, slices.Sorted(maps.Keys(missing)), func(n int, args []any) error {
			return tx.Each(ctx, func(row db.Row) error {
				var no int
				var f plannedFolder
				err := row.Scan(&no, &f.parent, &f.name, &f.id)
				if folders[no], want = f, append(want, f.parent); f.id != "" {
					ids = append(ids, f.id)
				}
				return err
			}, someFolders[n], args...)
		})
		if err != nil {
			return nil, nil, fault.Wrap(err, "copytask: paths")
		}
	}
}
