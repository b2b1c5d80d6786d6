package main

import (
	"testing"

	"tuchuang/internal/ops"
)

func TestEveryFindingHasItsSentence(t *testing.T) {
	for _, table := range ops.Tables {
		for _, code := range table.Checks {
			if m, ok := fsckMeanings[code]; !ok || m.zh == "" || m.en == "" {
				t.Errorf("%s of %s has no sentence", code, table.Name)
			}
		}
	}
	for _, code := range []string{"database", "store.stranger", "content.back", "content.facts", "row.account"} {
		if _, ok := fsckMeanings[code]; !ok {
			t.Errorf("%s has no sentence", code)
		}
	}
}
