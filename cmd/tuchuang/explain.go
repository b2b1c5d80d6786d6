package main

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/internal/ops"
)

// explain says in the user's language what an error is and what to do now; the
// advice may be empty.
func (u *ui) explain(err error) (what, advice string) {
	if e, ok := errors.AsType[*client.Error](err); ok {
		// Where the error was wrapped, what stands before it names the place.
		place, _ := strings.CutSuffix(err.Error(), e.Error())
		what = place + u.refusal(e)
		if a, ok := advices[fault.Code(e.Reason)]; ok {
			advice = u.text(a)
		} else if e.Foreign != nil && e.Foreign.WantsTLS {
			advice = u.text(adviceHTTPS, e.Foreign.Host)
		} else if e.Foreign != nil {
			advice = u.text(adviceForeign)
		} else if e.TraceID != "" && ofServer(e) {
			advice = u.text(tellOperator, e.TraceID)
		}
		return what, advice
	}
	if e, ok := errors.AsType[*client.PathError](err); ok {
		switch e.Reason {
		case fault.NotFolder:
			return u.text(pathNotFolder, printable(e.Path)), ""
		case fault.NotFile:
			return u.text(pathIsFolder, printable(e.Path)), ""
		case fault.BadName:
			return u.text(pathBadName, printable(e.Path)), u.text(adviceName)
		}
		return u.text(pathMissing, printable(e.Path)), u.text(lookWithLs)
	}
	if e, ok := errors.AsType[usageError](err); ok {
		return e.text, e.advice
	}
	if e, ok := errors.AsType[failure](err); ok {
		return e.text, e.advice
	}
	if client.Broken(err) {
		// net/http says the address, which is long, and the cause: that is enough.
		advice = u.schemeAdvice(err)
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return u.text(unreachable, u.cause(err)), advice
	}
	return u.explainLocal(err)
}

// explainLocal says what commands on the server meet without one.
func (u *ui) explainLocal(err error) (what, advice string) {
	code, args := fault.CodeOf(err), fault.ArgsOf(err)
	where, placed := errors.AsType[*ops.PlaceError](err)
	if placed && code == fault.Unavailable && len(args) < 2 { // else there is a sentence that says more
		return u.text(localAway, where.Place, u.cause(innermost(where.Err))), u.text(adviceAgain)
	}
	if what, advice, known := u.problem(args); known {
		return what, advice
	}
	path := pathOf(err)
	local, known := localFaults[code]
	switch {
	case code == fault.DiskFull && path != "":
		return u.text(localDiskAt, path), u.text(adviceDisk)
	case code == fault.DiskFull && placed && !strings.Contains(where.Place, "://"):
		return u.text(localDiskAt, where.Place), u.text(adviceDisk)
	case code == fault.DiskFull && placed:
		return u.text(localFullAt, where.Place), u.text(adviceDisk)
	case !known:
		return u.text(localOther, u.whatFailed(err)), ""
	case local.named && len(args) == 0:
		return u.text(localOther, err), ""
	case local.named:
		what = u.text(local.what, args[0])
	default:
		what = u.text(local.what)
	}
	if local.advice != (text{}) {
		advice = u.text(local.advice)
	}
	return what, advice
}

// whatFailed is the cause of an error, behind the path that it names.
func (u *ui) whatFailed(err error) string {
	if path := pathOf(err); path != "" {
		return path + ": " + u.cause(err)
	}
	return u.cause(err)
}

// pathOf is the path of the file that an error is of, or "".
func pathOf(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Path
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.New
	}
	return ""
}

// innermost is the cause of a fault, where it has one.
func innermost(err error) error {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Cause != nil {
		return e.Cause
	}
	return err
}

// refusal is what the server said, in the user's language where it speaks it.
func (u *ui) refusal(e *client.Error) string {
	if f := e.Foreign; f != nil {
		what := u.text(foreignAnswer, f.Host, f.Status)
		if f.Location != "" {
			what = u.text(foreignPoints, what, f.Location)
		}
		return what
	}
	if u.zh && e.Message != "" {
		return e.Message
	}
	return e.Error()
}

// ofServer says that a refusal is for the operator to look into: those that the user can do
// something about, or nobody need, are left.
func ofServer(e *client.Error) bool {
	return slices.Contains([]fault.Code{
		"", fault.Internal, fault.Uncertain, fault.ContentMissing, fault.Blocked, fault.BadBody, fault.NoSuchRoute, fault.WrongMethod,
	}, fault.Code(e.Reason))
}

// advices say what to do about a failure, where something can be done.
var advices = map[fault.Code]text{
	fault.BadCredentials:    adviceCredentials,
	fault.TokenExpired:      adviceCredentials,
	fault.NoToken:           adviceCredentials,
	fault.Disabled:          adviceDisabled,
	fault.QuotaExceeded:     adviceQuota,
	fault.EntriesFull:       adviceEntries,
	fault.DiskFull:          adviceDiskFull,
	fault.TooManyTasks:      adviceTasks,
	fault.TooManyDownloads:  adviceDownloads,
	fault.TooManyTreeCopies: adviceTasks,
	fault.TooManyShares:     adviceShares,
	fault.ShareNotFound:     adviceShares,
	fault.DirectOff:         adviceDirect,
	fault.TooManyDirect:     adviceDirect,
	fault.TaskNotFound:      adviceTaskID,
	fault.TaskGoesOn:        adviceGoesOn,
	fault.PlanNotFound:      advicePlan,
	fault.PlanChanged:       advicePlan,
	fault.NotPublished:      adviceNotPublished,
	fault.BadName:           adviceName,
	fault.Unavailable:       adviceLater,
	fault.Uncertain:         adviceLook,
	fault.TooManyUploads:    adviceUploads,
	fault.HashMismatch:      adviceHash,
	fault.TooDeep:           adviceDepth,
}

// failReasons say why one picture of a task was not published, failCodes why a
// whole task failed.
var failReasons = map[string]text{
	"source_deleted":  failSourceDeleted,
	"source_blocked":  failSourceBlocked,
	"content_missing": failContentMissing,
	"content_damaged": failContentDamaged,
	"target_deleted":  failTargetDeleted,
	"limit_depth":     failLimitDepth,
	"quota_exceeded":  failQuota,
	"cancelled":       failCancelled,
	"internal":        failInternal,

	// Why something was skipped.
	"not_an_image":      skipNoPicture,
	"too_large":         skipTooLarge,
	"empty":             skipEmpty,
	"duplicate_in_task": skipTwice,

	// Of what is re-published.
	"image_deleted": failImageDeleted,
	"up_to_date":    skipUpToDate,
	"no_source":     skipNoSource,
}

// keptReasons say why undoing a task left an image as it is.
var keptReasons = map[string]text{
	"replaced":        keptReplaced,
	"republished":     keptRepublished,
	"changed":         keptChanged,
	"moved":           keptMoved,
	"touched":         keptTouched,
	"former_gone":     keptNoContent,
	"content_missing": keptNoContent, // of an older server
	"source_blocked":  failSourceBlocked,
	"quota_exceeded":  failQuota,
}

// outcomes are the words of what became of a picture.
var outcomes = map[string]text{
	"open": say("待处理", "open"), "copied": say("复制", "copied"), "replaced": say("替换", "replaced"),
	"skipped": say("跳过", "skipped"), "failed": say("失败", "failed"),
}

var failCodes = map[string]text{
	"limit_images":   taskLimitImages,
	"limit_depth":    taskLimitDepth,
	"limit_folders":  taskLimitFolders,
	"target_deleted": failTargetDeleted,
	"quota_exceeded": failQuota,
	"all_failed":     taskAllFailed,
	"cancelled":      taskCancelled,
	"internal":       failInternal,
}

// planLimits say of a plan which limit it passes.
var planLimits = map[string]text{
	"limit_images":  planTooMany,
	"limit_depth":   planTooDeep,
	"limit_folders": planFolders,
}

// limitIn finds the limit that a server's sentence names.
var limitIn = regexp.MustCompile(`[0-9]+`)

// reason words a code from a table; a server may have others, or none at all. A limit in
// our sentence is the one that the server names.
func (u *ui) reason(table map[string]text, code, served string) string {
	t, ok := table[code]
	limit := limitIn.FindString(served)
	switch {
	case ok && !strings.Contains(t.en, "%s"):
		return u.text(t)
	case ok && limit != "":
		return u.text(t, limit)
	case served != "":
		return served
	case code != "":
		return code
	}
	return u.text(noReason)
}

// localFaults are what commands on the server meet without one.
var localFaults = map[fault.Code]struct {
	what, advice text
	named        bool // the sentence wants what the fault names
}{
	fault.InUse: {folderInUse, adviceInUse, true}, fault.Exists: {what: accountExists, named: true},
	fault.NotFound: {what: accountGone, named: true}, fault.DiskFull: {localDisk, adviceDisk, false},
	fault.Unavailable: {localBusy, adviceBusyDB, false}, fault.Uncertain: {localUnknown, adviceLook, false},
}
