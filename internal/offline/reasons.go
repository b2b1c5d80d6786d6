package offline

import (
	"fmt"
	"maps"
	"slices"

	"tuchuang/internal/fetch"
	"tuchuang/internal/picture"
)

// FailCode says why a task has failed, or is to be tried again.
type FailCode string

// The codes. Those of fetching are fetch's own words. A new one is added here with its
// sentences, or not at all.
const (
	NotAnImage FailCode = "not_an_image"
	Empty      FailCode = "empty"
	TooLarge            = FailCode(fetch.TooLarge)
	NoTarget   FailCode = "target_deleted"
	TooDeep    FailCode = "limit_depth"
	NoQuota    FailCode = "quota_exceeded"
	Full       FailCode = "limit_entries"
	NoDisk     FailCode = "disk_full"
	Broken     FailCode = "internal"
)

type sentence struct{ chinese, english string }

// A %d is the status of HTTP, a %s the limit that holds.
var sentences = map[FailCode]sentence{
	FailCode(fetch.Refused):          {"不允许访问该地址", "the server does not ask at this address"},
	FailCode(fetch.BadURL):           {"链接被重定向到无效的地址", "a redirect leads to what is no http or https URL"},
	FailCode(fetch.TooManyRedirects): {"重定向次数过多", "more than ten redirects"},
	FailCode(fetch.NoSuchHost):       {"域名不存在", "there is no host of that name"},
	FailCode(fetch.BadCertificate):   {"对方服务器的证书无效", "the other server's certificate is not valid"},
	FailCode(fetch.BadStatus):        {"对方服务器返回%d", "the other server answered %d"},
	FailCode(fetch.Busy):             {"对方服务器繁忙,返回%d", "the other server is busy: it answered %d"},
	FailCode(fetch.BadRange):         {"对方服务器的断点续传不正确", "the other server went on with something else"},
	FailCode(fetch.BadEncoding):      {"对方服务器使用了不支持的压缩格式", "the other server sent a compression that is not known here"},
	FailCode(fetch.Stalled):          {"对方服务器没有继续发送数据,或发送太慢", "the other server stopped sending, or sends too slowly"},
	FailCode(fetch.Network):          {"连接对方服务器失败或中断", "the connection to the other server could not be made, or broke"},
	TooLarge:                         {"文件超过%s", "the file is larger than %s"},
	NotAnImage:                       {"不是支持的图片格式", "not one of the nine picture formats"},
	Empty:                            {"文件为空", "the file is empty"},
	NoTarget:                         {"目标文件夹不存在", "the target folder is not there any more"},
	TooDeep:                          {"文件夹层级超过128层限制", "folders would be nested deeper than 128 levels"},
	NoQuota:                          {"空间不足", "no space left in the account"},
	Full:                             {"云盘文件和文件夹数量已达上限", "the drive has as many files and folders as it may"},
	NoDisk:                           {"服务器磁盘空间不足", "the disk of this server has no room for it"},
	Broken:                           {"内部错误", "an internal error"},
}

// FailCodes are all that a task may end with.
func FailCodes() []FailCode { return slices.Sorted(maps.Keys(sentences)) }

// limit is how large a file may be that goes there.
func (d *Downloads) limit(to Dest) int64 {
	if to == ToBed {
		return d.imageSize
	}
	return maxSize
}

// Words say why a task has failed, or is to be tried again, in Chinese and in English;
// "" for neither.
func (d *Downloads) Words(s Status) (chinese, english string) {
	return d.words(s.FailCode, s.HTTP, s.Dest)
}

func (d *Downloads) words(code FailCode, http int, to Dest) (chinese, english string) {
	w := sentences[code]
	switch code {
	case TooLarge:
		size := picture.SizeWords(d.limit(to))
		return fmt.Sprintf(w.chinese, size), fmt.Sprintf(w.english, size)
	case FailCode(fetch.BadStatus), FailCode(fetch.Busy):
		return fmt.Sprintf(w.chinese, http), fmt.Sprintf(w.english, http)
	}
	return w.chinese, w.english
}
