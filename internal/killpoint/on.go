//go:build killpoints && unix

package killpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type trigger struct {
	name string
	left int
	sig  syscall.Signal // 0: who passes stands still, alone
}

var (
	mu       sync.Mutex
	triggers []*trigger
	journal  *os.File
	ahead    time.Duration
)

func init() {
	for env, sig := range map[string]syscall.Signal{"TUCHUANG_KILL": syscall.SIGKILL, "TUCHUANG_STOP": syscall.SIGSTOP, "TUCHUANG_HOLD": 0} {
		v := os.Getenv(env)
		if v == "" {
			continue
		}
		for one := range strings.SplitSeq(v, ",") {
			name, count, _ := strings.Cut(one, ":")
			n, err := strconv.Atoi(count)
			if err != nil || n < 1 {
				panic("killpoint: " + env + " wants name:n, not " + one)
			}
			triggers = append(triggers, &trigger{name, n, sig})
		}
	}
	if path := os.Getenv("TUCHUANG_POINTS"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the harness names it
		if err != nil {
			panic(err)
		}
		journal = f
	}
	if v := os.Getenv("TUCHUANG_CLOCK"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			panic(err)
		}
		ahead = d
	}
}

// Clock is the clock of the process; nil for the machine's.
func Clock() func() time.Time {
	if ahead == 0 {
		return nil
	}
	return func() time.Time { return time.Now().Add(ahead) }
}

// Here marks a named instant and ends, stops or holds whom it is the chosen one for.
func Here(name string) {
	if passed(name) {
		select {} // not one instruction more
	}
}

// passed notes that a point is passed, and does to the process what is to be done. It says
// whether who passes goes no further.
func passed(name string) (held bool) {
	mu.Lock()
	defer mu.Unlock()
	if journal != nil {
		if _, err := journal.WriteString(name + "\n"); err != nil {
			panic(err)
		}
	}
	for _, t := range triggers {
		if t.name != "*" && t.name != name {
			continue
		}
		if t.left--; t.left != 0 {
			continue
		}
		if t.sig == 0 {
			held = true
			continue
		}
		if _, err := os.Stderr.WriteString(Says + name + "\n"); err != nil {
			panic(err)
		}
		if err := syscall.Kill(syscall.Getpid(), t.sig); err != nil {
			panic(err)
		}
		if t.sig == syscall.SIGKILL {
			select {} // not one instruction of the program more
		}
	}
	return held
}
