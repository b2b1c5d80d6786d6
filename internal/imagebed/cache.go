package imagebed

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"tuchuang/internal/db"
)

// drops tells caches what to forget.
type drops struct {
	mu    sync.RWMutex
	forge []forgetter
}

type forgetter interface {
	forget(ID)
	forgetAll()
}

func (d *drops) add(f forgetter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forge = append(d.forge, f)
}

func (d *drops) each(fn func(forgetter)) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, f := range d.forge {
		fn(f)
	}
}

func (d *drops) all() { d.each(forgetter.forgetAll) }

// heard is what this or another process tells of the topic changed.
func (d *drops) heard(text string) {
	if text == everything {
		d.all()
		return
	}
	d.each(func(f forgetter) { f.forget(ID(text)) })
}

// changed is the topic under which every process is told what its caches are to
// forget: an image, or everything.
const (
	changed    = "imagebed.changed"
	everything = "*"
)

func tellChanged(tx *db.Tx, id ID) { tx.Tell(changed, string(id)) }

func tellAllChanged(tx *db.Tx) { tx.Tell(changed, everything) }

// ContentChanged has every image looked at again, after the state of some content was
// changed in a transaction.
func ContentChanged(tx *db.Tx) { tellAllChanged(tx) }

const shards = 64

// Cache keeps what a door made of an image's facts, for at most so many images. A
// write of this process is seen at once; one of another process as soon as it is told
// of, with SQLite about a second later.
type Cache[T any] struct {
	bed   *Bed
	build func(context.Context, Facts) (T, error)
	limit int // entries of one shard
	seed  maphash.Seed
	asked atomic.Int64 // times that the database was
	shard [shards]shard[T]
}

type shard[T any] struct {
	mu sync.RWMutex
	m  map[ID]T
	// gen counts what was forgotten here: a fill that began before is not kept.
	gen atomic.Uint64
}

// NewCache makes a cache for at most entries images. build makes the value; its
// errors are handed on and nothing is kept.
func NewCache[T any](b *Bed, entries int, build func(context.Context, Facts) (T, error)) *Cache[T] {
	c := &Cache[T]{bed: b, build: build, limit: max(1, entries/shards), seed: maphash.MakeSeed()}
	for i := range c.shard {
		c.shard[i].m = make(map[ID]T)
	}
	b.drops.add(c)
	return c
}

// Get answers the value for an image; fault.NotFound where there is none.
func (c *Cache[T]) Get(ctx context.Context, id ID) (T, error) {
	s := c.of(id)
	s.mu.RLock()
	v, ok := s.m[id]
	s.mu.RUnlock()
	if ok {
		return v, nil
	}
	c.asked.Add(1)
	gen := s.gen.Load()
	f, err := c.bed.Facts(ctx, id)
	if err != nil {
		return v, err
	}
	if v, err = c.build(ctx, f); err != nil {
		return v, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gen.Load() == gen {
		for old := range s.m {
			if len(s.m) < c.limit {
				break
			}
			delete(s.m, old) // any: the order of a map is random
		}
		s.m[id] = v
	}
	return v, nil
}

// Misses says how often the value was not there.
func (c *Cache[T]) Misses() int64 { return c.asked.Load() }

func (c *Cache[T]) of(id ID) *shard[T] {
	return &c.shard[maphash.String(c.seed, string(id))%shards]
}

func (c *Cache[T]) forget(id ID) {
	s := c.of(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gen.Add(1)
	delete(s.m, id)
}

func (c *Cache[T]) forgetAll() {
	for i := range c.shard {
		s := &c.shard[i]
		s.mu.Lock()
		s.gen.Add(1)
		clear(s.m)
		s.mu.Unlock()
	}
}
