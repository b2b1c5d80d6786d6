package story

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// Where the operator limits how often accounts may ask, who asks too often is told when to
// come again, by HTTP 200 as all else; another endpoint and another account go on.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, "--rate-limits", "documented")
	u, other := s.User("writer"), s.User("other")
	ask := func(path, token string) (harness.Answer, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := s.Checked(false).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		a := harness.Answer{Status: res.StatusCode}
		if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
			t.Fatal(err)
		}
		return a, res.Header.Get("Retry-After")
	}
	const often, seldom = "/api/v1/file/trash", "/api/v1/oauth2/access_token"
	for _, c := range []struct {
		path, token string
		least       int // that are let pass
	}{{often, u.Token, 5}, {seldom, "", 100}} {
		for n := 0; ; n++ {
			a, later := ask(c.path, c.token)
			if a.Code != 429 {
				continue
			}
			says(t, c.path, a, 200, 429, fault.TooManyRequests, "请求过于频繁")
			if seconds, err := strconv.Atoi(later); err != nil || seconds != 1 || n < c.least {
				t.Errorf("%s: the request %d is told to come %q later", c.path, n, later)
			}
			break
		}
	}
	if a, _ := ask(often, other.Token); a.Code == 429 {
		t.Errorf("another account: %+v", a)
	}
	if a, _ := ask("/api/v1/user/info", u.Token); a.Code != 0 {
		t.Errorf("another endpoint: %+v", a)
	}
}

// By default nobody is limited.
func TestNoRateLimits(t *testing.T) {
	s, _ := writer(t)
	for range 150 {
		says(t, "a refresh", s.Post("/api/v1/oauth2/access_token", "", map[string]any{"grant_type": "x"}), 200, 1, fault.BadRequest, "grant_type")
	}
}
