// Package thumbnail gives small pictures of the files of the drive and the images of the
// bed, and keeps them for a while. It promises that decoders hold no more memory together
// than they may, leave a processor to everybody else and end in time, that a picture is
// decoded once however many ask for it, and that what can't be drawn is told by a picture
// that says so. What it keeps can be lost at any time.
package thumbnail

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
	"tuchuang/internal/picture/rendition"
)

// Kind says what a thumbnail is.
type Kind string

// The kinds: the picture, or a drawing instead of it.
const (
	Picture     Kind = "ok"
	Unsupported Kind = "unsupported" // no decoder takes it
	Damaged     Kind = "damaged"
	TooLarge    Kind = "too-large" // to be decoded, or it took too long
	Busy        Kind = "busy"      // too many wait: ask again
)

// Thumbnail is a small picture.
type Thumbnail struct {
	Kind  Kind
	Type  string // its MIME type
	Bytes []byte
	Etag  string // of the content that it is of
	// Settled: it is the same whenever it is asked for again, as long as Tag is.
	Settled bool
	Tag     string
}

const (
	memoryMost = 128 << 20        // bytes that all decoders hold together
	collected  = 16 << 20         // bytes of a decoder from which on they are collected at once
	slowKept   = 10 * time.Minute // that a picture took too long
	slowMost   = 4096
)

// limits are those of decoding, beside memory.
type limits struct {
	decoders int           // that work at once
	waiting  int           // pictures that wait for one
	ofOne    int           // of those, of an account
	wait     time.Duration // for a decoder
	draw     time.Duration // of a decoder, with the reading
}

// usual leaves a processor to everybody else.
func usual() limits {
	return limits{decoders: max(1, runtime.GOMAXPROCS(0)-1), waiting: 256, ofOne: 128, wait: 10 * time.Second, draw: 10 * time.Second}
}

// Options are what the room needs.
type Options struct {
	Drive *drive.Drive
	Bed   *imagebed.Bed
	DB    *db.DB
	Store blob.Store
	Dir   string // where thumbnails are kept
	Most  int64  // bytes of them; 0: none are kept
	Log   *slog.Logger

	// Watch, where it is set, is told of each picture that a decoder was asked for: what
	// became of it, how long it waited, and how long the decoder took.
	Watch func(kind Kind, waited, took time.Duration)
}

// Thumbnails is the room's door. Its methods may be called at the same time.
type Thumbnails struct {
	Options
	limits limits
	kept   *kept
	turns  *semaphore.Weighted // decoders
	memory *semaphore.Weighted // bytes
	held   atomic.Int64

	holding func(bytes int64) // is told in tests

	ctx    context.Context // until Close
	stop   context.CancelFunc
	flying sync.WaitGroup

	mu      sync.Mutex
	flights map[key]*flight
	waiting map[account.ID]int
	waits   int
	slow    map[key]time.Time // until when a picture is taken for one that takes too long

	counts counts
}

// New makes the room's door. Close ends it.
func New(o Options) *Thumbnails { return newWithin(usual(), o) }

func newWithin(l limits, o Options) *Thumbnails {
	t := &Thumbnails{
		Options: o, limits: l, kept: newKept(o.Dir, o.Most, o.Log),
		turns: semaphore.NewWeighted(int64(l.decoders)), memory: semaphore.NewWeighted(memoryMost),
		flights: make(map[key]*flight), waiting: make(map[account.ID]int), slow: make(map[key]time.Time),
	}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t
}

// Close ends what is being decoded, and returns when that has ended.
func (t *Thumbnails) Close() {
	t.mu.Lock() // nobody begins from here on
	t.stop()
	t.mu.Unlock()
	t.flying.Wait()
}

// subject is content of which a thumbnail is asked for.
type subject struct {
	key   blob.Key
	name  string
	etag  string
	size  int64
	mime  string
	asked int // pixels of the longer side
}

// OfFile answers a thumbnail of a file of the drive, whose longer side is at most size
// pixels, rounded up to one of those there are. fault.NotAPicture where the file is none,
// else as drive.Content.
func (t *Thumbnails) OfFile(ctx context.Context, acc account.ID, id drive.ID, size int) (Thumbnail, error) {
	c, err := t.Drive.Content(ctx, acc, id)
	if err != nil {
		return Thumbnail{}, err
	}
	return t.of(ctx, subject{blob.Key{Account: int64(acc), ID: c.BlobID}, c.Name, c.Etag, c.Size, c.Type, size})
}

// OfImage answers a thumbnail of an image of the bed, as OfFile.
func (t *Thumbnails) OfImage(ctx context.Context, acc account.ID, id imagebed.ID, size int) (Thumbnail, error) {
	c, err := t.Bed.Content(ctx, acc, id)
	if err != nil {
		return Thumbnail{}, err
	}
	return t.of(ctx, subject{blob.Key{Account: int64(acc), ID: c.BlobID}, c.Name, c.Etag, c.Size, c.Type, size})
}

func (t *Thumbnails) of(ctx context.Context, s subject) (Thumbnail, error) {
	ext := picture.ExtOfName(s.name)
	if s.mime = picture.ServeType(s.mime, ext); s.mime == typeUnknown && !picture.Named(s.name) {
		return Thumbnail{}, fault.New(fault.NotAPicture, "thumbnail")
	}
	d, err := t.drawing(ctx, s)
	if err != nil {
		return Thumbnail{}, err
	}
	t.counts.of(d.kind).Add(1)
	out := Thumbnail{Kind: d.kind, Type: d.mime(), Bytes: d.bytes, Etag: s.etag, Settled: d.settled}
	out.Tag = s.etag + "-" + strconv.Itoa(rendition.Size(s.asked)) + "-" + string(d.kind) + "-" + magic
	if d.kind != Picture {
		out.Type, out.Bytes = picture.SVG.Type(), placeholder(d.kind, ending(ext, s.mime))
	}
	return out, nil
}

// typeUnknown is what picture.ServeType calls what is no picture.
const typeUnknown = "application/octet-stream"

// drawing is what became of a picture. Of a picture that can't be drawn it has no bytes.
type drawing struct {
	kind    Kind
	form    byte // see types
	bytes   []byte
	settled bool
}

// types are those of renditions, by the letter that stands for each where they are kept.
var types = map[byte]string{'j': picture.JPEG.Type(), 'p': picture.PNG.Type(), 's': picture.SVG.Type()}

func (d drawing) mime() string { return types[d.form] }

func formOf(mime string) byte {
	for form, t := range types {
		if t == mime {
			return form
		}
	}
	return 0
}

// key names a thumbnail. An SVG is the same at every size: 0.
type key struct {
	blob.Key
	size int
}

// drawing answers what is kept, or has it made.
func (t *Thumbnails) drawing(ctx context.Context, s subject) (drawing, error) {
	if !rendition.Takes(s.mime) {
		return drawing{kind: Unsupported, settled: true}, nil
	}
	k := key{s.key, rendition.Size(s.asked)}
	if s.mime == picture.SVG.Type() {
		k.size = 0
	}
	if d, ok := t.kept.get(k); ok {
		t.counts.kept.Add(1)
		return d, nil
	}
	f, d := t.join(k, s)
	if f == nil {
		return d, nil
	}
	select {
	case <-f.done:
		return f.drawing, f.err
	case <-ctx.Done():
		t.leave(k, f)
		return drawing{}, fault.Wrap(ctx.Err(), "thumbnail: wait")
	}
}

// flight is the making of a thumbnail, for all who ask for it.
type flight struct {
	subject
	askers int
	begun  bool // a decoder has it
	cancel context.CancelFunc
	done   chan struct{}

	drawing drawing // when it is done
	err     error
}

// join has a thumbnail made, or waits for who makes it already. Where it is not to be made
// now there is no flight, and what is answered instead.
func (t *Thumbnails) join(k key, s subject) (*flight, drawing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.flights[k]; f != nil {
		f.askers++
		return f, drawing{}
	}
	if until, ok := t.slow[k]; ok && t.DB.Now().Before(until) {
		return nil, drawing{kind: TooLarge}
	}
	acc := account.ID(k.Account)
	if t.ctx.Err() != nil || t.waits >= t.limits.waiting || t.waiting[acc] >= t.limits.ofOne {
		return nil, drawing{kind: Busy}
	}
	ctx, cancel := context.WithTimeout(t.ctx, t.limits.wait)
	f := &flight{subject: s, askers: 1, cancel: cancel, done: make(chan struct{})}
	t.flights[k] = f
	t.waits++
	t.waiting[acc]++
	t.flying.Go(func() {
		defer cancel()
		t.fly(ctx, k, f)
	})
	return f, drawing{}
}

// leave is for who asks no longer: what nobody waits for and no decoder has is given up.
func (t *Thumbnails) leave(k key, f *flight) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.askers--; f.askers == 0 && !f.begun {
		f.cancel()
		if t.flights[k] == f {
			delete(t.flights, k)
		}
	}
}

// fly waits for a decoder and makes the thumbnail.
func (t *Thumbnails) fly(ctx context.Context, k key, f *flight) {
	began := time.Now()
	err := t.turns.Acquire(ctx, 1)
	waited := time.Since(began)
	t.mu.Lock()
	f.begun = err == nil
	t.waits--
	acc := account.ID(k.Account)
	if t.waiting[acc]--; t.waiting[acc] == 0 {
		delete(t.waiting, acc)
	}
	t.mu.Unlock()
	if err != nil { // the time for it is over, or nobody wants it
		f.drawing = drawing{kind: Busy}
	} else {
		f.err = fault.Guard("thumbnail: draw", func() error {
			defer t.turns.Release(1)
			return t.draw(k, f)
		})
		if t.Watch != nil && f.err == nil {
			t.Watch(f.drawing.kind, waited, time.Since(began)-waited)
		}
	}
	t.mu.Lock()
	if t.flights[k] == f {
		delete(t.flights, k)
	}
	t.mu.Unlock()
	close(f.done)
}

// draw decodes a picture within its limits, and keeps what comes of it.
func (t *Thumbnails) draw(k key, f *flight) error {
	ctx, cancel := context.WithTimeout(t.ctx, t.limits.draw)
	defer cancel()
	t.counts.running.Add(1)
	defer t.counts.running.Add(-1)
	if d, ok := t.kept.get(k); ok { // made just before
		f.drawing = d
		return nil
	}
	object, err := t.Store.Open(ctx, k.Key)
	switch {
	case err != nil && ctx.Err() != nil: // the store has taken all the time
		f.drawing = drawing{kind: Busy}
		return nil
	case err != nil:
		return err
	}
	defer func() {
		if err := object.Close(); err != nil {
			t.Log.Warn("thumbnail: close", "err", err)
		}
	}()
	if has := object.Size(); has != f.size {
		return fault.New(fault.ContentMissing, "thumbnail: open "+k.Key.String(), has, f.size)
	}
	d, err := t.render(ctx, object, f.subject, k.size)
	switch {
	case err == nil:
		f.drawing = drawing{kind: Picture, form: formOf(d.Type), bytes: d.Bytes, settled: true}
	case errors.Is(err, rendition.ErrUnsupported):
		f.drawing = drawing{kind: Unsupported, settled: true}
	case errors.Is(err, rendition.ErrTooLarge):
		f.drawing = drawing{kind: TooLarge, settled: true}
	case errors.Is(err, rendition.ErrDamaged):
		f.drawing = drawing{kind: Damaged, settled: true}
	case t.ctx.Err() != nil || errors.Is(err, errNoMemory):
		f.drawing = drawing{kind: Busy}
	case ctx.Err() != nil:
		f.drawing = drawing{kind: TooLarge}
		t.tooSlow(k)
	default:
		return fault.Wrap(err, "thumbnail: draw "+k.Key.String())
	}
	if err != nil {
		t.Log.Debug("thumbnail: a picture is not drawn", "key", k.Key, "size", k.size, "err", err)
	}
	if f.drawing.settled && t.hasRoom(ctx) {
		t.kept.put(k, f.drawing)
	}
	return nil
}

// errNoMemory says that others had the memory all the time: it is not the picture's fault.
var errNoMemory = errors.New("no memory for it in time")

// render decodes with as much memory as that takes, when there is so much.
func (t *Thumbnails) render(ctx context.Context, object blob.Object, s subject, longer int) (rendition.Drawn, error) {
	src, err := rendition.Open(ctx, object, s.size, s.mime)
	if err != nil {
		return rendition.Drawn{}, err
	}
	takes := src.Memory(longer)
	if takes > memoryMost {
		return rendition.Drawn{}, rendition.ErrTooLarge
	}
	if err := t.memory.Acquire(ctx, takes); err != nil {
		return rendition.Drawn{}, errNoMemory
	}
	t.hold(takes)
	defer func() {
		if takes >= collected {
			runtime.GC() // what it has left is not to be there beside what the next one takes
		}
		t.hold(-takes)
		t.memory.Release(takes)
	}()
	return src.Draw(longer)
}

func (t *Thumbnails) hold(bytes int64) {
	held := t.held.Add(bytes)
	if t.holding != nil {
		t.holding(held)
	}
}

func (t *Thumbnails) tooSlow(k key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.slow) >= slowMost {
		clear(t.slow)
	}
	t.slow[k] = t.DB.Now().Add(slowKept)
}

// leastRoom is what thumbnails leave of the store's room, which they share where that is
// a disk.
const leastRoom = 256 << 20

func (t *Thumbnails) hasRoom(ctx context.Context) bool {
	room, err := t.Store.Room(ctx)
	return err == nil && room > leastRoom
}

// counts are the figures since the start.
type counts struct {
	kept, running                              atomic.Int64
	picture, unsupported, damaged, large, busy atomic.Int64
}

func (c *counts) of(kind Kind) *atomic.Int64 {
	switch kind {
	case Unsupported:
		return &c.unsupported
	case Damaged:
		return &c.damaged
	case TooLarge:
		return &c.large
	case Busy:
		return &c.busy
	case Picture:
	}
	return &c.picture
}

// Counts are the figures of the room.
type Counts struct {
	Answered map[Kind]int64 // since the start
	FromKept int64          // of those, that were there already
	Running  int64          // decoders that work now
	Waiting  int64          // pictures that wait for one
	Held     int64          // bytes that decoders may hold now
	Kept     int64          // bytes of thumbnails that are kept
}

// Counts answers the figures as they are now.
func (t *Thumbnails) Counts() Counts {
	t.mu.Lock()
	waits := t.waits
	t.mu.Unlock()
	c := Counts{
		Answered: make(map[Kind]int64), FromKept: t.counts.kept.Load(), Running: t.counts.running.Load(), Waiting: int64(waits),
		Held: t.held.Load(), Kept: t.kept.bytes(),
	}
	for _, k := range []Kind{Picture, Unsupported, Damaged, TooLarge, Busy} {
		c.Answered[k] = t.counts.of(k).Load()
	}
	return c
}
