// Package config says how a server is to run: defaults, a file, the environment
// and flags, merged in this order and checked once. It promises that rooms receive
// values that make sense, and that no secret is a setting. It knows none of the
// rooms.
package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"tuchuang/internal/fault"
)

// Config is everything a server can be told, after Load has checked it.
type Config struct {
	Data           string // the folder that holds everything, but for what DatabaseURL and BlobURL hold
	DatabaseURL    string // of PostgreSQL, where the database is not a file in the folder; may hold a password
	BlobURL        string // of a bucket, where content is not in the folder
	Bucket         Bucket // what BlobURL says
	Listen         string // host:port
	PublicURL      string // where clients reach the server; no slash at the end
	GuessedURL     bool   // PublicURL works on this machine alone: it was not set, and Listen names no host
	ImageURL       string // where links point to; no slash at the end
	Redirect       bool   // pictures are given by the bucket itself, by signed links
	RedirectTo     string // where those begin; "" for the bucket's endpoint
	TLSCert        string // both or none
	TLSKey         string
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	FetchAllow     []netip.Prefix // addresses that are fetched from though they are not public
	OfflineWorkers int            // URLs that a process fetches at once
	Grace          time.Duration  // how long content stays that nothing refers to
	DrainWait      time.Duration  // how long a server that was told to stop goes on, not ready any more, before it drains
	LogLevel       string         // debug, info, warn or error
	MetricsListen  string         // host:port of the figures; "" for none
	AuditKeep      time.Duration  // how long the audit log keeps what it was told, whole days
	TaskKeep       time.Duration  // how long tasks are kept that have ended, whole days; 0 for ever
	TokenLife      time.Duration  // how long an access token lives, whole days
	Limited        bool           // accounts may ask as often as the platform documents
	ClientTokens   int            // live access tokens of a client; 0 for any number
	PProf          string         // host:port of the profiler, loopback alone; "" for none

	// What copy tasks may ask for.
	CopyIDs    int // ids of one request
	CopyTasks  int // unfinished tasks of an account
	CopyImages int // pictures of a task
	CopyLevels int // levels of folders

	ImageSize int64 // bytes of a picture that the bed takes, from a task or from outside

	Thumbnails int64 // bytes of thumbnails that are kept; 0 for none
}

// Settings are the names of all settings, as in the file, with their defaults. The
// environment calls data TUCHUANG_DATA and public-url TUCHUANG_PUBLIC_URL; flags
// are called --data and --public-url.
var Settings = []struct{ Name, Default string }{
	{"data", "./data"},
	{"database-url", ""},
	{"blob-url", ""},
	{"listen", "127.0.0.1:8123"},
	{"public-url", ""},
	{"image-url", ""},
	{"image-redirect", "off"},
	{"tls-cert", ""},
	{"tls-key", ""},
	{"trusted-proxies", ""},
	{"fetch-allow", ""},
	{"offline-workers", "4"},
	{"grace", "24h"},
	{"drain-wait", "0s"},
	{"log-level", "info"},
	{"audit-days", "180"},
	{"task-days", "0"},
	{"token-days", "30"},
	{"client-tokens", "0"},
	{"rate-limits", "off"},
	{"copy-ids", "100"},
	{"copy-tasks", "3"},
	{"copy-images", "1000"},
	{"copy-levels", "15"},
	{"image-size", "100M"},
	{"thumbnails-size", "1G"},
	{"metrics-listen", ""},
	{"pprof", ""},
}

// Load merges the settings and checks them. flags holds those that were given, by
// name; file is a TOML file of names and strings, "" for none. What makes no sense
// is fault.BadConfig with its fault.Why, and so is a flag that others must not read.
func Load(flags map[string]string, env func(string) string, file string) (Config, error) {
	values := make(map[string]string, len(Settings))
	for _, s := range Settings {
		values[s.Name] = s.Default
	}
	if file == "" {
		file = env("TUCHUANG_CONFIG")
	}
	if file != "" {
		if err := readFile(file, values); err != nil {
			return Config{}, err
		}
	}
	for _, s := range Settings {
		if v := env("TUCHUANG_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))); v != "" {
			values[s.Name] = v
		}
		if v, ok := flags[s.Name]; ok {
			values[s.Name] = v
		}
	}
	c, err := check(values)
	if err == nil && HoldsPassword(flags["database-url"]) {
		err = bad(fault.PasswordInFlag, "database-url")
	}
	return c, err
}

// secrets are the words in the query of a database's URL that hold a password.
var secrets = []string{"password", "sslpassword"}

// HoldsPassword says whether a URL of a database holds a password, which others could
// read on a command line; of what is no such URL, whether it may.
func HoldsPassword(database string) bool {
	u, err := url.Parse(database)
	if err != nil || u.Scheme == "" {
		return strings.ContainsRune(database, '@') || strings.Contains(database, "password")
	}
	_, set := u.User.Password()
	return set || slices.ContainsFunc(secrets, u.Query().Has)
}

// At fills in the URLs that were not set, for a server that listens at an address.
// Load does so itself unless the port is 0, which the system chooses.
func (c Config) At(host, port string) Config {
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	ip, err := netip.ParseAddr(host)
	everywhere := host == "" || err == nil && ip.IsUnspecified()
	if everywhere {
		host = "127.0.0.1"
	}
	if c.PublicURL == "" {
		c.GuessedURL = everywhere
		c.PublicURL = scheme + "://" + net.JoinHostPort(host, port)
	}
	if c.ImageURL == "" {
		c.ImageURL = c.PublicURL
	}
	return c
}

// paths are the settings that name files. In a config file they are relative to that
// file: it means the same wherever the server is started.
var paths = []string{"data", "tls-cert", "tls-key"}

func readFile(file string, values map[string]string) error {
	var in map[string]any
	if _, err := toml.DecodeFile(file, &in); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return bad(fault.FileMissing, file)
		}
		return bad(fault.FileUnreadable, file, err)
	}
	for name, v := range in {
		text, ok := v.(string)
		if _, known := values[name]; !known {
			return bad(fault.UnknownSetting, file, name)
		}
		if !ok {
			return bad(fault.NotText, file, name)
		}
		if text != "" && slices.Contains(paths, name) && !filepath.IsAbs(text) {
			text = filepath.Join(filepath.Dir(file), text)
		}
		values[name] = text
	}
	return nil
}

func check(v map[string]string) (c Config, err error) {
	if v["data"] == "" {
		return c, bad(fault.NoFolder)
	}
	if c.Data, err = filepath.Abs(v["data"]); err != nil {
		return c, bad(fault.FolderUnusable, v["data"], err)
	}
	c.DatabaseURL = v["database-url"]
	if u, err := url.Parse(c.DatabaseURL); err != nil || c.DatabaseURL != "" && u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return c, bad(fault.NotADatabase)
	}
	c.BlobURL = v["blob-url"]
	if c.Bucket, err = ParseBucket("blob-url", c.BlobURL); err != nil {
		return c, err
	}
	c.Listen = v["listen"]
	host, port, err := address("listen", c.Listen)
	if err != nil {
		return c, err
	}
	if err := c.checkAside(v); err != nil {
		return c, err
	}
	c.TLSCert, c.TLSKey = v["tls-cert"], v["tls-key"]
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return c, bad(fault.HalfTLS)
	}
	if c.TLSCert != "" {
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			return c, bad(fault.BadTLS, c.TLSCert, c.TLSKey, err)
		}
	}
	if c.PublicURL, err = baseURL("public-url", v["public-url"]); err != nil {
		return c, err
	}
	if c.ImageURL, err = baseURL("image-url", v["image-url"]); err != nil {
		return c, err
	}
	if err := c.checkRedirect(v["image-redirect"]); err != nil {
		return c, err
	}
	if port != "0" {
		c = c.At(host, port)
	}
	if c.TrustedProxies, err = networks("trusted-proxies", v["trusted-proxies"]); err != nil {
		return c, err
	}
	if c.FetchAllow, err = networks("fetch-allow", v["fetch-allow"]); err != nil {
		return c, err
	}
	if c.AuditKeep, err = days("audit-days", v["audit-days"], 1); err != nil {
		return c, err
	}
	if c.TaskKeep, err = days("task-days", v["task-days"], 0); err != nil {
		return c, err
	}
	if c.TokenLife, err = days("token-days", v["token-days"], leastTokenDays); err != nil {
		return c, err
	}
	if c.ClientTokens, err = number("client-tokens", v["client-tokens"], 0, mostTokens); err != nil {
		return c, err
	}
	if c.Limited = v["rate-limits"] == documented; !c.Limited && v["rate-limits"] != "off" {
		return c, bad(fault.NotARate, v["rate-limits"])
	}
	for _, s := range []struct {
		name string
		to   *int
		most int
	}{{"copy-ids", &c.CopyIDs, mostIDs}, {"copy-tasks", &c.CopyTasks, mostTasks}, {"copy-images", &c.CopyImages, mostImages}, {"copy-levels", &c.CopyLevels, mostLevels}, {"offline-workers", &c.OfflineWorkers, mostWorkers}} {
		if *s.to, err = number(s.name, v[s.name], 1, s.most); err != nil {
			return c, err
		}
	}
	if c.ImageSize, err = size("image-size", v["image-size"]); err != nil {
		return c, err
	}
	if v["thumbnails-size"] != "0" {
		if c.Thumbnails, err = size("thumbnails-size", v["thumbnails-size"]); err != nil {
			return c, err
		}
	}
	if c.Grace, err = duration("grace", v["grace"]); err != nil {
		return c, err
	}
	if c.DrainWait, err = duration("drain-wait", v["drain-wait"]); err != nil {
		return c, err
	}
	c.LogLevel = v["log-level"]
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		return c, bad(fault.NotALevel, c.LogLevel)
	}
	return c, nil
}

// networks reads addresses and CIDRs, with commas or spaces between them.
func networks(setting, s string) (list []netip.Prefix, err error) {
	for _, p := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			addr, addrErr := netip.ParseAddr(p)
			if addrErr != nil {
				return nil, bad(fault.NotANetwork, setting, p)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		list = append(list, prefix)
	}
	return list, nil
}

func inWords(list []netip.Prefix) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = p.String()
	}
	return strings.Join(words, ",")
}

func duration(setting, s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, bad(fault.NotATime, setting, s)
	}
	return d, nil
}

// maxDays are a hundred years.
const maxDays = 36500

// days reads a number of days.
func days(setting, s string, least int) (time.Duration, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > maxDays {
		return 0, bad(fault.NotDays, setting, s, least, maxDays)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// Bounds of what copy tasks may ask for. A folder's pictures are published in one
// transaction, and no tree of the drive or the bed is deeper than 128.
const (
	mostIDs    = 1000
	mostTasks  = 100
	mostImages = 10_000
	mostLevels = 100

	mostWorkers = 64 // of offline downloads
)

const (
	leastTokenDays = 8 // some clients get a new token seven days ahead
	mostTokens     = 1000
)

// number reads a number between limits.
func number(setting, s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, bad(fault.NotANumber, setting, s, least, most)
	}
	return n, nil
}

var sizeForm = regexp.MustCompile(`^([0-9]{1,9})([KMG])(iB)?$`)

const mostSize = 10 << 30 // bytes of any file

// size reads a number of bytes, from 1K to 10G.
func size(setting, s string) (int64, error) {
	m := sizeForm.FindStringSubmatch(s)
	if m == nil {
		return 0, bad(fault.NotASize, setting, s)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	n <<= 10 * (strings.Index("KMG", m[2]) + 1)
	if err != nil || n < 1 || n > mostSize {
		return 0, bad(fault.NotASize, setting, s)
	}
	return n, nil
}

// inUnits is a size as size reads it.
func inUnits(n int64) string {
	unit := "K"
	n >>= 10
	for _, larger := range []string{"M", "G"} {
		if n%1024 != 0 {
			break
		}
		n, unit = n>>10, larger
	}
	return strconv.FormatInt(n, 10) + unit
}

func (c Config) thumbnails() string {
	if c.Thumbnails == 0 {
		return "0"
	}
	return inUnits(c.Thumbnails)
}

func inDays(d time.Duration) string { return strconv.Itoa(int(d / (24 * time.Hour))) }

// address takes an address to listen at apart.
func address(setting, s string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(s)
	if err != nil || port == "" {
		return "", "", bad(fault.NotAnAddress, setting, s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", "", bad(fault.NotAPort, setting, port)
	}
	return host, port, nil
}

// checkRedirect reads off, on, or where links to the bucket begin.
func (c *Config) checkRedirect(s string) (err error) {
	switch c.Redirect = s != "off" && s != ""; {
	case !c.Redirect:
		return nil
	case c.BlobURL == "":
		return bad(fault.RedirectNowhere)
	case s == "on":
		return nil
	}
	if c.RedirectTo, err = baseURL("image-redirect", s); err != nil {
		return bad(fault.NotARedirect, s)
	}
	return nil
}

func (c Config) redirect() string {
	switch {
	case !c.Redirect:
		return "off"
	case c.RedirectTo == "":
		return "on"
	}
	return c.RedirectTo
}

// checkAside checks what is for operators. The profiler shows memory, and with
// it secrets: nobody else's machine may reach it.
func (c *Config) checkAside(v map[string]string) error {
	if c.MetricsListen = v["metrics-listen"]; c.MetricsListen != "" {
		if _, _, err := address("metrics-listen", c.MetricsListen); err != nil {
			return err
		}
	}
	if c.PProf = v["pprof"]; c.PProf == "" {
		return nil
	}
	host, _, err := address("pprof", c.PProf)
	if err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
		return bad(fault.NotLoopback, c.PProf)
	}
	return nil
}

func baseURL(name, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", bad(fault.NotAURL, name, s)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", bad(fault.URLTooLong, name, s)
	}
	return u.Scheme + "://" + u.Host, nil
}

func bad(why fault.Why, args ...any) error {
	return fault.New(fault.BadConfig, "config: check", append([]any{why}, args...)...)
}

// Values are the settings as text, by name and in order, which Load reads again. A
// password is not among them.
func (c Config) Values() [][2]string {
	return [][2]string{
		{"data", c.Data}, {"database-url", c.database()}, {"blob-url", c.BlobURL},
		{"listen", c.Listen}, {"public-url", c.PublicURL}, {"image-url", c.ImageURL}, {"image-redirect", c.redirect()},
		{"tls-cert", c.TLSCert}, {"tls-key", c.TLSKey}, {"trusted-proxies", inWords(c.TrustedProxies)}, {"fetch-allow", inWords(c.FetchAllow)}, {"offline-workers", strconv.Itoa(c.OfflineWorkers)}, {"grace", c.Grace.String()}, {"drain-wait", c.DrainWait.String()}, {"log-level", c.LogLevel},
		{"audit-days", inDays(c.AuditKeep)}, {"task-days", inDays(c.TaskKeep)},
		{"token-days", inDays(c.TokenLife)}, {"client-tokens", strconv.Itoa(c.ClientTokens)}, {"rate-limits", c.rates()},
		{"copy-ids", strconv.Itoa(c.CopyIDs)}, {"copy-tasks", strconv.Itoa(c.CopyTasks)}, {"copy-images", strconv.Itoa(c.CopyImages)}, {"copy-levels", strconv.Itoa(c.CopyLevels)}, {"image-size", inUnits(c.ImageSize)}, {"thumbnails-size", c.thumbnails()},
		{"metrics-listen", c.MetricsListen}, {"pprof", c.PProf},
	}
}

const documented = "documented"

func (c Config) rates() string {
	if c.Limited {
		return documented
	}
	return "off"
}

// database is the URL without its password.
func (c Config) database() string {
	u, err := url.Parse(c.DatabaseURL)
	if err != nil || c.DatabaseURL == "" {
		return ""
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for _, secret := range secrets {
		q.Del(secret)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Print writes the settings as a file that Load reads.
func (c Config) Print() string {
	var b strings.Builder
	for _, s := range c.Values() {
		fmt.Fprintf(&b, "%s = %q\n", s[0], s[1])
	}
	return b.String()
}
