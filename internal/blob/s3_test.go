package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/fault"
)

func TestS3(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return blobtest.S3(t).Open(t) })
}

// The same below a prefix, and beside objects that are others'.
func TestS3BelowAPrefix(t *testing.T) {
	s := blobtest.S3(t)
	outside := s.Open(t)
	put(t, outside, blob.Key{Account: 1, ID: 2}, "above")
	put(t, outside, blob.Key{Account: 1, ID: 3}, "above")
	s.Options.Prefix = "1/"
	foreign := s.Open(t)
	put(t, foreign, blob.Key{Account: 9, ID: 9}, "1/9/9")
	s.Options.Prefix = "pictures/of/"
	store := s.Open(t)
	put(t, store, key, "below")
	if err := store.Remove(t.Context(), blob.Key{Account: 1, ID: 2}); err != nil {
		t.Fatal(err)
	}
	wantText(t, outside, blob.Key{Account: 1, ID: 2}, "above")
	listed := func(store blob.Store) (keys []blob.Key) {
		t.Helper()
		if err := store.List(t.Context(), func(e blob.Entry) error {
			keys = append(keys, e.Key)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return keys
	}
	if keys := listed(store); len(keys) != 1 || keys[0] != key {
		t.Errorf("below the prefix are %v", keys)
	}
	if keys := listed(outside); len(keys) != 2 { // not 1/9/9, not pictures/of/3/5000
		t.Errorf("without a prefix there are %v", keys)
	}
}

func put(t *testing.T, store blob.Store, key blob.Key, text string) {
	t.Helper()
	w, err := store.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Commit(t.Context()), w.Close()); err != nil {
		t.Fatal(err)
	}
}

func sendSlice(t *testing.T, store blob.Store, ref, text string) (blob.Part, error) {
	t.Helper()
	part, _, err := store.WriteSlice(t.Context(), blob.Slice{Key: key, Ref: ref, No: 1, Size: int64(len(text))}, strings.NewReader(text))
	return part, err
}

// Two processes write one slice: Commit takes none but what it was told of, and says
// which has to come again.
func TestS3PartReplacedByAnother(t *testing.T) {
	s := blobtest.S3(t)
	one, two := s.Open(t), s.Open(t)
	ref, err := one.Begin(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	first, err := sendSlice(t, one, ref, "first")
	if err != nil {
		t.Fatal(err)
	}
	second, err := sendSlice(t, two, ref, "other")
	if err != nil {
		t.Fatal(err)
	}
	err = one.Commit(t.Context(), key, ref, []blob.Part{first})
	if args := fault.ArgsOf(err); !fault.Is(err, fault.SliceMissing) || len(args) != 1 || args[0] != int64(1) {
		t.Fatalf("Commit of a part that was replaced: %v", err)
	}
	if _, err := one.Open(t.Context(), key); !fault.Is(err, fault.ContentMissing) {
		t.Errorf("Open: %v", err)
	}
	commitParts(t, one, ref, second)
	wantText(t, two, key, "other")
	if _, err := sendSlice(t, two, ref, "late"); !fault.Is(err, fault.Exists) {
		t.Errorf("a slice after the end: %v", err)
	}
	if err := two.Remove(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := sendSlice(t, one, ref, "later"); !fault.Is(err, fault.UploadNotFound) {
		t.Errorf("a slice of what was removed: %v", err)
	}
}

func commitParts(t *testing.T, store blob.Store, ref string, parts ...blob.Part) {
	t.Helper()
	if err := store.Commit(t.Context(), key, ref, parts); err != nil {
		t.Fatal(err)
	}
}

// What can't be used is said at the start.
func TestNewS3Refuses(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_ACCESS_KEY", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	for why, change := range map[fault.Why]func(o *blob.S3Options){
		fault.NoBucket:    func(o *blob.S3Options) { o.Bucket += "x" },
		fault.NoStoreKeys: func(o *blob.S3Options) { o.KeyID = "" },
		"secret":          func(o *blob.S3Options) { o.Secret = "wrong" },
		"bucket":          func(o *blob.S3Options) { o.Bucket = "A B" },
		"endpoint":        func(o *blob.S3Options) { o.Endpoint, o.Tries = "127.0.0.1:1", 1 },
	} {
		o := blobtest.S3(t).Options
		change(&o)
		want := why
		if why != fault.NoBucket && why != fault.NoStoreKeys {
			want = fault.StoreUnusable
		}
		_, err := blob.NewS3(t.Context(), o)
		if args := fault.ArgsOf(err); !fault.Is(err, fault.BadConfig) || args[0] != want {
			t.Errorf("%s: %v", why, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := blob.NewS3(ctx, blobtest.S3(t).Options); !fault.Is(err, fault.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// Keys come from the environment, or from the file that AWS's own tools read.
func TestS3Keys(t *testing.T) {
	s := blobtest.S3(t)
	given := s.Options
	s.Options.KeyID, s.Options.Secret = "", ""
	t.Setenv("AWS_ACCESS_KEY_ID", given.KeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", given.Secret)
	put(t, s.Open(t), key, "by the environment")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	file := filepath.Join(t.TempDir(), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	text := "[default]\naws_access_key_id = " + given.KeyID + "\naws_secret_access_key = " + given.Secret + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	wantText(t, s.Open(t), key, "by the environment")
}

// By a link anybody reads what it was made for, by the method it was made for, and is
// told what it was made to say.
func TestS3Link(t *testing.T) {
	server := blobtest.S3(t)
	store := blob.Watched(server.Open(t), func(string, error, time.Duration) {}).(blob.Linker)
	put(t, server.Open(t), key, "<script>")
	says := blob.Headers{ContentType: "image/png", Disposition: "inline", CacheControl: "public, max-age=60"}
	ask := func(method, link, span string) (status int, h http.Header, text string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, link, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if span != "" {
			r.Header.Set("Range", span)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Header, string(all)
	}
	for method, want := range map[string]string{http.MethodGet: "<script>", http.MethodHead: ""} {
		link, err := store.Link(t.Context(), method, key, says, time.Minute)
		if err != nil || link.Size != 8 {
			t.Fatalf("%+v %v", link, err)
		}
		status, h, text := ask(method, link.URL, "")
		if status != http.StatusOK || text != want || h.Get("Content-Type") != "image/png" || h.Get("Content-Disposition") != "inline" ||
			h.Get("Cache-Control") != "public, max-age=60" || h.Get("Content-Length") != "8" {
			t.Errorf("%s: %d %q %v", method, status, text, h)
		}
		if method == http.MethodGet {
			if status, _, text := ask(method, link.URL, "bytes=1-3"); status != http.StatusPartialContent || text != "scr" {
				t.Errorf("a part: %d %q", status, text)
			}
		}
		status, _, text = ask(method, strings.Replace(link.URL, "image%2Fpng", "text%2Fhtml", 1), "")
		if status != http.StatusForbidden || strings.Contains(text, "<script>") {
			t.Errorf("a link that was changed: %d %q", status, text)
		}
	}
	if link, err := store.Link(t.Context(), http.MethodGet, blob.Key{Account: 9, ID: 9}, says, time.Minute); !fault.Is(err, fault.ContentMissing) {
		t.Errorf("to nothing: %+v %v", link, err)
	}
	server.Options.Tries = 2
	impatient := server.Open(t)
	server.Fail(func(*http.Request) blobtest.Fault { return blobtest.Fault{Status: 503} })
	if link, err := impatient.Link(t.Context(), http.MethodGet, key, says, time.Minute); !fault.Is(err, fault.Unavailable) {
		t.Errorf("where the store refuses: %+v %v", link, err)
	}
}

// Links may begin with another name than the one by which this machine reaches the
// store.
func TestS3LinkByAnotherName(t *testing.T) {
	server := blobtest.S3(t)
	put(t, server.Open(t), key, "a picture")
	server.Options.Public, server.Options.PublicInsecure = strings.Replace(server.Options.Endpoint, "127.0.0.1", "localhost", 1), true
	for _, region := range []string{server.Options.Region, ""} {
		server.Options.Region = region
		link, err := server.Open(t).Link(t.Context(), http.MethodGet, key, blob.Headers{}, time.Minute)
		if err != nil || !strings.HasPrefix(link.URL, "http://localhost:") {
			t.Fatalf("%+v %v", link, err)
		}
		if origin, err := server.Open(t).Origin(t.Context()); err != nil || !strings.HasPrefix(link.URL, origin+"/") || strings.Count(origin, "/") != 2 {
			t.Errorf("links like %s lead to %q, %v", link.URL, origin, err)
		}
		answer, err := http.Get(link.URL)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(answer.Body)
		if err := errors.Join(err, answer.Body.Close()); err != nil || string(all) != "a picture" {
			t.Errorf("%d %q %v", answer.StatusCode, all, err)
		}
	}
}

// A store that says nothing keeps nobody waiting for longer than content may take to be
// open, and reading, which has begun, ends with Close.
func TestS3OpenEnds(t *testing.T) {
	server := blobtest.S3(t)
	patient := server.Open(t)
	server.Options.Opening = 200 * time.Millisecond
	store := server.Open(t)
	large := strings.Repeat("a picture", 100_000)
	put(t, patient, key, large)
	hang := func(*http.Request) blobtest.Fault { return blobtest.Fault{Hang: true} }
	server.Fail(hang)
	if _, err := store.Open(t.Context(), key); !fault.Is(err, fault.Unavailable) {
		t.Errorf("open: %v", err)
	}
	if _, err := store.Link(t.Context(), http.MethodGet, key, blob.Headers{}, time.Minute); !fault.Is(err, fault.Unavailable) {
		t.Errorf("link: %v", err)
	}
	server.Fail(nil)
	o, err := patient.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 16)
	server.Fail(func(*http.Request) blobtest.Fault {
		asked <- struct{}{}
		return blobtest.Fault{Hang: true}
	})
	read := make(chan error)
	go func() {
		_, err := io.Copy(io.Discard, o)
		read <- err
	}()
	<-asked
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; err == nil {
		t.Error("all of it was read")
	}
}

// failing is a bucket whose store is soon tired of trying.
func failing(t *testing.T) (*blobtest.S3Server, *blob.S3) {
	t.Helper()
	s := blobtest.S3(t)
	s.Options.Stall, s.Options.Tries = 300*time.Millisecond, 3
	return s, s.Open(t)
}

// faults are all ways to fail.
var faults = map[string]blobtest.Fault{
	"500": {Status: 500}, "503": {Status: 503}, "hangs": {Hang: true}, "answer lost": {Deaf: true}, "cut": {Cut: -1},
}

// A store that fails for a while is asked again, and nothing is wrong in the end.
func TestS3FailsForAWhile(t *testing.T) {
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			s, store := failing(t)
			var calls atomic.Int64
			s.Fail(func(*http.Request) blobtest.Fault {
				if calls.Add(1)%3 == 0 { // every third request is let through
					return blobtest.Fault{}
				}
				return f
			})
			want := string(bytes.Repeat([]byte("0123456789"), 50_000))
			if f.Cut == 0 { // an answer that is cut is none to a writer
				put(t, store, key, want)
			} else {
				s.Fail(nil)
				put(t, store, key, want)
				s.Fail(func(*http.Request) blobtest.Fault {
					if calls.Add(1)%3 == 0 {
						return blobtest.Fault{}
					}
					return blobtest.Fault{Cut: 70_000}
				})
			}
			wantText(t, store, key, want)
			if calls.Load() < 3 {
				t.Error("nothing has failed")
			}
		})
	}
}

// A store that goes on failing is said to be unavailable: nothing is taken for done
// that is not, and nothing is read that is not whole.
func TestS3FailsForGood(t *testing.T) {
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			s, store := failing(t)
			want := string(bytes.Repeat([]byte("0123456789"), 50_000))
			put(t, store, key, want)
			other := blob.Key{Account: 1, ID: 1}
			ref, err := store.Begin(t.Context(), other)
			if err != nil {
				t.Fatal(err)
			}
			half, err := store.Open(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			s.Fail(func(*http.Request) blobtest.Fault { return f })
			if got, err := io.ReadAll(half); !fault.Is(err, fault.Unavailable) || !strings.HasPrefix(want, string(got)) {
				t.Errorf("reading on: %d bytes, %v", len(got), err)
			}
			if _, err := half.ReadAt(make([]byte, 10), 400_000); !fault.Is(err, fault.Unavailable) {
				t.Errorf("ReadAt: %v", err)
			}
			if err := half.Close(); err != nil {
				t.Error(err)
			}
			_, err = store.Open(t.Context(), key)
			unavailable(t, "Open", err)
			unavailable(t, "List", store.List(t.Context(), func(blob.Entry) error { return nil }))
			if name != "cut" { // what answers a writer stands in the head
				w, err := store.Create(t.Context(), blob.Key{Account: 1, ID: 2})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(w, want); err != nil {
					t.Fatal(err)
				}
				unavailable(t, "Commit of a Writer", w.Commit(t.Context()))
				if err := w.Close(); err != nil {
					t.Error(err)
				}
				_, _, err = store.WriteSlice(t.Context(), blob.Slice{Key: other, Ref: ref, No: 1, Size: 1}, strings.NewReader("x"))
				unavailable(t, "WriteSlice", err)
			}
			_, err = store.Begin(t.Context(), other)
			unavailable(t, "Begin", err)
			unavailable(t, "Remove", store.Remove(t.Context(), key))
			s.Fail(nil)
			wantText(t, store, key, want)
		})
	}
}

func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("%s: %v", what, err)
	}
}

// The answer to a completion is lost: asked again, it is done.
func TestS3CommitWhoseAnswerIsLost(t *testing.T) {
	s, store := failing(t)
	ref, err := store.Begin(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	part, err := sendSlice(t, store, ref, "whole")
	if err != nil {
		t.Fatal(err)
	}
	var lost atomic.Bool
	s.Fail(func(r *http.Request) blobtest.Fault {
		return blobtest.Fault{Deaf: r.Method == http.MethodPost && !lost.Swap(true)}
	})
	commitParts(t, store, ref, part)
	if !lost.Load() {
		t.Error("nothing was lost")
	}
	wantText(t, store, key, "whole")
}

// Content that is another by now is not read on.
func TestS3ContentThatChangesWhileItIsRead(t *testing.T) {
	s, store := failing(t)
	put(t, store, key, strings.Repeat("old", 200_000))
	o, err := store.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	put(t, store, key, strings.Repeat("new", 200_000))
	if _, err := io.ReadAll(o); !fault.Is(err, fault.ContentMissing) {
		t.Errorf("read on: %v", err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(s.Options.Spool); err != nil || len(left) > 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
}
