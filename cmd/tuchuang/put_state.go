package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tuchuang/internal/client"
)

// stateAge is how long what is known of an unfinished upload is of use: servers
// forget the upload after a day.
const stateAge = 48 * time.Hour

// states keeps, between runs, what is needed to go on with large uploads: a small
// file for each in the user's cache folder. Losing one costs sending bytes again,
// nothing else.
type states struct {
	dir string // "" where the system has no place for it
	who string // server and account
}

// uploadState is what is known of an upload begun earlier; zero for none.
type uploadState struct {
	Etag    string          `json:"etag"`
	Size    int64           `json:"size"`
	Mod     time.Time       `json:"mod"`
	Session *client.Session `json:"session"`
}

// etag is that of the file, where the file is as it was when it was hashed, else "".
func (s uploadState) etag(f *putFile) string {
	if s.Size != f.size || !s.Mod.Equal(f.mod) {
		return ""
	}
	return s.Etag
}

// session is the upload to go on with, where it is of this content, else nil.
func (s uploadState) session(want client.NewFile) *client.Session {
	if s.Size != want.Size || s.Etag != want.Etag {
		return nil
	}
	return s.Session
}

// openStates finds the folder and clears what is too old to be of use.
func (u *ui) openStates(server, clientID string) *states {
	cache, err := os.UserCacheDir()
	if err != nil {
		u.note(u.text(putNoState, err))
		return &states{}
	}
	s := &states{dir: filepath.Join(cache, "tuchuang", "uploads"), who: server + "\n" + clientID}
	entries, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		u.note(u.text(putNoState, err))
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasSuffix(e.Name(), ".json") || time.Since(info.ModTime()) < stateAge {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			u.note(u.text(putNoState, err))
		}
	}
	return s
}

// path names the state of one file on its way to one place.
func (s *states) path(f *putFile, want client.NewFile) string {
	local, err := filepath.Abs(f.local)
	if err != nil {
		local = f.local
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%s\n%d", s.who, local,
		want.ParentFileID, want.Filename, want.Duplicate))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:])+".json")
}

// load gives the state of a file; one that can't be read counts as none.
func (s *states) load(f *putFile, want client.NewFile) uploadState {
	if s.dir == "" {
		return uploadState{}
	}
	var state uploadState
	b, err := os.ReadFile(s.path(f, want))
	if err != nil || json.Unmarshal(b, &state) != nil || state.Etag == "" || state.Session == nil || state.Session.SliceSize <= 0 {
		return uploadState{}
	}
	return state
}

func (s *states) save(f *putFile, want client.NewFile, session client.Session) error {
	if s.dir == "" {
		return nil
	}
	b, err := json.Marshal(uploadState{want.Etag, f.size, f.mod, &session})
	if err != nil {
		return err
	}
	return writePrivate(s.path(f, want), b)
}

func (s *states) forget(f *putFile, want client.NewFile) error {
	if s.dir == "" {
		return nil
	}
	if err := os.Remove(s.path(f, want)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
