package rendition

import (
	"image"
	"image/color"
)

// frame is a decoded picture and where it lies on the whole one.
type frame struct {
	image.Image
	at image.Point
}

// shrink draws a frame that lies on a transparent picture of sw times sh in w times h
// pixels: each is the mean of what it covers, in exact integers. So nothing is left out,
// however much smaller it becomes.
func shrink(f frame, sw, sh, w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	if y, ok := f.Image.(*image.YCbCr); ok && f.covers(sw, sh) {
		shrinkYCbCr(m, y)
		return m
	}
	m.Pix = means(w, h, sw, sh, 4, f.rows(sw))
	return m
}

func (f frame) covers(w, h int) bool {
	return f.at == image.Point{} && f.Bounds().Size() == image.Pt(w, h)
}

// shrinkYCbCr takes the means of brightness and colours before they become red, green and
// blue: there are fewer of them.
func shrinkYCbCr(m *image.RGBA, src *image.YCbCr) {
	b, w, h := src.Bounds(), m.Rect.Dx(), m.Rect.Dy()
	plane := func(pix []byte, stride, at, sw, sh int) []byte {
		return means(w, h, sw, sh, 1, func(y int) []byte { return pix[at+y*stride:][:sw] })
	}
	cw, ch := coloured(src.SubsampleRatio, b)
	luma := plane(src.Y, src.YStride, src.YOffset(b.Min.X, b.Min.Y), b.Dx(), b.Dy())
	blue := plane(src.Cb, src.CStride, src.COffset(b.Min.X, b.Min.Y), cw, ch)
	red := plane(src.Cr, src.CStride, src.COffset(b.Min.X, b.Min.Y), cw, ch)
	for i := range luma {
		p := m.Pix[4*i:][:4]
		p[0], p[1], p[2] = color.YCbCrToRGB(luma[i], blue[i], red[i])
		p[3] = 0xff
	}
}

// coloured is the size of the planes of colour.
func coloured(ratio image.YCbCrSubsampleRatio, b image.Rectangle) (w, h int) {
	across, down := 1, 1
	switch ratio {
	case image.YCbCrSubsampleRatio422:
		across = 2
	case image.YCbCrSubsampleRatio420:
		across, down = 2, 2
	case image.YCbCrSubsampleRatio440:
		down = 2
	case image.YCbCrSubsampleRatio411:
		across = 4
	case image.YCbCrSubsampleRatio410:
		across, down = 4, 2
	case image.YCbCrSubsampleRatio444:
	}
	part := func(from, to, n int) int { return (to-1)/n - from/n + 1 }
	return part(b.Min.X, b.Max.X, across), part(b.Min.Y, b.Max.Y, down)
}

// rows gives the rows of the whole picture of width sw as red, green, blue and alpha, the
// colours multiplied by it. What it gives is good until it is called again.
func (f frame) rows(sw int) func(y int) []byte {
	b := f.Bounds()
	row := make([]byte, 4*sw)
	fill := f.filler()
	inside := row[4*f.at.X:][:4*b.Dx()]
	return func(y int) []byte {
		if y -= f.at.Y; y < 0 || y >= b.Dy() {
			clear(inside)
		} else {
			fill(inside, b.Min.Y+y)
		}
		return row
	}
}

// filler fills in a row of the frame.
func (f frame) filler() func(row []byte, y int) {
	x0 := f.Bounds().Min.X
	switch m := f.Image.(type) {
	case *image.RGBA:
		return func(row []byte, y int) { copy(row, m.Pix[m.PixOffset(x0, y):]) }
	case *image.NRGBA:
		return func(row []byte, y int) {
			copy(row, m.Pix[m.PixOffset(x0, y):])
			for p := row; len(p) >= 4; p = p[4:] {
				if a := uint32(p[3]); a != 0xff {
					p[0], p[1], p[2] = times(p[0], a), times(p[1], a), times(p[2], a)
				}
			}
		}
	case *image.Paletted:
		var colours [256][4]byte // what is beyond the palette is transparent
		for i, c := range m.Palette {
			r, g, b, a := c.RGBA()
			colours[i] = [4]byte{byte(r >> 8), byte(g >> 8), byte(b >> 8), byte(a >> 8)}
		}
		return func(row []byte, y int) {
			for x, i := range m.Pix[m.PixOffset(x0, y):][:len(row)/4] {
				copy(row[4*x:], colours[i][:])
			}
		}
	case image.RGBA64Image: // all others that decoders make
		return func(row []byte, y int) {
			for x := range len(row) / 4 {
				c := m.RGBA64At(x0+x, y)
				row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = byte(c.R>>8), byte(c.G>>8), byte(c.B>>8), byte(c.A>>8)
			}
		}
	}
	return func(row []byte, y int) {
		for x := range len(row) / 4 {
			r, g, b, a := f.At(x0+x, y).RGBA()
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = byte(r>>8), byte(g>>8), byte(b>>8), byte(a>>8)
		}
	}
}

func times(v byte, alpha uint32) byte { return byte((uint32(v)*alpha + 127) / 255) }

// means draws a picture of sw times sh in w times h, each of n bytes a pixel. A pixel of the
// source is w wide here and one of the result sw, and so it is with heights: both begin and
// end together, and every part is a whole number.
func means(w, h, sw, sh, n int, row func(y int) []byte) []byte {
	out := make([]byte, 0, w*h*n)
	line := make([]uint32, w*n) // of a row of the source, sw times too much
	sums := make([]uint64, w*n) // of the rows that came so far
	whole := uint64(sw) * uint64(sh)
	left := sh // of the row of the result that is being made
	for y := range sh {
		across(line, row(y), w, sw, n)
		for rest := h; rest > 0; {
			part := min(rest, left)
			for i, v := range line {
				sums[i] += uint64(v) * uint64(part)
			}
			rest -= part
			if left -= part; left > 0 {
				continue
			}
			for i, v := range sums {
				out = append(out, byte((v+whole/2)/whole))
				sums[i] = 0
			}
			left = sh
		}
	}
	return out
}

// across sums a row of the source up for each pixel of the result.
func across(line []uint32, src []byte, w, sw, n int) {
	if w == sw {
		for i, v := range src[:w*n] {
			line[i] = uint32(v) * uint32(sw)
		}
		return
	}
	for x := range w {
		from, to := x*sw, (x+1)*sw // in the source, of which each pixel is w wide
		first, last := from/w, to/w
		head, tail := w-from%w, to%w // how much of the first one and of the last
		if first == last {
			head, tail = to-from, 0
		}
		for c := range n {
			var inner uint32
			for i := (first+1)*n + c; i < last*n; i += n {
				inner += uint32(src[i])
			}
			sum := uint32(src[first*n+c])*uint32(head) + inner*uint32(w)
			if tail > 0 {
				sum += uint32(src[last*n+c]) * uint32(tail)
			}
			line[x*n+c] = sum
		}
	}
}
