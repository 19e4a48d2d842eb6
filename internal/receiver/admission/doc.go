// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission limits what requests cost the webhook receiver before their signatures are verified, and what one app can take
// from the others afterwards.
//
// ConnLimiter bounds connections. RequestLimiter bounds unverified requests and the memory of bodies. DeliveryLimiter bounds the
// deliveries that are parsed and recorded. RateLimitedCache and ReadLimiter bound the reads of Secrets. The package knows nothing of
// Kubernetes: it identifies an app by its id, and its callers do the reads.
package admission
