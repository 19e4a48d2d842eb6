// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waba-operator/waba-operator/internal/schema"
)

// TestOfflineVerdicts: whoever checks a manifest without an API server gets the answer that the API server would give.
func TestOfflineVerdicts(t *testing.T) {
	judge, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range allCases() {
		for _, tc := range kind.creates {
			t.Run(kind.kind+"/"+tc.name, func(t *testing.T) {
				found := judge.Validate(t.Context(), withSpec(t, kind.kind, tc.base, tc.patch))
				if tc.want == "" {
					if len(found) != 0 {
						t.Errorf("refused: %v", found)
					}
					return
				}
				for _, e := range found {
					if e.Field == tc.at && strings.Contains(e.ErrorBody(), tc.want) {
						return
					}
				}
				t.Errorf("got %v, want %q at %s", found, tc.want, tc.at)
			})
		}
	}
	for _, directory := range []string{"testdata/examples", "../../config/samples"} {
		for name, manifest := range manifests(t, directory) {
			obj := &unstructured.Unstructured{Object: parse(t, manifest)}
			if obj.GroupVersionKind().Group == "whatsapp.waba-operator.io" {
				if found := judge.Validate(t.Context(), obj); len(found) != 0 {
					t.Errorf("%s: %v", name, found)
				}
			}
		}
	}
}
