package picture_test

import (
	"strings"
	"testing"

	"tuchuang/internal/picture"
	"tuchuang/internal/picture/picturetest"
)

func TestSniffSamples(t *testing.T) {
	for _, s := range picturetest.All(t) {
		format, _ := picture.FormatOfName(s.Name)
		if got := picture.Sniff(s.Bytes); got != format.Type() {
			t.Errorf("Sniff(%s) = %q, want %q", s.Name, got, format.Type())
		}
	}
}

func TestSniff(t *testing.T) {
	ftyp := func(size byte, brands string) string { return "\x00\x00\x00" + string(rune(size)) + "ftyp" + brands }
	icon := "\x00\x00\x01\x00\x01\x00" + "\x10\x10\x00\x00\x01\x00\x20\x00" + "\x68\x04\x00\x00" + "\x16\x00\x00\x00"
	for _, test := range []struct{ head, want string }{
		{ftyp(28, "avif\x00\x00\x00\x00avifmif1miaf"), "image/avif"},
		{ftyp(28, "mif1\x00\x00\x00\x00mif1avifmiaf"), "image/avif"},
		{ftyp(24, "heic\x00\x00\x00\x00mif1heic"), "image/heic"},
		{ftyp(20, "mif1\x00\x00\x00\x00miaf"), "image/heif"},
		{ftyp(20, "isom\x00\x00\x00\x00mp41avif"), ""}, // the last one is outside the box
		{ftyp(16, "isomavif"), ""},                     // a version, not a brand
		{ftyp(0, "avif"), ""},
		{icon, "image/vnd.microsoft.icon"},
		{"\x00\x00\x01\x00\x00\x00", ""},
		{strings.Replace(icon, "\x01\x00\x01", "\x02\x00\x01", 1), ""}, // a cursor
		{"GIF89a<script>alert(1)</script>", "image/gif"},
		{"RIFF\x00\x00\x00\x00WAVE", ""},
		{"BMW makes cars and motorcycles", ""},
		{"\xff\xd8", ""},
		{"", ""},
		{"<svg xmlns='http://www.w3.org/2000/svg'/>", ""},
		{"<?xml version='1.0'?><svg/>", ""},
		{"<!DOCTYPE html><html>", ""},
		{"  <script>", ""},
		{"%PDF-1.7", ""},
		{"plain text", ""},
		{"\xef\xbb\xbf<html>", ""},
	} {
		if got := picture.Sniff([]byte(test.head)); got != test.want {
			t.Errorf("Sniff(%q) = %q, want %q", test.head, got, test.want)
		}
	}
}

func TestServeType(t *testing.T) {
	for _, test := range []struct{ sniffed, ext, want string }{
		{"image/png", "png", "image/png"},
		{"image/png", "jpg", "image/png"}, // the content decides
		{"image/gif", "svg", "image/gif"},
		{"image/avif", "jpg", "image/avif"},
		{"", "svg", "image/svg+xml"},
		{"", "jpg", "image/jpeg"},
		{"", "jpeg", "image/jpeg"},
		{"", "tif", "image/tiff"},
		{"", "bmp", "image/bmp"},
		{"", "", "application/octet-stream"},
		{"", "html", "application/octet-stream"},
		{"text/html", "html", "application/octet-stream"},
		{"text/html; charset=utf-8", "png", "image/png"},
		{"image/svg+xml", "png", "image/png"}, // Sniff never says so: its name must
		{"application/javascript", "js", "application/octet-stream"},
	} {
		if got := picture.ServeType(test.sniffed, test.ext); got != test.want {
			t.Errorf("ServeType(%q, %q) = %q, want %q", test.sniffed, test.ext, got, test.want)
		}
	}
}

// Whatever the content, its type is that of a picture or of bytes.
func FuzzServeType(f *testing.F) {
	for _, s := range picturetest.All(f) {
		f.Add(s.Bytes[:min(64, len(s.Bytes))], picture.ExtOfName(s.Name))
	}
	f.Add([]byte("<!DOCTYPE html>"), "html")
	f.Fuzz(func(t *testing.T, head []byte, ext string) {
		sniffed := picture.Sniff(head)
		if sniffed == "image/svg+xml" || sniffed != "" && !strings.HasPrefix(sniffed, "image/") {
			t.Errorf("Sniff(%q) = %q", head, sniffed)
		}
		served := picture.ServeType(sniffed, ext)
		if !strings.HasPrefix(served, "image/") && served != "application/octet-stream" {
			t.Errorf("ServeType(%q, %q) = %q", sniffed, ext, served)
		}
	})
}
