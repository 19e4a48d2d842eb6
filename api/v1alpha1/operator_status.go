// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// OperatorStatus is the part of the operator's memory that all kinds have, as far as it must survive a restart. It is no API: it may
// change with any version.
type OperatorStatus struct {
	// LastHandledRequest is the value of the annotation whatsapp.waba-operator.io/requested-at last acted on.
	// +optional
	LastHandledRequest string `json:"lastHandledRequest,omitempty"`

	// Repairs are the writes of the last 24 hours by which the operator restored what the spec says. A value that another client
	// reverted three times isn't written again until the first of them is a day old; Synced says Contested.
	// +optional
	// +listType=map
	// +listMapKey=name
	Repairs []RepairHistory `json:"repairs,omitempty"`
}

// RepairHistory is when one value was written.
type RepairHistory struct {
	// Name of the value, for example insights or phoneNumbers[support].
	// +required
	Name string `json:"name"`

	// Times of the writes, the oldest first; at most 12.
	// +optional
	// +listType=atomic
	Times []metav1.Time `json:"times,omitempty"`
}
