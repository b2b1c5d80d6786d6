package main

// Of the demo.
var (
	demoFolder     = say("图床演示", "tuchuang demo")
	demoScreenshot = say("屏幕截图", "Screenshot")
	demoNote       = say("说明.txt", "readme.txt")
	demoNoteText   = say("这个文件不是图片，复制任务会跳过它。\n", "This file is no picture; the copy task skips it.\n")
	demoDrawing    = say("正在画图片……", "drawing pictures …")
	demoNoFolder   = say("%s 不是文件夹", "%s is not a folder")
	demoNoPictures = say("%s 里没有图片", "no pictures in %s")
	demoSomeFailed = say("没能上传的文件：%d 个（见上），其余都在", "not uploaded: %d, see above; all others are there")
	demoServer     = say("服务器在 %s", "the server is at %s")
	demoUploaded   = say("云盘：%d 个文件（%s）已上传，用时 %s，%s/s", "drive: %d files (%s) uploaded in %s, %s/s")
	demoFetching   = say("取回", "fetch")

	demoFetchFailed = say("取回 %s 失败：%v", "%s could not be fetched: %v")
	demoUnknown     = say("图床里的 %s 没有对应的源文件", "%s of the bed has no source")
	demoDiffers     = say("%s 与源文件不一致", "%s is not what its source is")
	demoMissing     = say("%s 没有发布", "%s was not published")
	demoEqual       = say("全部 %d 张图片（%s）从公开链接取回，与源文件逐字节相同；用时 %s，%s/s", "all %d pictures (%s) came back from their public links, equal to their sources byte for byte, in %s, %s/s")

	demoServing = say("继续服务中：%s\n网页在 %s/ ，账号 %s，密码 %s\n  clientID      %s\n  clientSecret  %s\n按 Ctrl-C 结束",
		"still serving at %s\nthe page is at %s/ for the account %s, password %s\n  clientID      %s\n  clientSecret  %s\nCtrl-C ends it")
	demoKept = say("数据保留着，继续使用：\n  %s serve --data %s\n重新生成账号 %s 的密钥：\n  %s user reset %s --data %s", "the data is kept; go on with\n  %s serve --data %s\nand get new secrets of its account %s with\n  %s user reset %s --data %s")
	demoNext = say("接下来：%s demo --serve 让演示继续服务；%s serve --data ./data 正式使用", "Next: %s demo --serve keeps the demo serving; %s serve --data ./data runs it for real")

	helpDemo      = say("一条命令演示主要功能", "The main job in one command.")
	helpDemoFrom  = say("用这个文件夹里的图片，而不是现画", "Take the pictures of this folder instead of drawing some.")
	helpDemoKeep  = say("把数据保留在这个文件夹", "Keep the data in this folder.")
	helpDemoServe = say("结束后继续服务，直到 Ctrl-C", "Keep serving afterwards, until Ctrl-C.")
)

func demoHelp(u *ui) helpTexts {
	return helpTexts{
		"help_demo": u.text(helpDemo), "help_demo_from": u.text(helpDemoFrom),
		"help_demo_keep": u.text(helpDemoKeep), "help_demo_serve": u.text(helpDemoServe),
	}
}
