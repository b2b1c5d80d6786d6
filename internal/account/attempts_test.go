package account

import (
	"strconv"
	"testing"
	"time"
)

// One address tries so many names, one name is tried from so many addresses.
func TestAttemptsAreLimited(t *testing.T) {
	now := time.Unix(1e9, 0)
	for name, c := range map[string]struct {
		most int
		try  func(n int) (name, address string)
	}{
		"one name from one address":   {mostOfPair, func(int) (string, string) { return "a", "1" }},
		"any names from one address":  {mostOfPlace, func(n int) (string, string) { return strconv.Itoa(n), "1" }},
		"one name from any addresses": {mostOfName, func(n int) (string, string) { return "a", strconv.Itoa(n) }},
	} {
		var a attempts
		for n := range c.most {
			if who, where := c.try(n); !a.begin(now, who, where) {
				t.Fatalf("%s: %d", name, n)
			}
		}
		who, where := c.try(c.most)
		if a.begin(now, who, where) || a.begin(now.Add(attemptsFor-1), who, where) {
			t.Errorf("%s: one more", name)
		}
		if !a.begin(now, "b", "2") {
			t.Errorf("%s: another from elsewhere", name)
		}
		if !a.begin(now.Add(attemptsFor), who, where) {
			t.Errorf("%s: later", name)
		}
	}
}

// However many there are, so many are counted at most.
func TestAttemptsAreBounded(t *testing.T) {
	var a attempts
	now := time.Unix(1e9, 0)
	for n := range mostAttempts {
		now = now.Add(time.Millisecond)
		a.begin(now, strconv.Itoa(n), strconv.Itoa(n))
		if len(a.m) > mostAttempts+2 {
			t.Fatalf("%d are kept", len(a.m))
		}
	}
}
