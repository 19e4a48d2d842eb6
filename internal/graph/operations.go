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
	OpListAssignedUsers   Operation = "ListAssignedUsers"
	OpListCatalogs        Operation = "ListCatalogs"
	OpLinkCatalog         Operation = "LinkCatalog"
	OpCreateTemplate      Operation = "CreateTemplate"
	OpEditTemplate        Operation = "EditTemplate"
	OpDeleteTemplate      Operation = "DeleteTemplate"
	OpUnpauseTemplate     Operation = "UnpauseTemplate"
	OpUnarchiveTemplate   Operation = "UnarchiveTemplate"
	OpUpdateAccount       Operation = "UpdateAccount"
	OpOpenUpload          Operation = "OpenUpload"
	OpSendUpload          Operation = "SendUpload"
	OpReadUpload          Operation = "ReadUpload"

	OpReadPhoneNumber       Operation = "ReadPhoneNumber"
	OpAddPhoneNumber        Operation = "AddPhoneNumber"
	OpRequestCode           Operation = "RequestCode"
	OpVerifyCode            Operation = "VerifyCode"
	OpRegisterPhoneNumber   Operation = "RegisterPhoneNumber"
	OpDeregisterPhoneNumber Operation = "DeregisterPhoneNumber"
	OpSetPIN                Operation = "SetPIN"
	OpRequestDisplayName    Operation = "RequestDisplayName"
	OpReadProfile           Operation = "ReadProfile"
	OpUpdateProfile         Operation = "UpdateProfile"
	OpReadCommerce          Operation = "ReadCommerce"
	OpUpdateCommerce        Operation = "UpdateCommerce"
	OpReadAutomation        Operation = "ReadAutomation"
	OpUpdateAutomation      Operation = "UpdateAutomation"
	OpReadSettings          Operation = "ReadSettings"
	OpUpdateStorage         Operation = "UpdateStorage"
	OpUpdateCalling         Operation = "UpdateCalling"
	OpUpdateIdentityCheck   Operation = "UpdateIdentityCheck"
	OpReadEncryption        Operation = "ReadEncryption"
	OpUpdateEncryption      Operation = "UpdateEncryption"
	OpReadCompliance        Operation = "ReadCompliance"
	OpUpdateCompliance      Operation = "UpdateCompliance"
	OpReadUsername          Operation = "ReadUsername"
	OpUpdateUsername        Operation = "UpdateUsername"
	OpDeleteUsername        Operation = "DeleteUsername"
	OpRequestBadge          Operation = "RequestBadge"

	OpReadAppSubscription     Operation = "ReadAppSubscription"
	OpSetAppSubscription      Operation = "SetAppSubscription"
	OpDeleteAppSubscription   Operation = "DeleteAppSubscription"
	OpSubscribeApp            Operation = "SubscribeApp"
	OpUnsubscribeApp          Operation = "UnsubscribeApp"
	OpOverrideAccountCallback Operation = "OverrideAccountCallback"
	OpSetNumberCallback       Operation = "SetNumberCallback"
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
	OpListAssignedUsers:   {http.MethodGet, "GET /{waba}/assigned_users", false},
	OpListCatalogs:        {http.MethodGet, "GET /{waba}/product_catalogs", false},
	OpLinkCatalog:         {http.MethodPost, "POST /{waba}/product_catalogs", true},
	OpCreateTemplate:      {http.MethodPost, "POST /{waba}/message_templates", true},
	OpEditTemplate:        {http.MethodPost, "POST /{template}", true},
	OpDeleteTemplate:      {http.MethodDelete, "DELETE /{waba}/message_templates", true},
	OpUnpauseTemplate:     {http.MethodPost, "POST /{template}/unpause", true},
	OpUnarchiveTemplate:   {http.MethodPost, "POST /{waba}/message_templates/unarchive", true},
	OpUpdateAccount:       {http.MethodPost, "POST /{waba}", true},
	OpOpenUpload:          {http.MethodPost, "POST /{app}/uploads", true},
	OpSendUpload:          {http.MethodPost, "POST /{upload}", true},
	OpReadUpload:          {http.MethodGet, "GET /{upload}", false},

	OpReadPhoneNumber:       {http.MethodGet, "GET /{number}", false},
	OpAddPhoneNumber:        {http.MethodPost, "POST /{waba}/phone_numbers", true},
	OpRequestCode:           {http.MethodPost, "POST /{number}/request_code", true},
	OpVerifyCode:            {http.MethodPost, "POST /{number}/verify_code", true},
	OpRegisterPhoneNumber:   {http.MethodPost, "POST /{number}/register", true},
	OpDeregisterPhoneNumber: {http.MethodPost, "POST /{number}/deregister", true},
	OpSetPIN:                {http.MethodPost, "POST /{number}", true},
	OpRequestDisplayName:    {http.MethodPost, "POST /{number}", true},
	OpReadProfile:           {http.MethodGet, "GET /{number}/whatsapp_business_profile", false},
	OpUpdateProfile:         {http.MethodPost, "POST /{number}/whatsapp_business_profile", true},
	OpReadCommerce:          {http.MethodGet, "GET /{number}/whatsapp_commerce_settings", false},
	OpUpdateCommerce:        {http.MethodPost, "POST /{number}/whatsapp_commerce_settings", true},
	OpReadAutomation:        {http.MethodGet, "GET /{number}", false},
	OpUpdateAutomation:      {http.MethodPost, "POST /{number}/conversational_automation", true},
	OpReadSettings:          {http.MethodGet, "GET /{number}/settings", false},
	OpUpdateStorage:         {http.MethodPost, "POST /{number}/settings", true},
	OpUpdateCalling:         {http.MethodPost, "POST /{number}/settings", true},
	OpUpdateIdentityCheck:   {http.MethodPost, "POST /{number}/settings", true},
	OpReadEncryption:        {http.MethodGet, "GET /{number}/whatsapp_business_encryption", false},
	OpUpdateEncryption:      {http.MethodPost, "POST /{number}/whatsapp_business_encryption", true},
	OpReadCompliance:        {http.MethodGet, "GET /{number}/business_compliance_info", false},
	OpUpdateCompliance:      {http.MethodPost, "POST /{number}/business_compliance_info", true},
	OpReadUsername:          {http.MethodGet, "GET /{number}/username", false},
	OpUpdateUsername:        {http.MethodPost, "POST /{number}/username", true},
	OpDeleteUsername:        {http.MethodDelete, "DELETE /{number}/username", true},
	OpRequestBadge:          {http.MethodPost, "POST /{number}/official_business_account", true},

	OpReadAppSubscription:     {http.MethodGet, "GET /{app}/subscriptions", false},
	OpSetAppSubscription:      {http.MethodPost, "POST /{app}/subscriptions", true},
	OpDeleteAppSubscription:   {http.MethodDelete, "DELETE /{app}/subscriptions", true},
	OpSubscribeApp:            {http.MethodPost, "POST /{waba}/subscribed_apps", true},
	OpUnsubscribeApp:          {http.MethodDelete, "DELETE /{waba}/subscribed_apps", true},
	OpOverrideAccountCallback: {http.MethodPost, "POST /{waba}/subscribed_apps", true},
	OpSetNumberCallback:       {http.MethodPost, "POST /{number}", true},
}

// Write reports whether the operation changes something at Meta. Unknown operations count as writes.
func (o Operation) Write() bool {
	info, known := operations[o]
	return !known || info.write
}

// OfApp reports whether the operation concerns an app and no account, so that only the app's limits count.
func (o Operation) OfApp() bool { return slices.Contains(uploads, o) || slices.Contains(appCalls, o) }

// Endpoint is the method and the path with ids replaced by placeholders, for metrics labels. DebugToken is reported as
// what it asks for, not as the batch request that carries it.
func (o Operation) Endpoint() string {
	return operations[o].endpoint
}
