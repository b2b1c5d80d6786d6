package main

// mv, rm and trash
var (
	mvBoth  = say("请只给出云盘路径，或只给出图床路径：从云盘到图床用 tuchuang copy", "name paths of the drive or of the bed, not of both: tuchuang copy publishes from one to the other")
	mvWhere = say("还要给出目标：一个文件夹，或新的路径", "say where to as well: a folder, or the new path")
	mvRoot  = say("不能移动最上层文件夹", "the first level itself can't be moved")
	mvTaken = say("%s 已经存在", "%s is there already")
	mvMoved = say("已移动 %s → %s", "moved %s → %s")

	rmRoot    = say("不能删除最上层文件夹：请给出其中的文件或文件夹", "the first level itself can't be removed: name what is in it")
	rmBed     = say("图床没有回收站，删除后链接失效；确定要删除请加 --for-good", "the bed has no trash, and links end with their pictures: --for-good deletes them")
	rmTrashed = say("已移入回收站 %s", "into the trash %s")
	rmDeleted = say("已彻底删除 %s", "deleted for good %s")

	trashToBed     = say("--to 要写云盘文件夹：回收站属于云盘", "--to is a folder of the drive: the trash is the drive's")
	trashNone      = say("回收站里没有 %s", "%s is not in the trash")
	trashSeveral   = say("回收站里有 %d 个 %s", "there are %d in the trash that are called %s")
	trashLook      = say("用 tuchuang trash ls 查看，并给出编号", "tuchuang trash ls lists them with their ids: name the id")
	trashStays     = say("留在回收站 %s：它原来的文件夹也在回收站里；用 --to 指定别的文件夹", "stays in the trash %s: the folder it was in is there too; --to names another folder")
	trashRecovered = say("已恢复 %s", "recovered %s")
	trashEmptied   = say("已彻底删除 %d 个", "%d deleted for good")

	helpMv           = say("移动或重命名云盘或图床里的文件和文件夹；链接不变", "Move or rename files and folders of drive or bed; links stay.")
	helpMvPaths      = say("要移动的路径，最后一个是目标：已有的文件夹，或新的路径", "What is to be moved; the last path is where to: a folder that is there, or the new path.")
	helpRm           = say("把云盘里的文件和文件夹移入回收站；图床要加 --for-good", "Put files and folders of the drive in the trash; of the bed only with --for-good.")
	helpRmPaths      = say("要删除的路径（drive:/… 或 bed:/…）", "Paths to be removed (drive:/… or bed:/…).")
	helpForGood      = say("彻底删除，不可恢复", "Delete for good.")
	helpTrash        = say("查看、恢复或清空云盘的回收站", "List the drive's trash, recover from it, or empty it.")
	helpTrashList    = say("列出回收站", "List the trash.")
	helpTrashRecover = say("从回收站恢复到原来的文件夹；有留下的则退出码为 1", "Take things out of the trash, back to where they were; exit code 1 where one stays.")
	helpTrashEmpty   = say("彻底删除回收站里的全部内容", "Delete for good all that is in the trash.")
	helpTrashWhat    = say("tuchuang trash ls 列出的编号或名称，或原来的路径", "Ids or names, as tuchuang trash ls lists them, or the paths they had.")
	helpTrashTo      = say("恢复到这个云盘文件夹", "Folder of the drive to recover into.")
)

// get
var (
	getProgress = say("下载", "download")
	getDone     = say("已下载 %s", "downloaded %s")
	getBadName  = say("这个名称不能用作本地文件名", "its name can't be the name of a file here")
	getOther    = say("本地已有同名但内容不同的文件；用 --overwrite 覆盖", "there is other content under that name here; --overwrite replaces it")
	getDamaged  = say("收到的内容与 etag 不符，已丢弃；请重试", "what came is not what the etag says, and was thrown away: try again")
	getSummary  = say("下载 %d 个（%s），已存在 %d 个，失败 %d 个；用时 %s，%s/s", "%d downloaded (%s), %d already there, %d failed; %s, %s/s")
	getStopped  = say("已中断，还有 %d 个没有完成。再次运行同一命令：已有的会跳过，其余从断点继续。", "stopped with %d left. Run the same command again: what is there is skipped, the rest goes on where it was.")

	helpGet          = say("把云盘或图床里的文件和文件夹下载到本地，可断点续传", "Download files and folders of drive or bed; goes on after a break.")
	helpGetPaths     = say("要下载的路径（drive:/… 或 bed:/…），文件夹含其下的全部内容", "What is to be downloaded (drive:/… or bed:/…), folders with all below them.")
	helpGetTo        = say("本地目标文件夹，缺少时创建；不会写到它之外", "The folder to write into; made where it is missing. Nothing is written outside of it.")
	helpGetJobs      = say("同时下载的文件数", "Files downloaded at once.")
	helpGetOverwrite = say("替换本地同名但内容不同的文件", "Replace files of the same name and other content here.")
)

func treeHelp(u *ui) helpTexts {
	return helpTexts{
		"help_mv": u.text(helpMv), "help_mv_paths": u.text(helpMvPaths), "help_rm": u.text(helpRm), "help_rm_paths": u.text(helpRmPaths),
		"help_for_good": u.text(helpForGood), "help_trash": u.text(helpTrash), "help_trash_list": u.text(helpTrashList),
		"help_trash_recover": u.text(helpTrashRecover), "help_trash_empty": u.text(helpTrashEmpty), "help_trash_what": u.text(helpTrashWhat),
		"help_trash_to": u.text(helpTrashTo), "help_get": u.text(helpGet), "help_get_paths": u.text(helpGetPaths),
		"help_get_to": u.text(helpGetTo), "help_get_jobs": u.text(helpGetJobs), "help_get_overwrite": u.text(helpGetOverwrite),
	}
}
