// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// The kinds, in the order in which a plan looks at them: what is found of one matters to the next.
const (
	kindWABA         = "WABA"
	kindNumber       = "PhoneNumber"
	kindTemplate     = "MessageTemplate"
	kindSubscription = "WebhookSubscription"
)

var kinds = []string{kindWABA, kindNumber, kindTemplate, kindSubscription}

func kindOf(obj client.Object) string {
	switch obj.(type) {
	case *v1alpha1.WABA:
		return kindWABA
	case *v1alpha1.PhoneNumber:
		return kindNumber
	case *v1alpha1.MessageTemplate:
		return kindTemplate
	}
	return kindSubscription
}

// newObject returns an empty object that nobody has looked at.
func newObject(kind string) client.Object {
	never := v1alpha1.CommonStatus{ObservedGeneration: -1}
	switch kind {
	case kindWABA:
		return &v1alpha1.WABA{Status: v1alpha1.WABAStatus{CommonStatus: never}}
	case kindNumber:
		return &v1alpha1.PhoneNumber{Status: v1alpha1.PhoneNumberStatus{CommonStatus: never}}
	case kindTemplate:
		return &v1alpha1.MessageTemplate{Status: v1alpha1.MessageTemplateStatus{CommonStatus: never}}
	case kindSubscription:
		return &v1alpha1.WebhookSubscription{Status: v1alpha1.WebhookSubscriptionStatus{CommonStatus: never}}
	}
	return nil
}

// statusOf returns what all statuses have.
func statusOf(obj client.Object) *v1alpha1.CommonStatus {
	switch o := obj.(type) {
	case *v1alpha1.WABA:
		return &o.Status.CommonStatus
	case *v1alpha1.PhoneNumber:
		return &o.Status.CommonStatus
	case *v1alpha1.MessageTemplate:
		return &o.Status.CommonStatus
	case *v1alpha1.WebhookSubscription:
		return &o.Status.CommonStatus
	}
	return &v1alpha1.CommonStatus{}
}

// policyOf is the resource's own policy.
func policyOf(obj client.Object) v1alpha1.ManagementPolicy {
	switch o := obj.(type) {
	case *v1alpha1.WABA:
		return o.Spec.ManagementPolicy
	case *v1alpha1.PhoneNumber:
		return o.Spec.ManagementPolicy
	case *v1alpha1.MessageTemplate:
		return o.Spec.ManagementPolicy
	case *v1alpha1.WebhookSubscription:
		return o.Spec.ManagementPolicy
	}
	return ""
}

// held reports that the resource holds an asset at Meta.
func held(obj client.Object) bool {
	switch o := obj.(type) {
	case *v1alpha1.WABA:
		return o.Status.AccountID != ""
	case *v1alpha1.MessageTemplate:
		return o.Status.Baseline != nil
	case *v1alpha1.WebhookSubscription:
		return o.Status.AppID != ""
	}
	return statusOf(obj).ID != ""
}

// accountOf names the WABA that a resource is or refers to.
func accountOf(obj client.Object) types.NamespacedName {
	if ref, ok := index.Ref(obj); ok {
		return index.Referenced(obj.GetNamespace(), ref)
	}
	return client.ObjectKeyFromObject(obj)
}

// assign makes the spec of to that of from, and reports whether that changes it.
func assign(to, from client.Object) (changed bool, err error) {
	switch t := to.(type) {
	case *v1alpha1.WABA:
		if f, ok := from.(*v1alpha1.WABA); ok {
			changed, t.Spec = !equality.Semantic.DeepEqual(t.Spec, f.Spec), f.Spec
			return changed, nil
		}
	case *v1alpha1.PhoneNumber:
		if f, ok := from.(*v1alpha1.PhoneNumber); ok {
			changed, t.Spec = !equality.Semantic.DeepEqual(t.Spec, f.Spec), f.Spec
			return changed, nil
		}
	case *v1alpha1.MessageTemplate:
		if f, ok := from.(*v1alpha1.MessageTemplate); ok {
			changed, t.Spec = !equality.Semantic.DeepEqual(t.Spec, f.Spec), f.Spec
			return changed, nil
		}
	case *v1alpha1.WebhookSubscription:
		if f, ok := from.(*v1alpha1.WebhookSubscription); ok {
			changed, t.Spec = !equality.Semantic.DeepEqual(t.Spec, f.Spec), f.Spec
			return changed, nil
		}
	}
	return false, fmt.Errorf("%T can't become %T", to, from)
}

// merge lays a manifest's labels and annotations over those that are there, as applying it does.
func merge(to, from client.Object) {
	both := func(a, b map[string]string) map[string]string {
		out := maps.Clone(a)
		if out == nil {
			out = map[string]string{}
		}
		maps.Copy(out, b)
		return out
	}
	to.SetLabels(both(to.GetLabels(), from.GetLabels()))
	to.SetAnnotations(both(to.GetAnnotations(), from.GetAnnotations()))
}

func labelsOf(obj client.Object) labels.Set { return obj.GetLabels() }

func nameOf(obj runtime.Object) string {
	accessor, err := meta.Accessor(obj)
	if err != nil {
		return ""
	}
	return accessor.GetNamespace() + "/" + accessor.GetName()
}
