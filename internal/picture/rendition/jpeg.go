package rendition

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"io"

	"tuchuang/internal/picture"
)

func orientationOfJPEG(b *blocks) int { return picture.Orientation(b) }

// layout is what the segments of a JPEG say of the memory that it takes.
type layout struct {
	frame       []byte // the first segment that says how large it is, without its length
	progressive bool   // all values are kept until the end
	red         bool   // they may be red, green and blue, whatever the frame calls them
}

// memoryOfJPEG counts the planes of a picture, and what is made of them.
func memoryOfJPEG(b *blocks, c image.Config) (int64, error) {
	l, err := layoutOf(b.stream())
	if err != nil {
		return 0, err
	}
	return int64(c.Width+32) * int64(c.Height+32) * l.hundredths() / 100, nil
}

// hundredths is how many hundredths of a byte a pixel takes.
func (l layout) hundredths() int64 {
	const worst = 2400 // four values, kept until the end, and a picture made of them
	if len(l.frame) < 6 {
		return worst
	}
	n := int(l.frame[5])
	values := chunksOf(l.frame[6:], 3)
	if n < 1 || n > len(values) || n > 4 {
		return worst // the decoder refuses it
	}
	most, sum := 1, 0
	for _, v := range values[:n] {
		share := int(v[1]>>4) * int(v[1]&15)
		most, sum = max(most, share), sum+share
	}
	part := int64(100*sum/most) + 1
	if n == 1 {
		part = 100
	}
	if l.progressive {
		part *= 5 // each is kept as four bytes
	}
	named := n == 3 && values[0][0] == 'R' && values[1][0] == 'G' && values[2][0] == 'B'
	if n == 4 || n == 3 && (l.red || named) {
		part += 400
	}
	return part
}

// layoutOf goes through all segments, since one that comes late counts too.
func layoutOf(r *bufio.Reader) (l layout, err error) {
	const (
		firstFrame, lastFrame = 0xc0, 0xc2 // baseline, extended, progressive
		end                   = 0xd9
		adobe                 = 0xee
	)
	if _, err := r.Discard(2); err != nil {
		return l, err
	}
	for {
		kind, err := nextMarker(r)
		if errors.Is(err, io.EOF) || kind == end {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		var length [2]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return l, cut(err)
		}
		rest := int(binary.BigEndian.Uint16(length[:])) - 2
		if rest < 0 {
			return l, nil // the decoder goes no further
		}
		switch {
		case kind >= firstFrame && kind <= lastFrame && l.frame == nil:
			l.frame, l.progressive = make([]byte, rest), kind == lastFrame
			_, err = io.ReadFull(r, l.frame)
		case kind == adobe && rest >= 12:
			var text [12]byte
			if _, err = io.ReadFull(r, text[:]); err == nil {
				l.red = l.red || string(text[:5]) == "Adobe" && text[11] == 0
				_, err = r.Discard(rest - len(text))
			}
		default:
			_, err = r.Discard(rest)
		}
		if err != nil {
			return l, cut(err)
		}
	}
}

// cut lets a decoder say what is wrong with a file that ends early.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// nextMarker passes over what is none, as the values of the picture.
func nextMarker(r *bufio.Reader) (kind byte, err error) {
	for {
		if _, err := r.ReadSlice(0xff); errors.Is(err, bufio.ErrBufferFull) {
			continue
		} else if err != nil {
			return 0, err
		}
		for kind = 0xff; kind == 0xff; {
			if kind, err = r.ReadByte(); err != nil {
				return 0, err
			}
		}
		if kind != 0 && (kind < 0xd0 || kind > 0xd7) { // neither a value nor a restart
			return kind, nil
		}
	}
}
