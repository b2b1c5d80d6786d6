package imagebed

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
	"sync"
	"time"

	"tuchuang/internal/account"
)

// ID names an image or a bed folder: lower-case letters and digits, the account
// first, then what it is, then when it was made, then 80 random bits. So a public
// link finds its row without a second index, can't be guessed, and new rows stay
// near the end of the index. Ids of one kind sort in order of creation.
type ID string

const (
	idDigits   = "0123456789abcdefghijklmnopqrstuv" // keeps the order of numbers
	timeLen    = 11                                 // 55 bits of microseconds
	randomLen  = 16                                 // 80 bits
	maxMicros  = 1<<(5*timeLen) - 1
	kindImage  = 'i'
	kindFolder = 'f'
)

var idEncoding = base32.NewEncoding(idDigits).WithPadding(base32.NoPadding)

// UnmarshalText reads an id as the wire has it. What can't be an id is kept as
// one that no row has, so that it answers like a missing one.
func (id *ID) UnmarshalText(b []byte) error {
	*id = ID(b)
	return nil
}

// account tells whose id it is.
func (id ID) account() (account.ID, bool) {
	acc, _, ok := splitID(string(id))
	return acc, ok
}

func (id ID) isFolder() bool {
	_, kind, ok := splitID(string(id))
	return ok && kind == kindFolder
}

// createdAt is the time in an id, in microseconds: that of the row's creation.
func (id ID) createdAt() (micros int64) {
	for _, c := range []byte(id[len(id)-timeLen-randomLen : len(id)-randomLen]) {
		micros = micros<<5 | int64(strings.IndexByte(idDigits, c))
	}
	return micros
}

// firstID is at or below every id of an account and kind that was made at a time or
// later, and above every one made before.
func firstID(acc account.ID, kind byte, micros int64) ID {
	micros = min(max(0, micros), maxMicros)
	return ID(accountDigits(acc) + string(kind) + digits(uint64(micros), timeLen))
}

// splitID takes an id apart: a digit for the length of the account, the account,
// the kind, time and randomness.
func splitID(s string) (acc account.ID, kind byte, ok bool) {
	if s == "" {
		return 0, 0, false
	}
	n := strings.IndexByte(idDigits, s[0])
	if n < 1 || len(s) != 1+n+1+timeLen+randomLen {
		return 0, 0, false
	}
	for i := 1; i < len(s); i++ {
		v := strings.IndexByte(idDigits, s[i])
		if v < 0 {
			return 0, 0, false
		}
		if i <= n {
			acc = acc<<5 | account.ID(v)
		}
	}
	kind = s[1+n]
	return acc, kind, kind == kindImage || kind == kindFolder
}

// minter makes ids. Those of one process rise strictly, so that what one batch
// makes keeps its order.
type minter struct {
	mu   sync.Mutex
	last int64
}

var mint minter

func (m *minter) new(acc account.ID, kind byte, now time.Time, n int) []ID {
	random := make([]byte, 10*n)
	rand.Read(random) // never fails
	m.mu.Lock()
	first := max(now.UnixMicro(), m.last+1)
	m.last = first + int64(n) - 1
	m.mu.Unlock()
	head := accountDigits(acc) + string(kind)
	ids := make([]ID, n)
	for i := range ids {
		var b strings.Builder
		b.Grow(len(head) + timeLen + randomLen)
		b.WriteString(head)
		b.WriteString(digits(uint64(first+int64(i)), timeLen))
		b.WriteString(idEncoding.EncodeToString(random[10*i : 10*i+10]))
		ids[i] = ID(b.String())
	}
	return ids
}

func accountDigits(acc account.ID) string {
	n := 1
	for v := acc >> 5; v > 0; v >>= 5 {
		n++
	}
	return string(idDigits[n]) + digits(uint64(acc), n)
}

func digits(v uint64, n int) string {
	b := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		b[i] = idDigits[v&31]
		v >>= 5
	}
	return string(b)
}
