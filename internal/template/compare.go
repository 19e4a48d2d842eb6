// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"slices"
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/internal/canonical"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// CanonicalVersion is the version of the canonical form below. It is stored with every hash: after an upgrade that changes the
// form, hashes of the old one can't be compared, and nothing may be edited because of them.
const CanonicalVersion = 1

// Names of fields that are treated apart from the others.
const (
	// FieldCategory isn't content: Meta changes it by its own judgement, and edits of approved templates can't.
	FieldCategory = "category"
	// FieldMaxPrice has a limit of edits of its own. Another amount than that of the spec always counts, whatever was recorded.
	FieldMaxPrice = "maxPrice.amountPer1000"
	fieldTTL      = "messageSendTTLSeconds"
	fieldFormat   = "parameterFormat"
	fieldLibrary  = "library.templateName"
)

// unknown is the value of a field of which Meta's answer doesn't tell the value. It isn't compared.
const unknown = "?"

// Unknown names the fields of a template whose value Meta's answer doesn't tell, sorted.
func Unknown(live *graph.Template) []string {
	var names []string
	for name, value := range LiveFields(live) {
		if value == unknown {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Fields is the comparable part of a template: field names (as in the spec) and canonical values. It lacks what Meta doesn't
// return as it was sent: examples, sample media, the rendered text of authentication templates.
type Fields map[string]string

// WantedFields returns the fields of what we would send.
func WantedFields(c graph.TemplateContent) Fields {
	f := Fields{FieldCategory: strings.ToUpper(c.Category)}
	f.settings(c.MessageSendTTLSeconds, c.SubCategory, c.DisplayFormat, c.LinkTrackingOptedOut, c.PrimaryDeviceDeliveryOnly, c.CreativeFeatures)
	f.price(c.MaxPrice)
	if c.Library != nil {
		f.library(c.Library)
		return f // Meta's own template: its content isn't ours to compare
	}
	f.content(c.ParameterFormat, c.Components, false)
	return f
}

// LiveFields returns the fields of what Meta gave back. A field that Meta has without showing its value is unknown.
func LiveFields(t *graph.Template) Fields {
	f := Fields{FieldCategory: strings.ToUpper(t.Category)}
	f.settings(t.MessageSendTTLSeconds, t.SubCategory, t.DisplayFormat, t.LinkTrackingOptedOut, t.PrimaryDeviceDeliveryOnly, t.CreativeFeatures)
	f.price(t.MaxPrice)
	if t.MaxPriceUnread {
		f[FieldMaxPrice] = unknown
	}
	f.set(fieldLibrary, t.LibraryTemplateName)
	f.content(t.ParameterFormat, t.Components, true)
	return f
}

func (f Fields) settings(ttl *int64, subCategory, displayFormat string, optedOut, primaryOnly *bool, features []graph.CreativeFeature) {
	f.number(fieldTTL, ttl)
	f.set("subCategory", strings.ToUpper(subCategory))
	f.set("displayFormat", strings.ToUpper(displayFormat))
	f.flag("urlClickTracking", optedOut)
	f.flag("primaryDeviceDeliveryOnly", primaryOnly)
	for _, c := range features {
		f.set("creativeFeatures["+strings.ToLower(c.Feature)+"]", strings.ToUpper(c.EnrollStatus))
	}
}

func (f Fields) content(format string, components []graph.Component, live bool) {
	f[fieldFormat] = strings.ToUpper(format)
	if format == "" {
		f[fieldFormat] = FormatPositional
	}
	if isAuthentication(components) {
		f.authentication(components, live)
		return
	}
	f.components("", components)
}

func (f Fields) components(path string, components []graph.Component) {
	for _, c := range components {
		switch c.Type {
		case componentHeader:
			f[path+"header.format"] = c.Format
			f.set(path+"header.text", c.Text)
		case componentBody:
			f.set(path+"body.text", c.Text)
		case componentFooter:
			f.set(path+"footer.text", c.Text)
		case componentButtons:
			for i, b := range c.Buttons {
				f.button(path+"buttons["+strconv.Itoa(i)+"]", b)
			}
		case componentCarousel:
			f["carousel"] = "present"
			for i, card := range c.Cards {
				f.components(path+cardPath(i), card.Components)
			}
		case componentLimitedTimeOffer:
			f["limitedTimeOffer"] = "present"
			if o := c.LimitedTimeOffer; o != nil {
				f.set("limitedTimeOffer.text", o.Text)
				f.flag("limitedTimeOffer.hasExpiration", &o.HasExpiration)
			}
		case componentCallPermission:
			f["callPermissionRequest"] = "present"
		default:
			f[path+strings.ToLower(c.Type)] = "present"
		}
	}
}

func (f Fields) set(name, value string) {
	if v := text(value); v != "" {
		f[name] = v
	}
}

func (f Fields) flag(name string, value *bool) {
	if value != nil {
		f[name] = strconv.FormatBool(*value)
	}
}

func (f Fields) number(name string, value *int64) {
	if value != nil {
		f[name] = strconv.FormatInt(*value, 10)
	}
}

func (f Fields) button(path string, b graph.Button) {
	f[path+".type"] = b.Type
	f.set(path+".url", b.URL)
	f.set(path+".phoneNumber", metavalues.Digits(b.PhoneNumber))
	f.number(path+".ttlMinutes", b.TTLMinutes)
	// The labels of these buttons are Meta's; GET shows them though they are never sent.
	if b.Type != "COPY_CODE" && b.Type != "REQUEST_CONTACT_INFO" {
		f.set(path+".text", b.Text)
	}
	// Meta stores a flow by its id, whichever way it was given.
	f.set(path+".flow.id", b.FlowID)
	f.set(canonical.WriteOnly+path+".flow.name", b.FlowName)
	f.set(canonical.WriteOnly+path+".flow.json", b.FlowJSON)
	f.set(path+".flow.action", strings.ToLower(b.FlowAction))
	f.set(path+".flow.navigateScreen", b.NavigateScreen)
	f.set(path+".flow.icon", b.Icon)
	if d := b.AppDeepLink; d != nil {
		f.set(path+".appDeepLink", d.MetaAppID+" "+d.AndroidDeepLink+" "+d.AndroidFallbackPlaystoreURL)
	}
}

// Compare is three-way: the desired template, what was recorded of Meta's after the last write or adoption, and Meta's. requested
// reports that the spec has changed since then. The category isn't content and never part of it.
func Compare(recorded map[string]string, want, live Fields, requested bool) canonical.Difference {
	unread := AwaitsReadBack(recorded)
	d := canonical.Comparison{
		Want: want, Live: live, Recorded: recorded,
		Differs: func(name string) bool {
			w, l := want[name], live[name]
			return isSignificant(name, want, live) && w != l && (!strings.HasSuffix(name, ".phoneNumber") || !samePhone(w, l))
		},
		Requested: func(string) bool { return requested },
		Unread:    func(string) bool { return unread },
	}.Difference()
	if slices.Contains(d.Normalised, FieldMaxPrice) { // an amount has one form
		d.Normalised = WithoutMaxPrice(d.Normalised)
		d.Drift = append(d.Drift, FieldMaxPrice)
		slices.Sort(d.Drift)
	}
	return d
}

// Diff names the fields in which the live template differs from the wanted one, sorted.
func Diff(want, live Fields) []string { return Compare(nil, want, live, true).Changed }

// isSignificant reports whether a difference in a field counts.
func isSignificant(name string, want, live Fields) bool {
	_, wanted := want[name]
	_, shown := live[name]
	_, fromLibrary := want[fieldLibrary]
	switch {
	case name == FieldCategory, strings.HasPrefix(name, canonical.WriteOnly), live[name] == unknown:
		return false
	case name == fieldTTL && live[FieldCategory] != want[FieldCategory]:
		return false // a change of category by Meta clears the time to live; editing it back would be undone
	case fromLibrary && !wanted:
		return false // Meta's own template shows its whole content
	case onlyIfWanted(name):
		return wanted && (shown || !onlyIfShown(name))
	}
	return true
}

// onlyIfWanted are fields that Meta fills with values of its own where nothing was asked for, or that can't be taken away
// again.
func onlyIfWanted(name string) bool {
	for _, field := range []string{
		fieldTTL, FieldMaxPrice, fieldLibrary, "subCategory", "displayFormat", "urlClickTracking", "primaryDeviceDeliveryOnly",
		"creativeFeatures[", "authentication.otp.text", "authentication.otp.autofillText", "authentication.otp.supportedApps",
	} {
		if strings.HasPrefix(name, field) {
			return true
		}
	}
	return strings.Contains(name, "].flow.") || strings.HasSuffix(name, ".appDeepLink")
}

// onlyIfShown are fields that Meta doesn't always give back.
func onlyIfShown(name string) bool {
	return name != fieldTTL && name != FieldMaxPrice && name != "subCategory"
}

// WriteOnlyChanged names the write-only fields whose desired value isn't the one sent last, sorted. Without a stored value (an
// adopted template) there is nothing to compare.
func WriteOnlyChanged(recorded map[string]string, want Fields) []string {
	var names []string
	for name, value := range want {
		if hash, known := recorded[name]; strings.HasPrefix(name, canonical.WriteOnly) && known && hash != canonical.HashValue(value) {
			names = append(names, strings.TrimPrefix(name, canonical.WriteOnly))
		}
	}
	slices.Sort(names)
	return names
}

// WriteOnly returns the hashes of the write-only fields.
func (f Fields) WriteOnly() map[string]string {
	out := map[string]string{}
	for name, value := range f {
		if strings.HasPrefix(name, canonical.WriteOnly) {
			out[name] = canonical.HashValue(value)
		}
	}
	return out
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

// Hash is one hash over the content: two templates with the same content have the same. The category isn't content, and
// neither are sample files, which only the review sees.
func (f Fields) Hash() string {
	return canonical.Hash(f, func(name string) bool { return name != FieldCategory && !isMedia(name) })
}

// EditHash identifies an edit: it covers all that an edit sends, sample files included.
func (f Fields) EditHash() string {
	return canonical.Hash(f, func(name string) bool { return name != FieldCategory })
}

func isMedia(name string) bool {
	return strings.HasPrefix(name, canonical.WriteOnly) && strings.HasSuffix(name, mediaSuffix)
}

// Hashes returns a hash per field, to find later which fields changed without storing their text.
func (f Fields) Hashes() map[string]string { return canonical.Hashes(f) }

// Changed names the fields whose hash differs from the recorded one, sorted; the category isn't compared.
func Changed(recorded map[string]string, now Fields) []string {
	var names []string
	for name, value := range now {
		if observable(name) && recorded[name] != canonical.HashValue(value) {
			names = append(names, name)
		}
	}
	for name := range recorded {
		if _, still := now[name]; !still && observable(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// observable are the fields whose change at Meta must come from another client.
func observable(name string) bool {
	return name != FieldCategory && !strings.HasPrefix(name, canonical.WriteOnly)
}

// AwaitsReadBack reports that a record was made before Meta gave the content back.
func AwaitsReadBack(recorded map[string]string) bool {
	_, read := recorded[fieldFormat]
	return !read
}

// SameCategory reports whether the recorded hash is that of the category.
func SameCategory(recorded map[string]string, category string) bool {
	return recorded[FieldCategory] == canonical.HashValue(strings.ToUpper(category))
}

// Values are the fields for people, without those that Meta never returns.
func (f Fields) Values() map[string]string {
	out := make(map[string]string, len(f))
	for name, value := range f {
		if !strings.HasPrefix(name, canonical.WriteOnly) && value != unknown {
			out[name] = value
		}
	}
	return out
}
