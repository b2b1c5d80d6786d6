package blob

import (
	"context"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// State says what is known of content. Drive files and images refer to rows of
// every state but Pending.
type State int

// The states as they are stored.
const (
	Pending State = 0 // being uploaded; the row names the key, nothing refers to it
	Live    State = 1
	Blocked State = 2 // the operator does not want it served
	Missing State = 3 // known to be gone from the store
	Damaged State = 4 // known to be other than its hashes say
)

// Facts are what is known of content. Hashes are lower-case hex.
type Facts struct {
	SHA256, SHA1, MD5 string
	Size              int64  // bytes
	Type              string // sniffed; "" where it is no raster picture
	Width, Height     int    // pixels; 0 where unknown
}

const (
	insertPending = `
		INSERT INTO blob (account_id, id, state, sha256, sha1, md5, size, type, width, height, created_at)
		VALUES ($1, $2, 0, '', '', '', 0, '', 0, 0, $3)`
	deletePending = `DELETE FROM blob WHERE account_id = $1 AND id = $2 AND state = 0`
	selectByMD5   = `SELECT id FROM blob WHERE account_id = $1 AND md5 = $2 AND size = $3 AND state IN (1, 2) ORDER BY id LIMIT 1`
	selectBySHA1  = `SELECT id, md5 FROM blob WHERE account_id = $1 AND sha1 = $2 AND size = $3 AND state IN (1, 2) ORDER BY id LIMIT 1`
	selectKnown   = `SELECT id FROM blob WHERE account_id = $1 AND sha256 = $2 AND state IN (1, 2)`
	selectLost    = `SELECT id FROM blob WHERE account_id = $1 AND sha256 = $2 AND state IN (3, 4)`
	makeLive      = `
		UPDATE blob SET state = 1, sha256 = $3, sha1 = $4, md5 = $5, size = $6, type = $7, width = $8, height = $9, created_at = $10
		WHERE account_id = $1 AND id = $2 AND state = 0`

	markLost = `UPDATE blob SET state = $3 WHERE account_id = $1 AND id = $2 AND state = 1`
)

var statesOf = db.List(`SELECT id, state FROM blob WHERE account_id = $1 AND id IN (`, 2, `)`)

// Begin names a key for content that is about to be written, before its first
// byte is: what is left over can be found by it.
func Begin(ctx context.Context, tx *db.Tx, key Key) error {
	_, err := tx.Exec(ctx, insertPending, key.Account, key.ID, tx.Micros())
	return fault.Wrap(err, "blob: begin")
}

// Discard forgets a key that Begin named, and dooms what is stored under it: the
// caller calls Bury after the commit, or SweepDoomed does some time later. What is
// live by now stays, and doomed is false.
func Discard(ctx context.Context, tx *db.Tx, key Key) (doomed bool, err error) {
	n, err := tx.Exec(ctx, deletePending, key.Account, key.ID)
	if err != nil || n == 0 {
		return false, fault.Wrap(err, "blob: discard")
	}
	_, err = tx.Exec(ctx, insertDoomed, key.Account, key.ID, tx.Micros())
	return true, fault.Wrap(err, "blob: discard")
}

// Finished says which content an upload has become.
type Finished struct {
	ID int64 // of the row to refer to
	// Joined: the account had this content already; what is stored under the new
	// key is doomed, see Discard.
	Joined bool
	// Instead of these contents that were missing or damaged: the caller moves what
	// refers to them, in the same transaction.
	Instead []int64
}

// Finish makes content live, which is durable in the store under its key, or joins
// the row of the same content. It is fault.UploadNotFound where the key was
// discarded meanwhile. Call it with the account locked.
func Finish(ctx context.Context, tx *db.Tx, key Key, f Facts) (Finished, error) {
	var id int64
	known, err := tx.Get(ctx, selectKnown, []any{key.Account, f.SHA256}, &id)
	if err != nil {
		return Finished{}, fault.Wrap(err, "blob: finish")
	}
	lost, err := db.Collect(ctx, tx, func(row db.Row) (id int64, err error) { return id, row.Scan(&id) },
		selectLost, key.Account, f.SHA256)
	if err == nil {
		err = Released(ctx, tx, key.Account, lost)
	}
	if err != nil {
		return Finished{}, fault.Wrap(err, "blob: finish")
	}
	if known {
		_, err := Discard(ctx, tx, key)
		return Finished{ID: id, Joined: true, Instead: lost}, err
	}
	out := Finished{ID: key.ID, Instead: lost}
	n, err := tx.Exec(ctx, makeLive, key.Account, key.ID, f.SHA256, f.SHA1, f.MD5, f.Size, f.Type, f.Width, f.Height, tx.Micros())
	if err == nil && n == 0 {
		err = fault.New(fault.UploadNotFound, "blob: finish")
	}
	return out, fault.Wrap(err, "blob: finish")
}

// Find answers the account's content of that MD5 and size, for an instant upload.
func Find(ctx context.Context, tx *db.Tx, account int64, md5 string, size int64) (id int64, found bool, err error) {
	found, err = tx.Get(ctx, selectByMD5, []any{account, md5, size}, &id)
	return id, found, fault.Wrap(err, "blob: find")
}

// FindSHA1 answers the account's content of that SHA-1 and size, and its MD5.
func FindSHA1(ctx context.Context, tx *db.Tx, account int64, sha1 string, size int64) (id int64, md5 string, found bool, err error) {
	found, err = tx.Get(ctx, selectBySHA1, []any{account, sha1, size}, &id, &md5)
	return id, md5, found, fault.Wrap(err, "blob: find")
}

// FindSHA256 answers the account's content of that SHA-256.
func FindSHA256(ctx context.Context, tx *db.Tx, account int64, sha256 string) (id int64, found bool, err error) {
	found, err = tx.Get(ctx, selectKnown, []any{account, sha256}, &id)
	return id, found, fault.Wrap(err, "blob: find")
}

// States tells the state of contents; what has no row is left out.
func States(ctx context.Context, tx *db.Tx, account int64, ids []int64) (map[int64]State, error) {
	out := make(map[int64]State, len(ids))
	err := db.InChunks([]any{account}, ids, func(n int, args []any) error {
		return tx.Each(ctx, func(row db.Row) error {
			var id int64
			var s State
			err := row.Scan(&id, &s)
			out[id] = s
			return err
		}, statesOf[n], args...)
	})
	return out, fault.Wrap(err, "blob: states")
}

// MarkMissing notes that live content was not found in the store.
func MarkMissing(ctx context.Context, tx *db.Tx, key Key) error {
	_, err := tx.Exec(ctx, markLost, key.Account, key.ID, Missing)
	return fault.Wrap(err, "blob: mark missing")
}
