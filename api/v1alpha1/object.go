// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Names of the kinds, as in manifests.
const (
	// KindWABA is the kind of WABA.
	KindWABA = "WABA"
	// KindPhoneNumber is the kind of PhoneNumber.
	KindPhoneNumber = "PhoneNumber"
	// KindMessageTemplate is the kind of MessageTemplate.
	KindMessageTemplate = "MessageTemplate"
	// KindWebhookSubscription is the kind of WebhookSubscription.
	KindWebhookSubscription = "WebhookSubscription"
)

// Asset is what every kind of this package answers about itself, so that code about resources in general needs no list of kinds.
// +kubebuilder:object:generate=false
type Asset interface {
	metav1.Object
	runtime.Object

	// KindName names the kind, also of an object that a typed client has read, whose GetObjectKind is empty.
	KindName() string
	// AccountReference returns spec.wabaRef; nil for a WABA, which is the account itself.
	AccountReference() *WABAReference
	// Policies returns the policies in the spec.
	Policies() *PolicySpec
	// CommonStatus returns the part of the status that all kinds have.
	CommonStatus() *CommonStatus
	// Memory returns the part of the operator's memory in the status that all kinds have.
	Memory() *OperatorStatus
	// DeletesAtMeta reports whether deleting the resource shall delete something at Meta.
	DeletesAtMeta() bool
	// HoldsAsset reports that the status says which asset at Meta the resource manages.
	HoldsAsset() bool
	// OwnedStatus returns a copy of the status without status.webhook: the part that belongs to FieldOwner, to compare and to apply.
	OwnedStatus() any
	// WebhookEvents returns status.webhook.events.
	WebhookEvents() []WebhookEvent
	// WebhookStatus returns status.webhook, a pointer that may be nil.
	WebhookStatus() any

	// parts returns pointers to the spec and the status.
	parts() (spec, status any)
	// clearOwnedStatus empties the status but for status.webhook.
	clearOwnedStatus()
}

// AssetList is a list of the resources of one kind.
// +kubebuilder:object:generate=false
type AssetList interface {
	metav1.ListInterface
	runtime.Object
}

// AssetKind describes one kind.
// +kubebuilder:object:generate=false
type AssetKind struct {
	// Name of the kind, such as PhoneNumber.
	Name string
	// Resource is its name in the API and in roles, in plural, such as phonenumbers.
	Resource string
	// ShortName is what kubectl also takes for it, such as wapn; empty where the kind's own name is short.
	ShortName string
	// New returns an empty object. Its status says that no operator has seen it, as the API server's default does.
	New func() Asset
	// NewList returns an empty list.
	NewList func() AssetList
}

// AssetKinds are all kinds of this package, in the order of their references: the account first, and a number before the subscriptions
// that name it.
var AssetKinds = []AssetKind{
	{KindWABA, "wabas", "", func() Asset { return unseen(&WABA{}) }, func() AssetList { return &WABAList{} }},
	{KindPhoneNumber, "phonenumbers", "wapn", func() Asset { return unseen(&PhoneNumber{}) }, func() AssetList { return &PhoneNumberList{} }},
	{
		KindMessageTemplate, "messagetemplates", "wamt", func() Asset { return unseen(&MessageTemplate{}) },
		func() AssetList { return &MessageTemplateList{} },
	},
	{
		KindWebhookSubscription, "webhooksubscriptions", "wawh", func() Asset { return unseen(&WebhookSubscription{}) },
		func() AssetList { return &WebhookSubscriptionList{} },
	},
}

// AssetKindOf returns the kind with a name. ok is false where there is none.
func AssetKindOf(name string) (kind AssetKind, ok bool) {
	if i := slices.IndexFunc(AssetKinds, func(k AssetKind) bool { return k.Name == name }); i >= 0 {
		return AssetKinds[i], true
	}
	return AssetKind{}, false
}

// SetSpec gives a resource the spec of another one of its kind, and reports whether that changes it. It panics where the two are of
// different kinds. They share what the spec refers to afterwards.
func SetSpec(to, from Asset) (changed bool) {
	target, _ := to.parts()
	source, _ := from.parts()
	changed = !equality.Semantic.DeepEqual(target, source)
	reflect.ValueOf(target).Elem().Set(reflect.ValueOf(source).Elem())
	return changed
}

// SetOwnedStatus replaces the status but for status.webhook, which has another owner. decode fills what it is given: a pointer to the
// status, in which only status.webhook is set.
func SetOwnedStatus(obj Asset, decode func(status any) error) error {
	obj.clearOwnedStatus()
	_, status := obj.parts()
	return decode(status)
}

// unseen gives an empty object the status of one that no operator has seen.
func unseen(obj Asset) Asset {
	obj.CommonStatus().ObservedGeneration = -1
	return obj
}

// KindName names the kind.
func (*WABA) KindName() string { return KindWABA }

// AccountReference is nil: a WABA is the account.
func (*WABA) AccountReference() *WABAReference { return nil }

// Policies returns the policies in the spec.
func (w *WABA) Policies() *PolicySpec { return &w.Spec.PolicySpec }

// CommonStatus returns the part of the status that all kinds have.
func (w *WABA) CommonStatus() *CommonStatus { return &w.Status.CommonStatus }

// Memory returns the part of the operator's memory that all kinds have.
func (w *WABA) Memory() *OperatorStatus { return &w.Status.Operator.OperatorStatus }

// DeletesAtMeta is false: the API can't delete an account.
func (*WABA) DeletesAtMeta() bool { return false }

// HoldsAsset reports that the account was observed.
func (w *WABA) HoldsAsset() bool { return w.Status.AccountID != "" }

// OwnedStatus returns a copy of the status without status.webhook.
func (w *WABA) OwnedStatus() any {
	s := w.Status.DeepCopy()
	s.Webhook = nil
	return s
}

// WebhookEvents returns status.webhook.events.
func (w *WABA) WebhookEvents() []WebhookEvent {
	if w.Status.Webhook == nil {
		return nil
	}
	return w.Status.Webhook.Events
}

// WebhookStatus returns status.webhook.
func (w *WABA) WebhookStatus() any { return w.Status.Webhook }

func (w *WABA) parts() (spec, status any) { return &w.Spec, &w.Status }

func (w *WABA) clearOwnedStatus() { w.Status = WABAStatus{Webhook: w.Status.Webhook} }

// KindName names the kind.
func (*PhoneNumber) KindName() string { return KindPhoneNumber }

// AccountReference returns spec.wabaRef.
func (n *PhoneNumber) AccountReference() *WABAReference { return &n.Spec.WABARef }

// Policies returns the policies in the spec.
func (n *PhoneNumber) Policies() *PolicySpec { return &n.Spec.PolicySpec }

// CommonStatus returns the part of the status that all kinds have.
func (n *PhoneNumber) CommonStatus() *CommonStatus { return &n.Status.CommonStatus }

// Memory returns the part of the operator's memory that all kinds have.
func (n *PhoneNumber) Memory() *OperatorStatus { return &n.Status.Operator.OperatorStatus }

// DeletesAtMeta reports that the number shall be taken off the Cloud API.
func (n *PhoneNumber) DeletesAtMeta() bool {
	return n.Spec.DeletionPolicy == DeletionPolicyDeregister
}

// HoldsAsset reports that the number was found in its account.
func (n *PhoneNumber) HoldsAsset() bool { return n.Status.ID != "" }

// OwnedStatus returns a copy of the status without status.webhook.
func (n *PhoneNumber) OwnedStatus() any {
	s := n.Status.DeepCopy()
	s.Webhook = nil
	return s
}

// WebhookEvents returns status.webhook.events.
func (n *PhoneNumber) WebhookEvents() []WebhookEvent {
	if n.Status.Webhook == nil {
		return nil
	}
	return n.Status.Webhook.Events
}

// WebhookStatus returns status.webhook.
func (n *PhoneNumber) WebhookStatus() any { return n.Status.Webhook }

func (n *PhoneNumber) parts() (spec, status any) { return &n.Spec, &n.Status }

func (n *PhoneNumber) clearOwnedStatus() { n.Status = PhoneNumberStatus{Webhook: n.Status.Webhook} }

// KindName names the kind.
func (*MessageTemplate) KindName() string { return KindMessageTemplate }

// AccountReference returns spec.wabaRef.
func (t *MessageTemplate) AccountReference() *WABAReference { return &t.Spec.WABARef }

// Policies returns the policies in the spec.
func (t *MessageTemplate) Policies() *PolicySpec { return &t.Spec.PolicySpec }

// CommonStatus returns the part of the status that all kinds have.
func (t *MessageTemplate) CommonStatus() *CommonStatus { return &t.Status.CommonStatus }

// Memory returns the part of the operator's memory that all kinds have.
func (t *MessageTemplate) Memory() *OperatorStatus { return &t.Status.Operator.OperatorStatus }

// DeletesAtMeta reports that the template shall be deleted.
func (t *MessageTemplate) DeletesAtMeta() bool { return t.Spec.DeletionPolicy == DeletionPolicyDelete }

// HoldsAsset reports that the template was created or adopted.
func (t *MessageTemplate) HoldsAsset() bool { return t.Status.Operator.Baseline != nil }

// OwnedStatus returns a copy of the status without status.webhook.
func (t *MessageTemplate) OwnedStatus() any {
	s := t.Status.DeepCopy()
	s.Webhook = nil
	return s
}

// WebhookEvents returns status.webhook.events.
func (t *MessageTemplate) WebhookEvents() []WebhookEvent {
	if t.Status.Webhook == nil {
		return nil
	}
	return t.Status.Webhook.Events
}

// WebhookStatus returns status.webhook.
func (t *MessageTemplate) WebhookStatus() any { return t.Status.Webhook }

func (t *MessageTemplate) parts() (spec, status any) { return &t.Spec, &t.Status }

func (t *MessageTemplate) clearOwnedStatus() {
	t.Status = MessageTemplateStatus{Webhook: t.Status.Webhook}
}

// KindName names the kind.
func (*WebhookSubscription) KindName() string { return KindWebhookSubscription }

// AccountReference returns spec.wabaRef.
func (s *WebhookSubscription) AccountReference() *WABAReference { return &s.Spec.WABARef }

// Policies returns the policies in the spec.
func (s *WebhookSubscription) Policies() *PolicySpec { return &s.Spec.PolicySpec }

// CommonStatus returns the part of the status that all kinds have.
func (s *WebhookSubscription) CommonStatus() *CommonStatus { return &s.Status.CommonStatus }

// Memory returns the part of the operator's memory that all kinds have.
func (s *WebhookSubscription) Memory() *OperatorStatus { return &s.Status.Operator.OperatorStatus }

// DeletesAtMeta reports that what the resource has set shall be taken back.
func (s *WebhookSubscription) DeletesAtMeta() bool {
	return s.Spec.DeletionPolicy == DeletionPolicyDelete
}

// HoldsAsset reports that the app of the account's token is known.
func (s *WebhookSubscription) HoldsAsset() bool { return s.Status.AppID != "" }

// OwnedStatus returns a copy of the status without status.webhook.
func (s *WebhookSubscription) OwnedStatus() any {
	status := s.Status.DeepCopy()
	status.Webhook = nil
	if status.App != nil && reflect.DeepEqual(*status.App, AppWebhookStatus{}) {
		status.App = nil // the API server takes no empty object in an apply
	}
	return status
}

// WebhookEvents is empty: what a subscription's webhook status says is about deliveries, not about an asset.
func (*WebhookSubscription) WebhookEvents() []WebhookEvent { return nil }

// WebhookStatus returns status.webhook.
func (s *WebhookSubscription) WebhookStatus() any { return s.Status.Webhook }

func (s *WebhookSubscription) parts() (spec, status any) { return &s.Spec, &s.Status }

func (s *WebhookSubscription) clearOwnedStatus() {
	s.Status = WebhookSubscriptionStatus{Webhook: s.Status.Webhook}
}
