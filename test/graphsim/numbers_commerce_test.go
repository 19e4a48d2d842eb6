// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"slices"
	"strings"
	"testing"
)

func TestCommerce(t *testing.T) {
	f := newNumbers(t)
	path := f.first() + "/whatsapp_commerce_settings"
	read := func() map[string]any { return f.must(f.get("/v25.0/" + path)).list()[0] }
	f.same(read(), map[string]any{"is_cart_enabled": true, "is_catalog_visible": false})
	f.must(f.post(path+"?is_cart_enabled=false&is_catalog_visible=true", nil))
	f.same(read(), map[string]any{"is_cart_enabled": false, "is_catalog_visible": true})
	f.must(f.post(path, map[string]any{"is_cart_enabled": true}))
	f.same(read(), map[string]any{"is_cart_enabled": true, "is_catalog_visible": true})
	for _, query := range []string{"", "?is_cart_enabled=maybe", "?is_catalog_visible="} {
		f.refused(f.post(path+query, nil), 100, 0)
	}
	f.sim.DisconnectNumber(f.first())
	f.refused(f.post(path+"?is_cart_enabled=true", nil), 133010, 0)
}

func TestAutomation(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	path := id + "/conversational_automation"
	read := func() map[string]any {
		out, _ := f.fields(id, "conversational_automation")["conversational_automation"].(map[string]any)
		return out
	}
	if read() != nil {
		t.Errorf("%v", read())
	}
	f.must(f.post(path, map[string]any{"prompts": []string{"Book a table", "Opening hours"}, "enable_welcome_message": true,
		"commands": []any{map[string]any{"command_name": "help", "command_description": "What I can do"}}}))
	got := read()
	if have := keys(got); !slices.Equal(have, []string{"commands", "id", "prompts"}) || objects(got["commands"])[0]["command_name"] != "help" {
		t.Errorf("%v", got)
	}
	f.must(f.post(path, map[string]any{"prompts": []string{}}))
	if have := keys(read()); !slices.Equal(have, []string{"commands", "id"}) {
		t.Errorf("%v", have)
	}
	f.refused(f.get("/v25.0/"+path), 2500, 0)
}

func TestAutomationRefusals(t *testing.T) {
	f := newNumbers(t)
	command := func(name, text string) map[string]any {
		return map[string]any{"commands": []any{map[string]any{"command_name": name, "command_description": text}}}
	}
	many := make([]any, 31)
	for i := range many {
		many[i] = map[string]any{"command_name": "c" + itoa(i), "command_description": "d"}
	}
	for name, body := range map[string]map[string]any{
		"nothing":       {},
		"five prompts":  {"prompts": []string{"a", "b", "c", "d", "e"}},
		"long prompt":   {"prompts": []string{strings.Repeat("a", 81)}},
		"empty prompt":  {"prompts": []string{""}},
		"emoji":         {"prompts": []string{"Hello 🎉"}},
		"no list":       {"commands": "help"},
		"many commands": {"commands": many},
		"long name":     command(strings.Repeat("a", 33), "x"),
		"long text":     command("a", strings.Repeat("a", 257)),
		"no text":       command("a", ""),
		"emoji command": command("a", "☀"),
		"two words":     command("a b", "x"),
		"twice":         {"commands": append(many[:1:1], many[0])},
	} {
		t.Run(name, func(t *testing.T) {
			f := f.in(t)
			f.refused(f.post(f.first()+"/conversational_automation", body), 100, 0)
		})
	}
}
