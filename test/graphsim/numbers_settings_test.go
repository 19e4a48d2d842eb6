// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"strings"
	"testing"
)

func (f *fixture) settings(id, query string) map[string]any {
	f.t.Helper()
	return f.must(f.get("/v25.0/" + id + "/settings" + query)).body
}

func TestCalling(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	set := func(calling string) answer { return f.post(id+"/settings", `{"calling":`+calling+`}`) }
	f.must(set(`{"status":"ENABLED","call_hours":{"status":"ENABLED","timezone_id":"Europe/Berlin","holiday_schedule":[{"date":"2026-12-24"}]},
		"sip":{"status":"ENABLED","servers":[{"hostname":"sip.example.com","port":5061}]},"restrictions":{"restrictions_list":[{"type":"x"}]}}`))
	f.sim.UpdateNumber(id, func(n *Number) { n.Config.CallingRestrictions = json.RawMessage(`[{"type":"LOW_QUALITY"}]`) })
	raw := string(f.get("/v25.0/" + id + "/settings").raw)
	if !strings.Contains(raw, "2026-12-24") || strings.Contains(raw, "sip_user_password") || !strings.Contains(raw, "LOW_QUALITY") || strings.Contains(raw, `"x"`) {
		t.Errorf("%s", raw)
	}
	f.must(set(`{"call_hours":{"status":"ENABLED","timezone_id":"Europe/Berlin"},"call_icon_visibility":"DISABLE_ALL"}`))
	raw = string(f.get("/v25.0/" + id + "/settings?include_sip_credentials=true").raw)
	if strings.Contains(raw, "2026-12-24") || !strings.Contains(raw, "sip_user_password") || !strings.Contains(raw, `"status":"ENABLED"`) {
		t.Errorf("%s", raw)
	}
	if strings.Contains(raw, "5061") { // the default isn't shown
		t.Errorf("%s", raw)
	}
	f.sim.SetMessagingLimit(testWABA, "TIER_250")
	f.must(set(`{"status":"DISABLED"}`))
	f.refused(set(`{"status":"ENABLED"}`), 100, 0)
}

func TestSettingsRefusals(t *testing.T) {
	f := newNumbers(t)
	for name, body := range map[string]string{
		"nothing":                     `{}`,
		"two features":                `{"calling":{"status":"DISABLED"},"user_identity_change":{"enable_identity_key_check":true}}`,
		"no object":                   `{"calling":true}`,
		"lower case":                  `{"calling":{"status":"enabled"}}`,
		"unknown key":                 `{"calling":{"ring":true}}`,
		"icon":                        `{"calling":{"call_icon_visibility":"HIDDEN"}}`,
		"many holidays":               `{"calling":{"call_hours":{"holiday_schedule":[` + strings.Repeat(`{},`, 20) + `{}]}}}`,
		"server":                      `{"calling":{"sip":{"servers":[{"port":5061}]}}}`,
		"two servers":                 `{"calling":{"sip":{"servers":[{"hostname":"a.example"},{"hostname":"b.example"}]}}}`,
		"server's port":               `{"calling":{"sip":{"servers":[{"hostname":"a.example","port":0}]}}}`,
		"sip status":                  `{"calling":{"sip":{"status":"on"}}}`,
		"sip":                         `{"calling":{"sip":true}}`,
		"video":                       `{"calling":{"video":"ENABLED"}}`,
		"video status":                `{"calling":{"video":{"status":"on"}}}`,
		"identity":                    `{"user_identity_change":{"enabled":true}}`,
		"payload":                     `{"payload_encryption":{"status":"ENABLED"}}`,
		"payload status":              `{"payload_encryption":{}}`,
		"storage of the OpenAPI file": `{"storage_configuration":{"enabled":true,"region":"us"}}`,
		"storage region":              `{"storage_configuration":{"status":"IN_COUNTRY_STORAGE_ENABLED","data_localization_region":"US"}}`,
		"storage status":              `{"storage_configuration":{"status":"DEFAULT"}}`,
		"while registered":            `{"storage_configuration":{"status":"IN_COUNTRY_STORAGE_ENABLED","data_localization_region":"BR"}}`,
	} {
		t.Run(name, func(t *testing.T) { f := f.in(t); f.refused(f.post(f.first()+"/settings", body), 100, 0) })
	}
	f.refused(f.post(f.first()+"/settings", `{"storage_configuration":{"status":"NO_STORAGE_ENABLED","retention_minutes":60}}`), 10, 0)
}

func TestStorage(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	f.sim.UpdateNumber(id, func(n *Number) { n.NoStorageAllowed = true })
	f.sim.DisconnectNumber(id)
	for _, want := range []Storage{
		{Status: "IN_COUNTRY_STORAGE_ENABLED", Region: "BR"}, {Status: "IN_COUNTRY_STORAGE_DISABLED"}, {Status: "NO_STORAGE_ENABLED", RetentionMinutes: 60},
	} {
		f.must(f.post(id+"/settings", map[string]any{"storage_configuration": want}))
		got, _ := f.settings(id, "")["storage_configuration"].(map[string]any)
		if got["status"] != want.Status || want.Region != "" && got["data_localization_region"] != want.Region {
			t.Errorf("%v", got)
		}
	}
}

func TestSmallSettings(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	f.must(f.post(id+"/settings", `{"user_identity_change":{"enable_identity_key_check":true}}`))
	f.must(f.post(id+"/settings", `{"payload_encryption":{"status":"ENABLED","client_encryption_key":"made-up-key"}}`))
	got := f.get("/v25.0/" + id + "/settings")
	if raw := string(got.raw); !strings.Contains(raw, `"enable_identity_key_check":true`) || strings.Contains(raw, "made-up-key") {
		t.Errorf("%s", raw)
	}
}
