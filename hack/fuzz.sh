#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Fuzzes what parses input from outside, each target for a while: hack/fuzz.sh 60s.
#
# Go's engine now and then calls the end of that time a failure: it says "context
# deadline exceeded" and names no input. That is none. Whatever fails has an input.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

git grep -n '^func Fuzz' -- '*_test.go' | sed -E 's|^(.*)/[^/]*:[0-9]+:func (Fuzz[A-Za-z0-9]*).*|\1 \2|' | while read -r package target; do
	echo "fuzz: $package $target"
	if go test -short -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$package" </dev/null 2>&1 | tee "$log"; then
		continue
	fi
	if grep -qx '    context deadline exceeded' "$log" && ! grep -qE 'Failing input|panic:|_test\.go:' "$log"; then
		echo "fuzz: that was the end of the time, not a failure"
		continue
	fi
	exit 1
done
