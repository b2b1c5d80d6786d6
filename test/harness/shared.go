package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// shared is the server that the tests of a package have in common.
var shared struct {
	once sync.Once
	s    Server
	dir  string
	drop func() error // its database
	err  error
	n    atomic.Int64 // accounts
}

// Shared is a server that all tests of a package use who need nothing but accounts of their
// own: a server for each of them costs more than most do. It can't be stopped, and a name
// that is given to an account gets something behind it. The package's TestMain is Main.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.err = startShared() })
	if shared.err != nil {
		t.Fatalf("%v\n%s", shared.err, shared.s.log.tail())
	}
	s := shared.s
	s.t, s.common = t, true
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server that tests share said last:\n%s", s.log.tail())
		}
	})
	return &s
}

// Main runs the tests of a package and takes away what they had in common.
func Main(m *testing.M) {
	code := m.Run()
	if err := endShared(); err != nil {
		fmt.Fprintln(os.Stderr, "the server that tests share:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func startShared() (err error) {
	shared.s.log = &logBuffer{}
	if shared.dir, err = os.MkdirTemp("", "tuchuang-shared-"); err != nil {
		return err
	}
	s := &shared.s
	s.Data = filepath.Join(shared.dir, "data")
	if s.Base.Path = filepath.Join(s.Data, "tuchuang.db"); Engine() == db.PostgreSQL {
		if s.Base, shared.drop, err = dbtest.Lasting(); err != nil {
			return err
		}
		if s.beside, err = db.Open(context.Background(), s.Base); err != nil {
			return err
		}
	}
	program, err := program()
	if err != nil {
		return err
	}
	return s.launch(program)
}

func endShared() error {
	var errs []error
	if s := &shared.s; s.cmd != nil {
		errs = append(errs, s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait())
	}
	if d := shared.s.beside; d != nil {
		errs = append(errs, d.Close())
	}
	if shared.drop != nil {
		errs = append(errs, shared.drop())
	}
	if shared.dir != "" {
		errs = append(errs, os.RemoveAll(shared.dir))
	}
	return errors.Join(errs...)
}

// own ends a test that does to a server what can only be done to one's own.
func (s *Server) own() {
	s.t.Helper()
	if s.common {
		s.t.Fatal("other tests are at this server: it is not this one's to begin or to end")
	}
}

// called is what an account is called in fact.
func (s *Server) called(name string) string {
	if !s.common {
		return name
	}
	return fmt.Sprintf("%s-%d", name, shared.n.Add(1))
}
