package often

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// One address tries so many names, one name is tried from so many addresses, and of a
// network of IPv6 all addresses are one.
func TestTriesAreLimited(t *testing.T) {
	now := time.Unix(1e9, 0)
	kinds := func(name, address string) []Try {
		return []Try{{name, address, false, 10}, {name, address, true, 30}, {"", address, false, 50}, {name, "", false, 200}}
	}
	for name, c := range map[string]struct {
		most int
		try  func(n int) (name, address string)
	}{
		"one name from one address":   {10, func(int) (string, string) { return "a", "1" }},
		"any names from one address":  {50, func(n int) (string, string) { return strconv.Itoa(n), "1" }},
		"one name from any addresses": {200, func(n int) (string, string) { return "a", strconv.Itoa(n) }},
		"one name from one network":   {10, func(n int) (string, string) { return "a", fmt.Sprintf("2001:db8::%x", n) }},
		"one name from one site":      {30, func(n int) (string, string) { return "a", fmt.Sprintf("2001:db8:0:%x::1", n) }},
		"one name from any sites":     {200, func(n int) (string, string) { return "a", fmt.Sprintf("2001:db8:%x::1", n) }},
		"any names from one network":  {50, func(n int) (string, string) { return strconv.Itoa(n), fmt.Sprintf("2001:db8::%x", n) }},
		"one name, IPv4 in disguise":  {200, func(n int) (string, string) { return "a", fmt.Sprintf("::ffff:192.0.2.%d", n) }},
	} {
		var a Tries
		for n := range c.most {
			if !a.Begin(now, kinds(c.try(n))...) {
				t.Fatalf("%s: %d", name, n)
			}
		}
		last := kinds(c.try(c.most))
		if a.Begin(now, last...) || a.Begin(now.Add(TriesFor-1), last...) {
			t.Errorf("%s: one more", name)
		}
		if !a.Begin(now, kinds("b", "2")...) {
			t.Errorf("%s: another from elsewhere", name)
		}
		a.Good(kinds(c.try(0))...)
		if !a.Begin(now, kinds(c.try(0))...) || a.Begin(now, last...) {
			t.Errorf("%s: after a good one", name)
		}
		if !a.Begin(now.Add(TriesFor), last...) {
			t.Errorf("%s: later", name)
		}
	}
}

// What is taken back was counted: a good one gives no more tries than there are.
func TestGoodTriesAreNoGain(t *testing.T) {
	var a Tries
	now := time.Unix(1e9, 0)
	one := Try{"a", "1", false, 3}
	for range 5 {
		a.Good(one)
	}
	a.Begin(now, one)
	for range 5 {
		a.Good(one)
	}
	for n := range 4 {
		if a.Begin(now, one) != (n < 3) {
			t.Errorf("try %d", n)
		}
	}
}

// However many there are, so many are counted at most, and who is refused takes nobody's
// place.
func TestTriesAreBounded(t *testing.T) {
	var a Tries
	now := time.Unix(1e9, 0)
	shut := Try{"shut", "1", false, 1}
	a.Begin(now, shut)
	for range mostKept {
		if a.Begin(now, shut, Try{"new", "", false, 1}) {
			t.Fatal("it is open")
		}
	}
	if len(a.m) != 1 {
		t.Errorf("who was refused left %d", len(a.m)-1)
	}
	for n := range mostKept {
		a.Begin(now, Try{strconv.Itoa(n), "1", false, 10}, Try{strconv.Itoa(n), "", false, 10})
		if len(a.m) > mostKept {
			t.Fatalf("%d are kept", len(a.m))
		}
	}
}
