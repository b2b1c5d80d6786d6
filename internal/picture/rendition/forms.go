package rendition

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"tuchuang/internal/picture"
)

// form is how pictures of a type are read. Without config they have no pixels.
type form struct {
	config func(*blocks) (image.Config, error)
	// memory is how many bytes decode holds at most at a moment, with what it has thrown
	// away by then.
	memory      func(*blocks, image.Config) (int64, error)
	decode      func(*blocks) (frame, error)
	orientation func(*blocks) int // nil: upright
}

// forms are the types that can be drawn.
var forms = map[string]form{
	picture.PNG.Type():  {config: streamed(png.DecodeConfig), memory: memoryOfPNG, decode: whole(png.Decode)},
	picture.JPEG.Type(): {streamed(jpeg.DecodeConfig), memoryOfJPEG, decodeJPEG, orientationOfJPEG},
	picture.GIF.Type():  {config: streamed(gif.DecodeConfig), memory: bytesAPixel(2), decode: firstOfGIF},
	picture.WebP.Type(): {config: configOfWebP, memory: memoryOfWebP, decode: decodeWebP},
	picture.BMP.Type():  {config: streamed(bmp.DecodeConfig), memory: bytesAPixel(4), decode: whole(bmp.Decode)},
	picture.TIFF.Type(): {configOfTIFF, memoryOfTIFF, decodeTIFF, orientationOfTIFF},
	picture.SVG.Type():  {},
}

// unsupported says whether a decoder has refused what it does not know, rather than what
// is wrong.
func unsupported(err error) bool {
	if errors.Is(err, bmp.ErrUnsupported) {
		return true
	}
	if _, ok := errors.AsType[png.UnsupportedError](err); ok {
		return true
	}
	if _, ok := errors.AsType[jpeg.UnsupportedError](err); ok {
		return true
	}
	_, ok := errors.AsType[tiff.UnsupportedError](err)
	return ok
}

func (b *blocks) stream() *bufio.Reader { return bufio.NewReaderSize(b.all(), 16<<10) }

func streamed(config func(io.Reader) (image.Config, error)) func(*blocks) (image.Config, error) {
	return func(b *blocks) (image.Config, error) { return config(b.stream()) }
}

// whole is for formats of which a picture is one frame.
func whole(decode func(io.Reader) (image.Image, error)) func(*blocks) (frame, error) {
	return func(b *blocks) (frame, error) {
		m, err := decode(b.stream())
		return frame{Image: m}, err
	}
}

// decodeJPEG has the decoder ask for little at a time: some thirty bytes of a progressive
// one can have it go over all the picture again, and the time ends where it asks.
func decodeJPEG(b *blocks) (frame, error) {
	m, err := jpeg.Decode(sips{b.all()})
	return frame{Image: m}, err
}

// sips reads little at a time.
type sips struct{ io.Reader }

func (s sips) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), 512)]) }

// bytesAPixel is two for GIF: one that is interlaced is put in order in another picture.
func bytesAPixel(n int64) func(*blocks, image.Config) (int64, error) {
	return func(_ *blocks, c image.Config) (int64, error) { return n * int64(c.Width) * int64(c.Height), nil }
}

// firstOfGIF decodes the first frame, which may be a part of the picture.
func firstOfGIF(b *blocks) (frame, error) {
	m, err := gif.Decode(b.stream())
	if err != nil {
		return frame{}, err
	}
	return frame{m, m.Bounds().Min}, nil
}

// memoryOfPNG takes it that grey has a transparent value: only what comes after the header
// says that it has none.
func memoryOfPNG(b *blocks, c image.Config) (int64, error) {
	var header [29]byte
	if _, err := b.ReadAt(header[:], 0); err != nil {
		return 0, err
	}
	const interlaced = 28
	n := int64(4)
	switch c.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		n = 8
	}
	if header[25] == 3 { // a palette
		n = 1
	}
	if header[interlaced] != 0 {
		n *= 2 // its passes are pictures of their own
	}
	return n * int64(c.Width) * int64(c.Height), nil
}

func chunksOf(b []byte, n int) (list [][]byte) {
	for ; len(b) >= n; b = b[n:] {
		list = append(list, b[:n])
	}
	return list
}

// Tags of a TIFF's directory.
const (
	tiffOrientation = 274
	tiffCompression = 259
	tiffRows        = 278 // of a strip
	tiffTileWidth   = 322
	tiffTileHeight  = 323
)

// directory reads the first numbers of the first directory of a TIFF, by tag. Those that
// the memory is counted by have to be one plain number, as they are in every TIFF that was not
// made to be counted wrong.
func directory(b *blocks) (map[uint16]int64, error) {
	var head [8]byte
	if _, err := b.ReadAt(head[:], 0); err != nil {
		return nil, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(head[4:]))
	var count [2]byte
	if _, err := b.ReadAt(count[:], at); err != nil {
		return nil, err
	}
	entries := make([]byte, 12*int(order.Uint16(count[:])))
	if _, err := b.ReadAt(entries, at+2); err != nil {
		return nil, err
	}
	tags := make(map[uint16]int64)
	for _, e := range chunksOf(entries, 12) {
		const short, long = 3, 4
		tag, kind := order.Uint16(e), order.Uint16(e[2:])
		switch kind {
		case short:
			tags[tag] = int64(order.Uint16(e[8:]))
		case long:
			tags[tag] = int64(order.Uint32(e[8:]))
		}
		switch tag {
		case tiffCompression, tiffRows, tiffTileWidth, tiffTileHeight:
			if kind != short && kind != long || order.Uint32(e[4:]) != 1 {
				return nil, fmt.Errorf("%w: tag %d", ErrUnsupported, tag)
			}
		}
	}
	return tags, nil
}

func configOfTIFF(b *blocks) (image.Config, error) {
	var head [4]byte
	if _, err := b.ReadAt(head[:], 0); err != nil {
		return image.Config{}, err
	}
	if head[2] == '+' || head[3] == '+' {
		return image.Config{}, fmt.Errorf("%w: BigTIFF", ErrUnsupported)
	}
	return tiff.DecodeConfig(b.all())
}

// memoryOfTIFF counts the picture, and the strip or tile that is being decoded: up to eight
// bytes for each of its pixels, in a buffer that grows by making others.
func memoryOfTIFF(b *blocks, c image.Config) (int64, error) {
	tags, err := directory(b)
	if err != nil {
		return 0, err
	}
	w, h := int64(c.Width), int64(c.Height)
	n := int64(4)
	switch c.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		n = 8
	}
	pw, ph := w, h
	if tags[tiffTileWidth] > 0 {
		pw, ph = tags[tiffTileWidth], tags[tiffTileHeight]
		pw, ph = min(pw, max(w+16, 1024)), min(ph, max(h+16, 1024)) // larger ones are refused
	} else if rows := tags[tiffRows]; rows > 0 {
		ph = min(h, rows)
	}
	piece := 32 * pw * ph
	if tags[tiffCompression] <= 1 {
		piece = min(piece, 3*b.size)
	}
	return n*w*h + piece, nil
}

func decodeTIFF(b *blocks) (frame, error) {
	m, err := tiff.Decode(b.all())
	return frame{Image: m}, err
}

func orientationOfTIFF(b *blocks) int {
	tags, err := directory(b)
	if err != nil {
		return 0
	}
	return int(tags[tiffOrientation])
}
