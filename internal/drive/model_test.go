package drive

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// model is what the drive promises of an account's tree, over a map.
type model struct {
	all         map[ID]*thing // without the root
	quota, used int64
}

// thing is a file or folder; one that is deleted for good is in the map no more.
type thing struct {
	id, parent ID
	name       string
	content    int // aFolder for folders
	trashed    bool
}

const aFolder = -1

func (t *thing) size() int64 {
	if t.content == aFolder {
		return 0
	}
	return size(t.content)
}

// inTrash says whether a thing, or one above it, is in the trash.
func (m *model) inTrash(id ID) bool {
	return id != Root && (m.all[id].trashed || m.inTrash(m.all[id].parent))
}

// liveFolder says what is wrong with a folder to work in.
func (m *model) liveFolder(id ID) fault.Code {
	switch t := m.all[id]; {
	case id == Root:
		return ""
	case t == nil:
		return fault.ParentNotFound
	case t.content != aFolder:
		return fault.NotFolder
	case m.inTrash(id):
		return fault.ParentNotFound
	}
	return ""
}

// right answers what is right in a folder and not in the trash by itself.
func (m *model) right(in ID) (list []*thing) {
	for _, t := range m.all {
		if t.parent == in && !t.trashed {
			list = append(list, t)
		}
	}
	return list
}

func (m *model) total(folder ID) (n int64) {
	for _, t := range m.right(folder) {
		n += t.size() + m.total(t.id)
	}
	return n
}

func (m *model) holder(in ID, name string) *thing {
	for _, t := range m.right(in) {
		if t.name == name {
			return t
		}
	}
	return nil
}

// free is the first of name, name(1)… that nobody has: names of the tests have no dot.
func (m *model) free(in ID, name string) string {
	for n, try := 0, name; ; n++ {
		if n > 0 {
			try = fmt.Sprintf("%s(%d)", name, n)
		}
		if m.holder(in, try) == nil {
			return try
		}
	}
}

// remove deletes a thing with all below it.
func (m *model) remove(id ID) {
	for _, t := range m.all {
		if t.parent == id && m.all[t.id] != nil {
			m.remove(t.id)
		}
	}
	if t := m.all[id]; t != nil {
		m.used -= t.size()
		delete(m.all, id)
	}
}

// Random trees and all that can be done with them, on the real drive and on the
// model: names, places, the trash, what folders count and sum, and what is used.
func TestTheTreeDoesAsTheModelDoes(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			d := dbtest.Open(t, e, nil)
			accounts := 0
			rapid.Check(t, func(rt *rapid.T) {
				quota := rapid.SampledFrom([]int64{-1, -1, 200}).Draw(rt, "quota")
				accounts++
				r := &room{TB: rt, Drive: New(d), ctx: t.Context()}
				p := &pair{r.account(fmt.Sprintf("account-%d", accounts), quota), &model{all: make(map[ID]*thing), quota: quota}}
				rt.Repeat(map[string]func(*rapid.T){
					"":            p.compare,
					"make folder": p.makeFolder,
					"make more":   p.makeFolder,
					"put":         p.putFile,
					"put more":    p.putFile,
					"trash":       p.trashSome,
					"delete":      p.deleteSome,
					"rename":      p.renameSome,
					"move":        p.moveSome,
					"copy":        p.copyOne,
					"recover":     p.recoverSome,
					"recover to":  p.recoverTo,
				})
			})
		})
	}
}

// pair does everything twice.
type pair struct {
	*room
	model *model
}

func (p *pair) compare(rt *rapid.T) {
	n := 0
	p.write(func(tx *db.Tx) error {
		n = 0
		return tx.Each(p.ctx, func(row db.Row) error {
			e, err := scanEntry(row)
			if err != nil {
				return err
			}
			n++
			got := fmt.Sprintf("%d in %d, %q, trashed %d, %d children of %d bytes, itself %d", e.ID, e.Parent, e.Name, e.Trashed, e.Children, e.Total, e.Size)
			want := "nothing"
			if t := p.model.all[e.ID]; t != nil || e.ID == Root {
				if t == nil {
					t = &thing{content: aFolder}
				}
				want = fmt.Sprintf("%d in %d, %q, trashed %d, %d children of %d bytes, itself %d",
					t.id, t.parent, t.name, map[bool]int{true: 1}[t.trashed], len(p.model.right(t.id)), p.model.total(t.id), t.size())
			}
			if got != want {
				rt.Errorf("there is %s, and should be %s", got, want)
			}
			return nil
		}, `SELECT `+columns+` FROM drive_entry WHERE account_id = $1`, p.acc)
	})
	if n != len(p.model.all)+1 {
		rt.Errorf("%d entries, want %d and the root", n, len(p.model.all))
	}
	if entries := p.counted(); entries != int64(len(p.model.all)) {
		rt.Errorf("%d entries are counted, want %d", entries, len(p.model.all))
	}
	if used := p.used(); used != p.model.used {
		rt.Errorf("%d bytes are used, want %d", used, p.model.used)
	}
	if rt.Failed() {
		rt.FailNow()
	}
}

// is compares what was answered; what failed changes nothing.
func (p *pair) is(rt *rapid.T, err error, want fault.Code) (done bool) {
	rt.Helper()
	if got := fault.CodeOf(err); got != want {
		rt.Fatalf("answered %q (%v), want %q", got, err, want)
	}
	return err == nil
}

// Few names, so that they meet often.
var someNames = rapid.SampledFrom([]string{"a", "b", "a(1)", "c"})

// any draws an entry or, now and then, none.
func (p *pair) any(rt *rapid.T, of func(*thing) bool) ID {
	ids := []ID{1 << 40}
	for _, id := range slices.Sorted(maps.Keys(p.model.all)) {
		if of(p.model.all[id]) {
			ids = append(ids, id)
		}
	}
	return rapid.SampledFrom(ids).Draw(rt, "entry")
}

func anything(*thing) bool { return true }

func (p *pair) folder(rt *rapid.T) ID {
	if rapid.IntRange(0, 3).Draw(rt, "root") == 0 {
		return Root
	}
	return p.any(rt, func(t *thing) bool { return t.content == aFolder || t.id%7 == 0 })
}

// some draws up to four entries, and those that there are.
func (p *pair) some(rt *rapid.T, of func(*thing) bool) (ids []ID, there []*thing) {
	for range rapid.IntRange(1, 4).Draw(rt, "so many") {
		id := p.any(rt, of)
		if t := p.model.all[id]; t != nil && !slices.Contains(ids, id) {
			there = append(there, t)
		}
		ids = append(ids, id)
	}
	slices.SortFunc(there, func(a, b *thing) int { return cmp.Compare(a.id, b.id) })
	return ids, there
}

func (p *pair) makeFolder(rt *rapid.T) {
	in, name := p.folder(rt), someNames.Draw(rt, "name")
	want := p.model.liveFolder(in)
	if t := p.model.holder(in, name); want == "" && t != nil {
		want = fault.NameTaken
		if t.content == aFolder {
			want = fault.FolderTaken
		}
	}
	id, err := p.Mkdir(p.ctx, p.acc, in, name)
	if p.is(rt, err, want) {
		p.model.all[id] = &thing{id: id, parent: in, name: name, content: aFolder}
	}
}

func (p *pair) putFile(rt *rapid.T) {
	in, name := p.folder(rt), someNames.Draw(rt, "name")
	content := rapid.IntRange(0, 4).Draw(rt, "content")
	dup := rapid.SampledFrom([]Duplicate{Refuse, KeepBoth, Overwrite}).Draw(rt, "duplicate")
	want, old, grow, called := p.model.liveFolder(in), p.model.holder(in, name), size(content), name
	switch {
	case old == nil:
	case dup == KeepBoth:
		called, old = p.model.free(in, name), nil
	case want == "" && (dup == Refuse || old.content == aFolder):
		want = fault.NameTaken
	case dup == Overwrite:
		grow -= old.size()
	}
	if want == "" && grow > 0 && p.model.quota >= 0 && p.model.used+grow > p.model.quota {
		want = fault.QuotaExceeded
	}
	id, err := p.try(in, name, content, dup)
	if !p.is(rt, err, want) {
		return
	}
	if old != nil {
		p.model.remove(old.id)
	}
	p.model.used += size(content)
	p.model.all[id] = &thing{id: id, parent: in, name: called, content: content}
}

func (p *pair) trashSome(rt *rapid.T) {
	ids, there := p.some(rt, anything)
	want := fault.Code("")
	if len(there) == 0 {
		want = fault.NotFound
	}
	if p.is(rt, p.Trash(p.ctx, p.acc, ids), want) {
		for _, t := range there {
			t.trashed = true
		}
	}
}

func (p *pair) deleteSome(rt *rapid.T) {
	ids, there := p.some(rt, func(t *thing) bool { return t.trashed || t.id%5 == 0 })
	want := fault.Code("")
	if len(there) == 0 {
		want = fault.NotFound
	}
	for _, t := range there {
		if !p.model.inTrash(t.id) {
			want = fault.NotTrashed
		}
	}
	_, err := p.Delete(p.ctx, p.acc, ids)
	if p.is(rt, err, want) {
		for _, t := range there {
			p.model.remove(t.id)
		}
	}
}

func (p *pair) renameSome(rt *rapid.T) {
	var list []NewName
	var want []fault.Code
	ids, _ := p.some(rt, anything)
	for _, id := range ids {
		n := NewName{id, someNames.Draw(rt, "name")}
		list = append(list, n)
		t := p.model.all[id]
		switch {
		case t == nil || p.model.inTrash(id):
			want = append(want, fault.NotFound)
			continue
		case t.name != n.Name && p.model.holder(t.parent, n.Name) != nil:
			want = append(want, fault.NameTaken)
			continue
		}
		want = append(want, "")
		t.name = n.Name
	}
	out, err := p.RenameEach(p.ctx, p.acc, list)
	if err != nil || len(out) != len(list) {
		rt.Fatal(out, err)
	}
	for i, done := range out {
		p.is(rt, done.Err, want[i])
	}
}

// below says whether an entry is a thing or below it.
func (m *model) below(id, top ID) bool {
	for ; id != Root; id = m.all[id].parent {
		if id == top {
			return true
		}
	}
	return false
}

func (p *pair) moveSome(rt *rapid.T) {
	ids, list := p.some(rt, anything)
	to := p.folder(rt)
	m := p.model
	there := slices.DeleteFunc(slices.Clone(list), func(t *thing) bool { return m.inTrash(t.id) })
	codes := map[fault.Code]bool{} // any of what is wrong may be told
	switch bad := m.liveFolder(to); {
	case len(list) == 0:
		codes[fault.NotFound] = true
	case bad != "":
		codes[bad] = true
	case len(there) == 0:
		codes[fault.NotFound] = true
	default:
		seen := map[string]bool{}
		for _, t := range there {
			if m.below(to, t.id) {
				codes[fault.IntoItself] = true
			}
			if t.parent == to {
				continue
			}
			if seen[t.name] || m.holder(to, t.name) != nil {
				codes[fault.NameTaken] = true
			}
			seen[t.name] = true
		}
	}
	if codes[fault.IntoItself] {
		codes = map[fault.Code]bool{fault.IntoItself: true}
	}
	err := p.Move(p.ctx, p.acc, ids, to)
	if got := fault.CodeOf(err); len(codes) == 0 && err != nil || len(codes) > 0 && !codes[got] {
		rt.Fatalf("answered %q (%v), want %v", got, err, codes)
	}
	if err == nil {
		for _, t := range there {
			t.parent = to
		}
	}
}

// trashedCode says what is wrong with what is to be recovered.
func (p *pair) trashedCode(there []*thing) fault.Code {
	if len(there) == 0 {
		return fault.NotFound
	}
	for _, t := range there {
		if !p.model.inTrash(t.id) {
			return fault.NotTrashed
		}
	}
	return ""
}

func inTheTrash(m *model) func(*thing) bool {
	return func(t *thing) bool { return m.inTrash(t.id) || t.id%11 == 0 }
}

func (p *pair) recoverSome(rt *rapid.T) {
	m := p.model
	ids, there := p.some(rt, inTheTrash(m))
	abnormal, err := p.Recover(p.ctx, p.acc, ids)
	if !p.is(rt, err, p.trashedCode(there)) {
		return
	}
	// What is above comes first.
	depth := func(t *thing) (n int) {
		for id := t.id; id != Root; id = m.all[id].parent {
			n++
		}
		return n
	}
	slices.SortStableFunc(there, func(a, b *thing) int { return cmp.Compare(depth(a), depth(b)) })
	var want []ID
	for _, t := range there {
		switch {
		case m.inTrash(t.parent):
			want = append(want, t.id)
		case t.trashed:
			t.name = m.free(t.parent, t.name)
			t.trashed = false
		}
	}
	slices.Sort(want)
	if !slices.Equal(abnormal, want) {
		rt.Fatalf("%v stay in the trash, want %v", abnormal, want)
	}
}

func (p *pair) recoverTo(rt *rapid.T) {
	m := p.model
	ids, there := p.some(rt, inTheTrash(m))
	to := p.folder(rt)
	want := p.trashedCode(there)
	if want == "" {
		want = m.liveFolder(to)
	}
	if p.is(rt, p.RecoverTo(p.ctx, p.acc, ids, to), want) {
		for _, t := range there {
			t.name = m.free(to, t.name)
			t.parent, t.trashed = to, false
		}
	}
}

func (p *pair) copyOne(rt *rapid.T) {
	m := p.model
	id, to := p.any(rt, anything), p.folder(rt)
	t := m.all[id]
	want := m.liveFolder(to)
	switch {
	case t == nil || m.inTrash(id):
		want = fault.NotFound
	case want != "":
	case m.below(to, id):
		want = fault.IntoItself
	case t.size()+m.total(id) > 0 && m.quota >= 0 && m.used+t.size()+m.total(id) > m.quota:
		want = fault.QuotaExceeded
	}
	made, err := p.Copy(p.ctx, p.acc, id, to)
	if !p.is(rt, err, want) {
		return
	}
	name := m.free(to, t.name)
	m.used += t.size() + m.total(id)
	m.all[made] = &thing{id: made, parent: to, name: name, content: t.content}
	p.learn(rt, id, made)
}

// learn adds the copies of what is in a folder: their ids are learnt from their names.
func (p *pair) learn(rt *rapid.T, from, to ID) {
	for _, t := range p.model.right(from) {
		var id ID
		found, err := p.db.Get(p.ctx, "test", `SELECT id FROM drive_entry WHERE account_id = $1 AND parent_id = $2 AND name = $3 AND trashed = 0`,
			[]any{p.acc, to, t.name}, &id)
		if err != nil || !found || p.model.all[id] != nil {
			rt.Fatalf("%q of %d has the copy %d: %v %v", t.name, from, id, found, err)
		}
		p.model.all[id] = &thing{id: id, parent: to, name: t.name, content: t.content}
		p.learn(rt, t.id, id)
	}
}
