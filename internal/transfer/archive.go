package transfer

import (
	"archive/zip"
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

// whyLeftOut says to people why something is not in an archive. At anything else it ends.
var whyLeftOut = map[fault.Code]string{
	fault.NotFound:       "已被删除 was deleted meanwhile",
	fault.Blocked:        "已被管理员屏蔽 is blocked by the operator",
	fault.ContentMissing: "内容不在存储中 its content is not in the store",
}

// archive gives files and folders of the drive with all that is in them to whoever has
// their signed URL, as one ZIP archive, which is made while it is sent: pictures are as
// small as they get, so nothing is compressed. What is not to be had is left out and told in
// a text file at the end of it; what can't be read now breaks it off.
func (t *Transfer) archive(w http.ResponseWriter, r *http.Request) (result string) {
	a := archiving{t: t, to: paced{s: t.sender(w, r)}, sign: r.PathValue("sign"), what: "GET /z/" + r.PathValue("account") + "/" + r.PathValue("files")}
	no, ok := number(r.PathValue("account"))
	a.acc = account.ID(no)
	var ids []drive.ID
	for text := range strings.SplitSeq(r.PathValue("files"), "-") {
		id, ok2 := number(text)
		ids, ok = append(ids, drive.ID(id)), ok && ok2
	}
	err := a.may(r.Context())
	if err == nil && !ok {
		err = fault.New(fault.BadSignature, "transfer: archive")
	}
	if err != nil {
		return t.fail(w, r, err)
	}
	trees, err := t.Drive.Trees(r.Context(), a.acc, ids)
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
	err = a.all(r.Context(), trees)
	if err != nil && !a.to.begun {
		return t.fail(w, r, err)
	}
	if err != nil {
		t.breakOff(r, err)
	}
	return done
}

// archiving is an archive that is being made.
type archiving struct {
	t          *Transfer
	acc        account.ID
	sign, what string // who may have it
	to         paced
	zip        *zip.Writer
	out        []string // what is left out, and why, a line each
	lost       error    // the first of them whose content is missing
}

// may says whether the URL is good still: a reset ends it, and a disabled account.
func (a *archiving) may(ctx context.Context) error {
	if err := a.t.Accounts.Verify(ctx, a.acc, a.sign, a.what); err != nil {
		return err
	}
	who, err := a.t.Accounts.Get(ctx, a.acc)
	if err == nil && who.State != account.Enabled {
		err = fault.New(fault.Disabled, "transfer: archive")
	}
	return err
}

func (a *archiving) all(ctx context.Context, trees []drive.Tree) error {
	a.zip = zip.NewWriter(&a.to)
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
		top, err := free(inArchive(tree[0].Name))
		if err != nil {
			return err
		}
		paths := make(map[drive.ID]string) // of folders
		for i, e := range tree {
			path := top
			if i > 0 {
				path = paths[e.Parent] + "/" + inArchive(e.Name)
			}
			if e.IsFolder() {
				paths[e.ID] = path
			}
			if err := a.entry(ctx, path, e); err != nil {
				return err
			}
		}
	}
	if a.lost != nil {
		a.t.Log.Error("transfer: content is left out of an archive", "trace", rand.Text(), "err", a.lost, "left out", len(a.out))
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

// inArchive is a name that may be unpacked anywhere: the one that has a colon is ours.
func inArchive(name string) string { return strings.ReplaceAll(name, ":", "_") }

func (a *archiving) entry(ctx context.Context, path string, e drive.Entry) error {
	if e.IsFolder() {
		_, err := a.zip.CreateHeader(&zip.FileHeader{Name: path + "/", Modified: e.UpdatedAt})
		return err
	}
	if err := a.may(ctx); err != nil {
		return err
	}
	c, err := a.t.Drive.Content(ctx, a.acc, e.ID)
	var object blob.Object
	if err == nil {
		object, err = a.t.open(ctx, blob.Key{Account: int64(a.acc), ID: c.BlobID}, c.Size)
	}
	if why, left := whyLeftOut[fault.CodeOf(err)]; err != nil && left {
		a.out = append(a.out, path+"\t"+why+"\r\n")
		if a.lost == nil && fault.Is(err, fault.ContentMissing) {
			a.lost = err
		}
		return nil
	}
	if err != nil {
		return err
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
