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
	s := &shown{parent: in, name: name, ext: ext, content: content}
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
	pieces     []piece
}

type place struct {
	parent *place
	name   string
	bed    *shown
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
	from *file
	to   *place
}

func (m *model) plan(target *shown, sources []drive.ID) *job {
	j := &job{target: target, places: []*place{{bed: target}}}
	if !slices.Contains(m.bed, target) {
		j.code = NoTarget
		return j
	}
	for _, id := range sources {
		switch f := m.drive[id]; {
		case m.live(id):
			m.planOne(j, f, nil)
		case f.content != folder && strings.HasSuffix(f.name, ".png"):
			j.Total, j.Failed = j.Total+1, j.Failed+1
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
	to := j.places[0]
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
	j.pieces = append(j.pieces, piece{f, to})
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
			j.Failed++
		case m.gone(p.to):
			j.Failed, j.lost = j.Failed+1, true
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
			p.bed = nil
		}
	}
}

// settle says how the task has ended.
func (m *model) settle(j *job) {
	switch {
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
			j.Failed, j.full = j.Failed+1, true
			continue
		}
		name := free(p.from.name, func(name string) bool {
			s := m.holder(in, name)
			return given[name] || s != nil && (s.content == folder || same[s.content] != s)
		})
		given[name] = true
		if old == nil {
			m.used += size(p.from.content)
			old = m.make(in, "", strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]), p.from.content)
			j.Copied++
		} else {
			j.Replaced++
		}
		j.Bytes += size(p.from.content)
		defer func() { old.name = name }() // all at once, so that names may be swapped
	}
}

// state is how the task must end.
func (j *job) state() queue.State {
	if j.code == "" {
		return queue.Done
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
