package blob

import (
	"context"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

const (
	setBlocked = `
		UPDATE blob SET state = $4 WHERE account_id = $1 AND md5 = $2 AND state IN (1, 2) AND state = $3 RETURNING id`
	// Of each account by its index.
	selectHolders = `
		SELECT a.id FROM account a WHERE EXISTS (
			SELECT 1 FROM blob b WHERE b.account_id = a.id AND b.md5 = $1 AND b.state IN (1, 2) AND b.state = $2) ORDER BY a.id`
	selectBlocked = `SELECT md5, size FROM blob WHERE account_id = $1 AND state = 2 ORDER BY id`
	someBlocked   = `SELECT 1 FROM blob WHERE account_id = $1 AND state = 2 LIMIT 1`
)

// Holders answers the accounts that have content of an MD5 which is live, or blocked.
func Holders(ctx context.Context, tx *db.Tx, md5 string, blocked bool) ([]int64, error) {
	list, err := db.Collect(ctx, tx, func(row db.Row) (acc int64, err error) { return acc, row.Scan(&acc) },
		selectHolders, md5, stateOf(blocked))
	return list, fault.Wrap(err, "blob: holders")
}

// SetBlocked blocks an account's content of an MD5, of any size, or lets it be served again,
// and answers how many contents that were. What is uploaded again joins the blocked row.
func SetBlocked(ctx context.Context, tx *db.Tx, account int64, md5 string, blocked bool) (int, error) {
	ids, err := db.Collect(ctx, tx, func(row db.Row) (id int64, err error) { return id, row.Scan(&id) },
		setBlocked, account, md5, stateOf(!blocked), stateOf(blocked))
	if err == nil && !blocked { // while it was blocked nobody looked whether anything refers to it
		err = Released(ctx, tx, account, ids)
	}
	return len(ids), fault.Wrap(err, "blob: block")
}

func stateOf(blocked bool) State {
	if blocked {
		return Blocked
	}
	return Live
}

// BlockedContent is content that is not served.
type BlockedContent struct {
	MD5  string
	Size int64
}

// ListBlocked answers what is blocked of an account.
func ListBlocked(ctx context.Context, tx *db.Tx, account int64) ([]BlockedContent, error) {
	list, err := db.Collect(ctx, tx, func(row db.Row) (c BlockedContent, err error) { return c, row.Scan(&c.MD5, &c.Size) }, selectBlocked, account)
	return list, fault.Wrap(err, "blob: list blocked")
}

// BlockedAmong tells which of some contents are blocked. An account has seldom any, and
// then nothing is looked up.
func BlockedAmong(ctx context.Context, tx *db.Tx, account int64, ids []int64) (map[int64]bool, error) {
	some, err := tx.Get(ctx, someBlocked, []any{account}, new(int))
	if err != nil || !some {
		return nil, fault.Wrap(err, "blob: blocked")
	}
	states, err := States(ctx, tx, account, ids)
	blocked := make(map[int64]bool)
	for id, s := range states {
		blocked[id] = s == Blocked
	}
	return blocked, err
}
