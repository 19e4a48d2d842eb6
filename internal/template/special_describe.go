// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"fmt"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// ownLabels are the labels that Meta gives to the button of an authentication template, as far as it documents them. A label that
// isn't among them is written down: it may be a user's own
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates/template-preview).
var ownLabels = map[string]bool{"Copy code": true, "Copiar código": true, "Autofill": true, "Autocompletar": true}

// authentication reads the flags that make Meta's text what it is, and the button that comes back as an address
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates).
func (d *describer) authentication(live *graph.Template) *v1alpha1.TemplateAuthentication {
	a := &v1alpha1.TemplateAuthentication{}
	seen := map[string]bool{}
	for i := range live.Components {
		c := &live.Components[i]
		path := fmt.Sprintf("components[%d]", i)
		if !d.once(seen, path, c.Type) {
			continue
		}
		switch c.Type {
		case componentBody:
			a.AddSecurityRecommendation = onlyTrue(c.AddSecurityRecommendation)
		case componentFooter:
			a.CodeExpirationMinutes = d.narrow(path+".code_expiration_minutes", authenticationFlags(live.Components).expiration)
		case componentButtons:
			if len(c.Buttons) > 1 {
				d.problem(path+".buttons[1]", "an authentication template has one button")
			}
		default:
			d.problem(path, "a component of type %q can't be described beside a one-time passcode", c.Type)
		}
	}
	a.OTP = describeOTP(otpButton(live.Components))
	return a
}

func describeOTP(b *graph.Button) v1alpha1.OTPButton {
	query := otpQuery(b)
	out := v1alpha1.OTPButton{Type: v1alpha1.OTPType(otpType(b)), Text: ownText(b.Text)}
	if out.Type == v1alpha1.OTPTypeCopyCode {
		return out
	}
	for _, app := range b.SupportedApps {
		out.SupportedApps = append(out.SupportedApps, v1alpha1.SupportedApp{PackageName: app.PackageName, SignatureHash: app.SignatureHash})
	}
	packages, hashes := query["package_name"], query["signature_hash"]
	if len(out.SupportedApps) == 0 && len(packages) == len(hashes) {
		for i, name := range packages {
			// A hash has no blank; one in a query is a plus sign that wasn't encoded.
			out.SupportedApps = append(out.SupportedApps, v1alpha1.SupportedApp{
				PackageName: name, SignatureHash: strings.ReplaceAll(hashes[i], " ", "+"),
			})
		}
	}
	if out.AutofillText = ownText(b.AutofillText); b.AutofillText == "" {
		out.AutofillText = ownText(query.Get("cta_display_name"))
	}
	if out.Type == v1alpha1.OTPTypeZeroTap {
		out.ZeroTapTermsAccepted = ptr.To(true) // Meta makes no such template without
	}
	return out
}

func ownText(label string) string {
	if ownLabels[label] {
		return ""
	}
	return text(label)
}

// describeLibrary names the library's template. The inputs for its buttons can be read off them; those for its body can't.
func describeLibrary(live *graph.Template) *v1alpha1.TemplateLibrary {
	out := &v1alpha1.TemplateLibrary{TemplateName: live.LibraryTemplateName}
	needed := false
	for i := range live.Components {
		if live.Components[i].Type != componentButtons {
			continue
		}
		for j := range live.Components[i].Buttons {
			b := &live.Components[i].Buttons[j]
			needed = needed || b.URL != "" || b.PhoneNumber != ""
			if b == otpButton(live.Components) {
				otp := describeOTP(b)
				out.ButtonInputs = append(out.ButtonInputs, v1alpha1.LibraryButtonInput{
					Type: v1alpha1.ButtonTypeOTP, OTPType: otp.Type, ZeroTapTermsAccepted: otp.ZeroTapTermsAccepted, SupportedApps: otp.SupportedApps,
				})
				continue
			}
			out.ButtonInputs = append(out.ButtonInputs, v1alpha1.LibraryButtonInput{
				Type: v1alpha1.ButtonType(b.Type), URL: b.URL, Example: buttonExample(b), PhoneNumber: describePhone(b.PhoneNumber),
			})
		}
	}
	if !needed {
		out.ButtonInputs = nil
	}
	return out
}

func (d *describer) carousel(path string, cards []graph.Card) *v1alpha1.TemplateCarousel {
	out := &v1alpha1.TemplateCarousel{}
	for i := range cards {
		out.Cards = append(out.Cards, d.card(fmt.Sprintf("%s.cards[%d]", path, i), cards[i].Components))
	}
	return out
}

func (d *describer) card(path string, components []graph.Component) v1alpha1.CarouselCard {
	var card v1alpha1.CarouselCard
	seen := map[string]bool{}
	for i := range components {
		c := &components[i]
		at := fmt.Sprintf("%s.components[%d]", path, i)
		if !d.once(seen, at, c.Type) {
			continue
		}
		switch c.Type {
		case componentHeader:
			card.Header.Format = v1alpha1.HeaderFormat(c.Format)
			if c.Text != "" {
				d.problem(at, "the header of a card can't have a text")
			}
		case componentBody:
			card.Body = &v1alpha1.CardBody{Text: text(c.Text), Examples: describeExamples(c, maxCardExamples)}
		case componentButtons:
			for j := range c.Buttons {
				card.Buttons = append(card.Buttons, describeCardButton(&c.Buttons[j]))
			}
		default:
			d.problem(at, "a component of type %q can't be described in a card", c.Type)
		}
	}
	return card
}

func describeCardButton(b *graph.Button) v1alpha1.CardButton {
	return v1alpha1.CardButton{
		Type: v1alpha1.ButtonType(b.Type), Text: text(b.Text), URL: b.URL, Example: buttonExample(b),
		PhoneNumber: describePhone(b.PhoneNumber),
	}
}
