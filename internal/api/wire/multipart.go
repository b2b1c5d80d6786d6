package wire

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"tuchuang/internal/fault"
)

const (
	maxField = 64 << 10 // bytes of one field beside a file
	maxParts = 1000     // parts of one multipart body
)

// FileFunc takes the one file of a multipart body as it streams by: the name of
// its part, the file name without folders ("" if none), its bytes, and what was
// sent before it (fields may still follow). part must not be used afterwards;
// what is left of it is skipped.
type FileFunc func(name, filename string, part io.Reader, sofar *Params) error

// Multipart reads a multipart body part after part, keeping fields in memory and
// nothing on disk, and calls onFile for the part that has a file name or is
// named file or slice. It returns query and fields together; if there was no
// file, onFile was not called. A field may have 64 KiB, all fields with their
// names maxFields bytes. How long the file may be, the caller says by
// http.MaxBytesReader.
//
// Errors: BadBody for a body that isn't multipart or ended early, even if onFile
// failed because of that; BodyTooLarge for fields or bodies over their limit;
// BadRequest naming the part for a second file; onFile's own, as they are.
func Multipart(r *http.Request, maxFields int64, onFile FileFunc) (*Params, error) {
	p := &Params{entries: make([]entry, 0, 8)}
	if err := p.addQuery(r); err != nil {
		return nil, err
	}
	if err := p.addParts(r.Body, r.Header.Get("Content-Type"), maxFields, onFile); err != nil {
		return nil, err
	}
	return p, nil
}

// addParts reads a multipart body. Without onFile, files are left out.
func (p *Params) addParts(body io.Reader, contentType string, maxFields int64, onFile FileFunc) error {
	media, options, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" || options["boundary"] == "" {
		return bodyFault(fmt.Errorf("no multipart form: %q", contentType))
	}
	parts := multipart.NewReader(untilBoundary(body), options["boundary"])
	file := false
	for count := 1; ; count++ {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // only the bare one means that the closing boundary was read
			return nil
		}
		if err != nil {
			return bodyFault(err)
		}
		if count > maxParts {
			return bodyFault(errTooMany)
		}
		name, filename := part.FormName(), part.FileName()
		switch {
		case !isFile(name, filename):
			if maxFields, err = p.addField(name, part, maxFields); err != nil {
				return bodyFault(err)
			}
		case onFile == nil:
		case file:
			return fault.New(fault.BadRequest, "wire: second file", name)
		default:
			file = true
			if err := p.giveFile(name, filename, part, onFile); err != nil {
				return err
			}
		}
	}
}

// untilBoundary makes the end of the body an error wherever it isn't preceded by
// the closing boundary. mime/multipart alone takes a body that ends within a
// part's header for a complete one. The line break is for clients that send none
// after the closing boundary.
func untilBoundary(body io.Reader) io.Reader {
	return io.MultiReader(body, strings.NewReader("\r\n"), endedEarly{})
}

type endedEarly struct{}

func (endedEarly) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// isFile tells the file from the fields.
func isFile(name, filename string) bool {
	return filename != "" || strings.EqualFold(name, "file") || strings.EqualFold(name, "slice")
}

var errNoName = errors.New("a part without a name")

// addField keeps one field and gives how many bytes are left for others.
func (p *Params) addField(name string, part io.Reader, left int64) (int64, error) {
	if name == "" {
		return 0, errNoName
	}
	left -= int64(len(name))
	limit := max(0, min(left, maxField))
	value, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return 0, err
	}
	if left < 0 || int64(len(value)) > limit {
		return 0, fault.New(fault.BodyTooLarge, "wire: read field "+name)
	}
	return left - int64(len(value)), p.addText(name, string(value), fromForm)
}

// giveFile hands the file to onFile. When the body itself failed meanwhile, that
// is the reason, whatever onFile made of it.
func (p *Params) giveFile(name, filename string, part io.Reader, onFile FileFunc) error {
	body := &fileReader{part: part}
	err := onFile(name, filename, body, p)
	if body.failed != nil {
		return errors.Join(body.failed, err)
	}
	return err
}

// fileReader reads the file's part, and its errors are faults. It fills what it is
// given as far as the file goes: mime/multipart hands out 4 KiB at a time, and a
// file that is written in such pieces is dear to write and, for as long as the
// system keeps it in memory so, to serve.
type fileReader struct {
	part   io.Reader
	failed error
}

func (f *fileReader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m, err := f.part.Read(b[n:])
		n += m
		switch {
		case err == io.EOF && n > 0:
			return n, nil // said again by the next Read
		case err == io.EOF:
			return 0, err
		case err != nil:
			f.failed = bodyFault(err)
			return n, f.failed
		}
	}
	return n, nil
}
