package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/blob"
)

// An S3 server of the test process's own: versitygw over a folder. It is started by the
// first test that wants it, listens on a socket in that folder, and a shell ends it and
// takes the folder away when this process ends, however it does.

const (
	keyID  = "tuchuang"
	secret = "not a secret"
	region = "us-east-1"
)

var gateway struct {
	once sync.Once
	dir  string
	err  error
}

// S3Server is an empty bucket behind a door of its own, which can be told to fail.
type S3Server struct {
	Options blob.S3Options // how to reach the bucket through the door

	door  *httptest.Server
	fault atomic.Pointer[func(*http.Request) Fault]
}

// S3 makes an empty bucket, which ends with the test.
func S3(t testing.TB) *S3Server {
	t.Helper()
	gateway.once.Do(func() { gateway.dir, gateway.err = startGateway() })
	if gateway.err != nil {
		t.Fatalf("versitygw: %v", gateway.err)
	}
	bucket := "t" + strings.ToLower(rand.Text())
	if err := os.Mkdir(filepath.Join(gateway.dir, "data", bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(filepath.Join(gateway.dir, "data", bucket)); err != nil {
			t.Error(err)
		}
	})
	s := new(S3Server)
	inside := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "gateway"
			r.Out.Host = r.In.Host // it is signed
		},
		Transport:    toGateway(),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	s.door = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fn := s.fault.Load(); fn != nil {
			(*fn)(r).serve(inside, w, r)
			return
		}
		inside.ServeHTTP(w, r)
	}))
	t.Cleanup(s.door.Close)
	u, err := url.Parse(s.door.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.Options = blob.S3Options{
		Bucket: bucket, Endpoint: u.Host, Region: region, PathStyle: true, Insecure: true, KeyID: keyID, Secret: secret, Spool: t.TempDir(),
	}
	return s
}

// Open opens the store.
func (s *S3Server) Open(t testing.TB) *blob.S3 {
	t.Helper()
	store, err := blob.NewS3(t.Context(), s.Options)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// URL is the bucket as a setting names it.
func (s *S3Server) URL() string {
	return "s3://" + s.Options.Bucket + "?" + url.Values{
		"endpoint": {s.Options.Endpoint}, "region": {region}, "path-style": {"true"}, "insecure": {"true"},
	}.Encode()
}

// Env are the keys as variables of the environment.
func (s *S3Server) Env() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + keyID, "AWS_SECRET_ACCESS_KEY=" + secret}
}

// Fail has each request fail as fn says; nil ends that.
func (s *S3Server) Fail(fn func(*http.Request) Fault) {
	if fn == nil {
		s.fault.Store(nil)
		return
	}
	s.fault.Store(&fn)
}

// Fault is how a request fails; the zero Fault is none.
type Fault struct {
	Status int  // is answered, and the server never hears of the request
	Hang   bool // nothing is answered
	Deaf   bool // the server does what it is asked, and its answer is lost
	Cut    int  // the line is cut after so many bytes of the answer's body; -1 is before the first
}

func (f Fault) serve(inside http.Handler, w http.ResponseWriter, r *http.Request) {
	switch {
	case f.Status != 0:
		w.WriteHeader(f.Status)
	case f.Hang:
		// What has not been read keeps the server from seeing that the line has ended.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	case f.Deaf:
		inside.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case f.Cut != 0:
		inside.ServeHTTP(&cutting{w, max(0, f.Cut)}, r)
	default:
		inside.ServeHTTP(w, r)
	}
}

// cutting ends the connection within the body.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		err = errors.Join(err, http.NewResponseController(c.ResponseWriter).Flush())
		if err == nil {
			panic(http.ErrAbortHandler)
		}
	}
	return n, err
}

func socket() string { return filepath.Join(gateway.dir, "socket") }

func toGateway() *http.Transport {
	return &http.Transport{DisableCompression: true, DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket())
	}}
}

func startGateway() (dir string, err error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	// Built once and kept where Go keeps what it builds.
	find := exec.Command("go", "tool", "-modfile=tools/versitygw/go.mod", "-n", "versitygw")
	find.Dir = root
	var said bytes.Buffer
	find.Stderr = &said
	path, err := find.Output()
	if err != nil {
		return "", fmt.Errorf("build it: %w\n%s", err, said.Bytes())
	}
	if dir, err = os.MkdirTemp("", "s3-"); err != nil { // short: it is a socket's path
		return "", err
	}
	gateway.dir = dir
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		return "", err
	}
	// The shell reads from a pipe that only this process has open.
	const run = `d=$1; shift; "$@" >&2 & p=$!; read -r _; kill $p; wait $p; rm -rf "$d"`
	server := exec.Command("sh", "-c", run, "sh", dir, strings.TrimSpace(string(path)),
		"--port", socket(), "--quiet", "--region", region, "posix", filepath.Join(dir, "data"))
	server.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+keyID, "ROOT_SECRET_ACCESS_KEY="+secret)
	said.Reset()
	server.Stderr = &said
	if _, err := server.StdinPipe(); err != nil {
		return "", err
	}
	if err := server.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !answers() {
		select {
		case err := <-ended:
			return "", fmt.Errorf("it ended: %w\n%s", err, said.Bytes())
		case <-tick.C:
		}
	}
	return dir, nil
}

func answers() bool {
	client := &http.Client{Transport: toGateway()}
	answer, err := client.Get("http://gateway/")
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close()) == nil
}

// moduleRoot is the folder of go.mod: tests run in that of their package.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("no go.mod above the tests")
			return "", err
		}
	}
	return "", err
}
