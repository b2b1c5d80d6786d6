package story

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tuchuang/internal/api"
	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// An app may nothing of what its owner alone may, whatever it was allowed; nor may who is no
// operator what an operator may.
func TestOwnersAndOperators(t *testing.T) {
	s, u := writer(t)
	maker, boss := s.User("maker"), s.User("boss", "--operator")
	anApp(t, maker)
	app := granted(t, u, maker, "user:base,file:all:read,file:all:write").AccessToken
	ofBoss := granted(t, boss, maker, "user:base,file:all:read,file:all:write").AccessToken
	own, operators := 0, 0
	for _, e := range api.Endpoints() {
		ask := func(token string) string {
			a := s.Send("POST", e.Path, token, "application/json", []byte(`{"name":`))
			if a.Error == nil || a.Code != 403 {
				return ""
			}
			return a.Error.Code
		}
		if !e.Own && !e.Operator {
			continue
		}
		own++
		for who, token := range map[string]string{"an app": app, "an operator's app": ofBoss} {
			if got := ask(token); got != string(fault.ScopeMissing) {
				t.Errorf("%s by %s: %q", e.Path, who, got)
			}
		}
		want := ""
		if e.Operator {
			operators++
			want = string(fault.OperatorOnly)
		}
		if got := ask(u.Token); got != want {
			t.Errorf("%s by its owner: %q, want %q", e.Path, got, want)
		}
		if got := ask(boss.Token); got != "" {
			t.Errorf("%s by an operator: %q", e.Path, got)
		}
	}
	if own < 11 || operators < 4 {
		t.Errorf("%d and %d endpoints were asked", own, operators)
	}
}

// What changes an account is not done by a link that somebody has the reader follow.
func TestAccountLinksWriteNothing(t *testing.T) {
	s, u := writer(t)
	b := newBrowser(t, s)
	b.origin = s.URL
	if in := b.do("POST", s.URL+"/web/sign-in", url.Values{"name": {u.Name}, "password": {u.Password}}); in.status != http.StatusNoContent {
		t.Fatal(in)
	}
	for _, e := range api.Endpoints() {
		if (!e.Own && !e.Operator) || e.Method == http.MethodGet {
			continue
		}
		q := url.Values{"name": {"x"}, "clientID": {u.ClientID}, "oldPassword": {u.Password}, "newPassword": {"12345678"}, "tokenID": {"x"}, "uid": {"1001"}}
		if word := b.call("GET", e.Path+"?"+q.Encode(), "", "Sec-Fetch-Site", "none"); word != string(fault.NoToken) {
			t.Errorf("%s: %q", e.Path, word)
		}
	}
	list, err := u.Clients(t.Context())
	if err != nil || len(list.List) != 1 || list.List[0].Name != "" {
		t.Errorf("%+v %v", list, err)
	}
}

// The page changes its password and goes on; others have to sign in again.
func TestPagePassword(t *testing.T) {
	s, u := writer(t)
	here, there := newBrowser(t, s), newBrowser(t, s)
	for _, b := range []*browser{here, there} {
		b.origin = s.URL
		if in := b.do("POST", s.URL+"/web/sign-in", url.Values{"name": {u.Name}, "password": {u.Password}}); in.status != http.StatusNoContent {
			t.Fatal(in)
		}
	}
	body, err := json.Marshal(map[string]string{"oldPassword": u.Password, "newPassword": "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	if word := here.call("POST", "/api/v1/user/password", string(body), "Origin", s.URL); word != "" {
		t.Fatal(word)
	}
	if word := here.call("GET", "/api/v1/user/info", ""); word != "" {
		t.Error("who asks:", word)
	}
	if word := there.call("GET", "/api/v1/user/info", ""); word != string(fault.TokenExpired) {
		t.Error("the other:", word)
	}
	if _, err := u.UserInfo(t.Context()); err != nil {
		t.Error("a client:", err)
	}
	if in := there.do("POST", s.URL+"/web/sign-in", url.Values{"name": {u.Name}, "password": {u.Password}}); in.status != http.StatusUnauthorized {
		t.Error("the old password:", in)
	}
	if in := there.do("POST", s.URL+"/web/sign-in", url.Values{"name": {u.Name}, "password": {"correct horse"}}); in.status != http.StatusNoContent {
		t.Error("the new password:", in)
	}
}

// An operator makes an account, bounds it, and takes it out of use and back.
func TestOperatorsAccounts(t *testing.T) {
	s := harness.Start(t)
	boss := s.User("boss", "--operator")
	quota := int64(100)
	made, err := boss.AddAccount(t.Context(), client.NewAccount{Name: "reader", Quota: &quota})
	if err != nil {
		t.Fatal(err)
	}
	_, err = boss.AddAccount(t.Context(), client.NewAccount{Name: "reader"})
	if !client.Is(err, fault.AccountTaken) {
		t.Error("taken:", err)
	}
	c, err := client.New(client.Options{Server: s.URL, ClientID: made.ClientID, Secret: made.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	reader := harness.Known(t, s, harness.Secrets{UID: made.UID, ClientID: made.ClientID, ClientSecret: made.ClientSecret, Password: made.Password}, c)
	if info, err := reader.UserInfo(t.Context()); err != nil || info.SpacePermanent != 100 || info.Operator {
		t.Errorf("%+v %v", info, err)
	}
	more, most := int64(1<<20), int64(2)
	state, err := boss.SetAccount(t.Context(), client.AccountChange{UID: made.UID, Quota: &more, MaxEntries: &most})
	if err != nil || state.Quota != more || state.MaxEntries != most || state.State != "enabled" || state.Name != "reader" {
		t.Fatalf("%+v %v", state, err)
	}
	reader.MkFolder(0, "a")
	reader.MkFolder(0, "b")
	if _, err := reader.Mkdir(t.Context(), 0, "c"); !client.Is(err, fault.EntriesFull) {
		t.Error("beyond the limit:", err)
	}
	if _, err := boss.SetAccount(t.Context(), client.AccountChange{UID: made.UID, State: "disabled"}); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.UserInfo(t.Context()); !client.Is(err, fault.Disabled) {
		t.Error("disabled:", err)
	}
	if _, err := boss.SetAccount(t.Context(), client.AccountChange{UID: boss.UID, State: "disabled"}); !client.Is(err, fault.BadRequest) {
		t.Error("oneself:", err)
	}
	if _, err := boss.SetAccount(t.Context(), client.AccountChange{UID: made.UID, State: "enabled"}); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.UserInfo(t.Context()); err != nil {
		t.Error("enabled:", err)
	}
	var names []string
	for last := int64(0); last >= 0; {
		page, err := boss.Accounts(t.Context(), last, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.List {
			names = append(names, fmt.Sprintf("%s %v %d", a.Name, a.Operator, a.Entries))
		}
		last = page.LastUID
	}
	if got := strings.Join(names, ", "); got != "admin true 0, boss true 0, reader false 2" {
		t.Error(got)
	}
	h, err := boss.Health(t.Context())
	if err != nil || !h.Ready || h.Version == "" || h.Store != "folder" || h.Room < 0 || h.Running != 0 || h.Waiting != 0 {
		t.Errorf("%+v %v", h, err)
	}
}

// The link of a first start signs in once, says nothing to the log, and is of no use after.
func TestFirstStartLink(t *testing.T) {
	s := harness.Start(t)
	link := s.FirstLink()
	at, key, _ := strings.Cut(link, "#/enter/")
	if at != s.URL+"/" || len(key) < 40 {
		t.Fatalf("the link is %q", link)
	}
	b := newBrowser(t, s)
	b.origin = s.URL
	enter := func(key string) shown { return b.do("POST", s.URL+"/web/sign-in", url.Values{"link": {key}}) }
	b.origin = "https://elsewhere.example"
	if in := enter(key); in.status != http.StatusForbidden {
		t.Error("a form of another site:", in)
	}
	b.origin = s.URL
	if in := enter(key + "x"); in.status != http.StatusUnauthorized || in.page != string(fault.BadCredentials) {
		t.Error("another key:", in)
	}
	if in := enter(key); in.status != http.StatusNoContent || len(in.head["Set-Cookie"]) != 1 {
		t.Fatal(in)
	}
	if word := b.call("GET", "/api/v1/operator/health", ""); word != "" {
		t.Error(word)
	}
	if in := enter(key); in.status != http.StatusUnauthorized || in.page != string(fault.BadCredentials) {
		t.Error("again:", in)
	}
	if n := strings.Count(s.Log(), key); n != 1 {
		t.Errorf("it was said %d times", n)
	}
}
