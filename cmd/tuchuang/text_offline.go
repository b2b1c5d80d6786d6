package main

// offline
var (
	offlineNoURL    = say("%s 不是 http 或 https 链接", "%s is no http or https URL")
	offlineOneName  = say("--name 只能用于一个链接", "--name is for one URL alone")
	offlineProgress = say("离线下载", "fetch")
	offlineCounts   = say("%d/%d 个", "%d/%d URLs")
	offlineDone     = say("已下载 %s（%s） ← %s", "fetched %s (%s) ← %s")
	offlineFailed   = say("失败 %s：%s", "failed %s: %s")
	offlineAgain    = say("%s：%s，稍后重试", "%s: %s; it is tried again")
	offlineGoesOn   = say("已创建的下载在服务器上继续；查看进度：tuchuang offline ls", "the downloads that were created go on at the server; see how far they are with: tuchuang offline ls")
	offlineLost     = say("没有收到服务器的回答：下载可能已经创建。用 tuchuang offline ls 查看，再决定是否重做。", "the server's answer did not arrive: the download may have been created. See tuchuang offline ls before it is asked for again.")
	offlineLine     = say("%d  %s  %s  %s  %s  %s", "%d  %s  %s  %s  %s  %s")
	offlineWhy      = say("%s（%s）", "%s (%s)")
	offlineRetrying = say("等待重试", "to be tried again")

	adviceDownloads = say("等一些下载结束再试（tuchuang offline ls 可查看进度）", "wait until some of them have ended (tuchuang offline ls shows how far they are), then try again")

	helpOfflineCmd    = say("让服务器把链接下载到云盘或图床；退出码：3 有失败，4 超出上限或空间不足", "Have the server fetch URLs into drive or bed; exit codes: 3 some failed, 4 a limit or the quota.")
	helpOfflineFetch  = say("下载链接", "Fetch URLs.")
	helpOfflineLs     = say("列出离线下载，最新的在前", "List what was fetched or is, the newest first.")
	helpOfflineURL    = say("http 或 https 链接", "URLs of http or https.")
	helpOfflineTo     = say("目标文件夹（drive:/… 或 bed:/…），缺少时创建；最上层指其中的“来自:离线下载”", "The folder (drive:/… or bed:/…), made where it is missing; the first level means 来自:离线下载 in it.")
	helpOfflineName   = say("文件名；默认用对方服务器给出的，或链接里的", "Its name; by default the one that the other server gives, or the URL's.")
	helpOfflineNoWait = say("只打印任务编号，不等待结束", "Print the ids of the tasks and don't wait.")
)

func offlineHelp(u *ui) helpTexts {
	return helpTexts{
		"help_offline": u.text(helpOfflineCmd), "help_offline_fetch": u.text(helpOfflineFetch), "help_offline_ls": u.text(helpOfflineLs),
		"help_offline_url": u.text(helpOfflineURL), "help_offline_to": u.text(helpOfflineTo), "help_offline_name": u.text(helpOfflineName),
		"help_offline_no_wait": u.text(helpOfflineNoWait),
	}
}
