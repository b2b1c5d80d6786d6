package copytask

import (
	"context"
	"maps"
	"slices"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// Where pictures of the drive are published. A publication refers to a file when it was
// made of it, or of an older one that had the file's folder and name. A file is published
// at an image when a publication of the image that is not undone refers to it, and either
// the image's present source is the file, see presentSources, or the image shows the
// file's content now. The link is current where it shows that content, else outdated.
// Of an image the last publication is that of the last task: those of an account run one
// after the other, whatever the clocks of their machines say.

// So many links are told, those of the newest images.
const (
	MaxLinks    = 100  // of one file
	MaxAllLinks = 1000 // of all files of an answer
)

// Link is where a file is published.
type Link struct {
	imagebed.Image
	Path    string    // of the image in the bed, its name included
	Task    ID        // the last one that published the file there
	At      time.Time // when it did
	Current bool      // it shows what the file is now

	seq int64 // of the task
}

// PublishedFile is a file of the drive with its links, those of the newest images first.
type PublishedFile struct {
	drive.Entry
	Links    []Link
	More     bool // there are more than are told
	Outdated bool // any of its links is, also one that is not among Links
}

// add takes one more link, and answers whether others could say anything new.
func (f *PublishedFile) add(l Link) (goOn bool) {
	if len(f.Links) < MaxLinks {
		f.Links = append(f.Links, l)
	} else {
		f.More = true
	}
	f.Outdated = f.Outdated || !l.Current
	return !f.More || !f.Outdated
}

// Published answers where files are published, in the order of the ids, one that is named
// twice once. What is missing or in the trash is passed over; fault.NotFile for a folder,
// fault.TooManyIDs.
func (t *Tasks) Published(ctx context.Context, acc account.ID, ids []drive.ID) (list []PublishedFile, err error) {
	if len(ids) > drive.MaxIDs {
		return nil, fault.New(fault.TooManyIDs, "copytask: published", drive.MaxIDs)
	}
	err = t.db.Read(ctx, "copytask: published", func(tx *db.Tx) error {
		found, err := drive.Lookup(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		var files []drive.Entry
		for _, id := range dedupe(ids) {
			switch e, ok := found[id]; {
			case !ok || e.Trashed != drive.Live:
			case e.IsFolder():
				return fault.New(fault.NotFile, "copytask: published", int64(id))
			default:
				files = append(files, e)
			}
		}
		list, err = publishedAt(ctx, tx, acc, files)
		return err
	})
	return list, err
}

// PublishedIn answers where the pictures right in a folder are published, in order of id
// from the one after a given id on; next is the id to go on after where there are more.
// fault.NotFound and fault.NotFolder as drive.Pictures.
func (t *Tasks) PublishedIn(ctx context.Context, acc account.ID, folder, after drive.ID, limit int) (list []PublishedFile, next drive.ID, more bool, err error) {
	err = t.db.Read(ctx, "copytask: published", func(tx *db.Tx) error {
		p, err := drive.Pictures(ctx, tx, acc, folder, after, t.limits.ImageSize, limit)
		if err != nil {
			return err
		}
		next, more = p.Next, p.More
		list, err = publishedAt(ctx, tx, acc, p.Entries)
		return err
	})
	return list, next, more, err
}

var (
	// The newest so many images of each file to which a publication refers, and the newest
	// publication that does. However long the history of an image is, two steps into an
	// index find it.
	selectReferring = db.MultiRow(`
		WITH RECURSIVE v (file, parent_id, name, before) AS (VALUES`, 3, []string{"BIGINT", "BIGINT", "TEXT", "TEXT"}, `),
		by_file (file, parent_id, name, image_id, nth) AS (
			SELECT v.file, v.parent_id, v.name, (
				SELECT p.image_id FROM publication p
				WHERE p.account_id = $1 AND p.drive_id = v.file AND p.image_id < v.before AND p.undone_at = 0
				ORDER BY p.image_id DESC LIMIT 1), 1 FROM v
			UNION ALL
			SELECT by_file.file, by_file.parent_id, by_file.name, (
				SELECT p.image_id FROM publication p
				WHERE p.account_id = $1 AND p.drive_id = by_file.file AND p.image_id < by_file.image_id AND p.undone_at = 0
				ORDER BY p.image_id DESC LIMIT 1), by_file.nth + 1 FROM by_file WHERE by_file.image_id IS NOT NULL AND by_file.nth < $2),
		by_place (file, parent_id, name, image_id, nth) AS (
			SELECT v.file, v.parent_id, v.name, (
				SELECT p.image_id FROM publication p
				WHERE p.account_id = $1 AND p.parent_id = v.parent_id AND p.name = v.name AND p.image_id < v.before AND p.undone_at = 0
				ORDER BY p.image_id DESC LIMIT 1), 1 FROM v
			UNION ALL
			SELECT by_place.file, by_place.parent_id, by_place.name, (
				SELECT p.image_id FROM publication p
				WHERE p.account_id = $1 AND p.parent_id = by_place.parent_id AND p.name = by_place.name AND p.image_id < by_place.image_id AND p.undone_at = 0
				ORDER BY p.image_id DESC LIMIT 1), by_place.nth + 1 FROM by_place WHERE by_place.image_id IS NOT NULL AND by_place.nth < $2),
		sub AS (
			SELECT file, parent_id, name, image_id FROM by_file WHERE image_id IS NOT NULL
			UNION
			SELECT file, parent_id, name, image_id FROM by_place WHERE image_id IS NOT NULL),
		s AS (SELECT file, parent_id, name, image_id, row_number() OVER (PARTITION BY file ORDER BY image_id DESC) AS nth FROM sub)
		SELECT s.file, s.image_id, (`+lastReferring("task_seq")+`), (`+lastReferring("published_at")+`)
		FROM s WHERE s.nth <= $2 ORDER BY s.file, s.image_id DESC`)
	selectLast = lastPublication("drive_id", "parent_id", "name")
)

func lastReferring(column string) string {
	return `
			SELECT p.` + column + ` FROM publication p
			WHERE p.account_id = $1 AND p.image_id = s.image_id AND p.undone_at = 0
			AND (p.drive_id = s.file OR p.parent_id = s.parent_id AND p.name = s.name)
			ORDER BY p.task_seq DESC, p.item_seq DESC LIMIT 1`
}

// pastImages is above every id of an image.
const pastImages imagebed.ID = "~"

// publishedAt tells of the links of files.
func publishedAt(ctx context.Context, tx *db.Tx, acc account.ID, files []drive.Entry) ([]PublishedFile, error) {
	out := make([]PublishedFile, len(files))
	for n, e := range files {
		out[n].Entry = e
	}
	err := eachLink(ctx, tx, acc, files, func(n int, l Link, _ bool) bool { return out[n].add(l) })
	if err != nil {
		return nil, err
	}
	share(out)
	return out, describe(ctx, tx, acc, out)
}

// share leaves the files as many links each as all of them together may have: who has few
// keeps them.
func share(files []PublishedFile) {
	for most := MaxLinks; most > 1; most-- {
		all := 0
		for n := range files {
			f := &files[n]
			if len(f.Links) > most {
				f.Links, f.More = f.Links[:most], true
			}
			all += len(f.Links)
		}
		if all <= MaxAllLinks {
			return
		}
	}
}

// eachLink finds the links of files. take is called with each, the file being the nth and
// its newest images first, and whether the file is the image's present source. Where it
// answers false it hears no more of that file.
func eachLink(ctx context.Context, tx *db.Tx, acc account.ID, files []drive.Entry, take func(n int, l Link, source bool) (goOn bool)) error {
	ask := make([]*search, len(files))
	for n, e := range files {
		ask[n] = &search{e, n, pastImages}
	}
	for len(ask) > 0 { // mostly once: few files have so many images
		var err error
		if ask, err = nextLinks(ctx, tx, acc, ask, take); err != nil {
			return err
		}
	}
	return nil
}

// search is for the links of the nth file at images older than one.
type search struct {
	drive.Entry
	n      int
	before imagebed.ID
}

// nextLinks looks at the next MaxLinks images of each file, and answers what is to be
// looked for further.
func nextLinks(ctx context.Context, tx *db.Tx, acc account.ID, ask []*search, take func(int, Link, bool) bool) (further []*search, err error) {
	of := make(map[drive.ID]*search, len(ask))
	for _, s := range ask {
		of[s.ID] = s
	}
	type reference struct {
		file     drive.ID
		image    imagebed.ID
		task, at int64
	}
	var refs []reference
	images := make(map[imagebed.ID]bool)
	err = db.Chunks(len(ask), func(from, to int) error {
		args := []any{acc, MaxLinks}
		for _, s := range ask[from:to] {
			args = append(args, s.ID, s.Parent, s.Name, s.before)
		}
		return tx.Each(ctx, func(row db.Row) error {
			var r reference
			err := row.Scan(&r.file, &r.image, &r.task, &r.at)
			refs, images[r.image] = append(refs, r), true
			return err
		}, selectReferring[to-from], args...)
	})
	if err != nil {
		return nil, fault.Wrap(err, "copytask: what refers to files")
	}
	ids := slices.Sorted(maps.Keys(images))
	shown, err := imagebed.Published(ctx, tx, acc, ids)
	if err != nil {
		return nil, err
	}
	sources, err := presentSources(ctx, tx, acc, ids)
	if err != nil {
		return nil, err
	}
	looked := make(map[drive.ID]int, len(ask))
	for _, r := range refs {
		s := of[r.file]
		if s == nil {
			continue // it has heard enough
		}
		img, there := shown[r.image]
		current, source := img.Etag == s.Etag && img.Size == s.Size, sources[r.image].ID == s.ID
		if there && (current || source) && !take(s.n, Link{Image: img, At: time.UnixMicro(r.at), Current: current, seq: r.task}, source) {
			of[r.file] = nil
		} else if looked[r.file]++; looked[r.file] == MaxLinks {
			s.before = r.image
			further = append(further, s)
		}
	}
	return further, nil
}

// describe tells of links where their images are in the bed, and their tasks.
func describe(ctx context.Context, tx *db.Tx, acc account.ID, files []PublishedFile) error {
	var folders []imagebed.ID
	seqs := make(map[int64]bool)
	for _, f := range files {
		for _, l := range f.Links {
			folders = append(folders, l.Folder)
			seqs[l.seq] = true
		}
	}
	paths, err := imagebed.Paths(ctx, tx, acc, folders)
	if err != nil {
		return err
	}
	tasks, err := queue.IDs(ctx, tx, int64(acc), slices.Sorted(maps.Keys(seqs)))
	for _, f := range files {
		for n := range f.Links {
			l := &f.Links[n]
			l.Path, l.Task = paths[l.Folder]+l.Name, ID(tasks[l.seq])
		}
	}
	return err
}

// MaxSources is how many images' sources are told at once: the way to each may be 128 folders
// long.
const MaxSources = 20

// Source is what the link of an image should show now.
type Source struct {
	Image   imagebed.ID
	File    drive.ID // 0 where it is there no more
	Path    string   // where it is in the drive, or was, its name included; "" where that folder is gone
	Etag    string
	Size    int64
	Current bool // the image shows that
}

// Sources answers the sources of images, in the order of their ids; one that is named twice
// once. An image that is not there or was never published by a task is passed over.
// fault.TooManyIDs above MaxSources.
func (t *Tasks) Sources(ctx context.Context, acc account.ID, ids []imagebed.ID) (list []Source, err error) {
	if len(ids) > MaxSources {
		return nil, fault.New(fault.TooManyIDs, "copytask: sources", MaxSources)
	}
	ids = dedupe(ids)
	err = t.db.Read(ctx, "copytask: sources", func(tx *db.Tx) error {
		list = nil
		images, err := imagebed.Published(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		from, files, err := originsOf(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		paths := make(map[drive.ID]string)
		for _, id := range ids {
			img, there := images[id]
			o, known := from[id]
			if !there || !known {
				continue
			}
			s, at := Source{Image: id}, o.place
			if e, there := files[id]; there {
				s.File, s.Etag, s.Size, at = e.ID, e.Etag, e.Size, drive.Place{Parent: e.Parent, Name: e.Name}
				s.Current = e.Etag == img.Etag && e.Size == img.Size
			}
			path, known := paths[at.Parent]
			if !known {
				if path, err = whereIs(ctx, tx, acc, at.Parent); err != nil {
					return err
				}
				paths[at.Parent] = path
			}
			if path != "" {
				s.Path = path + at.Name
			}
			list = append(list, s)
		}
		return nil
	})
	return list, err
}

// whereIs is drive.Path, "" for a folder that is there no more.
func whereIs(ctx context.Context, tx *db.Tx, acc account.ID, folder drive.ID) (string, error) {
	if folder != drive.Root {
		known, err := drive.Lookup(ctx, tx, acc, []drive.ID{folder})
		if _, there := known[folder]; err != nil || !there {
			return "", err
		}
	}
	return drive.Path(ctx, tx, acc, folder)
}

// presentSources answers of images the drive file that the link of each should show now:
// the live file that has the folder and name of the image's last publication which is not
// undone, else the one it was made of where that is live. An image without one is left out.
func presentSources(ctx context.Context, tx *db.Tx, acc account.ID, images []imagebed.ID) (map[imagebed.ID]drive.Entry, error) {
	_, files, err := originsOf(ctx, tx, acc, images)
	return files, err
}

// originsOf answers the origins of images, and the files that stand for them now.
func originsOf(ctx context.Context, tx *db.Tx, acc account.ID, images []imagebed.ID) (map[imagebed.ID]origin, map[imagebed.ID]drive.Entry, error) {
	list, err := lastOrigins(ctx, tx, acc, images)
	if err != nil {
		return nil, nil, err
	}
	from := make(map[imagebed.ID]origin, len(list))
	for _, o := range list {
		from[o.image] = o
	}
	files, err := present(ctx, tx, acc, list)
	return from, files, err
}

// origin is what an image was last published of.
type origin struct {
	image imagebed.ID
	file  drive.ID
	place drive.Place
}

// lastOrigins answers the origins of images; one that was never published, or whose
// publications are all undone, has none.
func lastOrigins(ctx context.Context, tx *db.Tx, acc account.ID, images []imagebed.ID) ([]origin, error) {
	list, err := db.CollectIn(ctx, tx, func(row db.Row) (o origin, err error) {
		return o, row.Scan(&o.image, &o.file, &o.place.Parent, &o.place.Name)
	}, selectLast, []any{acc}, images)
	return list, fault.Wrap(err, "copytask: origins")
}

// present answers the files that stand for origins now, see presentSources.
func present(ctx context.Context, tx *db.Tx, acc account.ID, list []origin) (map[imagebed.ID]drive.Entry, error) {
	files, places := make(map[drive.ID]bool), make(map[drive.Place]bool)
	for _, o := range list {
		files[o.file], places[o.place] = true, true
	}
	placed, err := drive.Placed(ctx, tx, acc, slices.Collect(maps.Keys(places)))
	if err != nil {
		return nil, err
	}
	byID, err := drive.Lookup(ctx, tx, acc, slices.Collect(maps.Keys(files)))
	if err != nil {
		return nil, err
	}
	out := make(map[imagebed.ID]drive.Entry, len(list))
	for _, o := range list {
		if e, there := placed[o.place]; there {
			out[o.image] = e
		} else if e, there := byID[o.file]; there && e.Trashed == drive.Live && !e.IsFolder() {
			out[o.image] = e
		}
	}
	return out, nil
}
