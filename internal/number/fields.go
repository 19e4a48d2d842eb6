// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/canonical"
)

// CanonicalVersion is the version of the canonical form of fields. It is stored with the hashes: after an upgrade that changes
// the form, hashes of the old one can't be compared, and nothing may be written because of them.
const CanonicalVersion = 1

// Section is a part of the spec that is read and written by calls of its own; its name is the field below spec.
type Section string

// The sections.
const (
	Profile    Section = "profile"
	Commerce   Section = "commerce"
	Automation Section = "conversationalAutomation"
	Calling    Section = "calling"
	Encryption Section = "flowsEncryption"
	Compliance Section = "complianceInfo"
	Username   Section = "username"
	Identity   Section = "identityKeyCheck"
)

// Sections lists the sections that a spec names, in a fixed order.
func Sections(spec *v1alpha1.PhoneNumberSpec) []Section {
	var out []Section
	for _, s := range []struct {
		section Section
		named   bool
	}{
		{Profile, spec.Profile != nil}, {Commerce, spec.Commerce != nil}, {Automation, spec.ConversationalAutomation != nil},
		{Calling, spec.Calling != nil}, {Encryption, spec.FlowsEncryption != nil}, {Compliance, spec.ComplianceInfo != nil},
		{Username, spec.Username != nil}, {Identity, spec.IdentityKeyCheck != ""},
	} {
		if s.named {
			out = append(out, s.section)
		}
	}
	return out
}

// Has reports whether a field belongs to the section.
func (s Section) Has(field string) bool {
	return field == string(s) || strings.HasPrefix(field, string(s)+".")
}

const (
	// PictureField is the profile picture. Meta shows only whether there is one.
	PictureField = "profile.picture"

	present = "present"
	absent  = "absent"
)

// switches are fields with few values. Where Meta shows another one than was written, that is never another form of the same.
var switches = map[string]bool{
	"commerce.cartEnabled": true, "commerce.catalogVisible": true,
	"calling.status": true, "calling.callIconVisibility": true, "calling.callbackPermission": true, "calling.video": true,
	"calling.sip.status": true, "calling.callHours.status": true,
	"complianceInfo.registered": true, "identityKeyCheck": true,
}

// Fields is the comparable part of sections: names of fields as in the spec, and canonical values. An empty value stands for
// nothing, which is also what Meta means by leaving a field out.
type Fields map[string]string

// Hash is one hash over all fields.
func (f Fields) Hash() string {
	return canonical.Hash(f, func(string) bool { return true })
}

// WithoutPicture returns the fields without those of the picture.
func (f Fields) WithoutPicture() Fields {
	out := maps.Clone(f)
	delete(out, PictureField)
	delete(out, canonical.WriteOnly+PictureField)
	return out
}

func (f Fields) text(name string, value *string) {
	if value != nil {
		f[name] = text(*value)
	}
}

// word is for values that are left alone where they are empty.
func (f Fields) word(name, value string) {
	if value != "" {
		f[name] = text(value)
	}
}

func (f Fields) flag(name string, value *bool) {
	if value != nil {
		f[name] = strconv.FormatBool(*value)
	}
}

func (f Fields) picture(sha256, state string) {
	f[canonical.WriteOnly+PictureField] = sha256
	f[PictureField] = state
}

// text drops what a block of YAML adds around a text, and what systems add to ends of lines.
func text(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// list makes one value of many, in which no text can be taken for two.
func list(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = strconv.Quote(item)
	}
	return strings.Join(quoted, " ")
}

func texts(items []string) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = text(item)
	}
	return out
}

// websites tolerates the slash that a bare host gets, and another spelling of the host.
func websites(sites []string) string {
	out := make([]string, len(sites))
	for i, site := range sites {
		out[i] = text(site)
		u, err := url.Parse(out[i])
		if err != nil || u.Opaque != "" {
			continue
		}
		u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
		if u.Path == "/" {
			u.Path, u.RawPath = "", ""
		}
		out[i] = u.String()
	}
	return list(out)
}

// vertical knows the older words for none, which are only ever read back
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles).
func vertical(v string) string {
	v = strings.ToUpper(text(v))
	if v == "UNDEFINED" || v == "NOT_A_BIZ" {
		return ""
	}
	return v
}

// countries are a set.
func countries(codes []string) string {
	out := make([]string, len(codes))
	for i, code := range codes {
		out[i] = strings.ToUpper(text(code))
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// lists are the fields whose elements are quoted.
var lists = map[string]bool{
	"profile.websites": true, "conversationalAutomation.prompts": true, "conversationalAutomation.commands": true,
	"calling.sip.servers": true, "calling.callHours.weekly": true, "calling.callHours.holidays": true,
}

// Values are the fields for people: the elements of a list are lines.
func (f Fields) Values() map[string]string {
	out := make(map[string]string, len(f))
	for name, value := range f {
		switch {
		case strings.HasPrefix(name, canonical.WriteOnly):
		case lists[name]:
			out[name] = strings.Join(elements(value), "\n")
		default:
			out[name] = value
		}
	}
	return out
}

// elements are the items of a list; those of an item that is a list itself stand side by side.
func elements(s string) (items []string) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return append(items, s)
		}
		item, _ := strconv.Unquote(quoted)
		if inner, err := strconv.QuotedPrefix(item); err == nil && inner != "" {
			item = strings.Join(elements(item), " ")
		}
		items, s = append(items, item), s[len(quoted):]
	}
	return items
}
