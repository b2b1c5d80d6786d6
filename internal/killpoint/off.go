//go:build !killpoints

package killpoint

import "time"

// Here marks a named instant; it does nothing in this build.
func Here(string) {}

// Clock is the clock of the process; nil in this build, which has the machine's.
func Clock() func() time.Time { return nil }
