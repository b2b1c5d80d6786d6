package api

import (
	"context"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/share"
)

// Shares of the drive. Their pages are answered by web.

type shareCreateIn struct {
	Name     string     `wire:"shareName;required"`
	Days     int        `wire:"shareExpire;required" schema:"enum=0|1|7|30" doc:"days; 0 for ever"`
	Files    []drive.ID `wire:"fileIDList,fileIDs;required;max=100" schema:"or=string" doc:"joined by commas, or a list"`
	Password string     `wire:"sharePwd"`
	Traffic  int        `wire:"trafficSwitch;default=1" schema:"enum=1|2|3|4" doc:"of no effect"`
	Limited  int        `wire:"trafficLimitSwitch;default=1" schema:"enum=1|2" doc:"of no effect"`
	Limit    int64      `wire:"trafficLimit" doc:"bytes, where the switch is 2"`
}

type shareCreateOut struct {
	ShareID  share.ID `json:"shareID"`
	ShareKey string   `json:"shareKey"`
	ShareURL string   `json:"shareUrl" doc:"its page"` // beyond the documentation
}

// The documented numbers of whether a share's traffic has a limit.
const (
	limitOff = 1
	limitOn  = 2
)

// limitOf is a limit as the room has it.
func limitOf(limited int, bytes int64) (int64, error) {
	switch {
	case limited == limitOff:
		return share.NoLimit, nil
	case limited != limitOn:
		return 0, fault.New(fault.BadRequest, "api: share", "trafficLimitSwitch")
	case bytes <= 0:
		return 0, fault.New(fault.BadRequest, "api: share", "trafficLimit")
	}
	return bytes, nil
}

func (a *API) shareCreate(ctx context.Context, acc account.ID, in shareCreateIn) (*shareCreateOut, error) {
	limit, err := limitOf(in.Limited, in.Limit)
	if err != nil {
		return nil, err
	}
	s, err := a.Shares.Create(ctx, acc, share.Request{
		Name: in.Name, Password: in.Password, Days: in.Days, Files: in.Files, Switches: share.Switches{Traffic: in.Traffic, Limit: limit},
	})
	return &shareCreateOut{s.ID, s.Key, a.shareURL(s)}, err
}

func (a *API) shareURL(s share.Share) string { return a.PublicURL + "/s/" + s.Key }

type shareListIn struct {
	Limit int   `wire:"limit"`
	Last  int64 `wire:"lastShareId"`
}

type shareItem struct {
	ShareID       share.ID  `json:"shareId"`
	ShareKey      string    `json:"shareKey"`
	ShareName     string    `json:"shareName"`
	Expiration    wire.Time `json:"expiration" doc:"2099-12-31 08:00:00 for ever"`
	Expired       int       `json:"expired" schema:"enum=0|1"`
	SharePwd      string    `json:"sharePwd"`
	Traffic       int       `json:"trafficSwitch" schema:"enum=1|2|3|4"`
	Limited       int       `json:"trafficLimitSwitch" schema:"enum=1|2"`
	Limit         int64     `json:"trafficLimit"`
	BytesCharge   int64     `json:"bytesCharge" doc:"always 0: nothing is metered"`
	PreviewCount  int64     `json:"previewCount"`
	DownloadCount int64     `json:"downloadCount"`
	SaveCount     int64     `json:"saveCount" doc:"always 0"`

	// Beyond the documentation.
	ShareURL string    `json:"shareUrl"`
	CreateAt wire.Time `json:"createAt"`
}

type shareListOut struct {
	LastShareID share.ID    `json:"lastShareId" doc:"-1 at the end"`
	ShareList   []shareItem `json:"shareList"`
}

// forEver is how the documentation writes the end of a share that has none.
var forEver = time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC)

func (a *API) shareList(ctx context.Context, acc account.ID, in shareListIn) (*shareListOut, error) {
	out := shareListOut{-1, []shareItem{}}
	if in.Last < 0 {
		return &out, nil
	}
	list, more, err := a.Shares.List(ctx, acc, share.ID(in.Last), clampPage(in.Limit))
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		item := shareItem{
			ShareID: s.ID, ShareKey: s.Key, ShareName: s.Name, Expiration: wire.Time(s.ExpiresAt), Expired: flag(s.Expired), SharePwd: s.Password,
			Traffic: s.Traffic, Limited: limitOn, Limit: s.Limit, PreviewCount: s.Previews, DownloadCount: s.Downloads,
			ShareURL: a.shareURL(s), CreateAt: wire.Time(s.CreatedAt),
		}
		if s.ExpiresAt.IsZero() {
			item.Expiration = wire.Time(forEver)
		}
		if s.Limit == share.NoLimit {
			item.Limited, item.Limit = limitOff, 0
		}
		out.ShareList = append(out.ShareList, item)
	}
	if more {
		out.LastShareID = list[len(list)-1].ID
	}
	return &out, nil
}

type shareIDsIn struct {
	IDs []share.ID `wire:"shareIdList,shareIds,shareId;required;max=100"`
}

type shareInfoIn struct {
	shareIDsIn
	Traffic *int  `wire:"trafficSwitch" schema:"enum=1|2|3|4" doc:"of no effect"`
	Limited *int  `wire:"trafficLimitSwitch" schema:"enum=1|2" doc:"of no effect"`
	Limit   int64 `wire:"trafficLimit" doc:"bytes, where the switch is 2"`
}

func (a *API) shareInfo(ctx context.Context, acc account.ID, in shareInfoIn) (*wire.Null, error) {
	c := share.Change{Traffic: in.Traffic}
	if in.Limited != nil {
		limit, err := limitOf(*in.Limited, in.Limit)
		if err != nil {
			return nil, err
		}
		c.Limit = &limit
	}
	return nil, a.Shares.Update(ctx, acc, in.IDs, c)
}

func (a *API) shareDelete(ctx context.Context, acc account.ID, in shareIDsIn) (*wire.Null, error) {
	return nil, a.Shares.End(ctx, acc, in.IDs)
}
