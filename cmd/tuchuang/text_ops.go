package main

// backup, restore and migrate
var (
	backupProgress    = say("备份", "backup")
	backupDone        = say("备份 %s 已写入 %s：%d 个账号，%d 张图片，%d 份内容（%s）", "backup %s is in %s: %d accounts, %d pictures, %d contents (%s)")
	backupCopied      = say("本次复制 %d 份内容（%s）和数据库（%s）；用时 %s", "copied this time: %d contents (%s) and the database (%s); took %s")
	backupRemoved     = say("删除了 %d 个旧备份和不再需要的 %d 份内容（%s）", "removed %d older backups and %d contents that no other needs (%s)")
	backupGoesOn      = say("备份被中断，还不能用来恢复。再次运行同一命令：已复制的内容不会重复复制。", "the backup was broken off and is none yet. Run the same command again: contents that are there are not copied again.")
	backupKeep        = say("--keep 要一个不小于 0 的数", "--keep wants a number that is not negative")
	backupNowhere     = say("没有指定备份文件夹", "no folder for the backup is named")
	backupInUse       = say("另一个备份正在写入 %s", "another backup is being written to %s")
	adviceLaterOn     = say("等它结束后再试", "try again when it has ended")
	contentLost       = say("内容 %s 已丢失或损坏", "content %s is missing or damaged")
	contentUnreadable = say("内容 %v 无法读取：%s", "content %v can't be read: %s")
	contentKept       = say("内容 %s 在存储里已丢失或损坏；备份里有，不会被清除", "content %s is missing from the store or damaged there; the backup has it and keeps it")
	contentBack       = say("内容 %s 在备份时已丢失，现在从备份里找回", "content %s was lost when the backup was made, and is there again")
	adviceKept        = say("tuchuang restore 会把它们找回；重新上传同样的文件也可以", "tuchuang restore brings them back; so does uploading the same files again")
	snapshotDamaged   = say("旧备份 %s 已损坏，或由更新的程序写成：没有动它，并且不清除任何内容", "the older backup %s is damaged, or a newer program has written it: it was left alone, and no content is removed meanwhile")
	adviceDamagedOne  = say("确认不再需要后，删除 %s 里的那个文件夹", "when it is of no use any more, remove its folder in %s")
	andMore           = say("……还有 %d 个；--json 会全部列出", "… and %d more; --json lists all of them")
	asItIs            = say("%s", "%s")
	backupInside      = say("备份文件夹 %s 在数据文件夹 %s 里：磁盘坏了会一起丢失，请放到别的机器上", "the folder of backups %s is inside the data folder %s, and will be lost with it: keep backups on another machine")
	adviceLost        = say("其余内容都完好；重新上传同样的文件即可补上", "everything else is there; the same file uploaded again takes its place")

	restoreProgress = say("恢复", "restore")
	restoreNowhere  = say("没有指定备份所在的文件夹", "no folder of backups is named")
	restoreDone     = say("备份 %s 已恢复到 %s：%d 个账号，%d 张图片，%d 份内容（%s）；用时 %s", "backup %s is restored into %s: %d accounts, %d pictures, %d contents (%s); took %s")
	restoreUploads  = say("备份时还没有完成的上传需要重新开始；其余一切照旧，可以启动服务器了", "uploads that were unfinished begin anew; everything else is as it was. The server can be started")
	restoreGoneOn   = say("上一次恢复在最后一步被中断，现已完成：%s 可以使用了", "an earlier restore was broken off at its last step and is finished now: %s is ready")

	restoreLeft = say("恢复没有完成，已放入 %s 的内容还在那里。再次运行同一命令会接着恢复；要放弃，清空那里", "the restore has not ended, and what it has put into %s is there. The same command goes on; to give up, empty that place")

	migrateProgress    = say("迁移", "move")
	migrateNowhere     = say("没有指定迁移到哪里，或者同时给出了 --unmark", "no target is named, or one beside --unmark")
	adviceNowhere      = say("写作 tuchuang migrate --data 文件夹 --to-database-url postgres://…（或环境变量 TUCHUANG_TO_DATABASE_URL）或 --to-data 文件夹，内容要进存储桶时再加 --to-blob-url s3://…；也可写作 --from 位置 --to 位置", "write tuchuang migrate --data DIR with --to-database-url postgres://… (or TUCHUANG_TO_DATABASE_URL in the environment) or --to-data DIR, and --to-blob-url s3://… beside it for contents in a bucket; or name places with --from and --to")
	migrateScheme      = say("不认识以 %s:// 开头的位置", "there is no place that begins with %s://")
	adviceScheme       = say("位置是数据文件夹、postgres://… 或 s3://…", "a place is a data folder, postgres://… or s3://…")
	migrateOpenly      = say("命令行上的目标数据库不能有密码，否则本机的其他人能在进程列表里看到", "the target's database on the command line may hold no password, which others of this machine could read")
	adviceOpenly       = say("请把地址写在环境变量 TUCHUANG_TO_DATABASE_URL 里，或把密码写在 PGPASSWORD 或 ~/.pgpass（PGPASSFILE）里", "write the URL into TUCHUANG_TO_DATABASE_URL, or the password into PGPASSWORD or ~/.pgpass (PGPASSFILE)")
	migrateBegins      = say("正在把 %s 迁移到 %s；从现在起原处只能读取", "moving %s to %s; from now on the source can only be read")
	migrateGoesOn      = say("迁移被中断：原处仍然只能读取。再次运行同一命令会接着迁移；tuchuang migrate --unmark 放弃迁移", "the move was broken off, and the source can still only be read. The same command goes on; tuchuang migrate --unmark gives up")
	migrateRows        = say("  %-16s %d 行", "  %-16s %d rows")
	migrateDone        = say("已把 %d 行和 %d 份内容（%s）迁移到 %s，全部核对无误；用时 %s", "moved %d rows and %d contents (%s) to %s, all of it checked; took %s")
	migrateStay        = say("已把 %d 行迁移到 %s；%d 份内容（%s）留在 %s，全部核对无误；用时 %s", "moved %d rows to %s; %d contents (%s) stay in %s, all of it checked; took %s")
	migratePart        = say("已把 %d 行和 %d 份内容（%s）迁移到 %s，但内容不全；用时 %s", "moved %d rows and %d contents (%s) to %s, and not all of the contents; took %s")
	migrateStayPart    = say("已把 %d 行迁移到 %s；%d 份内容（%s）留在 %s，但内容不全；用时 %s", "moved %d rows to %s; %d contents (%s) stay in %s, and not all of them are there; took %s")
	migrateAlreadyPart = say("此前已迁移到 %s，但内容不全", "it had been moved to %s before, but for some of the contents")
	migrateKeep        = say("%d 份内容丢失，%d 份无法读取。原处 %s 不再接受写入，请保留它，直到找回这些内容；要改用它，运行 tuchuang migrate --unmark", "%d contents are lost, and %d could not be read. The source %s takes no writes any more: keep it until they are back; tuchuang migrate --unmark lets it be written to again")
	migrateAlready     = say("已经全部迁移到 %s", "all of it had been moved to %s before")
	migrateThen        = say("用新的设置启动服务器。原处 %s 不再接受写入，确认无误后可以删除；要改用它，运行 tuchuang migrate --unmark", "start the servers with the new settings. The source %s takes no writes any more and may be deleted in time; tuchuang migrate --unmark takes that back")
	unmarkDone         = say("%s 重新接受写入；此后的改动不会出现在 %s。没有完成的迁移可以用同一命令重新开始", "%s takes writes again; they will not be seen in %s. A move that had not ended begins anew when the same command is run again")
	unmarkNothing      = say("%s 没有被迁移，本来就接受写入", "%s was not moved: it takes writes")

	dataMoved      = say("数据正在迁移或已经迁移到 %v：这里暂时只能读取", "the data is being moved, or has been moved, to %v: here it is read only")
	dataUnfinished = say("%v 还没有填满（来自 %v）", "%v is not complete yet; it is being filled from %v")
	dataOther      = say("%v 正由另一个来源（%v）填充，还没有完成", "%v is not complete, and is being filled from another place: %v")
	dataNotEmpty   = say("%v 里已经有数据", "there is something in %v already")
	notABackup     = say("%v 不是 tuchuang 的备份文件夹", "%v is not a folder of backups of tuchuang")
	noBackup       = say("%v 里没有完整的备份", "there is no complete backup in %v")
	backupNewer    = say("备份 %v 的格式（%v）是本程序不认识的", "the backup %v has a format (%v) that this program does not know")
	filledNow      = say("另一个进程正在填充 %v", "another process is filling %v")
	backupOther    = say("%v 里是另一个安装的备份", "%v has backups of another installation")
	noAccounts     = say("%v 里没有 tuchuang 的账号", "%v has no account of tuchuang")
	storeOther     = say("存储里一份内容也找不到（查了最前面的 %v 份）；没有标记任何内容", "not one of the first %v contents is in the store; nothing was marked")
	backupDamaged  = say("备份 %v 已损坏：%v", "the backup %v is damaged: %v")

	noContent     = say("%v 里找不到这个数据库的任何内容（查了最前面和最新的 %v 份）；什么也没有做", "%v has none of the contents of this database (%v were looked for, the first and the newest); nothing was done")
	noPlace       = say("内容应该在 %v，但没有这个文件夹", "the contents should be in %v, and there is no such folder")
	rottenContent = say("备份里的 %v 已损坏或丢失（内容 %v）", "%v of the backup is damaged or missing (content %v)")
	adviceContent = say("检查 --data 和 --blob-url（TUCHUANG_BLOB_URL；migrate 还有 --from）是否指向存放内容的地方；内容确实全部丢失时，先运行 tuchuang fsck --read --repair", "see whether --data and --blob-url (TUCHUANG_BLOB_URL; of migrate also --from) name the place of the contents; if these are truly lost, run tuchuang fsck --read --repair first")
	adviceNoPlace = say("用 --data 指定内容所在的数据文件夹，或用 --blob-url 指定存储桶（migrate 用 --from）", "name the data folder that has the contents with --data, or the bucket with --blob-url (of migrate: with --from)")
	adviceRotten  = say("原来的存储还在时，tuchuang backup --verify 会重新复制它；否则换一个备份文件夹", "where the store that was backed up is still there, tuchuang backup --verify copies it again; otherwise use another folder of backups")
	adviceBackups = say("指定 tuchuang backup 写入的文件夹", "name the folder that tuchuang backup has written to")

	adviceMoved       = say("请使用新的位置；确实要继续用这里，运行 tuchuang migrate --unmark", "use the new place; if this one is to go on after all, run tuchuang migrate --unmark")
	adviceUnfinished  = say("再次运行同样的 tuchuang migrate 或 tuchuang restore", "run the same tuchuang migrate or tuchuang restore again")
	adviceOther       = say("从那个来源继续迁移；不再需要的话，清空目标的数据库和内容后重新开始", "go on from there; or, if that is of no use any more, empty the target, database and contents, and begin anew")
	adviceNotEmpty    = say("这个命令不会覆盖任何东西：请指定一个空的位置", "this command overwrites nothing: name an empty place")
	adviceNotABackup  = say("备份要写入空文件夹或已有的备份文件夹", "a backup goes into an empty folder or one of backups")
	adviceFilledNow   = say("等它完成", "wait until it is done")
	adviceBackupOther = say("每个安装用自己的备份文件夹；检查数据库的设置是否正确", "each installation needs a folder of its own; see whether the database is the right one")
	adviceNoAccounts  = say("检查 --database-url（TUCHUANG_DATABASE_URL）；新的数据库由 tuchuang serve 准备", "see whether --database-url (TUCHUANG_DATABASE_URL) is right; a new database is prepared by tuchuang serve")
	storeForeign      = say("存储 %s 属于另一个安装（%s），而数据库属于安装 %s：没有改动任何内容",
		"the store %s is of another installation (%s), and the database of the installation %s: nothing was changed")
	storeUnmarked = say("存储 %s 没有标记，也没有数据库的最初内容：它可能属于另一个安装，或者磁盘没有挂载",
		"the store %s has no mark, and none of the first contents of the database: it may be another installation's, or its disk is not mounted")
	storeSilent        = say("存储没有应答", "the store of contents does not answer")
	adviceStoreAway    = say("检查它是否在运行、网络是否通畅，稍后再执行一次", "see whether it runs and can be reached, and try again later")
	contentNoFile      = say("%s 不是普通文件", "%s is not a file")
	adviceStoreForeign = say("检查 --blob-url（TUCHUANG_BLOB_URL）或数据文件夹；存储确实属于这个数据库时，执行一次 tuchuang fsck --adopt-store",
		"see whether --blob-url (TUCHUANG_BLOB_URL) or the data folder is right; if the store truly is this database's, run tuchuang fsck --adopt-store once")
	adviceStoreOther = say("检查 --blob-url（TUCHUANG_BLOB_URL）或数据文件夹；内容确实全部丢失时加上 --repair", "see whether --blob-url (TUCHUANG_BLOB_URL) or the data folder is right; if the contents are truly lost, add --repair")
	adviceOldBackup  = say("恢复时用 --snapshot 选择另一个备份", "to restore, choose another one with --snapshot")

	helpBackup          = say("在服务器运行时备份数据库和内容", "Back up database and contents while the server runs.")
	helpBackupDest      = say("备份文件夹；多个备份共用其中的内容", "Folder of backups; they share their contents.")
	helpBackupKeep      = say("只保留最新的 N 个备份；默认全部保留", "Keep the newest N backups; all by default.")
	helpBackupVerify    = say("重新读取备份里已有的内容，损坏的再复制一次；宜每周一次", "Read contents that the backup has already, and copy those again that have changed; once a week is good.")
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

func opsHelp(u *ui) helpTexts {
	return helpTexts{
		"help_backup": u.text(helpBackup), "help_backup_dest": u.text(helpBackupDest), "help_backup_keep": u.text(helpBackupKeep),
		"help_backup_verify": u.text(helpBackupVerify), "help_restore": u.text(helpRestore), "help_restore_source": u.text(helpRestoreSource),
		"help_restore_snapshot": u.text(helpRestoreSnapshot), "help_migrate": u.text(helpMigrate), "help_to_data": u.text(helpToData),
		"help_to_blob": u.text(helpToBlob), "help_move_from": u.text(helpMoveFrom), "help_move_to": u.text(helpMoveTo),
		"help_to_database": u.text(helpToDatabase), "help_unmark": u.text(helpUnmark),
	}
}
