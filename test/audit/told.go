package audit

import (
	"context"
	"sync"
)

// Told is what clients were answered: all of it has to be true after any crash.
// Its methods may be called at the same time; a client says what it is about to
// take away before it asks for it.
type Told struct {
	mu      sync.Mutex
	files   map[key]content     // drive files
	folders map[key]bool        // drive folders
	beds    map[string]bool     // bed folders
	tasks   map[string]int64    // by id: the account
	slices  map[sliceKey]string // MD5 of slices of open uploads
	links   map[string]content  // by image id: what its link serves
	exts    map[string]string   // by image id: how its link ends
	gone    map[string]bool     // image ids and bed folders whose removal was answered
	goneIDs map[key]bool        // drive ids whose removal was answered
	leaving map[string]bool     // images somebody has asked to remove
	direct  map[string]bool     // bed folders that clients upload into themselves
}

type content struct {
	etag string
	size int64
}

type sliceKey struct {
	acc    int64
	upload string
	no     int64
}

func put[K comparable, V any](t *Told, m *map[K]V, k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}

func drop[K comparable, V any](t *Told, m map[K]V, k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(m, k)
}

// File notes that an upload was answered with this id.
func (t *Told) File(acc, id int64, etag string, size int64) {
	put(t, &t.files, key{acc, id}, content{etag, size})
}

// ForgetFile notes that somebody is about to remove or overwrite it.
func (t *Told) ForgetFile(acc, id int64) { drop(t, t.files, key{acc, id}) }

// FileGone notes that its removal for good was answered.
func (t *Told) FileGone(acc, id int64) { put(t, &t.goneIDs, key{acc, id}, true) }

// Folder notes that a drive folder was made.
func (t *Told) Folder(acc, id int64) { put(t, &t.folders, key{acc, id}, true) }

// BedFolder notes that a bed folder was made.
func (t *Told) BedFolder(id string) { put(t, &t.beds, id, true) }

// Task notes that a copy task was answered with this id.
func (t *Told) Task(acc int64, id string) { put(t, &t.tasks, id, acc) }

// Slice notes that a slice of an upload was taken.
func (t *Told) Slice(acc int64, upload string, no int64, md5 string) {
	put(t, &t.slices, sliceKey{acc, upload, no}, md5)
}

// ForgetUpload notes that somebody is about to complete it.
func (t *Told) ForgetUpload(acc int64, upload string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k := range t.slices {
		if k.acc == acc && k.upload == upload {
			delete(t.slices, k)
		}
	}
}

// Link notes that an image's link was handed out, serving this content.
func (t *Told) Link(id, ext, etag string, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.leaving[id] {
		return
	}
	if t.links == nil {
		t.links, t.exts = make(map[string]content), make(map[string]string)
	}
	t.links[id], t.exts[id] = content{etag, size}, ext
}

// Leaving notes that somebody is about to remove an image, or a bed folder.
func (t *Told) Leaving(id string) {
	put(t, &t.leaving, id, true)
	drop(t, t.links, id)
	drop(t, t.beds, id)
}

// Gone notes that the removal of an image or bed folder was answered.
func (t *Told) Gone(id string) { put(t, &t.gone, id, true) }

// Direct notes that images of a bed folder come from uploads too, not from tasks
// alone.
func (t *Told) Direct(folder string) { put(t, &t.direct, folder, true) }

func toldFiles(_ context.Context, v *view) error {
	byID := make(map[key]*entry, len(v.entries))
	for i := range v.entries {
		byID[v.entries[i].key] = &v.entries[i]
	}
	for k, want := range v.Told.files {
		switch e := byID[k]; {
		case e == nil:
			v.found("file %v was answered and is not there", k)
		case e.trashed != 0:
			v.found("file %v was answered and is in the trash", k)
		case e.etag != want.etag || e.size != want.size:
			v.found("file %v has etag %s and %d bytes, answered were %s and %d", k, e.etag, e.size, want.etag, want.size)
		}
	}
	for k := range v.Told.folders {
		if e := byID[k]; e == nil || e.class != 0 {
			v.found("folder %v was answered and is not there", k)
		}
	}
	beds := make(map[string]bool, len(v.folders))
	for _, f := range v.folders {
		beds[f.id] = true
	}
	for id := range v.Told.beds {
		if !beds[id] {
			v.found("bed folder %s was answered and is not there", id)
		}
	}
	for id, want := range v.Told.links {
		switch i := v.imageOf[id]; {
		case i == nil:
			v.found("image %s was answered and is not there", id)
		case i.etag != want.etag || i.size != want.size || i.ext != v.Told.exts[id]:
			v.found("image %s shows %s.%s with %d bytes, answered were %s.%s and %d", id, i.etag, i.ext, i.size, want.etag, v.Told.exts[id], want.size)
		}
	}
	return nil
}

func toldTasks(_ context.Context, v *view) error {
	byID := make(map[string]*task, len(v.tasks))
	for i := range v.tasks {
		byID[v.tasks[i].id] = &v.tasks[i]
	}
	for id, acc := range v.Told.tasks {
		if t := byID[id]; t == nil || t.acc != acc {
			v.found("task %s of account %d was answered and is not there", id, acc)
		}
	}
	return nil
}

func toldSlices(_ context.Context, v *view) error {
	have := make(map[sliceKey]string, len(v.slices))
	for _, s := range v.slices {
		have[sliceKey{s.acc, s.upload, s.no}] = s.md5
	}
	for k, md5 := range v.Told.slices {
		if have[k] != md5 {
			v.found("slice %d of upload %s of account %d was taken with MD5 %s, there is %q", k.no, k.upload, k.acc, md5, have[k])
		}
	}
	return nil
}

func toldGone(_ context.Context, v *view) error {
	for _, e := range v.entries {
		if v.Told.goneIDs[e.key] {
			v.found("file %v was removed for good and is there", e.key)
		}
	}
	for _, i := range v.images {
		if v.Told.gone[i.id] {
			v.found("image %s was removed and is there", i.id)
		}
	}
	for _, f := range v.folders {
		if v.Told.gone[f.id] {
			v.found("bed folder %s was removed and is there", f.id)
		}
	}
	return nil
}
