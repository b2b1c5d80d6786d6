package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// What is printed fits one screen: this many failures with their output, which share
// this many lines, and then the names alone.
const (
	shownFailures = 4
	shownLines    = 56
	shownLast     = 8 // what is wrong is said first, what led to it last
	shownNames    = 15
	shownPackages = 5
)

type failure struct {
	name   string
	why    string
	output []string
}

type summary struct {
	passed   int
	failures []failure
	slowest  []*unit // packages
}

// summarize counts each test once, at its leaves: a test with subtests counts
// only if it failed and none of them did, and a package likewise.
func (t *tests) summarize() summary {
	var s summary
	for _, u := range slices.Backward(t.units) { // a subtest begins after its test
		parent := t.parent(u)
		why := t.whyFailed(u)
		if why == "" || u.failedBy > 0 {
			if u.test != "" && u.children == 0 {
				s.passed++
			}
		} else {
			s.failures = append(s.failures, failure{u.name(), why, t.outputOf(u)})
			u.failedBy++
		}
		if parent != nil {
			parent.failedBy += u.failedBy
		}
		if u.test == "" && u.took >= time.Second {
			s.slowest = append(s.slowest, u)
		}
	}
	slices.Reverse(s.failures)
	if s.passed == 0 && len(s.failures) == 0 {
		s.failures = []failure{{name: "the run", why: "no test ran"}}
	}
	slices.SortStableFunc(s.slowest, func(a, b *unit) int { return cmp.Compare(b.took, a.took) })
	s.slowest = s.slowest[:min(len(s.slowest), shownPackages)]
	return s
}

// whyFailed is empty for a unit that did its work. A package without tests is
// reported as skipped by go test, and is well.
func (t *tests) whyFailed(u *unit) string {
	switch u.outcome {
	case passed:
		return ""
	case failed:
		if u.build != "" {
			return "does not build"
		}
		return "failed"
	case skipped:
		if u.test == "" {
			return ""
		}
		return "was skipped; no test may be"
	default:
		return "did not end"
	}
}

func (t *tests) outputOf(u *unit) []string {
	text := strings.Join(append(slices.Clone(t.builds[u.build]), u.output...), "")
	var kept []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "=== ") {
			continue
		}
		kept = append(kept, line)
	}
	return kept
}

func (u *unit) name() string {
	if u.test == "" {
		return u.pkg
	}
	return u.pkg + " " + u.test
}

func (s summary) count() string {
	return fmt.Sprintf("%d passed, %d failed", s.passed, len(s.failures))
}

func (s summary) print(out io.Writer, logPath string) {
	var b strings.Builder
	for _, u := range s.slowest {
		fmt.Fprintf(&b, "      %7s  %s\n", u.took.Round(100*time.Millisecond), u.pkg)
	}
	shown := s.failures[:min(len(s.failures), shownFailures)]
	for _, f := range shown {
		fmt.Fprintf(&b, "\n--- %s %s\n", f.name, f.why)
		shownFirst := shownLines/len(shown) - shownLast
		cut := len(f.output) - shownFirst - shownLast
		for n, line := range f.output {
			switch {
			case n < shownFirst || n >= shownFirst+cut:
				fmt.Fprintf(&b, "    %s\n", line)
			case n == shownFirst:
				fmt.Fprintf(&b, "    … %d more lines\n", cut)
			}
		}
	}
	if len(s.failures) > 0 {
		b.WriteByte('\n')
		for i, f := range s.failures {
			if i == shownNames {
				fmt.Fprintf(&b, "FAIL  … and %d more\n", len(s.failures)-i)
				break
			}
			fmt.Fprintf(&b, "FAIL  %s: %s\n", f.name, f.why)
		}
		if logPath != "" {
			fmt.Fprintf(&b, "all output: %s\n", logPath)
		}
	}
	fmt.Fprintln(&b, s.count())
	// What can't be written can't be reported either; the exit code still tells.
	_, _ = io.WriteString(out, b.String())
}
