// Package draw makes pictures for the demonstration and for tests: small
// landscapes, each of its own colours. It promises that the same arguments give
// the same bytes, that different seeds give different ones, and that the result
// is a sound file of its format. It must know nothing of what the pictures are
// used for.
package draw

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image/gif"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// MaxSide is the largest width and height that Picture draws, in pixels.
const MaxSide = 8192

// Picture draws a picture of w by h pixels with a label on it ("" for none; of
// raster pictures only its ASCII characters can be read). Whatever the arguments
// differ in, the bytes differ. A WebP has the size of one of three originals
// instead, and shows no label, for Go has no encoder of that format. A size
// outside 1 to MaxSide or an unknown format is fault.BadRequest.
func Picture(format picture.Format, seed int64, w, h int, label string) ([]byte, error) {
	const op = "draw: picture"
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return nil, fault.New(fault.BadRequest, op, "size")
	}
	labelSum := sha256.Sum256([]byte(label))
	note := fmt.Sprintf("seed %d, size %dx%d, label %x", seed, w, h, labelSum[:8])

	var b bytes.Buffer
	var err error
	switch s := newScene(seed, w, h, label); format {
	case picture.PNG:
		err = png.Encode(&b, s.paint())
	case picture.JPEG:
		err = jpeg.Encode(&b, s.paint(), &jpeg.Options{Quality: 85})
	case picture.GIF:
		err = gif.Encode(&b, s.paintPaletted(), nil)
	case picture.BMP:
		err = bmp.Encode(&b, s.paint())
	case picture.TIFF:
		err = tiff.Encode(&b, s.paint(), &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	case picture.WebP:
		b.Write(original(seed))
	case picture.SVG:
		err = s.writeSVG(&b)
	default:
		return nil, fault.New(fault.BadRequest, op, "format")
	}
	if err != nil {
		return nil, fault.Wrap(err, op)
	}
	return annotate(format, b.Bytes(), note), nil
}
