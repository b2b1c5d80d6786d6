package thumbnail

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	_ "image/png"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture/picturetest"
)

// bomb is a PNG that says it has so many pixels, and has none.
func bomb(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, w), h)
	b = append(b, 8, 6, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[12:]))
}

// Files of the drive and images of the bed have thumbnails: the picture, or one that says
// why not. The second time nothing is opened.
func TestThumbnails(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		photo := new(bytes.Buffer)
		r.Must(jpeg.Encode(photo, image.NewGray(image.Rect(0, 0, 800, 600)), nil))
		for _, test := range []struct {
			name    string
			content []byte
			kind    Kind
			mime    string
			has     string // of a drawing
		}{
			{"a.png", plain(1, 500, 300), Picture, "image/jpeg", ""},
			{"b.jpg", photo.Bytes(), Picture, "image/jpeg", ""},
			{"png.jpg", plain(2, 500, 300), Picture, "image/jpeg", ""}, // the content decides
			{"c.svg", []byte(`<svg><script>x</script><rect/></svg>`), Picture, "image/svg+xml", "<rect></rect>"},
			{"d.png", plain(3, 500, 300)[:200], Damaged, "image/svg+xml", "M46 34"},
			{"text.gif", []byte("hello, hello, hello"), Damaged, "image/svg+xml", "M46 34"},
			{"e.png", bomb(60_000, 60_000), TooLarge, "image/svg+xml", ">PNG<"},
			{"f.svg", []byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg/>`), Unsupported, "image/svg+xml", ">SVG<"},
			{"g.bmp", append([]byte("BM\x1a\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00"), 12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24, 0), Unsupported, "image/svg+xml", ">BMP<"},
		} {
			file, img := r.put(test.name, test.content)
			before := r.store.opens.Load()
			got := r.file(file, 100)
			if got.Kind != test.kind || got.Type != test.mime || !got.Settled || !strings.Contains(string(got.Bytes), test.has) || len(got.Etag) != 32 {
				t.Errorf("%s: %s %s %v %q\n%.300s", test.name, got.Kind, got.Type, got.Settled, got.Etag, got.Bytes)
			}
			if test.mime == "image/jpeg" {
				m, _, err := image.Decode(bytes.NewReader(got.Bytes))
				if err != nil || m.Bounds().Dx() != 128 {
					t.Errorf("%s: %v", test.name, err)
				}
			}
			again, err := r.OfImage(r.Context(), r.Acc, img, 128)
			if err != nil || again.Kind != got.Kind || !bytes.Equal(again.Bytes, got.Bytes) || again.Type != got.Type {
				t.Errorf("%s in the bed: %s %s, %v", test.name, again.Kind, again.Type, err)
			}
			if opened := r.store.opens.Load() - before; opened != 1 {
				t.Errorf("%s: opened %d times", test.name, opened)
			}
		}
		// What no decoder takes is not even opened.
		before := r.store.opens.Load()
		heic, _ := r.put("h.heic", []byte("\x00\x00\x00\x10ftypheic\x00\x00\x00\x00"))
		noName, _ := r.put("avif", []byte("\x00\x00\x00\x10ftypavif\x00\x00\x00\x00"))
		psd, _ := r.put("p.PSD", []byte("8BPS"))
		for id, has := range map[drive.ID]string{heic: ">HEIC<", noName: ">AVIF<", psd: ">PSD<"} {
			if got := r.file(id, 320); got.Kind != Unsupported || !strings.Contains(string(got.Bytes), has) {
				t.Errorf("%s: %s %s", has, got.Kind, got.Bytes)
			}
		}
		if r.store.opens.Load() != before {
			t.Error("what no decoder takes is opened")
		}
		counts := r.Counts()
		if counts.Answered[Picture] != 8 || counts.Answered[Damaged] != 4 || counts.Answered[TooLarge] != 2 || counts.Answered[Unsupported] != 7 ||
			counts.FromKept != 9 || counts.Running != 0 || counts.Waiting != 0 || counts.Held != 0 || counts.Kept < 9*diskBlock {
			t.Errorf("%+v", counts)
		}
	})
}

func TestRefusals(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		text, _ := r.put("a.txt", []byte("hello"))
		empty, _ := r.put("empty.png", nil)
		file, img := r.put("a.png", plain(1, 10, 10))
		folder, err := r.Drive.Mkdir(r.Context(), r.Acc, drive.Root, "folder.png")
		r.Must(err)
		_, err = r.OfFile(r.Context(), r.Acc, text, 128)
		r.Fails(err, fault.NotAPicture, "a text")
		for _, id := range []drive.ID{folder, 1 << 40, drive.Root} {
			_, err = r.OfFile(r.Context(), r.Acc, id, 128)
			r.Fails(err, fault.NotFound, "no file")
		}
		if got := r.file(empty, 128); got.Kind != Damaged {
			t.Errorf("an empty one: %s", got.Kind)
		}
		// Another's ids are not there, also when the picture is kept.
		r.file(file, 128)
		other := r.Account("other", account.NoQuota)
		_, err = r.OfFile(r.Context(), other, file, 128)
		r.Fails(err, fault.NotFound, "another's file")
		_, err = r.OfImage(r.Context(), other, img, 128)
		r.Fails(err, fault.NotFound, "another's image")
		_, err = r.OfImage(r.Context(), r.Acc, imagebed.ID("nonsense"), 128)
		r.Fails(err, fault.NotFound, "no image")
		for state, want := range map[blob.State]fault.Code{blob.Blocked: fault.Blocked, blob.Missing: fault.ContentMissing, blob.Damaged: fault.ContentMissing} {
			r.Exec(`UPDATE blob SET state = $2 WHERE account_id = $1`, r.Acc, state)
			_, err = r.OfFile(r.Context(), r.Acc, file, 128)
			r.Fails(err, want, "a file whose content is not to be had")
			_, err = r.OfImage(r.Context(), r.Acc, img, 128)
			r.Fails(err, want, "an image whose content is not to be had")
		}
		r.Exec(`UPDATE blob SET state = $2 WHERE account_id = $1`, r.Acc, blob.Live)
		lost, _ := r.put("lost.png", plain(2, 10, 10))
		c, err := r.Drive.Content(r.Context(), r.Acc, lost)
		r.Must(err)
		r.Must(r.store.Remove(r.Context(), blob.Key{Account: int64(r.Acc), ID: c.BlobID}))
		_, err = r.OfFile(r.Context(), r.Acc, lost, 128)
		r.Fails(err, fault.ContentMissing, "content that is lost")
	})
}

// One decoder makes what many ask for.
func TestMadeOnce(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		file, img := r.put("a.png", plain(1, 300, 300))
		var g errgroup.Group
		for i := range 40 {
			g.Go(func() (err error) {
				if i%2 == 0 {
					_, err = r.OfFile(r.Context(), r.Acc, file, 128)
				} else {
					_, err = r.OfImage(r.Context(), r.Acc, img, 128)
				}
				return err
			})
		}
		r.Must(g.Wait())
		if n := r.store.opens.Load(); n != 1 {
			t.Errorf("opened %d times", n)
		}
	})
}

// Whoever goes away is not waited for: what nobody wants is not decoded, and what somebody
// still wants is.
func TestGivenUp(t *testing.T) {
	one := usual()
	one.decoders = 1
	each(t, one, func(r *rooms) {
		first, _ := r.put("a.png", plain(1, 10, 10))
		unwanted, _ := r.put("b.png", plain(2, 10, 10))
		wanted, _ := r.put("c.png", plain(3, 10, 10))
		entered, open := r.gate()
		var g errgroup.Group
		g.Go(func() error { _, err := r.OfFile(r.Context(), r.Acc, first, 128); return err })
		<-entered
		ctx, cancel := context.WithCancel(r.Context())
		var gone errgroup.Group
		for _, id := range []drive.ID{unwanted, wanted} {
			gone.Go(func() error { _, err := r.OfFile(ctx, r.Acc, id, 128); return err })
		}
		g.Go(func() error { _, err := r.OfFile(r.Context(), r.Acc, wanted, 128); return err })
		r.await(4)
		cancel()
		r.Fails(gone.Wait(), fault.Canceled, "who has gone away")
		close(open)
		r.Must(g.Wait())
		r.Close() // what still goes on has ended
		if n := r.store.opens.Load(); n != 2 {
			t.Errorf("opened %d pictures", n)
		}
	})
}

// Where too many wait, others are told at once that it is busy, those of one account before
// all; and so are those who have waited too long.
func TestBusy(t *testing.T) {
	few := limits{decoders: 1, waiting: 5, ofOne: 3, wait: time.Hour, draw: time.Hour}
	each(t, few, func(r *rooms) {
		entered, open := r.gate()
		var g errgroup.Group
		ask := func(acc account.ID, n int) {
			for i := range n {
				id := r.putOf(acc, plain(int(acc)*100+i, 10, 10))
				g.Go(func() error { _, err := r.OfFile(r.Context(), acc, id, 128); return err })
			}
		}
		ask(r.Acc, 1)
		<-entered
		ask(r.Acc, 3)
		r.await(4)
		if got := r.file(r.putOf(r.Acc, plain(7, 10, 10)), 128); got.Kind != Busy || got.Settled || got.Type != "image/svg+xml" {
			t.Errorf("a fourth of an account: %s", got.Kind)
		}
		second := r.Account("second", account.NoQuota)
		ask(second, 2)
		r.await(6)
		if got := r.Counts(); got.Waiting != 5 || got.Running != 1 {
			t.Errorf("%+v", got)
		}
		third := r.Account("third", account.NoQuota)
		if got, err := r.OfFile(r.Context(), third, r.putOf(third, plain(8, 10, 10)), 128); err != nil || got.Kind != Busy {
			t.Errorf("a sixth: %s, %v", got.Kind, err)
		}
		close(open)
		r.Must(g.Wait())
		r.store.opening.Store(nil)
		// Nothing of it is remembered.
		if got, err := r.OfFile(r.Context(), third, r.putOf(third, plain(8, 10, 10)), 128); err != nil || got.Kind != Picture {
			t.Errorf("later: %s, %v", got.Kind, err)
		}
	})
	impatient := limits{decoders: 1, waiting: 5, ofOne: 5, wait: time.Millisecond, draw: time.Hour}
	each(t, impatient, func(r *rooms) {
		entered, open := r.gate()
		var g errgroup.Group
		first := r.putOf(r.Acc, plain(1, 10, 10))
		g.Go(func() error { _, err := r.OfFile(r.Context(), r.Acc, first, 128); return err })
		<-entered
		if got := r.file(r.putOf(r.Acc, plain(2, 10, 10)), 128); got.Kind != Busy {
			t.Errorf("who has waited: %s", got.Kind)
		}
		close(open)
		r.Must(g.Wait())
	})
}

// A store that takes all the time there is for a picture is busy; the picture is not blamed.
func TestAStoreThatTakesAllTheTime(t *testing.T) {
	hasty := usual()
	hasty.draw = time.Millisecond
	each(t, hasty, func(r *rooms) {
		file, _ := r.put("a.png", plain(1, 300, 300))
		wait := func(ctx context.Context, _ blob.Key) error {
			<-ctx.Done()
			return ctx.Err()
		}
		r.store.opening.Store(&wait)
		if got := r.file(file, 128); got.Kind != Busy || got.Settled {
			t.Errorf("%s %v", got.Kind, got.Settled)
		}
		r.store.opening.Store(nil)
		r.limits.draw = time.Hour
		if got := r.file(file, 128); got.Kind != Picture || !got.Settled {
			t.Errorf("later: %s %v", got.Kind, got.Settled)
		}
	})
}

// A decoder that does not end is ended; the picture is not tried again for a while, and
// then it is.
func TestTooSlow(t *testing.T) {
	hasty := usual()
	hasty.draw = time.Millisecond
	each(t, hasty, func(r *rooms) {
		file, _ := r.put("a.png", plain(1, 300, 300))
		r.store.stuck.Store(true)
		for range 3 {
			if got := r.file(file, 128); got.Kind != TooLarge || got.Settled {
				t.Errorf("%s %v", got.Kind, got.Settled)
			}
		}
		if n := r.store.opens.Load(); n != 1 {
			t.Errorf("opened %d times", n)
		}
		if _, err := os.Stat(r.dir); err == nil {
			t.Error("it is kept")
		}
		if got := r.Counts(); got.Held != 0 || got.Running != 0 {
			t.Errorf("%+v", got)
		}
		r.store.stuck.Store(false)
		r.limits.draw = time.Hour
		r.Ahead.Add(int64(slowKept + time.Second))
		if got := r.file(file, 128); got.Kind != Picture || !got.Settled {
			t.Errorf("%s %v", got.Kind, got.Settled)
		}
	})
}

// A store that is away is told, and nothing of it is remembered.
func TestStoreAway(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		file, _ := r.put("a.png", plain(1, 300, 300))
		away := func(context.Context, blob.Key) error { return fault.New(fault.Unavailable, "test") }
		r.store.opening.Store(&away)
		_, err := r.OfFile(r.Context(), r.Acc, file, 128)
		r.Fails(err, fault.Unavailable, "a store that is away")
		r.store.opening.Store(nil)
		if got := r.file(file, 128); got.Kind != Picture {
			t.Errorf("%s", got.Kind)
		}
	})
}

// However many hostile pictures come at once, decoders stay within their memory, and each
// is told for what it is.
func TestFlood(t *testing.T) {
	within := usual()
	within.decoders, within.waiting, within.ofOne, within.wait, within.draw = 8, 1000, 1000, time.Hour, time.Hour
	samples := picturetest.All(t)
	each(t, within, func(r *rooms) {
		large := plain(1, 5000, 5000) // 100 MB each
		want := make(map[drive.ID]Kind)
		add := func(name string, content []byte, kind Kind) {
			id, _ := r.put(name, content)
			want[id] = kind
		}
		for i := range 3 {
			add(strings.Repeat("x", i)+"large.png", append(bytes.Clone(large), byte(i)), Picture)
		}
		for i, s := range samples {
			if i%3 > 0 { // there are many alike
				continue
			}
			half := s.Bytes[:len(s.Bytes)/2]
			add("cut-"+s.Name, half, "")
			add("html-"+s.Name, append([]byte("<script>alert(1)</script>"), s.Bytes...), "")
			if !s.Damaged {
				add("zip-"+s.Name, append(bytes.Clone(s.Bytes), "PK\x03\x04<html><script>"...), Picture)
			}
			add("bomb-"+s.Name+".png", append(bomb(uint32(9000+i), 9000), half...), TooLarge)
		}
		var g errgroup.Group
		for id, kind := range want {
			g.Go(func() error {
				got, err := r.OfFile(r.Context(), r.Acc, id, 320)
				if err != nil {
					return err
				}
				if kind != "" && got.Kind != kind || got.Kind == Busy {
					r.Errorf("file %d: %s, want %s", id, got.Kind, kind)
				}
				if low := bytes.ToLower(got.Bytes); bytes.Contains(low, []byte("<script")) || bytes.Contains(low, []byte("<html")) {
					r.Errorf("file %d: something else comes with it", id)
				}
				return nil
			})
		}
		r.Must(g.Wait())
		if held := r.held.Load(); held > memoryMost || held < 100<<20 {
			t.Errorf("decoders held %d bytes", held)
		}
		if got := r.Counts(); got.Held != 0 || got.Running != 0 || got.Waiting != 0 {
			t.Errorf("%+v", got)
		}
	})
}
