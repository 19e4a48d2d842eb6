// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// shown is a client, or a cache, that shows one version of an account.
type shown struct {
	client.Client
	version string
	reads   int
}

func (s *shown) Get(_ context.Context, name types.NamespacedName, obj client.Object, _ ...client.GetOption) error {
	s.reads++
	if s.version == "" {
		return apierrors.NewNotFound(schema.GroupResource{}, name.Name)
	}
	obj.SetName(name.Name)
	obj.SetResourceVersion(s.version)
	obj.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "another"}})
	return nil
}

// TestUnitNewest: a cache that doesn't show our own last write isn't believed, and no longer asked about than needed.
func TestUnitNewest(t *testing.T) {
	name := types.NamespacedName{Namespace: "shop", Name: "acme"}
	for title, c := range map[string]struct {
		written, cached, live, want string
		reads                       int
		remembered                  bool
	}{
		"never written":       {"", "7", "9", "7", 0, false},
		"cache is behind":     {"8", "7", "9", "9", 1, true},
		"cache shows it":      {"8", "8", "9", "8", 0, false},
		"cache shows more":    {"8", "10", "10", "10", 0, false},
		"more digits":         {"10", "9", "11", "11", 1, true},
		"gone from the cache": {"8", "", "9", "", 0, false},
		"gone":                {"8", "7", "", "", 1, true},
	} {
		cache, live := &shown{version: c.cached}, &shown{version: c.live}
		w := &StatusWriter{client: cache, Live: live, written: newWrittenVersions()}
		empty := func() *v1alpha1.WABA { return &v1alpha1.WABA{} }
		if c.written != "" {
			w.written.put(&v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}, c.written)
		}
		got, err := newest(t.Context(), w, name, empty)
		if got.ResourceVersion != c.want || (err == nil) != (c.want != "") || live.reads != c.reads {
			t.Errorf("%s: got %q after %d live reads, %v", title, got.ResourceVersion, live.reads, err)
		}
		if _, known := w.written.get(keyOf(empty(), name)); known != c.remembered {
			t.Errorf("%s: remembered %v", title, known)
		}
		if c.reads > 0 && got.ManagedFields != nil {
			t.Errorf("%s: managed fields were kept", title)
		}
	}
}
