// Command summary reads what `go test -json` writes and says in one screen how
// it went: the slowest packages, what failed with the end of its output, and as
// the last line the count. A test that was skipped counts as failed, because a
// check that does not run protects nothing; so does a run without any test.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	logPath := flag.String("log", "", "write the whole output of all tests to this `file`")
	countPath := flag.String("count", "", "write the last line to this `file` too")
	flag.Parse()
	ok, err := run(os.Stdin, os.Stdout, *logPath, *countPath)
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run reports whether all tests of the stream passed.
func run(in io.Reader, out io.Writer, logPath, countPath string) (ok bool, err error) {
	whole := io.Discard
	if logPath != "" {
		f, err := os.Create(logPath)
		if err != nil {
			return false, err
		}
		buf := bufio.NewWriter(f)
		defer func() {
			if flushErr := buf.Flush(); err == nil {
				err = flushErr
			}
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
		}()
		whole = buf
	}
	t, err := read(in, whole)
	if err != nil {
		return false, err
	}
	s := t.summarize()
	s.print(out, logPath)
	if countPath != "" {
		if err := os.WriteFile(countPath, []byte(s.count()+"\n"), 0o600); err != nil {
			return false, err
		}
	}
	return len(s.failures) == 0, nil
}
