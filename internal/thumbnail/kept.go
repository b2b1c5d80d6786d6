package thumbnail

import (
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// kept are the thumbnails in a folder, up to so many bytes: those that nobody has asked for
// the longest go first. A file appears whole, under its name, and says how long it is and
// what its sum is: one that a crash has torn is as good as none.
type kept struct {
	dir  string
	most int64
	log  *slog.Logger

	mu    sync.Mutex
	files map[key]*list.Element
	order list.List // of *file; who was asked for last is in front
	size  int64
	read  bool // what was there at the start is known

	failing atomic.Bool // so that it is told once
}

type file struct {
	key
	size  int64 // on the disk
	asked time.Time
}

func newKept(dir string, most int64, log *slog.Logger) *kept {
	return &kept{dir: dir, most: most, log: log, files: make(map[key]*list.Element)}
}

const (
	// magic begins every file; another number where thumbnails are drawn differently.
	magic     = "tn01"
	headLen   = len(magic) + 1 + 4 + 4 // what it is, the sum, the length
	diskBlock = 4096
	shelves   = 256       // folders
	touchNext = time.Hour // after which a file is marked as asked for again
	temporary = ".part-"  // begins the names of files that are being written
	partLife  = 10 * 60e9 // nanoseconds after which such a file is nobody's
	statesOf  = 500       // contents that are asked about at once
)

// letters stand for what a file is.
var letters = map[Kind]byte{Unsupported: 'u', Damaged: 'd', TooLarge: 'l'}

var crcTable = crc32.MakeTable(crc32.Castagnoli)

func (c *kept) path(k key) string {
	return filepath.Join(c.dir, strconv.FormatInt(k.ID%shelves, 10), nameOf(k))
}

func nameOf(k key) string {
	return strconv.FormatInt(k.Account, 10) + "-" + strconv.FormatInt(k.ID, 10) + "-" + strconv.Itoa(k.size)
}

var nameForm = regexp.MustCompile(`^([1-9][0-9]{0,17})-([1-9][0-9]{0,17})-([0-9]{1,4})$`)

func keyOf(name string) (k key, ok bool) {
	m := nameForm.FindStringSubmatch(name)
	if m == nil {
		return k, false
	}
	account, err := strconv.ParseInt(m[1], 10, 64)
	id, err2 := strconv.ParseInt(m[2], 10, 64)
	size, err3 := strconv.Atoi(m[3])
	return key{blob.Key{Account: account, ID: id}, size}, errors.Join(err, err2, err3) == nil
}

// get answers what is kept. The folder is asked, whether it was read before or not.
func (c *kept) get(k key) (drawing, bool) {
	if c.most == 0 {
		return drawing{}, false
	}
	path := c.path(k)
	b, err := os.ReadFile(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.failed("read", err)
		}
		c.forget(k)
		return drawing{}, false
	}
	d, ok := decode(b)
	if !ok {
		c.log.Warn("thumbnail: a file that is kept is damaged, and made anew", "path", path)
		c.drop(k)
		return drawing{}, false
	}
	c.touch(k, path, int64(len(b)))
	return d, true
}

// touch notes that a file was asked for, in the folder too, for the next start.
func (c *kept) touch(k key, path string, size int64) {
	now := time.Now()
	c.mu.Lock()
	f := c.note(k, size, now)
	late := now.Sub(f.asked) > touchNext
	if late {
		f.asked = now
	}
	c.mu.Unlock()
	if late {
		_ = os.Chtimes(path, now, now) // it is gone already: no harm
	}
}

// note puts a file in front. Call it with the lock.
func (c *kept) note(k key, size int64, asked time.Time) *file {
	size = (size + diskBlock - 1) / diskBlock * diskBlock
	e := c.files[k]
	if e == nil {
		e = c.order.PushFront(&file{key: k, asked: asked})
		c.files[k] = e
	}
	c.order.MoveToFront(e)
	f := e.Value.(*file)
	c.size += size - f.size
	f.size = size
	return f
}

func encode(d drawing) []byte {
	kind := d.form
	if d.kind != Picture {
		kind = letters[d.kind]
	}
	b := append(make([]byte, 0, headLen+len(d.bytes)), magic...)
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint32(b, sum(kind, d.bytes))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(d.bytes)))
	return append(b, d.bytes...)
}

func sum(kind byte, content []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte{kind}, crcTable), crcTable, content)
}

func decode(b []byte) (d drawing, ok bool) {
	if len(b) < headLen || string(b[:len(magic)]) != magic {
		return d, false
	}
	kind, content := b[len(magic)], b[headLen:]
	head := b[len(magic)+1:]
	if binary.LittleEndian.Uint32(head) != sum(kind, content) || binary.LittleEndian.Uint32(head[4:]) != uint32(len(content)) {
		return d, false
	}
	if types[kind] != "" {
		return drawing{kind: Picture, form: kind, bytes: content, settled: true}, true
	}
	for k, letter := range letters {
		if letter == kind {
			return drawing{kind: k, settled: true}, true
		}
	}
	return d, false
}

// put keeps what was drawn. Where that fails it is only not kept.
func (c *kept) put(k key, d drawing) {
	b := encode(d)
	if c.most < int64(len(b)) {
		return
	}
	if err := write(c.path(k), b); err != nil {
		c.failed("write", err)
		return
	}
	c.failing.Store(false)
	c.mu.Lock()
	c.note(k, int64(len(b)), time.Now())
	gone := c.overflow()
	c.mu.Unlock()
	c.remove(gone)
}

func write(path string, b []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// overflow forgets what is too much. Call it with the lock.
func (c *kept) overflow() (gone []key) {
	for c.size > c.most {
		last := c.order.Back()
		f := c.order.Remove(last).(*file)
		delete(c.files, f.key)
		c.size -= f.size
		gone = append(gone, f.key)
	}
	return gone
}

func (c *kept) forget(k key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.files[k]; e != nil {
		c.size -= c.order.Remove(e).(*file).size
		delete(c.files, k)
	}
}

func (c *kept) drop(k key) {
	c.forget(k)
	c.remove([]key{k})
}

func (c *kept) remove(gone []key) {
	for _, k := range gone {
		if err := os.Remove(c.path(k)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.failed("remove", err)
		}
	}
}

func (c *kept) failed(what string, err error) {
	if !c.failing.Swap(true) {
		c.log.Warn("thumbnail: the folder of thumbnails can't be used: "+what, "err", err)
	}
}

func (c *kept) bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

// load learns what is in the folder, the oldest last, and removes what nobody finishes.
func (c *kept) load(ctx context.Context) error {
	var found []file
	var nobodys []string
	err := filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // it went meanwhile
		}
		k, ok := keyOf(e.Name())
		if ok && path == c.path(k) {
			found = append(found, file{k, info.Size(), info.ModTime()})
		} else if strings.HasPrefix(e.Name(), temporary) && time.Since(info.ModTime()) > partLife {
			nobodys = append(nobodys, path)
		}
		return nil
	})
	if err != nil {
		return fault.Because(fault.CodeOf(err), "thumbnail: look through the folder", err)
	}
	for _, path := range nobodys {
		_ = os.Remove(path) // another process may have been quicker
	}
	slices.SortFunc(found, func(a, b file) int { return b.asked.Compare(a.asked) })
	c.mu.Lock()
	for _, f := range found {
		if c.files[f.key] == nil {
			e := c.order.PushBack(&file{f.key, 0, f.asked})
			c.files[f.key] = e
			at := e.Value.(*file)
			at.size = (f.size + diskBlock - 1) / diskBlock * diskBlock
			c.size += at.size
		}
	}
	c.read = true
	gone := c.overflow()
	c.mu.Unlock()
	c.remove(gone)
	return nil
}

// Sweep removes thumbnails of content that is no more. The first time it learns what is
// there.
func (t *Thumbnails) Sweep(ctx context.Context) error {
	if t.Most == 0 {
		return nil
	}
	c := t.kept
	c.mu.Lock()
	read := c.read
	c.mu.Unlock()
	if !read {
		if err := c.load(ctx); err != nil {
			return err
		}
	}
	byAccount := make(map[int64][]int64)
	keys := make(map[blob.Key][]key)
	c.mu.Lock()
	for k := range c.files {
		if keys[k.Key] == nil {
			byAccount[k.Account] = append(byAccount[k.Account], k.ID)
		}
		keys[k.Key] = append(keys[k.Key], k)
	}
	c.mu.Unlock()
	for account, ids := range byAccount {
		slices.Sort(ids)
		for some := range slices.Chunk(ids, statesOf) {
			var there map[int64]blob.State
			err := t.DB.Read(ctx, "thumbnail: sweep", func(tx *db.Tx) (err error) {
				there, err = blob.States(ctx, tx, account, some)
				return err
			})
			if err != nil {
				return err
			}
			for _, id := range some {
				if _, ok := there[id]; ok {
					continue
				}
				for _, k := range keys[blob.Key{Account: account, ID: id}] {
					c.drop(k)
				}
			}
		}
	}
	return nil
}
