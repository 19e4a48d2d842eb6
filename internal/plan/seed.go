// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/lint"
	"github.com/waba-operator/waba-operator/internal/manifest"
)

// seed fills the store with the cluster's resources and lays the manifests over them.
func (p *planner) seed(ctx context.Context) error {
	linter, err := lint.New()
	if err != nil {
		return err
	}
	objects, documents := p.valid(ctx, linter)
	if err := p.load(ctx, objects); err != nil {
		return err
	}
	for i, obj := range objects {
		if err := p.lay(ctx, linter, &documents[i], obj); err != nil {
			return err
		}
	}
	for _, kind := range v1alpha1.AssetKinds {
		found, err := p.store.kind(kind.New())
		if err != nil {
			return err
		}
		for _, each := range found.List() {
			if obj, ok := each.(client.Object); ok {
				p.others.note(obj)
			}
		}
	}
	slices.SortStableFunc(p.planned, func(a, b *resource) int {
		if c := strings.Compare(a.waba.String(), b.waba.String()); c != 0 {
			return c
		}
		if c := rankOf(a.kind) - rankOf(b.kind); c != 0 {
			return c
		}
		return strings.Compare(a.name.String(), b.name.String())
	})
	return nil
}

// valid returns the resources of the manifests that an API server would take as new ones; the others are in the plan as such.
// Of Kubernetes' own objects it keeps what reconcilers read.
func (p *planner) valid(ctx context.Context, linter *lint.Linter) (objects []v1alpha1.Asset, documents []manifest.Document) {
	wrong := map[string][]lint.Finding{}
	for _, f := range linter.Check(ctx, p.Documents, p.Unreadable).Findings {
		// Two resources about one asset are no fault of a manifest: the operator says which of them has to give way.
		if f.Severity != lint.Error || f.Rule == lint.RuleDuplicate && f.Field != "metadata.name" {
			continue
		}
		wrong[place(f.Source, f.Document, f.Resource)] = append(wrong[place(f.Source, f.Document, f.Resource)], f)
		if f.Rule == lint.RuleUnreadable {
			p.plan.invalid(nil, f)
		}
	}
	for i := range p.Documents {
		d := &p.Documents[i]
		if d.Object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
			p.keep(d.Object)
			continue
		}
		resource := d.Object.GetKind() + "/" + d.Object.GetName()
		file, line := d.Place("metadata")
		found := wrong[place(file, d.Number, resource)]
		if d.Object.GetName() == "" {
			found = append(found, lint.Finding{Source: file, Line: line, Field: "metadata.name", Message: "a resource that is applied needs a name"})
		}
		obj := newObject(d.Object.GetKind())
		if len(found) == 0 && obj != nil {
			if err := p.decode(d.Object, obj); err != nil {
				_, first := d.Place("")
				found = append(found, lint.Finding{Source: file, Line: first, Message: err.Error()})
			}
		}
		if len(found) > 0 || obj == nil {
			p.plan.invalid(d.Object, found...)
			continue
		}
		objects, documents = append(objects, obj), append(documents, *d)
	}
	return objects, documents
}

func place(source string, document int, resource string) string {
	return fmt.Sprintf("%s\n%d\n%s", source, document, resource)
}

// decode makes a typed object of a manifest, in the namespace in which it would be.
func (p *planner) decode(from *unstructured.Unstructured, to client.Object) error {
	raw, err := from.MarshalJSON()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return err
	}
	to.GetObjectKind().SetGroupVersionKind(from.GroupVersionKind())
	if to.GetNamespace() == "" {
		to.SetNamespace(p.Namespace)
	}
	return nil
}

// keep remembers Secrets, ConfigMaps and Namespaces.
func (p *planner) keep(u *unstructured.Unstructured) {
	if u.GetAPIVersion() != "v1" {
		return
	}
	var obj client.Object
	switch u.GetKind() {
	case "Secret":
		obj = &corev1.Secret{}
	case "ConfigMap":
		obj = &corev1.ConfigMap{}
	case "Namespace":
		obj = &corev1.Namespace{}
	default:
		return
	}
	if p.decode(u, obj) != nil {
		return // the API server would refuse it, and lint has no word about others' objects
	}
	if secret, ok := obj.(*corev1.Secret); ok {
		for key, value := range secret.StringData {
			if secret.Data == nil {
				secret.Data = map[string][]byte{}
			}
			secret.Data[key] = []byte(value)
		}
		secret.StringData = nil
	}
	key := objectKey{u.GetKind(), client.ObjectKeyFromObject(obj)}
	if u.GetKind() == "Namespace" {
		key.name.Namespace = ""
	}
	p.others.manifests[key] = obj
}

// load copies the cluster's resources: all of them, or where the caller may not list those, the ones of the namespaces that
// matter.
func (p *planner) load(ctx context.Context, objects []v1alpha1.Asset) error {
	if p.Cluster == nil {
		p.plan.Notes = append(p.plan.Notes, "planned without a cluster: every resource counts as new, whatever the operator manages already")
		return nil
	}
	namespaces := map[string]bool{}
	for _, obj := range objects {
		namespaces[obj.GetNamespace()], namespaces[accountOf(obj).Namespace] = true, true
	}
	narrow := false
	for _, kind := range v1alpha1.AssetKinds {
		err := p.copyFrom(ctx, kind, "")
		if apierrors.IsForbidden(err) {
			narrow = true
			for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
				if err = p.copyFrom(ctx, kind, namespace); err != nil {
					break
				}
			}
		}
		switch {
		case meta.IsNoMatchError(err) || apierrors.IsNotFound(err):
			p.plan.Notes = append(p.plan.Notes, "the cluster doesn't know "+kind.Name+" resources: each counts as new")
		case err != nil:
			return fmt.Errorf("the cluster's %s resources can't be read: %w; with --no-cluster every resource counts as new", kind.Name, err)
		}
	}
	if narrow {
		p.plan.Notes = append(p.plan.Notes, "you may not list all namespaces: resources elsewhere that claim the same assets aren't known")
	}
	return nil
}

func (p *planner) copyFrom(ctx context.Context, kind v1alpha1.AssetKind, namespace string) error {
	list := kind.NewList()
	if err := p.Cluster.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return err
	}
	return meta.EachListItem(list, func(item runtime.Object) error {
		obj, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("%T is no resource", item)
		}
		obj.SetManagedFields(nil) // the operator's cache has none either
		return p.store.put(obj)
	})
}

// errDeleting is what keeps a resource from being planned.
var errDeleting = errors.New("it is being deleted from the cluster; apply it again when it is gone")

// lay applies a manifest to the copy.
func (p *planner) lay(ctx context.Context, linter *lint.Linter, d *manifest.Document, obj v1alpha1.Asset) error {
	r := &resource{kind: obj.KindName(), name: client.ObjectKeyFromObject(obj), waba: accountOf(obj)}
	stored := p.store.find(obj, r.name)
	if stored == nil {
		r.before = newObject(r.kind)
		bare := newObject(r.kind)
		v1alpha1.SetSpec(bare, obj)
		merge(bare, obj)
		bare.SetName(r.name.Name)
		bare.SetNamespace(r.name.Namespace)
		bare.SetUID(types.UID("planned:" + r.kind + ":" + r.name.String()))
		bare.SetGeneration(1)
		bare.SetCreationTimestamp(metav1.NewTime(p.Clock.Now()))
		p.planned = append(p.planned, r)
		return p.store.put(bare)
	}
	r.before = stored
	if findings := linter.Update(ctx, d, asUnstructured(stored, obj)); len(findings) > 0 {
		p.plan.invalid(d.Object, findings...)
		return nil
	}
	after := copyOf(stored)
	if v1alpha1.SetSpec(after, obj) {
		after.SetGeneration(after.GetGeneration() + 1)
	}
	merge(after, obj)
	if !stored.GetDeletionTimestamp().IsZero() {
		r.failed = errDeleting.Error()
	}
	p.planned = append(p.planned, r)
	return p.store.put(after)
}

// asUnstructured is the object in the cluster as the API server compares it.
func asUnstructured(stored, like client.Object) *unstructured.Unstructured {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(stored)
	if err != nil {
		return nil
	}
	u := &unstructured.Unstructured{Object: fields}
	u.SetGroupVersionKind(like.GetObjectKind().GroupVersionKind())
	return u
}
