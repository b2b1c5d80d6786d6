package account

import (
	"context"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

type callerKey struct{}

// By is a context for what a request asks for. Between the request and the write a reset may
// have ended what who asks may: see LockAsked and MayOperate. Without it the program's own
// commands ask.
func By(ctx context.Context, who Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, who)
}

// CallerIn is who asks, as By was told; asked is false for the program's own commands.
func CallerIn(ctx context.Context) (who Caller, asked bool) {
	who, asked = ctx.Value(callerKey{}).(Caller)
	return who, asked
}

// LockAsked is Lock for what a reset ends once and for all, which a request that was let in
// before must not begin anew: fault.TokenExpired where who asks for his own account may no
// longer.
func LockAsked(ctx context.Context, tx *db.Tx, id ID) (Account, error) {
	acc, err := Lock(ctx, tx, id)
	if who, asked := CallerIn(ctx); err == nil && asked && who.ID == id {
		err = who.still(ctx, tx)
	}
	return acc, err
}

// MayOperate is fault.OperatorOnly, or what still says, where who asks is no operator any
// more.
func MayOperate(ctx context.Context, tx *db.Tx) error {
	who, asked := CallerIn(ctx)
	if !asked {
		return nil
	}
	acc, err := LockAsked(ctx, tx, who.ID)
	if err == nil && (acc.State != Enabled || !acc.Operator) {
		err = fault.New(fault.OperatorOnly, "account: operate")
	}
	return err
}
