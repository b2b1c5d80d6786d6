package blob_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/fault"
)

// remote hides that objects are files, as those of a store elsewhere are not.
type remote struct{ blob.Store }

type remoteObject struct{ blob.Object }

func (r remote) Open(ctx context.Context, key blob.Key) (blob.Object, error) {
	o, err := r.Store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return remoteObject{o}, nil
}

// A store that is watched keeps every promise of a store.
func TestWatchedIsAStore(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		store, _ := newDisk(t)
		return blob.Watched(remote{store}, func(string, error, time.Duration) {})
	})
}

// Each operation is told once, with how it ended; a file stays a file.
func TestWatchedTells(t *testing.T) {
	disk, _ := newDisk(t)
	var mu sync.Mutex
	told := map[string]int{}
	count := func(operation string, err error, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		told[operation+" "+string(fault.CodeOf(err))]++
		if took < 0 {
			t.Errorf("%s took %v", operation, took)
		}
	}
	store := blob.Watched(disk, count)
	stage(t, store, key, "a picture")
	commit(t, store, key)
	other := key
	other.ID++
	w, err := store.Create(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write([]byte("in one go"))
	if err := errors.Join(err, w.Commit(t.Context()), w.Close()); err != nil {
		t.Fatal(err)
	}
	o, err := store.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := o.(interface{ File() *os.File }); !ok {
		t.Error("the kernel can't see that it is a file")
	}
	o.Close()
	if o, err = blob.Watched(remote{disk}, count).Open(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(o); err != nil || string(b) != "a picture" {
		t.Errorf("%q, %v", b, err)
	}
	o.Close()
	if err := store.Remove(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), key); !fault.Is(err, fault.ContentMissing) {
		t.Error(err)
	}
	if told["read "] < 1 {
		t.Errorf("told %v", told)
	}
	delete(told, "read ")
	for what, want := range map[string]int{"slice ": 1, "create ": 1, "write ": 1, "commit ": 2, "open ": 2, "remove ": 1, "open content_missing": 1} {
		if told[what] != want {
			t.Errorf("told %v, want %s %d times", told, what, want)
		}
	}
	if len(told) != 7 {
		t.Errorf("told %v", told)
	}
}

// slow gives its bytes late.
type slow struct {
	io.Reader
	by time.Duration
}

func (s slow) Read(p []byte) (int, error) {
	<-time.After(s.by)
	return s.Reader.Read(p)
}

// What a sender takes is not told as the store's time.
func TestWatchedLeavesTheSenderOut(t *testing.T) {
	disk, _ := newDisk(t)
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		store := blob.Watched(disk, func(_ string, _ error, d time.Duration) { took = d })
		body := slow{strings.NewReader("a picture"), time.Hour}
		if _, _, err := store.WriteSlice(t.Context(), blob.Slice{Key: key, No: 1, Size: 9}, body); err != nil {
			t.Fatal(err)
		}
		if took != 0 { // time stands still in here but for the sender's
			t.Errorf("the store took %v", took)
		}
	})
}
