// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import "net/http"

// Operation names one kind of call. The values are stable: they appear in metrics and logs.
type Operation string

// The operations of this package.
const (
	OpDebugToken          Operation = "DebugToken"
	OpReadAccount         Operation = "ReadAccount"
	OpReadAccountOptional Operation = "ReadAccountOptional"
	OpListTemplates       Operation = "ListTemplates"
	OpFindTemplates       Operation = "FindTemplates"
	OpReadTemplate        Operation = "ReadTemplate"
	OpListPhoneNumbers    Operation = "ListPhoneNumbers"
	OpListSubscribedApps  Operation = "ListSubscribedApps"
	OpCreateTemplate      Operation = "CreateTemplate"
	OpEditTemplate        Operation = "EditTemplate"
	OpDeleteTemplate      Operation = "DeleteTemplate"
	OpUnpauseTemplate     Operation = "UnpauseTemplate"
	OpUpdateAccount       Operation = "UpdateAccount"
)

// operationInfo is what is fixed about an operation.
type operationInfo struct {
	method   string // of the HTTP request
	endpoint string
	write    bool
}

var operations = map[Operation]operationInfo{
	// A POST on the wire (a batch of one), so that the token is in the body and not in a URL; it changes nothing.
	OpDebugToken:          {http.MethodPost, "GET /debug_token", false},
	OpReadAccount:         {http.MethodGet, "GET /{waba}", false},
	OpReadAccountOptional: {http.MethodGet, "GET /{waba}", false},
	OpListTemplates:       {http.MethodGet, "GET /{waba}/message_templates", false},
	OpFindTemplates:       {http.MethodGet, "GET /{waba}/message_templates", false},
	OpReadTemplate:        {http.MethodGet, "GET /{template}", false},
	OpListPhoneNumbers:    {http.MethodGet, "GET /{waba}/phone_numbers", false},
	OpListSubscribedApps:  {http.MethodGet, "GET /{waba}/subscribed_apps", false},
	OpCreateTemplate:      {http.MethodPost, "POST /{waba}/message_templates", true},
	OpEditTemplate:        {http.MethodPost, "POST /{template}", true},
	OpDeleteTemplate:      {http.MethodDelete, "DELETE /{waba}/message_templates", true},
	OpUnpauseTemplate:     {http.MethodPost, "POST /{template}/unpause", true},
	OpUpdateAccount:       {http.MethodPost, "POST /{waba}", true},
}

// Write reports whether the operation changes something at Meta. Unknown operations count as writes.
func (o Operation) Write() bool {
	info, known := operations[o]
	return !known || info.write
}

// Endpoint is the method and the path with ids replaced by placeholders, for metrics labels. DebugToken is reported as
// what it asks for, not as the batch request that carries it.
func (o Operation) Endpoint() string {
	return operations[o].endpoint
}
