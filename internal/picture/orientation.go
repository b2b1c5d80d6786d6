package picture

import (
	"bytes"
	"encoding/binary"
	"io"
)

const (
	maxSegments    = 32 // the EXIF segment is among the first
	maxIFDEntries  = 256
	tagOrientation = 0x0112
	typeShort      = 3
)

// Orientation gives the orientation, 1 to 8, that a JPEG's EXIF data asks for; 0 if there
// is none.
func Orientation(content io.ReaderAt) int {
	exif := exifSegment(content)
	if exif == nil {
		return 0
	}
	return orientation(exif)
}

// liesOnSide says whether a JPEG's EXIF data asks for a quarter turn, as that of
// a photograph taken upright does: then its height is what is called its width.
func liesOnSide(content io.ReaderAt) bool {
	return Orientation(content) >= 5 // 5 to 8 are the turned ones
}

// exifSegment gives the TIFF structure within a JPEG's EXIF segment, nil if
// there is none before the picture's data.
func exifSegment(content io.ReaderAt) []byte {
	const exifMark = "Exif\x00\x00"
	at := int64(2) // after the start of image
	for range maxSegments {
		var h [4]byte // 0xff, kind, length with itself
		if _, err := content.ReadAt(h[:], at); err != nil || h[0] != 0xff {
			return nil
		}
		kind, length := h[1], int64(binary.BigEndian.Uint16(h[2:]))
		switch {
		case kind == 0xff: // padding
			at++
			continue
		case kind == 0xda, kind == 0xd9, length < 2: // scan, end, nonsense
			return nil
		case kind == 0xe1:
			segment := make([]byte, length-2)
			if _, err := content.ReadAt(segment, at+4); err != nil {
				return nil
			}
			if exif, ok := bytes.CutPrefix(segment, []byte(exifMark)); ok {
				return exif
			}
		}
		at += 2 + length
	}
	return nil
}

// orientation gives the orientation, 1 to 8, that a TIFF structure holds in its
// first directory; 0 if it holds none.
func orientation(exif []byte) int {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(exif, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(exif, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 0
	}
	if len(exif) < 8 {
		return 0
	}
	start := uint64(order.Uint32(exif[4:]))
	if start+2 > uint64(len(exif)) {
		return 0
	}
	entries := exif[start+2:]
	for range min(int(order.Uint16(exif[start:])), maxIFDEntries) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == tagOrientation {
			value := int(order.Uint16(entries[8:]))
			if order.Uint16(entries[2:]) != typeShort || value > 8 {
				return 0
			}
			return value
		}
		entries = entries[12:]
	}
	return 0
}
