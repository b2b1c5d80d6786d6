package main

import (
	"testing"

	"tuchuang/internal/account"
)

func TestQuotas(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "1": 1, "500": 500, "500B": 500, "500k": 500 << 10, "1.5G": 3 << 29, "10GiB": 10 << 30, "10gb": 10 << 30,
		"1T": 1 << 40, "1024P": 1 << 60, "1152921504606846976": 1 << 60, "unlimited": account.NoQuota, "Unlimited": account.NoQuota,
	} {
		if got, err := parseQuota(in); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "NaN", "nan", "NaNG", "inf", "Inf", "+Inf", "-inf", "infinityG", "-1", "+1", "-0", "1e3", "1e3G", "0x10", "1_000",
		"1.", ".5", "1,5G", "G", "10GG", "10 G", "10i", "10EiB", "1025P", "1152921504606847232", "99999999999999999999999", "lots",
	} {
		if got, err := parseQuota(in); err == nil {
			t.Errorf("%q is taken for %d", in, got)
		}
	}
}
