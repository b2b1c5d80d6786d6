package audit

import (
	"context"
	"slices"

	"tuchuang/internal/entryname"
	"tuchuang/internal/picture"
)

const maxDepth = 128

// climb answers how many steps it takes from a node to the root; ok is false where
// one on the way is missing, is no folder, or comes again.
func climb[K comparable](from, root K, parentOf func(K) (K, bool)) (steps int, ok bool) {
	for at := from; at != root; steps++ {
		if at, ok = parentOf(at); !ok || steps > 10*maxDepth {
			return steps, false
		}
	}
	return steps, true
}

// driveTree: every entry hangs below the root, through folders alone, and says of
// itself what its name and size say.
func driveTree(_ context.Context, v *view) error {
	byID := make(map[key]*entry, len(v.entries))
	for i := range v.entries {
		byID[v.entries[i].key] = &v.entries[i]
	}
	for _, a := range v.accounts {
		if root := byID[key{a.id, 0}]; root == nil || root.class != 0 || root.parent != 0 || root.trashed != 0 {
			v.found("account %d has no root in the drive", a.id)
		}
	}
	for _, e := range v.entries {
		depth, ok := climb(e.key, key{e.acc, 0}, func(k key) (key, bool) {
			at := byID[k]
			if at == nil || k != e.key && at.class != 0 {
				return k, false
			}
			return key{k.acc, at.parent}, true
		})
		switch {
		case !ok:
			v.found("entry %v does not hang below the root", e.key)
		case e.class == 0 && depth > maxDepth:
			v.found("folder %v is %d levels deep", e.key, depth)
		}
		if e.class == 0 {
			if e.blob != 0 || e.size != 0 || e.etag != "" {
				v.found("folder %v has content", e.key)
			}
		} else if want := int(picture.ClassOf(e.name, e.size)); e.class != want {
			v.found("file %v has class %d, should have %d", e.key, e.class, want)
		}
		if e.trashed < 0 || e.trashed > 2 {
			v.found("entry %v has trashed %d", e.key, e.trashed)
		}
	}
	return nil
}

// driveChildren: a folder counts what is right below it and not in the trash by
// itself.
func driveChildren(_ context.Context, v *view) error {
	children := make(map[key]int64)
	for _, e := range v.entries {
		if e.n != 0 && e.trashed == 0 {
			children[key{e.acc, e.parent}]++
		}
	}
	for _, e := range v.entries {
		if e.children != children[e.key] {
			v.found("entry %v counts %d children, has %d", e.key, e.children, children[e.key])
		}
	}
	return nil
}

// driveTotal: a folder sums the sizes of the files below it that nothing below it holds
// in the trash.
func driveTotal(_ context.Context, v *view) error {
	byKey := make(map[key]*entry)
	for i := range v.entries {
		byKey[v.entries[i].key] = &v.entries[i]
	}
	total := make(map[key]int64)
	for _, file := range v.entries {
		at := &file
		for steps := 0; at != nil && at.trashed == 0 && at.n != 0 && steps < len(v.entries); steps++ {
			total[key{at.acc, at.parent}] += file.size
			at = byKey[key{at.acc, at.parent}]
		}
	}
	for _, e := range v.entries {
		if e.total != total[e.key] {
			v.found("entry %v holds %d bytes, should say %d", e.key, e.total, total[e.key])
		}
	}
	return nil
}

// driveNames: a name is one that Clean gives, and unique among the live entries of
// a folder.
func driveNames(_ context.Context, v *view) error {
	type place struct {
		acc, parent int64
		name        string
	}
	seen := make(map[place]int64)
	for _, e := range v.entries {
		if e.n == 0 {
			continue
		}
		if !entryname.Kept(e.name) {
			v.found("entry %v has the name %q", e.key, e.name)
		}
		if e.trashed != 0 {
			continue
		}
		p := place{e.acc, e.parent, e.name}
		if other, taken := seen[p]; taken {
			v.found("entries %v and %d have one name, %q", e.key, other, e.name)
		}
		seen[p] = e.n
	}
	return nil
}

// bedTree: every folder hangs below its account's one root, and every image is in
// one of them.
func bedTree(_ context.Context, v *view) error {
	type node struct {
		acc int64
		id  string
	}
	parent := make(map[node]node, len(v.folders))
	roots := make(map[int64][]string)
	for _, f := range v.folders {
		parent[node{f.acc, f.id}] = node{f.acc, f.parent}
		if f.id == f.parent {
			roots[f.acc] = append(roots[f.acc], f.id)
		}
	}
	for _, a := range v.accounts {
		if len(roots[a.id]) != 1 {
			v.found("account %d has %d roots in the bed", a.id, len(roots[a.id]))
			return nil
		}
	}
	for _, f := range v.folders {
		depth, ok := climb(node{f.acc, f.id}, node{f.acc, roots[f.acc][0]}, func(n node) (node, bool) {
			up, ok := parent[n]
			return up, ok
		})
		switch {
		case !ok:
			v.found("bed folder %s does not hang below the root", f.id)
		case depth > maxDepth:
			v.found("bed folder %s is %d levels deep", f.id, depth)
		}
	}
	for _, i := range v.images {
		if _, ok := parent[node{i.acc, i.folder}]; !ok {
			v.found("image %s is in folder %s, which is not there", i.id, i.folder)
		}
	}
	return nil
}

// bedNames: a name is one that Clean gives, none is parked any more, and a folder
// has each once, of images and folders together.
func bedNames(_ context.Context, v *view) error {
	type place struct {
		acc          int64
		folder, name string
	}
	seen := make(map[place]string)
	one := func(acc int64, folder, name, id string) {
		if !entryname.Kept(name) {
			v.found("%s has the name %q", id, name)
		}
		p := place{acc, folder, name}
		if other, taken := seen[p]; taken {
			v.found("%s and %s have one name, %q", id, other, name)
		}
		seen[p] = id
	}
	for _, f := range v.folders {
		if f.id != f.parent {
			one(f.acc, f.parent, f.name, f.id)
		}
	}
	for _, i := range v.images {
		one(i.acc, i.folder, i.name, i.id)
	}
	return nil
}

// bedLinks: a link ends like one of the nine formats.
func bedLinks(_ context.Context, v *view) error {
	nine := []string{"png", "gif", "jpeg", "tiff", "webp", "jpg", "tif", "svg", "bmp"}
	for _, i := range v.images {
		if !slices.Contains(nine, i.ext) {
			v.found("the link of image %s ends with %q", i.id, i.ext)
		}
		if i.size <= 0 || i.size > picture.MaxBytes {
			v.found("image %s has %d bytes", i.id, i.size)
		}
	}
	return nil
}
