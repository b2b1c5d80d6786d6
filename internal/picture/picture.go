// Package picture knows what a picture is: which names and sizes the bed takes,
// which type a content has and is served as, and what its header says. It
// promises that strangers' bytes cost little and can't harm, and that nothing is
// ever called text or HTML. It must not know where pictures are kept or who owns
// them.
package picture

import (
	"fmt"
	"strconv"
)

// MaxBytes is the documented size of the largest picture the bed takes, itself included.
// An operator may set another one, so no class is stored that follows from it.
const MaxBytes = 100 << 20

// Class says whether a drive entry can be published, and why not. The numbers
// are stored in the database and are never changed.
type Class int

// The classes of entries.
const (
	Folder     Class = 0 // not a file; its content is judged, not it
	Eligible   Class = 1 // one of the nine formats, not empty
	NotAnImage Class = 2 // its name has none of the nine extensions
	TooLarge   Class = 3 // eligible otherwise, but over the limit of who asks; not stored of files
	Empty      Class = 4 // no bytes
)

// String gives the class in words, for logs.
func (c Class) String() string {
	switch c {
	case Folder:
		return "folder"
	case Eligible:
		return "eligible"
	case NotAnImage:
		return "not an image"
	case TooLarge:
		return "too large"
	case Empty:
		return "empty"
	}
	return fmt.Sprintf("class %d", int(c))
}

// ClassOf judges a file by its name and its size in bytes, however large it is. What is
// wrong in both ways is not an image.
func ClassOf(name string, size int64) Class {
	if _, ok := FormatOfName(name); !ok {
		return NotAnImage
	}
	if size <= 0 {
		return Empty
	}
	return Eligible
}

// UpTo is the class of a file of that class where pictures may have so many bytes.
func (c Class) UpTo(most, size int64) Class {
	if c == Eligible && size > most {
		return TooLarge
	}
	return c
}

// SizeWords says a limit as the documentation does: 100M, 1G, 10G.
func SizeWords(n int64) string {
	for unit, shift := range []int{30, 20, 10} {
		if n >= 1<<shift && n%(1<<shift) == 0 {
			return strconv.FormatInt(n>>shift, 10) + "GMK"[unit:unit+1]
		}
	}
	return strconv.FormatInt(n, 10)
}
