package drive

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/fault"
)

// Trees have what is below each entry, the folder first, but for what is in the trash; together
// they are bounded.
func TestTrees(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir(Root, "top")
		inner := r.mkdir(top, "inner")
		deep, right, loose := r.put(inner, "deep.png", 1), r.put(top, "right.png", 2), r.put(Root, "loose.png", 3)
		gone := r.mkdir(top, "gone")
		below := r.put(gone, "below.png", 4)
		r.must(r.Trash(r.ctx, r.acc, []ID{gone}))
		for what, c := range map[string]struct{ ids, want []ID }{
			"a file":                   {[]ID{loose}, []ID{loose}},
			"twice":                    {[]ID{loose, loose}, []ID{loose}},
			"a folder, and a file":     {[]ID{top, loose}, []ID{top, inner, right, deep, loose}},
			"what is in the trash too": {[]ID{gone, loose, below}, []ID{loose}},
			"what is not there too":    {[]ID{1 << 40, inner}, []ID{inner, deep}},
		} {
			trees, err := r.Trees(r.ctx, r.acc, c.ids)
			r.must(err)
			var got []ID
			for _, tree := range trees {
				for _, e := range tree {
					got = append(got, e.ID)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", what, got, c.want)
			}
		}
		_, err := r.Trees(r.ctx, r.acc, []ID{gone, below, 1 << 40})
		r.fails(err, fault.NotFound, "none is there")

		half, rest := r.mkdir(Root, "half"), r.mkdir(Root, "rest")
		r.many(half, MaxCopy/2)
		r.many(rest, MaxCopy/2-2)
		_, err = r.Trees(r.ctx, r.acc, []ID{half, rest})
		r.must(err)
		_, err = r.Trees(r.ctx, r.acc, []ID{half, rest, loose})
		r.fails(err, fault.TooManyEntries, "one more than may be, of several")

		long := []ID{r.mkdir(Root, "long")}
		at, wide := long[0], ID(0)
		for n := range (maxPath - len("/long")) / 250 { // to within a name of what may be
			if n == 8 {
				wide = r.mkdir(at, "wide")
			}
			at = r.mkdir(at, strings.Repeat("x", 249))
		}
		last := r.put(at, "a.png", 5)
		_, err = r.Trees(r.ctx, r.acc, long)
		r.must(err)
		r.exec(`UPDATE drive_entry SET name = $3 WHERE account_id = $1 AND id = $2`, r.acc, last, strings.Repeat("x", 249))
		_, err = r.Trees(r.ctx, r.acc, long)
		r.fails(err, fault.PathTooLong, "a path longer than may be")
		r.exec(`UPDATE drive_entry SET name = 'a' WHERE account_id = $1 AND id = $2`, r.acc, last)
		r.many(wide, maxPaths/2000)
		_, err = r.Trees(r.ctx, r.acc, long)
		r.fails(err, fault.TooManyEntries, fmt.Sprintf("%d paths of 2 KB and more", maxPaths/2000))
	})
}
