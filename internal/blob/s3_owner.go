package blob

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"

	"tuchuang/internal/fault"
)

// Owner reads the note, an object of its own, see Store.
func (s *S3) Owner(ctx context.Context) (string, error) {
	const op = "blob: read owner"
	if err := ctx.Err(); err != nil {
		return "", fault.Wrap(err, op)
	}
	asking, cancel := context.WithTimeout(ctx, s.Opening)
	defer cancel()
	from, _, _, err := s.core.GetObject(asking, s.Bucket, s.Prefix+ownerName, minio.GetObjectOptions{})
	if isCode(err, minio.NoSuchKey) {
		return "", nil
	}
	if err != nil {
		return "", s.failed(ctx, err, op)
	}
	b, err := io.ReadAll(io.LimitReader(from, 1<<10))
	return strings.TrimSpace(string(b)), s.failed(ctx, errors.Join(err, from.Close()), op)
}

// SetOwner writes the note, see Store.
func (s *S3) SetOwner(ctx context.Context, id string) (err error) {
	const op = "blob: note owner"
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, op)
	}
	if id == "" {
		return s.failed(ctx, s.core.RemoveObject(ctx, s.Bucket, s.Prefix+ownerName, minio.RemoveObjectOptions{}), op)
	}
	body := newSpool(s.Spool)
	if _, err = body.Write([]byte(id + "\n")); err == nil {
		err = s.send(ctx, s.Prefix+ownerName, body)
	}
	return s.failed(ctx, errors.Join(err, body.Close()), op)
}
