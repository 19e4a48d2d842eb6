// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/statusowner"
)

// statusTimeout bounds a status write. It isn't bound to the run: what Meta answered must be kept even if the run
// ran out of time or the process is stopping.
const statusTimeout = 30 * time.Second

// StatusWriter applies the whole status of an object in one server-side apply under the reconcilers' field owner.
// No other patch type touches status: a merge patch would co-own fields, and those never go away.
type StatusWriter struct {
	client client.Client
	// Live reads from the API server: of managedFields, the cache keeps only those by which others own something of a status.
	Live    client.Reader
	written *writtenVersions
}

// writtenVersions are the versions that this process's last writes left, until the cache shows them.
type writtenVersions struct {
	mu    sync.Mutex
	known map[objectKey]writtenVersion
}

type writtenVersion struct {
	uid     types.UID
	version string
}

func newWrittenVersions() *writtenVersions {
	return &writtenVersions{known: map[objectKey]writtenVersion{}}
}

func (w *writtenVersions) get(key objectKey) (version string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v, ok := w.known[key]
	return v.version, ok
}

func (w *writtenVersions) put(obj v1alpha1.Asset, version string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known[keyOf(obj, client.ObjectKeyFromObject(obj))] = writtenVersion{obj.GetUID(), version}
}

func (w *writtenVersions) drop(key objectKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.known, key)
}

func (w *writtenVersions) Forget(gone Gone) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known[gone.objectKey].uid == gone.UID {
		delete(w.known, gone.objectKey)
	}
	return 0
}

// newest reads an object, and reads it from the API server if the cache doesn't show yet what this process wrote last. What is
// right would otherwise be compared with a status of before, found equal and not written, and what was said last would stay.
func newest[T v1alpha1.Asset](ctx context.Context, w *StatusWriter, name types.NamespacedName, empty func() T) (T, error) {
	obj := empty()
	key := keyOf(obj, name)
	err := w.client.Get(ctx, name, obj)
	version, ok := w.written.get(key)
	if ok && err == nil && behind(obj, version) {
		obj = empty()
		err = w.Live.Get(ctx, name, obj)
		obj.SetManagedFields(statusowner.Foreign(obj.GetManagedFields())) // as in the cache
		return obj, err
	}
	if ok && (err == nil || apierrors.IsNotFound(err)) {
		w.written.drop(key)
	}
	return obj, err
}

// behind reports that an object is older than a version.
func behind(obj v1alpha1.Asset, version string) bool {
	c, err := resourceversion.CompareResourceVersion(obj.GetResourceVersion(), version)
	return err == nil && c < 0
}

// ApplyConfiguration is the apply configuration of one kind.
type ApplyConfiguration interface {
	runtime.ApplyConfiguration
}

// Write applies status to obj. With precondition set, it fails with a conflict when anything about the object changed
// since it was read; scarce calls rely on it.
func (w *StatusWriter) Write(ctx context.Context, obj v1alpha1.Asset, status any, into ApplyConfiguration, precondition bool) error {
	gvk, err := apiutil.GVKForObject(obj, w.client.Scheme())
	if err != nil {
		return err
	}
	metadata := map[string]any{"name": obj.GetName(), "namespace": obj.GetNamespace(), "uid": obj.GetUID()}
	if precondition {
		metadata["resourceVersion"] = obj.GetResourceVersion()
	}
	raw, err := json.Marshal(map[string]any{
		"apiVersion": gvk.GroupVersion().String(), "kind": gvk.Kind, "metadata": metadata, "status": status,
	})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("build the apply configuration of %s: %w", gvk.Kind, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statusTimeout)
	defer cancel()
	if err := w.client.Status().Apply(ctx, into, client.FieldOwner(v1alpha1.FieldOwner), client.ForceOwnership); err != nil {
		return err
	}
	w.written.put(obj, versionOf(into))
	return nil
}

// versionOf returns the resourceVersion the API server answered an apply with.
func versionOf(into ApplyConfiguration) string {
	raw, err := json.Marshal(into)
	if err != nil {
		return ""
	}
	var got metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &got); err != nil {
		return ""
	}
	return got.ResourceVersion
}

// hasForeignOwner reports that another field manager owns a part of an object's status, as it was read from the cache.
func hasForeignOwner(obj v1alpha1.Asset) bool { return len(obj.GetManagedFields()) > 0 }

// settle applies a status, and has nothing else left in it. What others have written, for instance a backup tool that restored it, goes
// only when they don't own it any more. apply is called again then.
func (w *StatusWriter) settle(ctx context.Context, obj v1alpha1.Asset, wanted any, apply func() (ApplyConfiguration, error)) (ApplyConfiguration, error) {
	into, err := apply()
	if err != nil || !hasForeignOwner(obj) && !leftover(into, wanted) {
		return into, err
	}
	if err := w.takeOver(ctx, obj); err != nil {
		return nil, fmt.Errorf("take over status fields: %w", err)
	}
	obj.SetManagedFields(nil)
	return apply()
}

// leftover reports whether the API server answered an apply with another status than the one that was applied. The facts of
// webhooks belong to another field manager.
func leftover(into ApplyConfiguration, wanted any) bool {
	raw, err := json.Marshal(into)
	if err != nil {
		return false
	}
	var answer struct {
		Status map[string]json.RawMessage `json:"status"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return false
	}
	delete(answer.Status, "webhook")
	got, gotErr := normalized(answer.Status, wanted)
	want, wantErr := normalized(wanted, wanted)
	return gotErr == nil && wantErr == nil && !SameStatus(got, want)
}

// normalized is a status as it comes from the API server, with whole seconds, in the type of another.
func normalized(status, like any) (any, error) {
	raw, err := json.Marshal(status)
	if err != nil {
		return nil, err
	}
	out := reflect.New(reflect.TypeOf(like).Elem()).Interface()
	return out, json.Unmarshal(raw, out)
}

// takeOver hands the status fields that other managers own to our field owner, so that the next apply can remove what isn't wanted. The
// webhook facts keep their owner.
func (w *StatusWriter) takeOver(ctx context.Context, obj v1alpha1.Asset) error {
	fresh, ok := obj.DeepCopyObject().(v1alpha1.Asset)
	if !ok {
		return fmt.Errorf("%T can't be copied", obj)
	}
	if err := w.Live.Get(ctx, client.ObjectKeyFromObject(obj), fresh); err != nil {
		return client.IgnoreNotFound(err)
	}
	fresh, err := facts.TakeOwnership(ctx, w.client, fresh)
	if err != nil {
		return err
	}
	patch, err := statusowner.TakeOver(fresh)
	if err != nil || patch == nil {
		return err
	}
	return w.client.Patch(ctx, fresh, client.RawPatch(types.JSONPatchType, patch))
}

// SameStatus compares the parts of two statuses that reconcilers own.
func SameStatus(a, b any) bool { return equality.Semantic.DeepEqual(a, b) }

// WriteTries is how often a write that met a newer object is repeated.
const WriteTries = 5
