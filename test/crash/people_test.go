package crash

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// person is an account and its clients, who go on whatever happens to the server:
// what was not acknowledged they ask for again.
type person struct {
	*client.Client
	w    *world
	name string
	uid  int64

	album, swap, deep int64   // drive folders
	group             int64   // the first one of the album, with one inside it
	places            []place // lasting bed folders
	direct, fetched   string  // the bed folders that are uploaded and fetched into
	contents          [][]byte

	mu     sync.Mutex
	loose  []loose // drive files that nobody takes away
	images []string
	tasks  []openTask
	open   []begun // uploads that nobody goes on with

	fetchings []*fetching // of its one goroutine, until that has ended

	sure, unsure atomic.Int64 // copy tasks that were created, and that may have been
}

type begun struct {
	id      string
	content []byte
}

type place struct{ id, name string }

type loose struct {
	id   int64
	etag string
}

type openTask struct {
	id   string
	born *life // the life that answered it
}

const (
	folders    = 6
	firstGroup = "a 组"
	sliceSize  = 16 << 20

	// pollEvery is how often it is asked whether something has ended. Asked all the time,
	// nine requests of ten would be that.
	pollEvery = 10 * time.Millisecond
)

var endings = []string{"png", "jpg", "JPEG", "gif", "webp", "bmp", "tif", "tiff", "svg"}

// verdict is what became of a call.
type verdict int

const (
	fine    verdict = iota
	refused         // for a reason that was to be expected
	unknown         // nobody knows whether it was carried out
)

// settle judges the error of a call; a refusal that was not to be expected is a
// problem of the world.
func (p *person) settle(what string, err error, expected ...fault.Code) verdict {
	if err == nil {
		return fine
	}
	for _, code := range append(expected, fault.Unavailable) {
		if client.Is(err, code) {
			return refused
		}
	}
	if client.Broken(err) || p.w.ctx.Err() != nil {
		return unknown
	}
	p.w.problem("%s: %s: %v", p.name, what, err)
	return refused
}

func etagOf(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

func contentOf(b []byte) client.Content {
	return client.Content{From: bytes.NewReader(b), Size: int64(len(b))}
}

func declare(parent int64, name string, b []byte, duplicate int) client.NewFile {
	return client.NewFile{ParentFileID: parent, Filename: name, Etag: etagOf(b), Size: int64(len(b)), Duplicate: duplicate}
}

// content makes bytes that nobody has yet; some look like a picture.
func (p *person) content(rng *rand.Rand) []byte {
	b := make([]byte, 40+rng.IntN(3000))
	for i := range b {
		b[i] = byte(rng.UintN(256))
	}
	if rng.IntN(2) == 0 {
		copy(b, "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06\x00\x00\x00")
	}
	return b
}

// settleDown makes what the account begins with, before the first kill: an album
// in nested folders, the same pictures in each under other names, with what is no
// picture among them.
func (p *person) settleDown(ctx context.Context, rng *rand.Rand) error {
	var err error
	if p.album, err = p.Mkdir(ctx, 0, "相册"); err != nil {
		return err
	}
	if p.swap, err = p.Mkdir(ctx, 0, "swap"); err != nil {
		return err
	}
	for range p.w.inFolder {
		p.contents = append(p.contents, p.content(rng))
	}
	at := p.album
	for f := range folders {
		// Half of them side by side, half inside one another.
		parent := p.album
		if f%2 == 1 {
			parent = at
		}
		if at, err = p.Mkdir(ctx, parent, fmt.Sprintf("%c 组", 'a'+f)); err != nil {
			return err
		}
		if f == 0 {
			p.group = at
		}
		for n, b := range p.contents {
			name := fmt.Sprintf("%03d-%d.%s", n, f, endings[n%len(endings)])
			if err := have(ctx, p.Client, at, name, b); err != nil {
				return err
			}
		}
		if err := have(ctx, p.Client, at, "再一次.png", p.contents[0]); err != nil {
			return err
		}
		if err := have(ctx, p.Client, at, "notes.txt", []byte("no picture "+p.name)); err != nil {
			return err
		}
		if err := have(ctx, p.Client, at, "empty.png", nil); err != nil {
			return err
		}
	}
	for _, name := range []string{"a.png", "b.png"} {
		if err := have(ctx, p.Client, p.swap, name, []byte(name+p.name)); err != nil {
			return err
		}
	}
	at = 0
	for n := range 17 {
		if at, err = p.Mkdir(ctx, at, fmt.Sprintf("level %d", n+1)); err != nil {
			return err
		}
		if n == 0 {
			p.deep = at
		}
	}
	if err := have(ctx, p.Client, at, "deep.png", p.contents[1]); err != nil {
		return err
	}
	for _, name := range []string{"一", "二", "swapped"} {
		made, err := p.BedMkdir(ctx, "", name)
		if err != nil {
			return err
		}
		p.places = append(p.places, place{made.DirID, name})
		p.w.told.BedFolder(made.DirID)
	}
	made, err := p.BedMkdir(ctx, "", "direct")
	p.direct = made.DirID
	p.w.told.Direct(made.DirID)
	if err != nil {
		return err
	}
	made, err = p.BedMkdir(ctx, "", fetchedBed)
	p.fetched = made.DirID
	return err
}

// have brings a file into the drive, without its bytes where the server has them.
func have(ctx context.Context, p *client.Client, parent int64, name string, b []byte) error {
	made, err := p.CreateV2(ctx, declare(parent, name, b, 0))
	if err != nil {
		return err
	}
	if made.Reuse {
		return nil
	}
	if len(b) > 0 {
		if err := p.Slice(ctx, "", made.PreuploadID, 1, etagOf(b), contentOf(b)); err != nil {
			return err
		}
	}
	_, err = p.CompleteV2(ctx, made.PreuploadID)
	return err
}

// feed uploads in every way, again and again.
func (p *person) feed(ctx context.Context, rng *rand.Rand) {
	for n := 0; p.w.going(); n++ {
		name := fmt.Sprintf("f%d-%d.%s", n, rng.IntN(1000), endings[rng.IntN(len(endings))])
		b := p.content(rng)
		switch rng.IntN(11) {
		case 0, 1, 2:
			p.single(ctx, name, b, 1)
		case 3: // known content comes again and joins what is there
			p.single(ctx, name, p.contents[rng.IntN(len(p.contents))], 1)
		case 4: // over one of a few names
			p.single(ctx, fmt.Sprintf("over%d.png", rng.IntN(4)), b, 2)
		case 5: // not what was declared
			f := declare(0, name, b, 0)
			f.Etag = strings.Repeat("0", 32)
			_, err := p.Single(ctx, "", f, contentOf(b))
			if p.settle("a wrong etag", err, fault.HashMismatch) == fine {
				p.w.problem("%s: a wrong etag was taken", p.name)
			}
		case 6:
			p.presigned(ctx, rng, name, b)
		case 7:
			p.sha1(ctx, name, p.contents[rng.IntN(len(p.contents))])
		case 8:
			p.intoBed(ctx, name, b)
		case 9: // begun and never completed: what came of it stays for a day
			p.begun(ctx, name, b)
		case 10:
			p.comesAndGoes(ctx, rng, name)
		}
	}
}

func (p *person) single(ctx context.Context, name string, b []byte, duplicate int) {
	done, err := p.Single(ctx, "", declare(0, name, b, duplicate), contentOf(b))
	if p.settle("single", err) == fine && duplicate != 2 {
		p.keep(done.FileID, b)
	}
}

// comesAndGoes uploads one of a few contents, by its bytes or as one that the server
// may have, and mostly takes it away again: it is known, on its way out or gone.
func (p *person) comesAndGoes(ctx context.Context, rng *rand.Rand, name string) {
	b := fmt.Appendf(nil, "it comes and goes %d %s", rng.IntN(3), p.name)
	f := declare(0, name, b, 1)
	var id int64
	if rng.IntN(2) == 0 {
		done, err := p.Single(ctx, "", f, contentOf(b))
		if p.settle("it comes", err) != fine {
			return
		}
		id = done.FileID
	} else {
		made, err := p.CreateV2(ctx, f)
		if p.settle("it comes back", err) != fine || !made.Reuse {
			return
		}
		id = made.FileID
	}
	if rng.IntN(4) == 0 {
		p.keep(id, b)
		return
	}
	p.w.told.File(p.uid, id, etagOf(b), int64(len(b)))
	p.remove(ctx, []int64{id})
}

// keep notes a file that was answered.
func (p *person) keep(id int64, b []byte) {
	p.w.told.File(p.uid, id, etagOf(b), int64(len(b)))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loose = append(p.loose, loose{id, etagOf(b)})
}

// presigned uploads by the older way, sometimes with a first try of other bytes.
func (p *person) presigned(ctx context.Context, rng *rand.Rand, name string, b []byte) {
	made, err := p.CreateV1(ctx, declare(0, name, b, 1))
	if p.settle("create", err) != fine || made.Reuse {
		return
	}
	url, err := p.UploadURL(ctx, made.PreuploadID, 1)
	if p.settle("upload url", err) != fine {
		return
	}
	if rng.IntN(2) == 0 {
		other := bytes.Clone(b)
		slices.Reverse(other)
		if p.settle("put", p.Put(ctx, url, contentOf(other))) != fine {
			return
		}
	}
	if p.settle("put", p.Put(ctx, url, contentOf(b))) != fine {
		return
	}
	p.w.told.Slice(p.uid, made.PreuploadID, 1, etagOf(b))
	p.w.told.ForgetUpload(p.uid, made.PreuploadID)
	done, err := p.CompleteV1(ctx, made.PreuploadID)
	if p.settle("complete", err) == fine {
		p.keep(done.FileID, b)
	}
}

func (p *person) begun(ctx context.Context, name string, b []byte) {
	made, err := p.CreateV2(ctx, declare(0, name, b, 1))
	if p.settle("create", err) != fine || made.Reuse {
		return
	}
	if p.settle("slice", p.Slice(ctx, "", made.PreuploadID, 1, etagOf(b), contentOf(b))) == fine {
		p.w.told.Slice(p.uid, made.PreuploadID, 1, etagOf(b))
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open = append(p.open, begun{made.PreuploadID, b})
	}
}

func (p *person) sha1(ctx context.Context, name string, b []byte) {
	sum := sha1.Sum(b)
	made, err := p.SHA1Reuse(ctx, 0, name, hex.EncodeToString(sum[:]), int64(len(b)), 1)
	if p.settle("sha1", err) == fine && made.Reuse {
		p.keep(made.FileID, b)
	}
}

func (p *person) intoBed(ctx context.Context, name string, b []byte) {
	made, err := p.BedCreate(ctx, client.NewImage{ParentFileID: p.direct, Filename: name, Etag: etagOf(b), Size: int64(len(b)), Duplicate: 1})
	if p.settle("bed create", err) != fine || made.Reuse {
		return
	}
	url, err := p.BedUploadURL(ctx, made.PreuploadID, 1)
	if p.settle("bed upload url", err) != fine {
		return
	}
	if p.settle("bed put", p.Put(ctx, url, contentOf(b))) != fine {
		return
	}
	done, err := p.BedComplete(ctx, made.PreuploadID)
	if p.settle("bed complete", err) != fine {
		return
	}
	if i, err := p.BedDetail(ctx, done.FileID); p.settle("bed detail", err) == fine {
		p.handOut(i)
	}
}

// handOut notes a link that was answered.
func (p *person) handOut(i client.Image) {
	ext := strings.TrimPrefix(path.Ext(i.DownloadURL), ".")
	p.w.told.Link(i.FileID, ext, i.Etag, i.Size)
}

// slices uploads files of two slices, the second one first, each more than once.
func (p *person) slices(ctx context.Context, rng *rand.Rand) {
	b := make([]byte, sliceSize+1000)
	for n := 0; p.w.going() && n < p.w.large; n++ {
		for i := 0; i < len(b); i += 512 {
			b[i] = byte(rng.UintN(256))
		}
		made, err := p.CreateV2(ctx, declare(0, fmt.Sprintf("large %d.bin", n), b, 1))
		if p.settle("create", err) != fine || made.Reuse {
			continue
		}
		for _, no := range []int{2, 1, 2, 1} {
			part := b[(no-1)*sliceSize : min(no*sliceSize, len(b))]
			if p.settle("slice", p.Slice(ctx, "", made.PreuploadID, no, etagOf(part), contentOf(part))) == fine {
				p.w.told.Slice(p.uid, made.PreuploadID, int64(no), etagOf(part))
			}
		}
		p.w.told.ForgetUpload(p.uid, made.PreuploadID)
		if done, err := p.CompleteV2(ctx, made.PreuploadID); p.settle("complete", err) == fine && done.Completed {
			p.keep(done.FileID, b)
		}
	}
}

// copies creates tasks of every shape, as many as it may.
func (p *person) copies(ctx context.Context, rng *rand.Rand) {
	for n := 0; p.w.going(); n++ {
		switch rng.IntN(15) {
		case 12: // as it was planned
			p.planned(ctx, rng)
		case 13:
			p.takenBack(ctx, n)
		case 14:
			p.broughtUpToDate(ctx, rng, n)
		case 0, 1, 2, 3: // the same again: every link stays
			p.copy(ctx, p.places[rng.IntN(2)].id, p.album)
		case 4: // names change places
			p.swapNames(ctx)
			p.copy(ctx, p.places[2].id, p.swap)
		case 5: // a folder, a child of it, and files twice
			ids := []int64{p.album, p.swap}
			for range 8 {
				if f, ok := p.someLoose(rng); ok {
					ids = append(ids, f.id, f.id)
				}
			}
			p.copy(ctx, p.places[rng.IntN(2)].id, ids...)
		case 6: // too deep: nothing is published
			p.copy(ctx, p.places[0].id, p.deep)
		case 7:
			p.deletedSources(ctx, rng, n)
		case 8:
			p.deletedTarget(ctx, n)
		case 9: // to the root, files alone
			if f, ok := p.someLoose(rng); ok {
				p.copy(ctx, "", f.id)
			}
		case 10, 11:
			p.changedMind(ctx, rng)
		}
	}
}

func (p *person) someLoose(rng *rand.Rand) (loose, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.loose) == 0 {
		return loose{}, false
	}
	return p.loose[rng.IntN(len(p.loose))], true
}

// copy creates a task, waiting while there are too many, and answers its id; "" where it
// was not acknowledged.
func (p *person) copy(ctx context.Context, to string, ids ...int64) string {
	return p.begin("copy", func() (string, error) { return p.Copy(ctx, ids, to) }, fault.NotFound, fault.ParentNotFound)
}

// planned has a plan made and carried out; said twice, it is one task.
func (p *person) planned(ctx context.Context, rng *rand.Rand) {
	plan, err := p.CopyPlan(ctx, []int64{p.album}, client.CopyTarget{Folder: p.places[rng.IntN(2)].id}, 10)
	if p.settle("plan", err, fault.NotFound, fault.ParentNotFound) != fine {
		return
	}
	create := func() (string, error) { return p.CopyPlanned(ctx, plan.PlanID) }
	first := p.begin("copy as planned", create, fault.PlanChanged, fault.PlanNotFound)
	if first == "" {
		return
	}
	if second, err := create(); p.settle("again as planned", err, fault.PlanNotFound) == fine && second != first {
		p.w.problem("%s: a plan is carried out as %s and as %s", p.name, first, second)
	}
}

// ended waits for the end of a task.
func (p *person) ended(ctx context.Context, task string) bool {
	for p.w.going() {
		s, err := p.CopyProcess(ctx, task)
		if p.settle("process", err) == fine && s.Ended() {
			return true
		}
		p.w.wait(pollEvery)
	}
	return false
}

// takenBack undoes a task whose images nobody else touches: all of them go, or none.
func (p *person) takenBack(ctx context.Context, n int) {
	made, err := p.BedMkdir(ctx, "", fmt.Sprintf("taken back %d", n))
	if p.settle("bed mkdir", err, fault.BedFolderTaken) != fine {
		return
	}
	task := p.copy(ctx, made.DirID, p.album)
	if task == "" || !p.ended(ctx, task) {
		return
	}
	var images []string
	for q := (client.CopyItemsQuery{Outcome: "copied"}); q.Last >= 0; {
		page, err := p.CopyItems(ctx, task, q)
		if p.settle("items", err) != fine {
			return
		}
		for _, i := range page.List {
			images = append(images, i.ImageID)
		}
		q.Last = page.LastSeq
	}
	for _, id := range images {
		p.w.told.Leaving(id)
	}
	done, err := p.CopyUndo(ctx, task, false)
	if p.settle("undo", err) != fine {
		return
	}
	if len(done.Kept) > 0 || done.Removed != int64(len(images)) && done.Removed != 0 { // an answer may have been lost
		p.w.problem("%s: %d images of task %s, undone: %+v", p.name, len(images), task, done)
	}
	for _, id := range images {
		p.w.told.Gone(id)
	}
}

// broughtUpToDate changes pictures that are published, and has their links show what they
// are now; now and then it thinks better of it.
func (p *person) broughtUpToDate(ctx context.Context, rng *rand.Rand, n int) {
	name := fmt.Sprintf("changing %d", n)
	folder, err := p.Mkdir(ctx, 0, name)
	if p.settle("mkdir", err, fault.FolderTaken) != fine {
		return
	}
	made, err := p.BedMkdir(ctx, "", name)
	if p.settle("bed mkdir", err, fault.BedFolderTaken) != fine {
		return
	}
	write := func() bool {
		for i := range 3 {
			b := p.content(rng)
			_, err := p.Single(ctx, "", declare(folder, fmt.Sprintf("%d.png", i), b, 2), contentOf(b))
			if p.settle("single", err) != fine {
				return false
			}
		}
		return true
	}
	if !write() {
		return
	}
	task := p.copy(ctx, made.DirID, folder)
	if task == "" || !p.ended(ctx, task) || !write() {
		return
	}
	again := p.begin("republish", func() (string, error) { return p.Republish(ctx, client.Republishing{BedFolder: made.DirID}) })
	if again != "" && p.ended(ctx, again) && rng.IntN(2) == 0 {
		_, err := p.CopyUndo(ctx, again, false)
		p.settle("undo", err)
	}
}

// again has the failed pictures of a task tried again.
func (p *person) again(ctx context.Context, task string) {
	p.begin("retry", func() (string, error) { return p.CopyRetry(ctx, task) }, fault.NoneFailed, fault.ParentNotFound)
}

// begin makes a task, see copy.
func (p *person) begin(what string, create func() (string, error), expected ...fault.Code) string {
	for p.w.going() {
		l := p.w.now()
		id, err := create()
		switch p.settle(what, err, append(expected, fault.TooManyTasks)...) {
		case fine:
			p.sure.Add(1)
			p.w.told.Task(p.uid, id)
			p.mu.Lock()
			p.tasks = append(p.tasks, openTask{id, l})
			p.mu.Unlock()
			return id
		case unknown:
			p.unsure.Add(1)
			return ""
		case refused:
			if !client.Is(err, fault.TooManyTasks) {
				return ""
			}
			p.w.wait(5 * time.Millisecond)
		}
	}
	return ""
}

// swapNames lets two names change their contents.
func (p *person) swapNames(ctx context.Context) {
	now := make(map[string]string)
	for f, err := range p.ListAll(ctx, p.swap) {
		if p.settle("list", err) != fine {
			return
		}
		now[f.Filename] = f.Etag
	}
	a, b := []byte("a.png"+p.name), []byte("b.png"+p.name)
	if now["a.png"] == etagOf(a) {
		a, b = b, a
	}
	for name, content := range map[string][]byte{"a.png": a, "b.png": b} {
		_, err := p.Single(ctx, "", declare(p.swap, name, content, 2), contentOf(content))
		p.settle("swap", err)
	}
}

// deletedSources takes pictures away while they are to be copied, one of them or
// all.
func (p *person) deletedSources(ctx context.Context, rng *rand.Rand, n int) {
	folder, err := p.Mkdir(ctx, 0, fmt.Sprintf("leaving %d", n))
	if p.settle("mkdir", err, fault.FolderTaken) != fine {
		return
	}
	p.w.told.Folder(p.uid, folder)
	var ids []int64
	for i := range 3 {
		b := p.content(rng)
		done, err := p.Single(ctx, "", declare(folder, fmt.Sprintf("%d.png", i), b, 2), contentOf(b))
		if p.settle("single", err) != fine {
			return
		}
		ids = append(ids, done.FileID)
	}
	sources := ids
	if rng.IntN(2) == 0 {
		sources = []int64{folder}
	}
	p.copy(ctx, p.places[1].id, sources...)
	p.remove(ctx, ids[:1+rng.IntN(3)])
}

// remove puts drive files in the trash and deletes them for good.
func (p *person) remove(ctx context.Context, ids []int64) {
	for _, id := range ids {
		p.w.told.ForgetFile(p.uid, id)
	}
	if p.settle("trash", p.Trash(ctx, ids), fault.NotFound) == unknown {
		return
	}
	if p.settle("delete", p.Delete(ctx, ids), fault.NotFound) == fine {
		for _, id := range ids {
			p.w.told.FileGone(p.uid, id)
		}
	}
}

// changedMind cancels a task that waits, runs or has ended just now.
func (p *person) changedMind(ctx context.Context, rng *rand.Rand) {
	mine := p.copy(ctx, p.places[rng.IntN(2)].id, p.album)
	if mine == "" {
		return
	}
	p.w.wait(time.Duration(rng.IntN(30)) * time.Millisecond)
	p.settle("cancel", p.CopyCancel(ctx, mine), fault.TaskEnded)
}

// deletedTarget takes a task's target away while it is copied into.
func (p *person) deletedTarget(ctx context.Context, n int) {
	made, err := p.BedMkdir(ctx, "", fmt.Sprintf("target %d", n))
	if p.settle("bed mkdir", err, fault.BedFolderTaken) != fine {
		return
	}
	mine := p.copy(ctx, made.DirID, p.album)
	if mine == "" {
		return
	}
	for p.w.going() {
		s, err := p.CopyProcess(ctx, mine)
		if p.settle("process", err) != fine || s.Status != client.CopyWaiting {
			break
		}
		p.w.wait(time.Millisecond)
	}
	p.w.told.Leaving(made.DirID)
	if p.settle("bed delete", p.BedDelete(ctx, []string{made.DirID})) == fine {
		p.w.told.Gone(made.DirID)
	}
}

// watch follows the tasks to their end, notes how soon one runs again after a
// start, and hands out links.
func (p *person) watch(ctx context.Context, rng *rand.Rand) {
	var seen *life
	for p.w.going() || p.unended() {
		t, ok := p.oldest()
		if !ok {
			p.w.wait(2 * time.Millisecond)
			continue
		}
		before := p.w.now()
		s, err := p.CopyProcess(ctx, t.id)
		if p.settle("process", err) != fine {
			if p.w.ctx.Err() != nil {
				return
			}
			continue
		}
		after := p.w.now()
		if s.Status != client.CopyWaiting && before != nil && before == after && before != seen && before != t.born {
			seen = before
			p.w.recovered(time.Since(before.began))
		}
		if !s.Ended() {
			p.w.wait(pollEvery)
			continue
		}
		p.mu.Lock()
		p.tasks = p.tasks[1:]
		p.mu.Unlock()
		if s.FailCode == "internal" {
			p.w.problem("%s: task %s was given up", p.name, t.id)
		}
		p.w.ended.Add(1)
		if s.Failed > 0 && rng.IntN(2) == 0 {
			p.again(ctx, t.id)
		}
		if rng.IntN(4) == 0 {
			p.list(ctx, p.places[rng.IntN(len(p.places))].id)
		}
	}
}

func (p *person) oldest() (openTask, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tasks) == 0 {
		return openTask{}, false
	}
	return p.tasks[0], true
}

func (p *person) unended() bool {
	_, ok := p.oldest()
	return ok && p.w.ctx.Err() == nil
}

// list hands out the links of a folder and of one below it.
func (p *person) list(ctx context.Context, folder string) {
	var below string
	for i, err := range p.BedListAll(ctx, folder) {
		if p.settle("bed list", err) != fine {
			return
		}
		if i.IsFolder() {
			below = i.FileID
			continue
		}
		p.handOut(i)
		p.mu.Lock()
		if len(p.images) < 2000 {
			p.images = append(p.images, i.FileID)
		}
		p.mu.Unlock()
	}
	if below != "" {
		p.list(ctx, below)
	}
}

// tidy moves and removes images that were handed out, and removes files.
func (p *person) tidy(ctx context.Context, rng *rand.Rand) {
	for p.w.going() {
		p.w.wait(time.Duration(rng.IntN(40)) * time.Millisecond)
		switch id, ok := p.takeImage(rng); {
		case !ok:
		case rng.IntN(3) == 0:
			p.w.told.Leaving(id)
			if p.settle("bed delete", p.BedDelete(ctx, []string{id})) == fine {
				p.w.told.Gone(id)
			}
		default:
			p.settle("bed move", p.BedMove(ctx, []string{id}, p.places[rng.IntN(2)].id), fault.NotFound)
		}
		if rng.IntN(4) == 0 {
			p.mu.Lock()
			var f loose
			if n := len(p.loose); n > 20 {
				f = p.loose[n/2]
				p.loose = append(p.loose[:n/2], p.loose[n/2+1:]...)
			}
			p.mu.Unlock()
			if f.id != 0 {
				p.remove(ctx, []int64{f.id})
			}
		}
	}
}

func (p *person) takeImage(rng *rand.Rand) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.images)
	if n == 0 {
		return "", false
	}
	i := rng.IntN(n)
	id := p.images[i]
	p.images[i] = p.images[n-1]
	p.images = p.images[:n-1]
	return id, true
}

// counting counts what was answered.
type counting struct {
	http.RoundTripper
	answered *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		c.answered.Add(1)
	}
	return answer, err
}
