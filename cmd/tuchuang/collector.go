package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The collector's settings, unless GOGC or GOMEMLIMIT say otherwise: the heap may grow to
// several times what lives, as long as it stays below a limit. The caches of the database
// and the program itself come on top. The limit follows what is truly in use: where that
// comes near it, by streams or by pictures that are decoded, the collector would work all
// the time.
const (
	heapGrowth = 400      // percent
	heapLimit  = 64 << 20 // bytes, stacks among them
	heapRoom   = 2        // the limit is never less than so many times what is in use
)

// tuneCollector sets them for the life of the process.
func tuneCollector() {
	if os.Getenv("GOMEMLIMIT") == "" && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
		debug.SetMemoryLimit(heapLimit)
		limitAfterCollection(0)
	}
}

// limitAfterCollection sets the limit after each collection from now on: what nobody holds
// is cleaned up by the next one.
func limitAfterCollection(int) {
	used := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(used)
	debug.SetMemoryLimit(max(heapLimit, heapRoom*int64(used[0].Value.Uint64()+used[1].Value.Uint64())))
	runtime.AddCleanup(new([64]byte), limitAfterCollection, 0)
}
