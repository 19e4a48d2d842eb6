#!/usr/bin/env bash
# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Removes the CRDs from the current kubeconfig's cluster: hack/uninstall.sh KUBECTL KUSTOMIZE.
#
# Whatever resources there are would go with them. What their deletionPolicy asks for can only be done while an
# operator runs, and without one those that ask for something would hang for ever. So this refuses while there are
# any, unless RESOURCES=forget says that everything at Meta is to stay as it is.
set -euo pipefail

kubectl=$1 kustomize=$2 resources=${RESOURCES:-}
finalizer=whatsapp.waba-operator.io/finalizer
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

refuse() {
	printf 'uninstall: %s\n' "$@" >&2
	exit 1
}

[ -z "$resources" ] || [ "$resources" = forget ] || refuse "RESOURCES must be forget or nothing, not $resources"

crds=$("$kustomize" build "$root/config/crd" |
	"$kubectl" get --ignore-not-found --no-headers -o custom-columns=NAME:.metadata.name -f -)
if [ -z "$crds" ]; then
	echo "uninstall: there are no CRDs"
	exit
fi

# found lists all resources, one "CRD namespace name" a line.
found=$(for crd in $crds; do
	"$kubectl" get "$crd" --all-namespaces --no-headers -o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name |
		sed "s/^/$crd /"
done)

if [ -n "$found" ] && [ -z "$resources" ]; then
	echo "$found" >&2
	refuse "these resources would be deleted with the CRDs." \
		"Delete them first, while the operator runs: it then does at Meta what their deletionPolicy asks for." \
		"Or keep everything at Meta as it is: make undeploy, and then make uninstall RESOURCES=forget"
fi

if [ -n "$found" ]; then
	running=$("$kubectl" get deployments --all-namespaces --no-headers --selector app.kubernetes.io/name=waba-operator \
		-o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name 2>/dev/null)
	[ -z "$running" ] || refuse "an operator is installed and would delete at Meta what deletionPolicy asks for:" "$running" \
		"remove it first: make undeploy, or helm uninstall"
	while read -r crd namespace name; do
		# Other finalizers are others' business.
		others=$("$kubectl" --namespace "$namespace" get "$crd" "$name" \
			-o go-template="{{range .metadata.finalizers}}{{if ne . \"$finalizer\"}}\"{{.}}\",{{end}}{{end}}")
		"$kubectl" --namespace "$namespace" patch "$crd" "$name" --type merge --patch "{\"metadata\":{\"finalizers\":[${others%,}]}}"
	done <<<"$found"
fi

# shellcheck disable=SC2086 # one name a line
"$kubectl" delete crd --ignore-not-found --timeout 5m $crds
