package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"

	"tuchuang/internal/fault"
)

// What is wrong with a setting or the data folder, and what to do about it.
var (
	cfgMissing    = say("配置文件 %v 不存在", "config file %v: no such file")
	cfgUnreadable = say("配置文件 %v 无法读取：%v", "config file %v can't be read: %v")
	cfgUnknown    = say("配置文件 %v：没有名为 %q 的设置", "config file %v: there is no setting %q")
	cfgNotText    = say("配置文件 %v：%v 的值要写在引号里", "config file %v: %v must be a string in quotes")
	cfgNoFolder   = say("data：没有指定数据文件夹", "data: no folder is named")
	cfgAddress    = say("%v：%q 不是 主机:端口 的形式", "%v: %q is not of the form host:port")
	cfgPort       = say("%v：%q 不是端口", "%v: %q is not a port")
	cfgHalfTLS    = say("tls-cert 和 tls-key 要同时给出，或都不给", "tls-cert and tls-key: give both or none")
	cfgBadTLS     = say("tls-cert %v 和 tls-key %v 无法使用：%v", "tls-cert %v and tls-key %v can't be used: %v")
	cfgURL        = say("%v：%q 不是 https://主机 的形式", "%v: %q is not of the form https://host")
	cfgLongURL    = say("%v：%q 除协议和主机外还有别的内容；服务器需要单独的域名", "%v: %q has more than scheme and host; the server must have a host name of its own")
	cfgNetwork    = say("%v：%q 不是地址或网段", "%v: %q is not an address or CIDR")
	cfgRate       = say("rate-limits：%q 不是 off、documented 之一", "rate-limits: %q is not one of off, documented")
	cfgLevel      = say("log-level：%q 不是 debug、info、warn、error 之一", "log-level: %q is not one of debug, info, warn, error")
	cfgLoopback   = say("pprof：%q 不是本机地址：性能分析会暴露内存里的密钥，只能监听 127.0.0.1、[::1] 或 localhost", "pprof: %q is not on loopback: a profile shows memory, with secrets in it; write 127.0.0.1, [::1] or localhost")
	cfgSize       = say("%v：%q 不是 1K 到 10G 的大小，写作 500K、100M、1G", "%v: %q is not a size from 1K to 10G; write 500K, 100M or 1G")
	cfgNumber     = say("%v：%q 不是 %v 到 %v 的整数", "%v: %q is not a number from %v to %v")
	cfgDays       = say("%v：%q 不是 %v 到 %v 的天数", "%v: %q is not a number of days from %v to %v")
	cfgTime       = say("%v：%q 不是 36h、90m 这样的时长", "%v: %q is not a time such as 36h or 90m")
	cfgServer     = say("%q 不是服务器地址：请写 http://主机:端口 或 https://主机", "%q is not a server: write http://host:port or https://host")
	cfgStoreKeys  = say("没有对象存储的密钥：请设置 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY，或写在 AWS 的凭据文件里", "there are no keys of the S3 store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them in AWS's credentials file")
	cfgNoBucket   = say("存储桶 %s 在 %s 上不存在", "there is no bucket %s at %s")
	cfgStore      = say("存储桶 %s（位于 %s）无法使用：%v", "the bucket %s at %s can't be used: %v")
	cfgBucket     = say("%v 不是对象存储的地址：请写 s3://存储桶[/前缀]?endpoint=主机:端口&region=区域，需要时加上 path-style=true、insecure=true", "%v is no address of an S3 store: write s3://BUCKET[/PREFIX]?endpoint=HOST:PORT&region=REGION, with path-style=true and insecure=true where they are wanted")
	cfgBucketName = say("%v：%q 不能是存储桶的名称：要 3 到 63 个字母、数字、点、横线或下划线", "%v: %q is no name of a bucket: it has 3 to 63 letters, digits, dots, hyphens and underscores")
	cfgKeys       = say("%v 里不能有密钥，否则别人能在命令行或配置里看到：请设置 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY，或写在 AWS 的凭据文件里", "%v may hold no keys, which others could read: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them in AWS's credentials file")
	cfgUnknownKey = say("%v：没有 %q，可用的有 endpoint、region、path-style、insecure", "%v: there is no %q; there are endpoint, region, path-style and insecure")
	cfgBucketSays = say("%v：%v 不能是 %q；endpoint 写作 主机 或 主机:端口，不带 http://；path-style 和 insecure 是 true 或 false；各写一次", "%v: %v can't be %q; endpoint is HOST or HOST:PORT without http://, path-style and insecure are true or false, each is given once")
	cfgRedirect   = say("image-redirect 需要同时设置 blob-url：数据文件夹里的图片不能重定向", "image-redirect wants a blob-url: pictures in the data folder can't be redirected to")
	cfgNoRedirect = say("image-redirect：%q 不是 off、on 或客户端访问对象存储的地址 https://主机", "image-redirect: %q is not off, on, or where clients reach the store as https://HOST")
	cfgPassword   = say("命令行上的 %v 不能有密码，否则本机的其他人能在进程列表里看到：请把地址写在环境变量 TUCHUANG_DATABASE_URL 或配置文件里，或把密码写在 PGPASSWORD 或 ~/.pgpass（PGPASSFILE）里", "%v on the command line may hold no password, which others of this machine could read: write the URL into TUCHUANG_DATABASE_URL or the config file, or the password into PGPASSWORD or ~/.pgpass (PGPASSFILE)")
	cfgDatabase   = say("database-url 不是 PostgreSQL 的地址：请写 postgres://用户:密码@主机:端口/数据库", "database-url is no address of PostgreSQL: write postgres://USER:PASSWORD@HOST:PORT/DATABASE")

	dataAway     = say("PostgreSQL（%v）没有响应：%v", "PostgreSQL at %v does not answer: %v")
	adviceAway   = say("看看它是否在运行，以及地址里的主机、端口和 sslmode 是否正确", "see that it runs, and that host, port and sslmode of its URL are right")
	dataRights   = say("PostgreSQL 的用户缺少权限：%v", "the role of PostgreSQL lacks a right: %v")
	adviceGrant  = say("让这个用户拥有数据库和其中的表（ALTER DATABASE … OWNER TO …，ALTER TABLE … OWNER TO …），或使用建立它们的用户", "have the role own the database and the tables in it (ALTER DATABASE … OWNER TO …, ALTER TABLE … OWNER TO …), or use the role that made them")
	dataRefused  = say("PostgreSQL 拒绝了连接：%v", "PostgreSQL refuses the connection: %v")
	dataFolder   = say("数据文件夹 %v 无法使用：%v", "the data folder %v can't be used: %v")
	dataForeign  = say("%v 里有别的东西（%v），没有 tuchuang 的数据", "%v holds other things (%v) and no data of tuchuang")
	dataUnopened = say("数据库文件 %v 无法打开", "the database file %v can't be opened")
	dataReadOnly = say("没有写入 %v 的权限", "no permission to write to %v")
	dataDamaged  = say("%v 已损坏，或者不是 tuchuang 的数据库", "%v is damaged, or not a database of tuchuang")
	dataIO       = say("读写 %v 出错：%v", "%v could not be read or written: %v")
	dataNewer    = say("数据库 %v 的版本（%v）比本程序支持的（%v）新", "the database %v is of a newer version (%v) than this program knows (%v)")
	dataOlder    = say("数据库 %v 的版本（%v）比本程序的（%v）旧", "the database %v is of an older version (%v) than this program (%v)")
	dataTwoDisks = say("文件不能从 %v 移动到 %v：它们要在同一个文件系统上", "files can't be moved from %v to %v: both must be on one file system")

	adviceOwner         = say("文件要属于运行服务器的用户：sudo chown -R 用户: %[2]v；tuchuang user 也要以该用户运行：sudo -u 用户 tuchuang user …（当前用户 %[1]v）", "the files must belong to who runs the server: sudo chown -R USER: %[2]v; run tuchuang user as that user too: sudo -u USER tuchuang user … (this is %[1]v)")
	adviceDamaged       = say("确认 --data 指向正确的文件夹；如果确实损坏，请用备份恢复", "see that --data names the right folder; if it is damaged, go back to a backup")
	adviceNewer         = say("请使用更新版本的 tuchuang", "use the newer program")
	adviceOlder         = say("先启动一次服务器，它会升级数据库", "start the server once: it upgrades")
	adviceForeignFolder = say("数据文件夹要单独使用：请用 --data（演示用 --keep）指定一个空的或新的文件夹", "the data has a folder to itself: name an empty or a new one with --data (of the demo --keep)")
	adviceRights        = say("检查这个路径和权限，或用 --data 指定别的文件夹", "check the path and its permissions, or name another folder with --data")

	listenFailed  = say("无法监听 %s：%s", "can't listen at %s: %s")
	adviceBusy    = say("另一个程序（也许是另一个 tuchuang serve）正在使用它：停掉那个程序，或用 --listen 指定别的端口", "another program, perhaps another tuchuang serve, has it: stop that one, or choose another port with --listen")
	adviceLowPort = say("1024 以下的端口需要权限（systemd：AmbientCapabilities=CAP_NET_BIND_SERVICE）；或用 --listen 指定别的端口", "ports below 1024 want a permission (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE); or choose another port with --listen")
	adviceNotHere = say("--listen 要写本机的地址；0.0.0.0 表示所有地址", "--listen wants an address of this machine; 0.0.0.0 stands for all of them")

	localDisk     = say("数据文件夹所在的磁盘已满", "the disk of the data folder is full")
	adviceDisk    = say("腾出一些空间，然后重试", "make room on it, then try again")
	localDiskAt   = say("%v 所在的磁盘已满，或容不下这么大的文件", "the disk that %v is on is full, or takes no file of that size")
	localFullAt   = say("%v 已满", "%v is full")
	localAway     = say("%v 没有响应，或正忙：%v", "%v does not answer, or is busy: %v")
	adviceAgain   = say("看看它是否在运行、能否连上，然后再次运行同一命令", "see that it runs and can be reached, then run the same command again")
	localUnknown  = say("连接中断，不知道是否已经完成", "the connection was lost, and nobody can say whether it was done")
	localBusy     = say("数据库正忙", "the database is busy")
	adviceBusyDB  = say("稍后重试；如果一直如此，看看是哪个程序占用着它", "try again later; if it stays so, see which program holds it")
	localOther    = say("出错了：%v", "%v")
	foreignAnswer = say("%s 的回答不是本接口的形式：HTTP %s", "%s did not answer in the form of this API: HTTP %s")
	foreignPoints = say("%s，它指向 %s", "%s, it points to %s")
	adviceForeign = say("检查服务器地址：那里运行的不是 tuchuang，或者路径不对", "check the server's address: what runs there is not tuchuang, or the path is wrong")
	adviceHTTPS   = say("该服务器使用 HTTPS：地址请写 https://%s", "that server speaks HTTPS: write https://%s")
	adviceHTTP    = say("该服务器不使用 HTTPS：地址请写 http://", "that server does not speak HTTPS: write http://")

	reasonMissing  = say("没有这个文件或文件夹", "no such file or directory")
	reasonDenied   = say("没有权限", "permission denied")
	reasonNotDir   = say("不是文件夹", "not a directory")
	reasonIsDir    = say("是一个文件夹", "is a directory")
	reasonReadOnly = say("文件系统是只读的", "read-only file system")
	reasonFull     = say("磁盘已满", "no space left on device")
	reasonInUse    = say("端口已被占用", "address already in use")
	reasonNotHere  = say("不是本机的地址", "not an address of this machine")
	reasonLate     = say("等待超时", "it took too long")
	reasonRefused  = say("%s 拒绝连接", "%s refuses the connection")
	reasonNoHost   = say("没有主机 %s", "there is no host %s")
)

// problem is the sentence for what is wrong, and what to do about it, if anything.
type problem struct{ what, advice text }

var problems = map[fault.Why]problem{
	fault.FileMissing: {what: cfgMissing}, fault.FileUnreadable: {what: cfgUnreadable}, fault.UnknownSetting: {what: cfgUnknown},
	fault.NotText: {what: cfgNotText}, fault.NoFolder: {what: cfgNoFolder}, fault.NotAnAddress: {what: cfgAddress},
	fault.NotAPort: {what: cfgPort}, fault.HalfTLS: {what: cfgHalfTLS}, fault.BadTLS: {what: cfgBadTLS}, fault.NotAURL: {what: cfgURL},
	fault.URLTooLong: {what: cfgLongURL}, fault.NotANetwork: {what: cfgNetwork}, fault.NotALevel: {what: cfgLevel}, fault.NotARate: {what: cfgRate},
	fault.NotLoopback: {what: cfgLoopback}, fault.NotDays: {what: cfgDays}, fault.NotANumber: {what: cfgNumber}, fault.NotASize: {what: cfgSize}, fault.NotATime: {what: cfgTime}, fault.NotAServer: {what: cfgServer}, fault.NotADatabase: {what: cfgDatabase},
	fault.NotABucket: {what: cfgBucket}, fault.KeysInURL: {what: cfgKeys}, fault.PasswordInFlag: {what: cfgPassword}, fault.UnknownKey: {what: cfgUnknownKey}, fault.BucketValue: {what: cfgBucketSays},
	fault.RedirectNowhere: {what: cfgRedirect}, fault.NotARedirect: {what: cfgNoRedirect},
	fault.NoStoreKeys: {what: cfgStoreKeys}, fault.NoBucket: {what: cfgNoBucket}, fault.StoreUnusable: {what: cfgStore},

	fault.FolderUnusable: {dataFolder, adviceRights}, fault.FolderForeign: {dataForeign, adviceForeignFolder}, fault.DataUnopened: {dataUnopened, adviceRights},
	fault.DataReadOnly: {what: dataReadOnly}, fault.DataDamaged: {dataDamaged, adviceDamaged}, fault.DataRefused: {what: dataRefused}, fault.DataIO: {what: dataIO},
	fault.DataAway: {dataAway, adviceAway}, fault.DataForbidden: {dataRights, adviceGrant},
	fault.DataNewer: {dataNewer, adviceNewer}, fault.DataOlder: {dataOlder, adviceOlder}, fault.TwoDisks: {what: dataTwoDisks},

	fault.DataMoved: {dataMoved, adviceMoved}, fault.DataUnfinished: {dataUnfinished, adviceUnfinished}, fault.DataOther: {dataOther, adviceOther},
	fault.NotEmpty: {dataNotEmpty, adviceNotEmpty}, fault.NotABackup: {notABackup, adviceNotABackup}, fault.NoBackup: {what: noBackup},
	fault.BackupNewer: {backupNewer, adviceNewer}, fault.BackupDamaged: {backupDamaged, adviceOldBackup},
	fault.FilledNow: {filledNow, adviceFilledNow}, fault.BackupOther: {backupOther, adviceBackupOther}, fault.NoContent: {noContent, adviceContent}, fault.NoPlace: {noPlace, adviceNoPlace}, fault.RottenContent: {rottenContent, adviceRotten},
	fault.NotBackups: {notABackup, adviceBackups}, fault.BucketName: {what: cfgBucketName}, fault.NoAccounts: {noAccounts, adviceNoAccounts}, fault.StoreOther: {storeOther, adviceStoreOther},
	fault.StoreForeign: {storeForeign, adviceStoreForeign}, fault.StoreUnmarked: {storeUnmarked, adviceStoreForeign}, fault.Store: {storeSilent, adviceStoreAway},
	fault.NotAFile: {what: contentNoFile},
}

// problem words what is wrong with a setting or the data folder.
func (u *ui) problem(args []any) (what, advice string, known bool) {
	if len(args) == 0 {
		return "", "", false
	}
	why, _ := args[0].(fault.Why)
	p, known := problems[why]
	if !known {
		return "", "", false
	}
	words := make([]any, len(args)-1)
	for i, a := range args[1:] {
		if err, ok := a.(error); ok {
			a = u.cause(err)
		}
		words[i] = a
	}
	if p.advice != (text{}) {
		advice = u.text(p.advice)
	}
	if folder, ok := notOurs(why, args); ok {
		advice = u.text(adviceOwner, whoAmI(), folder)
	}
	return u.text(p.what, words...), advice, true
}

// notOurs gives the data folder where it is there but belongs to another user.
func notOurs(why fault.Why, args []any) (folder string, ok bool) {
	path, _ := args[min(1, len(args)-1)].(string)
	switch why {
	case fault.DataReadOnly:
		return filepath.Dir(path), true
	case fault.FolderUnusable:
		cause, _ := args[len(args)-1].(error)
		return path, errors.Is(cause, fs.ErrPermission) && exists(path)
	}
	return "", false
}

// causes are the errors of the system that people meet.
var causes = []struct {
	err  error
	text text
}{
	{syscall.EADDRINUSE, reasonInUse}, {syscall.EADDRNOTAVAIL, reasonNotHere}, {syscall.ENOTDIR, reasonNotDir},
	{syscall.EISDIR, reasonIsDir}, {syscall.EROFS, reasonReadOnly}, {syscall.ENOSPC, reasonFull},
	{fs.ErrNotExist, reasonMissing}, {fs.ErrPermission, reasonDenied}, {os.ErrDeadlineExceeded, reasonLate}, {context.DeadlineExceeded, reasonLate},
}

// cause is the last word of an error of the system in the user's language, without
// the path it names; of any other it is the error itself.
func (u *ui) cause(err error) string {
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return u.text(reasonNoHost, e.Name)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && errors.Is(err, syscall.ECONNREFUSED) && e.Addr != nil {
		return u.text(reasonRefused, e.Addr)
	}
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return u.text(c.text)
		}
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// listenFailure says why an address can't be listened at.
func (u *ui) listenFailure(err error, address string) error {
	f := failure{text: u.text(listenFailed, address, u.cause(err))}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		f.advice = u.text(adviceBusy)
	case errors.Is(err, fs.ErrPermission):
		f.advice = u.text(adviceLowPort)
	default:
		f.advice = u.text(adviceNotHere)
	}
	return f
}

// schemeAdvice is for who spoke HTTP to what speaks HTTPS, or the other way round.
func (u *ui) schemeAdvice(err error) string {
	if errors.Is(err, http.ErrSchemeMismatch) {
		return u.text(adviceHTTP)
	}
	return u.text(checkServer)
}
