package copytask

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

func scanText(row db.Row) (s string, err error) { return s, row.Scan(&s) }

// many makes so many entries of a class right in a folder, without the rooms.
func (r *rooms) many(parent drive.ID, class, n int) {
	r.Helper()
	r.exec(`
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $4)
		INSERT INTO drive_entry (account_id, id, parent_id, name, class, blob_id, size, etag, trashed, children, created_at, updated_at)
		SELECT $1, 1000000000 + 1000000 * CAST($3 AS BIGINT) + i, $2, CAST($3 AS BIGINT) || ' ' || i, $3, NULL, 1, '', 0, 0, 0, 0 FROM n`, r.acc, parent, class, n)
}

func TestTooManyFolders(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		const most = 2000
		r.tasks.limits.folders = most
		top := r.mkdir(drive.Root, "top")
		r.put(top, "0.png", 1)
		r.many(top, 0, most-1)
		if s := r.copy("", top); s.State != queue.Done || s.Copied != 1 {
			t.Errorf("%d folders: %+v", most, s)
		}
		r.mkdir(top, "one more")
		s := r.copy("", top)
		if s.State != queue.Failed || s.FailCode != LimitFolders {
			t.Errorf("%d folders: %+v", most+1, s)
		}
		counted(t, s, Counts{})
	})
}

// What is skipped is counted to a limit, and written down to a smaller one.
func TestSkipsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		const most = maxNoted + 2000
		r.tasks.limits.skips = most
		top := r.mkdir(drive.Root, "top")
		r.many(top, 2, most+300)
		r.put(top, "a.png", 1)
		inner := r.mkdir(top, "inner")
		r.put(inner, "b.png", 2)
		r.put(inner, "b.txt", 3)
		s := r.copy("", top)
		counted(t, s, Counts{Total: 2, Copied: 2, Skipped: most})
		r.read(func(tx *db.Tx) error {
			var n int
			_, err := tx.Get(r.ctx, `SELECT count(*) FROM copy_item WHERE account_id = $1 AND outcome = $2`, []any{r.acc, Skipped}, &n)
			if n != maxNoted {
				t.Errorf("%d skips are written down", n)
			}
			return err
		})
	})
}

func TestTheBedGrowsNoDeeperThanItMay(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		const free = 5
		target := imagebed.ID("")
		for range imagebed.MaxDepth - free {
			target = r.mkBed(target, "deep")
		}
		top := r.mkdir(drive.Root, "1")
		at := top
		for n := 2; n <= free; n++ {
			at = r.mkdir(at, fmt.Sprint(n))
		}
		r.put(at, "a.png", 1)
		empty := r.mkdir(at, "no picture here, so it is not made")
		counted(t, r.copy(target, top), Counts{Total: 1, Copied: 1})
		r.put(empty, "b.png", 2)
		r.put(top, "new.png", 3)
		before := len(r.tree())
		s := r.copy(target, top)
		if s.State != queue.Failed || s.FailCode != LimitDepth || s.Total != 0 || len(r.tree()) != before {
			t.Errorf("a level too many: %+v, %d entries were %d", s, len(r.tree()), before)
		}
	})
}

// A target that was moved down since the plan takes what fits.
func TestTheBedGrowsNoDeeperWhenTheTargetIsMoved(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		deep := imagebed.ID("")
		for range imagebed.MaxDepth - 2 {
			deep = r.mkBed(deep, "deep")
		}
		target := r.mkBed("", "target")
		top := r.mkdir(drive.Root, "top")
		r.put(top, "a.png", 1)
		inner := r.mkdir(top, "inner")
		r.put(inner, "b.png", 2)
		r.put(r.mkdir(inner, "innermost"), "c.png", 3)
		task := r.create(target, top)
		w := r.planned()
		r.must(r.bed.Move(r.ctx, r.acc, []imagebed.ID{target}, deep))
		r.must(r.tasks.publish(r.ctx, w))
		s := r.status(task)
		counted(t, s, Counts{Total: 3, Copied: 1, Failed: 2})
		if s.State != queue.Done {
			t.Errorf("%+v", s)
		}
		if got := r.failures(task); !slices.Equal(got, []string{"b.png: limit_depth", "c.png: limit_depth"}) {
			t.Errorf("failures: %q", got)
		}
		for path := range r.tree() {
			if strings.Count(path, "/") > imagebed.MaxDepth {
				t.Errorf("%s is too deep", path)
			}
		}
	})
}

func TestCreateRefuses(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		id := r.put(drive.Root, "a.png", 1)
		other := r.account("other", -1)
		ids := make([]drive.ID, MaxIDs+1)
		for i := range ids {
			ids[i] = id
		}
		r.copy("", id)
		image := r.tree()["a.png"].ID
		for name, c := range map[string]struct {
			ids  []drive.ID
			to   imagebed.ID
			want fault.Code
		}{
			"no ids":         {nil, "", fault.BadRequest},
			"too many ids":   {ids, "", fault.TooManyIDs},
			"missing":        {[]drive.ID{id, 1 << 40}, "", fault.NotFound},
			"foreign":        {[]drive.ID{other.put(drive.Root, "a.png", 1)}, "", fault.NotFound},
			"the root":       {[]drive.ID{drive.Root}, "", fault.NotFound},
			"foreign target": {[]drive.ID{id}, other.mkBed("", "t"), fault.ParentNotFound},
			"image target":   {[]drive.ID{id}, image, fault.NotFolder},
			"bad target":     {[]drive.ID{id}, "x", fault.ParentNotFound},
		} {
			if _, err := r.tasks.Create(r.ctx, r.acc, c.ids, c.to); !fault.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for range MaxTasks {
			r.create("", id)
		}
		if _, err := r.tasks.Create(r.ctx, r.acc, []drive.ID{id}, ""); !fault.Is(err, fault.TooManyTasks) {
			t.Errorf("one task too many: %v", err)
		}
		if _, err := r.tasks.Status(r.ctx, r.acc, other.create("", other.put(drive.Root, "b.png", 2))); !fault.Is(err, fault.TaskNotFound) {
			t.Errorf("a foreign task: %v", err)
		}
	})
}

// Each code and reason has its sentences, and no sentence is without its code.
func TestEveryCodeHasItsSentences(t *testing.T) {
	for _, r := range []Reason{
		NotAnImage, TooLarge, Empty, DuplicateInTask, SourceDeleted, SourceBlocked, ContentMissing, ContentDamaged, TargetDeleted, BedTooDeep, QuotaExceeded, Cancelled, Internal,
		ImageDeleted, UpToDate, NoSource, WasReplaced, Republished, WasChanged, WasMoved, WasTouched,
	} {
		if r.Chinese(Documented()) == "" || r.English(Documented()) == "" {
			t.Errorf("%s has no sentence", r)
		}
	}
	for _, c := range []FailCode{LimitImages, LimitDepth, LimitFolders, NoTarget, NoQuota, AllFailed, Stopped, Broken} {
		if c.Chinese(Documented()) == "" || c.English(Documented()) == "" {
			t.Errorf("%s has no sentence", c)
		}
	}
	for c, want := range map[FailCode]string{
		LimitImages: "图片数量超过7张限制: more than 7 pictures; choose fewer or smaller folders",
		LimitDepth:  "文件夹层级超过9层限制: folders are nested deeper than 9 levels, or the bed would pass 128",
	} {
		l := Limits{Images: 7, Levels: 9}
		if got := c.Chinese(l) + ": " + c.English(l); got != want {
			t.Errorf("%s: %s", c, got)
		}
	}
	for size, want := range map[int64]string{100 << 20: "图片超过100M: the picture is larger than 100 MiB", 3 << 10: "图片超过3K: the picture is larger than 3 KiB", 15: "图片超过15: the picture is larger than 15 bytes"} {
		l := Limits{ImageSize: size}
		if got := TooLarge.Chinese(l) + ": " + TooLarge.English(l); got != want {
			t.Errorf("too large: %s", got)
		}
	}
	if len(reasonSentences) != 22 || len(failSentences) != 8 || Reason("").Chinese(Documented()) != "" || FailCode("").Chinese(Documented()) != "" {
		t.Error("a sentence without a code")
	}
}

// Limits that were lowered hold for what comes later, also where it goes on with what came
// before.
func TestLoweredLimits(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		a, b := r.put(drive.Root, "a.png", 1), r.put(drive.Root, "b.png", 2)
		album := r.mkdir(drive.Root, "album")
		r.put(album, "c.png", 3)
		r.put(album, "d.png", 4)
		two, many := r.plan("", a, b), r.plan("", album)
		gone := []drive.ID{r.put(drive.Root, "e.png", 5), r.put(drive.Root, "f.png", 6)}
		failed := r.create("", gone...)
		w := r.planned()
		r.trash(gone...)
		r.must(r.tasks.publish(r.ctx, w))
		counted(t, r.status(failed), Counts{Total: 2, Failed: 2})

		r.tasks.SetLimits(Limits{IDs: 1, Tasks: 1, Images: 1, Levels: 1})
		if _, err := r.tasks.CreatePlanned(r.ctx, r.acc, two.ID, Asked{}); !fault.Is(err, fault.TooManyIDs) {
			t.Errorf("two ids of a plan: %v", err)
		}
		if _, err := r.tasks.CreatePlanned(r.ctx, r.acc, many.ID, Asked{}); !fault.Is(err, fault.PlanChanged) {
			t.Errorf("two pictures of a plan: %v", err)
		}
		if _, err := r.tasks.Retry(r.ctx, r.acc, failed); !fault.Is(err, fault.TooManyImages) || fault.ArgsOf(err)[0] != 1 {
			t.Errorf("two pictures that failed: %v", err)
		}

		r.tasks.SetLimits(Limits{IDs: 2, Tasks: 1, Images: 2, Levels: 1})
		if _, err := r.tasks.Retry(r.ctx, r.acc, failed); err != nil {
			t.Error(err)
		}
		if _, err := r.tasks.CreatePlanned(r.ctx, r.acc, two.ID, Asked{}); !fault.Is(err, fault.TooManyTasks) {
			t.Errorf("a second task: %v", err)
		}
	})
}

// How large a picture may be is judged when a task is planned, whatever the limit was when
// the picture came.
func TestPicturesThatAreTooLarge(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		small, large, loose := r.put(album, "small.png", 1), r.put(album, "large.png", 4), r.put(drive.Root, "loose.png", 9) // 20, 50, 100 bytes
		r.put(album, "z.txt", 9)
		l := Documented()
		l.ImageSize = 49
		r.tasks.SetLimits(l)
		if list, _, _, err := r.tasks.PublishedIn(r.ctx, r.acc, album, 0, 10); err != nil || len(list) != 1 || list[0].ID != small {
			t.Errorf("pictures of the folder: %+v, %v", list, err)
		}
		p := r.plan("", album, loose)
		if diff := cmp.Diff(Counts{Total: 1, Copied: 1, Skipped: 3, Bytes: 20}, p.Counts); diff != "" || p.Reasons[TooLarge] != 2 {
			t.Errorf("planned %v: %s", p.Reasons, diff)
		}
		counted(t, r.copy("", album, loose), Counts{Total: 1, Copied: 1, Skipped: 3})
		r.has(t, "album/", "album/small.png")

		// A file that goes meanwhile was what it was when it was chosen.
		task := r.create("", loose)
		l.ImageSize = 100
		r.tasks.SetLimits(l)
		r.trash(loose)
		r.run()
		counted(t, r.status(task), Counts{Skipped: 1})
		counted(t, r.copy("", album), Counts{Total: 2, Copied: 1, Replaced: 1, Skipped: 1})
		r.has(t, "album/", "album/large.png", "album/small.png")

		// What is in the bed stays, and is not replaced by what is too large now; what has
		// failed is tried again with what is not.
		failed := r.create("", album)
		w := r.planned()
		r.trash(small, large)
		r.must(r.tasks.publish(r.ctx, w))
		counted(t, r.status(failed), Counts{Total: 2, Failed: 2, Skipped: 1})
		r.put(album, "small.png", 2)  // 30 bytes
		r.put(album, "large.png", 14) // 50 bytes
		l.ImageSize = 49
		r.tasks.SetLimits(l)
		images := r.tree()
		s, err := r.tasks.Republish(r.ctx, r.acc, Chosen{Images: []imagebed.ID{images["album/small.png"].ID, images["album/large.png"].ID}})
		r.must(err)
		r.run()
		counted(t, r.status(s), Counts{Total: 1, Replaced: 1, Skipped: 1})
		counted(t, r.retry(failed), Counts{Total: 2, Replaced: 1, Failed: 1})
	})
}

// Files that were judged by their size when they came are judged by the limit that holds.
func TestPicturesThatWereTooLarge(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		r.many(album, 3, 2)
		r.many(album, 2, 1)
		upgrade, err := os.ReadFile(filepath.Join("..", "db", "migrations", string(r.db.Engine()), "00005_large.sql"))
		r.must(err)
		r.exec(string(upgrade))
		var were, are, others int
		_, err = r.db.Get(r.ctx, "test", `
			SELECT count(CASE WHEN class = 3 THEN 1 END), count(CASE WHEN class = 1 THEN 1 END), count(CASE WHEN class = 2 THEN 1 END)
			FROM drive_entry WHERE account_id = $1`, []any{r.acc}, &were, &are, &others)
		if err != nil || were != 0 || are != 2 || others != 1 {
			t.Errorf("%d too large, %d pictures, %d others: %v", were, are, others, err)
		}
	})
}
