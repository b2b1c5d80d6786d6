package main

import (
	"errors"
	"net/url"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
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
		} else if e.TraceID != "" {
			advice = u.text(tellOperator, e.TraceID)
		}
		return what, advice
	}
	if e, ok := errors.AsType[*client.PathError](err); ok {
		if e.Reason == fault.NotFolder {
			return u.text(pathNotFolder, printable(e.Path)), ""
		}
		return u.text(pathMissing, printable(e.Path)), u.text(lookWithLs)
	}
	if e, ok := errors.AsType[usageError](err); ok {
		return e.text, e.advice
	}
	if client.Broken(err) {
		// net/http says the address, which is long, and the cause: that is enough.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return u.text(unreachable, err), u.text(checkServer)
	}
	code, args := fault.CodeOf(err), fault.ArgsOf(err)
	if a, ok := advices[code]; ok {
		advice = u.text(a)
	}
	if t, ok := localFaults[code]; ok && len(args) > 0 {
		return u.text(t, args[0]), advice
	}
	return err.Error(), advice
}

// refusal is what the server said, in the user's language where it speaks it.
func (u *ui) refusal(e *client.Error) string {
	if u.zh && e.Message != "" {
		return e.Message
	}
	return e.Error()
}

// advices say what to do about a failure, where something can be done.
var advices = map[fault.Code]text{
	fault.BadCredentials: adviceCredentials,
	fault.TokenExpired:   adviceCredentials,
	fault.NoToken:        adviceCredentials,
	fault.Disabled:       adviceDisabled,
	fault.QuotaExceeded:  adviceQuota,
	fault.DiskFull:       adviceDiskFull,
	fault.TooManyTasks:   adviceTasks,
	fault.TaskNotFound:   adviceTaskID,
	fault.BadName:        adviceName,
	fault.Unavailable:    adviceLater,
	fault.TooManyUploads: adviceUploads,
	fault.HashMismatch:   adviceHash,
	fault.TooDeep:        adviceDepth,
	fault.InUse:          adviceInUse,
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
	"internal":        failInternal,
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

// reason words a code from a table; a server may have others, or none at all.
func (u *ui) reason(table map[string]text, code, served string) string {
	if t, ok := table[code]; ok {
		return u.text(t)
	}
	switch {
	case served != "":
		return served
	case code != "":
		return code
	}
	return u.text(noReason)
}

// localFaults are what commands on the server meet without one.
var localFaults = map[fault.Code]text{
	fault.BadConfig: plainText, fault.InUse: folderInUse, fault.Exists: accountExists, fault.NotFound: accountGone,
}
