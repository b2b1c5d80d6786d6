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
	batches := cut(w, t.batch)
	if len(batches) == 0 {
		batches = [][]item{nil} // everything was settled before: what is left is the end
	}
	for n, items := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &batch{work: w, bed: shelf{t.bed, w.acc}, watch: t.watch, items: items, last: n == len(batches)-1}
		if err := t.db.Write(ctx, "copytask: publish", func(tx *db.Tx) error { return b.run(ctx, tx) }); err != nil {
			return err
		}
		w.folders = b.folders
		killpoint.Here("copytask.batch.committed")
	}
	return nil
}

// cut takes whole target folders, those above before those below, until a batch has
// so many items or needs so many folders, those above its own included. What a
// batch needs depends on its own items alone, so that names depend neither on where
// a batch ends nor on where a kill fell.
func cut(w *work, limit bound) (batches [][]item) {
	byFolder := make(map[int][]item)
	for _, i := range w.open {
		byFolder[i.folder] = append(byFolder[i.folder], i)
	}
	var batch []item
	need := make(map[int]bool)
	for _, f := range slices.Sorted(maps.Keys(byFolder)) { // a folder's number is above its parent's
		batch = append(batch, byFolder[f]...)
		chain(w.folders, f, need)
		if len(batch) >= limit.items || len(need) >= limit.folders {
			batches, batch = append(batches, batch), nil
			clear(need)
		}
	}
	if len(batch) > 0 {
		batches = append(batches, batch)
	}
	return batches
}

// chain adds a folder and those above it, the target not, to a set.
func chain(folders []targetFolder, no int, to map[int]bool) {
	for ; no != 0 && !to[no]; no = folders[no].parent {
		to[no] = true
	}
}

// bed is where a batch shows its pictures: the account's, or a draft of it.
type bed interface {
	Subfolders(ctx context.Context, tx *db.Tx, want []imagebed.Wanted, not map[imagebed.ID]bool) ([]imagebed.Subfolder, error)
	Place(ctx context.Context, tx *db.Tx, in []imagebed.Incoming) ([]imagebed.Placed, error)
}

// shelf is the bed of an account, whose row is locked.
type shelf struct {
	bed *imagebed.Bed
	acc account.ID
}

func (s shelf) Subfolders(ctx context.Context, tx *db.Tx, want []imagebed.Wanted, not map[imagebed.ID]bool) ([]imagebed.Subfolder, error) {
	return imagebed.Subfolders(ctx, tx, s.acc, want, not)
}

func (s shelf) Place(ctx context.Context, tx *db.Tx, in []imagebed.Incoming) ([]imagebed.Placed, error) {
	acc, err := account.Lock(ctx, tx, s.acc) // again: what was placed before took some of the quota
	if err != nil {
		return nil, err
	}
	return s.bed.Place(ctx, tx, acc, in, 0)
}

// batch is one transaction. Its function may run more than once, so everything it
// finds out begins afresh in run.
type batch struct {
	*work
	bed   bed
	watch Watch
	items []item
	last  bool

	folders  []targetFolder       // as they are after the batch
	resolved []int                // numbers of the folders that this batch finds or makes, those above first
	made     map[int]bool         // which of these it makes
	depth    map[int]int          // how deep folders are in the bed, as far as it was asked
	known    map[imagebed.ID]bool // the folders that stand for a planned one
	gone     map[int]bool         // numbers of the folders that were deleted
	counts   Counts
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
	b.folders, b.resolved, b.counts = slices.Clone(b.work.folders), nil, Counts{}
	b.made, b.depth, b.known, b.gone = make(map[int]bool), make(map[int]int), make(map[imagebed.ID]bool), make(map[int]bool)
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

// publish settles every item of the batch.
func (b *batch) publish(ctx context.Context, tx *db.Tx) error {
	items := slices.Clone(b.items)
	sources, err := b.findSources(ctx, tx, items)
	if err != nil {
		return err
	}
	if err := b.checkContent(ctx, tx, items); err != nil {
		return err
	}
	if err := b.findGone(ctx, tx, items); err != nil {
		return err
	}
	if err := b.republish(ctx, tx, items); err != nil {
		return err
	}
	if err := b.show(ctx, tx, items, sources); err != nil {
		return err
	}
	if err := b.keepFolders(ctx, tx, items); err != nil {
		return err
	}
	return b.write(ctx, tx, items)
}

// show brings the items that have not failed into the bed, one level of the target
// folders after the other. Pictures take their names before the folders beside them:
// what a folder could not be called the first time, because a picture was, it can't be
// called the next time either, and is found again.
func (b *batch) show(ctx context.Context, tx *db.Tx, items []item, sources map[drive.ID]drive.Entry) error {
	for _, t := range b.tiers(items) {
		if err := b.resolve(ctx, tx, t.missing); err != nil {
			return err
		}
		fit := t.items[:0]
		for _, i := range t.items {
			if b.folders[i.folder].id == "" {
				i.reason = BedTooDeep
			} else {
				fit = append(fit, i)
			}
		}
		if len(fit) == 0 {
			continue
		}
		if err := b.place(ctx, tx, fit, sources); err != nil {
			return err
		}
	}
	for n := range items {
		if i := &items[n]; i.reason != "" {
			b.counts.Failed++
			i.outcome, i.failNo = Failed, b.counts.Failed
		}
	}
	return nil
}

// tier is what happens as far below the target: the planned folders that have no
// id yet and are above items of the batch, then the items in folders there.
type tier struct {
	missing []int
	items   []*item
}

// tiers are those of the items that have not failed, from the target on.
func (b *batch) tiers(items []item) (list []tier) {
	need := map[int]bool{0: true}
	byFolder := make(map[int][]*item)
	for n := range items {
		if i := &items[n]; i.reason == "" && i.onto == "" {
			chain(b.folders, i.folder, need)
			byFolder[i.folder] = append(byFolder[i.folder], i)
		}
	}
	depth := make(map[int]int)
	for _, no := range slices.Sorted(maps.Keys(need)) { // a folder's number is above its parent's
		if no > 0 {
			depth[no] = depth[b.folders[no].parent] + 1
		}
		if depth[no] == len(list) {
			list = append(list, tier{})
		}
		t := &list[depth[no]]
		if b.folders[no].id == "" {
			t.missing = append(t.missing, no)
		}
		t.items = append(t.items, byFolder[no]...)
	}
	return list
}

// place shows the items of one tier in the bed.
func (b *batch) place(ctx context.Context, tx *db.Tx, items []*item, sources map[drive.ID]drive.Entry) error {
	in := make([]imagebed.Incoming, len(items))
	for n, i := range items {
		in[n] = imagebed.Incoming{
			Folder: b.folders[i.folder].id, Name: i.name, BlobID: i.blobID, Size: i.size, Etag: i.etag,
			UpdatedAt: sources[i.driveID].UpdatedAt.UnixMicro(),
			New:       b.made[i.folder],
		}
	}
	killpoint.Here("copytask.batch.folders")
	placed, err := b.bed.Place(ctx, tx, in)
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
		i.imageID, i.shownAs = p.ID, p.Name
		b.counts.Bytes += i.size
	}
	return nil
}

// findSources finds what can't be published any more: a source that was renamed or moved
// is published as planned, one that was deleted, trashed or replaced is not. Lost
// content that was uploaded again has another row, and is the same.
func (b *batch) findSources(ctx context.Context, tx *db.Tx, items []item) (map[drive.ID]drive.Entry, error) {
	ids := make([]drive.ID, len(items))
	for n, i := range items {
		ids[n] = i.driveID
	}
	sources, err := drive.Lookup(ctx, tx, b.acc, ids)
	if err != nil {
		return nil, err
	}
	for n := range items {
		i := &items[n]
		e, there := sources[i.driveID]
		if !there || e.Trashed != drive.Live || e.Etag != i.etag || e.Size != i.size {
			i.reason = SourceDeleted
			continue
		}
		i.blobID = e.BlobID
	}
	return sources, nil
}

// checkContent finds the items whose content can't be shown.
func (b *batch) checkContent(ctx context.Context, tx *db.Tx, items []item) error {
	var blobs []int64
	for _, i := range items {
		if i.reason == "" {
			blobs = append(blobs, i.blobID)
		}
	}
	slices.Sort(blobs)
	states, err := blob.States(ctx, tx, int64(b.acc), slices.Compact(blobs))
	if err != nil {
		return err
	}
	for n := range items {
		i := &items[n]
		switch state, known := states[i.blobID]; {
		case i.reason != "":
		case !known || state == blob.Missing:
			i.reason = ContentMissing
		case state == blob.Blocked:
			i.reason = SourceBlocked
		case state == blob.Damaged:
			i.reason = ContentDamaged
		}
	}
	return nil
}

// findGone finds the target folders of items that were written down and are gone,
// with all below them. None of them is ever made a second time.
func (b *batch) findGone(ctx context.Context, tx *db.Tx, items []item) error {
	need := map[int]bool{0: true}
	for _, i := range items {
		chain(b.folders, i.folder, need)
	}
	numbers := slices.Sorted(maps.Keys(need))
	var ids []imagebed.ID
	for _, no := range numbers {
		if id := b.folders[no].id; id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	there, err := imagebed.Folders(ctx, tx, b.acc, ids)
	if err != nil {
		return err
	}
	for _, no := range numbers {
		// A folder's number is above its parent's.
		f := b.folders[no]
		b.gone[no] = f.id != "" && !there[f.id] || no > 0 && b.gone[f.parent]
	}
	for n := range items {
		if i := &items[n]; i.reason == "" && i.onto == "" && b.gone[i.folder] {
			i.reason = TargetDeleted
		}
	}
	return nil
}

// resolve finds or makes planned folders of one tier, as one set. Two planned
// folders never become one, even where one of them had to take another name. Where
// the target was moved since it was planned, and the bed would pass its depth, they
// stay without an id.
func (b *batch) resolve(ctx context.Context, tx *db.Tx, numbers []int) error {
	fit := numbers[:0]
	for _, no := range numbers {
		parent := b.folders[no].parent
		if b.folders[parent].id == "" {
			continue
		}
		depth, known := b.depth[parent]
		if !known {
			var err error
			if depth, err = imagebed.Depth(ctx, tx, b.acc, b.folders[parent].id); err != nil {
				return err
			}
			b.depth[parent] = depth
		}
		if depth < imagebed.MaxDepth {
			b.depth[no] = depth + 1
			fit = append(fit, no)
		}
	}
	if numbers = fit; len(numbers) == 0 {
		return nil
	}
	if len(b.resolved) == 0 {
		for _, f := range b.folders {
			if f.id != "" {
				b.known[f.id] = true
			}
		}
	}
	want := make([]imagebed.Wanted, len(numbers))
	for n, no := range numbers {
		f := b.folders[no]
		want[n] = imagebed.Wanted{Parent: b.folders[f.parent].id, Name: f.name}
	}
	found, err := b.bed.Subfolders(ctx, tx, want, b.known)
	if err != nil {
		return err
	}
	for n, no := range numbers {
		b.folders[no].id, b.folders[no].shownAs = found[n].ID, found[n].Name
		if found[n].Made {
			b.made[no] = true
		}
	}
	b.resolved = append(b.resolved, numbers...)
	return nil
}

// keepFolders writes down the ids of the folders that were found or made, and
// takes back those made for pictures none of which found room.
func (b *batch) keepFolders(ctx context.Context, tx *db.Tx, items []item) error {
	used := make(map[int]bool)
	for _, i := range items {
		if i.imageID != "" {
			chain(b.folders, i.folder, used)
		}
	}
	var unused []imagebed.ID
	var kept []int
	for _, no := range slices.Backward(b.resolved) { // those below first
		f := &b.folders[no]
		if b.made[no] && !used[no] {
			unused = append(unused, f.id)
			f.id = ""
		} else {
			kept = append(kept, no)
		}
	}
	if err := imagebed.UnmakeFolders(ctx, tx, b.acc, unused); err != nil {
		return err
	}
	_, err := tx.ExecRows(ctx, setFolderIDs, []any{b.acc, b.Seq}, len(kept), func(i int) []any {
		madeAt := int64(0)
		if b.made[kept[i]] {
			madeAt = tx.Micros()
		}
		return []any{kept[i], b.folders[kept[i]].id, madeAt}
	})
	return err
}

// write writes publications, outcomes and counters.
func (b *batch) write(ctx context.Context, tx *db.Tx, items []item) error {
	var published, republished []item
	for _, i := range items {
		switch {
		case i.imageID == "":
		case i.onto != "":
			republished = append(republished, i)
		default:
			published = append(published, i)
		}
	}
	row := func(i item) []any {
		return []any{b.acc, i.imageID, b.Seq, i.seq, i.driveID, i.parent, i.name, i.etag, tx.Micros()}
	}
	_, err := tx.ExecRows(ctx, insertPublications, nil, len(published), func(n int) []any { return row(published[n]) })
	if err != nil {
		return err
	}
	_, err = tx.ExecRows(ctx, insertRepublications, nil, len(republished), func(n int) []any {
		was := republished[n].was
		return append(row(republished[n]), was.BlobID, was.Etag, was.Size, was.UpdatedAt.UnixMicro())
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
	b.watch.items(tx, items)
	killpoint.Here("copytask.batch.outcomes")
	_, err = tx.Exec(ctx, setCounts, b.acc, b.Seq, b.counts.Copied, b.counts.Replaced, b.counts.Failed, b.counts.Bytes)
	return err
}
