// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"maps"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// inventory holds what was read of the cluster. Watches write to it while it is shown.
type inventory struct {
	mu sync.Mutex
	// objects by kind and name, without what no overview shows.
	objects map[string]map[types.NamespacedName]client.Object
	// missing says why accounts to which something refers aren't there.
	missing map[types.NamespacedName]string
	// closed are kinds that may not be listed.
	closed     map[string]bool
	unreadable []string
	// words are texts of conditions, each by itself.
	words map[string]string
}

func newInventory() *inventory {
	return &inventory{objects: map[string]map[types.NamespacedName]client.Object{}, missing: map[types.NamespacedName]string{}, closed: map[string]bool{}, words: map[string]string{}}
}

// put adds an object, which belongs to the inventory from then on, or replaces it.
func (i *inventory) put(obj client.Object) {
	kind, common, _ := partsOf(obj)
	trim(obj)
	common.Conditions = slices.Clip(slices.Clone(common.Conditions)) // as long as it is, not as the decoder made room
	i.mu.Lock()
	defer i.mu.Unlock()
	i.share(common.Conditions)
	if i.objects[kind] == nil {
		i.objects[kind] = map[types.NamespacedName]client.Object{}
	}
	i.objects[kind][client.ObjectKeyFromObject(obj)] = obj
}

// drop removes an object.
func (i *inventory) drop(obj client.Object) {
	kind, _, _ := partsOf(obj)
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.objects[kind], client.ObjectKeyFromObject(obj))
}

// keep removes what matches and isn't among those that were listed.
func (i *inventory) keep(kind string, matches func(types.NamespacedName) bool, listed map[types.NamespacedName]bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.DeleteFunc(i.objects[kind], func(key types.NamespacedName, _ client.Object) bool { return matches(key) && !listed[key] })
}

// lack notes why an account isn't there.
func (i *inventory) lack(account types.NamespacedName, why string) {
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
			if ref, ok := index.Ref(obj); ok {
				found[index.Referenced(obj.GetNamespace(), ref)] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(found), byName)
}

// has reports that an account is there.
func (i *inventory) has(account types.NamespacedName) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.objects[kindWABA][account] != nil
}

// trim takes off what no overview shows: contents of templates, ledgers, hashes. Ten thousand templates have to fit.
func trim(obj client.Object) {
	obj.SetManagedFields(nil)
	obj.SetAnnotations(nil)
	obj.SetLabels(nil)
	switch o := obj.(type) {
	case *v1alpha1.WABA:
		o.Spec.AllowedReferences, o.Status.Registrations, o.Status.TemplateCreates = nil, nil, nil
	case *v1alpha1.PhoneNumber:
		o.Spec = v1alpha1.PhoneNumberSpec{CommonSpec: o.Spec.CommonSpec, ID: o.Spec.ID, Number: o.Spec.Number}
		s := &o.Status
		s.Health, s.CallbackURLs, s.Profile, s.Commerce, s.Baseline, s.Sections, s.Verification, s.Registration, s.Webhook = nil, nil, nil, nil, nil, nil, nil, nil, nil
	case *v1alpha1.MessageTemplate:
		o.Spec = v1alpha1.MessageTemplateSpec{CommonSpec: o.Spec.CommonSpec, Name: o.Spec.Name, Language: o.Spec.Language, Category: o.Spec.Category}
		s := &o.Status
		s.PauseTimes, s.Warnings, s.Parameters, s.PendingCreate, s.Baseline, s.Edits, s.LastUpdatedTimes = nil, nil, nil, nil, nil, nil, nil
		if w := s.Webhook; w != nil {
			s.Webhook = &v1alpha1.MessageTemplateWebhookStatus{DisableDate: w.DisableDate, CategoryChangeTime: w.CategoryChangeTime}
		}
	}
}

// maxWords bounds words: messages of conditions may name anything.
const maxWords = 4096

// share has equal texts of conditions kept once: most resources say the same.
func (i *inventory) share(conditions []metav1.Condition) {
	for n := range conditions {
		c := &conditions[n]
		for _, s := range []*string{&c.Type, &c.Reason, &c.Message} {
			if known, ok := i.words[*s]; ok {
				*s = known
			} else if len(i.words) < maxWords {
				i.words[*s] = *s
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
