package main

import (
	"log/slog"

	"tuchuang/internal/api"
	"tuchuang/internal/copytask"
	"tuchuang/internal/fault"
	"tuchuang/internal/metrics"
	"tuchuang/internal/offline"
	"tuchuang/internal/queue"
)

// expected are the figures that are there before anything has happened: those that an
// alert or the dashboard asks for.
func expected() metrics.Expected {
	ours := []string{string(fault.Internal), string(fault.Unavailable), string(fault.DiskFull)}
	e := metrics.Expected{
		Routes:   []string{"/i", "/d", "/dl", "/dl-log", "/upload/put", "/", "/s", "/auth", "unknown"},
		Results:  append([]string{"ok", string(fault.ContentMissing)}, ours...),
		Kinds:    []string{kindCopy, kindOffline, kindCallback, kindTreeCopy},
		Attempts: []string{"finished", "cancelled", "lease_lost", "given_back", "put_off", "failed"},
		Ends: map[string][][2]string{
			kindCopy:     {{queue.Done.String(), ""}, {queue.Cancelled.String(), string(copytask.Stopped)}},
			kindOffline:  {{queue.Done.String(), ""}},
			kindCallback: {{queue.Done.String(), ""}, {queue.Failed.String(), ""}},
			kindTreeCopy: {{queue.Done.String(), ""}, {queue.Failed.String(), ""}},
		},
		Outcomes:     [][2]string{{copytask.Copied.String(), ""}, {copytask.Replaced.String(), ""}},
		Operations:   []string{"create", "begin", "slice", "write", "commit", "open", "read", "remove", "link"},
		StoreResults: append([]string{"ok"}, ours...),
		Levels:       []string{slog.LevelDebug.String(), slog.LevelInfo.String(), slog.LevelWarn.String(), slog.LevelError.String()},
	}
	for _, one := range api.Endpoints() {
		e.Routes = append(append(e.Routes, one.Path), one.Also...)
	}
	for _, why := range []copytask.FailCode{
		copytask.LimitImages, copytask.LimitDepth, copytask.LimitFolders, copytask.NoTarget, copytask.NoQuota, copytask.AllFailed, copytask.Broken,
	} {
		e.Ends[kindCopy] = append(e.Ends[kindCopy], [2]string{queue.Failed.String(), string(why)})
	}
	for _, why := range offline.FailCodes() {
		e.Ends[kindOffline] = append(e.Ends[kindOffline], [2]string{queue.Failed.String(), string(why)})
	}
	for outcome, reasons := range map[copytask.Outcome][]copytask.Reason{
		copytask.Skipped: {
			copytask.NotAnImage, copytask.TooLarge, copytask.Empty, copytask.DuplicateInTask, copytask.ImageDeleted, copytask.UpToDate, copytask.NoSource,
		},
		copytask.Failed: {
			copytask.SourceDeleted, copytask.SourceBlocked, copytask.ContentMissing, copytask.ContentDamaged, copytask.TargetDeleted,
			copytask.BedTooDeep, copytask.QuotaExceeded, copytask.Cancelled, copytask.Internal,
		},
	} {
		for _, why := range reasons {
			e.Outcomes = append(e.Outcomes, [2]string{outcome.String(), string(why)})
		}
	}
	return e
}
