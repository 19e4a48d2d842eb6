// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package account holds the state of each WhatsApp Business Account (WABA): one Session per account with its Graph API
// client, its share of the rate budget and an immutable Snapshot, the result of the last observation.
//
// Controllers read snapshots instead of asking Meta about every single object, so a resync of N templates costs
// ⌈N/page⌉ calls, not N.
package account
