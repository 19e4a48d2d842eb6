// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package template knows what a MessageTemplate means at Meta: how its spec is written on the wire, which fields can be
// compared with what Meta gives back, and what a sender has to fill in. Everything here is pure.
package template
