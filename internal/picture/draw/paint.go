package draw

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

var (
	plate = color.RGBA{A: 255} // what the label stands on, half transparent
	ink   = color.RGBA{R: 255, G: 255, B: 255, A: 255}
)

const plateShare = 0.45

// paint draws the scene in true colours, with smooth edges.
func (s scene) paint() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, s.w, s.h))
	tops := make([]float64, len(s.hills))
	for x := range s.w {
		middleX := float64(x) + 0.5
		for i, l := range s.hills {
			tops[i] = l.top(middleX, float64(s.w))
		}
		for y := range s.h {
			middleY := float64(y) + 0.5
			c := mix(s.skyTop, s.skyBottom, middleY/float64(s.h))
			fromSun := math.Hypot(middleX-s.sun.x, middleY-s.sun.y)
			c = mix(c, s.sun.color, s.sun.r-fromSun+0.5)
			for i, l := range s.hills {
				c = mix(c, l.color, middleY-tops[i]+0.5)
			}
			img.SetRGBA(x, y, c)
		}
	}
	s.paintLabel(img)
	return img
}

// paintLabel writes the label on a plate at the lower edge, as large as fits
// and no larger than an eighth of the height.
func (s scene) paintLabel(img *image.RGBA) {
	if s.label == "" {
		return
	}
	face := basicfont.Face7x13
	width := font.MeasureString(face, s.label).Ceil() + 8
	height := face.Height + 4
	text := image.NewAlpha(image.Rect(0, 0, width, height))
	(&font.Drawer{
		Dst:  text,
		Src:  image.Opaque,
		Face: face,
		Dot:  fixed.P(4, 2+face.Ascent),
	}).DrawString(s.label)

	scale := max(1, min(s.w/width, s.h/8/height))
	top := s.h - height*scale
	for y := max(top, 0); y < s.h; y++ {
		for x := range s.w {
			c := mix(img.RGBAAt(x, y), plate, plateShare)
			if text.AlphaAt(x/scale, (y-top)/scale).A > 0 {
				c = ink
			}
			img.SetRGBA(x, y, c)
		}
	}
}

// paintPaletted draws the scene in 256 colours of its own.
func (s scene) paintPaletted() *image.Paletted {
	solid := []color.RGBA{s.sun.color, ink}
	for _, l := range s.hills {
		solid = append(solid, l.color, mix(l.color, plate, plateShare))
	}
	var colors color.Palette
	for _, c := range solid {
		colors = append(colors, c)
	}
	steps := 256 - len(colors)
	for i := range steps {
		colors = append(colors, mix(s.skyTop, s.skyBottom, float64(i)/float64(steps-1)))
	}
	img := image.NewPaletted(image.Rect(0, 0, s.w, s.h), colors)
	draw.Draw(img, img.Bounds(), s.paint(), image.Point{}, draw.Src)
	return img
}
