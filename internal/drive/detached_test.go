package drive

import (
	"testing"

	"tuchuang/internal/fault"
)

// Below a folder that is being deleted for good nothing is found, listed or
// downloaded any more, though its rows are still there; below one in the trash
// everything says that it is.
func TestBelowADetachedOrTrashedFolder(t *testing.T) {
	each(t, func(r *room) {
		album := r.mkdir(Root, "album")
		needle := r.put(album, "needle.png", 1)
		aside := r.put(album, "needle aside.png", 2)
		r.must(r.Trash(r.ctx, r.acc, []ID{aside}))
		search := func(trash bool) []Entry {
			r.Helper()
			list, _, err := r.ListPage(r.ctx, r.acc, PageQuery{Trash: trash, Search: "needle", Order: ByID, Page: 1, Limit: 10})
			r.must(err)
			return list
		}

		r.must(r.Trash(r.ctx, r.acc, []ID{album}))
		if list := search(false); len(list) != 1 || list[0].ID != needle || list[0].Trashed != InTrash {
			r.Errorf("below a trashed folder: %+v", list)
		}
		if _, err := r.Content(r.ctx, r.acc, needle); err != nil {
			r.Errorf("content below a trashed folder: %v", err)
		}

		r.exec(`UPDATE drive_entry SET trashed = 2 WHERE account_id = $1 AND id = $2`, r.acc, album)
		_, err := r.Content(r.ctx, r.acc, needle)
		r.fails(err, fault.NotFound, "content below a detached folder")
		if list := search(false); len(list) != 0 {
			r.Errorf("a search finds %+v", list)
		}
		if list := search(true); len(list) != 0 {
			r.Errorf("the trash shows %+v", list)
		}
	})
}
