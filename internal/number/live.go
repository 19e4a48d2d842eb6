// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// Live is what Meta shows of a section; only the part of that section is set.
type Live struct {
	Profile    *graph.Profile
	Commerce   *graph.Commerce
	Automation *graph.Automation
	// Calling is nil where Meta shows no settings of calls.
	Calling    *graph.CallingSettings
	Encryption *graph.Encryption
	Compliance *graph.Compliance
	Username   *graph.Username
	// IdentityCheck is nil where Meta doesn't show it, which it does where it was never on.
	IdentityCheck *bool
}

// Fields returns all fields that Meta shows of the section. picture is the hash of the profile picture that was sent last.
func (l Live) Fields(section Section, picture string) Fields {
	f := Fields{}
	switch section {
	case Profile:
		f.liveProfile(l.Profile, picture)
	case Commerce:
		// Meta's defaults are a cart and no catalogue.
		c := l.Commerce
		f["commerce.cartEnabled"] = strconv.FormatBool(c.CartEnabled == nil || *c.CartEnabled)
		f["commerce.catalogVisible"] = strconv.FormatBool(c.CatalogVisible != nil && *c.CatalogVisible)
	case Automation:
		f.liveAutomation(l.Automation)
	case Calling:
		f.liveCalling(l.Calling)
	case Encryption:
		f["flowsEncryption.publicKey"] = signedKey(l.Encryption.PublicKey, l.Encryption.SignatureStatus)
	case Compliance:
		f.liveCompliance(l.Compliance)
	case Username:
		f["username"] = username(l.Username.Name)
	case Identity:
		f["identityKeyCheck"] = string(switchOf(l.IdentityCheck != nil && *l.IdentityCheck))
	}
	return f
}

func switchOf(on bool) v1alpha1.SettingStatus {
	if on {
		return v1alpha1.SettingStatusEnabled
	}
	return v1alpha1.SettingStatusDisabled
}

func (f Fields) liveProfile(p *graph.Profile, picture string) {
	f["profile.about"] = text(deref(p.About))
	f["profile.address"] = text(deref(p.Address))
	f["profile.description"] = text(deref(p.Description))
	f["profile.email"] = text(deref(p.Email))
	f["profile.vertical"] = vertical(deref(p.Vertical))
	f["profile.websites"] = websites(p.Websites)
	state := present
	if !HasPicture(p) {
		state = absent
	}
	f.picture(picture, state)
}

// HasPicture reports whether Meta shows a profile picture.
func HasPicture(p *graph.Profile) bool { return deref(p.PictureURL) != "" }

func (f Fields) liveAutomation(a *graph.Automation) {
	f["conversationalAutomation.prompts"] = list(texts(a.Prompts))
	var items []string
	for _, c := range a.Commands {
		items = append(items, command(c.Name, c.Description))
	}
	f["conversationalAutomation.commands"] = list(items)
}

func (f Fields) liveCalling(c *graph.CallingSettings) {
	if c == nil {
		c = &graph.CallingSettings{}
	}
	const off = string(v1alpha1.SettingStatusDisabled)
	f["calling.status"] = cmp.Or(c.Status, off)
	f["calling.callIconVisibility"] = cmp.Or(c.CallIconVisibility, string(v1alpha1.CallIconVisibilityDefault))
	f["calling.callbackPermission"] = cmp.Or(c.CallbackPermissionStatus, off)
	f["calling.video"] = cmp.Or(c.VideoStatus, off)
	f["calling.sip.status"], f["calling.sip.servers"] = off, ""
	if c.SIP != nil {
		f["calling.sip.status"] = cmp.Or(c.SIP.Status, off)
		if c.SIP.Servers != nil {
			f["calling.sip.servers"] = sipServers(*c.SIP.Servers)
		}
	}
	f["calling.restrictToUserCountries"] = ""
	if c.RestrictToUserCountries != nil {
		f["calling.restrictToUserCountries"] = countries(*c.RestrictToUserCountries)
	}
	h := c.Hours
	if h == nil {
		h = &graph.CallHours{}
	}
	f["calling.callHours.status"] = cmp.Or(h.Status, off)
	f["calling.callHours.timezoneID"] = text(h.TimezoneID)
	f["calling.callHours.weekly"] = weekly(h.Weekly)
	f["calling.callHours.holidays"] = holidays(h.Holidays)
}

func weekly(hours []graph.OperatingHours) string {
	out := make([]stretch, len(hours))
	for i, h := range hours {
		out[i] = stretch{strings.ToUpper(h.Day), metavalues.Digits(h.Open), metavalues.Digits(h.Close)}
	}
	return days(out)
}

func holidays(dates []graph.Holiday) string {
	out := make([]stretch, len(dates))
	for i, h := range dates {
		out[i] = stretch{text(h.Date), metavalues.Digits(h.Start), metavalues.Digits(h.End)}
	}
	return days(out)
}

func (f Fields) liveCompliance(c *graph.Compliance) {
	f["complianceInfo.entityName"] = text(c.EntityName)
	f["complianceInfo.entityType"] = c.EntityType
	f["complianceInfo.entityTypeCustom"] = text(c.EntityTypeCustom)
	f["complianceInfo.registered"] = strconv.FormatBool(c.Registered != nil && *c.Registered)
	officer := f.liveContact("complianceInfo.grievanceOfficer", c.GrievanceOfficer)
	f["complianceInfo.grievanceOfficer.name"] = text(officer.Name)
	f.liveContact("complianceInfo.customerCare", c.CustomerCare)
}

func (f Fields) liveContact(path string, c *graph.ComplianceContact) graph.ComplianceContact {
	if c == nil {
		c = &graph.ComplianceContact{}
	}
	f[path+".email"] = text(c.Email)
	f[path+".landlineNumber"] = metavalues.Digits(c.Landline)
	f[path+".mobileNumber"] = metavalues.Digits(c.Mobile)
	return *c
}
