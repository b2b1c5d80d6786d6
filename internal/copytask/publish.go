package copytask

import (
	"context"
	"maps"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
)

// publish makes the plan happen, batch by batch, and settles the task with the
// last one. Between two batches it stops when the context ends.
func (t *Tasks) publish(ctx context.Context, w *work) error {
	batches := cut(w.open, t.batch)
	if len(batches) == 0 {
		batches = [][]item{nil} // everything was settled before: what is left is the end
	}
	for n, items := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &batch{work: w, bed: t.bed, items: items, last: n == len(batches)-1}
		if err := t.db.Write(ctx, "copytask: publish", func(tx *db.Tx) error { return b.run(ctx, tx) }); err != nil {
			return err
		}
		w.folders = b.folders
		killpoint.Here("copytask.batch.committed")
	}
	return nil
}

// cut takes whole target folders, those above before those below, until a batch has
// size items: names then depend neither on where a batch ends nor on where a
// kill fell.
func cut(open []item, size int) (batches [][]item) {
	byFolder := make(map[int][]item)
	for _, i := range open {
		byFolder[i.folder] = append(byFolder[i.folder], i)
	}
	var batch []item
	for _, f := range slices.Sorted(maps.Keys(byFolder)) { // a folder's number is above its parent's
		batch = append(batch, byFolder[f]...)
		if len(batch) >= size {
			batches, batch = append(batches, batch), nil
		}
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// batch is one transaction. Its function may run more than once, so everything it
// finds out begins afresh in run.
type batch struct {
	*work
	bed   *imagebed.Bed
	items []item
	last  bool

	folders []targetFolder // as they are after the batch
	made    []int          // numbers of the folders that this batch makes, those above first
	gone    map[int]bool   // numbers of the folders that were deleted
	counts  Counts
}

func (b *batch) run(ctx context.Context, tx *db.Tx) error {
	// 1. The fence, 2. the account: from here on nobody else writes its rows.
	fence := b.FenceProgress
	if len(b.items) == 0 {
		fence = b.Fence
	}
	if err := fence(ctx, tx); err != nil {
		return err
	}
	killpoint.Here("copytask.batch.fenced")
	if _, err := account.Lock(ctx, tx, b.acc); err != nil {
		return err
	}
	b.folders, b.made, b.gone, b.counts = slices.Clone(b.work.folders), nil, make(map[int]bool), Counts{}
	if _, err := tx.Get(ctx, selectCounts, []any{b.acc, b.Seq},
		&b.counts.Total, &b.counts.Copied, &b.counts.Replaced, &b.counts.Failed, &b.counts.Bytes); err != nil {
		return err
	}
	if len(b.items) > 0 {
		if err := b.publish(ctx, tx); err != nil {
			return err
		}
	}
	if !b.last {
		return nil
	}
	return b.settle(ctx, tx)
}

// publish settles every item of the batch, one level of the target folders after
// the other. Pictures take their names before the folders beside them: what a
// folder could not be called the first time, because a picture was, it can't be
// called the next time either, and is found again.
func (b *batch) publish(ctx context.Context, tx *db.Tx) error {
	items := slices.Clone(b.items)
	sources, err := b.check(ctx, tx, items)
	if err != nil {
		return err
	}
	if err := b.findGone(ctx, tx); err != nil {
		return err
	}
	levels := make(map[int][]*item)
	for n := range items {
		i := &items[n]
		if i.reason == "" && b.gone[i.folder] {
			i.reason = TargetDeleted
		}
		if i.reason == "" {
			levels[b.level(i.folder)] = append(levels[b.level(i.folder)], i)
		}
	}
	for _, level := range slices.Sorted(maps.Keys(levels)) {
		if err := b.place(ctx, tx, levels[level], sources); err != nil {
			return err
		}
	}
	for n := range items {
		if i := &items[n]; i.reason != "" {
			b.counts.Failed++
			i.outcome, i.failNo = Failed, b.counts.Failed
		}
	}
	if err := b.keepFolders(ctx, tx, items); err != nil {
		return err
	}
	return b.write(ctx, tx, items)
}

// level says how far a target folder is below the target.
func (b *batch) level(no int) (n int) {
	for ; no != 0; no = b.folders[no].parent {
		n++
	}
	return n
}

// place shows the items of one level in the bed.
func (b *batch) place(ctx context.Context, tx *db.Tx, items []*item, sources map[drive.ID]drive.Entry) error {
	in := make([]imagebed.Incoming, len(items))
	for n, i := range items {
		if err := b.find(ctx, tx, i.folder); err != nil {
			return err
		}
		in[n] = imagebed.Incoming{
			Folder: b.folders[i.folder].id, Name: i.name, BlobID: i.blobID, Size: i.size, Etag: i.etag,
			UpdatedAt: sources[i.driveID].UpdatedAt.UnixMicro(),
		}
	}
	killpoint.Here("copytask.batch.folders")
	acc, err := account.Lock(ctx, tx, b.acc) // again: the level above took some of the quota
	if err != nil {
		return err
	}
	placed, err := b.bed.Place(ctx, tx, acc, in, 0)
	if err != nil {
		return err
	}
	killpoint.Here("copytask.batch.placed")
	for n, p := range placed {
		i := items[n]
		switch {
		case p.NoRoom:
			i.reason = QuotaExceeded
			continue
		case p.Replaced:
			i.outcome = Replaced
			b.counts.Replaced++
		default:
			i.outcome = Copied
			b.counts.Copied++
		}
		i.imageID = p.ID
		b.counts.Bytes += i.size
	}
	return nil
}

// check finds what can't be published any more: a source that was renamed or moved
// is published as planned, one that was deleted, trashed or replaced is not.
func (b *batch) check(ctx context.Context, tx *db.Tx, items []item) (map[drive.ID]drive.Entry, error) {
	ids := make([]drive.ID, len(items))
	blobs := make([]int64, len(items))
	for n, i := range items {
		ids[n], blobs[n] = i.driveID, i.blobID
	}
	sources, err := drive.Lookup(ctx, tx, b.acc, ids)
	if err != nil {
		return nil, err
	}
	slices.Sort(blobs)
	states, err := blob.States(ctx, tx, int64(b.acc), slices.Compact(blobs))
	if err != nil {
		return nil, err
	}
	for n := range items {
		i := &items[n]
		e, there := sources[i.driveID]
		switch state, known := states[i.blobID]; {
		case !there || e.Trashed != drive.Live || e.BlobID != i.blobID:
			i.reason = SourceDeleted
		case !known || state == blob.Missing:
			i.reason = ContentMissing
		case state == blob.Blocked:
			i.reason = SourceBlocked
		case state == blob.Damaged:
			i.reason = ContentDamaged
		}
	}
	return sources, nil
}

// findGone finds the target folders that were written down and are gone, with all
// below them. None of them is ever made a second time.
func (b *batch) findGone(ctx context.Context, tx *db.Tx) error {
	var ids []imagebed.ID
	for _, f := range b.folders {
		if f.id != "" {
			ids = append(ids, f.id)
		}
	}
	slices.Sort(ids)
	there, err := imagebed.Folders(ctx, tx, b.acc, slices.Compact(ids))
	if err != nil {
		return err
	}
	for no, f := range b.folders {
		// A folder's number is above its parent's.
		b.gone[no] = f.id != "" && !there[f.id] || no > 0 && b.gone[f.parent]
	}
	return nil
}

// find makes sure that a target folder and those above it have an id.
func (b *batch) find(ctx context.Context, tx *db.Tx, no int) error {
	f := &b.folders[no]
	if f.id != "" {
		return nil
	}
	if err := b.find(ctx, tx, f.parent); err != nil {
		return err
	}
	parent := b.folders[f.parent].id
	// Two planned folders never become one, even where one of them had to take
	// another name.
	siblings := make(map[imagebed.ID]bool)
	for _, s := range b.folders {
		if s.parent == f.parent && s.id != "" {
			siblings[s.id] = true
		}
	}
	id, free, err := imagebed.Subfolder(ctx, tx, b.acc, parent, f.name, siblings)
	if err != nil {
		return err
	}
	if id == "" {
		if id, err = imagebed.MakeFolder(ctx, tx, b.acc, parent, free); err != nil {
			return err
		}
		b.made = append(b.made, no)
	}
	f.id = id
	return nil
}

// keepFolders writes down the ids of the folders that were found or made, and
// takes back those made for pictures none of which found room.
func (b *batch) keepFolders(ctx context.Context, tx *db.Tx, items []item) error {
	used := make(map[int]bool)
	for _, i := range items {
		for no := i.folder; i.imageID != "" && !used[no]; no = b.folders[no].parent {
			used[no] = true
		}
	}
	for _, no := range slices.Backward(b.made) {
		if used[no] {
			continue
		}
		if err := imagebed.UnmakeFolder(ctx, tx, b.acc, b.folders[no].id); err != nil {
			return err
		}
		b.folders[no].id = ""
	}
	for no, f := range b.folders {
		if f.id == "" || b.work.folders[no].id != "" {
			continue
		}
		if _, err := tx.Exec(ctx, setFolderID, b.acc, b.Seq, no, f.id); err != nil {
			return err
		}
	}
	return nil
}

// write writes publications, outcomes and counters.
func (b *batch) write(ctx context.Context, tx *db.Tx, items []item) error {
	published := slices.DeleteFunc(slices.Clone(items), func(i item) bool { return i.imageID == "" })
	_, err := tx.ExecRows(ctx, insertPublications, nil, len(published), func(n int) []any {
		i := published[n]
		return []any{b.acc, i.imageID, b.Seq, i.seq, i.driveID, i.parent, i.name, i.etag, tx.Micros()}
	})
	if err != nil {
		return err
	}
	killpoint.Here("copytask.batch.publications")
	changed, err := tx.ExecRows(ctx, setOutcomes, []any{b.acc, b.Seq}, len(items), func(n int) []any {
		i := items[n]
		return []any{i.seq, i.outcome, i.reason, i.imageID, i.failNo}
	})
	if err != nil {
		return err
	}
	if changed != int64(len(items)) {
		return errSettledTwice
	}
	killpoint.Here("copytask.batch.outcomes")
	_, err = tx.Exec(ctx, setCounts, b.acc, b.Seq, b.counts.Copied, b.counts.Replaced, b.counts.Failed, b.counts.Bytes)
	return err
}
