package main

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"
)

// Where more is in use than the limit was made for, the collector is given room, and
// loses it when that has gone.
func TestTuneCollector(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	percent := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	tuneCollector()
	limit := func() int64 { return debug.SetMemoryLimit(-1) }
	collectUntil := func(what string, so func() bool) {
		for n := 0; !so(); n++ {
			if n == 1000 {
				t.Fatalf("%s: the limit is %d", what, limit())
			}
			runtime.GC()
		}
	}
	held := bytes.Repeat([]byte("held"), heapLimit/4)
	collectUntil("much is in use", func() bool { return limit() >= heapRoom*int64(len(held)) })
	runtime.KeepAlive(held)
	held = nil
	collectUntil("little is in use", func() bool { return limit() < heapRoom*heapLimit })
}
