package story

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// nastyNames are all that the bed takes of what breaks texts.
var nastyNames = []string{
	`a](x)'<b>.png`, // cut below to what a name may be
	"图 床 [1](2).png",
	"it's 100% {url} no;&+#,'.png",
	"`x` ~~y~~ $z$ _q_ !&lt;&#60;.png",
	"=1+1,2.png", "+1.png", "-1.png", "@sum(A1).png", "＝1.png",
	"[img][url=x].PNG", "a](http.png", "🙂 \u202e.png",
}

// nastyImages brings a picture of each name into a folder of the bed; they are
// answered by their names.
func nastyImages(t *testing.T, u *harness.User, folder string) (names []string, images map[string]client.Image) {
	t.Helper()
	images = make(map[string]client.Image)
	for i, name := range nastyNames {
		name = strings.NewReplacer("<", "", ">", "").Replace(name)
		names = append(names, name)
		images[name] = mustBed(t, u, folder, name, png(uint64(100+i), 64), 0)
	}
	return names, images
}

// ids of some images in the order of their names.
func idsOf(names []string, images map[string]client.Image) (ids []string) {
	for _, name := range names {
		ids = append(ids, images[name].FileID)
	}
	return ids
}

// readers read a text of a format back as a parser of that language does, and answer
// the name (where the format has one) and the address.
var readers = map[string]func(t *testing.T, text string) (name, url string){
	"url": func(_ *testing.T, text string) (string, string) { return "", text },
	"bbcode": func(t *testing.T, text string) (string, string) {
		t.Helper()
		rest, begins := strings.CutPrefix(text, "[img]")
		url, ends := strings.CutSuffix(rest, "[/img]")
		if !begins || !ends || strings.ContainsAny(url, "[]<> ") {
			t.Errorf("no BBCode: %s", text)
		}
		return "", url
	},
	"md": readMarkdown,
	"html": func(t *testing.T, text string) (string, string) {
		t.Helper()
		var img struct {
			XMLName xml.Name `xml:"img"`
			Src     string   `xml:"src,attr"`
			Alt     string   `xml:"alt,attr"`
		}
		if err := xml.Unmarshal([]byte(strings.TrimSuffix(text, ">")+"/>"), &img); err != nil {
			t.Errorf("%v in %s", err, text)
		}
		return img.Alt, img.Src
	},
	"csv": func(t *testing.T, text string) (string, string) {
		t.Helper()
		row, err := csv.NewReader(strings.NewReader(text)).Read()
		if err != nil || len(row) != 5 {
			t.Fatalf("%v in %s", err, text)
		}
		for _, cell := range row {
			if strings.ContainsAny(cell[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("%q begins a formula", cell)
			}
		}
		return strings.TrimPrefix(row[1], "'"), row[2]
	},
	"json": func(t *testing.T, text string) (string, string) {
		t.Helper()
		var l struct{ Name, URL string }
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("%v in %s", err, text)
		}
		return l.Name, l.URL
	},
}

// readMarkdown takes ![text](address) apart as CommonMark does, and objects to
// whatever could be something else.
func readMarkdown(t *testing.T, text string) (name, url string) {
	t.Helper()
	rest, begins := strings.CutPrefix(text, "![")
	if !begins {
		t.Errorf("no picture: %s", text)
	}
	for rest != "" && rest[0] != ']' {
		if rest[0] == '\\' {
			rest = rest[1:]
		} else if strings.ContainsRune("[`*_<>&!|~$\n", rune(rest[0])) {
			t.Errorf("%q means something in %s", rest[:1], text)
		}
		name, rest = name+rest[:1], rest[1:]
	}
	rest, opens := strings.CutPrefix(rest, "](")
	url, closes := strings.CutSuffix(rest, ")")
	if !opens || !closes || strings.ContainsAny(url, "() <>\\") {
		t.Errorf("no address: %s", text)
	}
	return name, url
}

// Whatever a picture is called, each format's parser reads its name and link back.
func TestLinksInEveryFormat(t *testing.T) {
	s, u := writer(t)
	names, images := nastyImages(t, u, mkBed(t, u, "", "博客"))
	for format, read := range readers {
		page, err := u.BedLinks(t.Context(), client.LinksQuery{FileIDs: idsOf(names, images), Format: format})
		if err != nil || len(page.List) != len(names) || page.LastFileID != "-1" {
			t.Fatalf("%s: %+v, %v", format, page, err)
		}
		var texts []string
		for i, l := range page.List {
			img := images[names[i]]
			name, url := read(t, l.Text)
			if url != img.DownloadURL || name != names[i] && format != "url" && format != "bbcode" {
				t.Errorf("%s of %q is read as %q, %q", format, names[i], name, url)
			}
			if (client.ImageLink{FileID: img.FileID, Filename: names[i], URL: img.DownloadURL, Text: l.Text}) != l {
				t.Errorf("%s: %+v of %+v", format, l, img)
			}
			texts = append(texts, l.Text)
		}
		switch format {
		case "json":
			var list []json.RawMessage
			if err := json.Unmarshal([]byte(page.Text), &list); err != nil {
				t.Errorf("%v in %s", err, page.Text)
			}
			var got []string
			for _, l := range list {
				got = append(got, string(l))
			}
			if diff := cmp.Diff(texts, got); diff != "" {
				t.Error(diff)
			}
		case "csv":
			rows, err := csv.NewReader(strings.NewReader(page.Text)).ReadAll()
			if err != nil || len(rows) != len(names)+1 || !slices.Equal(rows[0], []string{"id", "name", "url", "etag", "size"}) {
				t.Errorf("%v in %s", err, page.Text)
			}
		default:
			if page.Text != strings.Join(texts, "\n")+"\n" {
				t.Errorf("%s: all of them are %q", format, page.Text)
			}
		}
	}
	// The same by whatever a client sends.
	id := images["-1.png"].FileID
	want := s.Post("/api/v1/oss/file/links", u.Token, body{"fileIDs": []string{id}, "format": "md"}).Data
	for name, a := range map[string]harness.Answer{
		"a query":                     s.Get("/api/v1/oss/file/links?FORMAT=MD&fileids="+id, u.Token),
		"a form":                      s.Send("POST", "/api/v1/oss/file/links", u.Token, "application/x-www-form-urlencoded", []byte("fileIDs[]="+id+"&format=md&template=")),
		"one id, nulls, empty fields": s.Post("/api/v1/oss/file/links", u.Token, body{"fileID": id, "format": "md", "template": "", "parentFileId": nil, "lastFileId": ""}),
	} {
		if diff := cmp.Diff(want, a.Data); diff != "" || want == nil {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A template is filled for each picture, and what makes no sense in it is named.
func TestLinksByTemplate(t *testing.T) {
	s, u := writer(t)
	names, images := nastyImages(t, u, "")
	page, err := u.BedLinks(t.Context(), client.LinksQuery{FileIDs: idsOf(names, images), Template: "{n}\t{id}\t{etag}\t{size}\t{stem}\t{ext}\t{name}\t{url}\t![{name:md}]({url})"})
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(page.Text, "\n"), "\n") {
		img := images[names[i]]
		dot := strings.LastIndex(names[i], ".")
		want := []string{fmt.Sprint(i + 1), img.FileID, img.Etag, "64", names[i][:dot], names[i][dot+1:], names[i], img.DownloadURL}
		got := strings.Split(line, "\t")
		if diff := cmp.Diff(want, got[:len(want)]); diff != "" || page.List[i].Text != line {
			t.Errorf("%q: %s", line, diff)
		}
		if name, url := readMarkdown(t, got[len(want)]); name != names[i] || url != img.DownloadURL {
			t.Errorf("%q is read as %q, %q", got[len(want)], name, url)
		}
	}
	for first, want := range map[int]string{-5: "1", 1: "1", 101: "101"} {
		page, err := u.BedLinks(t.Context(), client.LinksQuery{FileIDs: idsOf(names, images)[:1], Template: "{n}", First: first})
		if err != nil || page.Text != want+"\n" {
			t.Errorf("the first is %d: %q, %v", first, page.Text, err)
		}
	}

	id := images["+1.png"].FileID
	long := mustBed(t, u, "", strings.Repeat("图", 251)+".png", png(7, 64), 0).FileID
	for name, tt := range map[string]struct {
		b     body
		field string
	}{
		"an unknown placeholder": {body{"template": "{url} {title}"}, "template {title}"},
		"a brace alone":          {body{"template": "{url"}, "template {url"},
		"an unknown language":    {body{"template": "{name:tex}"}, "template {name:tex}"},
		"too long":               {body{"template": strings.Repeat("图", 4096/3+1)}, "template"},
		"with another format":    {body{"template": "{url}", "format": "md"}, "template"},
		"none":                   {body{"format": "template"}, "template"},
		"an unknown format":      {body{"format": "pdf"}, "format"},
		"a page of megabytes":    {body{"template": strings.Repeat("{name}", 680), "fileIDs": slices.Repeat([]string{long}, 100)}, "template"},
		"pictures and a folder":  {body{"parentFileId": mkBed(t, u, "", "f")}, "parentFileId"},
	} {
		if tt.b["fileIDs"] == nil {
			tt.b["fileIDs"] = []string{id}
		}
		a := s.Post("/api/v1/oss/file/links", u.Token, tt.b)
		says(t, name, a, 200, 1, fault.BadRequest, "参数错误: "+tt.field)
		if a.Message != "参数错误: "+tt.field {
			t.Errorf("%s: %s, want it to end with %s", name, a.Message, tt.field)
		}
	}
}

// A folder is told page by page: its pictures, the newest first, and nothing else.
func TestLinksOfAFolder(t *testing.T) {
	s, u := writer(t)
	folder := mkBed(t, u, "", "album")
	sub := mkBed(t, u, folder, "sub")
	mustBed(t, u, sub, "below.png", png(1, 64), 0)
	const many = 103
	ids := make([]int64, many)
	top := u.MkFolder(0, "many")
	for i := range ids {
		ids[i] = u.PutFile(top, fmt.Sprintf("%03d.png", i), content(i))
	}
	done(t, u, folder, ids[:100]...)
	done(t, u, folder, ids[100:]...)
	var want []string
	for img, err := range u.BedListAll(t.Context(), folder) {
		if err != nil {
			t.Fatal(err)
		}
		if !img.IsFolder() {
			want = append(want, img.DownloadURL)
		}
	}
	for limit, pages := range map[int]int{0: 2, 100: 2, 1000: 2, 40: 3, 103: 2} {
		var got []string
		q := client.LinksQuery{Parent: folder, Limit: limit}
		n := 0
		for q.After != "-1" {
			page, err := u.BedLinks(t.Context(), q)
			if err != nil || len(page.List) == 0 {
				t.Fatalf("%+v: %+v, %v", q, page, err)
			}
			got = append(got, strings.Fields(page.Text)...)
			q.After = page.LastFileID
			n++
		}
		if diff := cmp.Diff(want, got); diff != "" || n != pages || len(got) != many {
			t.Errorf("by %d: %d pages, want %d: %s", limit, n, pages, diff)
		}
		if page, err := u.BedLinks(t.Context(), q); err != nil || len(page.List) != 0 || page.LastFileID != "-1" || page.Text != "" {
			t.Errorf("after the last page: %+v, %v", page, err)
		}
	}
	if page, err := u.BedLinks(t.Context(), client.LinksQuery{}); err != nil || len(page.List) != 0 {
		t.Errorf("pictures below the root: %+v, %v", page, err)
	}
	first, err := u.BedLinks(t.Context(), client.LinksQuery{Parent: folder, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	img := first.List[0].FileID
	links := "/api/v1/oss/file/links"
	says(t, "a picture as a folder", s.Post(links, u.Token, body{"parentFileId": img}), 200, 1, fault.NotFolder, "目标不是文件夹")
	says(t, "no such folder", s.Post(links, u.Token, body{"parentFileId": "none"}), 200, 1, fault.ParentNotFound, "目标文件夹不存在")
	says(t, "a folder as a picture", s.Post(links, u.Token, body{"fileIDs": []string{img, sub}}), 200, 1, fault.NotFile, "不能对文件夹进行此操作")
	says(t, "one is missing", s.Post(links, u.Token, body{"fileIDs": []string{img, "none"}}), 200, 5066, fault.NotFound, "文件不存在")
}

// A picture is called otherwise, and its link gives the same bytes as ever.
func TestRenameKeepsTheLink(t *testing.T) {
	s, u := writer(t)
	folder := mkBed(t, u, "", "博客")
	b := png(5, 50_000)
	before := mustBed(t, u, folder, "old.png", b, 0)
	for _, name := range []string{"图 床.png", `it's [1](2) 'x' & {y}.PNG`, "a](x)'b.jpeg", strings.Repeat("图", 251) + ".png", " spaces .png"} {
		if err := u.BedRename(t.Context(), before.FileID, name); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		after, err := u.BedDetail(t.Context(), before.FileID)
		if err != nil {
			t.Fatal(err)
		}
		want := before
		want.Filename, want.UpdateAt, want.Extension = name, after.UpdateAt, strings.ToLower(name[strings.LastIndex(name, ".")+1:])
		if diff := cmp.Diff(want, after); diff != "" {
			t.Errorf("%q: %s", name, diff)
		}
		got := get(t, "GET", before.DownloadURL)
		if string(got.body) != string(b) || got.header.Get("Content-Type") != "image/png" || got.header.Get("Etag") != `"`+harness.MD5(b)+`"` {
			t.Errorf("%q: its link gives %d, %d bytes, %v", name, got.status, len(got.body), got.header)
		}
		hasPaths(t, u, folder, name)
	}
	// The name is free again, and the same content in the folder is the same image.
	other := mustBed(t, u, folder, "old.png", png(6, 64), 0)
	again := mustBed(t, u, folder, "back.png", b, 0)
	if again.FileID != before.FileID || again.DownloadURL != before.DownloadURL || other.FileID == before.FileID {
		t.Errorf("%+v, was %+v; beside it %+v", again, before, other)
	}
	hasPaths(t, u, "", "博客/", "博客/back.png", "博客/old.png")

	if err := u.BedRename(t.Context(), folder, "Blog 2026"); err != nil {
		t.Error(err)
	}
	hasPaths(t, u, "", "Blog 2026/", "Blog 2026/back.png", "Blog 2026/old.png")
	if got := fetch(t, before.DownloadURL); string(got) != string(b) {
		t.Error("the link has changed with its folder's name")
	}

	// By any method, in any spelling.
	for i, send := range []func(name string) harness.Answer{
		func(name string) harness.Answer {
			return s.Send(http.MethodPut, "/api/v1/oss/file/name", u.Token, "application/json", fmt.Appendf(nil, `{"FILEID":%q,"filename":%q}`, before.FileID, name))
		},
		func(name string) harness.Answer {
			return s.Send(http.MethodPut, "/api/v1/oss/file/name", u.Token, "application/x-www-form-urlencoded", []byte("fileID="+before.FileID+"&fileName="+name))
		},
		func(name string) harness.Answer {
			return s.Get("/api/v1/oss/file/name?fileId="+before.FileID+"&fileName="+name, u.Token)
		},
	} {
		name := fmt.Sprintf("way%d.png", i)
		if a := send(name); a.Code != 0 || a.Data != nil {
			t.Errorf("%s: %+v", name, a)
		}
		hasPaths(t, u, folder, name, "old.png")
	}
}

// A rename that can't be says why, and changes nothing.
func TestRenameRefusals(t *testing.T) {
	s, u := writer(t)
	img := mustBed(t, u, "", "a.png", png(1, 64), 0).FileID
	mustBed(t, u, "", "b.png", png(2, 64), 0)
	folder := mkBed(t, u, "", "folder")
	mkBed(t, u, "", "folder.png")
	mustBed(t, u, folder, "free.png", png(3, 64), 0)
	root := s.Get("/api/v1/oss/file/detail?fileID="+folder, u.Token).Field("parentFileId")
	for name, tt := range map[string]struct {
		b      body
		code   int
		reason fault.Code
		says   string
	}{
		"a picture's name":      {body{"fileID": img, "fileName": "b.png"}, 1, fault.NameTaken, "文件名不能重名"},
		"a folder's name":       {body{"fileID": img, "fileName": "folder.png"}, 1, fault.NameTaken, "文件名不能重名"},
		"a folder to a picture": {body{"fileID": folder, "fileName": "a.png"}, 1, fault.NameTaken, "文件名不能重名"},
		"no picture":            {body{"fileID": img, "fileName": "a.html"}, 1, fault.NotAnImage, "不支持的图片格式"},
		"a name that is none":   {body{"fileID": img, "fileName": `a](x)"<b>.png`}, 1, fault.BadName, "文件名要小于256个字符"},
		"without a name":        {body{"fileID": img}, 1, fault.BadRequest, "参数错误: fileName"},
		"without an id":         {body{"fileName": "c.png"}, 1, fault.BadRequest, "参数错误: fileID"},
		"the root":              {body{"fileID": root, "fileName": "c"}, 1, fault.BadRequest, "参数错误: fileID"},
		"missing":               {body{"fileID": "none", "fileName": "c.png"}, 5066, fault.NotFound, "文件不存在"},
	} {
		says(t, name, s.Post("/api/v1/oss/file/name", u.Token, tt.b), 200, tt.code, tt.reason, tt.says)
	}
	// In another folder the name is free.
	if err := u.BedRename(t.Context(), img, "free.png"); err != nil {
		t.Error(err)
	}
	hasPaths(t, u, "", "b.png", "folder/", "folder/free.png", "folder.png/", "free.png")
}
