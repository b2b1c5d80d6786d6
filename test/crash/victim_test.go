package crash

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tuchuang/internal/killpoint"
	"tuchuang/test/harness"
)

// victim is a server that dies and comes back, on one data folder, at another
// address each time.
type victim struct {
	binary, data string
	args         []string

	mu      sync.Mutex
	last    *life         // that was started
	now     *life         // that answers
	changed chan struct{} // closed when now changes
}

func newVictim(t testing.TB, data string, args ...string) *victim {
	v := &victim{binary: harness.Binary(t), data: data, args: args, changed: make(chan struct{})}
	t.Cleanup(func() {
		if l := v.started(); l != nil {
			l.signal(syscall.SIGKILL)
			<-l.ended
		}
	})
	return v
}

// life is one process of the victim.
type life struct {
	began time.Time
	ready chan struct{} // closed when it answers
	ended chan struct{} // closed when it is gone

	cmd  *exec.Cmd
	addr string // once ready
	err  error  // once ended: how

	mu    sync.Mutex
	said  []string
	point string // that ended it
}

var listens = regexp.MustCompile(`http://([0-9.]+:[0-9]+)`)

// start begins a new life; env is added to its environment.
func (v *victim) start(env ...string) (*life, error) {
	l := &life{began: time.Now(), ready: make(chan struct{}), ended: make(chan struct{})}
	args := append([]string{"serve", "--data", v.data, "--listen", "127.0.0.1:0"}, v.args...)
	l.cmd = exec.Command(v.binary, args...)
	l.cmd.Env = append(append(os.Environ(), "LANG=C", "LC_ALL=C"), env...)
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	l.cmd.Stderr = l.cmd.Stdout // one pipe for both
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	v.mu.Lock()
	v.last = l
	v.mu.Unlock()
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			l.note(lines.Text())
			if m := listens.FindStringSubmatch(lines.Text()); m != nil && l.addr == "" && strings.Contains(lines.Text(), "listens at") {
				l.addr = m[1]
				close(l.ready)
				v.set(l)
			}
		}
		_, _ = io.Copy(io.Discard, out) // a line too long
		l.err = l.cmd.Wait()
		v.unset(l)
		close(l.ended)
	}()
	return l, nil
}

// started answers the life that was started last.
func (v *victim) started() *life {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}

func (v *victim) set(l *life) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = l
	close(v.changed)
	v.changed = make(chan struct{})
}

func (v *victim) unset(l *life) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.now == l {
		v.now = nil
	}
}

// present answers the life that answers requests, nil for none, and what closes
// when there is another.
func (v *victim) present() (*life, <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now, v.changed
}

// dial connects to whichever life answers, and waits for one where there is none:
// clients keep one address and never see another.
func (v *victim) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	for {
		l, changed := v.present()
		if l != nil {
			if c, err := d.DialContext(ctx, "tcp", l.addr); err == nil {
				return c, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (l *life) note(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if point, is := strings.CutPrefix(line, killpoint.Says); is {
		l.point = point
	}
	if l.said = append(l.said, line); len(l.said) > 200 {
		l.said = l.said[100:]
	}
}

func (l *life) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.said[max(0, len(l.said)-30):], "\n")
}

func (l *life) signal(s syscall.Signal) { _ = l.cmd.Process.Signal(s) } // it may have ended by itself

// diedAt is the point that ended it; "" where none did.
func (l *life) diedAt() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.point
}

// killed says whether a life that ended was killed; any other end but that of a
// SIGTERM is a fault of the server.
func (l *life) killed() bool {
	status, ok := l.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func (l *life) String() string {
	return fmt.Sprintf("a server that ended with %v and said last:\n%s", l.err, l.tail())
}
