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

// authentication compares flags only: the texts are Meta's, rendered in the template's language. Meta doesn't always show the flags with
// which a text was rendered; what an answer lacks is unknown, not off.
func (f Fields) authentication(components []graph.Component, live bool) {
	const path = "authentication."
	const security, expiration = path + "addSecurityRecommendation", path + "codeExpirationMinutes"
	flags := authenticationFlags(components)
	f[security] = "false"
	if live {
		f[security] = unknown
	}
	f.flag(security, flags.security)
	f.number(expiration, flags.expiration)
	if live && flags.expiration == nil && flags.footer {
		f[expiration] = unknown
	}
	if !live {
		f.set(canonical.WriteOnly+security, f[security])
		f[canonical.WriteOnly+expiration] = f[expiration] // empty: none
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

// flagsOfAuthentication are the flags that make Meta's text what it is.
type flagsOfAuthentication struct {
	security   *bool
	expiration *int64
	// footer: there is a text about the expiration, whether or not its flag is known.
	footer bool
}

// authenticationFlags reads the flags from the components, and the expiration also from the address of the button.
func authenticationFlags(components []graph.Component) flagsOfAuthentication {
	var out flagsOfAuthentication
	for _, c := range components {
		switch c.Type {
		case componentBody:
			out.security = c.AddSecurityRecommendation
		case componentFooter:
			out.expiration, out.footer = c.CodeExpirationMinutes, true
		}
	}
	if b := otpButton(components); out.expiration == nil && b != nil {
		if n, err := strconv.ParseInt(otpQuery(b).Get("code_expiration_minutes"), 10, 32); err == nil {
			out.expiration = &n
		}
	}
	return out
}

// otpQuery is the query of the address that Meta made of a button, empty where there is none.
func otpQuery(b *graph.Button) url.Values {
	u, err := url.Parse(b.URL)
	if err != nil {
		return url.Values{}
	}
	return u.Query()
}

// otpType is in the button, or in the query of the URL that Meta made of it.
func otpType(b *graph.Button) string {
	if b.Type == buttonOTP || b.OTPType != "" {
		return strings.ToUpper(b.OTPType)
	}
	return strings.ToUpper(otpQuery(b).Get("otp_type"))
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
		f.set(canonical.WriteOnly+"library.buttonInputs["+strconv.Itoa(i)+"]", libraryInput(&b))
	}
}

// libraryInput is the canonical form of the input for a button.
func libraryInput(b *graph.LibraryButtonInput) string {
	parts := []string{b.Type, b.URL, b.PhoneNumber}
	if b.OTPType != "" {
		parts = append(parts, strings.ToUpper(b.OTPType))
		for _, app := range b.SupportedApps {
			parts = append(parts, app.PackageName, app.SignatureHash)
		}
	}
	return strings.Join(parts, " ")
}
