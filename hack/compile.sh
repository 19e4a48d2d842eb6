#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# How the programs are compiled, for users and releases: hack/compile.sh VERSION OUTPUT PACKAGE…
#
# grpcnotrace leaves golang.org/x/net/trace out of gRPC, which nothing here uses. It brings html/template along, whose calls of methods
# by name keep the linker from leaving out any method: a quarter of a program.
#
# LINKER_FLAGS are added to those of the linker.
set -euo pipefail

version=$1 output=$2
shift 2
CGO_ENABLED=0 exec go build -tags grpcnotrace -trimpath -buildvcs=false \
	-ldflags "-s -w -X main.version=$version ${LINKER_FLAGS:-}" -o "$output" "$@"
