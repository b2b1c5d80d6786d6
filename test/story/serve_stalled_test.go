package story

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tuchuang/test/harness"
)

// A stranger who announces a body and stalls gets an answer and loses the
// connection, wherever he knocks.
func TestStalledBodyOfAStranger(t *testing.T) {
	s := harness.Start(t)
	var all sync.WaitGroup
	for _, knock := range []string{
		"POST /api/v1/user/info", "POST /nowhere", "GET /api/nowhere", "GET /i/nothing.png", "POST /i/nothing.png", "GET /", "GET /d/1/2/3/x",
	} {
		all.Go(func() {
			c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc", knock)
			answers := bufio.NewReader(c)
			res, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Errorf("%s: %v", knock, err)
				return
			}
			_, err = io.Copy(io.Discard, res.Body)
			if err := errors.Join(err, res.Body.Close()); err != nil {
				t.Errorf("%s: the answer: %v", knock, err)
			}
			if b, err := answers.ReadByte(); err == nil {
				t.Errorf("%s: the connection goes on with %q", knock, b)
			}
		})
	}
	all.Wait()
}
