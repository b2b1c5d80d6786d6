package blob

import (
	"container/list"
	"errors"
	"os"
	"slices"
	"sync"
)

// mostIdle is how many files the store keeps open while nobody reads them, if the
// system lets a process have eight times as many; fewer otherwise.
const mostIdle = 1024

// idleFiles are committed files that were read and may be read again: opening and
// closing is a good part of what serving a picture costs. Content never changes
// under its key, so an open file shows what opening it again would. A file is in
// here or in the hands of one reader, never both, since readers share its offset.
type idleFiles struct {
	mu     sync.Mutex
	of     map[Key][]*list.Element
	latest *list.List // of idleFile; the one used last in front
	most   int
	drops  [64]int // of a share of the keys each: what was opened before one is not kept
}

type idleFile struct {
	key  Key
	file openFile
}

// openFile is a file and what was known of it when it was opened.
type openFile struct {
	*os.File
	info  os.FileInfo
	drops int
}

func newIdleFiles() *idleFiles {
	return &idleFiles{of: make(map[Key][]*list.Element), latest: list.New(), most: idleLimit()}
}

// take answers an open file of key and leaves it to the caller; where there is none,
// what one that is opened now has to say of drops.
func (f *idleFiles) take(key Key) (file openFile, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if all := f.of[key]; len(all) > 0 {
		file, found = f.remove(all[len(all)-1]), true
	}
	file.drops = *f.dropsOf(key)
	return file, found
}

// give keeps an open file; the one that was not used for longest goes.
func (f *idleFiles) give(key Key, file openFile) error {
	f.mu.Lock()
	var goes openFile
	if file.drops != *f.dropsOf(key) || f.most == 0 {
		goes = file
	} else {
		f.of[key] = append(f.of[key], f.latest.PushFront(idleFile{key, file}))
		if f.latest.Len() > f.most {
			goes = f.remove(f.latest.Back())
		}
	}
	f.mu.Unlock()
	if goes.File == nil {
		return nil
	}
	return goes.Close()
}

// drop closes the idle files of key, whose content has just been removed: what is
// open keeps its room on the disk.
func (f *idleFiles) drop(key Key) error {
	f.mu.Lock()
	*f.dropsOf(key)++
	var files []openFile
	for len(f.of[key]) > 0 {
		files = append(files, f.remove(f.of[key][0]))
	}
	f.mu.Unlock()
	var errs []error
	for _, file := range files {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

func (f *idleFiles) dropsOf(key Key) *int { return &f.drops[uint64(key.ID)%uint64(len(f.drops))] }

// remove takes an element out. Call it with the lock held.
func (f *idleFiles) remove(e *list.Element) openFile {
	idle := f.latest.Remove(e).(idleFile) //nolint:forcetypeassert // nothing else is in it
	all := f.of[idle.key]
	all = slices.Delete(all, slices.Index(all, e), slices.Index(all, e)+1)
	if len(all) == 0 {
		delete(f.of, idle.key)
	} else {
		f.of[idle.key] = all
	}
	return idle.file
}
