package direct

import (
	"context"
	"net/netip"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

// Visit is what somebody asks for by a link.
type Visit struct {
	Account account.ID
	Path    string   // of the file in the drive, without a slash before it: a/b
	Signed  []string // how the path of the URL may be written where it is signed
	Keys    []string // what the URL has for signatures
	Address string   // who asks
}

// File is a file that may be read by a link.
type File struct {
	ID drive.ID
	drive.Content
	Open bool // for anybody: neither signatures nor addresses are asked for
}

// Open answers the file of a link: fault.NotFound where no enabled folder has it or its
// account may not act, fault.AddressBlocked for a blocked address, fault.BadSignature
// where a signature is wanted and there is none that is good; else as drive.Content.
func (l *Links) Open(ctx context.Context, v Visit) (f File, err error) {
	path := strings.Split(v.Path, "/")
	if len(path) > drive.MaxDepth+1 {
		return File{}, fault.New(fault.NotFound, "direct: open")
	}
	err = l.db.Read(ctx, "direct: open", func(tx *db.Tx) error {
		s, err := allowed(ctx, tx, v)
		if err != nil {
			return err
		}
		way, err := drive.ByPath(ctx, tx, v.Account, path)
		if err != nil {
			return err
		}
		is, err := enabled(ctx, tx, v.Account, way)
		if err != nil {
			return err
		}
		if !is {
			return fault.New(fault.NotFound, "direct: open")
		}
		f = File{ID: way[len(way)-1], Open: !s.Signed && !s.Blocking}
		f.Content, err = drive.ContentOf(ctx, tx, v.Account, f.ID)
		return err
	})
	return f, err
}

// allowed answers an account's settings where they let somebody in, whatever he asks for.
func allowed(ctx context.Context, tx *db.Tx, v Visit) (Settings, error) {
	s, err := settings(ctx, tx, v.Account)
	if err != nil {
		return s, err
	}
	if s.state != account.Enabled {
		return s, fault.New(fault.NotFound, "direct: open")
	}
	if s.Blocking {
		// Who comes from nowhere known may come from there.
		from, err := netip.ParseAddr(v.Address)
		if err != nil {
			return s, fault.Because(fault.AddressBlocked, "direct: open", err)
		}
		is, err := tx.Get(ctx, selectBlocked, []any{v.Account, shortest(from)}, new(int))
		if err != nil {
			return s, err
		}
		if is {
			return s, fault.New(fault.AddressBlocked, "direct: open")
		}
	}
	if s.Signed && !isSigned(v, s.Key, tx.Now()) {
		return s, fault.New(fault.BadSignature, "direct: open")
	}
	return s, nil
}
