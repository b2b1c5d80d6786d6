package transfer

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
)

// leftOut is the file of an archive that tells what is not in it.
const leftOut = "未能打包 left out.txt"

// whyLeftOut says it to people; anything else could not be read.
var whyLeftOut = map[fault.Code]string{
	fault.NotFound:       "已被删除 was deleted meanwhile",
	fault.Blocked:        "已被管理员屏蔽 is blocked by the operator",
	fault.ContentMissing: "内容不在存储中 its content is not in the store",
}

// archive gives files and folders of the drive with all that is in them to whoever has
// their signed URL, as one ZIP archive, which is made while it is sent: pictures are as
// small as they get, so nothing is compressed. What can't be read is left out and told in
// a text file at the end of it.
func (t *Transfer) archive(w http.ResponseWriter, r *http.Request) (result string) {
	no, ok := number(r.PathValue("account"))
	acc := account.ID(no)
	var ids []drive.ID
	for text := range strings.SplitSeq(r.PathValue("files"), "-") {
		id, ok2 := number(text)
		ids, ok = append(ids, drive.ID(id)), ok && ok2
	}
	err := t.Accounts.Verify(r.Context(), acc, r.PathValue("sign"), "GET /z/"+r.PathValue("account")+"/"+r.PathValue("files"))
	if err == nil && !ok {
		err = fault.New(fault.BadSignature, "transfer: archive")
	}
	if err != nil {
		return t.fail(w, r, err)
	}
	who, err := t.Accounts.Get(r.Context(), acc)
	if err == nil && who.State != account.Enabled {
		err = fault.New(fault.Disabled, "transfer: archive")
	}
	if err != nil {
		return t.fail(w, r, err)
	}
	trees, err := t.Drive.Trees(r.Context(), acc, ids)
	if err != nil {
		return t.fail(w, r, err)
	}
	name, err := entryname.Clean(r.PathValue("name"))
	if err != nil {
		name = "archive.zip" // it is for people alone, and not signed
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", "attachment; filename*=UTF-8''"+headerText(name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	if r.Method == http.MethodHead {
		return done
	}
	a := archiving{t: t, acc: acc, zip: zip.NewWriter(paced{t.sender(w, r)})}
	if err := a.all(r.Context(), trees); err != nil {
		if r.Context().Err() == nil {
			t.Log.Error("transfer: an archive is broken off", "trace", rand.Text(), "err", err)
		}
		panic(http.ErrAbortHandler) // who reads must not see a good end
	}
	return done
}

// paced has each piece that is written taken in its time.
type paced struct{ s *sender }

func (p paced) Write(b []byte) (int, error) {
	p.s.limit(int64(len(b)))
	return p.s.ResponseWriter.Write(b)
}

// archiving is an archive that is being made.
type archiving struct {
	t   *Transfer
	acc account.ID
	zip *zip.Writer
	out []string // what is left out, and why, a line each
}

func (a *archiving) all(ctx context.Context, trees []drive.Tree) error {
	taken := make(map[string]bool)
	free := func(name string) (string, error) {
		if taken[name] {
			var err error
			if name, _, err = entryname.Free(name, 0, func(n string) (bool, error) { return taken[n], nil }); err != nil {
				return "", err
			}
		}
		taken[name] = true
		return name, nil
	}
	for _, tree := range trees {
		top, err := free(tree[0].Name)
		if err != nil {
			return err
		}
		paths := make(map[drive.ID]string)
		for i, e := range tree {
			path := top
			if i > 0 {
				path = paths[e.Parent] + "/" + e.Name
			}
			paths[e.ID] = path
			if err := a.entry(ctx, path, e); err != nil {
				return err
			}
		}
	}
	if len(a.out) > 0 {
		name, err := free(leftOut)
		if err != nil {
			return err
		}
		w, err := a.zip.Create(name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, strings.Join(a.out, "")); err != nil {
			return err
		}
	}
	return a.zip.Close()
}

func (a *archiving) entry(ctx context.Context, path string, e drive.Entry) error {
	if e.IsFolder() {
		_, err := a.zip.CreateHeader(&zip.FileHeader{Name: path + "/", Modified: e.UpdatedAt})
		return err
	}
	c, err := a.t.Drive.Content(ctx, a.acc, e.ID)
	var object blob.Object
	if err == nil {
		object, err = a.t.open(ctx, blob.Key{Account: int64(a.acc), ID: c.BlobID}, c.Size)
	}
	switch code := fault.CodeOf(err); {
	case err == nil:
	case ctx.Err() != nil:
		return err
	default:
		if _, told := statuses[code]; !told || code == fault.ContentMissing || code == fault.Unavailable {
			a.t.Log.Error("transfer: left out of an archive", "trace", rand.Text(), "err", err)
		}
		a.out = append(a.out, path+"\t"+cmp.Or(whyLeftOut[code], "无法读取 could not be read")+"\r\n")
		return nil
	}
	defer a.t.close(object)
	w, err := a.zip.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store, Modified: c.UpdatedAt})
	if err != nil {
		return err
	}
	n, err := io.Copy(w, object)
	if err == nil && n != c.Size {
		err = io.ErrUnexpectedEOF
	}
	return err
}
