package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/client"
	"tuchuang/internal/config"
	"tuchuang/internal/fault"
	"tuchuang/internal/linkformat"
	"tuchuang/internal/ops"
	"tuchuang/internal/picture"
)

type demoCmd struct {
	From  string `name:"from" placeholder:"DIR" help:"help_demo_from"`
	Keep  string `name:"keep" placeholder:"DATA" help:"help_demo_keep"`
	Serve bool   `name:"serve" help:"help_demo_serve"`
}

const (
	demoUser    = "demo"
	demoListen  = "127.0.0.1:8123"
	demoFetches = 4 // pictures fetched back at once
)

// Run does the main job on a server of its own: pictures into the drive, a copy
// task, and every picture back from its public link, compared with its source.
func (c *demoCmd) Run(ctx context.Context, u *ui) (err error) {
	work, err := os.MkdirTemp("", "tuchuang-demo-")
	if err != nil {
		return fault.Wrap(err, "demo")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	data := c.Keep
	if data == "" {
		data = filepath.Join(work, "data")
	}
	from := c.From
	if from == "" {
		from = filepath.Join(work, u.text(demoFolder))
		u.note(u.text(demoDrawing))
		if err := drawPictures(ctx, u, from); err != nil {
			return err
		}
	} else if st, err := os.Stat(from); err != nil || !st.IsDir() {
		return usageError{text: u.text(demoNoFolder, from)}
	}
	if from, err = filepath.Abs(from); err != nil {
		return fault.Wrap(err, "demo")
	}
	if found, err := anyPicture(from); err != nil {
		return err
	} else if !found {
		return usageError{text: u.text(demoNoPictures, printable(from))}
	}
	conf, err := config.Load(map[string]string{"data": data, "listen": demoAddress(ctx), "log-level": "warn"}, noEnvironment, "")
	if err != nil {
		return err
	}
	s, err := startServer(ctx, conf, u)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if c.Keep != "" {
		if err := u.showOperator(s); err != nil {
			return err
		}
	}
	name, secrets, err := demoAccount(ctx, s)
	if err != nil {
		return err
	}
	u.note(u.text(demoServer, s.url))
	remote, err := client.New(client.Options{Server: s.url, ClientID: secrets.ClientID, Secret: secrets.ClientSecret, UserAgent: userAgent()})
	if err != nil {
		return err
	}
	defer remote.Close()
	d := &demo{u: u, client: remote, from: from}
	if err := d.run(ctx); err != nil {
		return err
	}
	if c.Serve {
		if err := u.showServing(s.url, name, secrets); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			u.note(u.text(draining))
			return nil
		case err := <-s.broken:
			return err
		}
	}
	if c.Keep != "" {
		me, data := shellWord(programName()), shellWord(c.Keep)
		u.say(u.text(demoKept, me, data, name, me, name, data))
	} else {
		me := shellWord(programName())
		u.say(u.text(demoNext, me, me))
	}
	return nil
}

// showServing says where the demo goes on, and as whom.
func (u *ui) showServing(url, name string, secrets account.Secrets) error {
	if u.json {
		return u.fact(struct {
			Serving servingOut `json:"serving"`
		}{servingOut{url, outOf(secrets)}})
	}
	u.say(u.text(demoServing, url, url, name, secrets.Password, secrets.ClientID, secrets.ClientSecret))
	return nil
}

type servingOut struct {
	URL string `json:"url"`
	secretsOut
}

// noEnvironment keeps a demo from what is set for a real server.
func noEnvironment(string) string { return "" }

// demoAddress is the default address, or a free port where that is taken.
func demoAddress(ctx context.Context) string {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", demoListen)
	if err != nil || l.Close() != nil {
		return "127.0.0.1:0"
	}
	return demoListen
}

// demoAccount makes an account of its own for each run, so that a kept folder may be
// used again.
func demoAccount(ctx context.Context, s *server) (name string, secrets account.Secrets, err error) {
	name = demoUser
	for n := 2; ; n++ {
		secrets, err = ops.AddUser(ctx, s.db, name, account.NoQuota, false)
		if !fault.Is(err, fault.Exists) {
			return name, secrets, err
		}
		name = fmt.Sprintf("%s-%d", demoUser, n)
	}
}

// demo is one run against a server that is there.
type demo struct {
	u      *ui
	client *client.Client
	from   string
}

func (d *demo) run(ctx context.Context) error {
	u := d.u
	p := &putter{fileRun: fileRun{u: u, start: time.Now()}, client: d.client, tree: d.client.DriveTree(), states: u.openStates(d.client.Server(), demoUser), quiet: true}
	p.files = plan(ctx, u, []string{d.from}, "/")
	p.uploadAll(ctx, demoFetches)
	took := time.Since(p.start)
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.gone != nil {
		return p.gone
	}
	var bytes int64
	var count int
	failed := make(map[string]bool) // has been said of each
	for _, f := range p.files {
		if f.outcome == outcomeFailed {
			failed[f.local] = true
			continue
		}
		count++
		bytes += f.size
	}
	if count == 0 {
		return errReported
	}
	u.note(u.text(demoUploaded, count, humanSize(bytes), took.Round(time.Millisecond), humanSize(perSecond(bytes, took))))

	base := filepath.Base(d.from)
	source, err := p.tree.Resolve(ctx, path.Join("/", base))
	if err != nil {
		return err
	}
	began := time.Now()
	taskID, err := d.client.Copy(ctx, []int64{source.FileID}, "")
	if err != nil {
		return err
	}
	state, err := waitForTask(ctx, u, d.client, taskID)
	if err != nil {
		return err
	}
	took = time.Since(began)
	report, err := readTask(ctx, d.client, taskID, state)
	if err != nil {
		return err
	}
	if err := u.showTask(report, took); err != nil {
		return err
	}
	if err := report.verdict(); err != nil {
		return err
	}
	err = d.compare(ctx, base, failed)
	if err == nil && len(failed) > 0 {
		u.note(u.text(demoSomeFailed, len(failed)))
		return errReported
	}
	return err
}

// published is an image of the bed with the folder it is in.
type published struct {
	folder string // relative to the demo's own, with slashes
	client.Image
}

func (p published) path() string { return path.Join(p.folder, p.Filename) }

// compare fetches every picture back and holds it against its source; left are the
// files that could not be uploaded.
func (d *demo) compare(ctx context.Context, base string, left map[string]bool) error {
	tree := d.client.BedTree()
	top, err := tree.Resolve(ctx, path.Join("/", base))
	if err != nil {
		return err
	}
	var images []published
	if err := d.collect(ctx, tree, "", top, &images); err != nil {
		return err
	}
	slices.SortFunc(images, func(a, b published) int { return cmp.Compare(a.path(), b.path()) })
	d.table(images)
	sources, err := d.sources(left)
	if err != nil {
		return err
	}
	began := time.Now()
	bar := d.u.countBar(d.u.text(demoFetching))
	var (
		mu          sync.Mutex
		all         sync.WaitGroup
		done, equal int
		total       int64
		failures    []string
	)
	queue := make(chan published)
	for range demoFetches {
		all.Go(func() {
			for img := range queue {
				got, err := fetchPicture(ctx, img.DownloadURL)
				key := sourceKey{img.folder, img.Etag}
				mu.Lock()
				done++
				total += int64(len(got))
				switch local, known := sources[key]; {
				case err != nil:
					failures = append(failures, d.u.text(demoFetchFailed, img.Filename, err))
				case !known:
					failures = append(failures, d.u.text(demoUnknown, img.Filename))
				case !sameAsFile(local, got):
					failures = append(failures, d.u.text(demoDiffers, img.Filename))
				default:
					equal++
					sources[key] = ""
				}
				bar.set(int64(done), int64(len(images)))
				mu.Unlock()
			}
		})
	}
	for _, img := range images {
		queue <- img
	}
	close(queue)
	all.Wait()
	bar.done()
	took := time.Since(began)
	for _, local := range sources {
		if local != "" {
			failures = append(failures, d.u.text(demoMissing, local))
		}
	}
	for _, f := range failures {
		d.u.note(f)
	}
	if d.u.json {
		if err := d.u.fact(comparisonOf(images, equal, total, took, failures)); err != nil {
			return err
		}
	}
	if len(failures) > 0 || ctx.Err() != nil {
		return errors.Join(ctx.Err(), errReported)
	}
	d.u.say(d.u.text(demoEqual, equal, humanSize(total), took.Round(time.Millisecond), humanSize(perSecond(total, took))))
	return nil
}

// comparisonOut is the last fact of a demo for scripts.
type comparisonOut struct {
	Comparison struct {
		Pictures []pictureOut `json:"pictures"`
		Equal    int          `json:"equal"` // byte for byte
		Bytes    int64        `json:"bytes"` // fetched
		Seconds  float64      `json:"seconds"`
		Failures []string     `json:"failures"`
	} `json:"comparison"`
}

type pictureOut struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	URL  string `json:"url"`
}

func comparisonOf(images []published, equal int, total int64, took time.Duration, failures []string) (out comparisonOut) {
	c := &out.Comparison
	c.Pictures = make([]pictureOut, len(images))
	for i, img := range images {
		c.Pictures[i] = pictureOut{img.path(), img.Size, img.DownloadURL}
	}
	c.Equal, c.Bytes, c.Seconds = equal, total, took.Seconds()
	c.Failures = append([]string{}, failures...)
	return out
}

func (d *demo) collect(ctx context.Context, tree *client.BedTree, folder string, at client.Image, out *[]published) error {
	children, err := tree.Children(ctx, at.FileID)
	if err != nil {
		return err
	}
	for _, c := range children {
		if c.IsFolder() {
			if err := d.collect(ctx, tree, path.Join(folder, c.Filename), c, out); err != nil {
				return err
			}
			continue
		}
		*out = append(*out, published{folder, c})
	}
	return nil
}

// table prints the links, whole.
func (d *demo) table(images []published) {
	width := 0
	for _, i := range images {
		width = max(width, columns(i.path()))
	}
	for _, i := range images {
		name := i.path()
		d.u.say(fmt.Sprintf("  %s%*s  %9s  %s", printable(name), width-columns(name), "", humanSize(i.Size), i.DownloadURL))
	}
	if len(images) > 0 {
		first := images[0]
		d.u.say("  " + linkformat.Markdown(linkformat.Link{Name: first.Filename, URL: first.DownloadURL}))
	}
}

// columns is how wide a terminal draws a text: Chinese takes two columns.
func columns(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x1100 && r != 0x2026 {
			n++
		}
	}
	return n
}

type sourceKey struct{ folder, etag string }

// sources are the local pictures that a task takes, by folder and etag, without
// those that are left out; of equal ones in a folder any stands for all.
func (d *demo) sources(left map[string]bool) (map[sourceKey]string, error) {
	out := make(map[sourceKey]string)
	err := eachPicture(d.from, func(rel string) error {
		local := filepath.Join(d.from, rel)
		if left[local] {
			return nil
		}
		content, err := os.ReadFile(local)
		if err != nil {
			return err
		}
		sum := md5.Sum(content)
		folder := client.CleanPath(filepath.ToSlash(filepath.Dir(rel)))[1:]
		out[sourceKey{folder, hex.EncodeToString(sum[:])}] = local
		return nil
	})
	return out, fault.Wrap(err, "demo: read sources")
}

// eachPicture goes through the pictures in and below a folder that a task takes.
func eachPicture(dir string, fn func(rel string) error) error {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(p string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if picture.ClassOf(e.Name(), info.Size()).UpTo(picture.MaxBytes, info.Size()) != picture.Eligible {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		return fn(rel)
	})
}

// anyPicture says whether there is a picture in or below a folder.
func anyPicture(dir string) (found bool, err error) {
	err = eachPicture(dir, func(string) error {
		found = true
		return filepath.SkipAll
	})
	return found, fault.Wrap(err, "demo: look for pictures")
}

func sameAsFile(local string, got []byte) bool {
	want, err := os.ReadFile(local)
	return err == nil && bytes.Equal(want, got)
}

func fetchPicture(ctx context.Context, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, picture.MaxBytes+1))
}

func perSecond(n int64, took time.Duration) int64 {
	return int64(float64(n) / max(took.Seconds(), 1e-3))
}
