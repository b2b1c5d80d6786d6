package dbtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tuchuang/internal/db"
)

// A cluster of PostgreSQL of the test process's own, without any care for a crash of
// the machine. It is started by the first test that wants it, and a shell ends it and
// takes it away when this process ends, however it does.

const template = "template_tuchuang"

var cluster struct {
	once  sync.Once
	url   *url.URL  // of the database postgres
	shell io.Writer // takes the names of signals
	err   error
}

// Server answers the URL of an empty PostgreSQL database for a test of what opens
// databases by itself. It ends with the test.
func Server(t testing.TB) string { return newDatabase(t) }

func newDatabase(t testing.TB) string {
	t.Helper()
	name := takeFree()
	if name == "" {
		name = mustCreateLike(t, template)
	}
	t.Cleanup(func() {
		if refresh(context.WithoutCancel(t.Context()), name) == nil {
			free.Lock()
			defer free.Unlock()
			free.names = append(free.names, name)
		} else {
			drop(t, name)
		}
	})
	return database(name)
}

// Twin copies a PostgreSQL database that nobody is connected to. The copy ends with the
// test.
func Twin(t testing.TB, of db.Options) db.Options {
	t.Helper()
	u, err := url.Parse(of.URL)
	if err != nil {
		t.Fatal(err)
	}
	name := mustCreateLike(t, strings.TrimPrefix(u.Path, "/"))
	t.Cleanup(func() { drop(t, name) })
	return db.Options{URL: database(name)}
}

// Lasting makes an empty PostgreSQL database for several tests; end takes it away.
func Lasting() (place db.Options, end func() error, err error) {
	name, err := createLike(template)
	if err != nil {
		return place, nil, err
	}
	return db.Options{URL: database(name)}, func() error { return dropNow(name) }, nil
}

func mustCreateLike(t testing.TB, template string) string {
	t.Helper()
	name, err := createLike(template)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func createLike(template string) (name string, err error) {
	cluster.once.Do(func() { cluster.url, cluster.err = startCluster() })
	if cluster.err != nil {
		return "", fmt.Errorf("PostgreSQL: %w", cluster.err)
	}
	name = "t" + strings.ToLower(rand.Text())
	return name, ask(cluster.url, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY FILE_COPY")
}

func drop(t testing.TB, name string) {
	t.Helper()
	if err := dropNow(name); err != nil {
		t.Error(err)
	}
}

func dropNow(name string) error { return ask(cluster.url, "DROP DATABASE "+name+" WITH (FORCE)") }

// Disconnect has the server drop every connection to a database, as a restart does.
func Disconnect(t testing.TB, place db.Options) {
	t.Helper()
	u, err := url.Parse(place.URL)
	if err == nil {
		err = ask(u, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Restart ends the whole server of this test process as a crash does (immediate mode:
// what is under way is nowhere) and returns when another answers in its place. What was
// answered before is there still: the machine goes on. No other test of the process may
// be at it.
func Restart(t testing.TB) {
	t.Helper()
	before, err := started(t.Context())
	if err == nil {
		_, err = fmt.Fprintln(cluster.shell, "QUIT")
	}
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if now, err := started(t.Context()); err == nil && now != before {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// started says when the server did.
func started(ctx context.Context) (at string, err error) {
	c, err := pgx.Connect(ctx, cluster.url.String())
	if err != nil {
		return "", err
	}
	err = c.QueryRow(ctx, "SELECT pg_postmaster_start_time()::text").Scan(&at)
	return at, errors.Join(err, c.Close(context.WithoutCancel(ctx)))
}

func database(name string) string {
	u := *cluster.url
	u.Path = "/" + name
	return u.String()
}

func ask(where *url.URL, query string) (err error) {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, where.String())
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, query)
	return errors.Join(err, c.Close(ctx))
}

// initial is what a new server is made with.
var initial = []string{"-U", "tuchuang", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"}

// lax are the settings of servers that nobody needs after a crash of the machine.
var lax = []string{"fsync=off", "full_page_writes=off", "max_connections=300", "shared_buffers=64MB", "autovacuum=off"}

func startCluster() (*url.URL, error) {
	like, err := stopped()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tuchuang-postgres-")
	if err != nil {
		return nil, err
	}
	if err := copyFolder(like, filepath.Join(dir, "data")); err != nil {
		return nil, err
	}
	c, err := StartCluster(dir, "", lax...)
	if err != nil {
		return nil, fmt.Errorf("a copy of %s, which is made anew where it is removed: %w", like, err)
	}
	cluster.url, cluster.shell = c.url, c.stdin
	return c.url, rememberFresh(context.Background())
}

// Cluster is a running PostgreSQL server.
type Cluster struct {
	url   *url.URL // of the database postgres
	stdin io.WriteCloser
	ended chan error
}

// StartCluster starts a server with settings, as name=value. dir is for its socket and
// is removed with all in it when the server ends, which it does when this process does.
// Its rows are there too, unless they are to stay: then data is their folder, where an
// earlier server may have left some.
func StartCluster(dir, data string, settings ...string) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	if data == "" {
		data = filepath.Join(dir, "data")
	}
	who, err := servant(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	if _, err := servant(data); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err != nil {
		initdb := exec.Command(filepath.Join(bin, "initdb"), append(initial, "-D", data)...)
		initdb.SysProcAttr, initdb.Dir = who, dir
		if out, err := initdb.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("initdb: %w\n%s", err, out)
		}
	}
	// The shell reads from a pipe that only this process has open. A word from it is the
	// signal that ends the server, and another begins.
	const run = `d=$1; shift; "$@" & p=$!; while read -r how; do kill -$how $p; wait $p; "$@" & p=$!; done; kill -INT $p; wait $p; rm -rf "$d"`
	args := []string{"-c", run, "sh", dir, filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "log_min_messages=error"}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	server := exec.Command("sh", args...)
	server.SysProcAttr, server.Dir = who, dir
	var said bytes.Buffer
	server.Stderr = &said
	stdin, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	c := &Cluster{stdin: stdin, ended: make(chan error, 1)}
	go func() { c.ended <- server.Wait() }()
	c.url = &url.URL{Scheme: "postgres", User: url.User("tuchuang"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ask(c.url, "SELECT 1") != nil {
		select {
		case err := <-c.ended:
			return nil, fmt.Errorf("postgres ended: %w\n%s", err, said.Bytes())
		case <-tick.C:
		}
	}
	return c, nil
}

// URL is that of a database of the cluster.
func (c *Cluster) URL(name string) string {
	u := *c.url
	u.Path = "/" + name
	return u.String()
}

// Stop ends the server and waits for it.
func (c *Cluster) Stop() error { return errors.Join(c.stdin.Close(), <-c.ended) }

// binaries finds the newest PostgreSQL server that is installed.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	best, newest := "", 0
	for _, path := range all {
		dir := filepath.Dir(path)
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir))); err == nil && n > newest {
			best, newest = dir, n
		}
	}
	if best == "" {
		err = errors.Join(err, errors.New("no initdb found; install PostgreSQL 15 or newer (Debian: apt-get install postgresql)"))
	}
	return best, err
}

// servant is who the server runs as: PostgreSQL refuses root. The folder becomes
// theirs.
func servant(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else is needed
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errUID, errGID, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
