// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// described is the spec of a template that Meta has, as it would be exported.
func described(t *testing.T, live *graph.Template) *v1alpha1.MessageTemplateSpec {
	t.Helper()
	spec, problems := Spec(live)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", live.Name, problems)
	}
	if len(Unsampled(spec)) > 0 {
		spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved
	}
	return spec
}

// TestExamplesAreDescribedAsMetaHasThem: what was sent, read back and described again asks Meta for no change.
func TestExamplesAreDescribedAsMetaHasThem(t *testing.T) {
	_, client := newGraph(t)
	for name, spec := range examples(t) {
		t.Run(name, func(t *testing.T) {
			live := submit(t, client, spec, translated(t, spec))
			again := described(t, live)
			want := WantedFields(translated(t, again))
			if got := Diff(want, LiveFields(live)); len(got) > 0 {
				t.Errorf("differs in %q: %v is described as %v", got, LiveFields(live), want)
			}
			if got, want := len(MediaOf(spec)), len(Unsampled(again)); got != want {
				t.Errorf("%d sample files, and %d are missed", got, want)
			}
			// No content is lost on the way: what the example says is in the description, but for what Meta never shows.
			if a := spec.Authentication; a != nil && a.OTP.Text == "" {
				again.Authentication.OTP.Text = "" // Meta's own label, which in most languages can't be told from others
			}
			if diff := cmp.Diff(visible(spec), visible(again)); diff != "" {
				t.Errorf("described otherwise than it was written (-written +described):\n%s", diff)
			}
		})
	}
}

// visible is a spec without what Meta doesn't give back as it was written, and without words for what absence means too.
func visible(spec *v1alpha1.MessageTemplateSpec) *v1alpha1.MessageTemplateSpec {
	out := spec.DeepCopy()
	out.CommonSpec, out.AdoptionPolicy, out.CategoryPolicy, out.DeletionPolicy = v1alpha1.CommonSpec{}, "", "", ""
	if out.ParameterFormat == v1alpha1.ParameterFormatPositional {
		out.ParameterFormat = ""
	}
	if out.URLClickTracking == v1alpha1.URLClickTrackingEnabled {
		out.URLClickTracking = ""
	}
	slices.SortFunc(out.CreativeFeatures, func(a, b v1alpha1.CreativeFeature) int { return strings.Compare(a.Feature, b.Feature) })
	if out.Header != nil {
		out.Header.Media = nil
	}
	if out.Body != nil {
		out.Body.Text = text(out.Body.Text)
	}
	if o := out.LimitedTimeOffer; o != nil {
		o.HasExpiration = onlyTrue(o.HasExpiration)
	}
	for i := range out.Buttons {
		b := &out.Buttons[i]
		if b.URL != "" && b.Example != "" {
			b.Example = "of the address" // Meta shows the whole one
		}
		if f := b.Flow; f != nil {
			*f = v1alpha1.ButtonFlow{Action: f.Action, NavigateScreen: f.NavigateScreen, Icon: f.Icon} // by its id, whatever it was named by
			if f.Action == v1alpha1.FlowActionNavigate {
				f.Action = ""
			}
		}
	}
	if c := out.Carousel; c != nil {
		for i := range c.Cards {
			c.Cards[i].Header.Media = nil
			for j := range c.Cards[i].Buttons {
				if b := &c.Cards[i].Buttons[j]; b.Example != "" {
					b.Example = "of the address"
				}
			}
		}
	}
	if a := out.Authentication; a != nil {
		a.AddSecurityRecommendation = onlyTrue(a.AddSecurityRecommendation)
		a.OTP.Text, a.OTP.AutofillText = ownText(a.OTP.Text), ownText(a.OTP.AutofillText)
	}
	return out
}

func liveWith(change func(*graph.Template)) *graph.Template {
	t := &graph.Template{Name: "order", Language: "en_US", Category: "UTILITY", ParameterFormat: "POSITIONAL", Components: []graph.Component{body}}
	change(t)
	return t
}

func liveButton(b graph.Button) *graph.Template {
	return liveWith(func(t *graph.Template) {
		t.Components = append(t.Components, graph.Component{Type: "BUTTONS", Buttons: []graph.Button{b}})
	})
}

func TestSpecOfWhatMetaShows(t *testing.T) {
	otp := func(address string) *graph.Template {
		return liveWith(func(t *graph.Template) {
			t.Category = "AUTHENTICATION"
			t.Components = []graph.Component{
				{Type: "BODY", Text: "*{{1}}* is your code.", AddSecurityRecommendation: ptr.To(false)},
				{Type: "BUTTONS", Buttons: []graph.Button{{Type: "URL", Text: "Get code", URL: "https://www.whatsapp.com/otp/code/?" + address}}},
			}
		})
	}
	for name, c := range map[string]struct {
		live *graph.Template
		want func(*v1alpha1.MessageTemplateSpec)
	}{
		"a language with a hyphen": {liveWith(func(t *graph.Template) { t.Language = "en-US" }), func(*v1alpha1.MessageTemplateSpec) {}},
		"what absence means": {liveWith(func(t *graph.Template) {
			t.SubCategory, t.LinkTrackingOptedOut, t.PrimaryDeviceDeliveryOnly = "CUSTOM", ptr.To(false), ptr.To(false)
		}), func(*v1alpha1.MessageTemplateSpec) {}},
		"an authentication template without its flags": {liveWith(bareAuthentication), func(s *v1alpha1.MessageTemplateSpec) {
			minutes := int32(10)
			s.Category, s.Body = "AUTHENTICATION", nil
			s.Authentication = &v1alpha1.TemplateAuthentication{CodeExpirationMinutes: &minutes, OTP: v1alpha1.OTPButton{Type: "COPY_CODE"}}
		}},
		"a subcategory that Meta set": {liveWith(func(t *graph.Template) { t.SubCategory = "FORM" }), func(*v1alpha1.MessageTemplateSpec) {}},
		"positional variables in another order": {liveWith(func(t *graph.Template) {
			t.Components = []graph.Component{{
				Type: "BODY", Text: "Hi {{1}}, the run {{3}} of {{2}} waits.", Example: &graph.Example{BodyText: [][]string{{"Ana", "Blue", "r-1"}}},
			}}
		}), func(s *v1alpha1.MessageTemplateSpec) {
			s.Body = &v1alpha1.TemplateBody{Text: "Hi {{1}}, the run {{3}} of {{2}} waits.", Examples: []v1alpha1.ParameterExample{
				{Name: "1", Value: "Ana"}, {Name: "2", Value: "Blue"}, {Name: "3", Value: "r-1"},
			}}
		}},
		"settings": {liveWith(func(t *graph.Template) {
			t.SubCategory, t.LinkTrackingOptedOut, t.PrimaryDeviceDeliveryOnly = "ORDER_STATUS", ptr.To(true), ptr.To(true)
			t.MessageSendTTLSeconds = ptr.To[int64](-1)
			t.CreativeFeatures = []graph.CreativeFeature{{Feature: "image_touchups", EnrollStatus: "OPT_OUT"}}
			t.MaxPrice = &graph.MaxPrice{AmountPer1000: 87000, Strategy: graph.StrategyBidCap}
		}), func(s *v1alpha1.MessageTemplateSpec) {
			s.SubCategory, s.URLClickTracking, s.PrimaryDeviceDeliveryOnly = "ORDER_STATUS", "Disabled", ptr.To(true)
			s.MessageSendTTLSeconds = ptr.To[int64](-1)
			s.CreativeFeatures = []v1alpha1.CreativeFeature{{Feature: "image_touchups", EnrollStatus: "OPT_OUT"}}
			s.MaxPrice = &v1alpha1.TemplateMaxPrice{AmountPer1000: 87000}
		}},
		"an example too many, and one without variable": {liveWith(func(t *graph.Template) {
			t.Components = []graph.Component{
				{Type: "HEADER", Format: "TEXT", Text: "News", Example: &graph.Example{HeaderText: []string{"x"}}},
				{Type: "BODY", Text: "Hi {{1}}!", Example: &graph.Example{BodyText: [][]string{{"Ana", "Bo"}}}},
			}
		}), func(s *v1alpha1.MessageTemplateSpec) {
			s.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "News"}
			s.Body = &v1alpha1.TemplateBody{Text: "Hi {{1}}!", Examples: []v1alpha1.ParameterExample{{Name: "1", Value: "Ana"}}}
		}},
		"no example": {liveWith(func(t *graph.Template) { t.Components = []graph.Component{{Type: "BODY", Text: "Hi {{1}}!"}} }),
			func(s *v1alpha1.MessageTemplateSpec) { s.Body = &v1alpha1.TemplateBody{Text: "Hi {{1}}!"} }},
		"an address without variable": {liveButton(graph.Button{Type: "URL", Text: "Go", URL: "https://example.com", Example: []string{"https://example.com"}}),
			withButton(v1alpha1.TemplateButton{Type: "URL", Text: "Go", URL: "https://example.com"})},
		"a number with punctuation": {liveButton(graph.Button{Type: "PHONE_NUMBER", Text: "Call", PhoneNumber: "+1 (555) 005-1310"}),
			withButton(v1alpha1.TemplateButton{Type: "PHONE_NUMBER", Text: "Call", PhoneNumber: "+15550051310"})},
		"a label of Meta's": {liveButton(graph.Button{Type: "COPY_CODE", Text: "Copy offer code", Example: []string{"CAMP25"}}),
			withButton(v1alpha1.TemplateButton{Type: "COPY_CODE", Example: "CAMP25"})},
		"a flow by its name": {liveButton(graph.Button{Type: "FLOW", Text: "Go", FlowName: "survey", FlowAction: "data_exchange"}),
			withButton(v1alpha1.TemplateButton{Type: "FLOW", Text: "Go", Flow: &v1alpha1.ButtonFlow{Name: "survey", Action: "DATA_EXCHANGE"}})},
		"a code in one tap": {otp("otp_type=ONE_TAP&cta_display_name=Fill+in&package_name=com.acme.shop&signature_hash=K8a/AINc+X7&code=otp{{1}}"),
			func(s *v1alpha1.MessageTemplateSpec) {
				s.Category, s.Body = "AUTHENTICATION", nil
				s.Authentication = &v1alpha1.TemplateAuthentication{OTP: v1alpha1.OTPButton{
					Type: "ONE_TAP", Text: "Get code", AutofillText: "Fill in",
					SupportedApps: []v1alpha1.SupportedApp{{PackageName: "com.acme.shop", SignatureHash: "K8a/AINc+X7"}},
				}}
			}},
		"a library template without inputs": {liveWith(func(t *graph.Template) {
			t.LibraryTemplateName = "order_1"
			t.Components = append(t.Components, graph.Component{Type: "BUTTONS", Buttons: []graph.Button{{Type: "QUICK_REPLY", Text: "Yes"}}})
		}), func(s *v1alpha1.MessageTemplateSpec) {
			s.Body, s.Library = nil, &v1alpha1.TemplateLibrary{TemplateName: "order_1"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(minimal(c.want), described(t, c.live)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What a spec has no place for must be said, never dropped.
func TestSpecNamesWhatCannotBeDescribed(t *testing.T) {
	card := func(components ...graph.Component) *graph.Template {
		return liveWith(func(t *graph.Template) {
			t.Components = append(t.Components, graph.Component{Type: "CAROUSEL", Cards: []graph.Card{{Components: components}}})
		})
	}
	otp := graph.Component{Type: "BUTTONS", Buttons: []graph.Button{{Type: "OTP", OTPType: "COPY_CODE"}, {Type: "URL"}}}
	for path, live := range map[string]*graph.Template{
		"components[1]": liveWith(func(t *graph.Template) { t.Components = append(t.Components, graph.Component{Type: "ALBUM"}) }),
		"components[2]": liveWith(func(t *graph.Template) {
			t.Components = append(t.Components, graph.Component{Type: "FOOTER", Text: "a"}, graph.Component{Type: "FOOTER", Text: "b"})
		}),
		"optimization_spec":                    liveWith(func(t *graph.Template) { t.MaxPrice = &graph.MaxPrice{AmountPer1000: 5000, Strategy: "COST_CAP"} }),
		"components[1].buttons[0].ttl_minutes": liveButton(graph.Button{Type: "VOICE_CALL", TTLMinutes: ptr.To[int64](1 << 40)}),
		"components[1].cards[0].components[0]": card(graph.Component{Type: "FOOTER", Text: "a"}),
		"components[1].cards[0].components[1]": card(graph.Component{Type: "BODY", Text: "a"}, graph.Component{Type: "HEADER", Format: "TEXT", Text: "b"}),
		"components[0].buttons[1]":             liveWith(func(t *graph.Template) { t.Components = []graph.Component{otp} }),
		"components[0]":                        liveWith(func(t *graph.Template) { t.Components = []graph.Component{{Type: "HEADER"}, otp} }),
		"components[0].code_expiration_minutes": liveWith(func(t *graph.Template) {
			t.Components = []graph.Component{{Type: "FOOTER", CodeExpirationMinutes: ptr.To[int64](1 << 40)}, otp}
		}),
	} {
		_, problems := Spec(live)
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Path == path && p.Message != "" }) {
			t.Errorf("%s isn't named: %v", path, problems)
		}
	}
}

// What is only observed lacks what a review needs, and is compared all the same.
func TestContentOfWhatIsOnlyObserved(t *testing.T) {
	spec := minimal(func(s *v1alpha1.MessageTemplateSpec) {
		s.ManagementPolicy = v1alpha1.ManagementPolicyObserved
		s.Header = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatImage}
	})
	content, problems := Content(spec)
	if want := []graph.Component{{Type: "HEADER", Format: "IMAGE"}, body}; len(problems) > 0 || !cmp.Equal(content.Components, want) {
		t.Errorf("%v %v", content.Components, problems)
	}
	spec.Header, spec.Body = nil, nil
	if content, problems := Content(spec); len(problems) > 0 || len(content.Components) > 0 {
		t.Errorf("%v %v", content.Components, problems)
	}
}
