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

// signature is what X-Hub-Signature-256 says: the HMAC-SHA256 of the bytes as they were sent, with the app secret.
//
// Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
type signature [sha256.Size]byte

const signatureHeader = "X-Hub-Signature-256"

// signatureText is the header's value for a body.
func signatureText(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// signatureOf reads the header. A header that comes twice, or in any other form, isn't Meta's.
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

// of says whether the secret made the signature of the body. It takes the same time whether or not.
func (s signature) of(body []byte, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal(mac.Sum(nil), s[:])
}
