package copytask

import (
	"context"
	"maps"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/picture"
	"tuchuang/internal/queue"
)

// Retry makes a task of the pictures that another one could not publish, and of nothing
// else; where numbers of its ledger's lines are named, of those alone. Each goes where it was to go; it is what the drive has now: the file itself where
// it is there, else the one in its folder that has its name. The plan is written down
// with the task. Where the other one ended before it had a plan, the new one is to do what
// that one was to do.
//
// fault.TaskNotFound where the account has no task of that id, fault.TaskGoesOn where it
// has not ended, fault.NoneFailed where none failed, fault.ParentNotFound where its target
// is gone, fault.TooManyImages where more failed than a task may have by now,
// fault.TooManyTasks as Create, fault.BadRequest where a number is not of one that failed.
func (t *Tasks) Retry(ctx context.Context, acc account.ID, of ID, seqs ...int) (ID, error) {
	id := newID()
	err := t.db.Write(ctx, "copytask: retry", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		old, err := queue.Find(ctx, tx, queue.Copy, int64(acc), string(of))
		if err != nil {
			return err
		}
		if old.State.Unfinished() {
			return fault.New(fault.TaskGoesOn, "copytask: retry")
		}
		if err := t.mayBegin(ctx, tx, acc); err != nil {
			return err
		}
		var planned bool
		if _, err := tx.Get(ctx, selectPlanned, []any{acc, old.Seq}, &planned); err != nil {
			return err
		}
		if !planned && len(seqs) > 0 {
			return fault.New(fault.BadRequest, "copytask: retry", "seqs")
		}
		if !planned {
			return t.again(ctx, tx, acc, id, old)
		}
		r, err := readRetry(ctx, tx, acc, old.Seq, seqs, t.limits)
		if err != nil {
			return err
		}
		switch {
		case len(r.items) == 0:
			return fault.New(fault.NoneFailed, "copytask: retry")
		case len(r.items) > t.limits.Images: // more than that were allowed then
			return fault.New(fault.TooManyImages, "copytask: retry", t.limits.Images)
		}
		target, err := imagebed.FolderIn(ctx, tx, acc, r.folders[0].id)
		if err != nil {
			return err
		}
		sources := make([]source, len(r.items))
		for n, i := range r.items {
			sources[n] = source{i.driveID, picture.Eligible, i.name, i.parent}
		}
		seq, err := add(ctx, tx, acc, id, target, nil, sources, of)
		if err != nil {
			return err
		}
		killpoint.Here("copytask.retry.half")
		return r.plan().write(ctx, tx, seq)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// again makes a task that is to do what another was to do, which has no plan.
func (t *Tasks) again(ctx context.Context, tx *db.Tx, acc account.ID, id ID, old queue.Task) error {
	sources, err := readSources(ctx, tx, acc, old.Seq)
	if err != nil {
		return err
	}
	folders, err := readFolders(ctx, tx, acc, old.Seq)
	if err != nil {
		return err
	}
	target, err := imagebed.FolderIn(ctx, tx, acc, folders[0].id)
	if err != nil {
		return err
	}
	below := make([]string, len(folders)-1)
	for n, f := range folders[1:] {
		below[n] = f.name
	}
	_, err = add(ctx, tx, acc, id, target, below, sources, ID(old.ID))
	return err
}

// retried is what has failed in a task.
type retried struct {
	acc     account.ID
	limits  Limits
	folders []targetFolder // by number, as the old task knew them; those that are gone without an id
	items   []item
	lost    map[int]bool // numbers of items without a source
	paths   map[drive.ID]string
}

func readRetry(ctx context.Context, tx *db.Tx, acc account.ID, seq int64, seqs []int, l Limits) (r *retried, err error) {
	r = &retried{acc: acc, limits: l, lost: make(map[int]bool), paths: make(map[drive.ID]string)}
	if r.folders, err = readFolders(ctx, tx, acc, seq); err != nil {
		return nil, err
	}
	r.items, err = db.Collect(ctx, tx, func(row db.Row) (i item, err error) {
		var path string
		err = row.Scan(&i.seq, &i.driveID, &i.name, &i.blobID, &i.etag, &i.size, &i.onto, &i.parent, &path, &i.folder)
		r.paths[i.parent] = path
		i.folder = max(0, i.folder) // of a file that was gone before it was planned
		return i, err
	}, selectFailed, acc, seq)
	if err != nil || len(r.items) == 0 {
		return r, err
	}
	if len(seqs) > 0 {
		seqs = dedupe(seqs)
		r.items = slices.DeleteFunc(r.items, func(i item) bool { return !slices.Contains(seqs, i.seq) })
		if len(r.items) < len(seqs) {
			return nil, fault.New(fault.BadRequest, "copytask: retry", "seqs")
		}
	}
	if err := r.findFolders(ctx, tx); err != nil {
		return nil, err
	}
	return r, r.findSources(ctx, tx)
}

// findFolders forgets the folders that are there no more, and those below them. The target
// is not forgotten.
func (r *retried) findFolders(ctx context.Context, tx *db.Tx) error {
	var ids []imagebed.ID
	for _, f := range r.folders[1:] {
		if f.id != "" {
			ids = append(ids, f.id)
		}
	}
	there, err := imagebed.Folders(ctx, tx, r.acc, ids)
	if err != nil {
		return err
	}
	for no := 1; no < len(r.folders); no++ { // a folder's number is above its parent's
		if f := &r.folders[no]; !there[f.id] || r.folders[f.parent].id == "" {
			f.id, f.madeAt = "", 0
		}
	}
	return nil
}

// findSources makes the items what the drive has now. What it has not stays as it was
// planned, and fails again.
func (r *retried) findSources(ctx context.Context, tx *db.Tx) error {
	ids := make([]drive.ID, len(r.items))
	for n, i := range r.items {
		ids[n] = i.driveID
	}
	found, err := drive.Lookup(ctx, tx, r.acc, ids)
	if err != nil {
		return err
	}
	usable := func(e drive.Entry, there bool) bool {
		return there && e.Trashed == drive.Live && r.limits.class(e) == picture.Eligible
	}
	var places []drive.Place // of those that are gone
	for _, i := range r.items {
		if e, there := found[i.driveID]; !usable(e, there) {
			places = append(places, drive.Place{Parent: i.parent, Name: i.name})
		}
	}
	instead, err := drive.Placed(ctx, tx, r.acc, places)
	if err != nil {
		return err
	}
	for n := range r.items {
		i := &r.items[n]
		e, there := found[i.driveID]
		if !usable(e, there) {
			e, there = instead[drive.Place{Parent: i.parent, Name: i.name}]
		}
		switch class := r.limits.class(e); {
		case there && e.Trashed == drive.Live && class != picture.Eligible:
			r.lost[n], i.reason = true, skipReason(class) // as large as that were allowed then
		case !usable(e, there):
			r.lost[n] = true
		default:
			i.driveID, i.name, i.blobID, i.etag, i.size = e.ID, e.Name, e.BlobID, e.Etag, e.Size
		}
	}
	return nil
}

// plan puts the items into a plan of their own, with the folders that they need. Those
// that the old task made stay made: undoing the new one takes them away where undoing the
// old one could not, as the new one's pictures were there.
func (r *retried) plan() *planner {
	p := newPlanner(r.acc, r.limits, nil)
	need := map[int]bool{0: true}
	for _, i := range r.items {
		chain(r.folders, i.folder, need)
	}
	number := make(map[int]int)
	for _, no := range slices.Sorted(maps.Keys(need)) {
		f := r.folders[no]
		number[no] = len(p.folders)
		f.parent = number[f.parent]
		p.folders = append(p.folders, f)
	}
	type place struct {
		parent drive.ID
		folder int
	}
	dirs := make(map[place]int)
	for n, i := range r.items {
		p.images++
		i.folder = number[i.folder]
		at := place{i.parent, i.folder}
		if _, ok := dirs[at]; !ok {
			dirs[at] = len(p.dirs)
			p.dirs = append(p.dirs, dir{id: i.parent, path: r.paths[i.parent], folder: i.folder})
		}
		i.dir, i.seq = dirs[at], len(p.items)+1
		if i.reason != "" {
			p.failed++
			i.outcome, i.failNo = Failed, p.failed
		}
		if i.onto == "" && !r.lost[n] { // of what is lost nobody may know what it was
			p.once(&i)
		}
		p.items = append(p.items, i)
	}
	return p
}
