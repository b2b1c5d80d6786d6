package often

// A row says when an account has all of its requests of a path again: what was given takes
// until then to come anew. $3 is now, $4 how long one takes, $5 how long all do, $6 how
// many are wanted.
const (
	atNow  = `CAST($3 AS BIGINT)`
	oneFor = `CAST($4 AS BIGINT)`
	atMost = `(` + atNow + ` + CAST($5 AS BIGINT))` // when there is nothing left
	wanted = `CAST($6 AS BIGINT)`
	taken  = `CASE WHEN account_rate.until <= ` + atNow + ` THEN ` + atNow + ` WHEN account_rate.until > ` + atMost + ` THEN ` + atMost + ` ELSE account_rate.until END`
	there  = `(` + atMost + ` - ` + taken + `) / ` + oneFor
	giving = `CASE WHEN ` + there + ` < ` + wanted + ` THEN ` + there + ` ELSE ` + wanted + ` END`

	giveSome = `
		INSERT INTO account_rate (account_id, path, until, given) VALUES ($1, $2, ` + atNow + ` + ` + oneFor + ` * ` + wanted + `, ` + wanted + `)
		ON CONFLICT (account_id, path) DO UPDATE SET until = ` + taken + ` + ` + oneFor + ` * ` + giving + `, given = ` + giving + `
		RETURNING given, until`

	forgetFull = `DELETE FROM account_rate WHERE until < $1`
)
