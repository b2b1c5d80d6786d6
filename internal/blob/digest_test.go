package blob_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"tuchuang/internal/blob"
)

func TestDigestKnownValues(t *testing.T) {
	for _, test := range []struct{ text, sha256, sha1, md5 string }{
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"da39a3ee5e6b4b0d3255bfef95601890afd80709", "d41d8cd98f00b204e9800998ecf8427e"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
			"a9993e364706816aba3e25717850c26c9cd0d89d", "900150983cd24fb0d6963f7d28e17f72"},
	} {
		d := blob.NewDigest()
		if n, err := d.Write([]byte(test.text)); n != len(test.text) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
		s256, s1, m5 := d.Sums()
		for _, pair := range [][2]string{
			{hex.EncodeToString(s256[:]), test.sha256},
			{hex.EncodeToString(s1[:]), test.sha1},
			{hex.EncodeToString(m5[:]), test.md5},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%q: got %s, want %s", test.text, pair[0], pair[1])
			}
		}
	}
}

// However content is cut into writes, and wherever the state is stored and
// taken up again, the sums are those of the whole.
func TestDigestInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := make([]byte, rapid.IntRange(0, 200_000).Draw(t, "size"))
		src := rand.NewChaCha8([32]byte{1})
		if _, err := src.Read(content); err != nil {
			t.Fatal(err)
		}
		d := blob.NewDigest()
		for rest := content; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if _, err := d.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
			if rapid.Bool().Draw(t, "store") {
				d = storeAndTakeUp(t, d)
			}
		}
		s256, s1, m5 := d.Sums()
		if s256 != sha256.Sum256(content) || s1 != sha1.Sum(content) || m5 != md5.Sum(content) {
			t.Errorf("the sums in pieces are not those of the whole")
		}
		if d.Size() != int64(len(content)) {
			t.Errorf("Size is %d, want %d", d.Size(), len(content))
		}
	})
}

func storeAndTakeUp(t *rapid.T, d *blob.Digest) *blob.Digest {
	state, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var next blob.Digest
	if err := next.UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	return &next
}

func TestDigestRefusesDamagedState(t *testing.T) {
	d := blob.NewDigest()
	if _, err := d.Write([]byte("so far")); err != nil {
		t.Fatal(err)
	}
	state, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := d.Sums()

	damaged := map[string][]byte{
		"too long":      append(bytes.Clone(state), 0),
		"other version": append([]byte{99}, state[1:]...),
		"negative size": append([]byte{state[0], 0xff}, state[2:]...),
		"other hash":    bytes.Replace(state, []byte("sha\x03"), []byte("xxx\x03"), 1),
	}
	for n := range state {
		damaged[fmt.Sprintf("cut at %d", n)] = state[:n]
	}
	for name, state := range damaged {
		if err := d.UnmarshalBinary(state); err == nil {
			t.Errorf("%s: taken up", name)
		}
		if after, _, _ := d.Sums(); after != before || d.Size() != 6 {
			t.Errorf("%s: the digest has changed", name)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	content := make([]byte, 4<<20)
	b.SetBytes(int64(len(content)))
	d := blob.NewDigest()
	for b.Loop() {
		if _, err := d.Write(content); err != nil {
			b.Fatal(err)
		}
	}
}
