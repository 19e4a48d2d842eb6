// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// media is a create body with a media header.
func media(name, format, handle string) map[string]any {
	b := utility(name, "en_US")
	header := map[string]any{"type": "header", "format": strings.ToLower(format), "example": map[string]any{"header_handle": []string{handle}}}
	b["components"] = append([]any{header}, b["components"].([]any)...)
	return b
}

// carousel is a create body with an image for each card.
func carousel(name string, handles ...string) map[string]any {
	cards := make([]any, 0, len(handles))
	for _, h := range handles {
		cards = append(cards, map[string]any{"components": []any{
			map[string]any{"type": "HEADER", "format": "IMAGE", "example": map[string]any{"header_handle": []string{h}}},
			map[string]any{"type": "BUTTONS", "buttons": []any{map[string]any{"type": "QUICK_REPLY", "text": "More"}}},
		}})
	}
	b := utility(name, "en_US")
	b["category"] = "MARKETING"
	b["components"] = append(b["components"].([]any), map[string]any{"type": "CAROUSEL", "cards": cards})
	return b
}

func TestHandlesOfTemplates(t *testing.T) {
	past := testStart.Add(-time.Second)
	for _, c := range []struct {
		name, format string
		handle       Handle
		good         bool
	}{
		{name: "jpeg", format: "IMAGE", handle: Handle{Type: "image/jpeg"}, good: true},
		{name: "jpg", format: "IMAGE", handle: Handle{Type: "image/jpg"}, good: true},
		{name: "png", format: "IMAGE", handle: Handle{Type: "image/png"}, good: true},
		{name: "video as image", format: "IMAGE", handle: Handle{Type: "video/mp4"}},
		{name: "video", format: "VIDEO", handle: Handle{Type: "video/mp4", Size: 16 << 20}, good: true},
		{name: "image as video", format: "VIDEO"},
		{name: "gif", format: "GIF", handle: Handle{Type: "video/mp4", Size: 7 << 19}, good: true},
		{name: "large gif", format: "GIF", handle: Handle{Type: "video/mp4", Size: 7<<19 + 1}},
		{name: "document", format: "DOCUMENT", handle: Handle{Type: "application/pdf"}, good: true},
		{name: "image as document", format: "DOCUMENT"},
		{name: "expired", format: "IMAGE", handle: Handle{ExpiresAt: past}},
		{name: "of another app", format: "IMAGE", handle: Handle{AppID: "7"}},
		{name: "never given", format: "IMAGE", handle: Handle{Value: "-"}},
		{name: "a media id", format: "IMAGE", handle: Handle{Value: "-1234567890"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			handle := strings.TrimPrefix(c.handle.Value, "-")
			if c.handle.Value == "" {
				handle = f.sim.AddHandle(c.handle)
			}
			got := f.create(media("m", c.format, handle))
			if c.good {
				f.must(got)
				return
			}
			text := fmt.Sprintf("Templates with %s header type need an example/sample, but it was not provided", c.format)
			if f.refused(got, 100, 2388273).failure()["error_user_msg"] != text {
				t.Errorf("%s", got.raw)
			}
		})
	}
}

func TestHandlesExpire(t *testing.T) {
	f := newFixture(t)
	handle := f.mustSend(f.open("image/png", 1), "x", 0)
	f.clock.Step(24 * time.Hour)
	f.refused(f.create(media("m", "IMAGE", handle)), 100, 2388273)
}

func TestHandlesAreUsedUp(t *testing.T) {
	f := newFixture(t, WithEditReview(EditReviewKeep), WithReviewDelay(0))
	handle := f.sim.AddHandle(Handle{})
	bad := media("Bad", "IMAGE", handle)
	f.refused(f.create(bad), 100, 2388046) // a refused create uses nothing up
	id := f.must(f.create(media("a", "IMAGE", handle))).text("id")
	f.refused(f.create(media("b", "IMAGE", handle)), 100, 2388273)
	edit := func(handle string) answer {
		return f.do(http.MethodPost, "/v25.0/"+id, map[string]any{"components": media("a", "IMAGE", handle)["components"]})
	}
	f.refused(edit(handle), 100, 2388273)
	shown := f.must(f.get("/v25.0/" + id))
	var read struct{ Components []component }
	if err := json.Unmarshal(shown.raw, &read); err != nil {
		t.Fatal(err)
	}
	f.refused(edit(read.Components[0].Example.HeaderHandle[0]), 100, 2388273) // the URL that is read back is no handle
	fresh := f.sim.AddHandle(Handle{})
	f.must(edit(fresh))
	f.refused(f.create(media("b", "IMAGE", fresh)), 100, 2388273)
}

func TestReusableHandles(t *testing.T) {
	f := newFixture(t, WithReusableHandles())
	handle := f.sim.AddHandle(Handle{})
	f.must(f.create(media("a", "IMAGE", handle)))
	f.must(f.create(media("b", "IMAGE", handle)))
}

func TestHandlesOfCards(t *testing.T) {
	f := newFixture(t)
	one, two, video := f.sim.AddHandle(Handle{}), f.sim.AddHandle(Handle{}), f.sim.AddHandle(Handle{Type: "video/mp4"})
	f.refused(f.create(carousel("a", one, "4::never")), 100, 2388273)
	f.refused(f.create(carousel("a", one, video)), 100, 2388273)
	f.refused(f.create(carousel("a", one, "https://example.com/a.png")), 100, 2388273)
	f.must(f.create(carousel("a", one, two, one)))
	f.refused(f.create(carousel("b", one, f.sim.AddHandle(Handle{}))), 100, 2388273)
}

// The handle of a larger file has several lines, which are sent back as they are.
func TestHandlesOfLargeFiles(t *testing.T) {
	f := newFixture(t)
	content := strings.Repeat("v", 9<<20)
	handle := f.mustSend(f.open("video/mp4", len(content)), content, 0)
	lines := strings.Split(handle, "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[2], "4::dmlkZW8vbXA0:AR") {
		t.Fatalf("%q", handle)
	}
	f.refused(f.create(media("m", "VIDEO", lines[0])), 100, 2388273)
	f.must(f.create(media("m", "VIDEO", handle)))
}

func TestSeedsHandles(t *testing.T) {
	f := newFixture(t)
	f.admin("seed", `{"handles":[{"value":"4::mine","type":"image/png","appID":"`+testApp+`"}]}`)
	f.must(f.create(media("m", "IMAGE", "4::mine")))
}
