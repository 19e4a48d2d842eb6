// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// fullTemplate is a template with one of each comparable part.
func fullTemplate(change ...func(*graph.Template)) *graph.Template {
	t := &graph.Template{
		Category: "UTILITY", ParameterFormat: "NAMED", MessageSendTTLSeconds: ptr.To[int64](600),
		MaxPrice: &graph.MaxPrice{AmountPer1000: 5000, Strategy: graph.StrategyBidCap},
		Components: []graph.Component{
			{Type: "HEADER", Format: "TEXT", Text: "Order {{id}}"},
			{Type: "BODY", Text: "Hi {{name}}, it ships."},
			{Type: "FOOTER", Text: "Acme"},
			{Type: "BUTTONS", Buttons: []graph.Button{
				{Type: "URL", Text: "Track", URL: "https://example.com/{{1}}", Example: []string{"A-1"}},
				{Type: "PHONE_NUMBER", Text: "Call", PhoneNumber: "+49301234567"},
				{Type: "VOICE_CALL", Text: "Talk", TTLMinutes: ptr.To[int64](1440)},
				{Type: "COPY_CODE", Example: []string{"CAMP25"}},
				{Type: "REQUEST_CONTACT_INFO"},
			}},
		},
	}
	for _, f := range change {
		f(t)
	}
	return t
}

func button(i int, change func(*graph.Button)) func(*graph.Template) {
	return func(t *graph.Template) { change(&t.Components[3].Buttons[i]) }
}

func component(i int, change func(*graph.Component)) func(*graph.Template) {
	return func(t *graph.Template) { change(&t.Components[i]) }
}

func TestFields(t *testing.T) {
	want := Fields{
		"category": "UTILITY", "parameterFormat": "NAMED", "messageSendTTLSeconds": "600", "maxPrice.amountPer1000": "5000",
		"header.format": "TEXT", "header.text": "Order {{id}}", "body.text": "Hi {{name}}, it ships.", "footer.text": "Acme",
		"buttons[0].type": "URL", "buttons[0].text": "Track", "buttons[0].url": "https://example.com/{{1}}",
		"buttons[1].type": "PHONE_NUMBER", "buttons[1].text": "Call", "buttons[1].phoneNumber": "49301234567",
		"buttons[2].type": "VOICE_CALL", "buttons[2].text": "Talk", "buttons[2].ttlMinutes": "1440",
		"buttons[3].type": "COPY_CODE", "buttons[4].type": "REQUEST_CONTACT_INFO",
	}
	if got := LiveFields(fullTemplate()); !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	live := fullTemplate()
	sent := graph.TemplateContent{
		Category: live.Category, ParameterFormat: live.ParameterFormat, MessageSendTTLSeconds: live.MessageSendTTLSeconds, MaxPrice: live.MaxPrice, Components: live.Components,
	}
	if got := WantedFields(sent); !maps.Equal(got, want) {
		t.Errorf("what is sent and what is read must have the same form: %v", got)
	}
}

// Normalisations by Meta of a template that no client edited
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components and its neighbours).
func TestDiffToleratesNormalisations(t *testing.T) {
	for name, c := range map[string]struct{ sent, got func(*graph.Template) }{
		"enumerations in upper case": {
			func(t *graph.Template) { t.Category, t.ParameterFormat = "utility", "named" }, func(*graph.Template) {},
		},
		"no parameter format means POSITIONAL": {
			func(t *graph.Template) { t.ParameterFormat = "" }, func(t *graph.Template) { t.ParameterFormat = "POSITIONAL" },
		},
		"another category": {func(*graph.Template) {}, func(t *graph.Template) {
			t.Category = "MARKETING"
			t.MessageSendTTLSeconds = nil // which clears the time to live
		}},
		"a max price that was not requested":    {func(t *graph.Template) { t.MaxPrice = nil }, func(*graph.Template) {}},
		"a max price that isn't shown":          {func(*graph.Template) {}, func(t *graph.Template) { t.MaxPrice, t.MaxPriceUnread = nil, true }},
		"a time to live that was not requested": {func(t *graph.Template) { t.MessageSendTTLSeconds = nil }, func(*graph.Template) {}},
		"a media sample as another URL each time": {
			component(0, func(c *graph.Component) {
				*c = graph.Component{Type: "HEADER", Format: "IMAGE", Example: &graph.Example{HeaderHandle: []string{"4::aW1n"}}}
			}),
			component(0, func(c *graph.Component) {
				*c = graph.Component{Type: "HEADER", Format: "IMAGE", Example: &graph.Example{HeaderHandle: []string{"https://scontent.whatsapp.net/1"}}}
			}),
		},
		"examples": {func(*graph.Template) {}, func(t *graph.Template) {
			t.Components[1].Example = &graph.Example{BodyTextNamed: []graph.NamedExample{{ParamName: "name", Example: "Bo"}}}
			t.Components[3].Buttons[0].Example = []string{"https://example.com/A-1"}
			t.Components[3].Buttons[3].Example = nil
		}},
		"a phone number's punctuation":                {button(1, func(b *graph.Button) { b.PhoneNumber = "+49 (30) 123-45 67" }), func(*graph.Template) {}},
		"a zero after a country code of two digits":   {button(1, func(b *graph.Button) { b.PhoneNumber = "+49 030 1234567" }), func(*graph.Template) {}},
		"a zero after a country code of one digit":    {button(1, func(b *graph.Button) { b.PhoneNumber = "+70951234567" }), button(1, func(b *graph.Button) { b.PhoneNumber = "+7951234567" })},
		"a zero after a country code of three digits": {button(1, func(b *graph.Button) { b.PhoneNumber = "+3530861234567" }), button(1, func(b *graph.Button) { b.PhoneNumber = "+353861234567" })},
		"labels that Meta writes": {func(*graph.Template) {}, func(t *graph.Template) {
			t.Components[3].Buttons[3].Text, t.Components[3].Buttons[4].Text = "Copy offer code", "Share Contact Info"
		}},
		"line breaks at the end": {component(1, func(c *graph.Component) { c.Text += "\n\n" }), func(*graph.Template) {}},
		"line breaks of Windows": {
			component(1, func(c *graph.Component) { c.Text = "A\r\nB" }), component(1, func(c *graph.Component) { c.Text = "A\nB" }),
		},
		"another order of components": {func(*graph.Template) {}, func(t *graph.Template) { slices.Reverse(t.Components) }},
	} {
		if got := Diff(LiveFields(fullTemplate(c.sent)), LiveFields(fullTemplate(c.got))); len(got) > 0 {
			t.Errorf("%s: differs in %q", name, got)
		}
	}
}

func TestDiffNamesTheField(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*graph.Template)
		want   []string
	}{
		"format":       {func(t *graph.Template) { t.ParameterFormat = "" }, []string{"parameterFormat"}},
		"time to live": {func(t *graph.Template) { t.MessageSendTTLSeconds = ptr.To[int64](900) }, []string{"messageSendTTLSeconds"}},
		"max price": {func(t *graph.Template) {
			t.MaxPrice = &graph.MaxPrice{AmountPer1000: 4000, Strategy: graph.StrategyBidCap}
		}, []string{FieldMaxPrice}},
		"no max price":    {func(t *graph.Template) { t.MaxPrice = nil }, []string{FieldMaxPrice}},
		"strategy":        {func(t *graph.Template) { t.MaxPrice = &graph.MaxPrice{AmountPer1000: 5000, Strategy: "COST_CAP"} }, []string{FieldMaxPrice}},
		"TTL cleared":     {func(t *graph.Template) { t.MessageSendTTLSeconds = nil }, []string{"messageSendTTLSeconds"}},
		"header text":     {component(0, func(c *graph.Component) { c.Text += "!" }), []string{"header.text"}},
		"header format":   {component(0, func(c *graph.Component) { c.Format, c.Text = "LOCATION", "" }), []string{"header.format", "header.text"}},
		"body":            {component(1, func(c *graph.Component) { c.Text += "!" }), []string{"body.text"}},
		"capital letter":  {component(1, func(c *graph.Component) { c.Text = "HI {{name}}, it ships." }), []string{"body.text"}},
		"blank inside":    {component(1, func(c *graph.Component) { c.Text = "Hi {{name}},  it ships." }), []string{"body.text"}},
		"footer":          {component(2, func(c *graph.Component) { c.Text = "Other" }), []string{"footer.text"}},
		"no footer":       {func(t *graph.Template) { t.Components = slices.Delete(t.Components, 2, 3) }, []string{"footer.text"}},
		"a carousel":      {func(t *graph.Template) { t.Components = append(t.Components, graph.Component{Type: "CAROUSEL"}) }, []string{"carousel"}},
		"label":           {button(0, func(b *graph.Button) { b.Text = "Follow" }), []string{"buttons[0].text"}},
		"address":         {button(0, func(b *graph.Button) { b.URL = "https://example.org/{{1}}" }), []string{"buttons[0].url"}},
		"number":          {button(1, func(b *graph.Button) { b.PhoneNumber = "+49301234568" }), []string{"buttons[1].phoneNumber"}},
		"a digit less":    {button(1, func(b *graph.Button) { b.PhoneNumber = "+4930123456" }), []string{"buttons[1].phoneNumber"}},
		"minutes":         {button(2, func(b *graph.Button) { b.TTLMinutes = ptr.To[int64](2880) }), []string{"buttons[2].ttlMinutes"}},
		"no minutes":      {button(2, func(b *graph.Button) { b.TTLMinutes = nil }), []string{"buttons[2].ttlMinutes"}},
		"type":            {button(4, func(b *graph.Button) { b.Type = "CATALOG" }), []string{"buttons[4].type"}},
		"one button less": {func(t *graph.Template) { t.Components[3].Buttons = t.Components[3].Buttons[:4] }, []string{"buttons[4].type"}},
		"one button more": {func(t *graph.Template) {
			t.Components[3].Buttons = append(t.Components[3].Buttons, graph.Button{Type: "QUICK_REPLY", Text: "Yes"})
		}, []string{"buttons[5].text", "buttons[5].type"}},
		"order of buttons": {func(t *graph.Template) {
			b := t.Components[3].Buttons
			b[3], b[4] = b[4], b[3]
		}, []string{"buttons[3].type", "buttons[4].type"}},
	} {
		if got := Diff(LiveFields(fullTemplate()), LiveFields(fullTemplate(c.change))); !slices.Equal(got, c.want) {
			t.Errorf("%s: differs in %q, want %q", name, got, c.want)
		}
	}
}

func TestHash(t *testing.T) {
	base := LiveFields(fullTemplate()).Hash()
	if len(base) != 32 {
		t.Errorf("got %q", base)
	}
	if got := LiveFields(fullTemplate(func(t *graph.Template) { t.Category = "MARKETING" })).Hash(); got != base {
		t.Error("the category is no content")
	}
	if got := LiveFields(fullTemplate(func(t *graph.Template) { slices.Reverse(t.Components) })).Hash(); got != base {
		t.Error("the order of components is no content")
	}
	hashes := map[string]string{base: "unchanged"}
	for name, f := range map[string]Fields{
		"empty": {}, "one": {"a": "b"}, "other value": {"a": "c"}, "other name": {"b": "b"}, "two": {"a": "b", "c": "d"},
		"a value like two fields": {"a": "b\"\n\"c\":\"d"}, "moved boundary": {"a": "", "ab": ""}, "changed text": LiveFields(fullTemplate(component(1, func(c *graph.Component) { c.Text += "!" }))),
	} {
		h := f.Hash()
		if other, taken := hashes[h]; taken {
			t.Errorf("%s has the hash of %s", name, other)
		}
		hashes[h] = name
	}
}

func TestChanged(t *testing.T) {
	recorded := LiveFields(fullTemplate()).Hashes()
	for name, c := range map[string]struct {
		change func(*graph.Template)
		want   []string
	}{
		"nothing":  {func(*graph.Template) {}, nil},
		"category": {func(t *graph.Template) { t.Category = "MARKETING" }, nil},
		"changed":  {component(1, func(c *graph.Component) { c.Text += "!" }), []string{"body.text"}},
		"removed":  {func(t *graph.Template) { t.Components = slices.Delete(t.Components, 2, 3) }, []string{"footer.text"}},
		"added":    {func(t *graph.Template) { t.Components = append(t.Components, graph.Component{Type: "CAROUSEL"}) }, []string{"carousel"}},
		"two": {func(t *graph.Template) {
			t.ParameterFormat, t.MessageSendTTLSeconds = "", nil
		}, []string{"messageSendTTLSeconds", "parameterFormat"}},
	} {
		if got := Changed(recorded, LiveFields(fullTemplate(c.change))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for name, text := range LiveFields(fullTemplate()) {
		if recorded[name] == "" || recorded[name] == text {
			t.Errorf("%s: %q must be a hash", name, recorded[name])
		}
	}
}

func TestSameCategory(t *testing.T) {
	recorded := LiveFields(fullTemplate()).Hashes()
	for category, want := range map[string]bool{"UTILITY": true, "utility": true, "MARKETING": false, "": false} {
		if SameCategory(recorded, category) != want {
			t.Errorf("%q: %t", category, !want)
		}
	}
	if SameCategory(nil, "UTILITY") {
		t.Error("nothing recorded")
	}
}

// bareAuthentication is an authentication template as Meta shows some: what its flags made of it, without the flags.
func bareAuthentication(t *graph.Template) {
	t.Category = "AUTHENTICATION"
	t.Components = []graph.Component{
		{Type: "BODY", Text: "*{{1}}* is your verification code. For your security, do not share this code.", Example: &graph.Example{BodyText: [][]string{{"123456"}}}},
		{Type: "FOOTER", Text: "This code expires in 10 minutes."},
		{Type: "BUTTONS", Buttons: []graph.Button{{
			Type: "URL", Text: "Copy code", URL: "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code_expiration_minutes=10&code=otp{{1}}",
		}}},
	}
}

// TestFlagsThatMetaDoesNotShow: what an answer lacks is unknown, not off, and a change of the spec is found all the same.
func TestFlagsThatMetaDoesNotShow(t *testing.T) {
	spec := func(security bool, minutes int32) *v1alpha1.MessageTemplateSpec {
		s := minimal()
		s.Category, s.Body = "AUTHENTICATION", nil
		s.Authentication = &v1alpha1.TemplateAuthentication{OTP: v1alpha1.OTPButton{Type: "COPY_CODE"}}
		if security {
			s.Authentication.AddSecurityRecommendation = ptr.To(true)
		}
		if minutes > 0 {
			s.Authentication.CodeExpirationMinutes = &minutes
		}
		return s
	}
	wanted := func(security bool, minutes int32) Fields {
		content, problems := Content(spec(security, minutes))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return WantedFields(content)
	}
	live := &graph.Template{ParameterFormat: "POSITIONAL"}
	bareAuthentication(live)
	noAddress := &graph.Template{ParameterFormat: "POSITIONAL"}
	bareAuthentication(noAddress)
	noAddress.Components[2].Buttons[0].URL = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"
	shown := &graph.Template{ParameterFormat: "POSITIONAL"}
	bareAuthentication(shown)
	shown.Components[0].AddSecurityRecommendation = ptr.To(false)
	for name, c := range map[string]struct {
		live    *graph.Template
		want    Fields
		diff    string
		unknown string
	}{
		"with the recommendation":    {live, wanted(true, 10), "", "authentication.addSecurityRecommendation"},
		"without the recommendation": {live, wanted(false, 10), "", "authentication.addSecurityRecommendation"},
		"another expiration":         {live, wanted(true, 5), "authentication.codeExpirationMinutes", "authentication.addSecurityRecommendation"},
		"no expiration":              {live, wanted(true, 0), "authentication.codeExpirationMinutes", "authentication.addSecurityRecommendation"},
		"an unknown expiration":      {noAddress, wanted(true, 5), "", "authentication.addSecurityRecommendation authentication.codeExpirationMinutes"},
		"a flag that is shown":       {shown, wanted(true, 10), "authentication.addSecurityRecommendation", ""},
	} {
		if got := strings.Join(Diff(c.want, LiveFields(c.live)), " "); got != c.diff {
			t.Errorf("%s: differs in %q, want %q", name, got, c.diff)
		}
		if got := strings.Join(Unknown(c.live), " "); got != c.unknown {
			t.Errorf("%s: unknown are %q, want %q", name, got, c.unknown)
		}
	}
	// What isn't shown is compared with what was sent last.
	sent := wanted(true, 10).WriteOnly()
	for name, c := range map[string]struct {
		want Fields
		diff string
	}{
		"the same":              {wanted(true, 10), ""},
		"no recommendation":     {wanted(false, 10), "authentication.addSecurityRecommendation"},
		"no expiration":         {wanted(true, 0), "authentication.codeExpirationMinutes"},
		"something else of all": {wanted(false, 3), "authentication.addSecurityRecommendation authentication.codeExpirationMinutes"},
	} {
		if got := strings.Join(WriteOnlyChanged(sent, c.want), " "); got != c.diff {
			t.Errorf("%s: changed are %q, want %q", name, got, c.diff)
		}
	}
}
