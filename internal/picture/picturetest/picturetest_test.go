package picturetest_test

import (
	"bytes"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"testing"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"tuchuang/internal/picture"
	"tuchuang/internal/picture/picturetest"
)

func TestAll(t *testing.T) {
	names := map[string]bool{}
	formats := map[picture.Format]int{}
	for _, s := range picturetest.All(t) {
		if names[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		names[s.Name] = true
		format, ok := picture.FormatOfName(s.Name)
		if !ok {
			t.Errorf("%s has the name of no picture", s.Name)
		}
		formats[format]++
		if _, _, err := image.Decode(bytes.NewReader(s.Bytes)); (err != nil) != s.Damaged {
			t.Errorf("%s: Damaged is %v, the decoder says: %v", s.Name, s.Damaged, err)
		}
	}
	for _, f := range picture.Formats() {
		if f != picture.SVG && formats[f] == 0 {
			t.Errorf("no sample of %s", f)
		}
	}
	t.Log(len(names), "samples:", formats)
}
