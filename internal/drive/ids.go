package drive

import (
	"context"
	"sync"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// idBlock is how many ids a process takes from the counter at once; those it does
// not use before it ends are never used.
const idBlock = 1000

const takeBlock = `
	INSERT INTO id_block (name, next) VALUES ('drive', $1)
	ON CONFLICT (name) DO UPDATE SET next = id_block.next + $2
	RETURNING next - $2`

// ids gives out ids from blocks of one counter over all accounts, so that another
// account's id can't be mine by chance. A block is taken in a transaction of its
// own, before the one that uses it: what is rolled back leaves a gap, never a
// double.
type ids struct {
	db *db.DB

	mu        sync.Mutex
	free, end ID
}

func (s *ids) next(ctx context.Context) (ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == s.end {
		var first ID
		err := s.db.Write(ctx, "drive: take ids", func(tx *db.Tx) (err error) {
			first, err = takeIDs(ctx, tx, idBlock)
			return err
		})
		if err != nil {
			return 0, err
		}
		killpoint.Here("drive.ids.taken")
		s.free, s.end = first, first+idBlock
	}
	s.free++
	return s.free - 1, nil
}

// takeIDs takes ids that are in a row for what the same transaction makes: where it
// is rolled back, they are given out again.
func takeIDs(ctx context.Context, tx *db.Tx, n int) (first ID, err error) {
	// The first id is large enough to look like one in a log.
	_, err = tx.Get(ctx, takeBlock, []any{100000 + n, n}, &first)
	return first, fault.Wrap(err, "drive: take ids")
}
