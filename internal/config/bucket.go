package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"tuchuang/internal/fault"
)

// Bucket is where content is, where that is not a folder: an S3 store. Its keys are no
// setting.
type Bucket struct {
	Name      string // "": content is in the data folder
	Prefix    string // of the names of objects, "" or ending with a slash
	Endpoint  string // host or host:port
	Region    string // "": the store is asked
	PathStyle bool   // the bucket stands in the path, not in the host
	Insecure  bool   // plain HTTP
}

// usualEndpoint is that of the store whose buckets need none to be named.
const usualEndpoint = "s3.amazonaws.com"

const longestPrefix = 512 // bytes

var (
	bucketForm   = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{1,61}[a-zA-Z0-9]$`)
	nameForm     = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)
	endpointForm = regexp.MustCompile(`^(?:[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$`)
	regionForm   = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
)

// ParseBucket reads s3://BUCKET[/PREFIX]?endpoint=…&region=…&path-style=…&insecure=…,
// the value of a setting of that name. What makes no sense is fault.BadConfig; a URL
// that may hold keys is not repeated. "" is no bucket.
func ParseBucket(setting, s string) (b Bucket, err error) {
	if s == "" {
		return b, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "s3" {
		return b, bad(fault.NotABucket, setting)
	}
	if u.User != nil {
		return b, bad(fault.KeysInURL, setting)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if nameForm.MatchString(u.Host) && !bucketForm.MatchString(u.Host) {
		return b, bad(fault.BucketName, setting, u.Host)
	}
	if err != nil || !bucketForm.MatchString(u.Host) || u.Fragment != "" || u.Opaque != "" {
		return b, bad(fault.NotABucket, setting)
	}
	b = Bucket{Name: u.Host, Endpoint: usualEndpoint}
	if path := strings.Trim(u.Path, "/"); path != "" {
		b.Prefix = path + "/"
	}
	if !prefixIsGood(b.Prefix) {
		return Bucket{}, bad(fault.BucketValue, setting, "PREFIX", b.Prefix)
	}
	for name, values := range query {
		if err := b.set(setting, name, values); err != nil {
			return Bucket{}, err
		}
	}
	return b, nil
}

// prefixIsGood says whether all programs that look into a store would read a prefix as
// the same folders.
func prefixIsGood(prefix string) bool {
	if prefix == "" {
		return true
	}
	return len(prefix) <= longestPrefix && !strings.ContainsFunc(prefix, unicode.IsControl) &&
		!slices.ContainsFunc(strings.Split(strings.TrimSuffix(prefix, "/"), "/"), func(s string) bool { return s == "" || s == "." || s == ".." })
}

func (b *Bucket) set(setting, name string, values []string) error {
	v := values[0]
	var ok bool
	switch name {
	case "endpoint":
		b.Endpoint, ok = v, endpointForm.MatchString(v)
	case "region":
		b.Region, ok = v, regionForm.MatchString(v)
	case "path-style":
		b.PathStyle, ok = yes(v)
	case "insecure":
		b.Insecure, ok = yes(v)
	default:
		return bad(fault.UnknownKey, setting, name)
	}
	if !ok || len(values) > 1 {
		return bad(fault.BucketValue, setting, name, strings.Join(values, ", "))
	}
	return nil
}

func yes(v string) (yes, ok bool) {
	yes, err := strconv.ParseBool(v)
	return yes, err == nil
}
