package upload

const (
	countOpen    = `SELECT count(*) FROM upload WHERE account_id = $1 AND state = 1`
	sumOpen      = `SELECT coalesce(sum(size), 0) FROM upload WHERE account_id = $1 AND state = 1`
	insertUpload = `
		INSERT INTO upload (account_id, id, blob_id, dest, parent, name, etag, size, duplicate, slice_size, reserved, state,
			result_id, hashed, hash_state, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, '', 0, '', $12, $13)`
	selectUpload = `
		SELECT u.blob_id, u.dest, u.parent, u.name, u.etag, u.size, u.duplicate, u.slice_size, u.store_ref, u.reserved, u.state,
			u.result_id, u.hashed, u.hash_state, u.verifying, a.state
		FROM upload u JOIN account a ON a.id = u.account_id
		WHERE u.account_id = $1 AND u.id = $2 AND u.expires_at > $3`
	completeUpload = `UPDATE upload SET state = 2, result_id = $3, expires_at = $4 WHERE account_id = $1 AND id = $2 AND state = 1`
	deleteUpload   = `DELETE FROM upload WHERE account_id = $1 AND id = $2 AND state = 1 RETURNING blob_id, reserved`
	selectExpired  = `SELECT account_id, id FROM upload WHERE state = 1 AND expires_at <= $1 ORDER BY expires_at LIMIT 100`
	expiredOf      = `SELECT id FROM upload WHERE account_id = $1 AND state = 1 AND expires_at <= $2`
	deleteAnswered = `DELETE FROM upload WHERE state = 2 AND expires_at <= $1`

	lockOpen       = `SELECT 1 FROM upload WHERE account_id = $1 AND id = $2 AND state = 1 FOR UPDATE`
	setStoreRef    = `UPDATE upload SET store_ref = $3 WHERE account_id = $1 AND id = $2 AND state = 1`
	selectSlices   = `SELECT no, size, md5, part FROM upload_slice WHERE account_id = $1 AND upload_id = $2 ORDER BY no`
	selectSlice    = `SELECT md5, part FROM upload_slice WHERE account_id = $1 AND upload_id = $2 AND no = $3`
	selectOther    = `SELECT 1 FROM upload_slice WHERE account_id = $1 AND upload_id = $2 LIMIT 1`
	deleteSlice    = `DELETE FROM upload_slice WHERE account_id = $1 AND upload_id = $2 AND no = $3`
	insertSlice    = `INSERT INTO upload_slice (account_id, upload_id, no, size, md5, part) VALUES ($1, $2, $3, $4, $5, $6)`
	setHashed      = `UPDATE upload SET hashed = $3, hash_state = $4 WHERE account_id = $1 AND id = $2 AND state = 1`
	continueHashed = `
		UPDATE upload SET hashed = $3, hash_state = $4
		WHERE account_id = $1 AND id = $2 AND state = 1 AND hashed = $5 AND (hashed = 0 OR hash_state = $6)`
	setVerifying = `UPDATE upload SET verifying = 1 WHERE account_id = $1 AND id = $2 AND state = 1`
	dropHashed   = `UPDATE upload SET hashed = 0, hash_state = '' WHERE account_id = $1 AND id = $2 AND state = 1 AND hashed > $3`

	orphans = `
		SELECT b.account_id, b.id FROM blob b
		WHERE b.state = 0 AND b.created_at < $1 AND NOT EXISTS (
			SELECT 1 FROM upload u WHERE u.account_id = b.account_id AND u.blob_id = b.id AND u.state = 1)
		AND NOT EXISTS (SELECT 1 FROM offline_task o WHERE o.account_id = b.account_id AND o.blob_id = b.id AND o.blob_id > 0)
		ORDER BY b.created_at LIMIT 500`
)
