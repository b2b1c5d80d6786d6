// Package killpoint names the instants at which the kill harness may end the
// process: between two statements, between two file operations. In a normal
// build a point is an empty function that the compiler removes; built with the
// tag "killpoints" it consults the environment. It imports no room, and every
// room may call it.
//
// TUCHUANG_KILL=name:n ends the process with SIGKILL when the point is passed
// for the nth time; TUCHUANG_KILL=*:n counts all points together. Of several, with commas
// between them, the first whose time has come does it, and says so on stderr.
// TUCHUANG_STOP=name:n stops it with SIGSTOP instead. TUCHUANG_HOLD=name:n has who
// passes stand still there for ever, while the process goes on. TUCHUANG_POINTS=file
// appends the name of each point passed to the file, which shows the order of
// write, fsync, rename and commit. TUCHUANG_CLOCK=10m sets the process's clock so far
// ahead; with a minus it is behind.
package killpoint

// Says is what a process says on stderr, with the name behind it, of the point that ends or
// stops it.
const Says = "killpoint: "
