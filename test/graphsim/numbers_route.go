// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

const scopeMessaging = "whatsapp_business_messaging"

type numberCall struct {
	op string
	do func(*Simulator, *call) (any, *apiError)
	// registered: refused with 133010 while the number is not on the Cloud API. That register lists this code is
	// documented, that reads of the profile answer it is a guess.
	registered bool
}

var numberCalls = map[string]numberCall{
	"GET ":                              {op: OpReadNumber, do: (*Simulator).readNumber},
	"POST ":                             {op: OpUpdateNumber, do: (*Simulator).updateNumber},
	"POST request_code":                 {op: OpRequestCode, do: (*Simulator).requestCode},
	"POST verify_code":                  {op: OpVerifyCode, do: (*Simulator).verifyCode},
	"POST register":                     {op: OpRegister, do: (*Simulator).register},
	"POST deregister":                   {op: OpDeregister, do: (*Simulator).deregister},
	"GET whatsapp_business_profile":     {op: OpReadProfile, do: (*Simulator).readProfile, registered: true},
	"POST whatsapp_business_profile":    {op: OpUpdateProfile, do: (*Simulator).updateProfile, registered: true},
	"GET whatsapp_commerce_settings":    {op: OpReadCommerce, do: (*Simulator).readCommerce, registered: true},
	"POST whatsapp_commerce_settings":   {op: OpUpdateCommerce, do: (*Simulator).updateCommerce, registered: true},
	"POST conversational_automation":    {op: OpUpdateAutomation, do: (*Simulator).updateAutomation},
	"GET settings":                      {op: OpReadSettings, do: (*Simulator).readSettings},
	"POST settings":                     {op: OpUpdateSettings, do: (*Simulator).updateSettings},
	"GET whatsapp_business_encryption":  {op: OpReadEncryption, do: (*Simulator).readEncryption, registered: true},
	"POST whatsapp_business_encryption": {op: OpUpdateEncryption, do: (*Simulator).updateEncryption, registered: true},
	"GET business_compliance_info":      {op: OpReadCompliance, do: (*Simulator).readCompliance},
	"POST business_compliance_info":     {op: OpUpdateCompliance, do: (*Simulator).updateCompliance},
	"GET username":                      {op: OpReadUsername, do: (*Simulator).readUsername},
	"POST username":                     {op: OpUpdateUsername, do: (*Simulator).updateUsername},
	"DELETE username":                   {op: OpDeleteUsername, do: (*Simulator).deleteUsername},
	"GET username_suggestions":          {op: OpSuggestUsernames, do: (*Simulator).suggestUsernames},
	"POST official_business_account":    {op: OpRequestBadge, do: (*Simulator).requestBadge},
}

// routeNumber finds the operation on a phone number. There is no DELETE: a number is deleted in WhatsApp Manager only.
func (s *Simulator) routeNumber(c *call, edge string) {
	found, ok := numberCalls[c.method+" "+edge]
	c.op, c.key = found.op, c.number.ID
	if !ok {
		c.op = OpUnknownNumberEdge
		return
	}
	if found.op == OpUpdateNumber {
		c.op = updateOp(c)
	}
	c.handler = func(c *call) (any, *apiError) {
		n := c.number
		switch {
		case n.memory.removed && c.method == http.MethodGet:
			return nil, missingObject(c.method, n.ID)
		case n.memory.removed:
			return nil, &apiError{Code: 33, Message: "(#33) Parameter value is not valid", Details: "The business phone number has been deleted."}
		case c.write && n.memory.upgradeDue.After(c.now):
			return nil, &apiError{Code: 131057, Message: "(#131057) Business Account is in maintenance mode", Details: "The throughput of the phone number is being upgraded."}
		case found.registered && n.PlatformType != "CLOUD_API":
			return nil, notRegistered()
		}
		return found.do(s, c)
	}
}

// updateOp distinguishes the uses of POST /{phone number}.
func updateOp(c *call) string {
	switch {
	case c.has("pin"):
		return OpSetPIN
	case c.has("new_display_name"):
		return OpRenameNumber
	}
	return OpUpdateNumber
}

func notRegistered() *apiError {
	return &apiError{Code: 133010, Message: "(#133010) Account not registered", Details: "The phone number is not registered on the WhatsApp Business Platform."}
}

// needMessaging: registering takes the permission to send, too.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/permissions.
func needMessaging(c *call) *apiError {
	if c.token == nil || !slices.Contains(c.token.Scopes, scopeMessaging) {
		return &apiError{Code: 200, Message: "(#200) Requires " + scopeMessaging + " permission to manage the object"}
	}
	return nil
}

// needProduct checks messaging_product, which most calls of the Cloud API want.
func needProduct(c *call) *apiError {
	switch v := c.param("messaging_product"); {
	case v == "":
		return badParam("The parameter messaging_product is required.")
	case !strings.EqualFold(v, "whatsapp"):
		return badParam("Param messaging_product must be one of {WHATSAPP} - got %q.", v)
	}
	return nil
}

// flag reads a boolean parameter. What is neither true nor false is refused; that Meta does so is a guess.
func flag(c *call, name string) (value, present bool, problem *apiError) {
	if !c.has(name) {
		return false, false, nil
	}
	switch c.param(name) {
	case "true", "1":
		return true, true, nil
	case "false", "0":
		return false, true, nil
	}
	return false, false, badParam("Param %s must be a boolean", name)
}

func tooLong(name string, most int) *apiError {
	return badParam("Param %s must be at most %d characters long.", name, most)
}

// done notes that something took effect, for the statistics.
func done(c *call) map[string]any {
	c.commit = append(c.commit, commitment{op: c.op, key: c.key})
	return success()
}

func (s *Simulator) recordNumber(c *call) {
	switch {
	case c.op == OpAddNumber:
		c.key = addKey(c) // the account may be missing
	case c.number == nil:
		return
	case c.query.Has("pin"):
		s.leaks = append(s.leaks, c.method+" "+c.path+" carried a PIN")
	}
	count(s.stats.ByNumber, c.key, c.op)
	for _, x := range c.commit {
		count(s.stats.CommittedByNumber, x.key, x.op)
	}
}

func count(counts map[string]map[string]int, key, op string) {
	if counts[key] == nil {
		counts[key] = map[string]int{}
	}
	counts[key][op]++
}

func cloneCounts(counts map[string]map[string]int) map[string]map[string]int {
	out := make(map[string]map[string]int, len(counts))
	for key, m := range counts {
		out[key] = maps.Clone(m)
	}
	return out
}
