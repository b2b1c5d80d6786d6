package wire

import "time"

// utc8 is the zone of every time on the wire. It is fixed, so no time zone
// database is needed.
var utc8 = time.FixedZone("CST", 8*60*60)

// Time is written as 2006-01-02 15:04:05, meaning UTC+8: lists, details, shares
// and the bed.
type Time time.Time

// MaybeTime is a Time, written as "" where there is none.
type MaybeTime time.Time

// TimeV1 is written as 2006-01-02 15:04:05 +0800 CST: the v1 list.
type TimeV1 time.Time

// TimeRFC is written as 2006-01-02T15:04:05+08:00, without a fraction: a token's
// end.
type TimeRFC time.Time

const layout = "2006-01-02 15:04:05"

// MarshalText writes the wire's format.
func (t Time) MarshalText() ([]byte, error) { return format(time.Time(t), layout) }

// MarshalText writes the wire's format.
func (t MaybeTime) MarshalText() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte{}, nil
	}
	return format(time.Time(t), layout)
}

// MarshalText writes the wire's format.
func (t TimeV1) MarshalText() ([]byte, error) {
	return format(time.Time(t), "2006-01-02 15:04:05 +0800 CST")
}

// MarshalText writes the wire's format.
func (t TimeRFC) MarshalText() ([]byte, error) {
	return format(time.Time(t), "2006-01-02T15:04:05+08:00")
}

func format(t time.Time, layout string) ([]byte, error) {
	return t.In(utc8).AppendFormat(make([]byte, 0, len(layout)), layout), nil
}
