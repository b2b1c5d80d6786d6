package imagebed

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

type accountID = account.ID

func TestCacheForgetsWhatChanges(t *testing.T) {
	each(t, func(r *room) {
		built := 0
		c := NewCache(r.Bed, 1000, func(_ context.Context, f Facts) (string, error) {
			built++
			return f.Etag, nil
		})
		get := func(id ID, want string, builds int) {
			t.Helper()
			before := built
			got, err := c.Get(r.ctx, id)
			r.must(err)
			if got != want || built-before != builds {
				t.Errorf("%q was built %d times, want %q and %d", got, built-before, want, builds)
			}
		}
		folder := r.mkdir("", "folder")
		a, b := r.image(folder, "a.png", 1), r.image("", "b.png", 2)
		get(a, etag(1), 1)
		get(a, etag(1), 0)
		get(b, etag(2), 1)

		over := r.incoming(folder, "a.png", 3)
		over.Overwrite = true
		r.place(over)
		get(a, etag(3), 1)
		get(b, etag(2), 0)
		r.must(r.Move(r.ctx, r.acc, []ID{a}, ""))
		get(a, etag(3), 1)
		r.image("", "renamed.png", 2)
		get(b, etag(2), 1)
		r.write(func(tx *db.Tx) error { return r.MoveContent(r.ctx, tx, r.acc, 100, 101) })
		get(b, etag(2), 1)
		get(a, etag(3), 1)
		// What is rolled back changes nothing.
		if err := r.Move(r.ctx, r.acc, []ID{a, folder}, folder); !fault.Is(err, fault.IntoItself) {
			t.Fatal(err)
		}
		get(a, etag(3), 0)

		r.must(r.Move(r.ctx, r.acc, []ID{a}, folder))
		get(a, etag(3), 1)
		r.delete([]ID{folder})
		r.delete([]ID{b})
		for _, id := range []ID{a, b} {
			if _, err := c.Get(r.ctx, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("a deleted image: %v", err)
			}
		}
	})
}

// A value whose facts were read before a change is handed out and not kept.
func TestCacheKeepsNoLateFill(t *testing.T) {
	each(t, func(r *room) {
		id := r.image("", "a.png", 1)
		change := func() {
			over := r.incoming(r.root(), "a.png", 2)
			over.Overwrite = true
			r.place(over)
		}
		c := NewCache(r.Bed, 1000, func(_ context.Context, f Facts) (string, error) {
			change()
			change = func() {}
			return f.Etag, nil
		})
		if got, err := c.Get(r.ctx, id); err != nil || got != etag(1) {
			t.Errorf("%q %v", got, err)
		}
		if got, err := c.Get(r.ctx, id); err != nil || got != etag(2) {
			t.Errorf("after the change: %q %v", got, err)
		}
	})
}

func TestCacheKeepsNoErrorAndNoMoreThanItMay(t *testing.T) {
	each(t, func(r *room) {
		fails := errors.New("this time")
		next := fails
		c := NewCache(r.Bed, 10, func(_ context.Context, f Facts) (string, error) { return f.Etag, next })
		id := r.image("", "a.png", 1)
		if _, err := c.Get(r.ctx, id); !errors.Is(err, fails) {
			t.Fatal(err)
		}
		next = nil
		if got, err := c.Get(r.ctx, id); err != nil || got != etag(1) {
			t.Errorf("%q %v", got, err)
		}
		in := make([]Incoming, 300)
		for n := range in {
			in[n] = r.incoming(r.root(), "x.png", n+2)
		}
		for _, p := range r.place(in...) {
			_, err := c.Get(r.ctx, p.ID)
			r.must(err)
		}
		for i := range c.shard {
			if n := len(c.shard[i].m); n > 1 {
				t.Errorf("a part for one image keeps %d", n)
			}
		}
	})
}

// What another process writes is seen: a change of an image, of many at once, and of
// the account.
func TestCacheForgetsWhatAnotherProcessWrites(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			place, ahead := dbtest.Place(t, e), new(time.Duration)
			r := (&room{T: t, Bed: New(dbtest.Again(t, place, nil)), ctx: t.Context(), ahead: ahead}).account("writer", account.NoQuota)
			accounts, err := account.Open(t.Context(), dbtest.Again(t, place, nil))
			r.must(err)
			forgotten := make(chan struct{}, 1)
			note := func() {
				select {
				case forgotten <- struct{}{}:
				default:
				}
			}
			c := NewCache(r.Bed, 100_000, func(_ context.Context, f Facts) (Facts, error) { return f, nil })
			r.drops.add(listener(note)) // called after the cache
			there := *r
			there.Bed = New(dbtest.Again(t, place, nil))

			in := make([]Incoming, 600)
			for n := range in {
				in[n] = r.incoming(r.root(), fmt.Sprintf("%d.png", n), n)
			}
			ids := make([]ID, len(in))
			for n, p := range r.place(in...) {
				ids[n] = p.ID
			}
			ends := func(what string, change func(), seen func(Facts) bool) {
				t.Helper()
				for _, id := range ids {
					_, err := c.Get(r.ctx, id)
					r.must(err)
				}
				change()
				for _, id := range ids {
					for {
						f, err := c.Get(r.ctx, id)
						r.must(err)
						if seen(f) {
							break
						}
						select {
						case <-forgotten:
						case <-t.Context().Done():
							t.Fatalf("%s is not seen", what)
						}
					}
				}
			}
			ends("that many show another content", func() {
				for n := range in {
					in[n].Etag, in[n].Overwrite = etag(9999), true
				}
				there.place(in...)
			}, func(f Facts) bool { return f.Etag == etag(9999) })
			for _, state := range []account.State{account.Unpublished, account.Enabled} {
				ends("that links end and are back", func() {
					_, err := accounts.SetState(r.ctx, "writer", state)
					r.must(err)
				}, func(f Facts) bool { return f.Published == (state == account.Enabled) })
			}
		})
	}
}

// listener is called when something is to be forgotten.
type listener func()

func (l listener) forget(ID)  { l() }
func (l listener) forgetAll() { l() }
