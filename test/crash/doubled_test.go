package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// doubles copies a folder inside the drive. A copy that has ended is what it is a copy of,
// each entry once; then it goes again, now and then before it has ended.
func (p *person) doubles(ctx context.Context, rng *rand.Rand) {
	for n := 0; p.w.going(); n++ {
		p.w.wait(time.Duration(rng.IntN(40)) * time.Millisecond)
		into, err := p.Mkdir(ctx, 0, fmt.Sprintf("doubled %d", n))
		if p.settle("mkdir", err, fault.FolderTaken) != fine {
			continue
		}
		task, err := p.CopyFiles(ctx, []int64{p.group}, into)
		if p.settle("copy inside the drive", err) == fine && rng.IntN(4) > 0 {
			p.doubled(ctx, task, into)
		}
		p.remove(ctx, []int64{into})
	}
}

// doubled waits for the end of a copy inside the drive and compares it with its source,
// which nobody changes.
func (p *person) doubled(ctx context.Context, task, into int64) {
	for p.w.going() {
		s, err := p.CopyFilesProcess(ctx, task)
		if p.settle("process inside the drive", err) != fine || !s.Ended() {
			p.w.wait(pollEvery)
			continue
		}
		if s.Status != client.TreeCopyDone {
			p.w.problem("%s: copy %d inside the drive: %+v", p.name, task, s)
			return
		}
		original, known := p.below(ctx, p.album, "")
		double, too := p.below(ctx, into, "")
		if !known || !too {
			continue
		}
		original = slices.DeleteFunc(original, func(line string) bool { return !strings.HasPrefix(line, firstGroup) })
		if !slices.Equal(double, original) {
			p.w.problem("%s: copy %d inside the drive is\n%q\nof\n%q", p.name, task, double, original)
		}
		p.w.compared.Add(1)
		return
	}
}

// below are all entries below a folder, in the order of their paths, and whether every
// page of them was answered.
func (p *person) below(ctx context.Context, folder int64, at string) (lines []string, known bool) {
	for f, err := range p.ListAll(ctx, folder) {
		if p.settle("list", err) != fine {
			return nil, false
		}
		here := path.Join(at, f.Filename)
		lines = append(lines, fmt.Sprintf("%s %d %d %s", here, f.Type, f.Size, f.Etag))
		if f.IsFolder() {
			more, known := p.below(ctx, f.FileID, here)
			if !known {
				return nil, false
			}
			lines = append(lines, more...)
		}
	}
	slices.Sort(lines)
	return lines, true
}
