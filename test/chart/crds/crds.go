// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package crds pins the projects whose CRDs the tests of the chart install: their modules contain them. It is never
// compiled; the imports keep the requirements in go.mod.
package crds

import (
	_ "github.com/grafana/grafana-operator/v5/embeds"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
	_ "sigs.k8s.io/gateway-api/pkg/consts"
)
