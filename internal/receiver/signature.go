// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// signature is the value of X-Hub-Signature-256: the HMAC-SHA256 of the body's bytes, with the app secret as the key.
//
// Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
type signature [sha256.Size]byte

const signatureHeader = "X-Hub-Signature-256"

// signatureText returns the value of the header for a body.
func signatureText(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// signatureOf parses the header. It rejects a header that occurs twice or has another form: Meta sends no such header.
func signatureOf(h http.Header) (signature, bool) {
	var out signature
	values := h.Values(signatureHeader)
	if len(values) != 1 {
		return out, false
	}
	digits, ok := strings.CutPrefix(values[0], "sha256=")
	if !ok || len(digits) != hex.EncodedLen(len(out)) {
		return out, false
	}
	_, err := hex.Decode(out[:], []byte(digits))
	return out, err == nil
}

// of reports whether the signature is that of the body with this secret. Its duration doesn't depend on the result.
func (s signature) of(body []byte, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), s[:])
}
