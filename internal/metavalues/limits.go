// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metavalues

import (
	"strings"
	"unicode/utf8"
)

const (
	// MessageLimit bounds the messages of conditions and events, in characters: well below the API server's 32,768.
	MessageLimit = 1024
	// ListLimit bounds lists that Meta fills.
	ListLimit = 100
	// RingSize bounds the histories that the operator keeps in a status.
	RingSize = 12
	// ShortText bounds names and ids, in bytes.
	ShortText = 256
	// LongText bounds addresses, in bytes.
	LongText = 1024
)

// Truncate shortens a text to a number of characters, never inside one.
func Truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit-1]) + "…"
}

// CutBytes shortens a text to a number of bytes, never inside a character.
func CutBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// Clip bounds a value of Meta's. An overlong one would make every write of the status fail.
func Clip(s string) string { return Truncate(s, ShortText) }

// Upper is a value of one of Meta's enumerations, which webhooks write in lower case at times, as it is kept in a status.
func Upper(s string) string { return Clip(strings.ToUpper(s)) }

// Digits are the digits of a phone number: Meta formats numbers in its own way, such as +1 555-078-3881.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
