// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// CanonicalVersion is the version of the canonical form below. It is kept with every hash: after an upgrade that changes
// the form, hashes of the old one say nothing, and nothing may be edited because of them.
const CanonicalVersion = 1

// Names of fields that are treated apart from the others.
const (
	// FieldCategory isn't content: Meta changes it by its own judgement, and edits of approved templates can't.
	FieldCategory = "category"
	fieldTTL      = "messageSendTTLSeconds"
)

// Fields is the comparable part of a template: field names (as in the spec) and canonical values. What Meta doesn't give
// back as it was sent has no place here: examples, sample media, the rendered text of authentication templates.
type Fields map[string]string

// WantedFields returns the fields of what we would send.
func WantedFields(c graph.TemplateContent) Fields {
	return fieldsOf(c.Category, c.ParameterFormat, c.MessageSendTTLSeconds, c.Components)
}

// LiveFields returns the fields of what Meta gave back.
func LiveFields(t *graph.Template) Fields {
	return fieldsOf(t.Category, t.ParameterFormat, t.MessageSendTTLSeconds, t.Components)
}

func fieldsOf(category, format string, ttl *int64, components []graph.Component) Fields {
	f := Fields{FieldCategory: strings.ToUpper(category), "parameterFormat": strings.ToUpper(format)}
	if format == "" {
		f["parameterFormat"] = FormatPositional
	}
	if ttl != nil {
		f[fieldTTL] = strconv.FormatInt(*ttl, 10)
	}
	for _, c := range components {
		switch c.Type {
		case componentHeader:
			f["header.format"] = c.Format
			f.set("header.text", c.Text)
		case componentBody:
			f.set("body.text", c.Text)
		case componentFooter:
			f.set("footer.text", c.Text)
		case componentButtons:
			for i, b := range c.Buttons {
				f.button("buttons["+strconv.Itoa(i)+"]", b)
			}
		default:
			f[strings.ToLower(c.Type)] = "present"
		}
	}
	return f
}

func (f Fields) set(name, value string) {
	if v := text(value); v != "" {
		f[name] = v
	}
}

func (f Fields) button(path string, b graph.Button) {
	f[path+".type"] = b.Type
	f.set(path+".url", b.URL)
	f.set(path+".phoneNumber", digits(b.PhoneNumber))
	if b.TTLMinutes != nil {
		f[path+".ttlMinutes"] = strconv.FormatInt(*b.TTLMinutes, 10)
	}
	// The labels of these buttons are Meta's; GET shows them though they are never sent.
	if b.Type != "COPY_CODE" && b.Type != "REQUEST_CONTACT_INFO" {
		f.set(path+".text", b.Text)
	}
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// Diff names the fields in which the live template differs from the wanted one, sorted. The category isn't content and
// never part of it. A time to live that isn't wanted isn't compared: Meta has no way to take it away.
func Diff(want, live Fields) []string {
	var names []string
	for name := range union(want, live) {
		w, wanted := want[name]
		l := live[name]
		switch {
		case name == FieldCategory, w == l:
		case name == fieldTTL && (!wanted || live[FieldCategory] != want[FieldCategory]):
			// A change of category by Meta clears the time to live; editing it back would be undone.
		case strings.HasSuffix(name, ".phoneNumber") && samePhone(w, l):
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// samePhone tolerates what Meta does to numbers: it drops a zero after the country code.
func samePhone(sent, got string) bool {
	for i := 1; i <= 3 && i < len(sent); i++ {
		if sent[i] == '0' && sent[:i]+sent[i+1:] == got {
			return true
		}
	}
	return false
}

func union(a, b Fields) map[string]struct{} {
	all := make(map[string]struct{}, len(a))
	for k := range a {
		all[k] = struct{}{}
	}
	for k := range b {
		all[k] = struct{}{}
	}
	return all
}

// Hash is one hash over all fields but the category: two templates with the same content have the same.
func (f Fields) Hash() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name == FieldCategory {
			continue
		}
		h.Write([]byte(strconv.Quote(name) + ":" + strconv.Quote(f[name]) + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Hashes returns a hash per field, which tells later which fields changed without keeping their text.
func (f Fields) Hashes() map[string]string {
	out := make(map[string]string, len(f))
	for name, value := range f {
		out[name] = hashField(value)
	}
	return out
}

func hashField(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:6])
}

// Changed names the fields whose hash differs from the recorded one, sorted; the category isn't compared.
func Changed(recorded map[string]string, now Fields) []string {
	var names []string
	for name, value := range now {
		if name != FieldCategory && recorded[name] != hashField(value) {
			names = append(names, name)
		}
	}
	for name := range recorded {
		if _, still := now[name]; !still && name != FieldCategory {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// SameCategory reports whether the recorded hash is that of the category.
func SameCategory(recorded map[string]string, category string) bool {
	return recorded[FieldCategory] == hashField(strings.ToUpper(category))
}
