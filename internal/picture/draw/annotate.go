package draw

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"tuchuang/internal/picture"
)

// annotate puts a note of at most 255 ASCII characters where the format has
// room for one, so that pictures which look the same are still different
// content. data is whole and of our own making.
func annotate(format picture.Format, data []byte, note string) []byte {
	switch format {
	case picture.PNG: // a text chunk after the header's
		body := "tEXtComment\x00" + note
		chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
		chunk = append(chunk, body...)
		chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE([]byte(body)))
		const headerEnds = 8 + 25
		return slices.Insert(data, headerEnds, chunk...)

	case picture.JPEG: // a comment segment after the start
		segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xfe}, uint16(len(note)+2))
		return slices.Insert(data, 2, append(segment, note...)...)

	case picture.GIF: // a comment block before the trailer
		block := append([]byte{0x21, 0xfe, byte(len(note))}, note...)
		return slices.Insert(data, len(data)-1, append(block, 0)...)

	case picture.WebP: // a chunk of a kind that readers don't know and pass over
		if len(note)%2 != 0 {
			note += " "
		}
		data = append(data, "NOTE"...)
		data = binary.LittleEndian.AppendUint32(data, uint32(len(note)))
		data = append(data, note...)
		binary.LittleEndian.PutUint32(data[4:], uint32(len(data)-8))
		return data

	case picture.SVG:
		return append(data, "<!-- "+note+" -->\n"...)

	case picture.BMP: // after the pixels, within the size that the header says
		data = append(data, note...)
		binary.LittleEndian.PutUint32(data[2:], uint32(len(data)))
		return data
	}
	return append(data, note...) // TIFF: what no directory points to is passed over
}
