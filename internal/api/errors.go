package api

import (
	"fmt"
	"net/http"

	"tuchuang/internal/fault"
)

// answer is what a fault looks like on the wire.
type answer struct {
	status           int // of HTTP: 200 for all that a client is to read the code of
	code             int
	chinese, english string // with what fault.Error.Args hold
}

// answers is the one table from the codes of the domain to the numbers and texts
// of the wire. Clients match on some of the Chinese ones, byte for byte.
var answers = map[fault.Code]answer{
	fault.Internal:    {200, 1, "内部错误,请稍后再试", "an internal error; try again later, and give the operator the x-traceID"},
	fault.Unavailable: {200, 1, "服务繁忙,请稍后再试", "the server is busy or shutting down; try again in a moment"},
	fault.Uncertain:   {200, 1, "操作结果未知,请确认后再重试", "nobody can say whether it was done; look before you do it again"},
	fault.DiskFull:    {200, 1, "服务器磁盘空间不足", "the server's disk is full; tell the operator"},
	fault.Canceled:    {200, 1, "请求已取消", "the request was broken off"},

	fault.BadRequest:   {200, 1, "参数错误: %v", "parameter %v is missing or malformed"},
	fault.BadBody:      {200, 1, "请求体格式错误或不完整", "the body is malformed or was cut off"},
	fault.BodyTooLarge: {200, 1, "请求体过大", "the body is too large"},
	fault.TooManyIDs:   {200, 1, "一次最多%v个", "at most %v in one call"},
	fault.BadName: {200, 1, `文件名要小于256个字符且不能包含以下任何字符："\/:*?|><`,
		`a name has 1 to 255 characters, none of "\/:*?|>< and no control characters, and is not only spaces, . or ..`},
	fault.BadEtag: {200, 1, "etag格式错误,应为32位MD5", "etag must be the MD5 in 32 hex digits"},
	fault.BadURL:  {200, 1, "url应为http或https地址,且不能包含用户名和密码", "the URL must be one of http or https, without a user's name in it"},

	fault.BadCredentials: {200, 1, "clientID或clientSecret错误", "clientID or clientSecret is wrong"},
	fault.NoToken:        {200, 401, "access Token Invalid", "the access token is missing or invalid; get one from /api/v1/access_token"},
	fault.TokenExpired:   {200, 401, "token is expired", "the access token has expired; get a new one from /api/v1/access_token"},
	fault.Disabled:       {200, 1, "账号已停用", "the account is disabled; ask the operator"},

	fault.TooManyAttempts: {200, 1, "密码错误次数过多,请%v分钟后再试", "too many wrong passwords; try again in %v minutes"},
	fault.TooManyRequests: {200, 429, "请求过于频繁,请%v秒后再试", "too many requests; try again in %v seconds"},
	fault.WrongPassword:   {200, 1, "当前密码不正确", "the present password is another one"},
	fault.BadPassword:     {200, 1, "新密码应为%v到%v个字符", "a password has %v to %v characters"},
	fault.OperatorOnly:    {200, 403, "需要管理员权限", "an operator alone may do this"},
	fault.ClientNotFound:  {200, 1, "客户端或应用不存在", "there is no such client or app"},
	fault.LastClient:      {200, 1, "账号至少要有一个客户端,请先新建一个", "an account has one client at least; make another one first"},
	fault.TooManyClients:  {200, 1, "客户端数量已达上限(%v),请先删除一些", "there are %v clients; end some"},
	fault.TokenNotFound:   {200, 1, "登录不存在或已结束", "there is no such token, or it has ended"},
	fault.AccountNotFound: {200, 1, "账号不存在", "there is no such account"},
	fault.AccountTaken:    {200, 1, "账号%v已存在", "there is an account %v already"},
	fault.NoApp:           {200, 1, "应用不存在,或回调地址未登记", "there is no such app, or it has not registered this redirect URI"},
	fault.BadScope:        {200, 1, "scope应为user:base,file:all:read,file:all:write中的一个或多个", "scope is one or more of user:base, file:all:read, file:all:write"},
	fault.BadGrant:        {200, 1, "code或refresh_token无效、已使用或已过期", "the code or refresh token is unknown, used or expired, or redirect_uri or code_verifier are not those of the code"},
	fault.ScopeMissing:    {200, 403, "应用没有此权限: %v", "the app was not allowed this: %v"},

	fault.NotFound:       {200, 5066, "文件不存在，检查传入fileId是否正确", "there is no such file or folder; check the id"},
	fault.ParentNotFound: {200, 1, "目标文件夹不存在", "the folder is not there"},
	fault.NotFolder:      {200, 1, "目标不是文件夹", "the target is a file, not a folder"},
	fault.NotFile:        {200, 1, "不能对文件夹进行此操作", "this is a folder, not a file"},
	fault.NameTaken:      {200, 1, "文件名不能重名", "the name is taken in that folder"},
	fault.FolderTaken:    {200, 1, "该目录下已经有同名文件夹,无法进行创建", "a folder of that name is there already"},
	fault.BedFolderTaken: {200, 1, "目录名不能重名,该目录下已经有同名文件夹,无法进行创建", "the name is taken in that folder"},
	fault.IntoItself:     {200, 1, "不能将文件夹移动到自身或其子文件夹", "a folder can't be moved into itself or below"},
	fault.TooDeep:        {200, 1, "文件夹层级超过%v层限制", "folders may be nested %v levels deep"},
	fault.TooManyEntries: {200, 1, "文件和文件夹超过%v个,请分批进行;复制可使用 async/copy", "more than %v files and folders; take them in parts. Copies of any size are made by async/copy"},
	fault.PathTooLong:    {200, 1, "其中有路径超过%v字节,请进入下级文件夹后再打包下载", "a path is longer than %v bytes; open a folder below and download from there"},
	fault.LinksMore:      {200, 1, "其中的图片已多于确认的%v张,未删除任何内容,请重新确认", "there are more images by now than the %v that were agreed to; nothing was deleted: look again"},
	fault.NotTrashed:     {200, 1, "文件不在回收站中,请先将文件移入回收站", "only what is in the trash can be deleted for good or recovered"},
	fault.QuotaExceeded:  {200, 1, "空间不足", "the account has no room left for it"},
	fault.EntriesFull:    {200, 1, "云盘文件和文件夹数量已达上限(%v),请先删除一些并清空回收站", "the drive has the %v files and folders that it may have; delete some and empty the trash"},
	fault.Blocked:        {200, 1, "文件已被管理员屏蔽", "the operator has blocked this content"},
	fault.ContentMissing: {200, 1, "文件内容丢失,请重新上传", "the stored content is missing; upload it again"},

	fault.NotAnImage:   {200, 1, "不支持的图片格式,仅支持png,gif,jpeg,tiff,webp,jpg,tif,svg,bmp", "the bed takes png, gif, jpeg, tiff, webp, jpg, tif, svg and bmp"},
	fault.NotAPicture:  {200, 1, "文件不是图片,没有缩略图", "the file is no picture, so it has no thumbnail"},
	fault.FileTooLarge: {200, 1, "文件大小超过%v限制", "the file is larger than %v"},
	fault.EmptyFile:    {200, 1, "图片不能为空", "a picture can't be empty"},

	fault.UploadNotFound: {200, 1, "上传任务不存在或已过期", "there is no such upload, or it has expired; create it again"},
	fault.UploadMissing:  {200, 1, "预上传ID不能为空", "preuploadID is missing"},
	fault.TooManyUploads: {200, 1, "未完成的上传任务过多(%v),请先完成或等待过期", "%v uploads are open; complete some, or wait until they expire"},
	fault.TooManyStreams: {200, 1, "同时打开的事件流已达上限(%v)", "%v streams of events are open; close some"},
	fault.BadSlice:       {200, 1, "分片%v的序号或大小不正确", "slice %v has a wrong number or length"},
	fault.SliceMissing:   {200, 1, "分片%v尚未上传", "slice %v has not been uploaded"},
	fault.Verifying:      {200, 20103, "文件正在校验中,请间隔1秒后再试", "the content is still being checked; ask again in a second"},
	fault.HashMismatch:   {200, 1, "文件上传失败,内容与etag或size不符", "the content is not what etag and size say; upload it again"},
	fault.BadSignature:   {200, 1, "链接无效或已过期", "the URL is invalid or has expired"},

	fault.TooManyTasks:      {200, 1, "图床复制任务数量已达上限(%v),请等待任务完成后再试", "%v copy tasks are unfinished; wait until one has ended"},
	fault.TooManyTreeCopies: {200, 1, "未完成的复制任务过多(%v),请等待任务完成后再试", "%v copies are unfinished; wait until some have ended"},
	fault.TooManyDownloads:  {200, 1, "未完成的离线下载任务或回调过多(%v),请等待任务完成后再试", "%v downloads, or callbacks of their ends, are unfinished; wait until some have ended"},
	fault.TaskNotFound:      {200, 1, "任务不存在", "there is no such task"},
	fault.TaskGoesOn:        {200, 1, "任务尚未结束", "the task has not ended yet; wait, or cancel it"},
	fault.NoneFailed:        {200, 1, "任务没有失败的图片", "no picture of this task has failed: there is nothing to try again"},
	fault.TaskEnded:         {200, 1, "任务已结束", "the task has ended already"},
	fault.NotPublished:      {200, 1, "没有可更新的图片", "no image of the bed was published from it"},
	fault.TooManyImages:     {200, 1, "图片数量超过%v张限制", "more than %v images; choose fewer or a smaller folder"},
	fault.PlanNotFound:      {200, 1, "计划不存在或已过期,请重新生成", "there is no such plan, or it has expired; make it again"},
	fault.PlanMismatch:      {200, 1, "fileIDs和目标文件夹必须与计划一致", "fileIDs and the target must be the plan's; leave them out beside a planID"},
	fault.PlanPastLimit:     {200, 1, "计划超出任务上限,无法执行;请减少图片或分成几个任务", "the plan passes a limit, and so would its task: choose less, or make several tasks of it"},
	fault.PlanChanged:       {200, 1, "计划已过时:%v项有变化(%v),请重新生成", "of the plan, %v changed since, %v first; make it again"},

	fault.ShareNotFound: {200, 1, "分享不存在", "there is no such share"},
	fault.ShareExpired:  {200, 1, "分享已过期", "the share's time is over"},
	fault.BadShareName: {200, 1, `分享名称最多%v个字符且不能包含以下任何字符："\/:*?|><`,
		`a share's name has 1 to %v characters, none of "\/:*?|>< and no control characters`},
	fault.TooManyShares: {200, 1, "分享数量已达上限(%v),请先取消一些分享", "there are %v shares; end some"},

	fault.DirectOff:     {200, 1, "该文件夹未启用直链", "neither the folder nor one above it has direct links; enable them, and disable them where they were enabled"},
	fault.TooManyDirect: {200, 1, "启用直链的文件夹数量已达上限(%v)", "%v folders have direct links; disable some, or enable one above them"},

	fault.AddressRefused: {200, 1, "不允许访问该地址: %v", "the server does not ask at this address: %v"},

	fault.NotSupported: {200, 1, "本服务器不支持此功能", "this server does not have what this is for"},

	fault.NoSuchRoute: {http.StatusNotFound, 404, "接口不存在", "there is no such endpoint"},
	fault.WrongMethod: {http.StatusMethodNotAllowed, 405, "请求方法不支持", "the endpoint does not take this method"},
}

// moved is the answer to a write whose rows are being moved to another place.
var moved = answer{200, 1, "系统正在迁移数据,暂时只能读取,请稍后再试", "the data is being moved to another place and can only be read for now; try again later"}

// answerTo finds what an error looks like on the wire. What the wire has no words
// for is an internal error.
func answerTo(err error) (a answer, code fault.Code) {
	code = fault.CodeOf(err)
	a, ok := answers[code]
	if !ok {
		code = fault.Internal
		a = answers[code]
	}
	args := fault.ArgsOf(err)
	if code == fault.Unavailable && len(args) > 0 && args[0] == fault.DataMoved {
		return moved, code // where to is nobody's business
	}
	if len(args) > 0 {
		a.chinese, a.english = fill(a.chinese, args), fill(a.english, args)
	}
	return a, code
}

// fill puts as many arguments into a text as it has places for.
func fill(text string, args []any) string {
	places := 0
	for i := 1; i < len(text); i++ {
		if text[i-1] == '%' && text[i] == 'v' {
			places++
		}
	}
	if places == 0 {
		return text
	}
	return fmt.Sprintf(text, args[:min(places, len(args))]...)
}
