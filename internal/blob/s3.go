package blob

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// S3Options say where a bucket is and how it is spoken to.
type S3Options struct {
	Bucket    string
	Prefix    string // of object names, "" or ending with a slash
	Endpoint  string // host or host:port
	Region    string
	PathStyle bool // the bucket stands in the path, not in the host
	Insecure  bool // plain HTTP

	// The keys; where KeyID is "" they are those of the AWS environment variables or
	// of the AWS credentials file.
	KeyID, Secret, Token string

	// Spool is a folder of this machine: a body waits there until it is whole.
	Spool string

	// Public is the store as those reach it who are given a Link; "" for Endpoint.
	Public         string // host or host:port
	PublicInsecure bool

	Stall   time.Duration // within which a connection must get further; 0 for the usual
	Tries   int           // of each request, and of reading on where a line was cut; 0 for the usual
	Opening time.Duration // within which content must be open, all tries together; 0 for the usual
}

const (
	usualStall   = 30 * time.Second
	usualTries   = 5
	usualOpening = 20 * time.Second // somebody waits for it
)

// S3 is a Store in a bucket. Objects are called by numbers alone, account/id, below
// the prefix; slices are the parts of a multipart upload to that very object.
type S3 struct {
	S3Options
	core  minio.Core
	links *minio.Client // makes links, and asks for nothing
}

var (
	_ Store  = (*S3)(nil)
	_ Linker = (*S3)(nil)
)

// NewS3 opens the store. A bucket that can't be used is fault.BadConfig with its
// fault.Why, one that does not answer too.
func NewS3(ctx context.Context, o S3Options) (*S3, error) {
	const op = "blob: open S3 store"
	if o.Stall == 0 {
		o.Stall = usualStall
	}
	if o.Tries == 0 {
		o.Tries = usualTries
	}
	if o.Opening == 0 {
		o.Opening = usualOpening
	}
	creds := credentials.NewStaticV4(o.KeyID, o.Secret, o.Token)
	if o.KeyID == "" {
		creds = credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}})
		if v, err := creds.GetWithContext(nil); err != nil || v.AccessKeyID == "" {
			return nil, fault.Because(fault.BadConfig, op, err, fault.NoStoreKeys)
		}
	}
	to := minio.Options{
		Creds: creds, Secure: !o.Insecure, Region: o.Region, BucketLookup: minio.BucketLookupAuto,
		Transport: ownBodies{stallingTransport(o.Stall)}, MaxRetries: o.Tries,
	}
	if o.PathStyle {
		to.BucketLookup = minio.BucketLookupPath
	}
	core, err := minio.NewCore(o.Endpoint, &to)
	if err != nil {
		return nil, fault.Because(fault.BadConfig, op, err, fault.StoreUnusable, o.Bucket, o.Endpoint, err)
	}
	s := &S3{S3Options: o, core: *core, links: core.Client}
	found, err := s.core.BucketExists(ctx, o.Bucket)
	if err == nil && found && o.Public != "" {
		err = s.linkTo(ctx, to)
	}
	switch {
	case ctx.Err() != nil:
		return nil, fault.Wrap(ctx.Err(), op)
	case err != nil:
		return nil, fault.Because(fault.BadConfig, op, err, fault.StoreUnusable, o.Bucket, o.Endpoint, err)
	case !found:
		return nil, fault.New(fault.BadConfig, op, fault.NoBucket, o.Bucket, o.Endpoint)
	}
	return s, nil
}

// String names the bucket for people.
func (s *S3) String() string { return "s3://" + s.Endpoint + "/" + s.Bucket + "/" + s.Prefix }

func (s *S3) name(key Key) string { return s.Prefix + key.String() }

// parse reads what name wrote, and nothing else.
func (s *S3) parse(name string) (Key, bool) {
	rest, ours := strings.CutPrefix(name, s.Prefix)
	accountText, idText, _ := strings.Cut(rest, "/")
	account, accountOK := parseNumber(accountText)
	id, idOK := parseNumber(idText)
	key := Key{account, id}
	return key, ours && accountOK && idOK && key.valid()
}

// Room does not know an end: what the spool has no room for is met there.
func (s *S3) Room(ctx context.Context) (int64, error) {
	return Endless, fault.Wrap(ctx.Err(), "blob: ask for room")
}

// Begin begins a multipart upload, see Store.
func (s *S3) Begin(ctx context.Context, key Key) (ref string, err error) {
	op := "blob: begin " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return "", err
	}
	ref, err = s.core.NewMultipartUpload(ctx, s.Bucket, s.name(key), minio.PutObjectOptions{ContentType: plainBytes})
	killpoint.Here("blob.s3.begun")
	return ref, s.failed(ctx, err, op)
}

// plainBytes is the type of all objects: what they are is in the rows.
const plainBytes = "application/octet-stream"

// WriteSlice sends a slice as a part, once all of it has come, see Store.
func (s *S3) WriteSlice(ctx context.Context, at Slice, body io.Reader) (part Part, changed bool, err error) {
	op := "blob: write " + at.Key.String()
	if err := begin(ctx, at.Key, op); err != nil {
		return Part{}, false, err
	}
	spool := newSpool(s.Spool)
	defer func() {
		if e := spool.Close(); err == nil {
			err = e
		}
	}()
	if err := spool.fill(body); err != nil {
		return Part{}, false, err
	}
	part = Part{No: at.No, Size: at.Size, MD5: hex.EncodeToString(spool.md5())}
	switch {
	case at.Declared != "" && at.Declared != part.MD5:
		return part, false, fault.New(fault.HashMismatch, op)
	case at.Known == part.MD5:
		return part, false, nil
	case at.Known != "":
		if err := at.Changing(); err != nil {
			return part, false, err
		}
	}
	sent, err := s.core.PutObjectPart(ctx, s.Bucket, s.name(at.Key), at.Ref, int(at.No), spool.reader(), at.Size,
		minio.PutObjectPartOptions{Md5Base64: base64.StdEncoding.EncodeToString(spool.md5())})
	if isCode(err, minio.NoSuchUpload) || at.Ref == "" {
		return part, false, s.gone(ctx, at.Key, op)
	}
	killpoint.Here("blob.s3.part")
	part.Ref = sent.ETag
	return part, true, s.failed(ctx, err, op)
}

// gone says why a multipart upload is no more: its content is committed, or somebody
// has taken it away.
func (s *S3) gone(ctx context.Context, key Key, op string) error {
	switch found, err := s.committed(ctx, key, op); {
	case err != nil:
		return err
	case found:
		return fault.New(fault.Exists, op)
	}
	return fault.New(fault.UploadNotFound, op)
}

func (s *S3) committed(ctx context.Context, key Key, op string) (bool, error) {
	_, err := s.core.StatObject(ctx, s.Bucket, s.name(key), minio.StatObjectOptions{})
	if isCode(err, minio.NoSuchKey) {
		return false, nil
	}
	return err == nil, s.failed(ctx, err, op)
}

// Trim does nothing: the parts of a slice that failed are not kept.
func (s *S3) Trim(ctx context.Context, key Key, _ int64) error {
	return begin(ctx, key, "blob: trim "+key.String())
}

// Staged shows nothing: parts can't be read.
func (s *S3) Staged(ctx context.Context, key Key) (Staged, error) {
	return nil, begin(ctx, key, "blob: staged "+key.String())
}

// Commit completes the multipart upload, see Store.
func (s *S3) Commit(ctx context.Context, key Key, ref string, parts []Part) error {
	op := "blob: commit " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return err
	}
	if len(parts) == 0 {
		return s.put(ctx, key, newSpool(s.Spool), op)
	}
	list := make([]minio.CompletePart, len(parts))
	for i, p := range parts {
		list[i] = minio.CompletePart{PartNumber: int(p.No), ETag: p.Ref}
	}
	var err error
	if ref != "" {
		_, err = s.core.CompleteMultipartUpload(ctx, s.Bucket, s.name(key), ref, list, minio.PutObjectOptions{})
		killpoint.Here("blob.s3.completed")
	}
	switch {
	case ref == "" || isCode(err, minio.NoSuchUpload):
		// Completed before, or by another process.
		found, err := s.committed(ctx, key, op)
		if err == nil && !found {
			err = fault.New(fault.NotFound, op)
		}
		return err
	case isCode(err, minio.InvalidPart):
		return errors.Join(s.replaced(ctx, key, ref, parts, op), s.failed(ctx, err, op))
	}
	return s.failed(ctx, err, op)
}

// replaced is fault.SliceMissing with the first part that is not what the store has.
func (s *S3) replaced(ctx context.Context, key Key, ref string, parts []Part, op string) error {
	has := make(map[int64]string)
	for from := 0; ; {
		list, err := s.core.ListObjectParts(ctx, s.Bucket, s.name(key), ref, from, 1000)
		if err != nil {
			return s.failed(ctx, err, op)
		}
		for _, p := range list.ObjectParts {
			has[int64(p.PartNumber)] = trimTag(p.ETag)
		}
		if from = list.NextPartNumberMarker; !list.IsTruncated || from == 0 {
			break
		}
	}
	for _, p := range parts {
		if has[p.No] != trimTag(p.Ref) {
			return fault.New(fault.SliceMissing, op, p.No)
		}
	}
	return nil
}

func trimTag(etag string) string { return strings.Trim(etag, `"`) }

// Create begins content that is sent as a whole when it is committed, see Store.
func (s *S3) Create(ctx context.Context, key Key) (Writer, error) {
	if err := begin(ctx, key, "blob: create "+key.String()); err != nil {
		return nil, err
	}
	return &s3Writer{spool: newSpool(s.Spool), store: s, key: key}, nil
}

type s3Writer struct {
	*spool
	store *S3
	key   Key
}

func (w *s3Writer) Commit(ctx context.Context) error {
	op := "blob: commit " + w.key.String()
	if err := begin(ctx, w.key, op); err != nil {
		return err
	}
	return w.store.put(ctx, w.key, w.spool, op)
}

// onePut is how much is sent in one request at the most; beyond, in parts of that size.
const onePut = 64 << 20

// put sends content in one go: the object is there whole, or not at all.
func (s *S3) put(ctx context.Context, key Key, from *spool, op string) (err error) {
	if from.size <= onePut {
		err = s.send(ctx, s.name(key), from)
	} else {
		_, err = s.core.Client.PutObject(ctx, s.Bucket, s.name(key), from.reader(), from.size,
			minio.PutObjectOptions{ContentType: plainBytes, SendContentMd5: true, PartSize: onePut, NumThreads: 2})
	}
	killpoint.Here("blob.s3.put")
	return s.failed(ctx, err, op)
}

// send sends an object in one request.
func (s *S3) send(ctx context.Context, name string, from *spool) error {
	_, err := s.core.PutObject(ctx, s.Bucket, name, from.reader(), from.size,
		base64.StdEncoding.EncodeToString(from.md5()), "", minio.PutObjectOptions{ContentType: plainBytes})
	return err
}

// Remove breaks off what is begun under key, and deletes the object: in this order, so
// that nothing becomes one in between.
func (s *S3) Remove(ctx context.Context, key Key) error {
	op := "blob: remove " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return err
	}
	err := s.eachBegun(ctx, s.name(key), func(u minio.ObjectMultipartInfo) error {
		if u.Key != s.name(key) {
			return nil
		}
		err := s.core.AbortMultipartUpload(ctx, s.Bucket, u.Key, u.UploadID)
		if isCode(err, minio.NoSuchUpload) {
			return nil
		}
		return s.failed(ctx, err, op)
	})
	if err != nil {
		return err
	}
	killpoint.Here("blob.s3.aborted")
	return s.failed(ctx, s.core.RemoveObject(ctx, s.Bucket, s.name(key), minio.RemoveObjectOptions{}), op)
}

// List asks for what is begun and then for the objects, see Store.
func (s *S3) List(ctx context.Context, fn func(Entry) error) error {
	const op = "blob: list"
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, op)
	}
	seen := make(map[Key]bool) // one that was begun twice is one entry
	err := s.eachBegun(ctx, s.Prefix, func(u minio.ObjectMultipartInfo) error {
		key, ours := s.parse(u.Key)
		if !ours || seen[key] {
			return nil
		}
		seen[key] = true
		return fn(Entry{Key: key, Staged: true, Size: -1, ModTime: u.Initiated})
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for o := range s.core.ListObjectsIter(ctx, s.Bucket, minio.ListObjectsOptions{Prefix: s.Prefix, Recursive: true}) {
		if o.Err != nil {
			return s.failed(ctx, o.Err, op)
		}
		if key, ours := s.parse(o.Key); ours {
			if err := fn(Entry{Key: key, Size: o.Size, ModTime: o.LastModified}); err != nil {
				return err
			}
		}
	}
	return fault.Wrap(ctx.Err(), op)
}

// eachBegun calls fn for the multipart uploads whose object's name begins so.
func (s *S3) eachBegun(ctx context.Context, prefix string, fn func(minio.ObjectMultipartInfo) error) error {
	for after, id := "", ""; ; {
		page, err := s.core.ListMultipartUploads(ctx, s.Bucket, prefix, after, id, "", 1000)
		if err != nil {
			return s.failed(ctx, err, "blob: list what is begun")
		}
		for _, u := range page.Uploads {
			if err := fn(u); err != nil {
				return err
			}
		}
		if after, id = page.NextKeyMarker, page.NextUploadIDMarker; !page.IsTruncated || after == "" {
			return nil
		}
	}
}

func isCode(err error, code string) bool {
	answer, ok := errors.AsType[minio.ErrorResponse](err)
	return ok && answer.Code == code
}

// failed gives err its code: what the store refuses is a bug or a setting (Internal),
// but for what is not there or has no room; that it could not be asked is Unavailable.
func (s *S3) failed(ctx context.Context, err error, op string) error {
	if err == nil {
		return nil
	}
	if e := ctx.Err(); e != nil {
		return fault.Wrap(e, op)
	}
	if fault.CodeOf(err) != fault.Internal {
		return fault.Wrap(err, op)
	}
	answer, answered := errors.AsType[minio.ErrorResponse](err)
	switch {
	case isDiskFull(err), answer.StatusCode == http.StatusInsufficientStorage, slices.Contains(noRoom, answer.Code):
		return fault.Because(fault.DiskFull, op, err)
	case answer.Code == minio.NoSuchKey:
		return fault.Because(fault.ContentMissing, op, err)
	case answered && answer.StatusCode >= 400 && answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests &&
		answer.StatusCode != http.StatusRequestTimeout:
		return fault.Because(fault.Internal, op, err)
	}
	return fault.Because(fault.Unavailable, op, err, fault.Store)
}

// noRoom are the words of several stores for being full.
var noRoom = []string{"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"}
