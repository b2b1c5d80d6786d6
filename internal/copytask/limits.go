package copytask

import (
	"fmt"

	"tuchuang/internal/drive"
	"tuchuang/internal/picture"
)

// The documented limits, which an operator may set otherwise.
const (
	MaxIDs    = 100  // ids of one request
	MaxTasks  = 3    // unfinished tasks of an account
	MaxImages = 1000 // eligible pictures of a task
	MaxLevels = 15   // levels of folders, a chosen one being the first
)

// Limits are what tasks may ask for.
type Limits struct {
	IDs, Tasks, Images, Levels int

	ImageSize int64 // bytes of a picture; one that is larger is skipped

	folders, skips int // no settings: see MaxFolders and maxCounted
}

// Documented are the limits where no others are set.
func Documented() Limits {
	return Limits{
		IDs: MaxIDs, Tasks: MaxTasks, Images: MaxImages, Levels: MaxLevels, ImageSize: picture.MaxBytes,
		folders: MaxFolders, skips: maxCounted,
	}
}

// SetLimits has other limits hold. A task that is planned keeps to those that held then.
// Call it before the workers run.
func (t *Tasks) SetLimits(l Limits) {
	l.folders, l.skips = t.limits.folders, t.limits.skips
	t.limits = l
}

// Limits are those that hold.
func (t *Tasks) Limits() Limits { return t.limits }

// class is what an entry is to a task.
func (l Limits) class(e drive.Entry) picture.Class { return e.Class.UpTo(l.ImageSize, e.Size) }

// named puts the limit that holds into a sentence that names it.
func (l Limits) named(c FailCode, sentence string) string {
	switch c {
	case LimitImages:
		return fmt.Sprintf(sentence, l.Images)
	case LimitDepth:
		return fmt.Sprintf(sentence, l.Levels)
	}
	return sentence
}

// inEnglish is how many bytes a picture may have.
func (l Limits) inEnglish() string {
	words := picture.SizeWords(l.ImageSize)
	if n := len(words) - 1; words[n] > '9' {
		return words[:n] + " " + words[n:] + "iB"
	}
	return words + " bytes"
}
