package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"tuchuang/internal/api"
	"tuchuang/test/harness"
)

// player sends the requests of the story in one spelling and writes down what the
// golden files hold: the documented request, and the answer with stable words for
// what differs from run to run.
type player struct {
	t     *testing.T
	how   spelling
	u     *harness.User
	token string
	known map[string]string // volatile value to its word

	elsewhere string         // where a server of somebody else answers
	count     map[string]int // how many words of a kind there are
	files     map[string]*strings.Builder
	examples  map[string]api.Example // the first that was done, by path
}

func play(t *testing.T, sp spelling) map[string]string {
	t.Helper()
	s := harness.Start(t, "--fetch-allow", "127.0.0.0/8")
	p := &player{
		t: t, how: sp, u: s.User("writer", "--quota", "4K"), files: make(map[string]*strings.Builder), examples: make(map[string]api.Example),
		known: make(map[string]string), count: make(map[string]int),
	}
	p.known[s.URL] = "{server}"
	p.known[p.u.ClientID], p.known[p.u.ClientSecret] = "{clientID}", "{clientSecret}"
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, "\x89PNG\r\n\x1a\n"+r.URL.Path)
	}))
	defer elsewhere.Close()
	p.elsewhere = elsewhere.URL
	p.known[elsewhere.URL] = "{elsewhere}"
	story(p)
	out := map[string]string{examplesFile: p.exampleText()}
	for file, b := range p.files {
		out[file] = b.String()
	}
	return out
}

// answer is the data of an envelope.
type answer struct {
	t    *testing.T
	data any
}

// text gives a text or number at a path of keys.
func (a answer) text(path ...string) string {
	a.t.Helper()
	at := a.data
	for _, key := range path {
		if list, ok := at.([]any); ok && len(list) > 0 {
			at = list[0]
		}
		m, _ := at.(map[string]any)
		at = m[key]
	}
	switch at.(type) {
	case string, json.Number:
		return fmt.Sprint(at)
	}
	a.t.Fatalf("no %v in %v", path, a.data)
	return ""
}

func (a answer) number(path ...string) int64 {
	a.t.Helper()
	n, err := json.Number(a.text(path...)).Int64()
	if err != nil {
		a.t.Fatal(err)
	}
	return n
}

// ask sends a request of fields, given as name, value, name, value…
func (p *player) ask(title, route string, nameValues ...any) answer {
	p.t.Helper()
	path, text, r := p.plain(route, nameValues)
	return p.send(title, path, text, r, pair(nameValues))
}

// file is ask for what answers no envelope; it answers the head.
func (p *player) file(title, route string, nameValues ...any) http.Header {
	p.t.Helper()
	path, text, r := p.plain(route, nameValues)
	status, header, body := p.exchange(path, r)
	head := ""
	for _, name := range []string{"Content-Type", "Content-Disposition", "Cache-Control", "X-Accel-Buffering", "X-Thumbnail", "Etag", "Location"} {
		if v := header.Get(name); v != "" {
			head += name + ": " + v + "\n"
		}
	}
	body = bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("\r\n"), []byte("{CRLF}\n")), []byte("\ufeff"), []byte("{BOM}"))
	text = p.stable(text)
	if to := header.Get("Location"); to != "" {
		p.example(path, pair(nameValues), nil, "Location: "+to)
	} else {
		p.example(path, pair(nameValues), nil, string(body))
	}
	p.note(path, fmt.Sprintf("# %s\n\n%s\n\nHTTP %d, a file\n%s\n%s\n\n", title, text, status, p.stable(head), p.stable(string(body))))
	return header
}

// plain makes a request without a file, and how it is documented.
func (p *player) plain(route string, nameValues []any) (path, text string, r *http.Request) {
	p.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	fields := pair(nameValues)
	r, err := p.how.plain(method, p.u.Server.URL+path, fields)
	if err != nil {
		p.t.Fatal(err)
	}
	text = method + " " + path
	switch {
	case len(fields) == 0:
	case method == http.MethodGet:
		text += "?" + pairs(fields)
	default:
		text += "\n\n" + object(fields)
	}
	return path, text, r
}

// upload sends a request of fields and a file.
func (p *player) upload(title, route, name string, content []byte, nameValues ...any) answer {
	p.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	fields := pair(nameValues)
	r, err := p.how.withFile(p.u.Server.URL+path, fields, name, content)
	if err != nil {
		p.t.Fatal(err)
	}
	text := method + " " + path + "\nContent-Type: multipart/form-data\n"
	for _, f := range fields {
		text += "\n" + f.name + ": " + texts(f.value)[0]
	}
	return p.send(title, path, fmt.Sprintf("%s\n%s: (file) %s", text, name, content), r, fields)
}

// put sends bytes to a presigned URL.
func (p *player) put(title, target string, content []byte) {
	p.t.Helper()
	r, err := request(http.MethodPut, target, "", bytes.NewReader(content))
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(title, putPath, fmt.Sprintf("PUT %s\n\n%s", target, content), r, nil)
}

// putPath names the golden file of presigned uploads.
const putPath = "/upload/put"

func pair(nameValues []any) []field {
	fields := make([]field, 0, len(nameValues)/2)
	for i := 0; i < len(nameValues); i += 2 {
		fields = append(fields, field{nameValues[i].(string), nameValues[i+1]})
	}
	return fields
}

// exchange sends a request and reads all of the answer.
func (p *player) exchange(path string, r *http.Request) (status int, head http.Header, body []byte) {
	p.t.Helper()
	if path != putPath {
		r.Header.Set("Platform", "open_platform")
		r.Header.Set("Authorization", "")
		if p.token != "" {
			r.Header.Set("Authorization", "Bearer "+p.token)
		}
	}
	res, err := p.u.Server.Checked(p.how.documented).Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, res.Header, body
}

func (p *player) send(title, path, text string, r *http.Request, fields []field) answer {
	p.t.Helper()
	status, header, body := p.exchange(path, r)
	var envelope struct {
		Code    int
		Data    any
		TraceID string `json:"x-traceID"`
	}
	var indented bytes.Buffer
	if len(body) > 0 {
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&envelope); err != nil {
			p.t.Fatalf("%s: %v in %s", text, err, body)
		}
		if envelope.TraceID == "" { // there is none: all of it is data
			envelope.Data = decode(p.t, body)
		}
		if err := json.Indent(&indented, body, "", "  "); err != nil {
			p.t.Fatal(err)
		}
		if got := header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
			p.t.Errorf("%s: Content-Type %q", path, got)
		}
	}
	switch {
	case path == putPath:
	case envelope.Code == 0:
		p.example(path, fields, body, "")
	case path == onlyRefused:
		p.example(path, fields, []byte(`{"code":0,"message":"ok","data":null,"x-traceID":"{trace}"}`), "")
	}
	text = p.stable(text) // before the answer, so that its words come first
	p.note(path, fmt.Sprintf("# %s\n\n%s\n\nHTTP %d\n\n%s\n\n", title, text, status, p.stable(indented.String())))
	return answer{p.t, envelope.Data}
}

// note writes into the golden file of a path.
func (p *player) note(path, text string) {
	file := fileOf(path)
	if p.files[file] == nil {
		p.files[file] = new(strings.Builder)
	}
	p.files[file].WriteString(text)
}

// The shapes of what differs from run to run. A value of another shape stays, and
// the golden file shows it.
var (
	traceID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}_tuchuang`)
	jwt     = regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{43}`)
	sign    = regexp.MustCompile(`[0-9]{10}-[\w-]{43}`)
	rfcTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00`)
	eventID = regexp.MustCompile(`\nid: \d{16}([.\n])`)
	authKey = regexp.MustCompile(`\b\d{10}-[0-9a-f]{32}-(\d{4})-[0-9a-f]{32}\b`)
	logLine = regexp.MustCompile(`"20\d{8}-(\d+)"`)
	unused  = regexp.MustCompile(`("usedAt": ?)""`)
	cursor  = regexp.MustCompile(`\b\d{16}\.([A-Z2-7]{26}\b|\{tokenID\d+\})`)
	secrets = regexp.MustCompile(`"(clientID|clientSecret|password|tokenID)": ?"([0-9a-zA-Z]{16,40})"`)
	health  = regexp.MustCompile(`"(version|database|room)": ?("[^"]*"|-?\d+)`)
	wall    = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)

	counted = []struct {
		word  string
		shape *regexp.Regexp
	}{
		{"bedfolder", regexp.MustCompile(`\b2[0-9a-v]{2}f[0-9a-v]{27}\b`)},
		{"image", regexp.MustCompile(`\b2[0-9a-v]{2}i[0-9a-v]{27}\b`)},
		{"task", regexp.MustCompile(`\b[0-9a-z]{32}\b`)},
		{"share", regexp.MustCompile(`\b1\d{12}\b`)},
		{"sharekey", regexp.MustCompile(`\b\d{4}-[a-z2-7]{16}\b`)},
		{"upload", regexp.MustCompile(`\b[A-Z2-7]{26}\b`)},
		{"grant", regexp.MustCompile(`\b[0-9a-z]+\.[0-9a-z]{20}\.[0-9a-z]{40}\b`)},
	}
)

func (p *player) stable(text string) string {
	for value, word := range p.known {
		text = strings.ReplaceAll(text, value, word)
	}
	text = traceID.ReplaceAllString(text, "{trace}")
	text = jwt.ReplaceAllString(text, "{token}")
	text = authKey.ReplaceAllString(text, "1767225600-0123456789abcdef-$1-fedcba9876543210")
	text = logLine.ReplaceAllString(text, `"2006010215-$1"`)
	text = sign.ReplaceAllString(text, "{sign}")
	text = rfcTime.ReplaceAllString(text, "2006-01-02T15:04:05+08:00")
	text = eventID.ReplaceAllString(text, "\nid: {micros}$1")
	text = unused.ReplaceAllString(text, `$1"2006-01-02 15:04:05"`) // it is written down some time later
	text = cursor.ReplaceAllString(text, "{cursor}")
	text = health.ReplaceAllStringFunc(text, func(s string) string {
		name, _, _ := strings.Cut(s, ":")
		return name + ": " + map[string]string{`"version"`: `"1.0"`, `"database"`: `"sqlite"`, `"room"`: "100000000000"}[name]
	})
	for _, m := range secrets.FindAllStringSubmatch(text, -1) {
		if p.known[m[2]] == "" && m[2] != "" {
			p.count[m[1]]++
			p.known[m[2]] = fmt.Sprintf("{%s%d}", m[1], p.count[m[1]])
		}
		text = strings.ReplaceAll(text, `"`+m[2]+`"`, `"`+p.known[m[2]]+`"`)
	}
	text = wall.ReplaceAllString(text, "2006-01-02 15:04:05")
	for _, c := range counted {
		text = c.shape.ReplaceAllStringFunc(text, func(value string) string {
			if c.word == "task" && strings.Trim(value, "0123456789abcdef") == "" {
				return value // an etag, which is the same each time
			}
			if word := p.known[value]; word != "" { // met before in this text
				return word
			}
			p.count[c.word]++
			p.known[value] = fmt.Sprintf("{%s%d}", c.word, p.count[c.word])
			if c.word == "share" { // a number stays one
				p.known[value] = fmt.Sprintf("10000000000%d", p.count[c.word])
			}
			return p.known[value]
		})
	}
	return text
}
