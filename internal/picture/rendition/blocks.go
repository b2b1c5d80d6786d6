package rendition

import (
	"context"
	"errors"
	"io"
)

// block is how much of a content is read at once.
const block = 1 << 20

// blocks reads a content in large pieces, of which it keeps the last: decoders ask for
// little at a time, and some jump. It remembers that the content could not be read.
type blocks struct {
	ctx    context.Context
	r      io.ReaderAt
	size   int64
	at     int64 // of the block that is kept
	kept   []byte
	failed error
}

func (b *blocks) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("rendition: read before the beginning")
	}
	for n < len(p) {
		at := off + int64(n)
		if at >= b.size {
			return n, io.EOF
		}
		if at < b.at || at >= b.at+int64(len(b.kept)) {
			if err := b.read(at); err != nil {
				return n, err
			}
		}
		n += copy(p[n:], b.kept[at-b.at:])
	}
	return n, b.ended()
}

// ended notices that the time is over also while what is kept is read.
func (b *blocks) ended() error {
	if err := b.ctx.Err(); err != nil {
		b.failed = err
		return err
	}
	return nil
}

func (b *blocks) read(at int64) error {
	if err := b.ended(); err != nil {
		return err
	}
	if b.kept == nil {
		b.kept = make([]byte, min(block, b.size))
	}
	b.at = at / block * block
	b.kept = b.kept[:min(block, b.size-b.at)]
	n, err := b.r.ReadAt(b.kept, b.at)
	if n < len(b.kept) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // it is shorter than its row says
		}
		b.kept = b.kept[:0]
		b.failed = err
		return err
	}
	return nil
}

// all is a stream of the whole content.
func (b *blocks) all() *io.SectionReader { return io.NewSectionReader(b, 0, b.size) }
