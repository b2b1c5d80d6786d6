package golden

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"

	"tuchuang/internal/api"
	"tuchuang/internal/client"
)

// calls are the client's calls, by the endpoint they ask, and where in the golden
// data what they answer is found; "-" where they answer nothing of it.
var calls = map[string]struct {
	at   string
	call func(context.Context, *client.Client) (any, error)
}{
	"/api/v1/access_token": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.Token(ctx) }},
	"/api/v1/oauth2/access_token": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.OAuthToken(ctx, client.OAuthRequest{})
	}},
	"/api/v1/oauth2/user/authorize": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		return c.OAuthAuthorize(ctx, client.OAuthWish{})
	}},
	"/api/v1/oauth2/app/verify": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.OAuthVerify(ctx, "x", "y", "z")
	}},
	"/api/v1/user/info": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.UserInfo(ctx) }},

	"/api/v1/user/password": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		return nil, c.ChangePassword(ctx, "x", "y")
	}},
	"/api/v1/user/client/list":   {"", func(ctx context.Context, c *client.Client) (any, error) { return c.Clients(ctx) }},
	"/api/v1/user/client/create": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.AddClient(ctx, "x") }},
	"/api/v1/user/client/name":   {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.NameClient(ctx, "x", "y") }},
	"/api/v1/user/client/delete": {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.RemoveClient(ctx, "x") }},
	"/api/v1/user/token/list":    {"", func(ctx context.Context, c *client.Client) (any, error) { return c.Tokens(ctx, "", 1) }},
	"/api/v1/user/token/delete":  {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.EndToken(ctx, "x") }},
	"/api/v1/operator/account/list": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.Accounts(ctx, 0, 1)
	}},
	"/api/v1/operator/account/create": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.AddAccount(ctx, client.NewAccount{Name: "x"})
	}},
	"/api/v1/operator/account/set": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.SetAccount(ctx, client.AccountChange{UID: 1})
	}},
	"/api/v1/operator/health": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.Health(ctx) }},

	"/upload/v1/file/mkdir": {"dirID", func(ctx context.Context, c *client.Client) (any, error) { return c.Mkdir(ctx, 0, "x") }},
	"/api/v2/file/list": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.ListV2(ctx, client.ListQuery{})
	}},
	"/api/v1/file/list": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.ListV1(ctx, client.ListV1Query{})
	}},
	"/api/v1/file/detail":        {"", func(ctx context.Context, c *client.Client) (any, error) { return c.Detail(ctx, 1) }},
	"/api/v1/file/infos":         {"fileList", func(ctx context.Context, c *client.Client) (any, error) { return c.Infos(ctx, []int64{1}) }},
	"/api/v1/file/download_info": {"downloadUrl", func(ctx context.Context, c *client.Client) (any, error) { return c.DownloadInfo(ctx, 1) }},
	"/api/v1/file/archive_info":  {"downloadUrl", func(ctx context.Context, c *client.Client) (any, error) { return c.ArchiveInfo(ctx, []int64{1}, "") }},
	"/api/v1/file/trash":         {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.Trash(ctx, []int64{1}) }},
	"/api/v1/file/name":          {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.Rename(ctx, 1, "x") }},
	"/api/v1/file/rename": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.RenameEach(ctx, []client.NewName{{FileID: 1, Name: "x"}})
	}},
	"/api/v1/file/move":               {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.Move(ctx, []int64{1}, 0) }},
	"/api/v1/file/copy":               {"targetFileId", func(ctx context.Context, c *client.Client) (any, error) { return c.CopyFile(ctx, 1, 0) }},
	"/api/v1/file/async/copy":         {"taskId", func(ctx context.Context, c *client.Client) (any, error) { return c.CopyFiles(ctx, []int64{1}, 0) }},
	"/api/v1/file/async/copy/process": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.CopyFilesProcess(ctx, 1) }},
	"/api/v1/file/recover":            {"abnormalFileIDs", func(ctx context.Context, c *client.Client) (any, error) { return c.Recover(ctx, []int64{1}) }},
	"/api/v1/file/recover/by_path": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		return nil, c.RecoverTo(ctx, []int64{1}, 0)
	}},
	"/api/v1/file/delete": {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.Delete(ctx, []int64{1}) }},

	"/api/v1/offline/download": {"taskID", func(ctx context.Context, c *client.Client) (any, error) {
		return c.Offline(ctx, client.OfflineRequest{})
	}},
	"/api/v1/offline/download/process": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.OfflineProcess(ctx, 1) }},
	"/api/v1/offline/download/list":    {"", func(ctx context.Context, c *client.Client) (any, error) { return c.OfflineList(ctx, 0, 1) }},
	"/api/v1/oss/offline/download": {"taskID", func(ctx context.Context, c *client.Client) (any, error) {
		return c.BedOffline(ctx, client.OfflineRequest{})
	}},
	"/api/v1/oss/offline/download/process": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.BedOfflineProcess(ctx, 1) }},

	"/api/v1/share/create": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.ShareCreate(ctx, client.NewShare{})
	}},
	"/api/v1/share/list": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.ShareList(ctx, 0, 1) }},
	"/api/v1/share/list/info": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		return nil, c.ShareInfo(ctx, []int64{1}, client.ShareSwitches{})
	}},
	"/api/v1/share/delete": {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.ShareDelete(ctx, []int64{1}) }},

	"/api/v1/direct-link/enable":        {"filename", func(ctx context.Context, c *client.Client) (any, error) { return c.DirectEnable(ctx, 1) }},
	"/api/v1/direct-link/disable":       {"filename", func(ctx context.Context, c *client.Client) (any, error) { return c.DirectDisable(ctx, 1) }},
	"/api/v1/direct-link/url":           {"url", func(ctx context.Context, c *client.Client) (any, error) { return c.DirectURL(ctx, 1) }},
	"/api/v1/direct-link/cache/refresh": {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.DirectRefresh(ctx) }},
	"/api/v1/direct-link/log":           {"", func(ctx context.Context, c *client.Client) (any, error) { return c.DirectLog(ctx, 1, 1) }},
	"/api/v1/direct-link/offline/logs":  {"", func(ctx context.Context, c *client.Client) (any, error) { return c.DirectFiles(ctx, 1, 1) }},
	"/api/v1/direct-link/list":          {"", func(ctx context.Context, c *client.Client) (any, error) { return c.DirectList(ctx, 0, 1) }},
	"/api/v1/direct-link/sign": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.DirectSign(ctx, client.DirectSign{})
	}},
	"/api/v1/developer/config/forbide-ip/switch": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		return nil, c.DirectBlocking(ctx, true)
	}},
	"/api/v1/developer/config/forbide-ip/update": {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.DirectBlock(ctx, nil) }},
	"/api/v1/developer/config/forbide-ip/list":   {"", func(ctx context.Context, c *client.Client) (any, error) { return c.DirectBlocked(ctx) }},

	"/upload/v1/file/create": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.CreateV1(ctx, client.NewFile{})
	}},
	"/upload/v1/file/get_upload_url":      {"presignedURL", func(ctx context.Context, c *client.Client) (any, error) { return c.UploadURL(ctx, "x", 1) }},
	"/upload/v1/file/list_upload_parts":   {"parts", func(ctx context.Context, c *client.Client) (any, error) { return parts(c.Parts(ctx, "x")) }},
	"/upload/v1/file/upload_complete":     {"", func(ctx context.Context, c *client.Client) (any, error) { return c.CompleteV1(ctx, "x") }},
	"/upload/v1/file/upload_async_result": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.AsyncResult(ctx, "x") }},

	"/upload/v2/file/create": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.CreateV2(ctx, client.NewFile{})
	}},
	"/upload/v2/file/slice": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		return nil, c.Slice(ctx, "", "x", 1, "y", empty)
	}},
	"/upload/v2/file/upload_complete": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.CompleteV2(ctx, "x") }},
	"/upload/v2/file/domain":          {"", func(ctx context.Context, c *client.Client) (any, error) { return c.Domain(ctx) }},
	"/upload/v2/file/single/create": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.Single(ctx, "", client.NewFile{}, empty)
	}},
	"/upload/v2/file/sha1_reuse": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.SHA1Reuse(ctx, 0, "x", "y", 1, 0)
	}},

	"/upload/v1/oss/file/mkdir": {"list/0", func(ctx context.Context, c *client.Client) (any, error) { return c.BedMkdir(ctx, "", "x") }},
	"/upload/v1/oss/file/create": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.BedCreate(ctx, client.NewImage{})
	}},
	"/upload/v1/oss/file/get_upload_url":      {"presignedURL", func(ctx context.Context, c *client.Client) (any, error) { return c.BedUploadURL(ctx, "x", 1) }},
	"/upload/v1/oss/file/list_upload_parts":   {"parts", func(ctx context.Context, c *client.Client) (any, error) { return parts(c.BedParts(ctx, "x")) }},
	"/upload/v1/oss/file/upload_complete":     {"", func(ctx context.Context, c *client.Client) (any, error) { return c.BedComplete(ctx, "x") }},
	"/upload/v1/oss/file/upload_async_result": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.BedAsyncResult(ctx, "x") }},
	"/api/v1/oss/file/list": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.BedList(ctx, client.BedListQuery{})
	}},
	"/api/v1/oss/file/detail": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.BedDetail(ctx, "x") }},
	"/api/v1/oss/file/move": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		return nil, c.BedMove(ctx, []string{"x"}, "")
	}},
	"/api/v1/oss/file/delete": {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.BedDelete(ctx, []string{"x"}) }},
	"/api/v1/oss/file/name":   {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.BedRename(ctx, "x", "y") }},
	"/api/v1/oss/file/links": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.BedLinks(ctx, client.LinksQuery{})
	}},

	"/api/v1/oss/source/copy":         {"taskID", func(ctx context.Context, c *client.Client) (any, error) { return c.Copy(ctx, []int64{1}, "") }},
	"/api/v1/oss/source/copy/process": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.CopyProcess(ctx, "x") }},
	"/api/v1/oss/source/copy/fail":    {"", func(ctx context.Context, c *client.Client) (any, error) { return c.CopyFail(ctx, "x", 1, 1) }},
	"/api/v1/oss/source/copy/list": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.CopyList(ctx, client.CopyListQuery{})
	}},
	"/api/v1/oss/source/copy/items": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.CopyItems(ctx, "x", client.CopyItemsQuery{})
	}},
	"/api/v1/oss/source/copy/plan": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.CopyPlanPage(ctx, "x", 0, 1)
	}},
	"/api/v1/oss/source/copy/events": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		_, err := c.CopyEvents(ctx, "x", "", func(client.CopyTask) error { return nil })
		return nil, err
	}},
	"/api/v1/oss/source/copy/report": {"-", func(ctx context.Context, c *client.Client) (any, error) {
		return nil, c.CopyReport(ctx, "x", "csv", io.Discard)
	}},
	"/api/v1/file/thumbnail":     {"-", func(ctx context.Context, c *client.Client) (any, error) { return c.Thumbnail(ctx, 1, 0) }},
	"/api/v1/oss/file/thumbnail": {"-", func(ctx context.Context, c *client.Client) (any, error) { return c.BedThumbnail(ctx, "x", 0) }},
	"/api/v1/oss/source/published": {"", func(ctx context.Context, c *client.Client) (any, error) {
		return c.Published(ctx, client.PublishedQuery{})
	}},
	"/api/v1/oss/source/copy/undo": {"", func(ctx context.Context, c *client.Client) (any, error) { return c.CopyUndo(ctx, "x", false) }},
	"/api/v1/oss/source/republish": {"taskID", func(ctx context.Context, c *client.Client) (any, error) {
		return c.Republish(ctx, client.Republishing{})
	}},
	"/upload/v2/file/upload_cancel":  {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.CancelUpload(ctx, "x") }},
	"/api/v1/oss/source/copy/retry":  {"taskID", func(ctx context.Context, c *client.Client) (any, error) { return c.CopyRetry(ctx, "x") }},
	"/api/v1/oss/source/copy/cancel": {"-", func(ctx context.Context, c *client.Client) (any, error) { return nil, c.CopyCancel(ctx, "x") }},
}

var empty = client.Content{From: strings.NewReader("")}

// parts writes parts as the wire has them; the client reads their number from text.
func parts(list []client.Part, err error) (any, error) {
	out := make([]map[string]any, len(list))
	for i, p := range list {
		out[i] = map[string]any{"partNumber": fmt.Sprint(p.Number), "size": p.Size, "etag": p.Etag}
	}
	return out, err
}

// The client reads every golden answer without loss: what it has a field for has
// the documented name and arrives, and every refusal comes with its code, message
// and reason.
func TestTheClientReadsEveryAnswer(t *testing.T) {
	for _, e := range api.Endpoints() {
		k, ok := calls[e.Path]
		if !ok {
			t.Errorf("no call of the client asks %s", e.Path)
			continue
		}
		for title, body := range answers(t, e.Path) {
			t.Run(e.Path+"/"+title, func(t *testing.T) {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					_, _ = w.Write(body)
				}))
				defer s.Close()
				c, err := client.New(client.Options{Server: s.URL, ClientID: "x", Secret: "y", Token: client.Token{AccessToken: "z"}})
				if err != nil {
					t.Fatal(err)
				}
				got, err := k.call(t.Context(), c)
				want := decode(t, body).(map[string]any)
				data := want["data"]
				if _, enveloped := want["x-traceID"]; !enveloped {
					data = want
				} else if want["code"] != json.Number("0") {
					refusal(t, want, err)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if k.at != "-" {
					compare(t, "data", at(data, k.at), decode(t, []byte(encode(got))))
				}
			})
		}
	}
}

// answers reads a golden file's answers by their titles.
func answers(t *testing.T, path string) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile(fileOf(path))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]byte)
	for section := range strings.SplitSeq("\n"+string(text), "\n# ") {
		title, _, _ := strings.Cut(section, "\n")
		if _, body, ok := strings.Cut(section, "\nHTTP 200\n"); ok {
			out[title] = []byte(body)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no answers in %s", fileOf(path))
	}
	return out
}

func decode(t *testing.T, b []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

func refusal(t *testing.T, want map[string]any, err error) {
	t.Helper()
	said, _ := want["error"].(map[string]any)
	if want["code"] == json.Number("401") { // the client signs in anew, which fails here too
		if err == nil {
			t.Error("a refused token is no error")
		}
		return
	}
	e, ok := err.(*client.Error)
	if !ok {
		t.Fatalf("%v is no refusal", err)
	}
	if json.Number(fmt.Sprint(e.Code)) != want["code"] || e.Message != want["message"] || e.Reason != said["code"] ||
		e.English != said["message"] || e.TraceID != want["x-traceID"] {
		t.Errorf("read %+v of %v", e, want)
	}
}

// at goes down to a part of an answer.
func at(v any, path string) any {
	for key := range strings.SplitSeq(path, "/") {
		switch key {
		case "":
		case "0":
			v = v.([]any)[0]
		default:
			v = v.(map[string]any)[key]
		}
	}
	return v
}

// compare says where what the client has read differs from what was answered. What
// an answer leaves out reads as nothing.
func compare(t *testing.T, where string, want, got any) {
	t.Helper()
	switch g := got.(type) {
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok {
			t.Errorf("%s: %v was read as %v", where, want, got)
			return
		}
		for name, v := range g {
			answered, known := w[name]
			if !known && !optional[name] {
				t.Errorf("%s.%s is read, and not answered under this name", where, name)
			}
			if known {
				compare(t, where+"."+name, answered, v)
			}
		}
	case []any:
		w, _ := want.([]any)
		if len(w) != len(g) {
			t.Errorf("%s: %v was read as %v", where, want, got)
			return
		}
		for i := range g {
			compare(t, fmt.Sprintf("%s[%d]", where, i), w[i], g[i])
		}
	default:
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s: %v was read as %v", where, want, got)
		}
	}
}

// optional are fields that some answers of one shape do not have.
var optional = map[string]bool{"preuploadID": true, "sliceSize": true, "servers": true, "async": true}
