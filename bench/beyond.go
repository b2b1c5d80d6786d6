package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	planLimit    = 20 * time.Millisecond
	undoLimit    = 60 * time.Millisecond
	listeners    = 1000
	listenReach  = 1.2
	eventsOfTask = "/api/v1/oss/source/copy/events"
)

// beyond measures what the documentation of the API does not have: the plan of the task
// that copies measures, its undoing, and the same task with very many who listen.
func (b *bench) beyond(ctx context.Context) (err error) {
	s, err := b.start(ctx, "beyond", 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	f, err := openFloor(ctx, b.path("floor beyond"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	c, err := s.signIn(s.Writer)
	if err != nil {
		return err
	}
	defer c.hangUp()
	var undo time.Duration
	ways := []*way{
		{run: func(int) (time.Duration, error) { return f.task(ctx) }},
		{run: func(int) (time.Duration, error) {
			began := time.Now()
			err := c.ask("/api/v1/oss/source/copy/plan", map[string]any{"fileIDs": []string{fmt.Sprint(s.Album)}, "toParentFileID": "", "limit": 100}, nil)
			return time.Since(began), err
		}},
		{run: func(n int) (took time.Duration, err error) {
			took, undo, err = c.copyAndUndo(s.Album, n)
			return took, err
		}},
		{run: func(int) (time.Duration, error) { return undo, nil }},
	}
	if err := inTurn(b.runs, ways); err != nil {
		return err
	}
	floor := ways[0].median()
	b.table.within("plan of 1000 pictures", ways[1].median(), "bare statements of the task", floor, planLimit)
	b.table.within("undo of a task of 1000 pictures", ways[3].median(), "bare statements of the task", floor, undoLimit)
	done, err := b.profiled(ctx, s, "beyond")
	if err != nil {
		return err
	}
	return errors.Join(b.listened(ctx, s, c), done())
}

// copyAndUndo times the copy of the album and the undoing of it.
func (c *conn) copyAndUndo(album int64, n int) (copied, undone time.Duration, err error) {
	id, copied, err := c.albumTask(album, n)
	if err != nil {
		return 0, 0, err
	}
	var out struct{ Removed int }
	began := time.Now()
	err = c.ask("/api/v1/oss/source/copy/undo", map[string]any{"taskID": id}, &out)
	undone = time.Since(began)
	if err == nil && out.Removed != albumPictures {
		err = fmt.Errorf("%d images were removed", out.Removed)
	}
	return copied, undone, err
}

// listened measures the task alone and with those who listen to the account's events, in
// turn. They are told what has become of each task: every one of them reads its end.
func (b *bench) listened(ctx context.Context, s *server, c *conn) error {
	alone := &way{run: func(n int) (time.Duration, error) {
		if err := rest(ctx); err != nil {
			return 0, err
		}
		return c.copyAlbum(s.Album, n)
	}}
	beside := &way{run: func(n int) (time.Duration, error) {
		crowd, err := s.crowd(ctx, c.token)
		if err != nil {
			return 0, err
		}
		took, err := c.copyAlbum(s.Album, n)
		return took, errors.Join(err, crowd())
	}}
	if err := inTurn(b.runs, []*way{alone, beside}); err != nil {
		return err
	}
	b.table.slower(fmt.Sprintf("the task while %d clients listen to its events", listeners), beside.median(), "alone", alone.median(), listenReach)
	return nil
}

// restFor is how long all is left alone before the task: what a thousand new connections
// cost is not what is measured, nor that a server wakes from having nothing to do.
const restFor = 2 * time.Second

func rest(ctx context.Context) error {
	select {
	case <-time.After(restFor):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crowd makes many listen to all tasks of the account. What it answers waits until each
// was told of a task that has ended, and hangs up.
func (s *server) crowd(ctx context.Context, token string) (end func() error, err error) {
	var all []net.Conn
	hangUp := func() {
		for _, c := range all {
			_ = c.Close() // all was read that is wanted
		}
	}
	told := make(chan error, listeners)
	var ready sync.WaitGroup
	for range listeners {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
		if err == nil {
			_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nPlatform: open_platform\r\n\r\n", eventsOfTask, token)
		}
		if err != nil {
			hangUp()
			return nil, err
		}
		all = append(all, c)
		ready.Add(1)
		go func() {
			once := sync.OnceFunc(ready.Done)
			defer once()
			lines := bufio.NewScanner(c)
			for lines.Scan() {
				once() // the stream has begun
				if strings.Contains(lines.Text(), `"status":2`) {
					told <- nil
					return
				}
			}
			told <- errors.Join(errors.New("a stream ended before its task"), lines.Err())
		}()
	}
	ready.Wait()
	if err := rest(ctx); err != nil {
		hangUp()
		return nil, err
	}
	return func() error {
		defer hangUp()
		var errs []error
		for range listeners {
			errs = append(errs, <-told)
		}
		return errors.Join(errs...)
	}, nil
}
