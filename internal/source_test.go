package internal_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "tuchuang"

// repository is the folder of go.mod, seen from this package's folder.
var repository = os.DirFS("..")

// unread holds nothing anybody wrote: the first at the root, the others anywhere.
var (
	unreadAtRoot = []string{"bin", "data", "demo-data"}
	unread       = []string{".git", "node_modules"}
)

// source is one parsed Go file and where it stands in the house.
type source struct {
	path     string // from the root of the repository, with slashes
	dir      string
	room     string
	forTests bool
	ast      *ast.File
	fset     *token.FileSet
}

// files walks over all files that belong to the repository.
func files(visit func(path string) error) error {
	return fs.WalkDir(repository, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains(unreadAtRoot, path) || slices.Contains(unread, d.Name())):
			return fs.SkipDir
		case !d.Type().IsRegular() || slices.Contains(unread, d.Name()):
			return nil
		default:
			return visit(path)
		}
	})
}

var readSources = sync.OnceValues(func() ([]*source, error) {
	var all []*source
	err := files(func(name string) error {
		if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
			return nil
		}
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			return err
		}
		f, err := newSource(name, text)
		if err != nil {
			return err
		}
		all = append(all, f)
		return nil
	})
	return all, err
})

// sources are all Go files of the repository, those of other systems and build
// tags among them.
func sources(t *testing.T) []*source {
	t.Helper()
	all, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func parse(t *testing.T, path, text string) *source {
	t.Helper()
	f, err := newSource(path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newSource(name string, text []byte) (*source, error) {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	dir := path.Dir(name)
	return &source{
		path:     name,
		dir:      dir,
		room:     roomOf(dir),
		forTests: strings.HasSuffix(name, "_test.go") || isTestSupport(dir) || strings.HasPrefix(name, "test/"),
		ast:      tree,
		fset:     fset,
	}, nil
}

// roomOf is the room of a folder: its first name under internal/, or its first
// name at all.
func roomOf(dir string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(dir, "internal/"), "/")
	return name
}

// isTestSupport is true of packages like dbtest, which only tests import.
func isTestSupport(dir string) bool {
	return strings.HasPrefix(dir, "internal/") && strings.HasSuffix(dir, "test")
}

func folders(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := fs.ReadDir(repository, dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func (f *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(n.Pos()).Line)
}

// localName is the name by which a file calls what it imports.
func localName(spec *ast.ImportSpec, usual string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return usual
}

// selectors yields all x.Name of the file with x as given.
func (f *source) selectors(x string) iter.Seq[*ast.SelectorExpr] {
	return func(yield func(*ast.SelectorExpr) bool) {
		for n := range ast.Preorder(f.ast) {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == x && !yield(sel) {
				return
			}
		}
	}
}
