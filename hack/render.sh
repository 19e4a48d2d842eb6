#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints all manifests of an installation: hack/render.sh KUSTOMIZE IMAGE. The
# image is set in an overlay outside the repository, so that nobody commits it.
set -euo pipefail

kustomize=$1 image=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case $kustomize in
/*) ;;
*) kustomize="$root/$kustomize" ;;
esac
tag=${image##*:} name=${image%:*}
if [ "$name" = "$image" ] || [[ $tag == */* ]]; then
	echo "render: the image $image has no tag" >&2
	exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# kustomize demands a relative path; a copy keeps the overlay self-contained.
cp -R "$root/config" "$work/config"
cat >"$work/kustomization.yaml" <<KUSTOMIZATION
resources:
- config/default
images:
- name: ghcr.io/waba-operator/waba-operator
  newName: $name
  newTag: "$tag"
KUSTOMIZATION
"$kustomize" build "$work"
