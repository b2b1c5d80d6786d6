package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"

	"tuchuang/internal/fault"
)

// The application: what web/ of the repository is built into. It is the one page that
// runs scripts, those that stand here and no others, and it asks the API alone.

//go:embed all:dist
var dist embed.FS

// asset is a file of the application.
type asset struct {
	kind    string
	plain   []byte
	zipped  func() []byte // made when it is asked for first
	forever bool          // its name is of its content
}

// assets are all of them by path, "/" that of the application itself. Like all that is made
// of what is embedded they are made when they are asked for: most runs of the program are not.
var assets = sync.OnceValue(func() map[string]*asset {
	all := make(map[string]*asset)
	err := fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		at := strings.TrimPrefix(name, "dist")
		a := &asset{kind: kindOf(name), plain: b, zipped: sync.OnceValue(func() []byte { return zip(b) }), forever: strings.HasPrefix(at, "/assets/")}
		if at == "/index.html" {
			at = "/"
		}
		all[at] = a
		return nil
	})
	if err != nil {
		panic(err) // it is part of the program
	}
	return all
})

// kindOf is what a file is to a browser. The system's own table may say something else.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return mime.TypeByExtension(path.Ext(name))
}

func zip(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one
	_, _ = z.Write(b)                                       // a buffer takes all
	_ = z.Close()
	return out.Bytes()
}

// appPolicy lets the application run its own scripts and show pictures of this server, of
// the pictures' host, of the store that sends them, and of its own making. The component library writes styles into the
// page.
func (web *Web) appPolicy() string {
	images := ""
	for _, at := range []string{web.ImageURL, web.StoreURL} {
		if u, err := url.Parse(at); err == nil && u.Host != "" {
			images += " " + u.Scheme + "://" + u.Host
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:" + images +
		"; connect-src 'self'; worker-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
}

// home answers the application to browsers, and to all others a page that says what
// answers here.
func (web *Web) home(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept")
	app := assets()["/"]
	if app == nil || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return web.show(w, r, http.StatusOK, "home", "", struct{ Version string }{web.Version})
	}
	w.Header().Set("Content-Security-Policy", web.appPolicy())
	return send(w, r, app)
}

// asset answers a file of the application.
func (web *Web) asset(w http.ResponseWriter, r *http.Request) error {
	a := assets()[r.URL.Path]
	if a == nil {
		return fault.New(fault.NotFound, "web: asset")
	}
	return send(w, r, a)
}

func send(w http.ResponseWriter, r *http.Request, a *asset) error {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	if a.forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Del("Vary") // it is the same in all languages
	}
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Type", a.kind)
	body := a.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.zipped()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, bytes.NewReader(body)) // the client has gone
	return nil
}
