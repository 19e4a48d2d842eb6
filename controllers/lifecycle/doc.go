// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lifecycle has what all kinds share: the order of a run, safety, ownership, retries, errors, conditions, status and deletion.
// Each decision has one place:
//
//	order of a run              reconciler.go, delete.go
//	where the account is from   account_source.go
//	who may do what             policy.go, account.go, consent.go, claims.go
//	destructive writes          destructive.go
//	repairs, contested values   repair.go
//	error → reason and retry    errors.go
//	reason → kstatus            reasons.go
//	result → conditions         conditions.go
//	result → requeue            base.go (Base.requeue)
//	object → status             status.go
//	retries                     retries.go
//	what is logged              failurelog.go
//	what process memory holds   stores.go
//
// What costs Meta's quota or a person's time is kept in the status; the rest is in memory, and costs a call after a restart.
package lifecycle
