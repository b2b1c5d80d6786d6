package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// Thumbnail is a small picture, or a drawing that says why there is none.
type Thumbnail struct {
	Kind  string // ok, unsupported, damaged, too-large or busy
	Type  string // its MIME type
	Bytes []byte
}

// Thumbnail gives a small picture of a file of the drive, whose longer side is about size
// pixels; 0 for the server's choice.
func (c *Client) Thumbnail(ctx context.Context, fileID int64, size int) (Thumbnail, error) {
	return c.thumbnail(ctx, "/api/v1/file/thumbnail", strconv.FormatInt(fileID, 10), size)
}

// BedThumbnail gives a small picture of an image of the bed, as Thumbnail.
func (c *Client) BedThumbnail(ctx context.Context, fileID string, size int) (Thumbnail, error) {
	return c.thumbnail(ctx, "/api/v1/oss/file/thumbnail", fileID, size)
}

func (c *Client) thumbnail(ctx context.Context, path, fileID string, size int) (t Thumbnail, err error) {
	query := url.Values{"fileID": {fileID}}
	if size > 0 {
		query.Set("size", strconv.Itoa(size))
	}
	err = c.do(ctx, call{
		method: http.MethodGet, path: path, query: query, safe: true, header: [2]string{"Content-Type", "image/"},
		seen: func(h http.Header) { t.Kind, t.Type = h.Get("X-Thumbnail"), h.Get("Content-Type") },
		take: func(body io.Reader) (err error) {
			t.Bytes, err = io.ReadAll(body)
			return err
		},
	}, nil)
	return t, err
}
