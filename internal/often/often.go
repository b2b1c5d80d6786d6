// Package often counts who does something too often: wrong passwords, requests, lines of
// the log. It promises that what is counted takes bounded memory, that of IPv6 a network
// counts as one, and that processes of one database count an account's requests together.
// It knows nothing of what is done.
package often

import (
	"maps"
	"net/netip"
)

// mostKept is how many are counted of a kind at a moment: some 200 bytes each.
const mostKept = 100_000

// makeRoom makes room for one more: of what is over, else, under an attack from
// everywhere, of all.
func makeRoom[K comparable, V any](m map[K]V, over func(V) bool) {
	if len(m) < mostKept {
		return
	}
	maps.DeleteFunc(m, func(_ K, v V) bool { return over(v) })
	if len(m) >= mostKept {
		clear(m)
	}
}

// How much of an address of IPv6 is counted as one: the network that one has all of, and
// what a household or a small company has of these.
const (
	network = 64
	site    = 48
)

// placeOf is what is counted of an address: of IPv6 so many bits.
func placeOf(address string, bits int) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return address
	}
	return p.String()
}
