// Package harness runs the real server, built from this checkout with its kill
// points, as a process of its own on an empty data folder, and speaks to it as
// clients do.
package harness

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/ops"
)

var (
	buildOnce sync.Once
	binary    string
	errBuild  error
)

// Program names the variable that says where the program is built already, with kill points:
// for all packages at once.
const Program = "TUCHUANG_TEST_PROGRAM"

// Binary answers where the program is, with kill points and without the race detector. Where
// nobody has built it that is done once for all tests of a package.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func program() (string, error) {
	buildOnce.Do(func() {
		if binary = os.Getenv(Program); binary != "" {
			_, errBuild = os.Stat(binary) // so that results of another program are not taken for this one's
			return
		}
		dir, err := os.MkdirTemp("", "tuchuang-test-")
		if err != nil {
			errBuild = err
			return
		}
		binary = filepath.Join(dir, "tuchuang")
		cmd := exec.Command("go", "build", "-trimpath", "-tags", "killpoints", "-o", binary, "tuchuang/cmd/tuchuang")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			errBuild = fmt.Errorf("build the server: %w\n%s", err, out)
		}
	})
	return binary, errBuild
}

// Engine is the database that servers get: SQLite, or what TUCHUANG_TEST_ENGINE names.
func Engine() db.Engine {
	if os.Getenv("TUCHUANG_TEST_ENGINE") == string(db.PostgreSQL) {
		return db.PostgreSQL
	}
	return db.SQLite
}

// Server is a server process and its data folder. The folder outlives the process, and
// so does the database.
type Server struct {
	Data string
	Base db.Options // where the database is
	URL  string
	Env  []string // of the next Start, beside the test's own
	Args []string // of the next Start, beside --data and --listen

	t        testing.TB
	common   bool   // others are at it too
	beside   *db.DB // see rows
	cmd      *exec.Cmd
	log      *logBuffer
	contract func() (*Contract, error) // of the process that runs
}

// New makes a server on an empty folder; Start starts it.
func New(t testing.TB) *Server {
	t.Helper()
	return NewOn(t, Engine())
}

// NewOn is New with a certain engine.
func NewOn(t testing.TB, e db.Engine) *Server {
	t.Helper()
	s := &Server{Data: filepath.Join(t.TempDir(), "data"), t: t, log: &logBuffer{}}
	s.Base.Path = filepath.Join(s.Data, "tuchuang.db")
	if e == db.PostgreSQL {
		s.Base = dbtest.Place(t, e)
	}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.Kill()
		}
		if t.Failed() {
			t.Logf("the server said last:\n%s", s.log.tail())
		}
	})
	return s
}

// Start makes a server on an empty folder and starts it.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := New(t)
	s.Args = args
	s.Start()
	return s
}

var listens = regexp.MustCompile(`(https?://[0-9.]+:[0-9]+)`)

// Start starts the process on its folder and returns when it is ready to answer.
func (s *Server) Start() {
	s.t.Helper()
	if err := s.TryStart(); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log.tail())
	}
}

// TryStart is Start for a process that may die on its way.
func (s *Server) TryStart() error {
	s.t.Helper()
	s.own()
	return s.launch(Binary(s.t))
}

func (s *Server) launch(program string) error {
	args := append([]string{"serve", "--data", s.Data, "--listen", "127.0.0.1:0"}, s.Args...)
	s.cmd = exec.Command(program, args...)
	s.cmd.Env = append(s.environ(), s.Env...)
	s.cmd.Stderr = s.log
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		fmt.Fprintln(s.log, lines.Text())
		if !strings.Contains(lines.Text(), "listens at") {
			continue
		}
		s.URL = listens.FindString(lines.Text())
		s.contract = sync.OnceValues(s.readContract)
		go func() { _, _ = io.Copy(s.log, stdout) }()
		return nil
	}
	err = s.cmd.Wait()
	s.cmd = nil
	return fmt.Errorf("the server ended before it was ready: %v", err)
}

func (s *Server) environ() []string {
	return append(os.Environ(), "LANG=C", "LC_ALL=C", "TUCHUANG_DATABASE_URL="+s.Base.URL)
}

// Kill ends the process with SIGKILL and waits for it.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop ends the process with SIGTERM, as an operator does, and waits for it.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

func (s *Server) end(sig syscall.Signal) {
	s.t.Helper()
	s.own()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig) // it may have ended by itself
	_ = s.cmd.Wait()              // says how it ended; the caller wanted that
	s.cmd = nil
	s.leave()
}

// leave leaves the server's rows alone: nobody is at them when it has ended.
func (s *Server) leave() {
	s.t.Helper()
	if d := s.beside; d != nil {
		s.beside = nil
		if err := d.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

// Wait waits for the process to end by itself and answers how it did.
func (s *Server) Wait() error {
	s.own()
	err := s.cmd.Wait()
	s.cmd = nil
	return err
}

// PID is the number of the running process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Log answers what the server has said so far.
func (s *Server) Log() string { return s.log.tail() }

var firstLink = regexp.MustCompile(`https?://\S+/#/enter/\S+`)

// FirstLink is the link that the first start has printed, which signs in once.
func (s *Server) FirstLink() string { return firstLink.FindString(s.log.tail()) }

// Secrets are what user add prints.
type Secrets struct {
	Name         string `json:"-"`
	UID          int64  `json:"uid"`
	ClientID     string `json:"clientID"`
	ClientSecret string `json:"clientSecret"`
	Password     string `json:"password"`
}

// AddUser makes an account beside the server, as the command line program does; with
// arguments it is the program that does.
func (s *Server) AddUser(name string, args ...string) Secrets {
	s.t.Helper()
	name = s.called(name)
	if len(args) == 0 {
		d, done := s.rows()
		made, err := ops.AddUser(s.t.Context(), d, name, account.NoQuota, false)
		if err := errors.Join(err, done()); err != nil {
			s.t.Fatal(err)
		}
		return Secrets{Name: name, UID: int64(made.ID), ClientID: made.ClientID, ClientSecret: made.ClientSecret, Password: made.Password}
	}
	out := s.Run(append([]string{"user", "add", name, "--data", s.Data}, args...)...)
	sec := Secrets{Name: name}
	if err := json.Unmarshal(out, &sec); err != nil {
		s.t.Fatalf("user add said %q: %v", out, err)
	}
	return sec
}

// rows are the server's, beside it, until done. Connections to PostgreSQL take long to make:
// they stay for the next who asks.
func (s *Server) rows() (d *db.DB, done func() error) {
	s.t.Helper()
	if s.beside != nil {
		return s.beside, func() error { return nil }
	}
	place := s.Base
	if place.URL == "" {
		place.Path = filepath.Join(s.Data, "tuchuang.db") // a test may have moved it
	}
	d, err := db.Open(s.t.Context(), place)
	if err != nil {
		s.t.Fatal(err)
	}
	if place.URL == "" {
		return d, d.Close
	}
	s.beside = d
	s.t.Cleanup(s.leave)
	return d, func() error { return nil }
}

// Run runs the command line program and answers its stdout; the test fails when it
// does not end with 0.
func (s *Server) Run(args ...string) []byte {
	s.t.Helper()
	cmd := exec.Command(Binary(s.t), args...)
	cmd.Env = s.environ()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("tuchuang %s: %v\n%s", strings.Join(args, " "), err, errOut.String())
	}
	return out.Bytes()
}

// User is an account and a client of it.
type User struct {
	*client.Client
	Secrets
	Server *Server
	Token  string
	t      testing.TB
}

// User makes an account and signs in.
func (s *Server) User(name string, args ...string) *User {
	s.t.Helper()
	u := &User{Secrets: s.AddUser(name, args...), Server: s, t: s.t}
	u.SignIn()
	return u
}

// Known is an account that is there already, with a client of it.
func Known(t testing.TB, s *Server, secrets Secrets, c *client.Client) *User {
	return &User{Client: c, Secrets: secrets, Server: s, t: t}
}

// SignIn makes a client for the server's present address.
func (u *User) SignIn() {
	u.t.Helper()
	c, err := client.New(client.Options{Server: u.Server.URL, ClientID: u.ClientID, Secret: u.ClientSecret, HTTP: u.Server.Checked(true)})
	if err != nil {
		u.t.Fatal(err)
	}
	u.Client = c
	got := u.Server.Post("/api/v1/access_token", "", map[string]any{"clientID": u.ClientID, "clientSecret": u.ClientSecret})
	u.Token, _ = got.Field("accessToken").(string)
	if u.Token == "" {
		u.t.Fatalf("no token: %+v", got)
	}
}

// Answer is an envelope, as generic as JSON is.
type Answer struct {
	Status  int    // of HTTP
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data"`
	TraceID string `json:"x-traceID"`
	Error   *struct{ Code, Message string }
}

// Field answers a field of the data; nil where there is none.
func (a Answer) Field(name string) any {
	m, _ := a.Data.(map[string]any)
	return m[name]
}

// Post sends a JSON body with a token and reads the envelope; it fails the test
// only where there is no envelope at all.
func (s *Server) Post(path, token string, body any) Answer {
	s.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.Send(http.MethodPost, path, token, "application/json", b)
}

// Get asks with a query and a token and reads the envelope.
func (s *Server) Get(path, token string) Answer {
	s.t.Helper()
	return s.Send(http.MethodGet, path, token, "", nil)
}

// Send sends any request and reads the envelope. Numbers stay json.Number.
func (s *Server) Send(method, path, token, contentType string, body []byte) Answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Platform", "open_platform")
	res, err := s.Checked(false).Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	a := Answer{Status: res.StatusCode}
	d := json.NewDecoder(res.Body)
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		s.t.Fatalf("%s %s: HTTP %d without an envelope: %v", method, path, res.StatusCode, err)
	}
	return a
}

// PutFile uploads a file into a drive folder in one request and answers its id.
func (u *User) PutFile(parent int64, name string, content []byte) int64 {
	u.t.Helper()
	done, err := u.Single(u.t.Context(), u.Server.URL, client.NewFile{
		ParentFileID: parent, Filename: name, Etag: MD5(content), Size: int64(len(content)),
	}, client.Content{From: bytes.NewReader(content), Size: int64(len(content))})
	if err != nil {
		u.t.Fatalf("put %s: %v", name, err)
	}
	return done.FileID
}

// MkFolder makes a folder in the drive and answers its id.
func (u *User) MkFolder(parent int64, name string) int64 {
	u.t.Helper()
	id, err := u.Mkdir(u.t.Context(), parent, name)
	if err != nil {
		u.t.Fatalf("mkdir %s: %v", name, err)
	}
	return id
}

// StartCopy creates a copy task and answers its id.
func (u *User) StartCopy(to string, ids ...int64) string {
	u.t.Helper()
	id, err := u.Copy(u.t.Context(), ids, to)
	if err != nil {
		u.t.Fatalf("copy: %v", err)
	}
	return id
}

// Await polls a task until it has ended.
func (u *User) Await(taskID string) client.CopyState {
	u.t.Helper()
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for {
		s, err := u.CopyProcess(u.t.Context(), taskID)
		if err != nil {
			u.t.Fatalf("process: %v", err)
		}
		if s.Ended() {
			return s
		}
		<-poll.C
	}
}

// MD5 is the etag of content.
func MD5(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// logBuffer keeps the end of what a server says.
type logBuffer struct {
	mu sync.Mutex
	b  []byte
}

const logKept = 64 << 10

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	if len(l.b) > 2*logKept {
		l.b = append([]byte(nil), l.b[len(l.b)-logKept:]...)
	}
	return len(p), nil
}

func (l *logBuffer) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b[max(0, len(l.b)-logKept):])
}
