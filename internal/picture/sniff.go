package picture

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// The types that pictures are served as.
const (
	typePNG  = "image/png"
	typeGIF  = "image/gif"
	typeJPEG = "image/jpeg"
	typeTIFF = "image/tiff"
	typeWebP = "image/webp"
	typeSVG  = "image/svg+xml"
	typeBMP  = "image/bmp"
	typeAVIF = "image/avif"
	typeHEIC = "image/heic"
	typeHEIF = "image/heif"
	typeIcon = "image/vnd.microsoft.icon"

	typeUnknown = "application/octet-stream"
)

// SniffLen is the number of bytes from the beginning of a content that Sniff
// wants to see; more don't help.
const SniffLen = 512

// raster lists what Sniff can answer, with the test for it.
var raster = []struct {
	mime  string
	match func(head []byte) bool
}{
	{typePNG, begins("\x89PNG\r\n\x1a\n")},
	{typeJPEG, begins("\xff\xd8\xff")},
	{typeGIF, begins("GIF87a", "GIF89a")},
	{typeWebP, func(h []byte) bool { return len(h) >= 12 && string(h[:4]) == "RIFF" && string(h[8:12]) == "WEBP" }},
	{typeTIFF, begins("II*\x00", "MM\x00*", "II+\x00", "MM\x00+")}, // the last two are BigTIFF
	{typeBMP, isBMP},
	{typeAVIF, hasBrand("avif", "avis")},
	{typeHEIC, hasBrand("heic", "heix", "heim", "heis")},
	{typeHEIF, hasBrand("mif1", "msf1")},
	{typeIcon, isIcon},
}

// Sniff gives the MIME type of a raster picture by the beginning of its
// content, "" if it isn't one. SVG is text, so it is "" too: only its name says
// that it is a picture.
func Sniff(head []byte) string {
	head = head[:min(len(head), SniffLen)]
	for _, r := range raster {
		if r.match(head) {
			return r.mime
		}
	}
	return ""
}

// Policy is the Content-Security-Policy under which a picture of a type is served: it can
// neither run nor ask for anything.
func Policy(mime string) string {
	if mime == typeSVG {
		return "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
	}
	return "default-src 'none'; sandbox"
}

// ServeType gives the MIME type to serve a content as: the sniffed type if that
// is one of Sniff's, else the one that the extension (ExtOfName) stands for,
// else application/octet-stream. Nothing else can come out of it.
func ServeType(sniffed, ext string) string {
	for _, r := range raster {
		if r.mime == sniffed {
			return sniffed
		}
	}
	if f, ok := formatOfExt[ext]; ok {
		return f.Type()
	}
	return typeUnknown
}

func begins(magics ...string) func([]byte) bool {
	return func(head []byte) bool {
		return slices.ContainsFunc(magics, func(magic string) bool {
			return bytes.HasPrefix(head, []byte(magic))
		})
	}
}

// isBMP wants more than the two letters, which a text may begin with too: the
// size of the second header is one of the few that were ever in use.
func isBMP(head []byte) bool {
	if len(head) < 18 || head[0] != 'B' || head[1] != 'M' {
		return false
	}
	switch binary.LittleEndian.Uint32(head[14:]) {
	case 12, 16, 40, 52, 56, 64, 108, 124:
		return true
	}
	return false
}

// isIcon wants the magic of an .ico and a first entry that can be one.
func isIcon(head []byte) bool {
	return len(head) >= 22 && bytes.HasPrefix(head, []byte{0, 0, 1, 0}) &&
		binary.LittleEndian.Uint16(head[4:]) > 0 && // number of pictures
		head[9] == 0 && // reserved
		binary.LittleEndian.Uint32(head[18:]) >= 22 // the first one follows the entries
}

// hasBrand looks into the first box of an ISO media file for one of the brands:
// the file's own, or one that it says it is compatible with.
func hasBrand(brands ...string) func([]byte) bool {
	return func(head []byte) bool {
		if len(head) < 16 || string(head[4:8]) != "ftyp" {
			return false
		}
		box := head[:min(uint64(len(head)), uint64(binary.BigEndian.Uint32(head)))]
		for at := 8; at+4 <= len(box); at += 4 {
			if at != 12 && slices.Contains(brands, string(box[at:at+4])) { // 12: a version
				return true
			}
		}
		return false
	}
}

// LooksSVG says whether the beginning of a content reads as an SVG's: text whose first
// element, after what may stand before it, is svg.
func LooksSVG(head []byte) bool {
	head = bytes.TrimPrefix(head[:min(len(head), SVGHead)], []byte("\xef\xbb\xbf"))
	for {
		head = bytes.TrimLeft(head, " \t\r\n")
		var end string
		switch {
		case bytes.HasPrefix(head, []byte("<?")):
			end = "?>"
		case bytes.HasPrefix(head, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(head, []byte("<!DOCTYPE")):
			end = ">"
			if open := bytes.IndexByte(head, '['); open >= 0 && open < bytes.IndexByte(head, '>') {
				end = "]>"
			}
		default:
			name, ok := bytes.CutPrefix(head, []byte("<"))
			if prefixed, _ := bytes.CutPrefix(name, []byte("svg:")); len(prefixed) < len(name) {
				name = prefixed
			}
			rest, isSVG := bytes.CutPrefix(name, []byte("svg"))
			return ok && isSVG && len(rest) > 0 && bytes.IndexByte([]byte(" \t\r\n>/"), rest[0]) >= 0
		}
		at := bytes.Index(head, []byte(end))
		if at < 0 {
			return false
		}
		head = head[at+len(end):]
	}
}

// SVGHead is how much of a content LooksSVG wants to see: some programs begin with long
// comments and tables of entities. More don't help.
const SVGHead = 16 << 10
