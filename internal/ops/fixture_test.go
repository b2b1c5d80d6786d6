package ops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// house is an installation with a row in every table, and content.
type house struct {
	*testing.T
	db    *db.DB
	store *blob.Disk
	dir   string // of the store
	acc   int64
	blobs []blob.Stored
	last  int64 // the number of the last blob
}

// engines are pairs to copy between.
func pairs() (all [][2]db.Engine) {
	for _, a := range dbtest.Engines {
		for _, b := range dbtest.Engines {
			all = append(all, [2]db.Engine{a, b})
		}
	}
	return all
}

func eachPair(t *testing.T, fn func(t *testing.T, from, to db.Engine)) {
	t.Helper()
	for _, p := range pairs() {
		t.Run(string(p[0])+" to "+string(p[1]), func(t *testing.T) { fn(t, p[0], p[1]) })
	}
}

func disk(t *testing.T, dir string) *blob.Disk {
	t.Helper()
	s, err := blob.NewDisk(filepath.Join(dir, "blobs"), filepath.Join(dir, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newHouse(t *testing.T, e db.Engine) *house {
	t.Helper()
	h := &house{T: t, db: dbtest.Open(t, e, nil), dir: t.TempDir()}
	h.store = disk(t, h.dir)
	h.fill()
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) write(fn func(ctx context.Context, tx *db.Tx) error) {
	h.Helper()
	h.must(h.db.Write(h.Context(), "test", func(tx *db.Tx) error { return fn(h.Context(), tx) }))
}

// content keeps content in the store and a live row of it.
func (h *house) content(b []byte) blob.Stored {
	h.Helper()
	h.last++
	sum := sha256.Sum256(b)
	s := blob.Stored{Key: blob.Key{Account: h.acc, ID: h.last}, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(b))}
	h.must(put(h.Context(), h.store, s.Key, bytes.NewReader(b)))
	h.write(func(ctx context.Context, tx *db.Tx) error {
		if err := blob.Begin(ctx, tx, s.Key); err != nil {
			return err
		}
		_, err := blob.Finish(ctx, tx, s.Key, blob.Facts{SHA256: s.SHA256, SHA1: "1", MD5: "5", Size: s.Size, Type: "image/png", Width: 3, Height: 4})
		return err
	})
	h.blobs = append(h.blobs, s)
	return s
}

const manyEntries = 2*rowBatch + 500

// fill writes something into every table.
func (h *house) fill() {
	h.Helper()
	s, err := AddUser(h.Context(), h.db, "人", account.NoQuota, true)
	h.must(err)
	h.acc = int64(s.ID)
	for n := range 40 {
		h.content(fmt.Appendf(nil, "content %d %s", n, strings.Repeat("x", n*997)))
	}
	h.content(nil)
	h.write(func(ctx context.Context, tx *db.Tx) error {
		exec := func(query string, args ...any) {
			if _, e := tx.Exec(ctx, query, args...); e != nil && err == nil {
				err = fmt.Errorf("%s: %w", query, e)
			}
		}
		// Each folder lies in the one after it, as after moves: none can be written before it.
		const entry = `INSERT INTO drive_entry (account_id, id, parent_id, name, class, blob_id, size, etag, trashed, children, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 1, 2)`
		const top = 10 + 30
		exec(entry, h.acc, top, 0, "top", 0, nil, 0, "")
		for id := int64(top - 1); id >= 10; id-- {
			exec(entry, h.acc, id, id+1, "文件夹", 0, nil, 0, "")
		}
		for n := range int64(manyEntries) {
			exec(entry, h.acc, 1000+n, 10+n%30, fmt.Sprint(n), 1, 1+n%40, n, "e")
		}
		var root string
		if _, e := tx.Get(ctx, `SELECT id FROM bed_folder WHERE account_id = $1`, []any{h.acc}, &root); e != nil {
			return e
		}
		exec(`INSERT INTO bed_folder (account_id, id, parent_id, name, created_at, updated_at) VALUES ($1, 'z', $2, 'z', 1, 1)`, h.acc, root)
		exec(`INSERT INTO bed_folder (account_id, id, parent_id, name, created_at, updated_at) VALUES ($1, 'y', 'z', 'y', 1, 1)`, h.acc)
		exec(`INSERT INTO image (account_id, id, folder_id, name, ext, blob_id, size, etag, created_at, updated_at, shown_at)
			VALUES ($1, 'i', 'y', 'ü.png', 'png', 1, 9, 'e', 1, 2, 3)`, h.acc)
		exec(`INSERT INTO signing_key (name, secret) VALUES ('k', 's')`)
		exec(`INSERT INTO token (account_id, id, client_id, created_at, expires_at) VALUES ($1, 't', 'c', 1, 2)`, h.acc)
		exec(`INSERT INTO oauth_grant (account_id, id, client_id, redirect_uri, scope, challenge, code_sha256, refresh_sha256, created_at, expires_at)
			VALUES ($1, 'g', 'c', 'u', 5, 'ü', 'h', '', 1, 2)`, h.acc)
		exec(`INSERT INTO account_rate (account_id, path, until, given) VALUES ($1, '/p', 1, 2)`, h.acc)
		exec(`INSERT INTO id_block (name, next) VALUES ('drive', 9007199254740991) ON CONFLICT DO NOTHING`)
		exec(`INSERT INTO doomed (account_id, blob_id, created_at) VALUES ($1, 999, 1)`, h.acc)
		exec(`INSERT INTO unreferenced (account_id, blob_id, since) SELECT account_id, max(id), 1 FROM blob WHERE account_id = $1 AND state = 1 GROUP BY account_id`, h.acc)
		exec(`INSERT INTO task (account_id, seq, id, kind, state, attempt, idle, lease_until, created_at, started_at, finished_at)
			VALUES ($1, 1, 'T', 1, 2, 3, 0, 0, 1, 2, 3)`, h.acc)
		exec(`INSERT INTO queue_turn (account_id, kind, served_at) VALUES ($1, 1, 5)`, h.acc)
		exec(`INSERT INTO copy_task (account_id, task_seq, planned, total, copied, replaced, skipped, failed, bytes, fail_code, trace_id)
			VALUES ($1, 1, 1, 1, 1, 0, 0, 0, 9, '', '')`, h.acc)
		exec(`INSERT INTO copy_source (account_id, task_seq, ord, drive_id, class, name) VALUES ($1, 1, 1, 10, 0, 'n')`, h.acc)
		exec(`INSERT INTO copy_folder (account_id, task_seq, no, parent_no, name, folder_id) VALUES ($1, 1, 0, 0, '', 'y')`, h.acc)
		exec(`INSERT INTO copy_plan (account_id, id, created_at, expires_at, task_id, content) VALUES ($1, 'P', 1, 2, 'T', $2)`, h.acc, []byte{0, 0xff})
		exec(`INSERT INTO task (account_id, seq, id, kind, state, attempt, idle, lease_until, created_at, started_at, finished_at)
			VALUES ($1, 2, '2', 2, 3, 1, 0, 0, 1, 2, 3)`, h.acc)
		exec(`INSERT INTO offline_task (account_id, task_seq, dest, url, parent, path, name, found, blob_id, store_ref, got, total, shown, validator,
				hash_state, reserved, tries, fail_code, fail_status, trace_id, result_id, result_name, callback, callback_seq, callback_try)
			VALUES ($1, 2, 1, 'u', '', 'p', '名', '', 0, '', 0, -1, 0, '', $2, 0, 0, 'network', 0, '', '', '', '', 0, 0)`, h.acc, []byte{0, 0xff})
		exec(`INSERT INTO offline_slice (account_id, task_seq, no, size, md5, part) VALUES ($1, 2, 1, 1, 'm', 'p')`, h.acc)
		exec(`INSERT INTO share (account_id, id, key, name, password, created_at, expires_at, traffic, traffic_limit, previews, downloads)
			VALUES ($1, 5, '1001-k', '分享', 'p', 1, 0, 1, -1, 2, 3)`, h.acc)
		exec(`INSERT INTO share_file (account_id, share_id, drive_id) VALUES ($1, 5, 1000)`, h.acc)
		exec(`INSERT INTO direct_folder (account_id, drive_id, enabled_at) VALUES ($1, 10, 6)`, h.acc)
		exec(`INSERT INTO direct_setting (account_id, auth_key, signed, blocking) VALUES ($1, 'ü', 1, 0)`, h.acc)
		exec(`INSERT INTO direct_blocked (account_id, address) VALUES ($1, '2001:db8::1')`, h.acc)
		exec(`INSERT INTO direct_traffic (account_id, hour, drive_id, name, size, requests, bytes) VALUES ($1, 7, 1000, '名', 8, 9, 10)`, h.acc)
		exec(`INSERT INTO task (account_id, seq, id, kind, state, attempt, idle, lease_until, created_at, started_at, finished_at)
			VALUES ($1, 3, '3', 4, 4, 0, 0, 0, 1, 0, 0)`, h.acc)
		exec(`INSERT INTO tree_copy (account_id, task_seq, target_id, before_id, entries, bytes, fail_code, trace_id) VALUES ($1, 3, 0, 9, 1, 2, '', '')`, h.acc)
		exec(`INSERT INTO tree_copy_work (account_id, task_seq, no, from_id, into_id, after_id) VALUES ($1, 3, 1, 10, -1, 0)`, h.acc)
		exec(`INSERT INTO copy_dir (account_id, task_seq, no, drive_id, path, folder_no) VALUES ($1, 1, 0, 10, '/a', 0)`, h.acc)
		exec(`INSERT INTO copy_item (account_id, task_seq, seq, dir_no, drive_id, name, blob_id, etag, size, outcome, reason, image_id, fail_no)
			VALUES ($1, 1, 1, 0, 1000, 'n', 1, 'e', 9, 1, '', 'i', 0)`, h.acc)
		exec(`INSERT INTO publication (account_id, image_id, task_seq, item_seq, drive_id, parent_id, name, etag, published_at)
			VALUES ($1, 'i', 1, 1, 1000, 10, 'n', 'e', 4)`, h.acc)
		for id, state := range map[string]any{"none": []byte{}, "some": []byte{0, 0xff, '\'', 0}} {
			exec(`INSERT INTO upload (account_id, id, blob_id, dest, parent, name, etag, size, duplicate, slice_size, reserved, state, result_id,
				hashed, hash_state, created_at, expires_at) VALUES ($1, $2, 998, 1, '0', 'n', 'e', 1, 0, 1, 0, 2, 'r', 0, $3, 1, 2)`, h.acc, id, state)
		}
		exec(`INSERT INTO upload_slice (account_id, upload_id, no, size, md5, part) VALUES ($1, 'some', 1, 1, 'm', 'p')`, h.acc)
		return err
	})
}

// rowsOf are all rows of all tables that are copied, as text, by table.
func rowsOf(t *testing.T, d *db.DB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := d.Read(t.Context(), "test", func(tx *db.Tx) error {
		tables, err := tx.Tables(t.Context())
		for _, table := range tables {
			if slices.Contains(ofTheDatabase, table.Name) || table.Name == followed || err != nil {
				continue
			}
			c := newCopier(table)
			out[table.Name] = nil
			err = tx.Each(t.Context(), func(row db.Row) error {
				values, err := c.scan(row)
				out[table.Name] = append(out[table.Name], fmt.Sprintf("%#v", values))
				return err
			}, `SELECT `+db.Names(table.Columns)+` FROM "`+table.Name+`"`)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for table := range out {
		slices.Sort(out[table])
	}
	return out
}

// sameContent holds a store against the rows of a house.
func (h *house) sameContent(s blob.Store, but ...blob.Key) {
	h.Helper()
	for _, want := range h.blobs {
		if slices.Contains(but, want.Key) {
			continue
		}
		o, err := s.Open(h.Context(), want.Key)
		if err != nil {
			h.Errorf("%s: %v", want.Key, err)
			continue
		}
		same, err := copyChecked(new(bytes.Buffer), o, want)
		if !same || err != nil {
			h.Errorf("%s is other content (%v)", want.Key, err)
		}
		h.must(o.Close())
	}
}
