// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"maps"
	"testing"

	"github.com/waba-operator/waba-operator/internal/canonical"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// TestValues: the elements of a list are lines, and what Meta never returns isn't there.
func TestValues(t *testing.T) {
	f := Fields{
		"profile.about": `"quoted" text`, "profile.websites": list([]string{"https://a.example", "https://b.example"}),
		"conversationalAutomation.prompts": list(nil), "conversationalAutomation.commands": list([]string{command("/help", `say "hi"`)}),
		"calling.sip.servers": sipServers([]graph.SIPServer{{Hostname: "SIP.acme.example", RequestURIUserParams: map[string]string{"k": "v"}}, {Hostname: "b", Port: 7}}),
	}
	f.picture("a-hash", present)
	want := map[string]string{
		"profile.about": `"quoted" text`, "profile.websites": "https://a.example\nhttps://b.example", "conversationalAutomation.prompts": "",
		"conversationalAutomation.commands": `help say "hi"`, "calling.sip.servers": "sip.acme.example 5061 k v\nb 7", PictureField: present,
	}
	if got := f.Values(); !maps.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if f[canonical.WriteOnly+PictureField] == "" {
		t.Error("the hash of the picture is no field")
	}
}
