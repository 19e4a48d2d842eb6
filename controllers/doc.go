// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers reconciles WhatsApp Business assets with Meta's WhatsApp Business Management API.
//
// The WABA controller observes whole accounts (observation.go tells when); the other kinds read its snapshots and share
// one lifecycle (lifecycle.go). Each decision has one place:
//
//	who may do what             policy.go, resolve.go, claims.go
//	error → reason and retry    errors.go
//	reason → kstatus            reasons.go
//	result → conditions         conditions.go
//	object → status             status.go
//	what wakes whom             watches.go
package controllers
