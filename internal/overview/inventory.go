// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// inventory holds what was read of the cluster. Watches write to it while it is shown.
type inventory struct {
	mu sync.Mutex
	// objects by kind and name, without what no overview shows.
	objects map[string]map[types.NamespacedName]v1alpha1.Asset
	// missing says why accounts to which something refers aren't there.
	missing map[types.NamespacedName]string
	// closed are kinds that may not be listed.
	closed     map[string]bool
	unreadable []string
	// texts are the texts of conditions, each stored once.
	texts map[string]string
}

func newInventory() *inventory {
	return &inventory{objects: map[string]map[types.NamespacedName]v1alpha1.Asset{}, missing: map[types.NamespacedName]string{}, closed: map[string]bool{}, texts: map[string]string{}}
}

// put adds an object, which belongs to the inventory from then on, or replaces it.
func (i *inventory) put(obj v1alpha1.Asset) {
	kind, common := obj.KindName(), obj.CommonStatus()
	trim(obj)
	common.Conditions = slices.Clip(slices.Clone(common.Conditions)) // as long as it is, not as the decoder made room
	i.mu.Lock()
	defer i.mu.Unlock()
	i.intern(common.Conditions)
	if i.objects[kind] == nil {
		i.objects[kind] = map[types.NamespacedName]v1alpha1.Asset{}
	}
	i.objects[kind][client.ObjectKeyFromObject(obj)] = obj
}

// putItem is put for an item of a list.
func (i *inventory) putItem(item runtime.Object) error {
	obj, ok := item.(v1alpha1.Asset)
	if !ok {
		return fmt.Errorf("no kind of this project: %T", item)
	}
	i.put(obj)
	return nil
}

// drop removes an object.
func (i *inventory) drop(obj v1alpha1.Asset) {
	kind := obj.KindName()
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.objects[kind], client.ObjectKeyFromObject(obj))
}

// keep removes what matches and isn't among those that were listed.
func (i *inventory) keep(kind string, matches func(types.NamespacedName) bool, listed map[types.NamespacedName]bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.DeleteFunc(i.objects[kind], func(key types.NamespacedName, _ v1alpha1.Asset) bool { return matches(key) && !listed[key] })
}

// noteMissing records why an account isn't there.
func (i *inventory) noteMissing(account types.NamespacedName, why string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.missing[account] = why
}

// why says why an account isn't there, "" where that isn't known.
func (i *inventory) why(account types.NamespacedName) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.missing[account]
}

// referenced are the accounts to which something refers, in a fixed order.
func (i *inventory) referenced() []types.NamespacedName {
	i.mu.Lock()
	defer i.mu.Unlock()
	found := map[types.NamespacedName]bool{}
	for _, objects := range i.objects {
		for _, obj := range objects {
			if obj.AccountReference() != nil {
				found[index.AccountOf(obj)] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(found), byName)
}

// has reports that an account is there.
func (i *inventory) has(account types.NamespacedName) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.objects[v1alpha1.KindWABA][account] != nil
}

// trim takes off what no overview shows: contents of templates, ledgers, hashes. Ten thousand templates have to fit.
func trim(obj v1alpha1.Asset) {
	obj.SetManagedFields(nil)
	obj.SetAnnotations(nil)
	if obj.AccountReference() != nil {
		obj.SetLabels(nil)
	}
	adapters[obj.KindName()].trim(obj)
}

// maxTexts bounds texts: messages of conditions may name anything.
const maxTexts = 4096

// intern stores equal texts of conditions once: most resources have the same.
func (i *inventory) intern(conditions []metav1.Condition) {
	for n := range conditions {
		c := &conditions[n]
		for _, s := range []*string{&c.Type, &c.Reason, &c.Message} {
			if known, ok := i.texts[*s]; ok {
				*s = known
			} else if len(i.texts) < maxTexts {
				i.texts[*s] = *s
			}
		}
	}
}

// byName orders by namespace and name.
func byName(a, b types.NamespacedName) int {
	switch {
	case a.Namespace != b.Namespace && a.Namespace < b.Namespace, a.Namespace == b.Namespace && a.Name < b.Name:
		return -1
	case a == b:
		return 0
	}
	return 1
}
