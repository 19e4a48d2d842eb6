// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// edgeObject gives the one object of an answer about a number: {"data":[{…}]}, also {"data":{…}} or the object alone, and
// in Meta's OpenAPI file with one more object, named nested, around it. No item at all reads as an empty object.
func edgeObject(n lenient.Node, nested string) (lenient.Node, error) {
	object := n
	if data, wrapped := n["data"]; wrapped {
		items, isList := data.([]any)
		object = lenient.NodeOf(data)
		switch {
		case isList && len(items) == 0:
			return lenient.Node{}, nil
		case isList:
			object = lenient.NodeOf(items[0])
		}
		if object == nil {
			return nil, shapeError("data without an object")
		}
	}
	if inner := object.Node(nested); inner != nil {
		return inner, nil
	}
	if object == nil {
		return nil, shapeError("no object")
	}
	return object, nil
}

type wireProfile struct {
	Product       string    `json:"messaging_product"`
	About         *string   `json:"about,omitempty"`
	Address       *string   `json:"address,omitempty"`
	Description   *string   `json:"description,omitempty"`
	Email         *string   `json:"email,omitempty"`
	Vertical      *string   `json:"vertical,omitempty"`
	Websites      *[]string `json:"websites,omitempty"`
	PictureHandle *string   `json:"profile_picture_handle,omitempty"`
}

func profileFrom(n lenient.Node) (*Profile, error) {
	n, err := edgeObject(n, "business_profile")
	if err != nil {
		return nil, err
	}
	p := &Profile{
		About: n.TextPtr("about"), Address: n.TextPtr("address"), Description: n.TextPtr("description"),
		Email: n.TextPtr("email"), Vertical: n.TextPtr("vertical"), PictureURL: n.TextPtr("profile_picture_url"),
		Websites: n.Texts("websites"),
	}
	if p.Vertical != nil {
		*p.Vertical = strings.ToUpper(*p.Vertical)
	}
	if _, isList := n["websites"].([]any); isList && p.Websites == nil {
		p.Websites = []string{}
	}
	return p, nil
}

func commerceFrom(n lenient.Node) (*Commerce, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	return &Commerce{CartEnabled: n.BoolPtr("is_cart_enabled"), CatalogVisible: n.BoolPtr("is_catalog_visible")}, nil
}

func automationFrom(n lenient.Node) *Automation {
	a := &Automation{Prompts: n.Texts("prompts")}
	for _, command := range n.Nodes("commands") {
		a.Commands = append(a.Commands,
			AutomationCommand{Name: command.Text("command_name"), Description: command.Text("command_description")})
	}
	return a
}

func usernameFrom(n lenient.Node) (*Username, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	return &Username{Name: n.Text("username"), Status: n.Upper("status")}, nil
}

func encryptionFrom(n lenient.Node) (*Encryption, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	return &Encryption{
		PublicKey: n.Text("business_public_key"), SignatureStatus: n.Upper("business_public_key_signature_status"),
	}, nil
}

type wireCompliance struct {
	Product          string             `json:"messaging_product"`
	EntityName       string             `json:"entity_name"`
	EntityType       string             `json:"entity_type"`
	EntityTypeCustom string             `json:"entity_type_custom,omitempty"`
	Registered       *bool              `json:"is_registered,omitempty"`
	GrievanceOfficer *ComplianceContact `json:"grievance_officer_details,omitempty"`
	CustomerCare     *ComplianceContact `json:"customer_care_details,omitempty"`
}

func complianceFrom(n lenient.Node) (*Compliance, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	return &Compliance{
		EntityName: n.Text("entity_name"), EntityType: entityType(n.Text("entity_type")),
		EntityTypeCustom: n.Text("entity_type_custom"), Registered: n.BoolPtr("is_registered"),
		GrievanceOfficer: contactFrom(n.Node("grievance_officer_details")),
		CustomerCare:     contactFrom(n.Node("customer_care_details")),
	}, nil
}

func contactFrom(n lenient.Node) *ComplianceContact {
	if len(n) == 0 {
		return nil
	}
	return &ComplianceContact{
		Name: n.Text("name"), Email: n.Text("email"), Landline: n.Text("landline_number"), Mobile: n.Text("mobile_number"),
	}
}

// entityType brings the form for people, such as "Private Company", into that of requests.
func entityType(text string) string {
	words := strings.FieldsFunc(strings.ToUpper(text), func(r rune) bool { return r == ' ' || r == '-' || r == '_' })
	name := strings.Join(words, "_")
	if name == "OTHERS" {
		return "OTHER"
	}
	return name
}

type wireStorage struct {
	Status string `json:"status"`
	Region string `json:"data_localization_region,omitempty"`
}

type wireIdentityChange struct {
	Enabled bool `json:"enable_identity_key_check"`
}

type wireCalling struct {
	Status             string         `json:"status,omitempty"`
	CallIconVisibility string         `json:"call_icon_visibility,omitempty"`
	CallIcons          *wireCallIcons `json:"call_icons,omitempty"`
	Hours              *wireCallHours `json:"call_hours,omitempty"`
	CallbackPermission string         `json:"callback_permission_status,omitempty"`
	SIP                *wireSIP       `json:"sip,omitempty"`
	SRTP               string         `json:"srtp_key_exchange_protocol,omitempty"`
	Video              *wireStatus    `json:"video,omitempty"`
}

type wireCallIcons struct {
	Countries *[]string `json:"restrict_to_user_countries"`
}

// wireCallHours replaces what Meta has: a list that is not sent is erased, as documented, and empty lists are not.
type wireCallHours struct {
	Status     string           `json:"status,omitempty"`
	TimezoneID string           `json:"timezone_id,omitempty"`
	Weekly     []OperatingHours `json:"weekly_operating_hours,omitempty"`
	Holidays   []Holiday        `json:"holiday_schedule,omitempty"`
}

type wireSIP struct {
	Status  string       `json:"status,omitempty"`
	Servers *[]SIPServer `json:"servers,omitempty"`
}

type wireStatus struct {
	Status string `json:"status"`
}

func wireCallingFrom(u CallingSettings) wireCalling {
	out := wireCalling{
		Status: u.Status, CallIconVisibility: u.CallIconVisibility, CallbackPermission: u.CallbackPermissionStatus,
		SRTP: u.SRTPKeyExchangeProtocol,
	}
	if u.RestrictToUserCountries != nil {
		out.CallIcons = &wireCallIcons{Countries: notNull(u.RestrictToUserCountries)}
	}
	if h := u.Hours; h != nil {
		out.Hours = &wireCallHours{Status: h.Status, TimezoneID: h.TimezoneID, Weekly: h.Weekly, Holidays: h.Holidays}
	}
	if u.SIP != nil {
		out.SIP = &wireSIP{Status: u.SIP.Status, Servers: notNull(u.SIP.Servers)}
	}
	if u.VideoStatus != "" {
		out.Video = &wireStatus{Status: u.VideoStatus}
	}
	return out
}

func settingsFrom(n lenient.Node) (*NumberSettings, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	s := &NumberSettings{IdentityCheck: n.Node("user_identity_change").BoolPtr("enable_identity_key_check")}
	if storage := n.Node("storage_configuration"); len(storage) > 0 {
		s.Storage = &StorageConfiguration{
			Status: storage.Upper("status"), Region: storage.Upper("data_localization_region"),
			RetentionMinutes: storage.Int64Ptr("retention_minutes"),
		}
	}
	if calling := n.Node("calling"); len(calling) > 0 {
		s.Calling = callingFrom(calling)
	}
	return s, nil
}

func callingFrom(n lenient.Node) *CallingSettings {
	c := &CallingSettings{
		Status: n.Upper("status"), CallIconVisibility: n.Upper("call_icon_visibility"),
		CallbackPermissionStatus: n.Upper("callback_permission_status"),
		SRTPKeyExchangeProtocol:  n.Upper("srtp_key_exchange_protocol"),
		VideoStatus:              n.Node("video").Upper("status"), Hours: hoursFrom(n.Node("call_hours")), SIP: sipFrom(n.Node("sip")),
	}
	if icons := n.Node("call_icons"); icons["restrict_to_user_countries"] != nil {
		countries := icons.Texts("restrict_to_user_countries")
		c.RestrictToUserCountries = notNull(&countries)
	}
	for _, item := range n.Node("restrictions").Nodes("restrictions_list") {
		c.Restrictions = append(c.Restrictions,
			CallingRestriction{Type: item.Upper("type"), Reason: item.Text("reason"), Expiration: item.Time("expiration")})
	}
	return c
}

func hoursFrom(n lenient.Node) *CallHours {
	if len(n) == 0 {
		return nil
	}
	h := &CallHours{Status: n.Upper("status"), TimezoneID: n.Text("timezone_id")}
	for _, item := range n.Nodes("weekly_operating_hours") {
		h.Weekly = append(h.Weekly,
			OperatingHours{Day: item.Upper("day_of_week"), Open: item.Text("open_time"), Close: item.Text("close_time")})
	}
	for _, item := range n.Nodes("holiday_schedule") {
		h.Holidays = append(h.Holidays, Holiday{Date: item.Text("date"), Start: item.Text("start_time"), End: item.Text("end_time")})
	}
	return h
}

// sipFrom ignores sip_user_password, should an answer contain it.
func sipFrom(n lenient.Node) *SIPSettings {
	if len(n) == 0 {
		return nil
	}
	s := &SIPSettings{Status: n.Upper("status")}
	if n["servers"] == nil {
		return s
	}
	servers := []SIPServer{}
	for _, item := range n.Nodes("servers") {
		server := SIPServer{Hostname: item.Text("hostname")}
		if port := item.Int("port", 0); port > 0 && port <= math.MaxUint16 {
			server.Port = port
		}
		params := item.Node("request_uri_user_params")
		for _, key := range slices.Sorted(maps.Keys(params)) {
			if server.RequestURIUserParams == nil {
				server.RequestURIUserParams = map[string]string{}
			}
			server.RequestURIUserParams[key] = params.Text(key)
		}
		servers = append(servers, server)
	}
	s.Servers = &servers
	return s
}
