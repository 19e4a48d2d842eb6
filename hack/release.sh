#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Makes all artifacts of a release and checks them as a user would:
# hack/release.sh VERSION IMAGE DIRECTORY. The same commit makes the same files.
#
# HELM and KUSTOMIZE are set by the Makefile.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
: "${HELM:?run this by make release-artifacts}" "${KUSTOMIZE:?}"
version=$1 image=$2 out=$3
if [[ ! $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
	echo "release: VERSION must look like v1.2.3 or v1.2.3-rc.1, not $version" >&2
	exit 1
fi
revision=$(git rev-parse HEAD)
git diff --quiet HEAD || revision+=-dirty
created=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)

binaries=()
for arch in amd64 arm64; do
	echo "release: compiling for linux/$arch"
	# What the caller's environment says about compiling makes no difference to a release.
	CGO_ENABLED=0 GOOS=linux GOARCH=$arch GOAMD64=v1 GOARM64=v8.0 GOFLAGS= GOEXPERIMENT= go build -trimpath -buildvcs=false \
		-ldflags "-s -w -X main.version=$version" -o "$work/$arch/waba-operator" .
	binaries+=("$work/$arch/waba-operator")
done
(cd hack/release && GOWORK=off go build -o "$work/release" .)
release=$work/release

echo "release: image, list of modules, chart and manifests"
"$release" image -version "$version" -revision "$revision" -created "$created" -out "$work/image" "${binaries[@]}"
"$release" check -version "$version" "$work/image"
tar --create --file "$out/waba-operator-image-$version.tar" --directory "$work/image" --sort=name \
	--mtime="@$created" --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' .
for arch in amd64 arm64; do
	"$release" sbom -version "$version" "$work/$arch/waba-operator" >"$out/waba-operator-$version-linux-$arch.cdx.json"
done
hack/render.sh "$KUSTOMIZE" "$image:$version" >"$out/install.yaml"
"$KUSTOMIZE" build config/crd >"$out/crds.yaml"
cp config/prometheus/rules.yaml "$out/prometheus-rules.yaml"
cp config/grafana/waba-operator.json "$out/grafana-dashboard.json"
# The times of a checkout would otherwise make another archive of each one.
cp -R charts/waba-operator "$work/chart"
find "$work/chart" -exec touch --date="@$created" {} +
"$HELM" package "$work/chart" --version "${version#v}" --app-version "$version" --destination "$out" >/dev/null

# What a user does who trusts nothing: check the sums, unpack, look inside.
(cd "$out" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" . && sha256sum --check --quiet SHA256SUMS)
mkdir "$work/unpacked"
tar --extract --file "$out/waba-operator-image-$version.tar" --directory "$work/unpacked"
"$release" check -version "$version" "$work/unpacked" >/dev/null
grep -qF "image: $image:$version" "$out/install.yaml"
"$HELM" template release "$out/waba-operator-${version#v}.tgz" | grep -qE "image: \"?$image:$version"
echo "release: $(cd "$out" && du -sh . | cut -f1) in $(cd "$out" && find . -type f | wc -l) files"
