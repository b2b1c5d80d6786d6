package ops

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"tuchuang/internal/blob"
	"tuchuang/internal/fault"
)

// namedOthers is how many things that are not of this program are named.
const namedOthers = 5

// others tells of what lies in the folders of the store and is not of it. That is no
// damage, but what has the name of content and lies where nobody looks for it is.
func (f *Fsck) others(ctx context.Context) error {
	store, ok := f.Store.(blob.Lister)
	if !ok {
		return nil
	}
	var n, bytes int64
	var names []string
	err := store.ListOthers(ctx, func(o blob.Other) error {
		if o.Misplaced {
			return f.Found(Finding{Code: "store.misplaced", Place: o.Path, Has: strconv.FormatInt(o.Size, 10)})
		}
		n++
		bytes += o.Size
		if n <= namedOthers {
			names = append(names, o.Path)
		}
		return nil
	})
	if fault.Is(err, fault.Internal) { // what can't be listed was told
		err = nil
	}
	if err != nil || n == 0 {
		return err
	}
	if n > namedOthers {
		names = append(names, "…")
	}
	return f.Found(Finding{Code: "store.others", Place: "store", Has: fmt.Sprintf("%d, %d B: %s", n, bytes, strings.Join(names, ", ")), Note: true})
}
