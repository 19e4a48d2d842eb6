// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"slices"
	"strings"
)

const templateType = "WhatsAppBusinessHSM"

var templateFields = knownFields(`id name language category status components parameter_format sub_category previous_category
	correct_category rejected_reason quality_score message_send_ttl_seconds cta_url_link_tracking_opted_out
	degrees_of_freedom_spec display_format health_status is_primary_device_delivery_only is_sms_fallback_enabled
	last_updated_time library_template_name source ad_account_id ad_campaign_id ad_adset_id ad_id optimization_spec`)

// templateDefaults come back without fields; those behind the first seven only when set.
var templateDefaults = []string{
	"name", "parameter_format", "components", "language", "status", "category", "id", "sub_category", "previous_category",
	"message_send_ttl_seconds",
}

// Statuses that the status filter accepts.
var templateStatuses = []string{
	"APPROVED", "ARCHIVED", "DELETED", "DISABLED", "IN_APPEAL", "LIMIT_EXCEEDED", "PAUSED", "PENDING", "PENDING_DELETION", "REJECTED",
}

func (s *Simulator) readTemplate(c *call) (any, *apiError) {
	asked, problem := askedFields(c, templateDefaults...)
	if problem != nil {
		return nil, problem
	}
	return s.templateNode(c, c.template).render(asked)
}

func (s *Simulator) templateNode(c *call, t *template) *node {
	return &node{kind: templateType, id: t.ID, known: templateFields, extras: s.unknownFields(t.ID), value: func(f field) (any, *apiError) {
		return s.templateValue(c, t, f.name), nil
	}}
}

func (s *Simulator) templateValue(c *call, t *template, name string) any {
	switch name {
	case "name":
		return t.Name
	case "language":
		return t.Language
	case "category":
		return t.Category
	case "status":
		return s.unknownStatus(t.ID, t.Status)
	case "components":
		return s.readBack(t, c.now)
	case "parameter_format":
		return t.ParameterFormat
	case "sub_category":
		return absentWhenEmpty(t.SubCategory)
	case "previous_category":
		return absentWhenEmpty(t.PreviousCategory)
	case "correct_category":
		return absentWhenEmpty(t.CorrectCategory)
	case "rejected_reason":
		return t.RejectedReason
	case "quality_score":
		return s.qualityObject(t)
	case "last_updated_time":
		return t.LastUpdatedTime.Unix()
	case "health_status":
		return s.templateHealth(c, t)
	}
	return templateSetting(t, name)
}

func templateSetting(t *template, name string) any {
	switch name {
	case "message_send_ttl_seconds":
		if t.MessageSendTTLSeconds != nil {
			return *t.MessageSendTTLSeconds
		}
	case "cta_url_link_tracking_opted_out":
		if t.LinkTrackingOptedOut != nil {
			return *t.LinkTrackingOptedOut
		}
	case "is_primary_device_delivery_only":
		if t.PrimaryDeviceOnly != nil {
			return *t.PrimaryDeviceOnly
		}
	case "degrees_of_freedom_spec":
		if len(t.DegreesOfFreedom) > 0 {
			return t.DegreesOfFreedom
		}
	case fieldMaxPrice:
		return maxPriceAnswer(t)
	case "display_format":
		return absentWhenEmpty(t.DisplayFormat)
	case "library_template_name":
		return absentWhenEmpty(t.LibraryTemplateName)
	case "source":
		return t.Source
	case "is_sms_fallback_enabled":
		return false
	}
	return nil // known, but not set
}

func (s *Simulator) qualityObject(t *template) any {
	out := map[string]any{"score": s.unknownQuality(t.ID, t.QualityScore), "date": t.QualityDate.Unix()}
	if len(t.QualityReasons) > 0 {
		out["reasons"] = t.QualityReasons
	}
	return out
}

func (s *Simulator) templateHealth(c *call, t *template) any {
	own := map[string]any{"entity_type": "MESSAGE_TEMPLATE", "id": t.ID, "can_send_message": "AVAILABLE"}
	if t.Status != "APPROVED" {
		own["can_send_message"] = "BLOCKED"
		own["errors"] = healthError(141002, "The template is not approved.", "Wait for approval or edit the template.")
	}
	return healthObject(append([]map[string]any{own}, s.accountEntities(c)...))
}

// templateFilter is what a list call filters by.
type templateFilter struct {
	name, content, nameOrContent        string
	status, category, language, quality []string
}

func filterFromCall(c *call) (templateFilter, *apiError) {
	f := templateFilter{
		name: c.param("name"), content: c.param("content"), nameOrContent: c.param("name_or_content"),
		status: upper(c.list("status")), category: upper(c.list("category")), language: c.list("language"), quality: upper(c.list("quality_score")),
	}
	for _, x := range f.status {
		if !slices.Contains(templateStatuses, x) {
			return f, badParam("Param status[0] must be one of {%s} - got %q.", strings.Join(templateStatuses, ", "), x)
		}
	}
	return f, nil
}

func filterFromField(f field) templateFilter {
	return templateFilter{
		name: f.mods["name"], status: upper(splitList(strings.Trim(f.mods["status"], "[]"))),
		category: upper(splitList(strings.Trim(f.mods["category"], "[]"))), language: splitList(strings.Trim(f.mods["language"], "[]")),
	}
}

func upper(list []string) []string {
	for i := range list {
		list[i] = strings.ToUpper(strings.Trim(list[i], `"' `))
	}
	return list
}

// matches filters. The name matches partially, which surprises clients that take the first result.
func (f *templateFilter) matches(t *template) bool {
	in := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	if !in(f.status, t.Status) || !in(f.category, t.Category) || !in(f.language, t.Language) || !in(f.quality, t.QualityScore) {
		return false
	}
	text := func(want string) bool {
		return strings.Contains(strings.ToLower(string(t.Components)), strings.ToLower(want))
	}
	switch {
	case f.name != "" && !strings.Contains(t.Name, strings.ToLower(f.name)):
		return false
	case f.content != "" && !text(f.content):
		return false
	case f.nameOrContent != "" && !strings.Contains(t.Name, strings.ToLower(f.nameOrContent)) && !text(f.nameOrContent):
		return false
	}
	return true
}

// listTemplates is GET /{waba}/message_templates.
// See https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/.
func (s *Simulator) listTemplates(c *call) (any, *apiError) {
	sub, problem := askedFields(c)
	if problem != nil {
		return nil, problem
	}
	filter, problem := filterFromCall(c)
	if problem != nil {
		return nil, problem
	}
	return s.templatePage(c, pageFromCall(c, "message_templates", s.maxPageSize), filter, sub, c.list("summary"))
}

func (s *Simulator) templatePage(c *call, p pageRequest, filter templateFilter, sub []field, summary []string) (map[string]any, *apiError) {
	if len(sub) == 0 {
		sub = plain(templateDefaults...)
	}
	var items []*template
	for _, t := range slices.Backward(c.account.templates) {
		if filter.matches(t) {
			items = append(items, t)
		}
	}
	page, paging, problem := paginate(s, c, p, items, func(t *template) int64 { return t.seq })
	if problem != nil {
		return nil, problem
	}
	var data []any
	for _, t := range page {
		object, problem := s.templateNode(c, t).render(sub)
		if problem != nil {
			return nil, problem
		}
		data = append(data, object)
	}
	out := listObject(data, paging)
	if len(summary) > 0 {
		values, problem := s.summary(c.account, len(items), summary)
		if problem != nil {
			return nil, problem
		}
		out["summary"] = values
	}
	return out, nil
}

func (s *Simulator) summary(a *account, total int, names []string) (map[string]any, *apiError) {
	all := map[string]any{
		"total_count": total, "message_template_count": len(a.templates), "message_template_limit": s.limitOf(a),
		"are_translations_complete": translationsComplete(a),
	}
	out := map[string]any{}
	for _, name := range names {
		if name == "true" || name == "1" {
			out["total_count"] = total
			continue
		}
		v, ok := all[name]
		if !ok {
			return nil, badParam("Param summary must be one of {%s}", "total_count, message_template_count, message_template_limit, are_translations_complete")
		}
		out[name] = v
	}
	return out, nil
}

// translationsComplete says whether every name exists in every language of the account.
func translationsComplete(a *account) bool {
	names, languages := map[string]bool{}, map[string]bool{}
	for _, t := range a.templates {
		names[t.Name], languages[t.Language] = true, true
	}
	return len(names)*len(languages) == len(a.templates)
}

// limitOf is the number of templates allowed.
func (s *Simulator) limitOf(a *account) int {
	switch {
	case a.TemplateLimit > 0:
		return a.TemplateLimit
	case s.templateLimit > 0:
		return s.templateLimit
	}
	if strings.EqualFold(a.VerificationStatus, "verified") {
		for _, n := range a.numbers {
			if n.NameStatus == "APPROVED" {
				return largeTemplateLimit
			}
		}
	}
	return smallTemplateLimit
}
