package copytask

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"slices"
	"sort"
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
	Folders   []PlanFolder   // of the drive and of the bed, those above first
	Into      int            // the target, by its number in Folders
	Rows      []PlanRow      // empty where a limit is passed before anything is published
}

// Limit is why a task would fail as a whole.
type Limit struct {
	Code FailCode
	// Most is what a task may ask for, Found what this one does: pictures, levels or
	// folders; with NoQuota bytes. Pictures are counted to a hundred thousand.
	Most  int64
	Found int64
}

// PlanRow is what would become of a picture, or of a file that is none. Its folders are
// numbers in Plan.Folders.
type PlanRow struct {
	Seq     int
	DriveID drive.ID
	Name    string
	ShownAs string // "" where that is its own name, or it is not shown
	From    int
	To      int // 0 where it is to go nowhere
	Etag    string
	Size    int64
	Outcome Outcome
	Reason  Reason
	ImageID imagebed.ID
}

// PlannedItem is a row with its paths.
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
	err := t.inTurn(ctx, acc, "copytask: plan", func(ctx context.Context) (err error) {
		p, err = t.foresee(ctx, acc, ids, target, below)
		return err
	})
	return p, err
}

// foresee is Forecast in the turn of the account.
func (t *Tasks) foresee(ctx context.Context, acc account.ID, ids []drive.ID, target imagebed.ID, below []string) (p *Plan, err error) {
	err = t.db.WorkerRead(ctx, "copytask: plan", func(tx *db.Tx) error {
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
	if err := t.checkAsked(ids, below); err != nil {
		return nil, err
	}
	var p *Plan
	err := t.inTurn(ctx, acc, "copytask: plan", func(ctx context.Context) (err error) {
		if p, err = t.foresee(ctx, acc, ids, target, below); err != nil {
			return err
		}
		var content bytes.Buffer
		if err := gob.NewEncoder(&content).Encode(p); err != nil {
			return fault.Wrap(err, "copytask: plan")
		}
		p.ID = PlanID(newID())
		return t.db.Write(ctx, "copytask: keep plan", func(tx *db.Tx) error {
			p.ExpiresAt = tx.Now().Add(PlanLife)
			if _, err := tx.Exec(ctx, insertPlan, acc, p.ID, tx.Micros(), p.ExpiresAt.UnixMicro(), content.Bytes()); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, dropPlans, acc, MaxPlans)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// KeptPlan answers a plan that was made before; fault.PlanNotFound where the account has
// none of that id, or has no longer; fault.PlanMismatch see Asked.
func (t *Tasks) KeptPlan(ctx context.Context, acc account.ID, id PlanID, more Asked) (p *Plan, err error) {
	err = t.thinking(ctx, acc, "copytask: kept plan", func(ctx context.Context, tx *db.Tx) error {
		if p, err = readPlan(ctx, tx, acc, id); err != nil {
			return err
		}
		return more.matches(ctx, tx, acc, p)
	})
	return p, err
}

// thinking reads for a plan, on a connection of the workers.
func (t *Tasks) thinking(ctx context.Context, acc account.ID, op string, fn func(ctx context.Context, tx *db.Tx) error) error {
	return t.inTurn(ctx, acc, op, func(ctx context.Context) error {
		return t.db.WorkerRead(ctx, op, func(tx *db.Tx) error { return fn(ctx, tx) })
	})
}

// inTurn does the work of a plan in the turn of the account, and in the time there is.
func (t *Tasks) inTurn(ctx context.Context, acc account.ID, op string, fn func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, longestPlan)
	defer cancel()
	done, err := t.turns.take(ctx, acc)
	if err != nil {
		return fault.Wrap(err, op)
	}
	defer done()
	return fn(ctx)
}

// Asked is what else a request names beside a plan: it must be the plan's.
type Asked struct {
	IDs    []drive.ID
	Target imagebed.ID
	Below  []string
}

// matches is fault.PlanMismatch where something is not the plan's.
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
		return fault.New(fault.PlanMismatch, "copytask: create from plan")
	}
	return nil
}

// CreatePlanned makes the task of a plan, with the plan written down as it is found once
// more. Said twice, it answers the same task. What other tasks of the account do before
// its turn is not in the plan.
//
// fault.PlanNotFound as KeptPlan, fault.PlanMismatch see Asked, fault.PlanChanged where the
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
		if l := old.Limit; l != nil && len(old.Rows) == 0 {
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
		for _, i := range out.Rows {
			if i.DriveID.String() == what {
				what = out.source(i)
				break
			}
		}
		return fault.Because(fault.PlanChanged, "copytask: create from plan", err, 1, what)
	case fault.Is(err, fault.ParentNotFound):
		return fault.Because(fault.PlanChanged, "copytask: create from plan", err, len(out.Rows), pathIn(out.Folders, out.Into))
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
	out := &Plan{Target: target, Below: below, Reasons: map[Reason]int{}}
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

// describe makes the rows of a plan from what has become of the items on the draft.
func (out *Plan) describe(ctx context.Context, tx *db.Tx, p *planner, b *batch, items []item) error {
	path, err := imagebed.Path(ctx, tx, b.acc, out.Target)
	if err != nil {
		return err
	}
	at := make([]int, len(b.folders))
	at[0] = p.names.find(path)
	for no := 1; no < len(b.folders); no++ { // a folder's number is above its parent's
		f := b.folders[no]
		at[no] = p.names.below(at[f.parent], cmp.Or(f.shownAs, f.name))
	}
	out.Into = at[0]
	for _, i := range items {
		row := PlanRow{
			Seq: i.seq, DriveID: i.driveID, Name: i.name, From: p.dirs[i.dir].in,
			Etag: i.etag, Size: i.size, Outcome: i.outcome, Reason: i.reason,
		}
		if i.outcome != Skipped || i.reason == DuplicateInTask {
			row.To = at[i.folder]
			if i.shownAs != i.name && i.shownAs != "" {
				row.ShownAs = i.shownAs
				out.Renamed++
			}
		}
		if i.outcome == Replaced {
			row.ImageID = i.imageID
		}
		out.Rows = append(out.Rows, row)
	}
	out.Folders = p.names.folders
	return nil
}

// Items answers a page of a plan, of the rows above a number, and whether there are more.
func (out *Plan) Items(after, limit int) (list []PlannedItem, more bool) {
	from := sort.Search(len(out.Rows), func(n int) bool { return out.Rows[n].Seq > after })
	to := min(from+limit, len(out.Rows))
	paths := make(map[int]string) // of folders, each once
	path := func(no int, name string) string {
		if no == noPlace {
			return ""
		}
		if _, known := paths[no]; !known {
			paths[no] = pathIn(out.Folders, no)
		}
		return paths[no] + name
	}
	for _, i := range out.Rows[from:to] {
		list = append(list, PlannedItem{
			i.Seq, i.DriveID, i.Name, path(i.From, i.Name), path(i.To, cmp.Or(i.ShownAs, i.Name)),
			i.Etag, i.Size, i.Outcome, i.Reason, i.ImageID,
		})
	}
	return list, to < len(out.Rows)
}

// source is the path of a row in the drive.
func (out *Plan) source(i PlanRow) string { return pathIn(out.Folders, i.From) + i.Name }

// differs counts what is not as it was planned, and names the first of it.
func (out *Plan) differs(now *Plan) (n int, what string) {
	both := newTree() // so that equal folders have equal numbers
	was, is := out.byFile(both), now.byFile(both)
	note := func(path string) {
		if n++; n == 1 {
			what = path
		}
	}
	for at, k := range now.order() {
		if was[k] != is[k] {
			note(now.source(now.Rows[at]))
		}
	}
	for at, k := range out.order() {
		if _, there := is[k]; !there {
			note(out.source(out.Rows[at]))
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

// line names a row whatever comes before it: a file that is chosen, and in a folder
// that is chosen, comes twice.
type line struct {
	file drive.ID
	nth  int
}

// order are the rows of a plan as they come.
func (out *Plan) order() []line {
	list, nth := make([]line, len(out.Rows)), make(map[drive.ID]int, len(out.Rows))
	for n, i := range out.Rows {
		list[n] = line{i.DriveID, nth[i.DriveID]}
		nth[i.DriveID]++
	}
	return list
}

// byFile are the rows of a plan without their numbers, and their folders by those of a tree.
func (out *Plan) byFile(folders *tree) map[line]PlanRow {
	rows, numbers := make(map[line]PlanRow, len(out.Rows)), folders.add(out.Folders)
	for n, k := range out.order() {
		i := out.Rows[n]
		i.Seq, i.From, i.To = 0, numbers[i.From], numbers[i.To]
		rows[k] = i
	}
	return rows
}
