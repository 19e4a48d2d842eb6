// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canonical has the hashes by which assets are compared: names of fields as in the spec, and values in a form that doesn't
// depend on how Meta or a user writes them. Each kind has its own form and its own version of it; the hashes are the same.
package canonical

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
)

// WriteOnly is the prefix of fields that Meta never returns. They are compared with what was sent last.
const WriteOnly = "sent:"

// Lengths of hashes in bytes. They are compared within one resource, so that short ones do.
const (
	hashLength  = 16
	valueLength = 6
)

// Hash is one hash over the fields that count, in 32 hexadecimal digits. It doesn't depend on their order.
func Hash(fields map[string]string, counts func(name string) bool) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if counts(name) {
			h.Write([]byte(strconv.Quote(name) + ":" + strconv.Quote(fields[name]) + "\n"))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:hashLength])
}

// HashValue is the hash of one value, in 12 hexadecimal digits.
func HashValue(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:valueLength])
}

// Hashes has a hash per field, to find later which fields changed without storing their text.
func Hashes(fields map[string]string) map[string]string {
	out := make(map[string]string, len(fields))
	for name, value := range fields {
		out[name] = HashValue(value)
	}
	return out
}
