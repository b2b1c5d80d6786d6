package draw

import (
	"image/color"
	"math"
	"math/rand/v2"
)

// scene is a landscape: a sky, a sun and hills one before the other.
type scene struct {
	w, h  int
	label string

	skyTop, skyBottom color.RGBA
	sun               disc
	hills             []hill // from the farthest to the nearest
}

type disc struct {
	x, y, r float64 // in pixels
	color   color.RGBA
}

// hill is a skyline: the sum of two waves.
type hill struct {
	base        float64 // its middle height, in pixels from above
	swing       float64 // in pixels
	waves       float64 // over the picture's width
	phase, tilt float64
	color       color.RGBA
}

// newScene chooses the landscape of a seed. The choice doesn't depend on the
// size, so the same seed looks alike at every size.
func newScene(seed int64, w, h int, label string) scene {
	random := rand.New(rand.NewPCG(uint64(seed), 0x7475636875616e67)) //nolint:gosec // a landscape is no secret
	between := func(low, high float64) float64 { return low + (high-low)*random.Float64() }
	width, height := float64(w), float64(h)

	hue := between(0, 360)
	sunHue := hue + between(120, 200)
	s := scene{
		w: w, h: h, label: label,
		skyTop:    hsl(hue, between(0.4, 0.7), between(0.45, 0.6)),
		skyBottom: hsl(hue+between(20, 60), between(0.5, 0.8), between(0.8, 0.9)),
		sun: disc{
			x:     width * between(0.15, 0.85),
			y:     height * between(0.15, 0.45),
			r:     min(width, height) * between(0.07, 0.15),
			color: hsl(sunHue, between(0.7, 0.95), between(0.7, 0.85)),
		},
	}
	hillHue := hue + between(-50, 50)
	count := 3 + random.IntN(3)
	for i := range count {
		near := float64(i+1) / float64(count) // 1 for the nearest
		s.hills = append(s.hills, hill{
			base:  height * (0.45 + 0.4*near),
			swing: height * between(0.04, 0.09),
			waves: between(0.7, 2.2),
			phase: between(0, 2*math.Pi),
			tilt:  between(0, 2*math.Pi),
			color: hsl(hillHue+10*near, between(0.25, 0.45), 0.65-0.45*near),
		})
	}
	return s
}

// top gives the y of the skyline at x, both in pixels.
func (l hill) top(x, width float64) float64 {
	turn := 2 * math.Pi * x / width
	return l.base +
		l.swing*math.Sin(l.waves*turn+l.phase) +
		l.swing*0.4*math.Sin(3.1*l.waves*turn+l.tilt)
}

// hsl gives a colour by hue in degrees, saturation and lightness in 0 to 1.
func hsl(hue, saturation, lightness float64) color.RGBA {
	reach := saturation * min(lightness, 1-lightness)
	channel := func(n float64) uint8 {
		k := math.Mod(math.Mod(n+hue/30, 12)+12, 12)
		v := lightness - reach*max(-1, min(k-3, 9-k, 1))
		return uint8(math.Round(255 * min(max(v, 0), 1)))
	}
	return color.RGBA{R: channel(0), G: channel(8), B: channel(4), A: 255}
}

// mix lays over on under, for a share from 0 to 1.
func mix(under, over color.RGBA, share float64) color.RGBA {
	share = min(max(share, 0), 1)
	channel := func(u, o uint8) uint8 {
		return uint8(math.Round(float64(u) + (float64(o)-float64(u))*share))
	}
	return color.RGBA{
		R: channel(under.R, over.R),
		G: channel(under.G, over.G),
		B: channel(under.B, over.B),
		A: 255,
	}
}
