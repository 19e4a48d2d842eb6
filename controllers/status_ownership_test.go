// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/statusowner"
	"github.com/waba-operator/waba-operator/test/harness"
)

// intruder writes into statuses as another field manager.
const intruder = "intruder"

// ways are how a client with the right to write statuses can put fields into one.
var ways = map[string]func(w *harness.World, obj client.Object, status map[string]any) error{
	"merge patch": func(w *harness.World, obj client.Object, status map[string]any) error {
		u, err := unstructuredOf(w, obj)
		if err != nil {
			return err
		}
		if err := w.Client.Get(w.T.Context(), client.ObjectKeyFromObject(obj), u); err != nil {
			return err
		}
		known, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions") // a merge patch replaces lists
		if more, ok := status["conditions"].([]any); ok {
			status["conditions"] = slices.Concat(known, more)
		}
		raw, err := json.Marshal(map[string]any{"status": status})
		if err != nil {
			return err
		}
		return w.Client.Status().Patch(w.T.Context(), u, client.RawPatch(types.MergePatchType, raw), client.FieldOwner(intruder))
	},
	"server-side apply": func(w *harness.World, obj client.Object, status map[string]any) error {
		u, err := unstructuredOf(w, obj)
		if err != nil {
			return err
		}
		u.Object["status"] = status
		return w.Client.Status().Apply(w.T.Context(), client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(intruder), client.ForceOwnership)
	},
	"update": func(w *harness.World, obj client.Object, status map[string]any) error {
		u, err := unstructuredOf(w, obj)
		if err != nil {
			return err
		}
		if err := w.Client.Get(w.T.Context(), client.ObjectKeyFromObject(obj), u); err != nil {
			return err
		}
		put(u.Object["status"].(map[string]any), status)
		return w.Client.Status().Update(w.T.Context(), u, client.FieldOwner(intruder))
	},
}

// put puts fields into a status: structs are merged, conditions are added, all else is replaced.
func put(into, fields map[string]any) {
	for field, value := range fields {
		known, ok := into[field].(map[string]any)
		switch more := value.(type) {
		case map[string]any:
			if ok {
				put(known, more)
				continue
			}
		case []any:
			if list, ok := into[field].([]any); ok && field == "conditions" {
				value = slices.Concat(list, more)
			}
		}
		into[field] = value
	}
}

func unstructuredOf(w *harness.World, obj client.Object) (*unstructured.Unstructured, error) {
	gvk, err := apiutil.GVKForObject(obj, w.Client.Scheme())
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(gvk)
	u.SetName(obj.GetName())
	u.SetNamespace(obj.GetNamespace())
	return u, err
}

// statusOf is a status without what each run may change.
func statusOf(t *testing.T, w *harness.World, obj client.Object) map[string]any {
	t.Helper()
	u, err := unstructuredOf(w, obj)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Client.Get(t.Context(), client.ObjectKeyFromObject(obj), u); err != nil {
		t.Fatal(err)
	}
	status, _, _ := unstructured.NestedMap(u.Object, "status")
	for _, field := range []string{"lastObservedTime", "rateLimit", "lastSyncTime"} {
		delete(status, field)
	}
	if unstructured.RemoveNestedField(status, "operator", "lastHandledRequest"); emptyMap(status["operator"]) {
		delete(status, "operator")
	}
	return status
}

// foreignFields are what is put into each kind: a list, a field of a struct, a text, and a condition.
func foreignFields(what string) map[string]map[string]any {
	common := func(more map[string]any) map[string]any {
		switch what {
		case "condition":
			return map[string]any{"conditions": []any{map[string]any{
				"type": "Foreign", "status": "True", "reason": "Left", "message": "", "lastTransitionTime": "2020-01-01T00:00:00Z",
			}}}
		case "time":
			return map[string]any{"nextAttemptTime": "2031-01-01T00:00:00Z"}
		}
		more["drift"] = []any{"body"}
		return more
	}
	return map[string]map[string]any{
		"WABA": common(map[string]any{
			"subscribedApps": []any{map[string]any{"id": "1", "name": "Not there"}},
			"credentials":    map[string]any{"application": "Not there"},
			"name":           "Another name",
		}),
		"MessageTemplate":     common(map[string]any{"rejection": map[string]any{"reason": "NOT_THERE"}, "qualityScore": "RED"}),
		"PhoneNumber":         common(map[string]any{"verifiedName": "Another name", "callbackURLs": map[string]any{"account": "https://else.example"}}),
		"WebhookSubscription": common(map[string]any{"app": map[string]any{"callbackURL": "https://else.example"}}),
	}
}

// TestStatusIsOurs: the next run corrects with one write whatever another client wrote into a status, in any way. Then the
// operator writes nothing any more, and no other client owns a part of it.
func TestStatusIsOurs(t *testing.T) {
	t.Parallel()
	for way, write := range ways {
		for _, what := range []string{"condition", "time", "fields"} {
			t.Run(way+"/"+what, func(t *testing.T) {
				t.Parallel()
				writeForeign(t, what, write)
			})
		}
	}
}

func writeForeign(t *testing.T, what string, write func(*harness.World, client.Object, map[string]any) error) {
	t.Helper()
	w := newWebhookWorld(t)
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: w.Namespace}}
	all := map[string]client.Object{
		"WABA": waba, "MessageTemplate": w.CreateTemplate("order_confirmation"), "PhoneNumber": phoneNumber(w.World, adopted),
		"WebhookSubscription": w.subscription(),
	}
	op := w.start()
	op.Settle()
	op.Observe()
	op.Observe()
	before := map[string]map[string]any{}
	for kind, fields := range foreignFields(what) {
		before[kind] = statusOf(t, w.World, all[kind])
		if err := write(w.World, all[kind].DeepCopyObject().(client.Object), fields); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	op.Settle()
	for kind, obj := range all {
		w.Reload(obj)
		if w.Annotate(obj, v1alpha1.AnnotationRequestedAt, "now"); len(statusowner.Foreign(obj.GetManagedFields())) == 0 {
			t.Fatalf("%s: no other client owns a field, so nothing is tried", kind)
		}
	}
	op.Settle()
	op.Observe()
	for kind, obj := range all {
		w.Reload(obj)
		if left := statusowner.Foreign(obj.GetManagedFields()); len(left) > 0 {
			t.Errorf("%s: another client owns %s", kind, left[0].FieldsV1.GetRawString())
		}
		expectSameStatus(t, kind, statusOf(t, w.World, obj), before[kind])
	}
	w.ResetAPIWrites()
	op.Observe()
	op.Advance(time.Hour)
	for _, resource := range []string{"messagetemplates", "phonenumbers", "webhooksubscriptions"} {
		if n := w.APIWrites("PATCH " + resource); n > 0 {
			t.Errorf("%d writes of %s though nothing changed", n, resource)
		}
	}
	w.CheckInvariants()
}

func expectSameStatus(t *testing.T, kind string, got, want map[string]any) {
	t.Helper()
	for field := range got {
		if _, ok := want[field]; !ok {
			t.Errorf("%s: %s is left: %v", kind, field, got[field])
		}
	}
	for field, value := range want {
		a, _ := json.Marshal(got[field])
		b, _ := json.Marshal(value)
		if string(a) != string(b) {
			t.Errorf("%s: %s is %s, want %s", kind, field, a, b)
		}
	}
}

// emptyMap reports that a part of a status isn't there, or has nothing.
func emptyMap(v any) bool {
	m, _ := v.(map[string]any)
	return len(m) == 0
}
