#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Checks everything about the repository that tests do not: `make verify`. All
# checks run, so that one run shows all that is wrong; any failure fails the
# whole. Nothing needs to be committed for it: generated files are compared with
# what they were before.
#
# MAKE, KUSTOMIZE, GOLANGCI_LINT and ACTIONLINT are set by the Makefile.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
: "${MAKE:?run this by make verify}" "${KUSTOMIZE:?}" "${GOLANGCI_LINT:?}" "${ACTIONLINT:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=()

# check NAME COMMAND…
check() {
	local name=$1 started=$SECONDS
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "verify: ok      $name ($((SECONDS - started)) s)"
		return
	fi
	failed+=("$name")
	echo "verify: FAILED  $name ($((SECONDS - started)) s)"
	sed 's/^/        /' "$work/log"
}

# files lists the repository's files: tracked, and untracked unless ignored.
files() {
	git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while IFS= read -r file; do
		[ -f "$file" ] && printf '%s\n' "$file"
	done
}

sums() {
	files "$@" | while IFS= read -r file; do
		printf '%s %s\n' "$(cksum <"$file")" "$file"
	done
}

generated() {
	local where=(api charts config internal/applyconfiguration docs/reference) before
	before=$(sums "${where[@]}")
	"$MAKE" --no-print-directory generate manifests docs || return 1
	if ! diff <(echo "$before") <(sums "${where[@]}"); then
		echo "generated files were not up to date; they are now: review and commit them"
		return 1
	fi
}

# In a clean clone, which CI has, nothing may be written beside what is ignored.
clean_tree() {
	[ -z "${CI:-}" ] && return
	local changes
	changes=$(git status --porcelain)
	[ -z "$changes" ] && return
	echo "$changes"
	return 1
}

modules() {
	local file status=0
	while IFS= read -r file; do
		echo "$file:"
		(cd "$(dirname "$file")" && GOWORK=off go mod tidy -diff) || status=1
	done < <(files '*go.mod')
	return $status
}

formatted() {
	local list
	list=$(files '*.go' | xargs gofmt -l) || return 1
	[ -z "$list" ] && return
	echo "run make fmt; not formatted:"
	echo "$list"
	return 1
}

vetted() {
	go vet ./... && (cd hack/tools && GOWORK=off go vet ./...) && (cd test/gitops && GOWORK=off go vet ./...)
}

# linted DIRECTORY: what needs libraries that nothing else does is in modules of its own.
linted() {
	local lint=$PWD/$GOLANGCI_LINT
	(cd "$1" && GOWORK=off "$lint" run --allow-parallel-runners)
}

release() {
	(cd hack/release && GOWORK=off go test .) && linted hack/release
}

scripts() {
	local file status=0
	while IFS= read -r file; do
		bash -n "$file" || status=1
		[ -x "$file" ] || { echo "$file is not executable" && status=1; }
	done < <(files '*.sh' .ci/run)
	return $status
}

manifests() {
	local file status=0
	while IFS= read -r file; do
		case $file in charts/* | */testdata/*) continue ;; esac
		echo "$file:"
		# Components can be built only as a part of something.
		grep -q '^kind: Component' "$file" && continue
		"$KUSTOMIZE" build "$(dirname "$file")" >"$work/manifest.yaml" || status=1
	done < <(files '*kustomization.yaml')
	return $status
}

# installation checks what `make dist` makes of an image name.
installation() {
	local image=registry.example:5000/team/operator:v1.2.3 rendered="$work/install.yaml" count
	hack/render.sh "$KUSTOMIZE" "$image" >"$rendered" || return 1
	grep -qF "image: $image" "$rendered" || { echo "the image is not replaced" && return 1; }
	count=$(grep -c '^kind: CustomResourceDefinition$' "$rendered")
	[ "$count" -eq 4 ] || { echo "$count CRDs, want 4" && return 1; }
	if grep -E '^ +- (messagetemplates|phonenumbers|wabas|webhooksubscriptions)/status$' \
		config/rbac/aggregate_*.yaml; then
		echo "roles for people may not grant */status"
		return 1
	fi
}

check "generated files" generated
check "clean tree" clean_tree
check "go mod tidy" modules
check "gofmt" formatted
check "go vet" vetted
check "golangci-lint" "$GOLANGCI_LINT" run
check "golangci-lint of test/gitops" linted test/gitops
check "release" release
# Without the programs that it would run where they happen to be installed: the same verdict everywhere.
check "workflows" "$ACTIONLINT" -shellcheck= -pyflakes=
check "shell scripts" scripts
check "kustomizations" manifests
check "installation" installation
check "alerts" "$MAKE" --no-print-directory alerts

if [ ${#failed[@]} -gt 0 ]; then
	echo "verify: ${#failed[@]} failed: $(printf '%s; ' "${failed[@]}")" >&2
	exit 1
fi
