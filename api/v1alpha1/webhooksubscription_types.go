// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WebhookDelivery specifies who receives the app's events.
// +kubebuilder:validation:Enum=Operator;Custom
type WebhookDelivery string

const (
	// WebhookDeliveryOperator sends the events to this operator's public receiver.
	WebhookDeliveryOperator WebhookDelivery = "Operator"
	// WebhookDeliveryCustom sends the events to callbackURL.
	WebhookDeliveryCustom WebhookDelivery = "Custom"
)

// TakeoverPolicy specifies whether a callback address that another client set may be replaced.
// +kubebuilder:validation:Enum=IfUnset;Always
type TakeoverPolicy string

const (
	// TakeoverPolicyIfUnset sets the address only where none is set. It is what an absent policy means.
	TakeoverPolicyIfUnset TakeoverPolicy = "IfUnset"
	// TakeoverPolicyAlways replaces whatever address is set.
	TakeoverPolicyAlways TakeoverPolicy = "Always"
)

// WebhookSubscriptionSpec describes where the events of an account go. The app is always subscribed to the account;
// sections absent from the spec are observed and left alone.
// +kubebuilder:validation:XValidation:rule="!has(self.app) || has(self.app.verifyTokenSecretRef) || (has(self.managementPolicy) && self.managementPolicy != 'Managed')",message="app.verifyTokenSecretRef is needed to set the app's callback: name the Secret and key with a token of your choice"
type WebhookSubscriptionSpec struct {
	CommonSpec `json:",inline"`

	// App is the Meta app's own subscription. Management events (templates, account, numbers) always go there; message
	// events only where no override is set. The account's Secret must hold appSecret.
	// +optional
	App *AppWebhook `json:"app,omitempty"`

	// Messages sends the message events of the whole account to another address (override), such as your bot.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
	// +optional
	Messages *WebhookOverride `json:"messages,omitempty"`

	// PhoneNumbers sends the message events of single numbers to other addresses. An entry removed from the list has its
	// override cleared.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, b.phoneNumberRef.name == a.phoneNumberRef.name))",message="each phone number may be named only once in phoneNumbers"
	PhoneNumbers []PhoneNumberWebhookOverride `json:"phoneNumbers,omitempty"`

	// DeletionPolicy specifies what happens at Meta when this resource is deleted. Absent means Retain. Delete takes back what this
	// resource set and nothing else. It clears its overrides, unless messages would go to the operator then. It unsubscribes the app if
	// it subscribed it and no other WebhookSubscription of the account remains. It removes the app's callback if it set it and no other
	// account here uses the app.
	// +optional
	// +kubebuilder:validation:Enum=Retain;Delete
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// AppWebhook is the Meta app's own subscription. An app has only one callback address, shared by all its accounts.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
// +kubebuilder:validation:XValidation:rule="(self.delivery == 'Custom') == has(self.callbackURL)",message="set callbackURL exactly when delivery is Custom; with delivery: Operator the operator's own address is used"
type AppWebhook struct {
	// Delivery is Operator (this operator's public receiver, an operator setting) or Custom (callbackURL).
	// +required
	Delivery WebhookDelivery `json:"delivery"`

	// CallbackURL that receives the events; only with delivery: Custom. https, at most 200 characters, without a + sign, which
	// would arrive as a blank.
	// +optional
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$')",message="callbackURL must be an https address whose path has only letters, digits and . _ ~ / -, such as https://bot.acme.example/wa"
	CallbackURL string `json:"callbackURL,omitempty"`

	// VerifyTokenSecretRef names the key of a Secret that holds the verify token. That is a text of your choice, which Meta sends to the
	// callback to prove that it is yours. The Secret must carry the label whatsapp.waba-operator.io/secret: verify-token.
	// Needed unless managementPolicy is Observed or Paused.
	// +optional
	VerifyTokenSecretRef *SecretKeyReference `json:"verifyTokenSecretRef,omitempty"`

	// Fields to which the app is subscribed, in Meta's spelling, such as message_template_status_update. Absent means all
	// management fields. Message fields that the app already has are always kept.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[a-z][a-z_]*$`
	Fields []string `json:"fields,omitempty"`

	// Takeover specifies whether a callback address that another client set may be replaced. Absent means IfUnset: never.
	// +optional
	Takeover TakeoverPolicy `json:"takeover,omitempty"`
}

// WebhookOverride sends message events to another address than the app's.
type WebhookOverride struct {
	// CallbackURL that receives the message events: https, at most 200 characters, without a + sign, which would arrive as a
	// blank.
	// +required
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$')",message="callbackURL must be an https address whose path has only letters, digits and . _ ~ / -, such as https://bot.acme.example/wa"
	CallbackURL string `json:"callbackURL"`

	// VerifyTokenSecretRef names the key of a Secret that holds the verify token with which that service answers Meta. The
	// Secret must carry the label whatsapp.waba-operator.io/secret: verify-token.
	// +required
	VerifyTokenSecretRef SecretKeyReference `json:"verifyTokenSecretRef"`
}

// PhoneNumberReference names a PhoneNumber resource in the same namespace.
type PhoneNumberReference struct {
	// Name of the PhoneNumber resource.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// PhoneNumberWebhookOverride sends the message events of one number to another address.
type PhoneNumberWebhookOverride struct {
	// PhoneNumberRef names the PhoneNumber resource, in the same namespace and of the same account.
	// +required
	PhoneNumberRef PhoneNumberReference `json:"phoneNumberRef"`

	WebhookOverride `json:",inline"`
}

// WebhookSubscription specifies where the events of an account go.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=webhooksubscriptions,singular=webhooksubscription,scope=Namespaced,shortName=wawh,categories=whatsapp
// +kubebuilder:printcolumn:name="Account",type=string,JSONPath=`.spec.wabaRef.name`
// +kubebuilder:printcolumn:name="App",type=string,JSONPath=`.status.appID`,description="Id of the Meta app"
// +kubebuilder:printcolumn:name="Subscribed",type=string,JSONPath=`.status.conditions[?(@.type=="Subscribed")].status`
// +kubebuilder:printcolumn:name="Messages To",type=string,JSONPath=`.status.messages.callbackURL`,description="Override for message events of the account"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="App Callback",type=string,JSONPath=`.status.app.callbackURL`,priority=1
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.managementPolicy`,priority=1
// +kubebuilder:printcolumn:name="Deletion",type=string,JSONPath=`.spec.deletionPolicy`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,priority=1
type WebhookSubscription struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec specifies where the events should go.
	// +required
	Spec WebhookSubscriptionSpec `json:"spec"`

	// Status is where the events go.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status WebhookSubscriptionStatus `json:"status,omitempty"`
}

// WebhookSubscriptionList is a list of WebhookSubscription resources.
//
// +kubebuilder:object:root=true
type WebhookSubscriptionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []WebhookSubscription `json:"items"`
}
