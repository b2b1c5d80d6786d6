package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// event is one line of `go test -json`; `go doc test2json` and `go help
// buildjson` describe it.
type event struct {
	Action      string
	Package     string
	Test        string
	Output      string
	Elapsed     float64 // seconds
	ImportPath  string  // of build-output and build-fail
	FailedBuild string  // of a package's fail: the ImportPath of the build that failed
}

// outcome is how a test or a package ended; empty while it has not.
type outcome string

const (
	passed  outcome = "pass"
	failed  outcome = "fail"
	skipped outcome = "skip"
)

// unit is a package (Test empty), a test or a subtest.
type unit struct {
	pkg, test string
	outcome   outcome
	took      time.Duration
	output    []string
	children  int // subtests that ran
	failedBy  int // descendants that did not pass
	build     string
}

// tests is everything a stream told, in the order in which it began.
type tests struct {
	units  []*unit
	byName map[[2]string]*unit
	builds map[string][]string // compiler output by import path
}

// read takes the stream in until its end and copies all output to whole. A line
// that is not JSON belongs to no test and goes to whole alone.
func read(in io.Reader, whole io.Writer) (*tests, error) {
	t := &tests{byName: map[[2]string]*unit{}, builds: map[string][]string{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			if err := t.take(line, whole); err != nil {
				return nil, err
			}
		}
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the tests' output: %w", err)
		}
	}
}

func (t *tests) take(line string, whole io.Writer) error {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil {
		_, err := io.WriteString(whole, line)
		return err
	}
	switch e.Action {
	case "build-output":
		t.builds[e.ImportPath] = append(t.builds[e.ImportPath], e.Output)
	case "build-fail":
		return nil
	default:
		if e.Package == "" {
			return nil
		}
		u := t.unit(e.Package, e.Test)
		if e.Action == "output" {
			u.output = append(u.output, e.Output)
		}
		if o := outcome(e.Action); o == passed || o == failed || o == skipped {
			u.outcome = o
			u.took = time.Duration(e.Elapsed * float64(time.Second))
			u.build = e.FailedBuild
		}
	}
	_, err := io.WriteString(whole, e.Output)
	return err
}

// unit finds or begins a unit, and its parents with it.
func (t *tests) unit(pkg, test string) *unit {
	key := [2]string{pkg, test}
	if u := t.byName[key]; u != nil {
		return u
	}
	u := &unit{pkg: pkg, test: test}
	if parent := t.parent(u); parent != nil {
		parent.children++
	}
	t.byName[key] = u
	t.units = append(t.units, u)
	return u
}

// parent is the test of a subtest, the package of a test, nil of a package. A slash
// may also stand in a subtest's own name: what has not begun by itself is no parent.
func (t *tests) parent(u *unit) *unit {
	if u.test == "" {
		return nil
	}
	for name := u.test; ; {
		i := strings.LastIndexByte(name, '/')
		if i <= 0 {
			return t.unit(u.pkg, "")
		}
		name = name[:i]
		if p := t.byName[[2]string{u.pkg, name}]; p != nil {
			return p
		}
	}
}
