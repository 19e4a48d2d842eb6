// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package graph is a typed client for the part of Meta's Graph API that manages WhatsApp Business assets.
//
// It is the only package that knows HTTP, JSON wire names, error codes and rate-limit headers. A call is made at most
// once: nothing here retries, except where a listing has to be started again because Meta dropped its cursor, where Meta
// says that an optional field does not exist in the version in use, and where an upload that broke off is continued.
//
// Errors are always of type *Error (or come from the RateLimiter), carry one Class, and never contain a token, a proof, a
// PIN, a code or a URL.
//
// Source: https://developers.facebook.com/docs/graph-api and
// https://developers.facebook.com/documentation/business-messaging/whatsapp
package graph
