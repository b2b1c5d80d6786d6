package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	blobs "tuchuang/internal/blob"
	"tuchuang/internal/picture"
)

// quota: used is what drive files, trash included, and images weigh; reserved is
// what open uploads will.
func quota(_ context.Context, v *view) error {
	used, reserved := make(map[int64]int64), make(map[int64]int64)
	for _, e := range v.entries {
		used[e.acc] += e.size
	}
	for _, i := range v.images {
		used[i.acc] += i.size
	}
	for _, u := range v.uploads {
		if !u.completed {
			reserved[u.acc] += u.reserved
		}
	}
	for _, d := range v.downloads {
		reserved[d.acc] += d.reserved
	}
	for _, a := range v.accounts {
		if a.used != used[a.id] {
			v.found("account %d counts %d bytes used, its files and images weigh %d", a.id, a.used, used[a.id])
		}
		if a.reserved != reserved[a.id] {
			v.found("account %d counts %d bytes reserved, its open uploads reserve %d", a.id, a.reserved, reserved[a.id])
		}
	}
	return nil
}

// counters: what they will give out next was never given out.
func counters(_ context.Context, v *view) error {
	blobTop, taskTop := make(map[int64]int64), make(map[int64]int64)
	for _, b := range v.blobs {
		blobTop[b.acc] = max(blobTop[b.acc], b.n)
	}
	for _, d := range v.doomed {
		blobTop[d.acc] = max(blobTop[d.acc], d.n)
	}
	for _, t := range v.tasks {
		taskTop[t.acc] = max(taskTop[t.acc], t.n)
	}
	for _, a := range v.accounts {
		if a.nextBlob <= blobTop[a.id] {
			v.found("account %d gives out blob %d next and has %d", a.id, a.nextBlob, blobTop[a.id])
		}
		if a.nextTask <= taskTop[a.id] {
			v.found("account %d gives out task %d next and has %d", a.id, a.nextTask, taskTop[a.id])
		}
	}
	owner := make(map[int64]int64)
	var top int64
	for _, e := range v.entries {
		top = max(top, e.n)
		if other, taken := owner[e.n]; taken && e.n != 0 {
			v.found("drive id %d is given to accounts %d and %d", e.n, other, e.acc)
		}
		owner[e.n] = e.acc
	}
	for _, c := range v.counters {
		if c.name == "drive" && c.next <= top {
			v.found("the drive gives out id %d next and has %d", c.next, top)
		}
	}
	return nil
}

// blobRows: one row an account and content, complete unless it is pending, and none
// that is doomed as well.
func blobRows(_ context.Context, v *view) error {
	type same struct {
		acc    int64
		sha256 string
	}
	seen := make(map[same]int64)
	for _, b := range v.blobs {
		switch b.state {
		case pending:
			continue
		case live, blocked:
			if other, twice := seen[same{b.acc, b.sha256}]; twice {
				v.found("blobs %v and %d have the same content", b.key, other)
			}
			seen[same{b.acc, b.sha256}] = b.n
		case missing, damaged:
		default:
			v.found("blob %v has state %d", b.key, b.state)
		}
		if len(b.sha256) != 64 || len(b.sha1) != 40 || len(b.md5) != 32 {
			v.found("blob %v has no hashes", b.key)
		}
	}
	for _, d := range v.doomed {
		if v.blobOf[d] != nil {
			v.found("blob %v is doomed and has a row", d)
		}
	}
	return nil
}

// references: what files and images show has come whole, and is what they say.
func references(_ context.Context, v *view) error {
	compare := func(what string, k key, etag string, size int64) {
		b := v.blobOf[k]
		switch {
		case b == nil:
			v.found("%s shows blob %v, which is not there", what, k)
		case b.state == pending:
			v.found("%s shows blob %v, which is pending", what, k)
		case b.state == missing || b.state == damaged:
			v.found("%s shows blob %v, which is missing or damaged", what, k)
		case b.md5 != etag || b.size != size:
			v.found("%s says etag %s and %d bytes, its blob %v has %s and %d", what, etag, size, k, b.md5, b.size)
		}
	}
	for _, e := range v.entries {
		if e.class == 0 {
			continue
		}
		compare("file "+e.key.String(), key{e.acc, e.blob}, e.etag, e.size)
	}
	for _, i := range v.images {
		compare("image "+i.id, key{i.acc, i.blob}, i.etag, i.size)
	}
	return nil
}

// garbage: what nothing refers to is noted, so that it is looked at when its time has
// come, and what is noted is there.
func garbage(_ context.Context, v *view) error {
	inUse := make(map[key]bool)
	for _, e := range v.entries {
		inUse[key{e.acc, e.blob}] = true
	}
	for _, i := range v.images {
		inUse[key{i.acc, i.blob}] = true
	}
	for _, k := range v.released {
		inUse[k] = true
		if b := v.blobOf[k]; b == nil || b.state == pending {
			v.found("blob %v is noted as released and is not there", k)
		}
	}
	for _, b := range v.blobs {
		if b.state != pending && b.state != blocked && !inUse[b.key] {
			v.found("blob %v is in nobody's use and will stay for ever", b.key)
		}
	}
	return nil
}

// uploadSlices: an open upload has a pending blob, its slices lie within it and
// have the right length, and what is hashed has come.
func uploadSlices(_ context.Context, v *view) error {
	type of struct {
		acc    int64
		upload string
	}
	slices := make(map[of][]slice)
	for _, s := range v.slices {
		slices[of{s.acc, s.upload}] = append(slices[of{s.acc, s.upload}], s)
	}
	for _, u := range v.uploads {
		if u.completed {
			if u.result == "" {
				v.found("upload %s is completed without a result", u.id)
			}
			continue
		}
		if b := v.blobOf[key{u.acc, u.blob}]; b == nil || b.state != pending {
			v.found("upload %s is open and its blob %d is not pending", u.id, u.blob)
		}
		prefix := int64(0)
		for _, s := range slices[of{u.acc, u.id}] {
			from := (s.no - 1) * u.sliceSize
			if want := min(u.sliceSize, u.size-from); s.no < 1 || s.size != want {
				v.found("slice %d of upload %s has %d bytes, should have %d", s.no, u.id, s.size, want)
			}
			if from == prefix {
				prefix += s.size
			}
		}
		if u.hashed > prefix {
			v.found("upload %s has hashed %d bytes of the %d that have come", u.id, u.hashed, prefix)
		}
	}
	return nil
}

// leftovers: what is pending belongs to an open upload, unless others may still be at
// it, and nothing is doomed.
func leftovers(_ context.Context, v *view) error {
	open := make(map[key]bool)
	for _, u := range v.uploads {
		if !u.completed {
			open[key{u.acc, u.blob}] = true
		}
	}
	for _, d := range v.downloads {
		open[key{d.acc, d.blob}] = d.blob != 0
	}
	for _, b := range v.blobs {
		if b.state == pending && !open[b.key] && !v.Several {
			v.found("blob %v is pending without an open upload", b.key)
		}
	}
	for _, d := range v.doomed {
		v.found("blob %v is doomed and was not removed", d)
	}
	return nil
}

// storeFiles: every row that says so has its file with that very content, and what
// is staged within an open upload has its slices.
func storeFiles(ctx context.Context, v *view) error {
	store, err := v.store()
	if err != nil {
		return err
	}
	for _, b := range v.blobs {
		if b.state != live && b.state != blocked {
			continue
		}
		if err := v.compareFile(ctx, store, b); err != nil {
			return err
		}
	}
	if v.Store != nil {
		return nil // it shows nothing of what is staged
	}
	return v.compareStaged()
}

func (v *view) store() (blobs.Store, error) {
	if v.Store != nil {
		return v.Store, nil
	}
	return blobs.NewDisk(filepath.Join(v.Data, "blobs"), filepath.Join(v.Data, "uploads"))
}

func (v *view) compareFile(ctx context.Context, store blobs.Store, b blob) error {
	o, err := store.Open(ctx, blobs.Key{Account: b.acc, ID: b.n})
	if err != nil {
		v.found("blob %v has no file: %v", b.key, err)
		return nil
	}
	defer o.Close()
	digest := blobs.NewDigest()
	if _, err := io.Copy(digest, o); err != nil {
		v.found("blob %v can't be read: %v", b.key, err)
		return nil
	}
	sha256, sha1, md5 := digest.Sums()
	for _, c := range []struct{ what, row, file string }{
		{"size", strconv.FormatInt(b.size, 10), strconv.FormatInt(digest.Size(), 10)},
		{"MD5", b.md5, hex.EncodeToString(md5[:])},
		{"SHA-1", b.sha1, hex.EncodeToString(sha1[:])},
		{"SHA-256", b.sha256, hex.EncodeToString(sha256[:])},
	} {
		if c.row != c.file {
			v.found("blob %v has %s %s, its file %s", b.key, c.what, c.row, c.file)
		}
	}
	if facts := picture.Probe(o, digest.Size()); facts.Type != b.sniff || facts.Width != b.width || facts.Height != b.height {
		v.found("blob %v is %q of %dx%d, its file %q of %dx%d", b.key, b.sniff, b.width, b.height, facts.Type, facts.Width, facts.Height)
	}
	return nil
}

// compareStaged reads the slices that open uploads have taken.
func (v *view) compareStaged() error {
	open := make(map[string]upload)
	for _, u := range v.uploads {
		if !u.completed {
			open[u.id] = u
		}
	}
	for _, s := range v.slices {
		u, ok := open[s.upload]
		if !ok {
			continue
		}
		sum, err := sumOf(filepath.Join(v.Data, "uploads", fmt.Sprintf("%d-%d.part", u.acc, u.blob)), (s.no-1)*u.sliceSize, s.size)
		if errors.Is(err, fs.ErrNotExist) {
			// A completion that was cut off after the content was stored.
			sum, err = sumOf(filepath.Join(v.Data, "blobs", strconv.FormatInt(u.acc, 10), strconv.FormatInt(u.blob>>10, 10), strconv.FormatInt(u.blob, 10)),
				(s.no-1)*u.sliceSize, s.size)
		}
		if err != nil || sum != s.md5 {
			v.found("slice %d of upload %s has MD5 %s, its file %s (%v)", s.no, u.id, s.md5, sum, err)
		}
	}
	return nil
}

func sumOf(path string, from, size int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	digest := blobs.NewDigest()
	if _, err := io.Copy(digest, io.NewSectionReader(f, from, size)); err != nil {
		return "", err
	}
	_, _, md5 := digest.Sums()
	return hex.EncodeToString(md5[:]), nil
}

// strangers: every file in the store has its row, and there is nothing else.
func strangers(ctx context.Context, v *view) error {
	store, err := v.store()
	if err != nil {
		return err
	}
	known := map[string]bool{filepath.Join("blobs", "installation"): true} // whose they are
	err = store.List(ctx, func(e blobs.Entry) error {
		k := key{e.Key.Account, e.Key.ID}
		b := v.blobOf[k]
		path := filepath.Join("blobs", strconv.FormatInt(k.acc, 10), strconv.FormatInt(k.n>>10, 10), strconv.FormatInt(k.n, 10))
		if e.Staged {
			path = filepath.Join("uploads", fmt.Sprintf("%d-%d.part", k.acc, k.n))
		}
		known[path] = true
		switch {
		case b == nil:
			v.found("%s has no row", path)
		case e.Staged && v.Store != nil:
			// What was begun twice, since an answer was lost, holds nothing and goes with its
			// content.
		case e.Staged && b.state != pending:
			v.found("%s is staged, its row says %d", path, b.state)
		}
		return nil
	})
	if err != nil || v.Store != nil {
		return err
	}
	for _, top := range []string{"blobs", "uploads"} {
		err := filepath.WalkDir(filepath.Join(v.Data, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(v.Data, path)
			if err == nil && !known[rel] {
				v.found("%s is nothing that is known", rel)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
