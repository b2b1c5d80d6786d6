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
)

// Chosen are the images of a re-publishing, named in one of three ways.
type Chosen struct {
	Files  []drive.ID    // the images whose present source each is, see presentSources
	Images []imagebed.ID // themselves
	Folder imagebed.ID   // all that are in a folder of the bed and below, as imagebed.FolderIn takes it
}

// Republish makes a task that puts the drive's present picture behind the links of images:
// the file that has the place now of the one that an image was published of, else that
// one where it is still there. Id, link and name stay. What shows that picture already,
// and what was never published, is skipped; what has no source any more fails. The plan is
// written down with the task. Of a folder the first thousand skips are.
//
// fault.NotFound for a file or image that is not there, fault.NotFile for a folder among
// them, fault.ParentNotFound and fault.NotFolder for the folder, fault.TooManyIDs,
// fault.NotPublished where there is no image to be looked at, fault.TooManyImages where
// there are more than a task may have, of a folder more that are not up to date, or more
// than can be looked at, fault.TooManyTasks as Create.
func (t *Tasks) Republish(ctx context.Context, acc account.ID, c Chosen) (ID, error) {
	if max(len(c.Files), len(c.Images)) > t.limits.IDs {
		return "", fault.New(fault.TooManyIDs, "copytask: republish", t.limits.IDs)
	}
	var below survey
	if len(c.Files) == 0 && len(c.Images) == 0 {
		var err error
		if below, err = t.survey(ctx, acc, c.Folder); err != nil {
			return "", err
		}
	}
	id := newID()
	err := t.db.Write(ctx, "copytask: republish", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		if err := t.mayBegin(ctx, tx, acc); err != nil {
			return err
		}
		images, err := c.images(ctx, tx, acc, below, t.limits.Images+1)
		switch {
		case err != nil:
			return err
		case len(images) == 0:
			return fault.New(fault.NotPublished, "copytask: republish")
		case len(c.Files) > 0 && len(images) > t.limits.Images: // and perhaps more
			return fault.New(fault.TooManyImages, "copytask: republish", t.limits.Images)
		}
		root, err := imagebed.FolderIn(ctx, tx, acc, "")
		if err != nil {
			return err
		}
		p := newPlanner(acc, t.limits, []targetFolder{{id: root}})
		sources, err := p.republish(ctx, tx, images)
		if err != nil {
			return err
		}
		if p.images > t.limits.Images {
			return fault.New(fault.TooManyImages, "copytask: republish", t.limits.Images)
		}
		p.skipped += below.unnoted
		seq, err := add(ctx, tx, acc, id, root, nil, sources, "")
		if err != nil {
			return err
		}
		killpoint.Here("copytask.republish.half")
		return p.write(ctx, tx, seq)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// survey is what was found below a folder: the images that are to be re-published, and the
// first of those that are not.
type survey struct {
	images  []imagebed.ID
	unnoted int // how many more are to be skipped
}

// survey looks through a folder of the bed, before anything is locked.
func (t *Tasks) survey(ctx context.Context, acc account.ID, folder imagebed.ID) (s survey, err error) {
	err = t.thinking(ctx, acc, "copytask: republish", func(ctx context.Context, tx *db.Tx) error {
		s = survey{}
		ids, err := imagebed.Below(ctx, tx, acc, folder, maxCounted+1)
		if err != nil {
			return err
		}
		if len(ids) > maxCounted {
			return fault.New(fault.TooManyImages, "copytask: republish", maxCounted)
		}
		skipped := 0
		for some := range slices.Chunk(ids, maxNoted) {
			skips, err := t.upToDate(ctx, tx, acc, some)
			if err != nil {
				return err
			}
			for _, id := range some {
				if skips[id] {
					if skipped++; skipped > maxNoted {
						s.unnoted++
						continue
					}
				}
				s.images = append(s.images, id)
			}
			if len(s.images)-min(skipped, maxNoted) > t.limits.Images {
				return fault.New(fault.TooManyImages, "copytask: republish", t.limits.Images)
			}
		}
		return nil
	})
	return s, err
}

// upToDate are those of some images that a re-publishing would skip.
func (t *Tasks) upToDate(ctx context.Context, tx *db.Tx, acc account.ID, ids []imagebed.ID) (map[imagebed.ID]bool, error) {
	images, err := imagebed.Published(ctx, tx, acc, ids)
	if err != nil {
		return nil, err
	}
	from, files, err := originsOf(ctx, tx, acc, ids)
	if err != nil {
		return nil, err
	}
	skips := make(map[imagebed.ID]bool)
	for id, img := range images {
		_, published := from[id]
		e, there := files[id]
		outcome, _ := t.limits.again(img, e, published, there)
		skips[id] = outcome == Skipped
	}
	return skips, nil
}

// images finds what was chosen, in order; so many at most where neither images nor a folder
// were named. What is below a folder was found before, and may have gone since.
func (c Chosen) images(ctx context.Context, tx *db.Tx, acc account.ID, below survey, most int) ([]imagebed.Image, error) {
	switch {
	case len(c.Files) > 0:
		return imagesOf(ctx, tx, acc, dedupe(c.Files), most)
	case len(c.Images) > 0:
		return imagebed.ImagesByID(ctx, tx, acc, dedupe(c.Images))
	}
	byID, err := imagebed.Published(ctx, tx, acc, below.images)
	list := make([]imagebed.Image, 0, len(byID))
	for _, id := range below.images {
		if i, there := byID[id]; there {
			list = append(list, i)
		}
	}
	return list, err
}

// imagesOf finds the images whose present source each of some files is, in order of the
// files where there are fewer than a limit, else any so many.
func imagesOf(ctx context.Context, tx *db.Tx, acc account.ID, ids []drive.ID, most int) ([]imagebed.Image, error) {
	found, err := drive.Lookup(ctx, tx, acc, ids)
	if err != nil {
		return nil, err
	}
	files := make([]drive.Entry, len(ids))
	for n, id := range ids {
		e, there := found[id]
		switch {
		case !there || e.Trashed != drive.Live:
			return nil, fault.New(fault.NotFound, "copytask: republish", int64(id))
		case e.IsFolder():
			return nil, fault.New(fault.NotFile, "copytask: republish", int64(id))
		}
		files[n] = e
	}
	images, sum := make([][]imagebed.Image, len(files)), 0
	err = eachLink(ctx, tx, acc, files, func(n int, l Link, source bool) bool {
		if source && sum < most {
			images[n] = append(images[n], l.Image)
			sum++
		}
		return sum < most
	})
	return slices.Concat(images...), err
}

// republish plans what becomes of images, and answers the files that they come from.
func (p *planner) republish(ctx context.Context, tx *db.Tx, images []imagebed.Image) ([]source, error) {
	ids := make([]imagebed.ID, len(images))
	for n, i := range images {
		ids[n] = i.ID
	}
	from, files, err := originsOf(ctx, tx, p.acc, ids)
	if err != nil {
		return nil, err
	}
	at := make(map[drive.ID][]*level)
	sources := make(map[drive.ID]source)
	for _, img := range images {
		o, published := from[img.ID]
		e, there := files[img.ID]
		if !there { // what it was
			e = drive.Entry{ID: o.file, Parent: o.place.Parent, Name: o.place.Name, Class: picture.Eligible, Etag: img.Etag, Size: img.Size}
		}
		if !published {
			e.Parent, e.Name = nowhere, img.Name
		}
		if at[e.Parent] == nil {
			l := &level{id: e.Parent, dir: -1}
			if published {
				if l.path, err = drive.Path(ctx, tx, p.acc, e.Parent); err != nil {
					return nil, err
				}
			} else {
				l.id = drive.Root
			}
			at[e.Parent] = []*level{l}
		}
		sources[e.ID] = source{e.ID, e.Class, e.Name, max(e.Parent, drive.Root)}
		p.again(at[e.Parent], img, e, published, there)
	}
	return slices.Collect(maps.Values(sources)), nil
}

// nowhere stands for the folder of an image that no file was published at.
const nowhere drive.ID = -1

// again says what becomes of an image whose source a file is: Open where it is to show it.
func (l Limits) again(img imagebed.Image, e drive.Entry, published, there bool) (Outcome, Reason) {
	switch {
	case !published:
		return Skipped, NoSource
	case !there:
		return Failed, SourceDeleted
	case l.class(e) != picture.Eligible:
		return Skipped, skipReason(l.class(e))
	case e.Etag == img.Etag && e.Size == img.Size:
		return Skipped, UpToDate
	}
	return Open, ""
}

// again plans what becomes of one image.
func (p *planner) again(way []*level, img imagebed.Image, e drive.Entry, published, there bool) {
	i := item{driveID: e.ID, name: e.Name, blobID: e.BlobID, etag: e.Etag, size: e.Size, parent: way[0].id, onto: img.ID}
	i.outcome, i.reason = p.limits.again(img, e, published, there)
	switch i.outcome {
	case Skipped:
		p.skipped++
	case Failed:
		p.images++
		p.failed++
		i.failNo = p.failed
	default:
		p.images++
	}
	d := p.add(way, i)
	p.dirs[d].folder = 0
}

// republish has images show the pictures of the batch that are meant for them.
func (b *batch) republish(ctx context.Context, tx *db.Tx, items []item) error {
	var ids []imagebed.ID
	for _, i := range items {
		if i.onto != "" && i.reason == "" {
			ids = append(ids, i.onto)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	images, err := imagebed.Published(ctx, tx, b.acc, ids)
	if err != nil {
		return err
	}
	acc, err := account.Lock(ctx, tx, b.acc)
	if err != nil {
		return err
	}
	var list []imagebed.Showing
	for n := range items {
		i := &items[n]
		if i.onto == "" || i.reason != "" {
			continue
		}
		var there bool
		if i.was, there = images[i.onto]; !there {
			i.reason = ImageDeleted
			continue
		}
		list = append(list, imagebed.Showing{Image: i.was, BlobID: i.blobID, Size: i.size, Etag: i.etag, UpdatedAt: tx.Micros()})
	}
	noRoom, err := imagebed.Show(ctx, tx, acc, list)
	if err != nil {
		return err
	}
	killpoint.Here("copytask.batch.republished")
	for n := range items {
		i := &items[n]
		switch {
		case i.onto == "" || i.reason != "":
		case noRoom[i.onto]:
			i.reason = QuotaExceeded
		default:
			i.outcome, i.imageID = Replaced, i.onto
			b.counts.Replaced++
			b.counts.Bytes += i.size
		}
	}
	return nil
}
