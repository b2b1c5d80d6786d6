// Package rendition draws a small picture of a large one: the first frame, turned as it is
// to be seen, never enlarged; of an SVG it makes one that can do nothing but be looked at.
// It promises that what a picture costs is known before it is decoded, that a decoder which
// fails or panics harms nobody, and that what can't be drawn is told by the reason. It must
// not know where pictures are kept, nor how many are drawn at once.
package rendition

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"runtime/debug"

	"tuchuang/internal/picture"
)

// Why a picture can't be drawn. Any other error is that of reading it.
var (
	ErrUnsupported = errors.New("no decoder takes this picture")
	ErrDamaged     = errors.New("the picture is damaged")
	ErrTooLarge    = errors.New("the picture is too large to be decoded")
)

const (
	maxPixels = 64 << 20 // of a picture that is decoded
	maxSide   = 1 << 20  // pixels
	maxSVG    = 4 << 20  // bytes of an SVG, before and after
	quality   = 82       // of JPEGs
)

// sizes are the longer sides, in pixels, that a rendition may have.
var sizes = []int{128, 320, 1280}

// Size is the next size at or above n; the largest for what is above all.
func Size(n int) int {
	for _, s := range sizes {
		if n <= s {
			return s
		}
	}
	return sizes[len(sizes)-1]
}

// Takes says whether there is a decoder for what is served as a MIME type.
func Takes(mime string) bool {
	_, ok := forms[mime]
	return ok
}

// Source is a picture whose header was read. It is not for several goroutines.
type Source struct {
	content *blocks
	form    form
	config  image.Config
	memory  int64 // bytes that decoding takes
}

// Drawn is a rendition.
type Drawn struct {
	Type  string // its MIME type
	Bytes []byte
}

// Open reads the header of the content of size bytes in r, which is served as a MIME type.
// What can't be drawn is one of the errors of this room. ctx bounds the reading here and in
// Draw: a decoder can't be stopped otherwise.
func Open(ctx context.Context, r io.ReaderAt, size int64, mime string) (s *Source, err error) {
	f, ok := forms[mime]
	if !ok {
		return nil, fmt.Errorf("rendition: %w: %s", ErrUnsupported, mime)
	}
	s = &Source{content: &blocks{ctx: ctx, r: r, size: size}, form: f}
	err = s.guard("read the header", func() error {
		if s.form.config == nil { // it has no pixels
			return s.measureText(size)
		}
		return s.measure()
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Source) measureText(size int64) error {
	if size > maxSVG {
		return ErrTooLarge
	}
	s.memory = 24 * size
	return nil
}

func (s *Source) measure() (err error) {
	if s.config, err = s.form.config(s.content); err != nil {
		return err
	}
	w, h := int64(s.config.Width), int64(s.config.Height)
	if w <= 0 || h <= 0 {
		return fmt.Errorf("%w: %dx%d", ErrDamaged, w, h)
	}
	if w > maxSide || h > maxSide || w*h > maxPixels {
		return fmt.Errorf("%w: %dx%d", ErrTooLarge, w, h)
	}
	s.memory, err = s.form.memory(s.content, s.config)
	s.memory += 4 * w // a row
	return err
}

const (
	ownMemory   = 3 << 20 // bytes: the block that was read, tables of decoders and encoders
	drawnMemory = 32      // bytes for a pixel of the rendition: sums, the picture itself, turned, encoded
)

// Memory is how many bytes Draw holds at most.
func (s *Source) Memory(longer int) int64 {
	if s.form.config == nil {
		return s.memory + ownMemory
	}
	w, h := fit(s.config.Width, s.config.Height, longer)
	return s.memory + ownMemory + drawnMemory*int64(w)*int64(h)
}

// Draw makes a rendition whose longer side is at most longer. What has only opaque pixels
// becomes a JPEG, else a PNG; an SVG becomes one that was cleaned.
func (s *Source) Draw(longer int) (d Drawn, err error) {
	err = s.guard("draw", func() error {
		d, err = s.draw(longer)
		return err
	})
	return d, err
}

func (s *Source) draw(longer int) (Drawn, error) {
	var b bytes.Buffer
	if s.form.config == nil {
		err := clean(&b, s.content.all())
		return Drawn{picture.SVG.Type(), b.Bytes()}, err
	}
	frame, err := s.form.decode(s.content)
	if err != nil {
		return Drawn{}, err
	}
	w, h := fit(s.config.Width, s.config.Height, longer)
	m := shrink(frame, s.config.Width, s.config.Height, w, h)
	if s.form.orientation != nil {
		m = turn(m, s.form.orientation(s.content))
	}
	if m.Opaque() {
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: quality})
		return Drawn{picture.JPEG.Type(), b.Bytes()}, err
	}
	err = png.Encode(&b, m)
	return Drawn{picture.PNG.Type(), b.Bytes()}, err
}

// guard makes one of the errors of this room of whatever a decoder ends with, but for
// what it could not read.
func (s *Source) guard(op string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("rendition: %s: %w: panic: %v\n%s", op, ErrDamaged, p, debug.Stack())
		}
	}()
	err = fn()
	switch {
	case err == nil:
		return nil
	case s.content.failed != nil:
		err = s.content.failed
	case errors.Is(err, ErrUnsupported), errors.Is(err, ErrTooLarge), errors.Is(err, ErrDamaged):
	case unsupported(err):
		err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	default:
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("rendition: %s: %w", op, err)
}

// fit is the size of a picture whose longer side is at most longer.
func fit(w, h, longer int) (int, int) {
	most := max(w, h)
	if most <= longer {
		return w, h
	}
	part := func(n int) int { return max(1, (2*n*longer+most)/(2*most)) }
	return part(w), part(h)
}
