// Package blobtest holds the promises of blob.Store as tests, so that every
// store is held to the same ones. It must know nothing of how a store is made.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/blob"
	"tuchuang/internal/fault"
)

// Run holds the stores that newStore makes to the promises of blob.Store. Each
// call of newStore gives an empty store.
func Run(t *testing.T, newStore func(t *testing.T) blob.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, blob.Store)
	}{
		{"nothing there", nothingThere},
		{"round trip", roundTrip},
		{"commit makes readable", commitMakesReadable},
		{"commit twice", commitTwice},
		{"committed is for ever", committedForEver},
		{"staging survives closing", stagingSurvivesClosing},
		{"pieces out of order", piecesOutOfOrder},
		{"several writers", severalWriters},
		{"truncate", truncate},
		{"reading", reading},
		{"remove", remove},
		{"keys apart", keysApart},
		{"list", list},
		{"list stops", listStops},
		{"many at once", manyAtOnce},
		{"room", room},
		{"canceled", canceled},
		{"bad keys", badKeys},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newStore(t)) })
	}
}

var key = blob.Key{Account: 7, ID: 4711}

func nothingThere(t *testing.T, s blob.Store) {
	_, err := s.Open(t.Context(), key)
	wantCode(t, "Open", err, fault.ContentMissing)
	wantCode(t, "Commit", s.Commit(t.Context(), key), fault.NotFound)
	wantCode(t, "Remove", s.Remove(t.Context(), key), "")
	wantEntries(t, s)
}

func roundTrip(t *testing.T, s blob.Store) {
	for i, size := range []int{0, 1, 4095, 4096, 1<<20 + 1} {
		key := blob.Key{Account: 1, ID: int64(i + 1)}
		want := content(key, size)
		put(t, s, key, want)
		wantContent(t, s, key, want)
	}
}

func room(t *testing.T, s blob.Store) {
	if n, err := s.Room(t.Context()); err != nil || n < 1<<20 {
		t.Errorf("room for %d bytes, %v; the tests need more", n, err)
	}
}

func commitMakesReadable(t *testing.T, s blob.Store) {
	stage(t, s, key, []byte("a picture"))
	_, err := s.Open(t.Context(), key)
	wantCode(t, "Open of what is only staged", err, fault.ContentMissing)
	commit(t, s, key)
	wantContent(t, s, key, []byte("a picture"))
}

func committedForEver(t *testing.T, s blob.Store) {
	put(t, s, key, []byte("a picture"))
	staged, err := s.Stage(t.Context(), key)
	wantCode(t, "Stage of committed content", err, fault.Exists)
	if staged != nil {
		closeIt(t, staged)
	}
	commit(t, s, key)
	wantContent(t, s, key, []byte("a picture"))
	wantEntries(t, s, entry{key, false, 9})
}

func commitTwice(t *testing.T, s blob.Store) {
	put(t, s, key, []byte("once"))
	commit(t, s, key)
	wantContent(t, s, key, []byte("once"))
	wantEntries(t, s, entry{key, false, 4})
}

func stagingSurvivesClosing(t *testing.T, s blob.Store) {
	stage(t, s, key, []byte("first,"))

	again := open(t, s, key)
	got := make([]byte, 6)
	if _, err := again.ReadAt(got, 0); err != nil || string(got) != "first," {
		t.Fatalf("staged earlier: %q, %v", got, err)
	}
	writeAt(t, again, []byte("second"), 6)
	closeIt(t, again)

	commit(t, s, key)
	wantContent(t, s, key, []byte("first,second"))
}

func piecesOutOfOrder(t *testing.T, s blob.Store) {
	const piece = 1000
	want := content(key, 10*piece+17)
	staged := open(t, s, key)
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(11) {
		writeAt(t, staged, want[i*piece:min((i+1)*piece, len(want))], int64(i*piece))
	}
	writeAt(t, staged, want[:piece], 0) // the same slice sent again
	closeIt(t, staged)
	commit(t, s, key)
	wantContent(t, s, key, want)
}

func severalWriters(t *testing.T, s blob.Store) {
	const pieces, piece = 8, 64 << 10
	want := content(key, pieces*piece)
	var g errgroup.Group
	for i := range pieces {
		g.Go(func() error {
			staged, err := s.Stage(t.Context(), key)
			if err != nil {
				return err
			}
			_, err = staged.WriteAt(want[i*piece:(i+1)*piece], int64(i*piece))
			return errors.Join(err, staged.Sync(), staged.Close())
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	commit(t, s, key)
	wantContent(t, s, key, want)
}

func truncate(t *testing.T, s blob.Store) {
	staged := open(t, s, key)
	writeAt(t, staged, []byte("0123456789"), 0)
	for _, size := range []int64{4, 6} {
		if err := staged.Truncate(size); err != nil {
			t.Fatal(err)
		}
	}
	closeIt(t, staged)
	commit(t, s, key)
	wantContent(t, s, key, []byte("0123\x00\x00"))
}

func reading(t *testing.T, s blob.Store) {
	want := content(key, 3000)
	put(t, s, key, want)
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer closeIt(t, o)

	if o.ModTime().IsZero() {
		t.Error("no ModTime")
	}
	if end, err := o.Seek(0, io.SeekEnd); err != nil || end != o.Size() {
		t.Errorf("Seek to the end: %d, %v; Size is %d", end, err, o.Size())
	}
	if _, err := o.Seek(1000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, want[1000:]) {
		t.Errorf("after Seek: %d bytes, %v; want the last 2000", len(got), err)
	}
	tail := make([]byte, 100)
	if n, err := o.ReadAt(tail, 2950); n != 50 || err != io.EOF || !bytes.Equal(tail[:n], want[2950:]) {
		t.Errorf("ReadAt over the end: %d, %v; want 50 bytes and io.EOF", n, err)
	}
	if n, err := o.Read(tail); n != 0 || err != io.EOF {
		t.Errorf("Read at the end: %d, %v; want io.EOF", n, err)
	}
}

func remove(t *testing.T, s blob.Store) {
	for _, test := range []struct {
		name    string
		prepare func()
	}{
		{"staged", func() { stage(t, s, key, []byte("staged")) }},
		{"committed", func() { put(t, s, key, []byte("committed")) }},
		{"removed before", func() {}},
	} {
		test.prepare()
		if err := s.Remove(t.Context(), key); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		_, err := s.Open(t.Context(), key)
		wantCode(t, test.name+": Open", err, fault.ContentMissing)
		wantCode(t, test.name+": Commit", s.Commit(t.Context(), key), fault.NotFound)
		wantEntries(t, s)
	}
}

// neighbours have keys that a careless path would mix up.
var neighbours = []blob.Key{
	{Account: 1, ID: 2}, {Account: 2, ID: 1},
	{Account: 1, ID: 23}, {Account: 12, ID: 3}, {Account: 1, ID: 2<<10 + 2},
	{Account: 1, ID: 1023}, {Account: 1, ID: 1024}, {Account: 1, ID: 1025},
	{Account: 1<<53 - 1, ID: 1<<53 - 1},
}

func keysApart(t *testing.T, s blob.Store) {
	for _, k := range neighbours {
		put(t, s, k, content(k, 100))
	}
	for i, gone := range neighbours {
		if err := s.Remove(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		for _, k := range neighbours[i+1:] {
			wantContent(t, s, k, content(k, 100))
		}
	}
}

func list(t *testing.T, s blob.Store) {
	var want []entry
	for i, k := range neighbours {
		size := 10 * i
		stage(t, s, k, content(k, size))
		if i%2 == 0 {
			commit(t, s, k)
		}
		want = append(want, entry{k, i%2 != 0, int64(size)})
	}
	wantEntries(t, s, want...)
}

func listStops(t *testing.T, s blob.Store) {
	for _, k := range neighbours {
		put(t, s, k, nil)
	}
	enough := errors.New("enough")
	calls := 0
	err := s.List(t.Context(), func(blob.Entry) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("List: %v after %d calls; want fn's error after 1", err, calls)
	}
}

func manyAtOnce(t *testing.T, s blob.Store) {
	var g errgroup.Group
	g.SetLimit(16)
	for i := range 100 {
		g.Go(func() error {
			// 4 accounts, 2 folders each; two goroutines commit the same key
			k := blob.Key{Account: int64(i%4 + 1), ID: int64(1000 + i/2)}
			staged, err := s.Stage(t.Context(), k)
			if err != nil {
				return err
			}
			if i%3 == 0 {
				_, err = staged.WriteAt([]byte("x"), 0)
			}
			return errors.Join(err, staged.Close(), s.Commit(t.Context(), k))
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := s.List(t.Context(), func(e blob.Entry) error {
		if e.Staged {
			return fmt.Errorf("%v is still staged", e.Key)
		}
		n++
		return nil
	}); err != nil || n != 100 {
		t.Errorf("List: %d entries, %v; want 100", n, err)
	}
}

func canceled(t *testing.T, s blob.Store) {
	put(t, s, key, []byte("stays"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Stage(ctx, key)
	wantCode(t, "Stage", err, fault.Canceled)
	_, err = s.Open(ctx, key)
	wantCode(t, "Open", err, fault.Canceled)
	wantCode(t, "Commit", s.Commit(ctx, key), fault.Canceled)
	wantCode(t, "Remove", s.Remove(ctx, key), fault.Canceled)
	wantCode(t, "List", s.List(ctx, func(blob.Entry) error { return nil }), fault.Canceled)
	wantContent(t, s, key, []byte("stays"))
}

func badKeys(t *testing.T, s blob.Store) {
	for _, k := range []blob.Key{{}, {Account: 1}, {ID: 1}, {Account: -1, ID: 1}, {Account: 1, ID: -1}} {
		_, err := s.Stage(t.Context(), k)
		wantCode(t, "Stage "+k.String(), err, fault.Internal)
		_, err = s.Open(t.Context(), k)
		wantCode(t, "Open "+k.String(), err, fault.Internal)
		wantCode(t, "Commit "+k.String(), s.Commit(t.Context(), k), fault.Internal)
		wantCode(t, "Remove "+k.String(), s.Remove(t.Context(), k), fault.Internal)
	}
	wantEntries(t, s)
}

// What the tests above say in one word.

// content gives size bytes that differ from key to key.
func content(k blob.Key, size int) []byte {
	var seed [32]byte
	copy(seed[:], k.String())
	p := make([]byte, size)
	if _, err := rand.NewChaCha8(seed).Read(p); err != nil {
		panic(err) // it never fails
	}
	return p
}

func open(t *testing.T, s blob.Store, k blob.Key) blob.Staged {
	t.Helper()
	staged, err := s.Stage(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return staged
}

func writeAt(t *testing.T, w io.WriterAt, p []byte, off int64) {
	t.Helper()
	if n, err := w.WriteAt(p, off); n != len(p) || err != nil {
		t.Fatalf("WriteAt(%d bytes, %d): %d, %v", len(p), off, n, err)
	}
}

func closeIt(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func stage(t *testing.T, s blob.Store, k blob.Key, p []byte) {
	t.Helper()
	staged := open(t, s, k)
	writeAt(t, staged, p, 0)
	if err := staged.Sync(); err != nil {
		t.Fatal(err)
	}
	closeIt(t, staged)
}

func commit(t *testing.T, s blob.Store, k blob.Key) {
	t.Helper()
	if err := s.Commit(t.Context(), k); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s blob.Store, k blob.Key, p []byte) {
	t.Helper()
	stage(t, s, k, p)
	commit(t, s, k)
}

func wantContent(t *testing.T, s blob.Store, k blob.Key, want []byte) {
	t.Helper()
	o, err := s.Open(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	defer closeIt(t, o)
	got, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) || o.Size() != int64(len(want)) {
		t.Fatalf("%v: read %d bytes, Size %d; want the %d written", k, len(got), o.Size(), len(want))
	}
}

func wantCode(t *testing.T, what string, err error, want fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != want {
		t.Errorf("%s: code %q (%v), want %q", what, got, err, want)
	}
}

// entry is a blob.Entry without its time.
type entry struct {
	key    blob.Key
	staged bool
	size   int64
}

func wantEntries(t *testing.T, s blob.Store, want ...entry) {
	t.Helper()
	got := map[entry]int{}
	err := s.List(t.Context(), func(e blob.Entry) error {
		if e.ModTime.IsZero() {
			t.Errorf("%v is listed without a ModTime", e.Key)
		}
		got[entry{e.Key, e.Staged, e.Size}]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range want {
		if got[e] != 1 {
			t.Errorf("%+v is listed %d times", e, got[e])
		}
		delete(got, e)
	}
	if len(got) != 0 {
		t.Errorf("listed, but never made: %+v", slices.Collect(maps.Keys(got)))
	}
}
