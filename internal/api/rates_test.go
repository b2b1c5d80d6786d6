package api

import "testing"

// The table names paths that there are.
func TestDocumentedRates(t *testing.T) {
	paths := make(map[string]bool)
	for _, e := range Endpoints() {
		paths[e.Path] = true
	}
	for path, r := range documentedRates {
		if !paths[path] || r.Often <= 0 || r.Most < 1 {
			t.Errorf("%s: %+v", path, r)
		}
	}
	for path, want := range map[string]float64{"/api/v1/oss/file/list": 10, "/upload/v1/oss/file/create": 10, "/api/v1/oss/source/copy": 1, "/api/v1/oss/source/copy/process": 10} {
		if r, ok := documentedRate(path); !ok || r.Often != want {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if r, ok := documentedRate("/upload/v2/file/slice"); ok {
		t.Errorf("slices: %+v", r)
	}
}
