package db

import (
	"sync/atomic"
	"time"
)

// PoolStats are the figures of a pool of connections.
type PoolStats struct {
	Name   string
	Size   int
	InUse  int
	Waits  int64         // times that somebody had to wait for a connection
	Waited time.Duration // all of them together
}

// Stats are the figures of a database since it was opened.
type Stats struct {
	Pools    []PoolStats
	Writes   int64         // transactions that write and were committed
	Failed   int64         // those that were not
	Retries  int64         // times that one was tried again
	Commits  int64         // with SQLite fewer than Writes: several may share one
	Pending  int           // with SQLite, writes that wait for the one that writes
	WriteFor time.Duration // what all writes took, their waiting and retries included
}

// counts are what is counted on the way.
type counts struct {
	writes, failed, retries, commits, writeFor atomic.Int64
}

func (c *counts) wrote(began time.Time, err error) {
	c.writeFor.Add(int64(time.Since(began)))
	if err != nil {
		c.failed.Add(1)
		return
	}
	c.writes.Add(1)
}

// Stats answers the figures as they are now.
func (d *DB) Stats() Stats {
	s := Stats{
		Writes: d.counts.writes.Load(), Failed: d.counts.failed.Load(), Retries: d.counts.retries.Load(),
		Commits: d.counts.commits.Load(), Pending: len(d.jobs), WriteFor: time.Duration(d.counts.writeFor.Load()),
	}
	for _, p := range []struct {
		name string
		pool *pool
	}{{"writer", d.writer}, {"readers", d.readers}, {"workers", d.workers}} {
		s.Pools = append(s.Pools, PoolStats{
			Name: p.name, Size: p.pool.size, InUse: p.pool.size - len(p.pool.free),
			Waits: p.pool.waits.Load(), Waited: time.Duration(p.pool.waited.Load()),
		})
	}
	return s
}
