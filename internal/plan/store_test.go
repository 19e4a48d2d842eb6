// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/operator"
)

func emptyStore(t *testing.T) *store {
	t.Helper()
	s, err := newStore(t.Context(), operator.Scheme(), newOthers(nil, Token{}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func template(name string) *v1alpha1.MessageTemplate {
	obj := &v1alpha1.MessageTemplate{Spec: v1alpha1.MessageTemplateSpec{Name: name, Language: "en_US"}}
	obj.Namespace, obj.Name, obj.Spec.WABARef.Name = "shop", name, "acme"
	return obj
}

// TestStoreRefuses: a request that no reconciler makes fails and is named.
func TestStoreRefuses(t *testing.T) {
	s := emptyStore(t)
	if err := s.put(template("sale")); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	changed := template("sale")
	changed.SetLabels(map[string]string{"a": "b"})
	for want, err := range map[string]error{
		"can't create *v1.Secret":                s.Create(ctx, &corev1.Secret{}),
		"can't update *v1alpha1.MessageTemplate": s.Update(ctx, changed),
		"can't delete *v1alpha1.MessageTemplate": s.Delete(ctx, changed),
		"can't delete all":                       s.DeleteAllOf(ctx, changed),
		"can't patch a subresource of":           s.Status().Patch(ctx, changed, client.MergeFrom(template("sale"))),
		"patches nothing but finalizers":         s.Patch(ctx, changed, client.MergeFrom(template("sale"))),
		"has no Secret":                          s.List(ctx, &corev1.SecretList{}),
		"can't get *v1.Pod":                      s.Get(ctx, client.ObjectKey{Name: "a"}, &corev1.Pod{}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestStoreReads: reconcilers find resources by the operator's indexes, and what they do to them stays with them.
func TestStoreReads(t *testing.T) {
	s := emptyStore(t)
	for _, name := range []string{"sale", "parcel"} {
		if err := s.put(template(name)); err != nil {
			t.Fatal(err)
		}
	}
	var list v1alpha1.MessageTemplateList
	if err := s.List(t.Context(), &list, client.MatchingFields{index.Account: "shop/acme"}); err != nil || len(list.Items) != 2 {
		t.Fatalf("%v: %d", err, len(list.Items))
	}
	list.Items[0].Spec.Name = "spoilt"
	got := &v1alpha1.MessageTemplate{}
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "parcel"}, got); err != nil || got.Spec.Name != "parcel" {
		t.Errorf("%v: %s", err, got.Spec.Name)
	}
	stale := got.DeepCopy()
	with := got.DeepCopy()
	with.SetFinalizers([]string{v1alpha1.Finalizer})
	if err := s.Patch(t.Context(), with, client.MergeFromWithOptions(got, client.MergeFromWithOptimisticLock{})); err != nil {
		t.Fatal(err)
	}
	if err := s.Patch(t.Context(), with.DeepCopy(), client.MergeFromWithOptions(stale, client.MergeFromWithOptimisticLock{})); err == nil {
		t.Error("a patch of an older version was taken")
	}
}
