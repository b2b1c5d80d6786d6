package blob

// An open file can't be removed there.
func idleLimit() int { return 0 }
