package account

import (
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// A statement reads what it is asked for, however many tokens and accounts there are.
func TestStatementsUseTheirIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, c := range map[string]struct {
			query string
			steps []string
		}{
			"token":              {selectToken, []string{`t USING PRIMARY KEY (account_id=? AND id=?)`}},
			"clients":            {selectClients, []string{`client_account (account_id=?)`}},
			"a client":           {selectOwnClient, []string{`client USING PRIMARY KEY (id=?)`}},
			"a client's name":    {nameClient, []string{`client USING PRIMARY KEY (id=?)`}},
			"a client's use":     {useClient, []string{`client USING PRIMARY KEY (id=?)`}},
			"end of a client":    {deleteClient, []string{`client USING PRIMARY KEY (id=?)`, `client_account (account_id=?)`}},
			"one more client":    {insertNamedClient, []string{`client_account (account_id=?)`}},
			"tokens of a client": {deleteClientTokens, []string{`token_client (account_id=? AND client_id=?)`}},
			"other sessions":     {deleteOthers, []string{`PRIMARY KEY (account_id=?)`}},
			"a token's use":      {useToken, []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"one token":          {selectTokenOf, []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"tokens, by time":    {selectTokens, []string{`token_newest (account_id=? AND`, `c USING PRIMARY KEY (id=?)`}},
			"apps that may act":  {selectAllowed, []string{`g USING PRIMARY KEY (account_id=?)`, `c USING PRIMARY KEY (id=?)`}},
			"page of accounts":   {selectAfter, []string{`account USING INTEGER PRIMARY KEY (rowid>?)`}},
			"a link":             {useLink, []string{`account USING INTEGER PRIMARY KEY (rowid=?)`}},
			"end of a token":     {deleteToken, []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"kicked tokens":      {kickTokens, []string{`USING PRIMARY KEY (account_id=? AND id=?)`, `token_client (account_id=? AND client_id=?)`}},
			"time of a token":    {selectExpiry, []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"app, locked":        {lockApp, []string{`c USING PRIMARY KEY (id=?)`}},
			"app":                {selectApp, []string{`c USING PRIMARY KEY (id=?)`}},
			"sign-in":            {selectSignIn, []string{`(name=?)`}},
			"grant":              {selectGrant, []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"refresh":            {setRefresh, []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"end of a grant":     {deleteGrant, []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"tokens of a grant":  {deleteGrantTokens, []string{`token_grant (account_id=? AND grant_id=?)`}},
			"expired tokens":     {expiredTokens, []string{`token_expiry (expires_at<?)`}},
			"expired grants":     {expiredGrants, []string{`oauth_grant_expiry (expires_at<?)`}},
			"grants to an app":   {selectGrantsTo, []string{`oauth_grant_client (client_id=? AND account_id=?)`}},
			"grants of an app":   {deleteAppGrants, []string{`oauth_grant_client (client_id=?)`, `client_account (account_id=?)`}},
			"tokens of an app":   {deleteAppTokens, []string{`token_grant (account_id=? AND grant_id=?)`, `oauth_grant_client (client_id=?)`, `client_account (account_id=?)`}},
			"all of an account":  {deleteGrants, []string{`PRIMARY KEY (account_id=?)`}},
			"client of an owner": {selectClientOf, []string{`client_account (account_id=?)`}},
		} {
			dbtest.Planned(t, d, name, c.query, c.steps...)
		}
	})
}
