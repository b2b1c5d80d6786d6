package blob

import (
	"context"

	"tuchuang/internal/fault"
)

// What of the file system no content may take: where content fills the disk, the
// database beside it must still be able to write.
const (
	reserveMost = 64 << 20 // bytes
	reservePart = 50       // of all the disk: 2 %
)

// Room answers what the file system has left beside the reserve, see Store.
func (d *Disk) Room(ctx context.Context) (int64, error) {
	const op = "blob: ask for room"
	if err := ctx.Err(); err != nil {
		return 0, fault.Wrap(err, op)
	}
	return d.room(op)
}

func (d *Disk) room(op string) (int64, error) { return roomIn(d.uploads, op) }

func roomIn(dir, op string) (int64, error) {
	free, all, err := freeSpace(dir)
	if err != nil {
		return 0, failed(err, op)
	}
	if all == 0 { // a file system that does not know
		return Endless, nil
	}
	return max(0, free-min(reserveMost, all/reservePart)), nil
}
