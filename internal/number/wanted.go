// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// Wanted returns the fields that the spec names in a section. picture is the hash of the file of the profile picture, ""
// while it isn't known: then the picture isn't compared.
func Wanted(spec *v1alpha1.PhoneNumberSpec, section Section, picture string) Fields {
	f := Fields{}
	switch section {
	case Profile:
		f.wantProfile(spec.Profile, picture)
	case Commerce:
		f.flag("commerce.cartEnabled", spec.Commerce.CartEnabled)
		f.flag("commerce.catalogVisible", spec.Commerce.CatalogVisible)
	case Automation:
		f.wantAutomation(spec.ConversationalAutomation)
	case Calling:
		f.wantCalling(spec.Calling)
	case Encryption:
		f["flowsEncryption.publicKey"] = signedKey(spec.FlowsEncryption.PublicKey, "")
	case Compliance:
		f.wantCompliance(spec.ComplianceInfo)
	case Username:
		f["username"] = username(deref(spec.Username))
	case Identity:
		f["identityKeyCheck"] = string(spec.IdentityKeyCheck)
	}
	return f
}

func (f Fields) wantProfile(p *v1alpha1.PhoneNumberProfile, picture string) {
	f.text("profile.about", p.About)
	f.text("profile.address", p.Address)
	f.text("profile.description", p.Description)
	f.text("profile.email", p.Email)
	if p.Vertical != nil {
		f["profile.vertical"] = vertical(*p.Vertical)
	}
	if p.Websites != nil {
		f["profile.websites"] = websites(p.Websites)
	}
	if p.Picture != nil && picture != "" {
		f.picture(picture, present)
	}
}

func (f Fields) wantAutomation(a *v1alpha1.ConversationalAutomation) {
	if a.Prompts != nil {
		f["conversationalAutomation.prompts"] = list(texts(a.Prompts))
	}
	if a.Commands != nil {
		var items []string
		for _, c := range a.Commands {
			items = append(items, command(c.Name, c.Description))
		}
		f["conversationalAutomation.commands"] = list(items)
	}
}

func command(name, description string) string {
	return strings.TrimPrefix(text(name), "/") + " " + text(description)
}

func (f Fields) wantCalling(c *v1alpha1.PhoneNumberCalling) {
	f.word("calling.status", string(c.Status))
	f.word("calling.callIconVisibility", string(c.CallIconVisibility))
	f.word("calling.callbackPermission", string(c.CallbackPermission))
	f.word("calling.video", string(c.Video))
	if c.SIP != nil {
		f.word("calling.sip.status", string(c.SIP.Status))
		if c.SIP.Servers != nil {
			f["calling.sip.servers"] = sipServers(serversOf(c.SIP.Servers))
		}
	}
	if c.RestrictToUserCountries != nil {
		f["calling.restrictToUserCountries"] = countries(c.RestrictToUserCountries)
	}
	h := c.CallHours
	if h == nil {
		return
	}
	f.word("calling.callHours.status", string(h.Status))
	f.word("calling.callHours.timezoneID", h.TimezoneID)
	f["calling.callHours.weekly"] = weekly(hoursOf(h.Weekly))
	if h.Holidays != nil {
		f["calling.callHours.holidays"] = holidays(holidaysOf(h.Holidays))
	}
}

func (f Fields) wantCompliance(c *v1alpha1.ComplianceInfo) {
	f.word("complianceInfo.entityName", c.EntityName)
	f.word("complianceInfo.entityType", string(c.EntityType))
	f.word("complianceInfo.entityTypeCustom", c.EntityTypeCustom)
	f.flag("complianceInfo.registered", c.Registered)
	if o := c.GrievanceOfficer; o != nil {
		f.word("complianceInfo.grievanceOfficer.name", o.Name)
		f.wantContact("complianceInfo.grievanceOfficer", &o.ComplianceContact)
	}
	if c.CustomerCare != nil {
		f.wantContact("complianceInfo.customerCare", c.CustomerCare)
	}
}

func (f Fields) wantContact(path string, c *v1alpha1.ComplianceContact) {
	f.word(path+".email", c.Email)
	f.word(path+".landlineNumber", metavalues.Digits(c.LandlineNumber))
	f.word(path+".mobileNumber", metavalues.Digits(c.MobileNumber))
}

// sipPort is what Meta uses where no port is given
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/call-settings).
const sipPort = 5061

// sipServers tolerates another spelling of the host, and the default port. Servers keep their order.
func sipServers(servers []graph.SIPServer) string {
	items := make([]string, len(servers))
	for i, s := range servers {
		parts := []string{strings.ToLower(text(s.Hostname)), strconv.Itoa(cmp.Or(s.Port, sipPort))}
		for _, name := range slices.Sorted(maps.Keys(s.RequestURIUserParams)) {
			parts = append(parts, name, s.RequestURIUserParams[name])
		}
		items[i] = list(parts)
	}
	return list(items)
}

// stretch is a part of a day, or of a date.
type stretch struct{ day, from, to string }

// days gives stretches their order, in which Meta need not give them back.
func days(stretches []stretch) string {
	slices.SortFunc(stretches, func(a, b stretch) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	items := make([]string, len(stretches))
	for i, s := range stretches {
		items[i] = s.day + " " + s.from + " " + s.to
	}
	return list(items)
}

func username(name string) string { return strings.ToLower(strings.TrimPrefix(text(name), "@")) }

// signedKey is a key with what Meta says of its signature; without a word it is valid. Lines and blanks don't count.
func signedKey(key, status string) string {
	body := strings.Join(strings.Fields(key), "")
	if body == "" {
		return ""
	}
	if status == "MISMATCH" {
		return "MISMATCH " + body
	}
	return body
}
