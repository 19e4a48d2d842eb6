// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// store is the copy of the cluster: the resources of this project, with the indexes that the operator's cache has, so that a
// thousand of them take no million steps. It answers what reconcilers ask for and nothing else.
type store struct {
	unsupported

	scheme *runtime.Scheme
	kinds  map[schema.GroupVersionKind]cache.Indexer
	// version is the newest resourceVersion.
	version int64
	// others are the objects of Kubernetes that reconcilers read.
	others client.Reader
}

func newStore(ctx context.Context, scheme *runtime.Scheme, others client.Reader) (*store, error) {
	s := &store{scheme: scheme, kinds: map[schema.GroupVersionKind]cache.Indexer{}, others: others}
	for _, kind := range v1alpha1.AssetKinds {
		gvk := v1alpha1.GroupVersion.WithKind(kind.Name)
		s.kinds[gvk] = cache.NewIndexer(cache.DeletionHandlingMetaNamespaceKeyFunc, cache.Indexers{
			cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
		})
	}
	return s, index.Setup(ctx, (*indexes)(s))
}

// indexes registers the operator's indexes with a store.
type indexes store

// IndexField adds an index, before there is any object.
func (i *indexes) IndexField(_ context.Context, obj client.Object, name string, keys client.IndexerFunc) error {
	indexer, err := (*store)(i).kind(obj)
	if err != nil {
		return err
	}
	return indexer.AddIndexers(cache.Indexers{name: func(o any) ([]string, error) {
		object, ok := o.(client.Object)
		if !ok {
			return nil, fmt.Errorf("%T can't be indexed", o)
		}
		return keys(object), nil
	}})
}

// kind returns the objects of one kind.
func (s *store) kind(obj runtime.Object) (cache.Indexer, error) {
	gvk, err := apiutil.GVKForObject(obj, s.scheme)
	if err != nil {
		return nil, err
	}
	gvk.Kind = strings.TrimSuffix(gvk.Kind, "List")
	if found := s.kinds[gvk]; found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("a plan has no %s", gvk.Kind)
}

// find returns the object itself, which callers must not change, or nil.
func (s *store) find(obj client.Object, key types.NamespacedName) v1alpha1.Asset {
	objects, err := s.kind(obj)
	if err != nil {
		return nil
	}
	found, there, err := objects.GetByKey(cache.NewObjectName(key.Namespace, key.Name).String())
	if err != nil || !there {
		return nil
	}
	object, _ := found.(v1alpha1.Asset)
	return object
}

// put stores an object under a new version.
func (s *store) put(obj client.Object) error {
	objects, err := s.kind(obj)
	if err != nil {
		return err
	}
	s.version++
	obj.SetResourceVersion(strconv.FormatInt(s.version, 10))
	return objects.Update(obj)
}

// Get reads a resource of the project from memory, and others where they are.
func (s *store) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	gvk, err := apiutil.GVKForObject(obj, s.scheme)
	if err != nil {
		return err
	}
	if gvk.Group != v1alpha1.GroupVersion.Group {
		return s.others.Get(ctx, key, obj, opts...)
	}
	found := s.find(obj, key)
	if found == nil {
		return apierrors.NewNotFound(schema.GroupResource{Group: gvk.Group, Resource: gvk.Kind}, key.Name)
	}
	reflect.ValueOf(obj).Elem().Set(reflect.ValueOf(found.DeepCopyObject()).Elem())
	return nil
}

// List reads resources of the project by one index, by namespace, or all of a kind.
func (s *store) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	objects, err := s.kind(list)
	if err != nil {
		return err
	}
	var o client.ListOptions
	o.ApplyOptions(opts)
	found, err := selected(objects, o.FieldSelector, o.Namespace)
	if err != nil {
		return err
	}
	items := make([]runtime.Object, 0, len(found))
	for _, each := range found {
		obj, ok := each.(client.Object)
		switch {
		case !ok || o.Namespace != "" && obj.GetNamespace() != o.Namespace:
		case o.LabelSelector != nil && !o.LabelSelector.Matches(labels.Set(obj.GetLabels())):
		case o.UnsafeDisableDeepCopy != nil && *o.UnsafeDisableDeepCopy:
			items = append(items, obj)
		default:
			items = append(items, obj.DeepCopyObject())
		}
	}
	slices.SortFunc(items, func(a, b runtime.Object) int { return strings.Compare(nameOf(a), nameOf(b)) })
	return meta.SetList(list, items)
}

func selected(objects cache.Indexer, by fields.Selector, namespace string) ([]any, error) {
	switch {
	case by != nil && !by.Empty():
		wanted := by.Requirements()
		if len(wanted) != 1 {
			return nil, fmt.Errorf("a plan lists by one index, not by %s", by)
		}
		return objects.ByIndex(wanted[0].Field, wanted[0].Value)
	case namespace != "":
		return objects.ByIndex(cache.NamespaceIndex, namespace)
	}
	return objects.List(), nil
}

// Patch adds or removes finalizers.
func (s *store) Patch(_ context.Context, obj client.Object, patch client.Patch, _ ...client.PatchOption) error {
	raw, err := patch.Data(obj)
	if err != nil {
		return err
	}
	var change struct {
		Metadata *struct {
			Finalizers      *[]string `json:"finalizers"`
			ResourceVersion string    `json:"resourceVersion"`
		} `json:"metadata"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&change); err != nil || patch.Type() != types.MergePatchType || change.Metadata == nil {
		return fmt.Errorf("a plan patches nothing but finalizers, not with %s", patch.Type())
	}
	stored, err := s.current(obj, change.Metadata.ResourceVersion)
	if err != nil {
		return err
	}
	finalizers := []string(nil)
	if change.Metadata.Finalizers != nil {
		finalizers = *change.Metadata.Finalizers
	}
	stored.SetFinalizers(finalizers)
	if err := s.put(stored); err != nil {
		return err
	}
	obj.SetResourceVersion(stored.GetResourceVersion())
	return nil
}

// current returns a copy of the object to be changed. version, where it isn't empty, must be the one that is stored.
func (s *store) current(obj client.Object, version string) (v1alpha1.Asset, error) {
	stored := s.find(obj, client.ObjectKeyFromObject(obj))
	resource := schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: fmt.Sprintf("%T", obj)}
	switch {
	case stored == nil:
		return nil, apierrors.NewNotFound(resource, obj.GetName())
	case obj.GetUID() != stored.GetUID(), version != "" && version != stored.GetResourceVersion():
		return nil, apierrors.NewConflict(resource, obj.GetName(), nil)
	}
	return copyOf(stored), nil
}

// Scheme returns the types.
func (s *store) Scheme() *runtime.Scheme { return s.scheme }

// Status returns what writes statuses.
func (s *store) Status() client.SubResourceWriter { return statuses{store: s} }

// statuses applies statuses as the operator does: whole, all but what webhooks reported.
type statuses struct {
	noSubResource

	store *store
}

// Apply replaces the status and answers with the object.
func (w statuses) Apply(_ context.Context, into runtime.ApplyConfiguration, _ ...client.SubResourceApplyOption) error {
	raw, err := json.Marshal(into)
	if err != nil {
		return err
	}
	var sent struct {
		metav1.TypeMeta `json:",inline"`

		Metadata metav1.ObjectMeta `json:"metadata"`
		Status   json.RawMessage   `json:"status"`
	}
	if err := json.Unmarshal(raw, &sent); err != nil {
		return err
	}
	empty, err := w.store.scheme.New(schema.FromAPIVersionAndKind(sent.APIVersion, sent.Kind))
	if err != nil {
		return err
	}
	obj, ok := empty.(client.Object)
	if !ok {
		return fmt.Errorf("a plan has no status of %s", sent.Kind)
	}
	obj.SetName(sent.Metadata.Name)
	obj.SetNamespace(sent.Metadata.Namespace)
	obj.SetUID(sent.Metadata.UID)
	stored, err := w.store.current(obj, sent.Metadata.ResourceVersion)
	if err != nil {
		return err
	}
	if err := v1alpha1.SetOwnedStatus(stored, func(status any) error { return json.Unmarshal(sent.Status, status) }); err != nil {
		return err
	}
	if err := w.store.put(stored); err != nil {
		return err
	}
	stored = copyOf(stored)
	stored.GetObjectKind().SetGroupVersionKind(schema.FromAPIVersionAndKind(sent.APIVersion, sent.Kind))
	answer, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, into)
}
