// Package picture knows what a picture is: which names and sizes the bed takes,
// which type a content has and is served as, and what its header says. It
// promises that strangers' bytes cost little and can't harm, and that nothing is
// ever called text or HTML. It must not know where pictures are kept or who owns
// them.
package picture

import "fmt"

// MaxBytes is the size of the largest picture the bed takes, itself included.
const MaxBytes = 100 << 20

// Class says whether a drive entry can be published, and why not. The numbers
// are stored in the database and are never changed.
type Class int

// The classes of entries.
const (
	Folder     Class = 0 // not a file; its content is judged, not it
	Eligible   Class = 1 // one of the nine formats, not empty, not too large
	NotAnImage Class = 2 // its name has none of the nine extensions
	TooLarge   Class = 3 // over MaxBytes
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

// ClassOf judges a file by its name and its size in bytes. What is wrong in
// more than one way is not an image first, then empty, then too large.
func ClassOf(name string, size int64) Class {
	if _, ok := FormatOfName(name); !ok {
		return NotAnImage
	}
	switch {
	case size <= 0:
		return Empty
	case size > MaxBytes:
		return TooLarge
	}
	return Eligible
}
