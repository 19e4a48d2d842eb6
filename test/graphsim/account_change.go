// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"maps"
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
		if next.CreativeFeatures, problem = changeFeatures(next.CreativeFeatures, scalar(raw)); problem != nil {
			return false, problem
		}
		changed = true
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

// creativeFeatures are those of the page about marketing messages
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/send-marketing-messages).
var creativeFeatures = knownFields(`image_brightness_and_contrast image_touchups add_text_overlay image_animation image_background_gen
	auto_promotion_tag text_extraction_for_headline text_extraction_for_tap_target product_extensions text_formatting_optimization`)

// changeFeatures keeps the features that aren't sent; that Meta does so, and what it answers to an unknown one, are guesses.
func changeFeatures(before map[string]string, raw string) (map[string]string, *apiError) {
	var in struct {
		Features map[string]struct {
			Status string `json:"enroll_status"`
		} `json:"creative_features_spec"`
	}
	if json.Unmarshal([]byte(raw), &in) != nil {
		return nil, badParam("Param degrees_of_freedom_spec must be an object.")
	}
	out := maps.Clone(before)
	if out == nil {
		out = map[string]string{}
	}
	for name, feature := range in.Features {
		switch {
		case !creativeFeatures[name]:
			return nil, badParam("Unexpected key %q on param creative_features_spec.", name)
		case feature.Status != "OPT_IN" && feature.Status != "OPT_OUT":
			return nil, badParam("Param enroll_status must be one of {OPT_IN, OPT_OUT} - got %q.", feature.Status)
		}
		out[name] = feature.Status
	}
	return out, nil
}

// freedomOfAccount is the form of an account's answers, which is neither that of requests nor that of templates; what is empty is
// left out, as Graph does with edges.
func freedomOfAccount(features map[string]string) any {
	if len(features) == 0 {
		return nil
	}
	return map[string]any{"data": []any{map[string]any{"creative_features_spec": []any{features}}}}
}
