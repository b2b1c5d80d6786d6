package copytask

import (
	"cmp"
	"context"
	"errors"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/picture"
	"tuchuang/internal/queue"
)

// plan is a snapshot: what will happen, read in one read transaction and written
// down before the first picture is published. A limit that is passed ends the task
// with nothing published.
func (t *Tasks) plan(ctx context.Context, w *work) (ended bool, err error) {
	p := newPlanner(w.acc, t.limits, w.folders)
	err = t.db.WorkerRead(ctx, "copytask: plan", func(tx *db.Tx) error { return p.read(ctx, tx, w.sources) })
	if limit := (*limitError)(nil); errors.As(err, &limit) {
		return true, t.fail(ctx, w, limit.code)
	}
	if err != nil {
		return false, err
	}
	killpoint.Here("copytask.plan.read")
	err = t.db.Write(ctx, "copytask: write plan", func(tx *db.Tx) error {
		if err := w.FenceProgress(ctx, tx); err != nil {
			return err
		}
		t.watch.items(tx, p.items)
		return p.write(ctx, tx, w.Seq)
	})
	if err != nil {
		return false, err
	}
	killpoint.Here("copytask.plan.written")
	w.planned, w.folders = true, p.folders
	for _, i := range p.items {
		if i.outcome == Open {
			w.open = append(w.open, i)
		}
	}
	return false, nil
}

// fail ends a task before anything was published.
func (t *Tasks) fail(ctx context.Context, w *work, code FailCode) error {
	return t.db.Write(ctx, "copytask: fail", func(tx *db.Tx) error {
		if err := w.Fence(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, setFailCode, w.acc, w.Seq, code, ""); err != nil {
			return err
		}
		t.watch.ended(tx, queue.Failed, code)
		killpoint.Here("copytask.plan.failing")
		return w.Finish(ctx, tx, queue.Failed)
	})
}

// limitError ends the walk: the task asks for more than a task may.
type limitError struct {
	code  FailCode
	most  int64 // what a task may
	found int64 // what this one asks for, as far as it was counted
}

func (e *limitError) Error() string { return "copytask: plan: " + string(e.code) }

// planner holds O(Limits.Images + depth), however large the tree is.
type planner struct {
	acc     account.ID
	limits  Limits // of what read finds
	folders []targetFolder
	byName  map[folderKey]int
	dirs    []dir
	items   []item
	seen    map[contentKey]bool
	depth   int // of the target folder
	base    int // the number of the folder that the pictures go to
	names   *tree

	images, noted, skipped, failed, walked int

	reasons map[Reason]int // how many items were skipped or have failed for each
	count   int            // pictures past the limit are counted to so many
}

// newPlanner begins a plan for the last of the folders, which hang one below the other;
// the first is the target.
func newPlanner(acc account.ID, limits Limits, folders []targetFolder) *planner {
	return &planner{acc: acc, limits: limits, folders: folders, byName: make(map[folderKey]int), seen: make(map[contentKey]bool), reasons: make(map[Reason]int), base: max(0, len(folders)-1), names: newTree()}
}

type folderKey struct {
	parent int
	name   string
}

type contentKey struct {
	folder int
	etag   string
	size   int64
}

type dir struct {
	id     drive.ID
	path   string // "" where in says it
	in     int    // the number in planner.names
	folder int    // -1 until a picture is found in it
}

// level is one folder on the way down.
type level struct {
	id     drive.ID
	name   string // "" for where loose files go
	path   string // of the first on the way alone
	dir    int    // -1 until something of it is written down
	after  string
	buffer []drive.Entry
	last   bool // buffer is the end of the folder
}

const walkPage = 256

func (p *planner) read(ctx context.Context, tx *db.Tx, sources []source) error {
	target := p.folders[0].id
	there, err := imagebed.Folders(ctx, tx, p.acc, []imagebed.ID{target})
	if err != nil {
		return err
	}
	if !there[target] {
		return &limitError{code: NoTarget}
	}
	if p.depth, err = imagebed.Depth(ctx, tx, p.acc, target); err != nil {
		return err
	}
	ids := make([]drive.ID, len(sources))
	for i, s := range sources {
		ids[i] = s.id
	}
	found, err := drive.Lookup(ctx, tx, p.acc, ids)
	if err != nil {
		return err
	}
	loose := make(map[drive.ID]*level) // by the drive folder that loose files are in
	for _, s := range sources {
		e, ok := found[s.id]
		class := p.limits.class(e)
		gone := !ok || e.Trashed != drive.Live
		if gone {
			class = s.class
			if !ok { // what is in the trash says for itself where it was
				e = drive.Entry{ID: s.id, Parent: s.parent, Name: s.name, Class: s.class}
			}
		}
		if gone && e.IsFolder() {
			continue // its pictures are not found
		}
		at := loose[e.Parent]
		if at == nil {
			path, err := drive.Path(ctx, tx, p.acc, e.Parent)
			if err != nil {
				return err
			}
			at = &level{id: e.Parent, path: path, dir: -1}
			loose[e.Parent] = at
		}
		switch {
		case e.IsFolder():
			err = p.walk(ctx, tx, []*level{at}, e)
		case class != picture.Eligible:
			p.skip([]*level{at}, e, skipReason(class))
		case gone:
			err = p.take([]*level{at}, e, SourceDeleted)
		default:
			err = p.take([]*level{at}, e, "")
		}
		if err != nil {
			return err
		}
	}
	if p.images > p.limits.Images {
		return p.tooMany()
	}
	return nil
}

func (p *planner) tooMany() error {
	return &limitError{LimitImages, int64(p.limits.Images), int64(p.images)}
}

// walk goes through a folder depth first by name, with one cursor a level.
// way is where it hangs; way[0] is no level of its own.
func (p *planner) walk(ctx context.Context, tx *db.Tx, way []*level, top drive.Entry) error {
	way, err := p.enter(ctx, tx, way, top)
	if err != nil {
		return err
	}
	for len(way) > 1 {
		at := way[len(way)-1]
		if len(at.buffer) == 0 {
			if at.last {
				way = way[:len(way)-1]
				continue
			}
			if at.buffer, err = drive.Walk(ctx, tx, p.acc, at.id, at.after, walkPage); err != nil {
				return err
			}
			at.last = len(at.buffer) < walkPage
			continue
		}
		e := at.buffer[0]
		at.buffer, at.after = at.buffer[1:], e.Name
		switch class := p.limits.class(e); class {
		case picture.Folder:
			way, err = p.enter(ctx, tx, way, e)
		case picture.Eligible:
			err = p.take(way, e, "")
		default:
			p.skip(way, e, skipReason(class))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enter goes one level down and notes what is skipped there.
func (p *planner) enter(ctx context.Context, tx *db.Tx, way []*level, e drive.Entry) ([]*level, error) {
	if len(way) > p.limits.Levels {
		return nil, &limitError{LimitDepth, int64(p.limits.Levels), int64(len(way))}
	}
	if p.walked++; p.walked > p.limits.folders {
		return nil, &limitError{LimitFolders, int64(p.limits.folders), int64(p.walked)}
	}
	at := &level{id: e.ID, name: e.Name, dir: -1}
	way = append(way, at)
	for after := ""; p.skipped < p.limits.skips; {
		rest, err := drive.WalkRest(ctx, tx, p.acc, e.ID, after, walkPage)
		if err != nil {
			return nil, err
		}
		for _, r := range rest {
			p.skip(way, r, skipReason(r.Class))
			after = r.Name
		}
		if len(rest) < walkPage {
			break
		}
	}
	return way, nil
}

// take plans an eligible picture; with a reason it has failed already.
func (p *planner) take(way []*level, e drive.Entry, failed Reason) error {
	if p.images++; p.images > p.limits.Images {
		if p.images < p.count {
			return nil
		}
		return p.tooMany()
	}
	i := item{driveID: e.ID, name: e.Name, blobID: e.BlobID, etag: e.Etag, size: e.Size, parent: way[len(way)-1].id}
	if failed != "" {
		p.failed++
		p.reasons[failed]++
		i.outcome, i.reason, i.failNo, i.folder = Failed, failed, p.failed, p.base
		p.dirs[p.add(way, i)].folder = p.base
		return nil
	}
	folder, err := p.folder(way)
	if err != nil {
		return err
	}
	i.folder = folder
	p.once(&i)
	d := p.add(way, i)
	p.dirs[d].folder = folder
	return nil
}

// once skips a picture that a target folder has from this task already.
func (p *planner) once(i *item) {
	key := contentKey{i.folder, i.etag, i.size}
	if p.seen[key] {
		i.outcome, i.reason = Skipped, DuplicateInTask
		p.skipped++
		p.reasons[DuplicateInTask]++
	}
	p.seen[key] = true
}

// skip counts a file that is no eligible picture, and notes the first ones.
func (p *planner) skip(way []*level, e drive.Entry, why Reason) {
	if p.skipped >= p.limits.skips {
		return
	}
	p.skipped++
	p.reasons[why]++
	if p.noted == maxNoted {
		return
	}
	p.noted++
	p.add(way, item{driveID: e.ID, name: e.Name, blobID: e.BlobID, etag: e.Etag, size: e.Size, outcome: Skipped, reason: why})
}

// add writes an item into the plan, and the drive folder it comes from.
func (p *planner) add(way []*level, i item) (dirNo int) {
	at := way[len(way)-1]
	if at.dir < 0 {
		at.dir = len(p.dirs)
		in := p.names.find(way[0].path)
		for _, l := range way[1:] {
			in = p.names.below(in, l.name)
		}
		p.dirs = append(p.dirs, dir{id: at.id, in: in, folder: -1})
	}
	i.dir, i.seq = at.dir, len(p.items)+1
	p.items = append(p.items, i)
	return at.dir
}

// folder gives the number of the target folder, planning it and those above it
// where no picture came to them before.
func (p *planner) folder(way []*level) (no int, err error) {
	if no = p.base; p.depth+p.base+len(way)-1 > imagebed.MaxDepth {
		return 0, &limitError{LimitDepth, imagebed.MaxDepth, int64(p.depth + p.base + len(way) - 1)}
	}
	for _, at := range way[1:] {
		key := folderKey{no, at.name}
		next, ok := p.byName[key]
		if !ok {
			next = len(p.folders)
			p.folders = append(p.folders, targetFolder{parent: no, name: at.name})
			p.byName[key] = next
		}
		no = next
	}
	return no, nil
}

// write writes the plan down.
func (p *planner) write(ctx context.Context, tx *db.Tx, seq int64) error {
	n, err := tx.Exec(ctx, planWritten, p.acc, seq, p.images, p.skipped, p.failed)
	if err != nil {
		return err
	}
	if n == 0 {
		return errors.New("copytask: the plan is written down already")
	}
	_, err = tx.ExecRows(ctx, insertFolders, nil, len(p.folders)-1-p.base, func(i int) []any {
		no := p.base + 1 + i
		f := p.folders[no]
		return []any{p.acc, seq, no, f.parent, f.name, f.id, f.madeAt}
	})
	if err != nil {
		return err
	}
	_, err = tx.ExecRows(ctx, insertDirs, nil, len(p.dirs), func(i int) []any {
		d := p.dirs[i]
		return []any{p.acc, seq, i, d.id, cmp.Or(d.path, pathIn(p.names.folders, d.in)), d.folder}
	})
	if err != nil {
		return err
	}
	killpoint.Here("copytask.plan.half")
	_, err = tx.ExecRows(ctx, insertItems, nil, len(p.items), func(n int) []any {
		i := p.items[n]
		return []any{p.acc, seq, i.seq, i.dir, i.driveID, i.name, i.blobID, i.etag, i.size, i.outcome, i.reason, "", i.failNo, i.onto}
	})
	return err
}
