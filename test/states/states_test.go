// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package states_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waba-operator/waba-operator/test/states"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// object is a resource with a status of the generation 1 and a condition Ready.
func object(generation int64, reason, namespace, when string) map[string]any {
	return map[string]any{
		"apiVersion": "whatsapp.waba-operator.io/v1alpha1", "kind": "WABA",
		"metadata": map[string]any{
			"name": "acme", "namespace": namespace, "uid": namespace, "resourceVersion": when, "generation": generation,
			"managedFields": []any{}, "labels": map[string]any{"test": namespace}, "creationTimestamp": when,
		},
		"status": map[string]any{
			"observedGeneration": int64(1), "name": "http://127.0.0.1:1234/x",
			"operator": map[string]any{"credentialsSecret": map[string]any{"uid": namespace, "resourceUID": when, "resourceVersion": when}},
			"conditions": []any{map[string]any{
				"type": "Ready", "status": "False", "reason": reason, "message": "see " + namespace, "lastTransitionTime": when,
			}},
		},
	}
}

func record(t *testing.T, directory string, objects ...map[string]any) []states.State {
	t.Helper()
	for _, o := range objects {
		if err := states.Record(directory, o); err != nil {
			t.Fatal(err)
		}
	}
	out, err := states.LoadFiles(filepath.Join(directory, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range out {
		out[i].File = ""
	}
	return out
}

// TestRecordIsStable: two runs record the same, whenever and wherever they ran; a state is recorded once.
func TestRecordIsStable(t *testing.T) {
	one := record(t, t.TempDir(), object(1, "Blocked", "test-abcde", "2026-02-03T04:05:06Z"))
	two := record(t, t.TempDir(), object(1, "Blocked", "test-12345", "2027-02-03T04:05:06.789Z"), object(1, "Blocked", "test-99999", "2028-01-01T00:00:00Z"))
	if diff := cmp.Diff(one, two); diff != "" || len(one) != 1 {
		t.Errorf("%d states; (-one +two):\n%s", len(one), diff)
	}
	if strange := record(t, t.TempDir(), map[string]any{"apiVersion": "v1", "kind": "Secret", "data": map[string]any{"accessToken": "x"}}); len(strange) != 0 {
		t.Errorf("recorded: %v", strange)
	}
}

// TestSelect: one state for each verdict, and nothing that is kept already is replaced.
func TestSelect(t *testing.T) {
	when := "2026-02-03T04:05:06Z"
	all := record(t, t.TempDir(), object(1, "Blocked", "a", when), object(1, "Rejected", "a", when), object(2, "Blocked", "a", when), object(2, "Rejected", "a", when))
	if len(all) != 4 {
		t.Fatalf("%d states", len(all))
	}
	first := states.Select(nil, all)
	var names []string
	for _, s := range first {
		names = append(names, s.File)
	}
	if len(first) != 3 {
		t.Errorf("selected %v", names) // of the two that are behind, one
	}
	if diff := cmp.Diff(first, states.Select(first, all)); diff != "" {
		t.Errorf("selecting again changes (-first +again):\n%s", diff)
	}
	gone := states.Select(append(first, states.State{Object: object(1, "NeverAgain", "a", when), File: "old.yaml"}), all)
	if diff := cmp.Diff(first, gone); diff != "" {
		t.Errorf("what no longer comes about is kept (-want +got):\n%s", diff)
	}
}

// TestKeptStatesFitTheAPI: a field that was renamed or moved is found in what is kept.
func TestKeptStatesFitTheAPI(t *testing.T) {
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := states.Load(root)
	if err != nil || len(kept) == 0 {
		t.Fatal(len(kept), err)
	}
	for _, s := range kept {
		if err := s.Fits(); err != nil {
			t.Errorf("%s %s: %v; record the states anew with make states", s.Kind(), s.File, err)
		}
	}
	old := states.State{File: "old.yaml", Object: object(1, "Blocked", "a", "2026-02-03T04:05:06Z")}
	old.Object["status"].(map[string]any)["accountStatus"] = "ok" //nolint:forcetypeassert // made above
	if old.Fits() == nil {
		t.Error("a field that the API doesn't have fits")
	}
	if again := states.Select([]states.State{old}, []states.State{{Object: old.Object}}); len(again) != 1 || again[0].File == old.File {
		t.Errorf("selected %v", again)
	}
}
