#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# How the programs are compiled, for users and releases: hack/compile.sh VERSION OUTPUT PACKAGE…
#
# grpcnotrace leaves golang.org/x/net/trace out of gRPC, which nothing here uses. It brings html/template along, whose calls of methods
# by name keep the linker from leaving out any method: a quarter of a program.
#
# Kubernetes' packages are mostly generated code for types that every client registers, whether it uses them or not. Their functions
# aren't copied into their callers, and functions begin at multiples of 16 bytes instead of 32: a program is 7 % smaller.
#
# client-go's version is what requests to the API server name as the program's, in audit logs.
#
# LINKER_FLAGS are added to those of the linker.
set -euo pipefail

version=$1 output=$2
shift 2
CGO_ENABLED=0 exec go build -tags grpcnotrace -gcflags k8s.io/...=-l -trimpath -buildvcs=false \
	-ldflags "-s -w -funcalign 16 -X main.version=$version -X k8s.io/client-go/pkg/version.gitVersion=$version ${LINKER_FLAGS:-}" -o "$output" "$@"
