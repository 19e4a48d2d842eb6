// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"slices"
)

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
	OpOpenUpload          Operation = "OpenUpload"
	OpSendUpload          Operation = "SendUpload"
	OpReadUpload          Operation = "ReadUpload"
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
	OpOpenUpload:          {http.MethodPost, "POST /{app}/uploads", true},
	OpSendUpload:          {http.MethodPost, "POST /{upload}", true},
	OpReadUpload:          {http.MethodGet, "GET /{upload}", false},
}

// Write reports whether the operation changes something at Meta. Unknown operations count as writes.
func (o Operation) Write() bool {
	info, known := operations[o]
	return !known || info.write
}

// OfApp reports whether the operation concerns an app and no account, so that only the app's limits count.
func (o Operation) OfApp() bool { return slices.Contains(uploads, o) }

// Endpoint is the method and the path with ids replaced by placeholders, for metrics labels. DebugToken is reported as
// what it asks for, not as the batch request that carries it.
func (o Operation) Endpoint() string {
	return operations[o].endpoint
}
