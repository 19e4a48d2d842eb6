// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"testing"
)

func TestAccountSettings(t *testing.T) {
	f := newFixture(t)
	read := func() map[string]any {
		return f.fields(testWABA, "template_auto_archival_enabled,disable_marketing_messages_on_cloud_api,name")
	}
	f.must(f.post(testWABA, map[string]any{"template_auto_archival_enabled": true, "disable_marketing_messages_on_cloud_api": "true"}))
	f.same(read(), map[string]any{"template_auto_archival_enabled": true, "disable_marketing_messages_on_cloud_api": true})
	f.must(f.post(testWABA, map[string]any{"degrees_of_freedom_spec": map[string]any{"creative_features_spec": map[string]any{}}}))
	features := func(name, status string) map[string]any {
		return map[string]any{"degrees_of_freedom_spec": map[string]any{"creative_features_spec": map[string]any{name: map[string]any{"enroll_status": status}}}}
	}
	if got, shown := f.fields(testWABA, "degrees_of_freedom_spec")["degrees_of_freedom_spec"]; shown {
		t.Errorf("before anything was set: %v", got)
	}
	f.must(f.post(testWABA, features("image_touchups", "OPT_IN")))
	f.must(f.post(testWABA, features("add_text_overlay", "OPT_OUT")))
	shown, err := json.Marshal(f.fields(testWABA, "degrees_of_freedom_spec")["degrees_of_freedom_spec"])
	if want := `{"data":[{"creative_features_spec":[{"add_text_overlay":"OPT_OUT","image_touchups":"OPT_IN"}]}]}`; err != nil || string(shown) != want {
		t.Errorf("%s, %v, want %s", shown, err, want)
	}
	f.refused(f.post(testWABA, features("image_touchups", "ON")), 100, 0)
	f.refused(f.post(testWABA, features("touchups", "OPT_IN")), 100, 0)
	f.refused(f.post(testWABA, map[string]any{"degrees_of_freedom_spec": "x"}), 100, 0)
	f.refused(f.post(testWABA, map[string]any{"template_auto_archival_enabled": "off"}), 100, 0)
	f.refused(f.post(testWABA, map[string]any{"ownership_type": "SELF_OWNED"}), 100, 0)
	f.sim.UpdateAccount(testWABA, func(a *Account) { a.InsightsUnavailable = true })
	f.refused(f.post(testWABA, map[string]any{"is_enabled_for_insights": true}), 200005, 0)
}

// TestNamesOfAccounts: some accounts can be renamed, others can't, and a call that fails changes nothing.
func TestNamesOfAccounts(t *testing.T) {
	var renamed, refused int
	for seed := range int64(8) {
		f := newFixture(t, WithSeed(seed))
		got := f.post(testWABA, map[string]any{"name": "Acme Shop", "timezone_id": "57", "template_auto_archival_enabled": true})
		values := f.fields(testWABA, "name,timezone_id,template_auto_archival_enabled")
		if got.status == 200 {
			renamed++
			f.same(values, map[string]any{"name": "Acme Shop", "timezone_id": "57", "template_auto_archival_enabled": true})
			f.refused(f.post(testWABA, map[string]any{"name": ""}), 100, 0)
			continue
		}
		refused++
		f.refused(got, 100, 0)
		f.same(values, map[string]any{"name": "Acme Garden", "timezone_id": "1", "template_auto_archival_enabled": false})
	}
	if renamed == 0 || refused == 0 {
		t.Errorf("renamed %d, refused %d", renamed, refused)
	}
}
