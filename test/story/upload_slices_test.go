package story

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// Upload v1: slices by presigned URL, in any order, with a restart and a crash
// between them.
func TestUploadV1SurvivesRestarts(t *testing.T) {
	s, u := alone(t)
	n := threeSlices(1)
	c, err := u.CreateV1(t.Context(), client.NewFile{Filename: "v1.bin", Etag: n.etag(t), Size: n.size})
	if err != nil || c.Reuse || c.FileID != 0 || c.PreuploadID == "" || c.SliceSize != sliceSize {
		t.Fatalf("create: %+v, %v", c, err)
	}
	put := func(no int) {
		t.Helper()
		link, err := u.UploadURL(t.Context(), c.PreuploadID, no)
		if err == nil {
			err = u.Put(t.Context(), link, n.slice(no, sliceSize))
		}
		if err != nil {
			t.Fatalf("slice %d: %v", no, err)
		}
	}
	var want []client.Part
	has := func(no int) {
		t.Helper()
		piece := n.slice(no, sliceSize)
		want = append(want, client.Part{Number: no, Size: piece.Size, Etag: sumOf(t, piece.Reader())})
		slices.SortFunc(want, func(a, b client.Part) int { return a.Number - b.Number })
		if got, err := u.Parts(t.Context(), c.PreuploadID); err != nil || !slices.Equal(got, want) {
			t.Errorf("parts %+v, %v; want %+v", got, err, want)
		}
	}
	put(3)
	s.Stop()
	s.Start()
	u.SignIn()
	has(3)
	put(1)
	s.Kill()
	s.Start()
	u.SignIn()
	has(1)
	_, err = u.CompleteV1(t.Context(), c.PreuploadID)
	refusedFor(t, err, fault.SliceMissing)
	if r, err := u.AsyncResult(t.Context(), c.PreuploadID); err != nil || r.Completed || r.FileID != 0 {
		t.Errorf("before the end: %+v, %v", r, err)
	}
	put(2)
	has(2)
	done, err := u.CompleteV1(t.Context(), c.PreuploadID)
	if err != nil || done.Async || !done.Completed || done.FileID == 0 {
		t.Fatalf("complete: %+v, %v", done, err)
	}
	for range 2 { // asked again, it answers the same
		again, err := u.CompleteV1(t.Context(), c.PreuploadID)
		result, err2 := u.AsyncResult(t.Context(), c.PreuploadID)
		if again != done || result.FileID != done.FileID || !result.Completed {
			t.Errorf("asked again: %+v %v, %+v %v", again, err, result, err2)
		}
	}
	holds(t, u, done.FileID, n.etag(t), n.size)
	_, err = u.UploadURL(t.Context(), c.PreuploadID, 1)
	refusedFor(t, err, fault.UploadNotFound)
	clean(t, u)
}

// Upload v2: slices side by side, out of order and again.
func TestUploadV2TakesSlicesInAnyOrder(t *testing.T) {
	_, u := writer(t)
	n := threeSlices(2)
	id := opened(t, u, "v2.bin", n)
	var g errgroup.Group
	for _, no := range []int{3, 2, 1, 2, 3} { // some twice at once
		g.Go(func() error {
			err := sendSlice(t, u, id, no, n.slice(no, sliceSize))
			if client.Is(err, fault.Canceled) { // by the one that came after it
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	sent(t, u, id, n, 2, 1)
	file := completed(t, u, id, n)
	if again, err := u.CompleteV2(t.Context(), id); err != nil || again.FileID != file {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	clean(t, u)
}

// A slice that comes again with other content takes the place of the first.
func TestUploadSliceWithOtherContent(t *testing.T) {
	_, u := writer(t)
	n, other := threeSlices(3), threeSlices(4)

	id := opened(t, u, "right.bin", n)
	sent(t, u, id, other, 2)
	sent(t, u, id, n, 1, 2, 3)
	completed(t, u, id, n)

	m := threeSlices(5)
	id = opened(t, u, "wrong.bin", m)
	sent(t, u, id, m, 1, 2, 3)
	sent(t, u, id, other, 2) // after the prefix was hashed
	_, err := u.CompleteV2(t.Context(), id)
	refusedFor(t, err, fault.HashMismatch)
	_, err = u.CompleteV2(t.Context(), id) // the upload is gone
	refusedFor(t, err, fault.UploadNotFound)
	if got := names(t, u, 0); !slices.Equal(got, []string{"right.bin"}) {
		t.Errorf("the drive holds %q", got)
	}
	clean(t, u)
}

// What is wrong with a slice is said, and the slice has not come.
func TestUploadRefusesWrongSlices(t *testing.T) {
	_, u := writer(t)
	n := threeSlices(6)
	id := opened(t, u, "a.bin", n)
	whole := n.content()
	for _, tt := range []struct {
		name   string
		id     string
		no     int
		md5    string
		piece  client.Content
		reason fault.Code
	}{
		{"a wrong sum", id, 1, harness.MD5(nil), whole.Part(0, sliceSize), fault.HashMismatch},
		{"short", id, 1, "", whole.Part(0, sliceSize-1), fault.BadSlice},
		{"long", id, 1, "", whole.Part(0, sliceSize+1), fault.BadSlice},
		{"the last one long", id, 3, "", whole.Part(0, 12346), fault.BadSlice},
		{"empty", id, 2, "", whole.Part(0, 0), fault.BadSlice},
		{"number 0", id, 0, "", whole.Part(0, sliceSize), fault.BadSlice},
		{"number 4", id, 4, "", whole.Part(0, sliceSize), fault.BadSlice},
		{"a negative number", id, -1, "", whole.Part(0, sliceSize), fault.BadSlice},
		{"of no upload", "none", 1, "", whole.Part(0, 10), fault.UploadNotFound},
		{"without an upload", "", 1, "", whole.Part(0, 10), fault.UploadMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sum := tt.md5
			if sum == "" {
				sum = sumOf(t, tt.piece.Reader())
			}
			refusedFor(t, u.Slice(t.Context(), u.Server.URL, tt.id, tt.no, sum, tt.piece), tt.reason)
			// The same without a sum, which comes before its place is known.
			if tt.reason != fault.HashMismatch {
				refusedFor(t, u.Slice(t.Context(), u.Server.URL, tt.id, tt.no, "", tt.piece), tt.reason)
			}
		})
	}
	if parts, err := u.Parts(t.Context(), id); err != nil || len(parts) != 0 {
		t.Errorf("came: %+v, %v", parts, err)
	}
	_, err := u.CompleteV2(t.Context(), id)
	refusedFor(t, err, fault.SliceMissing)
	clean(t, u)

	// A wrong one that is sent in the place of a right one leaves none.
	sent(t, u, id, n, 1, 2, 3)
	refusedFor(t, u.Slice(t.Context(), u.Server.URL, id, 2, harness.MD5(nil), threeSlices(7).slice(2, sliceSize)), fault.HashMismatch)
	_, err = u.CompleteV2(t.Context(), id)
	refusedFor(t, err, fault.SliceMissing)
	sent(t, u, id, n, 2)
	completed(t, u, id, n)
}

// The same slice twice at once: the newest wins, and does not wait for the one
// before, which has stalled.
func TestUploadNewestSliceWins(t *testing.T) {
	_, u := writer(t)
	n, other := noise{8, sliceSize}, noise{9, sliceSize}
	id := opened(t, u, "a.bin", n)
	link, err := u.UploadURL(t.Context(), id, 1)
	if err != nil {
		t.Fatal(err)
	}
	body, feed := io.Pipe()
	first := make(chan string, 1)
	go func() {
		r, err := http.NewRequest(http.MethodPut, link, body)
		if err != nil {
			first <- err.Error()
			return
		}
		r.ContentLength = sliceSize
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			first <- err.Error()
			return
		}
		defer res.Body.Close()
		said, _ := io.ReadAll(res.Body)
		first <- res.Status + ": " + string(said)
	}()
	// More than the sockets on the way can hold, so the server is at it; then no
	// more comes.
	if _, err := io.CopyN(feed, other.content().Reader(), sliceSize-1); err != nil {
		t.Fatal(err)
	}
	sent(t, u, id, n, 1)
	if err := feed.CloseWithError(io.ErrUnexpectedEOF); err != nil {
		t.Fatal(err)
	}
	t.Logf("the first one ended as %q", <-first)
	completed(t, u, id, n)
}
