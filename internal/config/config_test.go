package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tuchuang/internal/config"
	"tuchuang/internal/fault"
)

func env(pairs ...string) func(string) string {
	m := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) string { return m[k] }
}

// The profiler is for this machine, under each of its names.
func TestProfilerOnLoopback(t *testing.T) {
	for _, address := range []string{"127.0.0.1:6060", "[::1]:6060", "localhost:0", "127.8.0.1:1", "[::ffff:127.0.0.1]:1"} {
		if c, err := config.Load(map[string]string{"pprof": address}, env(), ""); err != nil || c.PProf != address {
			t.Errorf("%s: %q, %v", address, c.PProf, err)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	f := filepath.Join(t.TempDir(), "tuchuang.toml")
	if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDefaults(t *testing.T) {
	c, err := config.Load(nil, env(), "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8123" || c.PublicURL != "http://127.0.0.1:8123" || c.ImageURL != c.PublicURL ||
		filepath.Base(c.Data) != "data" || !filepath.IsAbs(c.Data) {
		t.Errorf("%+v", c)
	}
}

// Where neither a public URL nor a host is set, nobody knows how others reach the
// server.
func TestGuessedURL(t *testing.T) {
	for _, tt := range []struct {
		listen, public, want string
		guessed              bool
	}{
		{"127.0.0.1:1", "", "http://127.0.0.1:1", false},
		{"pic.example.org:80", "", "http://pic.example.org:80", false},
		{"0.0.0.0:443", "", "http://127.0.0.1:443", true},
		{"[::]:443", "", "http://127.0.0.1:443", true},
		{":443", "", "http://127.0.0.1:443", true},
		{":443", "https://pic.example.org", "https://pic.example.org", false},
	} {
		c, err := config.Load(map[string]string{"listen": tt.listen, "public-url": tt.public}, env(), "")
		if err != nil || c.PublicURL != tt.want || c.GuessedURL != tt.guessed {
			t.Errorf("%+v: %v %s %v", tt, err, c.PublicURL, c.GuessedURL)
		}
	}
}

func TestFlagsOverEnvironmentOverFile(t *testing.T) {
	f := write(t, "listen = \"127.0.0.1:1\"\npublic-url = \"https://file.example\"\nlog-level = \"warn\"\n")
	c, err := config.Load(map[string]string{"listen": "0.0.0.0:3"}, env("TUCHUANG_LISTEN", "127.0.0.1:2", "TUCHUANG_PUBLIC_URL", "https://env.example/"), f)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "0.0.0.0:3" || c.PublicURL != "https://env.example" || c.LogLevel != "warn" {
		t.Errorf("%+v", c)
	}
}

// A path of the file means the same wherever the server is started; one of a flag or
// a variable is the caller's.
func TestPathsOfTheFileAreRelativeToIt(t *testing.T) {
	f := write(t, "data = \"pictures\"\n")
	dir := filepath.Dir(f)
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(wd, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{f, relative} {
		if c, err := config.Load(nil, env(), file); err != nil || c.Data != filepath.Join(dir, "pictures") {
			t.Errorf("%s: %s, %v", file, c.Data, err)
		}
	}
	c, err := config.Load(map[string]string{"data": "mine"}, env(), f)
	if err != nil || c.Data != filepath.Join(wd, "mine") {
		t.Errorf("a flag: %s, %v", c.Data, err)
	}
	c, err = config.Load(nil, env("TUCHUANG_DATA", "mine"), f)
	if err != nil || c.Data != filepath.Join(wd, "mine") {
		t.Errorf("a variable: %s, %v", c.Data, err)
	}
	_, err = config.Load(nil, env(), write(t, "tls-cert = \"c.pem\"\ntls-key = \"/k.pem\"\n"))
	if args := fault.ArgsOf(err); len(args) < 3 || !filepath.IsAbs(args[1].(string)) || filepath.Base(args[1].(string)) != "c.pem" || args[2] != "/k.pem" {
		t.Errorf("a certificate: %v", err)
	}
}

func TestPrintedIsReadAgain(t *testing.T) {
	want, err := config.Load(map[string]string{"data": `/x/图床 "a"`, "trusted-proxies": "10.0.0.0/8, ::1", "fetch-allow": "192.168.1.7 fd00::/8"}, env(), "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(nil, env(), write(t, want.Print()))
	if err != nil || got.Print() != want.Print() {
		t.Errorf("%v\n%s\nwant\n%s", err, got.Print(), want.Print())
	}
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	tests := []struct {
		name, value string
		why         fault.Why
	}{
		{"data", "", fault.NoFolder},
		{"listen", "8123", fault.NotAnAddress},
		{"listen", "127.0.0.1:", fault.NotAnAddress},
		{"listen", "127.0.0.1:99999", fault.NotAPort},
		{"public-url", "pic.example.org", fault.NotAURL},
		{"public-url", "ftp://pic.example.org", fault.NotAURL},
		{"public-url", "https://pic.example.org/sub", fault.URLTooLong},
		{"image-url", "https://u:p@pic.example.org", fault.URLTooLong},
		{"tls-cert", "/nowhere", fault.HalfTLS},
		{"trusted-proxies", "10.0.0.0/8,x", fault.NotANetwork},
		{"fetch-allow", "10.0.0.0/33", fault.NotANetwork},
		{"fetch-allow", "nas.example.org", fault.NotANetwork},
		{"offline-workers", "0", fault.NotANumber},
		{"offline-workers", "65", fault.NotANumber},
		{"log-level", "loud", fault.NotALevel},
		{"metrics-listen", "9100", fault.NotAnAddress},
		{"metrics-listen", "127.0.0.1:http", fault.NotAPort},
		{"pprof", "6060", fault.NotAnAddress},
		{"audit-days", "0", fault.NotDays},
		{"audit-days", "-1", fault.NotDays},
		{"audit-days", "x", fault.NotDays},
		{"audit-days", "36501", fault.NotDays},
		{"task-days", "-1", fault.NotDays},
		{"task-days", "1d", fault.NotDays},
		{"task-days", "36501", fault.NotDays},
		{"token-days", "7", fault.NotDays},
		{"token-days", "", fault.NotDays},
		{"rate-limits", "on", fault.NotARate},
		{"client-tokens", "-1", fault.NotANumber},
		{"client-tokens", "1001", fault.NotANumber},
		{"copy-ids", "0", fault.NotANumber},
		{"copy-ids", "1001", fault.NotANumber},
		{"copy-tasks", "", fault.NotANumber},
		{"copy-tasks", "101", fault.NotANumber},
		{"copy-images", "1e3", fault.NotANumber},
		{"copy-images", "10001", fault.NotANumber},
		{"copy-levels", "-1", fault.NotANumber},
		{"copy-levels", "101", fault.NotANumber},
		{"image-size", "", fault.NotASize},
		{"image-size", "0K", fault.NotASize},
		{"image-size", "100", fault.NotASize},
		{"image-size", "-1M", fault.NotASize},
		{"image-size", "1.5G", fault.NotASize},
		{"image-size", "11G", fault.NotASize},
		{"image-size", "999999999G", fault.NotASize},
		{"pprof", ":6060", fault.NotLoopback},
		{"pprof", "0.0.0.0:6060", fault.NotLoopback},
		{"pprof", "[::]:6060", fault.NotLoopback},
		{"pprof", "192.0.2.1:6060", fault.NotLoopback},
		{"pprof", "pic.example.org:6060", fault.NotLoopback},
		{"grace", "1 day", fault.NotATime},
		{"grace", "-1h", fault.NotATime},
		{"drain-wait", "10", fault.NotATime},
		{"drain-wait", "-1s", fault.NotATime},
	}
	refused := func(err error, why fault.Why) bool {
		return fault.Is(err, fault.BadConfig) && fault.ArgsOf(err)[0] == why
	}
	for _, tt := range tests {
		if _, err := config.Load(map[string]string{tt.name: tt.value}, env(), ""); !refused(err, tt.why) {
			t.Errorf("%s=%q: %v", tt.name, tt.value, err)
		}
	}
	broken := write(t, "no PEM at all")
	if _, err := config.Load(map[string]string{"tls-cert": broken, "tls-key": broken}, env(), ""); !refused(err, fault.BadTLS) {
		t.Errorf("a broken certificate: %v", err)
	}
	for text, why := range map[string]fault.Why{
		"lisen = \"x\"\n": fault.UnknownSetting, "listen = 8123\n": fault.NotText, "listen\n": fault.FileUnreadable,
	} {
		if _, err := config.Load(nil, env(), write(t, text)); !refused(err, why) {
			t.Errorf("file %q: %v", text, err)
		}
	}
	if _, err := config.Load(nil, env(), "/nowhere.toml"); !refused(err, fault.FileMissing) {
		t.Errorf("a missing file: %v", err)
	}
}

// The URL of the database is handed on whole and shown without its password.
func TestDatabaseURL(t *testing.T) {
	for _, tt := range []struct{ set, shown string }{
		{"", ""},
		{"postgres://db.example.org/tuchuang", "postgres://db.example.org/tuchuang"},
		{"postgres://u:s3cret@db.example.org:5433/tuchuang?sslmode=require", "postgres://u@db.example.org:5433/tuchuang?sslmode=require"},
		{"postgresql:///tuchuang?host=/run&password=s3cret", "postgresql:///tuchuang?host=%2Frun"},
	} {
		c, err := config.Load(nil, env("TUCHUANG_DATABASE_URL", tt.set), "")
		if err != nil || c.DatabaseURL != tt.set {
			t.Fatalf("%q: %q %v", tt.set, c.DatabaseURL, err)
		}
		shown := map[string]string{}
		for _, s := range c.Values() {
			shown[s[0]] = s[1]
		}
		if shown["database-url"] != tt.shown || strings.Contains(c.Print(), "s3cret") {
			t.Errorf("%q is shown as\n%s", tt.set, c.Print())
		}
	}
	for _, set := range []string{"mysql://u:s3cret@h/d", "tuchuang", "postgres://u:s3cret@h:port/d"} {
		_, err := config.Load(map[string]string{"database-url": set}, env(), "")
		if args := fault.ArgsOf(err); !fault.Is(err, fault.BadConfig) || len(args) != 1 || args[0] != fault.NotADatabase || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", set, err)
		}
	}
}

// A password is in no flag, where others could read it; anywhere else it is taken.
func TestDatabasePasswordInAFlag(t *testing.T) {
	for set, refused := range map[string]bool{
		"postgres://u:s3cret@db.example.org/tuchuang":                 true,
		"POSTGRES://u:s3cret@db.example.org/tuchuang":                 true,
		"postgres://u:@db.example.org/tuchuang":                       true,
		"postgresql:///tuchuang?host=/run&password=s3cret":            true,
		"postgres://u@h/d?sslmode=require&sslpassword=s3cret":         true,
		"postgres://u@db.example.org/tuchuang?sslmode=require":        false,
		"postgres://db.example.org/tuchuang?application_name=u:p%40h": false,
	} {
		_, err := config.Load(map[string]string{"database-url": set}, env(), "")
		if args := fault.ArgsOf(err); refused != (err != nil) || refused && (!fault.Is(err, fault.BadConfig) || args[0] != fault.PasswordInFlag || args[1] != "database-url") ||
			err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("--database-url %s: %v", set, err)
		}
		if _, err := config.Load(nil, env("TUCHUANG_DATABASE_URL", set), ""); err != nil {
			t.Errorf("TUCHUANG_DATABASE_URL=%s: %v", set, err)
		}
		if _, err := config.Load(nil, env(), write(t, "database-url = \""+set+"\"\n")); err != nil {
			t.Errorf("%s in the file: %v", set, err)
		}
	}
	for set, want := range map[string]bool{"": false, "host=h password=s3cret": true, "host=h": false, "postgres://u:s3cret@h:1,i:2/d": true, "postgres://h:1,i:2/d": false} {
		if config.HoldsPassword(set) != want {
			t.Errorf("%q: want %v", set, want)
		}
	}
}

func TestBlobURL(t *testing.T) {
	for _, tt := range []struct {
		set  string
		want config.Bucket
	}{
		{"", config.Bucket{}},
		{"s3://pics", config.Bucket{Name: "pics", Endpoint: "s3.amazonaws.com"}},
		{"s3://pics?region=eu-west-1", config.Bucket{Name: "pics", Endpoint: "s3.amazonaws.com", Region: "eu-west-1"}},
		{
			"s3://pics/a/图床/?endpoint=127.0.0.1:9000&region=us-east-1&path-style=true&insecure=1",
			config.Bucket{Name: "pics", Prefix: "a/图床/", Endpoint: "127.0.0.1:9000", Region: "us-east-1", PathStyle: true, Insecure: true},
		},
		{"s3://p.x-1/?endpoint=%5B%3A%3A1%5D%3A9000&insecure=false", config.Bucket{Name: "p.x-1", Endpoint: "[::1]:9000"}},
	} {
		c, err := config.Load(nil, env("TUCHUANG_BLOB_URL", tt.set), "")
		if err != nil || c.BlobURL != tt.set || c.Bucket != tt.want {
			t.Fatalf("%q: %q %+v %v", tt.set, c.BlobURL, c.Bucket, err)
		}
		again, err := config.Load(nil, env(), write(t, c.Print()))
		if err != nil || again.Bucket != tt.want {
			t.Errorf("%q printed and read again: %+v %v", tt.set, again.Bucket, err)
		}
	}
	for _, tt := range []struct {
		set string
		why fault.Why
	}{
		{"pics", fault.NotABucket},
		{"https://s3cret@s3.example.org/pics", fault.NotABucket},
		{"s3://", fault.NotABucket},
		{"s3:///pics", fault.NotABucket},
		{"s3:pics", fault.NotABucket},
		{"s3://pics:9000", fault.NotABucket},
		{"s3://a", fault.BucketName},
		{"s3://b1/live?endpoint=h", fault.BucketName},
		{"s3://-pics", fault.BucketName},
		{"s3://pi cs", fault.NotABucket},
		{"s3://pics#s3cret", fault.NotABucket},
		{"s3://pics?region=%zz", fault.NotABucket},
		{"s3://key:s3cret@pics", fault.KeysInURL},
		{"s3://pics?secret-key=s3cret", fault.UnknownKey},
		{"s3://pics?Region=x", fault.UnknownKey},
		{"s3://pics/a/../b", fault.BucketValue},
		{"s3://pics/a//b", fault.BucketValue},
		{"s3://pics/a%0ab", fault.BucketValue},
		{"s3://pics/" + strings.Repeat("a", 512), fault.BucketValue},
		{"s3://pics?endpoint=http://127.0.0.1:9000", fault.BucketValue},
		{"s3://pics?endpoint=", fault.BucketValue},
		{"s3://pics?endpoint=a&endpoint=b", fault.BucketValue},
		{"s3://pics?region=us%20east", fault.BucketValue},
		{"s3://pics?insecure", fault.BucketValue},
		{"s3://pics?path-style=yes", fault.BucketValue},
	} {
		_, err := config.Load(map[string]string{"blob-url": tt.set}, env(), "")
		args := fault.ArgsOf(err)
		if !fault.Is(err, fault.BadConfig) || len(args) < 2 || args[0] != tt.why || args[1] != "blob-url" || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", tt.set, err)
		}
	}
}

func TestImageRedirect(t *testing.T) {
	for _, tt := range []struct {
		set, to string
		on      bool
	}{
		{"off", "", false}, {"on", "", true}, {"https://s3.example.org/", "https://s3.example.org", true}, {"http://127.0.0.1:9000", "http://127.0.0.1:9000", true},
	} {
		c, err := config.Load(map[string]string{"image-redirect": tt.set, "blob-url": "s3://pics"}, env(), "")
		if err != nil || c.Redirect != tt.on || c.RedirectTo != tt.to {
			t.Errorf("%s: %v %q, %v", tt.set, c.Redirect, c.RedirectTo, err)
		}
		again, err := config.Load(nil, env(), write(t, c.Print()))
		if err != nil || again.Redirect != tt.on || again.RedirectTo != tt.to {
			t.Errorf("%s printed and read again: %v %q, %v", tt.set, again.Redirect, again.RedirectTo, err)
		}
	}
	for set, why := range map[string]fault.Why{"yes": fault.NotARedirect, "s3.example.org": fault.NotARedirect, "https://s3.example.org/pics": fault.NotARedirect} {
		_, err := config.Load(map[string]string{"image-redirect": set, "blob-url": "s3://pics"}, env(), "")
		if !fault.Is(err, fault.BadConfig) || fault.ArgsOf(err)[0] != why {
			t.Errorf("%s: %v", set, err)
		}
	}
	for _, set := range []string{"on", "https://s3.example.org"} {
		_, err := config.Load(map[string]string{"image-redirect": set}, env(), "")
		if !fault.Is(err, fault.BadConfig) || fault.ArgsOf(err)[0] != fault.RedirectNowhere {
			t.Errorf("%s without a bucket: %v", set, err)
		}
	}
}

// Each limit of copy tasks is a setting of its own, from 1 to a bound.
func TestCopyLimits(t *testing.T) {
	for _, set := range [][4]string{{"1", "1", "1", "1"}, {"1000", "100", "10000", "100"}, {"7", "8", "9", "10"}} {
		c, err := config.Load(map[string]string{"copy-ids": set[0], "copy-tasks": set[1]}, env("TUCHUANG_COPY_IMAGES", set[2]), write(t, "copy-levels = \""+set[3]+"\"\n"))
		if got := fmt.Sprint(c.CopyIDs, c.CopyTasks, c.CopyImages, c.CopyLevels); err != nil || got != strings.Join(set[:], " ") {
			t.Errorf("%v: %s, %v", set, got, err)
		}
		again, err := config.Load(nil, env(), write(t, c.Print()))
		if err != nil || again.Print() != c.Print() {
			t.Errorf("%v printed and read again:\n%s%v", set, again.Print(), err)
		}
	}
}

func TestImageSize(t *testing.T) {
	for set, want := range map[string]int64{"": 100 << 20, "1K": 1 << 10, "100MiB": 100 << 20, "1536M": 1536 << 20, "2048M": 2 << 30, "10G": 10 << 30} {
		c, err := config.Load(nil, env("TUCHUANG_IMAGE_SIZE", set), "")
		if err != nil || c.ImageSize != want {
			t.Errorf("%q: %d, %v", set, c.ImageSize, err)
		}
		again, err := config.Load(nil, env(), write(t, c.Print()))
		if err != nil || again.ImageSize != want {
			t.Errorf("%q printed and read again: %d, %v", set, again.ImageSize, err)
		}
	}
}
