package main

// direct
var (
	directWhat        = say("要云盘中的路径（drive:/…），不能是根目录：%s", "this wants a path of the drive (drive:/…), not its root: %s")
	directTrashed     = say("在回收站中，链接不可用", "in the trash: its links lead nowhere")
	directLine        = say("%s  %s", "%s  %s")
	directLogLine     = say("%s  请求 %d 次，%s  %s", "%s  %d requests, %s  %s")
	directSigned      = say("链接需要签名", "links want a signature")
	directUnsigned    = say("链接不需要签名", "links want no signature")
	directKey         = say("密钥 %s", "key %s")
	directBlocking    = say("以下地址不能使用链接：", "links are refused to:")
	directNotBlocking = say("黑名单已关闭；其中有：", "nobody is refused; the list, which is off:")
	directNoAddress   = say("%s 不是 IPv4 或 IPv6 地址", "%s is no address of IPv4 or IPv6")

	adviceDirect = say("用 tuchuang direct ls 查看，用 tuchuang direct enable 启用", "tuchuang direct ls lists the folders that have links, tuchuang direct enable gives one some")

	helpDirectCmd      = say("云盘文件的直链：地址就是文件的路径", "Direct links: files of the drive for everybody, at their paths.")
	helpDirectEnable   = say("给文件夹中的所有文件（包括以后的）启用直链", "Give all files below folders links, also those that come later.")
	helpDirectDisable  = say("停用文件夹的直链", "End the links of folders.")
	helpDirectURL      = say("打印文件的直链", "Print the links of files.")
	helpDirectLs       = say("列出启用了直链的文件夹", "List the folders whose files have links.")
	helpDirectLog      = say("列出最近三天的流量，最新的在前", "List what was read in the last three days, the newest first.")
	helpDirectSign     = say("链接是否需要签名；打印密钥", "Say whether links want a signature; prints the key.")
	helpDirectBlock    = say("不能使用链接的地址", "Say who is refused.")
	helpDirectPath     = say("云盘中的路径", "Paths of the drive.")
	helpDirectSignOn   = say("需要签名；没有密钥时生成一个", "They do; makes a key where there is none.")
	helpDirectSignOff  = say("不需要签名", "They don't.")
	helpDirectNewKey   = say("换一个新密钥；用旧密钥签名的链接失效", "Make a new key: links signed with the one before end.")
	helpDirectBlockOn  = say("启用黑名单", "Refuse those of the list.")
	helpDirectBlockOff = say("关闭黑名单", "Refuse nobody.")
	helpDirectBlockAdd = say("加入黑名单的 IPv4 或 IPv6 地址，可重复", "An address of IPv4 or IPv6 for the list; may come again.")
	helpDirectBlockRm  = say("移出黑名单的地址，可重复", "One to leave the list; may come again.")
)

func directHelp(u *ui) helpTexts {
	return helpTexts{
		"help_direct": u.text(helpDirectCmd), "help_direct_enable": u.text(helpDirectEnable), "help_direct_disable": u.text(helpDirectDisable),
		"help_direct_url": u.text(helpDirectURL), "help_direct_ls": u.text(helpDirectLs), "help_direct_log": u.text(helpDirectLog),
		"help_direct_sign": u.text(helpDirectSign), "help_direct_block": u.text(helpDirectBlock), "help_direct_path": u.text(helpDirectPath),
		"help_direct_sign_on": u.text(helpDirectSignOn), "help_direct_sign_off": u.text(helpDirectSignOff), "help_direct_new_key": u.text(helpDirectNewKey),
		"help_direct_block_on": u.text(helpDirectBlockOn), "help_direct_block_off": u.text(helpDirectBlockOff),
		"help_direct_block_add": u.text(helpDirectBlockAdd), "help_direct_block_rm": u.text(helpDirectBlockRm),
	}
}
