package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"sync"
)

var smallJPEG = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 480)), nil); err != nil {
		panic(err) // memory takes everything
	}
	return b.Bytes()
})

// photo makes a picture of so many bytes, another one for each number: a small
// JPEG and, behind its end, noise.
func photo(size int, number uint64) []byte {
	b := make([]byte, size)
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], number)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	copy(b, smallJPEG())
	return b
}
