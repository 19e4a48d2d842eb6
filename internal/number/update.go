// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// names are the fields that an update changes; the others are left alone.
type names []string

func (n names) has(field string) bool { return slices.Contains(n, field) }

func (n names) text(field string, value *string) *string {
	if !n.has(field) || value == nil {
		return nil
	}
	out := text(*value)
	return &out
}

func (n names) flag(field string, value *bool) *bool {
	if !n.has(field) {
		return nil
	}
	return value
}

func (n names) word(field, value string) string {
	if !n.has(field) {
		return ""
	}
	return value
}

// ProfileUpdate changes the named fields of the profile. handle is that of the uploaded picture, "" for none.
func ProfileUpdate(p *v1alpha1.PhoneNumberProfile, fields []string, handle string) graph.ProfileUpdate {
	n := names(fields)
	u := graph.ProfileUpdate{
		About: n.text("profile.about", p.About), Address: n.text("profile.address", p.Address),
		Description: n.text("profile.description", p.Description), Email: n.text("profile.email", p.Email),
		Vertical: n.text("profile.vertical", p.Vertical),
	}
	if n.has("profile.websites") {
		sites := texts(p.Websites)
		u.Websites = &sites
	}
	if n.has(PictureField) && handle != "" {
		u.PictureHandle = &handle
	}
	return u
}

// CommerceUpdate changes the named fields of the commerce settings.
func CommerceUpdate(c *v1alpha1.PhoneNumberCommerce, fields []string) graph.Commerce {
	n := names(fields)
	return graph.Commerce{
		CartEnabled: n.flag("commerce.cartEnabled", c.CartEnabled), CatalogVisible: n.flag("commerce.catalogVisible", c.CatalogVisible),
	}
}

// AutomationUpdate changes the named fields of the conversational automation.
func AutomationUpdate(a *v1alpha1.ConversationalAutomation, fields []string) graph.AutomationUpdate {
	n := names(fields)
	var u graph.AutomationUpdate
	if n.has("conversationalAutomation.prompts") {
		prompts := texts(a.Prompts)
		u.Prompts = &prompts
	}
	if n.has("conversationalAutomation.commands") {
		commands := []graph.AutomationCommand{}
		for _, c := range a.Commands {
			commands = append(commands, graph.AutomationCommand{Name: text(c.Name), Description: text(c.Description)})
		}
		u.Commands = &commands
	}
	return u
}

// CallingUpdate changes the named fields of the settings of calls. Hours are replaced as a whole at Meta, so what the spec
// doesn't name of them is sent as it was. So is what it doesn't name of SIP, of which Meta doesn't document whether it is
// replaced.
func CallingUpdate(c *v1alpha1.PhoneNumberCalling, fields []string, live *graph.CallingSettings) graph.CallingSettings {
	n := names(fields)
	u := graph.CallingSettings{
		Status:                   n.word("calling.status", string(c.Status)),
		CallIconVisibility:       n.word("calling.callIconVisibility", string(c.CallIconVisibility)),
		CallbackPermissionStatus: n.word("calling.callbackPermission", string(c.CallbackPermission)),
		VideoStatus:              n.word("calling.video", string(c.Video)),
	}
	if c.SIP != nil && slices.ContainsFunc(fields, Section("calling.sip").Has) {
		u.SIP = sipUpdate(c.SIP, live)
	}
	if n.has("calling.restrictToUserCountries") {
		codes := slices.Clone(c.RestrictToUserCountries)
		u.RestrictToUserCountries = &codes
	}
	h := c.CallHours
	if h == nil || !slices.ContainsFunc(fields, Section("calling.callHours").Has) {
		return u
	}
	u.Hours = &graph.CallHours{Status: string(h.Status), TimezoneID: h.TimezoneID, Weekly: hoursOf(h.Weekly)}
	switch {
	case h.Holidays != nil:
		u.Hours.Holidays = holidaysOf(h.Holidays)
	case live != nil && live.Hours != nil:
		u.Hours.Holidays = live.Hours.Holidays
	}
	return u
}

func sipUpdate(s *v1alpha1.CallingSIP, live *graph.CallingSettings) *graph.SIPSettings {
	out := &graph.SIPSettings{}
	if live != nil && live.SIP != nil {
		*out = *live.SIP
	}
	out.Status = cmp.Or(string(s.Status), out.Status)
	if s.Servers != nil {
		servers := serversOf(s.Servers)
		out.Servers = &servers
	}
	return out
}

func serversOf(servers []v1alpha1.SIPServer) []graph.SIPServer {
	out := make([]graph.SIPServer, len(servers))
	for i, s := range servers {
		out[i] = graph.SIPServer{Hostname: text(s.Hostname)}
		if s.Port != nil {
			out[i].Port = int(*s.Port)
		}
		for name, value := range s.RequestURIUserParams {
			if out[i].RequestURIUserParams == nil {
				out[i].RequestURIUserParams = map[string]string{}
			}
			out[i].RequestURIUserParams[name] = string(value)
		}
	}
	return out
}

func hoursOf(hours []v1alpha1.OperatingHours) []graph.OperatingHours {
	var out []graph.OperatingHours
	for _, h := range hours {
		out = append(out, graph.OperatingHours{Day: h.DayOfWeek, Open: h.OpenTime, Close: h.CloseTime})
	}
	return out
}

func holidaysOf(dates []v1alpha1.Holiday) []graph.Holiday {
	var out []graph.Holiday
	for _, h := range dates {
		out = append(out, graph.Holiday{Date: h.Date, Start: h.StartTime, End: h.EndTime})
	}
	return out
}

// ComplianceUpdate lays the spec over what Meta has, because Meta replaces the information as a whole.
func ComplianceUpdate(c *v1alpha1.ComplianceInfo, live *graph.Compliance) graph.Compliance {
	u := *live
	u.EntityName, u.EntityType, u.EntityTypeCustom = text(c.EntityName), string(c.EntityType), text(c.EntityTypeCustom)
	switch {
	case c.EntityType != v1alpha1.ComplianceEntityTypeOther && c.EntityType != v1alpha1.ComplianceEntityTypePartnership:
		u.Registered = nil // Meta takes it with no other form
	case c.Registered != nil:
		u.Registered = c.Registered
	}
	if o := c.GrievanceOfficer; o != nil {
		u.GrievanceOfficer = contact(live.GrievanceOfficer, &o.ComplianceContact)
		u.GrievanceOfficer.Name = cmp.Or(text(o.Name), u.GrievanceOfficer.Name)
	}
	if c.CustomerCare != nil {
		u.CustomerCare = contact(live.CustomerCare, c.CustomerCare)
	}
	return u
}

func contact(live *graph.ComplianceContact, c *v1alpha1.ComplianceContact) *graph.ComplianceContact {
	var out graph.ComplianceContact
	if live != nil {
		out = *live
	}
	out.Email = cmp.Or(c.Email, out.Email)
	out.Landline, out.Mobile = cmp.Or(c.LandlineNumber, out.Landline), cmp.Or(c.MobileNumber, out.Mobile)
	return &out
}

// keyBits is the only size that Meta takes
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/business-encryption-api).
const keyBits = 2048

// CheckKey says what is wrong with the key of flows, which CEL can't see.
func CheckKey(key string) error {
	block, rest := pem.Decode([]byte(strings.TrimSpace(key)))
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		return errors.New("spec.flowsEncryption.publicKey: not one public key as PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	public, isRSA := parsed.(*rsa.PublicKey)
	if err != nil || !isRSA || public.N.BitLen() != keyBits {
		return errors.New("spec.flowsEncryption.publicKey: Meta takes only an RSA key of 2048 bits; " +
			"make the public part of one with openssl rsa -pubout")
	}
	return nil
}
