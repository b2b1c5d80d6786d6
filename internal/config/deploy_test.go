package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tuchuang/internal/config"
)

var (
	variable = regexp.MustCompile(`\bTUCHUANG_[A-Z_]+`)
	// As YAML and as a Dockerfile set them.
	setting = regexp.MustCompile(`(?m)(?:^\s*(TUCHUANG_[A-Z_]+): *(.+)$|\b(TUCHUANG_[A-Z_]+)=(\S+))`)
	// What compose puts in: a variable that must be there, or one with a default.
	filledIn = regexp.MustCompile(`\$\{[A-Z_]+(?::-([^}]*)|:\?)\}`)
)

// What stands in deploy/ are settings that there are, with values that make sense.
func TestDeploySets(t *testing.T) {
	known := map[string]bool{"TUCHUANG_CONFIG": true}
	for _, s := range config.Settings {
		known["TUCHUANG_"+strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))] = true
	}
	files, err := filepath.Glob("../../deploy/*")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	set := map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range variable.FindAllString(string(b), -1) {
			if !known[name] {
				t.Errorf("%s: there is no setting %s", filepath.Base(file), name)
			}
		}
		for _, m := range setting.FindAllStringSubmatch(string(b), -1) {
			set[m[1]+m[3]] = filledIn.ReplaceAllStringFunc(m[2]+m[4], func(s string) string {
				if d := filledIn.FindStringSubmatch(s)[1]; d != "" {
					return d
				}
				return "filled-in"
			})
		}
	}
	c, err := config.Load(nil, func(name string) string { return set[name] }, "")
	if err != nil {
		t.Fatalf("%v makes no sense: %v", set, err)
	}
	want := config.Bucket{Name: "pictures", Endpoint: "s3:7070", Region: "us-east-1", PathStyle: true, Insecure: true}
	if c.Data != "/data" || c.Listen != "0.0.0.0:8123" || c.Bucket != want || c.DatabaseURL != "postgres://tuchuang:filled-in@db/tuchuang" ||
		c.PublicURL != "http://localhost:8080" || len(c.TrustedProxies) != 1 {
		t.Errorf("%+v", c)
	}
}
