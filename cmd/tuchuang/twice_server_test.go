package main

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// A slice that has come and then comes once more is broken off; the connection it came
// by is none the worse for what is asked by it next.
func TestServerAfterASliceThatCameAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, network, c := inside(t, io.Discard)
		content := strings.Repeat("x", 1000)
		sum := md5.Sum([]byte(content))
		etag := hex.EncodeToString(sum[:])
		made, err := c.CreateV2(t.Context(), client.NewFile{Filename: "a.bin", Etag: etag, Size: int64(len(content))})
		if err != nil {
			t.Fatal(err)
		}
		held, release := make(chan struct{}), make(chan struct{})
		writing := make(chan error, 1)
		go func() {
			writing <- s.db.Write(t.Context(), "test: hold", func(*db.Tx) error {
				close(held)
				<-release
				return nil
			})
		}()
		<-held
		type sender struct {
			*client.Client
			err chan error
		}
		send := func() sender {
			transport := &http.Transport{DialContext: network.dial}
			t.Cleanup(transport.CloseIdleConnections)
			one, err := client.New(client.Options{Server: "http://server", ClientID: "x", Secret: "y", Token: c.LastToken(), HTTP: &http.Client{Transport: transport}})
			if err != nil {
				t.Fatal(err)
			}
			sent := make(chan error, 1)
			go func() {
				sent <- one.Slice(t.Context(), "", made.PreuploadID, 1, etag, client.Content{From: strings.NewReader(content), Size: int64(len(content))})
			}()
			synctest.Wait() // all of it has come, and waits to be noted
			return sender{one, sent}
		}
		first := send()
		second := send()
		close(release)
		if err := <-writing; err != nil {
			t.Fatal(err)
		}
		if err := <-first.err; !client.Is(err, fault.Canceled) {
			t.Errorf("the first: %v", err)
		}
		if err := <-second.err; err != nil {
			t.Errorf("the second: %v", err)
		}
		if _, err := first.UserInfo(t.Context()); err != nil {
			t.Errorf("what the first asks next: %v", err)
		}
		if done, err := second.CompleteV2(t.Context(), made.PreuploadID); err != nil || !done.Completed {
			t.Errorf("%+v, %v", done, err)
		}
	})
}
