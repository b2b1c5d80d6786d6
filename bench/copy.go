package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// copies measures the main job: 1000 pictures in 15 levels from the drive into a
// new folder of the bed, seen by a client that polls, beside the bare statements
// of such a task and beside programs that copy files.
func (b *bench) copies(ctx context.Context, large *server) (err error) {
	small, err := b.start(ctx, "small", 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, small.stop()) }()
	f, err := openFloor(ctx, b.path("floor"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	one, err := small.signIn(small.Writer)
	if err != nil {
		return err
	}
	two, err := large.signIn(large.Writer)
	if err != nil {
		return err
	}
	if err := makeTree(b.path("tree")); err != nil {
		return err
	}
	ways := []*way{
		{run: func(int) (time.Duration, error) { return f.task(ctx) }},
		{run: func(n int) (time.Duration, error) { return one.copyAlbum(small.Album, n) }},
		{run: func(n int) (time.Duration, error) { return two.copyAlbum(large.Album, n) }},
		{run: func(int) (time.Duration, error) { return linkTree(b.path("tree"), b.path("linked")) }},
		{run: func(int) (time.Duration, error) {
			return timed(ctx, b.path("copied"), "sh", "-c", `cp -r "$0" "$1" && sync -f "$1"`, b.path("tree"), b.path("copied"))
		}},
	}
	rclone, lookErr := exec.LookPath("rclone")
	if lookErr == nil {
		ways = append(ways, &way{run: func(int) (time.Duration, error) {
			return timed(ctx, b.path("copied"), rclone, "copy", b.path("tree"), b.path("copied"))
		}})
	}
	if err := inTurn(b.runs, ways); err != nil {
		return err
	}
	floor, task, big := ways[0].median(), ways[1].median(), ways[2].median()
	b.table.slower("copy task, 1000 pictures in 15 levels", task, "bare statements", floor, 2.5)
	b.table.slower(fmt.Sprintf("the same among %d files and images", b.rows), big, "the above", task, 1.3)
	b.table.beside("the same tree: hard links", ways[3].median(), "bare statements", floor)
	b.table.beside("the same tree: cp -r, sync", ways[4].median(), "bare statements", floor)
	if lookErr != nil {
		b.table.absent("the same tree: rclone copy")
		return nil
	}
	b.table.beside("the same tree: rclone copy", ways[5].median(), "bare statements", floor)
	return nil
}

// way is one of some ways to do the same.
type way struct {
	run  func(n int) (time.Duration, error)
	took []time.Duration
}

func (w *way) median() time.Duration { return median(w.took) }

// inTurn runs the ways one after another, once to warm up and then so many times.
func inTurn(runs int, ways []*way) error {
	for n := range runs + 1 {
		for _, w := range ways {
			took, err := w.run(n)
			if err != nil {
				return err
			}
			if n > 0 {
				w.took = append(w.took, took)
			}
		}
	}
	return nil
}

// pollEvery is how long the polling client rests between two questions.
const pollEvery = 2 * time.Millisecond

// copyAlbum copies the album into a new folder, from create to status 2.
func (c *conn) copyAlbum(album int64, n int) (time.Duration, error) {
	_, took, err := c.albumTask(album, n)
	return took, err
}

// albumTask is copyAlbum that answers its task too.
func (c *conn) albumTask(album int64, n int) (id string, took time.Duration, err error) {
	var made struct{ List []struct{ DirID string } }
	err = c.ask("/upload/v1/oss/file/mkdir", map[string]any{"name": []string{fmt.Sprintf("run %d %d", n, time.Now().UnixNano())}, "parentID": "", "type": 1}, &made)
	if err != nil {
		return "", 0, err
	}
	began := time.Now()
	if id, err = c.createTask(album, made.List[0].DirID); err != nil {
		return "", 0, err
	}
	copied, err := c.await(id, pollEvery)
	if err == nil && copied != albumPictures {
		err = fmt.Errorf("%d pictures were copied", copied)
	}
	return id, time.Since(began), err
}

func (c *conn) createTask(source int64, to string) (id string, err error) {
	var out struct{ TaskID string }
	err = c.ask("/api/v1/oss/source/copy", map[string]any{
		"fileIDs": []string{strconv.FormatInt(source, 10)}, "toParentFileID": to, "sourceType": 1, "type": 1,
	}, &out)
	return out.TaskID, err
}

// await polls a task, with a rest in between, until it is done and says how many pictures it has copied.
func (c *conn) await(task string, rest time.Duration) (copied int, err error) {
	poll := time.NewTicker(rest)
	defer poll.Stop()
	for {
		var state struct{ Status, Copied int }
		if err := c.ask("/api/v1/oss/source/copy/process", map[string]string{"taskID": task}, &state); err != nil {
			return 0, err
		}
		switch state.Status {
		case 2:
			return state.Copied, nil
		case 3:
			return 0, errors.New("the task has failed")
		}
		<-poll.C
	}
}

const pictureBytes = 200_000

// makeTree makes the album as files.
func makeTree(dir string) error {
	content := photo(pictureBytes, 0)
	for n := range albumPictures {
		if n%(albumPictures/albumLevels) == 0 && n/(albumPictures/albumLevels) < albumLevels {
			dir = filepath.Join(dir, fmt.Sprintf("level %02d", n))
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("picture %07d.jpg", n)), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// linkTree makes a tree of hard links, and removes it.
func linkTree(from, to string) (time.Duration, error) {
	began := time.Now()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(to, rest), 0o750)
		}
		return os.Link(path, filepath.Join(to, rest)) //nolint:gosec // a tree of our own
	})
	took := time.Since(began)
	return took, errors.Join(err, os.RemoveAll(to))
}

// timed runs a program that makes a tree, and removes the tree.
func timed(ctx context.Context, made, name string, args ...string) (time.Duration, error) {
	began := time.Now()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput() //nolint:gosec // our own words
	took := time.Since(began)
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return took, errors.Join(err, os.RemoveAll(made))
}
