package api

// area is a part of the API, as the document groups it.
type area struct{ name, english, chinese string }

var (
	ofAccount = area{"account", "Account", "账号"}
	ofDrive   = area{"drive", "Drive", "云盘"}
	ofUpload  = area{"upload", "Upload", "上传"}
	ofBed     = area{"bed", "Image bed", "图床"}
	ofTask    = area{"copy", "Copy task", "复制任务"}
	ofOffline = area{"offline", "Offline download", "离线下载"}
	ofShare   = area{"share", "Share", "分享"}
	ofDirect  = area{"direct", "Direct links", "直链"}
	ofBytes   = area{"bytes", "Raw bytes", "文件内容"}
	beyond    = area{"beyond", "Beyond the documentation", "文档之外"}
)

var areas = []area{ofAccount, ofDrive, ofUpload, ofBed, ofTask, ofOffline, ofShare, ofDirect, ofBytes, beyond}

// summary says what an endpoint is for.
type summary struct {
	area             area
	english, chinese string
}

// summaries has every path of the routes.
var summaries = map[string]summary{
	"/api/v1/access_token":          {ofAccount, "Get an access token", "获取 access token"},
	"/api/v1/oauth2/access_token":   {ofAccount, "Get tokens for an app (OAuth), by a code or a refresh token", "获取应用的令牌(OAuth)"},
	"/api/v1/oauth2/user/authorize": {ofAccount, "Allow an app, by an access token and without a page", "用 access token 给应用授权"},
	"/api/v1/oauth2/app/verify":     {ofAccount, "What an app that may ask for permission is called", "校验应用"},
	"/api/v1/user/info":             {ofAccount, "The account and its space", "账号信息与空间"},

	"/upload/v1/file/mkdir":           {ofDrive, "Make a folder", "创建文件夹"},
	"/api/v2/file/list":               {ofDrive, "List a folder, or search", "文件列表与搜索"},
	"/api/v1/file/list":               {ofDrive, "List a folder by pages, in an order, or the trash", "文件列表(旧版)与回收站"},
	"/api/v1/file/detail":             {ofDrive, "One file or folder", "文件详情"},
	"/api/v1/file/infos":              {ofDrive, "Several files and folders", "多个文件详情"},
	"/api/v1/file/download_info":      {ofDrive, "A signed URL to download a file from", "文件下载地址"},
	"/api/v1/file/archive_info":       {ofDrive, "A signed URL to download files and folders from, as one ZIP archive", "打包下载地址(ZIP)"},
	"/api/v1/file/name":               {ofDrive, "Rename one", "重命名"},
	"/api/v1/file/rename":             {ofDrive, "Rename several", "批量重命名"},
	"/api/v1/file/move":               {ofDrive, "Move", "移动"},
	"/api/v1/file/copy":               {ofDrive, "Copy a file or folder", "复制"},
	"/api/v1/file/async/copy":         {ofDrive, "Copy files and folders of any size, as a task", "异步复制"},
	"/api/v1/file/async/copy/process": {ofDrive, "Where such a copy stands", "异步复制进度"},
	"/api/v1/file/trash":              {ofDrive, "Put into the trash", "移入回收站"},
	"/api/v1/file/recover":            {ofDrive, "Take out of the trash", "从回收站恢复"},
	"/api/v1/file/recover/by_path":    {ofDrive, "Take out of the trash, into a folder", "从回收站恢复到指定文件夹"},
	"/api/v1/file/delete":             {ofDrive, "Delete from the trash for good", "彻底删除"},

	"/api/v1/offline/download":             {ofOffline, "Fetch a URL into the drive", "离线下载到云盘"},
	"/api/v1/offline/download/process":     {ofOffline, "Where such a download stands", "云盘离线下载进度"},
	"/api/v1/oss/offline/download":         {ofOffline, "Fetch a URL into the bed", "离线下载到图床"},
	"/api/v1/oss/offline/download/process": {ofOffline, "Where such a download stands", "图床离线下载进度"},

	"/api/v1/share/create":    {ofShare, "Share files and folders", "创建分享"},
	"/api/v1/share/list":      {ofShare, "Shares, the newest first", "分享列表"},
	"/api/v1/share/list/info": {ofShare, "Change what shares say of traffic", "修改分享的流量设置"},

	"/api/v1/direct-link/enable":                 {ofDirect, "Give all files of a folder links", "启用直链空间"},
	"/api/v1/direct-link/disable":                {ofDirect, "End the links of a folder", "禁用直链空间"},
	"/api/v1/direct-link/url":                    {ofDirect, "The link of a file", "获取直链链接"},
	"/api/v1/direct-link/cache/refresh":          {ofDirect, "Nothing: no cache shows what was there before", "直链缓存刷新"},
	"/api/v1/direct-link/log":                    {ofDirect, "What was read by links in the last three days", "直链流量日志"},
	"/api/v1/direct-link/offline/logs":           {ofDirect, "That of 30 days as files, one an hour", "直链离线日志"},
	"/api/v1/developer/config/forbide-ip/switch": {ofDirect, "Whether the addresses of the list are refused", "开启关闭IP黑名单"},
	"/api/v1/developer/config/forbide-ip/update": {ofDirect, "Write the list of addresses", "更新IP黑名单列表"},
	"/api/v1/developer/config/forbide-ip/list":   {ofDirect, "The list of addresses", "IP黑名单列表"},

	"/upload/v1/file/create":              {ofUpload, "Begin an upload (v1)", "创建文件(v1)"},
	"/upload/v1/file/get_upload_url":      {ofUpload, "A signed URL to put a slice to", "获取分片上传地址"},
	"/upload/v1/file/list_upload_parts":   {ofUpload, "The slices that have come", "已上传的分片"},
	"/upload/v1/file/upload_complete":     {ofUpload, "End an upload (v1)", "上传完毕(v1)"},
	"/upload/v1/file/upload_async_result": {ofUpload, "Whether an upload is there", "异步轮询上传结果"},
	"/upload/v2/file/create":              {ofUpload, "Begin an upload (v2)", "创建文件(v2)"},
	"/upload/v2/file/slice":               {ofUpload, "Upload a slice", "上传分片"},
	"/upload/v2/file/upload_complete":     {ofUpload, "End an upload (v2)", "上传完毕(v2)"},
	"/upload/v2/file/domain":              {ofUpload, "Where to upload to", "获取上传域名"},
	"/upload/v2/file/single/create":       {ofUpload, "Upload a file in one request", "单步上传"},
	"/upload/v2/file/sha1_reuse":          {ofUpload, "Make a file of content that is known by its SHA-1", "SHA1 秒传"},

	"/upload/v1/oss/file/mkdir":               {ofBed, "Make folders", "创建文件夹"},
	"/upload/v1/oss/file/create":              {ofBed, "Begin an upload", "创建图片"},
	"/upload/v1/oss/file/get_upload_url":      {ofBed, "A signed URL to put a slice to", "获取分片上传地址"},
	"/upload/v1/oss/file/list_upload_parts":   {ofBed, "The slices that have come", "已上传的分片"},
	"/upload/v1/oss/file/upload_complete":     {ofBed, "End an upload", "上传完毕"},
	"/upload/v1/oss/file/upload_async_result": {ofBed, "Whether an upload is there", "异步轮询上传结果"},
	"/api/v1/oss/file/list":                   {ofBed, "List a folder", "图片列表"},
	"/api/v1/oss/file/detail":                 {ofBed, "One image or folder, with its link", "图片详情"},
	"/api/v1/oss/file/move":                   {ofBed, "Move", "移动图片"},
	"/api/v1/oss/file/delete":                 {ofBed, "Delete", "删除图片"},

	"/api/v1/oss/source/copy":         {ofTask, "Publish files and folders of the drive into the bed", "创建复制任务"},
	"/api/v1/oss/source/copy/process": {ofTask, "Where a task stands", "复制任务进度"},
	"/api/v1/oss/source/copy/fail":    {ofTask, "What failed of a task", "复制失败的文件列表"},

	"/api/v1/oss/file/name":           {beyond, "Rename an image or folder of the bed", "图床重命名"},
	"/api/v1/oss/file/links":          {beyond, "Links of images, in the forms people paste", "批量获取链接"},
	"/api/v1/oss/source/copy/plan":    {beyond, "What a copy task would do", "预演复制任务"},
	"/api/v1/oss/source/copy/list":    {beyond, "Copy tasks, the newest first", "复制任务列表"},
	"/api/v1/oss/source/copy/items":   {beyond, "What became of each picture of a task", "复制任务明细"},
	"/api/v1/oss/source/copy/report":  {beyond, "All of that as a file", "复制任务报告"},
	"/api/v1/oss/source/copy/events":  {beyond, "Where tasks stand, whenever that changes", "复制任务事件流"},
	"/api/v1/oss/source/copy/cancel":  {beyond, "Cancel a task", "取消复制任务"},
	"/api/v1/oss/source/copy/undo":    {beyond, "Take a task back", "撤销复制任务"},
	"/upload/v2/file/upload_cancel":   {beyond, "End an open upload, and free its room", "取消上传"},
	"/api/v1/oss/source/copy/retry":   {beyond, "Try the failed pictures of a task again", "重试失败的图片"},
	"/api/v1/oss/source/republish":    {beyond, "Put the drive's present pictures behind their links", "重新发布"},
	"/api/v1/oss/source/published":    {beyond, "Where files of the drive are published", "文件的发布情况"},
	"/api/v1/file/thumbnail":          {beyond, "A small picture of a file", "云盘图片缩略图"},
	"/api/v1/oss/file/thumbnail":      {beyond, "A small picture of an image", "图床图片缩略图"},
	"/api/v1/share/delete":            {beyond, "End shares", "取消分享"},
	"/api/v1/direct-link/list":        {beyond, "Folders whose files have links", "直链空间列表"},
	"/api/v1/direct-link/sign":        {beyond, "Whether links want a signature, and the key", "直链鉴权"},
	"/api/v1/offline/download/list":   {beyond, "Offline downloads, the newest first", "离线下载任务列表"},
	"/api/v1/user/password":           {beyond, "Another password", "修改密码"},
	"/api/v1/user/client/list":        {beyond, "The account's clients", "客户端列表"},
	"/api/v1/user/client/create":      {beyond, "Make a client", "新建客户端"},
	"/api/v1/user/client/name":        {beyond, "Say what a client is called", "客户端改名"},
	"/api/v1/user/client/delete":      {beyond, "End a client and its tokens", "删除客户端"},
	"/api/v1/user/token/list":         {beyond, "Who is signed in, and the apps that may act", "登录与授权列表"},
	"/api/v1/user/token/delete":       {beyond, "End a token, or what an app was allowed", "结束登录或授权"},
	"/api/v1/operator/account/list":   {beyond, "All accounts, for operators", "账号列表(管理员)"},
	"/api/v1/operator/account/create": {beyond, "Make an account, for operators", "新建账号(管理员)"},
	"/api/v1/operator/account/set":    {beyond, "Quota, limit and state of an account, for operators", "设置账号(管理员)"},
	"/api/v1/operator/health":         {beyond, "How the server is, for operators", "服务器状态(管理员)"},
}
