// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/operator"
)

// memoryCluster is an API server for thousands of resources: in memory, with the indexes that the operator's cache has. It
// keeps the rules on which reconcilers rely: versions, preconditions, field owners of the status, and finalizers.
type memoryCluster struct {
	client.Client // what isn't implemented panics

	scheme *runtime.Scheme
	kinds  map[string]cache.Indexer
	// deleted is called when a deletion has begun, and when an object is gone.
	deleted func(client.Object)

	mu      sync.Mutex
	version int64
}

func newMemoryCluster(t *testing.T) *memoryCluster {
	t.Helper()
	c := &memoryCluster{scheme: operator.Scheme(), kinds: map[string]cache.Indexer{}, deleted: func(client.Object) {}}
	for _, kind := range []string{"WABA", "PhoneNumber", "MessageTemplate", "WebhookSubscription", "Secret", "ConfigMap"} {
		c.kinds[kind] = cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	}
	if err := index.Setup(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

// IndexField adds an index, before there is any object.
func (c *memoryCluster) IndexField(_ context.Context, obj client.Object, name string, keys client.IndexerFunc) error {
	return c.objects(obj).AddIndexers(cache.Indexers{name: func(o any) ([]string, error) { return keys(o.(client.Object)), nil }})
}

func (c *memoryCluster) objects(obj runtime.Object) cache.Indexer {
	gvk, err := apiutil.GVKForObject(obj, c.scheme)
	if err != nil {
		panic(err)
	}
	return c.kinds[strings.TrimSuffix(gvk.Kind, "List")]
}

func (c *memoryCluster) find(obj client.Object, key client.ObjectKey) (client.Object, error) {
	found, ok, err := c.objects(obj).GetByKey(key.Namespace + "/" + key.Name)
	if err != nil || !ok {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: fmt.Sprintf("%T", obj)}, key.Name)
	}
	return found.(client.Object).DeepCopyObject().(client.Object), nil
}

func (c *memoryCluster) put(obj client.Object) error {
	c.version++
	obj.SetResourceVersion(strconv.FormatInt(c.version, 10))
	obj.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	return c.objects(obj).Update(obj.DeepCopyObject())
}

func (c *memoryCluster) Scheme() *runtime.Scheme { return c.scheme }

func (c *memoryCluster) Get(_ context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	found, err := c.find(obj, key)
	if err == nil {
		reflect.ValueOf(obj).Elem().Set(reflect.ValueOf(found).Elem())
	}
	return err
}

func (c *memoryCluster) List(_ context.Context, list client.ObjectList, opts ...client.ListOption) error {
	var o client.ListOptions
	o.ApplyOptions(opts)
	found := c.objects(list).List()
	if o.FieldSelector != nil && !o.FieldSelector.Empty() {
		by := o.FieldSelector.Requirements()[0]
		if _, indexed := c.objects(list).GetIndexers()[by.Field]; indexed { // spec.name is none
			found, _ = c.objects(list).ByIndex(by.Field, by.Value)
		}
	}
	items := make([]runtime.Object, 0, len(found))
	for _, each := range found {
		obj := each.(client.Object)
		switch {
		case o.Namespace != "" && obj.GetNamespace() != o.Namespace, o.Limit > 0 && len(items) == int(o.Limit):
		case o.UnsafeDisableDeepCopy != nil && *o.UnsafeDisableDeepCopy:
			items = append(items, obj)
		default:
			items = append(items, obj.DeepCopyObject())
		}
	}
	return meta.SetList(list, items)
}

// Create creates an object as a user does.
func (c *memoryCluster) Create(_ context.Context, obj client.Object, _ ...client.CreateOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.find(obj, client.ObjectKeyFromObject(obj)); err == nil {
		return apierrors.NewAlreadyExists(schema.GroupResource{}, obj.GetName())
	}
	obj.SetUID(types.UID(fmt.Sprintf("uid-%d", c.version+1)))
	obj.SetGeneration(1)
	if s, ok := obj.(*corev1.Secret); ok {
		s.Data = map[string][]byte{}
		for k, v := range s.StringData {
			s.Data[k] = []byte(v)
		}
	}
	return c.put(obj)
}

// Delete deletes an object as a user does: one with finalizers only begins to go.
func (c *memoryCluster) Delete(_ context.Context, obj client.Object, _ ...client.DeleteOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	stored, err := c.find(obj, client.ObjectKeyFromObject(obj))
	if err != nil {
		return err
	}
	defer c.deleted(obj)
	if len(stored.GetFinalizers()) == 0 {
		return c.objects(obj).Delete(stored)
	}
	now := metav1.Now()
	stored.SetDeletionTimestamp(&now)
	return c.put(stored)
}

// Patch adds or removes a finalizer; the last one lets go of an object that is being deleted.
func (c *memoryCluster) Patch(_ context.Context, obj client.Object, _ client.Patch, _ ...client.PatchOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	stored, err := c.current(obj, obj.GetResourceVersion())
	if err != nil {
		return err
	}
	stored.SetFinalizers(obj.GetFinalizers())
	if len(stored.GetFinalizers()) == 0 && !stored.GetDeletionTimestamp().IsZero() {
		defer c.deleted(obj)
		return c.objects(obj).Delete(stored)
	}
	if err := c.put(stored); err != nil {
		return err
	}
	obj.SetResourceVersion(stored.GetResourceVersion())
	return nil
}

// current returns a copy of what is stored if UID and version, where it is given, are the stored ones.
func (c *memoryCluster) current(obj client.Object, version string) (client.Object, error) {
	stored, err := c.find(obj, client.ObjectKeyFromObject(obj))
	if err != nil {
		return nil, err
	}
	if stored.GetUID() != obj.GetUID() || version != "" && version != stored.GetResourceVersion() {
		return nil, apierrors.NewConflict(schema.GroupResource{}, obj.GetName(), nil)
	}
	return stored, nil
}

func (c *memoryCluster) Status() client.SubResourceWriter { return memoryStatuses{cluster: c} }

type memoryStatuses struct {
	client.SubResourceWriter

	cluster *memoryCluster
}

// Apply is the way of the reconcilers, Patch that of internal/facts.
func (s memoryStatuses) Apply(_ context.Context, into runtime.ApplyConfiguration, _ ...client.SubResourceApplyOption) error {
	raw, err := json.Marshal(into)
	if err != nil {
		return err
	}
	applied, err := s.apply(raw, false)
	if err != nil {
		return err
	}
	answer, err := json.Marshal(applied)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

func (s memoryStatuses) Patch(_ context.Context, obj client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	raw, err := patch.Data(obj)
	if err != nil {
		return err
	}
	applied, err := s.apply(raw, true)
	if err == nil {
		reflect.ValueOf(obj).Elem().Set(reflect.ValueOf(applied).Elem())
	}
	return err
}

// apply replaces what one of the two field owners has of a status.
func (s memoryStatuses) apply(raw []byte, facts bool) (client.Object, error) {
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	var kind metav1.TypeMeta
	if err := json.Unmarshal(raw, &kind); err != nil {
		return nil, err
	}
	empty, err := s.cluster.scheme.New(schema.FromAPIVersionAndKind(kind.APIVersion, kind.Kind))
	if err != nil {
		return nil, err
	}
	sent := empty.(client.Object)
	if err := json.Unmarshal(raw, sent); err != nil {
		return nil, err
	}
	stored, err := s.cluster.current(sent, sent.GetResourceVersion())
	if err != nil {
		return nil, err
	}
	from, to := reflect.ValueOf(sent).Elem().FieldByName("Status"), reflect.ValueOf(stored).Elem().FieldByName("Status")
	webhook := to.FieldByName("Webhook")
	if facts {
		webhook.Set(from.FieldByName("Webhook"))
	} else {
		kept := reflect.New(webhook.Type()).Elem()
		kept.Set(webhook)
		to.Set(from)
		webhook.Set(kept)
	}
	if err := s.cluster.put(stored); err != nil {
		return nil, err
	}
	stored.GetObjectKind().SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind.Kind))
	return stored, nil
}

// TestMemoryCluster: two field owners leave each other's part of a status alone, preconditions hold, and an object goes with
// its last finalizer.
func TestMemoryCluster(t *testing.T) {
	t.Parallel()
	c, ctx := newMemoryCluster(t), t.Context()
	obj := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "acme"}, Spec: v1alpha1.WABASpec{ID: "1"}}
	if err := c.Create(ctx, obj); err != nil {
		t.Fatal(err)
	}
	raw := func(version, status string) []byte {
		return fmt.Appendf(nil, `{"apiVersion":%q,"kind":"WABA","metadata":{"namespace":"shop","name":"acme","uid":%q,"resourceVersion":%q},"status":%s}`,
			v1alpha1.GroupVersion, obj.UID, version, status)
	}
	apply := func(version, status string) error {
		return c.Status().Patch(ctx, &v1alpha1.WABA{}, client.RawPatch(types.ApplyPatchType, raw(version, status)))
	}
	if err := apply("", `{"webhook":{"reviewDecision":"APPROVED"}}`); err != nil {
		t.Fatal(err)
	}
	if err := apply(obj.ResourceVersion, `{"webhook":{}}`); !apierrors.IsConflict(err) {
		t.Errorf("an outdated version: %v", err)
	}
	if _, err := (memoryStatuses{cluster: c}).apply(raw("", `{"name":"Acme"}`), false); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(ctx, client.ObjectKeyFromObject(obj), obj); err != nil || obj.Status.Name != "Acme" || obj.Status.Webhook.ReviewDecision != "APPROVED" {
		t.Fatalf("%v: %+v", err, obj.Status)
	}
	controllerutil.AddFinalizer(obj, v1alpha1.Finalizer)
	if err := c.Patch(ctx, obj, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, obj); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(ctx, client.ObjectKeyFromObject(obj), obj); err != nil || obj.DeletionTimestamp.IsZero() {
		t.Fatalf("%v: deleted at %v", err, obj.DeletionTimestamp)
	}
	obj.Finalizers = nil
	if err := c.Patch(ctx, obj, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(ctx, client.ObjectKeyFromObject(obj), obj); !apierrors.IsNotFound(err) {
		t.Errorf("still there: %v", err)
	}
}
