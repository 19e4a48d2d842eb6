// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

func TestWarnings(t *testing.T) {
	body := func(text string) func(*v1alpha1.MessageTemplateSpec) {
		return func(s *v1alpha1.MessageTemplateSpec) { s.Body.Text = text }
	}
	for _, c := range []struct {
		name   string
		change func(*v1alpha1.MessageTemplateSpec)
		path   string // empty: no warning
		text   string
	}{
		{"nothing to say", func(*v1alpha1.MessageTemplateSpec) {}, "", ""},
		{"language", func(s *v1alpha1.MessageTemplateSpec) { s.Language = "tlh" }, "spec.language", "tlh"},
		{"subcategory", func(s *v1alpha1.MessageTemplateSpec) { s.SubCategory = "FORM" }, "spec.subCategory", "FORM"},
		{"price of one message", func(s *v1alpha1.MessageTemplateSpec) {
			s.MaxPrice = &v1alpha1.TemplateMaxPrice{AmountPer1000: 99}
		}, "spec.maxPrice.amountPer1000", "99 is less than a tenth"},
		{"price of 1,000 messages", func(s *v1alpha1.MessageTemplateSpec) {
			s.MaxPrice = &v1alpha1.TemplateMaxPrice{AmountPer1000: 100}
		}, "", ""},
		{"new subcategory", func(s *v1alpha1.MessageTemplateSpec) { s.SubCategory = "FRAUD_ALERT" }, "", ""},
		{"variable and full stop", body("Hello my dear friend, we will call you on {{1}}."), "spec.body.text", "punctuation"},
		{"variable in the middle", body("Hello {{1}}, we will call you soon."), "", ""},
		{"variables side by side", body("Hello to you {{1}} {{2}}, this is your shop writing to you."), "spec.body.text", "only a blank"},
		{"few words", body("Hi {{1}} and {{2}} ok"), "spec.body.text", "2 variables for 3 other words"},
		{"just enough words", body("Hi {{1}} and {{2}} see you soon"), "", ""},
		{"one variable twice counts once", body("Hi {{1}} yes {{1}} fine"), "", ""},
		{"ten emoji", body("Party " + strings.Repeat("🎉", 10) + " tonight"), "", ""},
		{"eleven emoji", body("Party " + strings.Repeat("🎉", 11) + " tonight"), "spec.body.text", "there are 11"},
		{"a family is one emoji", body("For the " + strings.Repeat("👨‍👩‍👧", 10) + " of us"), "", ""},
		{"skin tones aren't counted", body("Hi " + strings.Repeat("👍🏽", 10) + " there"), "", ""},
		{"emoji in header", func(s *v1alpha1.MessageTemplateSpec) {
			s.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "Hi 🎉"}
		}, "spec.header.text", "emoji"},
		{"emoji in footer", func(s *v1alpha1.MessageTemplateSpec) { s.Footer = &v1alpha1.TemplateFooter{Text: "Bye ☀"} }, "spec.footer.text", "emoji"},
		{"emoji in label", withButton(v1alpha1.TemplateButton{Type: "QUICK_REPLY", Text: "Yes ✅"}), "spec.buttons[0].text", "emoji"},
		{"line break in header", func(s *v1alpha1.MessageTemplateSpec) {
			s.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "Hi\nyou"}
		}, "spec.header.text", "line breaks in headers"},
		{"bold header", func(s *v1alpha1.MessageTemplateSpec) {
			s.Header = &v1alpha1.TemplateHeader{Format: "TEXT", Text: "Hi *you*"}
		}, "spec.header.text", "no formatting"},
		{"line break in footer", func(s *v1alpha1.MessageTemplateSpec) {
			s.Footer = &v1alpha1.TemplateFooter{Text: "Acme Store\nMain Street 1"}
		}, "spec.footer.text", "line breaks in footers"},
		{"a block of footer", func(s *v1alpha1.MessageTemplateSpec) { s.Footer = &v1alpha1.TemplateFooter{Text: "Acme Store\n"} }, "", ""},
		{"bold label", withButton(v1alpha1.TemplateButton{Type: "QUICK_REPLY", Text: "*Accept*"}), "spec.buttons[0].text", "no formatting"},
		{"italic label", withButton(v1alpha1.TemplateButton{Type: "QUICK_REPLY", Text: "_Decline_"}), "spec.buttons[0].text", "no formatting"},
		{"a name with underscores", withButton(v1alpha1.TemplateButton{Type: "QUICK_REPLY", Text: "Use my_code_1"}), "", ""},
		{"label on a card", withCard(func(c *v1alpha1.CarouselCard) { c.Buttons[0].Text = "*Buy* now" }), "spec.carousel.cards[0].buttons[0].text", "no formatting"},
		{"emoji on a card", withCard(func(c *v1alpha1.CarouselCard) { c.Buttons[0].Text = "Buy 🎉" }), "spec.carousel.cards[0].buttons[0].text", "no emoji"},
		{"body of a card", withCard(func(c *v1alpha1.CarouselCard) {
			c.Body = &v1alpha1.CardBody{Text: "An aloe for {{1}} {{2}} in a very dry room."}
		}),
			"spec.carousel.cards[0].body.text", "only a blank"},
		{"variables out of order", body("Hi {{1}}, a short reminder: the run {{3}} of {{2}} waits for you since {{4}} days already, have a look at it."), "spec.body.text", "order of their numbers"},
		{"variables in order, one twice", body("Hi {{1}}, a short reminder: the run {{2}} of {{1}} waits for you since some days."), "", ""},
		{"own label of a code button", func(s *v1alpha1.MessageTemplateSpec) {
			s.Body = nil
			s.Authentication = &v1alpha1.TemplateAuthentication{OTP: v1alpha1.OTPButton{Type: "COPY_CODE", Text: "Copy OTP"}}
		}, "spec.authentication.otp.text", "leave it out"},
	} {
		got := Warnings(minimal(c.change))
		switch {
		case c.path == "" && len(got) > 0:
			t.Errorf("%s: %v", c.name, got)
		case c.path != "" && (len(got) != 1 || got[0].Path != c.path || !strings.Contains(got[0].Message, c.text)):
			t.Errorf("%s: got %v, want %s with %q", c.name, got, c.path, c.text)
		}
	}
}

// withCard adds a carousel of one card with one button.
func withCard(change func(*v1alpha1.CarouselCard)) func(*v1alpha1.MessageTemplateSpec) {
	return func(s *v1alpha1.MessageTemplateSpec) {
		card := v1alpha1.CarouselCard{Buttons: []v1alpha1.CardButton{{Type: "QUICK_REPLY", Text: "More"}}}
		change(&card)
		s.Carousel = &v1alpha1.TemplateCarousel{Cards: []v1alpha1.CarouselCard{card}}
	}
}

func TestWarningsOfManyButtons(t *testing.T) {
	reply := withButton(v1alpha1.TemplateButton{Type: "QUICK_REPLY", Text: "Yes"})
	if got := Warnings(minimal(reply, reply, reply)); len(got) > 0 {
		t.Errorf("three buttons: %v", got)
	}
	if got := Warnings(minimal(reply, reply, reply, reply)); len(got) != 1 || got[0].Path != "spec.buttons" {
		t.Errorf("four buttons: %v", got)
	}
}

// FuzzWarnings: no text may break the checks.
func FuzzWarnings(f *testing.F) {
	for _, seed := range []string{"", "{{1}}", "{{", "🎉\u200d", "a {{x}} {{y}}.", "\u200d\u200d👍🏽", strings.Repeat("{{1}} ", 50)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range Warnings(minimal(func(spec *v1alpha1.MessageTemplateSpec) { spec.Body.Text, spec.Language = s, s })) {
			if w.Path == "" || w.Message == "" {
				t.Errorf("empty warning for %q", s)
			}
		}
	})
}
