package story

import (
	"fmt"
	"strings"
	"testing"

	"tuchuang/internal/api"
	"tuchuang/internal/fault"
)

// What is open to strangers takes small bodies alone.
func TestInputOfStrangers(t *testing.T) {
	s, u := writer(t)
	asked := fmt.Sprintf(`{"clientID":%q,"clientSecret":%q}`, u.ClientID, u.ClientSecret)
	for _, e := range api.Endpoints() {
		if !e.Open {
			continue
		}
		fits := asked + strings.Repeat(" ", 16<<10-len(asked))
		if a := s.Send("POST", e.Path, "", "application/json", []byte(fits)); a.Error != nil && fault.Code(a.Error.Code) != fault.BadRequest {
			t.Errorf("%s with 16 KiB: %+v", e.Path, a)
		}
		says(t, e.Path, s.Send("POST", e.Path, "", "application/json", []byte(fits+" ")), 200, 1, fault.BodyTooLarge, "请求体过大")
	}
}
