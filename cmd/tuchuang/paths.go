package main

import (
	"os"
	"regexp"
	"strings"

	"tuchuang/internal/client"
)

// The two places a path can be in.
const (
	driveScheme = "drive:"
	bedScheme   = "bed:"
)

// programName is the program as it was called, for lines that can be run as they
// stand.
func programName() string { return os.Args[0] }

var plainWord = regexp.MustCompile(`^[\pL\pN_@%+=:,./-]+$`)

// shellWord writes a word so that a shell reads it as one.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// drivePath reads a path of the drive, with or without its scheme; ok is false
// for one of the bed.
func drivePath(arg string) (p string, ok bool) {
	return client.CleanPath(strings.TrimPrefix(arg, driveScheme)), !strings.HasPrefix(arg, bedScheme)
}

// noneEmpty refuses a path of which nothing is left: most often a script's variable
// without a value, which must not come to mean everything there is.
func (u *ui) noneEmpty(args ...string) error {
	for _, arg := range args {
		if strings.TrimSpace(arg) == "" || arg == driveScheme || arg == bedScheme {
			return usageError{text: u.text(emptyPath)}
		}
	}
	return nil
}

// bedPath reads a path of the bed, with or without its scheme; ok is false for
// one of the drive.
func bedPath(arg string) (p string, ok bool) {
	return client.CleanPath(strings.TrimPrefix(arg, bedScheme)), !strings.HasPrefix(arg, driveScheme)
}
