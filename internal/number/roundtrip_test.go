// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	testWABA   = "102290129340398"
	testApp    = "634974688087057"
	testNumber = "106540352242922"
	testToken  = "EAAGtesttoken0123456789abcdef" // made up, works only in the simulator
)

func newGraph(t *testing.T) (*graphsim.Simulator, *graph.Client) {
	t.Helper()
	sim := graphsim.New()
	sim.AddApp(graphsim.App{ID: testApp, Secret: "app-secret-made-up"})
	sim.AddAccount(graphsim.Account{ID: testWABA, Name: "Acme"})
	sim.AddNumber(testWABA, graphsim.Number{ID: testNumber})
	sim.SetMessagingLimit(testWABA, "TIER_10K")
	sim.AddToken(graphsim.Token{
		Value: testToken, AppID: testApp, Accounts: []string{testWABA}, Scopes: []string{"whatsapp_business_management"},
	})
	transport := &http.Transport{}
	client, err := graph.NewClient(graph.Config{
		BaseURL: sim.Start(t), Version: "v25.0", AccessToken: testToken, Transport: transport, Timeout: patience.Limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return sim, client
}

func write(ctx context.Context, c *graph.Client, spec *v1alpha1.PhoneNumberSpec, s Section, fields []string, live Live) (err error) {
	switch s {
	case Profile:
		return c.UpdateProfile(ctx, testNumber, ProfileUpdate(spec.Profile, fields, ""))
	case Commerce:
		return c.UpdateCommerce(ctx, testNumber, CommerceUpdate(spec.Commerce, fields))
	case Automation:
		return c.UpdateAutomation(ctx, testNumber, AutomationUpdate(spec.ConversationalAutomation, fields))
	case Calling:
		return c.UpdateCalling(ctx, testNumber, CallingUpdate(spec.Calling, fields, live.Calling))
	case Encryption:
		return c.SetEncryption(ctx, testNumber, spec.FlowsEncryption.PublicKey)
	case Compliance:
		return c.SetCompliance(ctx, testNumber, ComplianceUpdate(spec.ComplianceInfo, live.Compliance))
	case Username:
		if *spec.Username == "" {
			return c.DeleteUsername(ctx, testNumber)
		}
		_, err = c.SetUsername(ctx, testNumber, *spec.Username)
	case Identity:
		return c.SetIdentityCheck(ctx, testNumber, spec.IdentityKeyCheck == v1alpha1.SettingStatusEnabled)
	}
	return err
}

func newKey(t *testing.T, bits int) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// maker makes up sections that the API server would take.
type maker struct {
	*mathrand.Rand
	keys []string
}

func (m maker) maybe() bool { return m.IntN(2) == 0 }

func (m maker) text(most int) string {
	letters := []rune("abc XYZ äßñ 你好 \n'\"{}<>&/")
	out := make([]rune, 1+m.IntN(most-1))
	for i := range out {
		out[i] = letters[m.IntN(len(letters))]
	}
	out[0] = 'a'
	return string(out)
}

func (m maker) textOrNone(most int) *string {
	if m.maybe() {
		return ptr.To("")
	}
	return ptr.To(m.text(most))
}

func (m maker) pick(from ...string) string { return from[m.IntN(len(from))] }

func (m maker) spec(s Section) *v1alpha1.PhoneNumberSpec {
	out := &v1alpha1.PhoneNumberSpec{}
	switch s {
	case Profile:
		out.Profile = m.profile()
	case Commerce:
		out.Commerce = &v1alpha1.PhoneNumberCommerce{CartEnabled: ptr.To(m.maybe())}
		if m.maybe() {
			out.Commerce.CatalogVisible = ptr.To(m.maybe())
		}
	case Automation:
		a := &v1alpha1.ConversationalAutomation{Prompts: []string{}}
		for range m.IntN(5) {
			a.Prompts = append(a.Prompts, m.text(80))
		}
		if m.maybe() {
			a.Commands = []v1alpha1.ConversationalCommand{}
		}
		for i := range m.IntN(4) {
			a.Commands = append(a.Commands, v1alpha1.ConversationalCommand{Name: fmt.Sprintf("c%d_%d", i, m.IntN(9)), Description: m.text(256)})
		}
		out.ConversationalAutomation = a
	case Calling:
		out.Calling = m.calling()
	case Encryption:
		out.FlowsEncryption = &v1alpha1.FlowsEncryption{PublicKey: m.pick(m.keys...)}
	case Compliance:
		out.ComplianceInfo = m.compliance()
	case Username:
		out.Username = ptr.To(m.pick("", "acme", "acme.support", "acme_1"))
	case Identity:
		out.IdentityKeyCheck = v1alpha1.SettingStatus(m.pick("ENABLED", "DISABLED"))
	}
	return out
}

func (m maker) profile() *v1alpha1.PhoneNumberProfile {
	p := &v1alpha1.PhoneNumberProfile{About: ptr.To(m.text(139))}
	if m.maybe() {
		p.Address, p.Description = m.textOrNone(256), m.textOrNone(512)
	}
	if m.maybe() {
		p.Email = ptr.To(m.pick("", "hi@acme.example", "a+b@acme.example"))
		p.Vertical = ptr.To(m.pick("", "RETAIL", "OTHER"))
		p.Websites = [][]string{{}, {"https://acme.example"}, {"http://acme.example/a?b#c", "https://x.example/"}}[m.IntN(3)]
	}
	return p
}

func (m maker) calling() *v1alpha1.PhoneNumberCalling {
	status := func() v1alpha1.SettingStatus { return v1alpha1.SettingStatus(m.pick("ENABLED", "DISABLED")) }
	c := &v1alpha1.PhoneNumberCalling{Status: status()}
	if m.maybe() {
		c.CallIconVisibility = v1alpha1.CallIconVisibility(m.pick("DEFAULT", "DISABLE_ALL"))
		c.CallbackPermission = status()
		c.RestrictToUserCountries = [][]string{{}, {"US"}, {"US", "DE"}}[m.IntN(3)]
	}
	if m.maybe() {
		c.Video, c.SIP = status(), &v1alpha1.CallingSIP{}
		if m.maybe() {
			c.SIP.Servers = m.servers()
		}
		if m.maybe() || c.SIP.Servers == nil {
			c.SIP.Status = status()
		}
	}
	if m.maybe() {
		c.CallHours = &v1alpha1.CallHours{Status: status(), TimezoneID: m.pick("Europe/Berlin", "UTC"), Weekly: []v1alpha1.OperatingHours{
			{DayOfWeek: "TUESDAY", OpenTime: m.pick("0000", "0830"), CloseTime: "1700"},
			{DayOfWeek: "MONDAY", OpenTime: "0900", CloseTime: m.pick("1700", "2359")},
		}}
		if m.maybe() {
			c.CallHours.Holidays = [][]v1alpha1.Holiday{{}, {{Date: "2027-01-01", StartTime: "0900", EndTime: "1000"}}}[m.IntN(2)]
		}
	}
	return c
}

func (m maker) servers() []v1alpha1.SIPServer {
	if m.maybe() {
		return []v1alpha1.SIPServer{}
	}
	s := v1alpha1.SIPServer{Hostname: m.pick("sip.acme.example", "SIP.acme.example")}
	if m.maybe() {
		s.Port = ptr.To([]int32{5061, 5062}[m.IntN(2)])
	}
	if m.maybe() {
		s.RequestURIUserParams = map[string]v1alpha1.SIPParameterValue{"tgrp": v1alpha1.SIPParameterValue(m.pick("", "east", "west")), "site": "1"}
	}
	return []v1alpha1.SIPServer{s}
}

func (m maker) compliance() *v1alpha1.ComplianceInfo {
	c := &v1alpha1.ComplianceInfo{
		EntityName: m.pick("Acme", "Acme Ltd"), EntityType: v1alpha1.ComplianceEntityType(m.pick("OTHER", "PARTNERSHIP", "PUBLIC_COMPANY")),
		GrievanceOfficer: &v1alpha1.ComplianceOfficer{Name: m.pick("Ana", "Raj")},
		CustomerCare:     &v1alpha1.ComplianceContact{Email: m.pick("a@acme.example", "b@acme.example")},
	}
	if c.EntityType == "OTHER" {
		c.EntityTypeCustom = m.pick("Trust", "Society")
	}
	if c.EntityType != "PUBLIC_COMPANY" && m.maybe() {
		c.Registered = ptr.To(m.maybe())
	}
	if m.maybe() {
		c.GrievanceOfficer.Email, c.GrievanceOfficer.MobileNumber = "officer@acme.example", "+913854559033"
		c.CustomerCare.LandlineNumber = "+913857614343"
	}
	return c
}

// TestRoundTrip: any section that the API server takes, written with only the fields that differ, compares equal when it is
// read back; what the spec doesn't name stays as it was; and each later change of one field is found and named.
func TestRoundTrip(t *testing.T) {
	keys := []string{newKey(t, 2048), newKey(t, 2048)}
	for i, section := range All {
		t.Run(string(section), func(t *testing.T) {
			_, client := newGraph(t)
			m := maker{mathrand.New(mathrand.NewPCG(1, uint64(i))), keys}
			for range 40 {
				spec := m.spec(section)
				want := Wanted(spec, section, "")
				before := mustRead(t, client, section)
				shown := before.Fields(section, "")
				if names := (&Baseline{}).Diff(want, shown); len(names) > 0 {
					if err := write(t.Context(), client, spec, section, names, before); err != nil {
						t.Fatalf("writing %v of %+v: %v", names, want, err)
					}
				}
				live := mustRead(t, client, section)
				after := live.Fields(section, "")
				if names := (&Baseline{}).Diff(want, after); len(names) > 0 {
					t.Fatalf("written and read back, but %v differ:\nwant %q\nlive %q", names, want, after)
				}
				unnamed(t, section, want, shown, after)
				everyChange(t, want, after)
				describedAlike(t, section, want, live)
			}
		})
	}
}

func mustRead(t *testing.T, c *graph.Client, s Section) Live {
	t.Helper()
	live, err := Read(t.Context(), c, testNumber, s)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

// unnamed fields of a section are left alone. Another legal form takes with it what belongs to the old one.
func unnamed(t *testing.T, section Section, want, before, after Fields) {
	t.Helper()
	for name := range before {
		if _, named := want[name]; named || before[name] == after[name] {
			continue
		}
		if section == Compliance && (strings.HasPrefix(name, "complianceInfo.entityTypeCustom") || name == "complianceInfo.registered") {
			continue
		}
		t.Errorf("%s changed from %q to %q", name, before[name], after[name])
	}
}

// everyChange finds the change of each field, and of that field only.
func everyChange(t *testing.T, want, live Fields) {
	t.Helper()
	r := Baseline{}
	r.AcceptLive(want, live)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		changed := maps.Clone(live)
		changed[name] += "x"
		if d := r.Compare(want, changed); !slices.Equal(d.Drift, []string{name}) || len(d.Changed) > 0 {
			t.Errorf("%s changed at Meta: %+v", name, d)
		}
		desired := maps.Clone(want)
		desired[name] += "x"
		if d := r.Compare(desired, live); !slices.Equal(d.Changed, []string{name}) || len(d.Drift) > 0 {
			t.Errorf("%s changed in the spec: %+v", name, d)
		}
	}
}

func TestCheckKey(t *testing.T) {
	good := newKey(t, 2048)
	for name, c := range map[string]struct {
		key  string
		good bool
	}{
		"good": {good, true}, "indented in a manifest": {"\n" + good + "\n", true}, "too long": {newKey(t, 3072), false},
		"not PEM": {"abc", false}, "two": {good + good, false}, "damaged": {strings.Replace(good, "A", "B", 3), false},
	} {
		if err := CheckKey(c.key); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
