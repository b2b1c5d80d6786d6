package fetch

import (
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"tuchuang/internal/fault"
)

// closed are the addresses of IPv4 that are not of the public internet.
var closed = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // behind a provider's NAT
	"127.0.0.0/8",     // this machine
	"169.254.0.0/16",  // link-local; clouds tell machines their secrets there
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocols
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
)

// Of IPv6 one block alone is of the public internet, but for these within it.
var (
	global  = netip.MustParsePrefix("2000::/3")
	closed6 = prefixes(
		"2001::/23",     // protocols: Teredo, benchmarks, ORCHID
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4
		"3fff::/20",     // documentation
	)
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// public says whether an address is one of the public internet.
func public(a netip.Addr) bool {
	switch {
	case a.Zone() != "":
		return false
	case a.Is4():
		return !within(closed, a)
	}
	return global.Contains(a) && !within(closed6, a) // mapped forms of IPv4 are outside
}

// open is fault.AddressRefused for an address that may not be asked.
func (c *Client) open(a netip.Addr) error {
	if public(a) || within(c.allow, a.Unmap()) || within(c.allow, a) {
		return nil
	}
	return fault.New(fault.AddressRefused, "fetch: judge", a.String())
}

// control judges the address that is about to be dialled.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || at.Port() == 0 {
		return fault.Because(fault.AddressRefused, "fetch: dial", err, address)
	}
	return c.open(at.Addr())
}

// Check reads a URL and judges it as far as that can be done without asking anybody:
// fault.BadURL for what is no URL of a file of HTTP, fault.AddressRefused for an address
// that may not be asked. A name is judged when it is dialled.
func (c *Client) Check(raw string) (*url.URL, error) {
	if len(raw) > MaxURL {
		return nil, fault.New(fault.BadURL, "fetch: check")
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return nil, fault.Because(fault.BadURL, "fetch: check", err)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, c.judge(u)
}

func (c *Client) judge(u *url.URL) error {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || u.User != nil || host == "" || u.Port() == "0" {
		return fault.New(fault.BadURL, "fetch: judge")
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return c.open(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return c.open(a)
	}
	// Some take names that end with a number for addresses in other forms than ours.
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.ContainsAny(host, ":%") || last == "" || isNumber(last) {
		return fault.New(fault.BadURL, "fetch: judge")
	}
	return nil
}

// isNumber says whether a label is a number, decimal, octal or hex.
func isNumber(s string) bool {
	digits := "0123456789"
	if strings.HasPrefix(s, "0x") {
		s, digits = s[2:], "0123456789abcdef"
	}
	return strings.Trim(s, digits) == ""
}
