// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package installation

import "sigs.k8s.io/controller-runtime/pkg/client"

// ForAll returns the first installation that acts on all of the objects, in namespace where they name none. Those that act on some of
// them only, or on none, don't count. several is set where installations with other answers act on them too, in which case it returns
// nil: same compares two of them.
func ForAll(all []Installation, objects []client.Object, namespace string, same func(a, b *Installation) bool) (chosen *Installation, several bool) {
	for i := range all {
		each := &all[i]
		if !each.watchesAll(objects, namespace) {
			continue
		}
		switch {
		case chosen == nil:
			chosen = each
		case !same(chosen, each):
			return nil, true
		}
	}
	return chosen, false
}

func (i *Installation) watchesAll(objects []client.Object, namespace string) bool {
	for _, obj := range objects {
		at := obj.GetNamespace()
		if at == "" {
			at = namespace
		}
		if !i.Watches(at, obj.GetLabels()) {
			return false
		}
	}
	return len(objects) > 0 || i.Watches(namespace, nil)
}
