// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"slices"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/statusowner"
)

// trim is a transformation for the cache. It drops what no reconciler reads, and has equal texts share their memory: thousands of
// templates have the same conditions, word for word. The result is the cache's own, nothing is written back from it as a whole.
func trim(obj any) (any, error) {
	out, err := statusowner.Trim(obj)
	if err != nil {
		return nil, err
	}
	asset, ok := out.(v1alpha1.Asset)
	if !ok {
		return out, nil
	}
	// What kubectl apply has sent is in the spec too.
	if annotations := asset.GetAnnotations(); annotations[corev1.LastAppliedConfigAnnotation] != "" {
		delete(annotations, corev1.LastAppliedConfigAnnotation)
	}
	asset.SetNamespace(shared(asset.GetNamespace()))
	if ref := asset.AccountReference(); ref != nil {
		ref.Name, ref.Namespace = shared(ref.Name), shared(ref.Namespace)
	}
	labels := asset.GetLabels()
	for key, value := range labels {
		labels[key] = shared(value)
	}
	status := asset.CommonStatus()
	status.AccountID = shared(status.AccountID)
	status.Conditions = sharedConditions(status.Conditions)
	if t, ok := out.(*v1alpha1.MessageTemplate); ok {
		t.Spec.Language, t.Spec.Category = shared(t.Spec.Language), shared(t.Spec.Category)
		t.Status.Status, t.Status.Category, t.Status.QualityScore = shared(t.Status.Status), shared(t.Status.Category), shared(t.Status.QualityScore)
	}
	return out, nil
}

// sharedConditions returns the conditions in a list without spare room: a decoded one has room for up to twice as many.
func sharedConditions(conditions []metav1.Condition) []metav1.Condition {
	out := slices.Clip(slices.Clone(conditions))
	for i := range out {
		c := &out[i]
		c.Type, c.Status, c.Reason, c.Message = shared(c.Type), shared(c.Status), shared(c.Reason), shared(c.Message)
	}
	return out
}

// shared returns an equal text, in memory that all equal texts share while any of them is in use.
func shared[S ~string](text S) S {
	if text == "" {
		return ""
	}
	return unique.Make(text).Value()
}
