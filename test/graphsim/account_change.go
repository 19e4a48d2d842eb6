// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"unicode/utf8"
)

// changeAccount sets the writable properties besides insights. name and timezone_id are in Meta's OpenAPI file only, and
// the pages say that the time zone is fixed once a credit line is attached; so some accounts refuse them.
func (s *Simulator) changeAccount(c *call) (changed bool, problem *apiError) {
	next := c.account.Account
	for name, target := range map[string]*bool{
		"disable_marketing_messages_on_cloud_api": &next.DisableMarketing,
		"template_auto_archival_enabled":          &next.AutoArchival,
	} {
		v, present, problem := flag(c, name)
		if problem != nil {
			return false, problem
		}
		if present {
			*target, changed = v, true
		}
	}
	if raw, ok := c.raw("degrees_of_freedom_spec"); ok {
		var in map[string]any
		if json.Unmarshal([]byte(scalar(raw)), &in) != nil {
			return false, badParam("Param degrees_of_freedom_spec must be an object.")
		}
		changed = true // no field shows it
	}
	for name, target := range map[string]*string{"name": &next.Name, "timezone_id": &next.TimezoneID} {
		if !c.has(name) {
			continue
		}
		switch v := c.param(name); {
		case toss(s.seed, "account is fixed", c.account.ID)%2 == 0:
			return false, badParam("Param %s can't be updated", name)
		case v == "" || utf8.RuneCountInString(v) > 100:
			return false, badParam("Param %s must have between 1 and 100 characters", name)
		default:
			*target, changed = v, true
		}
	}
	// No account can opt out of auto-archival, and the write is answered like any other
	// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
	next.AutoArchival = next.AutoArchival || c.account.AutoArchival
	c.account.Account = next
	return changed, nil
}
