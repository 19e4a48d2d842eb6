#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Brings into the chart what config/ already has: the chart can read only what
# lies inside it. `make manifests` runs it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
files=charts/waba-operator/files
rm -rf "$files"
mkdir -p "$files/crds" "$files/rbac"
cp config/crd/bases/*.yaml "$files/crds/"
cp config/rbac/{role,leader_election_role,metrics_auth_role,metrics_reader_role}.yaml "$files/rbac/"
cp config/rbac/aggregate_{view,edit,admin}_role.yaml "$files/rbac/"
go run ./hack/monitoring chart-rules >"$files/rules.yaml"
cp config/grafana/waba-operator.json "$files/dashboard.json"
