// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package graphsim is a stateful simulator of the parts of Meta's Graph API that manage WhatsApp Business Accounts, their
// phone numbers and their message templates. Tests, the demo and benchmarks run on it.
//
// It is written independently of the operator's client and tries to be as nasty as Meta: templates are reviewed with a
// delay, categories change silently, what is read back differs from what was sent, lists are paged, names are locked
// after a deletion, budgets run out, and one error code means three different things. Public pages that describe the
// behaviour stand at the identifiers; where Meta documents nothing, the comment says that the behaviour is a guess.
//
// Simulator is an http.Handler: the Graph API is served at /, an admin API below /_sim/ (see README.md).
// All state lives in memory, every method is safe for concurrent use, and time comes from the injected clock.
package graphsim
