// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/internal/canonical"
	"github.com/waba-operator/waba-operator/internal/graph"
)

const (
	buttonOTP = "OTP"
	// otpPath is in the URL into which Meta turns the button of an authentication template
	// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates).
	otpPath = "/otp/code"
)

// isAuthentication recognises an authentication template, as it is sent and as it comes back.
func isAuthentication(components []graph.Component) bool {
	return otpButton(components) != nil
}

func otpButton(components []graph.Component) *graph.Button {
	for _, c := range components {
		if c.Type != componentButtons || len(c.Buttons) == 0 {
			continue
		}
		if b := &c.Buttons[0]; b.Type == buttonOTP || b.Type == "URL" && strings.Contains(b.URL, otpPath) {
			return b
		}
	}
	return nil
}

// authentication compares flags only: the texts are Meta's, rendered in the template's language.
func (f Fields) authentication(components []graph.Component) {
	const path = "authentication."
	f[path+"addSecurityRecommendation"] = "false"
	for _, c := range components {
		switch c.Type {
		case componentBody:
			f.flag(path+"addSecurityRecommendation", c.AddSecurityRecommendation)
		case componentFooter:
			f.number(path+"codeExpirationMinutes", c.CodeExpirationMinutes)
		}
	}
	b := otpButton(components)
	f.set(path+"otp.type", otpType(b))
	f.set(path+"otp.text", b.Text)
	f.set(path+"otp.autofillText", b.AutofillText)
	apps := make([]string, 0, len(b.SupportedApps))
	for _, a := range b.SupportedApps {
		apps = append(apps, a.PackageName+" "+a.SignatureHash)
	}
	slices.Sort(apps)
	f.set(path+"otp.supportedApps", strings.Join(apps, ","))
	// Fields that Meta doesn't show are compared with what was sent.
	if b.Type == buttonOTP {
		f.set(canonical.WriteOnly+path+"otp.supportedApps", strings.Join(apps, ","))
		f.set(canonical.WriteOnly+path+"otp.autofillText", b.AutofillText)
	}
}

// otpType is in the button, or in the query of the URL that Meta made of it.
func otpType(b *graph.Button) string {
	if b.Type == buttonOTP || b.OTPType != "" {
		return strings.ToUpper(b.OTPType)
	}
	u, err := url.Parse(b.URL)
	if err != nil {
		return ""
	}
	return strings.ToUpper(u.Query().Get("otp_type"))
}

// library stores the inputs, which are part of Meta's text afterwards and never shown as such.
func (f Fields) library(l *graph.LibraryInputs) {
	f.set(fieldLibrary, l.TemplateName)
	if b := l.BodyInputs; b != nil {
		for name, value := range map[string]*bool{
			"addContactNumber": b.AddContactNumber, "addLearnMoreLink": b.AddLearnMoreLink,
			"addSecurityRecommendation": b.AddSecurityRecommendation, "addTrackPackageLink": b.AddTrackPackageLink,
		} {
			f.flag(canonical.WriteOnly+"library.bodyInputs."+name, value)
		}
		f.number(canonical.WriteOnly+"library.bodyInputs.codeExpirationMinutes", b.CodeExpirationMinutes)
	}
	for i, b := range l.ButtonInputs {
		f.set(canonical.WriteOnly+"library.buttonInputs["+strconv.Itoa(i)+"]", strings.Join([]string{b.Type, b.URL, b.PhoneNumber}, " "))
	}
}
