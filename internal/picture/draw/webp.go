package draw

import _ "embed"

// The originals were painted by this package (seeds 1 to 3) and encoded once
// with cwebp; each is of the extended format, in which chunks of unknown kinds
// are allowed.
var (
	//go:embed originals/lossy.webp
	lossy []byte
	//go:embed originals/lossless.webp
	lossless []byte
	//go:embed originals/alpha.webp
	alpha []byte
)

// original gives a copy of one of the WebP pictures.
func original(seed int64) []byte {
	originals := [][]byte{lossy, lossless, alpha}
	return append([]byte(nil), originals[uint64(seed)%uint64(len(originals))]...)
}
