package story

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
	"tuchuang/test/harness"
)

const reportPath = "/api/v1/oss/source/copy/report"

// file fetches an answer that is no envelope.
func file(t *testing.T, u *harness.User, path string) (http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.Server.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+u.Token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", path, res.Status, err)
	}
	return res.Header, string(b)
}

// The report is the whole ledger, as a table that no spreadsheet takes for formulas and as
// a list, whatever its pictures are called.
func TestCopyReportIsTheLedger(t *testing.T) {
	s, u := writer(t)
	album := u.MkFolder(0, "=相册, 1;2")
	putMany(t, u, album, 0, 210) // some pages
	formula := "=cmd' C calc'!A0.png"
	for n, name := range []string{formula, "+1,2.png", "-x.txt", "＝全角.png", "猫 'a'.png", "@a.png"} {
		u.PutFile(album, name, content(1000+n))
	}
	gone := u.PutFile(0, "gone.png", content(2000))
	release := occupy(t, u)
	task := u.StartCopy("", album, gone)
	if _, text := file(t, u, reportPath+"?taskID="+task); strings.Count(text, "\n") != 1 {
		t.Errorf("of a task that waits: %q", text)
	}
	if _, text := file(t, u, reportPath+"?format=json&taskID="+task); text != "[]\n" && text != "[]" {
		t.Errorf("of a task that waits: %q", text)
	}
	trash(t, u, gone)
	release()
	u.Await(task)

	var want []client.CopyItem
	for q := (client.CopyItemsQuery{}); q.Last >= 0; {
		page, err := u.CopyItems(t.Context(), task, q)
		if err != nil {
			t.Fatal(err)
		}
		want, q.Last = append(want, page.List...), page.LastSeq
	}
	if len(want) != 217 {
		t.Fatalf("the ledger has %d lines", len(want))
	}
	head, text := file(t, u, reportPath+"?taskID="+task+"&format=json")
	var list []client.CopyItem
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("-ledger +list\n%s", diff)
	}
	if got := head.Get("Content-Disposition"); got != `attachment; filename="task-`+task+`.json"` || !strings.HasPrefix(head.Get("Content-Type"), "application/json") {
		t.Errorf("%v", head)
	}

	head, text = file(t, u, reportPath+"?taskID="+task)
	if got := head.Get("Content-Disposition"); got != `attachment; filename="task-`+task+`.csv"` || head.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%v", head)
	}
	text, marked := strings.CutPrefix(text, "\ufeff")
	if !marked || strings.Count(text, "\r\n") != len(want)+1 || strings.Count(text, "\n") != len(want)+1 {
		t.Errorf("%d lines of %d, marked %v", strings.Count(text, "\r\n"), strings.Count(text, "\n"), marked)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != "seq,fileId,filename,sourcePath,targetPath,etag,size,outcome,reason,reasonMessage,imageID,downloadURL,reasonMessageEn" {
		t.Errorf("header %s", got)
	}
	for n, i := range want {
		row := []string{
			strconv.Itoa(i.Seq), strconv.FormatInt(i.FileID, 10), i.Filename, i.SourcePath, i.TargetPath, i.Etag, strconv.FormatInt(i.Size, 10),
			i.Outcome, i.Reason, i.ReasonMessage, i.ImageID, i.DownloadURL,
		}
		if strings.ContainsRune("=+-@＝", []rune(i.Filename)[0]) {
			row[2] = "'" + row[2]
		}
		last := len(row)
		if diff := cmp.Diff(row, rows[n+1][:last]); diff != "" {
			t.Errorf("-ledger +row\n%s", diff)
		}
		if english := rows[n+1][last]; len(rows[n+1]) != last+1 || (english != "") != (i.Reason != "") || english == i.ReasonMessage && i.Reason != "" {
			t.Errorf("the reason %s in English is %q", i.Reason, english)
		}
	}
	if !slices.ContainsFunc(rows, func(row []string) bool { return row[2] == "'"+formula }) {
		t.Error("the formula is not in the table")
	}
	if other := s.User("other"); other.Server.Get(reportPath+"?taskID="+task, other.Token).Message != "任务不存在" {
		t.Error("another account gets it")
	}
}
