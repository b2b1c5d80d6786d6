package thumbnail

import (
	"fmt"
	"strings"

	"tuchuang/internal/picture"
)

// ending is what a placeholder has written on it: the ending of the picture's name, where
// that says that it is a picture, else its type.
func ending(ext, mime string) string {
	if !picture.Named("." + ext) {
		_, ext, _ = strings.Cut(mime, "/")
		ext = ext[strings.LastIndexAny(ext, ".-")+1:]
		if ext == "icon" {
			ext = "ico"
		}
	}
	return strings.ToUpper(ext)
}

// What is drawn on a placeholder, in a box of 160 by 120.
var marks = map[Kind]string{
	// A picture that is broken in two.
	Damaged: `<path d="M46 34h36l-8 20 12 8-8 24H46z"/><path d="M90 34h24v52H86l8-24-12-8z"/>`,
	// A picture that does not fit into its frame.
	TooLarge: `<path d="M56 42h48v36H56z"/><path d="M48 34l-14-12M34 32V22h12M112 34l14-12M126 32V22h-12M48 86l-14 12M34 88v10h12M112 86l14 12M126 88v10h-12"/>`,
	// Three dots.
	Busy: `<path d="M54 60h.1M80 60h.1M106 60h.1" stroke-width="10"/>`,
	// A sheet with a corner.
	Unsupported: `<path d="M54 22h38l16 16v50H54zM92 22v16h16"/>`,
}

// placeholder is drawn instead of a picture, quietly and without words, on light and dark.
func placeholder(kind Kind, ending string) []byte {
	text := ""
	if kind == Unsupported || kind == TooLarge {
		text = fmt.Sprintf(`<text x="80" y="112" text-anchor="middle" font-family="sans-serif" font-size="13" font-weight="600" fill="#888">%s</text>`, ending)
	}
	width, height := 160, 120
	if kind == Busy {
		width, height = 164, 123 // by this the page knows it, and asks again: web/src/parts/Thumb.vue
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120" width="%d" height="%d">`+
		`<rect width="160" height="120" fill="#888" fill-opacity=".12"/>`+
		`<g fill="none" stroke="#888" stroke-width="4" stroke-linecap="round" stroke-linejoin="round">%s</g>%s</svg>`, width, height, marks[kind], text)
}
