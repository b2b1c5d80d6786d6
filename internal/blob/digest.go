package blob

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"errors"
	"hash"

	"tuchuang/internal/fault"
)

// Digest takes the facts of content in one pass: SHA-256, SHA-1, MD5 and size.
// Its state can be stored and taken up again later, so that content which comes
// in pieces is not read twice. Make one with NewDigest or UnmarshalBinary; it is
// not for several goroutines at once.
type Digest struct {
	sha256, sha1, md5 hash.Hash
	size              int64
}

var (
	_ encoding.BinaryMarshaler   = (*Digest)(nil)
	_ encoding.BinaryUnmarshaler = (*Digest)(nil)
)

// NewDigest gives the Digest of nothing yet.
func NewDigest() *Digest {
	return &Digest{sha256: sha256.New(), sha1: sha1.New(), md5: md5.New()}
}

// hashPiece is how much each hash takes in turn. Three times over one piece in
// the processor's cache is quicker than three times over a slice of megabytes.
const hashPiece = 32 << 10

// Write takes p in. It never fails.
func (d *Digest) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		piece := rest[:min(len(rest), hashPiece)]
		d.sha256.Write(piece) // hashes never fail
		d.sha1.Write(piece)
		d.md5.Write(piece)
		rest = rest[len(piece):]
	}
	d.size += int64(len(p))
	return len(p), nil
}

// Size is the number of bytes taken in so far.
func (d *Digest) Size() int64 { return d.size }

// Sums gives the hashes of what was taken in so far; more may follow.
func (d *Digest) Sums() (sha256 [32]byte, sha1 [20]byte, md5 [16]byte) {
	d.sha256.Sum(sha256[:0])
	d.sha1.Sum(sha1[:0])
	d.md5.Sum(md5[:0])
	return sha256, sha1, md5
}

// digestVersion leads the stored state, for the day when its shape changes.
const digestVersion = 1

// MarshalBinary gives the running state for UnmarshalBinary, some 300 bytes.
func (d *Digest) MarshalBinary() ([]byte, error) {
	state := append(make([]byte, 0, 320), digestVersion)
	state = binary.BigEndian.AppendUint64(state, uint64(d.size))
	for _, h := range []hash.Hash{d.sha256, d.sha1, d.md5} {
		part, err := h.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			return nil, fault.Wrap(err, "blob: store digest")
		}
		state = append(state, byte(len(part)))
		state = append(state, part...)
	}
	return state, nil
}

// UnmarshalBinary takes up a state that MarshalBinary gave. A state it can't
// read is an error that leaves d as it was: read the content again from its
// beginning instead.
func (d *Digest) UnmarshalBinary(state []byte) error {
	const op = "blob: take up digest"
	damaged := errors.New("the stored state is damaged")
	if len(state) < 9 || state[0] != digestVersion {
		return fault.Wrap(damaged, op)
	}
	fresh := NewDigest()
	fresh.size = int64(binary.BigEndian.Uint64(state[1:]))
	if fresh.size < 0 {
		return fault.Wrap(damaged, op)
	}
	rest := state[9:]
	for _, h := range []hash.Hash{fresh.sha256, fresh.sha1, fresh.md5} {
		if len(rest) == 0 || len(rest)-1 < int(rest[0]) {
			return fault.Wrap(damaged, op)
		}
		part := rest[1 : 1+int(rest[0])]
		if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(part); err != nil {
			return fault.Wrap(err, op)
		}
		rest = rest[1+len(part):]
	}
	if len(rest) != 0 {
		return fault.Wrap(damaged, op)
	}
	*d = *fresh
	return nil
}
