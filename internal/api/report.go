package api

import (
	"bytes"
	"context"
	"reflect"
	"strconv"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/copytask"
	"tuchuang/internal/fault"
	"tuchuang/internal/linkformat"
)

type reportIn struct {
	TaskID copytask.ID `wire:"taskID;required"`
	Format string      `wire:"format" doc:"csv or json"`
}

// report is a way to write a ledger down as a file.
type report struct {
	contentType, ending string
	head                string
	item                func(b *bytes.Buffer, first bool, i copyItem) error
	foot                func(empty bool) string
}

var reports = map[string]report{
	"csv": {
		contentType: csvMedia, ending: ".csv",
		// The mark has spreadsheets read it as UTF-8.
		head: "\ufeff" + "seq,fileId,filename,sourcePath,targetPath,etag,size,outcome,reason,reasonMessage,imageID,downloadURL,reasonMessageEn\r\n",
		item: func(b *bytes.Buffer, _ bool, i copyItem) error {
			b.WriteString(linkformat.Record([]string{
				strconv.Itoa(i.Seq), i.FileID.String(), i.Filename, i.SourcePath, i.TargetPath, i.Etag, strconv.FormatInt(i.Size, 10),
				i.Outcome, string(i.Reason), i.ReasonMessage, string(i.ImageID), i.DownloadURL, i.ReasonMessageEn,
			}))
			b.WriteString("\r\n")
			return nil
		},
		foot: func(bool) string { return "" },
	},
	"json": {
		contentType: jsonMedia, ending: ".json",
		head: "[",
		item: func(b *bytes.Buffer, first bool, i copyItem) error {
			if !first {
				b.WriteByte(',')
			}
			b.WriteString("\n  ")
			return appendJSON(b, i)
		},
		foot: func(empty bool) string {
			if empty {
				return "]\n"
			}
			return "\n]\n"
		},
	},
}

// copyReport answers the whole ledger of a task as a file. It is read page by page, each
// a snapshot of its own: of a task that goes on it may tell of some pictures that they are
// open, and of others after them what became of them since.
func (a *API) copyReport(ctx context.Context, acc account.ID, in reportIn) (stream, error) {
	format := strings.ToLower(in.Format)
	if format == "" {
		format = "csv"
	}
	r, ok := reports[format]
	if !ok {
		return nil, fault.New(fault.BadRequest, "api: report", "format")
	}
	page := func(ctx context.Context, after int) ([]copytask.Item, bool, error) {
		ctx, cancel := context.WithTimeout(ctx, answerLimit)
		defer cancel()
		return a.Tasks.Items(ctx, acc, in.TaskID, copytask.ItemQuery{Outcome: -1, After: after, Limit: pageSize})
	}
	list, more, err := page(ctx, 0) // before the head: its errors come in the envelope
	if err != nil {
		return nil, err
	}
	return stream(func(ctx context.Context, f *flow) error {
		h := f.begin(r.contentType)
		h.Set("Content-Disposition", `attachment; filename="task-`+string(in.TaskID)+r.ending+`"`)
		b := bytes.NewBufferString(r.head)
		empty := len(list) == 0
		for first := true; ; {
			for _, i := range list {
				if err := r.item(b, first, a.toCopyItem(i)); err != nil {
					return fault.Because(fault.Internal, "api: report", err)
				}
				first = false
			}
			if !more {
				b.WriteString(r.foot(empty))
				return f.send(b.Bytes())
			}
			if err := f.send(b.Bytes()); err != nil {
				return err
			}
			b.Reset()
			if list, more, err = page(ctx, list[len(list)-1].Seq); err != nil {
				return err
			}
		}
	}), nil
}

// reportItem is what a report in JSON is a list of.
var reportItem = reflect.TypeFor[copyItem]()
