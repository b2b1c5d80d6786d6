package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tuchuang/internal/client"
)

// What has not ended when the drain is over is broken off: that is said, without
// secrets; the database is closed when the last has returned; and all of it is in order.
func TestServerDrainBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var says said
		s, network, c := inside(t, &says)
		content := strings.Repeat("x", 1000)
		sum := md5.Sum([]byte(content))
		made, err := c.CreateV2(t.Context(), client.NewFile{Filename: "a.bin", Etag: hex.EncodeToString(sum[:]), Size: int64(len(content))})
		if err != nil {
			t.Fatal(err)
		}
		link, err := c.UploadURL(t.Context(), made.PreuploadID, 1)
		if err != nil {
			t.Fatal(err)
		}
		body, feed := io.Pipe()
		r, err := http.NewRequest(http.MethodPut, link, body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = int64(len(content))
		transport := &http.Transport{DialContext: network.dial}
		defer transport.CloseIdleConnections()
		failed := make(chan error, 1)
		go func() {
			res, err := transport.RoundTrip(r)
			if err == nil {
				res.Body.Close()
			}
			failed <- err
		}()
		if _, err := io.WriteString(feed, content[:100]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the server waits for the rest
		if err := s.stop(); err != nil {
			t.Errorf("the drain: %v", err)
		}
		feed.Close()
		if err := <-failed; err == nil {
			t.Error("the request that was broken off was answered")
		}
		for _, want := range []string{"are broken off", "method=PUT", "path=/upload/put/"} {
			if !strings.Contains(says.String(), want) {
				t.Errorf("the log does not say %q", want)
			}
		}
		for _, never := range []string{"closed", "ERROR", "sign="} {
			if strings.Contains(says.String(), never) {
				t.Errorf("the log says %q", never)
			}
		}
		if t.Failed() {
			t.Log(&says)
		}
	})
}

// What is read by a direct link while the server ends is counted: each byte, and the
// request once.
func TestServerCountsToTheEnd(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data)
	c := r.account(p, data, "writer")
	const size = 32 << 20 // more than the way to the reader holds
	content := make([]byte, size)
	folder, err := c.Mkdir(t.Context(), 0, "a")
	if err != nil {
		t.Fatal(err)
	}
	done, err := c.Single(t.Context(), "", client.NewFile{ParentFileID: folder, Filename: "b", Etag: sumHex(content), Size: size}, client.Content{From: bytes.NewReader(content), Size: size})
	if err == nil {
		_, err = c.DirectEnable(t.Context(), folder)
	}
	var link string
	if err == nil {
		link, err = c.DirectURL(t.Context(), done.FileID)
	}
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, content[:1<<20]); err != nil {
		t.Fatal(err)
	}
	r.signal() // nothing works in the background any more
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n != size-1<<20 {
		t.Errorf("the rest: %d bytes, %v", n, err)
	}
	<-r.gone
	if code := r.cmd.ProcessState.ExitCode(); code != exitDone {
		t.Errorf("exit %d:\n%s", code, &r.errs)
	}
	r = p.start("--data", data)
	if c, err = client.New(client.Options{Server: r.url, ClientID: "x", Secret: "y", Token: c.LastToken()}); err != nil {
		t.Fatal(err)
	}
	log, err := c.DirectLog(t.Context(), 1, 100)
	var requests, sent int64
	for _, l := range log.List { // an hour may end meanwhile
		requests += l.Requests
		sent += l.TotalTraffic
	}
	if err != nil || requests != 1 || sent != size {
		t.Errorf("counted %d requests, %d bytes, want 1 and %d; %v", requests, sent, size, err)
	}
	r.stop()
}

// Told to stop, a server says so to who asks whether it is ready, and takes what comes
// for as long as is set.
func TestServerLeavesBeforeItDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, network, c := inside(t, io.Discard)
		s.conf.DrainWait = 10 * time.Second
		transport := &http.Transport{DialContext: network.dial, DisableKeepAlives: true}
		ready := func() string {
			t.Helper()
			r, err := http.NewRequest(http.MethodGet, "http://server/readyz", nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res.Status + " " + string(body)
		}
		if got := ready(); got != "200 OK ready\n" {
			t.Errorf("before: %q", got)
		}
		began, left := time.Now(), make(chan error)
		go func() { left <- s.leave() }()
		synctest.Wait()
		if got := ready(); got != "503 Service Unavailable draining\n" {
			t.Errorf("while it leaves: %q", got)
		}
		if _, err := c.UserInfo(t.Context()); err != nil {
			t.Errorf("while it leaves: %v", err)
		}
		if err := <-left; err != nil || time.Since(began) != s.conf.DrainWait {
			t.Errorf("it has left after %v, %v", time.Since(began), err)
		}
	})
}

// Told to stop while it starts, a server ends in order and says so.
func TestServerStoppedBeforeItIsReady(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut strings.Builder
	t.Setenv("LANG", "C")
	t.Setenv("LC_ALL", "C")
	code := run(ctx, []string{"serve", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0"}, os.Stdin, &out, &errOut)
	if code != exitDone || !strings.Contains(errOut.String(), "before it was ready") {
		t.Errorf("exit %d:\n%s%s", code, &out, &errOut)
	}
}
