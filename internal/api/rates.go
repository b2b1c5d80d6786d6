package api

import (
	"strings"
	"sync"
	"time"

	"tuchuang/internal/account"
)

// rate is how often an account may ask an endpoint: so many times a second, for which the
// unused part of a while adds up.
type rate struct{ often, most float64 }

func perSecond(n float64) rate { return rate{n, max(1, n)} }

// documentedRates are those of the platform, by path: the youngest figure there is. Who has
// no account yet is counted by address.
var documentedRates = map[string]rate{
	"/api/v1/access_token":                perSecond(10),
	"/api/v1/oauth2/access_token":         {100.0 / 60, 100},
	"/api/v1/user/info":                   perSecond(10),
	"/api/v1/file/move":                   perSecond(20),
	"/api/v1/file/delete":                 perSecond(10),
	"/api/v1/file/list":                   perSecond(10),
	"/api/v2/file/list":                   perSecond(15),
	"/upload/v1/file/mkdir":               perSecond(20),
	"/upload/v1/file/create":              perSecond(5),
	"/upload/v1/file/get_upload_url":      perSecond(20),
	"/upload/v1/file/list_upload_parts":   perSecond(20),
	"/upload/v1/file/upload_complete":     perSecond(20),
	"/upload/v1/file/upload_async_result": perSecond(5),
	"/api/v1/file/trash":                  perSecond(5),
	"/api/v1/file/infos":                  perSecond(10),
	"/api/v1/file/download_info":          perSecond(5),
	"/api/v1/share/list":                  perSecond(10),
	"/api/v1/share/list/info":             perSecond(10),
	"/api/v1/oss/source/copy":             perSecond(1),
}

// bedRate is that of the bed's endpoints, of which the platform says nothing.
var bedRate = perSecond(10)

// documentedRate is how often a path may be asked; ok is false for any number.
func documentedRate(path string) (r rate, ok bool) {
	if r, ok = documentedRates[path]; !ok && strings.Contains(path, "/oss/") {
		return bedRate, true
	}
	return r, ok
}

// rates counts who asks what how often, in this process alone.
type rates struct {
	mu sync.Mutex
	m  map[asker]*bucket
}

// asker is who asks for what: an account, or where there is none an address.
type asker struct {
	account account.ID
	address string
	path    string
}

// bucket has what is left, as it was at a time.
type bucket struct {
	rate
	left float64
	at   time.Time
}

// maxBuckets bounds them: some 200 bytes each.
const maxBuckets = 100_000

// take takes one of what an asker has left; wait is how long there is nothing.
func (r *rates) take(now time.Time, who asker, limit rate) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.m[who]
	if b == nil {
		if r.m == nil {
			r.m = make(map[asker]*bucket)
		}
		if len(r.m) >= maxBuckets {
			r.forget(now)
		}
		b = &bucket{limit, limit.most, now}
		r.m[who] = b
	}
	b.fill(now)
	if b.left < 1 {
		return time.Duration((1 - b.left) / b.often * float64(time.Second))
	}
	b.left--
	return 0
}

func (b *bucket) fill(now time.Time) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(b.most, b.left+passed*b.often)
		b.at = now
	}
}

// forget makes room: of who has all of it again, else, where that is nobody, of all.
func (r *rates) forget(now time.Time) {
	for who, b := range r.m {
		if b.fill(now); b.left == b.most {
			delete(r.m, who)
		}
	}
	if len(r.m) >= maxBuckets {
		clear(r.m)
	}
}
