// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const redacted = "[redacted]"

var (
	// urlPattern: URLs are dropped whole. Those in Meta's answers can carry a token, and none helps in a condition.
	urlPattern = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`)
	// parameterPattern catches credentials in query strings and JSON.
	parameterPattern = regexp.MustCompile(
		`(?i)\b(access_token|input_token|appsecret_proof|client_secret|fb_exchange_token|verify_token|sig)("?\s*[=:]\s*"?)[^\s&"']+`)
	// uploadPattern and handlePattern catch upload sessions, which carry a signature, and the handles of uploaded files.
	// Handles are no secret, but differ at each upload, and a condition must not.
	uploadPattern = regexp.MustCompile(`\bupload:[A-Za-z0-9+/=_%-]{8,}[^\s"'<>]*`)
	handlePattern = regexp.MustCompile(`\b[0-9]+::?[A-Za-z0-9+/=_-]+:AR[A-Za-z0-9_-]{8,}[^\s"'<>,]*`)
	// tokenPattern catches any access token by its form.
	tokenPattern = regexp.MustCompile(`\bEA[A-Za-z0-9]{16,}`)
)

// redactor removes credentials and URLs from texts that others wrote.
type redactor struct {
	secrets *strings.Replacer
	heads   []*regexp.Regexp
}

// Redactor returns a function that removes credentials and URLs from texts of others, such as Meta's: the given ones in every
// encoding and also shortened, and everything that looks like an access token. Empty credentials are ignored.
func Redactor(accessToken, appSecret string) func(string) string {
	accessToken, appSecret = strings.TrimSpace(accessToken), strings.TrimSpace(appSecret)
	secrets := []string{accessToken, appSecret}
	if accessToken != "" && appSecret != "" {
		secrets = append(secrets, appSecretProof(appSecret, accessToken))
	}
	return newRedactor(secrets...).text
}

// headLength is how much of a secret gives it away: "Malformed access token EAAG…" repeats what was sent, shortened.
const headLength = 8

func newRedactor(secrets ...string) redactor {
	var (
		forms []string
		r     redactor
	)
	for _, secret := range secrets {
		if len(secret) < headLength {
			continue // absent, or a word that ordinary texts contain
		}
		if len(secret) >= 2*headLength {
			r.heads = append(r.heads, regexp.MustCompile(regexp.QuoteMeta(secret[:headLength])+`[^\s"'<>&]*`))
		}
		forms = append(forms, formsOf(secret)...)
	}
	r.secrets = replacer(forms)
	return r
}

// formsOf gives the encodings in which a secret can turn up in a text.
func formsOf(secret string) []string {
	raw := []byte(secret)
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString(raw),
		base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
	}
}

// replacer removes the forms from a text, the longest first: a padded form contains the unpadded one.
func replacer(forms []string) *strings.Replacer {
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, redacted)
	}
	return strings.NewReplacer(pairs...)
}

// withoutTexts removes the secrets of one call however short they are: people choose verify tokens themselves.
func withoutTexts(text string, secrets []string) string {
	var forms []string
	for _, secret := range secrets {
		if secret != "" {
			forms = append(forms, formsOf(secret)...)
		}
	}
	return replacer(forms).Replace(text)
}

func (r redactor) text(text string) string {
	text = r.secrets.Replace(text)
	for _, head := range r.heads {
		text = head.ReplaceAllString(text, redacted)
	}
	text = urlPattern.ReplaceAllString(text, "[URL]")
	text = uploadPattern.ReplaceAllString(text, "[upload]")
	text = handlePattern.ReplaceAllString(text, "[handle]")
	text = parameterPattern.ReplaceAllString(text, "${1}${2}"+redacted)
	return tokenPattern.ReplaceAllString(text, redacted)
}

// withoutDigits removes PINs and codes, which a redactor can't know: they belong to one call. They are short, so only
// whole numbers count, else every longer number that happens to contain one would be mangled.
func withoutDigits(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		middle, raw := len(secret)/2, []byte(secret)
		first, second := secret[:middle], secret[middle:]
		for _, form := range []string{secret, first + "-" + second, first + " " + second} {
			text = withoutNumber(text, form)
		}
		text = strings.NewReplacer(base64.StdEncoding.EncodeToString(raw), redacted, hex.EncodeToString(raw), redacted).Replace(text)
	}
	return text
}

// withoutNumber removes a number where no digit is next to it.
func withoutNumber(text, number string) string {
	var b strings.Builder
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for from := 0; ; {
		at := strings.Index(text[from:], number)
		if at < 0 {
			b.WriteString(text[from:])
			return b.String()
		}
		at += from
		end := at + len(number)
		if digit(at-1) || digit(end) {
			b.WriteString(text[from : at+1])
			from = at + 1
			continue
		}
		b.WriteString(text[from:at] + redacted)
		from = end
	}
}
