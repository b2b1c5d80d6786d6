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
	secrets := s.AddUser("writer")
	node := exec.CommandContext(t.Context(), "node", "page.mjs")
	node.Env = append(os.Environ(), "PAGE_URL="+s.URL, "PAGE_NAME=writer", "PAGE_PASSWORD="+secrets.Password, "PAGE_SHOTS="+os.Getenv("PAGE_SHOTS"))
	out, err := node.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
