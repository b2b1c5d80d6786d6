package direct

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
)

// A signed URL has auth_key=END-RANDOM-ACCOUNT-SUM: END in seconds since 1970, RANDOM
// without a dash, SUM the MD5 of PATH-END-RANDOM-ACCOUNT-KEY in hex digits, as clients of
// the platform make it.
const (
	keyName  = "auth_key"
	signLife = 24 * time.Hour // of URLs that Path signs
	maxKeys  = 4              // of a URL that are looked at: who signs one that is signed adds another
)

func sign(path string, acc account.ID, key string, end time.Time) string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	what := strconv.FormatInt(end.Unix(), 10) + "-" + hex.EncodeToString(b) + "-" + strconv.FormatInt(int64(acc), 10)
	return what + "-" + sum(path, what, key)
}

func sum(path, what, key string) string {
	s := md5.Sum([]byte(path + "-" + what + "-" + key))
	return hex.EncodeToString(s[:])
}

// isSigned says whether one of the visit's keys is a signature of its path that is good
// still.
func isSigned(v Visit, key string, now time.Time) bool {
	return key != "" && slices.ContainsFunc(v.Keys[:min(len(v.Keys), maxKeys)], func(given string) bool {
		part := strings.Split(given, "-")
		if len(part) != 4 || part[2] != strconv.FormatInt(int64(v.Account), 10) {
			return false
		}
		end, err := strconv.ParseInt(part[0], 10, 64)
		if err != nil || end <= now.Unix() {
			return false
		}
		what, has := strings.Join(part[:3], "-"), []byte(strings.ToLower(part[3]))
		return slices.ContainsFunc(v.Signed, func(path string) bool {
			return subtle.ConstantTimeCompare([]byte(sum(path, what, key)), has) == 1
		})
	})
}
