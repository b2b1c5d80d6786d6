package api

import (
	"bytes"
	"context"
	"net/http"
	"reflect"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
	"tuchuang/internal/thumbnail"
)

type thumbnailIn struct {
	FileID drive.ID `wire:"fileID;required"`
	thumbnailWish
}

type bedThumbnailIn struct {
	FileID imagebed.ID `wire:"fileID;required"`
	thumbnailWish
}

type thumbnailWish struct {
	Size    int    `wire:"size;default=320" doc:"of the longer side in pixels: 128, 320 or 1280; what is between is rounded up"`
	Version string `wire:"v" doc:"the first 8 characters of the etag: then the answer may be kept for a year"`
}

func (in thumbnailIn) wish() thumbnailWish    { return in.thumbnailWish }
func (in bedThumbnailIn) wish() thumbnailWish { return in.thumbnailWish }

// thumbnails answers a picture of a picture, as bytes.
func thumbnails[In interface{ wish() thumbnailWish }](get func(ctx context.Context, acc account.ID, in In) (thumbnail.Thumbnail, error)) endpoint {
	media := []string{picture.JPEG.Type(), picture.PNG.Type(), picture.SVG.Type()}
	return endpoint{in: reflect.TypeFor[In](), media: media, head: true, call: func(ctx context.Context, acc account.ID, r *http.Request) (any, error) {
		var in In
		p, err := wire.Parse(r, maxBody)
		if err == nil {
			err = wire.Bind(p, &in)
		}
		if err != nil {
			return nil, err
		}
		th, err := get(ctx, acc, in)
		if err != nil {
			return nil, err
		}
		return stream(func(_ context.Context, f *flow) error { return sendThumbnail(f, r, th, in.wish().Version) }), nil
	}}
}

func (a *API) thumbnail() endpoint {
	return thumbnails(func(ctx context.Context, acc account.ID, in thumbnailIn) (thumbnail.Thumbnail, error) {
		return a.Thumbnails.OfFile(ctx, acc, in.FileID, in.Size)
	})
}

func (a *API) bedThumbnail() endpoint {
	return thumbnails(func(ctx context.Context, acc account.ID, in bedThumbnailIn) (thumbnail.Thumbnail, error) {
		return a.Thumbnails.OfImage(ctx, acc, in.FileID, in.Size)
	})
}

// How long a thumbnail may be kept: under the version of the picture for ever.
const (
	thumbnailForAYear = "private, max-age=31536000, immutable"
	thumbnailForNow   = "private, max-age=300"
	thumbnailLater    = "3" // seconds
)

func sendThumbnail(f *flow, r *http.Request, th thumbnail.Thumbnail, version string) error {
	h := f.begin(th.Type)
	h.Set("X-Thumbnail", string(th.Kind))
	h.Set("Content-Security-Policy", picture.Policy(th.Type))
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch {
	case th.Kind == thumbnail.Busy: // nothing of it is to be kept
		h.Set("Retry-After", thumbnailLater)
	case th.Settled && len(th.Etag) >= 8 && version == th.Etag[:8]:
		h.Set("Cache-Control", thumbnailForAYear)
	default:
		h.Set("Cache-Control", thumbnailForNow)
	}
	if th.Settled {
		h.Set("Etag", `"`+th.Tag+`"`)
	}
	if err := f.extend(); err != nil {
		return fault.Because(fault.Canceled, "api: send a thumbnail", err)
	}
	http.ServeContent(f.w, r, "", time.Time{}, bytes.NewReader(th.Bytes))
	return nil
}
