package api

import "tuchuang/internal/api/wire"

// Endpoint is an endpoint as it is documented, for tests and tools that go through
// all of them.
type Endpoint struct {
	Method   string   // GET and POST are taken all the same
	Path     string   // its documented path
	Also     []string // other paths that answer the same
	Open     bool     // answers without an access token
	Scope    string   // what a token must be allowed
	Own      bool     // no app may ask, whatever it was allowed
	Operator bool     // an operator alone may
	Fields   []wire.Field
}

// Endpoints lists every endpoint in the order of the routes.
func Endpoints() []Endpoint {
	var list []Endpoint
	for _, r := range new(API).routes() {
		list = append(list, Endpoint{Method: r.method, Path: r.path, Also: r.also, Open: r.need == anyone, Scope: r.need.String(), Own: r.serve.own, Operator: r.serve.operator, Fields: wire.Describe(r.serve.in)})
	}
	return list
}
