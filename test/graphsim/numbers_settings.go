// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

var (
	settingBlocks = []string{"calling", "user_identity_change", "payload_encryption", "storage_configuration"}
	callingKeys   = knownFields(`status call_icon_visibility call_icons call_hours callback_permission_status sip
		srtp_key_exchange_protocol video audio restrictions`)
)

// readSettings is GET /{phone number}/settings. What it shows before anything was set is a guess.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/call-settings.
func (s *Simulator) readSettings(c *call) (any, *apiError) {
	x := &c.number.Config
	calling := decodeObject(x.Calling)
	if len(calling) == 0 {
		calling = map[string]any{"status": "DISABLED", "call_icon_visibility": "DEFAULT", "callback_permission_status": "DISABLED"}
	}
	hidePorts(calling)
	if c.param("include_sip_credentials") == "true" {
		s.addPasswords(c.number, calling)
	}
	if len(x.CallingRestrictions) > 0 {
		calling["restrictions"] = map[string]any{"restrictions_list": x.CallingRestrictions}
	}
	out := map[string]any{"calling": calling, "storage_configuration": x.Storage}
	if len(x.IdentityChange) > 0 {
		out["user_identity_change"] = x.IdentityChange
	}
	if len(x.PayloadEncryption) > 0 {
		out["payload_encryption"] = x.PayloadEncryption
	}
	for name, v := range s.unknownFields(c.number.ID) {
		out[name] = v
	}
	return out, nil
}

func decodeObject(raw json.RawMessage) map[string]any {
	var out map[string]any
	_ = json.Unmarshal(raw, &out) // empty when never set
	return out
}

// hidePorts leaves out the ports that are the default, as in the sample of the page of call settings.
func hidePorts(calling map[string]any) {
	sip, _ := calling["sip"].(map[string]any)
	servers, _ := sip["servers"].([]any)
	for _, x := range servers {
		if server, ok := x.(map[string]any); ok && server["port"] == float64(sipPort) {
			delete(server, "port")
		}
	}
}

// addPasswords shows the SIP passwords, which Meta makes.
func (s *Simulator) addPasswords(n *number, calling map[string]any) {
	sip, _ := calling["sip"].(map[string]any)
	servers, _ := sip["servers"].([]any)
	for i, x := range servers {
		if server, ok := x.(map[string]any); ok {
			server["sip_user_password"] = fmt.Sprintf("%016x", toss(s.seed, "sip", n.ID, itoa(i)))
		}
	}
}

// updateSettings is POST /{phone number}/settings: one feature per call.
func (s *Simulator) updateSettings(c *call) (any, *apiError) {
	var block string
	for _, name := range settingBlocks {
		if !given(c, name) {
			continue
		}
		if block != "" {
			return nil, badParam("Only one setting can be updated at a time, got %s and %s.", block, name)
		}
		block = name
	}
	if block == "" {
		return nil, badParam("One of the parameters {%s} is required.", strings.Join(settingBlocks, ", "))
	}
	raw, _ := c.raw(block)
	var in map[string]json.RawMessage
	if json.Unmarshal([]byte(scalar(raw)), &in) != nil {
		return nil, badParam("Param %s must be an object.", block)
	}
	update := map[string]func(*call, map[string]json.RawMessage) *apiError{
		"calling": updateCalling, "user_identity_change": updateIdentityChange, "payload_encryption": updatePayload, "storage_configuration": updateStorage,
	}[block]
	if problem := update(c, in); problem != nil {
		return nil, problem
	}
	if block == "calling" {
		s.emitCalling(c.number, c.now)
	}
	return done(c), nil
}

func word(in map[string]json.RawMessage, name string) string {
	var text string
	_ = json.Unmarshal(in[name], &text) // empty unless it is a text
	return text
}

// oneOf refuses a text that is there and not in the list. Values are upper case at Meta.
func oneOf(in map[string]json.RawMessage, name string, allowed ...string) *apiError {
	if _, ok := in[name]; ok && !slices.Contains(allowed, word(in, name)) {
		return badParam("Param %s must be one of {%s} - got %s.", name, strings.Join(allowed, ", "), in[name])
	}
	return nil
}

// updateCalling replaces the keys sent; call_hours without holiday_schedule erases that, and restrictions are read-only
// (documented). Which error a limit below 2,000 gives is a guess.
func updateCalling(c *call, in map[string]json.RawMessage) *apiError {
	for name := range in {
		if !callingKeys[name] {
			return badParam("Unexpected key %q on param calling.", name)
		}
	}
	for _, problem := range []*apiError{
		oneOf(in, "status", "ENABLED", "DISABLED"), oneOf(in, "call_icon_visibility", "DEFAULT", "DISABLE_ALL"),
		oneOf(in, "callback_permission_status", "ENABLED", "DISABLED"), oneOf(in, "srtp_key_exchange_protocol", "DTLS", "SDES"),
		checkHolidays(in["call_hours"]), checkServers(in["sip"]), checkVideo(in["video"]),
	} {
		if problem != nil {
			return problem
		}
	}
	if word(in, "status") == "ENABLED" && slices.Contains(smallTiers, c.account.MessagingLimit) {
		return invalid(0, "Calling Not Available", "Calling needs a messaging limit of at least 2,000.")
	}
	stored := map[string]json.RawMessage{"status": json.RawMessage(`"DISABLED"`), "call_icon_visibility": json.RawMessage(`"DEFAULT"`)}
	_ = json.Unmarshal(c.number.Config.Calling, &stored) // empty when never set
	for name, v := range in {
		switch {
		case name == "restrictions":
		case name == "video" && c.number.VideoUnavailable:
			stored[name] = json.RawMessage(`{"status":"DISABLED"}`)
		default:
			stored[name] = v
		}
	}
	c.number.Config.Calling, _ = json.Marshal(stored) // was JSON
	return nil
}

func checkHolidays(raw json.RawMessage) *apiError {
	var in struct {
		Holidays []any `json:"holiday_schedule"`
	}
	if len(raw) > 0 && json.Unmarshal(raw, &in) != nil || len(in.Holidays) > 20 {
		return badParam("Param call_hours must be an object with at most 20 entries in holiday_schedule.")
	}
	return nil
}

// sipPort is the default.
const sipPort = 5061

// checkServers takes one server of the app (documented). That sip is replaced as a whole, as updateCalling does, is a guess.
func checkServers(raw json.RawMessage) *apiError {
	if len(raw) == 0 {
		return nil
	}
	var in struct {
		Servers []struct {
			Hostname string
			Port     *int
		}
	}
	var status map[string]json.RawMessage
	if json.Unmarshal(raw, &status) != nil || json.Unmarshal(raw, &in) != nil {
		return badParam("Param sip must be an object.")
	}
	if len(in.Servers) > 1 {
		return badParam("Only one SIP server is allowed per app.")
	}
	for _, x := range in.Servers {
		if x.Hostname == "" {
			return badParam("Each SIP server needs a hostname.")
		}
		if x.Port != nil && (*x.Port < 1 || *x.Port > 65535) {
			return badParam("The port of a SIP server must be between 1 and 65535.")
		}
	}
	return oneOf(status, "status", "ENABLED", "DISABLED")
}

func checkVideo(raw json.RawMessage) *apiError {
	if len(raw) == 0 {
		return nil
	}
	var in map[string]json.RawMessage
	if json.Unmarshal(raw, &in) != nil {
		return badParam("Param video must be an object.")
	}
	return oneOf(in, "status", "ENABLED", "DISABLED")
}

func updateIdentityChange(c *call, in map[string]json.RawMessage) *apiError {
	var enabled bool
	if json.Unmarshal(in["enable_identity_key_check"], &enabled) != nil {
		return badParam("Param user_identity_change must have the boolean enable_identity_key_check.")
	}
	c.number.Config.IdentityChange, _ = json.Marshal(map[string]bool{"enable_identity_key_check": enabled}) // never fails
	return nil
}

// updatePayload: that the key comes back as a fingerprint only is a guess.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/payload-encryption.
func updatePayload(c *call, in map[string]json.RawMessage) *apiError {
	if problem := oneOf(in, "status", "ENABLED", "DISABLED"); problem != nil {
		return problem
	}
	status, key := word(in, "status"), word(in, "client_encryption_key")
	out := map[string]string{"status": status}
	switch {
	case status == "":
		return badParam("The parameter status is required.")
	case status == "ENABLED" && key == "":
		return badParam("The parameter client_encryption_key is required.")
	case status == "ENABLED":
		out["client_encryption_key_fingerprint"] = fmt.Sprintf("%016x", toss(0, "fingerprint", key))
	}
	c.number.Config.PayloadEncryption, _ = json.Marshal(out) // never fails
	return nil
}

// updateStorage works only while the number is not registered (documented); the codes are guesses.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage and …/no-storage.
func updateStorage(c *call, in map[string]json.RawMessage) *apiError {
	if problem := oneOf(in, "status", "IN_COUNTRY_STORAGE_ENABLED", "IN_COUNTRY_STORAGE_DISABLED", "NO_STORAGE_ENABLED"); problem != nil {
		return problem
	}
	next := Storage{Status: word(in, "status")}
	switch next.Status {
	case "":
		return badParam("The parameter status is required.")
	case "NO_STORAGE_ENABLED":
		if !c.number.NoStorageAllowed {
			return &apiError{Code: 10, Message: "(#10) Application does not have permission for this action"}
		}
		if len(in["retention_minutes"]) > 0 && json.Unmarshal(in["retention_minutes"], &next.RetentionMinutes) != nil {
			return badParam("Param retention_minutes must be a number.")
		}
	case "IN_COUNTRY_STORAGE_ENABLED":
		if next.Region = word(in, "data_localization_region"); !slices.Contains(regions, next.Region) {
			return badParam("Param data_localization_region must be one of {%s} - got %q.", strings.Join(regions, ", "), next.Region)
		}
	}
	if c.number.PlatformType == "CLOUD_API" {
		return badParam("The storage configuration can only be changed while the phone number is not registered. Deregister it first.")
	}
	c.number.Config.Storage = next
	return nil
}

// callHealth adds what the entities of number and app can do with calls over SIP; it returns true when nothing.
func callHealth(n *number, own, app map[string]any) bool {
	calling := decodeObject(n.Config.Calling)
	if calling["status"] != "ENABLED" {
		return false
	}
	sip, _ := calling["sip"].(map[string]any)
	servers, _ := sip["servers"].([]any)
	own["can_receive_call_sip"], app["can_receive_call_sip"] = "AVAILABLE", "AVAILABLE"
	switch {
	case sip["status"] != "ENABLED":
		own["can_receive_call_sip"] = "BLOCKED"
		own["errors"] = append(errorsOf(own), healthError(138024, "SIP is not enabled for the phone number.", "Enable SIP in the calling settings.")...)
	case len(servers) == 0:
		app["can_receive_call_sip"] = "BLOCKED"
		app["errors"] = append(errorsOf(app), healthError(138025, "The app has no SIP server.", "Add a SIP server in the calling settings.")...)
		return true
	}
	return false
}

func errorsOf(entity map[string]any) []map[string]any {
	out, _ := entity["errors"].([]map[string]any)
	return out
}
