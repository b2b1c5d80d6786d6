package ops

// Table says of one table what works on all of them: fsck, and whatever copies a
// database. A test compares the list with the schema, so that a later table can't be
// forgotten.
type Table struct {
	Name string
	// Account is its column of the account; "" for what is of the installation.
	Account string
	// Checks are the codes of fsck by which damage in it is found.
	Checks []string
}

// Tables are all tables, those that others refer to first.
var Tables = []Table{
	{"signing_key", "", []string{"key.length"}},
	{"id_block", "", []string{"drive.next_id"}},
	{"mark", "", []string{"mark.empty"}},
	{"account", "id", []string{"account.used", "account.entries", "account.reserved", "account.next_blob", "account.next_task", "account.state"}},
	{"audit_log", "account_id", []string{"row.account"}},
	{"client", "account_id", []string{"client.secret", "account.client"}},
	{"account_rate", "account_id", []string{"time.ahead"}},
	{"oauth_grant", "account_id", []string{"grant.client", "grant.facts", "time.ahead"}},
	{"token", "account_id", []string{"token.client", "token.grant"}},
	{"blob", "account_id", []string{"blob.state", "blob.facts", "blob.begun", "blob.unnoticed", "content.missing", "content.size", "content.damaged"}},
	{"unreferenced", "account_id", []string{"unreferenced.row", "time.ahead"}},
	{"doomed", "account_id", []string{"doomed.row"}},
	{"blob_hold", "", []string{"time.ahead"}},
	{"drive_entry", "account_id", []string{
		"drive.root", "drive.parent", "drive.cycle", "drive.children", "drive.total", "drive.folder", "drive.class", "drive.name", "drive.trashed",
		"drive.content_row", "drive.content_differs", "drive.content_lost",
	}},
	{"drive_unindexed", "account_id", []string{"drive.indexed", "drive.index_left"}},
	{"bed_folder", "account_id", []string{"bed.root", "bed.parent", "bed.cycle", "bed.name", "bed.name_twice", "bed.detached"}},
	{"image", "account_id", []string{"image.folder", "image.name", "image.ext", "image.size", "image.content_row", "image.content_differs", "image.content_lost"}},
	{"task", "account_id", []string{"task.state", "task.times", "task.copy", "task.unfinished", "time.ahead"}},
	{"queue_turn", "account_id", []string{"queue.turn", "queue.unfinished", "queue.no_turn", "time.ahead"}},
	{"copy_task", "account_id", []string{"task.counters", "task.skipped", "task.verdict", "task.retry_of"}},
	{"copy_source", "account_id", []string{"task.sources"}},
	{"copy_folder", "account_id", []string{"task.folders"}},
	{"copy_dir", "account_id", []string{"task.dirs"}},
	{"copy_item", "account_id", []string{"task.items", "task.numbers", "task.failures", "task.open"}},
	{"publication", "account_id", []string{"publication.image", "publication.item", "publication.lacking"}},
	{"copy_plan", "account_id", []string{"plan.task", "time.ahead"}},
	{"offline_task", "account_id", []string{"offline.task", "offline.verdict", "offline.blob", "offline.got", "offline.callback"}},
	{"offline_slice", "account_id", []string{"offline.slice"}},
	{"share", "account_id", []string{"share.key"}},
	{"share_file", "account_id", []string{"share.file"}},
	{"direct_folder", "account_id", []string{"direct.folder"}},
	{"direct_setting", "account_id", []string{"direct.setting"}},
	{"direct_blocked", "account_id", []string{"direct.blocked"}},
	{"direct_traffic", "account_id", []string{"direct.traffic", "time.ahead"}},
	{"tree_copy", "account_id", []string{"tree_copy.task", "tree_copy.verdict"}},
	{"tree_copy_work", "account_id", []string{"tree_copy.work"}},
	{"upload", "account_id", []string{"upload.blob", "upload.result", "upload.hashed", "time.ahead"}},
	{"upload_slice", "account_id", []string{"slice.upload", "slice.size"}},
}
