// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// editTemplate is POST /{template}. Components replace the whole array; name and language are ignored.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management.
func (s *Simulator) editTemplate(c *call) (any, *apiError) {
	t := c.template
	if problem := accountLocked(c.account); problem != nil {
		return nil, problem
	}
	if problem := s.editable(c, t); problem != nil {
		return nil, problem
	}
	next := &template{Template: t.Template, account: t.account, components: t.components}
	if v := strings.ToUpper(c.param("category")); v != "" {
		if !slices.Contains(categories, v) {
			return nil, badParam("Param category must be one of {%s} - got %q.", strings.Join(categories, ", "), v)
		}
		next.Category = v
	}
	if problem := applySettings(c, next); problem != nil {
		return nil, problem
	}
	if problem := editMaxPrice(c, next); problem != nil {
		return nil, problem
	}
	if raw, ok := c.raw("components"); ok {
		if problem := s.setContent(c, next, raw); problem != nil {
			return nil, problem
		}
	}
	if c.has("components") {
		next.LibraryTemplateName = "" // other wording: an ordinary template
	}
	before := t.Template
	t.Template, t.components = next.Template, next.components
	s.spend(next)
	t.LastUpdatedTime = c.now
	if onlyMaxPrice(c) && t.Status == "APPROVED" {
		s.afterPriceEdit(t, before.LastUpdatedTime, c.now)
	} else {
		s.emitComponents(before.Components, t, c.now)
		s.afterEdit(t, c.now)
	}
	c.commit = append(c.commit, commitment{op: OpEditTemplate, key: t.ID})
	if !c.atLeast(25) {
		return success(), nil
	}
	return map[string]any{"success": true, "id": t.ID, "name": t.Name, "category": t.Category}, nil
}

var editableProperties = []string{
	"category", "components", "message_send_ttl_seconds", "parameter_format", "sub_category", "display_format",
	"degrees_of_freedom_spec", "is_primary_device_delivery_only", "cta_url_link_tracking_opted_out", fieldMaxPrice,
}

// editable refuses edits by status, budget and property.
func (s *Simulator) editable(c *call, t *template) *apiError {
	category := strings.ToUpper(c.param("category"))
	switch {
	case !slices.ContainsFunc(editableProperties, c.has):
		return badParam("Invalid parameter")
	case !slices.Contains([]string{"APPROVED", "REJECTED", "PAUSED"}, t.Status):
		return invalid(2388039, "Message template status can't be changed", "The status for this message template can't be changed. You can only delete or add templates.")
	case t.Status == "APPROVED" && category != "" && category != t.Category:
		return invalid(0, "Category can't be changed", "The category of an approved message template can't be changed.")
	case c.has("cta_url_link_tracking_opted_out") && category == "":
		return badParam("The parameter category is required")
	case t.Status == "APPROVED" && onlyMaxPrice(c):
		return s.priceBudget(t, c.now)
	case t.Status == "APPROVED":
		return editBudget(t, c.now)
	}
	return nil
}

// editBudget allows an approved template one edit in 24 hours and ten in 30 days.
func editBudget(t *template, now time.Time) *apiError {
	day, month := 0, 0
	for _, at := range t.edits {
		if now.Sub(at) < 24*time.Hour {
			day++
		}
		if now.Sub(at) < 30*24*time.Hour {
			month++
		}
	}
	switch {
	case day >= 1:
		return invalid(2388124, "Message template can't be edited", "An approved message template can only be edited once in 24 hours.")
	case month >= 10:
		return invalid(2388124, "Message template can't be edited", "An approved message template can only be edited 10 times in 30 days.")
	}
	return nil
}

// afterEdit reviews a template again, or not. Meta's page on template management says that an approved or paused template is approved again
// automatically, the one on pausing that it is reviewed.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management and
// https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing.
func (s *Simulator) afterEdit(t *template, now time.Time) {
	t.editCount++
	switch t.Status {
	case "APPROVED":
		t.edits = append(t.edits, now)
	case "PAUSED":
	default:
		s.submit(t, now, false)
		return
	}
	again := s.editReview == EditReviewAgain
	if s.editReview == EditReviewSeeded {
		again = toss(s.seed, "edit", t.ID, itoa(t.editCount))%2 == 0
	}
	if again || s.review(t).status == "REJECTED" {
		s.submit(t, now, false)
		return
	}
	if t.Status == "PAUSED" {
		s.schedule(t, time.Time{}, nil)
		s.setStatus(t, "APPROVED", now)
	}
	if v := s.review(t); v.category != "" {
		s.recategorise(t, v.category, now)
	}
}

// deleteTemplates is DELETE /{waba}/message_templates, with name, hsm_id and name, or hsm_ids.
func (s *Simulator) deleteTemplates(c *call) (any, *apiError) {
	chosen, problem := s.chooseForDeletion(c)
	if problem != nil {
		return nil, problem
	}
	for _, t := range chosen {
		if t.Status == "DISABLED" {
			return nil, invalid(0, "Message template can't be deleted", "A disabled message template can't be deleted.")
		}
	}
	for _, t := range chosen {
		c.commit = append(c.commit, commitment{op: OpDeleteTemplate, key: t.AccountID + "/" + t.Name + "/" + t.Language})
		s.deleteOne(t, c.now)
	}
	return success(), nil
}

// chooseForDeletion is all or nothing. The texts for missing templates are a guess, Meta documents none.
func (s *Simulator) chooseForDeletion(c *call) ([]*template, *apiError) {
	name, id, ids := c.param("name"), c.param("hsm_id"), c.list("hsm_ids")
	missing := invalid(0, "Message Template Not Found", "The message template doesn't exist or was deleted already.")
	var out []*template
	switch {
	case len(ids) > 0 && (name != "" || id != ""):
		return nil, badParam("Param hsm_ids can't be combined with name or hsm_id")
	case len(ids) > 100:
		return nil, badParam("Param hsm_ids must have at most 100 elements, got %d", len(ids))
	case len(ids) > 0:
		out = s.templatesByID(c.account, ids)
	case name == "":
		return nil, badParam("The parameter name is required")
	default:
		out = templatesByName(c.account, name, id)
	}
	if len(out) == 0 || slices.ContainsFunc(out, func(t *template) bool { return t.Status == "PENDING_DELETION" }) {
		return nil, missing
	}
	return out, nil
}

// templatesByID returns nothing when one id is wrong or given twice.
func (s *Simulator) templatesByID(a *account, ids []string) []*template {
	var out []*template
	for _, id := range ids {
		t := s.byID[id]
		if t == nil || t.account != a || slices.Contains(out, t) {
			return nil
		}
		out = append(out, t)
	}
	return out
}

// templatesByName returns the languages of a name, or with an id only that one.
func templatesByName(a *account, name, id string) []*template {
	var out []*template
	for _, t := range a.templates {
		if t.Name == name && (id == "" && t.Status != "PENDING_DELETION" || t.ID == id) {
			out = append(out, t)
		}
	}
	return out
}

// deleteOne deletes a template; the name and language of an approved one are locked for 30 days.
func (s *Simulator) deleteOne(t *template, now time.Time) {
	if t.Status == "APPROVED" {
		t.account.locks[t.Name+"/"+t.Language] = now.Add(nameLockDuration)
		if s.pendingDelete > 0 {
			s.setStatus(t, "PENDING_DELETION", now)
			s.schedule(t, now.Add(s.pendingDelete), s.vanish)
			return
		}
	}
	s.vanish(t, now)
}

func (s *Simulator) remove(t *template) {
	s.schedule(t, time.Time{}, nil)
	a := t.account
	a.templates = slices.DeleteFunc(a.templates, func(x *template) bool { return x == t })
	delete(a.byKey, t.Name+"/"+t.Language)
	delete(s.byID, t.ID)
	s.gone[t.ID] = true
}

// unpauseTemplate is POST /{template}/unpause; Meta documents the call but no answer.
func (s *Simulator) unpauseTemplate(c *call) (any, *apiError) {
	if c.template.Status != "PAUSED" {
		return nil, invalid(0, "Message template isn't paused", "Only a paused message template can be unpaused.")
	}
	s.schedule(c.template, time.Time{}, nil)
	s.setStatus(c.template, "APPROVED", c.now)
	return success(), nil
}

const archiveLife = 28 * 24 * time.Hour

// archiveTemplates archives approved and rejected templates; they are deleted after 28 days.
func (s *Simulator) archiveTemplates(c *call) (any, *apiError) {
	return s.eachOf(c, "archived_templates", func(t *template) string {
		if t.Status != "APPROVED" && t.Status != "REJECTED" {
			return "Only approved or rejected templates can be archived"
		}
		s.archive(t, c.now)
		return ""
	})
}

func (s *Simulator) archive(t *template, now time.Time) {
	t.restore = t.Status
	s.setStatus(t, "ARCHIVED", now)
	s.schedule(t, now.Add(archiveLife), s.vanish)
}

// Archive archives a template, as Meta does with one that wasn't used for a year.
func (s *Simulator) Archive(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	t := s.byID[id]
	if t == nil {
		return fmt.Errorf("no template has the id %s", id)
	}
	s.archive(t, now)
	return nil
}

// unarchiveTemplates restores the earlier status.
func (s *Simulator) unarchiveTemplates(c *call) (any, *apiError) {
	return s.eachOf(c, "unarchived_templates", func(t *template) string {
		if t.Status != "ARCHIVED" {
			return "Template is not archived"
		}
		s.schedule(t, time.Time{}, nil)
		if t.restore == "" {
			t.restore = "APPROVED"
		}
		s.setStatus(t, t.restore, c.now)
		return ""
	})
}

func (s *Simulator) eachOf(c *call, key string, do func(*template) string) (any, *apiError) {
	ids := c.list("hsm_ids")
	if len(ids) == 0 || len(ids) > 100 {
		return nil, badParam("Param hsm_ids must have between 1 and 100 elements, got %d", len(ids))
	}
	done, failed := []string{}, map[string]string{}
	for _, id := range ids {
		t := s.byID[id]
		if t == nil || t.account != c.account {
			failed[id] = fmt.Sprintf("Template %s not found", id)
		} else if problem := do(t); problem != "" {
			failed[id] = problem
		} else {
			done = append(done, id)
		}
	}
	return map[string]any{key: done, "failed_templates": failed}, nil
}
