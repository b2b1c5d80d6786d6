package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	connections    = 64
	fileServerRole = "file-server"
)

// serves measures published pictures over kept connections, beside Go's own file
// server, and nginx where it is installed, on the same files.
func (b *bench) serves(ctx context.Context, s *server) error {
	for _, kind := range []struct {
		what  string
		bytes int
		reach float64
	}{{"200 KB", 200_000, 1.0}, {"20 KB", 20_000, 1.2}} {
		if err := b.serveKind(ctx, s, kind.what, kind.bytes, kind.reach); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) serveKind(ctx context.Context, s *server, what string, size int, reach float64) (err error) {
	pictures := manyPhotos(uploadPictures, size, uint64(size)<<32)
	links, err := s.publish(pictures, "served "+what)
	if err != nil {
		return err
	}
	dir := b.path("served " + what)
	paths, err := writePhotos(dir, pictures)
	if err != nil {
		return err
	}
	peers := []peer{{s.addr, links, nil}}
	defer func() {
		for _, p := range peers[1:] {
			err = errors.Join(err, p.end())
		}
	}()
	itself, err := os.Executable()
	if err != nil {
		return err
	}
	files := exec.Command(itself, fileServerRole, dir) //nolint:gosec,noctx // this program; ended below
	addr, err := startAndListen(files)
	if err != nil {
		return err
	}
	peers = append(peers, peer{addr, paths, files})
	nginx, lookErr := exec.LookPath("nginx")
	if lookErr == nil {
		p, err := startNginx(ctx, nginx, b.path("nginx "+what), dir)
		if err != nil {
			return err
		}
		peers = append(peers, peer{p.addr, paths, p.cmd})
	}
	ways := make([]*way, len(peers))
	for i, p := range peers {
		ways[i] = &way{run: func(int) (time.Duration, error) { return p.perRequest(time.Second) }}
	}
	if err := inTurn(b.runs, ways); err != nil {
		return err
	}
	rate := func(i int) float64 { return 1 / ways[i].median().Seconds() }
	b.table.faster("GET of a "+what+" picture, 64 connections", rate(0), "http.FileServer", rate(1), reach)
	if lookErr != nil {
		b.table.absent("the same: nginx")
	} else {
		b.table.faster("the same", rate(0), "nginx", rate(2), 0)
	}
	return nil
}

// publish brings pictures into the drive and from there into the bed, and answers
// the paths of their links.
func (s *server) publish(pictures [][]byte, folder string) ([]string, error) {
	c, err := s.signIn(s.Writer)
	if err != nil {
		return nil, err
	}
	defer c.hangUp()
	id, _, err := c.uploadAll(s, pictures, folder)
	if err != nil {
		return nil, err
	}
	var made struct{ List []struct{ DirID string } }
	if err := c.ask("/upload/v1/oss/file/mkdir", map[string]any{"name": []string{folder}, "parentID": "", "type": 1}, &made); err != nil {
		return nil, err
	}
	task, err := c.createTask(id, made.List[0].DirID)
	if err != nil {
		return nil, err
	}
	if _, err := c.await(task, pollEvery); err != nil {
		return nil, err
	}
	return c.links(made.List[0].DirID)
}

// links walks down from a folder of the bed.
func (c *conn) links(folder string) (paths []string, err error) {
	for last := ""; last != "-1"; {
		var page struct {
			LastFileID string
			FileList   []struct {
				FileID, DownloadURL string
				Type                int
			}
		}
		err := c.ask("/api/v1/oss/file/list", map[string]any{"parentFileId": folder, "limit": 100, "type": 1, "lastFileId": last}, &page)
		if err != nil {
			return nil, err
		}
		for _, f := range page.FileList {
			if f.Type == 1 {
				below, err := c.links(f.FileID)
				if err != nil {
					return nil, err
				}
				paths = append(paths, below...)
				continue
			}
			u, err := url.Parse(f.DownloadURL)
			if err != nil {
				return nil, err
			}
			paths = append(paths, u.Path)
		}
		last = page.LastFileID
	}
	return paths, nil
}

func writePhotos(dir string, pictures [][]byte) (paths []string, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	for i, p := range pictures {
		name := fmt.Sprintf("%04d.jpg", i)
		if err := os.WriteFile(filepath.Join(dir, name), p, 0o600); err != nil {
			return nil, err
		}
		paths = append(paths, "/"+name)
	}
	return paths, nil
}

// peer is a server that has the same files.
type peer struct {
	addr  string
	paths []string
	cmd   *exec.Cmd
}

func (p peer) end() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != -1 {
			return err
		}
	}
	return nil
}

// perRequest asks over all connections at once, and answers what a request took
// of the time that passed.
func (p peer) perRequest(during time.Duration) (time.Duration, error) {
	began := time.Now()
	counts, err := together(connections, func(n int) ([]int, error) {
		c, err := dial(p.addr)
		if err != nil {
			return nil, err
		}
		defer c.hangUp()
		for i := 0; ; i++ {
			if time.Since(began) >= during {
				return []int{i}, nil
			}
			if err := c.get(p.paths[(n*len(p.paths)/connections+i)%len(p.paths)]); err != nil {
				return nil, err
			}
		}
	})
	took, sum := time.Since(began), 0
	for _, n := range counts {
		sum += n
	}
	return took / time.Duration(max(1, sum)), err
}

// serveFiles is Go's own file server, in a process of its own.
func serveFiles(ctx context.Context, dir string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "http://"+l.Addr().String())
	s := &http.Server{Handler: http.FileServer(http.Dir(dir)), ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type nginxPeer struct {
	addr string
	cmd  *exec.Cmd
}

// As root nginx would give itself to a user who can't read the files.
const nginxConf = `%[4]sdaemon off; pid %[1]s/pid; error_log %[1]s/error.log; worker_processes auto; worker_rlimit_nofile 8192;
events { worker_connections 1024; }
http {
	access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=4000; types { image/jpeg jpg; }
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server { listen %[2]s; root "%[3]s"; }
}
`

// startNginx starts nginx as it is set up to be quick.
func startNginx(ctx context.Context, program, dir, files string) (*nginxPeer, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	dir = strings.ReplaceAll(dir, " ", "-")
	conf := filepath.Join(dir, "nginx.conf")
	as := ""
	if os.Getuid() == 0 {
		as = "user root; "
	}
	err = errors.Join(l.Close(), os.Mkdir(dir, 0o700), os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, addr, files, as), 0o600))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-c", conf) //nolint:gosec,noctx // our own words; the caller ends it
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	wait := time.NewTicker(10 * time.Millisecond)
	defer wait.Stop()
	for {
		c, err := dial(addr)
		if err == nil {
			return &nginxPeer{addr, cmd}, c.Close()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-wait.C:
		}
	}
}
