// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crd holds the project's CustomResourceDefinitions for programs that need them without a cluster.
package crd

import "embed"

// Files are the generated definitions, one per kind, in bases/.
//
//go:embed bases/*.yaml
var Files embed.FS
