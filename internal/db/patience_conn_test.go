package db

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// The limit holds for each Read and Write, but where the driver has set a deadline that
// one holds, be it earlier or later.
func TestImpatientConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		c, err := impatient(func(context.Context, string, string) (net.Conn, error) { return here, nil }, time.Minute)(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		waits := func(what string, call func([]byte) (int, error), want time.Duration) {
			t.Helper()
			began := time.Now()
			if _, err := call(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != want {
				t.Errorf("%s: %v after %v, want %v", what, err, time.Since(began), want)
			}
		}
		set := func(deadline func(time.Time) error, after time.Duration) {
			t.Helper()
			at := time.Time{}
			if after > 0 {
				at = time.Now().Add(after)
			}
			if err := deadline(at); err != nil {
				t.Error(err)
			}
		}
		waits("a Read", c.Read, time.Minute)
		waits("another", c.Read, time.Minute)
		waits("a Write", c.Write, time.Minute)
		set(c.SetDeadline, time.Second)
		waits("an earlier deadline", c.Read, time.Second)
		waits("it has passed", c.Write, 0)
		set(c.SetReadDeadline, time.Hour)
		waits("a later one", c.Read, time.Hour)
		set(c.SetDeadline, 0)
		waits("a Read without it", c.Read, time.Minute)
		waits("a Write without it", c.Write, time.Minute)
		set(c.SetWriteDeadline, time.Hour)
		waits("a Read beside a deadline of writes", c.Read, time.Minute)
		waits("a Write until it", c.Write, 59*time.Minute)
		set(c.SetWriteDeadline, 0)

		time.AfterFunc(30*time.Second, func() {
			set(c.SetDeadline, time.Hour)
			set(c.SetDeadline, 0)
		})
		waits("a Read whose deadline is taken back", c.Read, 90*time.Second)
	})
}
