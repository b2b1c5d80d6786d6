package copytask

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
)

// Random trees, random tasks and what happens between them and in the middle of
// them, on the real rooms and on a model: the bed, its ids, its links, what the
// tasks count and what is used are the same.
func TestTasksDoAsTheModelDoes(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			all := newRooms(t, e)
			accounts := 0
			rapid.Check(t, func(rt *rapid.T) {
				r := *all
				r.TB = rt
				r.tasks.batch = bound{
					items:   rapid.SampledFrom([]int{1, 3, batchItems}).Draw(rt, "batch"),
					folders: rapid.SampledFrom([]int{1, 4, batchFolders}).Draw(rt, "folders of a batch"),
				}
				quota := rapid.SampledFrom([]int64{-1, -1, 200, 400}).Draw(rt, "quota")
				accounts++
				p := &pair{rooms: r.account(fmt.Sprintf("account-%d", accounts), quota), model: newModel(quota), seen: make(map[imagebed.ID]bool)}
				rt.Repeat(map[string]func(*rapid.T){
					"":            p.compare,
					"upload":      p.upload,
					"upload more": p.upload,
					"make folder": p.makeFolder,
					"trash":       p.trashOne,
					"copy":        p.copyAny,
					"copy more":   p.copyAny,
					"bed folder":  p.makeBedFolder,
					"bed move":    p.moveInBed,
					"bed delete":  p.deleteFromBed,
					"bed rename":  p.renameInBed,
					"retry":       p.retryAny,
					"republish":   p.republishAny,
					"undo":        p.undoAny,
				})
			})
		})
	}
}

// pair does everything twice.
type pair struct {
	*rooms
	model *model
	seen  map[imagebed.ID]bool // every id that was ever given out
	tasks []ended              // that have ended
}

// ended is a task that has, on both sides.
type ended struct {
	id  ID
	job *job
}

// Few names and few contents, so that they meet often.
var (
	fileNames   = []string{"a.png", "b.png", "a(1).png", "c.txt"}
	folderNames = []string{"d", "e", "a.png"}
)

func (p *pair) anyFolder(rt *rapid.T) drive.ID {
	ids := []drive.ID{drive.Root}
	for _, f := range p.model.all(func(f *file) bool { return f.content == folder }) {
		ids = append(ids, f.id)
	}
	return rapid.SampledFrom(ids).Draw(rt, "folder")
}

func (p *pair) named(in drive.ID, name string) *file {
	list := p.model.children(in)
	if i := slices.IndexFunc(list, func(f *file) bool { return f.name == name }); i >= 0 {
		return list[i]
	}
	return nil
}

// upload puts a file; one of that name goes.
func (p *pair) upload(rt *rapid.T) {
	in, name := p.anyFolder(rt), rapid.SampledFrom(fileNames).Draw(rt, "name")
	content := rapid.IntRange(0, 4).Draw(rt, "content")
	id, err := p.try(in, name, content, drive.Overwrite)
	old, grow := p.named(in, name), size(content)
	if old != nil && old.content != folder {
		grow -= size(old.content)
	}
	switch {
	case old != nil && old.content == folder:
		if !fault.Is(err, fault.NameTaken) {
			rt.Fatalf("a folder has the name: %v", err)
		}
		return
	case grow > 0 && !p.model.room(grow):
		if !fault.Is(err, fault.QuotaExceeded) {
			rt.Fatalf("%d bytes more have no room: %v", grow, err)
		}
		return
	case err != nil:
		rt.Fatal(err)
	}
	if old != nil {
		old.gone = true
	}
	p.model.used += grow
	p.model.drive[id] = &file{id: id, parent: in, name: name, content: content}
}

func (p *pair) makeFolder(rt *rapid.T) {
	in, name := p.anyFolder(rt), rapid.SampledFrom(folderNames).Draw(rt, "name")
	if p.named(in, name) != nil {
		return
	}
	id := p.mkdir(in, name)
	p.model.drive[id] = &file{id: id, parent: in, name: name, content: folder}
}

func (p *pair) trashOne(rt *rapid.T) {
	list := p.model.all(func(*file) bool { return true })
	if len(list) == 0 {
		return
	}
	f := rapid.SampledFrom(list).Draw(rt, "trashed")
	p.trash(f.id)
	f.gone = true
}

func (p *pair) makeBedFolder(rt *rapid.T) {
	in, name := p.anyBedFolder(rt), rapid.SampledFrom(folderNames).Draw(rt, "name")
	if p.model.holder(in, name) != nil {
		return
	}
	s := p.model.make(in, name, "", folder)
	s.id = p.mkBed(in.id, name)
	p.seen[s.id] = true
}

func (p *pair) anyBedFolder(rt *rapid.T) *shown {
	var list []*shown
	for _, s := range p.model.bed {
		if s.content == folder {
			list = append(list, s)
		}
	}
	return rapid.SampledFrom(list).Draw(rt, "bed folder")
}

func (p *pair) moveInBed(rt *rapid.T) {
	s, to := rapid.SampledFrom(p.model.bed).Draw(rt, "moved"), p.anyBedFolder(rt)
	for up := to; up != nil; up = up.parent {
		if up == s {
			return // no folder goes under itself
		}
	}
	p.must(p.bed.Move(p.ctx, p.acc, []imagebed.ID{s.id}, to.id))
	if s.parent != to {
		s.name = free(s.name, func(name string) bool { return p.model.holder(to, name) != nil })
		s.parent, s.stamp = to, p.model.touch()
	}
}

func (p *pair) renameInBed(rt *rapid.T) {
	if len(p.model.bed) == 1 {
		return
	}
	s := rapid.SampledFrom(p.model.bed[1:]).Draw(rt, "renamed")
	name := rapid.SampledFrom([]string{"a.png", "b.png", "z.png"}).Draw(rt, "name")
	if h := p.model.holder(s.parent, name); h != nil {
		return
	}
	p.must(p.bed.Rename(p.ctx, p.acc, s.id, name))
	s.name, s.stamp = name, p.model.touch()
}

// anyTask is a task that has ended, if there is one.
func (p *pair) anyTask(rt *rapid.T) (ended, bool) {
	if len(p.tasks) == 0 {
		return ended{}, false
	}
	return rapid.SampledFrom(p.tasks).Draw(rt, "task"), true
}

func (p *pair) retryAny(rt *rapid.T) {
	old, ok := p.anyTask(rt)
	if !ok {
		return
	}
	task, err := p.rooms.tasks.Retry(p.ctx, p.acc, old.id)
	switch {
	case len(old.job.failures) == 0 && old.job.code != NoTarget: // that one ended before it was planned
		if !fault.Is(err, fault.NoneFailed) {
			rt.Fatalf("nothing has failed: %v", err)
		}
	case !slices.Contains(p.model.bed, old.job.target):
		if !fault.Is(err, fault.ParentNotFound) {
			rt.Fatalf("its target is gone: %v", err)
		}
	default:
		p.must(err)
		p.publish(rt, task, p.claim(), p.model.retry(old.job))
	}
}

func (p *pair) republishAny(rt *rapid.T) {
	images := slices.DeleteFunc(slices.Clone(p.model.bed), func(s *shown) bool { return s.content == folder })
	if len(images) == 0 {
		return
	}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(images), 1, min(4, len(images)), rapid.ID).Draw(rt, "re-published")
	ids := make([]imagebed.ID, len(chosen))
	for n, s := range chosen {
		ids[n] = s.id
	}
	task, err := p.rooms.tasks.Republish(p.ctx, p.acc, Chosen{Images: ids})
	p.must(err)
	job := p.model.republish(chosen)
	p.meanwhile(rt, "before it begins")
	p.publish(rt, task, p.claim(), job)
}

func (p *pair) undoAny(rt *rapid.T) {
	t, ok := p.anyTask(rt)
	if !ok {
		return
	}
	got := p.undo(t.id)
	removed, restored, kept := p.model.undo(t.job)
	reasons := make(map[Reason]int)
	for _, k := range got.Kept {
		reasons[k.Reason]++
	}
	if got.Removed != removed || got.Restored != restored || !maps.Equal(reasons, kept) {
		rt.Fatalf("undone: %+v, the model has %d removed, %d restored, kept %v", got, removed, restored, kept)
	}
}

func (p *pair) deleteFromBed(rt *rapid.T) {
	if len(p.model.bed) == 1 {
		return
	}
	s := rapid.SampledFrom(p.model.bed[1:]).Draw(rt, "deleted")
	p.deleteBed(s.id)
	p.model.remove(s)
}

// copyAny makes a task and does it, with other things before its plan is written
// down and before each of its batches, and sometimes by more than one worker.
func (p *pair) copyAny(rt *rapid.T) {
	list := p.model.all(func(*file) bool { return true })
	if len(list) == 0 {
		return
	}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(list), 1, min(4, len(list)), rapid.ID).Draw(rt, "chosen")
	ids := make([]drive.ID, len(chosen))
	for i, f := range chosen {
		ids[i] = f.id
	}
	to := p.anyBedFolder(rt)
	below := rapid.SampledFrom([][]string{nil, nil, {"d"}, {"a.png", "e"}}).Draw(rt, "below the target")
	plan, err := p.rooms.tasks.Plan(p.ctx, p.acc, ids, to.id, below...)
	p.must(err)
	planned := rapid.Bool().Draw(rt, "from the plan")
	task, job := p.createFrom(plan, planned, to, ids, below)
	still := p.meanwhile(rt, "before it begins")
	w := p.claim()
	ended := false
	if !planned {
		job = p.model.plan(to, ids, below...)
		ended, err = p.rooms.tasks.plan(p.ctx, w)
		p.must(err)
	}
	if ended != (job.code != "") {
		rt.Fatalf("planning ended the task: %v; the model says %q", ended, job.code)
	}
	if ended {
		p.ended(rt, task, job)
		return
	}
	still = p.publish(rt, task, w, job) && still
	if still {
		p.asPlanned(rt, task, plan)
	}
	if still && job.Failed == 0 {
		p.again(rt, to, ids, below)
	}
}

// publish does the batches of a planned task, with other things before each, and
// sometimes by more than one worker, or cancels it. It is true where nothing else happened.
func (p *pair) publish(rt *rapid.T, task ID, w *work, job *job) (still bool) {
	still = true
	all := job.cut(p.rooms.tasks.batch)
	for n, settled := 0, 0; n < len(all); n++ {
		still = p.meanwhile(rt, "before a batch") && still
		if rapid.SampledFrom([]bool{false, false, false, false, true}).Draw(rt, "cancelled") {
			p.must(p.rooms.tasks.Cancel(p.ctx, p.acc, task))
			p.model.cancel(job, all[n:])
			still = false
			break
		}
		if rapid.SampledFrom([]bool{false, false, true}).Draw(rt, "another worker goes on") {
			p.must(p.workers.ReclaimAll(p.ctx))
			w, settled = p.claim(), n
		}
		p.batch(w, n-settled)
		p.model.publish(job, all[n])
		p.compare(rt)
	}
	p.model.settle(job)
	p.ended(rt, task, job)
	return still
}

// createFrom makes a task, of its plan or of what it was asked for.
func (p *pair) createFrom(plan *Plan, planned bool, to *shown, ids []drive.ID, below []string) (ID, *job) {
	if !planned {
		task, err := p.rooms.tasks.Create(p.ctx, p.acc, ids, to.id, below...)
		p.must(err)
		return task, nil
	}
	task, err := p.rooms.tasks.CreatePlanned(p.ctx, p.acc, plan.ID, Asked{})
	p.must(err)
	return task, p.model.plan(to, ids, below...)
}

// asPlanned holds what has become of a task against what was said of it.
func (p *pair) asPlanned(rt *rapid.T, task ID, plan *Plan) {
	s := p.status(task)
	if s.Counts != plan.Counts || s.FailCode != plan.code() {
		rt.Fatalf("the task ended with %+v %q, planned were %+v %q", s.Counts, s.FailCode, plan.Counts, plan.code())
	}
	paths := make(map[imagebed.ID]string)
	for path, img := range p.tree() {
		paths[img.ID] = "/" + path
	}
	items, _, err := p.rooms.tasks.Items(p.ctx, p.acc, task, ItemQuery{Outcome: -1, Limit: 1000})
	p.must(err)
	planned, _ := plan.Items(0, len(plan.Rows))
	if len(items) != len(planned) {
		rt.Fatalf("%d items, planned were %d", len(items), len(planned))
	}
	for n, i := range items {
		want := planned[n]
		got := PlannedItem{i.Seq, i.DriveID, i.Name, i.SourcePath, want.TargetPath, i.Etag, i.Size, i.Outcome, i.Reason, ""}
		if i.ImageID != "" {
			got.TargetPath = paths[i.ImageID]
		}
		if i.Outcome == Replaced {
			got.ImageID = i.ImageID
		}
		if got != want {
			rt.Fatalf("came: %+v\nplanned: %+v", got, want)
		}
	}
}

// meanwhile is true where nothing happens.
func (p *pair) meanwhile(rt *rapid.T, when string) bool {
	switch rapid.SampledFrom([]string{"nothing", "nothing", "nothing", "upload", "trash", "bed delete", "bed move"}).Draw(rt, when) {
	case "upload":
		p.upload(rt)
	case "trash":
		p.trashOne(rt)
	case "bed delete":
		p.deleteFromBed(rt)
	case "bed move":
		p.moveInBed(rt)
	default:
		return true
	}
	return false
}

// again runs a task once more: nothing may change.
func (p *pair) again(rt *rapid.T, to *shown, ids []drive.ID, below []string) {
	before := p.tree()
	id, _ := p.createFrom(nil, false, to, ids, below)
	job := p.model.plan(to, ids, below...)
	p.run()
	for _, batch := range job.cut(p.rooms.tasks.batch) {
		p.model.publish(job, batch)
	}
	p.model.settle(job)
	p.ended(rt, id, job)
	task := p.status(id)
	if task.Copied != 0 || task.Counts.Failed != 0 {
		rt.Fatalf("run again: %+v", task.Counts)
	}
	for path, img := range p.tree() {
		if before[path].ID != img.ID {
			rt.Fatalf("run again: %s was %q and is %q", path, before[path].ID, img.ID)
		}
	}
}

// ended compares how a task has ended.
func (p *pair) ended(rt *rapid.T, task ID, job *job) {
	s := p.status(task)
	if s.State != job.state() || s.FailCode != job.code || s.Counts != job.Counts {
		rt.Fatalf("the task ended as %d %q %+v, the model's as %d %q %+v", s.State, s.FailCode, s.Counts, job.state(), job.code, job.Counts)
	}
	if list := p.failures(task); len(list) != job.Failed {
		rt.Fatalf("failures are %q, the model has %d", list, job.Failed)
	}
	p.tasks = append(p.tasks, ended{task, job})
}

// compare holds the bed and the quota against the model.
func (p *pair) compare(rt *rapid.T) {
	got, want := p.tree(), p.model.paths()
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		rt.Fatalf("the bed holds %q, the model %q", g, w)
	}
	for path, s := range want {
		img := got[path]
		if s.id == "" {
			if p.seen[img.ID] {
				rt.Fatalf("%s is new and has the old id %s", path, img.ID)
			}
			s.id = img.ID
			p.seen[img.ID] = true
		}
		if img.ID != s.id || img.IsFolder != (s.content == folder) {
			rt.Fatalf("%s is %s, the model's %s", path, img.ID, s.id)
		}
		if !img.IsFolder && (img.Etag != etag(s.content) || img.Size != size(s.content) || img.Ext != s.ext) {
			rt.Fatalf("%s: %+v, the model has content %d and %q", path, img, s.content, s.ext)
		}
	}
	if root := p.model.bed[0]; root.id == "" {
		p.must(p.db.Read(p.ctx, "test", func(tx *db.Tx) (err error) {
			root.id, err = imagebed.FolderIn(p.ctx, tx, p.acc, "")
			return err
		}))
	}
	if used := p.used(); used != p.model.used {
		rt.Fatalf("%d bytes are used, the model says %d", used, p.model.used)
	}
}
