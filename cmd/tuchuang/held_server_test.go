package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// taken counts what the server takes from a connection.
type taken struct {
	net.Conn
	n atomic.Int64
}

func (c *taken) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// dialed is a connection whose server's end counts.
func dialed(network *pipes) (net.Conn, *taken) {
	ours, theirs := net.Pipe()
	counted := &taken{Conn: theirs}
	network.conns <- counted
	return ours, counted
}

// answered reads an answer of the wire.
func answered(t *testing.T, from *bufio.Reader) string {
	t.Helper()
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return ""
	}
	b, err := io.ReadAll(res.Body)
	if res.Body.Close(); err != nil {
		t.Errorf("the answer ends with %v", err)
	}
	return string(b)
}

// Whoever sends most of a large body and stops holds little memory, and nobody up: few
// such bodies are held at a moment, the others wait where they are, and all are answered
// when their time is over.
func TestServerLargeBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, network, c := inside(t, io.Discard)
		token, err := c.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		const size, senders = 4<<20 - 1, 100
		var conns []*taken
		answers := make(chan string, senders)
		for range senders {
			ours, counted := dialed(network)
			conns = append(conns, counted)
			defer ours.Close()
			go func() { // ends with the connection
				fmt.Fprintf(ours, "POST /api/v1/file/infos HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", token.AccessToken, size)
				_, _ = io.CopyN(ours, strings.NewReader(strings.Repeat(" ", size)), size-1)
			}()
			go func() { answers <- answered(t, bufio.NewReader(ours)) }()
		}
		synctest.Wait() // the server has taken all it takes
		var held, large int64
		for _, conn := range conns {
			held += conn.n.Load()
			if conn.n.Load() > 100<<10 {
				large++
			}
		}
		if large == 0 || held > 45<<20 {
			t.Errorf("the server holds %d bytes, %d large bodies", held, large)
		}
		if _, err := c.UserInfo(t.Context()); err != nil {
			t.Errorf("beside them: %v", err)
		}
		before := time.Now()
		for range senders {
			if a := <-answers; !strings.Contains(a, `"bad_body"`) && !strings.Contains(a, `"unavailable"`) {
				t.Errorf("answered %s", a)
			}
		}
		if took := time.Since(before); took > time.Minute { // of the test's clock
			t.Errorf("answered after %v", took)
		}
		// And large bodies have their turn again.
		ours, _ := dialed(network)
		defer ours.Close()
		go fmt.Fprintf(ours, "POST /api/v1/file/infos HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s{}",
			token.AccessToken, size, strings.Repeat(" ", size-2))
		if a := answered(t, bufio.NewReader(ours)); !strings.Contains(a, `"bad_request"`) {
			t.Errorf("afterwards: %s", a)
		}
	})
}

// A body that comes byte by byte is ended with the time of its request, where it is no
// file; and the next request of a connection has all its time.
func TestServerTricklingBody(t *testing.T) {
	for _, asked := range []string{"/api/v1/access_token", "/api/v1/file/infos"} {
		synctest.Test(t, func(t *testing.T) {
			_, network, c := inside(t, io.Discard)
			token, err := c.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ours, _ := dialed(network)
			defer ours.Close()
			head := "POST " + asked + " HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer " + token.AccessToken + "\r\n"
			answers := bufio.NewReader(ours)
			for range 3 { // whole, with pauses between that no limit may outlast
				go io.WriteString(ours, head+"Content-Length: 2\r\n\r\n{}")
				if a := answered(t, answers); !strings.Contains(a, `"bad_request"`) {
					t.Errorf("%s: %s", asked, a)
				}
				<-time.After(40 * time.Second)
			}
			ended := make(chan struct{})
			go func() { // ends with the connection
				defer close(ended)
				_, err := io.WriteString(ours, head+"Content-Length: 1000\r\n\r\n")
				for err == nil {
					<-time.After(3 * time.Second)
					_, err = io.WriteString(ours, " ")
				}
			}()
			before := time.Now()
			if a := answered(t, answers); !strings.Contains(a, `"bad_body"`) {
				t.Errorf("%s: %s", asked, a)
			}
			if _, err := answers.ReadByte(); err == nil {
				t.Errorf("%s: the connection goes on", asked)
			}
			if took := time.Since(before); took > time.Minute { // of the test's clock
				t.Errorf("%s: ended after %v", asked, took)
			}
			ours.Close()
			<-ended
		})
	}
}

// What comes after the answer is taken for who has not read it yet, and not for ever.
func TestServerRestOfABody(t *testing.T) {
	for _, tt := range []struct {
		name  string
		piece int
		every time.Duration
		most  int64 // bytes that are taken
	}{
		{"that stalls", 1, 24 * time.Hour, 300 << 10},
		{"that trickles", 1, 3 * time.Second, 300 << 10},
		{"without end", 64 << 10, time.Second, 129 << 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, network, _ := inside(t, io.Discard)
				ours, counted := dialed(network)
				defer ours.Close()
				answers, ended := bufio.NewReader(ours), make(chan struct{})
				go func() { // ends with the connection
					defer close(ended)
					_, err := io.WriteString(ours, "POST /nowhere HTTP/1.1\r\nHost: server\r\nContent-Length: 1000000000\r\n\r\n"+strings.Repeat(" ", 290<<10))
					for err == nil {
						<-time.After(tt.every)
						_, err = io.WriteString(ours, strings.Repeat(" ", tt.piece))
					}
				}()
				if a := answered(t, answers); !strings.Contains(a, "not found") {
					t.Errorf("answered %s", a)
				}
				if b, err := answers.ReadByte(); err == nil {
					t.Errorf("the connection goes on with %q", b)
				}
				<-ended
				if n := counted.n.Load(); n > tt.most {
					t.Errorf("%d bytes were taken", n)
				}
			})
		})
	}
}
