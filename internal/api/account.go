package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
)

type none struct{}

type accessTokenIn struct {
	ClientID     string `wire:"clientID,client_id;required"`
	ClientSecret string `wire:"clientSecret,client_secret;required"`
}

type accessTokenOut struct {
	AccessToken string       `json:"accessToken"`
	ExpiredAt   wire.TimeRFC `json:"expiredAt"`
}

func (a *API) accessToken(ctx context.Context, _ account.ID, in accessTokenIn) (*accessTokenOut, error) {
	token, expires, err := a.Accounts.Login(ctx, in.ClientID, in.ClientSecret)
	return &accessTokenOut{token, wire.TimeRFC(expires)}, err
}

type userInfoOut struct {
	UID            account.ID `json:"uid"`
	Nickname       string     `json:"nickname"`
	HeadImage      string     `json:"headImage"`
	Passport       string     `json:"passport"`
	Mail           string     `json:"mail"`
	SpaceUsed      int64      `json:"spaceUsed"`
	SpacePermanent int64      `json:"spacePermanent"`
	SpaceTemp      int64      `json:"spaceTemp"`
	SpaceTempExpr  string     `json:"spaceTempExpr"`
	VIP            bool       `json:"vip"`
	DirectTraffic  int64      `json:"directTraffic"`
	IsHideUID      bool       `json:"isHideUID"`
	HTTPSCount     int64      `json:"httpsCount"`
	Operator       bool       `json:"operator"` // beyond the documentation, as what follows
	CopyLimits     struct {
		IDs    int `json:"ids" doc:"that a call may name"`
		Images int `json:"images" doc:"of a task"`
		Tasks  int `json:"tasks" doc:"unfinished ones of an account"`
	} `json:"copyLimits" doc:"of copy tasks"`
	VIPInfo       []none `json:"vipInfo" schema:"or=null"`
	DeveloperInfo struct {
		StartTime string `json:"startTime"`
		EndTime   string `json:"endTime"`
	} `json:"developerInfo"`
}

// noQuotaShown is the space told to clients of an account without a quota: they
// subtract what is used from it.
const noQuotaShown = 1 << 50

func (a *API) userInfo(ctx context.Context, acc account.ID, _ none) (*userInfoOut, error) {
	me, err := a.Accounts.Get(ctx, acc)
	if err != nil {
		return nil, err
	}
	out := userInfoOut{UID: acc, Nickname: me.Name, SpaceUsed: me.Used, SpacePermanent: me.Quota, Operator: me.Operator}
	out.CopyLimits.IDs, out.CopyLimits.Images, out.CopyLimits.Tasks = a.limits.IDs, a.limits.Images, a.limits.Tasks
	if me.Quota == account.NoQuota {
		out.SpacePermanent = noQuotaShown
	}
	return &out, nil
}
