package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
)

// build builds the server as it is shipped; with -profile, with a door for
// profiles that is no part of the product.
func (b *bench) build(ctx context.Context) error {
	b.binary = b.path("tuchuang")
	args := []string{"build", "-trimpath", "-o", b.binary}
	if b.profile != "" {
		overlay, err := b.profilerOverlay()
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "tuchuang/cmd/tuchuang")...) //nolint:gosec // our own words
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return nil
}

// repository is the folder of go.mod: the bench runs within it.
var repository = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	return filepath.Dir(strings.TrimSpace(string(mod))), err
})

// server is a process of the server under test, on a filled data folder.
type server struct {
	*world
	addr    string
	profile string // address of the door for profiles
	cmd     *exec.Cmd
}

var listens = regexp.MustCompile(`https?://([0-9.]+:[0-9]+)`)

// start starts a server on a data folder filled with so many rows.
func (b *bench) start(ctx context.Context, name string, rows int) (*server, error) {
	data := b.path(name)
	w, err := fill(ctx, data, rows)
	if err != nil {
		return nil, fmt.Errorf("fill the database: %w", err)
	}
	return b.serve(ctx, name, data, w, "")
}

// serve starts a server on a data folder, or on it and a database at a URL, with variables of
// the environment. The rows name contents that are in no store: the folder is noted as
// theirs, which the server would not do.
func (b *bench) serve(ctx context.Context, name, data string, w *world, url string, env ...string) (s *server, err error) {
	where := db.Options{URL: url, Path: filepath.Join(data, "tuchuang.db")}
	if url != "" {
		where.Path = ""
		env = append(env, "TUCHUANG_DATABASE_URL="+url)
	}
	store, err := blob.NewDisk(filepath.Join(data, "blobs"), filepath.Join(data, "uploads"))
	if err == nil {
		err = adopt(ctx, where, store)
	}
	if err != nil {
		return nil, err
	}
	s = &server{world: w, cmd: exec.Command(b.binary, "serve", "--data", data, "--listen", "127.0.0.1:0")} //nolint:gosec,noctx // our own words; it is told to stop in order
	s.profile = b.path(name + ".profile")
	s.cmd.Env = append(append(os.Environ(), "LANG=C", "LC_ALL=C", "TUCHUANG_LOG_LEVEL=warn", profileTo+"="+s.profile), env...)
	s.cmd.Stderr = os.Stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is ours to hand on
	if s.addr, err = startAndListen(s.cmd); err != nil {
		return nil, fmt.Errorf("the server: %w", err)
	}
	return s, nil
}

// adopt notes that a store is a database's own.
func adopt(ctx context.Context, where db.Options, store blob.Store) error {
	d, err := db.Open(ctx, where)
	if err != nil {
		return err
	}
	return errors.Join(blob.Adopt(ctx, d, store), d.Close())
}

// startAndListen starts a process and answers the address that it prints.
func startAndListen(cmd *exec.Cmd) (addr string, err error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := listens.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }() // it must be able to go on talking
			return m[1], nil
		}
	}
	return "", errors.Join(errors.New("ended before it was ready"), cmd.Wait())
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// peak is the most memory that the server has held, in MiB.
func (s *server) peak() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("the system does not tell VmHWM")
}
