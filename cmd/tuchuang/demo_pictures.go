package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
	"tuchuang/internal/picture/draw"
)

// demoFolders are where the drawn pictures go, and how many of each extension.
var demoFolders = []struct {
	zh, en string
	each   int
}{
	{"", "", 1},
	{"旅行/2024 春", "travel/2024 spring", 1},
	{"旅行/2025 夏/海边", "travel/2025 summer/by the sea", 1},
	{"产品图", "products", 1},
}

var demoExtensions = []string{"png", "gif", "jpeg", "tiff", "webp", "jpg", "tif", "svg", "bmp"}

// drawPictures draws a few dozen pictures in nested folders, in all nine formats,
// and a file that is none.
func drawPictures(ctx context.Context, u *ui, dir string) error {
	seed := int64(1)
	for _, f := range demoFolders {
		sub := f.en
		if u.zh {
			sub = f.zh
		}
		folder := filepath.Join(dir, filepath.FromSlash(sub))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fault.Wrap(err, "demo: draw")
		}
		for _, ext := range demoExtensions {
			for range f.each {
				if err := ctx.Err(); err != nil {
					return err
				}
				name := fmt.Sprintf("%02d.%s", seed, ext)
				if seed%5 == 0 {
					name = fmt.Sprintf("%s %02d.%s", u.text(demoScreenshot), seed, strings.ToUpper(ext))
				}
				format, _ := picture.FormatOfName(name)
				b, err := draw.Picture(format, seed, 480, 320, name)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(folder, name), b, 0o600); err != nil {
					return fault.Wrap(err, "demo: draw")
				}
				seed++
			}
		}
	}
	return fault.Wrap(os.WriteFile(filepath.Join(dir, u.text(demoNote)), []byte(u.text(demoNoteText)), 0o600), "demo: draw")
}
