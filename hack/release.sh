#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Makes all artifacts of a release and checks them as a user would:
# hack/release.sh VERSION IMAGE DIRECTORY, where IMAGE is the operator's. The same commit makes the same files.
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

# compile PLATFORM PACKAGE FILE. What the caller's environment says about compiling makes no difference to a release.
compile() {
	echo "release: compiling $(basename "$3") for $1"
	GOOS=${1%/*} GOARCH=${1#*/} GOAMD64=v1 GOARM64=v8.0 GOFLAGS= GOEXPERIMENT= hack/compile.sh "$version" "$3" "$2"
}

# small PACKAGE FILE: a program has 45 MB at most, and its linker left out the methods that are never called.
small() {
	local size reflecting
	size=$(wc -c <"$2")
	echo "release: $(basename "$2") has $((size / 100000 / 10)).$((size / 100000 % 10)) MB, of 45 at most"
	if [ "$size" -gt 45000000 ]; then
		echo "release: that is too large: 'go tool nm -size -sort size' of a build without -s -w shows what is in it" >&2
		exit 1
	fi
	LINKER_FLAGS=-dumpdep GOOS=linux GOARCH=amd64 GOFLAGS= hack/compile.sh "$version" "$work/dumped" "$1" >"$work/dependencies" 2>&1
	grep -qF main.main "$work/dependencies" # the linker listed what it found
	reflecting=$(grep -F '<ReflectMethod>' "$work/dependencies" | head -n 3 || true)
	if [ -n "$reflecting" ]; then
		echo "release: it calls methods by names that are made while it runs, which keeps the linker from leaving out any method:" >&2
		echo "$reflecting" >&2
		exit 1
	fi
}

# archive DIRECTORY: the same content makes the same archive.
archive() {
	tar --create --directory "$1" --sort=name --mtime="@$created" --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' .
}

(cd hack/release && GOWORK=off go build -o "$work/release" .)
release=$work/release

# build_image PROGRAM BINARY-amd64 BINARY-arm64
build_image() {
	echo "release: image of $1"
	"$release" image -program "$1" -version "$version" -revision "$revision" -created "$created" -out "$work/image/$1" "${@:2}"
	"$release" check -program "$1" -version "$version" "$work/image/$1"
	archive "$work/image/$1" >"$out/$1-image-$version.tar"
}

mkdir "$work/image"
for arch in amd64 arm64; do
	compile "linux/$arch" . "$work/$arch/waba-operator"
	"$release" sbom -version "$version" "$work/$arch/waba-operator" >"$out/waba-operator-$version-linux-$arch.cdx.json"
done
small . "$work/amd64/waba-operator"
build_image waba-operator "$work"/{amd64,arm64}/waba-operator

for platform in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64; do
	name=kubectl-waba-$version-${platform/\//-}
	suffix=''
	[[ $platform != windows/* ]] || suffix=.exe
	compile "$platform" ./cmd/kubectl-waba "$work/$name/kubectl-waba$suffix"
	[[ $platform != linux/amd64 ]] || small ./cmd/kubectl-waba "$work/$name/kubectl-waba"
	"$release" sbom -version "$version" "$work/$name/kubectl-waba$suffix" >"$out/$name.cdx.json"
	cp LICENSE "$work/$name"
	[[ $platform == windows/* ]] || cp cmd/kubectl-waba/kubectl_complete-waba "$work/$name"
	archive "$work/$name" | gzip --no-name >"$out/$name.tar.gz"
done

build_image kubectl-waba "$work/kubectl-waba-$version-linux-"{amd64,arm64}/kubectl-waba

echo "release: manifests and chart"
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
for program in waba-operator kubectl-waba; do
	mkdir -p "$work/unpacked/$program"
	tar --extract --file "$out/$program-image-$version.tar" --directory "$work/unpacked/$program"
	"$release" check -program "$program" -version "$version" "$work/unpacked/$program" >/dev/null
done
grep -qF "image: $image:$version" "$out/install.yaml"
mkdir "$work/plugin"
tar --extract --gzip --file "$out/kubectl-waba-$version-$(go env GOHOSTOS)-$(go env GOHOSTARCH).tar.gz" --directory "$work/plugin"
[ "$("$work/plugin/kubectl-waba" --version)" = "kubectl waba version $version" ]
# Into files: grep -q ends at the first match, and a program that then still writes to the pipe fails.
PATH="$work/plugin:$PATH" kubectl_complete-waba expo 2>/dev/null >"$work/completions"
grep -q '^export' "$work/completions"
"$HELM" template release "$out/waba-operator-${version#v}.tgz" >"$work/rendered.yaml"
grep -qE "image: \"?$image:$version" "$work/rendered.yaml"
echo "release: $(cd "$out" && du -sh . | cut -f1) in $(cd "$out" && find . -type f | wc -l) files"
