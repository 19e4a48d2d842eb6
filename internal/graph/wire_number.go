// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// edgeObject gives the one object of an answer about a number: {"data":[{…}]}, also {"data":{…}} or the object alone, and
// in Meta's OpenAPI file with one more object, named nested, around it. No item at all reads as an empty object.
func edgeObject(n node, nested string) (node, error) {
	object := n
	if data, wrapped := n["data"]; wrapped {
		items, isList := data.([]any)
		object = asNode(data)
		switch {
		case isList && len(items) == 0:
			return node{}, nil
		case isList:
			object = asNode(items[0])
		}
		if object == nil {
			return nil, shapeError("data without an object")
		}
	}
	if inner := object.obj(nested); inner != nil {
		return inner, nil
	}
	if object == nil {
		return nil, shapeError("no object")
	}
	return object, nil
}

// strPtr gives nil for what is missing or no text, and a text otherwise, empty ones too.
func (n node) strPtr(key string) *string {
	switch n[key].(type) {
	case nil, map[string]any, []any:
		return nil
	}
	text := n.str(key)
	return &text
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

func profileFrom(n node) (*Profile, error) {
	n, err := edgeObject(n, "business_profile")
	if err != nil {
		return nil, err
	}
	p := &Profile{
		About: n.strPtr("about"), Address: n.strPtr("address"), Description: n.strPtr("description"),
		Email: n.strPtr("email"), Vertical: n.strPtr("vertical"), PictureURL: n.strPtr("profile_picture_url"),
		Websites: n.strs("websites"),
	}
	if p.Vertical != nil {
		*p.Vertical = strings.ToUpper(*p.Vertical)
	}
	if _, isList := n["websites"].([]any); isList && p.Websites == nil {
		p.Websites = []string{}
	}
	return p, nil
}

func commerceFrom(n node) (*Commerce, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	return &Commerce{CartEnabled: n.boolPtr("is_cart_enabled"), CatalogVisible: n.boolPtr("is_catalog_visible")}, nil
}

func automationFrom(n node) *Automation {
	a := &Automation{Prompts: n.strs("prompts")}
	for _, command := range n.nodes("commands") {
		a.Commands = append(a.Commands,
			AutomationCommand{Name: command.str("command_name"), Description: command.str("command_description")})
	}
	return a
}

func usernameFrom(n node) (*Username, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	return &Username{Name: n.str("username"), Status: n.upper("status")}, nil
}

func encryptionFrom(n node) (*Encryption, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	return &Encryption{
		PublicKey: n.str("business_public_key"), SignatureStatus: n.upper("business_public_key_signature_status"),
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

func complianceFrom(n node) (*Compliance, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	return &Compliance{
		EntityName: n.str("entity_name"), EntityType: entityType(n.str("entity_type")),
		EntityTypeCustom: n.str("entity_type_custom"), Registered: n.boolPtr("is_registered"),
		GrievanceOfficer: contactFrom(n.obj("grievance_officer_details")),
		CustomerCare:     contactFrom(n.obj("customer_care_details")),
	}, nil
}

func contactFrom(n node) *ComplianceContact {
	if len(n) == 0 {
		return nil
	}
	return &ComplianceContact{
		Name: n.str("name"), Email: n.str("email"), Landline: n.str("landline_number"), Mobile: n.str("mobile_number"),
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

func settingsFrom(n node) (*NumberSettings, error) {
	n, err := edgeObject(n, "")
	if err != nil {
		return nil, err
	}
	s := &NumberSettings{IdentityCheck: n.obj("user_identity_change").boolPtr("enable_identity_key_check")}
	if storage := n.obj("storage_configuration"); len(storage) > 0 {
		s.Storage = &StorageConfiguration{
			Status: storage.upper("status"), Region: storage.upper("data_localization_region"),
			RetentionMinutes: storage.int64Ptr("retention_minutes"),
		}
	}
	if calling := n.obj("calling"); len(calling) > 0 {
		s.Calling = callingFrom(calling)
	}
	return s, nil
}

func callingFrom(n node) *CallingSettings {
	c := &CallingSettings{
		Status: n.upper("status"), CallIconVisibility: n.upper("call_icon_visibility"),
		CallbackPermissionStatus: n.upper("callback_permission_status"),
		SRTPKeyExchangeProtocol:  n.upper("srtp_key_exchange_protocol"),
		VideoStatus:              n.obj("video").upper("status"), Hours: hoursFrom(n.obj("call_hours")), SIP: sipFrom(n.obj("sip")),
	}
	if icons := n.obj("call_icons"); icons["restrict_to_user_countries"] != nil {
		countries := icons.strs("restrict_to_user_countries")
		c.RestrictToUserCountries = notNull(&countries)
	}
	for _, item := range n.obj("restrictions").nodes("restrictions_list") {
		c.Restrictions = append(c.Restrictions,
			CallingRestriction{Type: item.upper("type"), Reason: item.str("reason"), Expiration: item.time("expiration")})
	}
	return c
}

func hoursFrom(n node) *CallHours {
	if len(n) == 0 {
		return nil
	}
	h := &CallHours{Status: n.upper("status"), TimezoneID: n.str("timezone_id")}
	for _, item := range n.nodes("weekly_operating_hours") {
		h.Weekly = append(h.Weekly,
			OperatingHours{Day: item.upper("day_of_week"), Open: item.str("open_time"), Close: item.str("close_time")})
	}
	for _, item := range n.nodes("holiday_schedule") {
		h.Holidays = append(h.Holidays, Holiday{Date: item.str("date"), Start: item.str("start_time"), End: item.str("end_time")})
	}
	return h
}

// sipFrom ignores sip_user_password, should an answer contain it.
func sipFrom(n node) *SIPSettings {
	if len(n) == 0 {
		return nil
	}
	s := &SIPSettings{Status: n.upper("status")}
	if n["servers"] == nil {
		return s
	}
	servers := []SIPServer{}
	for _, item := range n.nodes("servers") {
		server := SIPServer{Hostname: item.str("hostname")}
		if port := item.int("port", 0); port > 0 && port <= math.MaxUint16 {
			server.Port = port
		}
		params := item.obj("request_uri_user_params")
		for _, key := range slices.Sorted(maps.Keys(params)) {
			if server.RequestURIUserParams == nil {
				server.RequestURIUserParams = map[string]string{}
			}
			server.RequestURIUserParams[key] = params.str(key)
		}
		servers = append(servers, server)
	}
	s.Servers = &servers
	return s
}
