package main

import "tuchuang/internal/linkformat"

// text is one message in both languages, with the same verbs in the same order.
type text struct{ zh, en string }

// texts are all messages there are, for the test that reads them.
var texts []text

func say(zh, en string) text {
	t := text{zh, en}
	texts = append(texts, t)
	return t
}

// What goes wrong, and what to do about it.
var (
	tryHelp       = say("用 tuchuang --help 或 tuchuang 命令 --help 查看用法", "see tuchuang --help, or tuchuang COMMAND --help")
	interrupted   = say("已中断", "interrupted")
	tellOperator  = say("如需帮助，请把这个编号告诉管理员：%s", "if it stays so, tell the operator this number: %s")
	unreachable   = say("连接不上服务器：%v", "the server can't be reached: %v")
	waiting       = say("与服务器的连接断了，正在重试……", "the connection broke, trying again …")
	outputLost    = say("结果没能写出：%v", "the result could not be written: %v")
	checkServer   = say("检查地址和网络；用 --server 或 tuchuang login 指定服务器，稍后可原样重试", "check address and network; --server or tuchuang login name a server; the same command can be run again")
	pathMissing   = say("%s 不存在", "%s does not exist")
	pathNotFolder = say("%s 不是文件夹", "%s is not a folder")
	pathIsFolder  = say("%s 是文件夹，这里要给出图片", "%s is a folder, and pictures are wanted here")
	pathBadName   = say("%s 不能作为文件夹的名称：要少于 256 个字符，不含 \" \\ / : * ? | > <", "%s can't be the name of a folder: it has less than 256 characters and none of \" \\ / : * ? | > <")
	lookWithLs    = say("用 tuchuang ls drive:/ 或 tuchuang ls bed:/ 看看有什么", "tuchuang ls drive:/ and tuchuang ls bed:/ show what is there")

	noServer       = say("还不知道要用哪个服务器", "no server is known yet")
	noServerAdvice = say("先运行 tuchuang login --server http://主机:端口 --client-id ID", "run tuchuang login --server http://host:port --client-id ID first")
	noClientID     = say("没有给出 --client-id", "no --client-id was given")
	noSecret       = say("没有密钥：请设置环境变量 %s，或在终端里运行", "no secret: set the variable %s, or run this at a terminal")
	badProfile     = say("配置文件 %s 无法读取：%v", "the profile %s can't be read: %v")
	tokenNotKept   = say("访问令牌没能保存：%v", "the access token could not be kept: %v")

	adviceCredentials = say("检查 client id 和密钥，然后重新运行 tuchuang login", "check client id and secret, then run tuchuang login again")
	adviceDisabled    = say("请管理员重新启用：tuchuang user enable 账号名", "the operator can enable it again: tuchuang user enable NAME")
	adviceEntries     = say("删除一些文件和文件夹并清空回收站，或请管理员提高上限", "delete some files and folders and empty the trash, or ask the operator for a higher limit")
	adviceQuota       = say("删除一些文件并清空回收站，或请管理员增加配额；未完成的上传也占用空间，接着传完或等 24 小时后过期", "delete something and empty the trash, or ask the operator for a larger quota; unfinished uploads hold room too, until they are gone on with or expire after 24 hours")
	adviceDiskFull    = say("管理员腾出空间后，再次运行同一命令即可", "when the operator has made room, run the same command again")
	adviceTasks       = say("等一个任务结束再试（tuchuang task ID 可查看进度）", "wait until one of them has ended (tuchuang task ID shows how far it is), then try again")
	adviceGoesOn      = say("等任务结束（tuchuang task 编号），或先取消它", "wait for its end (tuchuang task ID), or cancel it first")
	adviceTaskID      = say("检查任务编号：它由 tuchuang copy 给出", "check the id: it is the one tuchuang copy gave")
	adviceName        = say("请改名；也不能含控制字符，不能只有空格，不能是 . 或 ..", "rename it and run the same command again")
	adviceLook        = say("先查看结果，再决定是否重做", "look whether it was done before you do it again")
	adviceLater       = say("服务器暂时不可用，请稍后重试", "the server is busy: try again later")
	adviceUploads     = say("未完成的上传太多，它们 24 小时后过期；请稍后重试", "too many uploads are unfinished; they expire after 24 hours: try again later")
	adviceHash        = say("传输内容与声明不符，请重试", "what arrived is not what was sent: run the same command again")
	adviceDepth       = say("文件夹层级太深，请换一个更浅的位置", "the folders are nested too deep: choose a place further up")
)

// login
var (
	noServerGiven = say("没有给出 --server", "no --server was given")
	loginAdvice   = say("写作 tuchuang login --server http://主机:端口 --client-id ID；两者由管理员给出", "write tuchuang login --server http://host:port --client-id ID; the operator gives both")
	adviceProfile = say("删除这个文件，然后重新运行 tuchuang login", "delete that file, then run tuchuang login again")

	askSecret = say("%s 的密钥（不显示）：", "secret of %s (not shown): ")
	loggedIn  = say("已登录 %s，账号 %s（uid %d），已用 %s；配置保存在 %s", "logged in at %s as %s (uid %d), %s in use; kept in %s")
)

// put
var (
	putUploaded   = say("已上传 %s", "uploaded %s")
	putInstant    = say("已秒传 %s", "uploaded at once (the content was there) %s")
	putSkipped    = say("已存在 %s", "already there %s")
	putFailed     = say("失败 %s：%s", "failed %s: %s")
	putNotRegular = say("跳过 %s：不是普通文件", "left out %s: not a regular file")
	putSymlink    = say("跳过 %s：文件夹里的符号链接不会跟随", "left out %s: symbolic links inside folders are not followed")
	putProgress   = say("上传", "upload")
	putFiles      = say("%d/%d 个文件", "%d/%d files")
	putSummary    = say("上传 %d 个（%s），已存在 %d 个，失败 %d 个；用时 %s，%s/s", "%d uploaded (%s), %d already there, %d failed; %s, %s/s")
	putStopped    = say("已中断，还有 %d 个没有完成。再次运行同一命令：已有的会跳过，大文件从断点继续。", "stopped with %d left. Run the same command again: what is there is skipped, large files go on where they were.")
	putSomeFailed = say("解决上述问题后再次运行同一命令即可：已有的会跳过。", "Run the same command again when this is solved: what is there is skipped.")

	putNothing    = say("%s 里没有可上传的文件", "there are no files to upload in %s")
	putMissing    = say("没有这个文件", "no such file")
	putDenied     = say("没有读取权限", "no permission to read it")
	putChanged    = say("读取过程中文件发生了变化；请在不再变化后重试", "it changed while it was read; run the command again when it no longer changes")
	putGone       = say("读取过程中文件被删除了", "it was deleted while it was read")
	putOther      = say("云盘里已有同名但内容不同的文件；用 --overwrite 覆盖或 --keep-both 同时保留", "the drive has other content under that name; --overwrite replaces it, --keep-both keeps both")
	putFolderHere = say("云盘里已有同名文件夹", "the drive has a folder of that name")
	putTwice      = say("与 %s 目标相同", "it would go to the same place as %s")
	putBadUTF8    = say("文件名不是 UTF-8，请改名", "its name is not UTF-8: rename it")
	putNoState    = say("断点信息没能保存，中断后大文件要重新上传：%v", "what is needed to go on later could not be kept, so a large file would begin anew: %v")
	putHalfway    = say("读取过程中文件发生了变化，已传到云盘的 %s 也没能移走（%s）；请先删除它再重试", "it changed while it was read, and %s, which arrived in the drive, could not be taken away (%s): delete it, then run the command again")
	putToBed      = say("put 只上传到云盘：--to 要写云盘路径；图床用 tuchuang copy 发布", "put uploads into the drive: --to is a path of the drive; tuchuang copy publishes to the bed")
)

// copy and task
var (
	copyTooMany    = say("一个任务最多 %d 个路径，给了 %d 个；加上 --split 会分成几个任务，或给出它们所在的文件夹", "a task takes at most %d paths, %d were given: --split makes several tasks of them, or name the folder they are in")
	copyWhat       = say("请给出云盘路径，或用 --plan 给出计划编号，二者选一", "name paths of the drive, or a plan with --plan: one of the two")
	copyNotDrive   = say("%s 不是云盘路径：复制任务从云盘（drive:/…）复制到图床（--to bed:/…）", "%s is not a path of the drive: a task copies from the drive (drive:/…) to the bed (--to bed:/…)")
	copyNotBed     = say("%s 不是图床路径", "%s is not a path of the bed")
	copyRoot       = say("不能复制整个云盘：请给出其中的文件夹", "the whole drive can't be copied: name folders in it")
	copyWaiting    = say("任务 %s 在排队", "task %s is waiting")
	copyRunning    = say("任务 %s 正在运行", "task %s is running")
	copyProgress   = say("复制", "copy")
	copyInQueue    = say("排队中", "waiting")
	copyCounts     = say("%d/%d 张", "%d/%d pictures")
	copyGoesOn     = say("任务 %s 在服务器上继续；查看进度：tuchuang task %s", "task %s goes on at the server; see how far it is with: tuchuang task %s")
	copyDone       = say("任务 %s 已完成：复制 %d，替换 %d，跳过 %d，失败 %d", "task %s is done: %d copied, %d replaced, %d skipped, %d failed")
	copyState      = say("任务 %s：复制 %d，替换 %d，跳过 %d，失败 %d", "task %s: %d copied, %d replaced, %d skipped, %d failed")
	copyDoneShort  = say("任务 %s 已完成，失败 %d", "task %s is done, %d failed")
	copyFailed     = say("任务 %s 失败：%s", "task %s failed: %s")
	copyFailedItem = say("失败 %s：%s", "failed %s: %s")
	copyUnknown    = say("任务 %s 状态未知：%d", "task %s has an unknown state: %d")
	copyLinks      = say("图片的链接：%s links %s", "the links of the pictures: %s links %s")
	copyAskAgain   = say("没有收到服务器的回答：任务可能已经创建。再次复制同样的图片不会重复，链接也不变。", "the server's answer did not arrive: a task may have been created. Copying the same again makes nothing twice, and keeps the links.")
	taskUndone     = say("已于 %s 撤销", "undone at %s")
	copyDuration   = say("用时 %s", "took %s")

	noReason           = say("服务器没有说明原因", "the server gives no reason")
	taskNoID           = say("没有给出任务编号", "no id of a task was given")
	failSourceDeleted  = say("源文件已被删除或替换", "the source was deleted or replaced")
	failSourceBlocked  = say("源内容已被管理员屏蔽", "the operator has blocked this content")
	failContentMissing = say("源内容丢失", "the stored content is missing")
	failContentDamaged = say("源内容损坏", "the stored content is damaged")
	failLimitDepth     = say("目标文件夹在任务期间被移动，图床层级将超过 128 层", "the target was moved meanwhile, and the bed would pass 128 levels")
	failTargetDeleted  = say("目标文件夹已被删除", "the target folder was deleted")
	failQuota          = say("空间不足", "no room left in the account")
	failInternal       = say("服务器内部错误", "an error inside the server")
	taskLimitImages    = say("图片超过 %s 张，没有复制任何图片；加上 --split 会分成几个任务", "more than %s pictures, nothing was copied: --split makes several tasks of it")
	taskLimitDepth     = say("文件夹超过 %s 层，没有复制任何图片；加上 --split 会分成几个任务", "more than %s levels of folders, nothing was copied: --split makes several tasks of it")
	taskLimitFolders   = say("文件夹太多，没有复制任何图片；加上 --split 会分成几个任务", "too many folders, nothing was copied: --split makes several tasks of it")
	taskAllFailed      = say("所有图片都失败了", "every picture failed")
	taskCancelled      = say("任务已取消", "it was cancelled")
	failCancelled      = say("任务在轮到它之前被取消", "the task was cancelled before its turn")
	skipNoPicture      = say("不是支持的图片格式", "not one of the nine picture formats")
	skipTooLarge       = say("图片太大", "the picture is too large")
	skipEmpty          = say("文件为空", "the file is empty")
	skipTwice          = say("同一任务中同一目标文件夹已有相同的图片", "the same picture comes earlier in this task, in the same folder")

	tasksLimit      = say("--limit 要一个正整数，而不是 %d", "--limit wants a positive number but got %d")
	tasksLine       = say("%s  %s  %s  已发布 %d/%d，跳过 %d，失败 %d", "%s  %s  %s  %d of %d published, %d skipped, %d failed")
	tasksNoState    = say("--status 不认识 %s：可用 waiting、running、done、failed、cancelled", "--status does not know %s: waiting, running, done, failed or cancelled")
	itemsNoOutcome  = say("--outcome 不认识 %s：可用 copied、replaced、skipped、failed、open、any", "--outcome does not know %s: copied, replaced, skipped, failed, open or any")
	stateWaiting    = say("排队中", "waiting")
	stateRunning    = say("运行中", "running")
	stateDone       = say("已完成", "done")
	stateUndone     = say("已撤销", "undone")
	stateFailed     = say("失败", "failed")
	stateCancelled  = say("已取消", "cancelled")
	taskIsCancelled = say("任务 %s 已取消；已发布的 %d 张图片保留", "task %s is cancelled; the %d pictures that were published stay")
)

// plan, undo, republish, and a copy that is split
var (
	planCounts  = say("将新增 %d 张（%s），替换 %d 张，其中改名 %d 张；跳过 %d，失败 %d", "%d would be new (%s with the replaced), %d replaced, %d of all under another name; %d skipped, %d failed")
	planLimit   = say("任务将会失败：%s（现为 %d，上限 %d）", "the task would fail: %s (%d, the most is %d)")
	planTooMany = say("图片超过 %s 张", "more than %s pictures")
	planTooDeep = say("文件夹超过 %s 层", "more than %s levels of folders")
	planFolders = say("文件夹太多", "too many folders")
	planSplit   = say("%s copy --split 会分成几个任务", "%s copy --split makes several tasks of it")
	planNext    = say("按此计划执行：%s copy --plan %s", "to carry it out: %s copy --plan %s")

	undoKept  = say("保留 %s：%s", "kept %s: %s")
	undoDone  = say("已移除 %d 张，恢复 %d 张，保留 %d 张", "%d removed, %d restored, %d kept")
	undoWould = say("将移除 %d 张，恢复 %d 张，保留 %d 张；没有做任何改动", "%d would be removed, %d restored, %d kept; nothing was changed")

	keptReplaced    = say("任务之前图床中已有此图片", "it was in the bed before the task")
	keptRepublished = say("之后又被其他任务发布", "another task has published it since")
	keptChanged     = say("之后已换成其他图片", "it shows another picture since")
	keptMoved       = say("之后已被移动", "it was moved since")
	keptTouched     = say("之后已被重命名、移动或重新上传", "it was renamed, moved or uploaded again since")
	keptNoContent   = say("之前的内容已不存在", "the former content is gone")

	failImageDeleted = say("图床图片已被删除", "the image was deleted from the bed")
	skipUpToDate     = say("链接已是最新图片", "the link shows this picture already")
	skipNoSource     = say("图片不是从云盘发布的", "it was not published from the drive")

	republishBoth   = say("请只给出云盘路径，或只给出图床路径", "name paths of the drive or of the bed, not of both")
	republishFolder = say("图床文件夹请一次一个", "name one folder of the bed at a time")

	splitBegun   = say("任务 %s 已创建（%d/%d）", "task %s is created (%d of %d)")
	splitStopped = say("提前结束：已完成 %d/%d 个任务，未创建 %d 个；复制 %d，替换 %d，跳过 %d，失败 %d。再次运行同一命令即可，链接不变", "ended early: tasks done: %d of %d, not created: %d; %d copied, %d replaced, %d skipped, %d failed. Run the same command again: the links stay")
	splitCutting = say("正在查看需要几个任务……", "looking into how many tasks it takes …")
	splitDone    = say("已完成的任务：%d；复制 %d，替换 %d，跳过 %d，失败 %d", "tasks done: %d; %d copied, %d replaced, %d skipped, %d failed")

	advicePlan         = say("用 tuchuang plan 重新生成计划", "make the plan again: tuchuang plan")
	adviceNotPublished = say("用 tuchuang published drive:/… 查看哪些图片已发布", "tuchuang published drive:/… shows what is published")
)

// ls and links
var (
	lsWhich    = say("%s：请写 drive:/… （云盘）或 bed:/… （图床）", "%s: write drive:/… for the drive or bed:/… for the bed")
	lsEmpty    = say("（空）", "(empty)")
	linksNone  = say("%s 里没有图片", "no pictures in %s")
	emptyPath  = say("有一个路径是空的（变量没有值？）：第一层写 drive:/ 或 bed:/，当前文件夹写 .", "a path is empty (a variable without a value?): the first level is drive:/ or bed:/, the folder you are in is .")
	linksForm  = say("--%s 无法使用：模板单独给出，或与 --format template 一起给出；最多 %d 字节，只能用已知的 {…}，花括号本身写作 {{ 和 }}", "--%s makes no sense: a template goes alone or with --format template, has at most %d bytes and known {…} only; a brace itself is {{ or }}")
	linksClash = say("--json 与 --format %s 不能同时使用", "--json and --format %s exclude each other")
)

// task report
var (
	reportNoFile    = say("%s 不是普通文件", "%s is not a regular file")
	reportUnwritten = say("%s 无法写入：%s", "%s can't be written: %s")
	reportWritten   = say("已写入 %s", "written to %s")
)

// published
var (
	publishedNotDrive = say("%s 不是云盘路径：这里查的是云盘（drive:/…）里的图片发布在哪里", "%s is not a path of the drive: what is asked is where pictures of the drive (drive:/…) are published")
	publishedNowhere  = say("未发布", "unpublished")
	publishedCurrent  = say("最新", "current")
	publishedOutdated = say("过期", "outdated")
)

// Help.
var (
	description = say("图床：把云盘里的图片发布为永久链接", "Publishes pictures from a drive as permanent links.")

	helpJSON       = say("向标准输出写 JSON，供脚本使用", "Write JSON to standard output, for scripts.")
	helpLogin      = say("检查并保存服务器、client id 和密钥", "Check and keep server, client id and secret.")
	helpPut        = say("上传文件和文件夹到云盘", "Upload files and folders into the drive.")
	helpCopy       = say("把云盘里的图片复制到图床；退出码：3 有失败，4 超出上限或空间不足，5 已取消", "Copy pictures from the drive to the bed; exit codes: 3 some failed, 4 a limit or the quota, 5 cancelled.")
	helpTask       = say("查看、取消、重试或撤销复制任务", "Show a copy task, cancel it, try its failed pictures again, or undo it.")
	helpTaskUndo   = say("撤销任务：移除它新增且之后无人改动的图片，以及它新建且已空的文件夹，恢复它更新的图片；它替换的图片保留，之后的任务又复制过的也算再次发布，同样保留", "Undo a task: remove the images that it made and nobody has touched since, and the folders that it made and that are empty then; restore the images that it re-published. What it replaced stays, and so does what a later task has copied again, as that is published again.")
	helpDryRun     = say("只说明会做什么，不做任何改动", "Only say what would be done.")
	helpPlan       = say("说明复制任务会做什么，不做任何改动；退出码与该任务相同", "Say what a copy task would do, and do nothing; the exit code is the task's.")
	helpPlanItems  = say("列出每张图片", "List every picture.")
	helpCopyPlan   = say("执行 tuchuang plan 给出的计划", "Carry out a plan that tuchuang plan has made.")
	helpSplit      = say("超出一个任务的上限时，按文件夹分成几个任务", "Where it is more than a task can hold, make several tasks of it, by folder.")
	helpRepublish  = say("让已有的链接显示云盘里现在的图片；链接不变", "Put the drive's present pictures behind existing links; the links stay.")
	helpRepubPaths = say("云盘图片（drive:/…），或图床图片，或一个图床文件夹（bed:/…）", "Pictures of the drive (drive:/…), or pictures of the bed, or a folder of it (bed:/…).")
	helpTaskShow   = say("查看复制任务；退出码与 copy 相同", "Show a copy task; the exit codes are those of copy.")
	helpTaskWatch  = say("跟随任务直到结束；退出码同 copy", "Follow a task to its end; exit codes as copy.")
	helpTaskItems  = say("列出任务的每张图片：结果、来源、链接或原因", "List every picture of a task: what became of it, where it came from, its link or the reason.")
	helpTaskCancel = say("取消任务；已发布的图片保留", "Cancel a task; what is published stays.")
	helpTaskRetry  = say("用一个新任务重试失败的图片", "Try the pictures that failed again, as another task.")
	helpTaskReport = say("把任务的明细写成文件：每张图片一行", "Write all that became of a task as a file: a line for every picture.")
	helpReportForm = say("csv（可用表格软件打开）或 json；使用 --json 时为 json", "csv, for spreadsheets, or json; with --json, json.")
	helpReportOut  = say("写到这个文件；默认写到标准输出", "The file to write; standard output by default.")
	helpOutcome    = say("只列出这种结果：copied、replaced、skipped、failed、open", "Only those with this outcome: copied, replaced, skipped, failed, open.")
	helpTasks      = say("列出复制任务，最新的在前", "List the copy tasks, the newest first.")
	helpTasksState = say("只列出这种状态：waiting、running、done、failed、cancelled", "Only those that are waiting, running, done, failed or cancelled.")
	helpTasksLimit = say("最多列出多少个", "So many at most.")
	helpLs         = say("列出云盘或图床文件夹", "List a folder of drive or bed.")
	helpLinks      = say("写出图床里图片的链接", "Write the links of pictures in the bed.")
	helpPublished  = say("查看云盘里的图片发布在哪里，链接显示的是否还是它现在的内容", "Show where pictures of the drive are published, and whether the links still show what they are now.")
	helpDrivePaths = say("云盘里的图片或文件夹（含其下的所有文件夹）", "Pictures of the drive, or folders with all below them.")
	helpVersion    = say("显示版本", "Show the version.")
	helpServer     = say("服务器地址，默认为登录时保存的", "Address of the server; by default the one kept by login.")
	helpClientID   = say("账号的 client id；密钥来自 TUCHUANG_CLIENT_SECRET 或提问", "Client id of the account; the secret comes from TUCHUANG_CLIENT_SECRET or is asked for.")
	helpLocal      = say("本地文件或文件夹", "Local files and folders.")
	helpPutTo      = say("云盘目标文件夹，缺少时创建", "Folder of the drive; made where it is missing.")
	helpJobs       = say("同时上传的文件数", "Files uploaded at once.")
	helpOverwrite  = say("替换同名但内容不同的文件", "Replace files of the same name and other content.")
	helpKeepBoth   = say("保留同名文件，新文件加序号", "Keep both; the new one gets a number.")
	helpSource     = say("云盘路径；一个任务最多 100 个", "Paths of the drive; one task takes at most 100.")
	helpCopyTo     = say("图床目标文件夹，缺少时创建", "Folder of the bed; made where it is missing.")
	helpNoWait     = say("只打印任务编号，不等待结束", "Print the task's id and don't wait.")
	helpTaskID     = say("copy 给出的任务编号", "Id that copy gave.")
	helpPath       = say("drive:/… 或 bed:/…", "drive:/… or bed:/…")
	helpBedPath    = say("图床中的文件夹或图片", "A folder or picture of the bed.")
	helpFormat     = say("格式：%s；给出模板时为 template", "One of %s; where a template is given, that.")
	helpTemplate   = say("自己的格式：{url} {name} {stem} {ext} {id} {etag} {size} {n} 由图片的值代替，{name:md}、{name:html}、{name:json}、{name:csv}、{name:url} 按该语言转义，{{ 和 }} 是花括号", "A form of your own: {url} {name} {stem} {ext} {id} {etag} {size} {n} stand for a picture's values, {name:md}, html, json, csv or url escapes one for that language, {{ and }} are braces.")
)

// helpTexts are the help of commands and flags by its name, in the user's language.
type helpTexts map[string]string

func clientHelp(u *ui) helpTexts {
	return helpTexts{
		"help_json": u.text(helpJSON), "help_login": u.text(helpLogin), "help_put": u.text(helpPut),
		"help_copy": u.text(helpCopy), "help_task": u.text(helpTask), "help_task_show": u.text(helpTaskShow), "help_task_items": u.text(helpTaskItems),
		"help_task_cancel": u.text(helpTaskCancel), "help_task_retry": u.text(helpTaskRetry), "help_task_outcome": u.text(helpOutcome),
		"help_tasks": u.text(helpTasks), "help_tasks_limit": u.text(helpTasksLimit), "help_ls": u.text(helpLs),
		"help_links": u.text(helpLinks), "help_version": u.text(helpVersion), "help_server": u.text(helpServer),
		"help_client_id": u.text(helpClientID), "help_local": u.text(helpLocal), "help_put_to": u.text(helpPutTo),
		"help_jobs": u.text(helpJobs), "help_overwrite": u.text(helpOverwrite), "help_keep_both": u.text(helpKeepBoth),
		"help_source": u.text(helpSource), "help_copy_to": u.text(helpCopyTo), "help_no_wait": u.text(helpNoWait),
		"help_task_id": u.text(helpTaskID), "help_path": u.text(helpPath), "help_bed_path": u.text(helpBedPath),
		"help_format":   u.text(helpFormat, linkformat.Names),
		"help_template": u.text(helpTemplate), "help_published": u.text(helpPublished), "help_drive_paths": u.text(helpDrivePaths),
		"help_task_undo": u.text(helpTaskUndo), "help_dry_run": u.text(helpDryRun), "help_plan": u.text(helpPlan), "help_plan_items": u.text(helpPlanItems),
		"help_copy_plan": u.text(helpCopyPlan), "help_split": u.text(helpSplit), "help_republish": u.text(helpRepublish),
		"help_republish_paths": u.text(helpRepubPaths),
		"help_task_report":     u.text(helpTaskReport), "help_report_format": u.text(helpReportForm), "help_report_out": u.text(helpReportOut),
		"help_task_watch": u.text(helpTaskWatch), "help_tasks_status": u.text(helpTasksState),
	}
}
