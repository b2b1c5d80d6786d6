package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/cache"
	"github.com/pb33f/libopenapi-validator/config"
	reasons "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/schema_validation"

	"tuchuang/internal/api"
)

// Contract is the document of the API, against which is held what is asked and answered.
// It is stricter than the document in one thing: nothing may be there that it lacks.
type Contract struct {
	v         validator.Validator
	endpoints map[string]api.Endpoint // by each path that is taken
}

// ReadContract reads a document.
func ReadContract(document []byte) (*Contract, error) {
	doc, err := libopenapi.NewDocument(document)
	if err != nil {
		return nil, err
	}
	known := cache.NewDefaultCache()
	options := []config.Option{
		config.WithSchemaCache(known), config.WithStrictMode(), config.WithURLEncodedBodyValidation(), config.WithStandardBodyDecoders(),
		// What clients of the platform send and this server does not look at, and other letters.
		config.WithStrictIgnoredHeadersExtra("platform", "last-event-id", "range"), config.WithStrictIgnorePaths("$.body.type", "$.body.dry_run", "$.body.dry-run",
			// Names that are data: the reasons of a plan.
			"$.body.data.reasons.*"),
	}
	v, errs := validator.NewValidator(doc, options...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := compile(doc, known, config.NewValidationOptions(options...)); err != nil {
		return nil, err
	}
	c := &Contract{v: v, endpoints: make(map[string]api.Endpoint)}
	for _, e := range api.Endpoints() {
		for _, path := range append(e.Also, e.Path) {
			c.endpoints[path] = e
		}
	}
	return c, nil
}

// compile makes ready what answers may be one of. The validator looks for it among what is
// known, and compiles it anew for each answer where it is not.
func compile(doc libopenapi.Document, known cache.SchemaCache, options *config.ValidationOptions) error {
	model, err := doc.BuildV3Model()
	if err != nil {
		return err
	}
	const openAPI31 = 3.1
	for _, path := range model.Model.Paths.PathItems.FromOldest() {
		for _, op := range path.GetOperations().FromOldest() {
			for _, answer := range op.Responses.Codes.FromOldest() {
				for _, media := range answer.Content.FromOldest() {
					if media.Schema == nil {
						continue
					}
					for _, one := range media.Schema.Schema().OneOf {
						schema := one.Schema()
						made, err := schema_validation.CompileSchemaForValidation(schema, schema_validation.SchemaValidationPurposeGeneric, options, openAPI31)
						if err != nil {
							return err
						}
						known.Store(schema.GoLow().Hash(), made.ToCacheEntry(schema))
					}
				}
			}
		}
	}
	return nil
}

// Valid says whether it is a document of OpenAPI.
func (c *Contract) Valid() error {
	_, errs := c.v.ValidateDocument()
	return because(errs)
}

// Request says what of a request in its documented form is not as documented.
func (c *Contract) Request(r *http.Request, body []byte) error {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, errs := c.v.ValidateHttpRequestSync(r)
	return because(errs)
}

// Answer says what of an answer is not as documented, however it was asked for.
func (c *Contract) Answer(r *http.Request, status int, contentType string, body []byte) error {
	e, ok := c.endpoints[r.URL.Path]
	if !ok || status != http.StatusOK {
		return nil
	}
	documented := &http.Request{Method: e.Method, URL: &url.URL{Scheme: "http", Host: r.URL.Host, Path: e.Path}, Header: http.Header{}}
	_, errs := c.v.ValidateHttpResponse(documented, &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(bytes.NewReader(body)), Request: documented,
	})
	return because(errs)
}

// because joins what the validator says.
func because(errs []*reasons.ValidationError) error {
	var out []error
	for _, e := range errs {
		text := e.Message + ": " + e.Reason
		for _, s := range e.SchemaValidationErrors {
			text += "\n\t" + s.Error()
		}
		out = append(out, errors.New(text))
	}
	return errors.Join(out...)
}

// contracts are those that were read, by their text without the server's address.
var contracts sync.Map

// readContract reads the document that the server gives; nil where it answers no more.
func (s *Server) readContract() (*Contract, error) {
	res, err := http.Get(s.URL + "/openapi.json")
	if err != nil {
		return nil, nil //nolint:nilnil // who asks finds out by himself
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, nil //nolint:nilnil // as above
	}
	read, _ := contracts.LoadOrStore(strings.ReplaceAll(string(text), s.URL, ""), sync.OnceValues(func() (*Contract, error) { return ReadContract(text) }))
	return read.(func() (*Contract, error))()
}

// Checked is a client that holds against the document what is answered, and where
// the requests are in their documented form what is asked. What the document forbids
// must have been refused.
func (s *Server) Checked(documented bool) *http.Client {
	return &http.Client{
		Transport:     &checked{t: s.t, documented: documented, contract: s.contract},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// wire is the transport below, with as many connections as tests have callers.
var wire = func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	return t
}()

type checked struct {
	t          testing.TB
	documented bool
	contract   func() (*Contract, error)
}

// held is how much of a body is held in memory to look at it.
const held = 1 << 20

func (c *checked) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.URL.Path, "/upload/") || strings.HasPrefix(r.URL.Path, "/upload/put/") {
		return wire.RoundTrip(r)
	}
	var forbidden error
	contract, err := c.contract()
	if err != nil {
		c.t.Errorf("the document of the API: %v", err)
	}
	if c.documented && contract != nil && r.ContentLength >= 0 && r.ContentLength <= held {
		var body []byte
		if r.Body != nil {
			if body, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
			_ = r.Body.Close()
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		forbidden = contract.Request(r, body)
	}
	res, err := wire.RoundTrip(r)
	kind := ""
	if err == nil {
		kind = res.Header.Get("Content-Type")
	}
	if contract == nil || !strings.HasPrefix(kind, "application/json") || res.ContentLength < 0 {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err := contract.Answer(r, res.StatusCode, kind, body); err != nil {
		c.t.Errorf("%s %s answered what the document lacks: %v\n%s", r.Method, r.URL.Path, err, body)
	}
	var answer struct{ Code int }
	if err := json.Unmarshal(body, &answer); err == nil && answer.Code == 0 && forbidden != nil {
		c.t.Errorf("%s was sent to %s, and is not as documented: %v", r.Method, r.URL, forbidden)
	}
	return res, nil
}
