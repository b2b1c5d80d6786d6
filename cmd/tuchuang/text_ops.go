package main

import "github.com/alecthomas/kong"

// backup, restore and migrate
var (
	backupProgress = say("备份", "backup")
	backupDone     = say("备份 %s 已写入 %s：%d 个账号，%d 张图片，%d 份内容（%s）", "backup %s is in %s: %d accounts, %d pictures, %d contents (%s)")
	backupCopied   = say("本次复制 %d 份内容（%s）和数据库（%s）；用时 %s", "copied this time: %d contents (%s) and the database (%s); took %s")
	backupRemoved  = say("删除了 %d 个旧备份和不再需要的 %d 份内容（%s）", "removed %d older backups and %d contents that no other needs (%s)")
	backupGoesOn   = say("备份被中断，还不能用来恢复。再次运行同一命令：已复制的内容不会重复复制。", "the backup was broken off and is none yet. Run the same command again: contents that are there are not copied again.")
	backupKeep     = say("--keep 要一个不小于 0 的数", "--keep wants a number that is not negative")
	backupNowhere  = say("没有指定备份文件夹", "no folder for the backup is named")
	backupInUse    = say("另一个备份正在写入 %s", "another backup is being written to %s")
	adviceLaterOn  = say("等它结束后再试", "try again when it has ended")
	contentLost    = say("内容 %s 已丢失或损坏，不在备份里", "content %s is missing or damaged")
	adviceLost     = say("其余内容都完好；重新上传同样的文件即可补上", "everything else is there; the same file uploaded again takes its place")

	restoreProgress = say("恢复", "restore")
	restoreNowhere  = say("没有指定备份所在的文件夹", "no folder of backups is named")
	restoreDone     = say("备份 %s 已恢复到 %s：%d 个账号，%d 张图片，%d 份内容（%s）；用时 %s", "backup %s is restored into %s: %d accounts, %d pictures, %d contents (%s); took %s")
	restoreUploads  = say("备份时还没有完成的上传需要重新开始；其余一切照旧，可以启动服务器了", "uploads that were unfinished begin anew; everything else is as it was. The server can be started")
	restoreGoneOn   = say("上一次恢复在最后一步被中断，现已完成：%s 可以使用了", "an earlier restore was broken off at its last step and is finished now: %s is ready")

	migrateProgress = say("迁移", "move")
	migrateNowhere  = say("没有指定迁移到哪里，或者同时给出了 --unmark", "no target is named, or one beside --unmark")
	adviceNowhere   = say("写作 tuchuang migrate --data 文件夹 --to-database-url postgres://…（或环境变量 TUCHUANG_TO_DATABASE_URL）或 --to-data 文件夹，内容要进存储桶时再加 --to-blob-url s3://…；也可写作 --from 位置 --to 位置", "write tuchuang migrate --data DIR with --to-database-url postgres://… (or TUCHUANG_TO_DATABASE_URL in the environment) or --to-data DIR, and --to-blob-url s3://… beside it for contents in a bucket; or name places with --from and --to")
	migrateScheme   = say("不认识以 %s:// 开头的位置", "there is no place that begins with %s://")
	adviceScheme    = say("位置是数据文件夹、postgres://… 或 s3://…", "a place is a data folder, postgres://… or s3://…")
	migrateOpenly   = say("命令行上的目标数据库不能有密码，否则本机的其他人能在进程列表里看到", "the target's database on the command line may hold no password, which others of this machine could read")
	adviceOpenly    = say("请把地址写在环境变量 TUCHUANG_TO_DATABASE_URL 里，或把密码写在 PGPASSWORD 或 ~/.pgpass（PGPASSFILE）里", "write the URL into TUCHUANG_TO_DATABASE_URL, or the password into PGPASSWORD or ~/.pgpass (PGPASSFILE)")
	migrateBegins   = say("正在把 %s 迁移到 %s；从现在起原处只能读取", "moving %s to %s; from now on the source can only be read")
	migrateGoesOn   = say("迁移被中断：原处仍然只能读取。再次运行同一命令会接着迁移；tuchuang migrate --unmark 放弃迁移", "the move was broken off, and the source can still only be read. The same command goes on; tuchuang migrate --unmark gives up")
	migrateRows     = say("  %-16s %d 行", "  %-16s %d rows")
	migrateDone     = say("已把 %d 行和 %d 份内容（%s）迁移到 %s，全部核对无误；用时 %s", "moved %d rows and %d contents (%s) to %s, all of it checked; took %s")
	migrateStay     = say("已把 %d 行迁移到 %s；%d 份内容（%s）留在 %s，全部核对无误；用时 %s", "moved %d rows to %s; %d contents (%s) stay in %s, all of it checked; took %s")
	migrateAlready  = say("已经全部迁移到 %s", "all of it had been moved to %s before")
	migrateThen     = say("用新的设置启动服务器。原处 %s 不再接受写入，确认无误后可以删除；要改用它，运行 tuchuang migrate --unmark", "start the servers with the new settings. The source %s takes no writes any more and may be deleted in time; tuchuang migrate --unmark takes that back")
	unmarkDone      = say("%s 重新接受写入；此后的改动不会出现在 %s", "%s takes writes again; they will not be seen in %s")
	unmarkNothing   = say("%s 没有被迁移，本来就接受写入", "%s was not moved: it takes writes")

	dataMoved      = say("数据正在迁移或已经迁移到 %v：这里暂时只能读取", "the data is being moved, or has been moved, to %v: here it is read only")
	dataUnfinished = say("%v 还没有填满（来自 %v）", "%v is not complete yet; it is being filled from %v")
	dataOther      = say("%v 正由另一个来源填充，或来源此后又有改动", "%v is being filled from something else, or its source was written to since")
	dataNotEmpty   = say("%v 里已经有数据", "there is something in %v already")
	notABackup     = say("%v 不是 tuchuang 的备份文件夹", "%v is not a folder of backups of tuchuang")
	noBackup       = say("%v 里没有完整的备份", "there is no complete backup in %v")
	backupNewer    = say("备份 %v 的格式（%v）是本程序不认识的", "the backup %v has a format (%v) that this program does not know")
	filledNow      = say("另一个进程正在填充 %v", "another process is filling %v")
	backupOther    = say("%v 里是另一个安装的备份", "%v has backups of another installation")
	noAccounts     = say("%v 里没有 tuchuang 的账号", "%v has no account of tuchuang")
	storeOther     = say("存储里一份内容也找不到（查了最前面的 %v 份）；没有标记任何内容", "not one of the first %v contents is in the store; nothing was marked")
	backupDamaged  = say("备份 %v 已损坏：%v", "the backup %v is damaged: %v")

	adviceMoved       = say("请使用新的位置；确实要继续用这里，运行 tuchuang migrate --unmark", "use the new place; if this one is to go on after all, run tuchuang migrate --unmark")
	adviceUnfinished  = say("再次运行同样的 tuchuang migrate 或 tuchuang restore", "run the same tuchuang migrate or tuchuang restore again")
	adviceOther       = say("清空目标后重新开始", "empty it and begin anew")
	adviceNotEmpty    = say("这个命令不会覆盖任何东西：请指定一个空的位置", "this command overwrites nothing: name an empty place")
	adviceNotABackup  = say("备份要写入空文件夹或已有的备份文件夹", "a backup goes into an empty folder or one of backups")
	adviceFilledNow   = say("等它完成", "wait until it is done")
	adviceBackupOther = say("每个安装用自己的备份文件夹；检查数据库的设置是否正确", "each installation needs a folder of its own; see whether the database is the right one")
	adviceNoAccounts  = say("检查 --database-url（TUCHUANG_DATABASE_URL）；新的数据库由 tuchuang serve 准备", "see whether --database-url (TUCHUANG_DATABASE_URL) is right; a new database is prepared by tuchuang serve")
	storeForeign      = say("存储 %s 属于另一个安装（%s），而数据库属于安装 %s：没有改动任何内容",
		"the store %s is of another installation (%s), and the database of the installation %s: nothing was changed")
	storeUnmarked = say("存储 %s 有内容，但没有标记，也没有数据库的最初内容：它可能属于另一个安装",
		"the store %s has contents and no mark, and none of the first contents of the database: it may be another installation's")
	storeSilent        = say("存储没有应答", "the store of contents does not answer")
	adviceStoreAway    = say("检查它是否在运行、网络是否通畅，稍后再执行一次", "see whether it runs and can be reached, and try again later")
	contentNoFile      = say("%s 不是普通文件", "%s is not a file")
	adviceStoreForeign = say("检查 --blob-url（TUCHUANG_BLOB_URL）或数据文件夹；存储确实属于这个数据库时，执行一次 tuchuang fsck --adopt-store",
		"see whether --blob-url (TUCHUANG_BLOB_URL) or the data folder is right; if the store truly is this database's, run tuchuang fsck --adopt-store once")
	adviceStoreOther = say("检查 --blob-url（TUCHUANG_BLOB_URL）或数据文件夹；内容确实全部丢失时加上 --repair", "see whether --blob-url (TUCHUANG_BLOB_URL) or the data folder is right; if the contents are truly lost, add --repair")
	adviceOldBackup  = say("用 --snapshot 选择另一个备份", "choose another one with --snapshot")

	helpBackup          = say("在服务器运行时备份数据库和内容", "Back up database and contents while the server runs.")
	helpBackupDest      = say("备份文件夹；多个备份共用其中的内容", "Folder of backups; they share their contents.")
	helpBackupKeep      = say("只保留最新的 N 个备份；默认全部保留", "Keep the newest N backups; all by default.")
	helpBackupVerify    = say("重新读取已有的内容，损坏的再复制一次", "Read contents that are there already, and copy those again that have changed.")
	helpRestore         = say("把备份恢复到空的地方：数据文件夹、数据库和存储桶", "Restore a backup into an empty place: data folder, database and bucket, as they are set.")
	helpRestoreSource   = say("备份文件夹", "Folder of backups.")
	helpMigrate         = say("把数据库和内容迁移到别处；期间只能读取，可以中断后继续", "Move database and contents elsewhere; reads go on meanwhile, and it can be broken off.")
	helpToData          = say("迁移到这个数据文件夹", "The data folder to move to.")
	helpToDatabase      = say("迁移到这个 PostgreSQL 数据库", "The PostgreSQL database to move to.")
	helpToBlob          = say("内容迁移到这个存储桶；与 --to-data 或 --to-database-url 一起用", "The bucket to move contents to, beside --to-data or --to-database-url.")
	helpMoveFrom        = say("从哪里迁移：数据文件夹、postgres://… 或 s3://…；可以重复，没有写出的部分不属于原处", "Where to move from: a data folder, postgres://… or s3://…, repeated for each; what is not named is none of the source.")
	helpMoveTo          = say("迁移到哪里，写法相同", "Where to move to, in the same form.")
	helpUnmark          = say("让已迁移的原处重新接受写入", "Have what was moved take writes again.")
	helpRestoreSnapshot = say("备份的名称；默认最新的", "Name of the backup; the newest by default.")
)

func opsHelp(u *ui) kong.Vars {
	return kong.Vars{
		"help_backup": u.text(helpBackup), "help_backup_dest": u.text(helpBackupDest), "help_backup_keep": u.text(helpBackupKeep),
		"help_backup_verify": u.text(helpBackupVerify), "help_restore": u.text(helpRestore), "help_restore_source": u.text(helpRestoreSource),
		"help_restore_snapshot": u.text(helpRestoreSnapshot), "help_migrate": u.text(helpMigrate), "help_to_data": u.text(helpToData),
		"help_to_blob": u.text(helpToBlob), "help_move_from": u.text(helpMoveFrom), "help_move_to": u.text(helpMoveTo),
		"help_to_database": u.text(helpToDatabase), "help_unmark": u.text(helpUnmark),
	}
}
