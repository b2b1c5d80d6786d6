package fetch_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"tuchuang/internal/fetch"
)

// at serves at an address of its own, and counts who connects.
func at(t *testing.T, address string, h http.HandlerFunc) (url string, connected *atomic.Int32) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	connected = new(atomic.Int32)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connected.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, connected
}

// outside is the one address that stands for the public internet here.
const outside = "127.0.0.2"

var outsideAlone = []netip.Prefix{netip.MustParsePrefix(outside + "/32")}

// A redirect is judged as the URL was.
func TestHostileRedirects(t *testing.T) {
	var location string
	url, connected := at(t, outside+":0", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{location}
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	c := fetch.New(fetch.Options{Allow: outsideAlone, Resolver: answering(t, func(bool) []string { return []string{"127.0.0.1", "::1"} })})
	asked := int32(0)
	for _, raw := range hostile {
		if raw == "" || !strings.Contains(raw, "/") || strings.ContainsAny(raw, "\r\n") { // no redirect, or one to the server itself
			continue
		}
		location = raw
		if _, _, err := all(t, c, fetch.Request{URL: url}); reasonOf(err) != fetch.Refused && reasonOf(err) != fetch.BadURL && !strings.Contains(fmt.Sprint(err), "failed to parse Location") {
			t.Errorf("get %q: %v", raw, err)
		}
		if err := c.Post(t.Context(), url, []byte("{}")); err == nil {
			t.Errorf("post %q", raw)
		}
		asked += 2
	}
	if n := connected.Load(); n != asked || asked < 200 {
		t.Errorf("%d connections, want %d", n, asked)
	}
}

// A name that stands for one address when it is looked at and for another when it is
// dialled: there is one look, and it is the dialler's.
func TestDNSThatChangesItsAnswer(t *testing.T) {
	outsideURL, _ := at(t, outside+":0", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusFound) // the same name, looked up anew
			return
		}
		fmt.Fprint(w, "outside")
	})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(outsideURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, inside := at(t, "127.0.0.1:"+port, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "inside") })
	for _, tt := range []struct {
		name, path string
		answers    [][]string // one after the other, the last for ever
		want       string
		reason     fetch.Reason
	}{
		{"always outside", "/again", [][]string{{outside}}, "outside", ""},
		{"outside, then inside", "/again", [][]string{{outside}, {"127.0.0.1"}}, "", fetch.Refused},
		{"inside, then outside", "/", [][]string{{"127.0.0.1"}, {outside}}, "", fetch.Refused},
		{"both", "/", [][]string{{"127.0.0.1", outside}}, "outside", ""},
		{"both, the other way", "/again", [][]string{{outside, "127.0.0.1"}, {"127.0.0.1", "10.0.0.1"}}, "", fetch.Refused},
	} {
		asked := 0
		resolver := answering(t, func(four bool) []string {
			if !four {
				return nil
			}
			asked++
			return tt.answers[min(asked, len(tt.answers))-1]
		})
		c := fetch.New(fetch.Options{Allow: outsideAlone, Resolver: resolver})
		_, body, err := all(t, c, fetch.Request{URL: "http://name.test:" + port + tt.path})
		if reasonOf(err) != tt.reason || err != nil && tt.reason == "" || body != tt.want {
			t.Errorf("%s: %v %q", tt.name, err, body)
		}
		if n := inside.Load(); n != 0 {
			t.Fatalf("%s: %d connections to the inside", tt.name, n)
		}
	}
}
