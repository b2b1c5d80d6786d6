package copytask

import (
	"slices"
	"strings"
)

// PlanFolder is a folder by what is above it: of a thousand pictures deep in the drive each
// has a long path, and the names in them are few.
type PlanFolder struct {
	Above int
	Name  string
}

// The numbers of two folders that every tree has.
const (
	noPlace = 0 // whose path is ""
	top     = 1 // whose path is "/"
)

// tree numbers folders, those above first.
type tree struct {
	folders []PlanFolder
	at      map[folderKey]int
}

func newTree() *tree {
	return &tree{folders: make([]PlanFolder, top+1), at: make(map[folderKey]int)}
}

// below gives the number of the folder of a name in another.
func (t *tree) below(no int, name string) int {
	key := folderKey{no, name}
	next, known := t.at[key]
	if !known {
		next = len(t.folders)
		t.folders, t.at[key] = append(t.folders, PlanFolder{no, name}), next
	}
	return next
}

// find gives the number of the folder of a path with a slash at its end.
func (t *tree) find(path string) int {
	if path == "" {
		return noPlace
	}
	no := top
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if name != "" {
			no = t.below(no, name)
		}
	}
	return no
}

// add gives folders that another tree numbered their numbers in this one.
func (t *tree) add(folders []PlanFolder) []int {
	numbers := make([]int, len(folders))
	for no := range folders {
		if numbers[no] = no; no > top {
			numbers[no] = t.below(numbers[folders[no].Above], folders[no].Name)
		}
	}
	return numbers
}

// pathIn is the path of a folder, with a slash at its end.
func pathIn(folders []PlanFolder, no int) string {
	if no == noPlace {
		return ""
	}
	names := []string{""}
	for ; no > top; no = folders[no].Above {
		names = append(names, folders[no].Name)
	}
	names = append(names, "")
	slices.Reverse(names)
	return strings.Join(names, "/")
}
