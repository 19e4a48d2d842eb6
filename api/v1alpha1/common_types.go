// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ManagementPolicy specifies what the operator may do with an asset at Meta.
// +kubebuilder:validation:Enum=Managed;Observed;Paused
type ManagementPolicy string

const (
	// ManagementPolicyManaged makes the asset at Meta equal to the spec. It is what an absent policy means.
	ManagementPolicyManaged ManagementPolicy = "Managed"
	// ManagementPolicyObserved reads the asset and reports differences, and never writes to Meta.
	ManagementPolicyObserved ManagementPolicy = "Observed"
	// ManagementPolicyPaused makes no call to Meta at all; the status keeps what was last known.
	ManagementPolicyPaused ManagementPolicy = "Paused"
)

// DriftPolicy specifies what happens when another client changes a managed asset at Meta.
// +kubebuilder:validation:Enum=Report;Repair
type DriftPolicy string

const (
	// DriftPolicyReport names the fields that differ in status.drift and changes nothing.
	DriftPolicyReport DriftPolicy = "Report"
	// DriftPolicyRepair writes the spec to Meta again.
	DriftPolicyRepair DriftPolicy = "Repair"
)

// DeletionPolicy specifies what happens at Meta when the Kubernetes resource is deleted. Each kind takes a part of the values.
type DeletionPolicy string

const (
	// DeletionPolicyRetain leaves the asset at Meta as it is. It is what an absent policy means.
	DeletionPolicyRetain DeletionPolicy = "Retain"
	// DeletionPolicyDelete deletes the asset at Meta (MessageTemplate, WebhookSubscription).
	DeletionPolicyDelete DeletionPolicy = "Delete"
	// DeletionPolicyDeregister takes a number off the Cloud API (PhoneNumber); numbers can't be deleted by API.
	DeletionPolicyDeregister DeletionPolicy = "Deregister"
)

// WABAReference names a WABA resource.
type WABAReference struct {
	// Name of the WABA resource (not the account id at Meta).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="wabaRef is immutable: create a new resource for another account"
	Name string `json:"name"`

	// Namespace of the WABA resource. Absent means the namespace of the referring resource. The WABA must consent to
	// references from other namespaces in spec.allowedReferences. The own namespace means the same as none, and may be added or removed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="wabaRef is immutable: create a new resource for another account"
	Namespace string `json:"namespace,omitempty"`
}

// LocalSecretReference names a Secret in the namespace of the referring resource. Its keys are fixed.
type LocalSecretReference struct {
	// Name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// SecretKeyReference names one key of a Secret in the namespace of the referring resource. The Secret must carry the
// label whatsapp.waba-operator.io/secret with the purpose for which it is used.
// +structType=atomic
type SecretKeyReference struct {
	// Name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Key inside the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// ConfigMapKeyReference names one key of a ConfigMap in the namespace of the referring resource.
// +structType=atomic
type ConfigMapKeyReference struct {
	// Name of the ConfigMap.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// Key inside data or binaryData of the ConfigMap. A ConfigMap holds at most 1 MiB.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// MediaSource specifies where a media file comes from: a key of a ConfigMap, or an https address together with the hash of
// the file. The operator uploads the file through Meta's resumable upload API and remembers its hash. Sizes: images 5 MB,
// videos 16 MB, documents 100 MB, GIF headers (an mp4 file) 3.5 MB.
// See https://developers.facebook.com/docs/graph-api/guides/upload
// +structType=atomic
// +kubebuilder:validation:XValidation:rule="has(self.configMapKeyRef) != has(self.url)",message="set exactly one of configMapKeyRef and url"
// +kubebuilder:validation:XValidation:rule="has(self.url) == has(self.sha256)",message="url and sha256 go together: give the sha256 of the file behind url, and none for a ConfigMap"
type MediaSource struct {
	// ConfigMapKeyRef takes the file from a ConfigMap in the same namespace; good for images and PDF up to 1 MiB.
	// +optional
	ConfigMapKeyRef *ConfigMapKeyReference `json:"configMapKeyRef,omitempty"`

	// URL of the file: https on port 443 of a public address, at most 2048 characters, no user name or password.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^/@:?#]+(:443)?([/?#].*)?$')",message="url must be an https address on port 443 without user name, such as https://cdn.acme.example/sample.mp4"
	URL string `json:"url,omitempty"`

	// SHA256 of the file behind url, 64 lower-case hexadecimal digits; a file with another hash is refused.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9a-f]{64}$')",message="sha256 must be 64 lower-case hexadecimal digits, as printed by sha256sum"
	SHA256 string `json:"sha256,omitempty"`
}

// PolicySpec holds the policies common to all kinds.
type PolicySpec struct {
	// ManagementPolicy specifies what the operator may do. Absent means Managed. Observed never writes to Meta and reports
	// differences; Paused makes no call. The policy of the account is the ceiling of what its resources may do.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// DriftPolicy specifies what happens when another client changes the asset at Meta. Absent means Report for a
	// MessageTemplate (an edit may cost one of ten a month) and Repair for the other kinds.
	// +optional
	DriftPolicy DriftPolicy `json:"driftPolicy,omitempty"`
}

// CommonSpec is the part of the spec common to all kinds that belong to an account.
type CommonSpec struct {
	// WABARef names the WABA resource of the account that owns this asset. It can't be changed, but its namespace may be written out
	// or left out. Where that leads to another account, nothing is written: Synced says AccountChanged.
	// +required
	WABARef WABAReference `json:"wabaRef"`

	PolicySpec `json:",inline"`
}

// CommonStatus is the part of the status common to all kinds.
type CommonStatus struct {
	// ID of the asset at Meta.
	// +optional
	ID string `json:"id,omitempty"`

	// AccountID is the id at Meta of the account (WABA) in which the asset was found or created. If wabaRef leads to
	// another account afterwards, nothing is written until a person accepts it by annotation.
	// +optional
	AccountID string `json:"accountID,omitempty"`

	// ObservedGeneration is the metadata.generation that was last processed; -1 before the first time.
	// +optional
	// +kubebuilder:default=-1
	ObservedGeneration int64 `json:"observedGeneration"`

	// Conditions of the resource. Ready summarises: the asset exists at Meta as the spec says and can be used.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// Drift names the fields whose value at Meta differs from the one last written.
	// +optional
	// +listType=atomic
	Drift []string `json:"drift,omitempty"`

	// UnknownProperties are those in Meta's answer about this asset that this version of the operator doesn't know, as paths such as
	// components[1].buttons[0].label_color; at most 20. Of a template only those inside its components are listed: an edit would lose
	// them, so it isn't edited.
	// +optional
	// +listType=atomic
	UnknownProperties []string `json:"unknownProperties,omitempty"`

	// NextAttemptTime is when the operator will try again, set once when a wait begins.
	// +optional
	NextAttemptTime *metav1.Time `json:"nextAttemptTime,omitempty"`
}

// SecretVersion identifies the content of a Secret that was last applied. No hash is kept: a PIN has only a million values.
type SecretVersion struct {
	// UID of the Secret.
	// +optional
	UID string `json:"uid,omitempty"`

	// ResourceVersion of the Secret when this content was first read.
	// +optional
	ResourceVersion string `json:"resourceVersion,omitempty"`

	// Key inside the Secret.
	// +optional
	Key string `json:"key,omitempty"`

	// WrittenTime is when the content was written, by the managed fields of the Secret; absent if they don't say. After a restart of the
	// operator it distinguishes a change of the content from one of a label or an annotation.
	// +optional
	WrittenTime *metav1.Time `json:"writtenTime,omitempty"`

	// ResourceUID is the UID of the resource that used it. If that and the Secret's have both changed, a status was restored
	// from a backup: the Secret is then taken to hold what it held, and nothing is written to Meta.
	// +optional
	ResourceUID string `json:"resourceUID,omitempty"`
}

// HealthStatus is Meta's own judgement whether messages can be sent, with the reasons.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/support/health-status
type HealthStatus struct {
	// CanSendMessage is the overall answer, for example AVAILABLE, LIMITED or BLOCKED.
	// +optional
	CanSendMessage string `json:"canSendMessage,omitempty"`

	// Entities are the parts that Meta looked at: the number, the account, the business portfolio, the app.
	// +optional
	// +listType=atomic
	Entities []HealthEntity `json:"entities,omitempty"`
}

// HealthEntity is Meta's judgement on one part of the chain from the app to the phone number.
type HealthEntity struct {
	// Type of the part, for example WABA, BUSINESS, APP, PHONE_NUMBER or MESSAGE_TEMPLATE.
	// +optional
	Type string `json:"type,omitempty"`

	// ID of the part at Meta.
	// +optional
	ID string `json:"id,omitempty"`

	// CanSendMessage is the answer for this part, for example AVAILABLE, LIMITED or BLOCKED.
	// +optional
	CanSendMessage string `json:"canSendMessage,omitempty"`

	// CanReceiveCallSIP reports of a number that takes calls whether they reach a SIP server: AVAILABLE, LIMITED or BLOCKED.
	// +optional
	CanReceiveCallSIP string `json:"canReceiveCallSIP,omitempty"`

	// AdditionalInfo is what Meta adds to a LIMITED answer, in English.
	// +optional
	// +listType=atomic
	AdditionalInfo []string `json:"additionalInfo,omitempty"`

	// Errors are the reasons for a BLOCKED answer.
	// +optional
	// +listType=atomic
	Errors []HealthError `json:"errors,omitempty"`
}

// HealthError is one reason why messages can't be sent.
type HealthError struct {
	// Code is Meta's error code.
	// +optional
	Code int64 `json:"code,omitempty"`

	// Description of the problem, in Meta's words.
	// +optional
	Description string `json:"description,omitempty"`

	// PossibleSolution is the remedy that Meta proposes.
	// +optional
	PossibleSolution string `json:"possibleSolution,omitempty"`
}

// WebhookEvent is the watermark of one webhook field: the newest event seen. Duplicates and older events change nothing.
type WebhookEvent struct {
	// Field of the webhook, for example message_template_status_update. Where one field carries facts that don't replace each
	// other, the kind of fact follows: account_update/DISABLED_UPDATE.
	// +required
	Field string `json:"field"`

	// Time that Meta gave to the newest event of this field.
	// +required
	Time metav1.Time `json:"time"`

	// ReceivedTime is when the operator received that event. What it says holds until an observation begun a minute or more
	// later says otherwise.
	// +optional
	ReceivedTime *metav1.Time `json:"receivedTime,omitempty"`

	// Hash of the value of that event, to recognise a repeated delivery.
	// +optional
	Hash string `json:"hash,omitempty"`
}
