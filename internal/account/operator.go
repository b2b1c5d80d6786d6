package account

import (
	"context"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

type operatorKey struct{}

// ByOperator is a context for what is done to accounts because an operator's token asks for
// it, be it to others' or to new ones. Without it the program's own commands do that.
func ByOperator(ctx context.Context, who Caller) context.Context {
	return context.WithValue(ctx, operatorKey{}, who)
}

// MayOperate is fault.OperatorOnly, or what still says, where the operator of ByOperator is
// none any more: between his request and the write a reset may have ended what he may.
func MayOperate(ctx context.Context, tx *db.Tx) error {
	who, asked := ctx.Value(operatorKey{}).(Caller)
	if !asked {
		return nil
	}
	acc, err := Lock(ctx, tx, who.ID)
	if err == nil && (acc.State != Enabled || !acc.Operator) {
		err = fault.New(fault.OperatorOnly, "account: operate")
	}
	if err != nil {
		return err
	}
	return who.still(ctx, tx)
}
