package queue

import (
	"strconv"
	"strings"

	"tuchuang/internal/db"
)

// changed is the topic that tells of a task of which something has changed: that it is
// there, its state, or how far it is.
const changed = "queue.changed"

func tellChanged(tx *db.Tx, kind Kind, account int64, id string) {
	tx.Tell(changed, kind.String()+":"+strconv.FormatInt(account, 10)+":"+id)
}

// OnChange has fn called with each task of a kind that another transaction, of whichever
// process, has brought on; a task whose lease ran out is told of when it is claimed again.
// What is told may be lost, see db.DB.OnTell, which says too what fn may do.
func OnChange(d *db.DB, kind Kind, fn func(account int64, id string)) {
	d.OnTell(changed, func(text string) {
		of, rest, _ := strings.Cut(text, ":")
		number, id, ok := strings.Cut(rest, ":")
		account, err := strconv.ParseInt(number, 10, 64)
		if ok && err == nil && of == kind.String() {
			fn(account, id)
		}
	})
}
