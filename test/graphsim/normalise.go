// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const mediaPlaceholder = "sim-media:"

// upperCase raises what Meta answers in upper case, whatever was sent.
func upperCase(components []component) {
	for i := range components {
		c := &components[i]
		c.Type, c.Format = strings.ToUpper(c.Type), strings.ToUpper(c.Format)
		if c.Type == "HEADER" && c.Format == "" && c.Text != "" {
			c.Format = "TEXT"
		}
		for j := range c.Buttons {
			b := &c.Buttons[j]
			b.Type, b.OTPType, b.FlowAction = strings.ToUpper(b.Type), strings.ToUpper(b.OTPType), strings.ToUpper(b.FlowAction)
		}
		for j := range c.Cards {
			upperCase(c.Cards[j].Components)
		}
	}
}

var componentOrder = []string{"HEADER", "LIMITED_TIME_OFFER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "CALL_PERMISSION_REQUEST"}

// store turns valid components into what Meta keeps and answers with. Doing it twice changes nothing more.
func (s *Simulator) store(t *template, components []component) {
	upperCase(components)
	slices.SortStableFunc(components, func(a, b component) int {
		return slices.Index(componentOrder, a.Type) - slices.Index(componentOrder, b.Type)
	})
	if t.Category == "AUTHENTICATION" {
		renderAuthentication(t.Language, components)
	}
	s.storeParts(components)
	if len(components) > 0 && s.oddOne("surface", t.Name) {
		components[0].Surface = "AUTO"
	}
	t.components = components
	t.Components, _ = json.Marshal(components) // strings, numbers and lists only
}

func (s *Simulator) storeParts(components []component) {
	for i := range components {
		c := &components[i]
		c.Text = s.unknownText(c.Text)
		if c.Example != nil {
			for j, handle := range c.Example.HeaderHandle {
				if !strings.HasPrefix(handle, mediaPlaceholder) {
					c.Example.HeaderHandle[j] = fmt.Sprintf("%s%016x", mediaPlaceholder, toss(s.seed, handle))
				}
			}
		}
		for j := range c.Buttons {
			s.storeButton(&c.Buttons[j])
		}
		for j := range c.Cards {
			s.storeParts(c.Cards[j].Components)
		}
	}
}

func (s *Simulator) storeButton(b *button) {
	switch b.Type {
	case "PHONE_NUMBER":
		b.PhoneNumber, _ = normalPhone(b.PhoneNumber)
	case "URL":
		for i, v := range b.Example.values {
			if !strings.Contains(v, "://") {
				b.Example.values[i] = strings.Replace(b.URL, "{{1}}", v, 1)
			}
		}
		b.Example.single = false
	case "FLOW":
		if b.FlowID == "" && b.FlowName+b.FlowJSON != "" {
			b.FlowID = identifier(fmt.Sprint(100_000_000_000_000 + toss(s.seed, b.FlowName, b.FlowJSON)%899_000_000_000_000))
		}
		b.FlowName, b.FlowJSON = "", ""
		if b.FlowAction == "" {
			b.FlowAction = "NAVIGATE"
		}
	case "CATALOG":
		b.Text = "View catalog"
	case "COPY_CODE":
		b.Text, b.Example.single = "Copy offer code", true
	case "REQUEST_CONTACT_INFO":
		b.Text = "Share Contact Info"
	}
}

// authTexts are preset by Meta in every language; here in a few.
var authTexts = map[string]struct{ code, security, expiry, copy string }{
	"en": {"*{{1}}* is your verification code.", " For your security, do not share this code.", "This code expires in %d minutes.", "Copy code"},
	"de": {"Dein Bestätigungscode lautet *{{1}}*.", " Teile diesen Code zu deiner Sicherheit nicht.", "Dieser Code läuft in %d Minuten ab.", "Code kopieren"},
	"es": {"Tu código de verificación es *{{1}}*.", " Por tu seguridad, no lo compartas.", "Este código caduca en %d minutos.", "Copiar código"},
	"fr": {"Votre code de vérification est *{{1}}*.", " Pour votre sécurité, ne le partagez pas.", "Ce code expire dans %d minutes.", "Copier le code"},
	"pt": {"Seu código de verificação é *{{1}}*.", " Para sua segurança, não o compartilhe.", "Este código expira em %d minutos.", "Copiar código"},
}

// renderAuthentication fills in Meta's preset texts and turns the OTP button into a URL button.
// What was stored before keeps its text, as templates with texts of their own do that are older than Meta's.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates.
func renderAuthentication(language string, components []component) {
	short, _, _ := strings.Cut(language, "_")
	texts, ok := authTexts[short]
	if !ok {
		texts = authTexts["en"]
	}
	var expiry *int64
	if footer := find(components, "FOOTER"); footer != nil && footer.CodeExpirationMinutes != nil {
		expiry = footer.CodeExpirationMinutes
		footer.Text = fmt.Sprintf(texts.expiry, *expiry)
	}
	if body := find(components, "BODY"); body != nil && body.Text == "" {
		body.Text = texts.code
		if body.AddSecurityRecommendation != nil && *body.AddSecurityRecommendation {
			body.Text += texts.security
		}
		body.Example = &example{BodyText: wordLists{{"123456"}}}
	}
	buttons := find(components, "BUTTONS")
	if buttons == nil {
		return
	}
	for i, b := range buttons.Buttons {
		if b.Type == "OTP" {
			buttons.Buttons[i] = otpAsURL(b, expiry, texts.copy)
		}
	}
}

func otpAsURL(b button, expiry *int64, label string) button {
	if b.Text != "" {
		label = b.Text
	}
	target := "https://www.whatsapp.com/otp/code/?otp_type=" + b.OTPType
	if b.AutofillText != "" {
		target += "&cta_display_name=" + url.QueryEscape(b.AutofillText)
	}
	for _, app := range b.SupportedApps {
		target += "&package_name=" + url.QueryEscape(app.PackageName) + "&signature_hash=" + url.QueryEscape(app.SignatureHash)
	}
	if expiry != nil {
		target += fmt.Sprintf("&code_expiration_minutes=%d", *expiry)
	}
	target += "&code=otp"
	return button{Type: "URL", Text: label, URL: target + "{{1}}", Example: buttonExample{values: words{target + "123456"}}}
}

var twoDigitCountries = strings.Fields(`20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62
	63 64 65 66 81 82 84 86 90 91 92 93 94 95 98`)

// normalPhone removes formatting and a zero behind the country code, and says whether the number is possible.
func normalPhone(text string) (string, bool) {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case strings.ContainsRune("+ -().", r):
			return -1
		}
		return 'x'
	}, text)
	if strings.Contains(digits, "x") || len(digits) < 7 || len(digits) > 15 || digits[0] == '0' || len(text) > 20 {
		return text, false
	}
	code := 3
	switch {
	case digits[0] == '1', digits[0] == '7':
		code = 1
	case slices.Contains(twoDigitCountries, digits[:2]):
		code = 2
	}
	return "+" + digits[:code] + strings.TrimPrefix(digits[code:], "0"), true
}

var placeholderPattern = regexp.MustCompile(mediaPlaceholder + "[0-9a-f]{16}")

// readBack renders stored components: media samples become CDN URLs that differ at every read.
func (s *Simulator) readBack(t *template, now time.Time) json.RawMessage {
	if !bytes.Contains(t.Components, []byte(mediaPlaceholder)) {
		return t.Components
	}
	s.reads++
	return placeholderPattern.ReplaceAllFunc(t.Components, func(m []byte) []byte {
		id := string(m[len(mediaPlaceholder):])
		return fmt.Appendf(nil, "https://scontent.whatsapp.net/v/t61.29466-34/%s_n.bin?oh=%016x&oe=%x", id, toss(s.seed, id, fmt.Sprint(s.reads)), now.Add(24*time.Hour).Unix())
	})
}

// freedomAnswer turns degrees_of_freedom_spec into the form of answers, where the features are a list.
func freedomAnswer(raw json.RawMessage) json.RawMessage {
	var in struct {
		Spec map[string]json.RawMessage `json:"creative_features_spec"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return nil
	}
	names := make([]string, 0, len(in.Spec))
	for name := range in.Spec {
		names = append(names, name)
	}
	slices.Sort(names)
	list := []map[string]any{}
	for _, name := range names {
		list = append(list, map[string]any{"key": strings.ToUpper(name), "value": in.Spec[name]})
	}
	out, err := json.Marshal(map[string]any{"creative_features_spec": list})
	if err != nil {
		return nil
	}
	return out
}
