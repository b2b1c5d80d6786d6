package audit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tuchuang/internal/blob"
	"tuchuang/internal/copytask"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/ops"
	"tuchuang/test/audit"
)

// site is a data folder and the database that belongs to it.
type site struct {
	data string
	base db.Options
}

// site is what the server, which is stopped, has left.
func (h *healthy) site() site { return site{h.Data, h.Base} }

// twin copies what no server is at.
func (s site) twin(t *testing.T) site {
	t.Helper()
	c := site{data: twin(t, s.data)}
	if c.base.Path = filepath.Join(c.data, "tuchuang.db"); s.base.URL != "" {
		c.base = dbtest.Twin(t, s.base)
	}
	return c
}

// damage does what no room would do, past all constraints.
func (s site) damage(t *testing.T, statements ...string) {
	t.Helper()
	if s.base.URL == "" {
		damage(t, s.data, statements...)
		return
	}
	c, err := pgx.Connect(t.Context(), s.base.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	unbind(t, c)
	change(t, c, statements...)
}

// unbind takes what constraints would refuse damage.
func unbind(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for _, q := range []string{
		"SET session_replication_role = replica", // no foreign keys
		"ALTER TABLE drive_entry ENABLE ALWAYS TRIGGER drive_made, ENABLE ALWAYS TRIGGER drive_renamed, ENABLE ALWAYS TRIGGER drive_gone",
		"ALTER TABLE account DROP CONSTRAINT account_used_check, DROP CONSTRAINT account_reserved_check",
	} {
		if _, err := c.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
}

func change(t *testing.T, c *pgx.Conn, statements ...string) {
	t.Helper()
	for _, q := range statements {
		done, err := c.Exec(t.Context(), q)
		if err != nil || done.RowsAffected() == 0 && !strings.HasPrefix(q, "DROP") {
			t.Fatalf("%s: changed %d rows: %v", q, done.RowsAffected(), err)
		}
	}
}

// fsck looks at what is there and answers what it found.
func (s site) fsck(t *testing.T, how ops.Fsck) []ops.Finding {
	t.Helper()
	return s.open(t)(how)
}

// open answers what looks at the site as often as is asked, until the test ends.
func (s site) open(t *testing.T) func(how ops.Fsck) []ops.Finding {
	t.Helper()
	d, err := db.Open(t.Context(), s.base)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.openOn(t, d)
}

// openOn is open on a database that is open.
func (s site) openOn(t *testing.T, d *db.DB) func(how ops.Fsck) []ops.Finding {
	t.Helper()
	store, err := blob.NewDisk(filepath.Join(s.data, "blobs"), filepath.Join(s.data, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	return func(how ops.Fsck) (found []ops.Finding) {
		t.Helper()
		how.DB, how.Store = d, store
		how.Found = func(f ops.Finding) error {
			found = append(found, f)
			return nil
		}
		if _, err := how.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return found
	}
}

func codes(found []ops.Finding) (list []string) {
	for _, f := range found {
		list = append(list, f.Code)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// planted is damage, the code by which it is found, and whether it can be mended.
type planted struct {
	code  string
	mends bool
	sql   []string
}

func plantings() []planted {
	const (
		anImage = `(SELECT min(id) FROM image)`
		aFile   = `(SELECT min(id) FROM drive_entry WHERE class > 0)`
		album   = `(SELECT id FROM drive_entry WHERE name = 'album')`
		day     = `(SELECT id FROM drive_entry WHERE name = 'day')`
		aBlob   = `(SELECT blob_id FROM image ORDER BY id LIMIT 1)`
		mine    = `(SELECT account_id FROM image LIMIT 1)`
		lastOne = `(SELECT max(seq) FROM task)`
		aTask   = ` WHERE task_seq = 1`
		aFailed = ` WHERE task_seq = ` + lastOne + ` AND outcome = 4`
		newTask = `INSERT INTO task SELECT account_id, seq + 10, id || seq || 'x', kind, 4, 1, 0, 0, created_at, 0, 0 FROM task`
	)
	const (
		download = `INSERT INTO task SELECT id, 900, '900', 2, 2, 1, 0, 0, 1, 1, 1 FROM account WHERE id = ` + mine
		waiting  = `INSERT INTO task SELECT id, 900, '900', 2, 4, 0, 0, 0, 1, 0, 0 FROM account WHERE id = ` + mine
	)
	// its makes the row of a download: blob, bytes, result and callback.
	const copied, halfCopied = `INSERT INTO task SELECT id, 900, '900', 4, 2, 1, 0, 0, 1, 1, 1 FROM account WHERE id = ` + mine,
		`INSERT INTO tree_copy SELECT id, 900, 0, 1, 1, 1, '', '' FROM account WHERE id = ` + mine
	its := func(blob, got, result, callback string) string {
		return `INSERT INTO offline_task (account_id, task_seq, dest, url, parent, path, name, found, blob_id, store_ref, got, total, shown, validator,
				hash_state, reserved, tries, fail_code, fail_status, trace_id, result_id, result_name, callback, callback_seq, callback_try)
			SELECT id, 900, 1, 'u', '', '', '', '', ` + blob + `, '', ` + got + `, 9, 0, '', '', 0, 0, '', 0, '', '` + result + `', '', '', ` + callback + `, 0
			FROM account WHERE id = ` + mine
	}
	const isApp = `UPDATE client SET app_name = 'x'`
	client := `(SELECT min(id) FROM client WHERE account_id = ` + mine + `)`
	grant := func(client string, scope int, expires string) string {
		return fmt.Sprintf(`INSERT INTO oauth_grant SELECT id, 'x', %s, 'u', %d, '', '%s', '', 0, %s FROM account WHERE id = %s`,
			client, scope, strings.Repeat("a", 64), expires, mine)
	}
	one := func(code string, mends bool, sql ...string) planted { return planted{code, mends, sql} }
	return []planted{
		one("key.length", false, `UPDATE signing_key SET secret = 'x' WHERE name = 'url'`),
		one("time.ahead", true, `UPDATE task SET state = 4, finished_at = 0, lease_until = 9000000000000000 WHERE seq = 1`),
		one("time.ahead", true, `UPDATE queue_turn SET served_at = 9000000000000000`),
		one("time.ahead", true, `INSERT INTO unreferenced SELECT account_id, min(id), 9000000000000000 FROM blob GROUP BY account_id`),
		one("time.ahead", true, `UPDATE upload SET expires_at = 9000000000000000 WHERE state = 1`),
		one("drive.next_id", true, `DELETE FROM id_block`),
		one("time.ahead", true, `INSERT INTO blob_hold VALUES ('x', 9000000000000000000)`),
		one("row.account", false, `UPDATE client SET account_id = 77 WHERE account_id = `+mine),
		one("mark.empty", true, `INSERT INTO mark VALUES ('x', '')`),
		one("row.account", false, `INSERT INTO audit_log VALUES (77, 0, '', '', '', '', '', '')`),
		one("row.account", false, `INSERT INTO token VALUES (77, 'x', 'x', 0, 0, 7, '', 0, '')`),
		one("account.state", false, `UPDATE account SET state = 9 WHERE id = `+mine),
		one("account.used", true, `UPDATE account SET used = used + 1`),
		one("account.used", true, `UPDATE account SET used = -1 WHERE id = `+mine),
		one("account.entries", true, `UPDATE account SET entries = entries + 1`),
		one("account.entries", true, `UPDATE account SET entries = -1 WHERE id = `+mine),
		one("account.reserved", true, `UPDATE account SET reserved = reserved + 1 WHERE id = `+mine),
		one("account.next_blob", true, `UPDATE account SET next_blob = 2 WHERE id = `+mine),
		one("account.next_blob", true, `INSERT INTO doomed VALUES (`+mine+`, 9999, 0)`),
		one("account.next_task", true, `UPDATE account SET next_task = 1 WHERE id = `+mine),
		one("account.client", false, `DELETE FROM client WHERE account_id = `+mine),
		one("client.secret", false, `UPDATE client SET secret_sha256 = ''`),
		one("token.client", true, `UPDATE token SET client_id = 'x'`),
		one("token.grant", true, `UPDATE token SET grant_id = 'x'`),
		one("grant.client", true, grant("'x'", 1, "1")),
		one("grant.client", true, grant(client, 1, "1")), // of a client that is no app
		one("grant.facts", true, isApp, grant(client, 0, "1")),
		one("grant.facts", true, isApp, `INSERT INTO oauth_grant SELECT account_id, 'x', id, 'u', 1, '', 'short', '', 0, 1 FROM client WHERE account_id = `+mine),
		one("time.ahead", true, isApp, grant(client, 1, "9000000000000000")),
		one("time.ahead", true, `INSERT INTO account_rate SELECT id, '/p', 9000000000000000, 1 FROM account WHERE id = `+mine),
		one("drive.next_id", true, `UPDATE id_block SET next = 1`),
		one("drive.root", true, `DELETE FROM drive_entry WHERE id = 0 AND account_id = `+mine),
		one("drive.root", false, `UPDATE drive_entry SET trashed = 1 WHERE id = 0 AND account_id = `+mine),
		one("drive.parent", true, `UPDATE drive_entry SET parent_id = 999999 WHERE id = `+aFile),
		one("drive.parent", true, `UPDATE drive_entry SET parent_id = 999999 WHERE id IN (`+aFile+`, `+day+`)`),
		one("drive.parent", true, `UPDATE drive_entry SET parent_id = `+aFile+` WHERE id = `+day),
		one("drive.cycle", true, `UPDATE drive_entry SET parent_id = id WHERE id = `+day),
		one("drive.cycle", true, `UPDATE drive_entry SET parent_id = `+day+` WHERE id = `+album),
		one("drive.children", true, `UPDATE drive_entry SET children = children + 1 WHERE id = `+album),
		one("drive.children", true, `UPDATE drive_entry SET children = children + 1 WHERE id = 0`),
		one("drive.total", true, `UPDATE drive_entry SET total = total + 1 WHERE id = `+album),
		one("drive.total", true, `UPDATE drive_entry SET total = total + 1`),
		one("drive.total", true, `UPDATE drive_entry SET total = total - 1 WHERE id IN (0, `+day+`)`),
		one("drive.folder", true, `UPDATE drive_entry SET etag = 'x' WHERE id = `+day),
		one("drive.class", true, `UPDATE drive_entry SET class = 2 WHERE id = `+aFile),
		one("drive.name", false, `UPDATE drive_entry SET name = 'a/b.png' WHERE id = `+aFile),
		one("drive.indexed", true, `INSERT INTO drive_unindexed VALUES (`+mine+`, 999999)`, `UPDATE drive_entry SET name = 'x' || name WHERE id = `+aFile, `DELETE FROM drive_unindexed`),
		one("drive.index_left", true, `INSERT INTO drive_unindexed VALUES (`+mine+`, 999999)`, `DELETE FROM drive_entry WHERE id = `+aFile, `DELETE FROM drive_unindexed`),
		one("drive.trashed", false, `UPDATE drive_entry SET trashed = 7 WHERE id = `+aFile),
		one("drive.content_row", false, `UPDATE drive_entry SET blob_id = 999 WHERE id = `+aFile),
		one("drive.content_row", false, `UPDATE drive_entry SET blob_id = NULL WHERE id = `+aFile),
		one("drive.content_row", false, `UPDATE blob SET state = 0 WHERE id = `+aBlob),
		one("drive.content_lost", false, `UPDATE blob SET state = 3 WHERE id = `+aBlob),
		one("drive.content_differs", false, `UPDATE drive_entry SET size = size + 1 WHERE id = `+aFile),
		one("bed.root", false, `DROP INDEX bed_root`, `UPDATE bed_folder SET parent_id = id WHERE name = 'day'`),
		one("bed.root", true, `DELETE FROM bed_folder WHERE parent_id = id AND account_id = `+mine),
		one("bed.parent", true, `UPDATE bed_folder SET parent_id = 'nowhere' WHERE name = 'day'`),
		one("bed.cycle", true, `UPDATE bed_folder SET parent_id = (SELECT id FROM bed_folder WHERE name = 'day') WHERE name = 'album'`),
		one("bed.name", false, `UPDATE bed_folder SET name = 'a:b' WHERE name = 'day'`),
		one("bed.name_twice", false, `UPDATE image SET name = 'day' WHERE folder_id = (SELECT id FROM bed_folder WHERE name = 'album') AND id = `+anImage),
		one("bed.detached", false, `UPDATE bed_folder SET detached = 7 WHERE name = 'day'`),
		one("image.folder", true, `UPDATE image SET folder_id = 'nowhere' WHERE id = `+anImage),
		one("image.folder", true, `UPDATE image SET folder_id = 'nowhere'`),
		one("image.name", false, `UPDATE image SET name = '/' || id WHERE id = `+anImage),
		one("image.ext", false, `UPDATE image SET ext = 'html' WHERE id = `+anImage),
		one("image.size", false, `UPDATE image SET size = 0 WHERE id = `+anImage),
		one("image.content_row", false, `UPDATE image SET blob_id = 999 WHERE id = `+anImage),
		one("image.content_lost", false, `UPDATE blob SET state = 4 WHERE id = `+aBlob),
		one("image.content_differs", false, `UPDATE image SET etag = 'x' WHERE id = `+anImage),
		one("blob.state", false, `UPDATE blob SET state = 9 WHERE id = `+aBlob),
		one("blob.facts", false, `UPDATE blob SET sha1 = '' WHERE id = `+aBlob),
		one("blob.begun", true, `DELETE FROM upload WHERE state = 1`, `UPDATE blob SET created_at = 1 WHERE state = 0`),
		one("blob.unnoticed", true, `INSERT INTO blob SELECT account_id, id + 1000, 1, substr(sha1 || sha1, 1, 64), sha1, md5, size, type, width, height, created_at FROM blob WHERE id = `+aBlob),
		one("unreferenced.row", true, `INSERT INTO unreferenced VALUES (`+mine+`, 999, 0)`),
		one("doomed.row", true, `INSERT INTO doomed SELECT account_id, id, 0 FROM blob LIMIT 1`),
		one("queue.turn", true, `UPDATE queue_turn SET kind = 9`),
		one("queue.unfinished", true, `UPDATE queue_turn SET unfinished = unfinished + 1`),
		one("queue.no_turn", true, `DELETE FROM queue_turn`, newTask),
		one("tree_copy.task", false, copied),
		one("tree_copy.task", false, halfCopied),
		one("tree_copy.verdict", false, copied, `INSERT INTO tree_copy SELECT id, 900, 0, 1, 1, 1, 'internal', '' FROM account WHERE id = `+mine),
		one("tree_copy.work", true, copied, halfCopied, `INSERT INTO tree_copy_work SELECT id, 900, 1, 1, -1, 0 FROM account WHERE id = `+mine),
		one("task.state", false, `UPDATE task SET state = 7 WHERE seq = 1`),
		one("task.times", false, `UPDATE task SET finished_at = 0 WHERE seq = 1`),
		one("task.copy", false, `DELETE FROM copy_task`+aTask),
		one("task.copy", false, `DELETE FROM task WHERE seq = 1`),
		one("task.unfinished", false, newTask, strings.NewReplacer("seq + 10", "seq + 100", "'x'", "'y'").Replace(newTask)),
		one("task.counters", true, `UPDATE copy_task SET copied = copied + 1`+aTask),
		one("task.counters", true, `UPDATE copy_task SET bytes = bytes + 1, total = 0`+aTask),
		one("task.skipped", true, `UPDATE copy_task SET skipped = skipped + 1`+aTask),
		one("task.verdict", false, `UPDATE copy_task SET fail_code = 'internal'`+aTask),
		one("task.verdict", false, `UPDATE task SET state = 3 WHERE seq = 1`),
		one("task.retry_of", true, `UPDATE copy_task SET retry_of = 'nothing'`+aTask),
		one("task.sources", false, `DELETE FROM copy_source`+aTask),
		one("task.sources", false, `UPDATE copy_source SET task_seq = 77`+aTask),
		one("task.folders", false, `DELETE FROM copy_folder`+aTask+` AND no = 0`),
		one("task.folders", false, `UPDATE copy_folder SET parent_no = 77`+aTask+` AND no > 0`),
		one("task.dirs", false, `UPDATE copy_dir SET folder_no = 77`+aTask),
		one("task.items", false, `UPDATE copy_item SET image_id = ''`+aTask),
		one("task.items", false, `UPDATE copy_item SET reason = ''`+aFailed),
		one("task.items", false, `DELETE FROM copy_dir`+aTask),
		one("task.numbers", false, `UPDATE copy_item SET seq = 99`+aTask+` AND seq = 1`),
		one("task.failures", false, `UPDATE copy_item SET fail_no = 7`+aFailed),
		one("task.open", false, `UPDATE copy_item SET outcome = 0, image_id = ''`+aTask+` AND outcome = 1`),
		one("publication.image", true, `UPDATE publication SET image_id = 'nowhere'`+aTask),
		one("publication.item", false, `UPDATE publication SET etag = ''`+aTask),
		one("publication.lacking", true, `DELETE FROM publication`+aTask),
		one("plan.task", true, `INSERT INTO copy_plan SELECT id, 'x', 0, 1, 'nothing', '' FROM account`),
		one("time.ahead", true, `INSERT INTO copy_plan SELECT id, 'x', 0, 9000000000000000, '', '' FROM account`),
		one("task.folders", false, `UPDATE copy_folder SET made_at = 1, folder_id = ''`+aTask),
		one("task.items", false, `UPDATE copy_item SET onto = 'another'`+aTask),
		one("offline.task", false, download),
		one("offline.task", false, its("0", "0", "7", "0")),
		one("offline.verdict", false, download, its("0", "0", "", "0")),
		one("offline.verdict", false, waiting, its("0", "0", "7", "0")),
		one("offline.blob", true, waiting, its("999", "0", "", "0")),
		one("offline.got", true, waiting, its("(SELECT min(id) FROM blob WHERE state = 0)", "5", "", "0")),
		one("offline.callback", true, download, its("0", "0", "7", "77")),
		one("offline.slice", true, `INSERT INTO offline_slice VALUES (`+mine+`, 900, 1, 1, '', '')`),
		one("share.key", false, `INSERT INTO share VALUES (`+mine+`, 1, '77-x', 'n', '', 1, 0, 1, -1, 0, 0)`),
		one("share.file", true, `INSERT INTO share_file VALUES (`+mine+`, 1, 1)`),
		one("direct.folder", true, `INSERT INTO direct_folder VALUES (`+mine+`, 77, 1)`),
		one("direct.setting", false, `INSERT INTO direct_setting VALUES (`+mine+`, '', 1, 0)`),
		one("direct.blocked", true, `INSERT INTO direct_blocked VALUES (`+mine+`, '192')`),
		one("direct.traffic", true, `INSERT INTO direct_traffic VALUES (`+mine+`, 5, 77, 'n', 1, 1, -1)`),
		one("time.ahead", true, `INSERT INTO direct_traffic VALUES (`+mine+`, 900000000, 77, 'n', 1, 1, 1)`),
		one("upload.blob", false, `UPDATE upload SET blob_id = 999 WHERE state = 1`),
		one("upload.result", false, `UPDATE upload SET state = 2 WHERE state = 1`),
		one("upload.hashed", true, `UPDATE upload SET hashed = 1000 WHERE state = 1`),
		one("slice.upload", true, `UPDATE upload_slice SET upload_id = 'x'`),
		one("slice.size", true, `UPDATE upload_slice SET size = size + 1`),
	}
}

// Each kind of damage is found, in every table; what is said to be mended is, and is
// no finding any more; what can't be is said so.
func TestFsckFindsAndMendsPlantedDamage(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) { plantAll(t, e) })
	}
}

func plantAll(t *testing.T, e db.Engine) {
	h := makeHealthy(t, e)
	h.Stop()
	indexNames(t, h.Base)
	t.Run("healthy", func(t *testing.T) {
		if found := h.site().fsck(t, ops.Fsck{Read: true}); len(found) > 0 {
			t.Fatalf("a healthy folder: %+v", found)
		}
	})
	tried := make(map[string]bool)
	again := againAndAgain(t, h.site())
	for _, c := range plantings() {
		tried[c.code] = true
		t.Run(c.code+"/"+strings.Join(c.sql, ";"), func(t *testing.T) {
			var look func(how ops.Fsck) []ops.Finding
			if again != nil && !strings.HasPrefix(c.sql[0], "DROP") {
				look = again(t, c.sql...)
			} else {
				t.Parallel() // a check rests as long as it reads
				s := h.site().twin(t)
				s.damage(t, c.sql...)
				look = s.open(t)
			}
			found := look(ops.Fsck{})
			if !slices.Contains(codes(found), c.code) {
				t.Fatalf("not found; found were %q", codes(found))
			}
			repaired := look(ops.Fsck{Repair: true})
			for _, f := range repaired {
				if f.Code == c.code && f.Fixed != c.mends {
					t.Errorf("mended %v, want %v: %+v", f.Fixed, c.mends, f)
				}
			}
			again := look(ops.Fsck{})
			if slices.Contains(codes(again), c.code) == c.mends {
				t.Errorf("after --repair: %q", codes(again))
			}
			for _, f := range again {
				if !slices.ContainsFunc(found, func(old ops.Finding) bool { return old.Code == f.Code }) {
					t.Errorf("the repair has broken something: %+v", f)
				}
			}
		})
	}
	if again != nil {
		t.Run("healthy again", func(t *testing.T) {
			if found := again(t)(ops.Fsck{}); len(found) > 0 {
				t.Errorf("not all was put back: %+v", found)
			}
		})
	}
	inBytes := []string{"content.missing", "content.size", "content.damaged"} // see below
	for _, table := range ops.Tables {
		for _, code := range table.Checks {
			if !tried[code] && !slices.Contains(inBytes, code) {
				t.Errorf("no damage is planted for %s of %s", code, table.Name)
			}
		}
	}
}

// againAndAgain answers what damages a site, as it was at first, and looks at it; nil where a
// twin for each damage costs less. Connections and copies are what PostgreSQL takes long to
// make: there is one copy, whose rows are put back.
func againAndAgain(t *testing.T, s site) func(t *testing.T, statements ...string) func(how ops.Fsck) []ops.Finding {
	t.Helper()
	if s.base.URL == "" {
		return nil
	}
	base := dbtest.Twin(t, s.base)
	c, err := pgx.Connect(t.Context(), base.URL)
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), base)
	if err != nil {
		t.Fatal(errors.Join(err, c.Close(t.Context())))
	}
	t.Cleanup(func() {
		if err := errors.Join(d.Close(), c.Close(context.WithoutCancel(t.Context()))); err != nil {
			t.Error(err)
		}
	})
	unbind(t, c)
	keep, back := []string{"CREATE SCHEMA whole"}, []string(nil)
	tables := []string{"drive_words"} // is no table of its own for ops
	for _, table := range ops.Tables {
		tables = append(tables, table.Name)
	}
	for _, table := range tables {
		keep = append(keep, fmt.Sprintf("CREATE TABLE whole.%s AS TABLE public.%[1]s", table))
		back = append(back, fmt.Sprintf("DELETE FROM public.%s; INSERT INTO public.%[1]s TABLE whole.%[1]s", table))
	}
	// What its triggers write comes after it.
	slices.SortStableFunc(back, func(a, b string) int {
		first := func(q string) bool { return strings.Contains(q, " public.drive_entry;") }
		switch {
		case first(a) == first(b):
			return 0
		case first(a):
			return -1
		}
		return 1
	})
	if _, err := c.Exec(t.Context(), strings.Join(keep, "; ")); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, statements ...string) func(how ops.Fsck) []ops.Finding {
		t.Helper()
		if _, err := c.Exec(t.Context(), strings.Join(back, "; ")); err != nil {
			t.Fatal(err)
		}
		change(t, c, statements...)
		return site{data: twin(t, s.data), base: base}.openOn(t, d)
	}
}

// indexNames does what the server would have done a moment later.
func indexNames(t *testing.T, base db.Options) {
	t.Helper()
	d, err := db.Open(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(drive.New(d).IndexNames(t.Context()), d.Close()); err != nil {
		t.Fatal(err)
	}
}

// Tasks that were removed are missed by nothing that is left, be it the first of them or
// all.
func TestFsckAfterTasksWereRemoved(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			h := makeHealthy(t, e)
			h.Stop()
			s := h.site()
			s.damage(t, `UPDATE task SET finished_at = 2, created_at = 1, started_at = 1 WHERE seq = 1`,
				`UPDATE copy_task SET retry_of = (SELECT id FROM task WHERE seq = 1) WHERE task_seq = 3`)
			d, err := db.Open(t.Context(), s.base)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			tasks, _ := copytask.New(d, imagebed.New(d), slog.New(slog.DiscardHandler))
			for _, c := range []struct {
				keep time.Duration
				left int64
			}{{time.Hour, 2}, {0, 0}} {
				if err := tasks.SweepEnded(t.Context(), c.keep); err != nil {
					t.Fatal(err)
				}
				var left int64
				if _, err := d.Get(t.Context(), "test", `SELECT count(*) FROM task`, nil, &left); err != nil || left != c.left {
					t.Errorf("%d tasks are left, want %d: %v", left, c.left, err)
				}
				if found := s.fsck(t, ops.Fsck{}); len(found) > 0 {
					t.Errorf("with %d left: %+v", left, found)
				}
			}
		})
	}
}

// What is wrong in the store is found; reading marks it, and takes the mark off again
// where the bytes are back.
func TestFsckFindsDamagedContent(t *testing.T) {
	h := makeHealthy(t, db.SQLite)
	h.Stop()
	for _, c := range []struct {
		code string
		read bool // it takes reading to find it
		harm func(path string) error
		mark int64
	}{
		{"content.missing", false, os.Remove, 3},
		{"content.size", false, func(path string) error { return os.Truncate(path, 3) }, 4},
		{"content.damaged", true, flip, 4},
	} {
		t.Run(c.code, func(t *testing.T) {
			s := h.site().twin(t)
			path := storedFile(t, s.data)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.harm(path); err != nil {
				t.Fatal(err)
			}
			if found := codes(s.fsck(t, ops.Fsck{})); slices.Contains(found, c.code) == c.read {
				t.Errorf("without reading: %q", found)
			}
			if n := marked(t, s.data); n != 0 {
				t.Errorf("marked %d without reading", n)
			}
			if found := codes(s.fsck(t, ops.Fsck{Read: true, Rate: 1 << 30})); !slices.Contains(found, c.code) {
				t.Errorf("reading: %q", found)
			}
			if n := marked(t, s.data); n != c.mark {
				t.Errorf("the state is %d, want %d", n, c.mark)
			}
			if found := codes(s.fsck(t, ops.Fsck{Read: true})); !slices.Contains(found, "drive.content_lost") || slices.Contains(found, c.code) {
				t.Errorf("what is marked: %q", found)
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			if found := codes(s.fsck(t, ops.Fsck{Read: true, Repair: true})); !slices.Contains(found, "content.back") {
				t.Errorf("what is back: %q", found)
			}
			if found := s.fsck(t, ops.Fsck{Read: true}); len(found) > 0 {
				t.Errorf("it is whole again: %+v", found)
			}
		})
	}
	t.Run("content.facts", func(t *testing.T) {
		s := h.site().twin(t)
		s.damage(t, `UPDATE blob SET width = width + 1 WHERE width > 0`)
		if found := codes(s.fsck(t, ops.Fsck{Read: true, Repair: true})); !slices.Equal(found, []string{"content.facts"}) {
			t.Errorf("%q", found)
		}
		if found := s.fsck(t, ops.Fsck{Read: true}); len(found) > 0 {
			t.Errorf("mended: %+v", found)
		}
	})
	t.Run("store.stranger", func(t *testing.T) {
		s := h.site().twin(t)
		s.damage(t, `UPDATE account SET next_blob = 1000000`) // keys that were given out
		for _, path := range []string{storedFile(t, s.data) + "99", filepath.Join(s.data, "uploads", "1002-777.part")} {
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if found := s.fsck(t, ops.Fsck{Repair: true}); len(found) != 2 || found[0].Code != "store.stranger" || !found[0].Fixed || !found[1].Fixed {
			t.Errorf("%+v", found)
		}
		if found := s.fsck(t, ops.Fsck{}); len(found) > 0 {
			t.Errorf("mended: %+v", found)
		}
	})
}

// marked answers the highest state of content that is marked as lost; 0 for none.
func marked(t *testing.T, data string) (n int64) {
	t.Helper()
	d, err := audit.OpenDB(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Get(t.Context(), "test", `SELECT coalesce(max(state), 0) FROM blob WHERE state IN (3, 4)`, nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// No table is forgotten by what works on all of them.
func TestEveryTableIsKnown(t *testing.T) {
	d, err := db.Open(t.Context(), db.Options{Path: filepath.Join(t.TempDir(), "new.db"), Upgrade: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var there []string
	err = d.Read(t.Context(), "test", func(tx *db.Tx) (err error) {
		there, err = db.Collect(t.Context(), tx, func(row db.Row) (s string, err error) { return s, row.Scan(&s) },
			`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' AND name NOT LIKE 'drive_words%' ORDER BY name`)
		return err
	})
	if err != nil || len(there) == 0 {
		t.Fatal(there, err)
	}
	var known []string
	for _, table := range ops.Tables {
		known = append(known, table.Name)
		if len(table.Checks) == 0 {
			t.Errorf("fsck looks at nothing of %s", table.Name)
		}
	}
	slices.Sort(known)
	if !slices.Equal(known, there) {
		t.Errorf("known are %q, there are %q", known, there)
	}
}
