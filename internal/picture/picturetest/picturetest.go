// Package picturetest finds the pictures that the test data of Go's own image
// packages and of golang.org/x/image consist of, so that tests run on real
// files of every raster format without a copy of them in this repository. It
// must know nothing of what is tested.
package picturetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tuchuang/internal/picture"
)

// Sample is one picture.
type Sample struct {
	Name    string // unique among the samples, with its extension, without a folder
	Bytes   []byte // shared between tests: not to be changed
	Damaged bool   // damaged by intent: Go's decoders refuse it
}

// All gives every sample, in order of name within each source: some 170 PNG,
// JPEG, GIF, BMP, TIFF and WebP files, three megabytes together. It ends the
// test if they are not found.
func All(t testing.TB) []Sample {
	t.Helper()
	samples, err := load()
	if err != nil {
		t.Fatalf("picturetest: %v", err)
	}
	return samples
}

var load = sync.OnceValues(func() ([]Sample, error) {
	goroot, err := goTool("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	module, err := goTool("list", "-m", "-f", "{{.Dir}}", "golang.org/x/image")
	if err != nil {
		return nil, err
	}
	std, err := find(filepath.Join(goroot, "src", "image"), "std")
	if err != nil {
		return nil, err
	}
	x, err := find(module, "x")
	if err != nil {
		return nil, err
	}
	return append(std, x...), nil
})

// goTool gives the one line that the go command prints.
func goTool(args ...string) (string, error) {
	out, err := exec.Command("go", args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	line := strings.TrimSpace(string(out))
	if line == "" {
		return "", fmt.Errorf("go %s prints nothing; is the module downloaded?", strings.Join(args, " "))
	}
	return line, nil
}

// find gives the pictures in the testdata folders below dir. A name is made of
// the source, the folders and the file: "std-png-pngsuite-basn0g01.png".
func find(dir, source string) ([]Sample, error) {
	var samples []Sample
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		inside = "/" + filepath.ToSlash(inside)
		_, isPicture := picture.FormatOfName(e.Name())
		if e.IsDir() || !isPicture || !strings.Contains(inside, "/testdata/") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := source + strings.ReplaceAll(strings.Replace(inside, "/testdata/", "/", 1), "/", "-")
		samples = append(samples, Sample{Name: name, Bytes: content, Damaged: damaged[name]})
		return nil
	})
	if err == nil && len(samples) == 0 {
		err = fmt.Errorf("no pictures in %s: the toolchain or the module came without its test data", dir)
	}
	return samples, err
}

// damaged names the files that their makers broke so that decoders refuse them.
// Some with telling names are not among them: Go reads a truncated progressive
// JPEG as far as it goes.
var damaged = map[string]bool{
	"std-png-invalid-crc32.png":  true,
	"std-png-invalid-noend.png":  true,
	"std-png-invalid-trunc.png":  true,
	"std-png-invalid-zlib.png":   true,
	"x-invalid-palette-ref.tiff": true,
	"x-tiff-0x0.tiff":            true,
	"x-tiff-0x1.tiff":            true,
	"x-tiff-1x0.tiff":            true,
}
