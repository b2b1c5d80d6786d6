package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	const head = `{"Action":"start","Package":"p"}` + "\n"
	for name, c := range map[string]struct {
		stream string
		ok     bool
		lines  []string // printed, in this order; the last one ends the report
	}{
		"passes are counted at the leaves": {
			stream: head + `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"run","Package":"p","Test":"A/y"}
{"Action":"run","Package":"p","Test":"A/y/z"}
{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"pass","Package":"p","Test":"A/y/z"}
{"Action":"pass","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Elapsed":1.26}
`,
			ok:    true,
			lines: []string{"         1.3s  p", "2 passed, 0 failed"},
		},
		"a slash in a subtest's own name makes no parent": {
			stream: head + `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/this_and/or_that"}
{"Action":"pass","Package":"p","Test":"A/this_and/or_that"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Elapsed":0.1}
`,
			ok:    true,
			lines: []string{"1 passed, 0 failed"},
		},
		"a failure shows its output and is counted once": {
			stream: head + `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"output","Package":"p","Test":"A/x","Output":"=== RUN A/x\n"}
{"Action":"output","Package":"p","Test":"A/x","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"A/x"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"B"}
{"Action":"pass","Package":"p","Test":"B"}
{"Action":"fail","Package":"p"}
`,
			lines: []string{"--- p A/x failed", "    got 1, want 2", "FAIL  p A/x: failed", "1 passed, 1 failed"},
		},
		"of a long output the beginning and the end are shown": {
			stream: head + `{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"what is wrong\n` + strings.Repeat(`and\n`, 46) + `48\n"}
{"Action":"output","Package":"p","Test":"A","Output":"49\n50\n51\n52\n53\n54\n55\n56\nthe end\n"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}
`,
			lines: []string{"--- p A failed", "    what is wrong", "    48", "    … 1 more lines", "    50", "    the end", "FAIL  p A: failed", "0 passed, 1 failed"},
		},
		"a test that fails after its subtests passed": {
			stream: head + `{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}
`,
			lines: []string{"FAIL  p A: failed", "1 passed, 1 failed"},
		},
		"a skipped test fails, a package without tests does not": {
			stream: `{"Action":"skip","Package":"empty"}
{"Action":"skip","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}
`,
			lines: []string{"FAIL  p A: was skipped; no test may be", "0 passed, 1 failed"},
		},
		"a package that does not build shows the compiler": {
			stream: `{"ImportPath":"p [p.test]","Action":"build-output","Output":"p.go:3: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"start","Package":"p"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}
`,
			lines: []string{"--- p does not build", "    p.go:3: undefined: x", "FAIL  p: does not build", "0 passed, 1 failed"},
		},
		"a stream that breaks off": {
			stream: head + `{"Action":"run","Package":"p","Test":"A"}`,
			lines:  []string{"FAIL  p A: did not end", "0 passed, 1 failed"},
		},
		"a package that fails after its tests passed": {
			stream: head + `{"Action":"pass","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Output":"goroutine leaked\n"}
{"Action":"fail","Package":"p"}
`,
			lines: []string{"    goroutine leaked", "FAIL  p: failed", "1 passed, 1 failed"},
		},
		"nothing at all": {
			stream: "go: no such package\n",
			lines:  []string{"FAIL  the run: no test ran", "0 passed, 1 failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			count := filepath.Join(t.TempDir(), "count")
			ok, err := run(strings.NewReader(c.stream), &out, "", count)
			if err != nil {
				t.Fatal(err)
			}
			if ok != c.ok {
				t.Errorf("ok = %v, want %v", ok, c.ok)
			}
			rest := out.String()
			for _, line := range c.lines {
				_, after, found := strings.Cut("\n"+rest, "\n"+line+"\n")
				if !found {
					t.Fatalf("the report lacks %q after what came before it:\n%s", line, out.String())
				}
				rest = after
			}
			if rest != "" {
				t.Errorf("after the count the report still says %q", rest)
			}
			last := c.lines[len(c.lines)-1] + "\n"
			got, err := os.ReadFile(count)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(last, string(got)); diff != "" {
				t.Errorf("count file (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunKeepsTheWholeOutput(t *testing.T) {
	var out strings.Builder
	log := filepath.Join(t.TempDir(), "log")
	stream := `{"Action":"output","Package":"p","Test":"A","Output":"one\n"}
not JSON
{"Action":"pass","Package":"p","Test":"A"}
{"ImportPath":"q","Action":"build-output","Output":"two\n"}
{"Action":"pass","Package":"p"}
`
	if _, err := run(strings.NewReader(stream), &out, log, ""); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("one\nnot JSON\ntwo\n", string(got)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}
