package internal_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every statement of a request names the account: the guard against reading
// another's rows, and what lets the database be sharded by account. Here the texts
// of all rooms are read and held to it.

// shared are the rooms whose statements touch rows of accounts.
var shared = []string{"account", "auditlog", "blob", "copytask", "direct", "drive", "imagebed", "offline", "often", "ops", "queue", "share", "sweep", "treecopy", "upload"}

// acrossAccounts are the statements that go over all accounts, each with its reason.
// None of them belongs to a request of an account; but the first, all are background
// work, whose shard would be asked one after the other.
var acrossAccounts = map[string]string{
	"account.selectClient":    "a sign-in has the client's id and nothing else: a table to look up, on every shard",
	"account.selectApp":       "an app is known by its client's id, as a sign-in is",
	"account.lockApp":         "as selectApp",
	"account.selectAllowed":   "the app of a permission is a client of whichever account",
	"account.selectApps":      "tuchuang user app ls",
	"account.selectAppGrants": "a reset, and the end of an app: what others allowed it",
	"account.deleteAppTokens": "a reset, and the end of an app: what others allowed it",
	"account.deleteAppGrants": "a reset, and the end of an app: what others allowed it",
	"account.expiredGrants":   "the sweep of what apps were allowed",
	"account.expiredTokens":   "the sweep of tokens",
	"auditlog.ofAll":          "tuchuang audit of all accounts",
	"auditlog.deleteOld":      "the sweep of the audit log",
	"blob.selectHolders":      "blocking: every account that has the content",
	"blob.selectDoomed":       "the sweep of doomed content",
	"copytask.expiredPlans":   "the sweep of plans",
	"blob.selectStored":       "backup and moving: whether a store is the right one, by its first contents",
	"blob.selectNewest":       "backup and moving: whether a store is the right one, by its newest contents",
	"blob.selectNamed":        "backup and moving: all that is to be copied",
	"blob.countStored":        "backup and moving: how much that is",
	"upload.selectOpen":       "moving: every open upload ends",
	"blob.deleteDoomeds":      "the sweep of doomed content: by account and content",
	"blob.selectReleased":     "the sweep of content that nothing refers to",
	"drive.nextDetached":      "the sweep of large deletes",
	"drive.unindexedOf":       "the sweep of names that are to be put into the index",
	"direct.deleteOld":        "the sweep of what was read by direct links",
	"imagebed.nextDetached":   "the sweep of large deletes",
	"ops.grantToNone":         "fsck: the app of a grant is a client of whichever account",
	"offline.selectStaged":    "moving and restoring: every download begins anew",
	"often.forgetFull":        "the sweep of how often accounts have asked",
	"queue.claimBegun":        "a claim: among all accounts, one whose task was begun",
	"queue.nextBegun":         "part of claimBegun",
	"queue.claimWaiting":      "a claim: among all accounts, the one served longest ago",
	"queue.nextWaiting":       "part of claimWaiting",
	"queue.claimNext":         "part of both",
	"queue.reclaim":           "at the start of the only process",
	"queue.expire":            "leases of whichever account",
	"queue.oldestEnds":        "the sweep of ended tasks",
	"queue.depth":             "figures",
	"queue.anything":          "a look whether a claim may find something",
	"share.selectLate":        "the sweep of shares",
	"upload.selectExpired":    "the sweep of uploads",
	"upload.deleteAnswered":   "the sweep of uploads",
	"upload.orphans":          "the sweep of uploads",
	"upload.countAllOpen":     "figures",
}

var (
	tableHead  = regexp.MustCompile(`CREATE TABLE (\w+) \(`)
	statement  = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
	reference  = regexp.MustCompile(`(?i)\b(FROM|JOIN|INTO|UPDATE|USING)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?`)
	comparison = regexp.MustCompile(`(?:(\w+)\.)?account_id\s*=\s*(\$\d+|(?:(\w+)\.)?account_id)`)
	inserted   = regexp.MustCompile(`INSERT INTO (\w+) \([^)]*\baccount_id\b`)
	notAlias   = []string{"SET", "WHERE", "ON", "JOIN", "ORDER", "CROSS", "LIMIT", "GROUP", "VALUES", "LEFT", "INNER", "UNION", "FOR", "RETURNING", "SELECT", "INDEXED"}
)

// accountTables are the tables with a column account_id, as the migrations have them.
func accountTables(t *testing.T) map[string]bool {
	t.Helper()
	tables := make(map[string]bool)
	names, err := fs.Glob(repository, "internal/db/migrations/postgres/*.sql")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tableHead.FindAllSubmatchIndex(text, -1) {
			body, _, _ := strings.Cut(string(text[m[1]:]), "\n);")
			if strings.Contains(body, "\n  account_id ") {
				tables[string(text[m[2]:m[3]])] = true
			}
		}
	}
	return tables
}

// withoutAccount says why a statement does not name the account for each table that
// has one; empty where it does.
func withoutAccount(text string, tables map[string]bool) string {
	named := make(map[string]int) // conditions on the account, by what they are asked of
	bound := false
	for _, m := range comparison.FindAllStringSubmatch(text, -1) {
		named[m[1]]++
		if strings.HasPrefix(m[2], "$") {
			bound = true
		} else {
			named[m[3]]++
		}
	}
	asked := false
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		verb, table, alias := strings.ToUpper(m[1]), m[2], m[3]
		if !tables[table] {
			continue
		}
		asked = true
		if verb == "INTO" {
			if !slices.ContainsFunc(inserted.FindAllStringSubmatch(text, -1), func(i []string) bool { return i[1] == table }) {
				return "inserts into " + table + " without account_id"
			}
			bound = true
			continue
		}
		if alias == "" || slices.Contains(notAlias, strings.ToUpper(alias)) {
			alias = ""
		}
		switch {
		case named[alias] > 0:
			named[alias]--
		case alias == "" && named[table] > 0:
			named[table]--
		default:
			return fmt.Sprintf("asks %s %s without its account_id", table, alias)
		}
	}
	if asked && !bound {
		return "compares no account_id with an argument"
	}
	return ""
}

// sqlTexts are the statements of a room by the constant, variable or function that
// holds them: literals, and what is put together of literals and constants.
func sqlTexts(files []*source) map[string][]string {
	values := make(map[string]ast.Expr)
	for _, f := range files {
		for n := range ast.Preorder(f.ast) {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i, name := range spec.Names {
					if i < len(spec.Values) {
						values[name.Name] = spec.Values[i]
					}
				}
			}
		}
	}
	var textOf func(e ast.Expr, depth int) string
	textOf = func(e ast.Expr, depth int) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			if e.Kind == token.STRING {
				s, _ := strconv.Unquote(e.Value)
				return s
			}
		case *ast.BinaryExpr:
			return textOf(e.X, depth) + textOf(e.Y, depth)
		case *ast.ParenExpr:
			return textOf(e.X, depth)
		case *ast.Ident:
			if v, ok := values[e.Name]; ok && depth < 10 {
				return textOf(v, depth+1)
			}
		case *ast.CallExpr: // db.Insert, db.MultiRow, db.List: texts around placeholders
			var parts []string
			for _, arg := range e.Args {
				if s := textOf(arg, depth); s != "" {
					parts = append(parts, s)
				}
			}
			return strings.Join(parts, " () ")
		}
		return " "
	}
	texts := make(map[string][]string)
	for _, f := range files {
		for _, d := range f.ast.Decls {
			var visit func(name string, n ast.Node)
			visit = func(name string, n ast.Node) {
				ast.Inspect(n, func(n ast.Node) bool {
					switch e := n.(type) {
					case *ast.ValueSpec:
						for i, v := range e.Values {
							inner := name
							if _, function := d.(*ast.FuncDecl); !function {
								inner = e.Names[min(i, len(e.Names)-1)].Name
							}
							visit(inner, v)
						}
						return false
					case *ast.BasicLit, *ast.BinaryExpr:
						if text := textOf(e.(ast.Expr), 0); statement.MatchString(text) {
							texts[name] = append(texts[name], text)
							return false
						}
					case *ast.CallExpr:
						sel, ok := e.Fun.(*ast.SelectorExpr)
						if !ok || !slices.Contains([]string{"Insert", "MultiRow", "List"}, sel.Sel.Name) {
							return true
						}
						if of, ok := sel.X.(*ast.Ident); ok && of.Name == "db" {
							texts[name] = append(texts[name], textOf(e, 0))
							return false
						}
					}
					return true
				})
			}
			name := ""
			if fn, ok := d.(*ast.FuncDecl); ok {
				name = fn.Name.Name
			}
			visit(name, d)
		}
	}
	return texts
}

func TestEveryStatementOfARequestNamesTheAccount(t *testing.T) {
	tables := accountTables(t)
	if len(tables) < 15 || tables["account"] || !tables["image"] {
		t.Fatalf("tables with an account: %v", tables)
	}
	byRoom := make(map[string][]*source)
	for _, f := range sources(t) {
		if !f.forTests && slices.Contains(shared, f.room) {
			byRoom[f.room] = append(byRoom[f.room], f)
		}
	}
	excused, statements := make(map[string]bool), 0
	for room, files := range byRoom {
		for name, texts := range sqlTexts(files) {
			for _, text := range texts {
				statements++
				why := withoutAccount(text, tables)
				if full := room + "." + name; why != "" && acrossAccounts[full] != "" {
					excused[full] = true
				} else if why != "" {
					t.Errorf("%s %s:\n%s", full, why, text)
				}
			}
		}
	}
	if statements < 150 {
		t.Errorf("only %d statements were found", statements)
	}
	for name := range acrossAccounts {
		if !excused[name] {
			t.Errorf("%s needs no excuse: it names the account, or is gone", name)
		}
	}
	// No other room has statements on these tables.
	for _, f := range sources(t) {
		if _, isRoom := lookup(f.room); !isRoom || f.forTests || f.room == "db" || slices.Contains(shared, f.room) {
			continue
		}
		for name, texts := range sqlTexts([]*source{f}) {
			for _, text := range texts {
				if withoutAccount(text, tables) != "" {
					t.Errorf("%s: %s speaks SQL", f.path, name)
				}
			}
		}
	}
}

var (
	leading = regexp.MustCompile(`(?:PRIMARY KEY|FOREIGN KEY|CREATE UNIQUE INDEX \w+ ON (\w+)) \((\w+)`)
	ownKey  = regexp.MustCompile(`\n  (\w+) [^,\n]*PRIMARY KEY`)
)

// Keys, unique indexes and foreign keys of an account's rows begin with the account.
func TestKeysLeadWithTheAccount(t *testing.T) {
	tables := accountTables(t)
	text, err := fs.ReadFile(repository, "internal/db/migrations/postgres/00001_first.sql")
	if err != nil {
		t.Fatal(err)
	}
	led := 0
	for part := range strings.SplitSeq(string(text), "CREATE TABLE ") {
		table, body, _ := strings.Cut(part, " (")
		if !tables[table] {
			continue
		}
		if m := ownKey.FindStringSubmatch(body); m != nil && table != "client" { // a sign-in knows the client alone
			t.Errorf("%s: its key is %s", table, m[1])
		}
		for _, m := range leading.FindAllStringSubmatch(body, -1) {
			if led++; m[2] != "account_id" {
				t.Errorf("%s: %s", table, m[0])
			}
		}
	}
	if led < 30 {
		t.Errorf("only %d keys were found", led)
	}
}

// What does not name the account is found.
func TestTheAccountIsMissed(t *testing.T) {
	tables := map[string]bool{"image": true, "blob": true, "upload": true}
	for text, want := range map[string]string{
		`SELECT 1 FROM image WHERE account_id = $1 AND id = $2`: "",
		`SELECT 1 FROM image WHERE id = $2`:                     "asks image",
		`SELECT account_id FROM image WHERE id = $2`:            "asks image",
		`SELECT 1 FROM account WHERE id = $2`:                   "",
		`SELECT 1 FROM image i JOIN blob b ON b.account_id = i.account_id AND b.id = i.blob_id WHERE i.account_id = $1`:          "",
		`SELECT 1 FROM image i JOIN blob b ON b.id = i.blob_id WHERE i.account_id = $1`:                                          "asks blob b",
		`SELECT 1 FROM image i JOIN blob b ON b.account_id = i.account_id AND b.id = i.blob_id`:                                  "no account_id with an argument",
		`SELECT 1 FROM image i, x WHERE i.account_id = x.account_id`:                                                             "no account_id with an argument",
		`DELETE FROM image WHERE account_id = $1 AND id IN (SELECT id FROM image WHERE name = $2)`:                               "asks image",
		`DELETE FROM image WHERE account_id = $1 AND id IN (SELECT id FROM image WHERE account_id = $1 AND name = $2)`:           "",
		`UPDATE image SET name = '' WHERE id = $1`:                                                                               "asks image",
		`UPDATE image SET name = v.name FROM v WHERE image.account_id = $1 AND image.id = v.id`:                                  "",
		`INSERT INTO image (account_id, id) VALUES ($1, $2)`:                                                                     "",
		`INSERT INTO image (id) VALUES ($2)`:                                                                                     "inserts into image",
		`INSERT INTO image (account_id, id) SELECT $1, id FROM blob`:                                                             "asks blob",
		`WITH sub (id) AS (SELECT id FROM image WHERE account_id = $1) SELECT 1 FROM sub`:                                        "",
		`SELECT 1 FROM blob b WHERE b.account_id = $1 AND NOT EXISTS (SELECT 1 FROM upload u WHERE u.blob_id = b.id)`:            "asks upload u",
		`SELECT 1 FROM blob b WHERE b.account_id = $1 AND NOT EXISTS (SELECT 1 FROM upload u WHERE u.account_id = b.account_id)`: "",
	} {
		got := withoutAccount(text, tables)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s\n\tfound %q, want %q", text, got, want)
		}
	}
	const room = "package p\nconst part = `FROM image `\nvar one = db.List(`SELECT 1 `+part+`WHERE id IN (`, 1, `)`)\nfunc f() { do(`DELETE ` + part) }\n"
	texts := sqlTexts([]*source{parse(t, "internal/drive/a.go", room)})
	if withoutAccount(texts["one"][0], tables) == "" || withoutAccount(texts["f"][0], tables) == "" || len(texts) != 2 {
		t.Errorf("%q", texts)
	}
}
