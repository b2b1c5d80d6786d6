//go:build page

// Package page drives the page in a real browser, against a real server.
package page

import (
	"os"
	"os/exec"
	"testing"

	"tuchuang/test/harness"
)

// The whole job: sign in, upload, publish, copy the links, put back, delete.
func TestPage(t *testing.T) {
	s := harness.Start(t)
	run(t, "page.mjs", "PAGE_URL="+s.URL, "PAGE_NAME=writer", "PAGE_PASSWORD="+s.AddUser("writer").Password, "PAGE_SHOTS="+os.Getenv("PAGE_SHOTS"))
}

// What goes wrong is said, goes on where it can, and is nobody else's.
func TestPageWhereThingsGoWrong(t *testing.T) {
	s := harness.Start(t)
	run(t, "wrong.mjs", "PAGE_URL="+s.URL, "PAGE_NAME=writer", "PAGE_PASSWORD="+s.AddUser("writer").Password,
		"PAGE_OTHER=reader", "PAGE_OTHER_PASSWORD="+s.AddUser("reader").Password)
}

func run(t *testing.T, script string, env ...string) {
	t.Helper()
	node := exec.CommandContext(t.Context(), "node", script)
	node.Env = append(os.Environ(), env...)
	out, err := node.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
