#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Puts kube-apiserver and etcd into bin/k8s/<Kubernetes version>/: links to those
# that setup-envtest has downloaded, of the same minor version, or else binaries
# that are built from source. The versions are those of go.mod beside this file.
# Quick when there is nothing to do; safe to run twice at once, since each binary
# is renamed into place whole.
#
#   hack/controlplane/build.sh           links or builds what is missing
#   hack/controlplane/build.sh --path    prints the directory and does nothing else
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
version=$(awk '$1 == "k8s.io/kubernetes" && $2 ~ /^v/ { print $2; exit }' "$here/go.mod")
out="$root/bin/k8s/$version"

if [ "${1:-}" = --path ]; then
	echo "$out"
	exit 0
fi

say() { echo "control-plane: $*"; }

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
	for binary in kube-apiserver etcd; do
		if [ ! -x "$KUBEBUILDER_ASSETS/$binary" ]; then
			say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS holds no $binary; unset it, or put one there" >&2
			exit 1
		fi
	done
	say "using the binaries of KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS"
	exit 0
fi

# Everything that decides what the binaries are, the Go release excepted: an
# API server built with last month's Go serves as well.
stamp="$(go env GOOS)/$(go env GOARCH) $(cat "$here/go.mod" "$here/go.sum" "${BASH_SOURCE[0]}" | cksum)"

built() {
	[ -x "$out/kube-apiserver" ] && [ -x "$out/etcd" ] && [ "$(cat "$out/.stamp" 2>/dev/null)" = "$stamp" ]
}

# newest_download prints the directory in setup-envtest's store that has the newest binaries of this minor version. There is no download
# of each patch release.
newest_download() {
	local store=${XDG_DATA_HOME:-$HOME/.local/share}/kubebuilder-envtest minor=${version#v} directory
	[ "$(go env GOOS)" != darwin ] || store="$HOME/Library/Application Support/io.kubebuilder.envtest"
	minor=${minor%.*}
	while IFS= read -r directory; do
		if [ -x "$directory/kube-apiserver" ] && [ -x "$directory/etcd" ]; then
			echo "$directory"
			return
		fi
	done < <(printf '%s\n' "$store/k8s/$minor".*"-$(go env GOOS)-$(go env GOARCH)" | sort -rV)
	return 1
}

if built; then
	say "$version is built (${out#"$root"/})"
	exit 0
fi

mkdir -p "$out"
if downloaded=$(newest_download); then
	for binary in kube-apiserver etcd; do
		ln -s "$downloaded/$binary" "$out/.$binary.$$"
		mv -f "$out/.$binary.$$" "$out/$binary"
	done
	rm -f "$out/.stamp"
	say "using what setup-envtest downloaded ($downloaded)"
	exit 0
fi

# The lock only saves double work; where flock is missing (macOS) two builds at
# once are wasteful but still correct.
if command -v flock >/dev/null; then
	exec 9>"$out/.lock"
	if ! flock -n 9; then
		say "another build is running; waiting for it"
		flock 9
	fi
	if built; then
		say "$version was built meanwhile"
		exit 0
	fi
	# Whoever holds the lock is alone: these are of builds that were killed.
	rm -rf "$out"/.build.*
fi

work=$(mktemp -d "$out/.build.XXXXXX")
compiler=
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	if [ -n "$compiler" ]; then
		kill "$compiler" 2>/dev/null || true
		wait "$compiler" 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# build NAME PACKAGE LDFLAGS
build() {
	local name=$1 package=$2 ldflags=$3 log="$work/$1.log" started=$SECONDS shown=$SECONDS
	say "building $name ($package); the first time takes minutes"
	# 9>&-: the compiler must not hold the lock after this script is killed.
	(cd "$here" && CGO_ENABLED=0 GOWORK=off exec go build -v -mod=readonly -trimpath -buildvcs=false \
		-ldflags "-s -w $ldflags" -o "$work/$name" "$package") >"$log" 2>&1 9>&- &
	compiler=$!
	while kill -0 "$compiler" 2>/dev/null; do
		sleep 1
		if [ $((SECONDS - shown)) -ge 15 ]; then
			shown=$SECONDS
			say "  $name: $(grep -c '^go: downloading' "$log" || true) modules fetched," \
				"$(grep -vc '^go: ' "$log" || true) packages compiled, $((SECONDS - started)) s"
		fi
	done
	if ! wait "$compiler"; then
		compiler=
		say "building $name failed:" >&2
		tail -n 30 "$log" >&2
		exit 1
	fi
	compiler=
	mv -f "$work/$name" "$out/$name"
	say "built $name in $((SECONDS - started)) s"
}

bare=${version#v}
minor=${bare#*.}
info=
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	info+=" -X $package.gitVersion=$version -X $package.gitMajor=${bare%%.*} -X $package.gitMinor=${minor%%.*}"
	info+=" -X $package.gitTreeState=clean"
done

build etcd go.etcd.io/etcd/server/v3 ""
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$info"
echo "$stamp" >"$work/stamp"
mv -f "$work/stamp" "$out/.stamp"
say "$version is ready (${out#"$root"/})"
