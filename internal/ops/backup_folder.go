package ops

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// folder is where backups are.
type folder string

const (
	formatNumber = 1
	formatFile   = "tuchuang-backup"
	snapshotsDir = "snapshots"
	contentDir   = "content"
	partsDir     = "parts"
	databaseFile = "tuchuang.db"
	listFile     = "content.txt"
	manifestFile = "manifest.json"
)

// manifest makes a snapshot a backup.
type manifest struct {
	Format   int       `json:"format"`
	Taken    time.Time `json:"taken"`
	Program  string    `json:"program"`
	Engine   string    `json:"engine"`           // that it came from
	Founded  time.Time `json:"founded,omitzero"` // when its first account was made: which installation it is of
	Accounts int64     `json:"accounts"`
	Images   int64     `json:"images"`
	Contents int64     `json:"contents"`
	Bytes    int64     `json:"bytes"`
	Database fileSum   `json:"database"`
	List     fileSum   `json:"contentList"`
	Lost     []string  `json:"lost,omitempty"` // contents that the store did not have, or not as their row says
}

type fileSum struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (f folder) path(parts ...string) string {
	return filepath.Join(append([]string{string(f)}, parts...)...)
}

func (f folder) in(name string, file ...string) string {
	return f.path(append([]string{snapshotsDir, name}, file...)...)
}

func (f folder) bucket(account, bucket int64) string {
	return f.path(contentDir, strconv.FormatInt(account, 10), strconv.FormatInt(bucket, 10))
}

func (f folder) content(s blob.Stored) string {
	return filepath.Join(f.bucket(s.Key.Account, s.Key.ID>>10), contentName(s))
}

func contentName(s blob.Stored) string { return strconv.FormatInt(s.Key.ID, 10) + "-" + s.SHA256 }

func (f folder) part(s blob.Stored) string {
	return f.path(partsDir, strconv.FormatInt(s.Key.Account, 10)+"-"+contentName(s))
}

// prepare makes the folder, or sees that it is one of backups, and takes away what a
// run that was broken off left half.
func (f folder) prepare() error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return full(err)
	}
	switch is, err := f.isBackup(); {
	case err != nil:
		return err
	case !is:
		// Who has taken a lock on the folder has left a file there.
		entries, err := os.ReadDir(string(f))
		if err != nil {
			return full(err)
		}
		for _, e := range entries {
			if e.Name() != "lock" && e.Name() != formatFile+".part" {
				return fault.New(fault.BadData, "ops: backup", fault.NotABackup, string(f))
			}
		}
		err = writeFile(f.path(formatFile), func(w io.Writer) error {
			_, err := fmt.Fprintln(w, formatNumber)
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := os.RemoveAll(f.path(partsDir)); err != nil {
		return full(err)
	}
	for _, dir := range []string{snapshotsDir, contentDir, partsDir} {
		if err := os.MkdirAll(f.path(dir), 0o700); err != nil {
			return full(err)
		}
	}
	names, err := f.snapshots(false)
	for _, name := range names {
		if !exists(f.in(name, manifestFile)) {
			err = errors.Join(err, os.RemoveAll(f.in(name)))
		}
	}
	return errors.Join(err, syncFolder(string(f)))
}

// isBackup says whether the folder is one of backups.
func (f folder) isBackup() (bool, error) {
	b, err := os.ReadFile(f.path(formatFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.Because(fault.BadData, "ops: backup", err, fault.FolderUnusable, string(f), err)
	}
	if n := strings.TrimSpace(string(b)); n != strconv.Itoa(formatNumber) {
		return false, fault.New(fault.BadData, "ops: backup", fault.BackupNewer, string(f), n)
	}
	return true, nil
}

// snapshots are the names of all snapshots, the oldest first; whole ones alone, or
// those too that are none yet.
func (f folder) snapshots(whole bool) (names []string, err error) {
	entries, err := os.ReadDir(f.path(snapshotsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if e.IsDir() && (!whole || exists(f.in(e.Name(), manifestFile))) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, fault.Wrap(err, "ops: backup")
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// begin makes the place of a new snapshot; its name is later than every other.
func (f folder) begin(now time.Time) (name string, err error) {
	names, err := f.snapshots(false)
	if err != nil {
		return "", err
	}
	name = now.UTC().Format("20060102T150405.000Z")
	if n := len(names); n > 0 && names[n-1] >= name { // a clock that was set back
		name = names[n-1] + "+"
	}
	return name, full(os.Mkdir(f.in(name), 0o700))
}

// list writes down the contents that the database of a snapshot refers to, and counts
// what it holds.
func (f folder) list(ctx context.Context, name string, m *manifest) (err error) {
	d, err := db.Open(ctx, db.Options{Path: f.in(name, databaseFile)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return writeFile(f.in(name, listFile), func(out io.Writer) error {
		w := bufio.NewWriter(out)
		err := d.Snapshot(ctx, "ops: backup", func(tx *db.Tx) (err error) {
			var founded int64
			if _, err := tx.Get(ctx, `SELECT count(*), coalesce(min(created_at), 0) FROM account`, nil, &m.Accounts, &founded); err != nil {
				return err
			}
			m.Founded = time.UnixMicro(founded).UTC()
			if m.Images, err = countRows(ctx, tx, "image"); err != nil {
				return err
			}
			return eachNamed(ctx, tx, func(s blob.Stored) error {
				m.Contents++
				m.Bytes += s.Size
				line := []any{s.Key, s.Size, s.SHA256}
				if s.Lost {
					line = append(line, lostWord)
				}
				_, err := fmt.Fprintln(w, line...)
				return err
			})
		})
		return errors.Join(err, w.Flush())
	})
}

// eachListed calls fn for every content in the list of a snapshot.
func (f folder) eachListed(ctx context.Context, name string, fn func(blob.Stored) error) error {
	l, err := f.openList(name)
	if err != nil {
		return err
	}
	for l.next() && err == nil {
		if err = ctx.Err(); err == nil {
			err = fn(l.at)
		}
	}
	return errors.Join(err, l.close())
}

// lostWord ends the line of a content that the database knows to be lost.
const lostWord = "lost"

// listReader reads the list of a snapshot.
type listReader struct {
	file  *os.File
	lines *bufio.Scanner
	at    blob.Stored
	err   error
}

func (f folder) openList(name string) (*listReader, error) {
	file, err := os.Open(f.in(name, listFile))
	if err != nil {
		return nil, fault.Because(fault.BadData, "ops: backup", err, fault.BackupDamaged, f.in(name), listFile)
	}
	return &listReader{file: file, lines: bufio.NewScanner(file)}, nil
}

func (l *listReader) next() bool {
	if !l.lines.Scan() || l.err != nil {
		return false
	}
	var s blob.Stored
	line, lost := strings.CutSuffix(l.lines.Text(), " "+lostWord)
	s.Lost = lost
	n, err := fmt.Sscanf(line, "%d/%d %d %s", &s.Key.Account, &s.Key.ID, &s.Size, &s.SHA256)
	if err != nil || n != 4 || len(s.SHA256) != 64 || strings.ContainsAny(s.SHA256, `/\.`) {
		l.err = fault.Because(fault.BadData, "ops: backup", err, fault.BackupDamaged, l.file.Name(), l.lines.Text())
		return false
	}
	l.at = s
	return true
}

func (l *listReader) close() error {
	return errors.Join(l.err, l.lines.Err(), l.file.Close())
}

// sameAs refuses a snapshot of nobody, and one of another installation than the snapshots
// that are there: an older one might have to go for it. It answers those of which nobody
// can say what they are.
func (f folder) sameAs(m manifest, database string) (damaged []string, err error) {
	if m.Accounts == 0 {
		return nil, fault.New(fault.BadData, "ops: backup", fault.NoAccounts, database)
	}
	names, err := f.snapshots(true)
	for _, name := range names {
		other, err := f.manifest(name)
		if err != nil {
			damaged = append(damaged, name)
			continue
		}
		if !other.Founded.IsZero() && !other.Founded.Equal(m.Founded) {
			return nil, fault.New(fault.BadData, "ops: backup", fault.BackupOther, string(f))
		}
	}
	return damaged, err
}

// finish writes the manifest, which makes the snapshot a backup.
func (f folder) finish(name string, m *manifest) (err error) {
	for file, sum := range map[string]*fileSum{databaseFile: &m.Database, listFile: &m.List} {
		if sum.SHA256, sum.Size, err = sumFile(f.in(name, file)); err != nil {
			return fault.Wrap(err, "ops: backup")
		}
	}
	for _, dir := range []string{f.in(name), f.path(snapshotsDir), string(f)} {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return writeFile(f.in(name, manifestFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(m)
	})
}

// manifest reads the manifest of a snapshot.
func (f folder) manifest(name string) (m manifest, err error) {
	b, err := os.ReadFile(f.in(name, manifestFile))
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return m, fault.Because(fault.BadData, "ops: restore", err, fault.BackupDamaged, f.in(name), manifestFile)
	}
	if m.Format != formatNumber {
		return m, fault.New(fault.BadData, "ops: restore", fault.BackupNewer, f.in(name), m.Format)
	}
	return m, nil
}

// prune takes away all snapshots but the newest, and the contents that only they
// referred to. Damaged ones are left alone, and no content goes while there are any: they
// may refer to it.
func (f folder) prune(ctx context.Context, keep int, out *Backed) (err error) {
	names, err := f.snapshots(true)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(out.Damaged, name) })
	for _, name := range names[max(0, len(names)-keep):] {
		if err := f.listWhole(name); err != nil {
			out.Damaged = append(out.Damaged, name)
		}
	}
	for len(names) > keep {
		// Without its manifest it is none any more, whatever happens on the way.
		if err := os.Remove(f.in(names[0], manifestFile)); err != nil {
			return full(err)
		}
		if err := os.RemoveAll(f.in(names[0])); err != nil {
			return full(err)
		}
		out.Removed, names = append(out.Removed, names[0]), names[1:]
	}
	if err := syncFolder(f.path(snapshotsDir)); err != nil || len(out.Damaged) > 0 {
		return err
	}
	var lists []*listReader
	defer func() {
		for _, l := range lists {
			err = errors.Join(err, l.close())
		}
	}()
	for _, name := range names {
		l, err := f.openList(name)
		if err != nil {
			return err
		}
		lists = append(lists, l)
		l.next()
	}
	return f.pruneContent(ctx, lists, out)
}

// listWhole sees that the list of a snapshot is what its manifest says.
func (f folder) listWhole(name string) error {
	m, err := f.manifest(name)
	if err != nil {
		return err
	}
	sum, size, err := sumFile(f.in(name, listFile))
	if err != nil || sum != m.List.SHA256 || size != m.List.Size {
		return fault.Because(fault.BadData, "ops: backup", err, fault.BackupDamaged, f.in(name), listFile)
	}
	return nil
}

// pruneContent goes through the contents in the order of the lists.
func (f folder) pruneContent(ctx context.Context, lists []*listReader, out *Backed) error {
	return eachNumbered(f.path(contentDir), func(account int64, dir string) error {
		return eachNumbered(dir, func(bucket int64, dir string) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			wanted := map[string]bool{}
			for _, l := range lists {
				l.collect(account, bucket, wanted)
				if l.err != nil {
					return l.err
				}
			}
			entries, err := os.ReadDir(dir)
			for _, e := range entries {
				if wanted[e.Name()] {
					continue
				}
				info, err := e.Info()
				if err == nil {
					err = os.Remove(filepath.Join(dir, e.Name()))
				}
				if err != nil {
					return full(err)
				}
				out.Freed++
				out.FreedBytes += info.Size()
			}
			return fault.Wrap(err, "ops: backup")
		})
	})
}

// collect reads on until past a bucket and notes what is in it.
func (l *listReader) collect(account, bucket int64, wanted map[string]bool) {
	for l.at.Key != (blob.Key{}) {
		switch c := cmp.Or(cmp.Compare(l.at.Key.Account, account), cmp.Compare(l.at.Key.ID>>10, bucket)); {
		case c > 0:
			return
		case c == 0:
			wanted[contentName(l.at)] = true
		}
		if !l.next() {
			l.at = blob.Stored{}
		}
	}
}

// eachNumbered calls fn for the folders in dir that have a number for a name, in
// order of these.
func eachNumbered(dir string, fn func(n int64, dir string) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fault.Wrap(err, "ops: backup")
	}
	var numbers []int64
	for _, e := range entries {
		if n, err := strconv.ParseInt(e.Name(), 10, 64); err == nil && e.IsDir() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if err := fn(n, filepath.Join(dir, strconv.FormatInt(n, 10))); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys(keys []blob.Key) []blob.Key {
	slices.SortFunc(keys, compareKeys)
	return keys
}

func compareKeys(a, b blob.Key) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
}

// isDiskFull says that there is no room, or none for so large a file.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
