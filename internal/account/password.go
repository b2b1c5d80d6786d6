package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"

	"tuchuang/internal/fault"
)

// Argon2id with 19 MiB and two passes, at most two at once.
const (
	argonTime   = 2
	argonMemory = 19 << 10 // KiB
)

var argonSlots = make(chan struct{}, 2)

// Password is a new one with its hash. Making the hash takes time and memory, so it
// is made before the transaction that needs it.
type Password struct{ text, hash string }

// NewPassword makes a random password.
func NewPassword(ctx context.Context) (p Password, err error) {
	p.text = secret(16)
	p.hash, err = hashPassword(ctx, p.text)
	return p, err
}

func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	key, err := argon(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("argon2id$%d$%d$%s$%s", argonMemory, argonTime,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

func argon(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case argonSlots <- struct{}{}:
		defer func() { <-argonSlots }()
		return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, 32), nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), "account: hash password")
	}
}
