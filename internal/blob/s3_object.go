package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"tuchuang/internal/fault"
)

// window is how much is read at once where a little is wanted: all of a small picture,
// the header of a large one.
const window = 128 << 10

// s3Object is an object open for reading. What it gives is of one version, and in full:
// where a line is cut it reads on from there, and what can't be had is an error.
type s3Object struct {
	store *S3
	ctx   context.Context //nolint:containedctx // io's methods take none, and Open says that it bounds them
	end   context.CancelFunc
	key   Key
	op    string
	size  int64
	etag  string
	mod   time.Time
	head  []byte // the first bytes

	reading sync.Mutex // over pos and stream: Close may be called while a Read runs
	pos     int64
	stream  io.ReadCloser // of what begins at pos, or nil

	mu   sync.Mutex // over from and some
	from int64
	some []byte // a window read by ReadAt, at from
}

var (
	errCut  = errors.New("the store cut the line")
	errLate = errors.New("the store takes too long")
)

// Open reads the beginning of the object, see Store.
func (s *S3) Open(ctx context.Context, key Key) (Object, error) {
	op := "blob: open " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return nil, err
	}
	o := &s3Object{store: s, key: key, op: op, size: -1}
	o.ctx, o.end = context.WithCancel(ctx)
	late := time.AfterFunc(s.Opening, o.end)
	err := o.begin()
	if !late.Stop() && ctx.Err() == nil {
		err = fault.Because(fault.Unavailable, op, errLate, fault.Store)
	}
	if err != nil {
		o.end()
		return nil, s.failed(ctx, err, op)
	}
	return o, nil
}

// begin reads the first bytes, and all that is to be known of the object.
func (o *s3Object) begin() (err error) {
	s := o.store
	o.head, err = o.piece(0, window)
	if isCode(err, minio.InvalidRange) { // nothing can be read of what is empty
		var info minio.ObjectInfo
		info, err = s.core.StatObject(o.ctx, s.Bucket, s.name(o.key), minio.StatObjectOptions{})
		if err == nil && info.Size != 0 {
			err = fmt.Errorf("an object of %d bytes has no beginning", info.Size)
		}
		o.size, o.etag, o.mod = info.Size, info.ETag, info.LastModified
	}
	return err
}

// piece reads n bytes, or as many as there are, trying again where the line is cut.
func (o *s3Object) piece(from, n int64) (p []byte, err error) {
	for try := range o.store.Tries {
		if try > 0 && !o.wait(try) {
			break
		}
		var body io.ReadCloser
		var length int64
		if body, length, err = o.get(from, n); err != nil {
			return nil, err
		}
		p = make([]byte, length)
		_, err = io.ReadFull(body, p)
		if e := body.Close(); err == nil && e == nil {
			return p, nil
		}
	}
	return nil, o.cut(err)
}

// get asks for n bytes, or as many as there are, and answers how many that will be.
// It believes no answer that is not of these bytes of this object.
func (o *s3Object) get(from, n int64) (body io.ReadCloser, length int64, err error) {
	var opts minio.GetObjectOptions
	if err := opts.SetRange(from, from+n-1); err != nil {
		return nil, 0, fault.Because(fault.Internal, o.op, err)
	}
	if o.size >= 0 {
		if err := opts.SetMatchETag(o.etag); err != nil {
			return nil, 0, fault.Because(fault.Internal, o.op, err)
		}
	}
	body, info, head, err := o.store.core.GetObject(o.ctx, o.store.Bucket, o.store.name(o.key), opts)
	if err != nil {
		answer, _ := errors.AsType[minio.ErrorResponse](err)
		if o.size >= 0 && (answer.StatusCode == http.StatusPreconditionFailed || answer.Code == minio.InvalidRange) {
			err = fault.Because(fault.ContentMissing, o.op, err)
		}
		return nil, 0, err
	}
	size, err := totalSize(head, from, info.Size)
	if err == nil && o.size >= 0 && (size != o.size || info.ETag != o.etag) {
		err = fault.New(fault.ContentMissing, o.op)
	}
	if err != nil {
		return nil, 0, errors.Join(err, body.Close())
	}
	if o.size < 0 {
		o.size, o.etag, o.mod = size, info.ETag, info.LastModified
	}
	if length = min(n, size-from); length > info.Size {
		return nil, 0, errors.Join(fmt.Errorf("the store gives %d bytes of %d", info.Size, length), body.Close())
	}
	return body, length, nil
}

// totalSize reads of an answer how large the object is, of which it gives the bytes from
// from on.
func totalSize(head http.Header, from, length int64) (size int64, err error) {
	span := head.Get("Content-Range")
	if span == "" && from == 0 {
		return length, nil // all of it
	}
	var first, last int64
	if _, err := fmt.Sscanf(strings.ToLower(span), "bytes %d-%d/%d", &first, &last, &size); err != nil {
		return 0, fmt.Errorf("the store answers the range %q: %w", span, err)
	}
	if first != from || last < first || last-first+1 != length || last >= size {
		return 0, fmt.Errorf("the store answers the range %q with %d bytes", span, length)
	}
	return size, nil
}

// wait backs off; it is false where ctx ends.
func (o *s3Object) wait(try int) bool {
	timer := time.NewTimer(min(100*time.Millisecond<<(try-1), time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-o.ctx.Done():
		return false
	}
}

func (o *s3Object) cut(err error) error {
	if o.ctx.Err() != nil {
		return fault.Wrap(o.ctx.Err(), o.op)
	}
	return fault.Because(fault.Unavailable, o.op, fmt.Errorf("%w: %v", errCut, err), fault.Store) //nolint:errorlint // an end that is none
}

func (o *s3Object) Size() int64        { return o.size }
func (o *s3Object) ModTime() time.Time { return o.mod }

func (o *s3Object) Read(p []byte) (int, error) {
	o.reading.Lock()
	defer o.reading.Unlock()
	switch {
	case len(p) == 0:
		return 0, nil
	case o.pos >= o.size:
		return 0, io.EOF
	case o.pos < int64(len(o.head)):
		n := copy(p, o.head[o.pos:])
		o.pos += int64(n)
		return n, nil
	}
	p = p[:min(int64(len(p)), o.size-o.pos)]
	var err error
	for try := range o.store.Tries {
		if try > 0 && !o.wait(try) {
			break
		}
		if o.stream == nil {
			if o.stream, _, err = o.get(o.pos, o.size-o.pos); err != nil {
				return 0, o.store.failed(o.ctx, err, o.op)
			}
		}
		var n int
		n, err = o.stream.Read(p)
		o.pos += int64(n)
		if err != nil && o.pos < o.size {
			o.drop()
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, o.cut(err)
}

// drop ends the stream: what it would still give is not wanted.
func (o *s3Object) drop() {
	if o.stream != nil {
		_ = o.stream.Close() // all that was wanted of it has come
		o.stream = nil
	}
}

func (o *s3Object) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fault.Because(fault.Internal, o.op, errors.New("a negative offset"))
	}
	for n < len(p) && off+int64(n) < o.size {
		some, err := o.around(off+int64(n), int64(len(p)-n))
		if err != nil {
			return n, o.store.failed(o.ctx, err, o.op)
		}
		n += copy(p[n:], some)
	}
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}

// around answers the bytes from off on, at least one, as many as are at hand or n and a
// window.
func (o *s3Object) around(off, n int64) ([]byte, error) {
	if off < int64(len(o.head)) {
		return o.head[off:], nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if at := off - o.from; at >= 0 && at < int64(len(o.some)) {
		return o.some[at:], nil
	}
	some, err := o.piece(off, min(max(n, window), o.size-off))
	if err == nil {
		o.from, o.some = off, some
	}
	return some, err
}

func (o *s3Object) Seek(off int64, whence int) (int64, error) {
	o.reading.Lock()
	defer o.reading.Unlock()
	switch whence {
	case io.SeekCurrent:
		off += o.pos
	case io.SeekEnd:
		off += o.size
	}
	if off < 0 {
		return 0, fault.Because(fault.Internal, o.op, errors.New("a place before the beginning"))
	}
	if off != o.pos {
		o.drop()
		o.pos = off
	}
	return off, nil
}

func (o *s3Object) Close() error {
	o.end()
	o.reading.Lock()
	defer o.reading.Unlock()
	o.drop()
	return nil
}
