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

// waiter is a connection whose other end neither reads nor writes.
type waiter struct {
	*testing.T
	net.Conn
}

// waits has a Read or a Write end after some time.
func (w waiter) waits(call func([]byte) (int, error), want time.Duration) {
	w.Helper()
	began := time.Now()
	if _, err := call(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != want {
		w.Errorf("%v after %v, want %v", err, time.Since(began), want)
	}
}

// until sets a deadline of the driver's; 0 takes it back.
func (w waiter) until(set func(time.Time) error, after time.Duration) {
	w.Helper()
	at := time.Time{}
	if after > 0 {
		at = time.Now().Add(after)
	}
	if err := set(at); err != nil {
		w.Error(err)
	}
}

// The limit holds for each Read and Write, but where the driver has set a deadline that
// one holds, be it earlier or later. (A bubble has a clock of its own.)
func TestImpatientConn(t *testing.T) {
	for name, test := range map[string]func(c waiter){
		"a Read, and none after it": func(c waiter) {
			c.waits(c.Read, time.Minute)
			c.waits(c.Read, 0)
			c.waits(c.Write, 0)
		},
		"a Write, and none after it": func(c waiter) {
			c.waits(c.Write, time.Minute)
			c.waits(c.Write, 0)
			c.waits(c.Read, 0)
		},
		"an earlier deadline, which is no end": func(c waiter) {
			c.until(c.SetDeadline, time.Second)
			c.waits(c.Read, time.Second)
			c.waits(c.Write, 0)
			c.until(c.SetDeadline, 0)
			c.waits(c.Read, time.Minute)
		},
		"a later deadline": func(c waiter) {
			c.until(c.SetReadDeadline, time.Hour)
			c.waits(c.Read, time.Hour)
			c.waits(c.Write, time.Minute)
		},
		"a deadline of writes": func(c waiter) {
			c.until(c.SetWriteDeadline, time.Hour)
			c.waits(c.Write, time.Hour)
			c.waits(c.Read, time.Minute)
		},
		"a deadline that is taken back meanwhile": func(c waiter) {
			time.AfterFunc(30*time.Second, func() {
				c.until(c.SetDeadline, time.Hour)
				c.until(c.SetDeadline, 0)
			})
			c.waits(c.Read, 90*time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				defer there.Close()
				dial := func(context.Context, string, string) (net.Conn, error) { return here, nil }
				c, err := impatient(dial, time.Minute)(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				test(waiter{t, c})
			})
		})
	}
}
