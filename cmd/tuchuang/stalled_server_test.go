package main

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api"
	"tuchuang/internal/client"
	"tuchuang/internal/config"
	"tuchuang/internal/copytask"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/ops"
	"tuchuang/internal/transfer"
	"tuchuang/internal/upload"
	"tuchuang/internal/web"
)

// pipes is a network without a kernel: nothing is taken from a writer that the other
// end does not read, and time is the test's.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.ended)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours, nil
}

// inside is the server of serve, on a network of pipes, for a test in a bubble.
func inside(t *testing.T, says io.Writer) (*server, *pipes, *client.Client) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log, data := slog.New(slog.NewTextHandler(says, nil)), t.TempDir()
	d, err := openDB(t.Context(), config.Config{Data: data}, db.Options{Upgrade: true}, log)
	must(err)
	store, err := openDisk(data)
	must(err)
	accounts, err := account.Open(t.Context(), d)
	must(err)
	secrets, _, err := ops.FirstStart(t.Context(), d)
	must(err)
	dr, bed := drive.New(d), imagebed.New(d)
	uploads := upload.New(d, store, dr, bed, log)
	tasks, _ := copytask.New(d, bed, log)
	const at = "http://server"
	s := &server{
		conf: config.Config{PublicURL: at, ImageURL: at}, log: log, db: d, draining: make(chan struct{}), stopWork: func() {},
	}
	pages, err := web.New(web.Options{Accounts: accounts, PublicURL: at, Log: log, ClientAddr: clientAddr(nil)})
	if err != nil {
		t.Fatal(err)
	}
	s.http = newHTTPServer(s.handler(
		api.New(api.Options{
			Accounts: accounts, Drive: dr, Bed: bed, Uploads: uploads, Tasks: tasks, PublicURL: at, ImageURL: at, Log: log, ClientAddr: clientAddr(nil),
		}),
		transfer.New(transfer.Options{Accounts: accounts, Drive: dr, Bed: bed, Uploads: uploads, Store: store, Log: log}), pages), log)
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetUnencryptedHTTP2(true) // as the same server speaks it over TLS
	network := &pipes{make(chan net.Conn), make(chan struct{})}
	s.work.Go(func() { _ = s.http.Serve(network) }) // says that it was ended
	transport := &http.Transport{DialContext: network.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		select {
		case <-s.draining:
		default:
			must(s.stop())
		}
	})
	c, err := client.New(client.Options{
		Server: at, ClientID: secrets.ClientID, Secret: secrets.ClientSecret, HTTP: &http.Client{Transport: transport},
	})
	must(err)
	return s, network, c
}

// publish puts a picture into the bed and answers the path of its link.
func publish(t *testing.T, c *client.Client, content string) string {
	t.Helper()
	return publishAs(t, c, sumName(content), content)
}

func publishAs(t *testing.T, c *client.Client, name, content string) string {
	t.Helper()
	sum := md5.Sum([]byte(content))
	made, err := c.BedCreate(t.Context(), client.NewImage{Filename: name, Etag: hex.EncodeToString(sum[:]), Size: int64(len(content))})
	var to string
	if err == nil {
		to, err = c.BedUploadURL(t.Context(), made.PreuploadID, 1)
	}
	if err == nil {
		err = c.Put(t.Context(), to, client.Content{From: strings.NewReader(content), Size: int64(len(content))})
	}
	var done client.BedCompleted
	if err == nil {
		done, err = c.BedComplete(t.Context(), made.PreuploadID)
	}
	var image client.Image
	if err == nil {
		image, err = c.BedDetail(t.Context(), done.FileID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(image.DownloadURL, c.Server())
}

func sumName(content string) string { return fmt.Sprintf("picture %d.png", len(content)) }

// Who asks and does not read the answer loses the connection, whatever he asked for.
func TestServerStalledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, network, c := inside(t, io.Discard)
		small, large := publish(t, c, strings.Repeat("s", 30<<10)), publish(t, c, strings.Repeat("l", 20<<20))
		file := upload20MB(t, c)
		for _, asked := range []string{
			"GET " + small + " HTTP/1.1\r\nHost: server\r\n\r\n",
			"GET " + small + " HTTP/1.1\r\nHost: server\r\nRange: bytes=1-\r\n\r\n",
			"GET " + large + " HTTP/1.1\r\nHost: server\r\n\r\n",
			"GET " + large + " HTTP/1.1\r\nHost: server\r\nRange: bytes=0-0\r\n\r\n",
			"GET " + large + " HTTP/1.1\r\nHost: server\r\nRange: bytes=1-\r\n\r\n",
			"GET " + large + " HTTP/1.1\r\nHost: server\r\nRange: bytes=0-9999999,10000001-\r\n\r\n",
			"GET " + file + " HTTP/1.1\r\nHost: server\r\n\r\n",
			"GET /i/nothing.png HTTP/1.1\r\nHost: server\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: server\r\n\r\n",
			"GET /healthz HTTP/1.1\r\nHost: server\r\n\r\n",
			"GET /api/v1/user/info HTTP/1.1\r\nHost: server\r\n\r\n",
			"POST /api/v1/access_token HTTP/1.1\r\nHost: server\r\nContent-Length: 2\r\n\r\n{}",
			"POST /api/v1/access_token HTTP/1.1\r\nHost: server\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
			"PUT /upload/put/1/x/1 HTTP/1.1\r\nHost: server\r\nContent-Length: 2\r\n\r\nab",
			"POST /nowhere HTTP/1.1\r\nHost: server\r\nContent-Length: 2\r\n\r\nab",
		} {
			for _, read := range []int64{0, 9 << 20} {
				ours, theirs := net.Pipe()
				closed := make(chan struct{})
				network.conns <- &watched{theirs, closed}
				if _, err := io.WriteString(ours, asked); err != nil {
					t.Fatal(err)
				}
				if _, err := io.CopyN(io.Discard, ours, read); err != nil && !errors.Is(err, io.EOF) {
					t.Errorf("%q: %v", asked, err)
				}
				select {
				case <-closed:
				case <-time.After(10 * time.Minute): // of the test's clock
					t.Errorf("ten minutes later the server still waits for who has read %d bytes of %q", read, asked)
				}
				ours.Close()
			}
		}
	})
}

// upload20MB puts a file into the drive and answers the path of its download.
func upload20MB(t *testing.T, c *client.Client) string {
	t.Helper()
	content := strings.Repeat("f", 20<<20)
	sum := md5.Sum([]byte(content))
	done, err := c.Upload(t.Context(), client.Upload{
		File:    client.NewFile{Filename: "file.bin", Etag: hex.EncodeToString(sum[:]), Size: int64(len(content))},
		Content: client.Content{From: strings.NewReader(content), Size: int64(len(content))},
	})
	var at string
	if err == nil {
		at, err = c.DownloadInfo(t.Context(), done.FileID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(at, c.Server())
}

// narrow is a connection that brings so many bytes a second, as the test's clock has it.
type narrow struct {
	net.Conn
	rate int
}

func (n *narrow) Read(p []byte) (int, error) {
	got, err := n.Conn.Read(p[:min(len(p), n.rate/10)])
	<-time.After(time.Duration(got) * time.Second / time.Duration(n.rate))
	return got, err
}

// overHTTP2 is a client of one connection, of which it makes what through says.
func overHTTP2(network *pipes, through func(net.Conn) net.Conn) *http.Transport {
	dial := func(ctx context.Context, kind, at string) (net.Conn, error) {
		c, err := network.dial(ctx, kind, at)
		return through(c), err
	}
	transport := &http.Transport{DialContext: dial, Protocols: new(http.Protocols), MaxConnsPerHost: 1}
	transport.Protocols.SetUnencryptedHTTP2(true)
	return transport
}

// Many who read over one slow connection all get what they asked for, however little
// of the connection each one has.
func TestServerSlowHTTP2(t *testing.T) {
	for _, kind := range []struct {
		what       string
		size, rate int
		asked      string
	}{
		{"large pictures", 200_000, 200_000, ""},
		{"parts of large pictures", 200_000, 200_000, "bytes=1-"},
		{"small pictures", 30_000, 20_000, ""},
	} {
		t.Run(kind.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, network, c := inside(t, io.Discard)
				at := c.Server() + publish(t, c, strings.Repeat("p", kind.size))
				transport := overHTTP2(network, func(c net.Conn) net.Conn { return &narrow{c, kind.rate} })
				defer transport.CloseIdleConnections()
				var readers sync.WaitGroup
				for range 100 {
					readers.Go(func() {
						r, err := http.NewRequest(http.MethodGet, at, http.NoBody)
						if err != nil {
							t.Error(err)
							return
						}
						if kind.asked != "" {
							r.Header.Set("Range", kind.asked)
						}
						res, err := transport.RoundTrip(r)
						if err != nil {
							t.Error(err)
							return
						}
						b, err := io.ReadAll(res.Body)
						if res.Body.Close(); err != nil || res.ProtoMajor != 2 || len(b) < kind.size-1 {
							t.Errorf("%s gave %d bytes of %d, %v", res.Proto, len(b), kind.size, err)
						}
					})
				}
				readers.Wait()
			})
		})
	}
}

// In HTTP/2 too who does not read loses the answer: all of them where nothing is taken
// from the connection, else the one.
func TestServerStalledHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, network, c := inside(t, io.Discard)
		at := c.Server() + publish(t, c, strings.Repeat("l", 20<<20))
		transport := overHTTP2(network, func(c net.Conn) net.Conn { return c })
		defer transport.CloseIdleConnections()
		get := func() *http.Response {
			r, err := http.NewRequest(http.MethodGet, at, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		stalled := get()
		<-time.After(20 * time.Minute)
		n, err := io.Copy(io.Discard, stalled.Body)
		if stalled.Body.Close(); err == nil {
			t.Errorf("twenty minutes later the server still had %d bytes for who did not read", n)
		}
		other := get()
		defer other.Body.Close()
		if n, err := io.Copy(io.Discard, other.Body); n != 20<<20 || err != nil {
			t.Errorf("beside it: %d bytes, %v", n, err)
		}
	})
}

// A request that has no body pays nothing for one, in either version.
func TestServerNoBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := inside(t, io.Discard)
		for major := 1; major <= 2; major++ {
			w := &timed{ResponseRecorder: httptest.NewRecorder()}
			r := httptest.NewRequest(http.MethodGet, "/i/nothing.png", http.NoBody)
			r.ProtoMajor, r.ContentLength, r.Body = major, 0, io.NopCloser(strings.NewReader("")) // as HTTP/2 gives it
			s.http.Handler.ServeHTTP(w, r)
			if w.Code != http.StatusNotFound || len(w.limits) != 0 {
				t.Errorf("HTTP/%d: %d, limits of reading %v", major, w.Code, w.limits)
			}
		}
	})
}

// watched tells when the server gives a connection up.
type watched struct {
	net.Conn
	closed chan struct{}
}

func (w *watched) Close() error {
	select {
	case <-w.closed:
	default:
		close(w.closed)
	}
	return w.Conn.Close()
}

// slow is a body that comes in some 25 minutes, as the test's clock has it.
type slow struct{ rest string }

func (s *slow) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	<-time.After(50 * time.Second)
	n := copy(p[:1], s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// A body that is a file may take any time to come, and its answer comes all the same.
func TestServerSlowBody(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprintf("HTTP %d", version), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, network, c := inside(t, io.Discard)
				transport := &http.Transport{DialContext: network.dial, Protocols: new(http.Protocols), ExpectContinueTimeout: time.Hour}
				transport.Protocols.SetHTTP1(version == 1)
				transport.Protocols.SetUnencryptedHTTP2(version == 2)
				defer transport.CloseIdleConnections()
				for _, expect := range []string{"", "100-continue"} {
					token, err := c.Token(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					r, err := http.NewRequest(http.MethodPost, c.Server()+"/upload/v2/file/single/create", &slow{
						"--B\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nabcdefgh\r\n--B--"})
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("Authorization", "Bearer "+token.AccessToken)
					r.Header.Set("Content-Type", "multipart/form-data; boundary=B")
					if expect != "" {
						r.Header.Set("Expect", expect)
					}
					res, err := transport.RoundTrip(r)
					if err != nil {
						t.Errorf("expecting %q: %v", expect, err)
						continue
					}
					b, err := io.ReadAll(res.Body)
					if res.Body.Close(); err != nil || res.ProtoMajor != version || !strings.Contains(string(b), `"code":`) {
						t.Errorf("expecting %q: %s answered %q, %v", expect, res.Proto, b, err)
					}
				}
			})
		})
	}
}
