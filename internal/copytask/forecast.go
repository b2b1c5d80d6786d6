package copytask

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"slices"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
)

// PlanID names a plan, in the form of a task's id.
type PlanID string

const (
	// MaxPlans is how many plans of an account are kept: the newest.
	MaxPlans = 10
	// PlanLife is how long a plan can be read and carried out.
	PlanLife = time.Hour

	mostCounted = 100_000 // pictures past the limit are counted to so many
	longestPlan = 20 * time.Second
	plansAtOnce = 2 // of different accounts
)

// Plan says what a task would do, picture by picture.
type Plan struct {
	ID        PlanID
	ExpiresAt time.Time
	Task      ID // that carries it out; "" for none
	Sources   []drive.ID
	Target    imagebed.ID
	Below     []string // the way from the target to where the pictures go
	Counts    Counts
	Renamed   int            // pictures that would not have their own name in the bed
	Reasons   map[Reason]int // items that would be skipped or fail, by their reason
	Limit     *Limit         // nil where the task would be done
	Items     []PlannedItem  // empty where a limit is passed before anything is published
}

// Limit is why a task would fail as a whole.
type Limit struct {
	Code FailCode
	// Most is what a task may ask for, Found what this one does: pictures, levels or
	// folders; with NoQuota bytes. Pictures are counted to a hundred thousand.
	Most  int64
	Found int64
}

// PlannedItem is what would become of a picture, or of a file that is none.
type PlannedItem struct {
	Seq        int // as in the ledger of the task
	DriveID    drive.ID
	Name       string
	SourcePath string
	TargetPath string // "" where it is to go nowhere
	Etag       string
	Size       int64
	Outcome    Outcome
	Reason     Reason
	ImageID    imagebed.ID // whose link stays; "" for a new image
}

// Forecast finds out what a task would do, by the decisions of the task itself on a draft of
// the bed, and changes nothing. An account has one made at a time.
//
// The errors are those of Create, but for fault.TooManyTasks.
func (t *Tasks) Forecast(ctx context.Context, acc account.ID, ids []drive.ID, target imagebed.ID, below ...string) (*Plan, error) {
	if err := t.checkAsked(ids, below); err != nil {
		return nil, err
	}
	var p *Plan
	err := t.thinking(ctx, acc, "copytask: plan", func(ctx context.Context, tx *db.Tx) error {
		folder, sources, err := t.asked(ctx, tx, acc, dedupe(ids), target)
		if err == nil {
			p, _, err = t.forecast(ctx, tx, acc, folder, below, sources, mostCounted)
		}
		return err
	})
	return p, err
}

// Plan is Forecast that keeps the plan for PlanLife.
func (t *Tasks) Plan(ctx context.Context, acc account.ID, ids []drive.ID, target imagebed.ID, below ...string) (*Plan, error) {
	p, err := t.Forecast(ctx, acc, ids, target, below...)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	if err := gob.NewEncoder(&content).Encode(p); err != nil {
		return nil, fault.Wrap(err, "copytask: plan")
	}
	p.ID = PlanID(newID())
	err = t.db.Write(ctx, "copytask: keep plan", func(tx *db.Tx) error {
		p.ExpiresAt = tx.Now().Add(PlanLife)
		if _, err := tx.Exec(ctx, insertPlan, acc, p.ID, tx.Micros(), p.ExpiresAt.UnixMicro(), content.Bytes()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, dropPlans, acc, MaxPlans)
		return err
	})
	return p, err
}

// KeptPlan answers a plan that was made before; fault.PlanNotFound where the account has
// none of that id, or has no longer; fault.BadRequest see Asked.
func (t *Tasks) KeptPlan(ctx context.Context, acc account.ID, id PlanID, more Asked) (p *Plan, err error) {
	err = t.db.Read(ctx, "copytask: kept plan", func(tx *db.Tx) error {
		if p, err = readPlan(ctx, tx, acc, id); err != nil {
			return err
		}
		return more.matches(ctx, tx, acc, p)
	})
	return p, err
}

// thinking reads for a plan, on a connection of the workers and as long as it may.
func (t *Tasks) thinking(ctx context.Context, acc account.ID, op string, fn func(ctx context.Context, tx *db.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, longestPlan)
	defer cancel()
	done, err := t.turns.take(ctx, acc)
	if err != nil {
		return fault.Wrap(err, op)
	}
	defer done()
	return t.db.WorkerRead(ctx, op, func(tx *db.Tx) error { return fn(ctx, tx) })
}

// Asked is what else a request names beside a plan: it must be the plan's.
type Asked struct {
	IDs    []drive.ID
	Target imagebed.ID
	Below  []string
}

// matches is fault.BadRequest where something is not the plan's.
func (a Asked) matches(ctx context.Context, tx *db.Tx, acc account.ID, p *Plan) error {
	same := len(a.IDs) == 0 || slices.Equal(dedupe(a.IDs), p.Sources)
	if len(a.IDs) > 0 || a.Target != "" {
		target, err := imagebed.FolderIn(ctx, tx, acc, a.Target)
		if err != nil && !fault.Is(err, fault.ParentNotFound) && !fault.Is(err, fault.NotFolder) {
			return err
		}
		same = same && target == p.Target
	}
	if len(a.IDs) > 0 || len(a.Below) > 0 {
		if err := cleanNames(a.Below); err != nil {
			return err
		}
		same = same && slices.Equal(a.Below, p.Below)
	}
	if !same {
		return fault.New(fault.BadRequest, "copytask: create from plan", "planID")
	}
	return nil
}

// CreatePlanned makes the task of a plan, with the plan written down as it is found once
// more. Said twice, it answers the same task. What other tasks of the account do before
// its turn is not in the plan.
//
// fault.PlanNotFound as KeptPlan, fault.BadRequest see Asked, fault.PlanChanged where the
// task would do something else by now, with how much of it and what, fault.PlanPastLimit
// where it would do nothing, and fault.TooManyTasks as Create.
func (t *Tasks) CreatePlanned(ctx context.Context, acc account.ID, plan PlanID, more Asked) (ID, error) {
	var old, now *Plan
	var p *planner
	var sources []source
	err := t.thinking(ctx, acc, "copytask: plan again", func(ctx context.Context, tx *db.Tx) (err error) {
		if old, err = readPlan(ctx, tx, acc, plan); err != nil {
			return err
		}
		if err := more.matches(ctx, tx, acc, old); err != nil || old.Task != "" {
			return err
		}
		if err := t.checkAsked(old.Sources, nil); err != nil {
			return err
		}
		if err := t.mayBegin(ctx, tx, acc); err != nil {
			return err
		}
		if l := old.Limit; l != nil && len(old.Items) == 0 {
			return fault.New(fault.PlanPastLimit, "copytask: create from plan")
		}
		var folder imagebed.ID
		if folder, sources, err = t.asked(ctx, tx, acc, old.Sources, old.Target); err != nil {
			return old.gone(err)
		}
		now, p, err = t.forecast(ctx, tx, acc, folder, old.Below, sources, 0)
		return err
	})
	if err != nil {
		return "", err
	}
	if old.Task != "" {
		return old.Task, nil
	}
	if n, what := old.differs(now); n > 0 {
		return "", fault.New(fault.PlanChanged, "copytask: create from plan", n, what)
	}
	var id ID
	err = t.db.Write(ctx, "copytask: create from plan", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		found, err := tx.Get(ctx, selectPlanTask, []any{acc, plan, tx.Micros()}, &id)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.New(fault.PlanNotFound, "copytask: create from plan")
		case id != "": // made meanwhile
			return nil
		}
		if err := t.mayBegin(ctx, tx, acc); err != nil {
			return err
		}
		id = newID()
		seq, err := add(ctx, tx, acc, id, old.Target, old.Below, sources, "")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, usePlan, acc, plan, id); err != nil {
			return err
		}
		killpoint.Here("copytask.planned.half")
		return p.write(ctx, tx, seq)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// gone makes fault.PlanChanged of the error that something chosen is there no more.
func (out *Plan) gone(err error) error {
	switch {
	case fault.Is(err, fault.NotFound):
		what := fmt.Sprint(fault.ArgsOf(err)...)
		for _, i := range out.Items {
			if i.DriveID.String() == what {
				what = i.SourcePath
				break
			}
		}
		return fault.Because(fault.PlanChanged, "copytask: create from plan", err, 1, what)
	case fault.Is(err, fault.ParentNotFound):
		return fault.Because(fault.PlanChanged, "copytask: create from plan", err, len(out.Items), "toParentFileID")
	}
	return err
}

// SweepPlans forgets the plans that have expired.
func (t *Tasks) SweepPlans(ctx context.Context) error {
	return t.db.Write(ctx, "copytask: sweep plans", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, expiredPlans, tx.Micros())
		return err
	})
}

func readPlan(ctx context.Context, tx *db.Tx, acc account.ID, id PlanID) (*Plan, error) {
	p := &Plan{ID: id, Reasons: map[Reason]int{}}
	var expires int64
	var content []byte
	found, err := tx.Get(ctx, selectPlan, []any{acc, id, tx.Micros()}, &expires, &p.Task, &content)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.PlanNotFound, "copytask: read plan")
	}
	p.ExpiresAt = time.UnixMicro(expires)
	return p, fault.Wrap(gob.NewDecoder(bytes.NewReader(content)).Decode(p), "copytask: read plan")
}

// forecast plans a task and finds what would become of each item. The planner is nil
// where a limit is passed; pictures past it are counted to so many.
func (t *Tasks) forecast(ctx context.Context, tx *db.Tx, acc account.ID, target imagebed.ID, below []string, sources []source, count int) (*Plan, *planner, error) {
	out := &Plan{Target: target, Below: below, Reasons: map[Reason]int{}, Items: []PlannedItem{}}
	for _, s := range sources {
		out.Sources = append(out.Sources, s.id)
	}
	folders := []targetFolder{{id: target}}
	for n, name := range below {
		folders = append(folders, targetFolder{parent: n, name: name})
	}
	p := newPlanner(acc, t.limits, folders)
	p.count = count
	err := p.read(ctx, tx, sources)
	if limit := (*limitError)(nil); errors.As(err, &limit) {
		out.Limit = &Limit{limit.code, limit.most, limit.found}
		out.Counts.Total = p.images
		return out, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	owner, err := account.Read(ctx, tx, acc)
	if err != nil {
		return nil, nil, err
	}
	b := newDraft(owner, p)
	done := slices.Clone(p.items)
	at := make(map[int]int, len(done)) // by seq
	for n, i := range done {
		at[i.seq] = n
	}
	var missing int64 // bytes
	for _, items := range cut(b.work, t.batch) {
		if err := b.checkContent(ctx, tx, items); err != nil {
			return nil, nil, err
		}
		if err := b.show(ctx, tx, items, nil); err != nil {
			return nil, nil, err
		}
		for _, i := range items {
			done[at[i.seq]] = i
			if i.reason == QuotaExceeded {
				missing += i.size
			}
			if i.reason != "" {
				p.reasons[i.reason]++
			}
		}
	}
	out.Counts, out.Reasons = b.counts, p.reasons
	out.Counts.Total, out.Counts.Skipped = p.images, p.skipped
	switch {
	case p.reasons[QuotaExceeded] > 0:
		out.Limit = &Limit{NoQuota, owner.Room(), missing + b.counts.Bytes}
	case b.counts.Failed > 0 && b.counts.Copied+b.counts.Replaced == 0:
		out.Limit = &Limit{AllFailed, 0, int64(b.counts.Failed)}
	}
	return out, p, out.describe(ctx, tx, p, b, done)
}

// newDraft makes a batch of all that is open in a plan, on a draft of the bed.
func newDraft(owner account.Account, p *planner) *batch {
	b := &batch{
		work: &work{acc: owner.ID, folders: p.folders}, bed: imagebed.NewDraft(owner), folders: slices.Clone(p.folders),
		made: make(map[int]bool), depth: make(map[int]int), known: make(map[imagebed.ID]bool), counts: Counts{Failed: p.failed},
	}
	for _, i := range p.items {
		if i.outcome == Open {
			b.open = append(b.open, i)
		}
	}
	return b
}

// describe makes the items of a plan from what has become of them on the draft.
func (out *Plan) describe(ctx context.Context, tx *db.Tx, p *planner, b *batch, items []item) error {
	paths := make([]string, len(b.folders))
	var err error
	if paths[0], err = imagebed.Path(ctx, tx, b.acc, out.Target); err != nil {
		return err
	}
	for no := 1; no < len(b.folders); no++ { // a folder's number is above its parent's
		f := b.folders[no]
		name := f.name
		if f.shownAs != "" {
			name = f.shownAs
		}
		paths[no] = paths[f.parent] + name + "/"
	}
	for _, i := range items {
		it := PlannedItem{
			Seq: i.seq, DriveID: i.driveID, Name: i.name, SourcePath: p.dirs[i.dir].path + i.name,
			Etag: i.etag, Size: i.size, Outcome: i.outcome, Reason: i.reason,
		}
		switch {
		case i.outcome == Skipped && i.reason != DuplicateInTask:
		case i.shownAs != "":
			it.TargetPath = paths[i.folder] + i.shownAs
			if i.shownAs != i.name {
				out.Renamed++
			}
		default:
			it.TargetPath = paths[i.folder] + i.name
		}
		if i.outcome == Replaced {
			it.ImageID = i.imageID
		}
		out.Items = append(out.Items, it)
	}
	return nil
}

// differs counts what is not as it was planned, and names the first of it.
func (out *Plan) differs(now *Plan) (n int, what string) {
	was, is := out.byFile(), now.byFile()
	note := func(path string) {
		if n++; n == 1 {
			what = path
		}
	}
	for _, k := range now.order() {
		if was[k] != is[k] {
			note(is[k].SourcePath)
		}
	}
	for _, k := range out.order() {
		if _, there := is[k]; !there {
			note(was[k].SourcePath)
		}
	}
	if n == 0 && out.code() != now.code() {
		note(string(now.code()))
	}
	return n, what
}

func (out *Plan) code() FailCode {
	if out.Limit == nil {
		return ""
	}
	return out.Limit.Code
}

// line names an item whatever comes before it: a file that is chosen, and in a folder
// that is chosen, comes twice.
type line struct {
	file drive.ID
	nth  int
}

// order are the items of a plan as they come.
func (out *Plan) order() []line {
	list, nth := make([]line, len(out.Items)), make(map[drive.ID]int, len(out.Items))
	for n, i := range out.Items {
		list[n] = line{i.DriveID, nth[i.DriveID]}
		nth[i.DriveID]++
	}
	return list
}

// byFile are the items of a plan without their numbers.
func (out *Plan) byFile() map[line]PlannedItem {
	items := make(map[line]PlannedItem, len(out.Items))
	for n, k := range out.order() {
		i := out.Items[n]
		i.Seq = 0
		items[k] = i
	}
	return items
}
