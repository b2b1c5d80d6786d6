package story

import (
	"testing"

	"tuchuang/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
