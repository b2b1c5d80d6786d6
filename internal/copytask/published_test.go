package copytask

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
)

// links are where files are published, as "file: path state, path state".
func (r *rooms) links(ids ...drive.ID) (out []string) {
	r.Helper()
	list, err := r.tasks.Published(r.ctx, r.acc, ids)
	r.must(err)
	for _, f := range list {
		var links []string
		for _, l := range f.Links {
			state := " outdated"
			if l.Current {
				state = " current"
			}
			links = append(links, l.Path+state)
		}
		out = append(out, f.Name+": "+strings.Join(links, ", "))
	}
	return out
}

func (r *rooms) linked(t *testing.T, file drive.ID, want string) {
	t.Helper()
	if got := r.links(file); len(got) != 1 || got[0] != want {
		t.Errorf("published: %q, want %q", got, want)
	}
}

// overwrite puts a file in the place of another.
func (r *rooms) overwrite(parent drive.ID, name string, content int) drive.ID {
	r.Helper()
	id, err := r.try(parent, name, content, drive.Overwrite)
	r.must(err)
	return id
}

// show lets an image show other content, as an upload into the bed does.
func (r *rooms) show(name string, content int) {
	r.Helper()
	r.exec(`UPDATE image SET etag = $3, size = $4 WHERE account_id = $1 AND name = $2`, r.acc, name, etag(content), size(content))
}

// What takes a file's place is what its links are to show: they are outdated until they do.
func TestAReplacedFileIsOutdated(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		to, album := r.mkBed("", "图 床"), r.mkdir(drive.Root, "相册")
		first := r.put(album, "a.png", 1)
		r.linked(t, first, "a.png: ")
		s := r.copy(to, first)
		r.linked(t, first, "a.png: /图 床/a.png current")
		list, err := r.tasks.Published(r.ctx, r.acc, []drive.ID{first})
		r.must(err)
		if l := list[0].Links[0]; l.Task != ID(s.ID) || l.At.Before(s.CreatedAt) || l.Etag != etag(1) || l.ID != r.tree()["图 床/a.png"].ID {
			t.Errorf("%+v, published by %+v", l, s)
		}
		second := r.overwrite(album, "a.png", 2)
		r.linked(t, second, "a.png: /图 床/a.png outdated")
		if got := r.links(first, first); got != nil {
			t.Errorf("of a file that is gone: %q", got)
		}
		again := r.copy(to, second)
		r.linked(t, second, "a.png: /图 床/a(1).png current, /图 床/a.png outdated")
		// The same picture again renews the link.
		if r.copy(to, second).Replaced != 1 {
			t.Fatal("it was published anew")
		}
		r.linked(t, second, "a.png: /图 床/a(1).png current, /图 床/a.png outdated")
		if list, err = r.tasks.Published(r.ctx, r.acc, []drive.ID{second}); err != nil || list[0].Links[0].Task == ID(again.ID) {
			t.Errorf("the task is not the last one: %+v %v", list, err)
		}
		// A publication that was undone counts for nothing, wherever the image is.
		r.exec(`UPDATE publication SET undone_at = 1 WHERE account_id = $1 AND drive_id = $2`, r.acc, second)
		r.linked(t, second, "a.png: /图 床/a.png outdated")
		r.deleteBed(to)
		r.linked(t, second, "a.png: ")
		r.trash(second)
		if got := r.links(second); got != nil {
			t.Errorf("of a file in the trash: %q", got)
		}
	})
}

// A file that was renamed or moved keeps its links, unless another one has its old place:
// then that one is what they are to show.
func TestARenamedFileKeepsItsLinks(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album, other := r.mkdir(drive.Root, "album"), r.mkdir(drive.Root, "other")
		file := r.put(album, "a.png", 1)
		r.copy("", file)
		r.exec(`UPDATE drive_entry SET name = 'b.png', parent_id = $3 WHERE account_id = $1 AND id = $2`, r.acc, file, other)
		r.linked(t, file, "b.png: /a.png current")
		r.show("a.png", 9)
		r.linked(t, file, "b.png: /a.png outdated")
		place := r.put(album, "a.png", 2)
		r.linked(t, file, "b.png: ")
		r.linked(t, place, "a.png: /a.png outdated")
		r.show("a.png", 1) // the renamed one's own content
		r.linked(t, file, "b.png: /a.png current")
		r.linked(t, place, "a.png: /a.png outdated")
		r.show("a.png", 2)
		r.linked(t, file, "b.png: ")
		r.linked(t, place, "a.png: /a.png current")
		r.trash(album) // and nobody has the place
		r.show("a.png", 9)
		r.linked(t, file, "b.png: /a.png outdated")
		r.sources(t, map[string]drive.ID{"a.png": file})
	})
}

// Of two files with one link the one that published it last is its source.
func TestTheLastPublicationIsTheSource(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		one, two := r.put(drive.Root, "1.png", 1), r.put(drive.Root, "2.png", 1)
		r.copy("", one)
		r.copy("", two) // the same picture: its image takes the name
		r.linked(t, one, "1.png: /2.png current")
		r.linked(t, two, "2.png: /2.png current")
		r.sources(t, map[string]drive.ID{"2.png": two})
		r.show("2.png", 9)
		r.linked(t, one, "1.png: ")
		r.linked(t, two, "2.png: /2.png outdated")
		// Undone, it is the one before.
		r.exec(`UPDATE publication SET undone_at = 1 WHERE account_id = $1 AND drive_id = $2`, r.acc, two)
		r.linked(t, one, "1.png: /2.png outdated")
		r.linked(t, two, "2.png: ")
		r.sources(t, map[string]drive.ID{"2.png": one})
		r.trash(one)
		r.sources(t, map[string]drive.ID{})
	})
}

// sources compares the present sources of all images, by name.
func (r *rooms) sources(t *testing.T, want map[string]drive.ID) {
	t.Helper()
	r.read(func(tx *db.Tx) error {
		names := make(map[imagebed.ID]string)
		var ids []imagebed.ID
		for name, img := range r.tree() {
			names[img.ID] = name
			ids = append(ids, img.ID)
		}
		got, err := presentSources(r.ctx, tx, r.acc, ids)
		if err != nil {
			return err
		}
		if len(got) != len(want) {
			t.Errorf("sources %+v, want %v", got, want)
		}
		for id, e := range got {
			if want[names[id]] != e.ID {
				t.Errorf("%s comes from %d, want %d", names[id], e.ID, want[names[id]])
			}
		}
		return nil
	})
}

// The links of the newest images are told, a hundred of a file; images that are no longer
// its own don't hide older ones that are. What is not told counts all the same.
// An image knows where in the drive its picture is from, and whether that is another by now.
func TestSourcesOfImages(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		same, changed, gone := r.put(album, "same.png", 1), r.put(album, "changed.png", 2), r.put(drive.Root, "gone.png", 3)
		old := r.mkdir(drive.Root, "old")
		r.put(old, "lost.png", 4)
		r.copy("", album, gone, old)
		images := r.tree()
		r.trash(old)
		if _, err := r.drive.Delete(r.ctx, r.acc, []drive.ID{old}); err != nil {
			t.Fatal(err)
		}
		next, err := r.try(album, "changed.png", 12, drive.Overwrite)
		r.must(err)
		r.trash(gone)
		var ids []imagebed.ID
		for _, path := range []string{"gone.png", "album/changed.png", "album/same.png", "old/lost.png", "album/same.png", "album/"} {
			ids = append(ids, images[path].ID)
		}
		got, err := r.tasks.Sources(r.ctx, r.acc, append(ids, "missing"))
		r.must(err)
		want := []Source{
			{Image: ids[0], Path: "/gone.png"},
			{Image: ids[1], File: next, Path: "/album/changed.png", Etag: etag(12), Size: size(12)},
			{Image: ids[2], File: same, Path: "/album/same.png", Etag: etag(1), Size: size(1), Current: true},
			{Image: ids[3]}, // nobody knows any more where that was
		}
		if next == changed || !slices.Equal(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		if got, err := r.tasks.Sources(r.ctx, r.account("other", account.NoQuota).acc, ids); err != nil || len(got) != 0 {
			t.Errorf("another account sees %+v, %v", got, err)
		}
		if _, err := r.tasks.Sources(r.ctx, r.acc, make([]imagebed.ID, MaxSources+1)); !fault.Is(err, fault.TooManyIDs) {
			t.Errorf("too many: %v", err)
		}
	})
}

func TestManyLinks(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		file, other := r.put(drive.Root, "a.png", 1), r.put(drive.Root, "b.png", 2)
		const images = 2*MaxLinks + 30
		names := make([]string, images)
		for n := range names {
			names[n] = fmt.Sprintf("%03d", n)
		}
		folders, err := r.bed.Mkdir(r.ctx, r.acc, "", names)
		r.must(err)
		r.write(func(tx *db.Tx) error {
			acc, err := account.Lock(r.ctx, tx, r.acc)
			if err != nil {
				return err
			}
			blobID, err := r.store(tx, 1)
			if err != nil {
				return err
			}
			in := make([]imagebed.Incoming, images)
			for n := range in {
				in[n] = imagebed.Incoming{Folder: folders[n], Name: "a.png", BlobID: blobID, Size: size(1), Etag: etag(1)}
			}
			_, err = r.bed.Place(r.ctx, tx, acc, in, 0)
			return err
		})
		publish := func(file drive.ID, name string, seq int, after string) {
			r.exec(`
				INSERT INTO publication (account_id, image_id, task_seq, item_seq, drive_id, parent_id, name, etag, published_at)
				SELECT i.account_id, i.id, $2, 1, $3, 0, $4, i.etag, $2 FROM image i JOIN bed_folder f ON f.account_id = i.account_id AND f.id = i.folder_id
				WHERE i.account_id = $1 AND f.name >= $5`, r.acc, seq, file, name, after)
		}
		ids := func(more, outdated bool) (paths []string) {
			t.Helper()
			list, err := r.tasks.Published(r.ctx, r.acc, []drive.ID{other, file})
			r.must(err)
			if f := list[1]; f.More != more || f.Outdated != outdated {
				t.Errorf("more %t, outdated %t", f.More, f.Outdated)
			}
			for _, l := range list[1].Links {
				paths = append(paths, l.Path)
			}
			return paths
		}
		path := func(n int) string { return fmt.Sprintf("/%03d/a.png", n) }
		publish(file, "a.png", 1, "")
		newest := ids(true, false)
		if len(newest) != MaxLinks || newest[0] != path(images-1) || newest[MaxLinks-1] != path(images-MaxLinks) {
			t.Errorf("%d links, %v", len(newest), newest)
		}
		// One that is not told counts, and is re-published with its file.
		r.exec(`UPDATE image SET etag = $2 WHERE account_id = $1 AND folder_id = $3`, r.acc, etag(3), folders[0])
		if again := ids(true, true); !slices.Equal(again, newest) {
			t.Errorf("%d links, %v", len(again), again)
		}
		limits := r.tasks.Limits()
		r.tasks.SetLimits(Limits{IDs: 1, Tasks: 1, Images: images - 1, Levels: 1})
		if _, err := r.tasks.Republish(r.ctx, r.acc, Chosen{Files: []drive.ID{file}}); !fault.Is(err, fault.TooManyImages) {
			t.Errorf("one more than a task may have: %v", err)
		}
		r.tasks.SetLimits(limits)
		counted(t, r.republish(Chosen{Files: []drive.ID{file}}), Counts{Total: 1, Replaced: 1, Skipped: images - 1})
		if again := ids(true, false); !slices.Equal(again, newest) {
			t.Errorf("%d links, %v", len(again), again)
		}
		// All but the oldest 20 show, and come from, something else.
		publish(other, "b.png", 9, "020")
		r.exec(`UPDATE image SET etag = $2 WHERE account_id = $1 AND folder_id IN (SELECT id FROM bed_folder WHERE account_id = $1 AND name >= '020')`, r.acc, etag(3))
		oldest := ids(false, false)
		if len(oldest) != 20 || oldest[0] != path(19) || oldest[19] != path(0) {
			t.Errorf("%d links, %v", len(oldest), oldest)
		}
		// A dozen files share what one answer tells; who has few keeps them.
		var dozen []drive.ID
		for n := range 12 {
			name := fmt.Sprintf("of 12 %02d.png", n)
			dozen = append(dozen, r.put(drive.Root, name, 11))
			publish(dozen[n], name, 100+n, "")
		}
		few := r.put(drive.Root, "few.png", 11)
		publish(few, "few.png", 200, names[images-5])
		r.exec(`UPDATE image SET etag = $2 WHERE account_id = $1`, r.acc, etag(11)) // and the size is that of 1
		list, err := r.tasks.Published(r.ctx, r.acc, append(dozen, few))
		r.must(err)
		for n, f := range list[:12] {
			if len(f.Links) != 82 || !f.More || f.Links[0].Path != path(images-1) {
				t.Errorf("of the %dth are told %d, more %t", n, len(f.Links), f.More)
			}
		}
		if f := list[12]; len(f.Links) != 5 || f.More {
			t.Errorf("of the one that has few are told %d, more %t", len(f.Links), f.More)
		}
	})
}

// The pictures of a folder come in pages, and nothing else that is in it.
func TestPublishedInAFolder(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		inner := r.mkdir(album, "inner.png")
		r.put(inner, "below.png", 50)
		var want []drive.ID
		for n := range 5 {
			r.put(album, fmt.Sprintf("%d.txt", n), n)
			want = append(want, r.put(album, fmt.Sprintf("%d.png", n), n))
		}
		for n := range 30 {
			r.put(album, fmt.Sprintf("more%d.txt", n), n)
		}
		r.trash(r.put(album, "trashed.png", 60))
		want = append(want, r.put(album, "last.png", 70))
		r.copy("", want[1:2]...)
		for limit := 1; limit <= len(want)+1; limit++ {
			var got []drive.ID
			for after, more := drive.ID(0), true; more; {
				var list []PublishedFile
				var err error
				list, after, more, err = r.tasks.PublishedIn(r.ctx, r.acc, album, after, limit)
				r.must(err)
				if len(list) > limit || len(list) < limit && more {
					t.Fatalf("%d files on a page of %d", len(list), limit)
				}
				for _, f := range list {
					got = append(got, f.ID)
					if (f.ID == want[1]) != (len(f.Links) == 1) {
						t.Errorf("%s has %d links", f.Name, len(f.Links))
					}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %d: %v, want %v", limit, got, want)
			}
		}
		r.trash(album)
		if list, _, more, err := r.tasks.PublishedIn(r.ctx, r.acc, album, 0, 10); err != nil || more || len(list) != 0 {
			t.Errorf("of a folder in the trash: %v %v %v", list, more, err)
		}
		other := r.account("other", account.NoQuota)
		if _, _, _, err := r.tasks.PublishedIn(r.ctx, other.acc, album, 0, 10); !fault.Is(err, fault.NotFound) {
			t.Errorf("another's folder: %v", err)
		}
		if got := other.links(want...); got != nil {
			t.Errorf("another's files: %v", got)
		}
		if _, err := r.tasks.Published(r.ctx, r.acc, []drive.ID{r.mkdir(drive.Root, "folder")}); !fault.Is(err, fault.NotFile) {
			t.Errorf("a folder: %v", err)
		}
	})
}

// The last of many publications stands for an image, and the last that refers to a file
// for its link; those that were undone, and those of other files, are passed over.
func TestALongHistory(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		one, two := r.put(drive.Root, "1.png", 1), r.put(drive.Root, "2.png", 1)
		r.copy("", one)
		publish := func(seq, item int, file drive.ID, name string, undone int) {
			r.exec(`
				INSERT INTO publication (account_id, image_id, task_seq, item_seq, drive_id, parent_id, name, etag, published_at, undone_at)
				SELECT account_id, id, $2, $3, $4, 0, $5, etag, $2, $6 FROM image WHERE account_id = $1`, r.acc, seq, item, file, name, undone)
		}
		publish(10, 2, one, "1.png", 0)
		publish(10, 3, one, "1.png", 1)
		publish(11, 9, 77, "2.png", 0) // by its name alone
		publish(12, 1, two, "2.png", 0)
		publish(12, 2, two, "2.png", 0)
		publish(13, 1, one, "1.png", 1)
		for file, at := range map[drive.ID]int64{one: 10, two: 12} {
			list, err := r.tasks.Published(r.ctx, r.acc, []drive.ID{file})
			r.must(err)
			if l := list[0].Links; len(l) != 1 || l[0].At.UnixMicro() != at {
				t.Errorf("%s is at %+v, by task %d", list[0].Name, l, at)
			}
		}
		image := r.tree()["1.png"].ID
		r.read(func(tx *db.Tx) error {
			last, err := lastPublications(r.ctx, tx, r.acc, []imagebed.ID{image, "none"})
			if len(last) != 1 || last[image] != (publicationKey{12, 2}) {
				t.Errorf("the last publications are %v", last)
			}
			return err
		})
		r.sources(t, map[string]drive.ID{"1.png": two})
	})
}
