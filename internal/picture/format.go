package picture

import (
	"slices"
	"strings"
)

// Format is one of the formats that the bed takes, by its usual extension.
// JPEG and TIFF have a second extension each, so there are nine of those.
type Format string

// The formats of the bed.
const (
	PNG  Format = "png"
	GIF  Format = "gif"
	JPEG Format = "jpeg" // also .jpg
	TIFF Format = "tiff" // also .tif
	WebP Format = "webp"
	SVG  Format = "svg"
	BMP  Format = "bmp"
)

// Formats gives all formats.
func Formats() []Format { return []Format{PNG, GIF, JPEG, TIFF, WebP, SVG, BMP} }

// formatOfExt holds the nine extensions.
var formatOfExt = map[string]Format{
	"png":  PNG,
	"gif":  GIF,
	"jpeg": JPEG,
	"tiff": TIFF,
	"webp": WebP,
	"jpg":  JPEG,
	"tif":  TIFF,
	"svg":  SVG,
	"bmp":  BMP,
}

// Type gives the MIME type of the format, "" for what is no format.
func (f Format) Type() string {
	switch f {
	case PNG:
		return typePNG
	case GIF:
		return typeGIF
	case JPEG:
		return typeJPEG
	case TIFF:
		return typeTIFF
	case WebP:
		return typeWebP
	case SVG:
		return typeSVG
	case BMP:
		return typeBMP
	}
	return ""
}

// FormatOfName gives the format that the extension of name stands for, in any
// case; ok is false if it isn't one of the nine. The content is not asked.
func FormatOfName(name string) (f Format, ok bool) {
	f, ok = formatOfExt[ExtOfName(name)]
	return f, ok
}

// ExtOfName gives the extension of name in lower case and without its dot: what
// follows the last dot, "" if there is none.
func ExtOfName(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return strings.ToLower(name[dot+1:])
}

// others are extensions of pictures that are none of the nine.
var others = []string{"heic", "heif", "avif", "ico", "psd", "raw"}

// Named says whether a name is that of a picture, be it one that the bed does not take.
func Named(name string) bool {
	_, ok := FormatOfName(name)
	return ok || slices.Contains(others, ExtOfName(name))
}
