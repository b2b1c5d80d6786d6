// Package blobtest holds the promises of blob.Store as tests, so that every
// store is held to the same ones. It must know nothing of how a store is made.
package blobtest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

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
		{"in one go", inOneGo},
		{"given up", givenUp},
		{"in place of what was there", inPlace},
		{"no slices", noSlices},
		{"commit makes readable", commitMakesReadable},
		{"commit twice", commitTwice},
		{"committed is for ever", committedForEver},
		{"slices out of order", slicesOutOfOrder},
		{"slices at once", slicesAtOnce},
		{"a slice again", sliceAgain},
		{"a slice that fails", sliceFails},
		{"staged", staged},
		{"reading", reading},
		{"remove", remove},
		{"keys apart", keysApart},
		{"list", list},
		{"list stops", listStops},
		{"many at once", manyAtOnce},
		{"room", room},
		{"owner", owner},
		{"canceled", canceled},
		{"bad keys", badKeys},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newStore(t)) })
	}
}

var key = blob.Key{Account: 7, ID: 4711}

// somePart is a part of nothing.
var somePart = []blob.Part{{No: 1, Size: 1}}

func nothingThere(t *testing.T, s blob.Store) {
	_, err := s.Open(t.Context(), key)
	wantCode(t, "Open", err, fault.ContentMissing)
	wantCode(t, "Commit", s.Commit(t.Context(), key, "", somePart), fault.NotFound)
	wantCode(t, "Remove", s.Remove(t.Context(), key), "")
	wantCode(t, "Trim", s.Trim(t.Context(), key, 0), "")
	if r, err := s.Staged(t.Context(), key); r != nil || err != nil {
		t.Errorf("Staged: %v, %v", r, err)
	}
	wantEntries(t, s)
}

func inOneGo(t *testing.T, s blob.Store) {
	for i, size := range []int{0, 1, 4095, 4096, 1<<20 + 1} {
		key := blob.Key{Account: 1, ID: int64(i + 1)}
		want := content(key, size)
		put(t, s, key, want)
		wantContent(t, s, key, want)
	}
}

func givenUp(t *testing.T, s blob.Store) {
	w := create(t, s, key)
	write(t, w, []byte("half a "))
	write(t, w, []byte("picture"))
	got := make([]byte, 7)
	if _, err := w.ReadAt(got, 7); err != nil || string(got) != "picture" {
		t.Errorf("ReadAt of what was written: %q, %v", got, err)
	}
	if n, err := w.ReadAt(got, 12); n != 2 || err != io.EOF {
		t.Errorf("ReadAt over the end: %d, %v; want 2 bytes and io.EOF", n, err)
	}
	_, err := s.Open(t.Context(), key)
	wantCode(t, "Open before Commit", err, fault.ContentMissing)
	closeIt(t, w)
	_, err = s.Open(t.Context(), key)
	wantCode(t, "Open of what was given up", err, fault.ContentMissing)
	wantEntries(t, s)
}

func inPlace(t *testing.T, s blob.Store) {
	put(t, s, key, []byte("damaged"))
	put(t, s, key, []byte("whole"))
	wantContent(t, s, key, []byte("whole"))
	sliced(t, s, blob.Key{Account: 7, ID: 1}, []byte("slices"))
	put(t, s, blob.Key{Account: 7, ID: 1}, []byte("at once"))
	wantContent(t, s, blob.Key{Account: 7, ID: 1}, []byte("at once"))
}

func room(t *testing.T, s blob.Store) {
	if n, err := s.Room(t.Context()); err != nil || n < 1<<20 {
		t.Errorf("room for %d bytes, %v; the tests need more", n, err)
	}
}

func owner(t *testing.T, s blob.Store) {
	put(t, s, key, []byte("content"))
	for _, id := range []string{"", "ONE", "TWO", "", ""} {
		if err := s.SetOwner(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Owner(t.Context()); got != id || err != nil {
			t.Errorf("the owner is %q, %v; want %q", got, err, id)
		}
		wantEntries(t, s, entry{key, false, 7})
		wantContent(t, s, key, []byte("content"))
	}
}

func noSlices(t *testing.T, s blob.Store) {
	for range 2 {
		commit(t, s, key, "", nil)
		wantContent(t, s, key, nil)
	}
	wantEntries(t, s, entry{key, false, 0})
}

func commitMakesReadable(t *testing.T, s blob.Store) {
	ref, parts := sliced(t, s, key, []byte("a picture"))
	_, err := s.Open(t.Context(), key)
	wantCode(t, "Open of what is only staged", err, fault.ContentMissing)
	commit(t, s, key, ref, parts)
	wantContent(t, s, key, []byte("a picture"))
}

func committedForEver(t *testing.T, s blob.Store) {
	ref, parts := sliced(t, s, key, []byte("a picture"))
	commit(t, s, key, ref, parts)
	for _, text := range []string{"a picture", "b picture"} {
		part, changed, err := s.WriteSlice(t.Context(), blob.Slice{Key: key, Ref: ref, No: 1, Size: 9}, strings.NewReader(text))
		wantCode(t, "WriteSlice of committed content", err, fault.Exists)
		if changed || part.MD5 != sum([]byte(text)) || part.No != 1 || part.Size != 9 {
			t.Errorf("it is %+v, changed: %v", part, changed)
		}
	}
	broken := errors.New("broken")
	_, _, err := s.WriteSlice(t.Context(), blob.Slice{Key: key, Ref: ref, No: 1, Size: 9}, iotest.ErrReader(broken))
	if !errors.Is(err, broken) {
		t.Errorf("a body that fails: %v", err)
	}
	commit(t, s, key, ref, parts)
	wantContent(t, s, key, []byte("a picture"))
	wantEntries(t, s, entry{key, false, 9})
}

func commitTwice(t *testing.T, s blob.Store) {
	ref, parts := sliced(t, s, key, []byte("once"))
	commit(t, s, key, ref, parts)
	commit(t, s, key, ref, parts)
	wantContent(t, s, key, []byte("once"))
	wantEntries(t, s, entry{key, false, 4})
}

// sliceSize is the least that an S3 store takes of all slices but the last.
const sliceSize = 5 << 20

// slice says where slice no of content belongs.
func slice(k blob.Key, ref string, no int, p []byte) (blob.Slice, []byte) {
	from := (no - 1) * sliceSize
	piece := p[from:min(len(p), from+sliceSize)]
	return blob.Slice{Key: k, Ref: ref, No: int64(no), Offset: int64(from), Size: int64(len(piece)), Declared: sum(piece)}, piece
}

func slicesOutOfOrder(t *testing.T, s blob.Store) {
	want := content(key, 3*sliceSize+17)
	ref := beginAt(t, s, key)
	parts := make([]blob.Part, 4)
	for _, no := range []int{4, 2, 1, 3} {
		at, piece := slice(key, ref, no, want)
		part, changed, err := s.WriteSlice(t.Context(), at, bytes.NewReader(piece))
		if err != nil || !changed || part.No != int64(no) || part.Size != at.Size || part.MD5 != at.Declared {
			t.Fatalf("slice %d: %+v, %v, %v", no, part, changed, err)
		}
		parts[no-1] = part
	}
	commit(t, s, key, ref, parts)
	wantContent(t, s, key, want)
}

func slicesAtOnce(t *testing.T, s blob.Store) {
	const n = 4
	want := content(key, n*sliceSize)
	ref := beginAt(t, s, key)
	parts := make([]blob.Part, n)
	var g errgroup.Group
	for i := range n {
		g.Go(func() (err error) {
			at, piece := slice(key, ref, i+1, want)
			parts[i], _, err = s.WriteSlice(t.Context(), at, bytes.NewReader(piece))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	commit(t, s, key, ref, parts)
	wantContent(t, s, key, want)
}

// The same bytes change nothing; others are said to before they do.
func sliceAgain(t *testing.T, s blob.Store) {
	old := content(key, 200_000)
	ref := beginAt(t, s, key)
	at, piece := slice(key, ref, 1, old)
	first, _, err := s.WriteSlice(t.Context(), at, bytes.NewReader(piece))
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	at.Known, at.Changing = first.MD5, func() error { calls++; return nil }
	again, changed, err := s.WriteSlice(t.Context(), at, bytes.NewReader(piece))
	if err != nil || changed || calls != 0 || again.MD5 != first.MD5 {
		t.Errorf("the same bytes: %+v, %v, %v, %d calls", again, changed, err, calls)
	}
	other := bytes.Clone(old)
	other[150_000]++
	at.Declared = ""
	no := errors.New("no")
	at.Changing = func() error { return no }
	if _, changed, err = s.WriteSlice(t.Context(), at, bytes.NewReader(other)); !errors.Is(err, no) || changed {
		t.Errorf("bytes that may not change: %v, %v", changed, err)
	}
	at.Changing = func() error { calls++; return nil }
	last, changed, err := s.WriteSlice(t.Context(), at, bytes.NewReader(other))
	if err != nil || !changed || calls != 1 || last.MD5 != sum(other) {
		t.Errorf("other bytes: %+v, %v, %v, %d calls", last, changed, err, calls)
	}
	commit(t, s, key, ref, []blob.Part{last})
	wantContent(t, s, key, other)
}

func sliceFails(t *testing.T, s blob.Store) {
	want := content(key, 300_000)
	ref := beginAt(t, s, key)
	at, piece := slice(key, ref, 1, want)
	broken := errors.New("broken")
	_, _, err := s.WriteSlice(t.Context(), at, io.MultiReader(bytes.NewReader(piece[:100_000]), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("a body that fails: %v", err)
	}
	_, _, err = s.WriteSlice(t.Context(), at, bytes.NewReader(content(blob.Key{Account: 1, ID: 1}, len(piece))))
	wantCode(t, "a body that is not what was declared", err, fault.HashMismatch)
	wantCode(t, "Trim", s.Trim(t.Context(), key, 0), "")
	part, _, err := s.WriteSlice(t.Context(), at, iotest.HalfReader(bytes.NewReader(piece)))
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, key, ref, []blob.Part{part})
	wantContent(t, s, key, want)
}

// What a store shows of slices is what was written, until it is committed.
func staged(t *testing.T, s blob.Store) {
	ref, parts := sliced(t, s, key, []byte("a picture"))
	r, err := s.Staged(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if r != nil {
		got := make([]byte, 9)
		if _, err := r.ReadAt(got, 0); err != nil || string(got) != "a picture" {
			t.Errorf("staged is %q, %v", got, err)
		}
		closeIt(t, r)
	}
	commit(t, s, key, ref, parts)
	if r, err := s.Staged(t.Context(), key); r != nil || err != nil {
		t.Errorf("committed, and staged: %v, %v", r, err)
	}
}

func reading(t *testing.T, s blob.Store) {
	want := content(key, 300_000)
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
	for _, from := range []int64{1000, 200_000, 0, 299_999, 131_072} {
		if _, err := o.Seek(from, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, want[from:]) {
			t.Errorf("after Seek to %d: %d bytes, %v; want the last %d", from, len(got), err, len(want)-int(from))
		}
		piece := make([]byte, 100)
		if n, err := o.ReadAt(piece, min(from, 299_900)); n != 100 || err != nil && err != io.EOF || !bytes.Equal(piece, want[min(from, 299_900):][:100]) {
			t.Errorf("ReadAt %d: %d, %v", from, n, err)
		}
	}
	if _, err := o.Seek(100, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if at, err := o.Seek(50, io.SeekCurrent); at != 150 || err != nil {
		t.Errorf("Seek from here: %d, %v", at, err)
	}
	if _, err := o.Seek(-1, io.SeekStart); err == nil {
		t.Error("Seek before the beginning")
	}
	tail := make([]byte, 100)
	if n, err := o.Read(tail); err != nil || !bytes.Equal(tail[:n], want[150:150+n]) {
		t.Errorf("Read after Seek: %d, %v", n, err)
	}
	if n, err := o.ReadAt(tail, 299_950); n != 50 || err != io.EOF || !bytes.Equal(tail[:n], want[299_950:]) {
		t.Errorf("ReadAt over the end: %d, %v; want 50 bytes and io.EOF", n, err)
	}
	if n, err := o.ReadAt(tail, 400_000); n != 0 || err != io.EOF {
		t.Errorf("ReadAt behind the end: %d, %v; want io.EOF", n, err)
	}
	if _, err := o.Seek(0, io.SeekEnd); err != nil {
		t.Fatal(err)
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
		{"staged", func() { sliced(t, s, key, []byte("staged")) }},
		{"begun", func() { beginAt(t, s, key) }},
		{"begun twice", func() { beginAt(t, s, key); sliced(t, s, key, []byte("staged")) }},
		{"committed", func() { put(t, s, key, []byte("committed")) }},
		{"removed before", func() {}},
	} {
		test.prepare()
		if err := s.Remove(t.Context(), key); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		_, err := s.Open(t.Context(), key)
		wantCode(t, test.name+": Open", err, fault.ContentMissing)
		wantCode(t, test.name+": Commit", s.Commit(t.Context(), key, "", somePart), fault.NotFound)
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
	type slices struct {
		ref   string
		parts []blob.Part
	}
	begun := make(map[blob.Key]slices)
	for _, k := range neighbours {
		ref, parts := sliced(t, s, k, content(k, 100))
		begun[k] = slices{ref, parts}
	}
	for i, gone := range neighbours { // every second one while it is staged
		if i%2 == 0 {
			commit(t, s, gone, begun[gone].ref, begun[gone].parts)
		}
		if err := s.Remove(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
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
		if i%2 == 0 {
			put(t, s, k, content(k, size))
		} else {
			sliced(t, s, k, content(k, size))
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
	for i := range 60 {
		g.Go(func() error {
			// 4 accounts, 2 folders each; two goroutines commit the same key
			k := blob.Key{Account: int64(i%4 + 1), ID: int64(1000 + i)}
			ref, err := s.Begin(t.Context(), k)
			if err != nil {
				return err
			}
			part, _, err := s.WriteSlice(t.Context(), blob.Slice{Key: k, Ref: ref, No: 1, Size: 1}, strings.NewReader("x"))
			if err != nil {
				return err
			}
			var two errgroup.Group
			for range 2 {
				two.Go(func() error { return s.Commit(t.Context(), k, ref, []blob.Part{part}) })
			}
			return two.Wait()
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
	}); err != nil || n != 60 {
		t.Errorf("List: %d entries, %v; want 60", n, err)
	}
}

// each makes every call that takes a key.
func each(ctx context.Context, s blob.Store, k blob.Key) map[string]error {
	errs := make(map[string]error)
	_, errs["Create"] = s.Create(ctx, k)
	_, errs["Begin"] = s.Begin(ctx, k)
	_, _, errs["WriteSlice"] = s.WriteSlice(ctx, blob.Slice{Key: k, No: 1, Size: 1}, strings.NewReader("x"))
	_, errs["Staged"] = s.Staged(ctx, k)
	_, errs["Open"] = s.Open(ctx, k)
	errs["Trim"] = s.Trim(ctx, k, 0)
	errs["Commit"] = s.Commit(ctx, k, "", nil)
	errs["Remove"] = s.Remove(ctx, k)
	return errs
}

func canceled(t *testing.T, s blob.Store) {
	put(t, s, key, []byte("stays"))
	begun := create(t, s, blob.Key{Account: 1, ID: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range each(ctx, s, key) {
		wantCode(t, name, err, fault.Canceled)
	}
	wantCode(t, "List", s.List(ctx, func(blob.Entry) error { return nil }), fault.Canceled)
	wantCode(t, "SetOwner", s.SetOwner(ctx, "id"), fault.Canceled)
	_, err := s.Owner(ctx)
	wantCode(t, "Owner", err, fault.Canceled)
	wantCode(t, "Commit of a Writer", begun.Commit(ctx), fault.Canceled)
	closeIt(t, begun)
	wantContent(t, s, key, []byte("stays"))
}

func badKeys(t *testing.T, s blob.Store) {
	for _, k := range []blob.Key{{}, {Account: 1}, {ID: 1}, {Account: -1, ID: 1}, {Account: 1, ID: -1}} {
		for name, err := range each(t.Context(), s, k) {
			wantCode(t, name+" "+k.String(), err, fault.Internal)
		}
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

func sum(p []byte) string {
	s := md5.Sum(p)
	return hex.EncodeToString(s[:])
}

func create(t *testing.T, s blob.Store, k blob.Key) blob.Writer {
	t.Helper()
	w, err := s.Create(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func write(t *testing.T, w io.Writer, p []byte) {
	t.Helper()
	if n, err := w.Write(p); n != len(p) || err != nil {
		t.Fatalf("Write of %d bytes: %d, %v", len(p), n, err)
	}
}

func closeIt(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// put brings content in one go.
func put(t *testing.T, s blob.Store, k blob.Key, p []byte) {
	t.Helper()
	w := create(t, s, k)
	write(t, w, p)
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeIt(t, w)
}

func beginAt(t *testing.T, s blob.Store, k blob.Key) (ref string) {
	t.Helper()
	ref, err := s.Begin(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// sliced brings content as one slice.
func sliced(t *testing.T, s blob.Store, k blob.Key, p []byte) (ref string, parts []blob.Part) {
	t.Helper()
	ref = beginAt(t, s, k)
	at, piece := slice(k, ref, 1, p)
	part, _, err := s.WriteSlice(t.Context(), at, bytes.NewReader(piece))
	if err != nil {
		t.Fatal(err)
	}
	return ref, []blob.Part{part}
}

func commit(t *testing.T, s blob.Store, k blob.Key, ref string, parts []blob.Part) {
	t.Helper()
	if err := s.Commit(t.Context(), k, ref, parts); err != nil {
		t.Fatal(err)
	}
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
		if e.Staged && e.Size < 0 { // the store does not tell
			for _, w := range want {
				if w.key == e.Key {
					e.Size = w.size
				}
			}
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
