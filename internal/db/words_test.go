package db_test

import (
	"path/filepath"
	"testing"

	"tuchuang/internal/db"
)

// A connection that has seen an index of words before, which others have written anew since,
// takes no harm for damage.
func TestCheckFileBesideWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tuchuang.db")
	var handles [2]*db.DB
	for n := range handles {
		d, err := db.Open(t.Context(), db.Options{Path: path, Upgrade: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		handles[n] = d
	}
	for n := range 40 {
		err := handles[0].Write(t.Context(), "test", func(tx *db.Tx) error {
			var list []db.Worded
			for i := range 10 {
				one := db.Worded{ID: int64(1 + (n*7+i)%100)}
				for w := range 30 {
					one.Words = append(one.Words, int64((n*31+i*17+w*13)%500))
				}
				list = append(list, one)
			}
			return tx.PutWords(t.Context(), "drive_words", 1001, list)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = handles[1].Read(t.Context(), "test", func(tx *db.Tx) error {
			faults, err := tx.CheckFile(t.Context())
			if len(faults) > 0 {
				t.Errorf("after %d transactions: %q", n+1, faults)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
