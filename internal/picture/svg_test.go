package picture_test

import (
	"strings"
	"testing"

	"tuchuang/internal/picture"
)

// An SVG is told by its first element, whatever stands before it; a page that has one
// inside is none.
func TestLooksSVG(t *testing.T) {
	for text, want := range map[string]bool{
		`<svg/>`: true, `<svg>`: true, "<svg\nwidth='1'>": true, "\xef\xbb\xbf<svg >": true, "<?xml version='1.0'?>\n<!-- a --><svg >": true, `<svg:svg xmlns:svg="x">`: true,
		`<!DOCTYPE svg PUBLIC "a" "b"><svg >`: true, `<!DOCTYPE svg [<!ENTITY a "<b>">]><svg >`: true,
		``: false, `svg`: false, `<svg`: false, `<svgx>`: false, `<html><svg></svg>`: false, `<!-- <svg> -->`: false, `<!-- <svg>`: false, `<?xml`: false, `<!DOCTYPE html><html>`: false,
		`<?xml version="1.0"?><html>`: false, strings.Repeat(" ", picture.SVGHead) + `<svg>`: false,
	} {
		if got := picture.LooksSVG([]byte(text)); got != want {
			t.Errorf("%.40q: %v", text, got)
		}
	}
}
