// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"cmp"
	"net/http"
	"strings"
)

// route finds the object and the operation that a call names. What does not exist gets a handler that says so.
func (s *Simulator) route(c *call) {
	c.app, c.upload = nil, nil
	c.account, c.template, c.number, c.handler, c.op, c.write, c.key = nil, nil, nil, nil, OpUnknown, c.method != http.MethodGet, ""
	segments := strings.Split(strings.Trim(c.path, "/"), "/")
	id, edge := segments[0], strings.Join(segments[1:], "/")
	if id == "debug_token" && edge == "" {
		c.op, c.handler = OpDebugToken, s.debugToken
		return
	}
	a, t, n, app := s.accounts[id], s.byID[id], s.numbers[id], s.apps[id]
	switch {
	case uploadPath(c.path):
		s.routeUpload(c)
	case a != nil:
		c.account = a
		s.routeAccount(c, edge)
	case t != nil:
		c.account, c.template = t.account, t
		s.routeTemplate(c, edge)
	case n != nil:
		c.account, c.number = n.account, n
		s.routeNumber(c, edge)
	case app != nil && s.routeApp(c, app, edge):
	default:
		c.op = cmp.Or(s.guessOp(c.method, id, edge), OpUnknown)
	}
	if c.handler == nil {
		c.handler = func(c *call) (any, *apiError) { return nil, notServed(c, id, edge) }
	}
}

func notServed(c *call, id, edge string) *apiError {
	switch {
	case id == "" || !strings.ContainsAny(id[:1], "0123456789"):
		return &apiError{Code: 2500, Message: "Unknown path components: " + c.path}
	case edge != "" && c.account != nil:
		return &apiError{Code: 2500, Message: "Unknown path components: /" + edge}
	}
	return missingObject(c.method, id)
}

// guessOp names the operation on an object that is not there, for the statistics.
func (s *Simulator) guessOp(method, id, edge string) string {
	switch edge {
	case "":
		if s.gone[id] {
			return map[string]string{http.MethodGet: OpReadTemplate, http.MethodPost: OpEditTemplate}[method]
		}
	case "message_templates":
		return map[string]string{http.MethodGet: OpListTemplates, http.MethodPost: OpCreateTemplate, http.MethodDelete: OpDeleteTemplate}[method]
	case "phone_numbers":
		return map[string]string{http.MethodGet: OpListNumbers, http.MethodPost: OpAddNumber}[method]
	case "subscribed_apps":
		return OpListApps
	case "assigned_users":
		return OpListUsers
	case "uploads":
		return map[string]string{http.MethodPost: OpOpenUpload}[method]
	case "subscriptions":
		return map[string]string{http.MethodGet: OpListSubscriptions, http.MethodPost: OpSetSubscription, http.MethodDelete: OpDeleteSubscription}[method]
	}
	return OpUnknown
}

func (s *Simulator) routeAccount(c *call, edge string) {
	switch c.method + " " + edge {
	case "GET ":
		c.op, c.handler = OpReadAccount, s.readAccount
	case "POST ":
		c.op, c.handler = OpUpdateAccount, s.updateAccount
	case "GET phone_numbers":
		c.op, c.handler = OpListNumbers, s.listNumbers
	case "POST phone_numbers":
		c.op, c.handler, c.key = OpAddNumber, s.addNumber, addKey(c)
	case "GET subscribed_apps":
		c.op, c.handler = OpListApps, s.listApps
	case "POST subscribed_apps":
		c.op, c.handler = OpSubscribeApp, s.subscribeApp
	case "DELETE subscribed_apps":
		c.op, c.handler = OpUnsubscribeApp, s.unsubscribeApp
	case "GET assigned_users":
		c.op, c.handler = OpListUsers, s.listUsers
	default:
		if edge == "product_catalogs" {
			c.op, c.handler = s.catalogHandler(c.method)
			return
		}
		s.routeTemplates(c, edge)
	}
}

// routeTemplates finds the operation on the templates of an account.
func (s *Simulator) routeTemplates(c *call, edge string) {
	switch c.method + " " + edge {
	case "GET message_templates":
		c.op, c.handler = OpListTemplates, s.listTemplates
		if c.query.Has("name") {
			c.op = OpFindTemplates
		}
	case "POST message_templates":
		c.op, c.handler = OpCreateTemplate, s.createTemplate
		c.key = c.account.ID + "/" + c.param("name") + "/" + c.param("language")
	case "DELETE message_templates":
		c.op, c.handler = OpDeleteTemplate, s.deleteTemplates
	case "POST message_templates/archive":
		c.op, c.handler = OpArchiveTemplates, s.archiveTemplates
	case "POST message_templates/unarchive":
		c.op, c.handler = OpUnarchiveTemplates, s.unarchiveTemplates
	case "GET template_analytics":
		c.op, c.handler = OpTemplateAnalytics, s.templateAnalytics
	}
}

func (s *Simulator) routeTemplate(c *call, edge string) {
	switch c.method + " " + edge {
	case "GET ":
		c.op, c.handler = OpReadTemplate, s.readTemplate
	case "POST ":
		c.op, c.handler, c.key = OpEditTemplate, s.editTemplate, c.template.ID
	case "POST unpause":
		c.op, c.handler = OpUnpauseTemplate, s.unpauseTemplate
	}
}
