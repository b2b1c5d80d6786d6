package copytask

import (
	"fmt"
	"maps"
	"slices"

	"tuchuang/internal/picture"
)

// Outcome is what became of a picture of a task.
type Outcome int

// The outcomes as they are stored.
const (
	Open     Outcome = 0
	Copied   Outcome = 1
	Replaced Outcome = 2
	Skipped  Outcome = 3
	Failed   Outcome = 4
)

// Outcomes are the words of the outcomes, by their number.
var Outcomes = [...]string{"open", "copied", "replaced", "skipped", "failed"}

func (o Outcome) String() string { return Outcomes[o] }

// Reason says why a picture was skipped or has failed; "" for the others.
type Reason string

// The reasons. A new one is added here with its sentences, or not at all.
const (
	NotAnImage      Reason = "not_an_image"
	TooLarge        Reason = "too_large"
	Empty           Reason = "empty"
	DuplicateInTask Reason = "duplicate_in_task"

	SourceDeleted  Reason = "source_deleted"
	SourceBlocked  Reason = "source_blocked"
	ContentMissing Reason = "content_missing"
	ContentDamaged Reason = "content_damaged"
	TargetDeleted  Reason = "target_deleted"
	BedTooDeep     Reason = "limit_depth" // the target was moved down meanwhile
	QuotaExceeded  Reason = "quota_exceeded"
	Cancelled      Reason = "cancelled" // the task was, before their turn
	Internal       Reason = "internal"

	ImageDeleted Reason = "image_deleted" // of an image that is to be re-published
	UpToDate     Reason = "up_to_date"    // as well
	NoSource     Reason = "no_source"     // as well: it was uploaded into the bed

	// Why undoing a task leaves an image as it is.
	WasReplaced Reason = "replaced"
	Republished Reason = "republished"
	WasChanged  Reason = "changed"
	WasMoved    Reason = "moved"
	WasTouched  Reason = "touched"
	FormerGone  Reason = "former_gone"
)

// FailCode says why a whole task has failed.
type FailCode string

// The codes. A new one is added here with its sentences, or not at all.
const (
	LimitImages  FailCode = "limit_images"
	LimitDepth   FailCode = "limit_depth"
	LimitFolders FailCode = "limit_folders"
	NoTarget     FailCode = "target_deleted"
	NoQuota      FailCode = "quota_exceeded"
	AllFailed    FailCode = "all_failed"
	Stopped      FailCode = "cancelled"
	Broken       FailCode = "internal"
)

type sentence struct{ chinese, english string }

// A %s is the limit that holds.
var reasonSentences = map[Reason]sentence{
	NotAnImage:      {"不是支持的图片格式", "not one of the nine picture formats"},
	TooLarge:        {"图片超过%s", "the picture is larger than %s"},
	Empty:           {"文件为空", "the file is empty"},
	DuplicateInTask: {"同一任务中同一目标文件夹已有相同的图片", "the same picture comes earlier in this task, in the same target folder"},
	SourceDeleted:   {"源文件已被删除或替换", "the source was deleted or replaced meanwhile"},
	SourceBlocked:   {"源文件已被管理员屏蔽", "the operator has blocked this content"},
	ContentMissing:  {"源文件内容丢失,请重新上传", "the stored content is missing; upload it again"},
	ContentDamaged:  {"源文件内容已损坏,请重新上传", "the stored content is damaged; upload it again"},
	TargetDeleted:   {"目标文件夹已被删除", "the target folder was deleted meanwhile"},
	BedTooDeep:      {"图床文件夹层级超过128层限制", "folders of the bed would be nested deeper than 128 levels"},
	QuotaExceeded:   {"空间不足", "no space left in the account"},
	Cancelled:       {"任务已取消", "the task was cancelled before its turn"},
	Internal:        {"内部错误", "an internal error"},

	ImageDeleted: {"图床图片已被删除", "the image was deleted from the bed"},
	UpToDate:     {"链接已是最新图片", "the link shows this picture already"},
	NoSource:     {"图片不是从云盘发布的", "the image was not published from the drive"},

	WasReplaced: {"任务之前图床中已有此图片", "the image was in the bed before the task"},
	Republished: {"之后又被其他任务发布", "another task has published it since"},
	WasChanged:  {"之后已换成其他图片", "it shows another picture since"},
	WasMoved:    {"之后已被移动", "it was moved since"},
	WasTouched:  {"之后已被重命名、移动或重新上传", "it was renamed, moved or uploaded again since"},
	FormerGone:  {"之前显示的图片已不再保存", "what it showed before is not kept any more"},
}

// A %d is the limit that holds.
var failSentences = map[FailCode]sentence{
	LimitImages:  {"图片数量超过%d张限制", "more than %d pictures; choose fewer or smaller folders"},
	LimitDepth:   {"文件夹层级超过%d层限制", "folders are nested deeper than %d levels, or the bed would pass 128"},
	LimitFolders: {"文件夹数量超过100000个限制", "more than 100,000 folders; choose fewer"},
	NoTarget:     {"目标文件夹不存在", "the target folder is not there any more"},
	NoQuota:      {"空间不足", "no space left in the account; the pictures that fitted are published"},
	AllFailed:    {"全部图片复制失败", "every picture failed; the list of failures says why"},
	Stopped:      {"任务已取消", "the task was cancelled"},
	Broken:       {"内部错误", "an internal error"},
}

// Reasons are all reasons, by name.
func Reasons() []Reason { return slices.Sorted(maps.Keys(reasonSentences)) }

// FailCodes are all codes, by name.
func FailCodes() []FailCode { return slices.Sorted(maps.Keys(failSentences)) }

// Known says whether it is one of the reasons.
func (r Reason) Known() bool {
	_, known := reasonSentences[r]
	return known
}

// Chinese says the reason in Chinese, with the limits that hold.
func (r Reason) Chinese(l Limits) string {
	if r == TooLarge {
		return fmt.Sprintf(reasonSentences[r].chinese, picture.SizeWords(l.ImageSize))
	}
	return reasonSentences[r].chinese
}

// English says the reason in English, with the limits that hold.
func (r Reason) English(l Limits) string {
	if r == TooLarge {
		return fmt.Sprintf(reasonSentences[r].english, l.inEnglish())
	}
	return reasonSentences[r].english
}

// Chinese says the code in Chinese, with the limits that hold; "" for none.
func (c FailCode) Chinese(l Limits) string { return l.named(c, failSentences[c].chinese) }

// English says the code in English, with the limits that hold; "" for none.
func (c FailCode) English(l Limits) string { return l.named(c, failSentences[c].english) }

// skipReason says why a drive file is no eligible picture.
func skipReason(c picture.Class) Reason {
	switch c {
	case picture.TooLarge:
		return TooLarge
	case picture.Empty:
		return Empty
	}
	return NotAnImage
}
