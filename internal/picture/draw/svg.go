package draw

import (
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"strings"
)

// svgSteps is how many straight pieces make a skyline.
const svgSteps = 48

// writeSVG writes the scene as shapes.
func (s scene) writeSVG(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">`+"\n", s.w, s.h)
	fmt.Fprintf(&b, `<linearGradient id="sky" x2="0" y2="1"><stop stop-color="%s"/><stop offset="1" stop-color="%s"/></linearGradient>`+"\n",
		hex(s.skyTop), hex(s.skyBottom))
	b.WriteString(`<rect width="100%" height="100%" fill="url(#sky)"/>` + "\n")
	fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`+"\n", s.sun.x, s.sun.y, s.sun.r, hex(s.sun.color))
	for _, l := range s.hills {
		fmt.Fprintf(&b, `<path fill="%s" d="M0 %d`, hex(l.color), s.h)
		for i := range svgSteps + 1 {
			x := float64(s.w) * float64(i) / svgSteps
			fmt.Fprintf(&b, "L%.1f %.1f", x, l.top(x, float64(s.w)))
		}
		fmt.Fprintf(&b, `V%dZ"/>`+"\n", s.h)
	}
	if s.label != "" {
		size := float64(s.h) / 10
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" font-family="sans-serif" font-size="%.1f" fill="#fff">`,
			size/2, float64(s.h)-size/2, size)
		if err := xml.EscapeText(&b, []byte(s.label)); err != nil {
			return err
		}
		b.WriteString("</text>\n")
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
