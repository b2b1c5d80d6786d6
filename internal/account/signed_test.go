package account

import (
	"strconv"
	"testing"
)

// However many tokens are used, so many are kept at most, and each as its own.
func TestSignedTokensAreBounded(t *testing.T) {
	var known signedTokens
	for i := range 3*maxSigned + 1 {
		jti := strconv.Itoa(i)
		known.add("token "+jti, signed{ID(i), jti})
		if s, ok := known.get("token " + jti); !ok || s != (signed{ID(i), jti}) {
			t.Fatalf("%d: %+v %t", i, s, ok)
		}
		if len(known.m) > maxSigned {
			t.Fatalf("%d are kept", len(known.m))
		}
	}
	if _, ok := known.get("token"); ok {
		t.Error("a token that was never added is known")
	}
}
