package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
)

// profileTo names the variable with the socket where a server that was built with
// -profile takes orders.
const profileTo = "TUCHUANG_BENCH_PROFILE"

// profiler is compiled into the server under test by -profile alone: for each
// connection to its socket it profiles until the connection is closed, into the
// files named by what it is sent.
const profiler = `package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"runtime/pprof"
)

func init() {
	path := os.Getenv("` + profileTo + `")
	if path == "" {
		return
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			name, _ := r.ReadString('\n')
			name = name[:len(name)-1]
			cpu, err := os.Create(name + ".cpu")
			if err != nil {
				panic(err)
			}
			if err := pprof.StartCPUProfile(cpu); err != nil {
				panic(err)
			}
			io.Copy(io.Discard, r)
			pprof.StopCPUProfile()
			cpu.Close()
			if mem, err := os.Create(name + ".mem"); err == nil {
				pprof.Lookup("allocs").WriteTo(mem, 0)
				mem.Close()
			}
			c.Close()
		}
	}()
}
`

// profilerOverlay writes the file that adds the profiler to the build.
func (b *bench) profilerOverlay() (string, error) {
	if err := os.MkdirAll(b.profile, 0o750); err != nil {
		return "", err
	}
	root, err := repository()
	if err != nil {
		return "", err
	}
	source := b.path("profiler.go")
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(root, "cmd", "tuchuang", "bench_profiler.go"): source},
	})
	if err != nil {
		return "", err
	}
	file := b.path("overlay.json")
	return file, errors.Join(os.WriteFile(source, []byte(profiler), 0o600), os.WriteFile(file, overlay, 0o600))
}

// profiled has the server profiled until done is called.
func (b *bench) profiled(ctx context.Context, s *server, name string) (done func() error, err error) {
	if b.profile == "" {
		return func() error { return nil }, nil
	}
	folder, err := filepath.Abs(b.profile)
	if err != nil {
		return nil, err
	}
	c, err := new(net.Dialer).DialContext(ctx, "unix", s.profile)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write([]byte(filepath.Join(folder, name) + "\n")); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return func() error {
		// The server closes its side when the files are written.
		err := c.(*net.UnixConn).CloseWrite()
		_, _ = c.Read(make([]byte, 1)) // waits for the end
		return errors.Join(err, c.Close())
	}, nil
}
