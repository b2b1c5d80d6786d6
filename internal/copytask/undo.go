package copytask

import (
	"context"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/queue"
)

// Undone is what undoing a task has come to.
type Undone struct {
	Removed  int // images that the task had made
	Restored int // images that show again what they showed before the task
	Kept     []KeptImage
}

// KeptImage is an image that stays as it is, and why.
type KeptImage struct {
	ID      imagebed.ID
	DriveID drive.ID
	Name    string // in the bed
	Reason  Reason
}

// Undo takes back what a task has done, as far as nobody has touched it since: images
// that it made are removed, and the folders that it made and that are empty then; images
// that it re-published show again what they showed before. What it replaced stays. In one
// transaction, so that all of it is undone or nothing; said again, it does what is left.
// A dry run changes nothing and answers the same.
//
// fault.TaskNotFound where the account has no task of that id, fault.TaskGoesOn where it
// has not ended.
func (t *Tasks) Undo(ctx context.Context, acc account.ID, id ID, dry bool) (Undone, error) {
	var u *undoing
	run, owner := t.db.Write, account.Lock
	if dry {
		run, owner = t.db.Read, account.Read
	}
	err := run(ctx, "copytask: undo", func(tx *db.Tx) error {
		a, err := owner(ctx, tx, acc)
		if err != nil {
			return err
		}
		task, err := queue.Find(ctx, tx, queue.Copy, int64(acc), string(id))
		if err != nil {
			return err
		}
		if task.State.Unfinished() {
			return fault.New(fault.TaskGoesOn, "copytask: undo")
		}
		u = &undoing{acc: a, seq: task.Seq}
		if err := u.decide(ctx, tx); err != nil || dry {
			return err
		}
		return u.write(ctx, tx)
	})
	if err != nil {
		return Undone{}, err
	}
	return Undone{Removed: len(u.remove), Restored: len(u.restore), Kept: u.kept}, nil
}

// undoing is one call of Undo.
type undoing struct {
	acc     account.Account
	seq     int64
	folders []targetFolder

	remove   []imagebed.Image
	restore  []imagebed.Showing
	restored []int // seqs of the items behind restore
	kept     []KeptImage
}

// done is an item that was published, with its publication. That is gone with its image.
type done struct {
	item
	publishedAt int64
	wasBlob     int64
	wasEtag     string
	wasSize     int64
	wasUpdated  int64
}

func (u *undoing) decide(ctx context.Context, tx *db.Tx) (err error) {
	if u.folders, err = readFolders(ctx, tx, u.acc.ID, u.seq); err != nil {
		return err
	}
	items, err := db.Collect(ctx, tx, func(row db.Row) (d done, err error) {
		return d, row.Scan(&d.seq, &d.driveID, &d.name, &d.etag, &d.size, &d.outcome, &d.imageID, &d.onto, &d.folder,
			&d.publishedAt, &d.wasBlob, &d.wasEtag, &d.wasSize, &d.wasUpdated)
	}, selectDone, u.acc.ID, u.seq)
	if err != nil {
		return err
	}
	var ids []imagebed.ID
	var former []int64
	for _, d := range items {
		ids = append(ids, d.imageID)
		if d.wasBlob != 0 {
			former = append(former, d.wasBlob)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	images, err := imagebed.Published(ctx, tx, u.acc.ID, ids)
	if err != nil {
		return err
	}
	last, err := lastPublications(ctx, tx, u.acc.ID, ids)
	if err != nil {
		return err
	}
	slices.Sort(former)
	contents, err := blob.States(ctx, tx, int64(u.acc.ID), slices.Compact(former))
	if err != nil {
		return err
	}
	room := u.acc.Room()
	for _, d := range items {
		img, there := images[d.imageID]
		if !there {
			continue // gone with a folder that is being deleted
		}
		reason := u.touched(d, img, last[d.imageID])
		switch {
		case reason != "":
		case d.outcome == Copied:
			u.remove = append(u.remove, img)
		case d.onto == "":
			reason = WasReplaced
		default:
			now := imagebed.Showing{Image: img, BlobID: d.wasBlob, Size: d.wasSize, Etag: d.wasEtag, UpdatedAt: d.wasUpdated}
			if reason, err = u.former(ctx, tx, &now, contents[d.wasBlob]); err != nil {
				return err
			}
			if reason == "" && now.Size-img.Size > room {
				reason = QuotaExceeded
			}
			if reason == "" {
				room -= now.Size - img.Size
				u.restore = append(u.restore, now)
				u.restored = append(u.restored, d.seq)
			}
		}
		if reason != "" {
			u.kept = append(u.kept, KeptImage{img.ID, d.driveID, img.Name, reason})
		}
	}
	return nil
}

// former says why the former content of an image can't be shown again; "" where it can.
// What was lost and came again has another row, and is the same.
func (u *undoing) former(ctx context.Context, tx *db.Tx, now *imagebed.Showing, state blob.State) (Reason, error) {
	switch state {
	case blob.Live:
		return "", nil
	case blob.Blocked:
		return SourceBlocked, nil
	}
	id, found, err := blob.Find(ctx, tx, int64(u.acc.ID), now.Etag, now.Size)
	if err != nil || !found {
		return FormerGone, err
	}
	states, err := blob.States(ctx, tx, int64(u.acc.ID), []int64{id})
	if err == nil && states[id] == blob.Blocked {
		return SourceBlocked, nil
	}
	now.BlobID = id
	return "", err
}

// touched says what has happened to an image since an item of the task was published
// there; "" for nothing. Whatever touches an image sets its time.
func (u *undoing) touched(d done, img imagebed.Image, last publicationKey) Reason {
	switch {
	case last != publicationKey{u.seq, d.seq}:
		return Republished
	case d.outcome == Replaced && d.onto == "":
		return "" // it is kept for another reason
	case img.Etag != d.etag || img.Size != d.size:
		return WasChanged
	case d.outcome == Copied && img.Folder != u.folders[d.folder].id:
		return WasMoved
	case img.UpdatedAt.UnixMicro() != d.publishedAt:
		return WasTouched
	}
	return ""
}

func (u *undoing) write(ctx context.Context, tx *db.Tx) error {
	if len(u.remove)+len(u.restore) > 0 {
		if _, err := tx.Exec(ctx, setTaskUndone, u.acc.ID, u.seq, tx.Micros()); err != nil {
			return err
		}
	}
	if err := imagebed.Remove(ctx, tx, u.acc.ID, u.remove); err != nil {
		return err
	}
	killpoint.Here("copytask.undo.removed")
	// A task either makes images or re-publishes: the quota is what the lock said.
	if _, err := imagebed.Show(ctx, tx, u.acc, u.restore); err != nil {
		return err
	}
	_, err := tx.ExecRows(ctx, setUndone, []any{u.acc.ID, u.seq, tx.Micros()}, len(u.restore), func(n int) []any {
		return []any{u.restore[n].Image.ID, u.restored[n]}
	})
	if err != nil {
		return err
	}
	needed, err := u.needed(ctx, tx)
	if err != nil {
		return err
	}
	// Those below before those above.
	var tiers [][]imagebed.Made
	depth := make([]int, len(u.folders))
	for no := 1; no < len(u.folders); no++ { // a folder's number is above its parent's
		f := u.folders[no]
		depth[no] = depth[f.parent] + 1
		if f.madeAt == 0 || needed[f.id] {
			continue
		}
		for len(tiers) <= depth[no] {
			tiers = append(tiers, nil)
		}
		tiers[depth[no]] = append(tiers[depth[no]], imagebed.Made{ID: f.id, At: f.madeAt})
	}
	for _, t := range slices.Backward(tiers) {
		if err := imagebed.RemoveEmpty(ctx, tx, u.acc.ID, t); err != nil {
			return err
		}
	}
	killpoint.Here("copytask.undo.half")
	return nil
}

// needed are the folders that tasks which have not ended publish into: they stay, even if
// they are empty.
func (u *undoing) needed(ctx context.Context, tx *db.Tx) (map[imagebed.ID]bool, error) {
	ids := make(map[imagebed.ID]bool)
	err := tx.Each(ctx, func(row db.Row) error {
		var id imagebed.ID
		err := row.Scan(&id)
		ids[id] = true
		return err
	}, selectNeeded, u.acc.ID, queue.Copy)
	return ids, fault.Wrap(err, "copytask: folders of unfinished tasks")
}

// publicationKey names a publication of an image. The tasks of an account run one after
// the other, so that a later one has a greater key.
type publicationKey struct {
	task int64
	item int
}

// lastPublications answers by which publication each of some images shows what it shows,
// as far as that was no upload.
func lastPublications(ctx context.Context, tx *db.Tx, acc account.ID, images []imagebed.ID) (map[imagebed.ID]publicationKey, error) {
	last := make(map[imagebed.ID]publicationKey, len(images))
	err := db.InChunks([]any{acc}, images, func(n int, args []any) error {
		return tx.Each(ctx, func(row db.Row) error {
			var id imagebed.ID
			var k publicationKey
			err := row.Scan(&id, &k.task, &k.item)
			last[id] = k
			return err
		}, publicationsOf[n], args...)
	})
	return last, fault.Wrap(err, "copytask: publications")
}
