// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// All lists the sections, in the order of Sections.
var All = []Section{Profile, Commerce, Automation, Calling, Encryption, Compliance, Username, Identity}

// Describe writes Meta's state of a section into a spec; it is the inverse of Wanted. Fields that are empty at Meta are omitted,
// so that they stay unmanaged, and so is a profile picture, which Meta never returns. It reports whether there was anything.
func Describe(spec *v1alpha1.PhoneNumberSpec, section Section, live Live) bool {
	switch section {
	case Profile:
		spec.Profile = describeProfile(live.Profile)
	case Commerce:
		if c := live.Commerce; c.CartEnabled != nil || c.CatalogVisible != nil {
			spec.Commerce = &v1alpha1.PhoneNumberCommerce{CartEnabled: c.CartEnabled, CatalogVisible: c.CatalogVisible}
		}
	case Automation:
		spec.ConversationalAutomation = describeAutomation(live.Automation)
	case Calling:
		spec.Calling = describeCalling(live.Calling)
	case Encryption:
		if live.Encryption.PublicKey != "" {
			spec.FlowsEncryption = &v1alpha1.FlowsEncryption{PublicKey: text(live.Encryption.PublicKey)}
		}
	case Compliance:
		spec.ComplianceInfo = describeCompliance(live.Compliance)
	case Username:
		if name := username(live.Username.Name); name != "" {
			spec.Username = &name
		}
	case Identity:
		if live.IdentityCheck != nil {
			spec.IdentityKeyCheck = switchOf(*live.IdentityCheck)
		}
	}
	return slices.Contains(Sections(spec), section)
}

// Differs names the fields of a section in which a spec isn't what Meta shows; they would be written.
func Differs(spec *v1alpha1.PhoneNumberSpec, section Section, live Live) []string {
	return (&Baseline{}).Diff(Wanted(spec, section, ""), live.Fields(section, ""))
}

func describeProfile(p *graph.Profile) *v1alpha1.PhoneNumberProfile {
	out := &v1alpha1.PhoneNumberProfile{
		About: filled(p.About), Address: filled(p.Address), Description: filled(p.Description), Email: filled(p.Email),
	}
	if v := vertical(deref(p.Vertical)); v != "" {
		out.Vertical = &v
	}
	for _, site := range p.Websites {
		if site = text(site); site != "" {
			out.Websites = append(out.Websites, site)
		}
	}
	if out.About == nil && out.Address == nil && out.Description == nil && out.Email == nil && out.Vertical == nil && out.Websites == nil {
		return nil
	}
	return out
}

func filled(s *string) *string {
	if v := text(deref(s)); v != "" {
		return &v
	}
	return nil
}

func describeAutomation(a *graph.Automation) *v1alpha1.ConversationalAutomation {
	if len(a.Prompts)+len(a.Commands) == 0 {
		return nil
	}
	out := &v1alpha1.ConversationalAutomation{}
	if len(a.Prompts) > 0 {
		out.Prompts = texts(a.Prompts)
	}
	for _, c := range a.Commands {
		out.Commands = append(out.Commands, v1alpha1.ConversationalCommand{
			Name: strings.TrimPrefix(text(c.Name), "/"), Description: text(c.Description),
		})
	}
	return out
}

func describeCalling(c *graph.CallingSettings) *v1alpha1.PhoneNumberCalling {
	if c == nil {
		return nil
	}
	out := &v1alpha1.PhoneNumberCalling{
		Status: v1alpha1.SettingStatus(c.Status), CallIconVisibility: v1alpha1.CallIconVisibility(c.CallIconVisibility),
		CallbackPermission: v1alpha1.SettingStatus(c.CallbackPermissionStatus), CallHours: describeHours(c.Hours),
		Video: v1alpha1.SettingStatus(c.VideoStatus), SIP: describeSIP(c.SIP),
	}
	if c.RestrictToUserCountries != nil {
		out.RestrictToUserCountries = strings.Fields(countries(*c.RestrictToUserCountries))
	}
	if out.Status == "" && out.CallIconVisibility == "" && out.CallbackPermission == "" && out.CallHours == nil &&
		len(out.RestrictToUserCountries) == 0 && out.Video == "" && out.SIP == nil {
		return nil
	}
	return out
}

// describeSIP omits the password of a server, which is never read.
func describeSIP(s *graph.SIPSettings) *v1alpha1.CallingSIP {
	if s == nil {
		return nil
	}
	out := &v1alpha1.CallingSIP{Status: v1alpha1.SettingStatus(s.Status)}
	if s.Servers != nil {
		for _, server := range *s.Servers {
			shown := v1alpha1.SIPServer{Hostname: text(server.Hostname)}
			if server.Port > 0 {
				shown.Port = ptr.To(int32(server.Port)) //nolint:gosec // a port
			}
			for name, value := range server.RequestURIUserParams {
				if shown.RequestURIUserParams == nil {
					shown.RequestURIUserParams = map[string]v1alpha1.SIPParameterValue{}
				}
				shown.RequestURIUserParams[name] = v1alpha1.SIPParameterValue(value)
			}
			out.Servers = append(out.Servers, shown)
		}
	}
	if out.Status == "" && out.Servers == nil {
		return nil
	}
	return out
}

// describeHours omits hours that were never set: Meta shows only that they are off.
func describeHours(h *graph.CallHours) *v1alpha1.CallHours {
	if h == nil || h.TimezoneID == "" || len(h.Weekly) == 0 {
		return nil
	}
	out := &v1alpha1.CallHours{Status: v1alpha1.SettingStatus(h.Status), TimezoneID: text(h.TimezoneID)}
	for _, w := range h.Weekly {
		out.Weekly = append(out.Weekly, v1alpha1.OperatingHours{
			DayOfWeek: strings.ToUpper(w.Day), OpenTime: metavalues.Digits(w.Open), CloseTime: metavalues.Digits(w.Close),
		})
	}
	for _, d := range h.Holidays {
		out.Holidays = append(out.Holidays, v1alpha1.Holiday{Date: text(d.Date), StartTime: metavalues.Digits(d.Start), EndTime: metavalues.Digits(d.End)})
	}
	return out
}

func describeCompliance(c *graph.Compliance) *v1alpha1.ComplianceInfo {
	if c.EntityName == "" && c.EntityType == "" {
		return nil
	}
	out := &v1alpha1.ComplianceInfo{
		EntityName: text(c.EntityName), EntityType: v1alpha1.ComplianceEntityType(c.EntityType), EntityTypeCustom: text(c.EntityTypeCustom),
	}
	switch out.EntityType {
	case v1alpha1.ComplianceEntityTypeOther, v1alpha1.ComplianceEntityTypePartnership:
		out.Registered = c.Registered
	}
	if o := c.GrievanceOfficer; o != nil && *o != (graph.ComplianceContact{}) {
		out.GrievanceOfficer = &v1alpha1.ComplianceOfficer{Name: text(o.Name), ComplianceContact: describeContact(o)}
	}
	if o := c.CustomerCare; o != nil {
		if contact := describeContact(o); contact != (v1alpha1.ComplianceContact{}) {
			out.CustomerCare = &contact
		}
	}
	return out
}

func describeContact(c *graph.ComplianceContact) v1alpha1.ComplianceContact {
	return v1alpha1.ComplianceContact{Email: text(c.Email), LandlineNumber: international(c.Landline), MobileNumber: international(c.Mobile)}
}

func international(phone string) string {
	if d := metavalues.Digits(phone); d != "" {
		return "+" + d
	}
	return ""
}
