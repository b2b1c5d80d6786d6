package copytask

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
)

func (r *rooms) plan(to imagebed.ID, ids ...drive.ID) *Plan {
	r.Helper()
	p, err := r.tasks.Plan(r.ctx, r.acc, ids, to)
	r.must(err)
	return p
}

// items are those of a plan, read page by page.
func (r *rooms) items(p *Plan) (all []PlannedItem) {
	r.Helper()
	for after, more := 0, true; more; after = all[len(all)-1].Seq {
		var page []PlannedItem
		if page, more = p.Items(after, 2); len(page) == 0 {
			r.Fatalf("an empty page after %d", after)
		}
		all = append(all, page...)
	}
	return all
}

// rowsAll counts the rows that a plan might have made.
func (r *rooms) rowsAll() (n int) {
	r.Helper()
	r.read(func(tx *db.Tx) error {
		_, err := tx.Get(r.ctx, `
			SELECT (SELECT count(*) FROM image) + (SELECT count(*) FROM bed_folder) + (SELECT count(*) FROM task)
				+ (SELECT count(*) FROM copy_item) + (SELECT count(*) FROM publication) + (SELECT sum(used) FROM account)`, nil, &n)
		return err
	})
	return n
}

// A plan says of each picture what would become of it, where and why, and changes nothing.
func TestAPlanSaysWhatWouldHappen(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		to := r.mkBed("", "bed")
		album := r.mkdir(drive.Root, "album")
		r.put(album, "same.png", 1)
		counted(t, r.copy(to, album), Counts{Total: 1, Copied: 1})
		kept := r.tree()["bed/album/same.png"].ID
		was := r.put(album, "name.png", 2)
		counted(t, r.copy(to, album), Counts{Total: 2, Copied: 1, Replaced: 1})
		r.trash(was)
		r.put(album, "name.png", 3) // its name is held by other content
		lost := r.put(album, "lost.png", 4)
		r.exec(`UPDATE blob SET state = $3 WHERE account_id = $1 AND id = $2`, r.acc, blobOf(r, lost), blob.Missing)
		r.put(album, "twin.png", 3)
		r.put(album, "notes.txt", 5)
		before := r.rowsAll()
		p := r.plan(to, album)
		if after := r.rowsAll(); after != before {
			t.Errorf("%d rows and bytes were %d", after, before)
		}
		var got []string
		for _, i := range r.items(p) {
			got = append(got, fmt.Sprintf("%s → %s %s %s", i.SourcePath, i.TargetPath, i.Outcome, i.Reason))
			if want := map[bool]imagebed.ID{true: kept}[i.Outcome == Replaced]; i.ImageID != want {
				t.Errorf("%s: the link of %q", i.Name, i.ImageID)
			}
		}
		want := []string{
			"/album/notes.txt →  skipped not_an_image",
			"/album/lost.png → /bed/album/lost.png failed content_missing",
			"/album/name.png → /bed/album/name(1).png copied ",
			"/album/same.png → /bed/album/same.png replaced ",
			"/album/twin.png → /bed/album/twin.png skipped duplicate_in_task",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(Counts{Total: 4, Copied: 1, Replaced: 1, Skipped: 2, Failed: 1, Bytes: size(1) + size(3)}, p.Counts); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[Reason]int{NotAnImage: 1, DuplicateInTask: 1, ContentMissing: 1}, p.Reasons); diff != "" || p.Renamed != 1 || p.Limit != nil {
			t.Errorf("%d renamed, limit %+v: %s", p.Renamed, p.Limit, diff)
		}
		kept2, err := r.tasks.KeptPlan(r.ctx, r.acc, p.ID, Asked{})
		r.must(err)
		if diff := cmp.Diff(r.items(p), r.items(kept2)); diff != "" || !kept2.ExpiresAt.Equal(p.ExpiresAt.Truncate(time.Microsecond)) {
			t.Errorf("kept until %v: %s", kept2.ExpiresAt, diff)
		}
		for range MaxPlans {
			same, err := r.tasks.Forecast(r.ctx, r.acc, []drive.ID{album}, to)
			r.must(err)
			if diff := cmp.Diff(r.items(p), r.items(same)); diff != "" || same.ID != "" {
				t.Errorf("as %q, which is not to be kept: %s", same.ID, diff)
			}
		}
		if _, err := r.tasks.KeptPlan(r.ctx, r.acc, p.ID, Asked{}); err != nil {
			t.Errorf("the plan is gone for what is not kept: %v", err)
		}
	})
}

// Where a limit is passed, the plan says which one and by how much.
func TestAPlanNamesTheLimit(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		many, deep := r.mkdir(drive.Root, "many"), r.mkdir(drive.Root, "deep")
		r.many(many, 1, MaxImages+234)
		for n, at := 1, deep; n <= MaxLevels; n++ {
			at = r.mkdir(at, "d")
		}
		for _, c := range []struct {
			what drive.ID
			want Limit
		}{
			{many, Limit{LimitImages, MaxImages, MaxImages + 234}},
			{deep, Limit{LimitDepth, MaxLevels, MaxLevels + 1}},
		} {
			p := r.plan("", c.what)
			if p.Limit == nil || *p.Limit != c.want || len(p.Rows) > 0 {
				t.Errorf("%d items, limit %+v, want %+v", len(p.Rows), p.Limit, c.want)
			}
			if _, err := r.tasks.CreatePlanned(r.ctx, r.acc, p.ID, Asked{}); !fault.Is(err, fault.PlanPastLimit) {
				t.Errorf("its task: %v", err)
			}
		}
		poor := r.account("poor", 100)
		a, b := poor.put(drive.Root, "a.png", 4), poor.put(drive.Root, "b.png", 3) // 50 and 40 bytes
		p := poor.plan("", a, b)
		if want := (Limit{NoQuota, 10, 90}); p.Limit == nil || *p.Limit != want || p.Reasons[QuotaExceeded] != 2 {
			t.Errorf("%+v of %+v", p.Limit, p)
		}
	})
}

// A task of a plan does what was planned, once; where something has changed since, it
// says so, and what.
func TestATaskOfAPlan(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		a := r.put(album, "a.png", 1)
		p := r.plan("", album)
		other := r.account("other", account.NoQuota)
		for acc, id := range map[account.ID]PlanID{r.acc: "nothing", other.acc: p.ID} {
			if _, err := r.tasks.CreatePlanned(r.ctx, acc, id, Asked{}); !fault.Is(err, fault.PlanNotFound) {
				t.Errorf("plan %s of %d: %v", id, acc, err)
			}
		}
		for what, asked := range map[string]Asked{"other files": {IDs: []drive.ID{a}}, "another target": {Target: "x"}, "a folder below": {Below: []string{"x"}}} {
			if _, err := r.tasks.CreatePlanned(r.ctx, r.acc, p.ID, asked); !fault.Is(err, fault.PlanMismatch) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := r.tasks.Create(r.ctx, r.acc, []drive.ID{a}, "", make([]string, imagebed.MaxDepth+1)...); !fault.Is(err, fault.TooDeep) {
			t.Errorf("deeper than the bed: %v", err)
		}
		r.put(album, "b.png", 2)
		_, err := r.tasks.CreatePlanned(r.ctx, r.acc, p.ID, Asked{})
		if !fault.Is(err, fault.PlanChanged) || !cmp.Equal(fault.ArgsOf(err), []any{1, "/album/b.png"}) {
			t.Errorf("with another file: %v", err)
		}
		p = r.plan("", album)
		id, err := r.tasks.CreatePlanned(r.ctx, r.acc, p.ID, Asked{IDs: []drive.ID{album}})
		r.must(err)
		r.put(album, "c.png", 3) // too late
		again, err := r.tasks.CreatePlanned(r.ctx, r.acc, p.ID, Asked{})
		if err != nil || again != id {
			t.Errorf("said twice: %s %v, the first was %s", again, err, id)
		}
		r.run()
		counted(t, r.status(id), Counts{Total: 2, Copied: 2})
		p = r.plan("", album)
		r.trash(a)
		_, err = r.tasks.CreatePlanned(r.ctx, r.acc, p.ID, Asked{})
		if !fault.Is(err, fault.PlanChanged) || !cmp.Equal(fault.ArgsOf(err), []any{1, "/album/a.png"}) {
			t.Errorf("with a file less: %v", err)
		}
		to := r.mkBed("", "to")
		p = r.plan(to, album)
		r.deleteBed(to)
		_, err = r.tasks.CreatePlanned(r.ctx, r.acc, p.ID, Asked{})
		if !fault.Is(err, fault.PlanChanged) || !cmp.Equal(fault.ArgsOf(err), []any{2, "/to/"}) {
			t.Errorf("without the target: %v", err)
		}
	})
}

// However deep the folders and however long their names, a kept plan has each name once.
func TestAPlanIsKeptSmall(t *testing.T) {
	const levels, pictures = 100, 300
	each(t, func(t *testing.T, r *rooms) {
		name := func(n int) string { return strings.Repeat("🏞", 250) + fmt.Sprint(n) }
		from, to := r.mkdir(drive.Root, "from"), imagebed.ID("")
		for n := range levels {
			from, to = r.mkdir(from, name(n)), r.mkBed(to, name(n))
		}
		names := 2 * levels * len(name(levels))
		deep := r.mkdir(from, "deep")
		r.many(deep, 1, pictures-1)
		r.put(r.mkdir(deep, name(0)), "last.png", 1)
		p := r.plan(to, deep)
		var kept int
		r.read(func(tx *db.Tx) error {
			_, err := tx.Get(r.ctx, `SELECT length(content) FROM copy_plan WHERE account_id = $1`, []any{r.acc}, &kept)
			return err
		})
		if most := names + pictures*300; kept > most {
			t.Errorf("%d bytes of %d pictures are kept, at most %d should be", kept, pictures, most)
		}
		again, err := r.tasks.KeptPlan(r.ctx, r.acc, p.ID, Asked{})
		r.must(err)
		first, _ := again.Items(0, 1)
		last, more := again.Items(pictures-1, 10)
		source, target := "/from/", "/"
		for n := range levels {
			source, target = source+name(n)+"/", target+name(n)+"/"
		}
		if i := first[0]; i.SourcePath != source+"deep/"+i.Name || i.TargetPath != target+"deep/"+i.Name {
			t.Errorf("the first goes from %.30s… to %.30s…", i.SourcePath, i.TargetPath)
		}
		if i := last[0]; more || len(last) != 1 || i.SourcePath != source+"deep/"+name(0)+"/"+i.Name || i.TargetPath != target+"deep/"+name(0)+"/"+i.Name {
			t.Errorf("the last goes from %.30s… to %.30s…", i.SourcePath, i.TargetPath)
		}
		id, err := r.tasks.CreatePlanned(r.ctx, r.acc, p.ID, Asked{})
		r.must(err)
		r.run()
		items, _, err := r.tasks.Items(r.ctx, r.acc, id, ItemQuery{Outcome: -1, After: pictures - 1, Limit: 1})
		r.must(err)
		if i := items[0]; i.SourcePath != last[0].SourcePath || i.TargetPath != last[0].TargetPath {
			t.Errorf("it went from %.30s… to %.30s…", i.SourcePath, i.TargetPath)
		}
	})
}

// Who reads a kept plan waits while the account has another one made.
func TestAKeptPlanHasItsTurn(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		p := r.plan("", r.put(drive.Root, "a.png", 1))
		done, err := r.tasks.turns.take(r.ctx, r.acc)
		r.must(err)
		read := make(chan error, 1)
		go func() {
			_, err := r.tasks.KeptPlan(r.ctx, r.acc, p.ID, Asked{})
			read <- err
		}()
		for r.tasks.turns.join(r.acc).who < 3 { // with this one
			r.tasks.turns.leave(r.acc)
			select {
			case err := <-read:
				t.Fatalf("it was read beside another: %v", err)
			default:
				runtime.Gosched()
			}
		}
		r.tasks.turns.leave(r.acc)
		done()
		r.must(<-read)
	})
}

// Plans are kept for an hour, and ten of them.
func TestPlansAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		a := r.put(drive.Root, "a.png", 1)
		var ids []PlanID
		for range MaxPlans + 2 {
			ids = append(ids, r.plan("", a).ID)
			*r.ahead += time.Millisecond // in order
		}
		kept := func() (n int) {
			for _, id := range ids {
				_, err := r.tasks.KeptPlan(r.ctx, r.acc, id, Asked{})
				if err == nil {
					n++
				} else if !fault.Is(err, fault.PlanNotFound) {
					t.Fatal(err)
				}
			}
			return n
		}
		if n := kept(); n != MaxPlans {
			t.Errorf("%d are kept", n)
		}
		*r.ahead += PlanLife
		if n := kept(); n != 0 {
			t.Errorf("%d are kept after an hour", n)
		}
		r.must(r.tasks.SweepPlans(r.ctx))
		r.read(func(tx *db.Tx) error {
			var n int
			_, err := tx.Get(r.ctx, `SELECT count(*) FROM copy_plan`, nil, &n)
			if n != 0 {
				t.Errorf("%d are left", n)
			}
			return err
		})
	})
}
