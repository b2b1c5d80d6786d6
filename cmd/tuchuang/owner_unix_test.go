//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A database that another user has made, as root does with user add before the first
// start, is named with what to do; so is a folder of another user.
func TestServerOnWhatOthersOwn(t *testing.T) {
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	if r := p.run("user", "add", "writer", "--data", data); r.code != exitDone {
		t.Fatalf("%+v", r)
	}
	file := filepath.Join(data, "tuchuang.db")
	serve := p.command("serve", "--data", data, "--listen", "127.0.0.1:0")
	if os.Geteuid() == 0 {
		// Root may do all things: the server is somebody else, who must reach the program.
		const other = 65534
		program, err := os.ReadFile(os.Args[0])
		if err == nil {
			serve.Path = filepath.Join(p.home, "tuchuang")
			err = os.WriteFile(serve.Path, program, 0o755)
		}
		for _, dir := range []string{filepath.Dir(p.home), p.home} {
			if err == nil {
				err = os.Chmod(dir, 0o755)
			}
		}
		if err == nil {
			err = os.Chown(data, other, other)
		}
		if err != nil {
			t.Fatal(err)
		}
		serve.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: other, Gid: other}}
	} else if err := os.Chmod(file, 0o400); err != nil {
		t.Fatal(err)
	}
	refused := func(says string) {
		t.Helper()
		run := *serve
		var out, errs bytes.Buffer
		run.Stdout, run.Stderr = &out, &errs
		err := run.Run()
		if code := run.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(errs.String(), says) ||
			!strings.Contains(errs.String(), "chown -R USER: "+data) || out.Len() > 0 {
			t.Errorf("exit %d, %v: %s%s", code, err, &out, &errs)
		}
	}
	refused("no permission to write to " + file)
	err := os.Chmod(data, 0o100)
	if os.Geteuid() == 0 {
		err = os.Chown(data, 0, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	refused("the data folder " + data + " can't be used: permission denied")
	if err := os.Chmod(data, 0o700); err != nil {
		t.Fatal(err)
	}
}
