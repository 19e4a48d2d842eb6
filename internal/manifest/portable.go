// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// Portable reports whether a label or an annotation of one resource may be written into a resource that takes its place or stands for a
// copy of its asset. Requests to the operator aren't: the new resource would handle them once more, and a number could be sent another code.
// Nor is what tools note of a resource that they applied.
func Portable(name string) bool {
	prefix, _, _ := strings.Cut(name, "/")
	switch prefix {
	case v1alpha1.GroupName:
		return name == v1alpha1.AnnotationWaitForApproval || name == v1alpha1.LabelSecretPurpose
	case "kubectl.kubernetes.io", "meta.helm.sh", "config.kubernetes.io", "internal.config.kubernetes.io":
		return false
	case "argocd.argoproj.io":
		return !strings.HasPrefix(name, prefix+"/tracking-id") && !strings.HasPrefix(name, prefix+"/instance")
	}
	return !strings.HasSuffix(prefix, ".toolkit.fluxcd.io")
}
