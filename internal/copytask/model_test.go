package copytask

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// model is what drive, bed and copy task promise, over maps and slices.
type model struct {
	drive map[drive.ID]*file // without the root; what is gone stays here
	bed   []*shown           // in order of creation; the first is the root
	quota int64
	used  int64
	now   stamp
}

// touch is a time that was not before.
func (m *model) touch() stamp {
	m.now++
	return m.now
}

type file struct {
	id, parent drive.ID
	name       string
	content    int // folder for folders
	gone       bool
}

// shown is an image or folder of the bed.
type shown struct {
	id      imagebed.ID // learnt from the real bed once it is there
	parent  *shown
	name    string
	ext     string
	content int // folder for folders

	stamp stamp  // of the last touch
	pubs  []*pub // in order
}

// stamp stands for the time that an image or folder says it was touched; no two touches
// have the same.
type stamp int

// pub is a publication.
type pub struct {
	job         *job
	seq         int
	file        *file
	stamp       stamp
	parent      *shown
	new         bool
	was         int // the content before, where it was re-published; folder where it was not
	wasStamp    stamp
	undone      bool
	republished bool
}

// last is the publication that an image shows, nil for none.
func (s *shown) last() *pub {
	for _, p := range slices.Backward(s.pubs) {
		if !p.undone {
			return p
		}
	}
	return nil
}

const folder = -1

func newModel(quota int64) *model {
	return &model{drive: make(map[drive.ID]*file), bed: []*shown{{content: folder}}, quota: quota}
}

func (m *model) room(n int64) bool { return m.quota < 0 || m.used+n <= m.quota }

func (m *model) live(id drive.ID) bool {
	return id == drive.Root || m.drive[id] != nil && !m.drive[id].gone && m.live(m.drive[id].parent)
}

// children are the live entries of a drive folder by name.
func (m *model) children(id drive.ID) (list []*file) {
	for f := range maps.Values(m.drive) {
		if f.parent == id && !f.gone {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	return list
}

// holder is who has a name in a bed folder, nil for nobody.
func (m *model) holder(in *shown, name string) *shown {
	i := slices.IndexFunc(m.bed, func(s *shown) bool { return s.parent == in && s.name == name })
	if i < 0 {
		return nil
	}
	return m.bed[i]
}

func (m *model) make(in *shown, name, ext string, content int) *shown {
	s := &shown{parent: in, name: name, ext: ext, content: content, stamp: m.touch()}
	m.bed = append(m.bed, s)
	return s
}

// remove deletes an entry of the bed with all below it.
func (m *model) remove(s *shown) {
	for _, c := range slices.Clone(m.bed) {
		if c.parent == s {
			m.remove(c)
		}
	}
	if s.content != folder {
		m.used -= size(s.content)
	}
	m.bed = slices.DeleteFunc(m.bed, func(o *shown) bool { return o == s })
}

// free is the first of name, name(1)… that nobody has for whom it matters.
func free(name string, taken func(string) bool) string {
	for n, try := 0, name; ; n++ {
		if n > 0 {
			try = entryname.Suffixed(name, n)
		}
		if !taken(try) {
			return try
		}
	}
}

// job is a task with its plan.
type job struct {
	Counts
	code       FailCode
	lost, full bool // something failed because a place was gone, or the quota used up
	target     *shown
	places     []*place // the target first, those above before those below
	base       *place   // where the pictures go
	pieces     []piece
	failures   []piece
	stopped    bool
}

// fail settles a piece.
func (j *job) fail(p piece) {
	j.Failed++
	j.failures = append(j.failures, p)
}

type place struct {
	parent *place
	name   string
	bed    *shown
	made   stamp // 0 where it was found
}

// below is true of a place itself too.
func (p *place) below(o *place) bool { return p != nil && (p == o || p.parent.below(o)) }

func (p *place) level() int {
	if p.parent == nil {
		return 0
	}
	return 1 + p.parent.level()
}

type piece struct {
	seq  int
	from *file
	to   *place
	onto *shown // what is to show it, of a re-publishing
}

func (m *model) plan(target *shown, sources []drive.ID, below ...string) *job {
	j := &job{target: target, places: []*place{{bed: target}}}
	j.base = j.places[0]
	for _, name := range below {
		j.base = &place{parent: j.base, name: name}
		j.places = append(j.places, j.base)
	}
	if !slices.Contains(m.bed, target) {
		j.code = NoTarget
		return j
	}
	for _, id := range sources {
		switch f := m.drive[id]; {
		case m.live(id):
			m.planOne(j, f, nil)
		case f.content != folder && strings.HasSuffix(f.name, ".png"):
			j.Total++
			j.fail(piece{seq: j.Total, from: f, to: j.base})
		case f.content != folder:
			j.Skipped++
		}
	}
	return j
}

func (m *model) planOne(j *job, f *file, path []string) {
	switch {
	case f.content == folder:
		for _, c := range m.children(f.id) {
			m.planOne(j, c, append(slices.Clone(path), f.name))
		}
		return
	case !strings.HasSuffix(f.name, ".png"):
		j.Skipped++
		return
	}
	j.Total++
	to := j.base
	for _, name := range path {
		i := slices.IndexFunc(j.places, func(p *place) bool { return p.parent == to && p.name == name })
		if i < 0 {
			i, j.places = len(j.places), append(j.places, &place{parent: to, name: name})
		}
		to = j.places[i]
	}
	if slices.ContainsFunc(j.pieces, func(p piece) bool { return p.to == to && p.from.content == f.content }) {
		j.Skipped++
		return
	}
	j.pieces = append(j.pieces, piece{seq: j.Total, from: f, to: to})
}

// cut makes batches of whole places, those above before those below.
func (j *job) cut(limit bound) (batches [][]piece) {
	var batch []piece
	for _, p := range j.places {
		for _, c := range j.pieces {
			if c.to == p {
				batch = append(batch, c)
			}
		}
		if len(batch) >= limit.items || j.need(batch) >= limit.folders {
			batches, batch = append(batches, batch), nil
		}
	}
	if len(batch) > 0 || len(batches) == 0 {
		batches = append(batches, batch)
	}
	return batches
}

// need counts the places that pieces need, the target not.
func (j *job) need(pieces []piece) (n int) {
	for _, p := range j.places[1:] {
		if slices.ContainsFunc(pieces, func(c piece) bool { return c.to.below(p) }) {
			n++
		}
	}
	return n
}

// gone is true of a place that was made and then deleted, and of all below it.
func (m *model) gone(p *place) bool {
	return p != nil && (p.bed != nil && !slices.Contains(m.bed, p.bed) || m.gone(p.parent))
}

// publish settles one batch.
func (m *model) publish(j *job, batch []piece) {
	byPlace := make(map[*place][]piece)
	for _, p := range batch {
		switch {
		case !m.live(p.from.id):
			j.fail(p)
		case p.onto != nil:
			m.show(j, p)
		case m.gone(p.to):
			j.fail(p)
			j.lost = true
		default:
			byPlace[p.to] = append(byPlace[p.to], p)
		}
	}
	var made []*place
	for level := range MaxLevels + 1 {
		for _, p := range j.places {
			if p.level() == level && slices.ContainsFunc(j.places, func(o *place) bool { return byPlace[o] != nil && o.below(p) }) {
				m.resolve(j, p, &made)
			}
		}
		for _, p := range j.places {
			if p.level() == level {
				m.fill(j, p.bed, byPlace[p])
			}
		}
	}
	for _, p := range slices.Backward(made) {
		if !slices.ContainsFunc(m.bed, func(o *shown) bool { return o.parent == p.bed }) {
			m.remove(p.bed)
			p.bed, p.made = nil, 0
		}
	}
}

// settle says how the task has ended.
func (m *model) settle(j *job) {
	switch {
	case j.stopped:
		j.code = Stopped
	case j.lost && !slices.Contains(m.bed, j.target):
		j.code = NoTarget
	case j.full:
		j.code = NoQuota
	case j.Failed > 0 && j.Copied+j.Replaced == 0:
		j.code = AllFailed
	}
}

// resolve finds or makes the bed folder of a place. Two places never share one.
func (m *model) resolve(j *job, p *place, made *[]*place) {
	if p.bed != nil {
		return
	}
	used := func(s *shown) bool {
		return slices.ContainsFunc(j.places, func(o *place) bool { return o.bed == s })
	}
	name := free(p.name, func(name string) bool {
		s := m.holder(p.parent.bed, name)
		return s != nil && (s.content != folder || used(s))
	})
	if p.bed = m.holder(p.parent.bed, name); p.bed == nil {
		p.bed = m.make(p.parent.bed, name, "", folder)
		p.made = p.bed.stamp
		*made = append(*made, p)
	}
}

// fill puts pictures into one bed folder.
func (m *model) fill(j *job, in *shown, pieces []piece) {
	same := make(map[int]*shown) // the oldest image of each content
	for _, s := range m.bed {
		wanted := slices.ContainsFunc(pieces, func(p piece) bool { return p.from.content == s.content })
		if s.parent == in && wanted && same[s.content] == nil {
			same[s.content] = s
		}
	}
	given := make(map[string]bool)
	for _, p := range pieces {
		old := same[p.from.content]
		if old == nil && !m.room(size(p.from.content)) {
			j.fail(p)
			j.full = true
			continue
		}
		name := free(p.from.name, func(name string) bool {
			s := m.holder(in, name)
			return given[name] || s != nil && (s.content == folder || same[s.content] != s)
		})
		given[name] = true
		isNew := old == nil
		if isNew {
			m.used += size(p.from.content)
			old = m.make(in, "", strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]), p.from.content)
			j.Copied++
		} else {
			j.Replaced++
			old.stamp = m.touch()
		}
		old.pubs = append(old.pubs, &pub{job: j, seq: p.seq, file: p.from, stamp: old.stamp, parent: in, new: isNew, was: folder})
		j.Bytes += size(p.from.content)
		defer func() { old.name = name }() // all at once, so that names may be swapped
	}
}

// state is how the task must end.
func (j *job) state() queue.State {
	switch j.code {
	case "":
		return queue.Done
	case Stopped:
		return queue.Cancelled
	}
	return queue.Failed
}

// paths is the bed by path, as rooms.tree reads it.
func (m *model) paths() map[string]*shown {
	out := make(map[string]*shown)
	for _, s := range m.bed[1:] {
		path := s.name
		for p := s.parent; p.parent != nil; p = p.parent {
			path = p.name + "/" + path
		}
		if s.content == folder {
			path += "/"
		}
		out[path] = s
	}
	return out
}

// all are the live entries of the drive in a fixed order.
func (m *model) all(want func(*file) bool) (list []*file) {
	for f := range maps.Values(m.drive) {
		if m.live(f.id) && want(f) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *file) int { return cmp.Compare(a.id, b.id) })
	return list
}

// cancel ends a task whose batches from one on are open.
func (m *model) cancel(j *job, open [][]piece) {
	for _, b := range open {
		for _, p := range b {
			j.fail(p)
		}
	}
	j.stopped = true
}

// retry is the task of what has failed in another.
func (m *model) retry(old *job) *job {
	j := &job{target: old.target}
	slices.SortStableFunc(old.failures, func(a, b piece) int { return cmp.Compare(a.seq, b.seq) })
	now := make(map[*place]*place)
	for _, p := range old.places {
		if p != old.places[0] && !slices.ContainsFunc(old.failures, func(c piece) bool { return c.to.below(p) }) {
			continue
		}
		n := &place{parent: now[p.parent], name: p.name, bed: p.bed, made: p.made}
		if p != old.places[0] && m.gone(p) {
			n.bed, n.made = nil, 0
		}
		now[p] = n
		j.places = append(j.places, n)
	}
	for _, p := range old.failures {
		f := p.from
		if !m.live(f.id) {
			if at := m.eligible(f.parent, f.name); at != nil {
				f = at
			}
		}
		j.Total++
		c := piece{seq: j.Total, from: f, to: now[p.to], onto: p.onto}
		twice := func(o piece) bool { return o.to == c.to && o.from.content == f.content && m.live(o.from.id) }
		if c.onto == nil && m.live(f.id) && slices.ContainsFunc(j.pieces, twice) {
			j.Skipped++
			continue
		}
		j.pieces = append(j.pieces, c)
	}
	return j
}

// eligible is the picture that has a name in a folder of the drive.
func (m *model) eligible(parent drive.ID, name string) *file {
	if !m.live(parent) || !strings.HasSuffix(name, ".png") {
		return nil
	}
	for _, f := range m.children(parent) {
		if f.name == name && f.content != folder {
			return f
		}
	}
	return nil
}

// source is the file that an image should show, nil for none.
func (m *model) source(s *shown) *file {
	p := s.last()
	if p == nil {
		return nil
	}
	if at := m.eligible(p.file.parent, p.file.name); at != nil {
		return at
	}
	if m.live(p.file.id) {
		return p.file
	}
	return nil
}

// republish is the task that brings images up to date.
func (m *model) republish(images []*shown) *job {
	j := &job{target: m.bed[0], places: []*place{{bed: m.bed[0]}}}
	for _, s := range images {
		p := s.last()
		switch f := m.source(s); {
		case p == nil:
			j.Skipped++
		case f == nil:
			j.Total++
			j.fail(piece{seq: j.Total, from: p.file, to: j.places[0], onto: s})
		case f.content == s.content:
			j.Skipped++
		default:
			j.Total++
			j.pieces = append(j.pieces, piece{seq: j.Total, from: f, to: j.places[0], onto: s})
		}
	}
	return j
}

// show settles a piece that is to be shown by an image.
func (m *model) show(j *job, p piece) {
	s, grow := p.onto, size(p.from.content)-size(p.onto.content)
	if !slices.Contains(m.bed, s) {
		j.fail(p)
		return
	}
	if grow > 0 && !m.room(grow) {
		j.fail(p)
		j.full = true
		return
	}
	m.used += grow
	was := &pub{job: j, seq: p.seq, file: p.from, was: s.content, wasStamp: s.stamp, republished: true}
	s.content, s.stamp = p.from.content, m.touch()
	was.stamp = s.stamp
	s.pubs = append(s.pubs, was)
	j.Replaced++
	j.Bytes += size(p.from.content)
}

// undo takes a task back and answers how many images it removed and restored, and why
// others stay.
func (m *model) undo(j *job) (removed, restored int, kept map[Reason]int) {
	type done struct {
		*pub
		at *shown
	}
	var list []done
	for _, s := range m.bed {
		for _, p := range s.pubs {
			if p.job == j && !p.undone {
				list = append(list, done{p, s})
			}
		}
	}
	slices.SortFunc(list, func(a, b done) int { return cmp.Compare(a.seq, b.seq) })
	kept = make(map[Reason]int)
	for _, d := range list {
		s, grow := d.at, size(max(0, d.was))-size(max(0, d.at.content))
		switch {
		case s.last() != d.pub:
			kept[Republished]++
		case !d.new && !d.republished:
			kept[WasReplaced]++
		case d.new && s.parent != d.parent:
			kept[WasMoved]++
		case s.stamp != d.stamp:
			kept[WasTouched]++
		case d.new:
			m.remove(s)
			removed++
		case grow > 0 && !m.room(grow):
			kept[QuotaExceeded]++
		default:
			m.used += grow
			s.content, s.stamp, d.undone = d.was, d.wasStamp, true
			restored++
		}
	}
	for _, p := range slices.Backward(j.places) {
		empty := !slices.ContainsFunc(m.bed, func(s *shown) bool { return s.parent == p.bed })
		if p.made != 0 && p.bed.stamp == p.made && empty && slices.Contains(m.bed, p.bed) {
			m.remove(p.bed)
		}
	}
	return removed, restored, kept
}
