package upload

import "context"

const countAllOpen = `SELECT count(*) FROM upload WHERE state = 1`

// CountOpen counts the open uploads of all accounts.
func (u *Uploads) CountOpen(ctx context.Context) (n int64, err error) {
	_, err = u.db.Get(ctx, "upload: count open", countAllOpen, nil, &n)
	return n, err
}
