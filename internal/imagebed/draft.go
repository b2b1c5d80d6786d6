package imagebed

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Draft says what placing pictures in a bed would come to, by the same decisions, and
// changes nothing. It remembers what it would have made, so that what comes later meets
// it: ids that it gives out for folders and images are of none that exist.
type Draft struct {
	acc  account.ID
	room int64
	over map[Wanted]ID // who would hold a name; "" for one that would be free
}

// NewDraft begins a draft of an account's bed.
func NewDraft(acc account.Account) *Draft {
	return &Draft{acc: acc.ID, room: acc.Room(), over: make(map[Wanted]ID)}
}

// Subfolders is Subfolders on the draft.
func (d *Draft) Subfolders(ctx context.Context, tx *db.Tx, want []Wanted, not map[ID]bool) ([]Subfolder, error) {
	out, err := chooseSubfolders(ctx, tx, d.acc, want, not, d.over)
	for n, f := range out {
		if f.Made {
			d.over[Wanted{want[n].Parent, f.Name}] = f.ID
		}
	}
	return out, err
}

// Place is Bed.Place on the draft. All that goes to one folder comes in one call, and
// before the folders beside it.
func (d *Draft) Place(ctx context.Context, tx *db.Tx, in []Incoming) ([]Placed, error) {
	p := &placing{tx: tx, acc: d.acc, in: in, out: make([]Placed, len(in)), room: d.room}
	if err := p.decide(ctx); err != nil {
		return nil, fault.Wrap(err, "imagebed: draft")
	}
	d.room = p.room
	for _, i := range p.update {
		d.over[Wanted{in[i].Folder, p.out[i].Name}] = p.out[i].ID
	}
	for n, id := range mint.new(d.acc, kindImage, tx.Now(), len(p.insert)) {
		i := p.insert[n]
		d.over[Wanted{in[i].Folder, p.out[i].Name}] = id
	}
	for _, old := range p.park {
		if _, taken := d.over[old.left]; !taken {
			d.over[old.left] = ""
		}
	}
	return p.out, nil
}
