// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"testing"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// describedAlike: what Meta shows, described as a spec, asks for no change and lacks nothing that was written.
func describedAlike(t *testing.T, section Section, written Fields, live Live) {
	t.Helper()
	unset := Fields{}
	if section == Calling || section == Identity {
		unset = Live{}.Fields(section, "") // what is off need not be shown, and then isn't described
	}
	spec := &v1alpha1.PhoneNumberSpec{}
	if !Describe(spec, section, live) {
		for name, value := range written {
			if value != "" && value != unset[name] {
				t.Errorf("%s is %q and isn't described", name, value)
			}
		}
		return
	}
	if names := Differs(spec, section, live); len(names) > 0 {
		t.Errorf("described otherwise than Meta shows it in %q: %q", names, live.Fields(section, ""))
	}
	described := Wanted(spec, section, "")
	for name, value := range written {
		if _, named := described[name]; !named && value == unset[name] {
			continue
		}
		if described[name] != value {
			t.Errorf("%s was written as %q and described as %q", name, value, described[name])
		}
	}
}

// TestDescribeNothing: what was never set is left out, and so is left alone.
func TestDescribeNothing(t *testing.T) {
	for section, live := range map[Section]Live{
		Profile:    {Profile: &graph.Profile{About: ptr.To(""), Vertical: ptr.To("UNDEFINED"), PictureURL: ptr.To("https://cdn.example/p.jpg")}},
		Commerce:   {Commerce: &graph.Commerce{}},
		Automation: {Automation: &graph.Automation{}},
		Calling: {Calling: &graph.CallingSettings{
			Hours: &graph.CallHours{Status: "DISABLED"}, SIP: &graph.SIPSettings{Servers: &[]graph.SIPServer{}},
		}},
		Encryption: {Encryption: &graph.Encryption{SignatureStatus: "MISMATCH"}},
		Compliance: {Compliance: &graph.Compliance{}},
		Username:   {Username: &graph.Username{}},
		Identity:   {Calling: &graph.CallingSettings{Status: "ENABLED"}},
	} {
		spec := &v1alpha1.PhoneNumberSpec{}
		if Describe(spec, section, live) || len(Sections(spec)) > 0 {
			t.Errorf("%s: %+v", section, spec)
		}
	}
	if spec := (&v1alpha1.PhoneNumberSpec{}); Describe(spec, Calling, Live{}) {
		t.Errorf("%+v", spec)
	}
}

// TestDescribeWhatWouldBeWritten: a key whose signature is lost is uploaded again if the spec names it.
func TestDescribeWhatWouldBeWritten(t *testing.T) {
	live := Live{Encryption: &graph.Encryption{PublicKey: "abc", SignatureStatus: "MISMATCH"}}
	spec := &v1alpha1.PhoneNumberSpec{}
	if !Describe(spec, Encryption, live) || len(Differs(spec, Encryption, live)) != 1 {
		t.Errorf("%+v", spec)
	}
}
