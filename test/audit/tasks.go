package audit

import (
	"context"
	"slices"
)

const (
	maxTasks  = 3    // unfinished ones of an account
	maxIdle   = 5    // attempts that may die without progress
	maxImages = 1000 // of a task
	maxNoted  = 1000 // skips that are written down
)

// queueTurns: the turn of an account and kind counts its unfinished tasks.
func queueTurns(_ context.Context, v *view) error {
	left := make(map[key]int)
	for _, t := range v.tasks {
		if t.unfinished() {
			left[key{t.acc, int64(t.kind)}]++
		}
	}
	for _, t := range v.turns {
		if n := left[t.key]; n != t.unfinished {
			v.found("turn %v counts %d unfinished tasks, there are %d", t.key, t.unfinished, n)
		}
		delete(left, t.key)
	}
	for k, n := range left {
		v.found("turn %v is not there for %d unfinished tasks", k, n)
	}
	return nil
}

// kindCopy is the kind of tasks that are in order, and few.
const kindCopy = 1

// downloads: each download has its row and each row its download; one that has ended
// holds nothing, has a result or a reason, and no file of the drive is the result of two.
// What is being fetched has a pending blob and as many bytes as its slices.
func downloads(_ context.Context, v *view) error {
	tasks := make(map[key]*task)
	for i, t := range v.tasks {
		if t.kind != kindCopy {
			tasks[t.key] = &v.tasks[i]
		}
	}
	results := make(map[string]key)
	for _, d := range v.downloads {
		t := tasks[d.key]
		if t == nil || t.kind != 2 {
			v.found("download %v has no task", d.key)
			continue
		}
		delete(tasks, d.key)
		if d.callback > 0 {
			if c := tasks[key{d.acc, d.callback}]; c == nil || c.kind != 3 || t.unfinished() {
				v.found("download %v says that task %d tells of its end", d.key, d.callback)
			}
			delete(tasks, key{d.acc, d.callback})
		}
		switch {
		case t.unfinished() && d.result != "", t.state == done && (d.result == "" || d.failCode != ""), t.state == failed && (d.result != "" || d.failCode == ""):
			v.found("download %v has state %d, result %q and the code %q", d.key, t.state, d.result, d.failCode)
		case !t.unfinished() && (d.blob != 0 || d.reserved != 0):
			v.found("download %v has ended and holds blob %d and %d bytes", d.key, d.blob, d.reserved)
		case d.got != d.slices:
			v.found("download %v counts %d bytes, its slices have %d", d.key, d.got, d.slices)
		}
		if b := v.blobOf[key{d.acc, d.blob}]; d.blob != 0 && (b == nil || b.state != pending) {
			v.found("download %v is at blob %d, which is not pending", d.key, d.blob)
		}
		if other, twice := results[d.result]; twice && d.dest == 1 && d.result != "" {
			v.found("downloads %v and %v both made file %s", other, d.key, d.result)
		}
		results[d.result] = d.key
	}
	for k, t := range tasks {
		if t.kind == 2 || t.kind == 3 && t.unfinished() {
			v.found("task %v of kind %d has no download", k, t.kind)
		}
	}
	return nil
}

// queueLimits: three unfinished copy tasks an account, and one running of each kind.
func queueLimits(_ context.Context, v *view) error {
	unfinished, runs := make(map[key]int), make(map[key]int)
	for _, t := range v.tasks {
		if t.unfinished() {
			unfinished[key{t.acc, int64(t.kind)}]++
		}
		if t.state == running {
			runs[key{t.acc, int64(t.kind)}]++
		}
	}
	for k, n := range unfinished {
		if k.n == kindCopy && n > maxTasks {
			v.found("account %d has %d unfinished tasks", k.acc, n)
		}
	}
	for k, n := range runs {
		if n > 1 {
			v.found("account %d has %d running tasks", k.acc, n)
		}
	}
	return nil
}

// queueOrder: a copy task starts when the ones created before it have ended. Of other
// kinds what is put off holds nobody.
func queueOrder(_ context.Context, v *view) error {
	before, slack := make(map[key]*task), v.Clocks.Microseconds()
	for i := range v.tasks {
		t := &v.tasks[i]
		if t.kind != kindCopy {
			continue
		}
		k := key{t.acc, int64(t.kind)}
		if b := before[k]; b != nil {
			switch {
			case t.created < b.created-slack:
				v.found("task %v was created before task %d", t.key, b.n)
			case t.started > 0 && b.unfinished():
				v.found("task %v has started before task %d has ended", t.key, b.n)
			case t.started > 0 && t.started < b.finished-slack:
				v.found("task %v started before task %d ended", t.key, b.n)
			}
		}
		before[k] = t
	}
	return nil
}

// queueStates: the times and counters of a task are those of its state.
func queueStates(_ context.Context, v *view) error {
	for _, t := range v.tasks {
		switch t.state {
		case running, waiting, done, failed, cancelled:
		default:
			v.found("task %v has state %d", t.key, t.state)
		}
		if t.unfinished() != (t.finished == 0) {
			v.found("task %v has state %d and ended at %d", t.key, t.state, t.finished)
		}
		if (t.state == running || t.state == done || t.state == failed) && (t.started == 0 || t.attempt == 0) {
			v.found("task %v has state %d and was never started", t.key, t.state)
		}
		if t.idle > t.attempt || t.idle > maxIdle+1 {
			v.found("task %v counts %d idle attempts of %d", t.key, t.idle, t.attempt)
		}
	}
	return nil
}

// tally is what a task's items add up to.
type tally struct {
	outcome [5]int64
	twice   int64 // skipped as the same picture again
	weight  int64 // bytes of what was published
}

func (t *task) tally() (s tally) {
	for _, i := range t.items {
		if i.outcome < itemOpen || i.outcome > itemFailed {
			continue
		}
		s.outcome[i.outcome]++
		if i.outcome == itemSkipped && i.reason == "duplicate_in_task" {
			s.twice++
		}
		if i.published() {
			s.weight += i.size
		}
	}
	return s
}

// taskCounters: they are what the items add up to.
func taskCounters(_ context.Context, v *view) error {
	for i := range v.tasks {
		t := &v.tasks[i]
		s := t.tally()
		for _, c := range []struct {
			name      string
			row, sums int64
		}{
			{"total", t.total, s.outcome[itemOpen] + s.outcome[itemCopied] + s.outcome[itemReplaced] + s.outcome[itemFailed] + s.twice},
			{"copied", t.copied, s.outcome[itemCopied]},
			{"replaced", t.replaced, s.outcome[itemReplaced]},
			{"failed", t.failed, s.outcome[itemFailed]},
			{"bytes", t.weight, s.weight},
		} {
			if c.row != c.sums {
				v.found("task %v counts %s %d, its items add up to %d", t.key, c.name, c.row, c.sums)
			}
		}
		others := s.outcome[itemSkipped] - s.twice // beyond the first thousand they are counted only
		if t.skipped < s.outcome[itemSkipped] || t.skipped > s.outcome[itemSkipped] && others < maxNoted {
			v.found("task %v counts %d skipped, its items add up to %d", t.key, t.skipped, s.outcome[itemSkipped])
		}
		if t.total > maxImages {
			v.found("task %v has %d pictures", t.key, t.total)
		}
		if !t.planned && len(t.items) > 0 {
			v.found("task %v has items and no plan", t.key)
		}
	}
	return nil
}

// taskOutcomes: the items are numbered without a gap, each has the one outcome that
// its other fields say, and none is open once the task has ended.
func taskOutcomes(_ context.Context, v *view) error {
	for _, t := range v.tasks {
		for n, i := range t.items {
			if i.seq != int64(n)+1 {
				v.found("task %v has item %d in place %d", t.key, i.seq, n+1)
			}
			if i.outcome < itemOpen || i.outcome > itemFailed {
				v.found("item %d of task %v has outcome %d", i.seq, t.key, i.outcome)
			}
			if i.outcome == itemOpen && !t.unfinished() {
				v.found("item %d of task %v is open and the task has ended", i.seq, t.key)
			}
			if i.published() != (i.image != "") {
				v.found("item %d of task %v has outcome %d and image %q", i.seq, t.key, i.outcome, i.image)
			}
			if (i.outcome == itemFailed || i.outcome == itemSkipped) != (i.reason != "") {
				v.found("item %d of task %v has outcome %d and reason %q", i.seq, t.key, i.outcome, i.reason)
			}
			if (i.outcome == itemFailed) != (i.failNo > 0) {
				v.found("item %d of task %v has outcome %d and is failure %d", i.seq, t.key, i.outcome, i.failNo)
			}
		}
	}
	return nil
}

// taskFailures: they are numbered from 1 without a gap.
func taskFailures(_ context.Context, v *view) error {
	for _, t := range v.tasks {
		var numbers []int64
		for _, i := range t.items {
			if i.failNo > 0 {
				numbers = append(numbers, i.failNo)
			}
		}
		slices.Sort(numbers)
		for n, no := range numbers {
			if no != int64(n)+1 {
				v.found("task %v numbers its failures %v", t.key, numbers)
				break
			}
		}
	}
	return nil
}

// taskVerdict: a copy task's state and code are what became of its items.
func taskVerdict(_ context.Context, v *view) error {
	for i := range v.tasks {
		t := &v.tasks[i]
		if t.kind != kindCopy {
			continue
		}
		s := t.tally()
		published := s.outcome[itemCopied] + s.outcome[itemReplaced]
		has := func(reason string) bool {
			return slices.ContainsFunc(t.items, func(i *item) bool { return i.reason == reason })
		}
		wrong := ""
		switch t.state {
		case running, waiting:
			if t.failCode != "" {
				wrong = "unfinished"
			}
		case done:
			if !t.planned || t.failCode != "" || has("quota_exceeded") || s.outcome[itemFailed] > 0 && published == 0 {
				wrong = "done"
			}
		case cancelled:
			if t.failCode != "cancelled" {
				wrong = "cancelled"
			}
		case failed:
			switch t.failCode {
			case "limit_images", "limit_depth", "limit_folders":
				if t.planned || len(t.items) > 0 {
					wrong = "over a limit"
				}
			case "target_deleted":
				if t.planned && !has("target_deleted") {
					wrong = "without a target"
				}
			case "quota_exceeded":
				if !has("quota_exceeded") {
					wrong = "out of room"
				}
			case "all_failed":
				if published > 0 || s.outcome[itemFailed] == 0 {
					wrong = "failed for all"
				}
			case "internal":
				if t.trace == "" || t.planned && len(t.items) > 0 && !has("internal") {
					wrong = "broken"
				}
			default:
				wrong = "failed"
			}
		}
		if wrong != "" {
			v.found("task %v is %s with code %q: %d published, %d failed", t.key, wrong, t.failCode, published, s.outcome[itemFailed])
		}
	}
	return nil
}

// taskPublications: each item that was published has exactly one publication, and an
// image shows the content of the last one that is not undone, unless somebody removed it
// since.
func taskPublications(_ context.Context, v *view) error {
	type which struct {
		key
		item int64
	}
	there := make(map[which]*publication, len(v.publications))
	last := make(map[string]which) // by image
	for i := range v.publications {
		p := &v.publications[i]
		if p.undone == 0 {
			last[p.image] = which{key{p.acc, p.task}, p.item}
		}
		w := which{key{p.acc, p.task}, p.item}
		if there[w] != nil {
			v.found("item %d of task %v has two publications", p.item, w.key)
		}
		there[w] = p
	}
	beds := make(map[string]bool, len(v.folders))
	for _, f := range v.folders {
		beds[f.id] = true
	}
	targets := make(map[key]map[int64]string)
	for _, t := range v.targets {
		k := key{t.acc, t.task}
		if targets[k] == nil {
			targets[k] = make(map[int64]string)
		}
		targets[k][t.no] = t.id
	}
	for i := range v.items {
		i := &v.items[i]
		if !i.published() {
			continue
		}
		k := key{i.acc, i.task}
		img := v.imageOf[i.image]
		if img == nil {
			folder := targets[k][i.folderNo]
			if folder == "" || beds[folder] && !v.Told.leaving[i.image] {
				v.found("item %d of task %v is published as %s, which is not there", i.seq, k, i.image)
			}
			continue
		}
		w := which{k, i.seq}
		if img.acc != i.acc || last[i.image] == w && (img.etag != i.etag || img.size != i.size) {
			v.found("item %d of task %v has etag %s, its image %s shows %s", i.seq, k, i.etag, i.image, img.etag)
		}
		p := there[w]
		delete(there, w)
		if p == nil || p.image != i.image || p.drive != i.drive || p.name != i.name || p.etag != i.etag {
			v.found("item %d of task %v is published as %s, its publication says %+v", i.seq, k, i.image, p)
		}
	}
	for w, p := range there {
		v.found("image %s is published by item %d of task %v, which is not so", p.image, w.item, w.key)
	}
	return nil
}

// exactlyOnce: every image is made by one item of one task, by a download or by an upload.
func exactlyOnce(_ context.Context, v *view) error {
	made := make(map[string]int)
	for _, i := range v.items {
		if i.outcome == itemCopied {
			made[i.image]++
		}
	}
	for id, n := range made {
		if n > 1 {
			v.found("image %s was made %d times", id, n)
		}
	}
	uploaded, fetched := make(map[string]bool), make(map[string]bool)
	for _, u := range v.uploads {
		uploaded[u.result] = u.completed
	}
	for _, d := range v.downloads {
		fetched[d.result] = fetched[d.result] || d.dest == 2
	}
	for _, i := range v.images {
		if made[i.id] == 0 && !uploaded[i.id] && !fetched[i.id] && !v.Told.direct[i.folder] {
			v.found("image %s, %q, was made by no task", i.id, i.name)
		}
	}
	return nil
}

// tasksEnded: with nothing going on, no task waits or runs.
func tasksEnded(_ context.Context, v *view) error {
	for _, t := range v.tasks {
		if t.unfinished() {
			v.found("task %v has not ended", t.key)
		}
	}
	return nil
}
