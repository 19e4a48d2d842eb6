// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAllNumberFields(t *testing.T) {
	f := newNumbers(t)
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range numberFields {
			if !yield(name) {
				return
			}
		}
	})
	got := f.fields(f.first(), strings.Join(names, ","))
	f.same(got, map[string]any{
		"account_mode": "LIVE", "is_official_business_account": false, "is_pin_enabled": false, "is_on_biz_app": false, "search_visibility": "VISIBLE",
		"platform_type": "CLOUD_API", "host_platform": "CLOUD_API", "quality_rating": "GREEN", "messaging_limit_tier": "TIER_2K", "new_display_name": nil,
		"last_onboarded_time": "2026-11-21T12:00:00+0000", "code_verification_status": "VERIFIED", "country_dial_code": "1",
	})
	old := f.must(f.get("/v23.0/" + f.first() + "?fields=messaging_limit_tier")).body
	f.same(old, map[string]any{"messaging_limit_tier": "TIER_1K"})
}

func TestNumberOrder(t *testing.T) {
	f := newNumbers(t)
	for i, mode := range []string{"LIVE", "SANDBOX", "LIVE"} {
		f.sim.AddNumber(testWABA, Number{ID: "90" + itoa(i), AccountMode: mode, LastOnboardedTime: testStart.Add(time.Duration(-i) * time.Hour)})
	}
	f.sim.AddNumber(testWABA, Number{ID: "903", PlatformType: "NOT_APPLICABLE"})
	ids := func(query string) string {
		var out []string
		for _, n := range f.must(f.get("/v25.0/" + testWABA + "/phone_numbers?fields=id&" + query)).list() {
			out = append(out, n["id"].(string))
		}
		return strings.Join(out, " ")
	}
	for query, want := range map[string]string{
		"":                                       "900 901 902 " + f.first() + " 903",
		"sort=['last_onboarded_time_ascending']": "903 " + f.first() + " 902 901 900",
		"sort=last_onboarded_time_descending":    "900 901 902 " + f.first() + " 903",
		"limit=2":                                "900 901",
		"filtering=" + url.QueryEscape(`[{"field":"account_mode","operator":"EQUAL","value":"SANDBOX"}]`): "901",
	} {
		if got := ids(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	page := f.must(f.get("/v25.0/" + testWABA + "/phone_numbers?limit=2&sort=last_onboarded_time_ascending"))
	cursors, _ := page.body["paging"].(map[string]any)["cursors"].(map[string]any)
	after, _ := cursors["after"].(string)
	if got := ids("limit=2&sort=last_onboarded_time_ascending&after=" + url.QueryEscape(after)); got != "902 901" {
		t.Errorf("second page: %s", got)
	}
	for _, bad := range []string{"sort=name", "filtering=x", "filtering=" + url.QueryEscape(`[{"field":"status","operator":"EQUAL","value":"X"}]`)} {
		f.refused(f.get("/v25.0/"+testWABA+"/phone_numbers?"+bad), 100, 0)
	}
}

func TestNumberHealth(t *testing.T) {
	calling := func(sip string) func(*Number) {
		return func(n *Number) { n.Config.Calling = json.RawMessage(`{"status":"ENABLED","sip":` + sip + `}`) }
	}
	cases := []struct {
		name   string
		change func(*Number)
		top    string
		own    string
		has    string
	}{
		{"works", func(*Number) {}, "AVAILABLE", "AVAILABLE", ""},
		{"disconnected", func(n *Number) { n.Status = "DISCONNECTED" }, "BLOCKED", "BLOCKED", "141000"},
		{"banned", func(n *Number) { n.Status = "BANNED" }, "BLOCKED", "BLOCKED", "131031"},
		{"name", func(n *Number) { n.NameStatus = "PENDING_REVIEW" }, "LIMITED", "LIMITED", "display name"},
		{"own words", func(n *Number) { n.Health = json.RawMessage(`{"can_send_message":"WARMING_UP","entities":[]}`) }, "WARMING_UP", "", ""},
		{"calls without SIP", calling(`{"status":"DISABLED"}`), "AVAILABLE", "AVAILABLE", "138024"},
		{"calls without server", calling(`{"status":"ENABLED","servers":[]}`), "BLOCKED", "AVAILABLE", "138025"},
		{"calls", calling(`{"status":"ENABLED","servers":[{"hostname":"sip.example.com"}]}`), "AVAILABLE", "AVAILABLE", "can_receive_call_sip"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newNumbers(t)
			f.sim.UpdateNumber(f.first(), c.change)
			got := f.must(f.get("/v25.0/" + f.first() + "?fields=health_status"))
			health, _ := got.body["health_status"].(map[string]any)
			if health["can_send_message"] != c.top || !strings.Contains(string(got.raw), c.has) {
				t.Errorf("%s", got.raw)
			}
			if e := objects(health["entities"]); c.own != "" && (e[0]["entity_type"] != "PHONE_NUMBER" || e[0]["can_send_message"] != c.own || len(e) != 4) {
				t.Errorf("%v", e)
			}
		})
	}
}

func TestTestRange(t *testing.T) {
	f := newNumbers(t, WithNameReviewDelay(0), WithConnectDelay(0))
	f.sim.SetMessagingLimit(testWABA, "TIER_250")
	f.sim.UpdateAccount(testWABA, func(a *Account) { a.NumberLimit = 9 })
	id := f.must(f.post(testWABA+"/phone_numbers", map[string]any{"cc": "1", "phone_number": "5550783882", "verified_name": "Acme"})).text("id")
	f.sim.UpdateNumber(id, func(n *Number) { n.CodeVerificationStatus = "VERIFIED" })
	f.must(f.register(id, testPIN))
	f.same(f.fields(id, "status,name_status"), map[string]any{"status": "CONNECTED", "name_status": "AVAILABLE_WITHOUT_REVIEW"})
	health, _ := f.fields(id, "health_status")["health_status"].(map[string]any)
	if health["can_send_message"] != "LIMITED" {
		t.Errorf("%v", health)
	}
}
