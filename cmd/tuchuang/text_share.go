package main

// share
var (
	shareWhat     = say("只能分享云盘中的文件和文件夹（drive:/…），不能是根目录：%s", "files and folders of the drive can be shared (drive:/…), not its root: %s")
	shareLost     = say("没有收到服务器的回答：分享可能已经创建。用 tuchuang share ls 查看，再决定是否重做。", "the server's answer did not arrive: the share may have been made. See tuchuang share ls before it is asked for again.")
	sharePassword = say("密码 %s", "password %s")
	shareLine     = say("%d  %s  打开 %d 次，下载 %d 次  %s  %s%s", "%d  %s  opened %d times, %d downloads  %s  %s%s")
	shareForEver  = say("永久有效", "for ever")
	shareOver     = say("已过期", "expired")
	shareUntil    = say("有效期至 %s", "until %s")

	adviceShares = say("用 tuchuang share ls 查看分享，用 tuchuang share rm 编号 取消", "tuchuang share ls lists the shares, tuchuang share rm ID ends one")

	helpShareCmd          = say("分享云盘中的文件和文件夹", "Share files and folders of the drive.")
	helpShareMake         = say("创建一个分享，打印页面地址", "Make a share of them, and print the address of its page.")
	helpShareLs           = say("列出分享，最新的在前", "List the shares, the newest first.")
	helpShareRm           = say("取消分享", "End shares.")
	helpSharePath         = say("云盘中的文件或文件夹", "Files and folders of the drive.")
	helpShareName         = say("分享的名称，最多 34 个字符；默认为第一个的名称", "Its name, up to 34 characters; by default that of the first.")
	helpShareDays         = say("有效天数：1、7 或 30，0 为永久", "How many days it is open: 1, 7 or 30; 0 for ever.")
	helpSharePassword     = say("打开页面所需的密码；在命令行中可被本机其他人看到", "The password that its page asks for; on the line others at this machine can see it.")
	helpShareWithPassword = say("随机生成一个密码并打印", "Make a password, and print it.")
	helpShareID           = say("share ls 列出的编号", "Ids as share ls lists them.")
)

func shareHelp(u *ui) helpTexts {
	return helpTexts{
		"help_share": u.text(helpShareCmd), "help_share_make": u.text(helpShareMake), "help_share_ls": u.text(helpShareLs), "help_share_rm": u.text(helpShareRm),
		"help_share_path": u.text(helpSharePath), "help_share_name": u.text(helpShareName), "help_share_days": u.text(helpShareDays),
		"help_share_password": u.text(helpSharePassword), "help_share_with_password": u.text(helpShareWithPassword), "help_share_id": u.text(helpShareID),
	}
}
