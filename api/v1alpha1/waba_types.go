// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// InsightsSwitch turns template analytics on.
// +kubebuilder:validation:Enum=Enabled
type InsightsSwitch string

// InsightsEnabled turns template analytics on; Meta offers no way to turn them off again.
const InsightsEnabled InsightsSwitch = "Enabled"

// FeatureSwitch turns a feature of an account on or off.
// +kubebuilder:validation:Enum=Enabled;Disabled
type FeatureSwitch string

// The positions of a FeatureSwitch.
const (
	FeatureEnabled  FeatureSwitch = "Enabled"
	FeatureDisabled FeatureSwitch = "Disabled"
)

// NamespacesFrom specifies which namespaces are meant.
// +kubebuilder:validation:Enum=Same;All;Selector
type NamespacesFrom string

const (
	// NamespacesFromSame means the namespace of the WABA only.
	NamespacesFromSame NamespacesFrom = "Same"
	// NamespacesFromAll means all namespaces.
	NamespacesFromAll NamespacesFrom = "All"
	// NamespacesFromSelector means the namespaces whose labels match the selector.
	NamespacesFromSelector NamespacesFrom = "Selector"
)

// ReferenceNamespaces specifies from which namespaces a reference is permitted.
// +kubebuilder:validation:XValidation:rule="(self.from == 'Selector') == has(self.selector)",message="set selector exactly when from is Selector"
type ReferenceNamespaces struct {
	// From is Same (the namespace of the WABA), All, or Selector (namespaces whose labels match the selector).
	// +required
	From NamespacesFrom `json:"from"`

	// Selector matches labels of namespaces; only with from: Selector. An empty selector matches all namespaces.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// WebhookLevel is a part of a WebhookSubscription.
// +kubebuilder:validation:Enum=App;Messages;PhoneNumbers
type WebhookLevel string

const (
	// WebhookLevelApp is spec.app: the callback and the fields of the app, which all accounts of the app share.
	WebhookLevelApp WebhookLevel = "App"
	// WebhookLevelMessages is spec.messages: where the messages of the account go.
	WebhookLevelMessages WebhookLevel = "Messages"
	// WebhookLevelPhoneNumbers is spec.phoneNumbers: where the messages of single numbers go.
	WebhookLevelPhoneNumbers WebhookLevel = "PhoneNumbers"
)

// AllowedReference permits resources of some kinds in some namespaces to refer to the account.
// +kubebuilder:validation:XValidation:rule="has(self.kinds) || self.namespaces.from == 'Same'",message="across namespaces each kind must be named: set kinds, for example [MessageTemplate]"
// +kubebuilder:validation:XValidation:rule="!has(self.templateNamePrefixes) || !has(self.kinds) || 'MessageTemplate' in self.kinds",message="templateNamePrefixes only has a meaning where kinds contains MessageTemplate"
// +kubebuilder:validation:XValidation:rule="!has(self.webhookLevels) || !has(self.kinds) || 'WebhookSubscription' in self.kinds",message="webhookLevels only has a meaning where kinds contains WebhookSubscription"
type AllowedReference struct {
	// Kinds that may refer to the account: MessageTemplate, PhoneNumber, WebhookSubscription. Absent means all, and is
	// possible only with namespaces.from: Same.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:items:Enum=MessageTemplate;PhoneNumber;WebhookSubscription
	Kinds []string `json:"kinds,omitempty"`

	// Namespaces from which these kinds may refer to the account.
	// +required
	Namespaces ReferenceNamespaces `json:"namespaces"`

	// TemplateNamePrefixes restricts the names of message templates (spec.name) to those that begin with one of these
	// prefixes. Absent means any name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9_]+$`
	TemplateNamePrefixes []string `json:"templateNamePrefixes,omitempty"`

	// WebhookLevels are the parts of a WebhookSubscription that these namespaces may set: App, Messages, PhoneNumbers. Absent
	// means all of them in the account's own namespace, and Messages and PhoneNumbers in others. App is also the consent that a
	// subscription of another account of the same app needs, where it lives in another namespace: the app has one callback for
	// all its accounts.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	WebhookLevels []WebhookLevel `json:"webhookLevels,omitempty"`
}

// ApprovedApp is a Meta app that may be subscribed to the account's webhooks.
type ApprovedApp struct {
	// ID of the app at Meta: digits, in quotes.
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,32}$')",message="id must be the app's id at Meta: 1 to 32 digits"
	ID string `json:"id"`

	// Name of the app, for the reader only.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`
}

// WABASpec describes how the operator manages one WhatsApp Business Account. The account itself can be neither created
// nor deleted by API; it is adopted by its id.
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.insights) || has(self.insights)",message="insights can't be switched off again at Meta: keep insights: Enabled"
type WABASpec struct {
	// ID of the account at Meta, as shown in WhatsApp Manager: digits, in quotes. It can't be changed.
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="id is immutable: create another WABA resource for another account"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,32}$')",message="id must be the account's id at Meta: 1 to 32 digits, such as \"102290129340398\""
	ID string `json:"id"`

	// CredentialsSecretRef names the Secret, in the same namespace, with the keys accessToken, appSecret (needed for
	// webhooks) and appID (absent: the app to which the token belongs). The Secret must carry the label
	// whatsapp.waba-operator.io/secret: account.
	// +required
	CredentialsSecretRef LocalSecretReference `json:"credentialsSecretRef"`

	// GraphAPIVersion is the version of Meta's Graph API to use, such as v25.0. Absent means the operator's own setting.
	// See https://developers.facebook.com/docs/graph-api/changelog/versions
	// +optional
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:XValidation:rule="self.matches('^v[0-9]{1,3}\\\\.[0-9]$')",message="graphAPIVersion must look like v25.0"
	GraphAPIVersion string `json:"graphAPIVersion,omitempty"`

	// ObservationIntervalSeconds is how often, in seconds, the account and all its assets are observed; 30 to 86400.
	// Absent means the operator's own setting. A large account is observed less often if Meta's hourly quota demands it:
	// see status.effectiveIntervalSeconds.
	// +optional
	// +kubebuilder:validation:Minimum=30
	// +kubebuilder:validation:Maximum=86400
	ObservationIntervalSeconds *int32 `json:"observationIntervalSeconds,omitempty"`

	// AllowedReferences specifies which resources may refer to this account. Absent means resources of every kind in the same
	// namespace, and no others; with entries only what one of them permits.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	AllowedReferences []AllowedReference `json:"allowedReferences,omitempty"`

	// Insights: Enabled turns template analytics on. Meta offers no way to turn them off again, so the field can't be
	// removed. Absent leaves them as they are.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/analytics
	// +optional
	Insights InsightsSwitch `json:"insights,omitempty"`

	// MarketingMessages: Enabled or Disabled, whether marketing messages are sent on the Cloud API. Absent leaves it alone.
	// See https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account
	// +optional
	MarketingMessages FeatureSwitch `json:"marketingMessages,omitempty"`

	// TemplateAutoArchival: Enabled or Disabled, whether Meta archives templates that weren't used for a year. Absent leaves it
	// alone. By Meta's page no account can opt out, so Disabled is tried, and reported as RefusedByMeta where Meta keeps its value.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management
	// +optional
	TemplateAutoArchival FeatureSwitch `json:"templateAutoArchival,omitempty"`

	// CreativeFeatures opts in to or out of Meta's automatic changes of marketing messages, one by one, for all templates that don't
	// say otherwise; at most 20. A feature that isn't listed is left alone. Since 21 April 2026 all of them are off in an account
	// in which they were never set.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/send-marketing-messages
	// +optional
	// +listType=map
	// +listMapKey=feature
	// +kubebuilder:validation:MaxItems=20
	CreativeFeatures []CreativeFeature `json:"creativeFeatures,omitempty"`

	// CatalogID is the product catalogue that is linked to the account, and that all of its numbers share: digits, in quotes. The
	// catalogue itself is made in Commerce Manager. Where another one is linked, nothing is written (ActionRequired): to unlink it
	// would break carts and messages with products. Removing the field unlinks nothing. The token needs the scopes
	// catalog_management and whatsapp_business_messaging, and full control of the account.
	// See https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/product_catalogs/
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,32}$')",message="catalogID must be the catalogue's id in Commerce Manager: 1 to 32 digits"
	CatalogID string `json:"catalogID,omitempty"`

	// ApprovedApps are the Meta apps that may be subscribed to this account. When given, any other subscribed app makes the
	// condition PolicyCompliant False; it is not removed. Absent means that nothing is reported.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=50
	ApprovedApps []ApprovedApp `json:"approvedApps,omitempty"`

	PolicySpec `json:",inline"`
}

// WABA is one WhatsApp Business Account, adopted by its id. Phone numbers, message templates and webhook subscriptions
// refer to it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=wabas,singular=waba,scope=Namespaced,categories=whatsapp
// +kubebuilder:printcolumn:name="Account",type=string,JSONPath=`.status.name`,description="Name of the account at Meta"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Health",type=string,JSONPath=`.status.health.canSendMessage`,description="Meta's judgement whether messages can be sent"
// +kubebuilder:printcolumn:name="Limit",type=string,JSONPath=`.status.messagingLimit`,description="Messaging limit of the business portfolio"
// +kubebuilder:printcolumn:name="Numbers",type=integer,JSONPath=`.status.phoneNumbers.total`
// +kubebuilder:printcolumn:name="Templates",type=integer,JSONPath=`.status.templates.total`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.spec.id`,priority=1
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.managementPolicy`,priority=1
// +kubebuilder:printcolumn:name="Interval",type=integer,JSONPath=`.status.effectiveIntervalSeconds`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,priority=1
type WABA struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec specifies how the operator manages the account.
	// +required
	Spec WABASpec `json:"spec"`

	// Status is what Meta reports about the account.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status WABAStatus `json:"status,omitempty"`
}

// WABAList is a list of WABA resources.
//
// +kubebuilder:object:root=true
type WABAList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []WABA `json:"items"`
}
