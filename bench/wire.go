package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// conn speaks HTTP/1.1 over one kept connection with as little work as can be, so
// that what is measured is the server.
type conn struct {
	net.Conn
	r     *bufio.Reader
	token string
	out   []byte
	in    []byte
}

func dial(addr string) (*conn, error) {
	c, err := net.Dial("tcp", addr) //nolint:noctx // loopback
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, r: bufio.NewReaderSize(c, 64<<10)}, nil
}

// head appends the head of a request.
func (c *conn) head(method, path, contentType string, length int) {
	c.out = append(c.out[:0], method...)
	c.out = append(c.out, ' ')
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: bench\r\n"...)
	if c.token != "" {
		c.out = append(c.out, "Authorization: Bearer "...)
		c.out = append(c.out, c.token...)
		c.out = append(c.out, "\r\nPlatform: open_platform\r\n"...)
	}
	if contentType != "" {
		c.out = append(c.out, "Content-Type: "...)
		c.out = append(c.out, contentType...)
		c.out = append(c.out, "\r\nContent-Length: "...)
		c.out = strconv.AppendInt(c.out, int64(length), 10)
		c.out = append(c.out, "\r\n"...)
	}
	c.out = append(c.out, "\r\n"...)
}

var lengthName = []byte("content-length:")

// answer reads the head of an answer and says how long its body is.
func (c *conn) answer() (status, length int, err error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 {
		return 0, 0, fmt.Errorf("no HTTP: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	length = -1
	for {
		line, err = c.r.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		if len(line) <= 2 {
			break
		}
		if len(line) > len(lengthName) && bytes.EqualFold(line[:len(lengthName)], lengthName) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(lengthName):]))); err != nil {
				return 0, 0, err
			}
		}
	}
	if length < 0 {
		return 0, 0, errors.New("an answer without Content-Length")
	}
	return status, length, nil
}

// get asks for a path and throws the body away.
func (c *conn) get(path string) error {
	c.head("GET", path, "", 0)
	if _, err := c.Write(c.out); err != nil {
		return err
	}
	status, length, err := c.answer()
	if err == nil && status != 200 {
		err = fmt.Errorf("GET %s: HTTP %d", path, status)
	}
	if err != nil {
		return err
	}
	_, err = c.r.Discard(length)
	return err
}

// raw sends a request in pieces and answers the body, which the next call reuses.
func (c *conn) raw(method, path, contentType string, body ...[]byte) ([]byte, error) {
	length := 0
	for _, b := range body {
		length += len(b)
	}
	c.head(method, path, contentType, length)
	all := append(net.Buffers{c.out}, body...)
	if _, err := all.WriteTo(c.Conn); err != nil {
		return nil, err
	}
	status, length, err := c.answer()
	if err != nil {
		return nil, err
	}
	if cap(c.in) < length {
		c.in = make([]byte, length)
	}
	c.in = c.in[:length]
	if _, err := io.ReadFull(c.r, c.in); err != nil {
		return nil, err
	}
	if status != 200 || !bytes.HasPrefix(c.in, []byte(`{"code":0,`)) {
		return nil, fmt.Errorf("%s %s: HTTP %d %.300s", method, path, status, c.in)
	}
	return c.in, nil
}

// ask sends JSON and reads the data of the envelope into out.
func (c *conn) ask(path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := c.raw("POST", path, "application/json", body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(answer, &struct{ Data any }{out})
}

// hangUp ends a connection that is not needed any more; there is nobody to tell.
func (c *conn) hangUp() { _ = c.Close() }

// signIn opens a connection that acts for an account.
func (s *server) signIn(a access) (*conn, error) {
	c, err := dial(s.addr)
	if err != nil {
		return nil, err
	}
	var out struct{ AccessToken string }
	err = c.ask("/api/v1/access_token", map[string]string{"clientID": a.ClientID, "clientSecret": a.ClientSecret}, &out)
	c.token = out.AccessToken
	return c, err
}
