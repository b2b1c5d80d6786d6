package main

// Of the commands that run on the server.
var (
	firstStart     = say("首次启动，已创建管理员 %s。以下内容只显示这一次，请妥善保存：", "First start: the operator %s was made. This is shown once, keep it safe:")
	secretLines    = say("  uid           %d\n  clientID      %s\n  clientSecret  %s\n  password      %s", "  uid           %d\n  clientID      %s\n  clientSecret  %s\n  password      %s")
	signInLine     = say("一小时内打开这个链接即可登录，只能用一次：\n  %s", "This link signs in once, within an hour:\n  %s")
	listening      = say("图床正在监听 %s（对外地址 %s，数据在 %s）", "tuchuang listens at %s (clients reach it at %s, data in %s)")
	guessedURL     = say("注意：没有设置 --public-url，链接以 %s 开头，只在本机有效；请用 --public-url https://… 写明客户端访问的地址", "warning: --public-url is not set: links begin with %s and work on this machine alone; name with --public-url https://… where clients reach the server")
	draining       = say("正在停止：等待进行中的请求结束，任务将在下次启动后继续", "stopping: running requests end, tasks go on at the next start")
	stoppedEarly   = say("还没有就绪就被停止", "stopped before it was ready")
	noFolder       = say("%s 里没有 tuchuang 的数据", "there is no data of tuchuang in %s")
	noFolderAdvice = say("用 --data 指定数据文件夹；新的由 tuchuang serve 或 tuchuang user add 创建", "name the data folder with --data; tuchuang serve and tuchuang user add make a new one")
	newFolder      = say("新建了数据文件夹 %s", "made a new data folder %s")

	badQuota        = say("配额 %q 不对：写作 500M、10G、1T 或字节数，最多 1 EiB", "the quota %q makes no sense: write 500M, 10G, 1T or a number of bytes, 1 EiB at most")
	badUserName     = say("账号名 %q 不对：1 到 64 个字节，不能有空格和看不见的字符", "the name %q can't be an account's: 1 to 64 bytes, no spaces and nothing invisible")
	userDisabled    = say("账号 %s 已停用；它的图片链接仍然有效", "%s is disabled; its picture links go on")
	userEnabled     = say("账号 %s 已启用", "%s is enabled")
	userUnpublished = say("账号 %s 已停用，它的图片链接也已停止", "%s is disabled, and its picture links have ended")

	appSet      = say("%s 的应用 %s（client_id %s）可以请求其他账号授权", "account %s: the app %s (client_id %s) may ask accounts to allow it")
	appRemoved  = say("%s 不再有应用；对它的授权已全部失效", "%s has no app any more; what accounts allowed it has ended")
	appEnded    = say("%s 对应用 %s 的 %d 项授权已失效", "account %s: what it allowed the app %s has ended, %d in all")
	badAppName  = say("应用名称 %q 不对：1 到 64 个字符，不能有看不见的字符", "the name %q can't be an app's: 1 to 64 characters, nothing invisible")
	badRedirect = say("回调地址 %q 不对：写作 https://… 或 com.example.app:/…，不带 # 和用户名", "the redirect URI %q makes no sense: write https://… or com.example.app:/…, without # and user's name")
	tooManyURIs = say("回调地址太多：最多 20 个", "too many redirect URIs: 20 at most")

	blocked      = say("%s：屏蔽了 %d 份内容", "%s: %d contents blocked")
	unblocked    = say("%s：恢复了 %d 份内容", "%s: %d contents are served again")
	blockNothing = say("%s 既不是 etag（32 位 MD5），也不是图床里的图片", "%s is neither an etag (the MD5 in 32 hex digits) nor a picture of the bed")

	secretsLost = say("账号 %s 已存在，但它的密钥没能写出：%v", "the account %s exists, but its secrets could not be written: %v")
	userLimited = say("%s：配额 %s，最多 %s 个文件和文件夹", "%s: quota %s, %s files and folders at most")
	noChange    = say("要修改什么？写上 --quota 或 --entries", "what is to change? Name --quota or --entries")
	badEntries  = say("数量 %d 不对：0 为不限", "%d is no number of files and folders; 0 is for any")
	sharesGoOn  = say("有 %d 个分享仍然有效，最新的如下；加 --end-shares 可一并取消", "%d shares go on, the newest are these; with --end-shares they end too")
	shareGoesOn = say("  %d  创建于 %s  %s", "  %d  made %s  %s")
	sharesEnded = say("取消了 %d 个分享", "%d shares have ended")

	directGoesOn = say("有 %d 个文件夹的直链仍然有效，最近启用的如下；加 --end-shares 可一并取消，并更换签名密钥", "%d folders go on having direct links, the newest are these; with --end-shares they end too, and so does the key that signs them")
	folderGoesOn = say("  启用于 %s  %s", "  enabled %s  %s")
	directEnded  = say("取消了 %d 个文件夹的直链", "the direct links of %d folders have ended")

	adviceReset = say("tuchuang user reset %s（用同样的 --data）会显示新的密钥", "tuchuang user reset %s, with the same --data, shows new ones")

	folderInUse   = say("数据文件夹 %v 正被另一个 tuchuang serve 使用", "the data folder %v is in use by another tuchuang serve")
	adviceInUse   = say("停掉那个进程，或用 --data 指定别的文件夹", "stop that process, or name another folder with --data")
	accountExists = say("账号 %v 已存在", "there is an account %v already")
	accountGone   = say("没有账号 %v", "there is no account %v")

	helpServe          = say("运行服务器", "Run the server.")
	helpUser           = say("管理账号", "Manage accounts.")
	helpBlock          = say("屏蔽不该公开的内容", "Block contents that must not be served.")
	helpBlockAdd       = say("屏蔽内容：所有账号里相同的内容都不再提供，图片链接回答 404；图片和文件留在原处", "Block contents, in all accounts that have them: links answer 404, images and files stay where they are.")
	helpBlockRm        = say("恢复提供", "Serve them again.")
	helpBlockLs        = say("列出被屏蔽的内容", "List what is blocked.")
	helpBlockWhat      = say("etag（MD5）或图片链接", "An etag (MD5), or the link of a picture.")
	helpUserAdd        = say("新建账号，把密钥打印在标准输出", "Make an account and print its secrets on stdout.")
	helpUserLs         = say("列出账号", "List the accounts.")
	helpUserReset      = say("重新生成密钥和密码，旧的和已签名的上传、下载链接立即失效；分享和直链继续有效", "Make new secrets; the old ones and all signed URLs of uploads and downloads end at once. Shares and direct links go on.")
	helpUserDisable    = say("停用账号", "Disable an account.")
	helpUserEnable     = say("重新启用账号", "Enable an account again.")
	helpApp            = say("管理应用：经账号授权后代其操作（OAuth）", "Apps, which accounts may allow to act for them (OAuth).")
	helpAppSet         = say("把账号的 client 登记为应用", "Make the client of an account an app.")
	helpAppRm          = say("取消登记，所有账号对它的授权立即失效", "Make it an app no more; what accounts allowed it ends at once.")
	helpAppLs          = say("列出应用", "List the apps.")
	helpAppEnd         = say("结束一个账号对一个应用的授权", "End what an account allowed an app.")
	helpAppName        = say("授权页面上显示的应用名称", "What people are shown as the app's name.")
	helpAppRedirect    = say("授权后跳转的地址，逐字比较（可多次给出）", "Where people are sent with the answer, compared to the letter; may be repeated.")
	helpAppClient      = say("应用的 client_id", "The app's client_id.")
	helpUserName       = say("账号名", "Name of the account.")
	helpQuota          = say("空间配额，如 500M、10G；默认不限", "How much it may keep, as 500M or 10G; without limit by default.")
	helpOperator       = say("设为管理员", "Make it an operator.")
	helpUnpublish      = say("同时停止它的图片链接", "End its picture links too.")
	helpData           = say("数据文件夹（默认 ./data）", "The data folder (./data).")
	helpDatabaseURL    = say("PostgreSQL 数据库的地址；含密码时请写在 TUCHUANG_DATABASE_URL 或配置文件里", "A PostgreSQL database, else a file in the data folder; one with a password belongs in TUCHUANG_DATABASE_URL or the config file.")
	helpBlobURL        = say("存放图片内容的 S3 存储桶，如 s3://存储桶/前缀?endpoint=主机:端口&region=区域；密钥来自 AWS 的环境变量或凭据文件", "A bucket of an S3 store for content, else the data folder: s3://BUCKET/PREFIX?endpoint=HOST:PORT&region=REGION; keys come from AWS's environment variables or credentials file.")
	helpConfig         = say("配置文件（TOML）", "A config file (TOML).")
	helpListen         = say("监听地址（默认 127.0.0.1:8123）", "Address to listen at (127.0.0.1:8123).")
	helpPublicURL      = say("客户端访问服务器的地址", "Where clients reach the server.")
	helpImageURL       = say("图片链接的地址，默认与 --public-url 相同", "Where picture links point to; --public-url by default.")
	helpRedirect       = say("让客户端用短期有效的签名链接直接从对象存储取图片：on，或客户端访问对象存储的地址；默认 off，由服务器转发", "Send clients to the S3 store for pictures, by signed links that live shortly: on, or the URL where they reach the store; off, which streams, by default.")
	helpTLSCert        = say("TLS 证书文件", "TLS certificate file.")
	helpTLSKey         = say("TLS 私钥文件", "TLS key file.")
	helpProxies        = say("可信反向代理的网段，逗号分隔", "Networks of trusted reverse proxies, comma-separated.")
	helpDrainWait      = say("收到停止信号后先继续服务多久，期间 /readyz 回答 503，让负载均衡撤下它（默认 0s）", "How long to go on after being told to stop, with /readyz at 503, so that a load balancer takes it out (0s).")
	helpLogLevel       = say("日志级别：debug、info、warn、error", "Log level: debug, info, warn or error.")
	badSince           = say("时间 %q 不对：写作 90m、24h、30d，或 2026-01-31", "the time %q makes no sense: write 90m, 24h, 30d or a day as 2026-01-31")
	helpAudit          = say("查看审计日志：登录、令牌、账号变更、删除；--json 时每行一条", "Show the audit log: sign-ins, what was done to accounts, deletions; with --json one entry a line.")
	helpAuditAccount   = say("只看一个账号（名称或 uid）", "Of one account alone, by name or uid.")
	helpAuditSince     = say("从什么时候起，如 90m、24h、30d、2026-01-31；默认 30d", "Since when, as 90m, 24h, 30d or 2026-01-31; 30d by default.")
	helpAuditDays      = say("审计日志保留的天数（默认 180）", "How many days the audit log keeps (180).")
	helpTaskDays       = say("已结束的复制任务保留的天数（默认 0，永远保留）", "How many days copy tasks are kept that have ended (0, for ever).")
	helpTokenDays      = say("access token 的有效天数，至少 8（默认 30）", "How many days an access token lives, 8 at least (30).")
	helpClientTokens   = say("每个 client 同时有效的 access token 数，超过时最旧的失效（默认 0，不限）", "How many access tokens of a client live at once; the oldest ends for one more (0, any number).")
	helpRateLimits     = say("按平台文档限制每个账号的请求频率：off 或 documented（默认 off）", "How often accounts may ask: off, or documented, as the platform limits them (off).")
	helpCopyIDs        = say("复制任务一次请求最多的 ID 个数（默认 100）", "How many ids a request for a copy task may name (100).")
	helpCopyTasks      = say("每个账号最多的未完成复制任务数（默认 3）", "How many copy tasks of an account may be unfinished (3).")
	helpCopyImages     = say("一个复制任务最多的图片数（默认 1000）", "How many pictures a copy task may have (1000).")
	helpCopyLevels     = say("复制任务最多的文件夹层级（默认 15）", "How many levels of folders a copy task may have (15).")
	helpFetchAllow     = say("允许离线下载和回调访问的内网网段（可多次给出，或用逗号分隔）", "Networks that downloads of URLs and callbacks may reach though they are not public; may be repeated.")
	helpOffline        = say("同时进行的离线下载数（默认 4）", "How many URLs are fetched at once (4).")
	helpImageSize      = say("图床图片的大小上限（默认 100M）", "How large a picture of the bed may be (100M).")
	helpThumbnailsSize = say("缩略图最多占用多少磁盘（默认 1G；0 为不保留）", "How much of the disk thumbnails may take (1G); 0 keeps none.")
	helpMetrics        = say("Prometheus 指标的监听地址，路径 /metrics；默认不开启", "Address of the figures for Prometheus, at /metrics; none by default.")
	helpPProf          = say("性能分析的监听地址，只能是本机的；默认不开启", "Address of the profiler, on loopback alone; none by default.")
	helpPrintConfig    = say("打印合并后的配置并退出", "Print the merged settings and end.")
	helpGrace          = say("不再被任何文件或图片使用的内容保留多久（默认 24h）", "How long content stays that no file and no image uses any more (24h).")
	helpEndShares      = say("同时取消该账号的全部分享和直链", "End all shares and direct links of the account too.")
	helpUserLimit      = say("修改账号可以保存多少", "Change how much an account may keep.")
	helpEntries        = say("云盘中最多的文件和文件夹数量，0 为不限（新账号为 20000000）", "How many files and folders its drive may have; 0 for any number (new accounts: 20000000).")
)

func serverHelp(u *ui) helpTexts {
	return helpTexts{
		"help_serve": u.text(helpServe), "help_user": u.text(helpUser), "help_user_add": u.text(helpUserAdd),
		"help_block": u.text(helpBlock), "help_block_add": u.text(helpBlockAdd), "help_block_rm": u.text(helpBlockRm), "help_block_ls": u.text(helpBlockLs), "help_block_what": u.text(helpBlockWhat),
		"help_user_ls": u.text(helpUserLs), "help_user_limit": u.text(helpUserLimit), "help_entries": u.text(helpEntries), "help_user_reset": u.text(helpUserReset), "help_end_shares": u.text(helpEndShares), "help_user_disable": u.text(helpUserDisable),
		"help_user_enable": u.text(helpUserEnable),
		"help_app":         u.text(helpApp), "help_app_set": u.text(helpAppSet), "help_app_rm": u.text(helpAppRm), "help_app_ls": u.text(helpAppLs), "help_app_end": u.text(helpAppEnd),
		"help_app_name": u.text(helpAppName), "help_app_redirect": u.text(helpAppRedirect), "help_app_client": u.text(helpAppClient),
		"help_user_name": u.text(helpUserName), "help_quota": u.text(helpQuota), "help_operator": u.text(helpOperator),
		"help_unpublish": u.text(helpUnpublish), "help_data": u.text(helpData), "help_config": u.text(helpConfig), "help_database_url": u.text(helpDatabaseURL),
		"help_blob_url": u.text(helpBlobURL), "help_image_redirect": u.text(helpRedirect),
		"help_listen": u.text(helpListen), "help_public_url": u.text(helpPublicURL), "help_image_url": u.text(helpImageURL),
		"help_tls_cert": u.text(helpTLSCert), "help_tls_key": u.text(helpTLSKey), "help_proxies": u.text(helpProxies),
		"help_grace": u.text(helpGrace), "help_drain_wait": u.text(helpDrainWait), "help_log_level": u.text(helpLogLevel), "help_print_config": u.text(helpPrintConfig),
		"help_audit": u.text(helpAudit), "help_audit_account": u.text(helpAuditAccount), "help_audit_since": u.text(helpAuditSince),
		"help_audit_days": u.text(helpAuditDays), "help_task_days": u.text(helpTaskDays),
		"help_token_days": u.text(helpTokenDays), "help_client_tokens": u.text(helpClientTokens), "help_rate_limits": u.text(helpRateLimits),
		"help_copy_ids": u.text(helpCopyIDs), "help_copy_tasks": u.text(helpCopyTasks), "help_copy_images": u.text(helpCopyImages), "help_copy_levels": u.text(helpCopyLevels), "help_image_size": u.text(helpImageSize), "help_thumbnails_size": u.text(helpThumbnailsSize),
		"help_fetch_allow": u.text(helpFetchAllow), "help_offline_workers": u.text(helpOffline),
		"help_metrics": u.text(helpMetrics), "help_pprof": u.text(helpPProf),
		"help_fsck": u.text(helpFsck), "help_repair": u.text(helpRepair), "help_read": u.text(helpRead), "help_rate": u.text(helpRate), "help_adopt": u.text(helpAdopt),
	}
}
