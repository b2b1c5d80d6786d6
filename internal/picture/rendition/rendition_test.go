package rendition_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"tuchuang/internal/picture"
	"tuchuang/internal/picture/picturetest"
	"tuchuang/internal/picture/rendition"
)

func open(t testing.TB, content []byte, mime string) (*rendition.Source, error) {
	t.Helper()
	return rendition.Open(t.Context(), bytes.NewReader(content), int64(len(content)), mime)
}

func draw(t testing.TB, content []byte, mime string, longer int) (rendition.Drawn, error) {
	t.Helper()
	s, err := open(t, content, mime)
	if err != nil {
		return rendition.Drawn{}, err
	}
	return s.Draw(longer)
}

// drawn is what a picture is drawn as, decoded again.
func drawn(t testing.TB, content []byte, mime string, longer int) (image.Image, rendition.Drawn) {
	t.Helper()
	d, err := draw(t, content, mime, longer)
	if err != nil {
		t.Fatal(err)
	}
	m, format, err := image.Decode(bytes.NewReader(d.Bytes))
	if err != nil || "image/"+format != d.Type {
		t.Fatalf("%s is called %s: %v", format, d.Type, err)
	}
	return m, d
}

func encoded(t testing.TB, m image.Image, format picture.Format) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch format {
	case picture.PNG:
		err = png.Encode(&b, m)
	case picture.JPEG:
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: 100})
	case picture.GIF:
		err = gif.Encode(&b, m, nil)
	case picture.BMP:
		err = bmp.Encode(&b, m)
	case picture.TIFF:
		err = tiff.Encode(&b, m, &tiff.Options{Compression: tiff.Deflate})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// near says whether two colours are the same to the eye.
func near(a, b color.Color, by int) bool {
	r1, g1, b1, a1 := a.RGBA()
	r2, g2, b2, a2 := b.RGBA()
	for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2), int(a1) - int(a2)} {
		if d > by<<8 || d < -by<<8 {
			return false
		}
	}
	return true
}

// mean is the mean colour of the parts of a picture that is parted in so many.
func mean(m image.Image, parts int) (list []color.RGBA) {
	b := m.Bounds()
	for i := range parts * parts {
		x0, x1 := b.Dx()*(i%parts)/parts, b.Dx()*(i%parts+1)/parts
		y0, y1 := b.Dy()*(i/parts)/parts, b.Dy()*(i/parts+1)/parts
		var sum [4]uint64
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				r, g, bl, a := m.At(b.Min.X+x, b.Min.Y+y).RGBA()
				sum[0], sum[1], sum[2], sum[3] = sum[0]+uint64(r), sum[1]+uint64(g), sum[2]+uint64(bl), sum[3]+uint64(a)
			}
		}
		n := uint64(max(1, (x1-x0)*(y1-y0))) << 8
		list = append(list, color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), uint8(sum[3] / n)})
	}
	return list
}

// Every sample of every format is drawn, and looks like what the decoder sees: the same
// colours at the same places, upright, and transparent where it was.
func TestSamples(t *testing.T) {
	for _, s := range picturetest.All(t) {
		format, _ := picture.FormatOfName(s.Name)
		if s.Damaged {
			if _, err := draw(t, s.Bytes, format.Type(), 128); !errors.Is(err, rendition.ErrDamaged) {
				t.Errorf("%s: %v", s.Name, err)
			}
			continue
		}
		want, _, err := image.Decode(bytes.NewReader(s.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		for _, longer := range []int{32, 128} {
			got, d := drawn(t, s.Bytes, format.Type(), longer)
			size, from := got.Bounds().Size(), want.Bounds().Size()
			if max(size.X, size.Y) != min(longer, max(from.X, from.Y)) {
				t.Errorf("%s: %v of %v, the longer side at most %d", s.Name, size, from, longer)
			}
			if min(size.X, size.Y) < 4 {
				continue // too few pixels to be compared
			}
			parts := mean(got, 2)
			for i, c := range mean(want, 2) {
				if have := parts[i]; !near(c, have, 14) {
					t.Errorf("%s at %d: part %d is %v, should be %v (%s)", s.Name, longer, i, have, c, d.Type)
				}
			}
		}
	}
}

// quarters is a picture whose quarters are red, green, blue and white, or clear.
func quarters(w, h int, last color.Color) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	colours := []color.Color{color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}, color.NRGBA{0, 0, 255, 255}, last}
	for y := range h {
		for x := range w {
			m.Set(x, y, colours[2*(2*y/h)+2*x/w])
		}
	}
	return m
}

// as is a picture in a model of colours.
func as[T interface {
	image.Image
	Set(x, y int, c color.Color)
}](to T, from image.Image) T {
	for y := range from.Bounds().Dy() {
		for x := range from.Bounds().Dx() {
			to.Set(x, y, from.At(x, y))
		}
	}
	return to
}

func TestModelsOfColours(t *testing.T) {
	const w, h = 400, 300
	box := image.Rect(0, 0, w, h)
	opaque, glass := quarters(w, h, color.White), quarters(w, h, color.NRGBA{0, 0, 0, 0})
	half := quarters(w, h, color.NRGBA{255, 255, 255, 128})
	grey := as(image.NewGray(box), opaque)
	withClear := append(color.Palette{color.NRGBA{}}, palette.WebSafe...)
	for name, test := range map[string]struct {
		content []byte
		format  picture.Format
		want    image.Image
		mime    string
	}{
		"PNG":                    {encoded(t, opaque, picture.PNG), picture.PNG, opaque, "image/jpeg"},
		"PNG, clear":             {encoded(t, glass, picture.PNG), picture.PNG, glass, "image/png"},
		"PNG, half clear":        {encoded(t, half, picture.PNG), picture.PNG, half, "image/png"},
		"PNG of 16 bits":         {encoded(t, as(image.NewNRGBA64(box), half), picture.PNG), picture.PNG, half, "image/png"},
		"PNG of 16 bits, opaque": {encoded(t, as(image.NewRGBA64(box), opaque), picture.PNG), picture.PNG, opaque, "image/jpeg"},
		"grey PNG of 16 bits":    {encoded(t, as(image.NewGray16(box), grey), picture.PNG), picture.PNG, grey, "image/jpeg"},
		"PNG with a palette":     {encoded(t, as(image.NewPaletted(box, withClear), glass), picture.PNG), picture.PNG, glass, "image/png"},
		"grey JPEG":              {encoded(t, grey, picture.JPEG), picture.JPEG, grey, "image/jpeg"},
		"JPEG":                   {encoded(t, opaque, picture.JPEG), picture.JPEG, opaque, "image/jpeg"},
		"GIF":                    {encoded(t, as(image.NewPaletted(box, palette.WebSafe), opaque), picture.GIF), picture.GIF, opaque, "image/jpeg"},
		"GIF, clear":             {encoded(t, as(image.NewPaletted(box, withClear), glass), picture.GIF), picture.GIF, glass, "image/png"},
		"BMP":                    {encoded(t, opaque, picture.BMP), picture.BMP, opaque, "image/jpeg"},
		"BMP with a palette":     {encoded(t, as(image.NewPaletted(box, palette.WebSafe), opaque), picture.BMP), picture.BMP, opaque, "image/jpeg"},
		"TIFF":                   {encoded(t, opaque, picture.TIFF), picture.TIFF, opaque, "image/jpeg"},
		"TIFF, clear":            {encoded(t, half, picture.TIFF), picture.TIFF, half, "image/png"},
		"TIFF of 16 bits":        {encoded(t, as(image.NewRGBA64(box), opaque), picture.TIFF), picture.TIFF, opaque, "image/jpeg"},
		"grey TIFF":              {encoded(t, grey, picture.TIFF), picture.TIFF, grey, "image/jpeg"},
	} {
		got, d := drawn(t, test.content, test.format.Type(), 100)
		if d.Type != test.mime || got.Bounds().Size() != image.Pt(100, 75) {
			t.Errorf("%s: %s of %v", name, d.Type, got.Bounds())
		}
		parts := mean(got, 2)
		for i, c := range mean(test.want, 2) {
			if have := parts[i]; !near(c, have, 8) {
				t.Errorf("%s: quarter %d is %v, should be %v", name, i, have, c)
			}
		}
	}
}

// A JPEG of inks is not taken for one of light.
func TestCMYK(t *testing.T) {
	var rgb, cmyk []byte
	for _, s := range picturetest.All(t) {
		switch s.Name {
		case "std-video-001.cmyk.png":
			rgb = s.Bytes
		case "std-video-001.cmyk.jpeg":
			cmyk = s.Bytes
		}
	}
	if rgb == nil || cmyk == nil {
		t.Fatal("no samples")
	}
	want, _ := drawn(t, rgb, "image/png", 128)
	got, _ := drawn(t, cmyk, "image/jpeg", 128)
	for i, c := range mean(want, 4) {
		if have := mean(got, 4)[i]; !near(c, have, 8) {
			t.Errorf("part %d is %v, should be %v", i, have, c)
		}
	}
}

// withExif puts an orientation into a JPEG.
func withExif(content []byte, orientation uint16) []byte {
	b := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	b = binary.BigEndian.AppendUint16(b, orientation)
	b = append(b, 0, 0, 0, 0, 0, 0)
	out := append(bytes.Clone(content[:2]), 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(b)+2))
	return append(append(out, b...), content[2:]...)
}

// A photograph is seen as it was taken. The quarters, read as a book, tell which way up.
func TestOrientation(t *testing.T) {
	content := encoded(t, quarters(400, 200, color.White), picture.JPEG)
	r, g, b, w := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}, color.NRGBA{0, 0, 255, 255}, color.NRGBA{255, 255, 255, 255}
	for orientation, want := range map[uint16][4]color.NRGBA{
		0: {r, g, b, w}, 1: {r, g, b, w}, 2: {g, r, w, b}, 3: {w, b, g, r}, 4: {b, w, r, g},
		5: {r, b, g, w}, 6: {b, r, w, g}, 7: {w, g, b, r}, 8: {g, w, r, b}, 9: {r, g, b, w},
	} {
		size := image.Pt(128, 64)
		if orientation >= 5 && orientation <= 8 {
			size = image.Pt(64, 128)
		}
		m, _ := drawn(t, withExif(content, orientation), "image/jpeg", 128)
		if m.Bounds().Size() != size {
			t.Errorf("orientation %d: %v", orientation, m.Bounds())
		}
		for i, c := range want {
			x, y := size.X/4+size.X/2*(i%2), size.Y/4+size.Y/2*(i/2)
			if !near(m.At(x, y), c, 12) {
				t.Errorf("orientation %d: quarter %d is %v, should be %v", orientation, i, m.At(x, y), c)
			}
		}
	}
	// A TIFF says it in its own directory.
	var file bytes.Buffer
	if err := tiff.Encode(&file, quarters(400, 200, color.White), nil); err != nil {
		t.Fatal(err)
	}
	m, _ := drawn(t, tiffTurned(t, file.Bytes(), 6), "image/tiff", 128)
	if m.Bounds().Size() != image.Pt(64, 128) || !near(m.At(16, 32), b, 12) || !near(m.At(48, 32), r, 12) {
		t.Errorf("%v, %v %v", m.Bounds(), m.At(16, 32), m.At(48, 32))
	}
}

// tiffTurned has the encoder's tag of the resolution's unit say the orientation: it comes
// after, so all tags are moved by one.
func tiffTurned(t *testing.T, content []byte, orientation uint16) []byte {
	t.Helper()
	out := bytes.Clone(content)
	at := binary.LittleEndian.Uint32(out[4:])
	n := int(binary.LittleEndian.Uint16(out[at:]))
	dir := bytes.Clone(out[at+2:][:12*n])
	var entry [12]byte
	binary.LittleEndian.PutUint16(entry[0:], 274)
	binary.LittleEndian.PutUint16(entry[2:], 3)
	binary.LittleEndian.PutUint32(entry[4:], 1)
	binary.LittleEndian.PutUint16(entry[8:], orientation)
	made := binary.LittleEndian.AppendUint16(nil, uint16(n+1))
	placed := false
	for i := range n {
		if e := dir[12*i:][:12]; !placed && binary.LittleEndian.Uint16(e) > 274 {
			made, placed = append(made, entry[:]...), true
		}
		made = append(made, dir[12*i:][:12]...)
	}
	if !placed {
		t.Fatal("no tag comes after the orientation")
	}
	made = append(made, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)))
	return append(out, made...)
}

// Of what moves the first frame is seen, where it lies.
func TestFirstFrame(t *testing.T) {
	small := image.NewPaletted(image.Rect(100, 50, 200, 100), color.Palette{color.NRGBA{255, 0, 0, 255}})
	next := image.NewPaletted(image.Rect(0, 0, 200, 100), color.Palette{color.NRGBA{0, 0, 255, 255}})
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{
		Image: []*image.Paletted{small, next}, Delay: []int{10, 10}, Config: image.Config{Width: 200, Height: 100, ColorModel: small.Palette},
	}); err != nil {
		t.Fatal(err)
	}
	var lossy, glass []byte
	for _, s := range picturetest.All(t) {
		switch s.Name {
		case "x-blue-purple-pink.lossy.webp":
			lossy = s.Bytes
		case "x-yellow_rose.lossy-with-alpha.webp":
			glass = s.Bytes
		}
	}
	m, d := drawn(t, b.Bytes(), "image/gif", 100)
	if d.Type != "image/png" || m.Bounds().Size() != image.Pt(100, 50) || !near(m.At(75, 37), color.NRGBA{255, 0, 0, 255}, 4) || !near(m.At(25, 12), color.NRGBA{}, 0) {
		t.Errorf("GIF: %s %v, %v %v", d.Type, m.Bounds(), m.At(75, 37), m.At(25, 12))
	}
	for name, one := range map[string][]byte{"lossy": lossy, "with alpha": glass} {
		still, err := draw(t, one, "image/webp", 64)
		if err != nil {
			t.Fatal(name, err)
		}
		moving := animated(t, one)
		if _, _, err := image.Decode(bytes.NewReader(moving)); err == nil {
			t.Fatalf("%s: it does not move", name)
		}
		got, err := draw(t, moving, "image/webp", 64)
		if err != nil || !bytes.Equal(got.Bytes, still.Bytes) {
			t.Errorf("%s: %v, %d bytes, %d where it does not move", name, err, len(got.Bytes), len(still.Bytes))
		}
	}
}

// animated makes a WebP with two frames, each all of one that does not move.
func animated(t *testing.T, still []byte) []byte {
	t.Helper()
	config, _, err := image.DecodeConfig(bytes.NewReader(still))
	if err != nil {
		t.Fatal(err)
	}
	size := func(n int) []byte { return []byte{byte(n - 1), byte((n - 1) >> 8), byte((n - 1) >> 16)} }
	chunk := func(kind string, body []byte) []byte {
		out := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body))), body...)
		return append(out, make([]byte, len(body)%2)...)
	}
	picture := []byte{}
	for at := 12; at+8 <= len(still); {
		n := int(binary.LittleEndian.Uint32(still[at+4:]))
		if kind := string(still[at:][:4]); kind == "ALPH" || kind == "VP8 " || kind == "VP8L" {
			picture = append(picture, chunk(kind, still[at+8:][:n])...)
		}
		at += 8 + n + n%2
	}
	dims := append(size(config.Width), size(config.Height)...)
	body := chunk("VP8X", append([]byte{1<<1 | 1<<4, 0, 0, 0}, dims...))
	body = append(body, chunk("ANIM", make([]byte, 6))...)
	frame := append(append(make([]byte, 6), dims...), 0, 0, 0, 0)
	frame = append(frame, picture...)
	body = append(append(body, chunk("ANMF", frame)...), chunk("ANMF", frame)...)
	return append(append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4)), "WEBP"...), body...)
}

func TestSizes(t *testing.T) {
	for n, want := range map[int]int{-1: 128, 0: 128, 1: 128, 128: 128, 129: 320, 320: 320, 321: 1280, 1280: 1280, 1 << 30: 1280} {
		if got := rendition.Size(n); got != want {
			t.Errorf("%d: %d", n, got)
		}
	}
	for from, want := range map[image.Point]image.Point{
		{10, 20}: {10, 20}, {128, 128}: {128, 128}, {129, 1}: {128, 1}, {4000, 3000}: {128, 96}, {3, 4000}: {1, 128}, {200, 199}: {128, 127},
	} {
		m, _ := drawn(t, encoded(t, image.NewGray(image.Rectangle{Max: from}), picture.PNG), "image/png", 128)
		if got := m.Bounds().Size(); got != want {
			t.Errorf("%v: %v, want %v", from, got, want)
		}
	}
}

// Fine lines become the mean of themselves, at whatever scale: none is left out, none
// counts twice.
func TestNothingIsLeftOut(t *testing.T) {
	for _, w := range []int{300, 301, 383, 500, 1024, 2000} {
		m := image.NewNRGBA(image.Rect(0, 0, w, 200))
		for y := range 200 {
			for x := range w {
				v := uint8(255 * (x & 1))
				m.Set(x, y, color.NRGBA{v, v, v, 200})
			}
		}
		got, _ := drawn(t, encoded(t, m, picture.PNG), "image/png", 128)
		for i, c := range mean(got, 4) {
			if !near(c, color.NRGBA{128, 128, 128, 200}, 3) {
				t.Errorf("of %d: part %d is %v", w, i, c)
			}
		}
	}
}

// header is a PNG of a size of which nothing else is there.
func header(w, h uint32, kind byte) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, w), h)
	b = append(b, 8, kind, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[12:]))
}

// What can't be drawn is told by the reason, and costs nothing.
func TestRefusals(t *testing.T) {
	whole := encoded(t, quarters(300, 300, color.White), picture.PNG)
	photo := encoded(t, quarters(300, 300, color.White), picture.JPEG)
	arithmetic := bytes.Replace(photo, []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1)
	// One whose compression is told in a way that only decoders understand.
	scan := encoded(t, quarters(300, 300, color.White), picture.TIFF)
	bytewise := bytes.Replace(scan, []byte{0x03, 0x01, 3, 0, 1, 0, 0, 0}, []byte{0x03, 0x01, 1, 0, 1, 0, 0, 0}, 1)
	bmpOS2 := append([]byte("BM\x1a\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00"), 12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24, 0)
	for name, test := range map[string]struct {
		content []byte
		mime    string
		want    error
	}{
		"nothing":               {nil, "image/png", rendition.ErrDamaged},
		"a text":                {[]byte("hello, this is no picture at all"), "image/jpeg", rendition.ErrDamaged},
		"a page":                {[]byte("<!DOCTYPE html><script>alert(1)</script>"), "image/svg+xml", rendition.ErrDamaged},
		"cut in the header":     {whole[:20], "image/png", rendition.ErrDamaged},
		"cut in the middle":     {whole[:len(whole)/2], "image/png", rendition.ErrDamaged},
		"a JPEG that is cut":    {photo[:len(photo)/2], "image/jpeg", rendition.ErrDamaged},
		"another format":        {photo, "image/png", rendition.ErrDamaged},
		"a bomb":                {header(50_000, 50_000, 6), "image/png", rendition.ErrTooLarge},
		"a long line":           {header(1<<21, 1, 0), "image/png", rendition.ErrTooLarge},
		"a size that overflows": {header(1<<31-1, 1<<31-1, 0), "image/png", rendition.ErrUnsupported},
		"AVIF":                  {[]byte("\x00\x00\x00\x10ftypavif\x00\x00\x00\x00"), "image/avif", rendition.ErrUnsupported},
		"HEIC":                  {[]byte("\x00\x00\x00\x10ftypheic\x00\x00\x00\x00"), "image/heic", rendition.ErrUnsupported},
		"an icon":               {[]byte("\x00\x00\x01\x00"), "image/vnd.microsoft.icon", rendition.ErrUnsupported},
		"no type":               {[]byte("x"), "application/octet-stream", rendition.ErrUnsupported},
		"BigTIFF":               {[]byte("II+\x00\x08\x00\x00\x00"), "image/tiff", rendition.ErrUnsupported},
		"a TIFF in disguise":    {bytewise, "image/tiff", rendition.ErrUnsupported},
		"an old BMP":            {bmpOS2, "image/bmp", rendition.ErrUnsupported},
		"an arithmetic JPEG":    {arithmetic, "image/jpeg", rendition.ErrUnsupported},
		"an SVG that is long":   {bytes.Repeat([]byte(" "), 5<<20), "image/svg+xml", rendition.ErrTooLarge},
	} {
		if _, err := draw(t, test.content, test.mime, 128); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// broken reads as far as it goes.
type broken struct {
	io.ReaderAt
	from int64
	fail func() error
}

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.from {
		return 0, b.fail()
	}
	return b.ReaderAt.ReadAt(p, off)
}

// What could not be read is not taken for damaged, and neither is what took too long; a
// panic is.
func TestReadingFails(t *testing.T) {
	noise := image.NewNRGBA(image.Rect(0, 0, 600, 600))
	for i := range noise.Pix {
		noise.Pix[i] = byte(i * i >> 7)
	}
	for _, format := range []picture.Format{picture.PNG, picture.BMP, picture.TIFF} {
		content := encoded(t, noise, format)
		if len(content) < 3<<19 {
			content = append(content, make([]byte, 3<<19)...)
		}
		away := errors.New("the disk is away")
		size := int64(len(content))
		s, err := rendition.Open(t.Context(), bytes.NewReader(content), size, format.Type())
		if err != nil {
			t.Fatal(format, err)
		}
		if _, err := s.Draw(128); err != nil {
			t.Fatal(format, err)
		}
		_, err = rendition.Open(t.Context(), broken{bytes.NewReader(content), 0, func() error { return away }}, size, format.Type())
		if !errors.Is(err, away) || errors.Is(err, rendition.ErrDamaged) {
			t.Errorf("%s: %v", format, err)
		}
		if format == picture.BMP { // its data is longer than what is read with the header
			s, err = rendition.Open(t.Context(), broken{bytes.NewReader(content), 1 << 20, func() error { return away }}, size, format.Type())
			if err == nil {
				_, err = s.Draw(128)
			}
			if !errors.Is(err, away) || errors.Is(err, rendition.ErrDamaged) {
				t.Errorf("%s: %v", format, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		if s, err = rendition.Open(ctx, bytes.NewReader(content), size, format.Type()); err != nil {
			t.Fatal(format, err)
		}
		cancel()
		if _, err := s.Draw(128); !errors.Is(err, context.Canceled) || errors.Is(err, rendition.ErrDamaged) {
			t.Errorf("%s: %v", format, err)
		}
		_, err = rendition.Open(t.Context(), broken{bytes.NewReader(content), 0, func() error { panic("index out of range") }}, size, format.Type())
		if !errors.Is(err, rendition.ErrDamaged) {
			t.Errorf("%s: %v", format, err)
		}
		// The content ends earlier than its row says.
		_, err = rendition.Open(t.Context(), bytes.NewReader(content[:100]), size, format.Type())
		if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, rendition.ErrDamaged) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// allocated is how much is allocated in all while fn runs: more than it ever holds.
func allocated(fn func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// No picture takes more than was said before.
func TestMemoryIsKnown(t *testing.T) {
	type sample struct {
		name, mime string
		content    []byte
	}
	var list []sample
	for _, s := range picturetest.All(t) {
		format, _ := picture.FormatOfName(s.Name)
		list = append(list, sample{s.Name, format.Type(), s.Bytes})
	}
	const w, h = 400, 300
	box := image.Rect(0, 0, w, h)
	plain := quarters(w, h, color.NRGBA{10, 20, 30, 40})
	for _, format := range []picture.Format{picture.PNG, picture.JPEG, picture.GIF, picture.BMP, picture.TIFF} {
		for name, m := range map[string]image.Image{
			"NRGBA": plain, "grey": image.NewGray(box), "16 bits": image.NewNRGBA64(box), "grey of 16": image.NewGray16(box),
			"a palette": image.NewPaletted(box, palette.WebSafe),
		} {
			if format != picture.BMP || name == "NRGBA" || name == "grey" || name == "a palette" {
				list = append(list, sample{string(format) + ", " + name, format.Type(), encoded(t, m, format)})
			}
		}
	}
	var uncompressed bytes.Buffer
	if err := tiff.Encode(&uncompressed, plain, nil); err != nil {
		t.Fatal(err)
	}
	list = append(list, sample{"tiff, as it is", "image/tiff", uncompressed.Bytes()})
	var large bytes.Buffer // in more than one piece of the reader
	if err := tiff.Encode(&large, quarters(2000, 1500, color.White), nil); err != nil {
		t.Fatal(err)
	}
	list = append(list, sample{"tiff, as it is, large", "image/tiff", large.Bytes()})
	for _, s := range list {
		for _, longer := range []int{128, 1280} {
			if longer > 128 && len(s.content) > 8<<20 {
				continue // it only takes longer
			}
			var told int64
			took := allocated(func() {
				src, err := open(t, s.content, s.mime)
				if err != nil {
					return
				}
				told = src.Memory(longer)
				if _, err := src.Draw(longer); err != nil && !errors.Is(err, rendition.ErrDamaged) {
					t.Errorf("%s: %v", s.name, err)
				}
			})
			if told > 0 && took > told {
				t.Errorf("%s at %d: took %d bytes, told %d", s.name, longer, took, told)
			}
		}
	}
}

// What a JPEG's frame says first is not all: a segment that comes late has it made into
// red, green and blue, which is as much again.
func TestMemoryOfLateSegments(t *testing.T) {
	var content []byte
	for _, s := range picturetest.All(t) {
		if s.Name == "std-video-001.rgb.jpeg" {
			content = s.Bytes
		}
	}
	plain := encoded(t, quarters(1000, 1000, color.White), picture.JPEG)
	adobe := "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
	end := bytes.LastIndex(plain, []byte{0xff, 0xd9})
	late := append(bytes.Clone(plain[:end]), adobe+"\xff\xd9"...)
	told := func(content []byte) int64 {
		s, err := open(t, content, "image/jpeg")
		if err != nil {
			t.Fatal(err)
		}
		return s.Memory(128)
	}
	if content == nil || told(content) < 7*150*103 {
		t.Errorf("RGB: %d", told(content))
	}
	if less, more := told(plain), told(late); more-less < 4_000_000 {
		t.Errorf("%d, late %d", less, more)
	}
	// What stands in a comment, or after the end, is none.
	comment := append(append(bytes.Clone(plain[:2]), "\xff\xfe\x00\x12"+adobe...), plain[2:]...)
	for name, same := range map[string][]byte{"a comment": comment, "after the end": append(bytes.Clone(plain), adobe...)} {
		if told(same) != told(plain) {
			t.Errorf("%s: %d, want %d", name, told(same), told(plain))
		}
	}
}

func fuzz(f *testing.F, format picture.Format) {
	for _, s := range picturetest.All(f) {
		if is, _ := picture.FormatOfName(s.Name); is == format && len(s.Bytes) < 16<<10 {
			f.Add(s.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		const longer = 16
		d, err := rendition.Bare(bytes.NewReader(content), int64(len(content)), format.Type(), longer, 16<<20)
		if err != nil {
			return
		}
		m, _, err := image.Decode(bytes.NewReader(d.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		if size := m.Bounds().Size(); size.X > longer || size.Y > longer {
			t.Errorf("%v", size)
		}
	})
}

func FuzzPNG(f *testing.F)  { fuzz(f, picture.PNG) }
func FuzzJPEG(f *testing.F) { fuzz(f, picture.JPEG) }
func FuzzGIF(f *testing.F)  { fuzz(f, picture.GIF) }
func FuzzWebP(f *testing.F) { fuzz(f, picture.WebP) }
func FuzzBMP(f *testing.F)  { fuzz(f, picture.BMP) }
func FuzzTIFF(f *testing.F) { fuzz(f, picture.TIFF) }
