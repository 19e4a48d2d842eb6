// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package facts is the only writer of what webhooks report into the status of resources, and the only one that removes it
// again. Facts live under status.webhook and have a field owner of their own, so that they and the reconcilers never undo
// each other's work.
package facts

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/internal/webhook"
)

// Account is a WABA resource that a delivery may touch: its own Secret holds the secret with which the delivery was signed,
// and its token was proven to belong to the app.
type Account struct {
	Name types.NamespacedName
	UID  types.UID
	// ID is the account's id at Meta.
	ID string
}

// Delivery is the content of one verified POST.
type Delivery struct {
	AppID    string
	Accounts []Account
	Changes  []webhook.Change
	// Received is when the POST arrived.
	Received time.Time
}

// Tally counts the changes of a delivery by their result.
type Tally struct {
	// Persisted changes are in a status now. AlreadyKnown ones were stored before, or are older than what is stored.
	Persisted, AlreadyKnown int
	// Unmanaged changes are about accounts, templates or numbers without a resource here. Unknown are those of fields or
	// events this version doesn't know. Messages are events of message fields.
	Unmanaged, Unknown, Messages int
}
