package blob

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
)

// Linker is a Store that gives content to others by itself.
type Linker interface {
	// Link makes a URL by which anybody may read content from the store, by method,
	// GET or HEAD, for so long by this machine's clock; fault.ContentMissing if there
	// is none.
	Link(ctx context.Context, method string, key Key, h Headers, life time.Duration) (Link, error)
	// Origin is where its links lead: scheme, host and port.
	Origin(ctx context.Context) (string, error)
}

// Link is a way to content around this program.
type Link struct {
	URL  string
	Size int64 // of the content, in bytes
}

// Headers are what a store is to say of content that it gives by a link.
type Headers struct{ ContentType, Disposition, CacheControl string }

// linkTo has links begin as those reach the store who are given them. What is signed
// names the region, for which the store is asked here, so that the other name need not
// be one that this machine knows.
func (s *S3) linkTo(ctx context.Context, to minio.Options) (err error) {
	if to.Region == "" {
		if to.Region, err = s.core.GetBucketLocation(ctx, s.Bucket); err != nil {
			return err
		}
	}
	to.Secure = !s.PublicInsecure
	s.links, err = minio.New(s.Public, &to)
	return err
}

// Origin is where links lead, see Linker: a link to nothing tells.
func (s *S3) Origin(ctx context.Context) (string, error) {
	u, err := s.links.Presign(ctx, http.MethodGet, s.Bucket, s.name(Key{1, 1}), time.Minute, nil)
	if err != nil {
		return "", s.failed(ctx, err, "blob: where links lead")
	}
	return u.Scheme + "://" + u.Host, nil
}

// Link makes a signed URL, see Linker.
func (s *S3) Link(ctx context.Context, method string, key Key, h Headers, life time.Duration) (Link, error) {
	op := "blob: link " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return Link{}, err
	}
	asking, cancel := context.WithTimeout(ctx, s.Opening)
	defer cancel()
	info, err := s.core.StatObject(asking, s.Bucket, s.name(key), minio.StatObjectOptions{})
	if err != nil {
		return Link{}, s.failed(ctx, err, op)
	}
	say := url.Values{}
	for name, value := range map[string]string{
		"response-content-type": h.ContentType, "response-content-disposition": h.Disposition, "response-cache-control": h.CacheControl,
	} {
		if value != "" {
			say.Set(name, value)
		}
	}
	u, err := s.links.Presign(ctx, method, s.Bucket, s.name(key), life, say)
	if err != nil {
		return Link{}, s.failed(ctx, err, op)
	}
	return Link{u.String(), info.Size}, nil
}
