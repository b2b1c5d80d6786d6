package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/picture"
	"tuchuang/internal/picture/draw"
)

var linkLine = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+/i/[0-9a-v]+\.[a-z]+`)

// The main job in one command: pictures in all nine formats in nested folders, a
// file that is none, links that are whole, and everything compared.
func TestDemo(t *testing.T) {
	p := newProgram(t)
	// Its usual address is taken: it finds another.
	taken, err := net.Listen("tcp", demoListen)
	if err == nil {
		defer taken.Close()
	}
	r := p.run("demo")
	if r.code != exitDone || !strings.Contains(r.out, "36 copied, 0 replaced, 1 skipped, 0 failed") ||
		!strings.Contains(r.out, "all 36 pictures") || !strings.Contains(r.out, os.Args[0]+" demo --serve") {
		t.Fatalf("exit %d\n%s\n%s", r.code, r.out, r.errOut)
	}
	links := make(map[string]bool)
	endings := make(map[string]bool)
	for _, l := range linkLine.FindAllString(r.out, -1) {
		links[l] = true
		endings[filepath.Ext(l)] = true
	}
	if len(links) != 36 || len(endings) != len(demoExtensions) {
		t.Errorf("%d links with %d endings", len(links), len(endings))
	}
}

// Pictures of one's own, the folder named in any way, and data that is kept and
// used again.
func TestDemoFromAFolderTwice(t *testing.T) {
	p := newProgram(t)
	write := func(dir, name string, seed int64) {
		t.Helper()
		b, err := draw.Picture(picture.PNG, seed, 40, 30, name)
		if err == nil {
			err = os.MkdirAll(filepath.Join(p.home, dir), 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(p.home, dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("mine", "a.png", 1)
	write("mine/sub folder", "乙.PNG", 2)
	write("mine/sub folder", "the same.png", 3)
	write("other/mine", "c.png", 4)
	keep := filepath.Join(p.home, "kept data")
	for n, from := range []string{"mine", "mine/.", "other/mine"} {
		r := p.run("demo", "--from", from, "--keep", keep)
		if r.code != exitDone || !strings.Contains(r.out, "byte for byte") || !strings.Contains(r.out, "  "+os.Args[0]+" serve --data '"+keep+"'\n") {
			t.Fatalf("%s: exit %d\n%s\n%s", from, r.code, r.out, r.errOut)
		}
		if first := strings.Contains(r.out, "the operator admin was made"); first != (n == 0) {
			t.Errorf("%s: the operator's secrets are shown: %v", from, first)
		}
		// The line that is shown works as it stands.
		line := regexp.MustCompile(`(?m)^  (.* user reset .*)$`).FindStringSubmatch(r.out)
		if line == nil {
			t.Fatalf("%s: it is not said how to use what was kept:\n%s", from, r.out)
		}
		reset := p.command()
		reset.Path, reset.Args = "/bin/sh", []string{"sh", "-c", line[1]}
		if out, err := reset.Output(); err != nil || !strings.Contains(string(out), "clientSecret") {
			t.Errorf("%s: %v: %s", line[1], err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(p.home, "mine", `b"d.png`), []byte("a name that no server takes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := p.run("demo", "--from", "mine"); r.code != exitFailed || strings.Count(r.errOut, `mine/b"d.png: `) != 1 ||
		!strings.Contains(r.out, "all 3 pictures") || !strings.Contains(r.errOut, "not uploaded: 1,") {
		t.Errorf("with a bad file: exit %d\n%s\n%s", r.code, r.out, r.errOut)
	}
	write("notes/below", "a.txt", 5)
	if r := p.run("demo", "--from", "notes"); r.code != exitUsage || !strings.Contains(r.errOut, "no pictures in "+filepath.Join(p.home, "notes")) {
		t.Errorf("without pictures: exit %d: %s", r.code, r.errOut)
	}
	if r := p.run("demo", "--from", "nowhere"); r.code != exitUsage || !strings.Contains(r.errOut, "not a folder") {
		t.Errorf("exit %d: %s", r.code, r.errOut)
	}
}

// For scripts every fact is a document, and nothing else is on standard output: the
// secrets of what is kept, the task, the comparison, and where it goes on.
func TestDemoForScripts(t *testing.T) {
	p := newProgram(t)
	b, err := draw.Picture(picture.PNG, 1, 40, 30, "a")
	if err == nil {
		err = os.Mkdir(filepath.Join(p.home, "mine"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(p.home, "mine", "a.png"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := p.command("demo", "--json", "--from", "mine", "--keep", "kept", "--serve")
	var errs said
	cmd.Stderr = &errs
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // unless it has ended
	facts := json.NewDecoder(stdout)
	var (
		start   startOut
		task    taskReport
		done    comparisonOut
		serving struct{ Serving servingOut }
	)
	for _, fact := range []any{&start, &task, &done, &serving} {
		if err := facts.Decode(fact); err != nil {
			t.Fatalf("%T: %v\n%s", fact, err, &errs)
		}
	}
	if start.FirstStart == nil || start.FirstStart.ClientSecret == "" || !strings.Contains(start.FirstStart.SignIn, "/#/enter/") || task.Copied != 1 || task.Failures == nil {
		t.Errorf("%+v, %+v", start, task)
	}
	c := done.Comparison
	if len(c.Pictures) != 1 || c.Pictures[0].Path != "a.png" || c.Equal != 1 || c.Bytes != int64(len(b)) || c.Failures == nil || len(c.Failures) > 0 {
		t.Errorf("%+v", c)
	}
	if got := fetched(t, c.Pictures[0].URL); got != string(b) {
		t.Error("the picture's link gives something else")
	}
	who := serving.Serving
	user, err := client.New(client.Options{Server: who.URL, ClientID: who.ClientID, Secret: who.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	if me, err := user.UserInfo(t.Context()); err != nil || me.Nickname != demoUser {
		t.Errorf("%+v, %v", me, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(facts.Buffered()); err != nil || strings.TrimSpace(string(rest)) != "" {
		t.Errorf("more on standard output: %q, %v", rest, err)
	}
	if rest, err := io.ReadAll(stdout); err != nil || strings.TrimSpace(string(rest)) != "" {
		t.Errorf("more on standard output: %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v:\n%s", err, &errs)
	}
}

// A server that goes away ends a demo; what it did not take is not called uploaded.
func TestDemoThatLosesItsServer(t *testing.T) {
	s := serve(t, "")
	t.Setenv("XDG_CACHE_HOME", filepath.Join(s.home, "cache"))
	t.Setenv("HOME", s.home)
	for n := range 10 {
		s.file(fmt.Sprintf("mine/%d.png", n), fmt.Sprint("picture ", n))
	}
	var calls atomic.Int64
	c, err := client.New(client.Options{
		Server: s.url, ClientID: s.id, Secret: s.secret, Patience: time.Nanosecond,
		HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/create") && calls.Add(1) > 1 {
				return nil, net.ErrClosed
			}
			return http.DefaultTransport.RoundTrip(r)
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var heard said
	d := &demo{u: &ui{out: &heard, err: &heard}, client: c, from: filepath.Join(s.home, "mine")}
	if err := d.run(t.Context()); !client.Broken(err) || strings.Contains(heard.String(), "uploaded in") {
		t.Errorf("%v:\n%s", err, &heard)
	}
}

// HTTPS without a proxy, and HTTP/2 with it.
func TestServerTLS(t *testing.T) {
	p := newProgram(t)
	cert, key, roots := certificate(t, p.home)
	s := p.start("--data", filepath.Join(p.home, "data"), "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("it listens at %s", s.url)
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	defer c.CloseIdleConnections()
	res, err := c.Get(s.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
		t.Errorf("%s over %s", res.Status, res.Proto)
	}
	// Who writes the wrong scheme is told the right one.
	plain := p.start("--data", filepath.Join(p.home, "plain"))
	p.env = []string{secretVariable + "=x"}
	for address, right := range map[string]string{
		strings.Replace(s.url, "https:", "http:", 1):     "write " + s.url,
		strings.Replace(plain.url, "http:", "https:", 1): "write http://",
	} {
		line := []string{"ls", "drive:/", "--client-id", "x", "--server", address}
		if r := p.run(line...); r.code != exitFailed || !strings.Contains(r.errOut, right) {
			t.Errorf("%s: exit %d, %s; want %q", address, r.code, r.errOut, right)
		}
		inChinese(t, p, exitFailed, line...)
	}
	plain.stop()
	if code := s.stop(); code != exitDone {
		t.Errorf("ended with %d", code)
	}
}

// certificate makes a self-signed one for this machine.
func certificate(t *testing.T, dir string) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(parsed)
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, roots
}
