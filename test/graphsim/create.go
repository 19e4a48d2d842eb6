// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	namePattern = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)
	categories  = []string{"AUTHENTICATION", "MARKETING", "UTILITY"}
	// reservedNames are Meta's sample templates.
	reservedNames = []string{
		"hello_world", "sample_flight_confirmation", "sample_happy_hour_announcement", "sample_issue_resolution",
		"sample_movie_ticket_confirmation", "sample_purchase_feedback", "sample_shipping_confirmation",
	}
)

// Languages are the codes that templates can have.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/supported-languages.
var languages = strings.Fields(`af sq ar ar_EG ar_AE ar_LB ar_MA ar_QA az be_BY bn bn_IN bg ca zh_CN zh_HK zh_TW hr cs da
	prs_AF nl nl_BE en en_GB en_US en_AE en_AU en_CA en_GH en_IE en_IN en_JM en_MY en_NZ en_QA en_SG en_UG en_ZA et fil fi
	fr fr_BE fr_CA fr_CH fr_CI fr_MA ka de de_AT de_CH el gu ha he hi hu id ga it ja kn kk rw_RW ko ky_KG lo lv lt mk ms ml
	mr nb ps_AF fa pl pt_BR pt_PT pa ro ru sr si_LK sk sl es es_AR es_CL es_CO es_CR es_DO es_EC es_HN es_MX es_PA es_PE
	es_ES es_UY sw sv ta te th tr uk ur uz vi zu`)

// createTemplate is POST /{waba}/message_templates.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview.
func (s *Simulator) createTemplate(c *call) (any, *apiError) {
	if problem := accountLocked(c.account); problem != nil {
		return nil, problem
	}
	t, problem := s.draft(c)
	if problem != nil {
		return nil, problem
	}
	a := c.account
	if problem := s.createBudget(a, c.now); problem != nil {
		return nil, problem
	}
	if problem := s.nameFree(a, t, c.now); problem != nil {
		return nil, problem
	}
	if len(a.templates) >= s.limitOf(a) {
		return nil, invalid(2388019, "Message Template Limit Exceeded", "The limit of message templates for this WhatsApp Business account has been reached. Delete templates that you no longer use.")
	}
	a.creates = append(a.creates, c.now)
	s.insert(a, t, c.now)
	s.spend(t)
	s.submit(t, c.now, true)
	c.commit = append(c.commit, commitment{op: OpCreateTemplate, key: c.key})
	return map[string]any{"id": t.ID, "status": t.Status, "category": t.Category}, nil
}

// draft reads and checks everything that does not depend on other templates.
func (s *Simulator) draft(c *call) (*template, *apiError) {
	t := &template{account: c.account}
	t.Name, t.Language, t.Category = c.param("name"), c.param("language"), strings.ToUpper(c.param("category"))
	for _, name := range []string{"name", "language", "category"} {
		if c.param(name) == "" {
			return nil, badParam("The parameter %s is required", name)
		}
	}
	switch {
	case !namePattern.MatchString(t.Name):
		problem := invalid(2388046, "Name Format is Incorrect", "The message template name can only have lowercase letters and underscores.")
		problem.Blame = "name"
		return nil, problem
	case slices.Contains(reservedNames, t.Name):
		return nil, invalid(2388155, "Template name is already used as a sample template", "This template is named after a sample template created by default. Please use a different name.")
	case !slices.Contains(languages, t.Language):
		return nil, invalid(2388049, "Language not supported", "The language "+t.Language+" isn't supported for message templates.")
	case !slices.Contains(categories, t.Category):
		return nil, badParam("Param category must be one of {%s} - got %q.", strings.Join(categories, ", "), t.Category)
	case t.Category == "AUTHENTICATION" && !strings.EqualFold(c.account.VerificationStatus, "verified"):
		return nil, &apiError{Code: 10, Subcode: 2388185, Message: "(#10) Application does not have permission for this action",
			Text: "This WhatsApp business account does not have permission to create message template"}
	}
	if problem := applySettings(c, t); problem != nil {
		return nil, problem
	}
	if problem := createMaxPrice(c, t); problem != nil {
		return nil, problem
	}
	return t, s.draftContent(c, t)
}

func (s *Simulator) draftContent(c *call, t *template) *apiError {
	if library := c.param("library_template_name"); library != "" {
		return s.fromLibrary(c, t, library)
	}
	raw, ok := c.raw("components")
	if !ok {
		return badParam("The parameter components is required")
	}
	return s.setContent(c, t, raw)
}

// setContent checks components and stores them.
func (s *Simulator) setContent(c *call, t *template, raw json.RawMessage) *apiError {
	components, problem := parseComponents(raw)
	if problem != nil {
		return problem
	}
	upperCase(components)
	if problem := checkContent(t, components); problem != nil {
		return problem
	}
	if t.samples, problem = s.findSamples(c, components); problem != nil {
		return problem
	}
	t.Sent = slices.Clone(raw)
	s.store(t, components)
	return nil
}

// subCategories are those that may be requested. Meta sets others by itself
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-account/message-template-api).
var subCategories = []string{
	"BOOKING_STATUS", "CALL_PERMISSIONS_REQUEST", "FLIGHT_DELAY_AND_GATE_CHANGE_ALERT", "FRAUD_ALERT", "ORDER_DETAILS", "ORDER_STATUS", "RICH_ORDER_STATUS",
}

// applySettings reads what create and edit have in common besides components.
func applySettings(c *call, t *template) *apiError {
	if v := strings.ToUpper(c.param("parameter_format")); v != "" {
		t.ParameterFormat = v
	}
	if t.ParameterFormat == "" {
		t.ParameterFormat = "POSITIONAL"
	}
	if t.ParameterFormat != "POSITIONAL" && t.ParameterFormat != "NAMED" {
		return badParam("Param parameter_format must be one of {NAMED, POSITIONAL} - got %q.", t.ParameterFormat)
	}
	if v := strings.ToUpper(c.param("sub_category")); v != "" {
		if !slices.Contains(subCategories, v) {
			return badParam("Param sub_category must be one of {%s} - got %q.", strings.Join(subCategories, ", "), v)
		}
		t.SubCategory = v
	}
	if v := strings.ToUpper(c.param("display_format")); v != "" {
		t.DisplayFormat = v
	}
	for name, target := range map[string]**bool{
		"cta_url_link_tracking_opted_out": &t.LinkTrackingOptedOut, "is_primary_device_delivery_only": &t.PrimaryDeviceOnly,
	} {
		if c.has(name) {
			v := c.param(name) == "true"
			*target = &v
		}
	}
	if raw, ok := c.raw("degrees_of_freedom_spec"); ok {
		t.DegreesOfFreedom = freedomAnswer(raw)
	}
	return applyTTL(c, t)
}

// applyTTL checks message_send_ttl_seconds.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/time-to-live.
func applyTTL(c *call, t *template) *apiError {
	if !c.has("message_send_ttl_seconds") {
		return nil
	}
	n, err := strconv.ParseInt(c.param("message_send_ttl_seconds"), 10, 64)
	low, high := int64(30), int64(43200)
	switch t.Category {
	case "AUTHENTICATION":
		high = 900
	case "MARKETING":
		low, high = 43200, 2592000
	}
	if err != nil || (n < low || n > high) && (n != -1 || t.Category == "MARKETING") {
		return badParam("Param message_send_ttl_seconds must be between %d and %d for category %s", low, high, t.Category)
	}
	t.MessageSendTTLSeconds = &n
	return nil
}

// accountLocked refuses writes on an account that is not active.
func accountLocked(a *account) *apiError {
	switch a.Status {
	case "ACTIVE":
		return nil
	case "RESTRICTED":
		return &apiError{Code: 368, Message: "(#368) The action attempted has been deemed abusive or is otherwise disallowed"}
	}
	return &apiError{Code: 131031, Message: defaultMessage(131031)}
}

// createBudget allows 100 creates an hour. The usage header says nothing about it.
func (s *Simulator) createBudget(a *account, now time.Time) *apiError {
	a.creates = slices.DeleteFunc(a.creates, func(at time.Time) bool { return now.Sub(at) >= time.Hour })
	if s.createLimit > 0 && len(a.creates) >= s.createLimit {
		return &apiError{Code: 80007, Message: tooManyCalls(80007)}
	}
	return nil
}

func (s *Simulator) nameFree(a *account, t *template, now time.Time) *apiError {
	language := languageName(t.Language)
	key := t.Name + "/" + t.Language
	old := a.byKey[key]
	if until, ok := a.locks[key]; ok && until.After(now) || old != nil && old.Status == "PENDING_DELETION" {
		return invalid(2388023, "Message Template Language is Being Deleted", fmt.Sprintf("New %[1]s content can't be added while the existing %[1]s content "+
			"is being deleted. Try again in 4 weeks or consider creating a new message template.", language))
	}
	if old != nil {
		problem := invalid(2388024, "Content in This Language Already Exists", fmt.Sprintf(
			"There is already %s content for this template. You can create a new template and try again.", language))
		problem.Blame = "name"
		return problem
	}
	for _, other := range a.templates {
		if other.Name == t.Name && other.Category != t.Category {
			return invalid(0, "Template Category Doesn't Match", fmt.Sprintf(
				"The category %s doesn't match the one that's already associated with this template, %s.", t.Category, other.Category))
		}
	}
	return nil
}

func languageName(code string) string {
	known := map[string]string{
		"en": "English", "en_US": "English (US)", "en_GB": "English (UK)", "de": "German", "es": "Spanish", "fr": "French",
		"it": "Italian", "pt_BR": "Portuguese (BR)", "pt_PT": "Portuguese (POR)",
	}
	if name, ok := known[code]; ok {
		return name
	}
	return code
}

// insert gives a template its id and its place.
func (s *Simulator) insert(a *account, t *template, now time.Time) {
	if t.ID == "" {
		t.ID = s.newID()
	}
	s.used[t.ID] = true
	t.account, t.AccountID, t.seq = a, a.ID, s.nextSequence()
	for _, d := range []struct {
		field *string
		value string
	}{
		{&t.Status, "PENDING"}, {&t.RejectedReason, "NONE"}, {&t.ParameterFormat, "POSITIONAL"}, {&t.QualityScore, "UNKNOWN"}, {&t.Source, "MANUAL"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	for _, at := range []*time.Time{&t.CreatedTime, &t.LastUpdatedTime, &t.QualityDate} {
		if at.IsZero() {
			*at = now
		}
	}
	a.templates = append(a.templates, t)
	a.byKey[t.Name+"/"+t.Language] = t
	s.byID[t.ID] = t
}
