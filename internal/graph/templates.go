// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// ListTemplates reads one page of an account's templates, with the totals.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/
func (c *Client) ListTemplates(ctx context.Context, wabaID string, o ListOptions) (*TemplatePage, error) {
	values := o.values()
	values.Set("summary", templateSummary)
	return c.templatePage(ctx, OpListTemplates, wabaID, values)
}

func (c *Client) templatePage(ctx context.Context, op Operation, wabaID string, query url.Values) (*TemplatePage, error) {
	if err := checkIDs(op, wabaID); err != nil {
		return nil, err
	}
	r := request{op: op, path: "/" + wabaID + "/" + edgeTemplates, account: wabaID, query: query}
	var (
		page   *TemplatePage
		fields string
	)
	err := c.readFields(ctx, r, func() string { fields = c.fieldList(templateFields); return fields }, func(n lenient.Node) (err error) {
		page, err = templatePageFrom(n)
		return err
	})
	page.noteUnread(fields)
	c.noteTemplates(page)
	return page, err
}

// FindTemplates reads all languages of one name, in every status that Meta lists. Meta also matches parts of names;
// what comes back here has exactly this name.
func (c *Client) FindTemplates(ctx context.Context, wabaID, name string) ([]Template, error) {
	if name == "" {
		return nil, invalid(OpFindTemplates, "the template name is empty")
	}
	all, err := collect(OpFindTemplates, func(after string) ([]Template, string, error) {
		values := ListOptions{After: after}.values()
		values.Set("name", name)
		page, err := c.templatePage(ctx, OpFindTemplates, wabaID, values)
		if err != nil {
			return nil, "", err
		}
		return page.Items, page.After, nil
	})
	if err != nil {
		return nil, err
	}
	found := []Template{}
	for _, t := range all {
		if t.Name == name {
			found = append(found, t)
		}
	}
	return found, nil
}

// ReadTemplate reads one template by its id.
func (c *Client) ReadTemplate(ctx context.Context, id string) (*Template, error) {
	if err := checkIDs(OpReadTemplate, id); err != nil {
		return nil, err
	}
	r := request{op: OpReadTemplate, path: "/" + id, query: url.Values{}}
	var (
		template Template
		fields   string
	)
	err := c.readFields(ctx, r, func() string { fields = c.fieldList(templateFields); return fields }, func(n lenient.Node) (err error) {
		template, err = templateFrom(n)
		return err
	})
	if err != nil {
		return nil, err
	}
	noteUnread(fields, &template)
	c.noteUnknown("template", template.UnknownProperties)
	return &template, nil
}

// CreateTemplate submits a template for review, or takes one from Meta's library, which is approved at once. It is not
// idempotent: after an error of ClassTransient the template may exist, and a second call fails with CauseDuplicate.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
func (c *Client) CreateTemplate(ctx context.Context, wabaID string, t TemplateContent) (*TemplateCreated, error) {
	if err := checkIDs(OpCreateTemplate, wabaID); err != nil {
		return nil, err
	}
	body, err := encode(OpCreateTemplate, t)
	if err != nil {
		return nil, err
	}
	r := request{
		op: OpCreateTemplate, path: "/" + wabaID + "/" + edgeTemplates, account: wabaID,
		body: inMemory(body), contentType: contentJSON,
	}
	var created *TemplateCreated
	err = c.do(ctx, r, func(value any) error {
		n := lenient.NodeOf(value)
		created = &TemplateCreated{ID: n.Text("id"), Status: n.Upper("status"), Category: n.Upper("category")}
		if !idPattern.MatchString(created.ID) { // anything else ends up in a status and can never be called
			return shapeError("a template without id")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return created, nil
}

// EditTemplate replaces the content of a template. Name and language are never sent, because they cannot change; an
// empty category is not sent, as Meta demands for approved templates. LinkTrackingOptedOut is the exception: Meta takes
// it only beside the category. Library is not sent either, and without Library's components an edit leaves the text as
// it is. What an edit without MaxPrice does to the price of a template isn't documented, so an edit of its content sends both.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management and
// https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/pricing/enroll-max-price
func (c *Client) EditTemplate(ctx context.Context, id string, e TemplateContent) error {
	if err := checkIDs(OpEditTemplate, id); err != nil {
		return err
	}
	if e.LinkTrackingOptedOut != nil && e.Category == "" {
		return invalid(OpEditTemplate, "the opt-out of link tracking can only be edited together with the category")
	}
	e.Name, e.Language = "", ""
	if e.Library != nil {
		e.Library, e.Components = nil, nil
	}
	body, err := encode(OpEditTemplate, e)
	if err != nil {
		return err
	}
	if string(body) == "{}" { // it would still count as one of the few edits that Meta allows
		return invalid(OpEditTemplate, "the edit changes nothing")
	}
	r := request{op: OpEditTemplate, path: "/" + id, body: inMemory(body), contentType: contentJSON}
	return c.do(ctx, r, checkConfirmed)
}

// DeleteTemplate deletes one language of a template. Meta needs id and name: the name alone would delete every
// language, so neither may be empty.
func (c *Client) DeleteTemplate(ctx context.Context, wabaID, name, id string) error {
	if err := checkIDs(OpDeleteTemplate, wabaID, id); err != nil {
		return err
	}
	if name == "" {
		return invalid(OpDeleteTemplate, "the template name is empty")
	}
	r := request{
		op: OpDeleteTemplate, path: "/" + wabaID + "/" + edgeTemplates, account: wabaID,
		query: url.Values{"hsm_id": {id}, "name": {name}},
	}
	return c.do(ctx, r, checkConfirmed)
}

// UnpauseTemplate makes a paused template sendable again. Templates that were paused for their quality come back without
// it; those paused by pacing don't.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing
func (c *Client) UnpauseTemplate(ctx context.Context, id string) error {
	if err := checkIDs(OpUnpauseTemplate, id); err != nil {
		return err
	}
	return c.do(ctx, request{op: OpUnpauseTemplate, path: "/" + id + "/unpause"}, checkNotDenied)
}

// UnarchiveTemplate brings back a template that Meta archived because it wasn't used for a year; it gets the status of before, and isn't
// deleted any more. A template that isn't archived is ClassRefused.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management
func (c *Client) UnarchiveTemplate(ctx context.Context, wabaID, id string) error {
	if err := checkIDs(OpUnarchiveTemplate, wabaID, id); err != nil {
		return err
	}
	body, err := json.Marshal(map[string][]string{"hsm_ids": {id}})
	if err != nil {
		return err
	}
	r := request{op: OpUnarchiveTemplate, path: "/" + wabaID + "/" + edgeTemplates + "/unarchive", account: wabaID, body: inMemory(body), contentType: contentJSON}
	return c.do(ctx, r, func(value any) error {
		if problem := lenient.NodeOf(value).Node("failed_templates").Text(id); problem != "" {
			return &Error{Class: ClassRefused, Message: c.redact.text(problem)}
		}
		return checkNotDenied(value)
	})
}

// checkNotDenied is for writes whose answer Meta does not document: whatever is no error and does not say no means yes.
func checkNotDenied(value any) error {
	if success := lenient.NodeOf(value).BoolPtr("success"); lenient.Text(value) == "false" || success != nil && !*success {
		return deniedError()
	}
	return nil
}

func deniedError() *Error {
	return &Error{Class: ClassUnknown, Message: "Meta answered success=false and no reason"}
}

// checkConfirmed reads the answers to writes: {"success":true}, {"id":"…"} or plain true.
func checkConfirmed(value any) error {
	n := lenient.NodeOf(value)
	switch {
	case lenient.Text(value) == "true" || n.Bool("success"):
		return nil
	case n.BoolPtr("success") != nil:
		return deniedError()
	case n.Text("id") != "":
		return nil
	}
	return shapeError("neither success nor id")
}

// encode gives the same bytes for the same content.
func encode(op Operation, content TemplateContent) ([]byte, error) {
	wire, problem := wireTemplateFrom(content)
	if problem != "" {
		return nil, invalid(op, problem)
	}
	body, err := json.Marshal(wire)
	if err != nil {
		return nil, invalid(op, "the template cannot be written as JSON")
	}
	return body, nil
}

var idPattern = regexp.MustCompile(`^[0-9]{1,32}$`)

// checkIDs keeps anything but digits out of paths.
func checkIDs(op Operation, ids ...string) error {
	for _, id := range ids {
		if !idPattern.MatchString(id) {
			return invalid(op, "an id must be 1 to 32 digits")
		}
	}
	return nil
}

// invalid refuses a call that must not be made.
func invalid(op Operation, message string) *Error {
	return &Error{Op: op, Class: ClassInvalidSpec, Message: message}
}
