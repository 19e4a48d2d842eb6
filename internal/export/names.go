// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

const (
	// maxName is how long a name may be, so that a file can be named after it; Kubernetes would take 253 characters.
	maxName = 220
	// maxWABAName leaves room for what names of Secrets add.
	maxWABAName = 63
)

// TemplateName is the name of a resource for a template: its name with hyphens for underscores, a dot, and its language in
// lower case. Neither can contain a dot, so two templates never share a name, and a name depends on nothing but the template.
// Where something must be dropped, a hash of the whole name stands for it.
func TemplateName(name, language string) string {
	suffix := "." + slug(language)
	base := slug(name)
	if most := maxName - len(suffix); base != strings.ReplaceAll(name, "_", "-") || len(base) > most {
		hash := shortHash(name)
		base = strings.TrimRight(base[:min(len(base), most-len(hash)-1)], "-")
		base = strings.TrimLeft(base+"-"+hash, "-")
	}
	return base + suffix
}

// wabaName is made of the account's name, or else of its id.
func wabaName(a *graph.Account) string {
	name := slug(a.Name)
	name = strings.Trim(name[:min(len(name), maxWABAName)], "-")
	if name == "" {
		return "waba-" + a.ID
	}
	return name
}

// numberNames are made of the digits of numbers, or of their ids where the digits aren't unique.
func numberNames(numbers []graph.PhoneNumber) map[string]string {
	count := map[string]int{}
	for i := range numbers {
		count[metavalues.Digits(numbers[i].DisplayPhoneNumber)]++
	}
	out := make(map[string]string, len(numbers))
	for i := range numbers {
		n := &numbers[i]
		d := metavalues.Digits(n.DisplayPhoneNumber)
		if d == "" || len(d) > maxWABAName || count[d] > 1 {
			d = "id-" + n.ID
		}
		out[n.ID] = "number-" + d
	}
	return out
}

// slug keeps small letters and digits, and makes hyphens of all between them.
func slug(s string) string {
	mapped := strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, s)
	return strings.Trim(mapped, "-")
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// OneLine keeps foreign text from breaking out of the line in which it stands.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
