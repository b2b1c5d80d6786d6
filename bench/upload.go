package main

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	uploadsAtOnce  = 16
	uploadPictures = 1000
)

// uploads measures the durable upload of many pictures at once, beside a bare loop
// that makes as much durable and takes the same hashes.
func (b *bench) uploads(ctx context.Context, s *server) (err error) {
	loop, err := newBareLoop(ctx, b.path("bare"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loop.db.Close()) }()
	var pictures [][]byte
	ways := []*way{
		{run: func(n int) (time.Duration, error) {
			// New content for each turn; the bytes are the same for both.
			pictures = manyPhotos(uploadPictures, pictureBytes, uint64(n+1)<<32)
			return loop.store(ctx, pictures, n)
		}},
		{run: func(n int) (time.Duration, error) { return s.upload(pictures, fmt.Sprintf("turn %d", n)) }},
	}
	if err := inTurn(b.runs, ways); err != nil {
		return err
	}
	rate := func(d time.Duration) float64 { return uploadPictures / d.Seconds() }
	b.table.faster("upload of 1000 pictures of 200 KB, 16 at once", rate(ways[1].median()), "bare loop", rate(ways[0].median()), 0.55)
	return nil
}

func manyPhotos(n, size int, first uint64) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = photo(size, first+uint64(i))
	}
	return all
}

// upload brings pictures into a new drive folder, each in one request.
func (s *server) upload(pictures [][]byte, folder string) (time.Duration, error) {
	c, err := s.signIn(s.Writer)
	if err != nil {
		return 0, err
	}
	defer c.hangUp()
	_, took, err := c.uploadAll(s, pictures, folder)
	return took, err
}

// uploadAll answers the id of the folder that it makes.
func (c *conn) uploadAll(s *server, pictures [][]byte, folder string) (id int64, took time.Duration, err error) {
	var made struct{ DirID int64 }
	if err := c.ask("/upload/v1/file/mkdir", map[string]string{"name": folder, "parentID": "0"}, &made); err != nil {
		return 0, 0, err
	}
	etags := make([]string, len(pictures))
	for i, p := range pictures {
		sum := md5.Sum(p)
		etags[i] = hex.EncodeToString(sum[:])
	}
	var next atomic.Int64
	began := time.Now()
	_, err = together(uploadsAtOnce, func(int) ([]int, error) {
		up, err := dial(s.addr)
		if err != nil {
			return nil, err
		}
		defer up.hangUp()
		up.token = c.token
		for {
			n := int(next.Add(1)) - 1
			if n >= len(pictures) {
				return nil, nil
			}
			if err := up.uploadOne(made.DirID, fmt.Sprintf("picture %04d.jpg", n), etags[n], pictures[n]); err != nil {
				return nil, err
			}
		}
	})
	return made.DirID, time.Since(began), err
}

func (c *conn) uploadOne(folder int64, name, etag string, content []byte) error {
	const boundary = "0123456789abcdef0123456789abcdef"
	var head []byte
	for _, f := range [][2]string{
		{"parentFileID", strconv.FormatInt(folder, 10)}, {"filename", name}, {"etag", etag}, {"size", strconv.Itoa(len(content))},
	} {
		head = fmt.Appendf(head, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, f[0], f[1])
	}
	head = fmt.Appendf(head, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=%q\r\n"+
		"Content-Type: application/octet-stream\r\n\r\n", boundary, name)
	_, err := c.raw("POST", "/upload/v2/file/single/create", "multipart/form-data; boundary="+boundary,
		head, content, []byte("\r\n--"+boundary+"--\r\n"))
	return err
}

// bareLoop writes files and rows as durably as the server does.
type bareLoop struct {
	dir string
	db  *sql.DB
}

const insertFile = `INSERT INTO file VALUES (?, ?, ?, ?, ?)`

func newBareLoop(ctx context.Context, dir string) (*bareLoop, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	d, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "rows.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	_, err = d.ExecContext(ctx, `CREATE TABLE file (name TEXT PRIMARY KEY, sha256 TEXT, sha1 TEXT, md5 TEXT, size INTEGER) WITHOUT ROWID`)
	return &bareLoop{dir, d}, err
}

// store stores pictures in a folder, and removes them outside of the time.
func (l *bareLoop) store(ctx context.Context, pictures [][]byte, turn int) (time.Duration, error) {
	dir := filepath.Join(l.dir, strconv.Itoa(turn))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	insert, err := l.db.PrepareContext(ctx, insertFile)
	if err != nil {
		return 0, err
	}
	var next atomic.Int64
	began := time.Now()
	_, err = together(uploadsAtOnce, func(int) ([]int, error) {
		for {
			n := int(next.Add(1)) - 1
			if n >= len(pictures) {
				return nil, nil
			}
			if err := storeOne(ctx, insert, filepath.Join(dir, strconv.Itoa(n)), pictures[n]); err != nil {
				return nil, err
			}
		}
	})
	took := time.Since(began)
	return took, errors.Join(err, insert.Close(), os.RemoveAll(dir))
}

func storeOne(ctx context.Context, insert *sql.Stmt, path string, content []byte) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	var sums []any
	for _, h := range []hash.Hash{sha256.New(), sha1.New(), md5.New()} {
		h.Write(content)
		sums = append(sums, hex.EncodeToString(h.Sum(nil)))
	}
	if err := errors.Join(err, f.Sync(), f.Close(), os.Rename(path+".part", path)); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return err
	}
	_, err = insert.ExecContext(ctx, append(append([]any{path}, sums...), len(content))...)
	return err
}
