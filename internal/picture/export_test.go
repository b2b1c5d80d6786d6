package picture

import "io"

// ProbeBytes is the bound of Probe.
const ProbeBytes = probeBytes

// ProbeBare is Probe without its guard against panics, for the fuzzer.
func ProbeBare(r io.ReaderAt, size int64) Facts {
	var facts Facts
	probe(r, size, &facts)
	return facts
}
