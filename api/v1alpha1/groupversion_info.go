// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 contains the API of the group whatsapp.waba-operator.io: WhatsApp Business Accounts, phone
// numbers, message templates and webhook subscriptions as Kubernetes resources.
//
// Values that belong to Meta keep Meta's spelling (UTILITY), values of the operator are PascalCase (Retain).
// No field of a spec has a default; what an absent field means is said in its description.
//
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +kubebuilder:ac:output:package="../../internal/applyconfiguration"
// +groupName=whatsapp.waba-operator.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of all kinds of this package.
const GroupName = "whatsapp.waba-operator.io"

var (
	// GroupVersion is the group and version of all kinds of this package.
	GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

	// SchemeGroupVersion is GroupVersion under the name that generated code expects.
	SchemeGroupVersion = GroupVersion

	// SchemeBuilder collects the functions that add the kinds of this package to a scheme.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme adds all kinds of this package to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

// Resource returns the group-qualified form of a resource name, for example of "wabas".
func Resource(resource string) schema.GroupResource {
	return GroupVersion.WithResource(resource).GroupResource()
}

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&WABA{}, &WABAList{},
		&PhoneNumber{}, &PhoneNumberList{},
		&MessageTemplate{}, &MessageTemplateList{},
		&WebhookSubscription{}, &WebhookSubscriptionList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
