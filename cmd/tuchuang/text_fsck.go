package main

var (
	fsckClean     = say("没有发现问题", "nothing is wrong")
	fsckSum       = say("发现 %d 处问题，修复 %d 处，剩余 %d 处", "%d found, %d mended, %d left")
	fsckHasWant   = say("现为 %s，应为 %s", "has %s, should have %s")
	fsckHas       = say("现为 %s", "has %s")
	fsckFixed     = say("已修复", "mended")
	fsckFixable   = say("可用 --repair 修复", "--repair mends it")
	fsckUnfixable = say("无法自动修复", "can't be mended here")
	fsckRefused   = say("修复失败：%s", "the repair failed: %s")
	badRate       = say("--rate %q 不对：写作 20M、1G 或 unlimited，表示每秒读取的字节数", "--rate %q makes no sense: write 20M, 1G or unlimited, bytes a second")

	helpFsck   = say("检查数据库和存储的内容；服务器可以同时运行", "Check the database and the stored content; a server may run meanwhile.")
	helpRepair = say("修复能修复的", "Mend what can be mended.")
	helpRead   = say("读出全部内容并核对哈希，标记丢失或损坏的", "Read and hash all content too; mark what is missing or damaged.")
	helpAdopt  = say("把存储标记为属于本数据库，无论其中原来的标记是什么：仅在确认存储正确时使用", "Note in the store that it is this database's, whatever is noted there: only where you know that it is the right one.")
	helpRate   = say("--read 每秒最多读多少，如 20M（默认 64M）；unlimited 不限", "How much --read reads a second at most, as 20M (64M); or unlimited.")
)

// fsckMeanings say what each finding means.
var fsckMeanings = map[string]text{
	"database":              say("数据库文件损坏：请从备份恢复", "the database file is damaged: restore a backup"),
	"row.account":           say("有数据属于不存在的账号", "rows of an account that is not there"),
	"key.length":            say("签名密钥不完整：令牌和链接签名不可靠", "a signing key is not whole: tokens and signed URLs can't be relied on"),
	"mark.empty":            say("数据库带有空的标记", "the database has a mark that says nothing"),
	"time.ahead":            say("一个时间远在将来：任务不会执行，或清理不会发生", "a time lies far ahead: a task would never run, or nothing would be removed"),
	"account.state":         say("账号状态未知", "the account has an unknown state"),
	"account.used":          say("已用空间与文件和图片的总和不符", "the bytes used are not the sum of files and images"),
	"account.reserved":      say("预留空间与未完成上传的总和不符", "the bytes reserved are not the sum of open uploads"),
	"account.next_blob":     say("下一个内容编号已被使用，上传会失败", "the next number for content is in use: uploads will fail"),
	"account.next_task":     say("下一个任务编号已被使用，创建任务会失败", "the next number for a task is in use: tasks can't be created"),
	"account.client":        say("账号没有密钥，无法登录：执行 tuchuang user reset", "the account has no client and can't sign in: tuchuang user reset"),
	"client.secret":         say("密钥的哈希不完整，无法登录：执行 tuchuang user reset", "the hash of a client's secret is not whole: tuchuang user reset"),
	"token.client":          say("令牌没有对应的密钥", "a token of a client that is not there"),
	"token.grant":           say("应用的令牌没有对应的授权", "a token of an app that nobody allowed"),
	"grant.client":          say("授权给了不存在的应用", "an app is allowed that is not there"),
	"grant.facts":           say("应用授权的记录不完整", "what an app was allowed is not whole"),
	"blob.state":            say("内容状态未知", "content has an unknown state"),
	"blob.facts":            say("内容的哈希不完整", "the hashes of content are not whole"),
	"blob.begun":            say("一次早已中断的上传留下了内容", "content of an upload that ended long ago"),
	"blob.unnoticed":        say("内容没有人使用，也不会被清理", "nothing refers to this content, and nothing will remove it"),
	"unreferenced.row":      say("待清理列表中的内容不存在", "content that is not there is listed as unreferenced"),
	"doomed.row":            say("仍在使用的内容被列入删除", "content that has its row is listed for removal"),
	"content.missing":       say("存储中没有这份内容：从备份恢复，或重新上传同样的文件", "the store does not have this content: restore it, or upload the same file again"),
	"content.no_file":       say("存储中这份内容的位置上不是普通文件：移走它，再从备份恢复，或重新上传同样的文件", "what is in the place of this content is no file: take it away, then restore it, or upload the same file again"),
	"content.unreadable":    say("无法读取这份内容：检查权限和磁盘", "this content can't be read: look at its permissions and at the disk"),
	"content.size":          say("存储的内容长度不对：从备份恢复，或重新上传同样的文件", "stored content has another size: restore it, or upload the same file again"),
	"content.damaged":       say("存储的内容已损坏：从备份恢复，或重新上传同样的文件", "stored content is damaged: restore it, or upload the same file again"),
	"content.back":          say("标记为丢失或损坏的内容完好无损", "content that is marked as lost is there and whole"),
	"content.facts":         say("记录的图片类型或尺寸与内容不符", "type or dimensions are not those of the content"),
	"store.stranger":        say("存储中有数据库不认识的内容", "the store has content that the database does not know"),
	"store.needed":          say("有文件或图片引用的内容没有记录（内容与其 etag 和大小一致时，修复后重新建立记录；否则保留不动）", "content without a row that something refers to (mended: its row is made again, where the bytes are those of etag and size; else both stay)"),
	"store.unlisted":        say("无法列出存储的内容：没有查找多余的内容", "the store can't be listed: what it has too much was not looked for"),
	"store.misplaced":       say("内容放错了文件夹，没有程序会读取它：移到正确的位置，或删除", "content in the wrong folder, where nothing reads it: move it to its place, or remove it"),
	"store.others":          say("不属于本程序的文件：保留不动", "files that are not of this program: left alone"),
	"store.foreign":         say("存储中有不属于本数据库的内容：它属于另一个安装，或写于所恢复的备份之后", "the store has content that this database never made: it is of another installation, or newer than the backup that was restored"),
	"drive.next_id":         say("下一个文件编号已被使用", "the next number for a file is in use"),
	"drive.root":            say("云盘没有根目录", "the drive has no root"),
	"drive.parent":          say("所在文件夹不存在（修复后移入 lost+found）", "its folder is not there (mended: moved to lost+found)"),
	"drive.cycle":           say("文件夹在自己的下级之中（修复后移入 lost+found）", "a folder is below itself (mended: moved to lost+found)"),
	"drive.children":        say("文件夹的条目计数不对", "a folder counts its entries wrongly"),
	"drive.total":           say("文件夹的大小不对", "a folder sums the sizes below it wrongly"),
	"drive.folder":          say("文件夹带有文件内容", "a folder has the content of a file"),
	"drive.class":           say("文件的类别与名称和大小不符", "the class of a file is not that of its name and size"),
	"drive.name":            say("名称不合规则", "a name that no entry may have"),
	"drive.trashed":         say("回收站状态未知", "an unknown state of the trash"),
	"drive.content_row":     say("文件的内容没有记录", "the content of a file has no row"),
	"drive.content_lost":    say("文件的内容已丢失或损坏：重新上传同样的文件", "the content of a file is missing or damaged: upload the same file again"),
	"drive.content_differs": say("文件的 etag 或大小与其内容不符", "etag or size of a file is not that of its content"),
	"drive.indexed":         say("名称不在搜索索引中，搜索找不到它", "a name that is not in the index: no search finds it"),
	"drive.index_left":      say("搜索索引中有不存在的文件", "the index has a file that is not there"),
	"bed.root":              say("图床没有唯一的根目录", "the bed has no one root"),
	"bed.parent":            say("上级文件夹不存在（修复后移入 lost+found）", "the folder above is not there (mended: moved to lost+found)"),
	"bed.cycle":             say("文件夹在自己的下级之中（修复后移入 lost+found）", "a folder is below itself (mended: moved to lost+found)"),
	"bed.name":              say("名称不合规则", "a name that no folder may have"),
	"bed.name_twice":        say("文件夹与图片同名", "a folder has the name of an image beside it"),
	"bed.detached":          say("文件夹状态未知", "a folder has an unknown state"),
	"image.folder":          say("图片所在的文件夹不存在（修复后移入 lost+found，链接不变）", "the folder of an image is not there (mended: moved to lost+found, the link stays)"),
	"image.name":            say("名称不合规则", "a name that no image may have"),
	"image.ext":             say("链接的后缀不是九种格式之一", "a link ends with none of the nine formats"),
	"image.size":            say("图片大小超出范围", "an image has a size that none may have"),
	"image.content_row":     say("图片的内容没有记录", "the content of an image has no row"),
	"image.content_lost":    say("图片的内容已丢失或损坏：重新上传同样的文件", "the content of an image is missing or damaged: upload the same file again"),
	"image.content_differs": say("图片的 etag 或大小与其内容不符", "etag or size of an image is not that of its content"),
	"queue.unfinished":      say("队列中未完成任务的计数不对：有任务可能不会执行", "a turn in the queue counts its unfinished tasks wrongly: some may never run"),
	"queue.no_turn":         say("未完成的任务不在队列中，不会执行", "unfinished tasks without a turn in the queue: they never run"),
	"queue.turn":            say("队列记录没有对应的任务", "a turn in the queue without a task"),
	"offline.task":          say("离线下载任务只剩一半记录", "half of a download's rows are gone"),
	"offline.verdict":       say("离线下载的结果与任务状态不符", "the result of a download is not that of its task's state"),
	"offline.blob":          say("离线下载的内容没有记录（修复后重新下载）", "what a download has brought has no row (mended: it begins anew)"),
	"offline.got":           say("离线下载的进度与已下载的部分不符（修复后重新下载）", "a download counts wrongly what has come (mended: it begins anew)"),
	"offline.callback":      say("离线下载的回调记录不完整", "the rows of a callback are not whole"),
	"offline.slice":         say("已下载的部分没有对应的离线下载", "a part that came belongs to no download"),
	"task.state":            say("任务状态未知", "a task has an unknown state"),
	"task.times":            say("任务的时间与状态不符", "the times of a task are not those of its state"),
	"task.copy":             say("任务只剩一半记录", "half of a task's rows are gone"),
	"task.unfinished":       say("未完成的任务过多", "too many unfinished tasks"),
	"task.counters":         say("任务的计数与明细不符", "the counters of a task are not the sums of its items"),
	"task.skipped":          say("任务的跳过计数与明细不符", "a task counts its skipped items wrongly"),
	"task.verdict":          say("任务的结果与状态不符", "the verdict of a task is not that of its state"),
	"task.retry_of":         say("任务所重试的任务不存在", "a task tries another one again that is not there"),
	"task.sources":          say("任务的来源记录不完整", "the sources of a task are not whole"),
	"task.folders":          say("任务的目标文件夹记录不完整", "the target folders of a task are not whole"),
	"task.dirs":             say("任务的来源文件夹记录不完整", "the source folders of a task are not whole"),
	"task.items":            say("任务的明细自相矛盾", "items of a task contradict themselves"),
	"task.numbers":          say("任务的明细编号有缺口", "the items of a task are not numbered without a gap"),
	"task.failures":         say("任务的失败编号有缺口", "the failures of a task are not numbered without a gap"),
	"task.open":             say("任务已结束，仍有未处理的明细", "a task has ended and items are open"),
	"publication.image":     say("发布记录的图片不存在", "a publication of an image that is not there"),
	"publication.item":      say("发布记录与任务明细不符", "a publication is not what its task's item says"),
	"publication.lacking":   say("已发布的图片没有发布记录", "a published image without its publication"),
	"plan.task":             say("计划所属的任务不存在", "a plan is of a task that is not there"),
	"upload.blob":           say("未完成的上传没有暂存内容", "an open upload without its pending content"),
	"upload.result":         say("上传状态自相矛盾", "an upload contradicts itself"),
	"upload.hashed":         say("上传的哈希进度超过已收到的分片", "an upload has hashed more than has come"),
	"slice.upload":          say("分片没有对应的上传", "slices of an upload that is not there"),
	"slice.size":            say("分片长度不对（修复后需要重新发送）", "a slice has the wrong length (mended: it is to be sent again)"),
}
