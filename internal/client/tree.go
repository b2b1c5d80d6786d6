package client

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tuchuang/internal/fault"
)

// PathError is a path that leads nowhere, or can't lead anywhere.
type PathError struct {
	Path   string // as far as it was followed
	Reason fault.Code
}

// Error says which path and why.
func (e *PathError) Error() string {
	switch e.Reason {
	case fault.NotFolder:
		return e.Path + " is not a folder"
	case fault.NotFile:
		return e.Path + " is a folder"
	case fault.NotFound:
		return e.Path + " does not exist"
	}
	return e.Path + ": " + string(e.Reason)
}

// checkNames refuses a path with a name that no server takes, so that making its
// folders does not end half way.
func checkNames(p string) error {
	at := ""
	for name := range names(p) {
		at += "/" + name
		if utf8.RuneCountInString(name) > maxName || strings.ContainsAny(name, forbidden) {
			return &PathError{at, fault.BadName}
		}
	}
	return nil
}

// What the documentation of the API says of names.
const (
	maxName   = 255
	forbidden = `"\/:*?|><`
)

// CleanPath brings a path of drive or bed into the form "/a/b", or "/" for the
// root. Names are compared after NFC normalisation, as servers do.
func CleanPath(p string) string { return norm.NFC.String(path.Clean("/" + p)) }

// entry is what drive and bed have in common in the eyes of a path.
type entry interface {
	File | Image
	IsFolder() bool
}

// level is one folder with all that is in it, listed at most once.
type level[ID comparable, E entry] struct {
	mu      sync.Mutex
	listed  bool
	entries map[string]E
}

// tree resolves paths by listing folders, each once, and makes missing ones. It
// may be used from many goroutines; what others change meanwhile it does not see.
type tree[ID comparable, E entry] struct {
	root   ID
	list   func(context.Context, ID, func(name string, e E)) error
	mkdir  func(context.Context, ID, string) (E, error)
	id     func(E) ID
	taken  fault.Code
	mu     sync.Mutex
	levels map[ID]*level[ID, E]
}

func (t *tree[ID, E]) level(id ID) *level[ID, E] {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.levels[id]
	if l == nil {
		l = &level[ID, E]{}
		t.levels[id] = l
	}
	return l
}

// open lists the level where that has not been done; l.mu is held.
func (t *tree[ID, E]) open(ctx context.Context, id ID, l *level[ID, E]) error {
	if l.listed {
		return nil
	}
	entries := make(map[string]E)
	if err := t.list(ctx, id, func(name string, e E) {
		if _, twice := entries[name]; !twice {
			entries[name] = e
		}
	}); err != nil {
		return err
	}
	l.entries, l.listed = entries, true
	return nil
}

// child finds a name in a folder.
func (t *tree[ID, E]) child(ctx context.Context, folder ID, name string) (E, bool, error) {
	l := t.level(folder)
	l.mu.Lock()
	defer l.mu.Unlock()
	var none E
	if err := t.open(ctx, folder, l); err != nil {
		return none, false, err
	}
	e, ok := l.entries[name]
	return e, ok, nil
}

// all gives a copy of what is in a folder.
func (t *tree[ID, E]) all(ctx context.Context, folder ID) ([]E, error) {
	l := t.level(folder)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := t.open(ctx, folder, l); err != nil {
		return nil, err
	}
	entries := make([]E, 0, len(l.entries))
	for _, e := range l.entries {
		entries = append(entries, e)
	}
	return entries, nil
}

// childFolder finds a folder in a folder and makes it where it is missing; at is
// its path, for errors.
func (t *tree[ID, E]) childFolder(ctx context.Context, folder ID, name, at string) (ID, error) {
	l := t.level(folder)
	l.mu.Lock()
	defer l.mu.Unlock()
	var none ID
	if err := t.open(ctx, folder, l); err != nil {
		return none, err
	}
	if e, ok := l.entries[name]; ok {
		return t.folderID(e, at)
	}
	e, err := t.mkdir(ctx, folder, name)
	if Is(err, t.taken) || Is(err, fault.NameTaken) || Broken(err) {
		// Somebody else was quicker, or the answer got lost: what counts is what
		// is there now.
		l.listed = false
		if listErr := t.open(ctx, folder, l); listErr != nil {
			return none, err
		}
		there, ok := l.entries[name]
		if !ok {
			return none, err
		}
		return t.folderID(there, at)
	}
	if err != nil {
		return none, fmt.Errorf("%s: %w", at, err)
	}
	l.entries[name] = e
	below := t.level(t.id(e))
	below.mu.Lock()
	defer below.mu.Unlock()
	below.entries, below.listed = make(map[string]E), true
	return t.id(e), nil
}

func (t *tree[ID, E]) folderID(e E, at string) (ID, error) {
	if !e.IsFolder() {
		var none ID
		return none, &PathError{at, fault.NotFolder}
	}
	return t.id(e), nil
}

// resolve follows a path; ok is false for the root, which has no entry.
func (t *tree[ID, E]) resolve(ctx context.Context, p string) (found E, ok bool, err error) {
	folder, at := t.root, ""
	for name := range names(p) {
		if ok && !found.IsFolder() {
			return found, false, &PathError{at, fault.NotFolder}
		}
		at += "/" + name
		e, there, err := t.child(ctx, folder, name)
		if err != nil {
			return found, false, err
		}
		if !there {
			return found, false, &PathError{at, fault.NotFound}
		}
		found, ok, folder = e, true, t.id(e)
	}
	return found, ok, nil
}

// mkdirAll follows a path and makes what is missing of it; nothing where one of its
// names can't be.
func (t *tree[ID, E]) mkdirAll(ctx context.Context, p string) (ID, error) {
	folder, at := t.root, ""
	if err := checkNames(p); err != nil {
		return folder, err
	}
	for name := range names(p) {
		at += "/" + name
		id, err := t.childFolder(ctx, folder, name, at)
		if err != nil {
			return id, err
		}
		folder = id
	}
	return folder, nil
}

// names gives the parts of a path.
func names(p string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range strings.SplitSeq(CleanPath(p), "/") {
			if name != "" && !yield(name) {
				return
			}
		}
	}
}

// DriveTree resolves paths of the drive. It lists a folder once and remembers what
// it saw and made; it may be used from many goroutines at once.
type DriveTree struct{ tree[int64, File] }

// DriveTree makes a tree that has seen nothing yet.
func (c *Client) DriveTree() *DriveTree {
	return &DriveTree{tree[int64, File]{
		root: DriveRoot,
		list: func(ctx context.Context, id int64, add func(string, File)) error {
			for f, err := range c.ListAll(ctx, id) {
				if err != nil {
					return err
				}
				add(norm.NFC.String(f.Filename), f)
			}
			return nil
		},
		mkdir: func(ctx context.Context, parent int64, name string) (File, error) {
			id, err := c.Mkdir(ctx, parent, name)
			return File{FileID: id, Filename: name, ParentFileID: parent, Type: TypeFolder}, err
		},
		id:     func(f File) int64 { return f.FileID },
		taken:  fault.FolderTaken,
		levels: make(map[int64]*level[int64, File]),
	}}
}

// Resolve finds the entry at a path. The root is a folder with id DriveRoot and
// no name. A path that leads nowhere is a *PathError.
func (t *DriveTree) Resolve(ctx context.Context, p string) (File, error) {
	f, ok, err := t.resolve(ctx, p)
	if err == nil && !ok {
		return File{FileID: DriveRoot, Type: TypeFolder}, nil
	}
	return f, err
}

// MkdirAll gives the folder at a path and makes what is missing of it.
func (t *DriveTree) MkdirAll(ctx context.Context, p string) (int64, error) { return t.mkdirAll(ctx, p) }

// Children gives what is in a folder, in no order.
func (t *DriveTree) Children(ctx context.Context, folder int64) ([]File, error) {
	return t.all(ctx, folder)
}

// Child finds a name in a folder.
func (t *DriveTree) Child(ctx context.Context, folder int64, name string) (File, bool, error) {
	return t.child(ctx, folder, norm.NFC.String(name))
}

// BedTree resolves paths of the bed, as DriveTree does those of the drive.
type BedTree struct{ tree[string, Image] }

// BedTree makes a tree that has seen nothing yet.
func (c *Client) BedTree() *BedTree {
	return &BedTree{tree[string, Image]{
		root: BedRoot,
		list: func(ctx context.Context, id string, add func(string, Image)) error {
			for i, err := range c.BedListAll(ctx, id) {
				if err != nil {
					return err
				}
				add(norm.NFC.String(i.Filename), i)
			}
			return nil
		},
		mkdir: func(ctx context.Context, parent, name string) (Image, error) {
			made, err := c.BedMkdir(ctx, parent, name)
			return Image{FileID: made.DirID, Filename: name, ParentFileID: parent, Type: TypeFolder}, err
		},
		id:     func(i Image) string { return i.FileID },
		taken:  fault.BedFolderTaken,
		levels: make(map[string]*level[string, Image]),
	}}
}

// Resolve finds the entry at a path. The root is a folder with id BedRoot and no
// name. A path that leads nowhere is a *PathError.
func (t *BedTree) Resolve(ctx context.Context, p string) (Image, error) {
	i, ok, err := t.resolve(ctx, p)
	if err == nil && !ok {
		return Image{FileID: BedRoot, Type: TypeFolder}, nil
	}
	return i, err
}

// Deepest gives the last folder on the way to a path that is there, and what is missing
// below it, as "a/b".
func (t *BedTree) Deepest(ctx context.Context, p string) (folder, below string, err error) {
	if err := checkNames(p); err != nil {
		return "", "", err
	}
	for at := p; ; at = path.Dir(at) {
		i, err := t.Resolve(ctx, at)
		var missing *PathError
		if errors.As(err, &missing) && missing.Reason == fault.NotFound && at != "/" {
			below = path.Join(path.Base(at), below)
			continue
		}
		if err == nil && !i.IsFolder() {
			err = &PathError{at, fault.NotFolder}
		}
		return i.FileID, below, err
	}
}

// MkdirAll gives the folder at a path and makes what is missing of it.
func (t *BedTree) MkdirAll(ctx context.Context, p string) (string, error) { return t.mkdirAll(ctx, p) }

// Children gives what is in a folder, in no order.
func (t *BedTree) Children(ctx context.Context, folder string) ([]Image, error) {
	return t.all(ctx, folder)
}
