package picture_test

import (
	"testing"

	"tuchuang/internal/picture"
)

func TestClassOf(t *testing.T) {
	for _, test := range []struct {
		name string
		size int64
		want picture.Class
	}{
		{"a.png", 1, picture.Eligible},
		{"a.PnG", 104857600, picture.Eligible},
		{"a.png", 104857601, picture.Eligible},
		{"a.png", 0, picture.Empty},
		{"a.png", -1, picture.Empty},
		{"a.txt", 1, picture.NotAnImage},
		{"a.txt", 0, picture.NotAnImage},
		{"a.txt", 104857601, picture.NotAnImage},
		{"png", 1, picture.NotAnImage},
	} {
		if got := picture.ClassOf(test.name, test.size); got != test.want {
			t.Errorf("ClassOf(%q, %d) = %v, want %v", test.name, test.size, got, test.want)
		}
	}
}

// The numbers are in databases.
func TestClassNumbers(t *testing.T) {
	for want, class := range []picture.Class{
		picture.Folder, picture.Eligible, picture.NotAnImage, picture.TooLarge, picture.Empty,
	} {
		if int(class) != want {
			t.Errorf("%v is %d, want %d", class, int(class), want)
		}
	}
}

func TestFormatOfName(t *testing.T) {
	for _, test := range []struct {
		name string
		ext  string
		want picture.Format
		ok   bool
	}{
		{"a.png", "png", picture.PNG, true},
		{"a.gif", "gif", picture.GIF, true},
		{"a.jpeg", "jpeg", picture.JPEG, true},
		{"a.tiff", "tiff", picture.TIFF, true},
		{"a.webp", "webp", picture.WebP, true},
		{"a.jpg", "jpg", picture.JPEG, true},
		{"a.tif", "tif", picture.TIFF, true},
		{"a.svg", "svg", picture.SVG, true},
		{"a.bmp", "bmp", picture.BMP, true},
		{"照片.JPG", "jpg", picture.JPEG, true},
		{"a.b.WebP", "webp", picture.WebP, true},
		{".png", "png", picture.PNG, true},
		{"", "", "", false},
		{"png", "", "", false},
		{"a.", "", "", false},
		{"a.png.", "", "", false},
		{"a.png ", "png ", "", false},
		{"a.png.exe", "exe", "", false},
		{"a.avif", "avif", "", false},
		{"a.svgz", "svgz", "", false},
	} {
		if got := picture.ExtOfName(test.name); got != test.ext {
			t.Errorf("ExtOfName(%q) = %q, want %q", test.name, got, test.ext)
		}
		if got, ok := picture.FormatOfName(test.name); got != test.want || ok != test.ok {
			t.Errorf("FormatOfName(%q) = %q, %v, want %q, %v", test.name, got, ok, test.want, test.ok)
		}
	}
}

func TestUpTo(t *testing.T) {
	for _, tt := range []struct {
		class picture.Class
		size  int64
		want  picture.Class
	}{
		{picture.Eligible, 100, picture.Eligible}, {picture.Eligible, 101, picture.TooLarge},
		{picture.NotAnImage, 101, picture.NotAnImage}, {picture.Folder, 101, picture.Folder}, {picture.Empty, 0, picture.Empty},
	} {
		if got := tt.class.UpTo(100, tt.size); got != tt.want {
			t.Errorf("%v of %d bytes: %v, want %v", tt.class, tt.size, got, tt.want)
		}
	}
}

func TestSizeWords(t *testing.T) {
	for n, want := range map[int64]string{picture.MaxBytes: "100M", 1 << 30: "1G", 10 << 30: "10G", 1536 << 20: "1536M", 1 << 10: "1K", 1<<20 + 1<<10: "1025K", 1000: "1000"} {
		if got := picture.SizeWords(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
