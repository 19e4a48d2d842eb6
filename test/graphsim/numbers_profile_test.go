// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"slices"
	"strings"
	"testing"
)

const allProfile = "/whatsapp_business_profile?fields=about,address,description,email,profile_picture_url,websites,vertical,messaging_product"

func (f *fixture) profile(id string) map[string]any {
	f.t.Helper()
	return f.must(f.get("/v25.0/" + id + allProfile)).list()[0]
}

func (f *fixture) setProfile(id string, change map[string]any) answer {
	f.t.Helper()
	change["messaging_product"] = "whatsapp"
	return f.post(id+"/whatsapp_business_profile", change)
}

func TestProfile(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	if have := keys(f.profile(id)); !slices.Equal(have, []string{"about", "messaging_product", "vertical"}) {
		t.Errorf("%v", have)
	}
	f.must(f.setProfile(id, map[string]any{"about": "Open daily", "email": "hi@example.com", "websites": []string{"https://example.com"}, "vertical": "RETAIL"}))
	f.must(f.setProfile(id, map[string]any{"address": "1 Main St", "vertical": nil}))
	f.same(f.profile(id), map[string]any{"about": "Open daily", "email": "hi@example.com", "address": "1 Main St", "vertical": "RETAIL"})
	f.must(f.setProfile(id, map[string]any{"email": "", "websites": []string{}, "vertical": ""}))
	if have := keys(f.profile(id)); !slices.Equal(have, []string{"about", "address", "messaging_product"}) {
		t.Errorf("empty fields must be absent: %v", have)
	}
	if have := keys(f.must(f.get("/v25.0/" + id + "/whatsapp_business_profile")).list()[0]); !slices.Equal(have, []string{"messaging_product"}) {
		t.Errorf("%v", have)
	}
	f.refused(f.get("/v25.0/"+id+"/whatsapp_business_profile?fields=about,logo"), 100, 0)
}

func TestProfileRefusals(t *testing.T) {
	long := strings.Repeat("ä", 600)
	cases := map[string]map[string]any{
		"empty about":  {"about": ""},
		"about":        {"about": long[:280]},
		"address":      {"address": long[:514]},
		"description":  {"description": long[:1026]},
		"email":        {"email": "missing-at"},
		"named email":  {"email": "Acme <hi@example.com>"},
		"three sites":  {"websites": []string{"https://a.example", "https://b.example", "https://c.example"}},
		"bare site":    {"websites": []string{"example.com"}},
		"long site":    {"websites": []string{"https://example.com/" + long}},
		"vertical":     {"vertical": "FLOWERS"},
		"old vertical": {"vertical": "UNDEFINED"},
		"picture URL":  {"profile_picture_handle": "https://example.com/logo.png"},
		"no picture":   {"profile_picture_handle": ""},
		"no upload":    {"profile_picture_handle": "4::aW1hZ2U="},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			f := newNumbers(t)
			change["address"] = cmpOr(change["address"], "2 Side St")
			f.refused(f.setProfile(f.first(), change), 100, 0)
			if n := f.number(f.first()); n.Config.Profile.Address != "" {
				t.Error("half of it was done")
			}
		})
	}
	f := newNumbers(t)
	f.refused(f.post(f.first()+"/whatsapp_business_profile", map[string]any{"about": "x"}), 100, 0)
	f.sim.DisconnectNumber(f.first())
	f.refused(f.get("/v25.0/"+f.first()+allProfile), 133010, 0)
	f.refused(f.setProfile(f.first(), map[string]any{"about": "x"}), 133010, 0)
}

func cmpOr(a any, b string) any {
	if a == nil {
		return b
	}
	return a
}

func TestProfileLimitsAreCharacters(t *testing.T) {
	f := newNumbers(t)
	f.must(f.setProfile(f.first(), map[string]any{"about": strings.Repeat("ä", 139), "description": strings.Repeat("ö", 512)}))
}

func TestPictureIsAnotherURLEachTime(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	picture := f.sim.AddHandle(Handle{Type: "image/png"})
	f.refused(f.setProfile(id, map[string]any{"profile_picture_handle": f.sim.AddHandle(Handle{Type: "video/mp4"})}), 100, 0)
	f.must(f.setProfile(id, map[string]any{"profile_picture_handle": picture}))
	f.refused(f.setProfile(id, map[string]any{"profile_picture_handle": picture}), 100, 0) // used up
	one, two := f.profile(id)["profile_picture_url"], f.profile(id)["profile_picture_url"]
	if url, _ := one.(string); one == two || !strings.HasPrefix(url, "https://pps.whatsapp.net/") {
		t.Errorf("%v %v", one, two)
	}
	if n := f.number(id); n.Config.Profile.PictureHandle != picture {
		t.Errorf("%+v", n.Config.Profile)
	}
}

func TestProfileInTheUnknownMode(t *testing.T) {
	f := newNumbers(t, WithUnknownMode(4))
	f.must(f.setProfile(f.first(), map[string]any{"websites": []string{"https://example.com", "https://example.com/a"}}))
	sites, _ := f.profile(f.first())["websites"].([]any)
	if len(sites) != 2 || sites[0] != "https://example.com/" || sites[1] != "https://example.com/a" {
		t.Errorf("%v", sites)
	}
}
