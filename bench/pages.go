package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/ops"
)

const (
	fewRows   = 10_000
	somePages = 200 // that are asked for again and again
	pageReach = 1.3

	ledger     = "items of a task"
	itemsLimit = 5 * time.Millisecond

	mostBlobs = 1_000_000 // more rows than that show the same contents
)

// listPages measures pages of lists among very many rows beside those among few, on each
// engine. Filled databases are kept, and used where they are: they are large.
func (b *bench) listPages(ctx context.Context) error {
	for _, engine := range []struct {
		name string
		open func(ctx context.Context, rows int) (*server, func() error, error)
	}{{"SQLite", b.pagesOnFile}, {"PostgreSQL", b.pagesOnServer}} {
		if err := b.pagesOn(ctx, engine.name, engine.open); err != nil {
			return fmt.Errorf("%s: %w", engine.name, err)
		}
	}
	return nil
}

func (b *bench) pagesOn(ctx context.Context, engine string, open func(ctx context.Context, rows int) (*server, func() error, error)) (err error) {
	type list struct {
		name string
		at   func(s *server, row int) (path string, fields map[string]any)
	}
	lists := []list{
		{"drive files", func(s *server, row int) (string, map[string]any) {
			return "/api/v2/file/list", map[string]any{"parentFileId": driveFolder(row / folderSize), "lastFileId": driveFile(row), "limit": 100}
		}},
		{"images", func(s *server, row int) (string, map[string]any) {
			return "/api/v1/oss/file/list", map[string]any{"parentFileId": s.bedFolder(row / folderSize), "lastFileId": s.bedImage(row), "limit": 100, "type": 1}
		}},
		{ledger, func(_ *server, row int) (string, map[string]any) {
			return "/api/v1/oss/source/copy/items", map[string]any{"taskID": fmt.Sprintf("%032x", row/folderSize), "lastSeq": row % folderSize, "limit": 100}
		}},
	}
	var conns []*conn
	var servers []*server
	var rows [][]int
	for _, n := range []int{fewRows, b.many} {
		s, end, err := open(ctx, n)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
		random := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // the same pages each time
		var some []int
		for range somePages {
			// Somewhere in a folder, with a whole page before and after it.
			some = append(some, random.IntN(n/folderSize)*folderSize+100+random.IntN(folderSize-200))
		}
		servers, rows = append(servers, s), append(rows, some)
	}
	for _, s := range servers { // only now: filling takes longer than a server waits for a client
		c, err := s.signIn(s.Writer)
		if err != nil {
			return err
		}
		defer c.hangUp()
		conns = append(conns, c)
	}
	for _, l := range lists {
		var ways []*way
		for i, c := range conns {
			ways = append(ways, &way{run: func(int) (time.Duration, error) {
				began := time.Now()
				for _, row := range rows[i] {
					path, fields := l.at(servers[i], row)
					if err := c.ask(path, fields, nil); err != nil {
						return 0, err
					}
				}
				return time.Since(began) / somePages, nil
			}})
		}
		if err := inTurn(2*b.runs, ways); err != nil {
			return err
		}
		b.table.slower(fmt.Sprintf("%s, pages of 100 among %d, %s", l.name, b.many, engine), ways[1].median(), fmt.Sprintf("among %d", fewRows), ways[0].median(), pageReach)
		if l.name == ledger {
			b.table.within(fmt.Sprintf("the same page, one client, %s", engine), ways[1].median(), fmt.Sprintf("among %d", fewRows), ways[0].median(), itemsLimit)
		}
	}
	return nil
}

// pagesOnFile starts a server on a folder whose database is filled.
func (b *bench) pagesOnFile(ctx context.Context, rows int) (*server, func() error, error) {
	if rows == fewRows {
		s, err := b.start(ctx, "pages few", rows)
		if err != nil {
			return nil, nil, err
		}
		return s, s.stop, nil
	}
	data, w, err := fillInPlace(ctx, rows)
	if err != nil {
		return nil, nil, err
	}
	s, err := b.serve(ctx, "pages", data, w, "")
	if err != nil {
		return nil, nil, err
	}
	return s, s.stop, nil
}

// pagesOnServer starts a server on a database of a PostgreSQL whose rows are kept.
func (b *bench) pagesOnServer(ctx context.Context, rows int) (*server, func() error, error) {
	cluster, w, err := b.filledCluster(ctx, rows)
	if err != nil {
		return nil, nil, err
	}
	name := fmt.Sprintf("pages %d", rows)
	s, err := b.serve(ctx, name, b.path(name), w, cluster.URL("pages"))
	if err != nil {
		return nil, nil, errors.Join(err, cluster.Stop())
	}
	return s, func() error { return errors.Join(s.stop(), cluster.Stop()) }, nil
}

// filledCluster starts a PostgreSQL with an account of so many drive files and images.
func (b *bench) filledCluster(ctx context.Context, rows int) (c *dbtest.Cluster, w *world, err error) {
	kept, err := pagesKept(db.PostgreSQL, rows)
	if err != nil {
		return nil, nil, err
	}
	note := kept + ".json"
	socket, err := os.MkdirTemp("", "tuchuang-bench-pg-")
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(note)
	if err == nil {
		w = new(world)
		if err := json.Unmarshal(text, w); err != nil {
			return nil, nil, err
		}
		c, err = dbtest.StartCluster(socket, kept)
		return c, w, err
	}
	if err := os.RemoveAll(kept); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil { //nolint:gosec // the server's user goes through it
		return nil, nil, err
	}
	began := time.Now()
	if c, err = dbtest.StartCluster(socket, kept); err != nil {
		return nil, nil, err
	}
	if w, err = fillPages(ctx, c, rows); err != nil {
		return nil, nil, errors.Join(err, c.Stop())
	}
	if text, err = json.Marshal(w); err == nil {
		err = os.WriteFile(note, text, 0o600)
	}
	if rows > fewRows {
		progress("PostgreSQL filled in %.0f s, %s kept in %s", time.Since(began).Seconds(), sizeOf(kept), kept)
	}
	return c, w, err
}

// keptPages is the folder, beside those of other fills, for the databases of many rows.
const keptPages = "pages"

// pagesKept is where the database of an engine is kept, made or not. What was kept for
// another schema goes.
func pagesKept(e db.Engine, rows int) (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	migrations, err := filepath.Glob(filepath.Join(root, "internal", "db", "migrations", string(e), "*.sql"))
	if err != nil {
		return "", err
	}
	made := string(thisFile) + pgRows
	for _, m := range migrations {
		text, err := os.ReadFile(m)
		if err != nil {
			return "", err
		}
		made += string(text)
	}
	sum := keptFor(made)
	at := filepath.Join(filepath.Dir(sum), keptPages)
	if e == db.PostgreSQL && os.Getuid() == 0 {
		at = filepath.Join("/var/cache", "tuchuang-bench", keptPages) // the server runs as somebody else, who can't look into root's own folders
	}
	name := fmt.Sprintf("%s-%d-", e, rows)
	kept := filepath.Join(at, name+filepath.Base(sum))
	others, err := filepath.Glob(filepath.Join(at, name+"*"))
	for _, other := range others {
		if !strings.HasPrefix(other, kept) {
			err = errors.Join(err, os.RemoveAll(other))
		}
	}
	return kept, err
}

// fillInPlace makes a data folder with so many rows where it is kept.
func fillInPlace(ctx context.Context, rows int) (data string, w *world, err error) {
	data, err = pagesKept(db.SQLite, rows)
	if err != nil {
		return "", nil, err
	}
	text, err := os.ReadFile(filepath.Join(data, "world.json"))
	if err == nil {
		w = new(world)
		return data, w, json.Unmarshal(text, w)
	}
	if err := errors.Join(os.RemoveAll(data), os.MkdirAll(data, 0o700)); err != nil {
		return "", nil, err
	}
	began := time.Now()
	path := filepath.Join(data, "tuchuang.db")
	d, err := db.Open(ctx, db.Options{Path: path})
	if err != nil {
		return "", nil, err
	}
	w, err = accounts(ctx, d)
	if err := errors.Join(err, d.Close()); err != nil {
		return "", nil, err
	}
	if err := w.insert(ctx, path, rows, statement{notSearched, nil}); err != nil {
		return "", nil, err
	}
	progress("SQLite filled in %.0f s, %s kept in %s", time.Since(began).Seconds(), sizeOf(data), data)
	if text, err = json.Marshal(w); err != nil {
		return "", nil, err
	}
	return data, w, os.WriteFile(filepath.Join(data, "world.json"), text, 0o600)
}

func sizeOf(dir string) string {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%.1f GB", float64(sum)/1e9)
}

// pgRows fill the account $ACC whose bed begins at $ROOT with $ROWS files and images that
// show $BLOBS contents, in folders of $EACH.
const pgRows = `
	INSERT INTO id_block VALUES ('drive', $NEXT);
	INSERT INTO blob SELECT $ACC, i, 1, md5('a' || i) || md5('b' || i), left(md5('c' || i) || md5('d' || i), 40), md5(i::text),
		200000 + i % 1000, 'image/jpeg', 1600, 1200, 0 FROM generate_series(1, $BLOBS) i;
	INSERT INTO drive_entry SELECT $ACC, $FOLDERS + i, 0, 'folder ' || lpad(i::text, 5, '0'), 0, NULL, 0, '', 0, $EACH, 0, 0, 0
		FROM generate_series(0, $ROWS / $EACH - 1) i;
	INSERT INTO drive_entry SELECT $ACC, $FILES + i, $FOLDERS + i / $EACH, 'picture ' || lpad(i::text, 8, '0') || '.jpg', 1, 1 + i % $BLOBS,
		200000 + (1 + i % $BLOBS) % 1000, md5((1 + i % $BLOBS)::text), 0, 0, 0, 0, 0 FROM generate_series(0, $ROWS - 1) i;
	INSERT INTO bed_folder (account_id, id, parent_id, name, created_at, updated_at)
		SELECT $ACC, '$HEADf' || lpad(to_hex(i), 11, '0') || lpad(to_hex(i), 16, '0'), '$ROOT', 'folder ' || lpad(i::text, 5, '0'), 0, 0
		FROM generate_series(0, $ROWS / $EACH - 1) i;
	INSERT INTO image SELECT $ACC, '$HEADi' || lpad(to_hex(i), 11, '0') || lpad(to_hex(i), 16, '0'),
		'$HEADf' || lpad(to_hex(i / $EACH), 11, '0') || lpad(to_hex(i / $EACH), 16, '0'), 'picture ' || lpad(i::text, 8, '0') || '.jpg', 'jpg',
		1 + i % $BLOBS, 200000 + (1 + i % $BLOBS) % 1000, md5((1 + i % $BLOBS)::text), 0, 0, 0 FROM generate_series(0, $ROWS - 1) i;
	INSERT INTO task SELECT $ACC, i + 2, lpad(to_hex(i), 32, '0'), 1, 2, 1, 0, 0, 0, 0, 0 FROM generate_series(0, $ROWS / $EACH - 1) i;
	INSERT INTO copy_task SELECT $ACC, i + 2, 1, $EACH, $EACH, 0, 0, 0, 1, '', '', '', 0 FROM generate_series(0, $ROWS / $EACH - 1) i;
	INSERT INTO copy_folder SELECT $ACC, i + 2, 0, 0, '', '$HEADf' || lpad(to_hex(i), 11, '0') || lpad(to_hex(i), 16, '0'), 0
		FROM generate_series(0, $ROWS / $EACH - 1) i;
	INSERT INTO copy_dir SELECT $ACC, i + 2, 0, $FOLDERS + i, '/folder ' || lpad(i::text, 5, '0') || '/', 0 FROM generate_series(0, $ROWS / $EACH - 1) i;
	INSERT INTO copy_item SELECT $ACC, 2 + i / $EACH, 1 + i % $EACH, 0, $FILES + i, 'picture ' || lpad(i::text, 8, '0') || '.jpg', 1 + i % $BLOBS,
		md5((1 + i % $BLOBS)::text), 200000 + (1 + i % $BLOBS) % 1000, 1, '', '$HEADi' || lpad(to_hex(i), 11, '0') || lpad(to_hex(i), 16, '0'), 0, ''
		FROM generate_series(0, $ROWS - 1) i;
	UPDATE drive_entry SET children = $ROWS / $EACH WHERE account_id = $ACC AND id = 0;
	` + driveTotals + `;
	UPDATE account SET next_blob = $BLOBS + 1, next_task = $ROWS / $EACH + 2, max_entries = 0,
		entries = (SELECT count(*) FROM drive_entry WHERE account_id = $ACC AND id <> 0), used = (SELECT sum(size) FROM drive_entry WHERE account_id = $ACC) * 2 WHERE id = $ACC`

// fillPages makes the database pages. Foreign keys are not looked at, and what is an
// index alone is made afterwards.
func fillPages(ctx context.Context, cluster *dbtest.Cluster, rows int) (*world, error) {
	url, err := newDatabase(ctx, cluster, "pages", "")
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, db.Options{URL: url, Upgrade: true})
	if err != nil {
		return nil, err
	}
	s, err := ops.AddUser(ctx, d, "bench", account.NoQuota, true)
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	t := pgTask{account: int64(s.ID)}
	err = t.findRoot(ctx, &pgFloor{c: c})
	var indexes []string
	if err == nil {
		var found pgx.Rows
		found, err = c.Query(ctx, `SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename IN ('blob', 'drive_entry', 'image')
			AND indexname NOT IN (SELECT conname FROM pg_constraint)`)
		var name, text string
		if err == nil {
			_, err = pgx.ForEachRow(found, []any{&name, &text}, func() error {
				indexes = append(indexes, "DROP INDEX "+name, text)
				return nil
			})
		}
	}
	if err := errors.Join(err, c.Close(ctx)); err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("$ACC", strconv.FormatInt(t.account, 10), "$ROOT", t.root, "$ROWS", strconv.Itoa(rows), "$EACH", strconv.Itoa(folderSize),
		"$BLOBS", strconv.Itoa(min(rows, mostBlobs)), "$HEAD", t.digits, "$FOLDERS", strconv.FormatInt(driveFolder(0), 10),
		"$FILES", strconv.Itoa(filesID), "$NEXT", strconv.Itoa(nextID)).Replace(pgRows)
	texts := []string{"SET session_replication_role = replica", "SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'"}
	for i := 0; i < len(indexes); i += 2 {
		texts = append(texts, indexes[i])
	}
	texts = append(texts, strings.Split(fill, ";")...)
	texts = append(texts, notSearched)
	for i := 1; i < len(indexes); i += 2 {
		texts = append(texts, indexes[i])
	}
	w := &world{Folders: rows / folderSize, Head: t.digits}
	w.Writer = access{UID: t.account, ClientID: s.ClientID, ClientSecret: s.ClientSecret}
	return w, onServer(ctx, url, append(texts, "VACUUM ANALYZE", "CHECKPOINT")...)
}
