// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"slices"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

func profile(change ...func(*v1alpha1.PhoneNumberProfile)) *v1alpha1.PhoneNumberSpec {
	p := &v1alpha1.PhoneNumberProfile{}
	for _, c := range change {
		c(p)
	}
	return &v1alpha1.PhoneNumberSpec{Profile: p}
}

// TestTolerated: what Meta does to values on their way is no difference.
func TestTolerated(t *testing.T) {
	for name, c := range map[string]struct {
		section Section
		spec    *v1alpha1.PhoneNumberSpec
		live    Live
	}{
		"empty comes back absent": {Profile, profile(func(p *v1alpha1.PhoneNumberProfile) {
			p.Address, p.Websites, p.Email = ptr.To(""), []string{}, ptr.To("")
		}), Live{Profile: &graph.Profile{}}},
		"none was called UNDEFINED": {Profile, profile(func(p *v1alpha1.PhoneNumberProfile) { p.Vertical = ptr.To("") }),
			Live{Profile: &graph.Profile{Vertical: ptr.To("UNDEFINED")}}},
		"none was called NOT_A_BIZ": {Profile, profile(func(p *v1alpha1.PhoneNumberProfile) { p.Vertical = ptr.To("") }),
			Live{Profile: &graph.Profile{Vertical: ptr.To("not_a_biz")}}},
		"lower case": {Profile, profile(func(p *v1alpha1.PhoneNumberProfile) { p.Vertical = ptr.To("RETAIL") }),
			Live{Profile: &graph.Profile{Vertical: ptr.To("Retail")}}},
		"a block of text": {Profile, profile(func(p *v1alpha1.PhoneNumberProfile) { p.About = ptr.To("Open\ndaily\n") }),
			Live{Profile: &graph.Profile{About: ptr.To("Open\r\ndaily")}}},
		"a bare host": {Profile, profile(func(p *v1alpha1.PhoneNumberProfile) { p.Websites = []string{"https://Acme.example"} }),
			Live{Profile: &graph.Profile{Websites: []string{"https://acme.example/"}}}},
		"what the spec doesn't name": {Profile, profile(func(p *v1alpha1.PhoneNumberProfile) { p.About = ptr.To("a") }),
			Live{Profile: &graph.Profile{About: ptr.To("a"), Email: ptr.To("a@b.example"), PictureURL: ptr.To("x")}}},
		"defaults of commerce": {Commerce, &v1alpha1.PhoneNumberSpec{
			Commerce: &v1alpha1.PhoneNumberCommerce{CartEnabled: ptr.To(true), CatalogVisible: ptr.To(false)},
		}, Live{Commerce: &graph.Commerce{}}},
		"nothing offered": {Automation, &v1alpha1.PhoneNumberSpec{ConversationalAutomation: &v1alpha1.ConversationalAutomation{
			Prompts: []string{}, Commands: []v1alpha1.ConversationalCommand{},
		}}, Live{Automation: &graph.Automation{}}},
		"a slash before a command": {Automation, &v1alpha1.PhoneNumberSpec{ConversationalAutomation: &v1alpha1.ConversationalAutomation{
			Commands: []v1alpha1.ConversationalCommand{{Name: "help", Description: "Help"}},
		}}, Live{Automation: &graph.Automation{Commands: []graph.AutomationCommand{{Name: "/help", Description: "Help"}}}}},
		"defaults of calls": {Calling, &v1alpha1.PhoneNumberSpec{Calling: &v1alpha1.PhoneNumberCalling{
			Status: "DISABLED", CallIconVisibility: "DEFAULT", CallbackPermission: "DISABLED", RestrictToUserCountries: []string{},
		}}, Live{}},
		"defaults of SIP": {Calling, &v1alpha1.PhoneNumberSpec{Calling: &v1alpha1.PhoneNumberCalling{
			Video: "DISABLED", SIP: &v1alpha1.CallingSIP{Status: "DISABLED", Servers: []v1alpha1.SIPServer{}},
		}}, Live{Calling: &graph.CallingSettings{SIP: &graph.SIPSettings{}}}},
		"a SIP server at its default port": {Calling, &v1alpha1.PhoneNumberSpec{Calling: &v1alpha1.PhoneNumberCalling{
			SIP: &v1alpha1.CallingSIP{Servers: []v1alpha1.SIPServer{{Hostname: "SIP.acme.example", Port: ptr.To[int32](5061)}}},
		}}, Live{Calling: &graph.CallingSettings{SIP: &graph.SIPSettings{Status: "ENABLED", Servers: &[]graph.SIPServer{
			{Hostname: "sip.acme.example", RequestURIUserParams: map[string]string{}},
		}}}}},
		"countries are a set": {Calling, &v1alpha1.PhoneNumberSpec{Calling: &v1alpha1.PhoneNumberCalling{
			RestrictToUserCountries: []string{"US", "DE"},
		}}, Live{Calling: &graph.CallingSettings{RestrictToUserCountries: &[]string{"DE", "US"}}}},
		"lines of a key": {Encryption, &v1alpha1.PhoneNumberSpec{FlowsEncryption: &v1alpha1.FlowsEncryption{PublicKey: "a\nb\n"}},
			Live{Encryption: &graph.Encryption{PublicKey: "ab", SignatureStatus: "VALID"}}},
		"blanks in numbers": {Compliance, &v1alpha1.PhoneNumberSpec{ComplianceInfo: &v1alpha1.ComplianceInfo{
			EntityName: "Acme", EntityType: "PARTNERSHIP", Registered: ptr.To(false),
			CustomerCare: &v1alpha1.ComplianceContact{MobileNumber: "+913854559033"},
		}}, Live{Compliance: &graph.Compliance{
			EntityName: "Acme", EntityType: "PARTNERSHIP", CustomerCare: &graph.ComplianceContact{Mobile: "91 3854 559033", Email: "a@b.example"},
		}}},
		"capitals of a username": {Username, &v1alpha1.PhoneNumberSpec{Username: ptr.To("acme")}, Live{Username: &graph.Username{Name: "@Acme"}}},
	} {
		want := Wanted(c.spec, c.section, "")
		if len(want) == 0 {
			t.Errorf("%s: nothing is wanted", name)
		}
		if got := (&Baseline{}).Diff(want, c.live.Fields(c.section, "")); len(got) > 0 {
			t.Errorf("%s: differs in %v", name, got)
		}
	}
}

// TestCompareIsThreeWay: a change of the spec, drift and a normalisation differ.
func TestCompareIsThreeWay(t *testing.T) {
	const field = "profile.about"
	of := func(about string) Fields { return Fields{field: about} }
	record := func(want, live string) Baseline {
		r := Baseline{}
		r.AcceptLive(of(want), of(live))
		return r
	}
	wrote := Baseline{}
	wrote.MarkWritten(of("new"), []string{field})
	again := record("old", "old")
	again.MarkWritten(of("new"), []string{field})
	upgraded := Baseline{Version: CanonicalVersion - 1, Desired: map[string]string{field: "x"}}
	byUser, observed, current := upgraded, upgraded, record("old", "old")
	upgraded.Renew(true)
	byUser.Renew(true)
	byUser.Changed()
	observed.Renew(false)
	current.Version = CanonicalVersion
	current.Renew(true)
	for name, c := range map[string]struct {
		record                     Baseline
		want, live                 string
		changed, drift, normalised bool
		pending                    bool
	}{
		"never read":                             {record: Baseline{}, want: "new", live: "old", changed: true, pending: true},
		"never read, and equal":                  {record: Baseline{}, want: "new", live: "new", pending: true},
		"equal":                                  {record: record("new", "new"), want: "new", live: "new"},
		"by the user":                            {record: record("old", "old"), want: "new", live: "old", changed: true, pending: true},
		"by the user and another client":         {record: record("old", "old"), want: "new", live: "other", changed: true, pending: true},
		"by another client":                      {record: record("new", "new"), want: "new", live: "other", drift: true},
		"cleared by another client":              {record: record("new", "new"), want: "new", live: "", drift: true},
		"by Meta":                                {record: record("new", "New"), want: "new", live: "New", normalised: true},
		"by Meta, then by another client":        {record: record("new", "New"), want: "new", live: "other", drift: true},
		"by Meta, then set right":                {record: record("new", "New"), want: "new", live: "new"},
		"written and not read back":              {record: wrote, want: "new", live: "New", normalised: true, pending: true},
		"written again and not read back":        {record: again, want: "new", live: "New", normalised: true, pending: true},
		"after an upgrade, and only observed":    {record: observed, want: "new", live: "old", changed: true, pending: true},
		"without an upgrade":                     {record: current, want: "new", live: "old", changed: true, pending: true},
		"after an upgrade of the operator":       {record: upgraded, want: "new", live: "old", normalised: true, pending: true},
		"by the user, after an upgrade":          {record: byUser, want: "new", live: "old", changed: true, pending: true},
		"to a value that another client has set": {record: record("old", "old"), want: "new", live: "new", pending: true},
	} {
		d := c.record.Compare(of(c.want), of(c.live))
		for kind, got := range map[string]struct {
			names []string
			want  bool
		}{"changed": {d.Changed, c.changed}, "drift": {d.Drift, c.drift}, "normalised": {d.Normalised, c.normalised}} {
			if slices.Contains(got.names, field) != got.want {
				t.Errorf("%s: %s %v, want %t", name, kind, got.names, got.want)
			}
		}
		if got := c.record.Pending(of(c.want)); got != c.pending {
			t.Errorf("%s: pending %t", name, got)
		}
	}
}

// TestSwitchThatStays: a switch that Meta leaves in its position is drift, as soon as it is read again.
func TestSwitchThatStays(t *testing.T) {
	for field, drifts := range map[string]bool{"calling.video": true, "calling.callHours.timezoneID": false} {
		want, live := Fields{field: "ENABLED"}, Fields{field: "DISABLED"}
		b := Baseline{}
		b.MarkWritten(want, []string{field})
		d := b.Compare(want, live)
		b.AcceptLive(want, live, d.Drift...)
		b.MarkTaken(want, d.Drift)
		for _, got := range [][]string{d.Drift, b.Compare(want, live).Drift} {
			if slices.Contains(got, field) != drifts {
				t.Errorf("%s: drift %v", field, got)
			}
		}
		if b.Pending(want) || len(b.Compare(want, want).Drift) > 0 {
			t.Errorf("%s: %+v", field, b)
		}
	}
}

// TestPicture: only the hash of the sent file identifies a picture, but its loss is noticed.
func TestPicture(t *testing.T) {
	spec := profile(func(p *v1alpha1.PhoneNumberProfile) { p.Picture = &v1alpha1.MediaSource{} })
	want := Wanted(spec, Profile, "aa")
	shown := Live{Profile: &graph.Profile{PictureURL: ptr.To("https://pps.whatsapp.net/1")}}
	lost := Live{Profile: &graph.Profile{}}
	r := Baseline{}
	if d := r.Compare(want, shown.Fields(Profile, "")); !slices.Equal(d.Changed, []string{PictureField}) {
		t.Errorf("never sent: %+v", d)
	}
	r.MarkWritten(want, []string{PictureField})
	r.AcceptLive(want, shown.Fields(Profile, "aa"))
	if r.Pending(want) || len(r.Diff(want, shown.Fields(Profile, "aa"))) > 0 {
		t.Error("sent: still a difference")
	}
	if d := r.Compare(want, lost.Fields(Profile, "aa")); !slices.Equal(d.Drift, []string{PictureField}) {
		t.Errorf("lost: %+v", d)
	}
	other := Wanted(spec, Profile, "bb")
	if d := r.Compare(other, lost.Fields(Profile, "aa")); !slices.Equal(d.Changed, []string{PictureField}) || len(d.Drift) > 0 {
		t.Errorf("another file: %+v", d)
	}
	if !r.Pending(other) {
		t.Error("another file is to be sent")
	}
	if w := want.WithoutPicture(); len(w) > 0 || len(Wanted(spec, Profile, "")) > 0 {
		t.Errorf("a picture that isn't known is wanted: %v", w)
	}
}

// TestPrune: what the spec no longer names is compared anew when it comes back.
func TestPrune(t *testing.T) {
	spec := profile(func(p *v1alpha1.PhoneNumberProfile) { p.About, p.Email = ptr.To("a"), ptr.To("a@b.example") })
	all := Wanted(spec, Profile, "")
	r := &Baseline{}
	r.AcceptLive(all, all)
	r.MarkRead(all)
	if r.Prune(all); len(r.Desired) != 2 || len(r.Live) != 2 || !r.WasRead(all) {
		t.Errorf("forgot what is wanted: %+v", r)
	}
	spec.Profile.Email = nil
	left := Wanted(spec, Profile, "")
	if r.Prune(left); len(r.Desired) != 1 || len(r.Live) != 1 || r.Pending(left) {
		t.Errorf("left: %+v", r)
	}
	if r.WasRead(left) {
		t.Error("what is wanted now was never read")
	}
}

func TestSectionHas(t *testing.T) {
	for field, want := range map[string]bool{"profile.about": true, "profile": true, "profiles.about": false, "commerce.cartEnabled": false} {
		if Profile.Has(field) != want {
			t.Errorf("%s: want %t", field, want)
		}
	}
}
