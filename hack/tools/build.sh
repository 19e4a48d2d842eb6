#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Builds one tool: hack/tools/build.sh NAME [PACKAGE]. Without a package it is the
# one tool of the module hack/tools/NAME. It is renamed into place whole, so that
# two builds at once do no harm.
set -euo pipefail

name=$1 package=${2:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out="$here/../../bin/tools"
if [ -z "$package" ]; then
	here="$here/$name"
	package=$(cd "$here" && GOWORK=off go list tool)
fi
mkdir -p "$out"
work=$(mktemp -d "$out/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo "tools: building $name, once"
(cd "$here" && CGO_ENABLED=0 GOWORK=off go build -mod=readonly -trimpath -buildvcs=false \
	-ldflags '-s -w' -o "$work/$name" "$package")
mv -f "$work/$name" "$out/$name"
