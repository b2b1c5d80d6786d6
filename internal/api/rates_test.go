package api

import (
	"strconv"
	"testing"
	"time"
)

// So many in a second, and then one as often as the rate says; each asker and each path
// by itself.
func TestRates(t *testing.T) {
	var r rates
	now := time.Unix(1e9, 0)
	me, limit := asker{account: 1, path: "/a"}, perSecond(5)
	for range 5 {
		if wait := r.take(now, me, limit); wait != 0 {
			t.Fatalf("wait %s", wait)
		}
	}
	if wait := r.take(now, me, limit); wait != 200*time.Millisecond {
		t.Errorf("wait %s", wait)
	}
	for _, other := range []asker{{account: 2, path: "/a"}, {account: 1, path: "/b"}, {address: "1", path: "/a"}} {
		if wait := r.take(now, other, limit); wait != 0 {
			t.Errorf("%+v waits %s", other, wait)
		}
	}
	now = now.Add(200 * time.Millisecond)
	if r.take(now, me, limit) != 0 || r.take(now, me, limit) == 0 {
		t.Error("a fifth of a second is not one")
	}
	now = now.Add(-time.Hour) // a clock that is set back gives nothing and takes nothing
	if r.take(now, me, limit) == 0 {
		t.Error("a clock that was set back gives one")
	}
	now = now.Add(3 * time.Hour)
	for range 5 { // no more than those of a second add up
		if wait := r.take(now, me, limit); wait != 0 {
			t.Fatalf("wait %s", wait)
		}
	}
	if r.take(now, me, limit) == 0 {
		t.Error("an hour is more than a second")
	}
	slow := rate{100.0 / 60, 100}
	for n := range 101 {
		if wait := r.take(now, asker{path: "/c"}, slow); (wait == 0) != (n < 100) {
			t.Fatalf("%d: wait %s", n, wait)
		}
	}
	if r.take(now.Add(600*time.Millisecond), asker{path: "/c"}, slow) != 0 {
		t.Error("100 a minute are one in 600 ms")
	}
}

// However many ask, so many are counted at most, and who has nothing left is not
// forgotten for those who have.
func TestRatesAreBounded(t *testing.T) {
	var r rates
	now := time.Unix(1e9, 0)
	limit := perSecond(1)
	for n := range maxBuckets + 10 {
		if n == maxBuckets-1 {
			r.take(now.Add(time.Second), asker{address: "busy"}, limit)
			now = now.Add(time.Second)
		}
		r.take(now, asker{address: strconv.Itoa(n)}, limit)
		if len(r.m) > maxBuckets {
			t.Fatalf("%d are kept", len(r.m))
		}
	}
	if len(r.m) > 20 || r.take(now, asker{address: "busy"}, limit) == 0 {
		t.Errorf("%d are kept, or who is busy was forgotten", len(r.m))
	}
}

// The table names paths that there are.
func TestDocumentedRates(t *testing.T) {
	paths := make(map[string]bool)
	for _, e := range Endpoints() {
		paths[e.Path] = true
	}
	for path, r := range documentedRates {
		if !paths[path] || r.often <= 0 || r.most < 1 {
			t.Errorf("%s: %+v", path, r)
		}
	}
	for path, want := range map[string]float64{"/api/v1/oss/file/list": 10, "/upload/v1/oss/file/create": 10, "/api/v1/oss/source/copy": 1, "/api/v1/oss/source/copy/process": 10} {
		if r, ok := documentedRate(path); !ok || r.often != want {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if r, ok := documentedRate("/upload/v2/file/slice"); ok {
		t.Errorf("slices: %+v", r)
	}
}
