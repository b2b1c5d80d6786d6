package rendition

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/webp"
)

const maxChunks = 4096 // that are looked through for the first frame

// chunk is a part of a RIFF file, without its head.
type chunk struct {
	kind     string
	at, size int64
}

// chunks gives the parts between two places of a content until found says so.
func chunks(b *blocks, at, end int64, found func(chunk) bool) error {
	for range maxChunks {
		if at+8 > end {
			return nil
		}
		var head [8]byte
		if _, err := b.ReadAt(head[:], at); err != nil {
			return err
		}
		c := chunk{string(head[:4]), at + 8, int64(binary.LittleEndian.Uint32(head[4:]))}
		if found(c) {
			return nil
		}
		at = c.at + c.size + c.size&1
	}
	return fmt.Errorf("%w: more than %d parts", ErrUnsupported, maxChunks)
}

const headOfWebP = 12

// first is the first frame of a WebP that moves, as a WebP of its own, and where it lies.
type first struct {
	moves bool
	at    image.Point
	size  image.Point
	parts []chunk
}

func firstOfWebP(b *blocks) (f first, err error) {
	var moving chunk
	err = chunks(b, headOfWebP, b.size, func(c chunk) bool {
		f.moves = c.kind == "ANMF"
		moving = c
		return f.moves || c.kind == "VP8 " || c.kind == "VP8L"
	})
	if err != nil || !f.moves {
		return f, err
	}
	var head [16]byte
	if _, err := b.ReadAt(head[:], moving.at); err != nil {
		return f, err
	}
	three := func(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 }
	f.at = image.Pt(2*three(head[0:]), 2*three(head[3:]))
	f.size = image.Pt(three(head[6:])+1, three(head[9:])+1)
	err = chunks(b, moving.at+int64(len(head)), min(b.size, moving.at+moving.size), func(c chunk) bool {
		switch c.kind {
		case "ALPH":
			f.parts = append(f.parts, c)
		case "VP8 ", "VP8L":
			f.parts = append(f.parts, c)
			return true
		}
		return false
	})
	if err == nil && (len(f.parts) == 0 || len(f.parts) > 2) {
		err = fmt.Errorf("%w: no frame", ErrDamaged)
	}
	return f, err
}

// alone is the frame as a file.
func (f first) alone(b *blocks) io.Reader {
	var body []io.Reader
	size := int64(4)
	add := func(kind string, size int64, content io.Reader) {
		head := binary.LittleEndian.AppendUint32([]byte(kind), uint32(size))
		body = append(body, bytes.NewReader(head), content)
		if size&1 == 1 {
			body = append(body, bytes.NewReader([]byte{0}))
		}
	}
	if len(f.parts) == 2 { // with transparency beside it
		var x [10]byte
		x[0] = 1 << 4
		w, h := f.size.X-1, f.size.Y-1
		copy(x[4:], []byte{byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
		add("VP8X", int64(len(x)), bytes.NewReader(x[:]))
		size += 8 + int64(len(x))
	}
	for _, c := range f.parts {
		add(c.kind, c.size, io.NewSectionReader(b, c.at, c.size))
		size += 8 + c.size + c.size&1
	}
	head := append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(size)), "WEBP"...)
	return io.MultiReader(append([]io.Reader{bytes.NewReader(head)}, body...)...)
}

func configOfWebP(b *blocks) (image.Config, error) {
	return webp.DecodeConfig(b.stream())
}

// memoryOfWebP counts the picture, and all of its data, which the decoder reads first where
// it is lossy. Without loss, or with transparency beside it, the values take as much again.
func memoryOfWebP(b *blocks, c image.Config) (int64, error) {
	lossy := false
	var data int64
	err := chunks(b, headOfWebP, b.size, func(k chunk) bool {
		switch k.kind {
		case "ANMF", "ALPH":
			return true
		case "VP8 ":
			lossy, data = true, min(k.size, 128<<20)
			return true
		}
		return k.kind == "VP8L"
	})
	if err != nil {
		return 0, err
	}
	pixels := int64(c.Width+16) * int64(c.Height+16)
	if lossy {
		return 2*pixels + data, nil
	}
	return 10*pixels + min(b.size, 128<<20), nil
}

func decodeWebP(b *blocks) (frame, error) {
	f, err := firstOfWebP(b)
	if err != nil {
		return frame{}, err
	}
	if !f.moves {
		m, err := webp.Decode(b.stream())
		return frame{Image: m}, err
	}
	config, err := configOfWebP(b)
	if err != nil {
		return frame{}, err
	}
	// Its own header is believed in by the decoder: it must be as small as it says.
	one, err := webp.DecodeConfig(f.alone(b))
	if err == nil && (image.Pt(one.Width, one.Height) != f.size || f.at.X+f.size.X > config.Width || f.at.Y+f.size.Y > config.Height) {
		err = fmt.Errorf("%w: a frame that is not on the picture", ErrDamaged)
	}
	if err != nil {
		return frame{}, err
	}
	m, err := webp.Decode(f.alone(b))
	return frame{m, f.at}, err
}
