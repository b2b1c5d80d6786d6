package dbtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"tuchuang/internal/db"
)

// forgotten is how long the files of a stopped server are kept that no test has asked for.
const forgotten = 7 * 24 * time.Hour

// stopped answers the folder of a server that has stopped, whose template has all tables.
// It is made once for all test processes, beside what Go caches: to make it costs ten
// times what a copy does.
func stopped() (path string, err error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	key, err := keyOf(bin)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "tuchuang-test")
	path = filepath.Join(cache, "postgres-"+key)
	now := time.Now()
	if err := os.Chtimes(path, now, now); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	if err := removeForgotten(cache); err != nil {
		return "", err
	}
	return path, makeStopped(cache, path)
}

// keyOf tells servers apart by the program, by what they are made with and by the schema.
func keyOf(bin string) (string, error) {
	sum := sha256.New()
	version, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return "", err
	}
	fmt.Fprintf(sum, "%s %s %q %q\n", version, runtime.GOARCH, initial, lax)
	steps, err := db.Migrations(db.PostgreSQL)
	if err != nil {
		return "", err
	}
	err = fs.WalkDir(steps, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(steps, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), err
}

func makeStopped(cache, path string) (err error) {
	// The server may not come into the cache of who runs it.
	dir, err := os.MkdirTemp("", "tuchuang-postgres-")
	if err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "tuchuang-postgres-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	c, err := StartCluster(dir, data, lax...)
	if err != nil {
		return err
	}
	if err := errors.Join(makeTemplate(c), c.Stop()); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(data, "postmaster.pid")); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the server did not end as it should: %w", cmp.Or(err, errors.New("it left its number behind")))
	}
	under, err := os.MkdirTemp(cache, "making-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(under)) }()
	made := filepath.Join(under, "data")
	if err := copyFolder(data, made); err != nil {
		return err
	}
	if err := exec.Command("sync").Run(); err != nil { // it is to be whole after a crash too
		return err
	}
	err = os.Rename(made, path)
	if _, there := os.Stat(path); there == nil {
		return nil // by this process, or by another one that was sooner
	}
	return err
}

func makeTemplate(c *Cluster) error {
	if err := ask(c.url, "CREATE DATABASE "+template); err != nil {
		return err
	}
	d, err := db.Open(context.Background(), db.Options{URL: c.URL(template), Upgrade: true})
	if err != nil {
		return err
	}
	return d.Close()
}

// copyFolder copies a folder of a server with its owner, which must not be there yet.
func copyFolder(from, to string) error {
	out, err := exec.Command("cp", "-Rp", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cp: %w\n%s", err, out)
	}
	return nil
}

func removeForgotten(cache string) error {
	list, err := os.ReadDir(cache)
	if err != nil {
		return err
	}
	for _, e := range list {
		switch about, err := e.Info(); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case time.Since(about.ModTime()) > forgotten:
			// Under its name there is never half of one.
			path := filepath.Join(cache, e.Name())
			going := filepath.Join(cache, "going-"+rand.Text())
			if err := os.Rename(path, going); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err := os.RemoveAll(going); err != nil {
				return err
			}
		}
	}
	return nil
}
