package picture

import (
	"bufio"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// Facts is what the header of a picture says; zeros are unknown.
type Facts struct {
	Type          string // as Sniff gives it
	Width, Height int    // in pixels, as shown: a JPEG's EXIF orientation is obeyed
}

// probeBytes is how much of a content Probe reads at most. Headers end within
// some kilobytes; a JPEG may have a profile and a preview before its size.
const probeBytes = 4 << 20

// Probe reads the header of the content of size bytes in r. It never fails:
// what it can't tell, be it not a picture, damaged, or not readable, is zero. It
// decodes no pixels and reads at most 4 MiB.
func Probe(r io.ReaderAt, size int64) (facts Facts) {
	// The decoders are given strangers' bytes: a panic in one of them means
	// that the size is not known, and must not end the process.
	defer func() {
		if recover() != nil {
			facts.Width, facts.Height = 0, 0
		}
	}()
	probe(r, size, &facts)
	return facts
}

// probe is Probe with its panics.
func probe(r io.ReaderAt, size int64, facts *Facts) {
	content := io.NewSectionReader(&budget{r, probeBytes}, 0, max(size, 0))
	head := make([]byte, SniffLen)
	n, err := content.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return
	}
	facts.Type = Sniff(head[:n])

	config, err := header(facts.Type, content)
	if err != nil || !plausible(config) {
		return
	}
	facts.Width, facts.Height = config.Width, config.Height
	if facts.Type == typeJPEG && liesOnSide(content) {
		facts.Width, facts.Height = facts.Height, facts.Width
	}
}

var errNoDecoder = errors.New("no decoder for this type")

func header(mime string, content *io.SectionReader) (image.Config, error) {
	stream := bufio.NewReaderSize(content, 32<<10)
	switch mime {
	case typePNG:
		return png.DecodeConfig(stream)
	case typeGIF:
		return gif.DecodeConfig(stream)
	case typeJPEG:
		return jpeg.DecodeConfig(stream)
	case typeWebP:
		return webp.DecodeConfig(stream)
	case typeBMP:
		return bmp.DecodeConfig(stream)
	case typeTIFF:
		return tiff.DecodeConfig(content) // it jumps, so it is given the ReaderAt
	}
	return image.Config{}, errNoDecoder
}

// plausible refuses sizes that no reader of the facts could take for a size.
func plausible(c image.Config) bool {
	return c.Width > 0 && c.Height > 0 && c.Width <= math.MaxInt32 && c.Height <= math.MaxInt32
}

// budget is an io.ReaderAt that ends with an error after so many bytes.
type budget struct {
	r    io.ReaderAt
	left int
}

var errBudget = errors.New("the header is too long")

func (b *budget) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > b.left {
		return 0, errBudget
	}
	b.left -= len(p)
	return b.r.ReadAt(p, off)
}
