package imagebed

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// A new folder is not asked what is in it: what comes is placed as into an empty one.
func TestPlaceInNewFolder(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir("", "folder")
		var in []Incoming
		for _, text := range []string{"a.png 1", "a.png 2", "b.png 3", "a(1).png 4"} {
			name, content := parse(r, text)
			one := r.incoming(folder, name, content)
			one.New, one.Overwrite = true, true
			in = append(in, one)
		}
		var names []string
		for _, p := range r.place(in...) {
			names = append(names, p.Name)
			if p.Replaced {
				t.Errorf("%s replaced something", p.Name)
			}
		}
		if want := []string{"a.png", "a(1).png", "b.png", "a(1)(1).png"}; !slices.Equal(names, want) {
			t.Errorf("placed as %q, want %q", names, want)
		}
	})
}

// Images are written "name content", folders "name/".
func TestPlace(t *testing.T) {
	long := strings.Repeat("图", 251)
	for name, c := range map[string]struct {
		before, in []string
		after      []string // with "#n" where it is the nth of before, "new" otherwise
	}{
		"new":                        {nil, []string{"a.png 1"}, []string{"a.png 1 new"}},
		"the same again":             {[]string{"a.png 1"}, []string{"a.png 1"}, []string{"a.png 1 #0"}},
		"the same, other name":       {[]string{"a.png 1"}, []string{"b.gif 1"}, []string{"b.gif 1 #0"}},
		"other content":              {[]string{"a.png 1"}, []string{"a.png 2"}, []string{"a.png 1 #0", "a(1).png 2 new"}},
		"other content again":        {[]string{"a.png 1", "a(1).png 2"}, []string{"a.png 3"}, []string{"a.png 1 #0", "a(1).png 2 #1", "a(2).png 3 new"}},
		"the suffixed one":           {[]string{"a.png 1", "a(1).png 2"}, []string{"a.png 2"}, []string{"a.png 1 #0", "a(1).png 2 #1"}},
		"one name twice":             {nil, []string{"a.png 1", "a.png 2", "a.png 3"}, []string{"a.png 1 new", "a(1).png 2 new", "a(2).png 3 new"}},
		"a suffix that is wanted":    {nil, []string{"a(1).png 1", "a.png 2", "a.png 3"}, []string{"a(1).png 1 new", "a.png 2 new", "a(2).png 3 new"}},
		"names are swapped":          {[]string{"a.png 1", "b.png 2"}, []string{"a.png 2", "b.png 1"}, []string{"b.png 1 #0", "a.png 2 #1"}},
		"names go round":             {[]string{"a.png 1", "b.png 2", "c.png 3"}, []string{"a.png 3", "b.png 1", "c.png 2"}, []string{"b.png 1 #0", "c.png 2 #1", "a.png 3 #2"}},
		"an ending alone":            {[]string{".png 1"}, []string{".png 2"}, []string{".png 1 #0", "(1).png 2 new"}},
		"a name that becomes free":   {[]string{"a.png 1"}, []string{"b.png 1", "a.png 2"}, []string{"b.png 1 #0", "a.png 2 new"}},
		"free, though it goes later": {[]string{"a.png 1"}, []string{"a.png 2", "b.png 1"}, []string{"b.png 1 #0", "a.png 2 new"}},
		"the oldest of two":          {[]string{"a.png 1", "b.png 1"}, []string{"c.png 1"}, []string{"c.png 1 #0", "b.png 1 #1"}},
		"the younger has the name":   {[]string{"a.png 1", "b.png 1"}, []string{"b.png 1"}, []string{"b(1).png 1 #0", "b.png 1 #1"}},
		"a folder has the name":      {[]string{"a.png/"}, []string{"a.png 1"}, []string{"a.png/ #0", "a(1).png 1 new"}},
		"another case":               {[]string{"a.png 1"}, []string{"A.png 2"}, []string{"a.png 1 #0", "A.png 2 new"}},
		"255 characters":             {[]string{long + ".png 1"}, []string{long + ".png 2"}, []string{long + ".png 1 #0", long[:3*248] + "(1).png 2 new"}},
		"overwrites":                 {[]string{"a.png 1"}, []string{"!a.png 2"}, []string{"a.png 2 #0"}},
		"overwrites nothing":         {nil, []string{"!a.png 2"}, []string{"a.png 2 new"}},
		"overwrites no folder":       {[]string{"a.png/"}, []string{"!a.png 2"}, []string{"a.png/ #0", "a(1).png 2 new"}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(r *room) {
				folder := r.mkdir("", "folder")
				ids := make([]ID, len(c.before))
				for n, b := range c.before {
					if name, isFolder := strings.CutSuffix(b, "/"); isFolder {
						ids[n] = r.mkdir(folder, name)
						continue
					}
					name, content := parse(r, b)
					// Two of one content come together by moving.
					ids[n] = r.image("", name, content)
					r.must(r.Move(r.ctx, r.acc, []ID{ids[n]}, folder))
				}
				in := make([]Incoming, len(c.in))
				for n, text := range c.in {
					text, overwrite := strings.CutPrefix(text, "!")
					name, content := parse(r, text)
					in[n] = r.incoming(folder, name, content)
					in[n].Overwrite = overwrite
				}
				placed := r.place(in...)
				first := describe(r, folder, ids)
				want := slices.Sorted(slices.Values(c.after))
				if !slices.Equal(first, want) {
					t.Errorf("there is %q, want %q", first, want)
				}
				for n, p := range placed {
					if img := r.get(p.ID); img.Name != p.Name || img.Etag != in[n].Etag || p.NoRoom || p.Replaced != slices.Contains(ids, p.ID) {
						t.Errorf("%+v was answered for %+v", p, img)
					}
				}
				used := r.used()
				again := r.place(in...)
				for n, p := range again {
					if !p.Replaced || p.ID != placed[n].ID || p.Name != placed[n].Name {
						t.Errorf("placed again: %+v was %+v", p, placed[n])
					}
				}
				if second := describe(r, folder, ids); !slices.Equal(first, second) || r.used() != used {
					t.Errorf("placed again: there was %q, is %q; %d bytes were used, %d are", first, second, used, r.used())
				}
			})
		})
	}
}

func parse(r *room, text string) (name string, content int) {
	name, number, ok := strings.Cut(text, " ")
	if _, err := fmt.Sscan(number, &content); err != nil || !ok {
		r.Fatalf("%q is no image", text)
	}
	return name, content
}

// describe says what is in a folder, and which of the ids it is.
func describe(r *room, folder ID, ids []ID) (list []string) {
	images, _, err := r.List(r.ctx, r.acc, Query{Folder: folder, Limit: 100})
	r.must(err)
	for _, img := range images {
		which := "new"
		if n := slices.Index(ids, img.ID); n >= 0 {
			which = fmt.Sprintf("#%d", n)
		}
		if img.IsFolder {
			list = append(list, img.Name+"/ "+which)
			continue
		}
		list = append(list, fmt.Sprintf("%s %d %s", img.Name, img.Size/10, which))
	}
	slices.Sort(list)
	return list
}

// What is new takes quota in order, where it still fits; what replaces takes the
// difference.
func TestPlaceTakesQuota(t *testing.T) {
	each(t, func(r *room) {
		r = r.account("small", 100)
		old := r.image("", "old.png", 4) // 40 of 100 bytes
		folder := r.mkdir("", "folder")
		in := []Incoming{
			r.incoming(r.root(), "renamed.png", 4), r.incoming(folder, "too large.png", 7), r.incoming(folder, "no more.png", 3),
			r.incoming(r.root(), "fits.png", 5), r.incoming(folder, "nor this.png", 2), r.incoming(folder, "the last.png", 1),
		}
		placed := r.place(in...)
		// Folder by folder: the root's come first, and leave 10 bytes.
		for n, want := range []Placed{{Replaced: true}, {NoRoom: true}, {NoRoom: true}, {}, {NoRoom: true}, {}} {
			if got := placed[n]; got.Replaced != want.Replaced || got.NoRoom != want.NoRoom || (got.ID == "") != want.NoRoom {
				t.Errorf("%s: %+v", in[n].Name, got)
			}
		}
		if placed[0].ID != old || r.used() != 100 {
			t.Errorf("%d bytes are used", r.used())
		}
		over := r.incoming(r.root(), "renamed.png", 1)
		over.Overwrite = true
		if p := r.place(over); p[0].ID != old || r.used() != 70 {
			t.Errorf("%+v, %d bytes are used", p, r.used())
		}
		over = r.incoming(r.root(), "renamed.png", 6)
		over.Overwrite = true
		if p := r.place(over); !p[0].NoRoom || r.used() != 70 {
			t.Errorf("%+v, %d bytes are used", p, r.used())
		}
	})
}

// Bytes that an upload has reserved are its own.
func TestPlaceGivesBackWhatWasReserved(t *testing.T) {
	each(t, func(r *room) {
		r = r.account("small", 50)
		r.write(func(tx *db.Tx) error { return account.Count(r.ctx, tx, r.acc, 0, 50) })
		in := r.incoming(r.root(), "a.png", 5)
		if p := r.place(in); !p[0].NoRoom {
			t.Errorf("another's reserved bytes were taken: %+v", p)
		}
		r.write(func(tx *db.Tx) error {
			acc, err := account.Lock(r.ctx, tx, r.acc)
			if err != nil {
				return err
			}
			p, err := r.Place(r.ctx, tx, acc, []Incoming{in}, 50)
			if err == nil && p[0].NoRoom {
				t.Error("its own reserved bytes did not count")
			}
			return err
		})
		r.write(func(tx *db.Tx) error {
			acc, err := account.Lock(r.ctx, tx, r.acc)
			if acc.Used != 50 || acc.Reserved != 0 {
				t.Errorf("%+v", acc)
			}
			return err
		})
	})
}

// A link's ending is that of the first name, for ever.
func TestTheEndingOfALink(t *testing.T) {
	each(t, func(r *room) {
		id := r.image("", "a.JPG", 1)
		r.image("", "b.png", 1)
		if img := r.get(id); img.Ext != "jpg" || img.Name != "b.png" || img.UpdatedAt.UnixMicro() != 1 || !img.CreatedAt.After(img.UpdatedAt) {
			t.Errorf("%+v", img)
		}
	})
}

func TestFacts(t *testing.T) {
	each(t, func(r *room) {
		id, folder := r.image("", "a.png", 1), r.mkdir("", "folder")
		for _, missing := range []ID{"", "x", folder, id[:len(id)-1] + "_", id[:len(id)-1]} {
			if _, err := r.Facts(r.ctx, missing); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", missing, err)
			}
		}
		published := func(want bool, when string) {
			t.Helper()
			f, err := r.Facts(r.ctx, id)
			r.must(err)
			if f.Published != want || f.Account != r.acc || f.Etag != etag(1) || f.Size != size(1) || f.Type != "image/png" {
				t.Errorf("%s: %+v", when, f)
			}
		}
		published(true, "at first")
		r.exec(`UPDATE account SET state = $2 WHERE id = $1`, r.acc, account.Disabled)
		published(true, "the account is disabled")
		r.exec(`UPDATE account SET state = $2 WHERE id = $1`, r.acc, account.Unpublished)
		published(false, "its links too")
		r.exec(`UPDATE account SET state = $2 WHERE id = $1`, r.acc, account.Enabled)
		r.exec(`UPDATE blob SET state = 2 WHERE account_id = $1`, r.acc)
		published(false, "the content is blocked")
		if !r.get(id).Blocked {
			t.Error("the image does not say that it is blocked")
		}
	})
}

// The time since when an image shows its content rises by a second at least with
// every other content, also one that it showed before and however quickly they come;
// another name alone does not change it.
func TestShownAt(t *testing.T) {
	each(t, func(r *room) {
		id := r.image("", "a.png", 1)
		at := func() time.Time {
			t.Helper()
			f, err := r.Facts(r.ctx, id)
			r.must(err)
			return f.ShownAt
		}
		last := at()
		for _, content := range []int{2, 1, 3, 1} {
			in := r.incoming("", "a.png", content)
			in.Overwrite = true
			if out := r.place(in); out[0].ID != id {
				t.Fatalf("%+v is not %s", out, id)
			}
			now := at()
			if now.Before(last.Add(time.Second)) {
				t.Errorf("content %d since %v, the one before since %v", content, now, last)
			}
			last = now
		}
		if out := r.place(r.incoming("", "b.png", 1)); out[0].ID != id || out[0].Name != "b.png" {
			t.Fatalf("%+v is not %s", out, id)
		}
		if now := at(); !now.Equal(last) {
			t.Errorf("renamed, and the same content since %v, not %v", now, last)
		}
		*r.ahead = time.Hour
		in := r.incoming("", "b.png", 4)
		in.Overwrite = true
		r.place(in)
		if now := at(); now.Before(last.Add(time.Hour - time.Minute)) {
			t.Errorf("an hour later other content is shown since %v, the one before since %v", now, last)
		}
	})
}

// However many have the name and whatever gaps are between them: a free name, and
// the same one when the set is placed again.
func TestPlaceBesideManyOfAName(t *testing.T) {
	each(t, func(r *room) {
		in := make([]Incoming, 100)
		for n := range in {
			in[n] = r.incoming(r.root(), "a.png", n+1)
		}
		placed := r.place(in...)
		for n, p := range placed[1:] {
			if want := fmt.Sprintf("a(%d).png", n+1); p.Name != want {
				t.Errorf("%q, want %q", p.Name, want)
			}
		}
		var gaps []ID
		for n := 20; n < 100; n += 3 {
			gaps = append(gaps, placed[n].ID)
		}
		r.delete(gaps)
		held := r.tree()
		more := make([]Incoming, 10)
		for n := range more {
			more[n] = r.incoming(r.root(), "a.png", 200+n)
		}
		first := r.place(more...)
		for n, p := range r.place(more...) {
			if p.ID != first[n].ID || p.Name != first[n].Name || held[p.Name] != "" {
				t.Errorf("placed again: %+v was %+v; the name was %q's", p, first[n], held[p.Name])
			}
		}
		folder := r.mkdir("", "folder")
		r.must(r.Move(r.ctx, r.acc, []ID{placed[0].ID}, folder))
		r.image("", "a.png", 300)
		r.must(r.Move(r.ctx, r.acc, []ID{placed[0].ID}, ""))
		if _, there := held[r.get(placed[0].ID).Name]; there {
			t.Errorf("moved to a name that was taken: %q", r.get(placed[0].ID).Name)
		}
	})
}
