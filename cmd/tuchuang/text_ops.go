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

	dataMoved      = say("数据正在迁移或已经迁移到 %v：这里暂时只能读取", "the data is being moved, or has been moved, to %v: here it is read only")
	dataUnfinished = say("%v 还没有填满（来自 %v）", "%v is not complete yet; it is being filled from %v")
	dataOther      = say("%v 正由另一个来源填充，或来源此后又有改动", "%v is being filled from something else, or its source was written to since")
	dataNotEmpty   = say("%v 里已经有数据", "there is something in %v already")
	notABackup     = say("%v 不是 tuchuang 的备份文件夹", "%v is not a folder of backups of tuchuang")
	noBackup       = say("%v 里没有完整的备份", "there is no complete backup in %v")
	backupNewer    = say("备份 %v 的格式（%v）是本程序不认识的", "the backup %v has a format (%v) that this program does not know")
	backupDamaged  = say("备份 %v 已损坏：%v", "the backup %v is damaged: %v")

	adviceMoved      = say("请使用新的位置；确实要继续用这里，运行 tuchuang migrate --unmark", "use the new place; if this one is to go on after all, run tuchuang migrate --unmark")
	adviceUnfinished = say("再次运行同样的 tuchuang migrate 或 tuchuang restore", "run the same tuchuang migrate or tuchuang restore again")
	adviceOther      = say("清空目标后重新开始", "empty it and begin anew")
	adviceNotEmpty   = say("这个命令不会覆盖任何东西：请指定一个空的位置", "this command overwrites nothing: name an empty place")
	adviceNotABackup = say("备份要写入空文件夹或已有的备份文件夹", "a backup goes into an empty folder or one of backups")
	adviceOldBackup  = say("用 --snapshot 选择另一个备份", "choose another one with --snapshot")

	helpBackup          = say("在服务器运行时备份数据库和内容", "Back up database and contents while the server runs.")
	helpBackupDest      = say("备份文件夹；多个备份共用其中的内容", "Folder of backups; they share their contents.")
	helpBackupKeep      = say("只保留最新的 N 个备份；默认全部保留", "Keep the newest N backups; all by default.")
	helpBackupVerify    = say("重新读取已有的内容，损坏的再复制一次", "Read contents that are there already, and copy those again that have changed.")
	helpRestore         = say("把备份恢复到空的数据文件夹", "Restore a backup into an empty data folder.")
	helpRestoreSource   = say("备份文件夹", "Folder of backups.")
	helpRestoreSnapshot = say("备份的名称；默认最新的", "Name of the backup; the newest by default.")
)

func opsHelp(u *ui) kong.Vars {
	return kong.Vars{
		"help_backup": u.text(helpBackup), "help_backup_dest": u.text(helpBackupDest), "help_backup_keep": u.text(helpBackupKeep),
		"help_backup_verify": u.text(helpBackupVerify), "help_restore": u.text(helpRestore), "help_restore_source": u.text(helpRestoreSource),
		"help_restore_snapshot": u.text(helpRestoreSnapshot),
	}
}
