package draw_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"strings"
	"testing"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
	"tuchuang/internal/picture/draw"
)

func mustDraw(t *testing.T, f picture.Format, seed int64, w, h int, label string) []byte {
	t.Helper()
	content, err := draw.Picture(f, seed, w, h, label)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestPictureDecodes(t *testing.T) {
	originals := []image.Point{{X: 480, Y: 320}, {X: 320, Y: 320}, {X: 300, Y: 400}}
	for _, f := range picture.Formats() {
		if f == picture.SVG {
			continue
		}
		for seed, size := range []image.Point{{X: 1, Y: 1}, {X: 7, Y: 3}, {X: 64, Y: 48}, {X: 320, Y: 200}} {
			content := mustDraw(t, f, int64(seed), size.X, size.Y, "sea, 海 & co")
			want := size
			if f == picture.WebP {
				want = originals[seed%len(originals)]
			}
			decoded, name, err := image.Decode(bytes.NewReader(content))
			if err != nil {
				t.Errorf("%s, %v: %v", f, size, err)
				continue
			}
			if got := decoded.Bounds().Size(); name != string(f) || got != want {
				t.Errorf("%s: decoded as %s of %v, want %v", f, name, got, want)
			}
			facts := picture.Probe(bytes.NewReader(content), int64(len(content)))
			if facts != (picture.Facts{Type: f.Type(), Width: want.X, Height: want.Y}) {
				t.Errorf("%s of %v: Probe says %+v", f, want, facts)
			}
		}
	}
}

func TestPictureShowsTheScene(t *testing.T) {
	for _, f := range []picture.Format{picture.PNG, picture.GIF, picture.JPEG, picture.BMP, picture.TIFF} {
		plain, _, err := image.Decode(bytes.NewReader(mustDraw(t, f, 5, 160, 100, "")))
		if err != nil {
			t.Fatal(err)
		}
		colors := map[[3]uint32]bool{}
		for y := range 100 {
			for x := range 160 {
				r, g, b, a := plain.At(x, y).RGBA()
				if a != 0xffff {
					t.Fatalf("%s: (%d,%d) is transparent", f, x, y)
				}
				colors[[3]uint32{r, g, b}] = true
			}
		}
		if len(colors) < 50 {
			t.Errorf("%s: %d colours, want a landscape", f, len(colors))
		}
		labelled, _, err := image.Decode(bytes.NewReader(mustDraw(t, f, 5, 160, 100, "label")))
		if err != nil {
			t.Fatal(err)
		}
		if plain.At(1, 99) == labelled.At(1, 99) {
			t.Errorf("%s: no label at the lower edge", f)
		}
	}
}

func TestPictureSVG(t *testing.T) {
	const label = `<script>alert("图 & co")</script>`
	content := mustDraw(t, picture.SVG, 1, 320, 200, label)
	elements := map[string]int{}
	var text strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(content)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements[token.Name.Local]++
		case xml.CharData:
			text.Write(token)
		}
	}
	if elements["svg"] != 1 || elements["circle"] != 1 || elements["path"] < 3 || elements["script"] != 0 {
		t.Errorf("elements: %v", elements)
	}
	if strings.TrimSpace(text.String()) != label {
		t.Errorf("text %q, want %q", text.String(), label)
	}
}

// The same arguments give the same bytes, others give others.
func TestPictureBytes(t *testing.T) {
	type arguments struct {
		seed  int64
		w, h  int
		label string
	}
	var all []arguments
	for seed := range int64(200) {
		all = append(all, arguments{seed - 3, 4, 4, ""})
	}
	all = append(all,
		arguments{1, 4, 5, ""}, arguments{1, 5, 4, ""},
		arguments{1, 4, 4, "海"}, arguments{1, 4, 4, "山"}, arguments{-1 << 63, 4, 4, ""},
	)
	for _, f := range picture.Formats() {
		seen := map[string]arguments{}
		for _, a := range all {
			content := mustDraw(t, f, a.seed, a.w, a.h, a.label)
			if other, ok := seen[string(content)]; ok {
				t.Errorf("%s: %+v and %+v give the same bytes", f, a, other)
			}
			seen[string(content)] = a
			if !bytes.Equal(content, mustDraw(t, f, a.seed, a.w, a.h, a.label)) {
				t.Errorf("%s: %+v gives other bytes the second time", f, a)
			}
		}
	}
}

func TestPictureRefuses(t *testing.T) {
	for _, test := range []struct {
		format picture.Format
		w, h   int
	}{
		{picture.PNG, 0, 1},
		{picture.PNG, 1, -1},
		{picture.PNG, draw.MaxSide + 1, 1},
		{picture.SVG, 1, draw.MaxSide + 1},
		{"avif", 1, 1},
		{"", 1, 1},
	} {
		if _, err := draw.Picture(test.format, 1, test.w, test.h, ""); !fault.Is(err, fault.BadRequest) {
			t.Errorf("Picture(%q, %dx%d): %v", test.format, test.w, test.h, err)
		}
	}
}

func BenchmarkPicture(b *testing.B) {
	for _, f := range picture.Formats() {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				if _, err := draw.Picture(f, 1, 320, 200, "label"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
