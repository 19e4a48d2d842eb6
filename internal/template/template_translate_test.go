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

// minimal is the smallest template that can be sent.
func minimal(change ...func(*v1alpha1.MessageTemplateSpec)) *v1alpha1.MessageTemplateSpec {
	s := &v1alpha1.MessageTemplateSpec{
		Name: "order", Language: "en_US", Category: v1alpha1.TemplateCategoryUtility,
		Body: &v1alpha1.TemplateBody{Text: "Your order has shipped."},
	}
	for _, f := range change {
		f(s)
	}
	return s
}

func withButton(b v1alpha1.TemplateButton) func(*v1alpha1.MessageTemplateSpec) {
	return func(s *v1alpha1.MessageTemplateSpec) { s.Buttons = append(s.Buttons, b) }
}

var body = graph.Component{Type: "BODY", Text: "Your order has shipped."}

func TestContentOfEverySupportedPart(t *testing.T) {
	buttons := func(b ...graph.Button) []graph.Component {
		return []graph.Component{body, {Type: "BUTTONS", Buttons: b}}
	}
	for _, c := range []struct {
		name   string
		change func(*v1alpha1.MessageTemplateSpec)
		want   []graph.Component
	}{
		{"body only", func(*v1alpha1.MessageTemplateSpec) {}, []graph.Component{body}},
		{"body with variables in any order", func(s *v1alpha1.MessageTemplateSpec) {
			s.Body = &v1alpha1.TemplateBody{Text: "Hi {{1}}, order {{2}} has shipped.", Examples: []v1alpha1.ParameterExample{{Name: "2", Value: "A-1"}, {Name: "1", Value: "Ana"}}}
		}, []graph.Component{{Type: "BODY", Text: "Hi {{1}}, order {{2}} has shipped.", Example: &graph.Example{BodyText: [][]string{{"Ana", "A-1"}}}}}},
		{"eleven variables aren't sorted as text", func(s *v1alpha1.MessageTemplateSpec) {
			s.Body.Examples = nil
			for _, n := range strings.Fields("1 10 11 2 3 4 5 6 7 8 9") {
				s.Body.Examples = append(s.Body.Examples, v1alpha1.ParameterExample{Name: n, Value: "v" + n})
			}
		}, []graph.Component{{Type: "BODY", Text: body.Text, Example: &graph.Example{
			BodyText: [][]string{strings.Fields("v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11")},
		}}}},
		{"named variables", func(s *v1alpha1.MessageTemplateSpec) {
			s.ParameterFormat = v1alpha1.ParameterFormatNamed
			s.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "Order {{id}}", Examples: []v1alpha1.ParameterExample{{Name: "id", Value: "A-1"}}}
			s.Body = &v1alpha1.TemplateBody{Text: "Hi {{name}}, it has shipped.", Examples: []v1alpha1.ParameterExample{{Name: "name", Value: "Ana"}}}
		}, []graph.Component{
			{Type: "HEADER", Format: "TEXT", Text: "Order {{id}}", Example: &graph.Example{HeaderTextNamed: []graph.NamedExample{{ParamName: "id", Example: "A-1"}}}},
			{Type: "BODY", Text: "Hi {{name}}, it has shipped.", Example: &graph.Example{BodyTextNamed: []graph.NamedExample{{ParamName: "name", Example: "Ana"}}}},
		}},
		{"text header", func(s *v1alpha1.MessageTemplateSpec) {
			s.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "Order {{1}}", Examples: []v1alpha1.ParameterExample{{Name: "1", Value: "A-1"}}}
		}, []graph.Component{{Type: "HEADER", Format: "TEXT", Text: "Order {{1}}", Example: &graph.Example{HeaderText: []string{"A-1"}}}, body}},
		{"text header without variable", func(s *v1alpha1.MessageTemplateSpec) {
			s.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "Order"}
		}, []graph.Component{{Type: "HEADER", Format: "TEXT", Text: "Order"}, body}},
		{"location header", func(s *v1alpha1.MessageTemplateSpec) { s.Header = &v1alpha1.TemplateHeader{Format: "LOCATION"} },
			[]graph.Component{{Type: "HEADER", Format: "LOCATION"}, body}},
		{"footer", func(s *v1alpha1.MessageTemplateSpec) { s.Footer = &v1alpha1.TemplateFooter{Text: "Acme"} },
			[]graph.Component{body, {Type: "FOOTER", Text: "Acme"}}},
		{"texts as YAML's | leaves them", func(s *v1alpha1.MessageTemplateSpec) {
			s.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "Order\n"}
			s.Body.Text, s.Footer = "One\r\n\r\nTwo\n\n", &v1alpha1.TemplateFooter{Text: "Acme\n"}
		}, []graph.Component{{Type: "HEADER", Format: "TEXT", Text: "Order"}, {Type: "BODY", Text: "One\n\nTwo"}, {Type: "FOOTER", Text: "Acme"}}},
		{"QUICK_REPLY", withButton(v1alpha1.TemplateButton{Type: "QUICK_REPLY", Text: "Yes"}), buttons(graph.Button{Type: "QUICK_REPLY", Text: "Yes"})},
		{"URL", withButton(v1alpha1.TemplateButton{Type: "URL", Text: "Track", URL: "https://example.com/{{1}}", Example: "A-1"}),
			buttons(graph.Button{Type: "URL", Text: "Track", URL: "https://example.com/{{1}}", Example: []string{"A-1"}})},
		{"PHONE_NUMBER", withButton(v1alpha1.TemplateButton{Type: "PHONE_NUMBER", Text: "Call", PhoneNumber: "+15550051310"}),
			buttons(graph.Button{Type: "PHONE_NUMBER", Text: "Call", PhoneNumber: "+15550051310"})},
		{"COPY_CODE", withButton(v1alpha1.TemplateButton{Type: "COPY_CODE", Example: "CAMP25"}), buttons(graph.Button{Type: "COPY_CODE", Example: []string{"CAMP25"}})},
		{"CATALOG", withButton(v1alpha1.TemplateButton{Type: "CATALOG", Text: "View catalog"}), buttons(graph.Button{Type: "CATALOG", Text: "View catalog"})},
		{"MPM", withButton(v1alpha1.TemplateButton{Type: "MPM", Text: "View items"}), buttons(graph.Button{Type: "MPM", Text: "View items"})},
		{"VOICE_CALL", withButton(v1alpha1.TemplateButton{Type: "VOICE_CALL", Text: "Call now", TTLMinutes: ptr.To[int32](1440)}),
			buttons(graph.Button{Type: "VOICE_CALL", Text: "Call now", TTLMinutes: ptr.To[int64](1440)})},
		{"REQUEST_CONTACT_INFO", withButton(v1alpha1.TemplateButton{Type: "REQUEST_CONTACT_INFO"}), buttons(graph.Button{Type: "REQUEST_CONTACT_INFO"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := minimal(c.change)
			before := spec.DeepCopy()
			got, problems := Content(spec)
			if len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
			if diff := cmp.Diff(c.want, got.Components); diff != "" {
				t.Errorf("components (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, spec); diff != "" {
				t.Errorf("the spec was changed:\n%s", diff)
			}
		})
	}
}

func TestContentOfTheTemplateItself(t *testing.T) {
	got, _ := Content(minimal(func(s *v1alpha1.MessageTemplateSpec) { s.MessageSendTTLSeconds = ptr.To[int64](-1) }))
	want := graph.TemplateContent{
		Name: "order", Language: "en_US", Category: "UTILITY", ParameterFormat: "POSITIONAL",
		MessageSendTTLSeconds: ptr.To[int64](-1), Components: []graph.Component{body},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What can't be sent must be said, never dropped: without it this would be another template.
func TestContentReportsWhatCannotBeSent(t *testing.T) {
	for path, change := range map[string]func(*v1alpha1.MessageTemplateSpec){
		"spec.body": func(s *v1alpha1.MessageTemplateSpec) { s.Body = nil },
	} {
		_, problems := Content(minimal(change))
		if len(problems) != 1 || problems[0].Path != path {
			t.Errorf("%s: got %v", path, problems)
			continue
		}
		if p := problems[0]; !strings.Contains(p.Message, "managementPolicy: Observed") || p.String() != p.Path+": "+p.Message {
			t.Errorf("%s: the message must say a way out: %s", path, p)
		}
	}
}

func TestContentOfSettings(t *testing.T) {
	got, problems := Content(minimal(func(s *v1alpha1.MessageTemplateSpec) {
		s.SubCategory, s.DisplayFormat, s.URLClickTracking = "ORDER_STATUS", "ORDER_DETAILS", v1alpha1.URLClickTrackingDisabled
		s.PrimaryDeviceDeliveryOnly = ptr.To(false)
		s.CreativeFeatures = []v1alpha1.CreativeFeature{{Feature: "image_touchups", EnrollStatus: "OPT_OUT"}}
	}))
	want := graph.TemplateContent{
		Name: "order", Language: "en_US", Category: "UTILITY", ParameterFormat: "POSITIONAL", Components: []graph.Component{body},
		SubCategory: "ORDER_STATUS", DisplayFormat: "ORDER_DETAILS", LinkTrackingOptedOut: ptr.To(true), PrimaryDeviceDeliveryOnly: ptr.To(false),
		CreativeFeatures: []graph.CreativeFeature{{Feature: "image_touchups", EnrollStatus: "OPT_OUT"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
		t.Errorf("%v (-want +got):\n%s", problems, diff)
	}
}

func TestContentOfSpecialTemplates(t *testing.T) {
	apps := []v1alpha1.SupportedApp{{PackageName: "com.acme", SignatureHash: "K8a/AINcGX7"}}
	for _, c := range []struct {
		name   string
		change func(*v1alpha1.MessageTemplateSpec)
		want   []graph.Component
	}{
		{"authentication", func(s *v1alpha1.MessageTemplateSpec) {
			s.Body = nil
			s.Authentication = &v1alpha1.TemplateAuthentication{
				AddSecurityRecommendation: ptr.To(true), CodeExpirationMinutes: ptr.To[int32](5),
				OTP: v1alpha1.OTPButton{Type: "ZERO_TAP", Text: "Copy", AutofillText: "Fill", ZeroTapTermsAccepted: ptr.To(true), SupportedApps: apps},
			}
		}, []graph.Component{
			{Type: "BODY", AddSecurityRecommendation: ptr.To(true)}, {Type: "FOOTER", CodeExpirationMinutes: ptr.To[int64](5)},
			{Type: "BUTTONS", Buttons: []graph.Button{{Type: "OTP", OTPType: "ZERO_TAP", Text: "Copy", AutofillText: "Fill", ZeroTapTermsAccepted: ptr.To(true),
				SupportedApps: []graph.SupportedApp{{PackageName: "com.acme", SignatureHash: "K8a/AINcGX7"}}}}},
		}},
		{"limited-time offer", func(s *v1alpha1.MessageTemplateSpec) {
			s.LimitedTimeOffer = &v1alpha1.TemplateLimitedTimeOffer{Text: "Ends soon", HasExpiration: ptr.To(true)}
		}, []graph.Component{body, {Type: "LIMITED_TIME_OFFER", LimitedTimeOffer: &graph.LimitedTimeOffer{Text: "Ends soon", HasExpiration: true}}}},
		{"call permission request", func(s *v1alpha1.MessageTemplateSpec) { s.CallPermissionRequest = &v1alpha1.CallPermissionRequest{} },
			[]graph.Component{body, {Type: "CALL_PERMISSION_REQUEST"}}},
		{"product carousel", func(s *v1alpha1.MessageTemplateSpec) {
			s.Carousel = &v1alpha1.TemplateCarousel{Cards: []v1alpha1.CarouselCard{{
				Header: v1alpha1.CardHeader{Format: "PRODUCT"}, Body: &v1alpha1.CardBody{Text: "One"}, Buttons: []v1alpha1.CardButton{{Type: "SPM", Text: "View"}},
			}}}
		}, []graph.Component{body, {Type: "CAROUSEL", Cards: []graph.Card{{Components: []graph.Component{
			{Type: "HEADER", Format: "PRODUCT"}, {Type: "BODY", Text: "One"}, {Type: "BUTTONS", Buttons: []graph.Button{{Type: "SPM", Text: "View"}}},
		}}}}}},
		{"flow", withButton(v1alpha1.TemplateButton{Type: "FLOW", Text: "Book", Flow: &v1alpha1.ButtonFlow{ID: "1310", Action: "NAVIGATE", NavigateScreen: "DAY", Icon: "PROMOTION"}}),
			[]graph.Component{body, {Type: "BUTTONS", Buttons: []graph.Button{{Type: "FLOW", Text: "Book", FlowID: "1310", FlowAction: "navigate", NavigateScreen: "DAY", Icon: "PROMOTION"}}}}},
		{"deep link", withButton(v1alpha1.TemplateButton{Type: "URL", Text: "Open", URL: "https://acme.example", AppDeepLink: &v1alpha1.AppDeepLink{MetaAppID: "63", AndroidDeepLink: "acme://t"}}),
			[]graph.Component{body, {Type: "BUTTONS", Buttons: []graph.Button{{Type: "URL", Text: "Open", URL: "https://acme.example",
				AppDeepLink: &graph.AppDeepLink{MetaAppID: "63", AndroidDeepLink: "acme://t"}}}}}},
	} {
		got, problems := Content(minimal(c.change))
		if diff := cmp.Diff(c.want, got.Components); diff != "" || len(problems) > 0 {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, problems, diff)
		}
	}
}

func TestContentOfALibraryTemplate(t *testing.T) {
	got, problems := Content(minimal(func(s *v1alpha1.MessageTemplateSpec) {
		s.Body = nil
		s.Library = &v1alpha1.TemplateLibrary{
			TemplateName: "delivery_update_1", BodyInputs: &v1alpha1.LibraryBodyInputs{AddTrackPackageLink: ptr.To(true), CodeExpirationMinutes: ptr.To[int32](5)},
			ButtonInputs: []v1alpha1.LibraryButtonInput{{Type: "URL", URL: "https://a.example/{{1}}", Example: "x"}},
		}
	}))
	want := &graph.LibraryInputs{
		TemplateName: "delivery_update_1", BodyInputs: &graph.LibraryBodyInputs{AddTrackPackageLink: ptr.To(true), CodeExpirationMinutes: ptr.To[int64](5)},
		ButtonInputs: []graph.LibraryButtonInput{{Type: "URL", URL: "https://a.example/{{1}}", URLExample: "x"}},
	}
	if diff := cmp.Diff(want, got.Library); diff != "" || len(problems) > 0 || len(got.Components) != 0 {
		t.Errorf("%v (-want +got):\n%s", problems, diff)
	}
}

// TestLibraryPasscode: the button of a library template for one-time passcodes is chosen by an input, and read back from its address.
func TestLibraryPasscode(t *testing.T) {
	input := v1alpha1.LibraryButtonInput{
		Type: v1alpha1.ButtonTypeOTP, OTPType: v1alpha1.OTPTypeZeroTap, ZeroTapTermsAccepted: ptr.To(true),
		SupportedApps: []v1alpha1.SupportedApp{{PackageName: "com.example.app", SignatureHash: "K8a/AINcGX7"}},
	}
	spec := minimal(func(s *v1alpha1.MessageTemplateSpec) {
		s.Body, s.Category = nil, v1alpha1.TemplateCategoryAuthentication
		s.Library = &v1alpha1.TemplateLibrary{TemplateName: "verify_code_1", ButtonInputs: []v1alpha1.LibraryButtonInput{input}}
	})
	got, problems := Content(spec)
	want := []graph.LibraryButtonInput{{
		Type: "OTP", OTPType: "ZERO_TAP", ZeroTapTermsAccepted: ptr.To(true),
		SupportedApps: []graph.SupportedApp{{PackageName: "com.example.app", SignatureHash: "K8a/AINcGX7"}},
	}}
	if diff := cmp.Diff(want, got.Library.ButtonInputs); diff != "" || len(problems) > 0 {
		t.Errorf("%v (-want +got):\n%s", problems, diff)
	}
	live := &graph.Template{
		Name: "code", Language: "en_US", Category: "AUTHENTICATION", LibraryTemplateName: "verify_code_1", Components: []graph.Component{
			{Type: "BODY", Text: "*{{1}}* is your verification code."},
			{Type: "BUTTONS", Buttons: []graph.Button{{Type: "URL", Text: "Autofill", URL: "https://www.whatsapp.com/otp/code/?otp_type=ZERO_TAP" +
				"&package_name=com.example.app&signature_hash=K8a%2FAINcGX7&code=otp{{1}}"}}},
		},
	}
	described, problems := Spec(live)
	if diff := cmp.Diff([]v1alpha1.LibraryButtonInput{input}, described.Library.ButtonInputs); diff != "" || len(problems) > 0 {
		t.Errorf("described: %v (-want +got):\n%s", problems, diff)
	}
	other := spec.DeepCopy()
	other.Library.ButtonInputs[0].OTPType = v1alpha1.OTPTypeOneTap
	changed, _ := Content(other)
	if names := WriteOnlyChanged(WantedFields(got).WriteOnly(), WantedFields(changed)); !slices.Equal(names, []string{"library.buttonInputs[0]"}) {
		t.Errorf("changed: %v", names)
	}
}

func TestContentTakesEveryTypeOfButton(t *testing.T) {
	for _, kind := range []v1alpha1.ButtonType{
		v1alpha1.ButtonTypeQuickReply, v1alpha1.ButtonTypeURL, v1alpha1.ButtonTypePhoneNumber, v1alpha1.ButtonTypeCopyCode,
		v1alpha1.ButtonTypeFlow, v1alpha1.ButtonTypeVoiceCall, v1alpha1.ButtonTypeCatalog, v1alpha1.ButtonTypeMPM,
		v1alpha1.ButtonTypeSPM, v1alpha1.ButtonTypeOrderDetails, v1alpha1.ButtonTypeRequestContactInfo,
	} {
		got, problems := Content(minimal(withButton(v1alpha1.TemplateButton{Type: "QUICK_REPLY", Text: "Yes"}), withButton(v1alpha1.TemplateButton{Type: kind, Text: "Go"})))
		if len(problems) != 0 || got.Components[1].Buttons[1].Type != string(kind) {
			t.Errorf("%s: %v", kind, problems)
		}
	}
}

func TestAllBreachesAtOnce(t *testing.T) {
	breaches := Creatable(minimal(
		func(s *v1alpha1.MessageTemplateSpec) { s.Header = &v1alpha1.TemplateHeader{Format: "VIDEO"} },
		func(s *v1alpha1.MessageTemplateSpec) {
			s.Carousel = &v1alpha1.TemplateCarousel{Cards: []v1alpha1.CarouselCard{{Header: v1alpha1.CardHeader{Format: "IMAGE"}}}}
		},
	))
	paths := make([]string, 0, len(breaches))
	for _, b := range breaches {
		paths = append(paths, b.Path)
	}
	if want := []string{"spec.header.media", "spec.carousel.cards[0].header.media", "spec.carousel", "spec.carousel"}; !slices.Equal(paths, want) {
		t.Errorf("got %q, want %q", paths, want)
	}
}
