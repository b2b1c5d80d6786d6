package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"strings"
	"testing"

	"tuchuang/internal/picture"
	"tuchuang/internal/picture/picturetest"
)

func probe(content []byte) picture.Facts {
	return picture.Probe(bytes.NewReader(content), int64(len(content)))
}

// The reference is the decoded picture itself, where it can be decoded.
func TestProbeSamples(t *testing.T) {
	for _, s := range picturetest.All(t) {
		format, _ := picture.FormatOfName(s.Name)
		got := probe(s.Bytes)
		if got.Type != format.Type() {
			t.Errorf("%s: type %q, want %q", s.Name, got.Type, format.Type())
		}
		if s.Damaged {
			continue // the header may be good or not; it was read
		}
		decoded, _, err := image.Decode(bytes.NewReader(s.Bytes))
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if size := decoded.Bounds().Size(); got.Width != size.X || got.Height != size.Y {
			t.Errorf("%s: %dx%d, want %v", s.Name, got.Width, got.Height, size)
		}
	}
}

func TestProbeWhatIsNoPicture(t *testing.T) {
	for name, test := range map[string]struct {
		content string
		want    picture.Facts
	}{
		"empty":           {"", picture.Facts{}},
		"text":            {"hello", picture.Facts{}},
		"svg":             {`<svg width="10" height="10"/>`, picture.Facts{}},
		"png, cut":        {"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", picture.Facts{Type: "image/png"}},
		"gif, zero sized": {"GIF89a\x00\x00\x00\x00\x00\x00\x00;", picture.Facts{Type: "image/gif"}},
		"no decoder":      {"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00", picture.Facts{Type: "image/avif"}},
	} {
		if got := probe([]byte(test.content)); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

// smallJPEG is 40 wide and 30 high.
func smallJPEG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withSegments puts segments of one kind between the start and the rest of a JPEG.
func withSegments(jpeg []byte, kind byte, payloads ...[]byte) []byte {
	out := bytes.Clone(jpeg[:2])
	for _, p := range payloads {
		out = append(out, 0xff, kind)
		out = binary.BigEndian.AppendUint16(out, uint16(len(p)+2))
		out = append(out, p...)
	}
	return append(out, jpeg[2:]...)
}

// exif is a segment whose one directory says how the picture is to be turned.
func exif(order binary.AppendByteOrder, kind, orientation uint16) []byte {
	magic := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		magic = "MM\x00*"
	}
	b := []byte("Exif\x00\x00" + magic)
	b = order.AppendUint32(b, 8)      // where the directory is
	b = order.AppendUint16(b, 2)      // its entries
	b = order.AppendUint16(b, 0x010f) // the camera's maker
	b = order.AppendUint16(b, 2)
	b = order.AppendUint32(b, 4)
	b = append(b, "abc\x00"...)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, kind)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	b = order.AppendUint16(b, 0)
	return order.AppendUint32(b, 0) // no next directory
}

func TestProbeObeysOrientation(t *testing.T) {
	upright := picture.Facts{Type: "image/jpeg", Width: 40, Height: 30}
	turned := picture.Facts{Type: "image/jpeg", Width: 30, Height: 40}
	plain := smallJPEG(t)
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for o := range uint16(10) {
			want := upright
			if o >= 5 && o <= 8 {
				want = turned
			}
			if got := probe(withSegments(plain, 0xe1, exif(order, 3, o))); got != want {
				t.Errorf("%v, orientation %d: %+v, want %+v", order, o, got, want)
			}
		}
	}

	good := exif(binary.BigEndian, 3, 6)
	later := withSegments(plain, 0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00<x/>"), good)
	if got := probe(later); got != turned {
		t.Errorf("in the second segment: %+v, want %+v", got, turned)
	}
	if got := probe(withSegments(plain, 0xe1, exif(binary.BigEndian, 4, 6))); got != upright {
		t.Errorf("of a wrong type: %+v, want %+v", got, upright)
	}
	const orientationEnds = 6 + 8 + 2 + 12 + 12
	for n := range good {
		want := upright
		if n >= orientationEnds {
			want = turned
		}
		if got := probe(withSegments(plain, 0xe1, good[:n])); got != want {
			t.Errorf("cut at %d: %+v, want %+v", n, got, want)
		}
	}
}

// counter counts the bytes asked of it.
type counter struct {
	io.ReaderAt
	n int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	c.n += len(p)
	return c.ReaderAt.ReadAt(p, off)
}

func TestProbeReadsLittle(t *testing.T) {
	plain := smallJPEG(t)
	segment := bytes.Repeat([]byte{'x'}, 60<<10)
	many := func(n int) []byte {
		payloads := make([][]byte, n)
		for i := range payloads {
			payloads[i] = segment
		}
		return withSegments(plain, 0xe2, payloads...)
	}
	for _, test := range []struct {
		name    string
		content []byte
		want    picture.Facts
		most    int
	}{
		{"large picture", append(bytes.Clone(plain), make([]byte, 1<<20)...),
			picture.Facts{Type: "image/jpeg", Width: 40, Height: 30}, 64 << 10},
		{"long header", many(50), picture.Facts{Type: "image/jpeg", Width: 40, Height: 30}, picture.ProbeBytes},
		{"endless header", many(100), picture.Facts{Type: "image/jpeg"}, picture.ProbeBytes},
	} {
		c := &counter{ReaderAt: bytes.NewReader(test.content)}
		if got := picture.Probe(c, int64(len(test.content))); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
		if c.n > test.most {
			t.Errorf("%s: read %d bytes, want at most %d", test.name, c.n, test.most)
		}
	}
}

// broken is a reader that shows the first bytes and then behaves as the worst
// decoder would.
type broken struct {
	io.ReaderAt
	fail  func() (int, error)
	shown bool
}

func (b *broken) ReadAt(p []byte, off int64) (int, error) {
	if b.shown {
		return b.fail()
	}
	b.shown = true
	return b.ReaderAt.ReadAt(p, off)
}

func TestProbeSurvives(t *testing.T) {
	content := smallJPEG(t)
	want := picture.Facts{Type: "image/jpeg"}
	for name, fail := range map[string]func() (int, error){
		"a panic":       func() (int, error) { panic("index out of range") },
		"a read failed": func() (int, error) { return 0, errors.New("input/output error") },
	} {
		got := picture.Probe(&broken{ReaderAt: bytes.NewReader(content), fail: fail}, int64(len(content)))
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if got := picture.Probe(strings.NewReader("x"), -1); got != (picture.Facts{}) {
		t.Errorf("negative size: %+v", got)
	}
}

// FuzzProbe looks for bytes that make the bare probe panic, read without bound,
// or call a picture what has half a size.
func FuzzProbe(f *testing.F) {
	for _, s := range picturetest.All(f) {
		if len(s.Bytes) < 16<<10 {
			f.Add(s.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		c := &counter{ReaderAt: bytes.NewReader(content)}
		facts := picture.ProbeBare(c, int64(len(content)))
		if c.n > picture.ProbeBytes {
			t.Errorf("read %d bytes", c.n)
		}
		if facts.Type != picture.Sniff(content) {
			t.Errorf("type %q, Sniff says %q", facts.Type, picture.Sniff(content))
		}
		if facts.Width < 0 || facts.Height < 0 || (facts.Width == 0) != (facts.Height == 0) {
			t.Errorf("%dx%d", facts.Width, facts.Height)
		}
		if facts.Type == "" && facts.Width != 0 {
			t.Errorf("no type, but %dx%d", facts.Width, facts.Height)
		}
	})
}
