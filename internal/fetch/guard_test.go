package fetch_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"tuchuang/internal/fault"
	"tuchuang/internal/fetch"
)

// hostile are URLs that lead, or might lead, to what is not of the public internet. A
// name is anybody's: the resolver of the test says 127.0.0.1 and ::1 of each.
var hostile = []string{
	// This machine, in all the forms that somebody understands.
	"http://127.0.0.1/", "http://127.0.0.1:8123/", "https://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://127.255.255.254/",
	"http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0x7f.1/", "http://0177.0.0.1/",
	"http://0177.0.0.01/", "http://127.0.0.1./", "http://127.0.0.1%2e/", "http://0/", "http://0.0.0.0/", "http://00000000/", "http://0x0/", "http://127.0.0.0x1/",
	"http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://a.localhost/", "http://localhost.localdomain/", "http://ip6-localhost/",
	"http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://１２７.0.0.1/", "http://127．0．0．1/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
	// Of IPv6, and what embeds IPv4 in it.
	"http://[::1]/", "http://[::1]:22/", "http://[0:0:0:0:0:0:0:1]/", "http://[0000::0001]/", "http://[::]/", "http://[::127.0.0.1]/",
	"http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::ffff:93.184.216.34]/",
	"http://[64:ff9b::7f00:1]/", "http://[64:ff9b::93.184.216.34]/", "http://[64:ff9b:1::10.0.0.1]/", "http://[2002:7f00:1::]/", "http://[2002:a00:1::1]/",
	"http://[2001::1]/", "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "http://[2001:2::1]/", "http://[2001:10::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/",
	"http://[fe80::1]/", "http://[fe80::1%25lo]/", "http://[fe80::1%25eth0]/", "http://[::1%25lo]/", "http://[fec0::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/",
	"http://[ff02::1]/", "http://[100::1]/", "http://[5f00::1]/", "http://[::127.0.0.1%25lo]/", "http://[2606:4700::1111%25lo]/",
	// Other machines nearby, and none at all.
	"http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/", "http://192.168.0.1:80/", "http://100.64.0.1/", "http://100.127.255.255/",
	"http://169.254.169.254/latest/meta-data/", "http://169.254.0.1/", "http://192.0.0.192/", "http://192.0.2.1/", "http://198.51.100.1/", "http://203.0.113.1/",
	"http://192.88.99.1/", "http://198.18.0.1/", "http://198.19.255.255/", "http://224.0.0.1/", "http://239.255.255.255/", "http://240.0.0.1/", "http://255.255.255.255/",
	"http://0.1.2.3/", "http://10.1/", "http://167772161/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://192.168.257/",
	// What hides where it leads.
	"http://example.org@127.0.0.1/", "http://example.org:80@127.0.0.1/", "http://127.0.0.1@example.org/", "http://a:b@example.org/", "http://@127.0.0.1/",
	`http://example.org\@127.0.0.1/`, "http://example.org%40127.0.0.1/", "http://127.0.0.1#@example.org/", "http://127.0.0.1?@example.org/", "http://127.0.0.1%00.example.org/",
	"http:///127.0.0.1/", "http:127.0.0.1/", "//127.0.0.1/", "127.0.0.1", "http://", "", "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://127.0.0.1: 80/",
	"http://name.test/", "http://127.0.0.1.name.test/", "http://name.test:22/", "http://xn--test-9d7e.test/", "http://例子.test/",
	// What is not ours to ask.
	"file:///etc/passwd", "ftp://example.org/", "gopher://127.0.0.1:6379/_x", "data:text/plain,x", "javascript:1", "unix:///run/x.sock", "jar:http://127.0.0.1!/", "ws://name.test/", "HTTP+unix://x/",
	"http://name.test/\r\nX: y", "http://na me.test/",
}

// None of them reaches anybody, whether it is fetched or posted to.
func TestHostileURLs(t *testing.T) {
	if len(hostile) < 100 {
		t.Fatal(len(hostile), "URLs")
	}
	c := fetch.New(fetch.Options{Resolver: answering(t, func(bool) []string { return []string{"127.0.0.1", "::1"} })})
	for _, raw := range hostile {
		if _, _, err := all(t, c, fetch.Request{URL: raw}); !refused(err) {
			t.Errorf("%q: %v", raw, err)
		}
		if err := c.Post(t.Context(), raw, nil); !refused(err) {
			t.Errorf("post to %q: %v", raw, err)
		}
	}
}

// refused says that nothing was dialled, and that it will not be otherwise later.
func refused(err error) bool {
	f, ok := errors.AsType[*fetch.Failure](err)
	return ok && (f.Reason == fetch.Refused || f.Reason == fetch.BadURL) && !f.Again
}

// hostileAddresses are what names may stand for.
var hostileAddresses = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.8.9.10", "169.254.169.254", "172.16.0.1", "172.31.255.255",
	"192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.2.3",
	"240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:20::1",
	"2001:db8::1", "2002:a00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "4000::1",
}

// A name is judged by what it stands for when it is dialled.
func TestHostileAnswersOfDNS(t *testing.T) {
	for _, address := range hostileAddresses {
		c := fetch.New(fetch.Options{Resolver: answering(t, func(bool) []string { return []string{address} })})
		if _, _, err := all(t, c, fetch.Request{URL: "http://name.test/"}); reasonOf(err) != fetch.Refused {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// What is public is not refused: it is looked at, not asked.
func TestPublicAddresses(t *testing.T) {
	c := fetch.New(fetch.Options{})
	for _, raw := range []string{
		"http://93.184.216.34/", "https://1.1.1.1:8443/a?b=c", "http://[2606:4700::1111]/", "http://[2a00:1450:4001::1]:81/", "HTTP://EXAMPLE.org/", "https://example.org.:443/",
		"http://100.128.0.1/", "http://172.32.0.1/", "http://11.0.0.1/", "http://例子.测试/图.png", "http://a_b.example.org/", "http://10.0.0.1.example.org/", "http://8080.example.org/",
	} {
		if _, err := c.Check(raw); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// What an operator opens is open, in each of its forms, and nothing beside it.
func TestAllowed(t *testing.T) {
	c := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00::/16")}})
	for raw, open := range map[string]bool{
		"http://127.0.0.1/": true, "http://localhost/": true, "http://[::ffff:127.0.0.1]/": true, "http://[fd00::7]/": true,
		"http://[fd00::7%25lo]/": false, "http://[::1]/": false, "http://10.0.0.1/": false, "http://[fd01::7]/": false, "http://127.1/": false,
	} {
		if _, err := c.Check(raw); (err == nil) != open || err != nil && !fault.Is(err, fault.AddressRefused) && !fault.Is(err, fault.BadURL) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// answering is a resolver that asks a DNS server of the test's own, which says of every
// name what a function says: each look-up asks once for addresses of IPv4 and once for those of IPv6.
func answering(t *testing.T, say func(four bool) []string) *net.Resolver {
	t.Helper()
	server, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for buf := make([]byte, 512); ; {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			if _, err := server.WriteTo(answerDNS(buf[:n], say), from); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// answerDNS answers a question of one name: the header, the question, and an address for
// each that is of the kind that was asked for.
func answerDNS(q []byte, say func(four bool) []string) []byte {
	at := 12
	for q[at] != 0 {
		at += 1 + int(q[at])
	}
	at += 5 // the end of the name, type and class
	kind := q[at-3]
	out := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:at]...)
	if kind != 1 && kind != 28 {
		return out
	}
	for _, s := range say(kind == 1) {
		a := netip.MustParseAddr(s)
		if a.Is4() != (kind == 1) {
			continue
		}
		out[7]++
		out = append(out, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, byte(a.BitLen()/8))
		out = append(out, a.AsSlice()...)
	}
	return out
}
