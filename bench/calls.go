package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	clients     = 16
	callLimit   = 10 * time.Millisecond
	besideLimit = 60 * time.Millisecond
)

// calls measures how long the small calls take among many rows.
func (b *bench) calls(ctx context.Context, s *server) error {
	asking := func(path string, fields func() map[string]any) func(*conn) error {
		return func(c *conn) error { return c.ask(path, fields(), nil) }
	}
	any1 := func() int { return rand.IntN(max(1, b.rows)) }      //nolint:gosec // any row
	folder := func() int { return rand.IntN(max(1, s.Folders)) } //nolint:gosec // any folder
	driveAt, bedAt := func() any { return driveFolder(folder()) }, func() any { return s.bedFolder(folder()) }
	if s.Folders == 0 {
		driveAt, bedAt = func() any { return s.Album }, func() any { return "" }
	}
	searching := func(text func() string) func(*conn) error {
		return asking("/api/v2/file/list", func() map[string]any {
			return map[string]any{"parentFileId": 0, "limit": 100, "searchData": text(), "searchMode": 0}
		})
	}
	each := max(50, 250*b.runs/7)
	idle, err := b.sample(s, each, func(c *conn) error { return c.get("/healthz") })
	if err != nil {
		return err
	}
	for _, call := range []struct {
		what string
		do   func(*conn) error
		bare string // what it reads, by a folder's id
		of   func() any
		free bool // of a limit
	}{
		{what: "process", do: asking("/api/v1/oss/source/copy/process", func() map[string]any { return map[string]any{"taskID": s.Failed} })},
		{what: "fail, 100 of 1000", do: asking("/api/v1/oss/source/copy/fail", func() map[string]any {
			return map[string]any{"taskID": s.Failed, "limit": 100, "page": 1 + rand.IntN(10)} //nolint:gosec // any page
		})},
		{what: "detail of a drive file", do: asking("/api/v1/file/detail", func() map[string]any { return map[string]any{"fileID": driveFile(s.one(any1()))} })},
		{what: "detail of an image", do: func(c *conn) error {
			if s.Folders == 0 {
				return nil
			}
			return c.ask("/api/v1/oss/file/detail", map[string]any{"fileID": s.bedImage(any1())}, nil)
		}},
		{what: "list of 100 drive files", do: asking("/api/v2/file/list", func() map[string]any { return map[string]any{"parentFileId": driveAt(), "limit": 100} }), bare: bareDriveList, of: driveAt},
		{what: "search, a word that all names have", do: searching(func() string { return "JPG" }), free: true},
		{what: "search, two characters that one name in a thousand has", do: searching(func() string { return "旅行" }), free: true},
		{what: "search, a number that one name has", do: searching(func() string { return fmt.Sprintf(" %07d.", 1+any1()) }), free: true},
		{what: "search, a word that no name has", do: searching(func() string { return "cat" }), free: true},
		{what: "list of 100 images", do: asking("/api/v1/oss/file/list", func() map[string]any { return map[string]any{"parentFileId": bedAt(), "limit": 100, "type": 1} }), bare: bareBedList, of: bedAt},
	} {
		samples, err := b.sample(s, each, call.do)
		if err != nil {
			return fmt.Errorf("%s: %w", call.what, err)
		}
		beside, floor := "/healthz", idle
		if call.bare != "" && s.Folders > 0 {
			beside = "bare statement"
			if floor, err = b.readAtOnce(ctx, s.world, each, call.bare, call.of); err != nil {
				return fmt.Errorf("%s: %w", call.what, err)
			}
		}
		what := fmt.Sprintf("%s, p99 of %d clients", call.what, clients)
		if call.free {
			b.table.beside(what, p99(samples), beside, p99(floor))
		} else {
			b.table.within(what, p99(samples), beside, p99(floor), callLimit)
		}
	}
	bare, err := b.commitAtOnce(ctx, len(s.Others), each/4)
	if err != nil {
		return err
	}
	samples, err := s.createAtOnce(each / 4)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	b.table.within(fmt.Sprintf("create, p99 of %d accounts, tasks of one picture", len(s.Others)), p99(samples), "bare commits", p99(bare), callLimit)
	if samples, err = s.createBeside(ctx, b.runs*10); err != nil {
		return fmt.Errorf("create beside: %w", err)
	}
	b.table.within("create beside a running task of 1000 pictures, p99", p99(samples), "bare commits", p99(bare), besideLimit)
	return nil
}

// one keeps a number of a row inside what there is.
func (s *server) one(n int) int {
	if s.Folders == 0 {
		return int(pictureID-filesID) + n%albumPictures + 1 // a picture of the album
	}
	return n
}

func p99(samples []time.Duration) time.Duration { return quantile(samples, 0.99) }

// sample has many clients of the large account make a call each, again and again.
func (b *bench) sample(s *server, each int, do func(*conn) error) ([]time.Duration, error) {
	return together(clients, func(int) (samples []time.Duration, err error) {
		c, err := s.signIn(s.Writer)
		if err != nil {
			return nil, err
		}
		defer c.hangUp()
		for n := range each + each/10 {
			began := time.Now()
			if err := do(c); err != nil {
				return nil, err
			}
			if n >= each/10 {
				samples = append(samples, time.Since(began))
			}
		}
		return samples, nil
	})
}

// commitAtOnce has as many as there are accounts commit a row each, as often and
// with such rests as createAtOnce creates tasks.
func (b *bench) commitAtOnce(ctx context.Context, accounts, each int) (samples []time.Duration, err error) {
	loop, err := newBareLoop(ctx, b.path("commits"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, loop.db.Close()) }()
	return together(accounts, func(who int) (samples []time.Duration, err error) {
		rest := time.NewTicker(resting)
		defer rest.Stop()
		for n := range each {
			began := time.Now()
			if _, err := loop.db.ExecContext(ctx, insertFile, fmt.Sprint(who, n), "", "", "", 0); err != nil {
				return nil, err
			}
			samples = append(samples, time.Since(began))
			<-rest.C
		}
		return samples, nil
	})
}

// createAtOnce has every other account create tasks of one picture, each after the
// one before is done.
func (s *server) createAtOnce(each int) ([]time.Duration, error) {
	return together(len(s.Others), func(n int) (samples []time.Duration, err error) {
		c, err := s.signIn(s.Others[n])
		if err != nil {
			return nil, err
		}
		defer c.hangUp()
		for range each {
			took, err := c.createOne(s.Others[n].Picture)
			if err != nil {
				return nil, err
			}
			samples = append(samples, took)
		}
		return samples, nil
	})
}

// resting is how long an account waits between two questions about its task: the
// questions of sixteen who ask all the time would be what is measured.
const resting = 20 * time.Millisecond

// createOne times the creation alone, and waits for the task.
func (c *conn) createOne(picture int64) (took time.Duration, err error) {
	began := time.Now()
	id, err := c.createTask(picture, "")
	took = time.Since(began)
	if err == nil {
		_, err = c.await(id, resting)
	}
	return took, err
}

// createBeside has another account create tasks while so many of 1000 pictures run.
func (s *server) createBeside(ctx context.Context, tasks int) (samples []time.Duration, err error) {
	other, err := s.signIn(s.Others[0])
	if err != nil {
		return nil, err
	}
	defer other.hangUp()
	writer, err := s.signIn(s.Writer)
	if err != nil {
		return nil, err
	}
	defer writer.hangUp()
	running, done := context.WithCancel(ctx)
	var all sync.WaitGroup
	var failed error
	all.Go(func() {
		defer done()
		for n := range tasks {
			if _, failed = writer.copyAlbum(s.Album, n); failed != nil {
				return
			}
		}
	})
	for running.Err() == nil && err == nil {
		var took time.Duration
		took, err = other.createOne(s.Others[0].Picture)
		samples = append(samples, took)
	}
	all.Wait()
	if failed != nil {
		err = failed
	}
	return samples, err
}

// together runs fn so many times at once and puts together what they answer.
func together[T any](n int, fn func(n int) ([]T, error)) (all []T, err error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		wg.Go(func() {
			part, e := fn(i)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, part...)
			if err == nil {
				err = e
			}
		})
	}
	wg.Wait()
	return all, err
}
