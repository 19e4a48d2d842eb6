// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"unsafe"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// cached is a template as a watch brings it.
func cached(tb testing.TB, n int) *v1alpha1.MessageTemplate {
	tb.Helper()
	raw := fmt.Sprintf(`{"metadata":{"name":"t%[1]d","namespace":"shop","uid":"%[1]d","labels":{"team":"orders"},
		"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","team.acme.example/owner":"ana"},
		"managedFields":[{"manager":"kubectl","operation":"Update"}]},
		"spec":{"wabaRef":{"name":"acme","namespace":"platform"},"name":"t%[1]d","language":"en_US","category":"UTILITY"},
		"status":{"id":"%[1]d","accountID":"102290129340398","status":"APPROVED","conditions":[
		{"type":"Ready","status":"True","reason":"Approved","message":"approved by Meta and ready to be sent"},
		{"type":"Synced","status":"True","reason":"Synced","message":"equal to the spec"},
		{"type":"Approved","status":"True","reason":"Approved","message":"approved by Meta and ready to be sent"},
		{"type":"CategoryAsRequested","status":"True","reason":"AsRequested","message":"Meta classifies the template as requested"},
		{"type":"QualityHealthy","status":"Unknown","reason":"NotRated","message":"not rated by Meta yet"}]}}`, n)
	obj := &v1alpha1.MessageTemplate{}
	if err := json.Unmarshal([]byte(raw), obj); err != nil {
		tb.Fatal(err)
	}
	return obj
}

// TestTrim: the cache keeps all that reconcilers read, and equal texts of different objects once.
func TestTrim(t *testing.T) {
	want := cached(t, 1)
	want.ManagedFields = nil
	delete(want.Annotations, corev1.LastAppliedConfigAnnotation)
	var trimmed [2]*v1alpha1.MessageTemplate
	for i := range trimmed {
		out, err := trim(cached(t, i))
		if err != nil {
			t.Fatal(err)
		}
		trimmed[i], _ = out.(*v1alpha1.MessageTemplate)
	}
	if !reflect.DeepEqual(trimmed[1], want) {
		t.Errorf("got %+v\nwant %+v", trimmed[1], want)
	}
	for name, texts := range map[string][2]string{
		"message":   {trimmed[0].Status.Conditions[1].Message, trimmed[1].Status.Conditions[1].Message},
		"namespace": {trimmed[0].Namespace, trimmed[1].Namespace},
		"account":   {trimmed[0].Spec.WABARef.Name, trimmed[1].Spec.WABARef.Name},
		"label":     {trimmed[0].Labels["team"], trimmed[1].Labels["team"]},
		"language":  {trimmed[0].Spec.Language, trimmed[1].Spec.Language},
	} {
		if unsafe.StringData(texts[0]) != unsafe.StringData(texts[1]) {
			t.Errorf("%s: %q is in memory twice", name, texts[0])
		}
	}
	if c := trimmed[1].Status.Conditions; cap(c) != len(c) {
		t.Errorf("room for %d conditions, of which there are %d", cap(c), len(c))
	}
}

// TestTrimLeavesTheRest: what isn't one of the kinds, or is on its way out, passes.
func TestTrimLeavesTheRest(t *testing.T) {
	namespace := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"a": "b"}}}
	for _, obj := range []any{namespace, "a tombstone", &v1alpha1.WABA{}, &v1alpha1.PhoneNumber{}, &v1alpha1.WebhookSubscription{}} {
		if out, err := trim(obj); err != nil || !reflect.DeepEqual(out, obj) {
			t.Errorf("%+v became %+v: %v", obj, out, err)
		}
	}
}

func BenchmarkTrim(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		obj := cached(b, 1)
		b.StartTimer()
		if _, err := trim(obj); err != nil {
			b.Fatal(err)
		}
	}
}
