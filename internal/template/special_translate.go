// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// authentication has texts preset by Meta; only flags and one button can be chosen
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates).
func authentication(a *v1alpha1.TemplateAuthentication) []graph.Component {
	cs := []graph.Component{{Type: componentBody, AddSecurityRecommendation: a.AddSecurityRecommendation}}
	if a.CodeExpirationMinutes != nil {
		cs = append(cs, graph.Component{Type: componentFooter, CodeExpirationMinutes: widen(a.CodeExpirationMinutes)})
	}
	otp := graph.Button{
		Type: buttonOTP, OTPType: string(a.OTP.Type), Text: a.OTP.Text, AutofillText: a.OTP.AutofillText,
		ZeroTapTermsAccepted: a.OTP.ZeroTapTermsAccepted, SupportedApps: supportedApps(a.OTP.SupportedApps),
	}
	return append(cs, graph.Component{Type: componentButtons, Buttons: []graph.Button{otp}})
}

func supportedApps(apps []v1alpha1.SupportedApp) []graph.SupportedApp {
	var out []graph.SupportedApp
	for _, a := range apps {
		out = append(out, graph.SupportedApp{PackageName: a.PackageName, SignatureHash: a.SignatureHash})
	}
	return out
}

// library names a template that Meta has written and approved beforehand
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-library).
func library(l *v1alpha1.TemplateLibrary) *graph.LibraryInputs {
	if l == nil {
		return nil
	}
	out := &graph.LibraryInputs{TemplateName: l.TemplateName}
	if b := l.BodyInputs; b != nil {
		out.BodyInputs = &graph.LibraryBodyInputs{
			AddContactNumber: b.AddContactNumber, AddLearnMoreLink: b.AddLearnMoreLink,
			AddSecurityRecommendation: b.AddSecurityRecommendation, AddTrackPackageLink: b.AddTrackPackageLink,
			CodeExpirationMinutes: widen(b.CodeExpirationMinutes),
		}
	}
	for _, b := range l.ButtonInputs {
		out.ButtonInputs = append(out.ButtonInputs, graph.LibraryButtonInput{
			Type: string(b.Type), URL: b.URL, URLExample: b.Example, PhoneNumber: b.PhoneNumber,
			OTPType: string(b.OTPType), ZeroTapTermsAccepted: b.ZeroTapTermsAccepted, SupportedApps: supportedApps(b.SupportedApps),
		})
	}
	return out
}

func limitedTimeOffer(o *v1alpha1.TemplateLimitedTimeOffer) graph.Component {
	offer := &graph.LimitedTimeOffer{Text: o.Text}
	if o.HasExpiration != nil {
		offer.HasExpiration = *o.HasExpiration
	}
	return graph.Component{Type: componentLimitedTimeOffer, LimitedTimeOffer: offer}
}

func (t translator) carousel(c *v1alpha1.TemplateCarousel) graph.Component {
	out := graph.Component{Type: componentCarousel}
	for i := range c.Cards {
		card := &c.Cards[i]
		components := []graph.Component{{Type: componentHeader, Format: string(card.Header.Format)}}
		if b := card.Body; b != nil {
			components = append(components, graph.Component{Type: componentBody, Text: text(b.Text), Example: t.bodyExample(b.Examples)})
		}
		if len(card.Buttons) > 0 {
			components = append(components, graph.Component{Type: componentButtons, Buttons: cardButtons(card.Buttons)})
		}
		out.Cards = append(out.Cards, graph.Card{Components: components})
	}
	return out
}

func cardButtons(buttons []v1alpha1.CardButton) []graph.Button {
	out := make([]graph.Button, 0, len(buttons))
	for _, b := range buttons {
		out = append(out, graph.Button{
			Type: string(b.Type), Text: b.Text, URL: b.URL, PhoneNumber: b.PhoneNumber, Example: exampleList(b.Example),
		})
	}
	return out
}
