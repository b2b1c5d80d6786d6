package audit_test

import (
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // damage is done where the rooms can't

	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/picture/picturetest"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

// healthy is a data folder on which everything has been done once, and what its
// client was told.
type healthy struct {
	*harness.Server
	user *harness.User
	told *audit.Told
	file int64  // a drive file
	img  string // an image
	task string // a task with copied, replaced, skipped and failed items
}

func makeHealthy(t *testing.T, e db.Engine) *healthy {
	t.Helper()
	s := harness.NewOn(t, e)
	s.Start()
	h := &healthy{Server: s, user: s.User("healthy"), told: &audit.Told{}}
	u, ctx := h.user, t.Context()
	album := u.MkFolder(0, "album")
	day := u.MkFolder(album, "day")
	h.told.Folder(u.UID, album)
	var pictures []picturetest.Sample
	for _, p := range picturetest.All(t) {
		if len(p.Bytes) > 0 && len(pictures) < 6 && !p.Damaged {
			pictures = append(pictures, p)
		}
	}
	for n, p := range pictures {
		id := u.PutFile(album, fmt.Sprintf("%d-%s", n, p.Name), p.Bytes)
		h.told.File(u.UID, id, harness.MD5(p.Bytes), int64(len(p.Bytes)))
		h.file = id
	}
	u.PutFile(day, "again.png", pictures[0].Bytes)
	u.PutFile(day, "and again.png", pictures[0].Bytes)
	u.PutFile(day, "notes.txt", []byte("notes"))
	gone := u.PutFile(0, "gone.png", []byte("gone"))
	if err := u.Trash(ctx, []int64{gone}); err != nil {
		t.Fatal(err)
	}
	made, err := u.BedMkdir(ctx, "", "target")
	if err != nil {
		t.Fatal(err)
	}
	h.told.BedFolder(made.DirID)
	for range 2 {
		h.task = u.StartCopy(made.DirID, album)
		h.told.Task(u.UID, h.task)
		u.Await(h.task)
	}
	// An operator has blocked one content meanwhile: a failure.
	h.exec(t, `UPDATE blob SET state = 2 WHERE id = (SELECT blob_id FROM drive_entry WHERE id = `+strconv.FormatInt(h.file, 10)+`)`)
	h.task = u.StartCopy(made.DirID, album)
	u.Await(h.task)
	h.exec(t, `UPDATE blob SET state = 1 WHERE state = 2`)
	h.handOut(t, made.DirID)
	h.openUpload(t)
	return h
}

func (h *healthy) handOut(t *testing.T, folder string) {
	t.Helper()
	for i, err := range h.user.BedListAll(t.Context(), folder) {
		switch {
		case err != nil:
			t.Fatal(err)
		case i.IsFolder():
			h.handOut(t, i.FileID)
		default:
			h.told.Link(i.FileID, strings.TrimPrefix(filepath.Ext(i.DownloadURL), "."), i.Etag, i.Size)
			h.img = i.FileID
		}
	}
}

// openUpload leaves an upload with one of its slices.
func (h *healthy) openUpload(t *testing.T) {
	t.Helper()
	b := []byte("a slice")
	made, err := h.user.CreateV2(t.Context(), client.NewFile{Filename: "open.bin", Etag: harness.MD5(b), Size: int64(len(b))})
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(b)
	if err := h.user.Slice(t.Context(), "", made.PreuploadID, 1, hex.EncodeToString(sum[:]), content(b)); err != nil {
		t.Fatal(err)
	}
	h.told.Slice(h.user.UID, made.PreuploadID, 1, hex.EncodeToString(sum[:]))
}

func content(b []byte) client.Content {
	return client.Content{From: strings.NewReader(string(b)), Size: int64(len(b))}
}

// exec does what no room would do.
func (h *healthy) exec(t *testing.T, statements ...string) {
	t.Helper()
	if h.Base.URL == "" {
		damage(t, h.Data, statements...)
		return
	}
	d, err := db.Open(t.Context(), h.Base)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() // it must not be in the way of a twin
	for _, s := range statements {
		if err := d.Write(t.Context(), "damage", func(tx *db.Tx) error {
			n, err := tx.Exec(t.Context(), s)
			if err == nil && n == 0 {
				t.Errorf("%s: changed nothing", s)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func damage(t *testing.T, data string, statements ...string) {
	t.Helper()
	name := url.URL{
		Scheme: "file", Path: filepath.ToSlash(filepath.Join(data, "tuchuang.db")),
		RawQuery: "_pragma=busy_timeout(10000)&_pragma=ignore_check_constraints(1)",
	}
	d, err := sql.Open("sqlite", name.String())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, s := range statements {
		res, err := d.ExecContext(t.Context(), s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 && !strings.HasPrefix(s, "DROP") {
			t.Fatalf("%s: changed %d rows: %v", s, n, err)
		}
	}
}

// look does one kind of audit and answers what it found.
func (h *healthy) look(t *testing.T, how func(context.Context, audit.Subject) ([]audit.Finding, error), data string) []audit.Finding {
	t.Helper()
	where := h.Base
	if where.URL == "" {
		where.Path = filepath.Join(data, "tuchuang.db")
	}
	d, err := db.Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	found, err := how(t.Context(), audit.Subject{
		Data: data, DB: d, URL: h.URL, Clients: map[int64]*client.Client{h.user.UID: h.user.Client}, Told: h.told,
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// expect wants a finding of a check, and lets damage show in other checks too.
func expect(t *testing.T, found []audit.Finding, check string) {
	t.Helper()
	for _, f := range found {
		if f.Check == check {
			return
		}
	}
	t.Errorf("%s found nothing; found were %q", check, found)
}

func TestAHealthyFolderHasNoFindings(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) { noFindings(t, makeHealthy(t, e)) })
	}
}

func noFindings(t *testing.T, h *healthy) {
	t.Helper()
	for name, how := range map[string]func(context.Context, audit.Subject) ([]audit.Finding, error){
		"snapshot": audit.Snapshot, "at rest": audit.AtRest, "served": audit.Served,
	} {
		if found := h.look(t, how, h.Data); len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// Every kind of damage is found by the check that is there for it.
func TestPlantedDamageIsFound(t *testing.T) {
	h := makeHealthy(t, db.SQLite)
	h.Stop()
	const (
		anImage = `(SELECT min(id) FROM image)`
		aFile   = `(SELECT min(id) FROM drive_entry WHERE class > 0)`
		aFolder = `(SELECT min(id) FROM drive_entry WHERE class = 0 AND id > 0)`
		aBlob   = `(SELECT blob_id FROM image ORDER BY id LIMIT 1)`
		mine    = `(SELECT account_id FROM image LIMIT 1)`
		lastOne = `(SELECT max(seq) FROM task)`
		aTask   = ` WHERE task_seq = 1`
		aFailed = ` WHERE task_seq = ` + lastOne + ` AND outcome = 4`
		newTask = `INSERT INTO task SELECT account_id, seq + 10 + %d, id || '%d', kind, %d, 1, 0, 0, created_at, %s, %s FROM task WHERE seq = ` + lastOne
	)
	waiting := func(n int) string { return fmt.Sprintf(newTask, n, n, 4, "0", "0") }
	forTasks := `INSERT INTO copy_task SELECT account_id, seq, 0, 0, 0, 0, 0, 0, 0, '', '', '', 0 FROM task t
		WHERE NOT EXISTS (SELECT 1 FROM copy_task c WHERE c.account_id = t.account_id AND c.task_seq = t.seq)`
	for _, c := range []struct {
		check string
		sql   []string
	}{
		{"database", []string{`UPDATE image SET folder_id = 'nowhere' WHERE id = ` + anImage}},
		{"account.quota", []string{`UPDATE account SET used = used + 1`}},
		{"account.quota", []string{`UPDATE account SET reserved = reserved + 1`}},
		{"account.counters", []string{`UPDATE account SET next_blob = 2`}},
		{"account.counters", []string{`UPDATE account SET next_task = 1`}},
		{"account.counters", []string{`UPDATE id_block SET next = 1`}},
		{"account.counters", []string{`INSERT INTO drive_entry SELECT account_id - 1, id, 0, name, class, NULL, 0, '', 0, 0, 0, 0, 0 FROM drive_entry WHERE id = ` + aFolder}},
		{"blob.rows", []string{`UPDATE blob SET state = 9 WHERE id = ` + aBlob}},
		{"blob.rows", []string{`UPDATE blob SET sha1 = '' WHERE id = ` + aBlob}},
		{"blob.rows", []string{`DROP INDEX blob_sha256`, `UPDATE blob SET sha256 = (SELECT sha256 FROM blob WHERE state = 1 ORDER BY id LIMIT 1) WHERE state = 1`}},
		{"blob.rows", []string{`INSERT INTO doomed SELECT account_id, id, 0 FROM blob LIMIT 1`}},
		{"blob.references", []string{`UPDATE image SET etag = replace(etag, 'a', 'b')`}},
		{"blob.references", []string{`UPDATE drive_entry SET size = size + 1 WHERE id = ` + aFile}},
		{"blob.references", []string{`UPDATE drive_entry SET blob_id = 999 WHERE id = ` + aFile}},
		{"blob.references", []string{`UPDATE blob SET state = 0 WHERE id = ` + aBlob}},
		{"blob.references", []string{`UPDATE blob SET state = 3 WHERE id = ` + aBlob}},
		{"blob.garbage", []string{`INSERT INTO blob SELECT account_id, id + 1000, 1, 'x' || sha256, sha1, md5, size, type, width, height, created_at FROM blob WHERE id = ` + aBlob}},
		{"blob.garbage", []string{`INSERT INTO unreferenced VALUES (` + mine + `, 999, 0)`}},
		{"drive.tree", []string{`UPDATE drive_entry SET parent_id = id WHERE id = ` + aFolder}},
		{"drive.tree", []string{`UPDATE drive_entry SET parent_id = 999999 WHERE id = ` + aFile}},
		{"drive.tree", []string{`UPDATE drive_entry SET parent_id = ` + aFile + ` WHERE id = ` + aFolder}},
		{"drive.tree", []string{`UPDATE drive_entry SET class = 2 WHERE id = ` + aFile}},
		{"drive.tree", []string{`DELETE FROM drive_entry WHERE id = 0`}},
		{"drive.children", []string{`UPDATE drive_entry SET children = children + 1 WHERE id = ` + aFolder}},
		{"drive.total", []string{`UPDATE drive_entry SET total = total + 1 WHERE id = ` + aFolder}},
		{"drive.names", []string{`UPDATE drive_entry SET name = 'a/b.png' WHERE id = ` + aFile}},
		{"drive.names", []string{`DROP INDEX drive_name`, `UPDATE drive_entry SET name = 'one.png' WHERE class = 1`}},
		{"bed.tree", []string{`UPDATE bed_folder SET parent_id = 'nowhere' WHERE name = 'day'`}},
		{"bed.tree", []string{`DROP INDEX bed_root`, `UPDATE bed_folder SET parent_id = id WHERE name = 'day'`}},
		{"bed.tree", []string{`UPDATE bed_folder SET parent_id = (SELECT id FROM bed_folder WHERE name = 'day') WHERE name = 'album'`}},
		{"bed.names", []string{`UPDATE image SET name = '/' || id WHERE id = ` + anImage}},
		{"bed.names", []string{`DROP INDEX image_name`, `UPDATE image SET name = 'one.png'`}},
		{"bed.names", []string{`UPDATE image SET name = 'day' WHERE folder_id = (SELECT id FROM bed_folder WHERE name = 'album') AND id = ` + anImage}},
		{"bed.links", []string{`UPDATE image SET ext = 'html' WHERE id = ` + anImage}},
		{"queue.turns", []string{`UPDATE queue_turn SET unfinished = unfinished + 1`}},
		{"queue.turns", []string{`DELETE FROM queue_turn`, waiting(0), forTasks}},
		{"queue.limits", []string{waiting(0), waiting(1), waiting(2), waiting(3), forTasks}},
		{"queue.limits", []string{`DROP INDEX task_running`, `UPDATE task SET state = 1`}},
		{"queue.order", []string{`UPDATE task SET state = 4, finished_at = 0 WHERE seq = 1`}},
		{"queue.order", []string{`UPDATE task SET started_at = 1 WHERE seq = 2`}},
		{"queue.order", []string{`UPDATE task SET created_at = 1 WHERE seq = 2`}},
		{"queue.states", []string{`UPDATE task SET finished_at = 0 WHERE seq = 1`}},
		{"queue.states", []string{`UPDATE task SET attempt = 0, idle = 1 WHERE seq = 1`}},
		{"queue.states", []string{`UPDATE task SET state = 7 WHERE seq = 1`}},
		{"task.counters", []string{`UPDATE copy_task SET total = total + 1` + aTask}},
		{"task.counters", []string{`UPDATE copy_task SET copied = copied + 1` + aTask}},
		{"task.counters", []string{`UPDATE copy_task SET replaced = replaced + 1` + aTask}},
		{"task.counters", []string{`UPDATE copy_task SET failed = failed + 1` + aTask}},
		{"task.counters", []string{`UPDATE copy_task SET skipped = skipped + 1` + aTask}},
		{"task.counters", []string{`UPDATE copy_task SET bytes = bytes + 1` + aTask}},
		{"task.counters", []string{`UPDATE copy_task SET planned = 0` + aTask}},
		{"task.outcomes", []string{`UPDATE copy_item SET outcome = 0, image_id = ''` + aTask + ` AND outcome = 1`}},
		{"task.outcomes", []string{`UPDATE copy_item SET seq = 99` + aTask + ` AND seq = 1`}},
		{"task.outcomes", []string{`UPDATE copy_item SET image_id = ''` + aTask}},
		{"task.outcomes", []string{`UPDATE copy_item SET reason = ''` + aFailed}},
		{"task.outcomes", []string{`UPDATE copy_item SET fail_no = 0` + aFailed}},
		{"task.failures", []string{`UPDATE copy_item SET fail_no = 7` + aFailed}},
		{"task.verdict", []string{`UPDATE copy_task SET fail_code = 'internal'` + aTask}},
		{"task.verdict", []string{`UPDATE task SET state = 3 WHERE seq = 1`}},
		{"task.verdict", []string{`UPDATE task SET state = 3 WHERE seq = 1`, `UPDATE copy_task SET fail_code = 'all_failed'` + aTask}},
		{"task.verdict", []string{`UPDATE task SET state = 3 WHERE seq = 1`, `UPDATE copy_task SET fail_code = 'limit_images'` + aTask}},
		{"task.verdict", []string{`UPDATE task SET state = 3 WHERE seq = 1`, `UPDATE copy_task SET fail_code = 'internal'` + aTask}},
		{"task.publications", []string{`DELETE FROM publication` + aTask}},
		{"task.publications", []string{`UPDATE publication SET etag = ''` + aTask}},
		{"task.publications", []string{`UPDATE publication SET item_seq = item_seq + 100` + aTask}},
		{"task.publications", []string{`UPDATE image SET etag = 'x' WHERE id = ` + anImage}},
		{"task.publications", []string{`DELETE FROM image WHERE id = ` + anImage}},
		{"task.exactly_once", []string{`INSERT INTO image SELECT account_id, id || 'x', folder_id, name || 'x', ext, blob_id, size, etag, created_at, updated_at, shown_at FROM image WHERE id = ` + anImage}},
		{"task.exactly_once", []string{`UPDATE copy_item SET outcome = 1 WHERE outcome = 2`}},
		{"upload.slices", []string{`UPDATE upload SET blob_id = 999 WHERE state = 1`}},
		{"upload.slices", []string{`UPDATE upload_slice SET size = size + 1`}},
		{"upload.slices", []string{`UPDATE upload SET hashed = 1000 WHERE state = 1`}},
		{"upload.slices", []string{`UPDATE upload SET state = 2 WHERE state = 1`}},
		{"told.files", []string{fmt.Sprintf(`DELETE FROM drive_entry WHERE id = %d`, h.file)}},
		{"told.files", []string{fmt.Sprintf(`UPDATE drive_entry SET trashed = 1 WHERE id = %d`, h.file)}},
		{"told.files", []string{fmt.Sprintf(`UPDATE drive_entry SET etag = 'x' WHERE id = %d`, h.file)}},
		{"told.files", []string{`DELETE FROM drive_entry WHERE name = 'album'`}},
		{"told.files", []string{`DELETE FROM bed_folder WHERE name = 'target'`}},
		{"told.files", []string{`UPDATE image SET id = id || 'x' WHERE id = '` + h.img + `'`}},
		{"told.files", []string{`UPDATE image SET ext = 'bmp' WHERE id = '` + h.img + `'`}},
		{"told.tasks", []string{`UPDATE task SET id = 'another' WHERE seq = 2`}},
		{"told.slices", []string{`DELETE FROM upload_slice`}},
		{"rest.leftovers", []string{`DELETE FROM upload WHERE state = 1`}},
		{"rest.leftovers", []string{`INSERT INTO doomed VALUES (` + mine + `, 999, 0)`}},
		{"rest.tasks_ended", []string{`UPDATE task SET state = 4, finished_at = 0 WHERE seq = ` + lastOne}},
		{"store.files", []string{`UPDATE blob SET sha256 = replace(sha256, '1', '2') WHERE id = ` + aBlob}},
		{"store.files", []string{`UPDATE blob SET sha1 = replace(sha1, '1', '2')`}},
		{"store.files", []string{`UPDATE blob SET md5 = replace(md5, '1', '2')`}},
		{"store.files", []string{`UPDATE blob SET size = size + 1 WHERE id = ` + aBlob}},
		{"store.files", []string{`UPDATE blob SET width = width + 1 WHERE id = ` + aBlob}},
		{"store.files", []string{`UPDATE upload_slice SET md5 = 'x'`}},
		{"store.strangers", []string{`DELETE FROM blob WHERE id = ` + aBlob}},
		{"store.strangers", []string{`UPDATE blob SET state = 1 WHERE state = 0`}},
	} {
		t.Run(c.check+"/"+strings.Join(c.sql, ";"), func(t *testing.T) {
			data := twin(t, h.Data)
			damage(t, data, c.sql...)
			expect(t, h.look(t, audit.AtRest, data), c.check)
		})
	}
	for _, c := range []struct {
		check string
		harm  func(path string) error // to a stored file
	}{
		{"store.files", os.Remove},
		{"store.files", func(path string) error { return os.Truncate(path, 3) }},
		{"store.files", func(path string) error { return flip(path) }},
		{"store.strangers", func(path string) error { return os.WriteFile(path+"99", nil, 0o600) }},
		{"store.strangers", func(path string) error { return os.WriteFile(path+".tmp", nil, 0o600) }},
	} {
		t.Run(c.check, func(t *testing.T) {
			data := twin(t, h.Data)
			if err := c.harm(storedFile(t, data)); err != nil {
				t.Fatal(err)
			}
			expect(t, h.look(t, audit.AtRest, data), c.check)
		})
	}
	t.Run("told.gone", func(t *testing.T) {
		told := &audit.Told{}
		told.FileGone(h.user.UID, h.file)
		told.Gone(h.img)
		d, err := audit.OpenDB(t.Context(), h.Data)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		found, err := audit.Snapshot(t.Context(), audit.Subject{Data: h.Data, DB: d, Told: told})
		if err != nil || len(found) != 2 {
			t.Errorf("%q, %v", found, err)
		}
		expect(t, found, "told.gone")
	})
}

// Every wrong answer of a server is found, the database being another than the one
// it serves.
func TestWrongAnswersAreFound(t *testing.T) {
	h := makeHealthy(t, db.SQLite)
	h.Stop() // a copy of files that are written to would be torn
	still := twin(t, h.Data)
	h.Start()
	h.user.SignIn()
	for _, c := range []struct{ check, sql string }{
		{"served.images", `UPDATE image SET etag = 'x'`},
		{"served.tasks", `UPDATE copy_task SET copied = copied + 1`},
		{"served.tasks", `UPDATE copy_item SET name = 'x' WHERE outcome = 4`},
		{"served.bed", `UPDATE image SET name = 'x.png' WHERE id = (SELECT min(id) FROM image)`},
		{"served.bed", `DELETE FROM image WHERE id = (SELECT min(id) FROM image)`},
		{"served.drive", `UPDATE drive_entry SET name = 'x.png' WHERE id = (SELECT min(id) FROM drive_entry WHERE class > 0)`},
		{"served.drive", `UPDATE drive_entry SET trashed = 1 WHERE name = 'album'`},
	} {
		t.Run(c.check, func(t *testing.T) {
			data := twin(t, still)
			damage(t, data, c.sql)
			expect(t, h.look(t, audit.Served, data), c.check)
		})
	}
	t.Run("served.links", func(t *testing.T) {
		told := h.told
		defer func() { h.told = told }()
		h.told = &audit.Told{}
		h.told.Link(h.img, "png", "x", 1)
		expect(t, h.look(t, audit.Served, h.Data), "served.links")
		h.told = &audit.Told{}
		h.told.Gone(h.img)
		expect(t, h.look(t, audit.Served, h.Data), "served.links")
	})
}

// twin copies a data folder.
func twin(t *testing.T, of string) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(of)); err != nil {
		t.Fatal(err)
	}
	return data
}

// storedFile answers one stored file.
func storedFile(t *testing.T, data string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "blobs", "*", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files[0]
}

// flip changes the last bit of a file.
func flip(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[len(b)-1] ^= 1
	return os.WriteFile(path, b, 0o600)
}
