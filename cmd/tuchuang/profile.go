package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"tuchuang/internal/client"
)

// profile is what login keeps, in a file only its owner can read.
type profile struct {
	Server   string       `json:"server"`
	ClientID string       `json:"clientID"`
	Secret   string       `json:"clientSecret"`
	Token    client.Token `json:"token"` // of the last run, so that not every run asks for a new one
}

func profilePath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "tuchuang", "profile.json"), nil
}

// loadProfile reads the profile; without one it is empty.
func (u *ui) loadProfile() (profile, error) {
	var p profile
	path, err := profilePath()
	if err != nil {
		return p, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return p, failure{u.text(badProfile, path, u.cause(err)), u.text(adviceProfile)}
	}
	return p, nil
}

// save writes the profile and gives its path.
func (p profile) save() (string, error) {
	path, err := profilePath()
	if err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(p, "", "  ") //nolint:gosec // the profile is where the secret is kept
	if err != nil {
		return "", err
	}
	return path, writePrivate(path, append(b, '\n'))
}

// writePrivate replaces a file as a whole or not at all, readable by its owner
// alone; missing folders are made so too.
func writePrivate(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return writeWhole(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// writeWhole replaces a file with what write writes, as a whole or not at all, readable
// by its owner alone.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
