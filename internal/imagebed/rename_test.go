package imagebed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

func TestRename(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir("", "folder")
		inner := r.mkdir(folder, "inner")
		img := r.image(folder, "old.png", 1)
		elsewhere := r.image("", "new.JPG", 2)
		before, folderBefore, used := r.get(img), r.get(inner), r.used()
		*r.ahead = time.Hour
		r.must(r.Rename(r.ctx, r.acc, img, "new.JPG"))
		r.must(r.Rename(r.ctx, r.acc, inner, "no picture.txt"))
		r.has("folder/", "folder/no picture.txt/", "folder/new.JPG", "new.JPG")

		after := r.get(img)
		if !after.UpdatedAt.After(before.UpdatedAt.Add(30 * time.Minute)) {
			t.Errorf("changed at %v, then at %v", before.UpdatedAt, after.UpdatedAt)
		}
		before.Name, before.UpdatedAt = "new.JPG", after.UpdatedAt
		if after != before {
			t.Errorf("more than the name has changed: %+v, was %+v", after, before)
		}
		folderAfter := r.get(inner)
		if !folderAfter.UpdatedAt.After(folderBefore.UpdatedAt) || folderAfter.ID != inner || folderAfter.Folder != folder {
			t.Errorf("%+v, was %+v", folderAfter, folderBefore)
		}
		if r.used() != used || r.get(elsewhere).Name != "new.JPG" {
			t.Error("the quota or another image has changed")
		}
		r.must(r.Rename(r.ctx, r.acc, img, "e\u0301.png")) // kept as one character
		if got := r.get(img).Name; got != "\u00e9.png" {
			t.Errorf("kept as %q", got)
		}
	})
}

func TestRenameToTheSameNameChangesNothing(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir("", "\u00e9")
		img := r.image(folder, "\u00e9.png", 1)
		before := []Image{r.get(folder), r.get(img)}
		*r.ahead = time.Hour
		told := 0
		r.drops.add(listener(func() { told++ }))
		r.must(r.Rename(r.ctx, r.acc, folder, "e\u0301"))
		r.must(r.Rename(r.ctx, r.acc, img, "e\u0301.png"))
		if after := []Image{r.get(folder), r.get(img)}; !slices.Equal(before, after) || told != 0 {
			t.Errorf("%+v, was %+v; caches were told %d times", after, before, told)
		}
		// An image that has come by a name of another kind may keep it.
		r.exec(`UPDATE image SET name = 'odd' WHERE account_id = $1 AND id = $2`, r.acc, img)
		r.must(r.Rename(r.ctx, r.acc, img, "odd"))
	})
}

func TestRenameRefuses(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir("", "folder")
		img := r.image("", "a.png", 1)
		r.image("", "b.png", 2)
		r.image("", "taken by a picture.png", 3)
		r.mkdir("", "taken by a folder.png")
		other := r.account("other", -1)
		theirs, theirFolder := other.image("", "t.png", 1), other.mkdir("", "f")
		for name, e := range map[string]struct {
			id   ID
			to   string
			want fault.Code
		}{
			"an image's name":           {img, "b.png", fault.NameTaken},
			"a folder's name":           {img, "taken by a folder.png", fault.NameTaken},
			"a folder, a folder's name": {folder, "taken by a folder.png", fault.NameTaken},
			"a folder, an image's name": {folder, "taken by a picture.png", fault.NameTaken},
			"no name":                   {img, "", fault.BadName},
			"a path":                    {img, "x/b.png", fault.BadName},
			"a quote":                   {img, `a](x)"<b>.png`, fault.BadName},
			"too long":                  {img, strings.Repeat("图", 252) + ".png", fault.BadName},
			"no picture":                {img, "a.txt", fault.NotAnImage},
			"no ending":                 {img, "png", fault.NotAnImage},
			"the root":                  {r.root(), "new", fault.BadRequest},
			"nothing":                   {"", "new.png", fault.NotFound},
			"missing":                   {"missing", "new.png", fault.NotFound},
			"another's image":           {theirs, "new.png", fault.NotFound},
			"another's folder":          {theirFolder, "new", fault.NotFound},
		} {
			err := r.Rename(r.ctx, r.acc, e.id, e.to)
			if !fault.Is(err, e.want) {
				t.Errorf("%s: %v", name, err)
			}
			if args := fault.ArgsOf(err); e.want == fault.BadRequest && args[0] != "fileID" {
				t.Errorf("%s: %v is blamed", name, args)
			}
		}
		r.has("a.png", "b.png", "folder/", "taken by a folder.png/", "taken by a picture.png")
		other.has("f/", "t.png")

		// What is being deleted for good is there no longer.
		r.exec(`UPDATE bed_folder SET detached = 1 WHERE account_id = $1 AND id = $2`, r.acc, folder)
		inside := r.tree()["b.png"]
		r.exec(`UPDATE image SET folder_id = $3 WHERE account_id = $1 AND id = $2`, r.acc, inside, folder)
		for _, id := range []ID{folder, inside} {
			if err := r.Rename(r.ctx, r.acc, id, "new.png"); !fault.Is(err, fault.NotFound) {
				t.Errorf("detached: %v", err)
			}
		}
	})
}

// Of many that want one name at once, images and folders alike, one gets it.
func TestRenameAtOnce(t *testing.T) {
	each(t, func(r *room) {
		const many = 8
		ids := make([]ID, many)
		for n := range ids {
			if n%2 == 0 {
				ids[n] = r.image("", fmt.Sprintf("%d.png", n), n+1)
			} else {
				ids[n] = r.mkdir("", fmt.Sprintf("%d", n))
			}
		}
		errs := make([]error, many+1)
		var all sync.WaitGroup
		for n, id := range ids {
			all.Go(func() { errs[n] = r.Rename(r.ctx, r.acc, id, "wanted.png") })
		}
		all.Go(func() { _, errs[many] = r.Mkdir(r.ctx, r.acc, "", []string{"wanted.png"}) })
		all.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !fault.Is(err, fault.NameTaken) && !fault.Is(err, fault.BedFolderTaken):
				t.Error(err)
			}
		}
		held := 0
		for name := range r.tree() {
			if strings.TrimSuffix(name, "/") == "wanted.png" {
				held++
			}
		}
		if won != 1 || held != 1 {
			t.Errorf("%d got the name, %d have it: %v", won, held, errors.Join(errs...))
		}
	})
}

// The database itself refuses a second of a name among images, and among folders.
func TestNamesAreUniqueInTheDatabase(t *testing.T) {
	each(t, func(r *room) {
		r.image("", "a.png", 1)
		r.mkdir("", "f")
		img, folder := r.image("", "b.png", 2), r.mkdir("", "g")
		for query, id := range map[string]ID{renameImage: img, renameFolder: folder} {
			name := map[ID]string{img: "a.png", folder: "f"}[id]
			err := r.db.Write(r.ctx, "test", func(tx *db.Tx) error {
				_, err := tx.Exec(r.ctx, query, r.acc, id, name, tx.Micros())
				return err
			})
			if err == nil {
				t.Errorf("%s is there twice", name)
			}
		}
		r.has("a.png", "b.png", "f/", "g/")
	})
}

// What a link is served as may follow from the name: caches ask again, and the link
// shows what it showed.
func TestCacheForgetsWhatIsRenamed(t *testing.T) {
	each(t, func(r *room) {
		img := r.image("", "a.png", 1)
		r.exec(`UPDATE blob SET type = '' WHERE account_id = $1`, r.acc) // text, as SVG is
		c := NewCache(r.Bed, 100, func(_ context.Context, f Facts) (Facts, error) { return f, nil })
		before, err := c.Get(r.ctx, img)
		r.must(err)
		r.must(r.Rename(r.ctx, r.acc, img, "a.svg"))
		after, err := c.Get(r.ctx, img)
		r.must(err)
		if before.Type != "image/png" || after.Type != "image/svg+xml" {
			t.Errorf("served as %s, then as %s", before.Type, after.Type)
		}
		if after.Type = before.Type; after != before {
			t.Errorf("%+v, was %+v", after, before)
		}
		if ext := r.get(img).Ext; ext != "png" {
			t.Errorf("the link ends with %s", ext)
		}
	})
}

func TestImages(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir("", "folder")
		ids := make([]ID, MaxIDs)
		for n := range ids {
			ids[n] = r.image([]ID{"", folder}[n%2], fmt.Sprintf("%d.png", n), n+1)
		}
		slices.Reverse(ids[10:])
		ids[3] = ids[5]
		list, err := r.Images(r.ctx, r.acc, ids)
		if err != nil || len(list) != len(ids) {
			t.Fatalf("%d images, %v", len(list), err)
		}
		for n, img := range list {
			if img.ID != ids[n] || img != r.get(ids[n]) {
				t.Errorf("%d: %+v, want %+v", n, img, r.get(ids[n]))
			}
		}
		if list, err := r.Images(r.ctx, r.acc, nil); err != nil || len(list) != 0 {
			t.Errorf("none: %v %v", list, err)
		}
		other := r.account("other", -1)
		gone := ids[0]
		r.delete([]ID{gone})
		for name, c := range map[string]struct {
			id   ID
			want fault.Code
		}{
			"missing":          {"missing", fault.NotFound},
			"nothing":          {"", fault.NotFound},
			"deleted":          {gone, fault.NotFound},
			"another's":        {other.image("", "t.png", 1), fault.NotFound},
			"another's folder": {other.mkdir("", "f"), fault.NotFound},
			"a folder":         {folder, fault.NotFile},
			"the root":         {r.root(), fault.NotFile},
		} {
			if list, err := r.Images(r.ctx, r.acc, []ID{ids[1], c.id}); !fault.Is(err, c.want) || list != nil {
				t.Errorf("%s: %v, %v", name, list, err)
			}
		}
	})
}

// A page of images alone begins behind the folders, whatever the cursor.
func TestListOfImagesAlone(t *testing.T) {
	each(t, func(r *room) {
		sub := r.mkdir("", "sub")
		r.mkdir("", "other")
		r.image(sub, "below.png", 9)
		var want []ID
		for n := range 5 {
			want = append(want, r.image("", fmt.Sprintf("%d.png", n), n+1))
		}
		slices.Reverse(want) // the newest first
		var got []ID
		q := Query{Images: true, Limit: 2}
		for pages := 1; ; pages++ {
			list, more, err := r.List(r.ctx, r.acc, q)
			r.must(err)
			for _, img := range list {
				got = append(got, img.ID)
			}
			if !more {
				if pages != 3 {
					t.Errorf("%d pages", pages)
				}
				break
			}
			q.After = got[len(got)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		list, _, err := r.List(r.ctx, r.acc, Query{Images: true, After: sub, Limit: 1})
		if err != nil || len(list) != 1 || list[0].ID != want[0] {
			t.Errorf("after a folder: %+v, %v", list, err)
		}
	})
}
