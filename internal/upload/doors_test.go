package upload

import (
	"bytes"
	"slices"
	"testing"

	"tuchuang/internal/fault"
)

// Who asks for an upload at the other door is told that there is none, whatever he asks
// for and whatever has come, and nothing changes: the upload goes on at its own.
func TestOtherDoor(t *testing.T) {
	each(t, func(r *rooms) {
		for n, own := range []Dest{ToDrive, ToBed} {
			other := ToDrive + ToBed - own
			content := bytesOf(byte(n), 3000)
			wrong := bytesOf(9, 3000)
			q := file("a.png", content)
			if q.Dest = own; own == ToBed {
				q.Parent = ""
			}
			asked := []struct {
				what string
				ask  func(to Dest, id string) error
			}{
				{"complete", func(to Dest, id string) error {
					done, err := r.uploads.Complete(r.Context(), r.Acc, to, id)
					if err != nil && done != (Result{}) {
						t.Errorf("%v, and %+v", err, done)
					}
					return err
				}},
				{"finished", func(to Dest, id string) error {
					found, err := r.uploads.Finished(r.Context(), r.Acc, to, id)
					if err != nil && found != "" {
						t.Errorf("%v, and %q", err, found)
					}
					return err
				}},
				{"parts", func(to Dest, id string) error {
					list, err := r.uploads.Parts(r.Context(), r.Acc, to, id)
					if err != nil && list != nil {
						t.Errorf("%v, and %v", err, list)
					}
					return err
				}},
				{"check slice", func(to Dest, id string) error {
					_, err := r.uploads.CheckSlice(r.Context(), r.Acc, to, id, 1)
					return err
				}},
				{"slice", func(to Dest, id string) error {
					return r.uploads.Slice(r.Context(), r.Acc, to, id, 1, bytes.NewReader(wrong), "")
				}},
			}
			elsewhere := func(when, id string) {
				t.Helper()
				before, _, err := r.uploads.findAll(r.Context(), r.Acc, id)
				r.Must(err)
				for _, a := range asked {
					if err := a.ask(other, id); !fault.Is(err, fault.UploadNotFound) {
						t.Errorf("%s, %s: the answer is %v", a.what, when, err)
					}
				}
				after, parts, err := r.uploads.findAll(r.Context(), r.Acc, id)
				r.Must(err)
				if after.completed != before.completed || after.resultID != before.resultID || after.verifying != before.verifying {
					t.Errorf("%s it was %+v, and is %+v", when, before, after)
				}
				for _, p := range parts {
					if p.MD5 != etag(content) {
						t.Errorf("%s it has the slice %+v", when, p)
					}
				}
			}
			id := r.open(q)
			elsewhere("of which nothing has come", id)
			r.Must(r.uploads.Slice(r.Context(), r.Acc, own, id, 1, bytes.NewReader(wrong), ""))
			if _, err := r.uploads.Complete(r.Context(), r.Acc, other, id); !fault.Is(err, fault.UploadNotFound) {
				t.Errorf("with the wrong bytes: %v", err)
			}
			r.Must(r.uploads.Slice(r.Context(), r.Acc, own, id, 1, bytes.NewReader(content), ""))
			elsewhere("that is whole", id)
			r.Must(r.uploads.setVerifying(r.Context(), r.Acc, id))
			elsewhere("that is being checked", id)
			list, err := r.uploads.Parts(r.Context(), r.Acc, own, id)
			r.Must(err)
			if !slices.ContainsFunc(list, func(p Part) bool { return p.No == 1 }) {
				t.Errorf("its slices are %v", list)
			}
			done, err := r.uploads.Complete(r.Context(), r.Acc, own, id)
			r.Must(err)
			elsewhere("that is complete", id)
			if found, err := r.uploads.Finished(r.Context(), r.Acc, own, id); err != nil || found != done.ID || found == "" {
				t.Errorf("it became %q, %v, then %q", done.ID, err, found)
			}
		}
	})
}
